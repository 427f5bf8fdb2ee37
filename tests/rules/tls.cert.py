# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Certificates that nobody renews; those that are renewed in time say nothing, whatever their life."""

from expect import finding, note
from tree import START, Sock

DAY, HOUR = 86400, 3600


def shows(t, left, life=90 * DAY, port=443, chain=None, own=None):
    t.proc(700, "nginx", open=[Sock(8001)])
    t.listen(port, 8001)
    until = START + left
    t.book("tls", 700, "nginx", port=port, source="127.0.0.1:%d" % port, slots=[(0, dict(who="CN=R3,O=Let's Encrypt", text="CN=shop.example.org"))],
           numbers={"tls.notafter": until, "tls.notbefore": until - life, "tls.own": own, "tls.notafter.chain": until if chain is None else START + chain})


def fire(t):
    shows(t, 9 * DAY)
    return finding("tls.cert:443", "filling", "warning", culprit=("process", "nginx"), eta=(9 * DAY - 60, 9 * DAY), text="shop.example.org")


def fire_last_day(t):
    shows(t, 5 * HOUR, port=8443)
    return finding("tls.cert:8443", "filling", "critical", culprit=("process", "nginx"))


def fire_over(t):
    shows(t, -3 * HOUR)
    return finding("tls.cert:443", "exhausted", "critical", culprit=("process", "nginx"), text="ended 3 hours ago")


def fire_chain(t):
    """The one of the port is good; one between it and its root is not."""
    shows(t, 80 * DAY, chain=2 * DAY)
    return finding("tls.cert:443", "filling", "warning", text="between")


def fire_early(t):
    """Made by a machine whose clock is ahead."""
    shows(t, 92 * DAY)
    return finding("tls.cert:443", "wrong", "critical", text="not valid before")


def quiet(t):
    """A month is left of ninety days: the day on which it is renewed."""
    shows(t, 29 * DAY)


def quiet_short(t):
    """Two days are left of a certificate that lives for seven: it is renewed every few days."""
    shows(t, 2 * DAY, life=7 * DAY)


def quiet_forgotten(t):
    """Over for a year, and in use: its clients do not look."""
    shows(t, -365 * DAY)
    return note("tls.cert:443")


def fire_never_valid(t):
    """Made by `openssl x509 -days -1`: it ended before it began."""
    shows(t, -DAY - 60, life=-DAY)
    return finding("tls.cert:443", "exhausted", "critical", culprit=("process", "nginx"), text="ended 24 hours ago")


def fire_own(t):
    """Made a moment ago for three days, and signed with its own key: nothing renews it."""
    shows(t, 3 * DAY - 60, life=3 * DAY, own=1)
    return finding("tls.cert:443", "filling", "warning", culprit=("process", "nginx"), text="signs itself")


def quiet_own(t):
    """A month is left of one that signs itself."""
    shows(t, 30 * DAY, life=365 * DAY, own=1)


def quiet_own_short(t):
    """A program that makes a certificate of its own for each hour."""
    shows(t, HOUR - 60, life=HOUR, own=1)
