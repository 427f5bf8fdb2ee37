# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Randomness, on a kernel that lets readers wait for it."""

from expect import finding


def fire(t):
    t.number("kernel/random/poolsize", 4096)
    t.number("kernel/random/entropy_avail", [12, 30, 8, 41, 3, 17])
    return finding("entropy", "saturated", "warning", culprit=("kernel", "/dev/random"), limit=4096)


def quiet(t):
    """Low, as /dev/urandom leaves it: readers go on."""
    t.number("kernel/random/poolsize", 4096)
    t.number("kernel/random/entropy_avail", [140, 133, 150, 129, 131, 160])


def quiet_once(t):
    t.number("kernel/random/poolsize", 4096)
    t.number("kernel/random/entropy_avail", [900, 850, 20, 300, 500, 700])


def quiet_new(t):
    """A new kernel, whose pool is small and whose readers do not wait."""
    t.number("kernel/random/entropy_avail", 8)
