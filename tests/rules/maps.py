# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A process that may not map any more memory: nothing counts the refusals, so standing at the limit is the proof."""

from expect import finding


def fire(t):
    t.proc(600, "java", maps=65528, cpu=0.4, rss=2000, threads=80)
    return finding("maps:java", "exhausted", culprit=("process", "java", 600), used=65528, limit=65530)


def fire_reached(t):
    """It came there while one watched, and gives back a few each time."""
    t.proc(600, "java", maps=[58000, 61000, 64000, 65530, 65500, 65531], cpu=0.4, rss=2000)
    return finding("maps:java", "exhausted", culprit=("process", "java", 600), since=3)


def fire_filling(t):
    t.proc(600, "java", maps=t.line(40000, 50000), cpu=0.4, rss=2000)
    return finding("maps:java", "filling", culprit=("process", "java", 600), eta=(7, 8.5))


def fire_raised(t):
    """A limit that somebody raised is the one that counts."""
    t.number("vm/max_map_count", 262144)
    t.proc(600, "java", maps=262144, cpu=0.4, rss=2000)
    return finding("maps:java", "exhausted", limit=262144, culprit=("process", "java", 600))


def quiet(t):
    """Very many, and it stays below."""
    t.proc(600, "java", maps=64000, cpu=0.4, rss=2000)


def quiet_start(t):
    """It opens its index, and then all of it is mapped."""
    t.proc(600, "java", maps=[8000, 26000, 38000, 43000, 44500, 45000], cpu=0.4, rss=2000)


def quiet_once(t):
    """It touches the limit once."""
    t.proc(600, "java", maps=[40000, 40100, 65530, 40000, 40050, 40100], cpu=0.4, rss=2000)


def quiet_raised(t):
    """As many as would be too many elsewhere."""
    t.number("vm/max_map_count", 1048576)
    t.proc(600, "java", maps=65530, cpu=0.4, rss=2000)
