# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A filesystem that gave up."""

from expect import finding
from tree import GIB


def data(t, dev=(8, 17), **more):
    t.disk("sdb", (8, 16))
    t.disk("sdb1", dev)
    t.mount("/data", dev, 100 * GIB, 50 * GIB, **more)


def fire(t):
    """ext4 found an error: the mount is for writing, the filesystem is not."""
    data(t, super_options="ro,errors=remount-ro")
    t.klog(2, "EXT4-fs (sdb1): Remounting filesystem read-only", level=2)
    return finding("filesystem.readonly:/data", "wrong", culprit=("device", "sdb1"), text="/data")


def fire_long_ago(t):
    """The log has nothing of it any more."""
    data(t, super_options="ro")
    return finding("filesystem.readonly:/data", "wrong", culprit=("device", "sdb1"))


def fire_shut_down(t):
    """XFS refuses, and says so in the log only."""
    data(t, kind="xfs")
    t.klog(2, "XFS (sdb1): Filesystem has been shut down due to log error (0x2).", level=1)
    return finding("filesystem.readonly:/data", "wrong", culprit=("device", "sdb1"))


def quiet(t):
    """Mounted so on purpose."""
    data(t, options="ro,relatime", super_options="ro")


def quiet_unmounted(t):
    """It gave up minutes ago, and somebody took it away."""
    t.klog(2, "EXT4-fs (loop3): Remounting filesystem read-only", level=2)
