# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""What tests/cli/run, tests/replay and tests/live/run share: starting the binary (piped, or on a terminal of a given width), counting,
and the tables of the catalogue. The binary is build/plimsoll, or what PLIMSOLL in the environment names."""
import errno, fcntl, json, os, pathlib, pty, re, select, signal, struct, subprocess, sys, termios, time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = str(pathlib.Path(os.environ.get("PLIMSOLL") or ROOT / "build" / "plimsoll").resolve())
FIXTURES = ROOT / "tests" / "fixtures"
SGR = re.compile(rb"\x1b\[(?:0|1|2|1;31|1;32|1;33)m")  # those of src/show/text.c; any other is foreign
CRASHED = {-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGILL, -signal.SIGFPE}


class Tally:
    def __init__(self):
        self.passed = self.failed = 0
        self.begun = time.monotonic()

    def ok(self, condition, name, detail=""):
        if condition:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {name}" + (f": {detail}" if detail != "" else ""), flush=True)
        return bool(condition)

    def equal(self, got, want, name):
        return self.ok(got == want, name, f"got {got!r}, expected {want!r}")

    def near(self, got, want, name, within=1e-9):
        good = isinstance(got, (int, float)) and abs(got - want) <= within
        return self.ok(good, name, f"got {got!r}, expected {want!r} within {within:g}")

    def skip(self, why):
        print(f"skip: {why}", flush=True)

    def end(self):
        print(f"{time.monotonic() - self.begun:.1f} s")
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed else 0)


class Result:
    def __init__(self, args, status, out, err, seconds=0.0):
        self.args, self.status, self.out, self.err, self.seconds = args, status, out, err, seconds

    @property
    def text(self):
        return self.out.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.out.decode("utf-8"))

    def __repr__(self):
        return f"{' '.join(map(show, self.args))}: exit {self.status}, stderr {self.err[-300:]!r}, stdout {self.out[:200]!r}"


def show(arg):
    return repr(arg) if isinstance(arg, bytes) or not arg.isprintable() else arg


def environment(**more):
    """Nothing of the caller's colour or time zone; None removes a name."""
    env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM", "COLUMNS", "TZ")}
    env.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
    for k, v in more.items():
        if v is None:
            env.pop(k, None)
        else:
            env[k] = v
    return env


def run(*args, env=None, timeout=60, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, binary=None, prefix=(), **more):
    command = [*prefix, binary or BINARY, *args]
    begun = time.monotonic()
    try:
        p = subprocess.run(command, env=env or environment(), timeout=timeout, stdout=stdout, stderr=subprocess.PIPE, stdin=stdin, **more)
    except subprocess.TimeoutExpired as e:
        return Result(args, "timeout", e.stdout or b"", e.stderr or b"", timeout)
    return Result(args, p.returncode, p.stdout or b"", p.stderr, time.monotonic() - begun)


def run_pty(*args, columns=80, env=None, timeout=60, binary=None):
    """On a terminal: standard output and error are its slave side. Line ends come back as CR LF, as a terminal makes them."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    p = subprocess.Popen([binary or BINARY, *args], env=env or environment(), stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    out, end = b"", time.monotonic() + timeout
    while time.monotonic() < end:
        if not select.select([master], [], [], 0.2)[0]:
            if p.poll() is not None:
                break
            continue
        try:
            piece = os.read(master, 65536)
        except OSError as e:
            if e.errno != errno.EIO:
                raise
            break
        if not piece:
            break
        out += piece
    os.close(master)
    try:
        status = p.wait(5)
    except subprocess.TimeoutExpired:
        p.kill()
        p.wait()
        status = "timeout"
    return Result(args, status, out.replace(b"\r\n", b"\n"), b"")


def foul(out, colors=False):
    """What a terminal must never get: control bytes, bytes that are no UTF-8, characters that hide or turn text. "" when clean."""
    if colors:
        out = SGR.sub(b"", out)
    try:
        text = out.decode("utf-8")
    except UnicodeDecodeError as e:
        return f"no UTF-8 near {out[max(0, e.start - 30):e.end + 10]!r}"
    for i, c in enumerate(text):
        n = ord(c)
        if (n < 0x20 and c != "\n") or 0x7f <= n < 0xa0 or 0x202a <= n <= 0x202e or 0x2066 <= n <= 0x2069 or n in (0x200e, 0x200f, 0xfeff):
            return f"U+{n:04X} near {text[max(0, i - 30):i + 20]!r}"
    return ""


def valid_json(result):
    try:
        return result.json()
    except ValueError:
        return None


# ---- the tables of the catalogue

_STRING = r'"((?:[^"\\]|\\.)*)"'


def _rows(name, macro):
    text = (ROOT / "src" / "catalogue" / f"{name}.def").read_text()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return re.findall(rf"^{macro}\((.*)\)\s*$", text, flags=re.M)


def _fields(row):
    """Splits at commas that are in no string and no parentheses."""
    out, depth, quoted, at = [""], 0, False, 0
    while at < len(row):
        c = row[at]
        if quoted and c == "\\":
            out[-1] += row[at:at + 2]
            at += 2
            continue
        if c == '"':
            quoted = not quoted
        depth += (c == "(") - (c == ")") if not quoted else 0
        if c == "," and not quoted and depth == 0:
            out.append("")
        else:
            out[-1] += c
        at += 1
    return [f.strip() for f in out]


def _unquote(s):
    return None if s == "NULL" else s[1:-1].replace('\\"', '"').replace("\\\\", "\\")


def metrics():
    return [dict(id=f[0], name=_unquote(f[1]), kind=f[2], unit=f[3], label=f[4], help=_unquote(f[5])) for f in map(_fields,
            _rows("metrics", "METRIC"))]


def resources():
    return [dict(id=f[0], name=_unquote(f[1]), unit=_unquote(f[2]), help=_unquote(f[3])) for f in map(_fields, _rows("resources", "RESOURCE"))]


def rules():
    return [dict(id=f[0], name=_unquote(f[1]), resource=f[2], subject=_unquote(f[3])) for f in map(_fields, _rows("rules", "RULE"))]


def collectors():
    return [dict(name=f[0], scope=f[1], every=f[2], absent=f[4], path=_unquote(f[5]), hides=_unquote(f[6])) for f in map(_fields,
            _rows("collectors", "COLLECTOR"))]


def commands():
    return [dict(id=f[0], name=_unquote(f[1]), arguments=_unquote(f[2]), help=_unquote(f[3])) for f in map(_fields, _rows("commands", "COMMAND"))]


def options():
    rows = []
    for f in map(_fields, _rows("options", "OPTION")):
        of = {c["id"] for c in commands()} if "~0u" in f[5] else set(re.findall(r"C\((\w+)\)", f[5]))
        rows.append(dict(id=f[0], name=_unquote(f[1]), letter=f[2][1] if f[2].startswith("'") else None, kind=f[3], argument=_unquote(f[4]),
                commands=of,
                         config=f[6] == "CONFIG", default=_unquote(f[7]), help=_unquote(f[8])))
    return rows
