# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A graceful restart that leaves no slot for new workers."""

from expect import finding


def fire(t):
    """The server tells that its workers end after their last request."""
    t.server(700, "apache2", 8080, children=20, waiting=9)
    t.clients("10.77.0.2", 8080, 9, "waits", first=40000)
    t.clients("10.77.0.3", 8080, 17, "asked")
    t.book("apache", 700, "apache2", port=8080, pools=[("workers", "", dict(used=20, idle=0, limit=20, working=0, finishing=17))],
           slots=[(k, dict(pid=701 + k, state="finishing", ms=90000, peer="10.77.0.3", text="GET /cgi-bin/export")) for k in range(17)])
    return finding("workers:apache2", "saturated", culprit=("job", "graceful restart"), limit=20)


def fire_threads(t):
    """It cannot be asked. Four processes with 21 threads serve 17 connections of 20 allowed ones, and take no more: none of them accepts."""
    t.server(700, "apache2", 8080, waiting=9)
    for k, threads in enumerate((5, 5, 5, 6)):
        t.proc(701 + k, "apache2", ppid=700, uid=33, threads=threads, switches=0)
    t.clients("10.77.0.2", 8080, 9, "waits", first=40000)
    t.clients("10.77.0.3", 8080, 17, "asked")
    t.book("apache", 700, "apache2", status="full", port=8080, pools=[("workers", "", dict(limit=20))])
    return finding("workers:apache2", "saturated", culprit=("job", "graceful restart"), limit=20, used=17)


def fire_signal(t):
    """The signal was seen, and who sent it: the shell that logrotate had started."""
    t.moments = 8
    t.server(700, "apache2", 8080, children=20, waiting=[0, 0, 3, 5, 7, 9, 11, 13], start=5000)
    t.clients("10.77.0.2", 8080, 13, "waits", first=40000)
    t.clients("10.77.0.3", 8080, 17, "asked")
    t.book("apache", 700, "apache2", status="full", port=8080, pools=[("workers", "", dict(limit=20))])
    t.proc(980, "logrotate", gone=3)
    t.signal(1, 10, sender=990, target=700, sender_comm="sh", target_comm="apache2")
    t.ended("sh", 980, when=lambda i: i == 1, pid=990)
    return finding("workers:apache2", "saturated", culprit=("job", "logrotate"), text="by logrotate")


def fire_threads_configured(t):
    """All of them have served half of what they had, as it happens: what is configured tells that threads are gone."""
    t.server(700, "apache2", 8080, waiting=9)
    for k in range(4):
        t.proc(701 + k, "apache2", ppid=700, uid=33, threads=5, switches=0)
    t.clients("10.77.0.2", 8080, 9, "waits", first=40000)
    t.clients("10.77.0.3", 8080, 16, "asked")
    t.book("apache", 700, "apache2", status="full", port=8080, pools=[("workers", "", dict(limit=20))], numbers={"config.threads": 5})
    return finding("workers:apache2", "saturated", culprit=("job", "graceful restart"), limit=20, used=16)


def quiet(t):
    """A graceful restart without anybody waiting."""
    t.server(700, "apache2", 8080, children=20)
    t.clients("10.77.0.3", 8080, 17, "asked")
    t.book("apache", 700, "apache2", port=8080, pools=[("workers", "", dict(used=17, idle=3, limit=20, finishing=17))])
    t.signal(1, 10, sender=990, target=700, sender_comm="sh", target_comm="apache2")


def quiet_takes_connections(t):
    """Most workers finish gracefully, and the new ones take what comes within a moment."""
    t.server(700, "apache2", 8080, children=20, waiting=[0, 1, 0, 2, 0, 1])
    t.clients("10.77.0.3", 8080, 12, "asked")
    t.book("apache", 700, "apache2", port=8080, pools=[("workers", "", dict(used=19, idle=1, limit=20, finishing=12))])
