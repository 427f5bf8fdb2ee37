# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Nameservers that programs wait for."""

from expect import finding
from tree import Sock

SERVER = "10.0.0.53"


def asks(t, pool, server=SERVER, more=()):
    """A process whose questions wait; what our own question told."""
    t.proc(700, "maild", cpu=0.01, open=[Sock(9001)])
    t.udp(41000, 9001, address="10.0.0.5", peer=server, peer_port=53)
    t.book("dns", 1, "dns", port=53, status="ok" if pool["up"] == 1 else "hung", pools=[("other", "dns/" + server, pool), *more])


def fire(t):
    """It says nothing."""
    asks(t, dict(up=2, time=0, failed=1))
    return finding("dns:" + SERVER, "stalled", "warning", culprit=("destination", SERVER + ":53"), victims=["maild"])


def fire_late(t):
    asks(t, dict(up=1, time=420000, served=1))
    return finding("dns:" + SERVER, "saturated", "warning", culprit=("destination", SERVER + ":53"), victims=["maild"])


def fire_here(t):
    """A process of this machine answers there."""
    asks(t, dict(up=2, time=0, failed=1), server="127.0.0.1")
    t.proc(650, "named", state="T", open=[Sock(8053)])
    t.udp(53, 8053, recvq=110000, buffer=212992, address="127.0.0.1")
    return finding("dns:127.0.0.1", "stalled", "warning", culprit=("process", "named", 650), victims=["maild"])


def quiet(t):
    """A name whose own servers do not answer: the nameserver is well."""
    asks(t, dict(up=1, time=900, served=1))


def quiet_refuses(t):
    """It does not tell us the servers of the root, and says so at once."""
    asks(t, dict(up=2, time=700, failed=1))


def quiet_nobody_waits(t):
    """It is slow, and nobody asks it."""
    t.book("dns", 1, "dns", port=53, pools=[("other", "dns/" + SERVER, dict(up=1, time=420000, served=1))])


def fire_aaaa(t):
    """It answers, but drops what asks for IPv6 addresses: the C library asks for both at once and waits for both."""
    asks(t, dict(up=1, time=900, served=1), more=[("other", "dns-aaaa/" + SERVER, dict(up=2))])
    return finding("dns:" + SERVER, "stalled", "warning", culprit=("destination", SERVER + ":53"), victims=["maild"], text="AAAA")


def quiet_aaaa_of_another(t):
    asks(t, dict(up=1, time=900, served=1), more=[("other", "dns-aaaa/10.0.0.54", dict(up=2))])


def forwarder(t, unread=0, **more):
    asks(t, dict(up=2, time=0, failed=1), server="127.0.0.53")
    t.proc(650, "systemd-resolve", open=[Sock(8053), Sock(8054)], **more)
    t.udp(53, 8053, address="127.0.0.53")
    t.udp(43211, 8054, address="10.0.0.5", peer="10.0.0.2", peer_port=53, recvq=unread)


def fire_forwarder(t):
    """It passes questions on, and waits for the answers itself."""
    forwarder(t)
    return finding("dns:127.0.0.53", "stalled", "warning", culprit=("destination", "10.0.0.2:53"), victims=["maild"])


def fire_forwarder_stopped(t):
    """It would wait as well if it had stopped."""
    forwarder(t, state="T")
    return finding("dns:127.0.0.53", "stalled", "warning", culprit=("process", "systemd-resolve", 650))


def fire_forwarder_does_not_read(t):
    """The answer is there."""
    forwarder(t, unread=600)
    return finding("dns:127.0.0.53", "stalled", "warning", culprit=("process", "systemd-resolve", 650))
