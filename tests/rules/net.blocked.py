# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A rule of the firewall drops what a listener of this machine waits for."""

from expect import finding
from tree import Sock, nft_chain, nft_rule

SERVER, CLIENT = "172.17.0.2", "172.17.0.1"


def containers(t, waits=True, talked=True, waiting=0):
    """A database in a container, its client on the host."""
    net = t.netns("db", 4026532200)
    t.proc(600, "postgres", open=[Sock(8001)], netns=4026532200)
    net.listen(5432, 8001, waiting=waiting, backlog=128)
    t.proc(700, "shopd", cpu=0.01, open=[Sock(8100 + k) for k in range(4)])
    if waits:
        for k in range(3):
            t.connect(CLIENT, 41000 + k, SERVER, 5432, state="syn-sent", inode=8100 + k)
    if talked:
        net.connect(SERVER, 5432, CLIENT, 40000, state="time-wait")
    else:
        net.connect(SERVER, 5432, "172.17.0.9", 40000, state="time-wait")


def rules(t, *made, policy=1):
    t.set("netns/db/netlink/nft_chains", nft_chain("filter", "input", 1, policy=policy))
    t.set("netns/db/netlink/nft_rules", b"".join(made))


def fire(t):
    containers(t)
    rules(t, nft_rule("filter", "input", 4, packets=20, verdict=0, dport=5432))
    return finding("net.firewall:inet filter input", "wrong", "warning", culprit=("config", "rule 1 of chain inet filter input"), netns="db", used=3)


def fire_policy(t):
    """No rule takes the port any more."""
    containers(t)
    rules(t, nft_rule("filter", "input", 4, packets=20, verdict=1, dport=22), policy=0)
    return finding("net.firewall:inet filter input", "wrong", "warning", culprit=("config", "chain inet filter input"), netns="db")


def quiet(t):
    """A port that is closed to this client, and always was."""
    containers(t, talked=False)
    rules(t, nft_rule("filter", "input", 4, packets=20, verdict=0, dport=5432))


def quiet_other(t):
    """The rule is about another port; the host is gone, or the path."""
    containers(t)
    rules(t, nft_rule("filter", "input", 4, packets=20, verdict=0, dport=3306))


def quiet_nobody_waits(t):
    """It drops, as it is meant to."""
    containers(t, waits=False)
    rules(t, nft_rule("filter", "input", 4, packets=2000, verdict=0, dport=5432))


def fire_answers(t):
    """The connect arrives; a rule drops the answers to it."""
    containers(t)
    rules(t, nft_rule("filter", "output", 4, packets=20, verdict=0, sport=5432))
    return finding("net.firewall:inet filter output", "wrong", "warning", culprit=("config", "rule 1 of chain inet filter output"), netns="db", used=3)
