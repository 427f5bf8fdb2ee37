# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Memory of the machine: what counts is what is available and who stalls or dies, not what is used."""

from expect import Expect, finding
from tree import GIB, File


def leaky(t, rss):
    t.proc(600, "leaky", rss=rss)
    t.proc(500, "mysqld", rss=900)


def fire(t):
    """Nearly nothing left, and tasks wait for memory."""
    t.memory(free=80, available=300, cached=150, anon=15000)
    t.psi(memory=0.30)
    t.vmstat(pgscan_direct=4000, pgscan_kswapd=9000, allocstall_normal=40, workingset_refault_file=3000)
    leaky(t, 13000)
    return finding("memory", "saturated", culprit=("process", "leaky", 600), used=16084 << 20, limit=16 * GIB)


def fire_killed(t):
    t.memory(free=80, available=500, cached=150, anon=15000)
    t.psi(memory=0.05)
    t.vmstat(allocstall_normal=[50, 50, 55, 90, 95, 95], oom_kill=[0, 0, 0, 1, 1, 1])
    leaky(t, 12500)
    return finding("memory", "exhausted", culprit=("process", "leaky", 600), refused=1, since=3)


def fire_killed_the_culprit(t):
    """Who took the memory is who was killed, and is gone at the end: it is to blame all the same, not the next in size."""
    t.memory(free=[900, 400, 80, 9000, 9000, 9000], available=[1500, 700, 200, 9800, 9800, 9800], cached=150, anon=[14000, 15000, 15500, 5000, 5000, 5000])
    t.vmstat(allocstall_normal=[50, 50, 95, 99, 99, 99], oom_kill=[0, 0, 0, 1, 1, 1])
    t.proc(500, "mysqld", rss=900)
    t.proc(600, "leaky", rss=[8000, 9000, 9500, 0, 0, 0], gone=3)
    t.ended("leaky", 1, when=lambda i: i == 3, pid=600, code=9, oom=True, cpu=3, life=60, rss=9500)
    return finding("memory", "exhausted", culprit=("process", "leaky", 600), victims=["leaky"], refused=1)


def fire_killed_in_a_group(t):
    """The machine has no memory left and the kernel kills the largest process. It lives in a group with a limit far above: the group counts the kill (memory.events
    oom_kill is of any kind of kill), and that it did not come from its own limit shows in `oom`."""
    t.memory(free=80, available=200, cached=100, anon=15000)
    t.psi(memory=0.40)
    t.vmstat(allocstall_normal=80, oom_kill=[0, 0, 0, 1, 1, 1])
    leaky(t, 12500)
    t.group("/system.slice/mariadb.service", procs=[500], memory=dict(limit=8 * GIB, used=2 * GIB, kills=[0, 0, 0, 1, 1, 1], oom=0))
    return finding("memory", "exhausted", culprit=("process", "leaky", 600))


def fire_without_pressure_files(t):
    """A kernel without PSI: allocations that stall in most seconds say the same."""
    t.memory(free=80, available=300, cached=150, anon=15000)
    t.psi(cpu=None, memory=None, io=None, irq=None)
    t.vmstat(pgscan_direct=4000, allocstall_normal=40)
    leaky(t, 13000)
    return Expect(finding("memory", "saturated", culprit=("process", "leaky", 600), rule="memory.exhausted"), blind=["proc/pressure/memory"], checks=[no_zero_claims])


def no_zero_claims(run):
    """What was not measured must not be told as 0 %."""
    told = [f["title"] for f in run.doc["findings"]] + [e["text"] for f in run.doc["findings"] for e in f["evidence"]]
    return next(("tells of what it cannot know: %s" % s for s in told if " 0 % of the time" in s), None)


def fire_filling(t):
    """It fills, and no single program is to blame for half of it: many small ones grow, and the largest does not."""
    t.memory(available=t.line(7168, 5120), anon=t.line(8000, 10000))
    t.proc(500, "mysqld", rss=6000)
    for k in range(10):
        t.proc(600 + k, "job-%d" % k, rss=t.line(100, 300))
    return finding("memory", "filling", culprit=("process", "job-0", 600), eta=(11, 14))


def fire_files(t):
    """A program fills /dev/shm: no process has the memory, and the largest has nothing to do with it."""
    t.memory(available=t.line(7168, 5120), shmem=t.line(500, 2548))
    t.proc(500, "mysqld", rss=6000)
    t.proc(600, "extract", cpu=0.4, rss=20, io=dict(wchar=400 << 20, write=0, calls=400))
    return finding("memory", "filling", culprit=("process", "extract", 600), eta=(11, 14))


def quiet(t):
    """Little free memory with much cache."""
    t.memory(free=120, available=10500, cached=11000, anon=3500)
    t.vmstat(pgscan_kswapd=3000)
    leaky(t, 2000)


def quiet_swap_used(t):
    """Swap in use by a past peak, and nothing moves."""
    t.memory(available=4000, swap_free=300)
    leaky(t, 9000)


def quiet_low_but_nobody_waits(t):
    t.memory(free=100, available=600, cached=700, anon=14500)
    t.psi(memory=0.002)
    leaky(t, 13000)


def quiet_starting(t):
    """A server that starts takes its memory and then stays where it is."""
    t.memory(available=[9000, 6500, 5200, 4700, 4600, 4590])
    t.proc(600, "java", rss=[1000, 3500, 4800, 5300, 5400, 5410])


def fire_killed_took_the_rest(t):
    """A database stands at nine of sixteen GiB and is protected; somebody else takes what is left."""
    t.memory(free=[900, 400, 80, 5000, 4000, 3000], available=[1500, 900, 300, 5800, 4800, 3800], cached=150, anon=[14000, 15000, 15500, 10000, 11000, 12000])
    t.vmstat(allocstall_normal=[50, 50, 95, 99, 99, 99], oom_kill=[0, 0, 0, 1, 1, 1])
    t.proc(500, "postgres", rss=9000)
    t.proc(600, "leaky", rss=[3500, 4300, 5000, 0, 0, 0], gone=3)
    t.ended("leaky", 1, when=lambda i: i == 3, pid=600, code=9, oom=True, cpu=3, life=60, rss=5500)
    return finding("memory", "exhausted", culprit=("process", "leaky", 600), victims=["leaky"], refused=1)


def fire_killed_for_a_trifle(t):
    """What filled the machine took hours; that somebody small moved at the end does not make it his."""
    t.memory(free=[90, 80, 60, 600, 590, 580], available=[330, 310, 300, 800, 790, 780], cached=150, anon=15500)
    t.vmstat(allocstall_normal=[50, 50, 95, 99, 99, 99], oom_kill=[0, 0, 0, 1, 1, 1])
    t.proc(500, "java", rss=13000)
    t.proc(600, "cron", rss=[470, 490, 500, 0, 0, 0], gone=3)
    t.ended("cron", 1, when=lambda i: i == 3, pid=600, code=9, oom=True, cpu=3, life=60, rss=510)
    return finding("memory", "exhausted", culprit=("process", "java", 500), victims=["cron"], refused=1)


def proxied(t):
    """A program fills /dev/shm; beside it a proxy writes twice as much, to sockets."""
    t.memory(available=t.line(7168, 5120), shmem=t.line(500, 2548))
    t.proc(500, "mysqld", rss=6000)
    t.proc(800, "nginx", cpu=0.3, io=dict(wchar=900 << 20, write=0, calls=90000))


def fire_files_beside_a_proxy(t):
    proxied(t)
    t.proc(600, "extract", cpu=0.4, rss=20, io=dict(wchar=400 << 20, write=0, calls=400),
           open=[File("/dev/shm/a", dev=(0, 25), inode=9, size=t.line(GIB, 3 * GIB), writable=True)])
    t.mount("/dev/shm", (0, 25), size=16 * GIB, available=t.line(15 * GIB, 13 * GIB), kind="tmpfs", source="tmpfs")
    return finding("memory", "filling", culprit=("process", "extract", 600), eta=(11, 14))


def fire_files_of_a_container(t):
    """The same on a tmpfs that is mounted nowhere here: the walk over all descriptors knows the file."""
    proxied(t)
    t.proc(600, "extract", cpu=0.4, rss=20, io=dict(wchar=100 << 20, write=0, calls=400))
    t.held("/dev/shm/a", dev=(0, 61), pid=600, size=3 * GIB, growth=800 << 20, since=2.0)
    return finding("memory", "filling", culprit=("process", "extract", 600), eta=(11, 14))


def fire_files_of_nobody(t):
    """Nobody's files are known, and nobody writes as much."""
    proxied(t)
    return finding("memory", "filling", culprit=("kernel", "tmpfs"), eta=(11, 14))
