# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A disk that answers with errors, an array that lacks a disk."""

from expect import finding

MD = "Personalities : [raid1]\nmd0 : active raid1 sdb1[1] sda1[0]%s\n      1046528 blocks super 1.2 [2/%d] [%s]\n\nunused devices: <none>\n"


def fire(t):
    t.klog(3, "I/O error, dev sda, sector 81920 op 0x0:(READ) flags 0x80700 phys_seg 1 prio class 2")
    t.klog(4, "Buffer I/O error on dev sda1, logical block 10240, async page read")
    return finding("disk.errors:sda", "wrong", culprit=("device", "sda"))


def fire_array(t):
    t.set("proc/mdstat", MD % ("(F)", 1, "_U"))
    return finding("disk.errors:md0", "wrong", "warning", culprit=("device", "md0"), used=1)


def quiet(t):
    """An empty drive, and words of a driver."""
    t.klog(3, "I/O error, dev sr0, sector 0 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2")
    t.klog(3, "ata1: SATA link down (SStatus 0 SControl 300)", level=4)
    t.set("proc/mdstat", MD % ("", 2, "UU"))


def quiet_past(t):
    """Minutes before anybody looked."""
    t.set("kmsg", ["3,100,%d,-;I/O error, dev sda, sector 81920 op 0x0:(READ) flags 0x0\n" % (10**11 - 300 * 10**6)] + [""] * 5)
