# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Swap in use is no trouble; pages that go out and come back all the time are."""

from expect import Expect, finding

PAGES_2MB = 500  # 2 MB a second


def fire(t):
    t.memory(available=1700, swap_free=900, anon=15000)
    t.psi(memory=0.45, io=0.3)
    t.vmstat(pswpin=PAGES_2MB, pswpout=2 * PAGES_2MB, pgmajfault=400)
    t.proc(600, "worker", rss=9000)
    t.proc(601, "worker", rss=3000)
    return finding("swap", "saturated", culprit=("process", "worker", 600), used=3196 << 20, limit=4096 << 20)


def fire_without_pressure_files(t):
    """No PSI: the moving pages speak alone, and nothing is claimed about stalls."""
    t.memory(available=1700, swap_free=900)
    t.psi(cpu=None, memory=None, io=None, irq=None)
    t.vmstat(pswpin=PAGES_2MB, pswpout=2 * PAGES_2MB)
    t.proc(600, "worker", rss=9000)

    def no_stall_claimed(run):
        told = [e["text"] for f in run.doc["findings"] for e in f["evidence"] if e["metric"] == "psi.memory.some"]
        return "evidence without a measurement: %s" % told if told else None

    return Expect(finding("swap", "saturated", culprit=("process", "worker", 600), rule="swap.thrash"), checks=[no_stall_claimed])


def quiet(t):
    """Only out: the kernel moves idle pages away to make room for cache."""
    t.memory(available=1700, swap_free=t.line(3000, 2500))
    t.psi(memory=0.15)
    t.vmstat(pswpout=4 * PAGES_2MB, pswpin=0)
    t.proc(600, "worker", rss=9000)


def quiet_in(t):
    """Only in: a sleeper woke up."""
    t.memory(swap_free=t.line(1000, 1500))
    t.psi(memory=0.2)
    t.vmstat(pswpin=4 * PAGES_2MB, pswpout=0)


def quiet_used(t):
    """Full of what a past peak left there."""
    t.memory(swap_free=40)


def quiet_burst(t):
    """Both ways, for a single second."""
    t.memory(swap_free=2000)
    t.psi(memory=0.2)
    t.vmstat(pswpin=[50, 50, 3000, 3000, 3000, 3000], pswpout=[50, 50, 5000, 5000, 5000, 5000])


def quiet_nobody_waits(t):
    """A fast swap device (zram): pages move both ways, and tasks hardly wait."""
    t.memory(swap_free=2000)
    t.psi(memory=0.02)
    t.vmstat(pswpin=PAGES_2MB, pswpout=PAGES_2MB)


def moving(t):
    t.memory(available=1700, swap_free=900, anon=15000)
    t.psi(memory=0.45, io=0.3)
    t.vmstat(pswpin=PAGES_2MB, pswpout=2 * PAGES_2MB, pgmajfault=400)


def fire_small(t):
    """The largest sleeps in memory; the pages that move are another one's."""
    moving(t)
    t.proc(500, "mysqld", rss=9000, cpu=0.01)
    t.proc(600, "worker", rss=2000, cpu=0.1, faults=400)
    return finding("swap", "saturated", culprit=("process", "worker", 600))


def fire_group(t):
    """One small group at its own limit keeps the swap busy; the machine has room, and the largest is not concerned."""
    moving(t)
    t.memory(available=9000, swap_free=900)
    t.proc(500, "mysqld", rss=4000, cpu=0.2, faults=2)
    t.proc(600, "indexer", rss=60, cpu=0.1, faults=400, cgroup="/batch/index")
    t.group("/batch/index", procs=[600], memory=dict(limit=64 << 20, used=63 << 20))
    return finding("swap", "saturated", culprit=("process", "indexer", 600))
