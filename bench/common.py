# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""What the benchmarks share: finding plimsoll, building helpers, starting processes that end with us, the machine."""
import argparse
import contextlib
import ctypes
import datetime
import os
import platform
import select
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PR_SET_PDEATHSIG = 1
LOAD_READY_S = 300

libc = ctypes.CDLL(None, use_errno=True)


class CannotRun(Exception):
    """Something a measurement needs is missing or broke: no figure, and a non-zero exit status."""


class Arguments(argparse.ArgumentParser):
    """Wrong usage is exit status 64, as of plimsoll itself; 2 has other meanings here."""

    def error(self, message):
        self.exit(64, f"{self.prog}: {message}\n")


def plimsoll():
    path = os.environ.get("PLIMSOLL") or os.path.join(os.path.dirname(HERE), "build", "plimsoll")
    if not os.access(path, os.X_OK):
        raise CannotRun(f"{path}: no such program (build it, or name one in the environment: PLIMSOLL=...)")
    return os.path.abspath(path)


def program(name):
    """Daemons live in /usr/sbin, which not everybody has in PATH."""
    found = shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")
    if not found:
        raise CannotRun(f"{name}: not installed")
    return found


def compiler():
    words = (os.environ.get("CC") or "cc").split()
    return [program(words[0]), *words[1:]]


def build_helper(name, folder, *flags):
    """Compiles bench/NAME.c into the folder and returns the program."""
    out = os.path.join(folder, name)
    command = [*compiler(), "-std=gnu17", "-O2", "-o", out, os.path.join(HERE, name + ".c"), *flags]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise CannotRun(f"{' '.join(command)}:\n{done.stderr}")
    return out


def start(command, ends_with_us=signal.SIGKILL, setup=os.setsid, **options):
    """A process that gets the signal should we die without having ended it, whatever killed us.

    It has a session of its own, as a service has: Ctrl-C reaches only us, who then end things in order, and the
    scheduler, where it groups by session, weighs it like a service."""
    parent = os.getpid()

    def in_child():
        libc.prctl(PR_SET_PDEATHSIG, ends_with_us, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
        if setup:
            setup()

    options.setdefault("stdin", subprocess.DEVNULL)
    try:
        return subprocess.Popen(command, preexec_fn=in_child, **options)
    except (OSError, subprocess.SubprocessError) as e:
        raise CannotRun(f"{command[0]}: {e}") from e


def end(process, patience_s=10, kill=None):
    """Ends one process we started; true if it ended when asked, else it was killed, by kill() where that is given."""
    if process.poll() is not None:
        return True
    process.terminate()
    try:
        process.wait(patience_s)
        return True
    except subprocess.TimeoutExpired:
        (kill or process.kill)()
        process.wait()
        return False


def exit_on_signals():
    """A request to end becomes an exception, so that every 'with' and 'finally' on the way runs."""
    def leave(number, _frame):
        for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):     # cleaning up is not interrupted by a second one
            signal.signal(s, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, leave)


@contextlib.contextmanager
def load(processes, connections):
    """Keeps bench/load.py standing inside the block."""
    command = [sys.executable, os.path.join(HERE, "load.py"),
               "--processes", str(processes), "--connections", str(connections)]
    standing = start(command, signal.SIGTERM, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if not select.select([standing.stdout], [], [], LOAD_READY_S)[0]:
            raise CannotRun(f"load.py: not ready after {LOAD_READY_S} s")
        line = standing.stdout.readline().strip()
        if line != f"ready processes={processes} connections={connections}":
            raise CannotRun("load.py: could not build the load")
        yield standing
        if standing.poll() is not None:
            raise CannotRun("load.py: ended while it was needed")
    finally:
        standing.stdin.close()
        end(standing, patience_s=30)
        standing.stdout.close()


def settle(busy_below=0.10, patience_s=20):
    """Waits until the machine is quiet, a while at most; the share of CPU time in use in the last second."""
    deadline = time.monotonic() + patience_s
    while True:
        before = cpu_times()
        time.sleep(1)
        busy = 1 - cpu_shares(before, cpu_times())["idle"]
        if busy < busy_below or time.monotonic() > deadline:
            return busy


def cpu_times():
    """The first line of /proc/stat in ticks, by name."""
    names = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    with open("/proc/stat", encoding="ascii") as f:
        return dict(zip(names, map(int, f.readline().split()[1:])))


def cpu_shares(before, after):
    """Shares of all CPU time between two cpu_times(); they add up to 1."""
    spent = {k: after[k] - before[k] for k in after}
    total = sum(spent.values()) or 1
    return {k: v / total for k, v in spent.items()}


def _from_file(path, key):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            for line in f:
                name, _, value = line.replace("=", ":", 1).partition(":")
                if name.strip() == key:
                    return value.strip().strip('"')
    except OSError:
        pass
    return ""


def machine():
    """One line that says what was measured on."""
    cpu = _from_file("/proc/cpuinfo", "model name") or platform.machine()
    memory = int((_from_file("/proc/meminfo", "MemTotal") or "0").split()[0]) / 2**20
    system = _from_file("/etc/os-release", "PRETTY_NAME") or platform.system()
    return f"{os.cpu_count()} x {cpu}, {memory:.0f} GiB, {system}, Linux {platform.release()}"


def today():
    return datetime.datetime.now().astimezone().isoformat(timespec="minutes")


def row(*cells):
    return "| " + " | ".join(str(c).replace("|", "\\|") for c in cells) + " |"
