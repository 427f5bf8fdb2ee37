# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""System V semaphore sets: those of programs that crashed stay."""

from expect import finding

HEAD = "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n"


def used(t, n):
    t.number("kernel/sem", "32000 1024000000 500 32")
    t.set("proc/sysvipc/sem", HEAD + "".join("         0 %10d   600          1    33    33    33    33          0 1700000000" % k + "\n" for k in range(n)))


def fire(t):
    used(t, 32)
    return finding("ipc.sem", "exhausted", culprit=("config", "kernel.sem"), used=32, limit=32)


def quiet(t):
    """Leftovers that stand, with room beside them."""
    used(t, 24)
