# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Workers that all wait for something behind the server."""

from expect import finding
from tree import Sock


def behind(t, n, **tcp):
    t.server(700, "apache2", 80, children=12, waiting=5)
    t.book("apache", 700, "apache2", status="full", port=80, pools=[("workers", "", dict(limit=12))])
    t.clients("10.77.0.2", 80, 5, "waits", first=40000)
    for k in range(12):
        t.clients("10.9.%d.7" % k, 80, 1, "asked", first=20000 + 10 * k)
    for k in range(n):
        t.procs[701 + k].open = [Sock(60000 + k)]
        t.connect("10.0.0.5", 33000 + k, "10.0.0.20", 5432, inode=60000 + k, tcp=tcp)


def fire(t):
    behind(t, 11, sent=900, received=20000, sent_ms=8000, received_ms=8040)
    return finding("workers:apache2", "saturated", culprit=("destination", "10.0.0.20:5432"), used=12, limit=12, text="wait for 10.0.0.20:5432")


def fire_local(t):
    """What is behind is on this machine."""
    t.server(700, "apache2", 80, children=4, waiting=5)
    t.clients("10.77.0.2", 80, 5, "waits", first=40000)
    t.clients("10.9.1.7", 80, 4, "asked")
    t.proc(950, "shopapp", open=[Sock(9500)])
    t.listen(9000, 9500, address="127.0.0.1")
    for k in range(4):
        t.procs[701 + k].open = [Sock(60000 + k)]
        t.connect("127.0.0.1", 33000 + k, "127.0.0.1", 9000, inode=60000 + k, tcp=dict(sent=900, received=0, sent_ms=8000, received_ms=8010))
    return finding("workers:apache2", "saturated", culprit=("process", "shopapp", 950))


def spread(t, n, state="established", **tcp):
    """Twelve workers, each of which waits for one of n destinations. All users come by one address."""
    t.server(700, "apache2", 80, children=12, waiting=5)
    t.book("apache", 700, "apache2", status="full", port=80, pools=[("workers", "", dict(limit=12))])
    t.clients("10.77.0.2", 80, 5, "waits", first=40000)
    t.clients("10.77.0.2", 80, 12, "asked")
    for k in range(12):
        t.procs[701 + k].open = [Sock(60000 + k)]
        t.connect("10.0.0.5", 33000 + k, "10.0.0.%d" % (20 + k % n), 8080, state=state, inode=60000 + k, tcp=tcp)


def fire_balancer(t):
    """Each of the four members of a balancer has a quarter of them."""
    spread(t, 4, sent=900, received=0, sent_ms=lambda i: 8000 + 1000 * i, received_ms=lambda i: 8010 + 1000 * i)
    return finding("workers:apache2", "saturated", culprit=("destination", "10.0.0.20:8080"), used=12, limit=12, rule="workers.backend", text="for 4 destinations, most for 10.0.0.20:8080")


def fire_not_there(t):
    """The host behind is gone: nobody answers the connect."""
    spread(t, 1, state="syn-sent", sent=0, received=0, sent_ms=8000, received_ms=8000)
    return finding("workers:apache2", "saturated", culprit=("destination", "10.0.0.20:8080"), used=12, limit=12, rule="workers.backend", text="wait for a connection to 10.0.0.20:8080")


def fire_not_there_php(t):
    """The same of children of php-fpm, which listens on a unix socket."""
    t.proc(800, "php-fpm8.2", open=[Sock(8100)])
    t.unix("/run/php/php8.2-fpm.sock", 8100, waiting=9, backlog=511)
    t.book("php-fpm", 800, "php-fpm", status="full", pools=[("workers", "www", dict(limit=6))])
    for k in range(6):
        t.proc(801 + k, "php-fpm8.2", ppid=800, switches=0, open=[Sock(60000 + k)])
        t.connect("10.0.0.5", 33000 + k, "10.0.0.20", 5432, state="syn-sent", inode=60000 + k, tcp=dict(sent=0, received=0, sent_ms=8000, received_ms=8000))
    return finding("workers:php-fpm/www", "saturated", culprit=("destination", "10.0.0.20:5432"))


def quiet(t):
    """A slow backend, while workers are free."""
    t.server(700, "apache2", 80, children=12)
    for k in range(8):
        t.procs[701 + k].open = [Sock(60000 + k)]
        t.connect("10.0.0.5", 33000 + k, "10.0.0.20", 5432, inode=60000 + k, tcp=dict(sent=900, received=0, sent_ms=8000, received_ms=8010))
