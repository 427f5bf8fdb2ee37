# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Sockets without a process, at their limit."""

from expect import finding
from tree import MIB, Sock


def orphans(t, n, limit=400):
    t.number("net/ipv4/tcp_max_orphans", limit)
    t.sockstat(orphan=n, mem=3000)
    t.proc(700, "nginx", open=[Sock(8001)])
    t.listen(80, 8001, backlog=511)
    for k in range(60):
        t.connect("10.0.0.5", 80, "10.7.0.9", 20000 + k, state="fin-wait-1", sendq=MIB // 4)


def fire(t):
    orphans(t, 400)
    t.tcpext(TCPAbortOnMemory=10)
    return finding("tcp.orphans", "exhausted", culprit=("peer", "10.7.0.9"), used=400, limit=400, refused=50)


def fire_half(t):
    """A slow sender counts up to four times over, so the kernel may refuse at half of the limit."""
    orphans(t, 230)
    t.tcpext(TCPAbortOnMemory=10)
    return finding("tcp.orphans", "exhausted", culprit=("peer", "10.7.0.9"), used=230)


def quiet(t):
    """At nine tenths: they end by themselves."""
    orphans(t, 360)


def quiet_aborts(t):
    """Connections aborted with few orphans."""
    orphans(t, 40)
    t.tcpext(TCPAbortOnMemory=10)
