# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""One processor is full, the others idle: who is bound to it waits."""

from expect import finding
from tree import Sock


def one_full(t, core=2):
    t.cpu(user=0.03, idle=0.97)
    t.core(core, user=0.99, idle=0.01)
    t.psi(cpu=0.4)


def fire(t):
    one_full(t)
    t.proc(900, "encoder", cpu=0.75, delay=0.2)
    t.proc(500, "resolverd", cpu=0.2, delay=0.7, cpus="2")
    return finding("cpu.core:2", "saturated", "warning", culprit=("process", "encoder", 900), victims=["resolverd"], limit=1)


def fire_elsewhere(t):
    """The one that uses most has the other processors, and waits for nobody."""
    one_full(t)
    t.cpu(user=0.5, idle=0.5)
    t.core(2, user=0.99, idle=0.01)
    t.proc(800, "analytics", cpu=1.5, delay=0.01, threads=3)
    t.proc(900, "encoder", cpu=0.75, delay=0.2)
    t.proc(500, "resolverd", cpu=0.2, delay=0.7, cpus="2")
    return finding("cpu.core:2", "saturated", "warning", culprit=("process", "encoder", 900), victims=["resolverd"])


def quiet(t):
    """A batch job with one thread fills a processor, and nobody waits."""
    one_full(t)
    t.proc(900, "encoder", cpu=0.99, delay=0.001)
    t.proc(500, "resolverd", cpu=0.2, delay=0.01)


def quiet_quota(t):
    """Who waits is held back at its quota, not by the full processor."""
    one_full(t)
    t.proc(900, "encoder", cpu=0.99, delay=0.001)
    t.proc(500, "worker", cpu=0.1, delay=0.7)
    t.group("/batch", procs=[500], cpu=dict(quota=10000, period=100000, periods=10, throttled=9, lost=0.7))


def quiet_low(t):
    """What waits runs at low priority."""
    one_full(t)
    t.proc(900, "encoder", cpu=0.75, delay=0.2)
    t.proc(500, "indexer", nice=19, cpu=0.2, delay=0.7)


def fire_two(t):
    """Two processors are full, and who waits may run on these two alone; of a server's workers the one that is bound to an idle one does not wait."""
    one_full(t)
    t.core(3, user=0.99, idle=0.01)
    t.proc(900, "encoder", cpu=0.9, delay=0.02, cpus="2")
    t.proc(901, "encoder", cpu=0.9, delay=0.02, cpus="3")
    t.server(500, "resolverd", 5300, children=2)
    t.procs[501].cpus, t.procs[501].cpu, t.procs[501].delay = "2,3", 0.15, 0.5
    t.procs[502].cpus, t.procs[502].cpu, t.procs[502].delay = "0", 0.7, 0.001
    return finding("cpu.core:2", "saturated", "warning", culprit=("process", "encoder", 900), victims=["resolverd"])


def quiet_anywhere(t):
    """Who waits may run on any processor: it woke up behind a busy task again and again, and the scheduler will move one of them."""
    one_full(t)
    t.proc(900, "loader", cpu=0.95, delay=0.02)
    t.server(500, "postgres", 5432, children=2)
    t.procs[501].cpu, t.procs[501].delay = 0.17, 0.24
    t.proc(600, "pgbench", cpu=0.08, delay=0.2, cpus="1-2")


def quiet_pipelines(t):
    """Four scripts head | gzip, bound to one processor: they delay each other alone, and the server has the other processor."""
    t.cpus = 2
    t.cpu(user=0.55, idle=0.45)
    t.core(0, user=0.99, idle=0.01)
    t.core(1, user=0.11, idle=0.89)
    t.proc(500, "shopapp", cpu=0.1, delay=0.005, open=[Sock(8001)])
    t.listen(9000, 8001)
    for k in range(4):
        t.proc(600 + 10 * k, "bash", switches=0)
        t.proc(601 + 10 * k, "head", ppid=600 + 10 * k, cpu=0.02, delay=0.12, cpus="0")
        t.proc(602 + 10 * k, "gzip", ppid=600 + 10 * k, cpu=0.22 + 0.001 * k, delay=0.6, cpus="0")


def fire_large(t):
    """One of 64 processors: a whole one is little of the machine."""
    t.cpus = 64
    t.cpu(user=0.02, idle=0.98)
    t.core(3, user=0.995, idle=0.005)
    t.proc(500, "shopapp", cpu=0.2, delay=0.6, open=[Sock(8001)], cpus="3")
    t.listen(9000, 8001)
    t.proc(600, "gzip", cpu=0.79, delay=0.2)
    return finding("cpu.core:3", "saturated", "warning", culprit=("process", "gzip", 600), victims=["shopapp"])
