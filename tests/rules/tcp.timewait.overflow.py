# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""The TIME_WAIT table is full."""

from expect import finding
from tree import Sock


def clients(t, n):
    t.proc(700, "nginx", open=[Sock(8001)])
    t.listen(80, 8001, backlog=511)
    for k in range(n):
        t.connect("10.0.0.5", 80, "10.7.0.9" if k % 10 else "10.7.0.8", 20000 + k, state="time-wait")
    t.sockstat(tw=n)
    t.sysctl("ipv4/tcp_max_tw_buckets", 500)


def fire(t):
    clients(t, 500)
    t.tcpext(TCPTimeWaitOverflow=50)
    return finding("tcp.timewait", "exhausted", "warning", culprit=("peer", "10.7.0.9"), used=500, limit=500, refused=250, since=1)


def quiet(t):
    """Nearly full, and nothing was refused."""
    clients(t, 490)


def quiet_long_ago(t):
    clients(t, 490)
    t.tcpext(TCPTimeWaitOverflow=[90000] * 6)
