# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""One line over and over; its disk still has room."""

from expect import Expect, finding, note
from tree import GIB, MIB, File

LOG = "/var/log/orderd/error.log"


def logging(t, sizes=None, calls=9000, size=270, growth=24 * MIB, path=LOG, available=200 * GIB):
    t.mount("/var", (8, 2), size=400 * GIB, available=available)
    total = [0]
    for n in (sizes or [size] * 5):
        total.append(int(total[-1] + n * calls))
    t.tasks(blocked=1)
    t.proc(600, "orderd", cpu=0.3, io=dict(wchar=[1000 + x for x in total], calls=[1000 + calls * i for i in range(6)]), open=[File(path, dev=(8, 2), writable=True)])
    t.held(path, dev=(8, 2), pid=600, size=900 * MIB, growth=growth)


def fire(t):
    logging(t)
    return finding("log.flood:" + LOG, "wrong", "warning", culprit=("process", "orderd", 600))


def quotes(run):
    texts = [e["text"] for f in run.doc["findings"] for e in f["evidence"]]
    return None if any("99 % of the lines" in x and "cannot connect to spool" in x for x in texts) else "the line is not quoted: %s" % texts


def fire_quoted(t):
    """Who reads the log's end says which line it is."""
    logging(t)
    t.book("log", 600, "log", numbers={"log.lines": 1000, "log.same": 990}, when=lambda i: i == 5,
           slots=[(1, dict(pid=600, state="logging", bytes=990, text="orderd[600]: cannot connect to spool: Connection refused"))])
    return Expect(finding("log.flood:" + LOG, "wrong", "warning", culprit=("process", "orderd", 600)), checks=[quotes])


def fire_not_quoted(t):
    """The reader came too late, or lines differ to it: nothing is quoted, and the rest is as before."""
    logging(t)
    t.book("log", 600, "log", numbers={"log.lines": 1000, "log.same": 90}, when=lambda i: i == 5, slots=[(1, dict(pid=600, state="logging", bytes=90, text="cannot connect to spool"))])
    return Expect(finding("log.flood:" + LOG, "wrong", "warning", culprit=("process", "orderd", 600)), checks=[lambda run: None if quotes(run) else "a line is quoted that is not repeated"])


def fire_fills(t):
    """The same, and the disk is full in minutes: that is the finding, from the first look on."""
    logging(t, available=GIB)
    return finding("filesystem.space:/var", "filling", culprit=("process", "orderd", 600), eta=(200, 1200), rule="filesystem.space")


def quiet(t):
    """A busy log: its lines differ, and so does their mean from one second to the next."""
    logging(t, sizes=[260, 275, 268, 281, 262])
    return note("log.flood:" + LOG)


def quiet_room(t):
    """The same line, and the disk holds it for weeks."""
    logging(t, calls=120, growth=320000)


def quiet_dump(t):
    """A dump of a database grows fast: no log, large writes."""
    logging(t, size=65536, calls=300, growth=190 * MIB, path="/var/backups/shop.sql")


def quiet_by_chance(t):
    """Lines of all lengths, so many that their mean hardly moves."""
    logging(t, sizes=[270.0, 270.5, 269.6, 270.2, 269.8], calls=9000)
    return note("log.flood:" + LOG)
