# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Children that nobody collects, more and more of them."""

from expect import finding, note


def dead(t, n, parent=600, first=5000, born=lambda k: 0, gone=lambda k: None):
    for k in range(n):
        t.proc(first + k, "helper", ppid=parent, state="Z", switches=0, rss=0, born=born(k), gone=gone(k))


def fire(t):
    """Thirty were there, and five come every second."""
    t.proc(600, "spooler", cpu=0.02)
    dead(t, 30)
    dead(t, 25, first=6000, born=lambda k: 1 + k // 5)
    return finding("zombies:spooler", "wrong", "warning", culprit=("process", "spooler", 600), used=55)


def quiet(t):
    """A shell between two commands: they come and go."""
    t.proc(600, "bash", cpu=0.1)
    dead(t, 30, born=lambda k: k // 6, gone=lambda k: k // 6 + 1)


def quiet_standing(t):
    """A heap of long ago that does not grow is a note."""
    t.proc(600, "spooler")
    dead(t, 40)
    return note("zombies:spooler")


def quiet_young(t):
    """All of them came just now: it may collect them in a moment."""
    t.proc(600, "prefork", cpu=0.1)
    dead(t, 25, born=lambda k: 1 + k // 5)
