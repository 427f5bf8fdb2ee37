# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Rules that every packet has to go through."""

from expect import finding, note
from tree import nft_chain, nft_rule

N = 1000


def chain(t, hot):
    """A thousand rules; nearly all packets are taken by the one at `hot`."""
    t.set("netlink/nft_chains", nft_chain("fw", "in", 1))
    t.set("netlink/nft_rules", lambda i: b"".join(
        nft_rule("fw", "in", 100 + k, packets=1000 + 60000 * i if k == hot else 10, verdict=int(k == hot)) for k in range(1, N + 1)))


def fire(t):
    """The hot rule stands last, and the CPU does nothing but softirqs."""
    chain(t, N)
    t.counters(packets=60000)
    t.cpus = 1
    t.cpu(softirq=0.9, user=0.02)
    return finding("net.firewall:inet fw in", "saturated", severity="warning", culprit=("config", "rule 1000 of chain inet fw in"), used=(0.5, 0.7))


def quiet(t):
    """The same rules, and the hot one is the first."""
    chain(t, 1)
    t.counters(packets=60000)
    t.cpu(softirq=0.9, user=0.02)


def quiet_idle(t):
    """It costs something, and nobody waits for the softirqs."""
    chain(t, N)
    t.counters(packets=20000)
    return note("net.firewall:inet fw in")


def quiet_few(t):
    """Many rules that few packets meet."""
    chain(t, N)
    t.counters(packets=300)
