# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Pseudo terminals."""

from expect import finding


def fire(t):
    t.number("kernel/pty/nr", 512)
    t.number("kernel/pty/max", 512)
    return finding("pty", "exhausted", culprit=("config", "kernel.pty.max"), used=512, limit=512)


def quiet(t):
    """Many sessions."""
    t.number("kernel/pty/nr", 480)
    t.number("kernel/pty/max", 512)
