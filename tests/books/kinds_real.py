# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Real servers: what their books say against what their own tools say."""
import calendar, glob, json, os, signal, socket, ssl, subprocess, threading, time

from asking import Helper, first_line, wanted
from harness import BOOKS, Skip, ask, need, place, run, same, spawn, true, wait_for


def listens(port):
    with socket.create_connection(("127.0.0.1", port), 1):
        return True


class Watched:
    """A real server that is asked all the time, as the recorder has it asked."""

    def __init__(self, kind, program, p, **where):
        self.kind, self.program, self.process, self.pid, self.where = kind, program, p, p.pid, where
        self.helper, self.after = Helper(BOOKS, [self]), None

    def wanted(self, full):
        return wanted(self.pid, self.kind, self.program, full=full, **self.where)

    def told(self, seconds):
        return [first_line(b)["status"] for b in self.helper.listen(seconds).get(self.pid, [])]

    def sockets(self):
        """Of the process that asks: to the helper, and to the server."""
        fds = f"/proc/{self.helper.askers()[0]}/fd"
        return {s for s in (os.readlink(f"{fds}/{f}") for f in os.listdir(fds)) if s.startswith("socket:")}

    def stopped(self, what, *pids, seconds=9):
        """It hangs while processes of it are stopped, is well as soon as these go on, and has seen one connection of us."""
        before = self.after
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            got = self.told(seconds)
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        true(f"{what}: it hangs", "hung" in got and set(got[1:]) <= {"hung", "slow"}, got)
        got = self.told(5)
        true(f"{what}: it is well again", "ok" in got[:2] and got[-1] == "ok", got)
        self.after = self.sockets()
        true(f"{what}: one connection", len(self.after) == 2 and before in (None, self.after), (before, self.after))


def slow_http(port, seconds):
    """An HTTP server that takes its time."""
    def serve(c):
        with c:
            try:
                c.recv(4096)
                time.sleep(seconds)
                c.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nok\n")
            except OSError:
                pass

    def accept():
        s = socket.create_server(("127.0.0.1", port))
        while True:
            c, _ = s.accept()
            threading.Thread(target=serve, args=(c,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def haproxy():
    need("haproxy")
    d = place("haproxy")
    (d / "sub").mkdir()
    (d / "a.cfg").write_text(f"global\n stats socket {d}/s.sock mode 600 level user # here\n maxconn 321\n")
    (d / "sub" / "b.cfg").write_text("""
defaults
 mode http
 timeout connect 3s
 timeout client 30s
 timeout server 1m
 timeout tunnel 2h
 timeout queue 20s
frontend www
 bind 127.0.0.1:8000
 default_backend shop
backend shop
 timeout queue 9000
 server a 127.0.0.1:9001 maxconn 2
 server b 127.0.0.1:9001 maxconn 1
 server c 127.0.0.1:9009 maxconn 50 check inter 100 fall 1
backend open
 server a 127.0.0.1:9001
""")
    slow_http(9001, 6)
    p = spawn(["haproxy", "-db", "-f", d / "a.cfg", "-f", d / "sub"])
    wait_for(lambda: listens(8000), p=p)
    clients = [socket.create_connection(("127.0.0.1", 8000)) for _ in range(8)]
    for c in clients:
        c.sendall(b"GET /search HTTP/1.0\r\nHost: shop\r\n\r\n")
    time.sleep(0.6)
    b = ask("haproxy", p.pid, "127.0.0.1", 8000)
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(d / "s.sock"))
        s.sendall(b"show stat\n")
        lines = s.makefile().read().splitlines()
    head = lines[0].lstrip("# ").split(",")
    table = {(r["pxname"], r["svname"]): r for r in (dict(zip(head, l.split(","))) for l in lines[1:] if l)}
    shop = b.pools["queue", "shop"]
    same("haproxy status", (b.status, b.name), ("ok", "haproxy"))
    same("haproxy queue", (shop["used"], shop["limit"], shop["waiting"]), (3, 3, 5))
    same("haproxy queue as itself says", shop["waiting"], int(table["shop", "BACKEND"]["qcur"]))
    same("haproxy high", shop["high"], int(table["shop", "BACKEND"]["qmax"]))
    same("haproxy server", (b.pools["backend", "shop/a"]["used"], b.pools["backend", "shop/a"]["limit"]), (2, 2))
    same("haproxy server down", (b.pools["backend", "shop/c"]["up"], table["shop", "c"]["status"]), (2, "DOWN"))
    true("haproxy no limit where a server has none", "limit" not in b.pools["queue", "open"])
    same("haproxy connections", (b.pools["connections", ""]["used"], b.pools["connections", ""]["limit"]), (8, 321))
    same("haproxy timeouts", [b.numbers.get(f"timeout.{n}") for n in ("client.ms/www", "tunnel.ms/www", "queue.ms/shop", "queue.ms/www", "server.ms/shop")],
         [30000, 7200000, 9000, 20000, 60000])
    same("haproxy 5xx", b.numbers["answers.5xx/shop"], int(table["shop", "BACKEND"]["hrsp_5xx"]))
    for c in clients:
        c.close()


def postgres_bin():
    dirs = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    if not dirs:
        raise Skip("no postgres")
    return dirs[-1].rsplit("/", 1)[0]


def postgres():
    bin_ = postgres_bin()
    d = place("postgres", "postgres")
    run([f"{bin_}/initdb", "-D", d / "data", "-A", "peer", "-N"], user="postgres")
    with open(d / "data/postgresql.conf", "a") as f:
        f.write(f"listen_addresses = '127.0.0.1'\nport = 5433\nunix_socket_directories = '{d}'\nfsync = off\nmax_connections = 11\nsuperuser_reserved_connections = 2\n")
    p = spawn([f"{bin_}/postgres", "-D", d / "data"], user="postgres")
    psql = [f"{bin_}/psql", "-X", "-q", "-A", "-t", "-h", d, "-p", "5433", "-d", "postgres"]
    wait_for(lambda: run(psql + ["-c", "select 1"], user="postgres"), p=p)
    run(psql + ["-c", "create table t(a int); insert into t values (1)"], user="postgres")

    def session(text):
        s = subprocess.Popen(["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", "--", *map(str, psql)],
                             stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        s.stdin.write(text)
        s.stdin.flush()
        return s

    sessions = [session("begin; update t set a = 2;\n")]
    time.sleep(0.4)
    sessions += [session("update t set a = 3;\n"), session("select pg_sleep(30);\n"), session("select 1;\n")]
    time.sleep(1.4)
    try:
        b = ask("postgres", p.pid, "127.0.0.1", 5433, user="postgres")
        own = run(psql + ["-F", " ", "-c", "select pid, state, coalesce((pg_blocking_pids(pid))[1], 0) from pg_stat_activity where application_name = 'psql' and pid <> pg_backend_pid()"],
                  user="postgres").split("\n")
        own = {int(l.split(" ")[0]): l.split(" ", 1)[1] for l in own if l}
        by_state = {s["state"]: s for s in b.slots}
        same("postgres status", (b.status, b.name), ("ok", "postgres"))
        c = b.pools["connections", ""]
        same("postgres connections", (c["used"], c["limit"], c["working"], c["idle"], c["locked"]), (5, 9, 1, 1, 1))
        same("postgres sessions", sorted(by_state), ["locked", "transaction", "working"])
        same("postgres blocker", by_state["locked"]["blocker"], by_state["transaction"]["id"])
        same("postgres blocker as itself says", own[by_state["locked"]["id"]].split(" ")[-1], str(by_state["transaction"]["id"]))
        true("postgres time in transaction", 1500 < by_state["transaction"]["ms"] < 6000, by_state["transaction"]["ms"])
        same("postgres query", by_state["locked"]["text"], "update t set a = 3;")
        same("postgres application", by_state["locked"]["who"], "psql")
        same("postgres in transactions", b.numbers["sessions.transaction"], 1)
        same("postgres oldest transaction id", b.numbers["xid.age"], int(run(psql + ["-c", "select max(age(datfrozenxid)) from pg_database"], user="postgres")))
        same("postgres freeze limit", b.numbers["xid.freeze.max.age"], 200000000)
        # A few that wait to be the leader are no pile of locks.
        for _ in range(3):
            sessions.append(session("select pg_advisory_lock(7);\n"))
            time.sleep(0.3)
        b = ask("postgres", p.pid, "127.0.0.1", 5433, user="postgres")
        same("postgres advisory locks", (b.pools["connections", ""]["locked"], [s["text"] for s in b.slots if s["state"] == "locked"]), (3, ["update t set a = 3;"]))
        # Somebody else's right is not enough, and is told as that.
        same("postgres denied", ask("postgres", p.pid, "127.0.0.1", 5433).status, "denied")
        # No room: those that are kept for superusers are taken too.
        sessions += [session("select pg_sleep(30);\n") for _ in range(9)]
        time.sleep(0.7)
        b = ask("postgres", p.pid, "127.0.0.1", 5433, user="postgres")
        same("postgres full", (b.status, b.pools["connections", ""]["limit"]), ("full", 9))
    finally:
        for s in sessions:
            s.kill()
            s.wait()

    def ours():
        return run(psql + ["-c", "select pid from pg_stat_activity where application_name = 'plimsoll'"], user="postgres").split()

    w = Watched("postgres", "postgres", p)
    try:
        w.stopped("postgres while we come", p.pid)
        w.stopped("postgres in the middle of a query", *map(int, ours()))
    finally:
        w.helper.end()


def redis():
    need("redis-server", "redis-cli")
    d = place("redis")
    p = spawn(["redis-server", "--port", "6390", "--save", "", "--dir", d, "--maxclients", "77", "--maxmemory", "200mb", "--maxmemory-policy", "noeviction",
               "--client-output-buffer-limit", "pubsub 0 0 0", "--slowlog-log-slower-than", "100000", "--enable-debug-command", "local",
               "--unixsocket", d / "redis.sock", "--unixsocketperm", "777"])
    wait_for(lambda: listens(6390), p=p)
    sub = socket.socket()
    sub.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sub.connect(("127.0.0.1", 6390))
    sub.sendall(b"SUBSCRIBE ticker\r\n")
    time.sleep(0.2)
    feed = socket.create_connection(("127.0.0.1", 6390))
    feed.sendall(b"DEBUG SLEEP 0.15\r\n")
    feed.recv(64)
    for _ in range(1000):
        feed.sendall(b"*3\r\n$7\r\nPUBLISH\r\n$6\r\nticker\r\n$16384\r\n" + b"x" * 16384 + b"\r\n")
        feed.recv(64)
    wait = socket.create_connection(("127.0.0.1", 6390))
    wait.sendall(b"BLPOP jobs 0\r\n")
    time.sleep(0.2)
    b = ask("redis", p.pid, "127.0.0.1", 6390)
    cli = ["redis-cli", "-p", "6390"]
    info = dict(l.split(":", 1) for l in run(cli + ["info"]).splitlines() if ":" in l)
    clients = [dict(w.partition("=")[::2] for w in l.split()) for l in run(cli + ["client", "list"]).splitlines()]
    stuck = next(c for c in clients if c["sub"] == "1")
    slot = next(s for s in b.slots if s["state"] == "subscribed")
    same("redis status", (b.status, b.name), ("ok", "redis"))
    same("redis subscriber", (slot["id"], slot["peer"], slot["bytes"]), (int(stuck["id"]), "127.0.0.1:%d" % sub.getsockname()[1], int(stuck["omem"])))
    true("redis subscriber's output", slot["bytes"] > 5_000_000, slot["bytes"])
    same("redis connections", (b.pools["connections", ""]["used"], b.pools["connections", ""]["limit"]), (4, 77))
    same("redis memory", b.pools["memory", ""]["limit"], 200 << 20)
    true("redis memory used", abs(b.pools["memory", ""]["used"] - int(info["used_memory"])) < 4 << 20)
    same("redis policy", b.numbers["memory.noeviction"], 1)
    same("redis blocked", (b.numbers["clients.blocked"], [s["text"] for s in b.slots if s["state"] == "reading"]), (1, ["blpop"]))
    slow = [s for s in b.slots if s["state"] == "logging"]
    same("redis slow command", [s["text"] for s in slow], ["DEBUG SLEEP 0.15"])
    true("redis slow command's time", 150 <= slow[0]["ms"] < 400, slow[0]["ms"])
    same("redis writes", (b.numbers["aof.ok"], b.numbers["rdb.ok"]), (1, 1))
    same("redis by its socket", ask("redis", p.pid, d / "redis.sock").status, "ok")
    run(cli + ["config", "set", "requirepass", "secret"])
    same("redis with a password", ask("redis", p.pid, "127.0.0.1", 6390).status, "denied")
    run(cli + ["-a", "secret", "--no-auth-warning", "config", "set", "requirepass", ""])
    run(cli + ["config", "set", "maxclients", "4"])
    extra = socket.create_connection(("127.0.0.1", 6390))
    time.sleep(0.1)
    same("redis without room", ask("redis", p.pid, "127.0.0.1", 6390).status, "full")
    for s in (sub, feed, wait, extra):
        s.close()


def phpfpm():
    found = sorted(glob.glob("/usr/sbin/php-fpm*"))
    if not found:
        raise Skip("no php-fpm")
    need("cgi-fcgi")
    d = place("phpfpm", "www-data")
    (d / "pool.d").mkdir()
    (d / "sleep.php").write_text("<?php usleep(4000000); echo 'ok';")
    (d / "fpm.conf").write_text(f"[global]\ndaemonize = no\nerror_log = {d}/log\ninclude={d}/pool.d/*.conf\n")
    common = "user = www-data\ngroup = www-data\npm = static\n"
    (d / "pool.d/a.conf").write_text(f"[www]\n{common}listen = {d}/$pool.sock\nlisten.mode = 0666\npm.max_children = 3\npm.status_path = /status ; here\nrequest_terminate_timeout = 2m\n")
    (d / "pool.d/b.conf").write_text(f"[api]\n{common}listen = 127.0.0.1:9100\npm.max_children = 2\npm.status_path = /st\npm.status_listen = 127.0.0.1:9101\n")
    (d / "pool.d/c.conf").write_text(f"[dark]\n{common}listen = 127.0.0.1:9102\npm.max_children = 4\n")
    p = spawn([found[-1], "-F", "-y", d / "fpm.conf"])
    wait_for(lambda: listens(9101) and listens(9100) and (d / "www.sock").exists(), p=p)

    def request(where, uri):
        env = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": uri.partition("?")[0], "SCRIPT_FILENAME": f"{d}/sleep.php", "QUERY_STRING": uri.partition("?")[2], "PATH": "/usr/bin"}
        return subprocess.Popen(["cgi-fcgi", "-bind", "-connect", where], env=env, stdout=subprocess.DEVNULL, start_new_session=True)

    def page(where, path):
        env = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": path, "SCRIPT_FILENAME": path, "QUERY_STRING": "", "PATH": "/usr/bin"}
        out = subprocess.run(["cgi-fcgi", "-bind", "-connect", where], env=env, capture_output=True, text=True, timeout=10).stdout
        return {k.strip(): v.strip() for k, _, v in (l.partition(":") for l in out.splitlines())}

    clients = [request(f"{d}/www.sock", f'/shop?id={i}%20"x"') for i in range(2)] + [request("127.0.0.1:9100", "/status2") for _ in range(5)]
    time.sleep(1.4)
    b = ask("php-fpm", p.pid)
    own = page("127.0.0.1:9101", "/st")
    same("php-fpm status", (b.status, b.name), ("ok", "php-fpm"))
    www, api = b.pools["workers", "www"], b.pools["workers", "api"]
    same("php-fpm pool that answers itself", (www["used"], www["idle"], www["limit"]), (2, 1, 3))
    true("php-fpm queue of a unix socket is not known", "waiting" not in www)
    same("php-fpm pool that is full", (api["used"], api["idle"], api["limit"], api["waiting"]), (2, 0, 2, 3))
    same("php-fpm as itself says", (api["waiting"], api["refused"], api["high"]), tuple(int(own[k]) for k in ("listen queue", "max children reached", "max active processes")))
    same("php-fpm pool without a page", b.pools["workers", "dark"], {"limit": 4})
    same("php-fpm requests", sorted(s["text"].split(" ")[1] for s in b.slots), ['/shop?id=0%20"x"', '/shop?id=1%20"x"', "/status2", "/status2"])
    true("php-fpm time of requests", all(1000 <= s["ms"] < 3500 for s in b.slots), b.slots)
    same("php-fpm timeout", b.numbers["timeout.request.ms/www"], 120000)
    clients.append(request(f"{d}/www.sock", "/last"))
    time.sleep(0.3)
    b = ask("php-fpm", p.pid)
    same("php-fpm all at work", (b.status, b.numbers["silent/www"], b.numbers["silent/api"], b.pools["workers", "www"]), ("ok", 1, 0, {"limit": 3}))
    true("php-fpm all at work: in time", b.seconds <= 0.6, b.seconds)
    for c in clients:
        c.kill()
        c.wait()


def mysql():
    need("mariadbd", "mariadb-install-db", "mariadb")
    d = place("mysql", "mysql")
    run(["mariadb-install-db", "--no-defaults", "--user=mysql", f"--datadir={d}/data", "--skip-test-db", "--auth-root-authentication-method=socket"], user="mysql")
    p = spawn(["mariadbd", "--no-defaults", f"--datadir={d}/data", f"--socket={d}/my.sock", "--port=3307", "--bind-address=127.0.0.1", "--max-connections=10",
               "--innodb-buffer-pool-size=16M", "--innodb-flush-method=nosync", f"--pid-file={d}/pid"], user="mysql")
    client = ["mariadb", "--no-defaults", "-S", d / "my.sock", "-u", "mysql", "-N", "-B"]
    wait_for(lambda: run(client + ["-e", "select 1"], user="mysql"), p=p)
    run(client + ["-e", "create database shop; create table shop.t(a int primary key, b int) engine=innodb; insert into shop.t values (1, 1)"], user="mysql")

    def session(text):
        s = subprocess.Popen(["setpriv", "--reuid", "mysql", "--regid", "mysql", "--init-groups", "--", *map(str, client), "-n"],
                             stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        s.stdin.write(text)
        s.stdin.flush()
        return s

    sessions = [session("begin; update shop.t set b = 2 where a = 1;\n")]
    time.sleep(0.5)
    sessions += [session("update shop.t set b = 3 where a = 1;\n"), session("select sleep(40);\n"), session("select 1;\n")]
    time.sleep(2.5)
    try:
        b = ask("mysql", p.pid, "127.0.0.1", 3307, user="mysql")
        status = dict(l.split("\t") for l in run(client + ["-e", "show global status"], user="mysql").splitlines() if l.count("\t") == 1)
        same("mysql status", (b.status, b.name), ("ok", "mysql"))
        c = b.pools["connections", ""]
        same("mysql connections", (c["used"], c["limit"], c["working"], c["locked"]), (5, 10, 2, 1))
        same("mysql connections as itself says", (c["used"], c["high"]), (int(status["Threads_connected"]), int(status["Max_used_connections"])))
        by_state = {s["state"]: s for s in b.slots}
        same("mysql sessions", sorted(by_state), ["locked", "transaction", "working"])
        same("mysql blocker", by_state["locked"]["blocker"], by_state["transaction"]["id"])
        same("mysql query", (by_state["locked"]["text"], by_state["locked"]["who"]), ("update shop.t set b = 3 where a = 1", "mysql"))
        true("mysql time", 1000 <= by_state["transaction"]["ms"] < 9000, by_state["transaction"]["ms"])
        same("mysql waits", (b.numbers["locks.waiting"], b.numbers["locks.timeout.s"]), (1, 50))
        true("mysql buffer pool", 0 < b.numbers["cache.bytes"] < b.numbers["cache.most"] == 16 << 20, (b.numbers["cache.bytes"], b.numbers["cache.most"]))
        # Who locked a table by name is told by nobody: the first who waits for it is not to blame for the second. Who wants to alter it is.
        run(client + ["-e", "create table shop.u(a int) engine=innodb"], user="mysql")
        sessions.append(session("lock tables shop.u write;\n"))
        time.sleep(0.5)
        for text in ("select a from shop.u;\n", "select 2 from shop.u;\n"):
            sessions.append(session(text))
            time.sleep(1.1)
        b = ask("mysql", p.pid, "127.0.0.1", 3307, user="mysql")
        same("mysql tables locked by name", [s["blocker"] for s in b.slots if "shop.u" in s["text"]], [0, 0])
        same("mysql locked", b.pools["connections", ""]["locked"], 3)
        same("mysql denied", ask("mysql", p.pid, "127.0.0.1", 3307).status, "denied")
        sessions += [session("select sleep(40);\n") for _ in range(9)]
        time.sleep(1)
        same("mysql full", ask("mysql", p.pid, "127.0.0.1", 3307, user="mysql").status, "full")
    finally:
        for s in sessions:
            s.kill()
            s.wait()

    w = Watched("mysql", "mariadbd", p)
    try:
        w.stopped("mysql while we come", p.pid)
        w.stopped("mysql in the middle of a query", p.pid)
    finally:
        w.helper.end()


def memcached():
    need("memcached")
    d = place("memcached", "www-data")
    p = spawn(["memcached", "-u", "www-data", "-l", "127.0.0.1", "-p", "11300", "-m", "8", "-c", "50"])
    q = spawn(["memcached", "-u", "www-data", "-s", d / "m.sock", "-a", "0777"])
    wait_for(lambda: listens(11300), p=p)
    wait_for(lambda: (d / "m.sock").exists(), p=q)
    with socket.create_connection(("127.0.0.1", 11300)) as c:
        for i in range(40):
            c.sendall(b"set k%d 0 0 500000\r\n" % i + b"x" * 500000 + b"\r\n")
            c.recv(64)
        c.sendall(b"get none\r\n")
        c.recv(64)

        def stats():
            c.sendall(b"stats\r\n")
            return dict(l.split(" ")[1:3] for l in c.recv(65536).decode().splitlines() if l.startswith("STAT"))
        wait_for(lambda: int(stats()["curr_connections"]) == 1)  # this one: those that looked whether it listens are gone
        b = ask("memcached", p.pid, "127.0.0.1", 11300)
        own = stats()
    same("memcached status", (b.status, b.name), ("ok", "memcached"))
    same("memcached connections", (b.pools["connections", ""]["limit"], b.pools["connections", ""]["used"]), (50, 2))
    same("memcached memory", b.pools["memory", ""], {"used": int(own["bytes"]), "limit": 8 << 20})
    same("memcached evictions", b.numbers["items.evicted"], int(own["evictions"]))
    true("memcached evicted", b.numbers["items.evicted"] > 0)
    same("memcached misses", b.numbers["gets.misses"], 1)
    same("memcached by a socket that it is found to listen on", ask("memcached", q.pid).status, "ok")
    many = [socket.create_connection(("127.0.0.1", 11300)) for _ in range(60)]
    time.sleep(0.2)
    same("memcached without room", ask("memcached", p.pid, "127.0.0.1", 11300).status, "full")
    for c in many:
        c.close()


def tls():
    need("openssl")
    d = place("tls")
    run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", d / "ca.key", "-out", d / "ca.pem", "-days", "9", "-subj", "/CN=The CA"])
    run(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", d / "key", "-out", d / "csr", "-subj", "/O=Shop/CN=shop.example"])
    run(["openssl", "x509", "-req", "-in", d / "csr", "-CA", d / "ca.pem", "-CAkey", d / "ca.key", "-CAcreateserial", "-out", d / "crt", "-days", "30"])
    (d / "chain").write_bytes((d / "crt").read_bytes() + (d / "ca.pem").read_bytes())
    ends = run(["openssl", "x509", "-in", d / "crt", "-noout", "-enddate"]).strip().split("=")[1]

    def serve(port, chain="chain", key="key", **options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(d / chain, d / key)
        for k, v in options.items():
            setattr(context, k, v)
        if context.verify_mode == ssl.CERT_REQUIRED:
            context.load_verify_locations(d / "ca.pem")
        s = socket.create_server(("127.0.0.1", port))

        def accept():
            while True:
                c, _ = s.accept()
                try:
                    context.wrap_socket(c, server_side=True).close()
                except OSError:
                    pass

        threading.Thread(target=accept, daemon=True).start()

    serve(8443)
    serve(9443, maximum_version=ssl.TLSVersion.TLSv1_2, verify_mode=ssl.CERT_REQUIRED)
    for port, what in ((8443, "1.3"), (9443, "1.2 that wants a client's certificate")):
        b = ask("tls", 1, "127.0.0.1", port)
        same(f"tls {what}", (b.status, b.numbers["tls.notafter"]), ("ok", calendar.timegm(time.strptime(ends, "%b %d %H:%M:%S %Y GMT"))))
        same(f"tls {what}: chain", [(s["text"], s["who"]) for s in b.slots], [("CN=shop.example,O=Shop", "CN=The CA"), ("CN=The CA", "CN=The CA")])
        same(f"tls {what}: the root does not count", b.numbers["tls.notafter.chain"], b.numbers["tls.notafter"])
        same(f"tls {what}: signed by another", b.numbers.get("tls.own"), None)
    serve(7443, "ca.pem", "ca.key")
    same("tls that signs itself", ask("tls", 1, "127.0.0.1", 7443).numbers["tls.own"], 1)
    same("tls at a port that is none of its", ask("tls", 1, "127.0.0.1", 22).status, "closed")


def varnish():
    need("varnishd", "varnishstat", "gcc")
    d = place("varnish")
    slow_http(9301, 0.1)
    p = spawn(["varnishd", "-F", "-a", "127.0.0.1:6181", "-b", "127.0.0.1:9301", "-n", d / "work", "-s", "malloc,64m", "-p", "thread_pool_max=200", "-p", "thread_pool_min=20"])
    wait_for(lambda: listens(6181), 40, p)
    for path in ("/a", "/a", "/b"):
        with socket.create_connection(("127.0.0.1", 6181)) as c:
            c.sendall(b"GET %s HTTP/1.0\r\nHost: x\r\n\r\n" % path.encode())
            while c.recv(4096):
                pass
    time.sleep(1.5)
    b = ask("varnish", p.pid, "127.0.0.1", 6181)
    own = json.loads(run(["varnishstat", "-n", d / "work", "-j"]))
    own = {k: v["value"] for k, v in own["counters"].items()}
    same("varnish status", (b.status, b.name), ("ok", "varnishd"))
    w = b.pools["workers", ""]
    same("varnish workers", (w["used"], w["limit"], w["waiting"], w["served"]), (own["MAIN.threads"], 200 * own["MAIN.pools"], own["MAIN.thread_queue_len"], 3))
    same("varnish memory", (b.pools["memory", "s0"]["used"], b.pools["memory", "s0"]["limit"]), (own["SMA.s0.g_bytes"], 64 << 20))
    true("varnish memory without a limit", "limit" not in b.pools["memory", "Transient"])
    same("varnish hits", (b.numbers["cache.hits"], b.numbers["cache.misses"]), (own["MAIN.cache_hit"], own["MAIN.cache_miss"]))
    same("varnish backend", b.pools["backend", "boot.default"]["served"], own["VBE.boot.default.req"])


def squid():
    need("squid")
    d = place("squid", "proxy")
    (d / "squid.conf").write_text(f"""http_port 127.0.0.1:3180
pid_filename {d}/pid
access_log none
cache_log {d}/cache.log
coredump_dir {d}
max_filedescriptors 512
http_access allow localhost manager
http_access deny manager
http_access allow localhost
http_access deny all
""")
    p = spawn(["squid", "-N", "-f", d / "squid.conf"])
    wait_for(lambda: listens(3180), p=p)
    with socket.create_connection(("127.0.0.1", 3180)), socket.create_connection(("127.0.0.1", 3180)):
        time.sleep(0.2)
        b = ask("squid", p.pid, "127.0.0.1", 3180)
    own = run(["squidclient", "-p", "3180", "mgr:info"]) if glob.glob("/usr/bin/squidclient") else ""
    same("squid status", (b.status, b.name), ("ok", "squid"))
    c = b.pools["connections", "descriptors"]
    true("squid descriptors", 300 <= c["limit"] < 512 and 5 < c["used"] < 60, c)
    if own:
        same("squid limit as itself says", c["limit"] + int(own.split("Reserved number of file descriptors:")[1].split()[0]), int(own.split("Maximum number of file descriptors:")[1].split()[0]))
    (d / "squid.conf").write_text((d / "squid.conf").read_text().replace("allow localhost manager", "deny localhost manager"))
    run(["squid", "-f", d / "squid.conf", "-k", "reconfigure"])
    wait_for(lambda: ask("squid", p.pid, "127.0.0.1", 3180).status == "denied", 10)
    same("squid that forbids", ask("squid", p.pid, "127.0.0.1", 3180).status, "denied")


def unbound():
    need("unbound", "unbound-control")
    d = place("unbound")
    (d / "unbound.conf").write_text(f"""server:
  interface: 127.0.0.1@5353
  chroot: ""
  username: ""
  directory: "{d}"
  pidfile: ""
  use-syslog: no
  num-threads: 2
  num-queries-per-thread: 300
  incoming-num-tcp: 7
  local-zone: "shop.test" static
  local-data: "shop.test A 10.0.0.1"
include: "{d}/*.inc"
""")
    (d / "control.inc").write_text(f"remote-control:\n  control-enable: yes\n  control-interface: {d}/ctl\n")
    p = spawn(["unbound", "-d", "-c", d / "unbound.conf"])
    wait_for(lambda: (d / "ctl").exists(), p=p)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as q:
        q.settimeout(3)
        for i in range(5):
            q.sendto(bytes([0, i, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]) + b"\x04shop\x04test\0" + bytes([0, 1, 0, 1]), ("127.0.0.1", 5353))
            q.recv(512)
    b = ask("unbound", p.pid, "127.0.0.1", 5353)
    own = dict(l.split("=") for l in run(["unbound-control", "-c", d / "unbound.conf", "stats_noreset"]).splitlines())
    same("unbound status", (b.status, b.name), ("ok", "unbound"))
    r = b.pools["queue", "requests"]
    same("unbound requests", (r["limit"], r["served"], r["refused"]), (600, 5, 0))
    same("unbound as itself says", (r["served"], r["high"]), (int(own["total.num.queries"]), int(own["total.requestlist.max"])))
    same("unbound connections", b.pools["connections", "tcp"], {"used": 0, "limit": 14})


def bind():
    need("named", "rndc")
    d = place("bind", "bind")
    (d / "zone").write_text("$TTL 60\n@ SOA a. a. 1 60 60 60 60\n@ NS a.\na A 10.0.0.1\n")
    (d / "options.conf").write_text(f"""options {{ // {{ "not this }}
  directory "{d}"; pid-file none; session-keyfile none; listen-on port 5354 {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursive-clients 321; /* tcp-clients 1; */ tcp-clients 77; # tcp-clients 2;
  recursion yes; allow-recursion {{ 127.0.0.1; }}; dnssec-validation no;
}};
""")
    (d / "named.conf").write_text(f'include "{d}/options.conf";\nstatistics-channels {{ inet 127.0.0.1 port 8153 allow {{ 127.0.0.1; }}; }};\nzone "." {{ type primary; file "{d}/zone"; }};\ncontrols {{ }};\n')
    p = spawn(["named", "-g", "-u", "bind", "-c", d / "named.conf"])
    wait_for(lambda: listens(8153) and listens(5354), p=p)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as q:
        q.settimeout(3)
        for i in range(5):
            q.sendto(bytes([0, i, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]) + b"\x01a\0" + bytes([0, 1, 0, 1]), ("127.0.0.1", 5354))
            q.recv(512)
    b = ask("bind", p.pid, "127.0.0.1", 5354)
    same("bind status", (b.status, b.name), ("ok", "named"))
    same("bind recursion", (b.pools["queue", "recursion"]["limit"], b.pools["queue", "recursion"]["used"]), (321, 0))
    same("bind connections", b.pools["connections", "tcp"]["limit"], 77)
    same("bind requests", b.numbers["requests.v4"], 5)


CASES = {"haproxy": haproxy, "postgres": postgres, "redis": redis, "php-fpm": phpfpm, "mysql": mysql, "memcached": memcached, "tls": tls, "varnish": varnish, "squid": squid, "unbound": unbound,
         "bind": bind}
