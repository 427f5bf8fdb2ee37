# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""What the tests of kinds share: processes that are ended, asking, books as dictionaries, checks that count."""
import atexit, os, pathlib, shutil, signal, subprocess, sys, tempfile, time, traceback, urllib.parse

root = pathlib.Path(__file__).resolve().parent.parent.parent
BOOKS = os.environ.get("PLIMSOLL_BOOKS", str(root / "build" / "plimsoll-books"))
passed = failed = 0
processes = []
folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-kinds."))
folder.chmod(0o755)


class Skip(Exception):
    pass


def end(p):
    for s in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(p.pid, s)
            p.wait(5 if s == signal.SIGTERM else 2)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass


@atexit.register
def end_all():
    for p in reversed(processes):
        end(p)
    shutil.rmtree(folder, ignore_errors=True)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def place(name, user=None):
    d = folder / name
    d.mkdir(exist_ok=True)
    d.chmod(0o755)
    if user:
        shutil.chown(d, user, user)
    return d


def as_user(user):
    return ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"] if user else []


def spawn(command, user=None, cwd=None, env=None):
    log = open(folder / f"log.{len(processes)}", "wb")
    p = subprocess.Popen(as_user(user) + [str(c) for c in command], cwd=cwd or folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=env)
    p.log = log.name
    processes.append(p)
    return p


def run(command, user=None, text=None):
    r = subprocess.run(as_user(user) + [str(c) for c in command], input=text, capture_output=True, text=True, timeout=60, cwd=folder)
    if r.returncode:
        raise RuntimeError(f"{command[0]}: {r.stdout[-300:]} {r.stderr[-600:]}")
    return r.stdout


def need(*programs):
    for p in programs:
        if not shutil.which(p, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            raise Skip(f"no {p}")


def wait_for(what, seconds=20, p=None):
    end_at = time.monotonic() + seconds
    while time.monotonic() < end_at:
        try:
            if what():
                return
        except (OSError, RuntimeError, KeyError):
            pass
        if p and p.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError("did not come up: " + (pathlib.Path(p.log).read_text(errors="replace")[-800:] if p else ""))


class Book:
    """status, name, pools {(kind, name): {...}}, slots [{...}], numbers {name: value}; what asking took by the clock."""

    def __init__(self, text, seconds, code, errors):
        self.text, self.seconds, self.code, self.errors = text, seconds, code, errors
        self.status = self.name = None
        self.pools, self.slots, self.numbers = {}, [], {}
        for n, line in enumerate(text.splitlines()):
            w = line.split(" ")
            fields = {k: urllib.parse.unquote(v) for k, _, v in (x.partition("=") for x in w[1:] if "=" in x)}
            fields = {k: int(v) if v.isdigit() else v for k, v in fields.items()}
            if n == 0:
                self.kind, self.name, self.status, self.source = w[1], w[2], fields["status"], fields["source"]
            elif w[0] == "pool":
                self.pools[w[1], "" if w[2] == "-" else w[2]] = fields
            elif w[0] == "slot":
                self.slots.append(dict(fields, id=int(w[1])))
            elif w[0] == "number":
                self.numbers[w[1]] = int(w[2])
            else:
                raise ValueError(line)


def ask(kind, pid, *where, user=None):
    begun = time.monotonic()
    r = subprocess.run(as_user(user) + [BOOKS, "ask", kind, str(pid), *map(str, where)], capture_output=True, text=True, timeout=30)
    if r.returncode == 64:
        raise Skip("this build has no such kind")
    b = Book(r.stdout, time.monotonic() - begun, r.returncode, r.stderr)
    return b


def same(what, got, wanted):
    global passed, failed
    if got == wanted:
        passed += 1
    else:
        failed += 1
        print(f"FAILED {what}: {got!r} and not {wanted!r}", flush=True)
    return got == wanted


def true(what, got, detail=""):
    return same(what + (f" ({detail})" if detail and not got else ""), bool(got), True)


def main(wanted, real, hostile):
    global failed
    for group, cases in (("real", real), ("hostile", hostile)):
        for name, case in cases.items():
            if wanted and name not in wanted:
                continue
            begun, before = time.monotonic(), len(processes)
            try:
                case()
            except Skip as e:
                print(f"skip: {group} {name}: {e}", flush=True)
            except Exception:  # one that fails does not hide the others
                failed += 1
                print(f"FAILED {group} {name}: {traceback.format_exc()}", flush=True)
            for p in reversed(processes[before:]):
                end(p)
            print(f"{group} {name}: {time.monotonic() - begun:.1f} s", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0
