# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Writers of all disks wait because one writes faster than storage takes it."""

from expect import finding
from tree import File

PAGES = 262144  # a GiB


def dirty(t, mib):
    t.memory(dirty=mib)
    t.vmstat(nr_dirty_threshold=[PAGES] * 6, nr_dirty_background_threshold=[PAGES // 2] * 6)
    t.psi(io=0.4)
    t.tasks(blocked=2)
    t.proc(700, "importer", state="D", cpu=0.2, wchan="balance_dirty_pages", io=dict(wchar=90 << 20, write=60 << 20, calls=90), open=[File("/srv/a", writable=True)])


def fire(t):
    dirty(t, 800)
    t.proc(500, "mailq", state="D", wchan="balance_dirty_pages", io=dict(wchar=4000, calls=4), open=[File("/srv/b", writable=True)])
    return finding("memory.dirty", "saturated", culprit=("process", "importer", 700), victims=["mailq"])


def quiet(t):
    """A copy that is slowed by its own pages, with nobody else writing."""
    dirty(t, 800)


def quiet_below(t):
    """Much is dirty, and nobody is slowed."""
    dirty(t, 400)
    t.proc(500, "mailq", io=dict(wchar=4000, calls=4), open=[File("/srv/b", writable=True)])


def fire_proxy(t):
    """A proxy writes more than anybody, but to sockets."""
    dirty(t, 800)
    t.proc(800, "haproxy", cpu=0.3, io=dict(wchar=900 << 20, write=0, calls=90000))
    t.proc(500, "mailq", state="D", wchan="balance_dirty_pages", io=dict(wchar=4000, calls=4), open=[File("/srv/b", writable=True)])
    return finding("memory.dirty", "saturated", culprit=("process", "importer", 700), victims=["mailq"])
