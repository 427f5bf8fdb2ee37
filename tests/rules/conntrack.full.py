# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""The connection-tracking table: of each namespace, with one limit for the host."""

from expect import finding
from tree import Sock

LIMIT = 65536


def one_source(t):
    t.track("10.9.9.9", "10.0.0.5", 443, n=300)
    for k in range(60):
        t.track("10.7.0.%d" % k, "10.0.0.5", 443)


def fire(t):
    t.conntrack(LIMIT, LIMIT, drop=40, early_drop=3)
    one_source(t)
    return finding("conntrack", "exhausted", culprit=("peer", "10.9.9.9"), used=LIMIT, limit=LIMIT, refused=200, since=1)


def fire_drops(t):
    """A moment after the worst: nine tenths and more, and packets were dropped."""
    t.conntrack([LIMIT, LIMIT, LIMIT, 62000, 61000, 60500], LIMIT, drop=[900, 940, 980, 985, 985, 985])
    one_source(t)
    return finding("conntrack", "exhausted", culprit=("peer", "10.9.9.9"), refused=85, since=1)


def fire_wrap(t):
    """The kernel's counter is 32 bits wide."""
    t.conntrack(LIMIT, LIMIT, drop=[0xfffffff0, 0xfffffff8, 0, 8, 16, 24])
    one_source(t)
    return finding("conntrack", "exhausted", culprit=("peer", "10.9.9.9"), refused=40)


def fire_filling(t):
    t.conntrack(t.line(48000, 56000), LIMIT)
    one_source(t)
    return finding("conntrack", "filling", culprit=("peer", "10.9.9.9"), eta=(5, 7))


def fire_filling_faster(t):
    """What doubles again and again is on no line, and is there the sooner."""
    t.conntrack([32000, 36500, 41500, 47000, 53500, 61000], LIMIT)
    one_source(t)
    return finding("conntrack", "filling", culprit=("peer", "10.9.9.9"), eta=(0.5, 1))


def fire_distributed(t):
    """No single source."""
    t.conntrack(LIMIT, LIMIT, drop=40)
    for k in range(300):
        t.track("10.%d.%d.9" % (k // 200, k % 200), "10.0.0.5", 443)
    return finding("conntrack", "exhausted", culprit=("traffic", "many sources"))


def quiet(t):
    """Four fifths, and it stays there."""
    t.conntrack(52500, LIMIT)
    one_source(t)


def quiet_people_come(t):
    """Three seconds in which everybody arrives; who draws a line sees the table full in three more."""
    t.conntrack([900, 900, 9000, 19000, 29500, 39500], LIMIT)
    one_source(t)


def quiet_people_came(t):
    """The same a moment before: the window sees nothing but the line, and all of it came about in it."""
    t.conntrack(t.line(2000, 42000), LIMIT)
    one_source(t)


def quiet_people_are_there(t):
    t.conntrack([20000, 29000, 38500, 48000, 52000, 52100], LIMIT)
    one_source(t)


def quiet_clashes(t):
    """Clashes of simultaneous packets are no full table."""
    t.conntrack(30000, LIMIT, insert_failed=50)
    one_source(t)


def quiet_other_drops(t):
    """Packets dropped while two fifths of the table are free."""
    t.conntrack(40000, LIMIT, drop=5)
    one_source(t)


def quiet_namespaces(t):
    """Two namespaces with half of the limit each: the count is for each."""
    t.conntrack(33000, LIMIT)
    t.netns("srv1", 4026532201).conntrack(33000, LIMIT)


def fire_own(t):
    """A process of this machine makes the connections: its address is no peer that could be cut off."""
    t.conntrack(LIMIT, LIMIT, drop=40)
    t.proc(600, "crawler", cpu=0.1, open=[Sock(8100 + k) for k in range(30)])
    t.proc(700, "shopd", cpu=0.3, open=[Sock(8200)])
    t.connect("10.0.0.5", 35000, "10.0.3.1", 5432, inode=8200, sendq=100, info=dict(out=900))
    for k in range(30):
        t.connect("10.0.0.5", 40000 + k, "10.0.2.%d" % (1 + k), 80, inode=8100 + k, sendq=100, info=dict(out=900))
    t.track("10.0.0.5", "10.0.2.1", 80, n=300)
    for k in range(60):
        t.track("10.7.0.%d" % k, "10.0.0.5", 443)
    return finding("conntrack", "exhausted", culprit=("process", "crawler", 600))


def fire_own_udp(t):
    """The same by datagrams of a socket that is connected to nobody."""
    t.conntrack(LIMIT, LIMIT, drop=40)
    t.proc(600, "discoverd", cpu=0.4, open=[Sock(8100)])
    t.proc(700, "shopd", cpu=0.8, open=[Sock(8200)])
    t.connect("10.0.0.5", 35000, "10.0.3.1", 5432, inode=8200)
    t.udp(40000, 8100, recvq=150000)
    t.track("10.0.0.5", "10.0.2.1", 2003, n=300, proto=17)
    return finding("conntrack", "exhausted", culprit=("process", "discoverd", 600))


def fire_own_unknown(t):
    """Nobody can be named: no remedy that blocks our own address."""
    t.conntrack(LIMIT, LIMIT, drop=40)
    t.proc(700, "shopd", cpu=0.8, open=[Sock(8200)])
    t.connect("10.0.0.5", 35000, "10.0.3.1", 5432, inode=8200)
    t.track("10.0.0.5", "10.0.2.1", 2003, n=300, proto=17)
    return finding("conntrack", "exhausted", culprit=("traffic", "connections that 10.0.0.5 of this machine makes"))


def own_short(t, opener):
    t.conntrack(LIMIT, LIMIT, drop=40)
    t.proc(600, "checkd", cpu=0.3, open=[Sock(8100)])
    t.proc(700, "shopd", cpu=0.3, open=[Sock(8200)])
    t.connect("10.0.0.5", 35000, "10.0.3.1", 5432, inode=8200, sendq=100, info=dict(out=900))
    for k in range(300):
        t.connect("10.0.0.5", 40000 + k, "10.0.2.1", 80, state="time-wait")
    t.flow(80, peer="10.0.2.1", pid=opener, outgoing=True, opened=30, closed=30)
    t.track("10.0.0.5", "10.0.2.1", 80, n=300)


def fire_own_short(t):
    """A connection for each question: they stand in TIME_WAIT, which nobody holds. The probes tell who made them."""
    own_short(t, 600)
    return finding("conntrack", "exhausted", culprit=("process", "checkd", 600))


def fire_own_short_of_nobody(t):
    """Who made them is gone: the one process with a connection of its own did not."""
    own_short(t, 50000)
    return finding("conntrack", "exhausted", culprit=("traffic", "connections that 10.0.0.5 of this machine makes"))
