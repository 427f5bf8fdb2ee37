# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""All the watches of a user."""

from expect import finding
from tree import probe_task


def machine(t, watches, instances=3):
    t.number("fs/inotify/max_user_watches", 8192)
    t.number("fs/inotify/max_user_instances", 128)
    t.proc(600, "syncd", uid=1000, rss=20)
    t.set("probes/tasks", [probe_task(1, "systemd", 0, 5, 40) + probe_task(600, "syncd", 1000, instances, watches(i)) for i in range(t.moments)])


def fire(t):
    machine(t, lambda i: 8192)
    return finding("inotify:1000", "exhausted", culprit=("process", "syncd", 600), used=8192, limit=8192)


def fire_filling(t):
    machine(t, lambda i: 5000 + 200 * i)
    return finding("inotify:1000", "filling", culprit=("process", "syncd", 600), eta=(8, 12))


def quiet(t):
    """Very many, and far from the limit."""
    machine(t, lambda i: 4000)
