# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""All workers are busy, and requests wait; nothing better is known."""

from expect import Expect, finding
from tree import Sock


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


def second(value):
    """The finding names this one as well, and not first."""
    return lambda run: None if any(c["value"] == value for f in run.doc["findings"] for c in f["culprits"][1:]) else "%s is not told" % value


def fire_proxy_in_front(t):
    """All users come by one proxy: it is the server that takes long. What asks itself for its status is nobody's user."""
    t.server(700, "apache2", 80, children=20, waiting=9)
    t.clients("10.77.0.8", 80, 8, "waits", first=40000)
    t.clients("10.77.0.8", 80, 20, "asked")
    t.clients("127.0.0.1", 80, 1, "waits", first=45000, local="127.0.0.1")
    t.book("apache", 700, "apache2", status="full", port=80, pools=[("workers", "", dict(limit=20))])
    return Expect(finding("workers:apache2", "saturated", culprit=("process", "apache2", 700)), checks=[second("10.77.0.8")])


def fire_no_limit_told(t):
    """Each process of a pool of its own has a request of the only address there is."""
    t.server(700, "billingd", 9000, children=4, waiting=17, backlog=16, drops=10)
    t.tcpext(ListenOverflows=10, ListenDrops=10)
    t.clients("10.77.0.2", 9000, 17, "waits", first=40000)
    t.clients("10.77.0.2", 9000, 4, "asked")
    return finding("workers:billingd", "exhausted", culprit=("process", "billingd", 700), effects=["tcp.listen:9000"])


def php_behind_nginx(t):
    """A pool on a port of this machine; nginx in front of it is its only client."""
    t.server(800, "php-fpm8.2", 9000, children=6, waiting=8)
    t.book("php-fpm", 800, "php-fpm", status="full", port=9000, pools=[("workers", "www", dict(limit=6))])
    t.proc(900, "nginx", open=[Sock(9001)])
    t.listen(80, 9001)
    t.proc(901, "nginx", ppid=900, open=[Sock(60000 + k) for k in range(14)])
    t.clients("127.0.0.1", 9000, 6, "asked", local="127.0.0.1")
    t.clients("127.0.0.1", 9000, 8, "waits", local="127.0.0.1", first=20006)
    for k in range(14):
        t.connect("127.0.0.1", 20000 + k, "127.0.0.1", 9000, inode=60000 + k,
                  tcp=dict(sent=400, received=0, sent_ms=lambda i: 8000 + 1000 * i, received_ms=lambda i: 8010 + 1000 * i))


def fire_behind_nginx(t):
    """It is not nginx that asks, but one of its clients."""
    php_behind_nginx(t)
    t.clients("10.77.0.7", 80, 12, "asked", first=30000)
    t.clients("10.77.0.2", 80, 2, "asked", first=31000)
    return Expect(finding("workers:php-fpm/www", "saturated", culprit=("peer", "10.77.0.7")), checks=[second("php-fpm")])


def fire_behind_nginx_many(t):
    """Its clients are many: the scripts take long."""
    php_behind_nginx(t)
    for k in range(14):
        t.clients("10.9.%d.7" % k, 80, 1, "asked", first=30000 + 10 * k)
    return finding("workers:php-fpm/www", "saturated", culprit=("process", "php-fpm", 800))


def php(t, waiting, accepted, told=None, switches=300):
    """A pool of six on a unix socket, behind nginx."""
    t.proc(800, "php-fpm8.2", open=[Sock(8100)], switches=0)
    t.unix("/run/php/php8.2-fpm.sock", 8100, waiting=waiting, backlog=511, accepted=accepted)
    t.book("php-fpm", 800, "php-fpm", status="ok" if told else "full", pools=[("workers", "www", told or dict(limit=6))])
    for k in range(6):
        t.proc(801 + k, "php-fpm8.2", ppid=800, switches=switches, cpu=0.05)
    t.proc(900, "nginx", open=[Sock(9001)])
    t.listen(80, 9001)
    t.proc(901, "nginx", ppid=900, switches=500, cpu=0.1)
    t.clients("10.77.0.2", 80, 10, "asked")


def fire_unix(t):
    """Each request takes five seconds: one is taken out of the queue in a second, and nine wait there."""
    php(t, waiting=9, accepted=1, switches=20)
    return finding("workers:php-fpm/www", "saturated", culprit=("process", "php-fpm", 800), used=6, limit=6)


def stopped(t, n, waiting):
    """An Apache of which n of twenty workers are stopped (SIGSTOP) with a request each."""
    t.server(700, "apache2", 80, children=20, waiting=waiting)
    for k in range(n):
        t.procs[701 + k].state = "T"
    t.book("apache", 700, "apache2", status="full", port=80, pools=[("workers", "", dict(limit=20))])
    t.clients("10.77.0.7", 80, n, "asked")


def fire_stopped(t):
    """It is not the client who asked that holds them, and who let them be stopped lets them go on."""
    stopped(t, 20, lambda i: 20 + 4 * i)
    t.clients("10.77.0.2", 80, 40, "waits", first=40000)
    return Expect(finding("workers:apache2", "saturated", culprit=("process", "apache2"), used=20, limit=20, effects=["tcp.listen:80"], text="are stopped"),
                  checks=[lambda run: None if any(r["command"] == "pkill -CONT -P 700" for f in run.doc["findings"] for r in f["remedies"]) else "they are not let go on"])


def quiet_stopped(t):
    """Somebody debugs three of them, and nobody waits."""
    stopped(t, 3, 0)


def quiet_unix_busy(t):
    """Ten users without a pause, twenty milliseconds for a request: a few always wait, each for a moment."""
    php(t, waiting=[4, 3, 5, 4, 2, 4], accepted=300)


def quiet_unix_told(t):
    """The same where the kernel does not tell who waits, but the pool how many it serves."""
    php(t, waiting=[4, 3, 5, 4, 2, 4], accepted=None, told=dict(limit=6, used=6, idle=0, waiting=4, served=lambda i: 1000 + 300 * i))


def quiet(t):
    """All workers are busy, none waits."""
    t.server(700, "apache2", 80, children=20)
    t.clients("10.77.0.7", 80, 20, "asked")
    t.book("apache", 700, "apache2", port=80, pools=[("workers", "", dict(used=20, idle=0, limit=20, working=20))])


def with_our_question(t, waiting):
    """All workers are busy when we ask: our own question is the one that waits, or one of those."""
    t.server(700, "apache2", 80, children=20, waiting=waiting)
    t.clients("127.0.0.1", 80, waiting, "waits", first=40000)
    t.clients("10.77.0.7", 80, 20, "asked")
    t.book("apache", 700, "apache2", status=lambda i: "hung" if i < 2 else "full", port=80, pools=[("workers", "", dict(limit=20))], numbers=dict(asking=1))


def fire_beside_our_question(t):
    with_our_question(t, 2)
    return finding("workers:apache2", "saturated", used=20, limit=20)


def quiet_but_our_question(t):
    with_our_question(t, 1)


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
