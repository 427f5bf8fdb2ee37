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
    t.ended(3, 720, 700, "apache2", code=11)
    return finding("restarts:apache2", "wrong", "warning", culprit=("process", "monit", 800), since=2)


def quiet(t):
    """Each once, and workers end as they should."""
    service(t)
    t.signal(2, 10, sender=810, target=700, sender_comm="logrotate", target_comm="apache2")
    t.signal(3, 1, sender=800, target=700, sender_comm="monit", target_comm="apache2")
    t.ended(3, 720, 700, "apache2")


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
