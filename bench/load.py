#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A known load that stands still: N idle processes and M open TCP connections on loopback.

It is what a measurement is made against, so it does nothing once it stands: no timer runs and no byte moves.

    this process --+-- load-idle-0000 ... N of them, forked and never exec'ed, asleep in pause()
                   +-- load-srv-00 ...    each listens on an address and port of its own and keeps what it accepted
                   +-- load-cli-00 ...    each connects to every server; connection n: client n mod C, server n/C mod S

Both ends stay on this machine, so M connections are 2 M sockets. Of each ten connections one has 100 bytes in the
server's receive queue that nobody reads. Every server has its own 127.0.0.x, so the range of ephemeral ports bounds
the connections of one server, not of all. An accepted connection is greeted with one byte and the client waits for
it: the accept queue never holds more than one connection of each client, so building the load overflows nothing.

Everything ends with this process, however it ends: the children ask the kernel for SIGKILL when their parent dies.
Sockets are closed with a reset, which leaves no TIME_WAIT behind for the next measurement to stumble over.
"""
import argparse
import ctypes
import fcntl
import gc
import os
import resource
import select
import signal
import socket
import stat
import struct
import sys
import time

ROLES = 10              # server processes, and as many client processes
SPARE_FILES = 64        # descriptors a process needs besides its connections
FIRST_PORT = 21001      # below the ephemeral range, so that no client's port is in the way
UNREAD = b"u" * 100
BUILD_TIMEOUT_S = 300

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

libc = ctypes.CDLL(None, use_errno=True)


class LoadError(Exception):
    pass


def unread(n):
    """Whether connection n is the one in its ten; the diagonal spreads these over clients and servers alike."""
    return (n + n // 10) % 10 == 0


def enter_netns(name):
    path = name if "/" in name else "/run/netns/" + name
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as e:
        raise LoadError(f"{path}: {e.strerror}") from e
    if libc.setns(fd, CLONE_NEWNET) != 0:
        raise LoadError(f"{path}: setns: {os.strerror(ctypes.get_errno())}")
    os.close(fd)
    # A new namespace has its loopback down, and nothing can connect in it.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(s, SIOCGIFFLAGS, request))[1]
        if not flags & IFF_UP:
            fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def file_limit():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return 1 << 30 if hard == resource.RLIM_INFINITY else hard


def listeners(count):
    """One listening socket for each server, with the first free port at or after its own number."""
    made, port = [], FIRST_PORT
    for i in range(count):
        address = f"127.0.{1 + i // 200}.{1 + i % 200}"
        while True:
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((address, port))
                break
            except OSError as e:
                s.close()
                port += 1
                if port >= FIRST_PORT + 5000:
                    raise LoadError(f"no free port from {FIRST_PORT} on {address}: {e.strerror}") from e
        s.listen(1024)
        made.append(s)
        port += 1
    return made


class Family:
    """The children, in a process group of their own: a Ctrl-C meant for this process must not end them one by one."""

    def __init__(self):
        self.parent = os.getpid()
        self.group = 0
        self.pids = set()

    def fork(self, name, body, *args):
        pid = os.fork()
        if pid == 0:
            self._child(name, body, args)
        try:
            os.setpgid(pid, self.group)
        except OSError:         # it died at once; reap() will say so
            pass
        self.group = self.group or pid
        self.pids.add(pid)

    def _child(self, name, body, args):
        status = 1
        try:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != self.parent:         # it died before the line above
                os._exit(1)
            libc.prctl(PR_SET_NAME, name.encode(), 0, 0, 0)
            body(*args)
            while True:
                libc.pause()
        except OSError as e:
            os.write(2, f"load.py: {name}: {e}\n".encode())
        finally:
            os._exit(status)

    def reap(self):
        """Raises when a child has ended, since none should while the load stands."""
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid:
            self.pids.discard(pid)
            raise LoadError(f"child {pid} ended early, status {os.waitstatus_to_exitcode(status)}")

    def end(self):
        for pid in self.pids:           # none is reaped yet, so each number is still ours
            os.kill(pid, signal.SIGKILL)
        for pid in self.pids:
            try:
                os.waitpid(pid, 0)
            except ChildProcessError:
                pass


def idle():
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)


def reset_on_close(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def serve(listener, others, expected, done):
    for s in others:
        if s is not listener:
            s.close()
    kept = []
    while len(kept) < expected:
        s = listener.accept()[0]
        reset_on_close(s)
        s.send(b"!")
        kept.append(s.detach())
    quiet_and_done(done)


def connect(numbers, servers, addresses, clients, listening, done):
    for s in listening:
        s.close()
    kept = []
    for n in numbers:
        s = socket.create_connection(addresses[n // clients % servers])
        reset_on_close(s)
        if s.recv(1) != b"!":
            raise OSError("a server closed the connection")
        if unread(n):
            s.send(UNREAD)
        kept.append(s.detach())
    quiet_and_done(done)


def quiet_and_done(done):
    os.write(done, b".")
    os.close(done)
    idle()


def await_done(family, fd, count):
    deadline = time.monotonic() + BUILD_TIMEOUT_S
    while count > 0:
        family.reap()
        if time.monotonic() > deadline:
            raise LoadError(f"{count} processes are not ready after {BUILD_TIMEOUT_S} s")
        if select.select([fd], [], [], 0.2)[0]:
            count -= len(os.read(fd, 4096))


def build(family, processes, connections):
    limit = file_limit()
    room = limit - SPARE_FILES
    if connections and room < 1:
        raise LoadError(f"RLIMIT_NOFILE is {limit}, which leaves no room for connections")
    # Idle processes first: they inherit no socket then.
    for i in range(processes):
        family.fork(f"load-idle-{i:04d}", idle)
    family.reap()
    if not connections:
        return
    # More processes where few descriptors are allowed; shares differ by up to one round of all clients.
    roles = ROLES
    while -(-connections // roles) + roles > room and roles < room:
        roles += 1
    made = listeners(roles)
    addresses = [s.getsockname() for s in made]
    expected = [0] * roles
    for n in range(connections):
        expected[n // roles % roles] += 1
    if max(expected) > room:
        raise LoadError(f"RLIMIT_NOFILE is {limit}; a server needs {max(expected) + SPARE_FILES}")
    out, done = os.pipe()
    for i in range(roles):
        family.fork(f"load-srv-{i:02d}", serve, made[i], made, expected[i], done)
    for i in range(roles):
        numbers = range(i, connections, roles)
        family.fork(f"load-cli-{i:02d}", connect, numbers, roles, addresses, roles, made, done)
    for s in made:
        s.close()
    os.close(done)
    await_done(family, out, 2 * roles)
    os.close(out)


def watched_stdin():
    """Standard input if its end can mean anything: a shell's background jobs have /dev/null there, which cannot."""
    try:
        st = os.fstat(0)
    except OSError:
        return None
    if stat.S_ISCHR(st.st_mode) and st.st_rdev == os.makedev(1, 3):
        return None
    return 0


def hold(family, wakeup):
    """Until a signal asks for the end or standard input ends."""
    stdin = watched_stdin()
    while True:
        watched = [wakeup] + ([] if stdin is None else [stdin])
        ready = select.select(watched, [], [])[0]
        if wakeup in ready:
            if any(s != signal.SIGCHLD for s in os.read(wakeup, 4096)):
                return
            family.reap()
        if stdin in ready:
            try:
                if not os.read(stdin, 4096):
                    return
            except OSError:         # a terminal of which we are in the background
                stdin = None


def main():
    parser = argparse.ArgumentParser(description="idle processes and idle TCP connections, until SIGTERM or the end "
                                     "of standard input (/dev/null there does not count)")
    parser.add_argument("--processes", type=int, default=2000, metavar="N")
    parser.add_argument("--connections", type=int, default=20000, metavar="M")
    parser.add_argument("--netns", metavar="NAME", help="an existing network namespace to stand in (see ip-netns(8))")
    parser.error = lambda what: parser.exit(64, f"load.py: {what}\n")
    args = parser.parse_args()
    if args.processes < 0 or args.connections < 0:
        parser.error("a load has no negative numbers")

    # Until the load stands a signal simply kills this process, and the children with it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTTIN, signal.SIG_IGN)
    gc.disable()
    gc.freeze()
    family = Family()
    try:
        if args.netns:
            enter_netns(args.netns)
        build(family, args.processes, args.connections)
        wakeup, write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(s, lambda *_: None)
        family.reap()
        print(f"ready processes={args.processes} connections={args.connections}", flush=True)
        hold(family, wakeup)
    except (LoadError, OSError) as e:
        print(f"load.py: {e}", file=sys.stderr)
        return 1
    finally:
        family.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
