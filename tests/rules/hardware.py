# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""The hardware reports errors."""

from expect import finding


def counts(t, corrected, uncorrected=0):
    for name, value in (("ce_count", corrected), ("ue_count", uncorrected)):
        t.set("sys/devices/system/edac/mc/mc0/" + name, ["%d\n" % v for v in (value if isinstance(value, list) else [value] * t.moments)])


def fire(t):
    """Corrected ones, and they go on."""
    counts(t, [7, 7, 7, 9, 9, 9])
    t.set("sys/devices/system/edac/mc/mc0/ue_count", ["0\n"] * t.moments)
    t.step = 60
    return finding("hardware:memory", "wrong", "warning", culprit=("hardware", "memory"))


def fire_machine_check(t):
    t.klog(2, "mce: [Hardware Error]: CPU 0: Machine Check: 0 Bank 9: cc003c0001010091", level=0)
    return finding("hardware:machine check", "wrong", culprit=("hardware", "machine check"))


def quiet(t):
    """Counters of long ago."""
    counts(t, 7, 1)
