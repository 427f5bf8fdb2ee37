# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""The day before a counter of 32 bits begins anew."""

from expect import note
from tree import BOOT, START


def up(t, seconds):
    t.change("proc/stat", lambda text, i: text.replace(b"btime %d" % BOOT, b"btime %d" % (START - seconds)))


def fire(t):
    """Up for 49 days: milliseconds."""
    up(t, 4294967 - 7200)
    return note("uptime")


def quiet(t):
    """Up for 300 days."""
    up(t, 300 * 86400)
