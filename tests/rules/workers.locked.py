# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Workers that wait for a file that one process has locked."""

from expect import finding


def locks(holder, *waiters):
    """/proc/locks: who holds, and below who waits."""
    return ("1: POSIX  ADVISORY  WRITE 900 08:01:131 0 EOF\n2: FLOCK  ADVISORY  WRITE %d 08:01:4711 0 EOF\n" % holder
            + "".join("2: -> FLOCK  ADVISORY  WRITE %d 08:01:4711 0 EOF\n" % w for w in waiters))


def server(t, children=4):
    t.server(700, "gunicorn", 8000, children=children, waiting=8)
    t.clients("10.77.0.2", 8000, 8, "waits", first=40000)
    t.clients("10.77.0.7", 8000, children, "asked")


def fire(t):
    """An import holds it."""
    server(t)
    t.proc(500, "importd")
    t.numbers["proc/locks"] = locks(500, 701, 702, 703, 704)
    return finding("workers:gunicorn", "saturated", "critical", culprit=("process", "importd", 500), used=4, limit=4, rule="workers.locked")


def fire_own(t):
    """One of the workers has it, and hangs."""
    server(t)
    t.numbers["proc/locks"] = locks(702, 701, 703, 704)
    return finding("workers:gunicorn", "saturated", culprit=("process", "gunicorn", 702), used=4, rule="workers.locked")


def fire_pool(t):
    """The server tells of its workers itself."""
    t.proc(800, "php-fpm8.2")
    t.proc(500, "catalog-export")
    t.book("php-fpm", 800, "php-fpm", pools=[("workers", "www", dict(used=5, idle=0, limit=5, waiting=12))],
           slots=[(k, dict(pid=801 + k, state="working", ms=7000, text="POST /checkout.php")) for k in range(5)])
    for k in range(5):
        t.proc(801 + k, "php-fpm8.2", ppid=800)
    t.numbers["proc/locks"] = locks(500, 801, 802, 803, 804)
    return finding("workers:php-fpm/www", "saturated", culprit=("process", "catalog-export", 500), rule="workers.locked")


def quiet(t):
    """One waits for it, the others work, and nobody waits for a worker."""
    t.server(700, "gunicorn", 8000, children=4)
    t.clients("10.77.0.7", 8000, 4, "asked")
    t.proc(500, "importd")
    t.numbers["proc/locks"] = locks(500, 701)


def quiet_others(t):
    """Many wait for a lock, but they serve nobody."""
    t.proc(500, "importd")
    for k in range(8):
        t.proc(600 + k, "make")
    t.numbers["proc/locks"] = locks(500, *range(600, 608))
