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


def shared(t, kept, peer="10.77.0.6"):
    """One who does not read, and three who take 3 MB a second each, behind one address."""
    redis(t, rss=lambda i: 20 + 3 * i)
    t.clients(peer, 6379, 1, "reads", first=41000)
    t.host.connections[-1] = t.host.connections[-1][:7] + (2500000,) + t.host.connections[-1][8:]
    for k in range(3):
        t.connect("10.0.0.5", 6379, peer, 42000 + k, inode=52000 + k, tcp=dict(sent=lambda i: 40000 + 3200000 * i, received=80, sent_ms=1, received_ms=20000))
    t.book("redis", 650, "redis", port=6379, slots=[(7 + k, dict(state="subscribed", ms=9000, peer="%s:%d" % (peer, port), bytes=bytes, who="-", text="subscribe"))
                                                    for k, (port, bytes) in enumerate(kept)])


def fire_shared(t):
    """What the others behind his address take says nothing of him."""
    shared(t, [(41000, lambda i: (8 + 3 * i) * MIB), (42000, 20000), (42001, 20000)])
    return finding("tcp.sendq:6379", "stalled", "warning", culprit=("peer", "10.77.0.6"), text="10.77.0.6 does not take its data")


def quiet_shared(t):
    """What grows is kept for another of them, who takes it."""
    shared(t, [(41000, 20000), (42000, lambda i: (1 + i) * MIB)])
