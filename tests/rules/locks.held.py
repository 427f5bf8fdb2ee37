# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Sessions that wait for locks that one session holds."""

from expect import Expect, finding


def database(t, slots, kind="postgres", used=20):
    t.server(500, kind, 5432)
    for number, s in slots(0) if callable(slots) else slots:
        if s.get("pid"):
            t.proc(s["pid"], kind, ppid=500)
    t.book(kind, 500, kind, port=5432, pools=[("connections", "-", dict(used=used, limit=27))], slots=slots)


def holder(**more):
    return (900, dict(pid=900, state="transaction", ms=60000, who="stock-import", text="update stock set n=n where id in (1,2,3)", **more))


def waiter(k, blocker=900, ms=20000):
    return (1000 + k, dict(pid=1000 + k, state="locked", ms=ms, blocker=blocker, who="webshop", text="update stock set n=n-1 where id=%d" % (k % 3 + 1)))


def fire(t):
    """A session that is idle in its transaction."""
    database(t, [holder()] + [waiter(k) for k in range(18)])
    return finding("locks:postgres", "saturated", culprit=("session", "stock-import", 900), used=18, text="18 sessions")


def fire_chain(t):
    """Who waits holds locks that others wait for: the root is the culprit."""
    database(t, [holder(), waiter(0)] + [waiter(k, blocker=1000) for k in range(1, 9)])
    return finding("locks:postgres", "saturated", culprit=("session", "stock-import", 900), used=9)


def fire_connections(t):
    """The sessions that wait took all connections: an effect."""
    database(t, [holder()] + [waiter(k) for k in range(26)], used=27)
    for k in range(8):
        t.connect("10.0.0.5", 5432, "10.77.0.2", 45000 + k, state="time-wait")
    return finding("locks:postgres", "saturated", culprit=("session", "stock-import", 900), effects=["connections:postgres"])


def fire_unlisted(t):
    """One waits, for a session that the server does not list."""
    database(t, [waiter(0, blocker=77, ms=9000)])
    return finding("locks:postgres", "saturated", "warning", culprit=("session", "session 77"))


def fire_at_work(t):
    """A migration is at work and holds the table; its statement is in the evidence."""
    database(t, [(900, dict(pid=900, state="working", ms=40000, who="migration", text="alter table stock add column note text"))] + [waiter(k) for k in range(6)])

    def told(run):
        texts = [e["text"] for f in run.doc["findings"] for e in f["evidence"]]
        return None if any("alter table stock" in x for x in texts) else "the blocker's statement is no evidence: %s" % texts

    return Expect(finding("locks:postgres", "saturated", culprit=("session", "migration", 900), rule="locks.held"), checks=[told])


def fire_prepared(t):
    """A transaction was prepared and forgotten: no session holds it."""
    t.server(500, "postgres", 5432)
    slots = [waiter(k, blocker=0) for k in range(6)]
    t.book("postgres", 500, "postgres", port=5432, pools=[("connections", "-", dict(used=20, limit=27))], slots=slots, numbers={"prepared": 1})
    return finding("locks:postgres", "saturated", culprit=("session", "a prepared transaction"), used=6)


def fire_prepared_chain(t):
    """The first waits for a prepared transaction, the others for the first: the root is what belongs to no session, and the server names it."""
    t.server(500, "postgres", 5432)
    slots = [(0, dict(state="transaction", ms=90000, who="prepared transaction order-77", text="")), waiter(0, blocker=0)]
    slots += [waiter(k, blocker=1000) for k in range(1, 6)]
    t.book("postgres", 500, "postgres", port=5432, pools=[("connections", "-", dict(used=20, limit=27))], slots=slots, numbers={"prepared": 1})
    return finding("locks:postgres", "saturated", culprit=("session", "prepared transaction order-77"), used=6)


def quiet_prepared(t):
    """A prepared transaction for which nobody waits."""
    database(t, [(0, dict(state="transaction", ms=90000, who="prepared transaction order-77", text=""))])


def quiet(t):
    """Idle in a transaction, and blocks nobody."""
    database(t, [holder()])


def fire_refused(t):
    """Whoever waits gives up after a second (lock_timeout): always others wait, and none is let go, as the one they wait for does nothing."""
    database(t, lambda i: [holder(), waiter(i, ms=900)])
    return finding("locks:postgres", "saturated", "warning", culprit=("session", "stock-import", 900), used=1)


def fire_refused_many(t):
    """statement_timeout is two seconds: ten wait at each look, and each of them fails."""
    hold = lambda i: (900, dict(pid=900, state="transaction", ms=60000 + 1000 * i, who="stock-import", text="update stock"))
    database(t, lambda i: [hold(i)] + [waiter(10 * i + k, ms=300 + 100 * k) for k in range(10)])
    return finding("locks:postgres", "saturated", culprit=("session", "stock-import", 900), used=10)


def quiet_short(t):
    """Waits of a second for one who works, and is between two of its statements when it is looked at."""
    database(t, lambda i: [(900, dict(pid=900, state="transaction", ms=20, who="stock-import", text="update stock")), waiter(i, ms=900)])


def quiet_began(t):
    """Who is idle in its transaction has been for less than the time between the looks: those who waited before it got what they wanted."""
    database(t, lambda i: [(900, dict(pid=900, state="transaction", ms=3000 if i == 5 else 20, who="stock-import", text="update stock"))]
             + ([waiter(i, ms=900)] if i in (0, 5) else []))


def quiet_circle(t):
    """Two that wait for each other are gone at the next look (a deadlock is ended by the server); nothing loops."""
    database(t, lambda i: [waiter(0, blocker=1001), waiter(1, blocker=1000)] if i == 3 else [])


def quiet_hostile(t):
    """Names and queries of strangers in a database that waits for nothing."""
    database(t, [(900, dict(pid=900, state="transaction", ms=60000, who="\x1b[31m$(reboot)", text="select '; rm -rf /"))])
    return Expect(text=True)


def quiet_unnamed(t):
    """Waits whose holder the server does not tell, and nothing is prepared: who was asked for was gone when it was looked at."""
    database(t, [waiter(k, blocker=0, ms=4000) for k in range(2)])
