# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""plimsoll serve under fire, beside a recorder, in a network namespace of its own: slow headers, slow bodies, slow readers, ranges (slowhttptest),
ten thousand idle connections, passwords without end, and wrk at full rate. Somebody new comes all the while, each time by a new connection, and
is timed. tests/http/fire decides on right answers and lost samples; bench/serve-under-fire prints the times of longer runs."""
import contextlib, os, pathlib, re, resource, shutil, socket, subprocess, sys, tempfile, threading, time

from client import BINARY, Process, Server, until

IDLE = 10000
PATHS = ("/api/v1/check", "/", "/healthz", "/api/v1/limits")


def in_namespace():
    """Runs this program again where nothing but its own loopback is."""
    if os.environ.get("PLIMSOLL_FIRE") == "in":
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    os.environ["PLIMSOLL_FIRE"] = "in"
    os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])


class Visitor(threading.Thread):
    """Somebody new, again and again."""

    def __init__(self, server, token):
        super().__init__(daemon=True)
        self.server, self.headers = server, {"Authorization": f"Bearer {token}"}
        self.took, self.wrong, self.over = [], [], False

    def run(self):
        n = 0
        while not self.over:
            begun = time.monotonic()
            try:
                r = self.server.ask(PATHS[n % len(PATHS)], headers=self.headers, timeout=20)
                if r.status != 200 or not r.body:
                    self.wrong.append(f"{PATHS[n % len(PATHS)]}: {r.status} {r.body[:80]!r}")
            except Exception as e:  # whatever it is: somebody got no answer
                self.wrong.append(f"{PATHS[n % len(PATHS)]}: {e!r}")
            self.took.append(time.monotonic() - begun)
            n += 1
            time.sleep(0.05)

    def end(self):
        self.over = True
        self.join(30)
        return self


def slowhttptest(server, work, seconds, *how, path="/", connections=1000):
    subprocess.run(["slowhttptest", "-c", str(connections), "-r", "500", "-l", str(seconds), "-i", "2", "-u", f"http://127.0.0.1:{server.port}{path}", *how], cwd=work,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=seconds + 60)


def wrk(server, seconds, path, token, *more):
    r = subprocess.run(["wrk", "-t2", "-c100", f"-d{seconds}s", "-H", f"Authorization: Bearer {token}", *more, f"http://127.0.0.1:{server.port}{path}"],
                       capture_output=True, text=True, timeout=seconds + 60)
    m = re.search(r"Requests/sec:\s+([\d.]+)", r.stdout)
    return f"{float(m.group(1)):.0f} requests/s" if m else "no answer"


def idle(server, seconds, n=IDLE):
    """The connections are made as fast as they are taken; those that are closed stay open on this side."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < n + 200:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (n + 200, n + 200))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held = []
    with contextlib.suppress(OSError):
        while len(held) < min(n, hard - 200):
            held.append(socket.create_connection(("127.0.0.1", server.port), 5))
    time.sleep(seconds)
    most = server.descriptors()
    for c in held:
        c.close()
    return f"{len(held)} made, {most} descriptors held"


def passwords(server, seconds):
    stop, count = time.monotonic() + seconds, [0, 0]

    def guess():
        while time.monotonic() < stop:
            with contextlib.suppress(OSError):
                r = server.ask("/api/v1/login", "POST", {"Content-Type": "application/x-www-form-urlencoded"}, "name=ann&password=guess", timeout=20)
                count[r.status == 401] += 1
    threads = [threading.Thread(target=guess) for _ in range(20)]
    for x in threads:
        x.start()
    for x in threads:
        x.join()
    return f"{sum(count)} attempts, {count[1]} checked"


def phases(server, work, seconds, token):
    return (
        ("nobody else", lambda: time.sleep(min(seconds, 3))),
        ("slow headers", lambda: slowhttptest(server, work, seconds, "-H")),
        ("slow bodies", lambda: slowhttptest(server, work, seconds, "-B", "-t", "POST", "-s", "8192", path="/api/v1/login")),
        ("slow readers", lambda: slowhttptest(server, work, seconds, "-X", "-w", "1", "-y", "16", "-n", "2", "-z", "4", "-k", "3", path=server.asset("app.js"))),
        ("ranges", lambda: slowhttptest(server, work, seconds, "-R", "-a", "10", "-b", "3000", path=server.asset("app.js"))),
        ("10,000 idle connections", lambda: idle(server, seconds)),
        ("passwords without end", lambda: passwords(server, seconds)),
        ("wrk on /api/v1/check", lambda: wrk(server, seconds, "/api/v1/check", token)),
        ("wrk on /metrics", lambda: wrk(server, seconds, "/metrics", token)),
        ("wrk on a file of the page", lambda: wrk(server, seconds, server.asset("app.js"), token)),
        ("wrk on the past", lambda: wrk(server, seconds, "/api/v1/query?q=cpu.busy&from=-1m", token)),
        ("wrk, a connection for each", lambda: wrk(server, seconds, "/api/v1/check", token, "-H", "Connection: close")),
    )


def gaps_of(store, begun, ended):
    """Pauses between two samples of a span that are long enough for another one: how long each was."""
    dump = subprocess.run([str(pathlib.Path(BINARY).parent / "store_dump"), str(store)], stdout=subprocess.PIPE, text=True, check=True).stdout
    times = [int(x.split()[0]) / 1e6 for x in dump.splitlines() if x[0].isdigit()]
    times = [x for x in times if begun <= x <= ended]
    if len(times) < (ended - begun) / 2:
        return [ended - begun]
    return [b - a for a, b in zip(times, times[1:]) if b - a > 1.5]


def fire(seconds, told):
    """told(name, visitor, what) after each phase."""
    work = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-fire-"))
    work.chmod(0o755)
    store, users = work / "store", work / "users"
    recorder = Process(BINARY, "record", "--store", str(store), "--no-books", stdout=subprocess.DEVNULL)
    server = None
    try:
        subprocess.run([BINARY, "user", "add", "ann", "--users", str(users)], input=b"a password of hers\n", check=True)
        token = subprocess.run([BINARY, "user", "token", "visitor", "--users", str(users)], stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
        until(store.is_dir, 10)
        server = Server(store, "--login", "--users", str(users))
        until(lambda: server.ask("/healthz").status == 200, 20, 0.2)
        until(lambda: server.ask("/api/v1/check", headers={"Authorization": f"Bearer {token}"}).status == 200, 20, 0.2)
        time.sleep(2)
        begun, most = time.time(), 0
        for name, act in phases(server, work, seconds, token):
            v = Visitor(server, token)
            v.start()
            what = act()
            v.end()
            most = max(most, server.rss_kib())
            told(name, v, what or "")
        time.sleep(2)
        ended = time.time()
        gaps = gaps_of(store, begun, ended)
        return {"status": server.end(), "rss_kib": most, "seconds": ended - begun, "gaps": gaps, "lines": server.lines}
    finally:
        for p in (server, recorder):
            if p:
                p.end()
        shutil.rmtree(work, ignore_errors=True)
