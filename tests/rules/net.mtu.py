# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A path that swallows packets of full size."""

from expect import finding
from tree import Sock

PEER = "198.51.100.7"


def server(t):
    t.proc(600, "nginx", cpu=0.1, open=[Sock(8001)] + [Sock(8100 + k) for k in range(4)])
    t.listen(443, 8001)


def hanging(t, n=3, **more):
    for k in range(n):
        t.connect("10.0.0.1", 443, PEER, 5000 + k, inode=8100 + k, sendq=90000, info=dict(dict(out=0, retrans=1), **more))


def fire(t):
    """Small answers pass, large ones hang."""
    server(t)
    hanging(t)
    t.connect("10.0.0.1", 443, PEER, 6000, inode=8103, info=dict(out=400, in_=300))
    return finding("net.mtu:" + PEER, "wrong", severity="warning", culprit=("path", PEER), used=3)


def quiet(t):
    """Random loss: large segments get through now and then."""
    server(t)
    hanging(t, out=9000)


def quiet_dead(t):
    """The peer is gone."""
    server(t)
    hanging(t)


def quiet_window(t):
    server(t)
    hanging(t, closed=True)
    t.connect("10.0.0.1", 443, PEER, 6000, inode=8103, info=dict(out=400, in_=300))


def fire_pauses(t):
    """For a while already: the pauses between two attempts are longer than the window."""
    server(t)
    hanging(t, retrans=0, timeouts=6)
    t.connect("10.0.0.1", 443, PEER, 6000, inode=8103, info=dict(out=400, in_=300))
    return finding("net.mtu:" + PEER, "wrong", severity="warning", culprit=("path", PEER), used=3)


def fire_short(t):
    """Short connections come and go so fast that no count sees them."""
    server(t)
    hanging(t)
    t.flow(443, peer=PEER, local="10.0.0.1", opened=3, closed=3, sent=600, received=300)
    return finding("net.mtu:" + PEER, "wrong", severity="warning", culprit=("path", PEER), used=3)


def quiet_large(t):
    """Two that hang beside large ones that pass."""
    server(t)
    hanging(t)
    t.flow(443, peer=PEER, local="10.0.0.1", opened=3, closed=3, sent=600000, received=300)


def fire_beside_small(t):
    """Much that is small passes on other connections: of what stands nothing does."""
    server(t)
    hanging(t, timeouts=4)
    t.connect("10.0.0.1", 443, PEER, 6000, inode=8103, info=dict(out=9000, in_=3000))
    return finding("net.mtu:" + PEER, "wrong", severity="warning", culprit=("path", PEER))


def quiet_beside_large(t):
    """The same, and large answers to others at that address got through: who hangs is gone."""
    server(t)
    hanging(t, timeouts=4)
    t.flow(443, peer=PEER, local="10.0.0.1", opened=3, closed=3, sent=90000, received=300)
