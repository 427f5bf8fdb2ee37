# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A cache of ZFS that cannot shrink as fast as memory is wanted."""

from expect import finding
from tree import GIB


def arc(t, size, throttled):
    t.set("proc/spl/kstat/zfs/arcstats", lambda i: "13 1 0x01 96 26112 1 1\nname type data\nhits 4 %d\nmisses 4 900\nc 4 %d\nc_min 4 %d\nc_max 4 %d\nsize 4 %d\n"
          "memory_throttle_count 4 %d\nevict_skip 4 7\narc_no_grow 4 1\n" % (10**6 + i, size, GIB, 12 * GIB, size, t.counter(throttled, i, 40)))


def fire(t):
    arc(t, 9 * GIB, 30)
    return finding("zfs.arc", "saturated", "warning", culprit=("config", "zfs_arc_max"), refused=150)


def fire_small(t):
    """The cache is small; a program has the memory."""
    t.proc(600, "java", rss=13000)
    arc(t, GIB, 5)
    return finding("zfs.arc", "saturated", "warning", culprit=("process", "java", 600))


def quiet(t):
    """Most of the memory is in the cache, and no write was held back since."""
    arc(t, 12 * GIB, 0)
