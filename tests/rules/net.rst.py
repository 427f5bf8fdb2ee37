# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Connections that are reset while somebody uses them."""

from expect import Expect, finding, note
from tree import Sock


def server(t, port=8080):
    t.proc(600, "formd", cpu=0.1, open=[Sock(8001)])
    t.listen(port, 8001)


def fire(t):
    """Closed with data unread."""
    server(t)
    t.flow(8080, peer="198.51.100.7", opened=20, closed=20, resets_out=8)
    t.tcpext(TCPAbortOnClose=8)
    t.counters(estab_resets=8)
    return finding("net.rst:8080", "wrong", "warning", culprit=("process", "formd", 600), used=40)


def fire_counters(t):
    """No probes: there is one port only that serves anybody."""
    server(t)
    t.connect("10.0.0.5", 8080, "198.51.100.7", 5000, inode=8100)
    t.tcpext(TCPAbortOnClose=8)
    t.counters(estab_resets=8, passive_opens=20)
    return finding("net.rst:8080", "wrong", "warning", culprit=("process", "the server of port 8080"))


def fire_cut(t):
    """The server is elsewhere."""
    t.proc(700, "shopd", cpu=0.1)
    t.flow(5432, peer="198.51.100.9", pid=700, outgoing=True, opened=5, closed=5, resets_in=4)
    t.counters(estab_resets=4)
    return finding("net.rst:5432", "wrong", "warning", culprit=("destination", "198.51.100.9:5432"), victims=["shopd"])


def fire_refused(t):
    """What is to listen is down."""
    t.proc(700, "shopd", cpu=0.1)
    t.flow(6379, peer="127.0.0.1", local="127.0.0.1", pid=700, outgoing=True, failed=20, resets_in=20)
    return finding("net.rst:6379", "wrong", "warning", culprit=("destination", "127.0.0.1:6379"), refused=100, victims=["shopd"])


def fire_one_trouble(t):
    """Both ends are here: one finding."""
    server(t)
    t.proc(700, "shopd", cpu=0.1)
    t.flow(8080, peer="127.0.0.1", local="127.0.0.1", opened=20, closed=20, resets_out=8)
    t.flow(8080, peer="127.0.0.1", local="127.0.0.1", pid=700, outgoing=True, opened=20, closed=20, resets_in=8)
    t.tcpext(TCPAbortOnClose=8)
    return finding("net.rst:8080", "wrong", "warning", culprit=("process", "formd", 600))


def fire_linger(t):
    """It wants them: worth a note."""
    server(t)
    t.flow(8080, peer="198.51.100.7", opened=20, closed=20, resets_out=20)
    t.tcpext(TCPAbortOnData=20)
    return note("net.rst:8080")


def quiet(t):
    """Clients that go away in the middle: what they reset is not our doing. A few are cut among very many."""
    server(t)
    t.flow(8080, peer="198.51.100.7", opened=400, closed=400, resets_in=90, resets_out=2)
    t.tcpext(TCPAbortOnClose=2)
    t.counters(estab_resets=92, out_rsts=40)


def quiet_two_families(t):
    """::1 refuses, 127.0.0.1 answers."""
    t.proc(700, "shopd", cpu=0.1)
    t.flow(8080, peer="::1", local="::1", pid=700, outgoing=True, failed=20, resets_in=20)
    t.flow(8080, peer="127.0.0.1", local="127.0.0.1", pid=700, outgoing=True, opened=20, closed=20)


def quiet_scan(t):
    """Somebody tries all ports."""
    server(t)
    t.flow(8080, peer="198.51.100.7", opened=3, closed=3)
    t.counters(out_rsts=4000)


def quiet_unknown(t):
    """No probes and two ports: nobody is accused."""
    server(t)
    t.connect("10.0.0.5", 8080, "198.51.100.7", 5000, inode=8100)
    t.connect("10.0.0.5", 22, "198.51.100.8", 5001, inode=8101)
    t.tcpext(TCPAbortOnClose=8)
    t.counters(estab_resets=8, passive_opens=20)
    return Expect(blind=["net.rst"])


def quiet_gone(t):
    """Who was cut is not there any more."""
    t.flow(5432, peer="198.51.100.9", pid=700, outgoing=True, opened=5, closed=5, resets_in=4)
