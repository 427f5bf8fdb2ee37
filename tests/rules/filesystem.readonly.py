# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A filesystem that gave up."""

from expect import finding


def fire(t):
    t.klog(2, "EXT4-fs (sda1): Remounting filesystem read-only", level=2)
    return finding("filesystem.readonly:sda1", "wrong", culprit=("device", "sda1"))


def quiet(t):
    """Mounted so on purpose."""
    t.klog(2, "EXT4-fs (sdb1): mounted filesystem 1234 ro with ordered data mode. Quota mode: none.", level=4)
