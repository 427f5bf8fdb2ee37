# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A group held back at its quota: what a quota is for, unless somebody waits for the group."""

from expect import finding, note
from tree import Sock

GROUP = "/system.slice/web.service"
HALF = dict(quota=50000, period=100000, periods=10, throttled=9, lost=0.8)


def server(t):
    t.proc(600, "nginx", cpu=0.01, open=[Sock(8001)])
    t.proc(601, "nginx", ppid=600, cpu=0.48, delay=0.1, open=[Sock(8001)])
    t.listen(80, 8001, waiting=2, backlog=511)
    return [600, 601]


def fire(t):
    t.group(GROUP, procs=server(t), cpu=HALF)
    return finding("cgroup.cpu:" + GROUP, "saturated", culprit=("process", "nginx", 601), cgroup=GROUP, victims=["nginx"], limit=0.5, used=(0.4, 0.6))


def fire_v1(t):
    t.group(GROUP, procs=server(t), cpu=HALF, v1=True)
    return finding("cgroup.cpu:" + GROUP, "saturated", culprit=("process", "nginx", 601), limit=0.5)


def quiet(t):
    """A batch job at its quota: nobody waits for it."""
    t.proc(600, "encode", cpu=0.5, delay=0.05)
    t.group("/batch.slice/encode.service", procs=[600], cpu=HALF)
    return note("cgroup.cpu:/batch.slice/encode.service")


def quiet_seldom(t):
    """A server that meets its quota in a fifth of the periods."""
    t.group(GROUP, procs=server(t), cpu=dict(HALF, throttled=2, lost=0.05))


def quiet_start(t):
    """Held back while it started, and not since."""
    t.group(GROUP, procs=server(t), cpu=dict(HALF, throttled=[10, 18, 18, 18, 18, 18]))


def quiet_no_quota(t):
    t.group(GROUP, procs=server(t), cpu=dict(HALF, quota="max", periods=0, throttled=0, lost=0))


def quiet_port(t):
    """A job that also shows its numbers on a port: nobody asks, and the quota is what it is for."""
    t.proc(600, "encode", cpu=0.5, delay=0.4, open=[Sock(8001)])
    t.listen(9100, 8001, backlog=128)
    t.group("/batch.slice/encode.service", procs=[600], cpu=HALF)
    return note("cgroup.cpu:/batch.slice/encode.service")


def fire_seldom_asked(t):
    """Two requests a second, each of which takes a sixth of one."""
    t.proc(600, "java", cpu=0.2, delay=0.4, open=[Sock(8001), Sock(70000)])
    t.listen(8080, 8001, backlog=128)
    t.connect("10.0.0.5", 8080, "10.77.0.9", 20000, inode=70000, tcp=dict(sent=lambda i: 900 * i, received=lambda i: 300 * (i + 1), sent_ms=300, received_ms=310))
    t.group(GROUP, procs=[600], cpu=HALF)
    return finding("cgroup.cpu:" + GROUP, "saturated", culprit=("process", "java", 600))


def quiet_probe(t):
    """The same, and its numbers are asked for each quarter of a minute: a short connection, answered."""
    t.proc(600, "java", cpu=0.5, delay=0.4, open=[Sock(8001)])
    t.listen(9100, 8001, backlog=128)
    t.clients("10.77.0.9", 9100, 1, "idle", ms=2000)
    t.group("/batch.slice/java.service", procs=[600], cpu=HALF)
    return note("cgroup.cpu:/batch.slice/java.service")


def quiet_beside(t):
    """A container whose ssh server sleeps while a job in it is held back."""
    t.proc(600, "sshd", cpu=0, open=[Sock(8001)])
    t.proc(610, "encode", cpu=0.5, delay=0.4)
    t.listen(22, 8001, backlog=128)
    t.connect("10.0.0.5", 22, "10.0.0.9", 40000, inode=8100)
    t.group("/docker/abc", procs=[600, 610], cpu=HALF)
    return note("cgroup.cpu:/docker/abc")


def fire_clients(t):
    """Nobody waits to be accepted; what the clients sent is read late."""
    t.proc(600, "app", cpu=0.5, delay=0.4, open=[Sock(8001)])
    t.listen(8080, 8001, backlog=128)
    t.connect("10.0.0.5", 8080, "10.0.0.9", 40000, inode=8100, recvq=400)
    t.group("/docker/abc", procs=[600], cpu=HALF)
    return finding("cgroup.cpu:/docker/abc", "saturated", culprit=("process", "app", 600), victims=["app"])


FPM = "/system.slice/php8.2-fpm.service"


def fpm(t, waiting):
    """As Debian sets it up: nginx in front, and between them a unix socket."""
    t.proc(600, "php-fpm8.2", cpu=0.01, open=[Sock(8001)])
    for k in range(5):
        t.proc(601 + k, "php-fpm8.2", ppid=600, uid=33, cpu=0.1, delay=0.3, open=[Sock(8001)])
    t.unix("/run/php/php8.2-fpm.sock", 8001, waiting=waiting, backlog=511)
    t.group(FPM, procs=[600 + k for k in range(6)], cpu=HALF)


def fire_unix(t):
    fpm(t, [0, 2, 1, 0, 3, 0])
    return finding("cgroup.cpu:" + FPM, "saturated", culprit=("process", "php-fpm8.2", 601), victims=["php-fpm8.2"])


def quiet_control_socket(t):
    """A job with a socket for its control, on which nobody waits."""
    fpm(t, 0)
    return note("cgroup.cpu:" + FPM)


def named(t, **queue):
    t.proc(600, "named", cpu=0.5, delay=0.3, open=[Sock(8001)])
    t.group("/system.slice/named.service", procs=[600], cpu=HALF)
    t.udp(inode=8001, **queue)


def fire_udp(t):
    """Questions stand in the buffer of a nameserver."""
    named(t, port=53, recvq=[20000, 0, 9000, 4000, 0, 2000])
    return finding("cgroup.cpu:/system.slice/named.service", "saturated", culprit=("process", "named", 600), victims=["named"])


def quiet_udp(t):
    """Nothing waits there."""
    named(t, port=53, recvq=[0, 0, 900, 0, 0, 0])
    return note("cgroup.cpu:/system.slice/named.service")


def quiet_udp_answers(t):
    """A job that asks by UDP: what stands in its buffer is the answer that it waits for."""
    named(t, port=40123, recvq=900)
    return note("cgroup.cpu:/system.slice/named.service")


def fire_many_small(t):
    """Ten compressions in the group of the server: each uses less than the server, together four times as much."""
    t.proc(600, "shopapp", cpu=0.1, delay=0.4, open=[Sock(8001)])
    t.listen(9000, 8001, waiting=2, backlog=511)
    for k in range(10):
        t.proc(700 + 2 * k, "rotate.sh", switches=0)
        t.proc(701 + 2 * k, "gzip", ppid=700 + 2 * k, cpu=0.04, delay=0.3)
    t.group("/web", procs=[600] + list(range(700, 720)), cpu=HALF)
    return finding("cgroup.cpu:/web", "saturated", culprit=("process", "gzip"), victims=["shopapp"])
