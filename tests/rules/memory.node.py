# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""One node is full, the other is not."""

from expect import finding

GIB = 1 << 20       # KiB


def node(t, number, free, file=0, low=50000, total=8 * GIB):
    t.set("sys/devices/system/node/node%d/meminfo" % number, "".join("Node %d %s %8d kB\n" % (number, k, v) for k, v in (
        ("MemTotal:", total), ("MemFree:", free), ("MemUsed:", total - free), ("FilePages:", file), ("Shmem:", 0))))
    return "Node %d, zone   Normal\n  pages free     %d\n        min      %d\n        low      %d\n        high     60000\n        managed  %d\n" % (
        number, free // 4, low // 2, low, total // 4)


def machine(t, first, second):
    t.numbers["proc/zoneinfo"] = (node(t, 0, first) + node(t, 1, second)).rstrip()


def fire(t):
    machine(t, 150000, 4 * GIB)
    t.memory(swap_free=lambda i: 4096 - 20 * i)
    t.vmstat(pswpout=3000, pgscan_direct=9000)
    return finding("memory.node:0", "saturated", culprit=("config", "numactl or cpuset.mems, node 0"))


def quiet(t):
    """A node full of file cache: the kernel's background work drops it, and nobody waits."""
    machine(t, 150000, 4 * GIB)
    t.vmstat(pgscan_kswapd=20000)


def quiet_both(t):
    """Both are as full: that is no matter of nodes."""
    machine(t, 150000, 170000)
    t.vmstat(pgscan_direct=2000)
