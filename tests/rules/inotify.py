# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""All the watches of a user."""

import struct

from expect import finding


def task(pid, comm, uid, watches, instances, epoll=0, maps=40):
    """struct probe_task"""
    return struct.pack("=IIIIIIIiIIIIII", 1, pid, 1, pid, uid, 0, 0, 0, 1, 0, 0, ord("S"), 4026531840, 0) + struct.pack(
        "=5Qq16Q", 10**9, 10**9, 10**7, 100, 0, 2000, 10, 0, 8, 1024, 63000, 0, 0, 0, 0, 7, 1, instances, watches, epoll, maps, 0) + comm.encode().ljust(16, b"\0") + bytes(16)


def machine(t, watches, instances=3):
    t.number("fs/inotify/max_user_watches", 8192)
    t.number("fs/inotify/max_user_instances", 128)
    t.proc(600, "syncd", uid=1000, rss=20)
    t.set("probes/tasks", [task(1, "systemd", 0, 40, 5) + task(600, "syncd", 1000, watches(i), instances) for i in range(t.moments)])


def fire(t):
    machine(t, lambda i: 8192)
    return finding("inotify:1000", "exhausted", culprit=("process", "syncd", 600), used=8192, limit=8192)


def fire_filling(t):
    machine(t, lambda i: 5000 + 200 * i)
    return finding("inotify:1000", "filling", culprit=("process", "syncd", 600), eta=(8, 12))


def quiet(t):
    """Very many, and far from the limit."""
    machine(t, lambda i: 4000)
