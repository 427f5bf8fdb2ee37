# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""WebSockets through a proxy: cut by its timer though wanted, or not passed on."""

from expect import finding

HAPROXY = {"timeout.client.ms/www": 5000, "timeout.server.ms/chat": 30000, "timeout.client.ms/chat": 5000}


def haproxy(t, numbers, pools=(), slots=(), when=lambda i: i % 2 == 0):
    t.server(700, "haproxy", 80)
    t.book("haproxy", 700, port=80, numbers={**HAPROXY, **numbers}, pools=pools, slots=slots, when=when)


def nginx(t, numbers):
    t.server(700, "nginx", 80, children=2)
    t.book("nginx", 700, port=80, numbers=numbers, when=lambda i: i % 2 == 0)


def log(client=0, server=0, ended=0, back=0, ms=5003, age=2, proxy="chat"):
    n = {"log.lines": 100, "log.answers/" + proxy: 100, "log.tunnels.back/" + proxy: back, "log.tunnels.ms/" + proxy: ms}
    for name, count in (("cut.client", client), ("cut.server", server), ("ended", ended)):
        if count:
            n["log.tunnels.%s/%s" % (name, proxy)] = count
            n["log.tunnels.%s.age.s/%s" % (name, proxy)] = age
    return n


def fire(t):
    haproxy(t, log(client=12, ended=3, back=8), slots=[(1000000, dict(state="closing", bytes=4, peer="10.9.9.3:0", who="chat", text="/ws"))])
    return finding("protocol.upgrade:haproxy", "wrong", "warning", culprit=("config", "timeout client 5 s (no timeout tunnel is set)"))


def fire_by_the_server(t):
    haproxy(t, log(server=4, back=3, ms=30010))
    return finding("protocol.upgrade:haproxy", "wrong", "warning", culprit=("config", "timeout server 30 s (no timeout tunnel is set)"))


def fire_tunnel(t):
    """The timer that is made for it, and too short."""
    haproxy(t, {**log(client=6, back=4, ms=20004), "timeout.tunnel.ms/chat": 20000})
    return finding("protocol.upgrade:haproxy", "wrong", "warning", culprit=("config", "timeout tunnel 20 s"))


def fire_nginx(t):
    nginx(t, {**log(server=9, ended=9, back=6, ms=0, proxy="-", age=30), "timeout.proxy.ms/0": 60000, "config.upgrade": 1})
    return finding("protocol.upgrade:nginx", "wrong", "warning", culprit=("config", "proxy_read_timeout 60 s"))


def counted(t, upgrades, aborts, used):
    haproxy(t, {"answers.1xx/chat": lambda i: 500 + upgrades * i, "client.aborts/chat": lambda i: 480 + aborts * i, "server.aborts/chat": 3},
            pools=[("queue", "chat", dict(used=used, waiting=0))])


def fire_without_log(t):
    """Four a second are upgraded, four aborted, and 24 are open: six seconds each."""
    counted(t, 4, 4, 24)
    return finding("protocol.upgrade:haproxy", "wrong", "warning", culprit=("config", "timeout client 5 s (no timeout tunnel is set)"))


def fire_not_passed_on(t):
    nginx(t, {"log.lines": 50, "log.answers/-": 50, "log.no-upgrade/-": 7, "log.no-upgrade.age.s/-": 3, "config.upgrade": 0})
    return finding("protocol.upgrade:nginx", "wrong", "warning", culprit=("config", "no proxy_set_header Upgrade"))


def fire_taken_out(t):
    haproxy(t, {"log.lines": 50, "log.answers/chat": 50, "log.no-upgrade/chat": 7, "log.no-upgrade.age.s/chat": 3, "upgrade.removed/www": 1})
    return finding("protocol.upgrade:haproxy", "wrong", "warning", culprit=("config", "http-request del-header Upgrade (www)"))


def quiet(t):
    """Clients that vanished are cleared away: nobody comes back."""
    haproxy(t, log(client=12, ended=3, back=0))


def quiet_few(t):
    """Most end by themselves; of those that are cut some come back: people who were away."""
    haproxy(t, log(client=5, ended=60, back=4))


def quiet_over(t):
    """The time-out was mended five minutes ago."""
    haproxy(t, log(client=40, back=35, age=300))


def quiet_clients_break_off(t):
    """As many abort as come, after half a second: not the timer."""
    counted(t, 4, 4, 2)


def quiet_they_close(t):
    """They come and close again."""
    counted(t, 4, 0, 24)


def quiet_checked(t):
    """Somebody asks for a page where WebSockets are, and the proxy passes upgrades on."""
    nginx(t, {"log.lines": 50, "log.answers/-": 50, "log.no-upgrade/-": 60, "log.no-upgrade.age.s/-": 1, "config.upgrade": 1})
