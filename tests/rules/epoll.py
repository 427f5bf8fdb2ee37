# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""All the descriptors that a user may watch with epoll."""

from expect import finding
from tree import probe_task


def machine(t, watches, uid=33):
    t.number("fs/epoll/max_user_watches", 20000)
    t.proc(600, "push", uid=uid, rss=80, fds=21000, fd_limit=65536)
    t.proc(601, "helper", uid=uid, rss=20, threads=40)
    t.set("probes/tasks", [probe_task(1, "systemd", epoll=40) + probe_task(600, "push", uid, epoll=watches(i)) + probe_task(601, "helper", uid, epoll=watches(i)) for i in range(t.moments)])


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
