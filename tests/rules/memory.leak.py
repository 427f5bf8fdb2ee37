# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""One program grows on a line, and what is available falls by as much."""

from expect import finding


def fire(t):
    t.memory(available=t.line(7168, 5120), anon=t.line(8000, 10000))
    t.proc(500, "mysqld", rss=3000)
    t.proc(600, "leaky", rss=t.line(1000, 3048))
    return finding("memory:leaky", "filling", culprit=("process", "leaky", 600), eta=(11, 14))


def fire_slowly(t):
    """Half an hour off is a warning."""
    t.step = 60
    t.memory(available=t.line(7168, 6368), anon=t.line(8000, 8800))
    t.proc(600, "leaky", rss=t.line(6000, 6800))
    return finding("memory:leaky", "filling", "warning", culprit=("process", "leaky", 600), eta=(2200, 2600))


def fire_workers(t):
    """All workers of one name grow together."""
    t.memory(available=t.line(7168, 5120))
    for k in range(8):
        t.proc(600 + k, "worker", ppid=599, rss=t.line(500, 756))
    return finding("memory:worker", "filling", culprit=("process", "worker"))


def quiet(t):
    """It warms up: the line fades."""
    t.memory(available=[7168, 6200, 5700, 5500, 5450, 5440])
    t.proc(600, "java", rss=[1000, 1968, 2468, 2668, 2718, 2728])


def quiet_cache(t):
    """A file is read: the cache grows, what is available stays."""
    t.memory(free=t.line(6000, 3000), cached=t.line(4800, 7800), available=11000)
    t.proc(600, "tar", rss=t.line(4, 12))


def quiet_far(t):
    """It grows, and the machine has far more than that."""
    t.memory(available=t.line(14000, 13500))
    t.proc(600, "leaky", rss=t.line(1000, 1500))
