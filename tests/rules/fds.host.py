# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""The host's table of open files."""

from expect import finding


def holders(t):
    t.proc(600, "java", fds=60000, fd_limit=1048576)
    t.proc(601, "nginx", fds=9000, fd_limit=1048576)


def fire(t):
    t.number("fs/file-nr", "99800\t0\t100000")
    holders(t)
    return finding("fds", "exhausted", culprit=("process", "java", 600), used=99800, limit=100000)


def fire_filling(t):
    t.number("fs/file-nr", lambda i: "%d\t0\t100000" % (70000 + 4000 * i))
    holders(t)
    return finding("fds", "filling", culprit=("process", "java", 600), eta=(2, 3))


def quiet(t):
    """Nine tenths, and it stays there."""
    t.number("fs/file-nr", "90000\t0\t100000")
    holders(t)


def quiet_unlimited(t):
    t.number("fs/file-nr", lambda i: "%d\t0\t9223372036854775807" % (700000 + 40000 * i))
    holders(t)
