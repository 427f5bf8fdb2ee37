# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""All the descriptors that a user may watch with epoll."""

import struct

from expect import finding


def task(pid, comm, uid, epoll):
    """struct probe_task"""
    return struct.pack("=IIIIIIIiIIIIII", 1, pid, 1, pid, uid, 0, 0, 0, 1, 0, 0, ord("S"), 4026531840, 0) + struct.pack(
        "=5Qq16Q", 10**9, 10**9, 10**7, 100, 0, 2000, 10, 0, 8, 1024, 63000, 0, 0, 0, 0, 7, 1, 0, 0, epoll, 40, 0) + comm.encode().ljust(16, b"\0") + bytes(16)


def machine(t, watches, uid=33):
    t.number("fs/epoll/max_user_watches", 20000)
    t.proc(600, "push", uid=uid, rss=80, fds=21000, fd_limit=65536)
    t.proc(601, "helper", uid=uid, rss=20, threads=40)
    t.set("probes/tasks", [task(1, "systemd", 0, 40) + task(600, "push", uid, watches(i)) + task(601, "helper", uid, watches(i)) for i in range(t.moments)])


def fire(t):
    machine(t, lambda i: 19990)
    return finding("epoll:33", "exhausted", culprit=("process", "push", 600), used=19990, limit=20000)


def fire_filling(t):
    machine(t, lambda i: 12000 + 500 * i)
    return finding("epoll:33", "filling", culprit=("process", "push", 600), eta=(10, 12))


def quiet(t):
    """Very many connections, and far from the limit."""
    machine(t, lambda i: 15000 + i % 2)


def quiet_start(t):
    """Clients come back after a restart, and then they are all there."""
    machine(t, lambda i: [2000, 9000, 13000, 14500, 14900, 15000][i])
