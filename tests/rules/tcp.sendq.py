# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A peer that takes nothing: a finding where somebody waits behind it, a note where nobody does, nothing where the queue drains."""

from expect import finding, note
from tree import MIB, Sock

SHUT = dict(out=0, closed=True)


def server(t, conns=4, **more):
    t.proc(600, "filed", cpu=0.01, open=[Sock(8001)] + [Sock(8100 + k) for k in range(conns)], **more)


def stuck(t, conns=4, sendq=2500000, peer="10.9.9.9", info=SHUT, first=0):
    for k in range(first, first + conns):
        t.connect("10.0.0.1", 8110, peer, 40000 + k, inode=8100 + k, sendq=sendq, info=info)


def fire(t):
    """All workers hold, and connections wait to be accepted."""
    server(t)
    stuck(t)
    t.listen(8110, 8001, waiting=3)
    return finding("tcp.sendq:8110", "saturated", severity="critical", culprit=("peer", "10.9.9.9"), used=10000000, victims=["filed"], since=0)


def fire_grows(t):
    """One of many who are sent the same, and the server keeps in its own memory what he does not take."""
    server(t, conns=9, rss=t.line(50, 90))
    stuck(t, conns=1)
    stuck(t, conns=8, first=1, peer="10.9.9.8", sendq=0, info=dict(out=8 * MIB))
    t.listen(8110, 8001)
    return finding("tcp.sendq:8110", "saturated", severity="warning", culprit=("peer", "10.9.9.9"))


def fire_listener(t):
    """The full accept queue follows from it."""
    server(t)
    stuck(t)
    t.listen(8110, 8001, waiting=129, backlog=128, drops=20)
    t.tcpext(ListenOverflows=20, ListenDrops=20)
    return finding("tcp.sendq:8110", "saturated", culprit=("peer", "10.9.9.9"), effects=["tcp.listen:8110"])


def fire_dead(t):
    """The peer is gone: nothing is acknowledged, though the window is open."""
    server(t, conns=8)
    stuck(t, conns=8, info=dict(out=0, retrans=1))
    t.listen(8110, 8001, waiting=2)
    return finding("tcp.sendq:8110", "saturated", culprit=("peer", "10.9.9.9"))


def fire_loopback(t):
    """The other end is a process of this machine: it is named."""
    server(t)
    t.proc(700, "reportd", cpu=0.0, open=[Sock(9100 + k) for k in range(4)])
    for k in range(4):
        t.connect("127.0.0.1", 8110, "127.0.0.1", 40000 + k, inode=8100 + k, sendq=2500000, info=SHUT)
        t.connect("127.0.0.1", 40000 + k, "127.0.0.1", 8110, inode=9100 + k, recvq=600000, info=dict(in_=0))
    t.listen(8110, 8001, waiting=3)
    return finding("tcp.sendq:8110", "saturated", culprit=("process", "reportd", 700))


def quiet(t):
    """Busy downloads: megabytes stand and windows close, and all of it moves."""
    server(t, conns=8)
    stuck(t, conns=8, info=dict(out=300000, closed=True))
    t.listen(8110, 8001, waiting=1)


def quiet_nobody_waits(t):
    """Every connection stands, and nobody else wants one."""
    server(t, conns=20)
    stuck(t, conns=20)
    t.listen(8110, 8001)
    return note("tcp.sendq:8110")


def quiet_paused(t):
    """One has paused; nobody waits for him."""
    server(t, conns=9)
    stuck(t, conns=1)
    stuck(t, conns=8, first=1, peer="10.9.9.8", sendq=0, info=dict(out=5000))
    t.listen(8110, 8001)
    return note("tcp.sendq:8110")


def quiet_many_workers(t):
    """Two of twenty stand and connections wait: for something else."""
    server(t, conns=20)
    stuck(t, conns=2)
    stuck(t, conns=18, first=2, peer="10.9.9.8", sendq=0, info=dict(out=0))
    t.listen(8110, 8001, waiting=3)
    return note("tcp.sendq:8110")


def quiet_moments(t):
    """Full in some moments only."""
    server(t, conns=1)
    stuck(t, conns=1, sendq=[0, 2000000, 2500000, 2500000, 0, 90000])
    t.listen(8110, 8001, waiting=2)


def quiet_warm_up(t):
    """The process grows, and what it sends is taken."""
    server(t, conns=1, rss=t.line(40, 90))
    stuck(t, conns=1, info=dict(out=2 * MIB))


def fire_slow(t):
    """He takes 100 KB of the 3 MB of each second, and the rest is kept for him."""
    server(t, conns=9, rss=t.line(50, 65))
    stuck(t, conns=1, info=dict(out=100000, closed=True))
    stuck(t, conns=8, first=1, peer="10.9.9.8", sendq=0, info=dict(out=3000000))
    t.listen(8110, 8001)
    return finding("tcp.sendq:8110", "saturated", severity="warning", culprit=("peer", "10.9.9.9"))


def quiet_slow(t):
    """The same pace, and nothing is kept."""
    server(t, conns=9)
    stuck(t, conns=1, info=dict(out=100000, closed=True))
    stuck(t, conns=8, first=1, peer="10.9.9.8", sendq=0, info=dict(out=3000000))
    t.listen(8110, 8001)


def quiet_cache_fills(t):
    """A client fills a cache, while another has paused."""
    server(t, conns=9, rss=t.line(500, 520))
    stuck(t, conns=1, sendq=100000)
    stuck(t, conns=8, first=1, peer="10.9.9.8", sendq=0, info=dict(out=5000, in_=4000000))
    t.listen(8110, 8001)
    return note("tcp.sendq:8110")
