# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A clock that was set, against one that is kept."""

from expect import finding, note
from tree import START


def jump(t, by, at=3):
    t.clock = lambda i: (START * 10**9 + int((i * t.step + (by if i >= at else 0)) * 1e9), 10**14 + int(i * t.step * 1e9))


def fire(t):
    """ntpdate in a crontab."""
    jump(t, 4.2)
    t.proc(700, "cron")
    t.ended("ntpdate", 700, when=lambda i: i == 3)
    return finding("clock", "wrong", "warning", culprit=("process", "ntpdate", 50000), used=(4.1, 4.3))


def fire_back(t):
    jump(t, -2)
    return finding("clock", "wrong", "warning", used=(1.9, 2.1))


def quiet(t):
    """A daemon that slews: a few milliseconds in each second."""
    t.clock = lambda i: (START * 10**9 + int(i * t.step * 1.002 * 1e9), 10**14 + int(i * t.step * 1e9))


def quiet_first_time(t):
    """The daemon that keeps it has just begun, and sets it for the first time."""
    jump(t, 1.4)
    t.proc(400, "systemd-timesyn", start=10**7 - 5000)
    t.set("timex", "state 5\nstatus 64\noffset 0\nfreq 0\nmaxerror 16000000\nesterror 16000000\n")
    return note("clock")


def fire_another(t):
    """A daemon keeps the clock since days, and something else sets it: so the kernel says that it is not right."""
    jump(t, 3600)
    t.proc(400, "systemd-timesyn", start=5000)
    t.set("timex", "state 5\nstatus 64\noffset 0\nfreq 0\nmaxerror 16000000\nesterror 16000000\n")
    return finding("clock", "wrong", "warning", culprit=("process", "systemd-timesyn", 400))


def fire_again(t):
    """It keeps the clock, and something had moved it."""
    jump(t, -3600)
    t.proc(400, "systemd-timesyn")
    t.set("timex", "state 0\nstatus 8193\noffset 0\nfreq 0\nmaxerror 16000\nesterror 16\n")
    return finding("clock", "wrong", "warning", culprit=("process", "systemd-timesyn", 400))


def quiet_not_kept(t):
    """Nothing keeps it right: worth knowing."""
    t.set("timex", "state 5\nstatus 64\noffset 0\nfreq 0\nmaxerror 16000000\nesterror 16000000\n")
    return note("clock")
