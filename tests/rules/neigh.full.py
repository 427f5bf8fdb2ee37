# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""The neighbour table is full when the kernel refused an entry, not when it is large."""

from expect import finding
from tree import Sock


def fire(t):
    t.neigh(1024, fulls=7)
    return finding("neigh", "exhausted", culprit=("traffic", "the own network"), used=1024, limit=1024, refused=35, since=1)


def quiet(t):
    """Between gc_thresh2 and gc_thresh3: the kernel collects old ones."""
    t.neigh(t.line(600, 1000))


def quiet_long_ago(t):
    t.neigh(1000, fulls=[500] * 6)


def fire_ipv6(t):
    """The table of IPv6 is another one, with a limit of its own; who scans it, by the family of whom it asks."""
    t.neigh(20)
    t.neigh6(1024, fulls=7)
    t.number("net/ipv6/neigh/default/gc_thresh3", 1024)
    t.proc(600, "inventory", cpu=0.1, open=[Sock(8100 + k) for k in range(40)])
    t.proc(700, "mapper", cpu=0.1, open=[Sock(8200 + k) for k in range(60)])
    for k in range(40):
        t.connect("fd00::1", 40000 + k, "fd00::%x" % (0x100 + k), 22, state="syn-sent", inode=8100 + k, sendq=1)
    for k in range(60):
        t.connect("10.0.0.5", 50000 + k, "10.0.1.%d" % (1 + k), 22, state="syn-sent", inode=8200 + k, sendq=1)
    return finding("neigh", "exhausted", culprit=("process", "inventory", 600), used=1024, limit=1024, refused=35, text="IPv6")


def fire_both(t):
    """Both tables are full: one trouble."""
    t.neigh(1024, fulls=7)
    t.neigh6(1024, fulls=3)
    return finding("neigh", "exhausted", culprit=("traffic", "the own network"), refused=35, text="IPv4")


def fire_datagrams(t):
    """Who looks for others by datagrams has one socket, and no connection that waits. Another asks one host alone."""
    t.neigh(1024, fulls=7)
    t.proc(600, "discoverd", cpu=0.01, open=[Sock(8100)])
    t.proc(700, "statsd-relay", cpu=0.3, open=[Sock(8200)])
    t.udp(40000, 8100)
    t.udp(40001, 8200, peer="10.0.0.9", peer_port=8125)
    t.counters(udp_out=900)
    return finding("neigh", "exhausted", culprit=("process", "discoverd", 600))


def fire_not_by_datagrams(t):
    """Somebody else asks: of what is sent, datagrams are the lesser part."""
    t.neigh(1024, fulls=7)
    t.proc(600, "named", cpu=0.3, open=[Sock(8100)])
    t.udp(53, 8100)
    t.counters(udp_out=900, out_segs=1200)
    return finding("neigh", "exhausted", culprit=("traffic", "the own network"))
