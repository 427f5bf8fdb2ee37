# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Timestamps of clients that share an address."""

from expect import finding, note


def fire(t):
    """An old kernel with tcp_tw_recycle."""
    t.tcpext(PAWSPassive=4)
    return finding("tcp.timewait", "wrong", "warning", culprit=("config", "net.ipv4.tcp_tw_recycle"), refused=20, rule="tcp.paws")


def fire_note(t):
    """A balancer that mixes the clocks of machines."""
    t.tcpext(PAWSEstab=30)
    return note("tcp.timewait")


def quiet(t):
    """A late duplicate now and then."""
    t.tcpext(PAWSPassive=[0, 0, 0, 2, 2, 2], PAWSEstab=[0, 0, 1, 1, 2, 2])
