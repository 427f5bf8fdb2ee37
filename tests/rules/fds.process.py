# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A process at its own descriptor limit: nothing counts the refusals, so standing there is the proof."""

from expect import finding
from tree import File, Sock


def fire(t):
    t.proc(600, "app", fds=1024, cpu=0.1, open=[Sock(7000), File("/srv/app/index.db", inode=9, copies=500)])
    return finding("fds:app", "exhausted", culprit=("process", "app", 600), used=1024, limit=1024)


def fire_reached(t):
    """It reached the limit while one watched."""
    t.proc(600, "app", fds=[900, 960, 1010, 1024, 1024, 1024], cpu=0.1)
    return finding("fds:app", "exhausted", culprit=("process", "app", 600), since=3)


def fire_filling(t):
    t.proc(600, "app", fds=t.line(700, 900), cpu=0.1)
    return finding("fds:app", "filling", culprit=("process", "app", 600), eta=(2.5, 3.7), used=900)


def quiet(t):
    """Connections rise and level off."""
    t.proc(600, "app", fds=[500, 650, 740, 780, 790, 795], cpu=0.3)


def quiet_far(t):
    """Very many, growing, and far from the limit."""
    t.proc(600, "app", fds=t.line(20000, 21000), fd_limit=1048576, cpu=0.3)


def quiet_once(t):
    """It touches the limit once."""
    t.proc(600, "app", fds=[600, 620, 1020, 610, 605, 600], cpu=0.3)


def quiet_young(t):
    """A young line through a nearly empty table."""
    t.proc(600, "app", fds=t.line(20, 400), cpu=0.3)


def quiet_self(t):
    """Plimsoll itself, in its own recording."""
    t.set("self", "600\n")
    t.proc(600, "plimsoll", fds=1024, cpu=0.1)


def quiet_sandbox(t):
    """A sandboxed helper that gave up its right to open more: a limit of a few, on purpose."""
    t.proc(600, "sandbox", fds=4, fd_limit=4, cpu=0.1)


def fire_child_with_pipe(t):
    """Each request starts a child, which takes five at once, and its pipe is never closed: it fails four below the limit, and stands there."""
    t.proc(600, "priced", fds=[252, 252, 252, 253, 252, 252], fd_limit=256, open=[Sock(8001)])
    t.listen(9000, 8001, waiting=0, backlog=32)
    return finding("fds:priced", "exhausted", culprit=("process", "priced", 600), text="has 4 file descriptors left")


def fire_one_short(t):
    """It takes the last one for a connection, cannot open its file, and gives it back."""
    t.proc(600, "priced", fds=[63, 63, 64, 63, 63, 63], fd_limit=64, open=[Sock(8001)])
    t.listen(9000, 8001, waiting=0, backlog=32)
    return finding("fds:priced", "exhausted", culprit=("process", "priced", 600))


def quiet_small(t):
    """Six left of a small limit, and none is wanted."""
    t.proc(600, "priced", fds=250, fd_limit=256)


def quiet_tight(t):
    """A sandboxed helper with what it needs and little more."""
    t.proc(600, "sandbox", fds=20, fd_limit=24)
