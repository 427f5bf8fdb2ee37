# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""System V message queues."""

from expect import finding

HEAD = "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n"


def used(t, n):
    t.number("kernel/msgmni", 32)
    t.set("proc/sysvipc/msg", HEAD + "".join("         0 %10d   644            0          0     0     0    33    33    33    33          0          0 1700000000" % k + "\n" for k in range(n)))


def fire(t):
    used(t, 32)
    return finding("ipc.msg", "exhausted", culprit=("config", "kernel.msgmni"), used=32, limit=32)


def quiet(t):
    """Leftovers that stand, with room beside them."""
    used(t, 24)
