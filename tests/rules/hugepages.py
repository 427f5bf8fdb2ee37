# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Reserved huge pages: none left for who touches one, or idle while memory is short."""

from expect import finding, note

SIGBUS = 7


def fire(t):
    """A program that mapped more than there is, and nothing was promised; it is started again and again."""
    t.hugepages(512, [100, 40, 0, 300, 80, 0])
    t.proc(500, "supervise", switches=0)
    t.proc(600, "tables", ppid=500, huge=[800, 900, 1000, 400, 800, 1000], gone=3)
    t.proc(601, "tables", ppid=500, huge=[0, 0, 0, 400, 800, 1000], born=3)
    t.ended("tables", 500, when=lambda i: i == 3, pid=600, code=SIGBUS, life=20)
    return finding("hugepages", "exhausted", culprit=("process", "tables"), refused=1, limit=512, victims=["tables"])


def fire_fast(t):
    """It takes all of them within two seconds: no look finds the pool empty, but it takes more in one second than is left."""
    t.hugepages(64, [40, 64, 30, 64, 36, 64])
    t.proc(500, "supervise", switches=0)
    for k in range(3):
        t.proc(600 + k, "tables", ppid=500, huge=[24 * 512, 0, 34 * 512, 0, 28 * 512, 0], born=2 * k, gone=2 * k + 1, start=int((10**5 + 2 * k - 0.8) * 100))
        t.ended("tables", 500, when=lambda i, k=k: i == 2 * k + 1, pid=600 + k, code=SIGBUS, life=1.9)
    return finding("hugepages", "exhausted", culprit=("process", "tables"), limit=64, victims=["tables"])


def quiet_bus_of_holder(t):
    """Who has huge pages ends with SIGBUS by another cause, and there are enough of them."""
    t.hugepages(1024, 600)
    t.proc(500, "supervise", switches=0)
    t.proc(600, "tables", ppid=500, huge=424 * 512, gone=3)
    t.ended("tables", 500, when=lambda i: i == 3, pid=600, code=SIGBUS, life=20)


def fire_filling(t):
    t.hugepages(1000, t.line(400, 200))
    t.proc(600, "java", huge=t.line(1200, 1600), rss=200, cpu=0.3)
    return finding("hugepages", "filling", culprit=("process", "java", 600), used=800, limit=1000, eta=(4.5, 5.5))


def fire_idle(t):
    """Half of the memory is reserved and nobody asks for it: the database found too few at its start."""
    t.hugepages(4096, 4096)
    t.memory(free=200, available=300, cached=300, anon=7000)
    t.psi(memory=0.4)
    t.vmstat(allocstall_normal=200, pgscan_direct=8000)
    t.proc(600, "postgres", rss=6000)
    return finding("hugepages", "wrong", culprit=("config", "vm.nr_hugepages"), effects=["memory"])


def quiet(t):
    """A database has all of them, as it should."""
    t.hugepages(1024, 0)
    t.proc(600, "postgres", huge=2048, rss=200, cpu=0.3)


def quiet_promised(t):
    """It starts: all is promised, and what it touches grows."""
    t.hugepages(1024, t.line(1000, 300), reserved=t.line(1000, 300))
    t.proc(600, "postgres", huge=t.line(48, 1448), rss=200, cpu=0.3)


def quiet_bus(t):
    """A program whose mapped file was cut, beside a pool that is all in use."""
    t.hugepages(1024, 0)
    t.proc(500, "supervise", switches=0)
    t.proc(600, "postgres", huge=2048, rss=200, cpu=0.3)
    t.proc(700, "indexer", ppid=500, gone=3)
    t.ended("indexer", 500, when=lambda i: i == 3, pid=700, code=SIGBUS, life=20)


def quiet_roomy(t):
    """Idle, and nothing is short."""
    t.hugepages(1024, 1024)
    return note("hugepages")
