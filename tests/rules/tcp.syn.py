# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A SYN flood, told from a burst of real clients and from an application that does not accept."""

from expect import finding
from tree import Sock


def server(t, **more):
    t.proc(600, "nginx", cpu=0.05, open=[Sock(8001)])
    t.listen(443, 8001, backlog=128, **more)


def half_open(t, n=120, one=None):
    for k in range(n):
        t.connect("10.0.0.1", 443, one or "198.51.%d.%d" % (k // 200, 1 + k % 200), 2000 + k, state="syn-recv")


def fire(t):
    server(t)
    half_open(t)
    t.tcpext(SyncookiesSent=900, TCPReqQFullDoCookies=900)
    return finding("tcp.syn:443", "saturated", severity="warning", culprit=("traffic", "SYNs of 120 addresses that do not answer"), used=120, limit=128)


def fire_one(t):
    """All from one address, and cookies are off."""
    server(t)
    half_open(t, one="203.0.113.9")
    t.tcpext(TCPReqQFullDrop=900)
    return finding("tcp.syn:443", "exhausted", culprit=("peer", "203.0.113.9"), refused=4500)


def quiet(t):
    """A burst of real clients: they answer their cookies."""
    server(t, waiting=[0, 90, 0, 100, 0, 3])
    half_open(t, n=6)
    t.tcpext(SyncookiesSent=200, TCPReqQFullDoCookies=200, SyncookiesRecv=198)


def quiet_half_open(t):
    """Some that never answer are on every server of the Internet."""
    server(t)
    half_open(t, n=40)


def fire_slow_accept(t):
    """The application does not accept: that is another trouble, with half-open connections behind it."""
    server(t, waiting=129, drops=20)
    half_open(t, n=30)
    t.tcpext(ListenOverflows=20, ListenDrops=20, SyncookiesSent=40)
    return finding("tcp.listen:443", "exhausted", culprit=("process", "nginx", 600), rule="tcp.listen.overflow")


def fire_no_cookies(t):
    """Cookies are off: the last quarter of the queue is kept for known addresses, and what is refused to others is counted as drops of the listener alone."""
    server(t)
    half_open(t, n=49)
    t.tcpext(ListenDrops=200)
    return finding("tcp.syn:443", "exhausted", culprit=("traffic", "SYNs of 49 addresses that do not answer"), refused=1000)


def quiet_other_drops(t):
    """Packets dropped at the listener, and some that are half open, as on any server of the Internet."""
    server(t)
    half_open(t, n=12)
    t.tcpext(ListenDrops=200)
