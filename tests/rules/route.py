# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""IPv6 routes on a kernel that has a limit for them."""

from expect import finding


def routes(t, n, limit):
    t.sysctl("ipv6/route/max_size", limit)
    t.set("proc/net/rt6_stats", "0031 002a 1f40 0022 0000 %04x 0003\n" % n)


def fire(t):
    routes(t, 4097, 4096)
    t.klog(3, "Route cache is full: consider increasing sysctl net.ipv6.route.max_size.", level=4)
    return finding("route:ipv6", "exhausted", culprit=("config", "net.ipv6.route.max_size"), used=4097, limit=4096)


def quiet(t):
    """As many as the setting says, on a kernel that does not look at it: nothing was refused."""
    routes(t, 5000, 4096)


def quiet_new(t):
    routes(t, 60, 2147483647)
