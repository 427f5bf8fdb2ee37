# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Workers that wait for the rest of requests."""

from expect import finding


def fire(t):
    """Bytes trickle in on connections that were never answered."""
    t.server(700, "apache2", 80, children=10, waiting=4)
    t.book("apache", 700, "apache2", status="full", port=80, pools=[("workers", "", dict(limit=10))])
    t.clients("10.77.0.2", 80, 4, "waits", first=40000)
    t.clients("10.77.0.9", 80, 10, "trickles")
    return finding("workers:apache2", "saturated", culprit=("peer", "10.77.0.9"), used=10, limit=10)


def fire_told(t):
    """The server tells of its own that it reads."""
    t.server(700, "apache2", 80, children=10, waiting=4)
    t.book("apache", 700, "apache2", port=80, pools=[("workers", "", dict(used=10, idle=0, limit=10, reading=9, working=1))])
    t.clients("10.77.0.2", 80, 4, "waits", first=40000)
    t.clients("10.77.0.9", 80, 10, "asked")
    return finding("workers:apache2", "saturated", culprit=("peer", "10.77.0.9"))


def quiet(t):
    """Slow uploads while workers are free."""
    t.server(700, "apache2", 80, children=10)
    t.clients("10.77.0.9", 80, 6, "trickles")
