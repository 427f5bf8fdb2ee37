# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A group that may do no more I/O: what a limit is for, unless somebody waits for the group."""

from expect import finding, note
from tree import MIB, Sock

GROUP = "/system.slice/files.service"
READS = dict(dev=(8, 0), rbps=MIB, wbps=10 * MIB, rbytes=0.99 * MIB, rios=200)


def server(t, state="D", blocked=None, waiting=2):
    t.proc(600, "filed", cpu=0.01, state=state, open=[Sock(8001)], io=dict(read=MIB), cgroup=GROUP)
    t.listen(8300, 8001, waiting=waiting, backlog=128)
    return [600]


def fire(t):
    t.group(GROUP, procs=server(t), io=READS, pressure=0.95)
    return finding("cgroup.io:" + GROUP, "saturated", culprit=("process", "filed", 600), cgroup=GROUP, victims=["filed"], used=(0.97, 1.0), limit=1)


def fire_v1(t):
    t.group(GROUP, procs=server(t), io=dict(READS, rios=90, riops=90, rbytes=0.5 * MIB), v1=True)
    return finding("cgroup.io:" + GROUP, "saturated", culprit=("process", "filed", 600), victims=["filed"])


def fire_worker(t):
    """A database: the process that reads is not the one that listens."""
    t.proc(700, "postgres", switches=0, open=[Sock(8002)])
    t.proc(701, "postgres", ppid=700, uid=26, state="D", io=dict(read=MIB))
    t.listen(5432, 8002, backlog=200, waiting=1)
    t.group(GROUP, procs=[700, 701], io=READS)
    return finding("cgroup.io:" + GROUP, "saturated", culprit=("process", "postgres", 701), victims=["postgres"])


def fire_search(t):
    """A search of many readers has most of what the group may; none of them as much as the server."""
    server(t)
    for k in range(8):
        t.proc(700 + k, "grep", ppid=690, pgrp=690, state="D", io=dict(read=2 * MIB), cgroup=GROUP)
    t.procs[600].io = dict(read=4 * MIB)
    t.group(GROUP, procs=[600] + list(range(700, 708)), io=dict(READS, rbps=20 * MIB, rbytes=19.9 * MIB), pressure=0.95)
    return finding("cgroup.io:" + GROUP, "saturated", culprit=("process", "grep"), cgroup=GROUP, victims=["filed"])


def quiet(t):
    """A backup at its limit: that is what the limit is for."""
    t.proc(600, "backup", state="D", io=dict(read=MIB))
    t.group("/batch.slice/backup.service", procs=[600], io=READS, pressure=0.99)
    return note("cgroup.io:/batch.slice/backup.service")


def quiet_below(t):
    """A server that reads much, and may read more."""
    t.group(GROUP, procs=server(t), io=dict(READS, rbytes=0.6 * MIB))


def quiet_asynchronous(t):
    """As much as it may, and nobody stands still for it."""
    t.group(GROUP, procs=server(t, state="S", waiting=0), io=READS)


def quiet_no_limit(t):
    t.group(GROUP, procs=server(t), io=dict(dev=(8, 0), rbytes=50 * MIB, rios=900))


def quiet_beside(t):
    """The ssh server of a container, beside a job that is held back."""
    t.proc(600, "sshd", switches=0, open=[Sock(8001)])
    t.proc(610, "report", state="D", io=dict(read=MIB))
    t.listen(22, 8001, backlog=128)
    t.connect("10.0.0.5", 22, "10.0.0.9", 40000, inode=8100)
    t.group("/docker/abc", procs=[600, 610], io=READS)
    return note("cgroup.io:/docker/abc")


def fire_unix(t):
    """A database that is asked over a unix socket."""
    t.proc(700, "mysqld", state="D", io=dict(read=MIB), open=[Sock(8002)])
    t.unix("/run/mysqld/mysqld.sock", 8002, backlog=80, waiting=[0, 1, 2, 1, 0, 1])
    t.group(GROUP, procs=[700], io=READS)
    return finding("cgroup.io:" + GROUP, "saturated", culprit=("process", "mysqld", 700), victims=["mysqld"])


def quiet_unix(t):
    """A backup with a socket for its control."""
    t.proc(600, "backup", state="D", io=dict(read=MIB), open=[Sock(8002)])
    t.unix("/run/backup.sock", 8002, backlog=80)
    t.group(GROUP, procs=[600], io=READS)
    return note("cgroup.io:" + GROUP)
