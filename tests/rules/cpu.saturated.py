# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Somebody else waits for the processors, or a service waits for itself: only then are busy processors a trouble."""

from expect import Expect, finding, note
from tree import Sock


def busy(t, **shares):
    t.cpu(**(shares or dict(user=0.97, system=0.025, idle=0.005)))
    t.psi(cpu=0.95)
    t.tasks(running=14, load=1100)


def fire(t):
    """A burner takes nearly all; the database next to it waits twice as long as it runs."""
    busy(t)
    t.proc(900, "burner", ppid=850, cpu=3.6, delay=0.5, uid=1000)
    t.proc(500, "mysqld", cpu=0.2, delay=0.4, uid=27)
    return finding("cpu", "saturated", culprit=("process", "burner", 900), victims=["mysqld"], used=(3.9, 4.0), limit=4)


def fire_little(t):
    """The same, less: a warning."""
    busy(t)
    t.proc(900, "burner", cpu=3.6, delay=0.5)
    t.proc(500, "mysqld", cpu=0.1, delay=0.15)
    return finding("cpu", "saturated", "warning", culprit=("process", "burner", 900), victims=["mysqld"])


def fire_main_threads_only(t):
    """Without taskstats the run delay of main threads has to do."""
    t.taskstats = False
    busy(t)
    t.proc(900, "burner", cpu=3.6, delay=0.5)
    t.proc(500, "mysqld", cpu=0.2, delay=0.4)
    return finding("cpu", "saturated", culprit=("process", "burner", 900), victims=["mysqld"])


def fire_serves(t):
    """The program that uses the processors serves others, and its own workers wait longer than they run. Its accept queue is short: workers take connections at once."""
    busy(t)
    t.proc(700, "nginx", cpu=0.01, open=[Sock(8001)])
    for k in range(8):
        t.proc(701 + k, "nginx", ppid=700, cpu=0.48, delay=0.6, open=[Sock(8001)])
    t.listen(80, 8001, waiting=3, backlog=511)
    return finding("cpu", "saturated", culprit=("process", "nginx"))


def fire_short_lived(t):
    """A script starts many short processes. No sample sees more than a few of them, their parent alone shows what they used; the database starves."""
    busy(t)
    t.proc(800, "nightly.sh", cpu=0.05, child_cpu=3.5, delay=0.05)
    for i in range(t.moments):
        for k in range(3):
            t.proc(3000 + 10 * i + k, "gzip", ppid=800, cpu=0.02, delay=0.02, born=i, gone=i + 1)
    t.proc(500, "mysqld", cpu=0.2, delay=0.6)
    return finding("cpu", "saturated", culprit=("job", "nightly.sh", 800), victims=["mysqld"])


def fire_since(t):
    """The culprit began inside the window: nothing of its making is older."""
    busy(t)
    t.proc(900, "burner", cpu=3.9, delay=0.5, born=1, start=int((86400 + 1) * 100))
    t.proc(500, "mysqld", cpu=0.2, delay=0.4)
    return finding("cpu", "saturated", culprit=("process", "burner", 900), since=1)


def quiet(t):
    """A batch job at nice 19 fills every gap: pressure and load are high, and nobody else waits."""
    busy(t, user=0.05, nice=0.94, system=0.005)
    t.psi(cpu=1.0)
    t.tasks(running=40, load=3900)
    for k in range(40):
        t.proc(900 + k, "batch", nice=19, cpu=0.094, delay=0.9)
    t.proc(500, "mysqld", cpu=0.2, delay=0.01)
    return note("cpu")


def quiet_idle_class(t):
    """The same in SCHED_IDLE."""
    busy(t, user=0.995)
    for k in range(8):
        t.proc(900 + k, "miner", policy=5, cpu=0.47, delay=0.5)
    t.proc(500, "mysqld", cpu=0.2, delay=0.02)
    return note("cpu")


def quiet_benchmark(t):
    """Sixteen copies of one program only delay each other."""
    busy(t)
    for k in range(16):
        t.proc(900 + k, "stress", ppid=850, cpu=0.24, delay=0.7)
    return note("cpu")


def quiet_build(t):
    """A build delays itself: compilers hold up the assemblers of other files of the same build. Nobody outside of it waits."""
    busy(t)
    t.proc(400, "make", ppid=350, cpu=0.01, child_cpu=0.4)
    for k in range(16):
        t.proc(410 + k, "gcc", ppid=400, cpu=0.0, switches=0)
        if k < 13:
            t.proc(450 + k, "cc1", ppid=410 + k, cpu=0.29, delay=0.6)
        else:
            t.proc(450 + k, "as", ppid=410 + k, cpu=0.05, delay=0.2)
    return note("cpu")


def quiet_not_known_who_waits(t):
    """No run delay of any process: the rule does not know, and says so."""
    busy(t)
    t.proc(900, "burner", cpu=3.6, delay=0.5)
    t.proc(500, "mysqld", cpu=0.2, delay=0.4)
    for pid in t.procs:
        t.set("proc/%d/times" % pid, None)
    return Expect(blind=["rule cpu.saturated"])


def quiet_idle_left(t):
    """A program waits for a CPU of its own choosing (pinned beside another) while the machine has idle time."""
    t.cpu(user=0.5, idle=0.5)
    t.psi(cpu=0.6)
    t.proc(900, "burner", cpu=1.9, delay=0.1)
    t.proc(500, "worker", cpu=0.1, delay=0.4)


def quiet_rivals(t):
    """Two builds of different people share the machine: both take twice as long, and neither is to blame."""
    busy(t)
    for base, pgrp in ((400, 350), (600, 550)):
        t.proc(base, "make", ppid=pgrp, cpu=0.01, child_cpu=0.2)
        for k in range(5 if base == 400 else 3):
            t.proc(base + 10 + k, "cc1" if base == 400 else "rustc", ppid=base, cpu=0.45, delay=0.5)
    return note("cpu")


def scripts(t, n, child, cpu, **more):
    """n copies of a script, each in a session of its own."""
    for k in range(n):
        t.proc(600 + 10 * k, "report.sh", switches=0, **more)
        t.proc(602 + 10 * k, child, ppid=600 + 10 * k, cpu=cpu + 0.0005 * k, delay=0.8, **more)


def starving(t, cpu=0.2):
    t.cpus = 2
    busy(t)
    t.proc(500, "shopapp", cpu=cpu, delay=0.9, open=[Sock(8001)], threads=6)
    t.listen(9000, 8001)


def fire_scripts(t):
    """Ten copies of a script, each with an interpreter that works: together they take all."""
    starving(t)
    scripts(t, 10, "python3", 0.175)
    return finding("cpu", "saturated", culprit=("process", "python3"), victims=["shopapp"])


def fire_supervised(t):
    """Two services of one supervisor are no family."""
    t.cpus = 2
    busy(t)
    t.proc(400, "supervisord", switches=0)
    t.proc(700, "ffmpeg", ppid=400, cpu=1.8, threads=8, delay=2)
    t.proc(500, "worker", ppid=400, cpu=0.1, delay=0.6)
    return finding("cpu", "saturated", culprit=("process", "ffmpeg"), victims=["worker"])


def fire_among_copies(t):
    """What belongs to no copy of the culprit's job does wait: it is told with its own time, and by its own process."""
    t.cpus = 2
    busy(t)
    scripts(t, 6, "gzip", 0.27)
    for k in range(6):
        t.proc(601 + 10 * k, "head", ppid=600 + 10 * k, cpu=0.03, delay=0.08)
    t.proc(550, "head", ppid=540, cpu=0.02, delay=0.4)
    return Expect(finding("cpu", "saturated", culprit=("process", "gzip"), victims=["head"]),
                  checks=[lambda run: None if [x["pid"] for x in run.doc["findings"][0]["victims"]] == [550] else "another process is told"])


def quiet_pipelines(t):
    """Six scripts head | gzip in a control group of small weight: they delay each other, and the server is well."""
    t.cpus = 2
    busy(t)
    t.proc(500, "shopapp", cpu=0.1, delay=0.02, open=[Sock(8001)])
    t.listen(9000, 8001)
    scripts(t, 6, "gzip", 0.27, cgroup="/batch")
    for k in range(6):
        t.proc(601 + 10 * k, "head", ppid=600 + 10 * k, cpu=0.025, delay=0.08, cgroup="/batch")
    return note("cpu")


def quiet_scripts_of_one(t):
    """Parts of ten copies of a job that its interpreters hold up are parts of it."""
    t.cpus = 2
    busy(t)
    scripts(t, 10, "python3", 0.175)
    for k in range(10):
        t.proc(601 + 10 * k, "cat", ppid=600 + 10 * k, cpu=0.005, delay=0.1)
    return note("cpu")


def workers(t, name="gzip", **batch):
    """A server whose eight workers get more than the six compressions beside it; both wait."""
    busy(t)
    t.proc(500, "gunicorn", open=[Sock(8001)])
    t.listen(9000, 8001)
    for k in range(8):
        t.proc(501 + k, "gunicorn", ppid=500, uid=33, cpu=0.27, delay=0.6, open=[Sock(8001)])
    for k in range(6):
        t.proc(700 + k, name, cpu=0.27, delay=0.6, **batch)


def fire_beside_workers(t):
    """What came to a server, and has a quarter of the machine, is first, though the server has more."""
    workers(t, ppid=690, start=int((86400 - 8) * 100))
    return finding("cpu", "saturated", culprit=("process", "gzip"), victims=["gunicorn"])


def fire_own_helpers(t):
    """The same where the server starts them: it is its own work."""
    workers(t, ppid=501, start=int((86400 - 8) * 100))
    return finding("cpu", "saturated", culprit=("process", "gunicorn"))


def fire_own_database(t):
    """A database that is asked over its unix socket is no job that came to the server."""
    workers(t, "postgres", ppid=690, start=int((86400 - 8) * 100))
    t.proc(690, "postgres", switches=0)
    t.book("postgres", 690, "postgres", pools=[("connections", "-", dict(used=6, limit=27))])
    return finding("cpu", "saturated", culprit=("process", "gunicorn"))
