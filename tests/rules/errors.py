# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Requests that fail, and did not fail before."""

from expect import finding


def shop(t, n, of, kind="nginx", name="-", what="log.failed", before=0, before_of=200, usual=None, age=1, ms=9000, url="500 /cart", **more):
    t.server(700, kind, 80)
    numbers = {"log.lines": of, "log.answers/" + name: of, f"{what}/{name}": n, f"{what}.of/{name}": of, f"{what}.ms/{name}": ms, f"{what}.age.s/{name}": age,
               f"{what}.before/{name}": before, f"{what}.before.of/{name}": before_of}
    if usual is not None:
        numbers[f"{what}.usual/{name}"] = usual
    t.book(kind, 700, port=80, numbers=numbers, slots=[(1000040, dict(state="logging", bytes=n, who="failed/" + name, text=url))], when=lambda i: i % 2 == 0, **more)


def fire(t):
    shop(t, 60, 90)
    return finding("errors:nginx", "wrong", "critical", culprit=("process", "nginx", 700), used=60, limit=90, text="60 of 90 requests to nginx fail, most with 500 /cart", rule="errors")


def fire_share(t):
    """One in ten, and usually one in two hundred."""
    shop(t, 30, 300, usual=50)
    return finding("errors:nginx", "wrong", "warning", culprit=("process", "nginx", 700), rule="errors")


def fire_backend(t):
    """The program behind it is not there."""
    shop(t, 40, 40, url="502 /cart")
    return finding("errors:nginx", "wrong", "critical", culprit=("backend", "servers behind nginx"), rule="errors")


def fire_haproxy(t):
    shop(t, 40, 90, "haproxy", "shop")
    return finding("errors:haproxy/shop", "wrong", "warning", culprit=("backend", "shop"), rule="errors")


def fire_lost(t):
    """What was there is gone: a release without its pages."""
    shop(t, 70, 100, "apache", what="log.lost", url="404 /catalogue")
    return finding("errors:apache", "wrong", "critical", culprit=("process", "apache", 700), text="what was there is not any more", rule="errors")


def fire_nothing_before(t):
    shop(t, 50, 60, before_of=0)
    return finding("errors:nginx", "wrong", "critical", culprit=("process", "nginx", 700), rule="errors")


def fire_beside_workers(t):
    """The reason is known: all workers of Apache behind it are held."""
    t.server(800, "apache2", 8080, children=4, waiting=5, inode=8002)
    t.clients("10.9.9.1", 8080, 4, "asked")
    t.clients("10.77.0.2", 8080, 5, "waits", first=40000)
    t.book("apache", 800, "apache2", port=8080, pools=[("workers", "", dict(used=4, idle=0, limit=4, working=4))], when=lambda i: i % 2 == 0)
    shop(t, 30, 90, url="502 /")
    return finding("workers:apache2", "saturated", effects=("errors:nginx",), culprit=("peer", "10.9.9.1"), rule="workers.exhausted")


def quiet(t):
    """A page that fails all day."""
    shop(t, 30, 300, usual=800)


def quiet_before(t):
    shop(t, 30, 300, before=20, before_of=200)


def quiet_few(t):
    shop(t, 9, 20)


def quiet_share(t):
    shop(t, 12, 900)


def quiet_over(t):
    shop(t, 60, 90, age=20)


def quiet_begun(t):
    """Nobody knows what is usual: some fail."""
    shop(t, 40, 100, before_of=0)


def quiet_lost(t):
    """An old page was taken away, and some still ask for it."""
    shop(t, 40, 400, "apache", what="log.lost", url="404 /old")
