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


def quiet(t):
    """A slow backend, while workers are free."""
    t.server(700, "apache2", 80, children=12)
    for k in range(8):
        t.procs[701 + k].open = [Sock(60000 + k)]
        t.connect("10.0.0.5", 33000 + k, "10.0.0.20", 5432, inode=60000 + k, tcp=dict(sent=900, received=0, sent_ms=8000, received_ms=8010))
