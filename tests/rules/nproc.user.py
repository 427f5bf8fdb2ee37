# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A user at its process limit: all of its services at once cannot fork."""

from expect import finding, note


def workers(t, uid, n, threads, limit, first=600, name="worker"):
    for k in range(n):
        t.proc(first + k, name, uid=uid, threads=threads, nproc_limit=limit)


def fire(t):
    workers(t, 1001, 3, 33, 100)
    t.proc(650, "ssh-agent", uid=1001, nproc_limit=100)
    return finding("nproc:1001", "exhausted", culprit=("process", "worker"), used=100, limit=100)


def fire_by_name(t):
    """A local user bears its name."""
    t.set("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nshop:x:1001:1001::/srv/shop:/bin/false\n")
    workers(t, 1001, 3, 33, 99)
    return finding("nproc:shop", "exhausted", culprit=("process", "worker"))


def quiet(t):
    """As many tasks as the limit, but of two users: each is counted for itself."""
    workers(t, 1001, 2, 25, 100)
    workers(t, 1002, 2, 25, 100, first=700)


def quiet_root(t):
    """The limit does not hold for root."""
    workers(t, 0, 3, 40, 100)


def quiet_unlimited(t):
    workers(t, 1001, 3, 4000, 2**64 - 1)


def quiet_hardened(t):
    """A unit with LimitNPROC=1 and a user of its own: it will never fork, and the limit says so. Nobody fails."""
    workers(t, 990, 1, 1, 1, name="exporter")


def quiet_beyond(t):
    """One service of the user has a small limit, and another one's threads are far beyond it: that one does not fork, or would have failed for long."""
    workers(t, 33, 10, 30, 63000)
    workers(t, 33, 1, 1, 64, first=700, name="exporter")
    return note("nproc:33")


def fire_children(t):
    """Who starts children and does not wait for them is to blame, not the children."""
    t.proc(600, "importd", uid=1001, nproc_limit=80)
    for k in range(79):
        t.proc(700 + k, "curl", ppid=600, uid=1001, nproc_limit=80, switches=0)
    return finding("nproc:1001", "exhausted", culprit=("process", "importd", 600))


def fire_supervised(t):
    """A supervisor of the same user starts what it was told to: the one with most is told."""
    t.proc(600, "supervisord", uid=1001, nproc_limit=80)
    for k in range(49):
        t.proc(700 + k, "worker", ppid=600, uid=1001, nproc_limit=80, switches=0)
    for k in range(30):
        t.proc(800 + k, "mailer", ppid=600, uid=1001, nproc_limit=80, switches=0)
    return finding("nproc:1001", "exhausted", culprit=("process", "worker"))
