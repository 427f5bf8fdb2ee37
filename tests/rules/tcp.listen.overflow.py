# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Connections refused at a full accept queue: an owner that does not accept, or a backlog that is too small."""

from expect import Expect, finding
from tree import Sock


def app(t, inode=8001, pid=600, name="gunicorn", **more):
    t.proc(pid, name, cpu=0.02, open=[Sock(inode)], **more)


def fire(t):
    """The queue stays full: nobody takes connections out."""
    app(t)
    t.listen(8080, 8001, waiting=129, backlog=128, drops=20)
    t.tcpext(ListenOverflows=20, ListenDrops=20)
    return finding("tcp.listen:8080", "exhausted", culprit=("process", "gunicorn", 600), used=129, limit=128, refused=100, text="does not accept")


def fire_asks_itself(t):
    """It connects to its own port and accepts nobody: there is no server behind it that it waits for."""
    app(t)
    t.listen(8080, 8001, waiting=129, backlog=128, drops=20)
    t.tcpext(ListenOverflows=20, ListenDrops=20)
    t.procs[600].open.append(Sock(60000))
    t.connect("127.0.0.1", 33000, "127.0.0.1", 8080, state="syn-sent", inode=60000, tcp=dict(sent=0, received=0, sent_ms=8000, received_ms=8000))
    return finding("tcp.listen:8080", "exhausted", culprit=("process", "gunicorn", 600), text="does not accept")


def fire_idle_peer(t):
    """It has as many connections as it takes at once; one peer has most of them and asks nothing, and others wait."""
    app(t, name="haproxy")
    t.listen(8080, 8001, waiting=129, backlog=128, drops=20)
    t.tcpext(ListenOverflows=20, ListenDrops=20)
    t.clients("10.77.0.9", 8080, 46, "idle")
    t.clients("10.77.0.2", 8080, 4, "asked", first=30000)
    t.clients("10.77.0.2", 8080, 129, "waits", first=40000)
    return finding("tcp.listen:8080", "exhausted", culprit=("peer", "10.77.0.9"), used=129, limit=128)


def fire_idle_flood(t):
    """The peer that has them all also waits more than the others do."""
    app(t, name="haproxy")
    t.listen(8080, 8001, waiting=129, backlog=128, drops=20)
    t.tcpext(ListenOverflows=20, ListenDrops=20)
    t.clients("10.77.0.9", 8080, 50, "idle")
    t.clients("10.77.0.2", 8080, 40, "waits", first=40000)
    t.clients("10.77.0.9", 8080, 89, "waits", first=41000)
    return finding("tcp.listen:8080", "exhausted", culprit=("peer", "10.77.0.9"))


def fire_idle_peer_or_hang(t):
    """The same of a program of which nobody knows whether it has all it takes: it may hang."""
    app(t)
    t.listen(8080, 8001, waiting=129, backlog=128, drops=20)
    t.tcpext(ListenOverflows=20, ListenDrops=20)
    t.clients("10.77.0.9", 8080, 46, "idle")
    t.clients("10.77.0.2", 8080, 129, "waits", first=40000)
    return Expect(finding("tcp.listen:8080", "exhausted", culprit=("process", "gunicorn", 600)),
                  checks=[lambda run: None if any(c["value"] == "10.77.0.9" for f in run.doc["findings"] for c in f["culprits"][1:]) else "the peer is not told"])


def fire_proxy_in_front(t):
    """All users come by one proxy, which keeps idle connections and waits as well: the server is slow."""
    app(t)
    t.listen(8080, 8001, waiting=129, backlog=128, drops=20)
    t.tcpext(ListenOverflows=20, ListenDrops=20)
    t.clients("10.77.0.9", 8080, 46, "idle")
    t.clients("10.77.0.9", 8080, 129, "waits", first=40000)
    return finding("tcp.listen:8080", "exhausted", culprit=("process", "gunicorn", 600), used=129, limit=128)


def fire_bursts(t):
    """The queue is empty most of the time: its backlog is too small for bursts."""
    app(t)
    t.listen(8080, 8001, waiting=[0, 0, 6, 0, 0, 0], backlog=5, drops=12)
    t.tcpext(ListenOverflows=12, ListenDrops=12)
    return finding("tcp.listen:8080", "exhausted", culprit=("process", "gunicorn", 600), refused=60, text="too small")


def fire_waits(t):
    """Over its backlog in most samples; nothing was dropped yet."""
    app(t)
    t.listen(8080, 8001, waiting=[100, 120, 129, 129, 129, 129], backlog=128)
    return finding("tcp.listen:8080", "saturated", culprit=("process", "gunicorn", 600), since=2)


def fire_both_families(t):
    """One port, a socket for IPv4 and one for IPv6: one trouble."""
    t.proc(600, "gunicorn", cpu=0.02, open=[Sock(8001), Sock(8002)])
    t.listen(8080, 8001, waiting=129, backlog=128, drops=20)
    t.listen(8080, 8002, waiting=129, backlog=128, drops=5, address="::")
    t.tcpext(ListenOverflows=25, ListenDrops=25)
    return finding("tcp.listen:8080", "exhausted", culprit=("process", "gunicorn", 600))


def fire_wrap(t):
    """The socket's own counter is 32 bits wide."""
    app(t)
    t.listen(8080, 8001, waiting=129, backlog=128, drops=[0xfffffff0, 0xfffffff8, 0, 8, 16, 24])
    t.tcpext(ListenOverflows=8, ListenDrops=8)
    return finding("tcp.listen:8080", "exhausted", culprit=("process", "gunicorn", 600), refused=40)


def fire_old_kernel(t):
    """Before the socket told its drops: the queue itself says enough."""
    app(t)
    t.listen(8080, 8001, waiting=129, backlog=128, drops=None)
    t.tcpext(ListenOverflows=20, ListenDrops=20)
    return finding("tcp.listen:8080", "saturated", culprit=("process", "gunicorn", 600))


def fire_hung(t):
    """A daemon in a deadlock: its queue has room for hours, and who came first waits for twenty-five seconds."""
    t.server(700, "orderd", 9000, waiting=lambda i: 40 + 4 * i, backlog=511, threads=9)
    t.clients("10.77.0.2", 9000, 8, "asked")
    t.clients("10.77.0.2", 9000, 60, "waits", first=40000)
    return finding("tcp.listen:9000", "saturated", culprit=("process", "orderd", 700), used=60, limit=511, text="the oldest for 25 s")


def fire_stopped_early(t):
    """The worker of nginx is stopped, and the queue far from full."""
    t.server(700, "nginx", 80, children=1, waiting=lambda i: 40 + 4 * i, backlog=511)
    t.procs[701].state = "T"
    t.book("nginx", 700, "nginx", status="closed", port=80, pools=[("connections", "-", dict(limit=512))])
    t.clients("10.77.0.2", 80, 60, "waits", first=40000)
    return Expect(finding("tcp.listen:80", "saturated", culprit=("process", "nginx", 701)), checks=[lets_go_on(701)])


def fire_all_connections(t):
    """A proxy that cannot be asked has all the connections that it may have, by its configuration: who holds them is to blame, if that is one."""
    t.server(600, "haproxy", 80, waiting=40)
    t.book("haproxy", 600, "haproxy", port=80, status="closed", pools=[("connections", "-", dict(limit=40))])
    t.clients("10.77.0.9", 80, 40, "trickles")
    t.clients("10.77.0.2", 80, 40, "waits", first=40000)
    return finding("tcp.listen:80", "saturated", culprit=("peer", "10.77.0.9"))


def fire_more_connections_than_threads(t):
    """Four whole processes of six, more connections than threads, since idle ones need none, and requests that take long: nobody restarted anything."""
    t.server(700, "apache2", 8080, waiting=9)
    for k in range(4):
        t.proc(701 + k, "apache2", ppid=700, uid=33, threads=27, switches=0)
    t.proc(709, "apache2", ppid=700, uid=33, switches=0)  # mod_cgid's
    t.clients("10.77.0.2", 8080, 9, "waits", first=40000)
    t.clients("10.77.0.3", 8080, 90, "asked")
    t.clients("10.77.0.4", 8080, 30, "idle", first=60000)
    t.book("apache", 700, "apache2", status="full", port=8080, pools=[("workers", "", dict(limit=150))])
    return finding("tcp.listen:8080", "saturated", culprit=("process", "apache2", 700))


def quiet_pause(t):
    """A pause of two seconds, after which all are accepted."""
    t.server(700, "orderd", 9000, waiting=[0, 0, 12, 25, 0, 3], backlog=511, threads=9)
    t.clients("10.77.0.2", 9000, 3, "waits", first=40000, ms=2000)


def quiet_late(t):
    """Somebody always waits, for less than a second."""
    t.server(700, "orderd", 9000, waiting=[9, 12, 7, 10, 14, 11], backlog=511, threads=9)
    t.clients("10.77.0.2", 9000, 11, "waits", first=40000, ms=700)


def quiet_one(t):
    """One connection alone that nobody takes, of a debugger's port that serves one client."""
    t.server(700, "java", 5005, waiting=1, backlog=1, threads=9)
    t.clients("10.77.0.2", 5005, 1, "idle")
    t.clients("10.77.0.2", 5005, 1, "waits", first=40000)


def quiet(t):
    """Connections wait; that is what the queue is for."""
    app(t)
    t.listen(8080, 8001, waiting=[20, 60, 127, 90, 30, 100], backlog=128)


def quiet_namespace(t):
    """The namespace counted overflows of a socket that is gone; nothing says whose they were."""
    app(t)
    t.listen(8080, 8001, waiting=5, backlog=128)
    t.tcpext(ListenOverflows=20, ListenDrops=20)


def quiet_other_drops(t):
    """Packets dropped at the socket that were no overflow: no memory, no route, not a SYN."""
    app(t)
    t.listen(8080, 8001, waiting=5, backlog=128, drops=3)
    t.tcpext(ListenOverflows=0, ListenDrops=3)


def quiet_long_ago(t):
    app(t)
    t.listen(8080, 8001, waiting=0, backlog=128, drops=[5000] * 6)
    t.tcpext(ListenOverflows=[5000] * 6, ListenDrops=[5000] * 6)


def lets_go_on(pid):
    def check(run):
        found = [r["command"] for f in run.doc["findings"] for r in f["remedies"]]
        return None if "kill -CONT %d" % pid in found else "no kill -CONT %d: %s" % (pid, found)
    return check


def fire_stopped(t):
    """Who is stopped need not be traced: it must go on."""
    app(t, state="T", switches=0)
    t.listen(8080, 8001, waiting=129, backlog=128, drops=20)
    t.tcpext(ListenOverflows=20, ListenDrops=20)
    return Expect(finding("tcp.listen:8080", "exhausted", culprit=("process", "gunicorn", 600)), checks=[lets_go_on(600)])


def fire_workers_stopped(t):
    """The parent listens and sleeps, as it always does; its workers accept, and they are stopped."""
    t.proc(600, "nginx", cpu=0.0, open=[Sock(8001)])
    for k in range(2):
        t.proc(610 + k, "nginx", ppid=600, state="T", switches=0)
    t.listen(8080, 8001, waiting=129, backlog=128, drops=20)
    t.tcpext(ListenOverflows=20, ListenDrops=20)
    return Expect(finding("tcp.listen:8080", "exhausted", culprit=("process", "nginx", 610)), checks=[lets_go_on(610)])
