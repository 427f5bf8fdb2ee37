# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Workers that wait on connections on which nothing is asked."""

from expect import finding


def fire(t):
    """A reverse proxy keeps twenty connections open, others find no worker."""
    t.server(700, "apache2", 8080, children=20, waiting=6)
    t.book("apache", 700, "apache2", status="full", port=8080, pools=[("workers", "", dict(limit=20))],
           slots=[(1, dict(pid=701, state="working", ms=900, peer="10.77.0.8", text="GET /cgi-bin/q"))])
    t.clients("10.77.0.2", 8080, 6, "waits", first=40000)
    t.clients("10.77.0.8", 8080, 20, "idle")
    return finding("workers:apache2", "saturated", culprit=("peer", "10.77.0.8"), used=20, limit=20, text="idle connections of 10.77.0.8")


def fire_local(t):
    """The proxy is of this machine: its process is named."""
    t.server(700, "apache2", 8080, children=8, waiting=6)
    t.proc(900, "nginx", open=[])
    t.clients("10.77.0.2", 8080, 6, "waits", first=40000)
    t.clients("127.0.0.1", 8080, 8, "idle", local="127.0.0.1")
    from tree import Sock
    t.procs[900].open = [Sock(60000 + k) for k in range(8)]
    for k in range(8):
        t.connect("127.0.0.1", 20000 + k, "127.0.0.1", 8080, inode=60000 + k, tcp=dict(sent=400, received=3000, sent_ms=30000, received_ms=29000))
    return finding("workers:apache2", "saturated", culprit=("process", "nginx", 900))


def quiet(t):
    """As many idle connections, and workers left."""
    t.server(700, "apache2", 8080, children=20)
    t.clients("10.77.0.8", 8080, 14, "idle")


def quiet_event(t):
    """A server that needs no worker for an idle connection; a few connections wait for a moment only."""
    t.server(700, "nginx", 80, children=2, waiting=[0, 3, 0, 1, 0, 2])
    t.clients("10.77.0.8", 80, 60, "idle")


def case_hung(t):
    """Two processes with sixty idle connections do not accept: idle connections are not what holds them."""
    t.server(700, "nginx", 80, children=2, waiting=30)
    t.clients("10.77.0.2", 80, 30, "waits", first=40000)
    t.clients("10.77.0.8", 80, 60, "idle")
    return finding("tcp.listen:80", "saturated", culprit=("process", "nginx", 700), rule="tcp.listen.overflow")
