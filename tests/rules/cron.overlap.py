# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A job that is started again before it has ended, again and again."""

from expect import finding

HOUR_AGO = (86400 - 3600) * 100


def crontab(t, minutes, comm="report", interval=60):
    t.proc(400, "cron", cpu=0)
    for k in range(minutes):
        start = HOUR_AGO + k * interval * 100
        t.proc(1000 + 10 * k, "cron", ppid=400, start=start, cpu=0)
        t.proc(1001 + 10 * k, "sh", ppid=1000 + 10 * k, start=start, cpu=0)
        t.proc(1002 + 10 * k, comm if isinstance(comm, str) else comm[k], ppid=1001 + 10 * k, start=start + 2, cpu=0.1)


def fire(t):
    crontab(t, 5)
    return finding("cron:report", "wrong", "warning", culprit=("job", "report", 1002), used=5)


def quiet(t):
    """One that has not quite ended when the next begins."""
    crontab(t, 2)


def quiet_together(t):
    """Different jobs of the same minute."""
    crontab(t, 4, comm=["report", "mirror", "prune", "stats"], interval=0)


def quiet_parallel(t):
    """One run starts four of itself at once."""
    crontab(t, 4, interval=0)


def quiet_scripts(t):
    """Three different scripts, begun a minute after each other: all that is known of them is the interpreter."""
    crontab(t, 3, comm="python3")


def fire_script(t):
    """So many at the same distances are one."""
    crontab(t, 6, comm="python3")
    return finding("cron:python3", "wrong", "warning", culprit=("job", "python3", 1002), used=6)
