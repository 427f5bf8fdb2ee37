# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Loss on paths."""

from expect import finding
from tree import Sock


def server(t):
    t.proc(600, "reportd", cpu=0.1, open=[Sock(8001)] + [Sock(8100 + k) for k in range(4)])
    t.listen(8140, 8001)


def client(t, k, out=300000, retrans=0):
    t.connect("10.0.0.1", 8140, "198.51.100.%d" % (7 + k), 5000 + k, inode=8100 + k, sendq=1448, info=dict(out=out, retrans=retrans, rtt=0.02, min_rtt=0.019))


def fire(t):
    """One path of four."""
    server(t)
    client(t, 0, retrans=40)
    for k in range(1, 4):
        client(t, k)
    t.counters(retrans=40, out_segs=900)
    t.tcpext(TCPTimeouts=5)
    return finding("net.loss:198.51.100.7", "saturated", severity="warning", culprit=("path", "198.51.100.7"), used=200, victims=["reportd"])


def fire_spread(t):
    """All of them: it is near to us. Few segments are in flight."""
    server(t)
    for k in range(4):
        client(t, k, out=3000, retrans=2)
    t.counters(retrans=8, out_segs=120)
    t.tcpext(TCPTimeouts=7)
    return finding("net.loss", "saturated", severity="warning", culprit=("path", "all peers"))


def fire_one_of_many(t):
    """One bad path beside much that goes well."""
    server(t)
    client(t, 0, out=300000, retrans=30)
    for k in range(1, 4):
        client(t, k, out=30000000)
    t.counters(retrans=30, out_segs=60000)
    t.tcpext(TCPTimeouts=3)
    return finding("net.loss:198.51.100.7", "saturated", severity="warning", culprit=("path", "198.51.100.7"))


def quiet(t):
    """One in a hundred is usual."""
    server(t)
    for k in range(4):
        client(t, k, retrans=2)
    t.counters(retrans=9, out_segs=900)
    t.tcpext(TCPTimeouts=1)


def quiet_syns(t):
    """SYNs to hosts that do not answer."""
    server(t)
    t.counters(retrans=20, out_segs=90)
    t.tcpext(TCPSynRetrans=20, TCPTimeouts=20)


def quiet_needless(t):
    """The peers got it twice."""
    server(t)
    client(t, 0, retrans=20)
    t.counters(retrans=20, out_segs=200)
    t.tcpext(TCPDSACKRecv=19, TCPTimeouts=2)


def thin(t, conns, gone=None):
    """Streams of small messages."""
    server(t)
    sent = lambda i: 300 * (i if gone is None or i < gone else gone)
    for k in range(conns):
        t.connect("10.0.0.1", 8140, "198.51.100.7", 5000 + k, inode=8100 + k, sendq=100, info=dict(out=sent, retrans=1 if k == 0 else 0, rtt=0.02, min_rtt=0.019))
    t.counters(retrans=1, out_segs=60)
    t.tcpext(TCPTimeouts=1)


def fire_thin(t):
    """Five segments in five seconds: each cost a time-out, in which nothing moved."""
    thin(t, 2)
    return finding("net.loss:198.51.100.7", "saturated", severity="warning", culprit=("path", "198.51.100.7"), used=5, victims=["reportd"])


def quiet_thin(t):
    """The same of many streams: each waits once in a while."""
    thin(t, 12)


def quiet_gone(t):
    """A peer that went away: its last words are sent again for a while."""
    thin(t, 1, gone=1)
