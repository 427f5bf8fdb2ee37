# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""The hypervisor gives the processors to others: trouble when none of the time is left over."""

from expect import finding, note


def fire(t):
    t.cpu(user=0.55, system=0.03, steal=0.40, idle=0.02)
    t.proc(600, "app", cpu=2.2, delay=0.3)
    return finding("cpu.steal", "saturated", culprit=("hardware", "hypervisor"), used=(1.5, 1.7))


def fire_little(t):
    t.cpu(user=0.75, system=0.03, steal=0.20, idle=0.02)
    t.proc(600, "app", cpu=3.0, delay=0.3)
    return finding("cpu.steal", "saturated", "warning", culprit=("hardware", "hypervisor"))


def quiet_batch(t):
    """A compilation at low priority takes what the host gives, and nobody waits."""
    t.cpu(user=0.02, nice=0.70, system=0.03, steal=0.24, idle=0.01)
    for k in range(8):
        t.proc(600 + k, "cc1", nice=19, cpu=0.35, delay=0.4)
    return note("cpu.steal")


def fire_beside_batch(t):
    """A server beside a compilation at low priority: what is stolen is its time too, and it does not wait for the compilation."""
    t.cpu(user=0.12, nice=0.45, system=0.03, steal=0.39, idle=0.01)
    t.proc(500, "shopd", cpu=0.45, delay=0.02)
    for k in range(8):
        t.proc(600 + k, "cc1", nice=19, cpu=0.22, delay=0.4)
    return finding("cpu.steal", "saturated", culprit=("hardware", "hypervisor"))


def quiet(t):
    """Steal with idle time left: the guest was not held up for long."""
    t.cpu(user=0.25, system=0.03, steal=0.30, idle=0.42)
    t.proc(600, "app", cpu=1.0, delay=0.1)


def quiet_waiting_for_disk(t):
    """No idle time in the narrow sense, but the processors have nothing to run: they wait for a disk."""
    t.cpu(user=0.20, steal=0.20, idle=0.01, iowait=0.59)
