# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Packets that the host does not take in time."""

from expect import finding


def softnet(t, drops, squeezed=0):
    t.set("proc/net/softnet_stat", lambda i: "".join(
        "%08x %08x %08x 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 %08x\n"
        % (90000 * (i + 1), drops[i] if c == 1 else 0, squeezed * i, c) for c in range(4)))


def fire(t):
    """The ring of the device."""
    t.link("eth0", packets=90000, missed=300, speed=1000)
    return finding("net.rx:eth0", "exhausted", severity="warning", culprit=("traffic", "packets at eth0"), refused=1500)


def fire_backlog(t):
    """The backlog of one CPU."""
    t.link("eth0", packets=90000)
    softnet(t, [0, 200, 500, 500, 900, 1200])
    return finding("net.rx", "exhausted", severity="warning", culprit=("traffic", "packets at eth0"), refused=1200, since=1)


def quiet_few_of_many(t):
    """A few of five million."""
    t.link("eth0", packets=1000000, missed=5, speed=10000)


def quiet(t):
    """Packets of protocols that nobody serves, and a softirq that goes on a moment later."""
    t.link("eth0", packets=90000, rx_dropped=5)
    softnet(t, [70] * 6, squeezed=40)
