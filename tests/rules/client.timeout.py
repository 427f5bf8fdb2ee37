# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Clients that go before the answer."""

from expect import finding


def proxy(t, kind, name, n, answers, age=2, ms=2000, same=None, p50=1500, **more):
    t.server(700, kind, 80)
    numbers = {"log.lines": answers, "log.answers/" + name: answers, "log.gaveup/" + name: n, "log.gaveup.age.s/" + name: age, "log.gaveup.ms/" + name: ms,
               "log.gaveup.same/" + name: n if same is None else same, "log.took.p50.ms/" + name: p50, **more}
    t.book(kind, 700, port=80, numbers=numbers, slots=[(1000008, dict(state="logging", who=name if name != "-" else "", text="/search"))], when=lambda i: i % 2 == 0)


def fire(t):
    proxy(t, "haproxy", "shop", 12, 90)
    return finding("client.timeout:haproxy", "exhausted", "warning", culprit=("backend", "shop"), text="gave up after 2 s")


def fire_nginx(t):
    """Its log does not say after how long; but it is every third."""
    proxy(t, "nginx", "-", 30, 90, ms=0, same=0)
    return finding("client.timeout:nginx", "exhausted", "warning", culprit=("backend", "servers behind nginx"))


def fire_beside_workers(t):
    """The reason is known: all workers of Apache behind it are held."""
    t.server(800, "apache2", 8080, children=4, waiting=5, inode=8002)
    t.clients("10.9.9.1", 8080, 4, "asked")
    t.clients("10.77.0.2", 8080, 5, "waits", first=40000)
    t.book("apache", 800, "apache2", port=8080, pools=[("workers", "", dict(used=4, idle=0, limit=4, working=4))], when=lambda i: i % 2 == 0)
    proxy(t, "nginx", "-", 30, 90, ms=0, same=0)
    return finding("workers:apache2", "saturated", effects=("client.timeout:nginx",), culprit=("peer", "10.9.9.1"), rule="workers.exhausted")


def quiet(t):
    """People who click on: each after another time."""
    proxy(t, "haproxy", "shop", 12, 90, same=2)


def quiet_checks(t):
    """Somebody looks whether the port answers, and closes."""
    proxy(t, "haproxy", "shop", 60, 90, ms=3)


def quiet_few(t):
    proxy(t, "haproxy", "shop", 6, 900)


def quiet_over(t):
    proxy(t, "haproxy", "shop", 60, 90, age=60)
