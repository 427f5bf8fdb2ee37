# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""What tests/http/guard and tests/http/fire share: the recorder and the server as processes, and a client that says just what it is told."""
import contextlib, http.client, json, pathlib, re, signal, socket, ssl, subprocess, sys, threading, time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
from harness import BINARY, Tally, environment, run  # noqa: E402, F401


def until(condition, seconds, step=0.05):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(step)
    return condition()


class Process:
    def __init__(self, *args, **more):
        self.p = subprocess.Popen(args, env=environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, **more)
        self.pid, self.lines = self.p.pid, []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.p.stderr:
            self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))

    def line(self, pattern, seconds=15):
        return until(lambda: next((m for m in (re.search(pattern, x) for x in list(self.lines)) if m), None), seconds)

    def end(self, sig=signal.SIGTERM, seconds=10):
        if self.p.poll() is None:
            self.p.send_signal(sig)
        try:
            status = self.p.wait(seconds)
        except subprocess.TimeoutExpired:
            self.p.kill()
            status = "timeout"
            self.p.wait()
        self.reader.join(2)
        return status

    def descriptors(self):
        return len(list(pathlib.Path(f"/proc/{self.pid}/fd").iterdir()))

    def rss_kib(self):
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.pid}/status").read_text()).group(1))

    def children(self):
        return [int(x) for x in pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]


class Server(Process):
    def __init__(self, store, *options, listen="127.0.0.1:0", connect="127.0.0.1", ca=None):
        super().__init__(BINARY, "serve", "--store", str(store), "--listen", listen, *options)
        m = self.line(r"^serving https?://(.*):(\d+)$")
        self.port = int(m.group(2)) if m else None
        self.address, self.context = connect, None
        if ca:
            self.context = ssl.create_default_context(cafile=str(ca))

    def connect(self, timeout=10, name="localhost"):
        s = socket.create_connection((self.address, self.port), timeout)
        return self.context.wrap_socket(s, server_hostname=name) if self.context else s

    def ask(self, path, method="GET", headers=None, body=None, timeout=10, name="localhost"):
        c = http.client.HTTPConnection(self.address, self.port, timeout=timeout)
        c.sock = self.connect(timeout, name)
        c.request(method, path, body=body, headers={"Host": name, **(headers or {})})
        r = c.getresponse()
        r.body = r.read()
        c.close()
        return r

    def asset(self, name):
        """The path of a file of the page: its folder bears a hash."""
        return re.search(rb'="(/[0-9a-f]{16}/)', self.ask("/login.html").body)[1].decode() + name

    def raw(self, data, timeout=5):
        """What comes back until the server closes, or falls silent."""
        with self.connect(timeout) as s:
            out = b""
            with contextlib.suppress(OSError):
                s.sendall(data)
            with contextlib.suppress(OSError):
                while piece := s.recv(65536):
                    out += piece
            return out


def document(r):
    try:
        return json.loads(r.body)
    except ValueError:
        return None
