# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Transaction ids that vacuum does not free."""

from expect import finding, note


def postgres(t, age, slots=(), **more):
    t.server(500, "postgres", 5432)
    t.book("postgres", 500, "postgres", port=5432, slots=slots, numbers=dict({"xid.age": age, "xid.freeze.max.age": 200000000}, **{k.replace("_", "."): n for k, n in more.items()}))


def fire(t):
    """A session of days keeps vacuum from it; a thousand transactions a second."""
    postgres(t, lambda i: 1900000000 + 1000 * i, xmin_age=1850000000, slots=[(700, dict(pid=700, state="transaction", ms=400000000, who="console", text="select 1"))])
    return finding("vacuum:postgres", "filling", "warning", culprit=("session", "console", 700), eta=(244000, 245000))


def fire_near(t):
    """The server warns as well; nobody is in the way but the configuration."""
    postgres(t, lambda i: 2110000000 + 1000 * i, xmin_age=100)
    return finding("vacuum:postgres", "filling", "critical", culprit=("config", "autovacuum"))


def fire_over(t):
    postgres(t, 2145000000)
    return finding("vacuum:postgres", "exhausted", "critical", culprit=("config", "autovacuum"))


def quiet(t):
    """Vacuum has begun to free what is 200 million old, which is its work."""
    postgres(t, lambda i: 230000000 + 5000 * i)


def quiet_idle(t):
    """Old, and nothing is changed."""
    postgres(t, 1700000000)
    return note("vacuum:postgres")
