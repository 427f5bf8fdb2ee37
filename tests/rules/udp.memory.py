# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""UDP's memory of the whole machine."""

from expect import finding
from tree import Sock


def fire(t):
    t.proc(600, "collectd", state="T", switches=0, open=[Sock(8001)])
    t.udp(25826, 8001, recvq=400000000, buffer=536870912, drops=50)
    t.counters(mem_errors=50)
    t.sockstat(udp_mem=[300, 90000, 300000, 700000, 751990, 751400])
    return finding("udp.memory", "exhausted", culprit=("process", "collectd", 600), refused=250, effects=["udp.recvq:25826"])


def quiet_group(t):
    """A control group had no memory for its sockets; of UDP's own there is plenty."""
    t.counters(mem_errors=50)


def quiet(t):
    """A socket loses some at its own buffer."""
    t.udp(8125, 0, recvq=100, drops=[0, 0, 3, 3, 3, 3])
    t.counters(udp_in=50000)


def fire_uncounted(t):
    """A kernel that does not count them: sockets with room in their buffers lose what comes, above the first value of udp_mem."""
    t.proc(600, "collectd", state="T", switches=0, open=[Sock(8001), Sock(8002)])
    for k in range(2):
        t.udp(25826 + k, 8001 + k, recvq=115200, buffer=800000, drops=20)
    t.sockstat(udp_mem=380000)
    return finding("udp.memory", "exhausted", culprit=("process", "collectd", 600), refused=200)


def quiet_room(t):
    """Above the first value, and nobody loses anything."""
    t.udp(25826, 0, recvq=115200, buffer=800000)
    t.sockstat(udp_mem=380000)
