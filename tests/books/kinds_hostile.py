# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Servers that are hostile, for each kind: what a server of its protocol is expected to send is known, and something else is sent."""
import os, pathlib, socket, struct, subprocess, sys, threading, time

from asking import Helper, first_line, wanted
from harness import BOOKS, ask, folder, place, processes, same, spawn, true
from kinds import KINDS

LARGE = 100 << 20
LIMIT_S = 0.6  # of the clock, start of the process included


class Server:
    """Listens at an address or path and does to each connection what its mode says."""

    def __init__(self, where, mode, greeting=b"", endless=(b"", b"x" * 65536), wrong=b"HTTP/1.1 400 Bad Request\r\nServer: x\r\nConnection: close\r\n\r\nno\n", dgram=False):
        self.mode, self.greeting, self.endless, self.wrong, self.stop = mode, greeting, endless, wrong, threading.Event()
        self.kept = []
        if isinstance(where, (str, pathlib.Path)):
            self.socket = socket.socket(socket.AF_UNIX)
            if os.path.exists(where):
                os.unlink(where)
            self.socket.bind(str(where))
            os.chmod(where, 0o777)
        else:
            self.socket = socket.socket()
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(where)
        if mode == "down":
            if not isinstance(where, (str, pathlib.Path)):
                self.socket.close()
            return
        self.socket.listen(0 if mode == "backlog" else 64)
        if mode == "backlog":
            for _ in range(4):
                c = socket.socket(self.socket.family)
                c.setblocking(False)
                c.connect_ex(self.socket.getsockname())
                self.kept.append(c)
            return
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        try:
            if self.mode == "hung":
                self.stop.wait(5)
            elif self.mode == "slow":
                while not self.stop.is_set():
                    c.sendall((self.greeting or self.endless[0] or b"#")[:1])
                    self.stop.wait(1)
            elif self.mode == "garbage":
                self.read(c)
                c.sendall(b"\x00\xff\x80\x7f%s%n\r\n\x01" * 40)
            elif self.mode == "wrong":
                self.read(c)
                c.sendall(self.wrong)
            elif self.mode == "large":
                first, more = self.endless
                for part in first if isinstance(first, list) else [first]:
                    self.read(c)
                    c.sendall(part)
                sent = 0
                while sent < LARGE and not self.stop.is_set():
                    c.sendall(more)
                    sent += len(more)
        except OSError:
            pass
        c.close()

    @staticmethod
    def read(c):
        c.settimeout(0.2)
        try:
            c.recv(65536)
        except TimeoutError:
            pass
        c.settimeout(None)

    def close(self):
        self.stop.set()
        try:
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes accept(), which would keep the port
        except OSError:
            pass
        self.socket.close()
        for c in self.kept:
            c.close()


MODES = {"down": "down", "hung": "hung", "backlog": "hung", "slow": "slow", "garbage": "garbage", "wrong": "garbage", "large": "large"}


def all_modes(kind, pid, where, asked, modes=MODES, user=None, **of_server):
    for mode, status in modes.items():
        s = Server(where, mode, **of_server)
        try:
            for _ in range(3):  # somebody else may be busy
                b = ask(kind, pid, *asked, user=user)
                if b.seconds <= LIMIT_S:
                    break
        finally:
            s.close()
        true(f"{kind} {mode} is {status}", b.status in status.split(), b.status)
        same(f"{kind} {mode}: ends well", b.code, 0)
        true(f"{kind} {mode}: in time", b.seconds <= LIMIT_S, f"{b.seconds:.3f} s")


def process(*args, cwd=None):
    """A process that is none but has the command line and folder of a server."""
    return spawn([sys.executable, idle(), *args], cwd=cwd)


def idle():
    path = folder / "idle.py"
    if not path.exists():
        path.write_text("import time\ntime.sleep(600)\n")
    return path


def haproxy():
    d = place("haproxy-hostile")
    (d / "h.cfg").write_text(f"global\n stats socket {d}/s.sock\n maxconn 99\ndefaults\n timeout client 5s\nfrontend www\n bind :80\n")
    p = process("-f", str(d / "h.cfg"))
    time.sleep(0.1)
    all_modes("haproxy", p.pid, d / "s.sock", (), endless=(b"Maxconn: 1\nCurrConns: 1\n\n# pxname,svname,qcur,stot\n", b"shop,a,1,1\n" * 6000))
    s = Server(d / "s.sock", "hung")
    b = ask("haproxy", p.pid)
    s.close()
    same("haproxy hung: what its configuration says", (b.pools["connections", ""]["limit"], b.numbers["timeout.client.ms/www"]), (99, 5000))
    none = process("-f", str(d / "none.cfg"))
    time.sleep(0.1)
    same("haproxy without a socket", ask("haproxy", none.pid).status, "closed")


def redis():
    p = process()
    all_modes("redis", p.pid, ("127.0.0.1", 7391), ("127.0.0.1", 7391), endless=(b"*0\r\n*0\r\n$104857600\r\n# Server\r\n", b"used_memory:1\r\n" * 4000))
    for answer, status in ((b"-NOAUTH Authentication required.\r\n" * 3, "denied"), (b"-ERR max number of clients reached\r\n", "full"),
                           (b"*1\r\n" * 2000 + b"\r\n", "garbage"), (b"*99999999999999999999\r\n", "garbage"), (b"$-5\r\n:1\r\n+OK\r\n", "garbage"),
                           (b"*2147483647\r\n", "down-or-hung")):
        s = Server(("127.0.0.1", 7391), "wrong", wrong=answer)
        b = ask("redis", p.pid, "127.0.0.1", 7391)
        s.close()
        if status == "down-or-hung":
            true("redis an endless list that ends", b.status in ("garbage", "slow"), b.status)
        else:
            same(f"redis {answer[:24]}", b.status, status)


def message(tag, body):
    return tag + struct.pack("!I", len(body) + 4) + body


def postgres():
    d = place("postgres-hostile", "postgres")
    (d / "data").mkdir(exist_ok=True)
    (d / "data" / "postmaster.pid").write_text(f"1\n{d}/data\n1\n5444\n{d}\nlocalhost\n")
    p = process(cwd=d / "data")
    time.sleep(0.1)
    ready = message(b"R", struct.pack("!I", 0)) + message(b"S", b"server_version\x0015.1\x00") + message(b"Z", b"I")
    row = message(b"T", struct.pack("!H", 1) + b"a\x00" + struct.pack("!IHIHIH", 0, 0, 25, 0xffff, 0xffffffff, 0))
    one = message(b"D", struct.pack("!HI", 1, 60000) + b"x" * 60000)
    all_modes("postgres", p.pid, d / ".s.PGSQL.5444", (), greeting=b"R", endless=([ready, row], one))
    huge = b"D" + struct.pack("!I", LARGE)
    all_modes("postgres", p.pid, d / ".s.PGSQL.5444", (), modes={"large": "large"}, endless=([ready, row + huge], b"x" * 65536))
    for text, status in ((b"SFATAL\0VFATAL\0C53300\0Mzu viele\0\0", "full"), (b"SFATAL\0VFATAL\0C28000\0Mno\0\0", "denied"), (b"SFATAL\0VFATAL\0C57P03\0Mno\0\0", "down")):
        s = Server(d / ".s.PGSQL.5444", "wrong", wrong=message(b"E", text))
        same(f"postgres {text[16:22]}", ask("postgres", p.pid).status, status)
        s.close()


def record(kind, text):
    return struct.pack("!BBHHBB", 1, kind, 1, len(text), 0, 0) + text


def phpfpm():
    d = place("phpfpm-hostile")
    conf = d / "fpm.conf"
    conf.write_text(f"[www]\nlisten = {d}/s.sock\npm.max_children = 7\npm.status_path = /status\n")
    p = process("-y", str(conf))
    time.sleep(0.1)
    page = b"Content-type: text/plain\r\n\r\npool: www\nactive processes: 1\nidle processes: 1\n"
    all_modes("php-fpm", p.pid, d / "s.sock", (), greeting=b"\x01", endless=(record(6, page), record(6, b"pid: 12\nstate: Running\n" * 2000)))
    end_ = record(3, bytes(8))
    for answer, status in ((record(6, b"Status: 404 Not Found\r\n\r\nFile not found.\n") + end_, "closed"), (record(6, b"Status: 403 Forbidden\r\n\r\n") + end_, "denied"),
                           (end_, "garbage"), (record(6, page) + end_, "ok"), (record(6, page), "garbage"), (record(6, page)[:30] + end_, "garbage")):
        s = Server(d / "s.sock", "wrong", wrong=answer)
        b = ask("php-fpm", p.pid)
        s.close()
        same(f"php-fpm {answer[8:30]}", (b.status, b.pools["workers", "www"]["limit"]), (status, 7))


def packet(number, body):
    return struct.pack("<I", len(body))[:3] + bytes([number]) + body


def mysql():
    d = place("mysql-hostile")
    p = process(f"--socket={d}/my.sock")
    time.sleep(0.1)
    caps = 0x81ff | 0x0008 << 16
    hello = packet(0, b"\x0a10.11.0-MariaDB\0" + struct.pack("<I", 1) + b"12345678\0" + struct.pack("<HBHH", caps & 0xffff, 33, 2, caps >> 16) + b"\x15" + bytes(10) +
                   b"123456789012\0" + b"mysql_native_password\0")
    ok = b"\0\0\0\2\0\0\0"
    column = b"\3def\0\0\0\1a\0\x0c" + struct.pack("<HIBHB", 33, 100, 0xfd, 0, 0) + b"\0\0"
    answer = packet(1, b"\2") + packet(2, column) + packet(3, column) + packet(4, b"\xfe\0\0\2\0")  # two columns, as of SHOW STATUS

    class Talker(Server):
        def serve(self, c):
            try:
                c.sendall(hello)
                c.recv(4096)
                if self.mode == "wrong":
                    c.sendall(self.wrong)
                    return c.close()
                c.sendall(packet(2, ok))
                c.recv(4096)
                c.sendall(packet(1, ok))
                c.recv(4096)
                c.sendall(answer)
                number, sent = 5, 0
                while sent < LARGE:
                    c.sendall(self.endless[1](number))
                    number, sent = (number + 1) & 255, sent + 60000
            except OSError:
                pass
            c.close()

    all_modes("mysql", p.pid, d / "my.sock", (), greeting=b"J", modes={m: s for m, s in MODES.items() if m != "large"})
    # A packet that announces more than it takes the library refuses unread, and tells no more than that the connection is lost.
    for what, status, more in (("one field", "large", lambda n: packet(n, b"\1a\xfc" + struct.pack("<H", 60000) + b"x" * 60000)),
                               ("one packet", "garbage", lambda n: b"\xff\xff\xff" + bytes([n]) + b"x" * 60000)):
        s = Talker(d / "my.sock", "large", endless=(b"", more))
        b = ask("mysql", p.pid)
        s.close()
        true(f"mysql without an end, {what}", b.status == status and b.code == 0 and b.seconds <= LIMIT_S, (b.status, b.code, b.seconds))
    for answer, status in ((packet(0, b"\xff" + struct.pack("<H", 1040) + b"Too many connections"), "full"), (packet(0, b"\xff" + struct.pack("<H", 1130) + b"no"), "denied"),
                           (packet(0, b"\x0a"), "garbage"), (packet(0, b""), "garbage")):
        s = Server(d / "my.sock", "wrong", wrong=answer)
        b = ask("mysql", p.pid)
        s.close()
        same(f"mysql {answer[4:20]}", b.status, status)
    for error, status in ((1698, "denied"), (1040, "full"), (1053, "down"), (9999, "garbage")):
        s = Talker(d / "my.sock", "wrong", wrong=packet(2, b"\xff" + struct.pack("<H", error) + b"#28000no"))
        b = ask("mysql", p.pid)
        s.close()
        same(f"mysql error {error}", b.status, status)


def memcached():
    p = process()
    all_modes("memcached", p.pid, ("127.0.0.1", 11391), ("127.0.0.1", 11391), greeting=b"S", endless=(b"STAT curr_connections 1\r\n", b"STAT bytes 1\r\n" * 5000))
    for answer, status in ((b"CLIENT_ERROR unauthenticated\r\n", "denied"), (b"ERROR Too many open connections\r\n", "full"), (b"END\r\n", "garbage")):
        s = Server(("127.0.0.1", 11391), "wrong", wrong=answer)
        same(f"memcached {answer}", ask("memcached", p.pid, "127.0.0.1", 11391).status, status)
        s.close()


def tls():
    # What has no end: a handshake message of 16 MB, in records of 16 KB, after a ServerHello is not to be had without a key; and records of alerts.
    all_modes("tls", 1, ("127.0.0.1", 10443), ("127.0.0.1", 10443), greeting=b"\x16", modes=dict(MODES, large="large garbage"),
              endless=(b"", b"\x16\x03\x03\x40\x00" + b"\x02\x00\xff\xff" + b"x" * 16380))
    all_modes("tls", 1, ("127.0.0.1", 10443), ("127.0.0.1", 10443), modes={"large": "large garbage denied slow"}, endless=(b"", b"\x15\x03\x03\x00\x02\x01\x5a" * 8000))


class Nameserver:
    def __init__(self, address, mode, delay=0.0):
        self.mode, self.delay, self.questions, self.stop = mode, delay, 0, threading.Event()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(0.1)
        self.socket.bind((address, 53))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while not self.stop.is_set():
            try:
                q, peer = self.socket.recvfrom(512)
            except TimeoutError:
                continue
            self.questions += 1
            time.sleep(self.delay)
            flags = {"ok": b"\x81\x80", "servfail": b"\x81\x82", "nxdomain": b"\x81\x83"}.get(self.mode)
            try:
                if self.mode == "no-aaaa" and q[-4:-2] != b"\0\x1c":
                    self.socket.sendto(q[:2] + b"\x81\x80" + q[4:], peer)
                elif flags:
                    self.socket.sendto(q[:2] + flags + q[4:], peer)
                elif self.mode == "garbage":
                    self.socket.sendto(b"\xff" * 40, peer)
                elif self.mode == "echo":
                    self.socket.sendto(q, peer)
                elif self.mode == "large":
                    while not self.stop.is_set():
                        self.socket.sendto(b"\0" * 60000, peer)
            except OSError:
                pass

    def close(self):
        self.stop.set()
        self.thread.join()
        self.socket.close()


def dns():
    d = place("dns")
    (d / "resolv.conf").write_text("search example\nnameserver 127.0.0.1 # here\n nameserver 127.0.0.2\nnameserver 127.0.0.3\nnameserver 127.0.0.4\n")
    p = spawn(["unshare", "-m", "sh", "-c", f"mount --bind {d}/resolv.conf /etc/resolv.conf && exec sleep 600"])
    time.sleep(0.3)
    good, late = Nameserver("127.0.0.1", "ok", 0.05), Nameserver("127.0.0.2", "servfail")
    b = ask("dns", p.pid)
    same("dns status", (b.status, sorted(n for _, n in b.pools)), ("ok", ["dns/127.0.0.1", "dns/127.0.0.2", "dns/127.0.0.3"]))
    one = b.pools["other", "dns/127.0.0.1"]
    true("dns time", 50000 <= one["time"] < 200000 and one["up"] == 1 and one["served"] == 1, one)
    same("dns that fails", (b.pools["other", "dns/127.0.0.2"]["up"], b.pools["other", "dns/127.0.0.2"]["failed"]), (2, 1))
    same("dns where nobody listens", b.pools["other", "dns/127.0.0.3"]["up"], 2)
    same("dns: two questions", (good.questions, late.questions), (2, 2))
    b = ask("dns", p.pid, "127.0.0.1", 53)
    same("dns: the one that is waited for", (b.status, list(b.pools), good.questions, late.questions), ("ok", [("other", "dns/127.0.0.1")], 4, 2))
    same("dns: a stranger is not asked", (ask("dns", p.pid, "127.0.0.8", 53).status, good.questions, late.questions), ("closed", 4, 2))
    good.close()
    late.close()
    for mode, status in (("hung", "hung"), ("garbage", "garbage"), ("echo", "garbage"), ("large", "garbage"), ("servfail", "denied"), ("nxdomain", "ok"), ("no-aaaa", "ok")):
        (d / "resolv.conf").write_text("nameserver 127.0.0.9\n")
        s = Nameserver("127.0.0.9", mode)
        b = ask("dns", p.pid)
        s.close()
        same(f"dns {mode}", (b.status, b.code), (status, 0))
        same(f"dns {mode}: asked once only", [n for _, n in b.pools if n.startswith("dns-aaaa/")], [])
        true(f"dns {mode}: in time", b.seconds <= LIMIT_S, b.seconds)
    for delay, status in ((0.3, "ok"), (0.8, "hung")):  # late, and too late
        (d / "resolv.conf").write_text("nameserver 127.0.0.9\n")
        s = Nameserver("127.0.0.9", "ok", delay)
        b = ask("dns", p.pid)
        s.close()
        one = b.pools["other", "dns/127.0.0.9"]
        same(f"dns slow by {delay} s", (b.status, one["up"]), (status, 1 if status == "ok" else 2))
        true(f"dns slow by {delay} s: in time", b.seconds <= LIMIT_S + 0.1, b.seconds)
        true(f"dns slow by {delay} s: its time", status == "hung" or 300000 <= one["time"] < 500000, one)
    (d / "resolv.conf").write_text("# none\n")
    same("dns without a nameserver", ask("dns", p.pid).status, "closed")


def squid():
    p = process()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n"
    all_modes("squid", p.pid, ("127.0.0.1", 3191), ("127.0.0.1", 3191), endless=(head, b"Maximum number of file descriptors: 1\n" * 2000))
    for code, status in ((b"403 Forbidden", "denied"), (b"407 x", "denied"), (b"404 x", "closed"), (b"200 OK", "garbage")):
        s = Server(("127.0.0.1", 3191), "wrong", wrong=b"HTTP/1.1 " + code + b"\r\nContent-Length: 2\r\n\r\nno")
        same(f"squid {code}", ask("squid", p.pid, "127.0.0.1", 3191).status, status)
        s.close()


def unbound():
    d = place("unbound-hostile")
    (d / "u.conf").write_text(f"remote-control:\n control-enable: yes\n control-interface: {d}/ctl\n")
    p = process("-c", str(d / "u.conf"))
    time.sleep(0.1)
    all_modes("unbound", p.pid, d / "ctl", (), greeting=b"t", endless=(b"total.num.queries=1\n", b"thread0.num.queries=1\n" * 3000))
    (d / "u.conf").write_text("remote-control:\n control-enable: yes\n control-interface: 127.0.0.1\n")
    same("unbound by TCP only", ask("unbound", p.pid).status, "closed")


def bind():
    d = place("bind-hostile")
    (d / "n.conf").write_text("statistics-channels { inet 127.0.0.1 port 8154; };\n")
    p = process("-c", str(d / "n.conf"))
    time.sleep(0.1)
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    all_modes("bind", p.pid, ("127.0.0.1", 8154), (), endless=(head + b'{"nsstats":{', b'"Requestv4":1,' * 4000))
    for body in (b"[" * 100000, b'{"nsstats": 5}', b'{"nsstats": {"RecursClients": -1e99}}', b"{}", b""):
        s = Server(("127.0.0.1", 8154), "wrong", wrong=head + body)
        same(f"bind {body[:20]}", ask("bind", p.pid).status, "garbage" if b"Recurs" not in body else "ok")
        s.close()
    (d / "n.conf").write_text("// statistics-channels { inet 127.0.0.1 port 8154; };\noptions { };")
    same("bind without a channel", ask("bind", p.pid).status, "closed")


def varnish():
    """No answer to wait for: files that are not what they should be."""
    d = place("varnish-hostile")
    w = d / "_.vsm_child"
    w.mkdir(exist_ok=True)
    p = process(cwd=d)
    time.sleep(0.1)
    doc, head, index = VARNISH_DOC, VARNISH_HEAD, VARNISH_INDEX

    def case(what, status, index=index, doc=head + doc % 0, stat=head + struct.pack("<QQQ", 7, 2, 9)):
        for name, text in (("_.index", index), ("doc", doc), ("stat", stat)):
            if text is None:
                (w / name).unlink(missing_ok=True)
            else:
                (w / name).write_bytes(text.encode() if isinstance(text, str) else text)
        b = ask("varnish", p.pid)
        same(f"varnish {what}", (b.status, b.code), (status, 0))
        true(f"varnish {what}: in time", b.seconds <= LIMIT_S, b.seconds)
        return b

    same("varnish by hand", case("by hand", "ok").pools["workers", ""]["used"], 7)
    case("without a child", "down", index=None)
    case("index of something else", "garbage", index=b"\xff\0\n" * 1000)
    case("index without an end", "large", index="+ doc 0 4096 StatDoc abc\n" * 100000)
    case("counter outside", "garbage", doc=head + doc % 4096)
    case("counter before", "garbage", doc=head + doc % -8)
    case("counter far outside", "garbage", doc=head + doc % (2**63 - 8))
    case("body outside", "garbage", stat=struct.pack("<QQQ", 1, 2**64 - 8, 0xabc) + bytes(24))
    case("cut short", "garbage", stat=head[:20])
    case("no JSON", "garbage", doc=head + b"{" * 4000)
    case("files that are not there", "garbage", doc=None, stat=None)
    case("a way out", "garbage", index="+ ../../../etc/passwd 0 48 Stat MAIN\n+ doc 0 4096 StatDoc abc\n")
    (w / "stat").unlink()
    os.mkfifo(w / "stat")
    b = ask("varnish", p.pid)
    true("varnish a pipe in place of a file", b.code == 0 and b.seconds <= LIMIT_S, b.seconds)
    (w / "stat").unlink()


def made_by(port, pids):
    """A recorder of somebody else looks into all network namespaces, and for certificates of all ports of TLS: whose connection it is."""
    inodes = [w[9] for w in map(str.split, open("/proc/net/tcp")) if w[1].endswith(f":{port:04X}")]
    held = set()
    for pid in pids:
        try:
            held |= {os.readlink(f"/proc/{pid}/fd/{f}") for f in os.listdir(f"/proc/{pid}/fd")}
        except OSError:
            pass
    return any(f"socket:[{i}]" in held for i in inodes)


class Patient:
    """Counts who comes, and how often each of them asks. Mode stopped: nobody is accepted, as by a process that is stopped; hung: accepted, and never answered;
    slow: a byte, and no more; late: silent for some seconds, then well."""

    LATE_S = 9

    def __init__(self, kind, where, mode, good=b"", greeting=b""):
        self.kind, self.mode, self.good, self.greeting, self.came, self.asked = kind, mode, good, greeting, 0, 0
        self.well_at = time.monotonic() + self.LATE_S
        self.askers = list
        unix = isinstance(where, pathlib.Path)
        self.socket = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if unix and where.exists():
            where.unlink()
        self.socket.bind(str(where) if unix else where)
        if unix:
            where.chmod(0o777)
        self.socket.listen(64)
        if mode != "stopped":
            threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                c, peer = self.socket.accept()
            except OSError:
                return
            if self.kind == "tls" and not made_by(peer[1], self.askers()):
                c.close()
                continue
            self.came += 1
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        try:
            if self.mode == "slow":
                c.sendall(self.greeting)
            while c.recv(65536):
                self.asked += 1
                while self.mode == "late" and time.monotonic() < self.well_at:
                    time.sleep(0.1)
                if self.mode == "late":
                    c.sendall(self.good)
                    if self.kind not in ("memcached", "redis"):
                        break
        except OSError:
            pass
        c.close()

    def end(self):
        """How many came, those that were never accepted among them."""
        self.socket.setblocking(False)
        while self.mode == "stopped":
            try:
                self.socket.accept()[0].close()
                self.came += 1
            except OSError:
                break
        self.socket.close()
        return self.came


class Asked:
    """A process that is none, for the list of servers."""

    def __init__(self, process_, kind, program, **where):
        self.process, self.pid, self.kind, self.program, self.where = process_, process_.pid, kind, program, where

    def wanted(self, full):
        return wanted(self.pid, self.kind, self.program, full=full, **self.where)


def titled(title, *args):
    """As process(), under a name of its own."""
    p = subprocess.Popen([title, str(idle()), *args], executable=sys.executable, env=dict(os.environ, PYTHONHOME=sys.base_prefix), start_new_session=True)
    p.log = os.devnull
    processes.append(p)
    return p


VARNISH_DOC = b'{"elem":{"threads":{"ctype":"uint64_t","index":%d},"pools":{"ctype":"uint64_t","index":8},"uptime":{"ctype":"uint64_t","index":16}}}'
VARNISH_HEAD = struct.pack("<QQQ", 1, 24, 0xabc)
VARNISH_INDEX = "# 1 2\n+ doc 0 4096 StatDoc abc\n+ stat 0 48 Stat MAIN\n"


def varnish_files(d, uptime):
    w = d / "_.vsm_child"
    w.mkdir(exist_ok=True)
    (w / "_.index").write_text(VARNISH_INDEX)
    (w / "doc").write_bytes(VARNISH_HEAD + VARNISH_DOC % 0)
    (w / "stat").write_bytes(VARNISH_HEAD + struct.pack("<QQQ", 7, 2, uptime))


def varnish_moves(d, seconds):
    varnish_files(d, 0)
    for second in range(1, seconds + 9):
        with open(d / "_.vsm_child" / "stat", "r+b") as f:
            f.write(VARNISH_HEAD + struct.pack("<QQQ", 7, 2, second))
        time.sleep(1)


def trouble():
    """A server that hangs, is stopped or is slow gets no more to do by being asked: one request, one connection, however long that lasts; and where it has to be
    given up, the next one comes later each time. When it is well again, that is known at once."""
    seconds, port = 31, 12000
    http = b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n"
    kinds = {
        "apache": (KINDS["apache"]["page"], b"H"), "nginx": (KINDS["nginx"]["page"], b"H"), "memcached": (b"STAT curr_connections 1\r\nSTAT bytes 1\r\nEND\r\n", b"S"),
        "haproxy": (b"Maxconn: 1\nCurrConns: 1\n\n# pxname,svname,qcur,qmax,scur,smax,slim,stot,dreq,ereq,econ,eresp,wretr,wredis,status\nshop,a,0,0,1,1,2,3,0,0,0,0,0,0,UP\n\n", b"M"), "redis": (None, b"*"), "squid": (
            http + b"Number of file desc currently in use: 9\nMaximum number of file descriptors: 99\n", b"H"),
        "unbound": (b"total.num.queries=1\n", b"t"), "bind": (http + b'{"nsstats": {}}', b"H"), "php-fpm": (
            record(6, b"Content-type: text/plain\r\n\r\npool: www\nactive processes: 1\nidle processes: 1\n") + record(3, bytes(8)), b"\x01"),
        "postgres": (None, b"R"), "mysql": (None, b"J"), "tls": (None, b"\x16")}
    cases = []
    for kind, (good, greeting) in kinds.items():
        for mode in ("hung", "stopped", "slow", "late"):
            port += 1
            d = place(f"trouble-{kind}-{mode}")
            where, row = ("127.0.0.1", port), dict(address="127.0.0.1", port=port)
            if (good is None and mode == "late") or (kind == "tls" and mode == "stopped"):
                continue
            if kind in KINDS:
                k = KINDS[kind]
                (d / "conf").write_text(k["conf"] % {"port": port})
                names = {"conf": d / "conf"}
                p = titled((k["title"] or k["program"]) % names, *(a % names for a in k["arguments"]))
                good_ = http + good
            else:
                good_ = good
                args, cwd = [], None
                if kind == "haproxy":
                    (d / "conf").write_text(f"global\n stats socket {d}/s\n")
                    args, where, row = ["-f", str(d / "conf")], d / "s", {}
                elif kind == "unbound":
                    (d / "conf").write_text(f"remote-control:\n control-enable: yes\n control-interface: {d}/s\n")
                    args, where, row = ["-c", str(d / "conf")], d / "s", {}
                elif kind == "bind":
                    (d / "conf").write_text("statistics-channels { inet 127.0.0.1 port %d; };\n" % port)
                    args = ["-c", str(d / "conf")]
                elif kind == "php-fpm":
                    (d / "conf").write_text(f"[www]\nlisten = {d}/s\npm.max_children = 7\npm.status_path = /status\n")
                    args, where, row = ["-y", str(d / "conf")], d / "s", {}
                elif kind == "postgres":
                    (d / "postmaster.pid").write_text(f"1\n{d}\n1\n5444\n{d}\nlocalhost\n")
                    cwd, where, row = d, d / ".s.PGSQL.5444", {}
                elif kind == "mysql":
                    args, where, row = [f"--socket={d}/s"], d / "s", {}
                elif kind == "tls":
                    where = ("127.0.0.1", {"hung": 443, "slow": 6443}[mode])
                    row = dict(address="127.0.0.1", port=where[1])
                p = process(*args, cwd=cwd)
            server = Patient(kind, where, mode, good_, greeting)
            cases.append((server, Asked(p, kind, KINDS[kind]["program"] if kind in KINDS else kind, **row)))
    stands, moves = (Asked(process(cwd=place(f"trouble-varnish-{k}")), "varnish", "varnishd") for k in range(2))
    varnish_files(folder / "trouble-varnish-0", 9)
    threading.Thread(target=varnish_moves, args=(folder / "trouble-varnish-1", seconds), daemon=True).start()
    time.sleep(0.5)
    helper = Helper(BOOKS, [c for _, c in cases] + [stands, moves])
    for server, _ in cases:
        server.askers = helper.askers
    try:
        books = helper.listen(seconds)
    finally:
        helper.end()
    got = [first_line(b)["status"] for b in books.get(stands.pid, [])]
    at = got.index("hung") if "hung" in got else 0
    true("varnish whose clock stands has hung after a quarter of a minute", 7 <= at <= 9 and got == ["ok"] * at + ["hung"] * (len(got) - at), got)
    got = [first_line(b)["status"] for b in books.get(moves.pid, [])]
    true("varnish whose clock moves is well", len(got) >= seconds // 3 and set(got) == {"ok"}, got)
    for server, case in cases:
        what = f"{server.kind} {server.mode}"
        got = [first_line(b)["status"] for b in books.get(case.pid, [])]
        came = server.end()
        if not got and server.kind in ("postgres", "mysql", "tls"):
            continue  # this build has no such kind
        true(f"{what}: it tells all the time", len(got) >= seconds // 3, got)
        if server.mode == "late":
            true(f"{what}: hung, then well", "hung" in got[:4] and got[-4:] == ["ok"] * 4 and got.index("ok") <= 7, got)
            continue
        true(f"{what}: says so", set(got) <= ({"slow", "hung"} if server.mode == "slow" else {"hung"}), got)
        most = 4 if server.mode == "slow" else 1
        true(f"{what}: connections in {seconds} s", 1 <= came <= most, came)
        true(f"{what}: requests in {seconds} s", server.asked <= most, server.asked)


def unread():
    """A configuration that we are not let read says nothing of what is set up: denied, and what may not be read. One that is not there is closed."""
    for kind, program, option in (("apache", "apache2", "-f"), ("nginx", "nginx", "-c"), ("haproxy", "haproxy", "-f"), ("php-fpm", "php-fpm", "-y"), ("unbound", "unbound", "-c"),
                                  ("bind", "named", "-c")):
        d = place(f"unread-{kind}", "www-data")
        conf = d / "conf"
        conf.write_text("# nothing is set up\n")
        (d / "idle").write_text("sleep 600\n:\n")
        p = spawn(["sh", d / "idle", option, conf], user="www-data")
        time.sleep(0.3)
        for mode, status in ((0o644, "closed"), (0o600, "denied")):
            conf.chmod(mode)
            b = ask(kind, p.pid, user="www-data")
            same(f"{kind} whose configuration has mode {mode:o}", b.status, status)
            same(f"{kind} whose configuration has mode {mode:o}: it says which", b.source == f"file://{conf}", status == "denied")
        conf.unlink()
        same(f"{kind} without a configuration", ask(kind, p.pid, user="www-data").status, "closed")


CASES = {"haproxy": haproxy, "redis": redis, "postgres": postgres, "php-fpm": phpfpm, "mysql": mysql, "memcached": memcached, "tls": tls, "dns": dns, "squid": squid, "unbound": unbound, "bind": bind,
         "varnish": varnish, "trouble": trouble, "unread": unread}
