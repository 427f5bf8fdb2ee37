# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Nameservers that have no room for further questions."""

from expect import finding
from tree import Sock

UP = "192.0.2.53"


def unbound(t, used=64, refused=lambda i: 20 * i, upstream=UP, sockets=40, limit=64, **numbers):
    """Unbound with 64 places, whose questions wait at a nameserver; upstream(k): of the k-th of them."""
    t.proc(650, "unbound", cpu=0.02, open=[Sock(8053)] + [Sock(9000 + k) for k in range(sockets)])
    t.udp(53, 8053, address="10.0.0.5")
    for k in range(sockets):
        t.udp(30000 + k, 9000 + k, address="10.0.0.5", peer=upstream(k) if callable(upstream) else upstream, peer_port=53)
    t.book("unbound", 650, "unbound", port=53, numbers=numbers,
           pools=[("queue", "requests", dict(used=used, limit=limit, high=64, served=lambda i: 100 * i, refused=refused, time=1400000))])


def fire(t):
    """The forwarder behind it says nothing."""
    unbound(t)
    return finding("queue:unbound/requests", "exhausted", culprit=("destination", UP + ":53"), limit=64, used=64, refused=(80, 100))


def fire_overwritten(t):
    """What is dropped is older questions, for the sake of newer ones."""
    unbound(t, refused=0, **{"requests.overwritten": lambda i: 30 * i})
    return finding("queue:unbound/requests", "exhausted", culprit=("destination", UP + ":53"))


def fire_limit_not_told(t):
    unbound(t, limit=None)
    return finding("queue:unbound/requests", "exhausted", culprit=("destination", UP + ":53"), used=64)


def fire_asked_too_much(t):
    """It waits for a hundred nameservers of the world, for none of them with many questions."""
    unbound(t, upstream=lambda k: "198.51.100.%d" % (k + 1))
    return finding("queue:unbound/requests", "exhausted", culprit=("traffic", "many questions"))


def fire_bind(t):
    t.proc(650, "named", cpu=0.02, open=[Sock(8053)])
    t.udp(53, 8053, address="10.0.0.5")
    t.book("bind", 650, "named", port=53, numbers={"requests.v4": lambda i: 400 * i},
           pools=[("queue", "recursion", dict(used=900, limit=1000, refused=lambda i: 50 * i))])
    return finding("queue:named/recursion", "exhausted", culprit=("process", "named", 650), used=900)


def fire_few_wait(t):
    """Two of its questions wait for a dead nameserver, and sixty for something that is not seen."""
    unbound(t, sockets=2)
    return finding("queue:unbound/requests", "exhausted", culprit=("process", "unbound", 650))


def fire_one_thread(t):
    """Four threads have 64 places each, and all clients come to one of them."""
    unbound(t, limit=256, **{"config.threads": 4})
    return finding("queue:unbound/requests", "exhausted", culprit=("destination", UP + ":53"), used=64, limit=256)


def fire_set_to_zero(t):
    """A collector sets its statistics to zero each time it reads them."""
    unbound(t, refused=[300, 20, 40, 60, 10, 30])
    return finding("queue:unbound/requests", "exhausted", culprit=("destination", UP + ":53"))


def fire_and_who_asks(t):
    """A program of this machine that asks it waits: that follows from it."""
    unbound(t)
    t.proc(700, "maild", cpu=0.01, open=[Sock(7001)])
    t.udp(41000, 7001, address="127.0.0.1", peer="127.0.0.1", peer_port=53)
    t.udp(53, 8054, address="127.0.0.1")
    t.proc(651, "cron")
    t.book("dns", 1, "dns", port=53, status="hung", pools=[("other", "dns/127.0.0.1", dict(up=2, time=0, failed=1))])
    return finding("queue:unbound/requests", "exhausted", culprit=("destination", UP + ":53"))


def quiet_one_of_threads(t):
    """Some were dropped, and there is room again."""
    unbound(t, limit=256, used=30, **{"config.threads": 4})


def quiet(t):
    """All places are taken, after its start, and nothing is dropped."""
    unbound(t, refused=0)


def quiet_long_ago(t):
    unbound(t, refused=5000)


def quiet_moment(t):
    """Some were dropped a moment ago; there is room again."""
    unbound(t, used=[64, 64, 64, 20, 9, 4], refused=[0, 10, 20, 20, 20, 20])
