# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A server that could not save and stores nothing any more."""

from expect import finding
from tree import GIB, File


def redis(t, ok=0, refused=20):
    t.server(650, "redis-server", 6379)
    t.book("redis", 650, "redis", port=6379, pools=[("memory", "-", dict(used=80 << 20))],
           numbers={"rdb.ok": ok, "forks": 50, "errors.misconf": lambda i: 7 + refused * i, "commands": lambda i: 900 * i})


def fire(t):
    redis(t)
    return finding("errors:redis", "exhausted", "critical", culprit=("process", "redis-server", 650), refused=100)


def fire_full(t):
    """The filesystem is full: that is the trouble."""
    redis(t)
    t.mount("/srv", (8, 3), 10 * GIB, 0)
    t.proc(600, "app", cpu=0.2, io=dict(wchar=100, calls=400), open=[File("/srv/app.log", dev=(8, 3), inode=77, size=3 * GIB, writable=True)])
    return finding("filesystem.space:/srv", "exhausted", effects=["errors:redis"], culprit=("process", "app", 600), rule="filesystem.space")


def quiet(t):
    """The save failed, and writes go on (stop-writes-on-bgsave-error no)."""
    redis(t, refused=0)


def quiet_over(t):
    """It was refused, saved since, and all is well."""
    redis(t, ok=1)
