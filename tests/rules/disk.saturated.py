# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A busy disk is a trouble when somebody else is blocked behind the one who keeps it busy."""

from expect import finding
from tree import File, Sock

MB = 1000000


def busy(t, queue=12.0, busy_share=0.99, io=0.8, read=60 * MB, written=1 * MB):
    for name in ("sda", "sda1"):
        t.disk(name, reads=150, writes=30, read_bytes=read, write_bytes=written, read_ms=9000, write_ms=2500, busy=busy_share, queue=queue, inflight=int(queue))
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


def mysql(t, working):
    busy(t)
    t.proc(500, "mysqld", state="D", wchan="folio_wait_bit", cpu=0.2, io=dict(read=60 * MB, calls=300, wchar=9000), open=[File("/var/lib/mysql/t.ibd", inode=51, writable=True), Sock(5001)])
    t.listen(3306, 5001, waiting=0, backlog=80)
    t.book("mysql", 500, "mysqld", port=3306, pools=[("connections", "-", dict(used=30, limit=151, working=working))])


def fire_serves_many(t):
    """Eight sessions of a database read what is not in its memory."""
    mysql(t, 8)
    return finding("disk.io:sda", "saturated", culprit=("process", "mysqld", 500))


def quiet_dump(t):
    """One session of it, a dump by its unix socket, reads all there is."""
    mysql(t, 1)


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
    busy(t, read=MB, written=50 * MB)
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


# ---- many that do little each

def search(t, n=16, each=500000, first=700, parent=690, **more):
    """find | xargs -P n grep"""
    t.proc(parent, "xargs")
    for k in range(n):
        t.proc(first + k, "grep", ppid=parent, pgrp=parent, state="D", wchan="folio_wait_bit", cpu=0.02, io=dict(read=each, calls=10), open=[File("/srv/a%d" % k, inode=70 + k)], **more)


def committing(t, name="postgres", read=20000, written=90000, open=()):
    t.proc(500, name, state=list("SDDSDD"), wchan="jbd2_log_wait_commit", cpu=0.05, io=dict(read=read, write=written, calls=30, wchar=90000),
           open=[File("/var/lib/db/x", inode=50, writable=True), *open])


def fire_search(t):
    """None of the readers moves much, all of them fill the disk; beside one of them the database would be as busy."""
    busy(t, read=8 * MB)
    search(t)
    committing(t)
    return finding("disk.io:sda", "saturated", culprit=("process", "grep"), victims=["postgres"], text="most for grep")


def fire_search_server(t):
    """The database moves more than any reader: it is the victim all the same."""
    busy(t, read=8 * MB)
    search(t)
    committing(t, "mysqld", read=500000, written=200000, open=[Sock(5001)])
    t.listen(3306, 5001)
    return finding("disk.io:sda", "saturated", culprit=("process", "grep"), victims=["mysqld"])


def fire_group(t):
    """The parts of a job have different names and parents; they are one process group."""
    busy(t, read=6 * MB, written=3 * MB)
    for k, name in enumerate(("tar", "gzip", "split")):
        t.proc(700 + k, name, ppid=690 + k, pgrp=690, state="D", cpu=0.1, io=dict(read=2 * MB, write=MB, calls=50), open=[File("/srv/a%d" % k, inode=70 + k, writable=True)])
    committing(t, read=0, written=250000)
    return finding("disk.io:sda", "saturated", culprit=("process", "tar", 700), victims=["postgres"])


def quiet_search(t):
    """Many readers, and nobody but them."""
    busy(t, read=8 * MB)
    search(t)
    t.proc(500, "mysqld", cpu=0.02, io=dict(write=9000, calls=3, wchar=9000), open=[File("/var/lib/mysql/ibdata1", inode=50, writable=True)])


def quiet_searches(t):
    """Two searches beside each other have half of the disk each, though a reader of one is little beside all of the other."""
    busy(t, read=12 * MB)
    search(t)
    search(t, first=800, parent=790, n=8, uid=1000)


def quiet_two_readers(t):
    """Two single readers, none of whom anybody waits for."""
    busy(t, read=12 * MB)
    search(t, n=1, each=8 * MB)
    search(t, n=1, each=4 * MB, first=800, parent=790)


def late(t, **more):
    """A queue so long that what is answered was asked for, and counted, before anybody looked."""
    busy(t, read=3 * MB)
    t.disk("sda", reads=20, writes=0, read_ms=40000, write_ms=0, queue=40.0)
    search(t, start=(86400 - 4) * 100, **more)
    for k in range(16):
        t.procs[700 + k].io = dict(read=lambda i: 6 * MB)


def fire_late(t):
    late(t)
    t.proc(500, "indexd", state=list("DDDSDD"), wchan="folio_wait_bit", cpu=0.01, io=dict(read=65536, calls=1), open=[File("/srv/index", inode=50)])
    return finding("disk.io:sda", "saturated", culprit=("process", "grep"), victims=["indexd"])


def quiet_late(t):
    """Of two searches one gets nothing yet: it asked for as much."""
    late(t)
    for k in range(16):
        t.procs[700 + k].io = dict(read=lambda i: 4 * MB + 400000 * i)
    for k in range(6):
        t.proc(800 + k, "sha256sum", ppid=790, pgrp=790, state="D", start=(86400 - 4) * 100, io=dict(read=lambda i: 6 * MB), open=[File("/srv/b%d" % k, inode=170 + k)])


def quiet_late_newcomer(t):
    """A search that began when the queue was full has asked for little by now, and waits for its first answers."""
    late(t)
    for k in range(6):
        t.proc(800 + k, "sha256sum", ppid=790, pgrp=790, state="D", start=(86400 - 2) * 100, io=dict(read=lambda i: 131072), open=[File("/srv/b%d" % k, inode=170 + k)])


# ---- small requests

def fire_small(t):
    """Pieces of 4 KiB at random: few bytes a second are all that the disk can. Who waits with one request behind ten is no rival."""
    busy(t, read=480000, written=80000)
    t.proc(700, "dumper", state="D", threads=12, blocked_threads=10, wchan="blk_io_schedule", cpu=0.05, io=dict(read=480000, calls=10), open=[File("/srv/heap", inode=70)])
    t.proc(500, "ordersdb", state=list("SDDSDD"), wchan="folio_wait_bit", cpu=0.01, io=dict(write=60000, calls=3, wchar=1500), open=[File("/srv/wal", inode=50, writable=True)])
    return finding("disk.io:sda", "saturated", culprit=("process", "dumper", 700), victims=["ordersdb"])


def fire_flushes(t):
    """Each small write is made safe: the disk is full of flushes and of the journal, which no process is charged for."""
    busy(t, read=80000, written=900000)
    t.proc(700, "maild", state="D", threads=9, blocked_threads=8, wchan="jbd2_log_wait_commit", cpu=0.05, io=dict(write=160000, wchar=160000, calls=40),
           open=[File("/srv/q", inode=70, writable=True)])
    t.proc(500, "ordersdb", state=list("SDDSDD"), wchan="folio_wait_bit_common", cpu=0.01, io=dict(read=80000, calls=3), open=[File("/srv/heap", inode=50, writable=True)])
    return finding("disk.io:sda", "saturated", culprit=("process", "maild", 700), victims=["ordersdb"])


def quiet_small_rivals(t):
    """Two that read small pieces, each with a thread or two."""
    busy(t, read=480000, written=80000)
    for k in range(2):
        t.proc(700 + k, "reader%d" % k, state="D", threads=3, blocked_threads=1 + k, cpu=0.05, io=dict(read=120000 * (1 + k), calls=10), open=[File("/srv/heap%d" % k, inode=70 + k)])


# ---- nobody's bytes

def fire_written_back(t):
    """A large copy ended; what it wrote goes to the disk for a minute. The server that waits has next to nothing of that."""
    busy(t, read=40000, written=20 * MB)
    t.memory(dirty=t.line(1200, 1100))
    committing(t, "mysqld", open=[Sock(5001)])
    t.listen(3306, 5001)
    return finding("disk.io:sda", "saturated", culprit=("kernel", "write-back"), victims=["mysqld"], text="written before")


def fire_mapped(t):
    """Who reads has mapped its files and closed them: it waits for a disk, and what it read is what this one did."""
    busy(t, read=8 * MB)
    t.proc(700, "lucene", state="D", wchan="folio_wait_bit", faults=100, cpu=0.05, io=dict(read=8 * MB))
    committing(t, "mysqld", open=[Sock(5001)])
    t.listen(3306, 5001)
    return finding("disk.io:sda", "saturated", culprit=("process", "lucene", 700), victims=["mysqld"])


def fire_unseen(t):
    """The same on a machine with another disk that did as much: which of the two it was is not known, and the server is not to blame."""
    busy(t, read=8 * MB)
    t.disk("sdb", (8, 16), reads=150, read_bytes=8 * MB, busy=0.5, queue=0.6)
    t.proc(700, "lucene", state="D", wchan="folio_wait_bit", faults=100, cpu=0.05, io=dict(read=8 * MB))
    committing(t, "mysqld", open=[Sock(5001)])
    t.listen(3306, 5001)
    return finding("disk.io:sda", "saturated", culprit=("device", "sda"), victims=["mysqld"])


def quiet_own_flush(t):
    """A copy waits until all that it wrote is on the disk."""
    busy(t, read=40000, written=20 * MB)
    t.memory(dirty=t.line(1200, 1100))
    t.proc(700, "dd", state="D", wchan="folio_wait_writeback", open=[File("/srv/copy.img", inode=70, writable=True)])


# ---- volumes

VOLUME = (253, 0)


def volume(t):
    """All of the disk's work is that of a volume on it, which a backup reads."""
    busy(t)
    t.volume("dm-0", VOLUME, "vg0-srv", ["sda"], **{k: n for k, n in t.disks["sda"].items() if k != "dev"})
    t.mount("/srv", VOLUME, size=10**12, available=5 * 10**11)
    t.proc(700, "rsync", ppid=690, state="D", wchan="folio_wait_bit", cpu=0.1, io=dict(read=60 * MB, calls=200, wchar=1000), open=[File("/srv/data/a.img", dev=VOLUME, inode=70)])


def fire_volume(t):
    """Who waits for the volume is told once, with the volume."""
    volume(t)
    t.proc(500, "mysqld", state=list("SDDSDD"), wchan="jbd2_log_wait_commit", cpu=0.05, io=dict(read=20000, write=90000, calls=30), open=[File("/srv/mysql/ibdata1", dev=VOLUME, inode=50, writable=True)])
    return finding("disk.io:dm-0", "saturated", culprit=("process", "rsync", 700), victims=["mysqld"])


def fire_beside_volume(t):
    """Who waits has its files on another part of the disk: the culprit is on the volume."""
    volume(t)
    committing(t, "mysqld", open=[Sock(5001)])
    t.listen(3306, 5001)
    return finding("disk.io:sda", "saturated", culprit=("process", "rsync", 700), victims=["mysqld"])


def fire_serves_volume(t):
    """A server that keeps its own volume busy: told once as well."""
    busy(t)
    t.volume("dm-0", VOLUME, "vg0-srv", ["sda"], **{k: n for k, n in t.disks["sda"].items() if k != "dev"})
    t.mount("/srv", VOLUME, size=10**12, available=5 * 10**11)
    t.proc(500, "postgres", state="D", wchan="folio_wait_bit", cpu=0.2, io=dict(read=60 * MB, calls=300, wchar=9000), open=[File("/srv/pg/base/1", dev=VOLUME, inode=51, writable=True), Sock(5001)])
    t.listen(5432, 5001, waiting=0, backlog=200)
    return finding("disk.io:dm-0", "saturated", culprit=("process", "postgres", 500))
