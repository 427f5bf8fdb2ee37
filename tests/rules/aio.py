# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Requests of asynchronous I/O: reserved by databases."""

from expect import finding


def fire(t):
    t.number("fs/aio-nr", 65536)
    t.number("fs/aio-max-nr", 65536)
    return finding("aio", "exhausted", culprit=("config", "fs.aio-max-nr"), used=65536, limit=65536)


def quiet(t):
    """A database that reserves most of them and stays there."""
    t.number("fs/aio-nr", 60000)
    t.number("fs/aio-max-nr", 65536)
