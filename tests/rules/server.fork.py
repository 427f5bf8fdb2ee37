# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A server that forks to save."""

from expect import finding, note


def redis(t, us, forks, **more):
    t.server(650, "redis-server", 6379, cpu=0.3, **more)
    t.book("redis", 650, "redis", port=6379, pools=[("memory", "-", dict(used=8 << 30))],
           numbers={"fork.us": us, "forks": forks, "fork.copied": 300 << 20, "commands": lambda i: 900 * i})


def fire(t):
    redis(t, lambda i: 210000 + 1000 * i, lambda i: 50 + i)
    return finding("cpu.thread:redis-server", "saturated", "warning", culprit=("process", "redis-server", 650), text="forks")


def fire_old(t):
    """Before 6.2 they are not counted."""
    redis(t, lambda i: 210000 + 1000 * i, None)
    return finding("cpu.thread:redis-server", "saturated", "warning", culprit=("process", "redis-server", 650))


def quiet(t):
    """A large server saves once in a while."""
    redis(t, [9000, 9000, 9000, 180000, 180000, 180000], [50, 50, 50, 51, 51, 51])
    return note("cpu.thread:redis-server")


def quiet_one(t):
    """A very large one saves once: it serves nobody for a second, and then for an hour it does."""
    redis(t, [9000, 9000, 9000, 950000, 950000, 950000], [50, 50, 50, 51, 51, 51])
    return note("cpu.thread:redis-server")


def fire_large(t):
    """A very large one saves each minute, for two seconds each time."""
    t.server(650, "redis-server", 6379, cpu=0.3)
    t.book("redis", 650, "redis", port=6379, pools=[("memory", "-", dict(used=80 << 30))],
           numbers={"fork.us": [9000, 9000, 9000, 2000000, 2000000, 2000000], "forks": [500, 500, 500, 501, 501, 501], "uptime.s": 32000, "commands": lambda i: 900 * i})
    return finding("cpu.thread:redis-server", "saturated", "warning", culprit=("process", "redis-server", 650))


def quiet_short(t):
    """A small one saves all the time."""
    redis(t, lambda i: 3000 + i, lambda i: 50 + i)


def quiet_none(t):
    """The last fork was long, and is long over."""
    redis(t, 900000, 50)


def quiet_starved(t):
    """It waits for a CPU, and so does its fork."""
    redis(t, lambda i: 210000 + 1000 * i, lambda i: 50 + i, delay=0.5)
    return note("cpu.thread:redis-server")
