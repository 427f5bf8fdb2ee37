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


def passed(t, tool, source, text, exact=980, block=0, **more):
    """`tool` writes the log in pieces as they come, of lines that another process hands to it."""
    t.mount("/var", (8, 2), size=400 * GIB, available=200 * GIB)
    t.tasks(blocked=1)
    t.proc(600, tool, cpu=0.05, io=dict(wchar=[1000, 24000000, 49000000, 73000000, 98000000, 122000000], calls=[10, 400, 900, 1300, 1850, 2200]),
           open=[File(LOG, dev=(8, 2), writable=True)], **more)
    t.proc(700, source, cpu=0.3, **({} if text and not block else {"ppid": more.get("ppid", 1), "io": dict(wchar=[1000 + 270 * 90000 * i for i in range(6)], calls=[1000 + 270 * 90000 * i // (block or 270) for i in range(6)])}))
    t.held(LOG, dev=(8, 2), pid=600, size=900 * MIB, growth=24 * MIB)
    if text:
        t.book("log", 600, "log", numbers={"log.lines": 1000, "log.same": 990, "log.exact": exact}, when=lambda i: i == 5, source=LOG, slots=[(1, dict(pid=600, state="logging", bytes=990, text=text))])


def fire_syslog(t):
    """It comes by the syslog daemon: not that one is in a loop, but whose name and number stand in its lines."""
    passed(t, "rsyslogd", "orderd", "Nov 22 12:41:20 web1 orderd[700]: cannot connect to spool: Connection refused")
    return finding("log.flood:" + LOG, "wrong", "warning", culprit=("process", "orderd", 700))


def fire_pipe(t):
    """It comes through a pipe: what a process of the same job writes is what the log grows by."""
    passed(t, "tee", "orderd", "", ppid=690)
    return finding("log.flood:" + LOG, "wrong", "warning", culprit=("process", "orderd", 700))


def fire_pipe_buffered(t):
    """It writes full buffers into the pipe."""
    passed(t, "rotatelogs", "orderd", "ERROR accept() failed: Too many open files (24)", block=8192, ppid=690)
    return finding("log.flood:" + LOG, "wrong", "warning", culprit=("process", "orderd", 700))


def quiet_pipe_buffered(t):
    """A busy server that logs through a pipe and a buffer."""
    passed(t, "rotatelogs", "httpd", "10.1.7.9 GET /cart/4711 200 5120", block=8192, exact=4, ppid=690)
    return note("log.flood:" + LOG)


def fire_fills_by_syslog(t):
    """The disk is full in minutes: who is behind the daemon is to blame."""
    passed(t, "rsyslogd", "orderd", "2026-11-22T12:41:20.1+00:00 web1 orderd[700]: cannot connect to spool: Connection refused")
    t.mount("/var", (8, 2), size=400 * GIB, available=GIB)
    return finding("filesystem.space:/var", "filling", culprit=("process", "orderd", 700), eta=(30, 1200), rule="filesystem.space")


def buffered(t, text, block=4096, exact=990, path=LOG, available=1500 * MIB):
    """Standard output to a file: what is written are full buffers, not lines."""
    logging(t, calls=24 * MIB // block, size=block, path=path, available=available)
    t.mount("/var", (8, 2), size=200 * GIB, available=available)
    t.book("log", 600, "log", numbers={"log.lines": 1000, "log.same": 995, "log.exact": exact}, when=lambda i: i == 5, source=path,
           slots=[(1, dict(pid=600, state="logging", bytes=995, text=text))])


def fire_buffered(t):
    """The reader of the log's end tells that it is one line."""
    buffered(t, "ERROR accept() failed: Too many open files (24)", available=100 * GIB)
    return finding("log.flood:" + LOG, "wrong", "warning", culprit=("process", "orderd", 600))


def fire_buffered_fills(t):
    buffered(t, "ERROR accept() failed: Too many open files (24)", block=8192, available=GIB)
    return finding("filesystem.space:/var", "filling", culprit=("process", "orderd", 600), eta=(300, 600), rule="filesystem.space")


def quiet_buffered_requests(t):
    """A busy access log through a buffer: lines differ in numbers."""
    buffered(t, '10.1.7.9 - - [22/Nov/2026:12:41:20 +0000] "GET /cart/4711 HTTP/1.1" 200 5120', exact=4)
    return note("log.flood:" + LOG)


def quiet_one_page(t):
    """A test of load asks for one page: all lines of a second are the same, and no error."""
    buffered(t, '127.0.0.1 - - [22/Nov/2026:12:41:20 +0000] "GET / HTTP/1.1" 200 612 "-" "ab/2.3"')
    return note("log.flood:" + LOG)


def quiet_other_log(t):
    """It is another log of the same program that repeats a line."""
    buffered(t, "ERROR accept() failed: Too many open files (24)", path="/var/log/orderd/other.log")
    t.held_files = None
    t.held(LOG, dev=(8, 2), pid=600, size=900 * MIB, growth=24 * MIB)
    return note("log.flood:" + LOG)


def fire_renamed(t):
    """Rotated, and the program was not told: it goes on in the old file."""
    logging(t, path="/var/app/error.log.1")
    return finding("log.flood:/var/app/error.log.1", "wrong", "warning", culprit=("process", "orderd", 600))


def fire_dated(t):
    logging(t, path="/var/app/app.log-20261122")
    return finding("log.flood:/var/app/app.log-20261122", "wrong", "warning", culprit=("process", "orderd", 600))


def quiet_numbered(t):
    """Numbers behind a name make no log of it."""
    logging(t, path="/var/lib/base/16384.1")


def quiet_stranger(t):
    """The number in the line is that of another program, of another machine or a container: nobody is accused by it."""
    passed(t, "rsyslogd", "nginx", "Nov 22 12:41:20 web9 orderd[700]: cannot connect to spool: Connection refused")
    return note("log.flood:" + LOG)


def quiet_no_number(t):
    """A line by syslog that says a name and no number: it is not the daemon's own."""
    passed(t, "rsyslogd", "orderd", "Nov 22 12:41:20 web1 orderd: cannot connect to spool: Connection refused")
    return note("log.flood:" + LOG)


def quiet_proxy(t):
    """Lines of a busy proxy differ in numbers alone, but they do differ."""
    passed(t, "rsyslogd", "haproxy", "Nov 22 12:41:20 web1 haproxy[700]: 10.0.0.9:51012 [22/Nov/2026:12:41:19.976] db db/a 1/0/3001 137 -- 1/1/0/0/0 0/0", exact=3)
    return note("log.flood:" + LOG)


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
