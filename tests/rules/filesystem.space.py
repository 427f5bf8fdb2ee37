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
