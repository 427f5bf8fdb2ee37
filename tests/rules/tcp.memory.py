# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""TCP's memory: three limits in pages, a level, and what was thrown away."""

from expect import finding
from tree import MIB, PAGE, Sock


def limits(t, mem, **ext):
    t.number("net/ipv4/tcp_mem", "3000\t4000\t6000")
    t.sockstat(mem=mem)
    t.tcpext(**ext)


def slow_peer(t):
    """A peer that does not take its data."""
    t.proc(700, "nginx", open=[Sock(8001)])
    t.listen(80, 8001, backlog=511)
    for k in range(12):
        t.connect("10.0.0.5", 80, "10.7.0.9", 20000 + k, inode=8100 + k, sendq=MIB)
    t.connect("10.0.0.5", 80, "10.7.0.8", 20000, inode=8200, sendq=20000)


def fire(t):
    limits(t, 6100, TCPAbortOnMemory=8, RcvPruned=90)
    slow_peer(t)
    return finding("tcp.memory", "exhausted", culprit=("peer", "10.7.0.9"), used=6100 * PAGE, limit=6000 * PAGE, refused=40)


def fire_aborts(t):
    """Below the limit, but under pressure and aborting."""
    limits(t, 4500, TCPAbortOnMemory=8)
    slow_peer(t)
    return finding("tcp.memory", "exhausted", culprit=("peer", "10.7.0.9"))


def fire_saturated(t):
    limits(t, 4500, RcvPruned=90)
    slow_peer(t)
    return finding("tcp.memory", "saturated", culprit=("peer", "10.7.0.9"))


def fire_unread(t):
    """What stands in receive queues is the doing of the process that does not read it."""
    limits(t, 4500, RcvPruned=90)
    t.proc(600, "ingest", open=[Sock(8001)] + [Sock(8100 + k) for k in range(12)])
    t.listen(9000, 8001)
    for k in range(12):
        t.connect("10.0.0.5", 9000, "10.7.0.9", 20000 + k, inode=8100 + k, recvq=6 * MIB)
    return finding("tcp.memory", "saturated", culprit=("process", "ingest", 600))


def fire_filling(t):
    limits(t, t.line(3100, 3900))
    slow_peer(t)
    return finding("tcp.memory", "filling", culprit=("peer", "10.7.0.9"), eta=(12, 15))


def quiet(t):
    """Connections aborted with memory far below the pressure value: orphans, or a socket's own limit."""
    limits(t, 900, TCPAbortOnMemory=8)
    slow_peer(t)


def quiet_pressure(t):
    """Above the pressure value, and nothing was thrown away."""
    limits(t, 4300)
    slow_peer(t)
