# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Requests that wait in a proxy for a place behind it."""

from expect import finding


def proxy(t, waiting, used=16, served=5, time=(3000000, 3000000), up=(1, 1), errors=0, split=None, own=(0, 0)):
    """HAProxy with a backend of two servers with eight places each; served: answers in a second; split: places taken of each, own: what waits for one of them."""
    t.server(600, "haproxy", 8000)
    each = lambda k: dict(used=(split or (used // 2,) * 2)[k], limit=8, waiting=own[k], up=up[k], time=time[k], served=lambda i: 100 + served * i // 2)
    t.book("haproxy", 600, "haproxy", port=8000, numbers={"answers.5xx/shop": lambda i: 7 + errors * i},
           pools=[("connections", "-", dict(used=60, limit=4000)), ("backend", "shop/a", each(0)), ("backend", "shop/b", each(1)),
                  ("queue", "shop", dict(used=used, limit=16, waiting=waiting, served=lambda i: 200 + served * i, up=1, time=sum(time) // 2))])


def fire(t):
    """One client takes nearly all places; others wait and fail."""
    proxy(t, waiting=34, errors=2)
    t.clients("10.77.0.7", 8000, 48, "asked")
    t.clients("10.77.0.2", 8000, 5, "asked", first=30000)
    return finding("queue:haproxy/shop", "exhausted", culprit=("peer", "10.77.0.7"), used=16, limit=16, refused=10, victims=["haproxy"])


def fire_slow_server(t):
    """Clients from everywhere; one of the servers is slow."""
    proxy(t, waiting=20, time=(4000000, 50000))
    for k in range(30):
        t.clients("10.9.%d.7" % k, 8000, 1, "asked", first=20000 + 10 * k)
    return finding("queue:haproxy/shop", "saturated", culprit=("backend", "shop/a"))


def fire_slow_server_one_address(t):
    """The same where all users come by one address, and a check by another one."""
    proxy(t, waiting=20, time=(4000000, 50000))
    t.clients("10.77.0.2", 8000, 36, "asked")
    t.clients("10.77.0.3", 8000, 1, "asked", first=30000)
    return finding("queue:haproxy/shop", "saturated", culprit=("backend", "shop/a"))


def fire_slow_backend_one_address(t):
    """Both servers are slow, and all users come by one address: a proxy in front, for all that is known."""
    proxy(t, waiting=20)
    t.clients("10.77.0.2", 8000, 36, "asked")
    return finding("queue:haproxy/shop", "saturated", culprit=("backend", "shop"))


def fire_server_down(t):
    """The other server is down: its places are missing."""
    proxy(t, waiting=20, up=(1, 2))
    for k in range(30):
        t.clients("10.9.%d.7" % k, 8000, 1, "asked", first=20000 + 10 * k)
    return finding("queue:haproxy/shop", "saturated", culprit=("backend", "shop/b"))


def fire_bound(t):
    """Sessions are bound to their server by a cookie: one server is full, and the other has places for nobody."""
    proxy(t, waiting=24, used=9, split=(8, 1), own=(24, 0), served=3, errors=2)
    for k in range(33):
        t.clients("10.9.%d.7" % k, 8000, 1, "asked", first=20000 + 10 * k)
    return finding("queue:haproxy/shop", "exhausted", culprit=("backend", "shop/a"), text="bound to it")


def quiet(t):
    """All places are taken, nobody waits."""
    proxy(t, waiting=0)
    t.clients("10.77.0.7", 8000, 16, "asked")


def quiet_fast(t):
    """A short queue, from which two hundred are answered in a second."""
    proxy(t, waiting=9, served=200, time=(40000, 40000))
    t.clients("10.77.0.7", 8000, 25, "asked")


def quiet_moment(t):
    proxy(t, waiting=[0, 0, 30, 0, 0, 0])
