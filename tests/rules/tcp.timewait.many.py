# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Many connections in TIME_WAIT hurt nobody: a note."""

from expect import note
from tree import Sock


def clients(t, n):
    t.moments = 3
    t.proc(700, "nginx", open=[Sock(8001)])
    t.listen(80, 8001, backlog=511)
    for k in range(n):
        t.connect("10.0.0.5", 80, "10.7.0.%d" % (k % 8), 1024 + k, state="time-wait")
    t.sockstat(tw=n)


def fire(t):
    clients(t, 12000)
    return note("tcp.timewait")


def quiet(t):
    clients(t, 900)
