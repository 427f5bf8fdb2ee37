# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A server at its own memory ceiling."""

from expect import finding, note
from tree import MIB


def redis(t, used, noeviction=1, oom=0, evicted=0, **more):
    t.server(650, "redis-server", 6379)
    t.book("redis", 650, "redis", port=6379, pools=[("memory", "-", dict(used=used, limit=100 * MIB))],
           numbers={"memory.noeviction": noeviction, "errors.oom": lambda i: 5 + oom * i, "keys.evicted": lambda i: 10 + evicted * i}, **more)


def fire(t):
    redis(t, 100 * MIB, oom=20)
    for k in range(2):
        t.connect("10.0.0.5", 6379, "10.77.0.4", 20000 + k, inode=50000 + k, tcp=dict(sent=lambda i: 100 * i, received=lambda i: 900000 * i, sent_ms=1, received_ms=1))
    return finding("memory:redis", "exhausted", culprit=("peer", "10.77.0.4"), refused=100, limit=100 * MIB)


def fire_filling(t):
    redis(t, lambda i: int(70 * MIB + i * MIB))
    return finding("memory:redis", "filling", "warning", culprit=("process", "redis", 650), eta=(20, 30))


def quiet(t):
    """A cache at its ceiling throws old keys away: that is its work."""
    redis(t, 100 * MIB, noeviction=0, evicted=50)
    return note("memory:redis")


def quiet_full(t):
    """Full, and nobody writes."""
    redis(t, 100 * MIB)
    return note("memory:redis")


def quiet_half(t):
    redis(t, lambda i: int(20 * MIB + i * MIB))
