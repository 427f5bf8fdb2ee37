# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A group's memory: only what cannot be given back counts."""

from expect import finding
from tree import GIB, MIB

GROUP = "/system.slice/app.service"


def members(t, rss=950):
    t.proc(600, "app", rss=rss, cpu=0.2)
    t.proc(601, "helper", ppid=600, rss=20)
    return [600, 601]


def fire(t):
    t.group(GROUP, procs=members(t), memory=dict(limit=GIB, used=1000 * MIB, file=20 * MIB, kills=[3, 3, 4, 4, 5, 5], oom=[3, 3, 4, 4, 5, 5], hits=40))
    t.vmstat(oom_kill=[7, 7, 8, 8, 9, 9])
    return finding("cgroup.memory:" + GROUP, "exhausted", culprit=("process", "app", 600), cgroup=GROUP, refused=2, limit=GIB, since=2)


def fire_v1(t):
    t.group(GROUP, procs=members(t), memory=dict(limit=GIB, used=1000 * MIB, file=20 * MIB, kills=[0, 0, 0, 1, 1, 1], hits=40), v1=True)
    t.vmstat(oom_kill=[0, 0, 0, 1, 1, 1])
    return finding("cgroup.memory:" + GROUP, "exhausted", culprit=("process", "app", 600), refused=1, since=3)


def fire_saturated(t):
    """At the limit with nothing to give back, running into it again and again."""
    t.group(GROUP, procs=members(t), memory=dict(limit=GIB, used=1020 * MIB, file=2 * MIB, hits=300))
    return finding("cgroup.memory:" + GROUP, "saturated", culprit=("process", "app", 600))


def fire_filling(t):
    t.group(GROUP, procs=members(t), memory=dict(limit=GIB, used=t.line(600 * MIB, 800 * MIB), file=10 * MIB))
    return finding("cgroup.memory:" + GROUP, "filling", culprit=("process", "app", 600), eta=(5, 7))


def quiet(t):
    """Full of page cache: usage at the limit, "max" events rising all the time, and the kernel gives it back at once."""
    t.group(GROUP, procs=members(t, rss=100), memory=dict(limit=GIB, used=GIB, file=900 * MIB, hits=500))


def quiet_v1(t):
    """The same with failcnt."""
    t.group(GROUP, procs=members(t, rss=100), memory=dict(limit=GIB, used=GIB, file=900 * MIB, hits=500), v1=True)


def quiet_starting(t):
    """A service that grows while it starts, and levels off."""
    t.group(GROUP, procs=members(t), memory=dict(limit=GIB, used=[300 * MIB, 500 * MIB, 600 * MIB, 640 * MIB, 650 * MIB, 652 * MIB]))


def quiet_cache_grows(t):
    """Usage on a line to the limit, all of it file cache."""
    t.group(GROUP, procs=members(t, rss=100), memory=dict(limit=GIB, used=t.line(600 * MIB, 900 * MIB), file=t.line(500 * MIB, 800 * MIB)))


def quiet_long_ago(t):
    """Kills of a past day."""
    t.group(GROUP, procs=members(t, rss=100), memory=dict(limit=GIB, used=200 * MIB, kills=[12] * 6))
    t.vmstat(oom_kill=[12] * 6)


def fire_small_grows(t):
    """The largest of the group stands; another one grows."""
    t.proc(600, "postgres", rss=500, cgroup="/docker/abc")
    t.proc(610, "exporter", rss=t.line(60, 260), cgroup="/docker/abc")
    t.group("/docker/abc", procs=[600, 610], memory=dict(limit=1024 * MIB, used=t.line(570 * MIB, 770 * MIB)))
    return finding("cgroup.memory:/docker/abc", "filling", culprit=("process", "exporter", 610))


def quiet_own_ceiling(t):
    """A cache warms up to a ceiling of its own below the group's."""
    t.server(600, "memcached", 11211, cpu=0.1, rss=t.line(560, 760), cgroup="/docker/abc")
    t.book("memcached", 600, "memcached", port=11211, pools=[("memory", "-", dict(used=t.line(550 * MIB, 750 * MIB), limit=800 * MIB))])
    t.group("/docker/abc", procs=[600], memory=dict(limit=1024 * MIB, used=t.line(570 * MIB, 770 * MIB)))
