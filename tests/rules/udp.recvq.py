# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Datagrams that are lost at a socket: a process that does not read, one that cannot keep up, a flood, a small buffer."""

from expect import finding
from tree import Sock


def fire(t):
    """The process is stopped."""
    t.proc(600, "statsd", state="T", switches=0, open=[Sock(8001)])
    t.udp(8125, 8001, recvq=212000, drops=500)
    t.counters(rcvbuf_errors=500, udp_in=1)
    return finding("udp.recvq:8125", "exhausted", severity="warning", culprit=("process", "statsd", 600), refused=2500, limit=212992, text="does not read")


def fire_slow(t):
    """It works all the time, and reads more than is lost."""
    t.proc(600, "statsd", cpu=0.98, open=[Sock(8001)])
    t.udp(8125, 8001, recvq=212000, drops=500)
    t.counters(rcvbuf_errors=500, udp_in=9000)
    return finding("udp.recvq:8125", "exhausted", severity="warning", culprit=("process", "statsd", 600))


def fire_flood(t):
    """It works all the time, and more is lost than anybody could read."""
    t.proc(600, "statsd", cpu=0.98, open=[Sock(8001)])
    t.udp(8125, 8001, recvq=212000, drops=90000)
    t.counters(rcvbuf_errors=90000, udp_in=9000)
    return finding("udp.recvq:8125", "exhausted", severity="warning", culprit=("traffic", "datagrams to port 8125"))


def fire_flood_from_here(t):
    """The sender is a process of this machine."""
    t.proc(600, "statsd", cpu=0.98, open=[Sock(8001)])
    t.proc(700, "loadgen", cpu=0.98, open=[Sock(8002)])
    t.udp(8125, 8001, recvq=212000, drops=90000)
    t.udp(50000, 8002, address="127.0.0.1", peer="127.0.0.1", peer_port=8125)
    t.counters(rcvbuf_errors=90000, udp_in=9000)
    return finding("udp.recvq:8125", "exhausted", severity="warning", culprit=("process", "loadgen", 700))


def fire_bursts(t):
    """The queue is empty whenever one looks."""
    t.proc(600, "syslogd", cpu=0.1, open=[Sock(8001)])
    t.udp(514, 8001, drops=[0, 40, 40, 90, 90, 150], buffer=16384)
    t.counters(rcvbuf_errors=30, udp_in=2000)
    return finding("udp.recvq:514", "exhausted", severity="warning", culprit=("process", "syslogd", 600), text="too small", since=1)


def quiet(t):
    """Busy, and nothing is lost; what was lost was lost before."""
    t.proc(600, "statsd", cpu=0.6, open=[Sock(8001)])
    t.udp(8125, 8001, recvq=[0, 150000, 0, 90000, 170000, 3000], drops=[70000] * 6)
    t.counters(udp_in=50000)


def quiet_few(t):
    """Three of many, once."""
    t.proc(600, "statsd", cpu=0.6, open=[Sock(8001)])
    t.udp(8125, 8001, drops=[0, 0, 3, 3, 3, 3])
    t.counters(udp_in=50000)


def quiet_damaged(t):
    """Datagrams with a wrong sum, or that a filter refuses, count as drops of the socket too; no buffer is full."""
    t.proc(600, "syslogd", cpu=0.1, open=[Sock(8001)])
    t.udp(514, 8001, drops=40)
    t.counters(rcvbuf_errors=0, udp_in=2000)


def fire_memory(t):
    """UDP has no memory left for what comes."""
    t.proc(600, "syslogd", cpu=0.1, open=[Sock(8001)])
    t.udp(514, 8001, drops=40)
    t.counters(rcvbuf_errors=0, mem_errors=40, udp_in=2000)
    return finding("udp.recvq:514", "exhausted", severity="warning", culprit=("process", "syslogd", 600), refused=200)


def quiet_two(t):
    """Two of a quarter of a million, a second apart."""
    t.proc(600, "statsd", cpu=0.6, open=[Sock(8001)])
    t.udp(8125, 8001, drops=[0, 0, 1, 1, 2, 2])
    t.counters(rcvbuf_errors=[0, 0, 1, 1, 2, 2], udp_in=50000)
