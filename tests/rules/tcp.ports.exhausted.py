# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""No ephemeral port left towards a destination. The range is narrow here, to keep the recordings small."""

from expect import Expect, finding
from tree import Sock

LOW, RANGE = 32768, 1000


def narrow(t):
    t.port_range(LOW, LOW + RANGE - 1)
    t.proc(600, "php-fpm", cpu=0.6, switches=900, open=[Sock(9000 + k) for k in range(4)])


def connections(t, n, peer="10.0.0.9", port=3306, local="10.0.0.5", state="time-wait", live=4, first=0):
    """n connections from one address, the first `live` of them established; n may grow with the moments."""
    most = max(n(i) for i in range(t.moments)) if callable(n) else n
    for k in range(most):
        established = k < live
        t.connect(local, LOW + first + k, peer, port, state="established" if established else state, inode=9000 + k if established else 0,
                  when=(lambda i, k=k: k < n(i)) if callable(n) else None)


def fire(t):
    narrow(t)
    connections(t, 980)
    t.sockstat(tw=976)
    return finding("tcp.ports:10.0.0.9:3306", "exhausted", culprit=("process", "php-fpm", 600), used=980, limit=RANGE)


def fire_ipv6(t):
    """In ss's filters an IPv6 address stands in brackets: without them its last group is taken for the port."""
    narrow(t)
    connections(t, 980, peer="2001:db8::9", local="2001:db8::5")

    def bracketed(run):
        found = [e["confirm"] for f in run.doc["findings"] for e in f["evidence"] if "ss " in (e["confirm"] or "") and "2001:db8::9" in e["confirm"]]
        return None if found and all("[2001:db8::9]" in c for c in found) else "no command with [2001:db8::9]: %s" % found

    return Expect(finding("tcp.ports:[2001:db8::9]:3306", "exhausted", culprit=("process", "php-fpm", 600), rule="tcp.ports.exhausted"), checks=[bracketed])


def fire_filling(t):
    narrow(t)
    t.counters(active_opens=60)
    connections(t, lambda i: 500 + 60 * i)
    return finding("tcp.ports:10.0.0.9:3306", "filling", culprit=("process", "php-fpm", 600), eta=(3, 4), used=800)


def quiet(t):
    """A busy server: its own port is in TIME_WAIT towards many clients, which takes no ephemeral port."""
    narrow(t)
    t.proc(700, "nginx", open=[Sock(8001)])
    t.listen(443, 8001, backlog=511)
    for k in range(990):
        t.connect("10.0.0.5", 443, "10.7.0.9", LOW + k, state="time-wait")
    t.sockstat(tw=990)


def quiet_spread(t):
    """As many ports, over ten destinations: the limit is for each."""
    narrow(t)
    for d in range(10):
        connections(t, 98, peer="10.0.0.%d" % (20 + d), live=0, first=98 * d)


def quiet_reuse(t):
    """tcp_tw_reuse lets connect() take over ports in TIME_WAIT."""
    narrow(t)
    t.sysctl("ipv4/tcp_tw_reuse", 1)
    connections(t, 980)


def quiet_reuse_loopback(t):
    """The default of today's kernels, 2, does so on loopback."""
    narrow(t)
    t.sysctl("ipv4/tcp_tw_reuse", 2)
    connections(t, 980, peer="127.0.0.1", local="127.0.0.1")


def quiet_reuse_loopback_ipv6(t):
    """... where ::1 is loopback as well."""
    narrow(t)
    t.sysctl("ipv4/tcp_tw_reuse", 2)
    connections(t, 980, peer="::1", local="::1")


def quiet_steady(t):
    """Four fifths, and it stays there."""
    narrow(t)
    connections(t, 800)


def fire_no_timestamps(t):
    """tcp_tw_reuse is on, and does nothing without timestamps."""
    narrow(t)
    connections(t, 980)
    t.sockstat(tw=976)
    t.sysctl("ipv4/tcp_tw_reuse", 1)
    t.sysctl("ipv4/tcp_timestamps", 0)
    return finding("tcp.ports:10.0.0.9:3306", "exhausted", culprit=("process", "php-fpm", 600), used=980, limit=RANGE)


def fire_two_destinations(t):
    """One process, two backends: one trouble. Who connects to a third one has nothing to do with it, however many sockets it makes."""
    narrow(t)
    t.proc(700, "relayd", cpu=0.9, switches=2000)
    connections(t, 980, live=0)
    connections(t, 990, port=3307, live=0)
    t.flow(3306, peer="10.0.0.9", pid=600, outgoing=True, opened=8, closed=8)
    t.flow(3307, peer="10.0.0.9", pid=600, outgoing=True, opened=9, closed=9)
    t.flow(3308, peer="10.0.0.9", pid=700, outgoing=True, opened=90, closed=90)

    def apart(run):
        told = [c["value"] for f in run.doc["findings"] for c in f["culprits"] + f["victims"]]
        return "relayd is named" if "relayd" in told else None

    return Expect(finding("tcp.ports:10.0.0.9:3306", "exhausted", culprit=("process", "php-fpm", 600)), checks=[apart])


def fire_held(t):
    """Connections that are never closed."""
    narrow(t)
    connections(t, 980, live=980)
    return finding("tcp.ports:10.0.0.9:3306", "exhausted", culprit=("process", "php-fpm", 600))


def quiet_levels_off(t):
    """14 connections a second, each 60 s in TIME_WAIT: in a minute there are 840 of 1000, and never more."""
    narrow(t)
    t.counters(active_opens=14)
    connections(t, lambda i: 560 + 14 * i)


def held_by(t, state):
    narrow(t)
    t.proc(700, "shopd", cpu=0.1, switches=900)
    for k in range(980):
        t.connect("10.0.0.5", LOW + k, "10.0.0.9", 3306, state=state, inode=9000 + k)
    t.procs[600].open = [Sock(9000 + k) for k in range(980)]
    t.flow(3306, peer="10.0.0.9", pid=700, outgoing=True, failed=5)
    return finding("tcp.ports:10.0.0.9:3306", "exhausted", culprit=("process", "php-fpm", 600))


def fire_close_wait(t):
    """A daemon never closes what its server closed. Another client, which tries in vain, is a victim."""
    return held_by(t, "close-wait")


def fire_syn_sent(t):
    """A host that answers nothing, and a client that goes on trying."""
    return held_by(t, "syn-sent")


def short_lived(t):
    t.port_range(LOW, LOW + RANGE - 1)
    t.proc(600, "sync-stock.sh", cpu=0.3, switches=900)
    connections(t, 980, live=0)
    t.sockstat(tw=976)
    now = lambda k: lambda i: 1 if i == k // 12 + 1 else 0
    for k in range(60):
        t.flow(3306, peer="10.0.0.9", pid=50000 + k, outgoing=True, opened=now(k), closed=now(k))


def fire_short_lived(t):
    """A script starts a client for each item; when one looks they are gone. Jobs of another script end as often, and connect to nobody."""
    short_lived(t)
    t.proc(650, "rotate.sh", cpu=0.1, switches=900)
    t.ended("mysql", 600, each=12, pid=50000)
    t.ended("gzip", 650, each=40, pid=60000)
    return finding("tcp.ports:10.0.0.9:3306", "exhausted", culprit=("job", "sync-stock.sh", 600))


def fire_short_lived_and_probe(t):
    """The same, beside a healthy client that is there all the time and makes one a second."""
    short_lived(t)
    t.ended("mysql", 600, each=12, pid=50000)
    t.proc(700, "shopd", cpu=0.1, switches=900)
    t.flow(3306, peer="10.0.0.9", pid=700, outgoing=True, opened=1, failed=4)
    return finding("tcp.ports:10.0.0.9:3306", "exhausted", culprit=("job", "sync-stock.sh", 600))


def fire_short_lived_of_nobody(t):
    """Who starts them is not known: the client that is there is not to blame."""
    short_lived(t)
    t.proc(700, "shopd", cpu=0.1, switches=900)
    t.flow(3306, peer="10.0.0.9", pid=700, outgoing=True, opened=1, failed=4)
    return finding("tcp.ports:10.0.0.9:3306", "exhausted", culprit=("destination", "10.0.0.9:3306"))


def fire_reserved(t):
    """Three in ten ports of the range are reserved, and some outside of it."""
    narrow(t)
    t.sysctl("ipv4/ip_local_reserved_ports", "8080,%d-%d,60000-60010" % (LOW + 700, LOW + 999))
    connections(t, 690)
    return finding("tcp.ports:10.0.0.9:3306", "exhausted", culprit=("process", "php-fpm", 600), used=690, limit=700)


def quiet_reserved_outside(t):
    """What is reserved outside of the range takes nothing away."""
    narrow(t)
    t.sysctl("ipv4/ip_local_reserved_ports", "8080,9000-9999")
    connections(t, 690)
