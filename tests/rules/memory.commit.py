# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Strict overcommit: what may be promised is gone, though memory is free."""

from expect import finding

LIMIT = 12 << 30


def fire(t):
    t.number("vm/overcommit_memory", 2)
    t.committed = 12250
    t.proc(600, "java", rss=4000)
    return finding("memory.commit", "exhausted", culprit=("process", "java", 600), limit=LIMIT)


def fire_filling(t):
    t.number("vm/overcommit_memory", 2)
    t.committed = t.line(9000, 10000)
    t.proc(600, "java", rss=4000)
    return finding("memory.commit", "filling", culprit=("process", "java", 600), eta=(10, 13))


def quiet(t):
    """Promised more than the limit, and the limit has no meaning."""
    t.committed = 14000
    t.proc(600, "java", rss=4000)


def quiet_room(t):
    t.number("vm/overcommit_memory", 2)
    t.committed = 11000
