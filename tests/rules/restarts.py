# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""It fails, is started again, and fails."""

from expect import finding
from tree import GIB, MIB

SEGV = 11 | 128


def when(*moments):
    return lambda i: i in moments


def fire(t):
    """A fault in each run."""
    t.proc(700, "run-shopd", cpu=0.01)
    t.proc(5009, "shopd", ppid=700, cpu=0.1, born=5)
    t.ended("shopd", 700, when=when(1, 3, 5), code=SEGV, cpu=0.08, life=0.6)
    t.ended("sleep", 700, when=when(1, 3, 5), life=0.5)
    return finding("restarts:shopd", "wrong", culprit=("process", "shopd", 5009), used=3, refused=3)


def fire_status(t):
    """It says no and ends, each time after some work; a service manager starts it again."""
    t.ended("shopd", 1, when=when(1, 3, 5), code=3 << 8, cpu=0.15, life=0.4)
    return finding("restarts:shopd", "wrong", "warning", culprit=("process", "shopd"))


def fire_oom(t):
    """Killed for lack of memory each time: that is an effect of its group's limit."""
    t.proc(700, "run-sessions", cpu=0.01)
    t.proc(5009, "sessiond", ppid=700, cpu=0.1, rss=100)
    t.group("/svc", procs=[5009], memory=dict(limit=160 * MIB, used=150 * MIB, kills=[0, 0, 1, 1, 2, 2], oom=[0, 0, 1, 1, 2, 2], hits=20))
    t.ended("sessiond", 700, when=when(2, 4), code=9, oom=True, cpu=0.3, life=2)
    return finding("cgroup.memory:/svc", "exhausted", rule="cgroup.memory", culprit=("process", "sessiond", 5009), effects=["restarts:sessiond"], victims=["sessiond"])


def quiet(t):
    """Short jobs, one after the other, all of which end well."""
    t.proc(700, "nightly.sh", cpu=0.05)
    t.ended("convert", 700, each=3, cpu=0.1, life=0.2)


def quiet_waiting_loop(t):
    """A script waits until a server answers: the tool that asks fails, and that is its answer."""
    t.proc(700, "wait-for-db", cpu=0.01)
    t.ended("pg_isready", 700, code=2 << 8, cpu=0.03, life=0.05)
    t.ended("sleep", 700, life=1.0)


def quiet_some_fail(t):
    """Workers of which one in three says no."""
    t.proc(700, "xargs", cpu=0.05)
    t.ended("verify", 700, each=2, cpu=0.1)
    t.ended("verify", 700, each=1, cpu=0.1, code=1 << 8)


def quiet_stopped(t):
    """Somebody ends them, on purpose."""
    t.proc(700, "manager", cpu=0.05)
    t.ended("worker", 700, when=when(1, 3, 5), code=15, cpu=0.1, life=1)


def fire_script(t):
    """A script that watches over it, and waits before it starts it again."""
    t.proc(700, "run-shopd", cpu=0.005)
    t.ended("shopd", 700, when=when(1, 3, 5), code=1 << 8, cpu=0.08, life=0.9)
    t.ended("sleep", 700, when=when(1, 3, 5), life=0.5)
    return finding("restarts:shopd", "wrong", "warning", culprit=("process", "shopd"))


def quiet_tests(t):
    """A script of tests: one after the other is made to fail, without a pause."""
    t.proc(700, "python3", cpu=0.2)
    t.ended("verify", 700, each=5, code=1 << 8, cpu=0.08, life=0.15)


def fire_at_start(t):
    """It fails at once each time (its port is taken), before it did any work to speak of; a service manager starts it again."""
    t.ended("sessiond", 1, code=1 << 8, cpu=0.004, life=0.05)
    return finding("restarts:sessiond", "wrong", "warning", culprit=("process", "sessiond"))


def quiet_small_failures(t):
    """A script of its own asks something each second, and the answer is no."""
    t.proc(700, "watcher", cpu=0.002)
    t.ended("is-leader", 700, code=1 << 8, cpu=0.004, life=0.05)
