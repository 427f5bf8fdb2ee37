# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Swap that fills is to come; swap that was filled once is past."""

from expect import finding, note


def fire(t):
    t.memory(available=1700, swap_free=t.line(1800, 1300), anon=15000)
    t.vmstat(pswpout=20000)
    t.proc(600, "worker", rss=9000)
    return finding("swap", "filling", culprit=("process", "worker", 600), eta=(10, 16))


def quiet(t):
    """A past peak: nothing moves."""
    t.memory(available=4000, swap_free=300)
    t.proc(600, "worker", rss=9000)
    return note("swap")


def quiet_once(t):
    """Idle pages move out once, and that is all."""
    t.memory(available=4000, swap_free=[2100, 1700, 1690, 1690, 1690, 1690])
    t.vmstat(pswpout=[50, 100000, 102000, 102000, 102000, 102000])
    t.proc(600, "worker", rss=9000)


def quiet_room(t):
    """A backup reads; idle pages make room for its files, at a steady rate, and there is memory enough."""
    t.memory(available=9000, swap_free=t.line(1800, 1300), anon=5000)
    t.vmstat(pswpout=20000)
    t.proc(600, "worker", rss=3000)


def fire_grower(t):
    """The largest stands; the one that grows is to blame."""
    t.memory(available=1700, swap_free=t.line(1800, 1300), anon=15000)
    t.vmstat(pswpout=20000)
    t.proc(500, "mysqld", rss=9000)
    t.proc(600, "worker", rss=t.line(1000, 1600))
    return finding("swap", "filling", culprit=("process", "worker", 600))
