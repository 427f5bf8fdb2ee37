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
