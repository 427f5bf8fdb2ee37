# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A processor that does nothing but interrupts and does not keep up."""

from expect import finding

LINES = ["           CPU0       CPU1\n 24:  %d  2000   PCI-MSI 524288-edge      eth0-rx-0\nLOC:      50000      60000   Local timer interrupts" % (1000 + 9000 * i) for i in range(6)]


def flooded(t):
    t.cpu(user=0.05, idle=0.95)
    t.core(0, softirq=0.93, system=0.05, idle=0.02)
    t.set("proc/interrupts", LINES)


def fire(t):
    """ksoftirqd does what was put off, and runs all the time."""
    flooded(t)
    t.proc(15, "ksoftirqd/0", ppid=2, kernel=True, cpu=0.8)
    return finding("cpu.irq:24 eth0-rx-0", "saturated", "warning", culprit=("device", "24 eth0-rx-0"), used=(0.9, 0.99), limit=1)


def quiet(t):
    """As busy, and it keeps up."""
    flooded(t)
    t.proc(15, "ksoftirqd/0", ppid=2, kernel=True, cpu=0.02)


def quiet_spread(t):
    """Interrupt work on all processors."""
    t.cpu(softirq=0.4, idle=0.6)
    t.proc(15, "ksoftirqd/0", ppid=2, kernel=True, cpu=0.3)
