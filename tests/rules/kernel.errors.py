# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""The kernel says that it is broken."""

from expect import finding


def fire(t):
    t.klog(2, "BUG: unable to handle page fault for address: ffffb0c2c0a3d000", level=1)
    t.klog(2, "Oops: 0002 [#1] PREEMPT SMP NOPTI", level=4)
    return finding("kernel.errors", "wrong", culprit=("kernel", "kernel"))


def fire_lockup(t):
    t.klog(3, "watchdog: BUG: soft lockup - CPU#1 stuck for 23s! [kv:server:812]", level=0)
    return finding("kernel.errors", "wrong", culprit=("process", "kv:server", 812))


def fire_hung(t):
    t.klog(3, "INFO: task backup:600 blocked for more than 120 seconds.")
    return finding("kernel.errors", "wrong", culprit=("process", "backup", 600))


def quiet(t):
    """Words of drivers and of the firewall."""
    t.klog(1, "nf_conntrack: default automatic helper assignment has been turned off", level=4)
    t.klog(2, "usb 1-1: device descriptor read/64, error -71", level=3)
    t.klog(3, "IN=eth0 OUT= SRC=10.0.0.9 DST=10.0.0.5 LEN=40 BUGGY", level=4)


def quiet_hung_in_the_past(t):
    """It waited before anybody looked."""
    t.set("kmsg", ["3,100,%d,-;INFO: task backup:600 blocked for more than 120 seconds.\n" % (10**11 - 300 * 10**6)] + [""] * 5)


def quiet_forged(t):
    """A process writes a line of its own into the log: its facility is not the kernel's."""
    t.set("kmsg", ["6,100,900000000,-;eth0: link up\n"] + ["11,%d,%d,-;BUG: unable to handle kernel paging request\n" % (200 + i, 10**11 + i * 10**6 - 1000) for i in range(1, 6)])
