# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Requests in flight and no answer at all."""

from expect import finding
from tree import File

DATA = (8, 17)


def data_disk(t, **rates):
    for name, dev in (("sdb", (8, 16)), ("sdb1", DATA)):
        t.disk(name, dev, **rates)
    t.mount("/data", DATA, size=10**12, available=5 * 10**11)


def hung(t, state="D", switches=0, **more):
    t.proc(500, "mysqld", state=state, switches=switches, **more, wchan="io_schedule", open=[File("/data/ibdata1", dev=DATA, inode=50, writable=True)])
    t.tasks(blocked=1)
    t.psi(io=0.99)


def fire(t):
    data_disk(t, reads=0, writes=0, read_bytes=0, write_bytes=0, read_ms=0, write_ms=0, busy=1.0, queue=8.0, inflight=8)
    hung(t)
    return finding("disk.stall:sdb", "stalled", culprit=("device", "sdb"), victims=["mysqld"], used=8)


def quiet(t):
    """A slow disk completes something every second."""
    data_disk(t, reads=0, writes=1, read_bytes=0, write_bytes=4096, read_ms=0, write_ms=900, busy=1.0, queue=1.0, inflight=1)
    hung(t, switches=2, io=dict(write=4096, calls=1))


def quiet_flush(t):
    """A long flush of a healthy disk ends after two seconds."""
    data_disk(t, reads=0, writes=0, read_bytes=0, write_bytes=0, read_ms=0, write_ms=0, busy=0.4, queue=0.4, inflight=[0, 1, 1, 0, 0, 0])
    hung(t, state=list("SDDSSS"))


def quiet_nobody(t):
    """A discard that takes its time, and no process waits for it."""
    data_disk(t, reads=0, writes=0, read_bytes=0, write_bytes=0, read_ms=0, write_ms=0, busy=1.0, queue=1.0, inflight=1)


def quiet_short_look(t):
    """Two seconds are too short to say that a disk is dead."""
    t.moments = 3
    fire(t)


STILL = dict(reads=0, writes=0, read_bytes=0, write_bytes=0, read_ms=0, write_ms=0, busy=1.0, queue=8.0, inflight=8)


def stack(t, **upper):
    """A volume on an encrypted disk, and a database on it."""
    t.disk("sdb", (8, 16), **STILL)
    t.volume("dm-0", (253, 0), "luks-data", ["sdb"], uuid="CRYPT-LUKS2-", **STILL)
    t.volume("dm-1", (253, 1), "vg0-data", ["dm-0"], **dict(STILL, **upper))
    t.mount("/data", (253, 1), size=10**12, available=5 * 10**11)
    t.proc(500, "mysqld", state="D", switches=0, wchan="io_schedule", open=[File("/data/ibdata1", dev=(253, 1), inode=50, writable=True)])
    t.tasks(blocked=1)
    t.psi(io=0.99)


def fire_stack(t):
    """What lies on a disk that hangs stands still as well: one trouble, that of the lowest."""
    stack(t)
    return finding("disk.stall:sdb", "stalled", culprit=("device", "sdb"), victims=["mysqld"], used=8)


def fire_volume(t):
    """The disk below answers: what hangs is between."""
    stack(t)
    t.disk("sdb", reads=50, read_bytes=400000, busy=0.3, queue=0.3, inflight=0)
    return finding("disk.stall:dm-0", "stalled", culprit=("device", "dm-0"), victims=["mysqld"], used=8)


def quiet_stack(t):
    """The disk has long requests of others and answers one now and then; so does the volume."""
    stack(t, reads=1, read_bytes=4096)
    for name in ("sdb", "dm-0"):
        t.disk(name, reads=1, read_bytes=4096)
