# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A replica that falls behind."""

from expect import finding

MB = 1000000


def redis(t, **numbers):
    t.server(650, "redis-server", 6379)
    t.book("redis", 650, "redis", port=6379, numbers=dict({"replica": 1}, **{k.replace("_", "."): n for k, n in numbers.items()}))


def postgres(t, lag, waiting=40 * MB, slots=()):
    t.server(500, "postgres", 5432)
    t.book("postgres", 500, "postgres", port=5432, slots=slots, numbers={"replica": 1, "replica.lag.ms": lag, "replica.lag.bytes": waiting})


def fire(t):
    """Redis without its master."""
    redis(t, master_up=0, master_down_s=lambda i: 40 + i)
    return finding("replication:redis", "stalled", culprit=("destination", "its master"), used=45)


def fire_query(t):
    """A report on the replica holds changes up."""
    postgres(t, lambda i: 90000 + 1000 * i, slots=[(700, dict(pid=700, state="working", ms=200000, who="report", text="select sum(n) from orders"))])
    return finding("replication:postgres", "saturated", "warning", culprit=("session", "report", 700), used=95)


def fire_slow(t):
    """Nobody holds them up: it is slow."""
    postgres(t, lambda i: 90000 + 800 * i)
    return finding("replication:postgres", "saturated", "warning", culprit=("process", "postgres", 500))


def quiet(t):
    """It catches up."""
    postgres(t, lambda i: 90000 - 3000 * i)


def quiet_meant(t):
    """An hour behind, as it was told to be."""
    postgres(t, lambda i: 3600000 + 90 * i)


def quiet_idle(t):
    """The master changes nothing: all that came is applied."""
    postgres(t, lambda i: 90000 + 1000 * i, waiting=0)


def quiet_filled(t):
    """A new replica is filled."""
    redis(t, master_up=0, master_down_s=lambda i: 40 + i, master_syncing=1)


def quiet_again(t):
    """It connects again."""
    redis(t, master_up=0, master_down_s=3)


def quiet_up(t):
    redis(t, master_up=1)
