# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""One program grows on a line, and what is available falls by as much."""

from expect import finding
from tree import MIB


def fire(t):
    t.memory(available=t.line(7168, 5120), anon=t.line(8000, 10000))
    t.proc(500, "mysqld", rss=3000)
    t.proc(600, "leaky", rss=t.line(1000, 3048))
    return finding("memory:leaky", "filling", culprit=("process", "leaky", 600), eta=(11, 14))


def fire_slowly(t):
    """Half an hour off is a warning."""
    t.step = 60
    t.memory(available=t.line(7168, 6368), anon=t.line(8000, 8800))
    t.proc(600, "leaky", rss=t.line(6000, 6800))
    return finding("memory:leaky", "filling", "warning", culprit=("process", "leaky", 600), eta=(2200, 2600))


def fire_workers(t):
    """All workers of one name grow together."""
    t.memory(available=t.line(7168, 5120))
    for k in range(8):
        t.proc(600 + k, "worker", ppid=599, rss=t.line(500, 756))
    return finding("memory:worker", "filling", culprit=("process", "worker"))


def quiet(t):
    """It warms up: the line fades."""
    t.memory(available=[7168, 6200, 5700, 5500, 5450, 5440])
    t.proc(600, "java", rss=[1000, 1968, 2468, 2668, 2718, 2728])


def quiet_cache(t):
    """A file is read: the cache grows, what is available stays."""
    t.memory(free=t.line(6000, 3000), cached=t.line(4800, 7800), available=11000)
    t.proc(600, "tar", rss=t.line(4, 12))


def quiet_far(t):
    """It grows, and the machine has far more than that."""
    t.memory(available=t.line(14000, 13500))
    t.proc(600, "leaky", rss=t.line(1000, 1500))


def server(t, kind, rss, pools=(), numbers=None):
    t.memory(available=t.line(7168, 5120), anon=t.line(8000, 10000))
    t.server(600, kind, 6379, cpu=0.3, rss=rss)
    t.book(kind.split("-")[0], 600, kind, port=6379, pools=pools, numbers=numbers)


def quiet_buffer_pool(t):
    """A dump after the start fills the buffer pool, which has room for less than the machine has left."""
    server(t, "mysql", t.line(600, 2648), numbers={"cache.bytes": lambda i: int((400 + i * 400) * MIB), "cache.most": 3000 * MIB})


def fire_beside_buffer_pool(t):
    """The pool has its size already, and the server grows on."""
    server(t, "mysql", t.line(3600, 5648), numbers={"cache.bytes": 2990 * MIB, "cache.most": 3000 * MIB})
    return finding("memory:mysql", "filling", culprit=("process", "mysql", 600))


def quiet_ceiling(t):
    """A cache warms up: it is at 2.6 of the 3 GB that it may have, and will stop there."""
    server(t, "memcached", t.line(600, 2648), pools=[("memory", "-", dict(used=lambda i: int((600 + i * 409.6) * MIB), limit=3000 * MIB))])


def fire_ceiling_beyond(t):
    """Its ceiling is larger than what the machine has left."""
    server(t, "memcached", t.line(600, 2648), pools=[("memory", "-", dict(used=lambda i: int((600 + i * 409.6) * MIB), limit=30000 * MIB))])
    return finding("memory:memcached", "filling", culprit=("process", "memcached", 600))


def quiet_loading(t):
    """It reads its data after a start, long since half of it."""
    server(t, "redis-server", t.line(3000, 5048), pools=[("memory", "-", dict(used=5000 * MIB))], numbers={"loading": 1})


def quiet_group(t):
    """Its group will hold it long before memory ends."""
    t.memory(available=t.line(7168, 5120), anon=t.line(8000, 10000))
    t.proc(600, "leaky", cpu=0.2, rss=t.line(100, 2148), cgroup="/docker/abc")
    t.group("/docker/abc", procs=[600], memory=dict(limit=5000 * MIB, used=t.line(100 * MIB, 2148 * MIB)))
