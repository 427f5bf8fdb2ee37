#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Clients that take their time with a request; who is cut off comes again.

    senders.py HOST:PORT --from ADDRESS[,ADDRESS...] --count N --what header|body [--every S] [--bytes B]

N connections; each begins a request and goes on with a line of its header, or B bytes of its body, every S seconds. Without end, unless --whole BYTES is what
a body has: then its answer is waited for, and the next one begins."""
import argparse
import selectors
import socket
import time

p = argparse.ArgumentParser()
p.add_argument("at")
p.add_argument("--from", dest="source", default="10.78.0.9")
p.add_argument("--count", type=int, default=20)
p.add_argument("--what", default="header")
p.add_argument("--every", type=float, default=1.0)
p.add_argument("--bytes", type=int, default=8)
p.add_argument("--whole", type=int, default=0)
p.add_argument("--path", default="/")
o = p.parse_args()
host, port = o.at.split(":")
sources = o.source.split(",")
sel = selectors.DefaultSelector()


class Client:
    def __init__(self, k):
        self.k, self.next, self.left = k, time.time() + k * o.every / o.count, 0
        self.s = None

    def begin(self):
        self.s = socket.socket()
        self.s.settimeout(0.05)
        self.s.bind((sources[self.k % len(sources)], 0))
        self.left = o.whole or 10**9
        try:
            self.s.connect((host, int(port)))
        except TimeoutError:
            pass
        except OSError:
            return self.end()
        head = b"%s %s HTTP/1.1\r\nHost: shop\r\n" % (b"POST" if o.what == "body" else b"GET", o.path.encode())
        if o.what == "body":
            head += b"Content-Type: application/octet-stream\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % self.left
        self.s.settimeout(0)
        sel.register(self.s, selectors.EVENT_READ, self)
        self.send(head)

    def send(self, data):
        try:
            return self.s.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self.end()
            return 0

    def go_on(self):
        if not self.s:
            return self.begin()
        if o.what == "body":
            if self.left > 0:
                self.left -= self.send(b"x" * min(o.bytes, self.left))
        else:
            self.send(b"X-a: b%d\r\n" % (time.time() % 10))

    def came(self):
        try:
            if self.s.recv(65536):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.end()

    def end(self):
        try:
            sel.unregister(self.s)
        except (KeyError, ValueError):
            pass
        self.s.close()
        self.s = None


clients = [Client(k) for k in range(o.count)]
while True:
    for key, _ in sel.select(0.02) if sel.get_map() else []:
        key.data.came()
    now = time.time()
    for c in clients:
        if c.next <= now:
            c.next += o.every
            c.go_on()
    time.sleep(0.02)
