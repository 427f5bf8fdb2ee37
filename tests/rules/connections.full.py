# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""All connections that a server may have are taken, and more are refused."""

from expect import Expect, finding


def postgres(t, used=27, limit=27, **pool):
    t.server(500, "postgres", 5432)
    t.book("postgres", 500, "postgres", port=5432, pools=[("connections", "-", dict(used=used, limit=limit, **pool))])


def turned_away(t, n):
    """Connections that the server ended at once."""
    for k in range(n):
        t.connect("10.0.0.5", 5432, "10.77.0.2", 45000 + k, state="time-wait")


def fire(t):
    """PostgreSQL counts no refusals: the kernel has the connections that it ended."""
    postgres(t, idle=20)
    t.clients("10.77.0.4", 5432, 27, "idle")
    turned_away(t, 12)
    return finding("connections:postgres", "exhausted", culprit=("peer", "10.77.0.4"), used=27, limit=27)


def fire_counted(t):
    """MySQL counts them."""
    t.server(500, "mariadbd", 3306)
    t.book("mysql", 500, "mysql", port=3306, pools=[("connections", "-", dict(used=150, limit=150, refused=lambda i: 40 + 3 * i))],
           slots=[(k, dict(state="idle", ms=600000, who="webshop", text="")) for k in range(120)])
    t.clients("10.77.0.4", 3306, 150, "idle")
    return finding("connections:mysql", "exhausted", culprit=("session", "webshop"), refused=15)


def fire_waits(t):
    """A proxy at its maxconn lets them wait in the accept queue."""
    t.server(600, "haproxy", 80, waiting=40)
    t.book("haproxy", 600, "haproxy", port=80, pools=[("connections", "-", dict(used=100, limit=100))])
    t.clients("10.77.0.9", 80, 90, "idle")
    t.clients("10.77.0.3", 80, 10, "asked", first=30000)
    t.clients("10.77.0.2", 80, 40, "waits", first=40000)
    return finding("connections:haproxy", "saturated", culprit=("peer", "10.77.0.9"), used=100, limit=100)


def fire_nginx(t):
    """A proxied request takes two of worker_connections: it refuses at half of the limit, and counts that."""
    t.server(600, "nginx", 80)
    t.book("nginx", 600, "nginx", port=80, pools=[("connections", "-", dict(used=510, idle=514, limit=1024, served=lambda i: 9000 + 50 * i, refused=lambda i: 4 * i))])
    t.clients("10.77.0.9", 80, 400, "idle")
    t.clients("10.77.0.3", 80, 110, "asked", first=30000)
    return finding("connections:nginx", "exhausted", culprit=("peer", "10.77.0.9"), refused=20, text="refuses connections")


def fire_application(t):
    """All come from the same address: the server tells which application has them."""
    t.server(500, "postgres", 5432)
    t.book("postgres", 500, "postgres", port=5432, pools=[("connections", "-", dict(used=27, limit=27, idle=20))], numbers={"sessions.of/metrics": 22})
    t.clients("10.77.0.4", 5432, 27, "idle")
    turned_away(t, 12)
    return finding("connections:postgres", "exhausted", culprit=("session", "metrics"), used=27, limit=27)


def fire_not_even_us(t):
    """There is no place for a superuser either: the server says so when it is asked."""
    t.server(500, "postgres", 5432)
    t.book("postgres", 500, "postgres", port=5432, status="full", pools=[("connections", "-", dict(limit=27))])
    t.clients("10.77.0.4", 5432, 30, "idle")
    turned_away(t, 12)
    return finding("connections:postgres", "exhausted", culprit=("peer", "10.77.0.4"), used=30, limit=27)


def fire_whole(t):
    """A proxy that is full tells it of itself and of its front: one finding."""
    t.server(600, "haproxy", 80, waiting=40)
    t.book("haproxy", 600, "haproxy", port=80, pools=[("connections", "-", dict(used=40, limit=40)), ("connections", "web", dict(used=40, limit=40))])
    t.clients("10.77.0.9", 80, 40, "asked")
    t.clients("10.77.0.2", 80, 40, "waits", first=40000)
    return finding("connections:haproxy", "saturated", culprit=("peer", "10.77.0.9"), used=40, limit=40)


def quiet_not_asked(t):
    """It was not asked, as connections wait in front of it: that is no word of the server."""
    t.server(500, "postgres", 5432)
    t.book("postgres", 500, "postgres", port=5432, status="full", pools=[("connections", "-", dict(limit=27))])
    t.clients("10.77.0.4", 5432, 20, "idle")


def fire_nginx_silent(t):
    """Clients that never end their requests have all connections: who asks is turned away, too. Its log says so."""
    t.server(600, "nginx", 80)
    t.book("nginx", 600, "nginx", port=80, status="garbage", numbers={"log.connections.none": lambda i: 7 * i}, pools=[("connections", "-", dict(limit=64))],
           slots=[(1000100 + k, dict(state="logging", ms=4, bytes=900, who="usual", text="/%d" % k)) for k in range(12)] + [(1000200 + k, dict(state="logging", ms=4, bytes=900, who="usual", text="/x%d" % k)) for k in range(30)])
    t.clients("10.77.0.9", 80, 58, "trickles")
    t.clients("10.77.0.3", 80, 3, "asked", first=30000)
    return Expect(finding("connections:nginx", "exhausted", culprit=("peer", "10.77.0.9"), limit=64, refused=(30, 40)),
                  checks=[lambda run: None if any("58 of them have begun a request" in e["text"] for f in run.doc["findings"] for e in f["evidence"]) else "nothing says what they do"])


def fire_once(t):
    """A frontend may have as many as the whole proxy: one trouble."""
    t.server(600, "haproxy", 80, waiting=40)
    t.book("haproxy", 600, "haproxy", port=80, pools=[("connections", "-", dict(used=100, limit=100)), ("connections", "www", dict(used=100, limit=100))])
    t.clients("10.77.0.9", 80, 100, "trickles")
    t.clients("10.77.0.2", 80, 40, "waits", first=40000)
    return Expect(finding("connections:haproxy", "saturated", culprit=("peer", "10.77.0.9"), used=100, limit=100),
                  checks=[lambda run: "told twice" if sum(f["resource"].startswith("connections") for f in run.doc["findings"]) > 1 else None])


def quiet_nginx_closed(t):
    """It was not set up to be asked, is busy, and turns nobody away."""
    t.server(600, "nginx", 80)
    t.book("nginx", 600, "nginx", port=80, status="closed", numbers={"log.connections.none": 40}, pools=[("connections", "-", dict(limit=64))])
    t.clients("10.77.0.9", 80, 60, "asked")


def quiet(t):
    """A pool in front has all connections, and asks for no more."""
    postgres(t, idle=27)
    t.clients("10.77.0.4", 5432, 27, "idle")


def quiet_refused_long_ago(t):
    t.server(500, "mariadbd", 3306)
    t.book("mysql", 500, "mysql", port=3306, pools=[("connections", "-", dict(used=140, limit=150, refused=5000))])


def quiet_near(t):
    """Near the limit, connections come and go."""
    postgres(t, used=25)
    turned_away(t, 5)


def sessions(t, **book):
    """PostgreSQL whose clients all come over its unix socket: a process each, and no connection that the kernel would tell."""
    t.server(500, "postgres", 5432)
    t.unix("/run/postgresql/.s.PGSQL.5432", 9001, waiting=0, backlog=200)
    for k in range(27):
        t.proc(900 + k, "postgres", ppid=500, switches=0)
    t.book("postgres", 500, "postgres", port=5432, numbers={"sessions.of/report": 27}, **book)


FULL = ("connections", "-", dict(used=27, limit=27, idle=27))


def fire_unix(t):
    """What is forked for a client ends with status 1."""
    sessions(t, pools=[FULL])
    t.ended("postgres", 500, each=10, code=256, cpu=0.003, life=0.005, uid=26)
    return finding("connections:postgres", "exhausted", culprit=("session", "report"), refused=50)


def fire_unix_not_even_us(t):
    sessions(t, status="full", pools=[("connections", "-", dict(limit=27))])
    t.ended("postgres", 500, each=10, code=256, cpu=0.003, life=0.005, uid=26)
    return finding("connections:postgres", "exhausted", culprit=("session", "report"), used=27, limit=27)


def quiet_monitor(t):
    """A pool has all, and a monitor logs in as superuser each second and leaves: nobody is refused."""
    postgres(t, idle=27)
    t.clients("10.77.0.4", 5432, 27, "idle")
    t.flow(5432, "10.77.0.9", pid=500, opened=1, closed=1, sent=600, received=300)
    t.ended("postgres", 500, each=1, code=0, cpu=0.003, life=0.015, uid=26)


def quiet_terminated(t):
    """Sessions of minutes that somebody ends while it is full."""
    sessions(t, pools=[FULL])
    t.ended("postgres", 500, each=1, code=256, cpu=0.3, life=300, uid=26)
