# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A group that may not fork any more while the host has room."""

from expect import finding


def members(t, n=20):
    t.proc(600, "app", cpu=0.1)
    for k in range(n):
        t.proc(601 + k, "child", ppid=600, switches=0)
    return [600] + [601 + k for k in range(n)]


GROUP = "/system.slice/app.service"


def fire(t):
    t.group(GROUP, procs=members(t), pids=dict(limit=100, used=100, refused=5))
    return finding("cgroup.pids:" + GROUP, "exhausted", culprit=("process", "app", 600), cgroup=GROUP, used=100, limit=100, refused=25, since=1,
                   text="Cgroup app.service may not")


def fire_container(t):
    """Its title has the name that people know, its resource the path."""
    group = "/system.slice/docker-%s.scope" % ("3f2a9c41d7e0" + "0" * 52)
    t.group(group, procs=members(t), pids=dict(limit=100, used=100, refused=5))
    return finding("cgroup.pids:" + group, "exhausted", culprit=("process", "app", 600), cgroup=group, text="Cgroup docker 3f2a9c41d7e0 may not")


def fire_no_unit(t):
    t.group("/jobs/nightly", procs=members(t), pids=dict(limit=100, used=100, refused=5))
    return finding("cgroup.pids:/jobs/nightly", "exhausted", culprit=("process", "app", 600), text="Cgroup /jobs/nightly may not")


def fire_v1(t):
    t.group(GROUP, procs=members(t), pids=dict(limit=100, used=99, refused=5), v1=True)
    return finding("cgroup.pids:" + GROUP, "exhausted", culprit=("process", "app", 600), refused=25)


def fire_refused_before(t):
    """At its limit, and refused before the window: whoever would fork has given up for the moment."""
    t.group(GROUP, procs=members(t), pids=dict(limit=100, used=100, refused=[700] * 6))
    return finding("cgroup.pids:" + GROUP, "exhausted", culprit=("process", "app", 600), refused=0)


def fire_filling(t):
    t.group(GROUP, procs=members(t), pids=dict(limit=100, used=lambda i: 55 + 5 * i))
    return finding("cgroup.pids:" + GROUP, "filling", culprit=("process", "app", 600), eta=(3, 5))


def quiet(t):
    """Nearly all in use, nobody was refused, and it stays there."""
    t.group(GROUP, procs=members(t), pids=dict(limit=100, used=96))


def quiet_pool(t):
    """A pool of exactly the limit's size that never asked for more."""
    t.group(GROUP, procs=members(t), pids=dict(limit=100, used=100))


def quiet_long_ago(t):
    """Refusals of a past day."""
    t.group(GROUP, procs=members(t), pids=dict(limit=100, used=40, refused=[700] * 6))


def quiet_no_limit(t):
    t.group(GROUP, procs=members(t), pids=dict(limit="max", used=lambda i: 1000 + 100 * i))


def zombies(t, parent, n=60):
    for k in range(n):
        t.proc(800 + k, "convert", ppid=parent, state="Z", switches=0)


def fire_zombies(t):
    """Children that ended and were not collected fill it. Nobody lists them any more; it is neither the shell around nor the neighbour with two threads."""
    t.proc(650, "sh", switches=0)
    t.proc(700, "importd", ppid=650, cpu=0.01)
    t.proc(601, "arotator", threads=2)
    t.proc(602, "sleep", ppid=601)
    zombies(t, 700)
    t.group("/imports", procs=[650, 700, 601, 602], pids=dict(limit=64, used=64, refused=5))
    return finding("cgroup.pids:/imports", "exhausted", culprit=("process", "importd", 700))


def fire_above(t):
    """The limit is that of the group above; the refusals are counted in the one that forks, which has none of its own."""
    procs = members(t)
    t.group("/pod/c1", procs=procs, pids=dict(limit="max", used=100, refused=5))
    t.group("/pod", procs=[], pids=dict(limit=100, used=100, refused=[0] * 6))
    return finding("cgroup.pids:/pod", "exhausted", culprit=("process", "app", 600), refused=25, since=1)


def fire_above_v1(t):
    """The same where the one below has a limit that it is far from."""
    procs = members(t)
    t.group("/pod", procs=[], pids=dict(limit=100, used=100, refused=[0] * 6), v1=True)
    t.group("/pod/c1", procs=procs, pids=dict(limit=5000, used=100, refused=5), v1=True)
    return finding("cgroup.pids:/pod", "exhausted", culprit=("process", "app", 600), refused=25)


def fire_below(t):
    """Since Linux 6.11 a refusal counts in all groups above: they have room, and are not it."""
    t.group("/pod/c1", procs=members(t), pids=dict(limit=100, used=100, refused=5))
    t.group("/pod", procs=[], pids=dict(limit=1000, used=130, refused=5))
    return finding("cgroup.pids:/pod/c1", "exhausted", culprit=("process", "app", 600))


def quiet_below_long_ago(t):
    """A group with room, and refusals below it long ago."""
    t.group("/pod/c1", procs=members(t), pids=dict(limit="max", used=90, refused=[700] * 6))
    t.group("/pod", procs=[], pids=dict(limit=100, used=90, refused=[0] * 6))
