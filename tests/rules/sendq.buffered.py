# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""What a server keeps in memory because a peer does not take it."""

from expect import finding
from tree import MIB


def redis(t, rss=20, slots=(), **more):
    t.server(650, "redis-server", 6379, rss=rss)
    t.procs[650].switches = 100
    t.clients("10.77.0.3", 6379, 1, "takes", first=30000)


def fire(t):
    """Redis tells how much it keeps for each client."""
    redis(t, rss=lambda i: 20 + 3 * i)
    t.book("redis", 650, "redis", port=6379, slots=[(9, dict(state="subscribed", ms=9000, peer="10.77.0.6:20000", bytes=lambda i: (8 + 3 * i) * MIB, who="-", text="subscribe"))])
    t.clients("10.77.0.6", 6379, 1, "reads")
    return finding("tcp.sendq:6379", "stalled", "warning", culprit=("peer", "10.77.0.6"), text="10.77.0.6 does not take its data")


def quiet(t):
    """A peer that does not read, of a server that keeps nothing for it."""
    redis(t)
    t.clients("10.77.0.6", 6379, 1, "reads")


def quiet_stores(t):
    """Memory grows because the server stores; all take what they are sent."""
    redis(t, rss=lambda i: 20 + 3 * i)
    t.clients("10.77.0.6", 6379, 2, "takes")
