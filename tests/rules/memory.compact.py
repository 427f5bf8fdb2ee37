# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""There is enough memory, in pieces that are too small."""

from expect import finding


def fire(t):
    t.vmstat(compact_stall=60, compact_fail=40)
    t.psi(memory=0.25)
    return finding("memory.compact", "saturated", "warning", culprit=("config", "transparent_hugepage/defrag"))


def quiet(t):
    """Now and then, and nobody waits for long."""
    t.vmstat(compact_stall=3)
    t.psi(memory=0.01)


def quiet_short(t):
    """Memory is short: then it is that, and not its pieces."""
    t.memory(free=80, available=300, cached=150, anon=15000)
    t.psi(memory=0.01)
    t.vmstat(compact_stall=60)
    t.proc(600, "leaky", rss=13000)
