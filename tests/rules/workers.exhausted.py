# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""All workers are busy, and requests wait; nothing better is known."""

from expect import finding


def fire(t):
    """One peer sends most of the requests that take long."""
    t.server(700, "apache2", 80, children=20, waiting=8)
    t.clients("10.77.0.2", 80, 8, "waits", first=40000)
    t.clients("10.77.0.7", 80, 16, "asked")
    t.clients("10.77.0.3", 80, 4, "asked", first=30000)
    t.book("apache", 700, "apache2", port=80, pools=[("workers", "", dict(used=20, idle=0, limit=20, working=20))],
           slots=[(k, dict(pid=701 + k, state="working", ms=3000, peer="10.77.0.7", text="GET /report")) for k in range(16)])
    return finding("workers:apache2", "saturated", culprit=("peer", "10.77.0.7"), used=20, limit=20)


def fire_pool(t):
    """A pool of php-fpm: its own queue tells who waits."""
    t.proc(800, "php-fpm8.2")
    t.book("php-fpm", 800, "php-fpm", pools=[("workers", "www", dict(used=10, idle=0, limit=10, waiting=12)), ("workers", "admin", dict(used=0, idle=2, limit=4))],
           slots=[(k, dict(pid=801 + k, state="working", ms=7000, text="POST /checkout.php")) for k in range(10)])
    for k in range(10):
        t.proc(801 + k, "php-fpm8.2", ppid=800)
    return finding("workers:php-fpm/www", "saturated", culprit=("process", "php-fpm", 800), used=10, limit=10)


def quiet(t):
    """All workers are busy, none waits."""
    t.server(700, "apache2", 80, children=20)
    t.clients("10.77.0.7", 80, 20, "asked")
    t.book("apache", 700, "apache2", port=80, pools=[("workers", "", dict(used=20, idle=0, limit=20, working=20))])


def quiet_pool(t):
    """A pool at its limit with an empty queue."""
    t.proc(800, "php-fpm8.2")
    t.book("php-fpm", 800, "php-fpm", pools=[("workers", "www", dict(used=10, idle=0, limit=10, waiting=[0, 0, 2, 0, 0, 0]))])


def quiet_fast(t):
    """Full, with a short queue from which two hundred are taken in a second."""
    t.server(700, "apache2", 80, children=20, waiting=6)
    for k in range(6):
        t.connect("10.0.0.5", 80, "10.77.0.2", 41000 + k, recvq=80, tcp=dict(received=80, sent_ms=30, received_ms=30))
    t.clients("10.77.0.7", 80, 20, "asked")
    t.book("apache", 700, "apache2", port=80, pools=[("workers", "", dict(used=20, idle=0, limit=20, working=20))])
