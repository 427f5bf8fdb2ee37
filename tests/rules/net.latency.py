# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Round trips that became long: buffers that somebody fills, paths."""

from expect import finding
from tree import Sock

PEER = "198.51.100.7"


def transfer(t, rtt=0.35, peer=PEER):
    t.proc(600, "backupd", cpu=0.1, open=[Sock(8100)])
    t.connect("10.0.0.5", 41000, peer, 873, inode=8100, sendq=400000, info=dict(out=900000, rtt=rtt, min_rtt=0.02))


def small(t, k, peer=PEER, rtt=0.34, port=22):
    t.proc(700 + k, "sshd", cpu=0.01, open=[Sock(8200 + k)])
    t.connect("10.0.0.5", port, peer, 50000 + k, inode=8200 + k, sendq=100, info=dict(out=900, in_=400, rtt=rtt, min_rtt=0.02))


def fire(t):
    """Our own transfer fills the line to a peer: who types there waits."""
    transfer(t)
    small(t, 0)
    return finding("net.latency:" + PEER, "saturated", "warning", culprit=("process", "backupd", 600), victims=["sshd"])


def fire_uplink(t):
    """The buffer is near to us: all peers wait."""
    transfer(t)
    for k in range(3):
        small(t, k, peer="198.51.100.%d" % (20 + k))
    return finding("net.latency", "saturated", "warning", culprit=("process", "backupd", 600))


def fire_path(t):
    """Nobody here sends much; a database far away answers late."""
    t.proc(600, "shopd", cpu=0.1, open=[Sock(8100), Sock(8101)])
    for k in range(2):
        t.connect("10.0.0.5", 41000 + k, PEER, 5432, inode=8100 + k, sendq=100, info=dict(out=2000, in_=9000, rtt=0.45, min_rtt=0.02))
    return finding("net.latency:" + PEER, "saturated", "warning", culprit=("path", PEER), victims=["shopd"])


def quiet(t):
    """A transfer alone in its buffer; others, elsewhere, are well."""
    transfer(t)
    for k in range(3):
        small(t, k, peer="198.51.100.%d" % (20 + k), rtt=0.021)


def quiet_late_acks(t):
    """Peers that acknowledge after 200 ms."""
    t.proc(600, "pushd", cpu=0.1, open=[Sock(8100 + k) for k in range(6)])
    for k in range(6):
        t.connect("10.0.0.5", 41000 + k, "198.51.100.%d" % (20 + k // 2), 5432, inode=8100 + k, info=dict(out=2000, in_=900, rtt=0.2, min_rtt=0.001))


def quiet_mobile(t):
    """Visitors on the road."""
    for k in range(6):
        small(t, k, peer="198.51.100.20", rtt=0.8, port=443)


def quiet_far(t):
    """It always was far away."""
    t.proc(600, "shopd", cpu=0.1, open=[Sock(8100), Sock(8101)])
    for k in range(2):
        t.connect("10.0.0.5", 41000 + k, PEER, 5432, inode=8100 + k, info=dict(out=2000, in_=9000, rtt=0.62, min_rtt=0.6))


def fire_two_places(t):
    """A buffer that is filled in one namespace, and a path that became long in another: two troubles."""
    transfer(t)
    small(t, 0)
    net = t.netns("shop", 4026532200)
    t.proc(900, "shopd", cpu=0.1, open=[Sock(8300), Sock(8301)], netns=4026532200)
    for k in range(2):
        net.connect("172.17.0.2", 41000 + k, "203.0.113.9", 5432, inode=8300 + k, sendq=100, info=dict(out=2000, in_=9000, rtt=0.45, min_rtt=0.02))
    return [finding("net.latency:" + PEER, "saturated", "warning", culprit=("process", "backupd", 600)),
            finding("net.latency:203.0.113.9", "saturated", "warning", culprit=("path", "203.0.113.9"))]
