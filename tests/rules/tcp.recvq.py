# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""An application that does not read what was sent to it."""

from expect import finding, note
from tree import Sock

IDLE = dict(in_=0)


def sender(t, recvq, conns=2, inode=8100, info=IDLE, **more):
    for k in range(conns):
        t.connect("10.0.0.1", 8120, "10.9.9.9", 40000 + k, inode=inode + k if inode else 0, recvq=recvq, info=info, **more)


def app(t, **more):
    t.proc(600, "logind", **{"open": [Sock(8001), Sock(8100), Sock(8101)], "cpu": 0.05, **more})
    t.listen(8120, 8001)


def fire(t):
    """Windows are closed, nothing is read."""
    app(t)
    sender(t, 120000)
    t.tcpext(TCPToZeroWindowAdv=1)
    return finding("tcp.recvq:8120", "saturated", severity="warning", culprit=("process", "logind", 600), used=240000, victims=["10.9.9.9"])


def fire_stopped(t):
    """Small requests, and a process that is stopped."""
    app(t, state="T", switches=0, cpu=0)
    sender(t, [0, 80, 160, 240, 320, 400], conns=1)
    sender(t, 90, conns=2)
    return finding("tcp.recvq:8120", "saturated", severity="warning", culprit=("process", "logind", 600), text="does not read")


def fire_busy(t):
    """One thread that computes, and the connections of others."""
    app(t, cpu=0.99)
    sender(t, 90)
    return finding("cpu.thread:logind", "saturated", culprit=("process", "logind", 600), effects=["tcp.recvq:8120"], rule="cpu.thread")


def fire_grows(t):
    """The queues still fill."""
    app(t)
    sender(t, t.line(20000, 200000), info=dict(in_=36000))
    return finding("tcp.recvq:8120", "saturated", severity="warning", culprit=("process", "logind", 600))


def quiet(t):
    """A burst that is read later."""
    app(t)
    sender(t, [100000, 300000, 300000, 0, 50000, 200000], info=dict(in_=100000))


def quiet_slow_disk(t):
    """A backup that is written slower than it comes: full all the time, and read all the time."""
    app(t)
    sender(t, 3000000, info=dict(in_=4000000))


def quiet_working(t):
    """The next request of somebody whose first one is worked on."""
    app(t)
    sender(t, 90)


def quiet_ends(t):
    """Peers have closed; the end is one byte for each, not read by a pool that is not in use."""
    app(t, state="T")
    sender(t, 1, state="close-wait")


def quiet_not_accepted(t):
    """Requests of connections that nobody accepted yet."""
    t.proc(600, "logind", open=[Sock(8001)], cpu=0.6)
    t.listen(8120, 8001, waiting=2)
    sender(t, 40000, inode=0)


def quiet_client(t):
    """A client that does not read of a server elsewhere hurts itself."""
    t.proc(600, "less", open=[Sock(8100)], cpu=0)
    t.connect("10.0.0.1", 40000, "10.9.9.9", 443, inode=8100, recvq=900000, info=IDLE)
    return note("tcp.recvq:443")


def many(t, n=30, inode=8100):
    t.proc(600, "logind", cpu=0.01, open=[Sock(8001)] + [Sock(8100 + k) for k in range(60)])
    t.listen(8120, 8001)
    sender(t, 400, conns=n, inode=inode)


def fire_small(t):
    """The pool behind the one who accepts is jammed: small requests of everybody, none is read."""
    many(t)
    return finding("tcp.recvq:8120", "saturated", severity="warning", culprit=("process", "logind", 600))


def quiet_small_few(t):
    """Thirty more are served meanwhile."""
    many(t, n=29)
    for k in range(30):
        t.connect("10.0.0.1", 8120, "10.9.9.8", 50000 + k, inode=8130 + k, info=dict(in_=4000, out=9000))


def fire_trickle(t):
    """A consumer that takes a hundredth of what stands in a second: the queue flickers, and the senders wait."""
    app(t)
    sender(t, [120000, 119000, 121000, 118000, 120000, 121000], info=dict(in_=1200))
    t.tcpext(TCPToZeroWindowAdv=1)
    return finding("tcp.recvq:8120", "saturated", severity="warning", culprit=("process", "logind", 600))


def quiet_flickers(t):
    """The same queue, and all of it is read in some seconds."""
    app(t)
    sender(t, [120000, 119000, 121000, 118000, 120000, 121000], info=dict(in_=30000))
