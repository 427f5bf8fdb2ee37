#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""On no host all stands still: stir.py AT_WORK PROCESSES CONNECTIONS keeps so many processes doing a little each second, and
each second starts so many processes and opens so many connections on loopback, over which some bytes go. Every other process
lives 0.3 s, the rest 3 s; a connection is closed after 5 s. It runs until it is ended, and its processes end with it."""
import collections
import os
import signal
import socket
import sys
import time

sys.dont_write_bytecode = True
import common  # noqa: E402

LIVES_S = (0.3, 3)
KEPT_S = 5


def work(kept):
    kept[:] = [bytes(4096) for _ in range(len(kept) % 50 + 1)]
    sum(range(5000))


def child(body, *args):
    parent = os.getpid()
    if os.fork() == 0:
        common.libc.prctl(common.PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() == parent:
            body(*args)
        os._exit(0)


def each_second(body, *args):
    while True:
        begun = time.monotonic()
        body(*args)
        time.sleep(max(0, begun + 1 - time.monotonic()))


def connect(listener, kept, number):
    for _ in range(number):
        a = socket.create_connection(listener.getsockname())
        b = listener.accept()[0]
        a.send(b"?" * 100)
        b.send(b"!" * 1000)
        kept.append((time.monotonic() + KEPT_S, a, b))
    while kept and kept[0][0] <= time.monotonic():
        for end in kept.popleft()[1:]:
            end.close()


def connections_for_ever(number):
    each_second(connect, socket.create_server(("127.0.0.1", 0)), collections.deque(), number)


def start(number):
    for i in range(number):
        child(time.sleep, LIVES_S[i % len(LIVES_S)])


def main():
    at_work, processes, connections = map(int, sys.argv[1:])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in range(at_work):
        child(each_second, work, [])
    child(connections_for_ever, connections)        # a process of its own: the short ones shall inherit no socket
    each_second(start, processes)


if __name__ == "__main__":
    main()
