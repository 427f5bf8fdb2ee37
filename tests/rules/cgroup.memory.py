# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A group's memory: only what cannot be given back counts."""

from expect import Expect, finding
from tree import GIB, MIB, File

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
    t.group(GROUP, procs=members(t, rss=t.line(570, 770)), memory=dict(limit=GIB, used=t.line(600 * MIB, 800 * MIB), file=10 * MIB))
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


def quiet_v1_kernel_memory(t):
    """Version 1 charges dentries and inodes too, and does not say that they can go: a walk over many files below a limit."""
    t.proc(610, "updatedb", rss=20, cgroup=GROUP)
    t.group(GROUP, procs=[610], memory=dict(limit=256 * MIB, used=t.line(180 * MIB, 240 * MIB), file=20 * MIB, slab=t.line(140 * MIB, 200 * MIB)), v1=True)


def quiet_v1_kernel_memory_full(t):
    """The same at the limit, and running into it."""
    t.proc(610, "updatedb", rss=20, cgroup=GROUP)
    t.group(GROUP, procs=[610], memory=dict(limit=256 * MIB, used=256 * MIB - 4096, file=4 * MIB, slab=232 * MIB, hits=300), v1=True)


def fire_v1_saturated(t):
    """At the limit with anonymous memory and files in memory."""
    t.group(GROUP, procs=members(t, rss=700), memory=dict(limit=GIB, used=1022 * MIB, file=2 * MIB, shmem=300 * MIB, hits=300), v1=True)
    return finding("cgroup.memory:" + GROUP, "saturated", culprit=("process", "app", 600))


POD = "/kubepods/pod77"


def nested(t, **pod):
    """A container without a limit in a pod: version 1 counts the kill in the container, and that a limit was hit where the limit is."""
    t.proc(610, "worker", rss=[700, 850, 1000, 0, 0, 0], gone=3, cgroup=POD + "/web")
    t.proc(611, "worker", rss=[0, 0, 0, 20, 170, 320], born=3, cgroup=POD + "/web")
    used = [720 * MIB, 870 * MIB, 1010 * MIB, 30 * MIB, 180 * MIB, 330 * MIB]
    t.group(POD, memory=dict(limit=GIB, used=used, kills=0, hits=[0, 0, 0, 30, 30, 30]), v1=True)
    t.group(POD + "/web", procs=[610, 611], memory=dict(dict(limit=9223372036854771712, used=used, kills=[0, 0, 0, 1, 1, 1], hits=0), **pod), v1=True)
    t.ended("worker", 1, when=lambda i: i == 3, pid=610, code=9, oom=True, cpu=1, life=5, rss=1010)
    t.vmstat(oom_kill=[0, 0, 0, 1, 1, 1])


def fire_v1_limit_above(t):
    nested(t)
    return finding("cgroup.memory:" + POD, "exhausted", culprit=("process", "worker", 610), victims=["worker"], refused=1, since=3)


def fire_v1_limit_of_its_own(t):
    """The container has a limit of its own and was killed at that; the pod ran into its own for page cache. One kill, one finding."""
    nested(t, limit=1012 * MIB, hits=[0, 0, 0, 9, 9, 9])
    return finding("cgroup.memory:" + POD + "/web", "exhausted", culprit=("process", "worker", 610), victims=["worker"], refused=1, since=3)


def killed_beside(t, **worker):
    """Something large stands, and is spared (OOMScoreAdjust); somebody else takes what is left and is killed."""
    t.proc(600, "redis-server", rss=600, cgroup=GROUP)
    t.proc(609, "supervise", rss=3, cgroup=GROUP)
    t.proc(610, "worker", **dict(dict(rss=[120, 220, 320, 0, 0, 0], gone=3, ppid=609, cgroup=GROUP), **worker))
    t.proc(611, "worker", rss=[0, 0, 0, 20, 120, 220], born=3, ppid=609, cgroup=GROUP)
    t.vmstat(oom_kill=[3, 3, 3, 4, 4, 4])
    t.group(GROUP, procs=[600, 609, 610, 611],
            memory=dict(limit=GIB, used=[730 * MIB, 830 * MIB, 930 * MIB, 640 * MIB, 740 * MIB, 840 * MIB], kills=[3, 3, 3, 4, 4, 4], oom=[3, 3, 3, 4, 4, 4], hits=[0, 0, 0, 30, 30, 30]))


def fire_killed_took_the_rest(t):
    killed_beside(t)
    t.ended("worker", 609, when=lambda i: i == 3, pid=610, code=9, oom=True, cpu=1, life=5, rss=420)
    return finding("cgroup.memory:" + GROUP, "exhausted", culprit=("process", "worker", 610), victims=["worker"])


def fire_killed_while_it_started(t):
    """The same, but the killed one had only begun: it is what it needs, and has no room beside the large one."""
    killed_beside(t, start=10**7 - 150)
    t.ended("worker", 609, when=lambda i: i == 3, pid=610, code=9, oom=True, cpu=1, life=3, rss=420)
    return finding("cgroup.memory:" + GROUP, "exhausted", culprit=("process", "redis-server", 600), victims=["worker"])


def fire_killed_between_samples(t):
    """It took more than half of the group in less than a second."""
    t.proc(600, "redis-server", rss=300, cgroup=GROUP)
    t.proc(609, "supervise", rss=3, cgroup=GROUP)
    t.ended("import", 609, when=lambda i: i == 3, pid=610, code=9, oom=True, cpu=1, life=1, rss=720)
    t.vmstat(oom_kill=[3, 3, 3, 4, 4, 4])
    t.proc(611, "import", rss=[0, 0, 0, 20, 40, 50], born=3, ppid=609, cgroup=GROUP)
    t.group(GROUP, procs=[600, 609, 611], memory=dict(limit=GIB, used=520 * MIB, kills=[3, 3, 3, 4, 4, 4], oom=[3, 3, 3, 4, 4, 4], hits=[0, 0, 0, 30, 30, 30]))
    return finding("cgroup.memory:" + GROUP, "exhausted", culprit=("process", "import", 610), victims=["import"])


def refill(t, last, kills=3):
    t.proc(610, "worker", rss=t.line(100, last - 20), cgroup=GROUP)
    t.group(GROUP, procs=[610], memory=dict(limit=GIB, used=t.line(120 * MIB, last * MIB), kills=[kills] * 6, oom=[kills] * 6, hits=[90] * 6))
    t.vmstat(oom_kill=[kills] * 6)


def fire_again(t):
    """Killed before, and on its way again, though not half full."""
    refill(t, 450)
    return finding("cgroup.memory:" + GROUP, "filling", culprit=("process", "worker", 610), eta=(8, 10))


def fire_again_fast(t):
    refill(t, 870)
    return finding("cgroup.memory:" + GROUP, "filling", culprit=("process", "worker", 610), eta=(0.5, 2))


def quiet_killed_once(t):
    """One kill of a past day is no habit: a service that starts takes its memory on a line too."""
    refill(t, 450, kills=1)


def quiet_killed_and_levels_off(t):
    t.proc(610, "worker", rss=[100, 250, 330, 370, 385, 390], cgroup=GROUP)
    t.group(GROUP, procs=[610], memory=dict(limit=GIB, used=[120 * MIB, 270 * MIB, 350 * MIB, 390 * MIB, 405 * MIB, 410 * MIB], kills=[5] * 6, oom=[5] * 6, hits=[90] * 6))


def spooled(t, **more):
    """Something large stands; another one's files in /dev/shm are charged to the group."""
    t.proc(600, "redis-server", rss=500, cgroup=GROUP)
    t.proc(610, "spooler", rss=8, cpu=0.2, cgroup=GROUP, **more)
    t.memory(shmem=t.line(100, 300))
    t.group(GROUP, procs=[600, 610], memory=dict(limit=GIB, used=t.line(580 * MIB, 780 * MIB), shmem=t.line(60 * MIB, 260 * MIB)))


def names_no_grower(run):
    return next(("says that something grows: " + f["title"] for f in run.doc["findings"] if f["title"].endswith(("redis-server grows", "spooler grows"))), None)


def fire_files(t):
    spooled(t, io=dict(wchar=40 * MIB, calls=400))
    return Expect(finding("cgroup.memory:" + GROUP, "filling", culprit=("process", "spooler", 610)), checks=[names_no_grower])


def fire_files_held(t):
    spooled(t)
    t.held("/dev/shm/q", dev=(0, 61), pid=610, size=260 * MIB, growth=80 * MIB, since=2.0)
    return Expect(finding("cgroup.memory:" + GROUP, "filling", culprit=("process", "spooler", 610)), checks=[names_no_grower])


def fire_nobody_grows(t):
    """Memory of the group grows, and none of its processes does (sockets, page tables): the largest has nothing to do with it."""
    t.proc(600, "redis-server", rss=500, cgroup=GROUP)
    t.group(GROUP, procs=[600], memory=dict(limit=GIB, used=t.line(580 * MIB, 780 * MIB)))
    return Expect(finding("cgroup.memory:" + GROUP, "filling", culprit=("kernel", "memory of no process")), checks=[names_no_grower])
