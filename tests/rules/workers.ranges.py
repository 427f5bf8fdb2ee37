# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Floods of requests for parts of files (Range), and those who ask for ranges all day and harm nobody."""

from expect import Expect, finding


def told(peers, answers, parts, took=0, parts_took=0, span=34000, url="/big.iso", **pool):
    """What the reader of a log wrote down of the last half a minute; peers: (address, parts, ms)."""
    slots = [(1000091 + k, dict(state="logging", bytes=n, ms=ms, peer=a + ":0", who="parts.now", text=url)) for k, (a, n, ms) in enumerate(peers)]
    numbers = {"log.now.ms": span, "log.now.answers": answers, "log.now.parts": parts, "log.now.parts.bytes": parts * 700, "log.now.took.ms": took, "log.now.parts.took.ms": parts_took}
    return dict(slots=slots, numbers=numbers, pools=[("workers", "", dict(limit=20, **pool))])


def processors(t, **log):
    """Twenty workers keep nearly four processors busy; a database waits for one."""
    t.cpu(user=0.6, system=0.395, idle=0.005)
    t.psi(cpu=0.95)
    t.server(700, "apache2", 80, children=20, cpu=0.18, delay=0.1)
    t.proc(900, "postgres", cpu=0.2, delay=0.4)
    t.book("apache", 700, "apache2", port=80, **told(**log))


def full(t, **log):
    """All workers are busy, and others wait."""
    t.server(700, "apache2", 80, children=20, waiting=8)
    t.clients("10.77.0.2", 80, 8, "waits", first=40000)
    t.clients("10.77.0.9", 80, 20, "asked")
    t.book("apache", 700, "apache2", port=80, **told(used=20, idle=0, working=20, **log))


def fire(t):
    """One client has most of the processors' time, by what its answers took."""
    processors(t, peers=[("10.77.0.9", 9000, 60000)], answers=9400, parts=9010, took=100000, parts_took=90000)
    return Expect(finding("workers:apache2", "saturated", culprit=("peer", "10.77.0.9"), effects=["cpu"], text="parts of files for 10.77.0.9"))


def fire_no_durations(t):
    """The log says nothing of durations: nearly all are parts, and enough of them."""
    processors(t, peers=[("10.77.0.9", 5000, 0), ("10.77.0.8", 4000, 0)], answers=9400, parts=9010)
    return Expect(finding("workers:apache2", "saturated", culprit=("peer", "10.77.0.9"), effects=["cpu"], text="10.77.0.9 and 1 more"))


def fire_workers(t):
    """Its answers took as long together as twelve workers have."""
    full(t, peers=[("10.77.0.9", 800, 400000)], answers=830, parts=800, took=420000, parts_took=400000)
    return finding("workers:apache2", "saturated", culprit=("peer", "10.77.0.9"), used=20, limit=20, text="busy with parts of files")


def fire_moments(t):
    """Small answers: a worker has each for a moment, and yet he has all connections."""
    full(t, peers=[("10.77.0.9", 3000, 9000)], answers=3010, parts=3000, took=9100, parts_took=9000, span=6000)
    return finding("workers:apache2", "saturated", culprit=("peer", "10.77.0.9"), text="busy with parts of files")


def quiet(t):
    """A film is watched, a download goes on: nearly all answers are parts, and nobody waits."""
    t.server(700, "apache2", 80, children=20)
    t.clients("10.77.0.9", 80, 3, "asked")
    t.book("apache", 700, "apache2", port=80, **told([("10.77.0.9", 300, 90000)], 320, 300, 95000, 90000, used=3, idle=17, working=3))


def fire_slow_page(t):
    """A slow page takes the workers; the one who reads a document beside it asks for most of what is answered, and is not to blame."""
    full(t, peers=[("10.77.0.3", 200, 400)], answers=220, parts=200, took=300000, parts_took=400)
    return Expect(finding("workers:apache2", "saturated", rule="workers.exhausted", culprit=("peer", "10.77.0.9"), text="are busy and"),
                  checks=[lambda run: "the reader is blamed" if any(c["value"] == "10.77.0.3" for f in run.doc["findings"] for c in f["culprits"]) else None])


def fire_dear_pages(t):
    """Pages keep the processors busy; ten parts a second of somebody's download are most of the answers, and cannot be it."""
    processors(t, peers=[("10.77.0.3", 340, 0)], answers=400, parts=350)
    return finding("cpu", "saturated", rule="cpu.saturated", culprit=("process", "apache2"))


def fire_many_watch(t):
    """A film that everybody watches: the server is too small, and no client is to blame."""
    processors(t, peers=[("10.9.0.%d" % k, 100, 600) for k in range(3)], answers=9400, parts=9300, took=100000, parts_took=99000)
    return finding("cpu", "saturated", rule="cpu.saturated", culprit=("process", "apache2"))
