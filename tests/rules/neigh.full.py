# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""The neighbour table is full when the kernel refused an entry, not when it is large."""

from expect import finding


def fire(t):
    t.neigh(1024, fulls=7)
    return finding("neigh", "exhausted", culprit=("traffic", "the own network"), used=1024, limit=1024, refused=35, since=1)


def quiet(t):
    """Between gc_thresh2 and gc_thresh3: the kernel collects old ones."""
    t.neigh(t.line(600, 1000))


def quiet_long_ago(t):
    t.neigh(1000, fulls=[500] * 6)
