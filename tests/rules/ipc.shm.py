# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""System V shared memory segments."""

from expect import finding

HEAD = "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n"


def used(t, n):
    t.number("kernel/shmmni", 32)
    t.set("proc/sysvipc/shm", HEAD + "".join("         0 %10d  1600               4096  1000  1000      0    33    33    33    33 0 0 1700000000 4096 0" % k + "\n" for k in range(n)))
    t.number("kernel/shmall", 18446744073692774399)


def fire(t):
    used(t, 32)
    return finding("ipc.shm", "exhausted", culprit=("config", "kernel.shmmni"), used=32, limit=32)


def quiet(t):
    """Leftovers that stand, with room beside them."""
    used(t, 24)
