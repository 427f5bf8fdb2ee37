# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A database that has to write everything out every few seconds."""

from expect import finding, note
from tree import MIB


def postgres(t, rate, forces=540 * MIB, io=4, requested=40, timed=2, age=12000, slots=(), writes=()):
    t.server(500, "postgres", 5432)
    for k, wrote in enumerate(writes):
        t.proc(700 + k, "postgres", ppid=500, uid=26, io=dict(write=wrote, wchar=wrote))
    t.book("postgres", 500, "postgres", port=5432, slots=slots, numbers={
        "wal.bytes": lambda i: 10**12 + int(rate * i), "checkpoint.wal.bytes": forces, "checkpoint.timeout.s": 300, "checkpoint.warning.s": 30, "sessions.io": io,
        "checkpoint.age.ms": age, "checkpoints.timed": timed, "checkpoints.requested": requested})


def session(pid, who, text):
    return (pid, dict(pid=pid, state="working", ms=200, who=who, text=text))


def fire(t):
    """Many sessions write, and the log may hardly grow."""
    postgres(t, 20 * MIB, forces=16 * MIB, writes=[MIB] * 4, slots=[session(700 + k, "shop", "update stock") for k in range(4)], age=2000)
    return finding("checkpoint:postgres", "saturated", "warning", culprit=("config", "max_wal_size"), victims=["postgres"], used=(0.7, 0.9))


def fire_load(t):
    """One job loads a table; a checkpoint was asked for just now."""
    t.tasks(blocked=1)
    postgres(t, 60 * MIB, writes=[60 * MIB, MIB], slots=[session(700, "nightly", "copy facts from stdin"), session(701, "shop", "update stock")],
             requested=lambda i: 3 + (i > 3), timed=400, age=9000)
    return finding("checkpoint:postgres", "saturated", "warning", culprit=("session", "nightly", 700), used=(8, 10))


def quiet(t):
    """The same load, and the disk takes it: nobody waits."""
    postgres(t, 60 * MIB, io=0, requested=lambda i: 3 + (i > 3))
    return note("checkpoint:postgres")


def quiet_alone(t):
    """An index is built anew, and nobody waits but who builds it."""
    postgres(t, 60 * MIB, io=1, writes=[60 * MIB, 0], slots=[session(700, "nightly", "reindex table facts"), session(701, "shop", "select stock")],
             requested=lambda i: 3 + (i > 3), timed=400, age=9000)
    return note("checkpoint:postgres")


def quiet_short(t):
    """A short load: the last checkpoint was one by the clock, and none was asked for."""
    postgres(t, 60 * MIB, requested=3, timed=400, age=9000)


def quiet_seldom(t):
    """Forced, but each minute: the server does not call that often."""
    postgres(t, 9 * MIB, requested=lambda i: 30 + (i > 3))


def quiet_by_hand(t):
    """Somebody asks for one and the log hardly grows."""
    postgres(t, MIB // 10, requested=lambda i: 30 + i)
