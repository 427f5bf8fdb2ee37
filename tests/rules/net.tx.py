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
    t.connect("10.0.0.1", 443, "203.0.113.5", 5001, inode=8101, sendq=900000, info=dict(out=2300000, rtt=0.21, min_rtt=0.0005))
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


def fire_rack(t):
    """What another interface carries to the rack is more than all that leaves here, and comes back at once."""
    uplink(t)
    t.link("eth1", sent=60000000, packets=42000)
    job(t)
    users(t)
    t.proc(650, "appd", cpu=0.3, open=[Sock(9200)])
    t.connect("172.16.0.1", 42000, "172.16.0.2", 6379, inode=9200, sendq=60000, info=dict(out=58000000, rtt=0.0004, min_rtt=0.0003))
    return finding("net.tx:eth0", "saturated", severity="warning", culprit=("process", "syncd", 700))


def fire_rack_slower(t):
    """The same, of what could have left here: who asks a server in the rack waits no 200 ms for it."""
    uplink(t)
    job(t, rate=1500000)
    users(t)
    t.proc(650, "appd", cpu=0.3, open=[Sock(9200)])
    t.connect("172.16.0.1", 42000, "172.16.0.2", 6379, inode=9200, sendq=60000, info=dict(out=2000000, rtt=0.0004, min_rtt=0.0003))
    return finding("net.tx:eth0", "saturated", severity="warning", culprit=("process", "syncd", 700))


def fire_short(t):
    """A peer fetches with a connection for each file: they end between samples, and the probes tell."""
    uplink(t)
    users(t)
    t.flow(443, peer="203.0.113.5", local="10.0.0.1", pid=600, opened=20, closed=20, sent=2300000)
    return finding("net.tx:eth0", "saturated", severity="warning", culprit=("peer", "203.0.113.5"))


def fire_container(t):
    """A process of another namespace, whose packets are passed on."""
    uplink(t)
    t.counters(forwarded=1600)
    users(t)
    n = t.netns("box", 4026532201)
    t.proc(700, "syncd", cpu=0.1, open=[Sock(9100)], netns=4026532201)
    n.connect("172.17.0.2", 41000, "192.0.2.9", 873, inode=9100, sendq=600000, info=dict(out=2300000, rtt=0.21, min_rtt=0.0005))
    return finding("net.tx:eth0", "saturated", severity="warning", culprit=("process", "syncd", 700))


def quiet_paced(t):
    """fq holds each of a thousand slow connections to its pace: two packets of each stand for 60 ms, and nothing is full."""
    uplink(t, kind="fq", sent=80000000, packets=56000, backlog=5000000, length=3000, overlimits=0)
    users(t, rate=40000000)
    for k in range(10):
        t.connect("10.0.0.1", 443, "198.51.101.%d" % k, 5000, inode=8100, sendq=30000, info=dict(out=80000, rtt=0.2, min_rtt=0.12))


def fire_paced_full(t):
    """The same queue before a link at its speed."""
    t.link("eth0", sent=12400000, packets=9000, speed=100, queue=dict(kind="fq", backlog=2500000, length=1700))
    job(t, rate=11000000)
    users(t)
    return finding("net.tx:eth0", "saturated", severity="warning", culprit=("process", "syncd", 700))


def told_job(t):
    """As job(); where one connection tells of its times, all do."""
    t.proc(690, "syncd", cpu=0.1, open=[Sock(9100)])
    t.connect("10.0.0.1", 41000, "192.0.2.9", 873, inode=9100, sendq=600000, tcp=dict(sent=lambda i: 10**6 + 2300000 * i, received=80, sent_ms=1, received_ms=3000, unsent=400000, rtt_us=210000))


def behind(t, n, port, peer, first):
    """Connections whose window is open, and what they send stands behind the job's."""
    for k in range(n):
        t.connect("10.0.0.5", port, peer, first + k, inode=50000 + first + k, sendq=90000,
                  tcp=dict(sent=lambda i: 40000 + 9000 * i, received=80, sent_ms=30, received_ms=3000, unsent=60000, rtt_us=220000))


def fire_workers(t):
    """All workers stand in write() behind it. Nobody reads slowly."""
    uplink(t)
    told_job(t)
    t.server(700, "apache2", 8080, children=20, waiting=8)
    t.clients("10.77.0.2", 8080, 8, "waits", first=40000)
    behind(t, 10, 8080, "10.77.0.7", 20000)
    behind(t, 10, 8080, "10.77.0.3", 30000)
    t.book("apache", 700, "apache2", status="full", port=8080, pools=[("workers", "", dict(limit=20))])
    return finding("net.tx:eth0", "saturated", severity="warning", culprit=("process", "syncd", 690), effects=["workers:apache2"])


def fire_accepts(t):
    """The same of a server of four threads that tells nothing."""
    uplink(t)
    told_job(t)
    t.server(700, "filed", 8080, waiting=20, backlog=16, drops=20)
    t.tcpext(ListenOverflows=20, ListenDrops=20)
    t.clients("10.77.0.2", 8080, 20, "waits", first=40000)
    behind(t, 4, 8080, "10.77.0.7", 20000)
    return finding("net.tx:eth0", "saturated", severity="warning", culprit=("process", "syncd", 690), effects=["tcp.listen:8080"])


def quiet_own_nic(t):
    """A backup has an interface of its own; who sends through the other one does not wait."""
    t.link("eth1", sent=2500000, packets=1700, queue=dict(kind="tbf", backlog=500000, length=300, overlimits=900))
    t.link("eth0", sent=3000000, packets=3000)
    t.proc(700, "syncd", cpu=0.1, open=[Sock(9100)])
    t.connect("172.16.0.1", 41000, "172.16.0.9", 873, inode=9100, sendq=600000, info=dict(out=2300000, rtt=0.21, min_rtt=0.0005))
    t.proc(600, "nginx", cpu=0.1, open=[Sock(8001), Sock(8100)])
    t.listen(443, 8001)
    t.connect("10.0.0.1", 443, "198.51.100.7", 5000, inode=8100, info=dict(out=20000, rtt=0.02, min_rtt=0.018))
    t.connect("10.0.0.1", 443, "198.51.100.8", 5001, state="time-wait")
    return note("net.tx:eth1")
