# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Servers behind a proxy that do not answer."""

from expect import finding, note


def proxy(t, *up, failed=0):
    """failed: answers with errors in a second."""
    t.server(600, "haproxy", 8000)
    t.book("haproxy", 600, "haproxy", port=8000, pools=[("backend", "shop/%s" % name, dict(used=0, limit=8, up=one)) for name, one in zip("ab", up)] + [
        ("queue", "shop", dict(used=0, waiting=0, served=lambda i: 900 + failed * i))], numbers={"answers.5xx/shop": lambda i: 7 + failed * i})


def fire(t):
    """None is left."""
    proxy(t, 2, 2, failed=3)
    return finding("backend:haproxy/shop", "stalled", culprit=("backend", "shop"))


def quiet(t):
    """One is out for maintenance: neither up nor down. And one was down for a moment."""
    proxy(t, None, [1, 1, 1, 1, 1, 2])


def quiet_note(t):
    """One of two is down, the other one does the work."""
    proxy(t, 1, 2)
    return note("backend:haproxy/shop/b")


def quiet_stands_by(t):
    """Blue and green: the release that nobody is sent to is stopped."""
    proxy(t, 2, 2)
    return note("backend:haproxy/shop")
