# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Slots whose process is gone."""

from expect import finding, note


def board(t, gone, waiting=0, idle=0):
    t.server(700, "apache2", 80, children=20 - gone, waiting=waiting)
    if waiting:
        t.clients("10.77.0.2", 80, waiting, "waits", first=40000)
    t.clients("10.9.9.1", 80, 20 - gone, "asked")
    t.book("apache", 700, "apache2", port=80, pools=[("workers", "", dict(used=20 - idle, idle=idle, limit=20, working=20 - idle))], when=lambda i: i % 2 == 0,
           slots=[(k, dict(pid=701 + k if k < 20 - gone else 4000 + k, state="working", ms=50000 + k, peer="10.9.9.1", text="GET /")) for k in range(20)])


def fire(t):
    board(t, 14, waiting=5)
    return finding("workers:apache2", "saturated", culprit=("slot", "14 slots"), limit=20)


def quiet(t):
    """All slots have their process; nobody waits."""
    board(t, 0)


def quiet_note(t):
    """A few slots are lost, and workers are left."""
    board(t, 2, idle=5)
    return note("workers:apache2")
