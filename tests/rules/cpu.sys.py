# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""The processors are busy in the kernel, and somebody waits for them."""

from expect import finding, note


def busy(t, user, system):
    t.cpu(user=user, system=system, idle=0.005)
    t.psi(cpu=0.9)
    t.tasks(running=12, load=900)


def starving(t):
    t.proc(500, "mysqld", cpu=0.2, delay=0.6, uid=27)


def fire(t):
    """A loop starts five hundred short processes a second; no sample sees more than a few of them."""
    busy(t, 0.40, 0.59)
    starving(t)
    t.proc(800, "rotate.sh", cpu=0.1, child_cpu=3.2, delay=0.1)
    t.ended("sed", 800, each=500, cpu=0.006, life=0.01)
    return finding("cpu.sys", "saturated", culprit=("job", "rotate.sh", 800), victims=["mysqld"], effects=["cpu"])


def fire_namesake(t):
    """Another shell of the same name starts something now and then: it is not the job."""
    busy(t, 0.40, 0.59)
    starving(t)
    t.proc(350, "bash", cpu=0.01, child_cpu=0.01)
    t.ended("ls", 350, each=1, cpu=0.002, life=0.01)
    t.proc(800, "bash", cpu=0.1, child_cpu=3.2, delay=0.1)
    t.ended("sed", 800, each=500, cpu=0.006, life=0.01)
    return finding("cpu.sys", "saturated", culprit=("job", "bash", 800), victims=["mysqld"])


def fire_namesake_of_subshells(t):
    """The same of a job whose subshells start them: who waits for most is the job."""
    busy(t, 0.40, 0.59)
    starving(t)
    t.proc(350, "bash", cpu=0.01, child_cpu=0.06)
    t.proc(800, "bash", cpu=0.1, child_cpu=3.2, delay=0.1)
    for k in range(20):
        t.ended("sed", 60000 + k, each=25, cpu=0.006, life=0.01)
    return finding("cpu.sys", "saturated", culprit=("job", "bash", 800), victims=["mysqld"])


def fire_parent_gone(t):
    """Who started them is gone too: their name is what is known."""
    busy(t, 0.40, 0.59)
    starving(t)
    t.proc(810, "other", cpu=0.2)
    t.ended("sed", 4711, each=500, cpu=0.006, life=0.01)
    return finding("cpu.sys", "saturated", culprit=("process", "sed"), victims=["mysqld"])


def fire_calls(t):
    """One program that calls the kernel without pause."""
    busy(t, 0.10, 0.89)
    starving(t)
    t.proc(900, "poller", cpu=3.6, delay=0.3)
    return finding("cpu.sys", "saturated", culprit=("process", "poller", 900), victims=["mysqld"], effects=["cpu"])


def quiet(t):
    """A build: hundreds of processes a second, which compute, and delay only each other."""
    busy(t, 0.85, 0.14)
    t.probes()
    t.proc(400, "make", ppid=350, cpu=0.02, child_cpu=1.0)
    t.ended("sh", 400, each=60, cpu=0.002, life=0.02)
    for k in range(8):
        t.proc(450 + k, "cc1", ppid=400, cpu=0.40, delay=0.5)
    return note("cpu")


def quiet_configure(t):
    """A configure script is all fork and exec; nobody else waits."""
    busy(t, 0.35, 0.64)
    t.proc(400, "configure", ppid=350, cpu=0.3, child_cpu=3.0, delay=0.1)
    t.ended("conftest", 400, each=400, cpu=0.006, life=0.01)
    t.proc(500, "mysqld", cpu=0.2, delay=0.02)
    return note("cpu")


def quiet_compute(t):
    """Somebody waits, but for a program that computes: that is cpu."""
    t.probes()
    t.cpu(user=0.60, system=0.05, idle=0.35)
    t.proc(900, "burner", cpu=2.4, delay=0.5)


def quiet_small_files(t):
    """A build of small files: its compilers live for a moment as well, but what they cost is their work. The database waits: that is cpu."""
    busy(t, 0.80, 0.19)
    t.proc(400, "make", ppid=350, cpu=0.02, child_cpu=0.1)
    t.ended("cc1", 400, each=40, cpu=0.07, life=0.1)
    t.proc(500, "mysqld", cpu=0.2, delay=0.02)
    return note("cpu")


def fire_subshells(t):
    """A script whose subshells start the processes and are gone as quickly: what they used shows in the script that waits for them."""
    busy(t, 0.45, 0.54)
    starving(t)
    t.proc(800, "watchdir", cpu=0.3, child_cpu=3.0, delay=0.1)
    t.ended("watchdir", 800, each=150, cpu=0.002, life=0.01)
    for k in range(30):
        t.ended("sed", 60000 + k, each=10, cpu=0.004, life=0.01)
        t.ended("cut", 60000 + k, each=10, cpu=0.003, life=0.01)
    return finding("cpu.sys", "saturated", culprit=("job", "watchdir", 800), victims=["mysqld"])


def kernel_threads(t, name, cpu):
    busy(t, 0.1, 0.895)
    t.cpus = 2
    for k in range(4):
        t.proc(40 + k, name % k, ppid=2, kernel=True, cpu=cpu, delay=0.5, rss=0)
    t.proc(700, "dd", cpu=0.12, delay=0.05)
    t.proc(500, "mysqld", cpu=0.2, delay=0.9)


def fire_kernel_threads(t):
    """Threads of the kernel encrypt what a copy writes; they are no program."""
    kernel_threads(t, "kworker/u4:%d", 0.4)
    return finding("cpu.sys", "saturated", culprit=("kernel", "kworker"), victims=["mysqld"])


def quiet_softirqs(t):
    """The same time in ksoftirqd is the network's: a rule of its own tells it."""
    kernel_threads(t, "ksoftirqd/%d", 0.4)
