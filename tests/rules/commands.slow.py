# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Long commands in a server that runs one after the other."""

from expect import finding, note

CULPRIT = ("peer", "10.77.0.6")


def redis(t, commands, asked=900, before=40, **more):
    """commands: (ms, moment in which it ended; below 0: earlier in the minute)."""
    t.cpu(user=0.1, idle=0.9)
    t.server(650, "redis-server", 6379, cpu=0.4, **{k: more.pop(k) for k in ("delay", "state") if k in more})

    def slots(i):
        done = [(before + n, c) for n, c in enumerate(commands) if c[1] <= i]
        return [(number, dict(state="logging", ms=c[0], peer=c[2] if len(c) > 2 else "10.77.0.6:41000", who="default", text=c[3] if len(c) > 3 else "KEYS *"))
                for number, c in done[-16:]]

    t.book("redis", 650, "redis", port=6379, pools=[("connections", "-", dict(used=12, limit=10000))], slots=slots,
           numbers={"commands.slow": lambda i: before + sum(1 for c in commands if c[1] <= i), "commands": lambda i: 5000 + asked * i}, **more)


def fire(t):
    """KEYS each second, of 400 ms."""
    redis(t, [(400, k) for k in range(6)])
    return finding("cpu.thread:redis-server", "saturated", culprit=CULPRIT, text="KEYS")


def fire_between(t):
    """A report asks for large values; other commands are short and of others."""
    redis(t, [(120, 1, "10.77.0.7:2000", "SORT prices"), (450, 2, "10.77.0.6:3000", "HGETALL catalogue"), (330, 4, "10.77.0.6:3000", "HGETALL catalogue")])
    return finding("cpu.thread:redis-server", "saturated", "warning", culprit=CULPRIT, text="HGETALL")


def fire_unanswered(t):
    """Commands of a second, one after the other: every second asking of ours is answered by the next only, and others lie unread."""
    redis(t, [(1100, k) for k in range(-20, 6)], asked=0, status=["hung", "hung", "ok", "ok", "hung", "hung"])
    t.cpu(user=0.26, idle=0.74)
    for k in range(3):
        t.connect("10.0.0.5", 6379, "10.77.0.9", 40000 + k, inode=7002 + k, recvq=300)
    return finding("cpu.thread:redis-server", "saturated", "critical", culprit=CULPRIT, text="KEYS")


def fire_local(t):
    """The client runs on the same machine: the process is named."""
    redis(t, [(400, k, "127.0.0.1:41000") for k in range(6)])
    t.proc(900, "keycount", cpu=0.01)
    t.connect("127.0.0.1", 41000, "127.0.0.1", 6379, inode=7100)
    return finding("cpu.thread:redis-server", "saturated", culprit=("peer", "127.0.0.1"))


def quiet(t):
    """Busy: some of its commands take 12 to 60 ms, which is its work."""
    redis(t, [(12 + 4 * k, k % 6) for k in range(12)], asked=40000)


def quiet_once(t):
    """Somebody looks once."""
    redis(t, [(900, 3)])
    return note("cpu.thread:redis-server")


def quiet_past(t):
    """It was half a minute ago."""
    redis(t, [(900, -3), (800, -2)])


def quiet_alone(t):
    """A job that has the server for itself."""
    redis(t, [(400, k) for k in range(6)], asked=4)
    return note("cpu.thread:redis-server")


def quiet_starved(t):
    """GET took long as the server waited for a CPU: the command is not to blame."""
    redis(t, [(300, k, "10.77.0.%d:400" % (2 + k), "GET session:%d" % k) for k in range(6)], delay=0.4)
    return note("cpu.thread:redis-server")


def fire_contended(t):
    """The server waits for a CPU too, and its commands are long all the same."""
    redis(t, [(900, k) for k in range(6)], delay=0.5)
    return finding("cpu.thread:redis-server", "saturated", culprit=CULPRIT, text="KEYS")
