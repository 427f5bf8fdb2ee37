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


def quiet(t):
    """Bursts, and a queue that is as full as it may be."""
    t.proc(600, "php-fpm", cpu=0.02, open=[Sock(8001)])
    t.unix(PATH, 8001, waiting=[0, 5, 6, 5, 0, 2], backlog=5)
