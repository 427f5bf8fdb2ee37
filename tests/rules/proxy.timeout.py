# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A proxy that gives its servers up."""

from expect import finding


def proxy(t, n, answers, p50=300, p90=900, age=2, kind="haproxy", name="shop", **more):
    t.server(700, kind, 80)
    t.book(kind, 700, port=80, when=lambda i: i % 2 == 0,
           numbers={"log.lines": answers, "log.answers/" + name: answers, "log.timedout/" + name: n, "log.timedout.age.s/" + name: age, "log.took.p50.ms/" + name: p50,
                    "log.took.p90.ms/" + name: p90, **more})


def fire(t):
    """Reports took two to three seconds before, too."""
    proxy(t, 14, 100, p50=1200, p90=2600, **{"timeout.server.ms/shop": 3000})
    return finding("errors:haproxy/shop", "exhausted", "warning", culprit=("config", "timeout server 3 s"), text="too short")


def fire_slow(t):
    """What is answered is answered fast; the rest never."""
    proxy(t, 14, 100, p50=20, p90=60, **{"timeout.server.ms/shop": 3000})
    return finding("errors:haproxy/shop", "exhausted", "warning", culprit=("backend", "shop"))


def fire_nginx(t):
    proxy(t, 14, 100, kind="nginx", name="-", p50=20, p90=60, **{"timeout.proxy.ms/0": 60000})
    return finding("errors:nginx", "exhausted", "warning", culprit=("backend", "servers behind nginx"))


def quiet(t):
    """One page is slow, and seldom asked for."""
    proxy(t, 14, 900, **{"timeout.server.ms/shop": 3000})


def quiet_over(t):
    proxy(t, 50, 100, age=70)
