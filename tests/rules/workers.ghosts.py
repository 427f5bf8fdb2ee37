# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Slots whose process is gone."""

from expect import finding, note
from tree import Sock


def board(t, gone, waiting=0, idle=0):
    t.server(700, "apache2", 80, children=20 - gone, waiting=waiting)
    if waiting:
        t.clients("10.77.0.2", 80, waiting, "waits", first=40000)
    t.clients("10.9.9.1", 80, 20 - gone, "asked")
    t.book("apache", 700, "apache2", port=80, pools=[("workers", "", dict(used=20 - idle, idle=idle, limit=20, working=20 - idle))], when=lambda i: i % 2 == 0,
           slots=[(k, dict(pid=701 + k if k < 20 - gone else 4000 + k, state="working", ms=50000 + k, peer="10.9.9.1", text="GET /")) for k in range(20)])


def fire(t):
    board(t, 14, waiting=5)
    return finding("workers:apache2", "saturated", culprit=("slot", "14 slots"), limit=20)


def quiet(t):
    """All slots have their process; nobody waits."""
    board(t, 0)


def quiet_note(t):
    """A few slots are lost, and workers are left."""
    board(t, 2, idle=5)
    return note("workers:apache2")

def left(t, live, dead=0, orphans=False, born=None, waiting=6, limit=12, ms=None):
    """What is left of an Apache that has nobody to tell of its slots: the book gives its limits alone."""
    parent = 1 if orphans else 700
    if not orphans:
        t.proc(700, "apache2", open=[Sock(8001)], switches=0, state="T" if dead else "S")
    for k in range(live + dead):
        t.proc(701 + k, "apache2", ppid=parent, uid=33, switches=0, state="S" if k < live else "Z", open=[Sock(8001)] if orphans and k == 0 else [],
               **({"born": born} if born and k == live - 1 else {}))
    t.listen(80, 8001, waiting=waiting, backlog=511)
    t.clients("10.9.9.1", 80, live, "asked")
    t.clients("10.77.0.2", 80, waiting, "waits", first=40000, ms=ms)
    t.book("apache", 701 if orphans else 700, "apache2", port=80, status="full", pools=[("workers", "", dict(limit=limit))], when=lambda i: i % 2 == 0)


def fire_untold(t):
    """Nobody is left to tell: ten of twelve are dead, and the first process, which is stopped, does not collect them."""
    left(t, 2, dead=10)
    return finding("workers:apache2", "saturated", culprit=("slot", "10 slots"), limit=12)


def fire_orphans(t):
    """The first process was killed as well, and init collected the dead."""
    left(t, 3, orphans=True)
    return finding("workers:apache2", "saturated", culprit=("slot", "9 slots"), limit=12)


def quiet_starting(t):
    """A server that has not started all its workers yet: it starts one more in each second."""
    left(t, 3, born=4, ms=2000)


def quiet_replaced(t):
    """Two died and all the others are at work: those are too few, not lost."""
    left(t, 10, dead=2, ms=2000)


def quiet_comes_back(t):
    """Most are dead, and the first process has begun to start others."""
    left(t, 3, dead=9, born=4, ms=2000)
