# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Workers that a peer holds because it does not take what it asked for."""

from expect import Expect, finding
from tree import Sock


def full(t, **book):
    """Apache with twenty workers, none of which can be asked."""
    t.server(700, "apache2", 8080, children=20, waiting=7)
    t.clients("10.77.0.2", 8080, 7, "waits", first=40000)
    if book:
        t.book("apache", 700, "apache2", status="full", port=8080, pools=[("workers", "", dict(limit=20))], **book)


def fire(t):
    """The status page cannot be asked: the limit is known from the configuration, the rest from sockets."""
    full(t, slots=[(3, dict(pid=704, state="working", ms=214000, peer="10.77.0.9:20003", text="GET /catalogue.pdf HTTP/1.1"))])
    t.clients("10.77.0.9", 8080, 20, "reads")
    return Expect(finding("workers:apache2", "saturated", culprit=("peer", "10.77.0.9"), used=20, limit=20, victims=["apache2"], text="All 20 workers"),
                  blind=["what apache2 says of itself"], checks=[evidence("apache2 is not asked for its status while connections wait")])


def evidence(words):
    def check(run):
        texts = [e["text"] for f in run.doc["findings"] for e in f["evidence"]]
        return None if any(words in x for x in texts) else "nothing says \"%s\": %s" % (words, texts)
    return check


def fire_and_what_is_usual(t):
    """It told of its workers before it was full; its log is read on, and says how long such a request usually takes."""
    t.server(700, "apache2", 8080, children=20, waiting=7)
    t.clients("10.77.0.2", 8080, 7, "waits", first=40000)
    t.clients("10.77.0.9", 8080, 20, "reads")
    told = [(3, dict(pid=704, state="working", ms=214000, peer="10.77.0.9:20003", text="GET /catalogue.pdf?page=1 HTTP/1.1"))]
    usual = [(1000100, dict(state="logging", ms=512, bytes=830, who="usual", text="/catalogue.pdf")), (1000101, dict(state="logging", ms=4, bytes=9000, who="usual", text="/"))]
    t.book("apache", 700, "apache2", status=lambda i: "full" if i >= 2 else "ok", port=8080, when=lambda i: i % 2 == 0, slots=lambda i: usual if i >= 2 else told + usual,
           pools=[("workers", "", dict(limit=20))])
    return Expect(finding("workers:apache2", "saturated", culprit=("peer", "10.77.0.9"), used=20, limit=20),
                  checks=[evidence("nine of ten of the last 830 requests for it were answered within 512 ms"), evidence("GET /catalogue.pdf?page=1")])


def fire_and_what_is_longest(t):
    """What was learned of the longest request for it while all was well; the reader of the log began anew meanwhile, and has learned nothing yet."""
    t.server(700, "apache2", 8080, children=20, waiting=7)
    t.clients("10.77.0.2", 8080, 7, "waits", first=40000)
    t.clients("10.77.0.9", 8080, 20, "reads")
    told = [(k, dict(pid=701 + k, state="working", ms=214000 if k < 18 else 9000, peer="10.77.0.9:20003", text="GET /catalogue.pdf?page=1 HTTP/1.1")) for k in range(20)]
    longest = [(1000112, dict(state="logging", ms=41000, bytes=830, who="longest", text="/catalogue.pdf")), (1000113, dict(state="logging", ms=90, bytes=9000, who="longest", text="/"))]
    other = [(1000112, dict(state="logging", ms=80, bytes=50, who="longest", text="/"))]
    t.book("apache", 700, "apache2", status=lambda i: "full" if i >= 2 else "ok", port=8080, when=lambda i: i % 2 == 0, slots=lambda i: other if i >= 4 else longest if i >= 2 else told + longest,
           pools=[("workers", "", dict(limit=20))])
    return Expect(finding("workers:apache2", "saturated", culprit=("peer", "10.77.0.9"), used=20, limit=20),
                  checks=[evidence("18 workers are at it for longer than ever before: the longest request for it that was legitimate took 41 s, learned of 830 answers")])


def fire_parts(t):
    """It asks for parts of a file, hundreds of them."""
    full(t, slots=[(1000090, dict(state="logging", ms=60000, bytes=700, peer="10.77.0.9:0", who="parts", text="/catalogue.pdf"))])
    t.clients("10.77.0.9", 8080, 20, "reads")
    return Expect(finding("workers:apache2", "saturated", culprit=("peer", "10.77.0.9"), used=20, limit=20), checks=[evidence("10.77.0.9 was sent 700 parts of files (206) within 60 s")])


def fire_parts_of_another(t):
    """Somebody else does that, and holds no worker."""
    full(t, slots=[(1000090, dict(state="logging", ms=60000, bytes=700, peer="10.77.0.3:0", who="parts", text="/catalogue.pdf"))])
    t.clients("10.77.0.9", 8080, 20, "reads")
    return Expect(finding("workers:apache2", "saturated", culprit=("peer", "10.77.0.9"), used=20, limit=20),
                  checks=[lambda run: None if evidence("parts of files")(run) else "parts are told that another one asked for"])


def fire_without_a_book(t):
    """Nothing but sockets and processes."""
    full(t)
    t.clients("10.77.0.9", 8080, 20, "reads")
    return finding("workers:apache2", "saturated", culprit=("peer", "10.77.0.9"), used=20, limit=20)


def fire_refused(t):
    """The queue is over as well: its overflow is an effect."""
    t.server(700, "apache2", 8080, children=20, waiting=129, backlog=128, drops=20)
    t.tcpext(ListenOverflows=20, ListenDrops=20)
    t.clients("10.77.0.2", 8080, 129, "waits", first=40000)
    t.clients("10.77.0.9", 8080, 18, "reads")
    t.clients("10.77.0.3", 8080, 2, "asked")
    return finding("workers:apache2", "exhausted", culprit=("peer", "10.77.0.9"), refused=100, effects=["tcp.listen:8080"])


def fire_many(t):
    """Slow readers from everywhere: nobody in particular."""
    full(t)
    for k in range(20):
        t.clients("10.9.%d.7" % k, 8080, 1, "reads", first=20000 + 10 * k)
    return finding("workers:apache2", "saturated", culprit=("traffic", "many clients"))


def fire_three(t):
    """Three addresses: no single one has half, and these are not everybody."""
    full(t, slots=[])
    for k, n in ((7, 7), (8, 7), (9, 6)):
        t.clients("10.77.0.%d" % k, 8080, n, "reads", first=20000 + 100 * k)
    return finding("workers:apache2", "saturated", culprit=("peer", "10.77.0.7"), text="held by 10.77.0.7 and 2 more")


def fire_one_thread(t):
    """A server that does one thing at a time."""
    t.server(700, "thttpd", 8080, waiting=5)
    t.clients("10.77.0.2", 8080, 5, "waits", first=40000)
    t.clients("10.77.0.9", 8080, 1, "reads")
    return finding("workers:thttpd", "saturated", culprit=("peer", "10.77.0.9"))


def quiet(t):
    """Long downloads by many slow peers; workers are left, and nobody waits."""
    t.server(700, "apache2", 8080, children=20)
    for k in range(15):
        t.clients("10.9.%d.7" % k, 8080, 1, "reads", first=20000 + 10 * k)


def quiet_nobody_waits(t):
    """All workers hold a slow reader, and nobody else wants one."""
    t.server(700, "apache2", 8080, children=20)
    t.clients("10.77.0.9", 8080, 20, "reads")


def quiet_idle_workers(t):
    """Two connections wait while the server says that workers are idle: it is about to take them."""
    t.server(700, "apache2", 8080, children=20, waiting=2)
    t.book("apache", 700, "apache2", port=8080, pools=[("workers", "", dict(used=15, idle=5, limit=20, working=15))])
    t.clients("10.77.0.2", 8080, 2, "waits", first=40000, ms=1500)
    t.clients("10.77.0.9", 8080, 15, "reads")


def quiet_moment(t):
    """Connections waited for a moment."""
    t.server(700, "apache2", 8080, children=20, waiting=[0, 0, 0, 0, 9, 9])
    t.clients("10.77.0.9", 8080, 20, "reads")


def fire_threads(t):
    """Four who take their files at 100 KB/s hold the four threads of a file server; users wait and are dropped."""
    t.server(700, "filed", 8110, waiting=17, backlog=16, drops=20)
    t.procs[700].threads = 5
    t.procs[700].open = [Sock(8001)] + [Sock(70000 + k) for k in range(4)]
    t.tcpext(ListenOverflows=20, ListenDrops=20)
    t.clients("10.77.0.2", 8110, 17, "waits", first=40000)
    for k in range(4):
        t.connect("10.0.0.5", 8110, "10.77.0.9", 20000 + k, inode=70000 + k, sendq=2500000,
                  tcp=dict(sent=lambda i: 40000 + 100000 * i, received=80, sent_ms=200, received_ms=30000, unsent=2000000, window=0))
    return finding("workers:filed", "exhausted", culprit=("peer", "10.77.0.9"), effects=["tcp.listen:8110"])
