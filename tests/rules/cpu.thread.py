# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A server that can use one processor and not more, and has clients that wait."""

from expect import finding
from tree import Sock


def server(t, **more):
    t.cpu(user=0.26, idle=0.74)
    t.proc(600, "renderd", cpu=more.pop("cpu", 0.99), delay=0.01, threads=more.pop("threads", 1), open=[Sock(7001)], **more)


def fire(t):
    """Connections stand in its accept queue."""
    server(t)
    t.listen(8080, 7001, waiting=6, backlog=128)
    return finding("cpu.thread:renderd", "saturated", culprit=("process", "renderd", 600), used=(0.95, 1.03), limit=1)


def fire_unread(t):
    """It accepts at once and answers one after the other: what the others sent is not read."""
    t.cpu(user=0.26, idle=0.74)
    t.proc(600, "renderd", cpu=0.99, delay=0.01, threads=12, open=[Sock(7001), Sock(7002), Sock(7003), Sock(7004)])
    t.listen(8080, 7001)
    for k in range(3):
        t.connect("10.0.0.5", 8080, "10.0.0.%d" % (20 + k), 40000 + k, inode=7002 + k, recvq=300)
    return finding("cpu.thread:renderd", "saturated", culprit=("process", "renderd", 600))


def quiet(t):
    """A batch job with one thread: nobody waits for it."""
    t.cpu(user=0.26, idle=0.74)
    t.proc(900, "encoder", cpu=0.99, delay=0.001)


def quiet_served(t):
    """A server at 99 % whose clients are served in time."""
    server(t)
    t.listen(8080, 7001, waiting=[0, 0, 1, 0, 0, 0], backlog=128)


def quiet_not_cpu(t):
    """A queue in front of a server that sleeps: it is not the processor that it lacks."""
    server(t, cpu=0.3)
    t.listen(8080, 7001, waiting=6, backlog=128)


def quiet_many_threads(t):
    """Two threads' worth: it can use more than one processor."""
    server(t, cpu=1.9, threads=4)
    t.listen(8080, 7001, waiting=6, backlog=128)


def quiet_busy(t):
    """An event loop at its processor's speed: a glance finds requests in its queues, half a millisecond old."""
    server(t)
    t.listen(8080, 7001, waiting=[1, 0, 2, 1, 0, 1], backlog=511)
    t.counters(passive_opens=4000)
    for k in range(20):
        t.connect("10.0.0.5", 8080, "10.0.0.%d" % (20 + k), 40000 + k, inode=7002 + k, recvq=40, tcp=dict(sent=lambda i: 500000 * i, received=lambda i: 90000 * i, sent_ms=0, received_ms=0))
