# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""No file can be made any more although there is space."""

from expect import Expect, finding
from tree import GIB, File

SPOOL = (8, 3)


def spool(t, inodes_free, inodes=100000, **more):
    t.mount("/var/spool", SPOOL, size=20 * GIB, available=12 * GIB, inodes=inodes, inodes_free=inodes_free, **more)
    t.proc(600, "maildrop", cpu=0.1, io=dict(write=90000, wchar=90000, calls=900), open=[File("/var/spool/maildrop", dev=SPOOL, inode=12)])
    t.proc(610, "qmgr", io=dict(wchar=100, calls=1), open=[File("/var/spool/active", dev=SPOOL, inode=13)])


def fire(t):
    spool(t, inodes_free=0)
    return finding("filesystem.inodes:/var/spool", "exhausted", culprit=("process", "maildrop", 600), used=100000, limit=100000)


def fire_filling(t):
    spool(t, inodes_free=t.line(30000, 20000))
    return finding("filesystem.inodes:/var/spool", "filling", culprit=("process", "maildrop", 600), eta=(9, 11))


def fire_folder(t):
    """Its new files are seen in one folder: that is named, and where to look for old ones."""
    t.mount("/var/lib", SPOOL, size=20 * GIB, available=12 * GIB, inodes=100000, inodes_free=0)
    t.proc(600, "sessiond", cpu=0.1, io=dict(write=90000, wchar=90000, calls=900),
           open=[File("/var/lib/app.log", dev=SPOOL, inode=12, writable=True)]
           + [File("/var/lib/sessions/a b/%d" % k, dev=SPOOL, inode=100 + k, writable=True, copies=lambda i, k=k: int(i == k)) for k in range(6)])

    def named(run):
        f = run.doc["findings"][0]
        if not any(c["kind"] == "file" and c["value"] == "/var/lib/sessions/a b" for c in f["culprits"]):
            return "the folder is not among the culprits: %s" % f["culprits"]
        return None if any("'/var/lib/sessions/a b'" in (r["command"] or "") for r in f["remedies"]) else "no command for the folder: %s" % f["remedies"]

    return Expect(finding("filesystem.inodes:/var/lib", "exhausted", culprit=("process", "sessiond", 600), rule="filesystem.inodes"), checks=[named])


def fire_beside_a_log(t):
    """One makes files, all in moments; the log of another grows all the time."""
    t.mount("/var/spool", SPOOL, size=20 * GIB, available=12 * GIB, inodes=100000, inodes_free=t.line(30000, 20000))
    t.proc(600, "sessiond", cpu=0.2, io=dict(write=8000000, wchar=400000, calls=2000),
           open=[File("/var/spool/s/%d" % k, dev=SPOOL, inode=100 + k, size=200, writable=True, copies=lambda i, k=k: int(i == k)) for k in range(6)])
    t.proc(610, "qmgr", io=dict(write=4096, wchar=300, calls=3), open=[File("/var/spool/qmgr.log", dev=SPOOL, inode=13, size=t.line(50000, 51500), writable=True)])
    return finding("filesystem.inodes:/var/spool", "filling", culprit=("process", "sessiond", 600), victims=["qmgr"])


def fire_unseen(t):
    """Its files are open too shortly to be seen; a busy server writes more often, and all of that is in its log."""
    t.mount("/var/spool", SPOOL, size=20 * GIB, available=12 * GIB, inodes=100000, inodes_free=t.line(7000, 6250))
    t.proc(600, "sessiond", io=dict(write=614400, wchar=3600, calls=300), open=[File("/var/spool/index", dev=SPOOL, inode=12, size=t.line(50000, 60500), writable=True)])
    t.proc(610, "nginx", cpu=0.2, io=dict(write=180000, wchar=180000, calls=900), open=[File("/var/spool/access.log", dev=SPOOL, inode=13, size=t.line(10**6, 10**6 + 5 * 180000), writable=True)])
    return finding("filesystem.inodes:/var/spool", "filling", culprit=("process", "sessiond", 600), victims=["nginx"])


def quiet(t):
    """97 % in use, and it stays there."""
    spool(t, inodes_free=3000)


def quiet_btrfs(t):
    """btrfs makes inodes as needed and says that it has none."""
    spool(t, inodes=0, inodes_free=0, kind="btrfs")


def quiet_xfs(t):
    """xfs too makes them as needed; what it reports follows from the free space."""
    spool(t, inodes_free=t.line(30000, 20000), kind="xfs")


def quiet_fading(t):
    spool(t, inodes_free=[40000, 30000, 25000, 23000, 22500, 22400])
