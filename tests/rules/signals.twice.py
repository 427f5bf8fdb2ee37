# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A service that is told twice in a moment to begin anew."""

from expect import finding, note


def service(t):
    t.server(700, "apache2", 80, children=5)
    t.proc(800, "monit")
    t.proc(810, "logrotate")


def fire(t):
    """Two of them, and workers end by a signal."""
    service(t)
    t.signal(2, 10, sender=810, target=700, sender_comm="logrotate", target_comm="apache2")
    t.signal(3, 10, sender=800, target=700, sender_comm="monit", target_comm="apache2")
    t.ended("apache2", 700, when=lambda i: i == 3, pid=720, code=11)
    return finding("restarts:apache2", "wrong", "warning", culprit=("process", "monit", 800), since=2)


def quiet(t):
    """Each once, and workers end as they should."""
    service(t)
    t.signal(2, 10, sender=810, target=700, sender_comm="logrotate", target_comm="apache2")
    t.signal(3, 1, sender=800, target=700, sender_comm="monit", target_comm="apache2")
    t.ended("apache2", 700, when=lambda i: i == 3, pid=720)


def quiet_no_service(t):
    """A shell's child is killed twice."""
    t.proc(900, "bash")
    t.proc(901, "sleep", ppid=900)
    for i in (2, 3):
        t.signal(i, 15, sender=900, target=901, sender_comm="bash", target_comm="sleep")


def quiet_note(t):
    """Twice, and no harm is done."""
    service(t)
    for i in (2, 3):
        t.signal(i, 1, sender=810, target=700, sender_comm="logrotate", target_comm="apache2")
    return note("restarts:apache2")


def quiet_ends(t):
    """It is told to end, twice, and does: nobody is worse off, so it is a note."""
    service(t)
    t.signal(2, 15, sender=810, target=700, sender_comm="logrotate", target_comm="apache2")
    t.signal(3, 15, sender=800, target=700, sender_comm="monit", target_comm="apache2")
    t.ended("apache2", 1, when=lambda i: i == 4, pid=700)
    return note("restarts:apache2")


def quiet_own_group(t):
    """timeout(1) ends its command by a signal to its group, in which it is itself."""
    t.proc(900, "timeout", ppid=1)
    for i in (2, 3):
        t.signal(i, 15, sender=900, target=900, sender_comm="timeout", target_comm="timeout")
