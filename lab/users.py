#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Users of a server, who write down what they see: one line per request with the time, the milliseconds until the last byte
of the answer, and `ok` or what went wrong.

    users.py HOST:PORT --think S [--users N] [--path P] N users; each asks, waits for the answer, thinks, asks again
    users.py HOST:PORT --burst N --every S [--from A,B] N requests at the same moment, every S seconds
    users.py --sum FILE [--last S]                      n=120 bad=3 median=4 max=1003 ms

Users who wait for the answer (instead of a fixed number of requests a second) do not pile up without end in front of a slow
server, so a case stays as long as it lasts in the state it wants to show."""
import argparse
import os
import select
import socket
import sys
import threading
import time


def prepare(source):
    s = socket.socket()
    s.setblocking(False)
    if source:
        s.bind((source, 0))
    return s


PATH = "/"


def finish(s, t0, timeout):
    try:
        if not select.select([], [s], [], timeout)[1]:
            raise TimeoutError("timeout")
        error = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        s.settimeout(max(0.1, timeout - (time.time() - t0)))
        s.sendall(b"GET %s HTTP/1.0\r\nUser-Agent: shop-frontend\r\n\r\n" % PATH.encode())
        answer = b""
        while part := s.recv(65536):
            answer = answer or part
        words = answer.split(None, 2)
        outcome = "ok" if len(words) > 1 and words[1][:1] in b"23" else "no-answer"
    except TimeoutError:
        outcome = "timeout"
    except OSError as error:
        outcome = (error.strerror or str(error)).replace(" ", "-")
    s.close()
    os.write(1, b"%.3f %.1f %s\n" % (t0, (time.time() - t0) * 1e3, outcome.encode()))


def user(address, source, think, timeout):
    while True:
        t0 = time.time()
        s = prepare(source)
        s.connect_ex(address)
        finish(s, t0, timeout)
        time.sleep(think)


def bursts(address, sources, count, every, timeout):
    due = time.time()
    while True:
        sockets = [prepare(sources[i % len(sources)]) for i in range(count)]
        t0 = time.time()
        for s in sockets:                   # nothing but the connecting, to have them at the same moment
            s.connect_ex(address)
        for s in sockets:
            threading.Thread(target=finish, args=(s, t0, timeout), daemon=True).start()
        due += every
        time.sleep(max(0, due - time.time()))


def summary(path, last):
    """Requests that ended lately, so that those begun long before and answered now are among them."""
    rows = []
    since = time.time() - last
    with open(path, errors="replace") as file:
        for line in file:
            try:
                start, ms, outcome = line.split()
                if float(start) + float(ms) / 1e3 >= since:
                    rows.append((float(ms), outcome))
            except ValueError:
                pass                        # a line still being written, or a message of the interpreter
    times = sorted(ms for ms, _ in rows) or [0]
    bad = [outcome for _, outcome in rows if outcome != "ok"]
    print("n=%d bad=%d median=%d max=%d ms %s"
          % (len(rows), len(bad), times[len(times) // 2], times[-1], ",".join(sorted(set(bad)))))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("server", nargs="?", metavar="HOST:PORT")
    p.add_argument("--users", type=int, default=1)
    p.add_argument("--think", type=float, default=0.2)
    p.add_argument("--burst", type=int)
    p.add_argument("--every", type=float, default=1)
    p.add_argument("--from", dest="sources", default="")
    p.add_argument("--timeout", type=float, default=5)
    p.add_argument("--path", default=PATH)
    p.add_argument("--sum", dest="log")
    p.add_argument("--last", type=float, default=5)
    o = p.parse_args()
    if o.log:
        return summary(o.log, o.last)
    host, _, port = (o.server or "").rpartition(":")
    if not host or not port.isdigit():
        p.error("HOST:PORT is missing")
    globals()["PATH"] = o.path
    address, sources = (host, int(port)), o.sources.split(",")
    if o.burst:
        return bursts(address, sources, o.burst, o.every, o.timeout)
    for i in range(o.users):
        threading.Thread(target=user, args=(address, sources[i % len(sources)], o.think, o.timeout), daemon=True).start()
        time.sleep(o.think / o.users)       # spread over the thinking time
    threading.Event().wait()


sys.exit(main())
