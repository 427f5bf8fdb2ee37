# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A unix socket whose queue is full."""

from expect import finding
from tree import Sock

PATH = "/run/php/php-fpm.sock"


def fire(t):
    t.proc(600, "php-fpm", cpu=0.02, open=[Sock(8001)])
    t.unix(PATH, 8001, waiting=[0, 6, 6, 6, 6, 6], backlog=5)
    return finding("unix.listen:" + PATH, "saturated", culprit=("process", "php-fpm", 600), used=6, limit=5, since=1)


def fire_hung(t):
    """Nobody accepts, in a queue that has room for minutes."""
    t.proc(800, "gunicorn", open=[Sock(8100)], switches=0)
    t.unix("/run/gunicorn.sock", 8100, waiting=lambda i: 20 + 4 * i, backlog=2048)
    for k in range(4):
        t.proc(801 + k, "gunicorn", ppid=800, switches=0)
    return finding("unix.listen:/run/gunicorn.sock", "saturated", culprit=("process", "gunicorn", 800), used=40, limit=2048, text="one of them for 5 s or more")


def quiet_busy(t):
    """Somebody always waits, and two hundred are taken in a second."""
    t.proc(800, "gunicorn", open=[Sock(8100)], cpu=0.5)
    t.unix("/run/gunicorn.sock", 8100, waiting=[20, 31, 28, 9, 35, 30], backlog=2048, accepted=200)


def quiet_one(t):
    """One connection alone that nobody takes."""
    t.proc(800, "gunicorn", open=[Sock(8100)], switches=0)
    t.unix("/run/gunicorn.sock", 8100, waiting=1, backlog=2048)


def quiet(t):
    """Bursts, and a queue that is as full as it may be."""
    t.proc(600, "php-fpm", cpu=0.02, open=[Sock(8001)])
    t.unix(PATH, 8001, waiting=[0, 5, 6, 5, 0, 2], backlog=5)
