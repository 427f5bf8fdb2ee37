# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Full, or full soon; never merely nearly full."""

from expect import Expect, finding
from tree import GIB, MIB, File

VAR = (8, 2)
LOG = "/var/log/app/app.log"


def var(t, available, **more):
    t.mount("/var", VAR, size=20 * GIB, available=available, **more)


def writer(t, size=3 * GIB, growth=0, **more):
    t.proc(600, "app", cpu=0.2, io=dict(write=growth, wchar=growth, calls=400), open=[File(LOG, dev=VAR, inode=77, size=size, writable=True, **more)])
    t.proc(610, "rsyslogd", io=dict(wchar=100, calls=2), open=[File("/var/log/syslog", dev=VAR, inode=78, size=MIB, writable=True)])


def fire(t):
    """What is free is root's reserve; for a service there is nothing. As df counts, the reserve is neither used nor to be had."""
    var(t, available=0, free=GIB)
    writer(t)
    return finding("filesystem.space:/var", "exhausted", culprit=("process", "app", 600), victims=["rsyslogd"], used=19 * GIB, limit=19 * GIB)


def fire_filling(t):
    var(t, available=t.line(5 * GIB, 4.5 * GIB))
    writer(t, size=t.line(2 * GIB, 2.5 * GIB), growth=100 * MIB)
    return finding("filesystem.space:/var", "filling", culprit=("process", "app", 600), eta=(40, 50))


def fire_filling_slowly(t):
    """Half an hour off is a warning."""
    t.step = 60
    var(t, available=t.line(9 * GIB, 7.5 * GIB))
    writer(t, size=t.line(2 * GIB, 3.5 * GIB), growth=5 * MIB)
    return finding("filesystem.space:/var", "filling", "warning", culprit=("process", "app", 600), eta=(1400, 1600))


def fire_deleted(t):
    """The file that takes the space is deleted and still open. "PATH (deleted)" is what the link says and no name of a file: a command that writes to it makes a new
    file and frees nothing."""
    var(t, available=0)
    writer(t, deleted=True)

    def no_such_name(run):
        for f in run.doc["findings"]:
            for r in f["remedies"]:
                if r["command"] and "(deleted)" in r["command"]:
                    return "a remedy that writes to a name that does not exist: %s" % r["command"]
        return None

    return Expect(finding("filesystem.space:/var", "exhausted", culprit=("process", "app", 600), rule="filesystem.space"), checks=[no_such_name])


def quiet(t):
    """95 % for years."""
    var(t, available=GIB)
    writer(t)


def quiet_burst(t):
    """A package is unpacked: fast first, then it is done."""
    var(t, available=[6 * GIB, 4 * GIB, 3 * GIB, 2.6 * GIB, 2.55 * GIB, 2.54 * GIB])
    writer(t)


def quiet_read_only(t):
    """An image that is read-only is always full."""
    t.mount("/mnt/image", (7, 0), size=700 * MIB, available=0, inodes=1000, inodes_free=0, options="ro,relatime", super_options="ro")


def quiet_sawtooth(t):
    """Temporary files come and go."""
    var(t, available=[5 * GIB, 4.4 * GIB, 5 * GIB, 4.4 * GIB, 5 * GIB, 4.4 * GIB])
    writer(t)


def quiet_far(t):
    """On a line, but the end is far beyond what was watched."""
    var(t, available=t.line(8 * GIB, 8 * GIB - 60 * MIB))
    writer(t, size=t.line(GIB, GIB + 60 * MIB), growth=12 * MIB)


def fire_held_deleted(t):
    """A log was removed, and the program that writes it was not told: an idle process holds what fills the disk. Others write and fail."""
    var(t, available=0)
    t.proc(600, "app", cpu=0.01)
    t.proc(610, "rsyslogd", io=dict(wchar=100, calls=90), open=[File("/var/log/syslog", dev=VAR, inode=78, size=MIB, writable=True)])
    t.held("/var/log/app/app.log.1", dev=VAR, pid=600, fd=7, size=18 * GIB, deleted=True)
    return finding("filesystem.space:/var", "exhausted", culprit=("process", "app", 600), victims=["rsyslogd"], text="holds open")


def fire_deleted_is_little(t):
    """A deleted file is held, and it is not what fills the disk."""
    var(t, available=0)
    writer(t)
    t.proc(700, "cached")
    t.held("/var/tmp/cache", dev=VAR, pid=700, fd=7, size=200 * MIB, deleted=True)
    return finding("filesystem.space:/var", "exhausted", culprit=("process", "app", 600))


def nginx(t, calls=10, wchar=2000, size=None):
    """Writes its access log here, as ever; it fails when there is no room."""
    t.proc(610, "nginx", cpu=0.1, io=dict(write=wchar, wchar=wchar, calls=calls),
           open=[File("/var/log/nginx/access.log", dev=VAR, inode=78, size=t.line(MIB, MIB + 5 * wchar) if size is None else size, writable=True)])


def names(path, **more):
    """Among the culprits of the finding is this file or folder."""
    def check(run):
        c = run.doc["findings"][0]["culprits"]
        return None if [x["value"] for x in c if x["kind"] == "file"] == [path] else "not %s: %s" % (path, c)
    return Expect(finding("filesystem.space:/var", rule="filesystem.space", **more), checks=[check])


def fire_new_files(t):
    """One large file after the other: none is seen twice. The log of another grows all the time, a little."""
    t.mount("/var", VAR, size=2 * GIB, available=t.line(900 * MIB, 600 * MIB))
    t.proc(600, "thumbd", cpu=0.3, io=dict(write=60 * MIB, wchar=60 * MIB, calls=3000),
           open=[File("/var/cache/t/%d" % k, dev=VAR, inode=1000 + k, size=50 * MIB, writable=True, copies=lambda i, k=k: int(i == k)) for k in range(6)])
    nginx(t)
    return names("/var/cache/t", state="filling", culprit=("process", "thumbd", 600), victims=["nginx"])


def fire_reopened(t):
    """A log that is opened for each line: now and then it is seen open."""
    t.mount("/var", VAR, size=2 * GIB, available=t.line(900 * MIB, 600 * MIB))
    t.proc(600, "php-fpm", cpu=0.6, io=dict(write=60 * MIB, wchar=60 * MIB, calls=200000),
           open=[File("/var/log/php.log", dev=VAR, inode=70, size=t.line(300 * MIB, 600 * MIB), writable=True, copies=lambda i: int(i in (1, 3)))])
    nginx(t)
    return names("/var/log/php.log", state="filling", culprit=("process", "php-fpm", 600), victims=["nginx"])


def fire_workers(t):
    """Workers that open a log for each line, none of which writes much alone."""
    t.mount("/var", VAR, size=2 * GIB, available=t.line(900 * MIB, 600 * MIB))
    for k in range(12):
        t.proc(600 + k, "php-fpm", cpu=0.1, io=dict(write=5 * MIB, wchar=5 * MIB, calls=20000),
               open=[File("/var/log/php.log", dev=VAR, inode=70, size=t.line(300 * MIB, 600 * MIB), writable=True, copies=lambda i, k=k: int(i == 1 + k % 2))])
    nginx(t)
    return finding("filesystem.space:/var", "filling", culprit=("process", "php-fpm"), victims=["nginx"])


def fire_database_elsewhere(t):
    """A database writes more, to another disk; here it has its log alone, which hardly grows."""
    t.mount("/var", VAR, size=2 * GIB, available=t.line(900 * MIB, 600 * MIB))
    t.proc(600, "postgres", io=dict(write=200 * MIB, wchar=200 * MIB, calls=9000), open=[File("/var/log/postgresql.log", dev=VAR, inode=71, size=t.line(MIB, MIB + 9000), writable=True)])
    t.proc(620, "thumbd", cpu=0.3, io=dict(write=60 * MIB, wchar=60 * MIB, calls=3000),
           open=[File("/var/cache/t/%d" % k, dev=VAR, inode=1000 + k, size=50 * MIB, writable=True, copies=lambda i, k=k: int(i == k)) for k in range(6)])
    return finding("filesystem.space:/var", "filling", culprit=("process", "thumbd", 620), victims=["postgres"])


def fire_nobody_seen(t):
    """Who fills it was not seen with files here (the kernel's NFS server); those who were do not write that much, or keep other disks busy."""
    t.mount("/var", VAR, size=2 * GIB, available=t.line(900 * MIB, 600 * MIB))
    t.proc(600, "postgres", io=dict(write=900 * MIB, wchar=900 * MIB, calls=9000), open=[File("/var/log/postgresql.log", dev=VAR, inode=71, size=t.line(MIB, MIB + 9000), writable=True)])
    nginx(t)
    return finding("filesystem.space:/var", "filling", culprit=("file", "/var"), victims=["postgres", "nginx"])


def fire_sparse(t):
    """A sparse image of a virtual machine fills up: the size of its file stands."""
    t.mount("/var", VAR, size=2 * GIB, available=t.line(900 * MIB, 600 * MIB))
    t.proc(600, "qemu", cpu=0.3, io=dict(write=70 * MIB, wchar=70 * MIB, calls=900), open=[File("/var/lib/vm/a.raw", dev=VAR, inode=70, size=40 * GIB, writable=True)])
    nginx(t)
    return finding("filesystem.space:/var", "filling", culprit=("process", "qemu", 600), victims=["nginx"])


def fire_tmpfs(t):
    """Nobody is charged for what he writes to memory."""
    t.mount("/run/build", (0, 31), size=2 * GIB, available=t.line(900 * MIB, 600 * MIB), kind="tmpfs", source="tmpfs")
    t.proc(600, "extract", cpu=0.3, io=dict(wchar=60 * MIB, calls=900),
           open=[File("/run/build/%d" % k, dev=(0, 31), inode=1000 + k, size=10 * MIB, writable=True, copies=lambda i, k=k: int(i == k)) for k in range(6)])
    return finding("filesystem.space:/run/build", "filling", culprit=("process", "extract", 600))


def fire_full_and_retries(t):
    """Who filled it tries again once a second; a server with a small log fails nine hundred times."""
    var(t, available=0, free=GIB)
    t.proc(600, "orderd", cpu=0.01, io=dict(calls=1), open=[File("/var/log/orderd/error.log", dev=VAR, inode=77, size=17 * GIB, writable=True)])
    nginx(t, calls=900, wchar=0)
    return finding("filesystem.space:/var", "exhausted", culprit=("process", "orderd", 600), victims=["nginx"])


def fire_became_full(t):
    """It became full while we watched: who wrote most until then, not who has the largest file."""
    t.mount("/var", VAR, size=20 * GIB, available=[300 * MIB, 200 * MIB, 100 * MIB, 0, 0, 0])
    t.proc(600, "app", cpu=0.2, io=dict(write=60 * MIB, wchar=60 * MIB, calls=400),
           open=[File(LOG, dev=VAR, inode=77, size=[3 * GIB + x * MIB for x in (0, 100, 200, 300, 300, 300)], writable=True)])
    t.proc(620, "mysqld", io=dict(write=MIB, wchar=MIB, calls=90), open=[File("/var/lib/mysql/shop.ibd", dev=VAR, inode=79, size=12 * GIB, writable=True)])
    return finding("filesystem.space:/var", "exhausted", culprit=("process", "app", 600), victims=["mysqld"])


def fire_ended(t):
    """A dump filled it and ended. Who fails now has a small file: nobody is to blame of those who are seen."""
    var(t, available=0, free=GIB)
    nginx(t, calls=900, wchar=0)
    return finding("filesystem.space:/var", "exhausted", culprit=("file", "/var"), victims=["nginx"])


def fire_deleted_with_others(t):
    """Less than half of what is used is deleted, and nobody else has as much."""
    var(t, available=0, free=GIB)
    t.proc(600, "orderd", cpu=0.01)
    t.proc(610, "uploads", io=dict(calls=90), open=[File("/var/up/x", dev=VAR, inode=78, size=MIB, writable=True)])
    t.held("/var/log/orders.log", dev=VAR, pid=600, fd=7, size=8 * GIB, deleted=True)
    return finding("filesystem.space:/var", "exhausted", culprit=("process", "orderd", 600), victims=["uploads"], text="holds open")


def fire_deleted_beside_growth(t):
    """A third is deleted, and a log grows: the log fills it."""
    var(t, available=t.line(5 * GIB, 4.5 * GIB))
    writer(t, size=t.line(2 * GIB, 2.5 * GIB), growth=100 * MIB)
    t.proc(700, "orderd", cpu=0.01)
    t.held("/var/log/orders.log", dev=VAR, pid=700, fd=7, size=5 * GIB, deleted=True)
    return finding("filesystem.space:/var", "filling", culprit=("process", "app", 600))
