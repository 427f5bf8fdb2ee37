# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A busy disk is a trouble when somebody else is blocked behind the one who keeps it busy."""

from expect import finding
from tree import File, Sock

MB = 1000000


def busy(t, queue=12.0, busy_share=0.99, io=0.8):
    for name in ("sda", "sda1"):
        t.disk(name, reads=150, writes=30, read_bytes=60 * MB, write_bytes=1 * MB, read_ms=9000, write_ms=2500, busy=busy_share, queue=queue, inflight=int(queue))
    t.psi(io=io)
    t.cpu(user=0.05, system=0.03, idle=0.3, iowait=0.62)
    t.tasks(blocked=3)


def backup(t, **more):
    t.proc(700, "rsync", ppid=690, state="D", wchan="folio_wait_bit", cpu=0.1, io=dict(read=60 * MB, calls=200, wchar=1000), open=[File("/srv/data/a.img", inode=70)], **more)


def fire(t):
    """A backup reads; the database behind it is blocked."""
    busy(t)
    backup(t)
    t.proc(500, "mysqld", state=list("SDDSDD"), wchan="jbd2_log_wait_commit", cpu=0.05, io=dict(read=20000, write=90000, calls=30, wchar=90000),
           open=[File("/var/lib/mysql/ibdata1", inode=50, writable=True)])
    return finding("disk.io:sda", "saturated", culprit=("process", "rsync", 700), victims=["mysqld"], used=(0.95, 1), limit=1)


def fire_thread(t):
    """The one that is blocked is a thread: the state of the process itself is its main thread's, asleep."""
    busy(t)
    backup(t)
    t.proc(500, "mysqld", threads=20, blocked_threads=3, cpu=0.05, io=dict(read=20000, write=90000, calls=30, wchar=90000),
           open=[File("/var/lib/mysql/ibdata1", inode=50, writable=True)])
    return finding("disk.io:sda", "saturated", culprit=("process", "rsync", 700), victims=["mysqld"])


def fire_serves(t):
    """The one that moves most bytes serves others itself; its accept queue is empty, since each connection has a process of its own."""
    busy(t)
    t.proc(500, "postgres", state="D", wchan="folio_wait_bit", cpu=0.2, io=dict(read=60 * MB, calls=300, wchar=9000), open=[File("/var/lib/pg/base/1", inode=51, writable=True), Sock(5001)])
    t.listen(5432, 5001, waiting=0, backlog=200)
    return finding("disk.io:sda", "saturated", culprit=("process", "postgres", 500))


def quiet(t):
    """A backup that has the disk for itself: only it waits."""
    busy(t)
    backup(t)
    t.proc(500, "mysqld", cpu=0.02, io=dict(write=9000, calls=3, wchar=9000), open=[File("/var/lib/mysql/ibdata1", inode=50, writable=True)])


def quiet_fast(t):
    """An SSD that is never without work answers in microseconds; nobody is blocked when one looks."""
    busy(t, queue=2.0, io=0.04)
    t.proc(700, "fio", cpu=0.9, io=dict(read=900 * MB, calls=200000), open=[File("/srv/data/a.img", inode=70)])
    t.proc(500, "mysqld", state=list("SSDSSS"), cpu=0.05, io=dict(write=9000, calls=3), open=[File("/var/lib/mysql/ibdata1", inode=50, writable=True)])


def quiet_other_disk(t):
    """The blocked process has its files on another disk."""
    busy(t)
    backup(t)
    t.disk("sdb", (8, 16), busy=0.3, queue=0.4)
    t.disk("sdb1", (8, 17), busy=0.3, queue=0.4)
    t.mount("/data", (8, 17), size=10**12, available=5 * 10**11)
    t.proc(500, "mysqld", state="D", cpu=0.05, io=dict(write=90000, calls=30), open=[File("/data/ibdata1", dev=(8, 17), inode=50, writable=True)])


def quiet_same_program(t):
    """Several processes of one copy wait for each other."""
    busy(t)
    backup(t)
    t.proc(701, "rsync", ppid=700, state="D", cpu=0.05, io=dict(write=10 * MB, calls=100), open=[File("/srv/copy/a.img", inode=71, writable=True)])


def quiet_pipeline(t):
    """A backup is a pipeline: all its parts wait for the disk, and nobody else."""
    busy(t)
    t.proc(690, "backup.sh", ppid=1)
    t.proc(700, "tar", ppid=690, state="D", wchan="folio_wait_bit", cpu=0.1, io=dict(read=60 * MB, calls=200, wchar=1000), open=[File("/srv/data/a.img", inode=70)])
    t.proc(701, "split", ppid=690, state="D", wchan="balance_dirty_pages", cpu=0.1, io=dict(write=9 * MB, calls=200, wchar=9 * MB), open=[File("/srv/out/a.aa", inode=71, writable=True)])


def quiet_build(t):
    """A build on a slow disk: compilers wait behind the linker."""
    busy(t)
    t.proc(690, "make", ppid=600)
    t.proc(700, "ld", ppid=690, state="D", wchan="folio_wait_bit", cpu=0.1, io=dict(read=60 * MB, calls=200), open=[File("/srv/data/a.o", inode=70)])
    for k in range(3):
        t.proc(701 + k, "cc1", ppid=690, state="D", wchan="folio_wait_bit", cpu=0.1, io=dict(write=MB, calls=20), open=[File("/srv/b%d.o" % k, inode=71 + k, writable=True)])


def database(t, title):
    """A server with a child that has this title and waits for the disk."""
    t.proc(500, "postgres", cpu=0.02, open=[Sock(5001)])
    t.listen(5432, 5001, waiting=0, backlog=200)
    t.proc(505, "postgres", ppid=500, state=list("SDDSDD"), wchan="ext4_block_write_begin", title=title, cpu=0.01, io=dict(read=8000, write=120000, calls=30, wchar=120000),
           open=[File("/var/lib/pg/base/2", inode=52, writable=True)])


def fire_backend(t):
    """Who waits has a client, as its title says: it is a session, not a part of the server."""
    busy(t)
    backup(t)
    database(t, "postgres: shop shop 10.0.0.9(40212) UPDATE\0")
    return finding("disk.io:sda", "saturated", culprit=("process", "rsync", 700), victims=["postgres"])


def quiet_checkpointer(t):
    """Behind a backup waits a process of the database that no client waits for."""
    busy(t)
    backup(t)
    database(t, "postgres: 15/main: checkpointer \0")


def fire_checkpoint(t):
    """The checkpoint itself fills the disk, and a session of the same program waits behind it."""
    busy(t)
    database(t, "postgres: shop shop [local] COMMIT\0")
    t.proc(504, "postgres", ppid=500, state="D", wchan="folio_wait_writeback", title="postgres: checkpointer \0", cpu=0.1, io=dict(write=50 * MB, calls=400, wchar=50 * MB),
           open=[File("/var/lib/pg/base/1", inode=51, writable=True)])
    return finding("disk.io:sda", "saturated", culprit=("process", "postgres", 504), victims=["postgres"])


def quiet_readers(t):
    """Beside the backup searches read what nobody has read before: slower than alone, but nobody waits for them."""
    busy(t)
    backup(t)
    for k in range(2):
        t.proc(720 + k, "git", ppid=719 + 10 * k, state=list("DDSDDD"), wchan="ext4_read_bh", cpu=0.05, io=dict(read=8 * MB, calls=100), open=[File("/srv/src/pack%d" % k, inode=73 + k)])


def quiet_rivals(t):
    """Two copies share the disk, and nobody else wants it."""
    busy(t)
    backup(t)
    t.proc(710, "tar", ppid=709, state="D", cpu=0.05, io=dict(read=40 * MB, calls=100), open=[File("/srv/copy/b.img", inode=72)])
