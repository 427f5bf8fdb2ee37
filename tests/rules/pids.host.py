# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""No more processes or threads can be made, by anybody."""

from expect import finding


def holders(t):
    t.proc(600, "java", threads=30000, cpu=0.2)
    t.proc(601, "nginx", threads=4)


def fire(t):
    """pid_max is the smaller of the two limits."""
    t.number("kernel/pid_max", 32768)
    t.tasks(tasks=32400)
    holders(t)
    return finding("pids", "exhausted", culprit=("process", "java", 600), used=32400, limit=32768)


def fire_threads_max(t):
    t.number("kernel/threads-max", 31000)
    t.tasks(tasks=30900)
    holders(t)
    return finding("pids", "exhausted", culprit=("process", "java", 600), limit=31000)


def fire_filling(t):
    t.number("kernel/pid_max", 32768)
    t.tasks(tasks=lambda i: 20000 + 1500 * i)
    holders(t)
    return finding("pids", "filling", culprit=("process", "java", 600), eta=(3, 4))


def quiet(t):
    """Four fifths, and it stays there."""
    t.number("kernel/pid_max", 32768)
    t.tasks(tasks=26000)
    holders(t)


def quiet_many(t):
    """Very many threads far below the limit."""
    t.number("kernel/threads-max", 500000)
    t.tasks(tasks=lambda i: 30000 + 100 * i)
    holders(t)


def fire_children(t):
    """Who starts them, not they."""
    t.number("kernel/pid_max", 400)
    t.tasks(tasks=398)
    t.proc(600, "importd", uid=1001)
    for k in range(379):
        t.proc(700 + k, "curl", ppid=600, uid=1001, switches=0)
    return finding("pids", "exhausted", culprit=("process", "importd", 600))
