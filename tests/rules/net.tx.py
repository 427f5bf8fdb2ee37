# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A full uplink, and who fills it."""

from expect import finding, note
from tree import Sock


def uplink(t, sent=2500000, packets=1700, backlog=500000, **queue):
    t.link("eth0", sent=sent, packets=packets, queue=dict(dict(kind="tbf", backlog=backlog, length=300, overlimits=900), **queue))


def job(t, rate=2300000):
    t.proc(700, "syncd", cpu=0.1, open=[Sock(9100)])
    t.connect("10.0.0.1", 41000, "192.0.2.9", 873, inode=9100, sendq=600000, info=dict(out=rate, rtt=0.21, min_rtt=0.0005))


def users(t, rate=20000):
    t.proc(600, "nginx", cpu=0.1, open=[Sock(8001), Sock(8100)])
    t.listen(443, 8001)
    t.connect("10.0.0.1", 443, "198.51.100.7", 5000, inode=8100, sendq=3000, info=dict(out=rate, rtt=0.22, min_rtt=0.0005))


def fire(t):
    """A job fills it, users wait behind it."""
    uplink(t, drops=20)
    job(t)
    users(t)
    return finding("net.tx:eth0", "exhausted", severity="warning", culprit=("process", "syncd", 700), refused=100, victims=["nginx"])


def fire_waits(t):
    """Nothing is dropped, and packets wait 200 ms."""
    uplink(t)
    job(t)
    users(t)
    return finding("net.tx:eth0", "saturated", severity="warning", culprit=("process", "syncd", 700))


def fire_peer(t):
    """One who fetches more than all others."""
    uplink(t)
    users(t)
    t.proc(601, "httpd", cpu=0.1, open=[Sock(8101)])
    t.connect("10.0.0.1", 443, "203.0.113.5", 5001, inode=8101, sendq=900000, info=dict(out=2300000))
    return finding("net.tx:eth0", "saturated", severity="warning", culprit=("peer", "203.0.113.5"))


def fire_udp(t):
    """Most of it is no TCP."""
    uplink(t)
    users(t)
    return finding("net.tx:eth0", "saturated", severity="warning", culprit=("traffic", "packets that are no TCP of this machine"))


def fire_datagrams(t):
    """Datagrams of one process."""
    uplink(t)
    users(t)
    t.proc(700, "streamer", cpu=0.3, open=[Sock(9100)])
    t.proc(701, "ntpd", cpu=0.001, open=[Sock(9101)])
    t.udp(40000, 9100, peer="192.0.2.9", peer_port=5004)
    t.udp(123, 9101, peer="192.0.2.1", peer_port=123)
    t.counters(udp_out=1600)
    return finding("net.tx:eth0", "saturated", severity="warning", culprit=("process", "streamer", 700))


def fire_retransmits(t):
    """What the queue drops is sent again: one trouble."""
    uplink(t, drops=60)
    job(t)
    users(t)
    t.counters(retrans=60, out_segs=1700)
    t.tcpext(TCPTimeouts=2)
    return finding("net.tx:eth0", "exhausted", severity="warning", culprit=("process", "syncd", 700), effects=["net.loss"])


def quiet(t):
    """Busy, and the queue is empty most of the time."""
    uplink(t, backlog=[0, 30000, 0, 0, 12000, 0])
    job(t)
    users(t)


def quiet_alone(t):
    """The only sender delays itself."""
    uplink(t, drops=20)
    job(t)
    return note("net.tx:eth0")


def quiet_short(t):
    """fq_codel keeps its queue short by dropping some; packets wait 4 ms."""
    uplink(t, kind="fq_codel", backlog=10000, drops=20)
    job(t)
    users(t)
