#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A line between two network namespaces that passes through this process, so that it may be long, slow, and have a buffer.

    line.py FILE NAMESPACE ADDRESS NAMESPACE ADDRESS

Each namespace gets an interface `wan0` with its address. FILE says what the line does now, and is read again when it changed:
milliseconds each way, bytes a second from the first end to the second (0: as many as come), bytes that its buffer takes. What finds no room there is lost."""
import collections
import ctypes
import fcntl
import os
import select
import struct
import subprocess
import sys
import time

CLONE_NEWNET, TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x40000000, 0x400454CA, 0x0001, 0x1000


def end_in(namespace, address):
    here, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open("/run/netns/" + namespace, os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(there, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"wan0", IFF_TUN | IFF_NO_PI))
    subprocess.run(["ip", "addr", "add", address, "dev", "wan0"], check=True)
    subprocess.run(["ip", "link", "set", "wan0", "up"], check=True)
    libc.setns(here, CLONE_NEWNET)
    os.close(here)
    os.close(there)
    return tun


class Direction:
    def __init__(self, out):
        self.out, self.packets, self.bytes, self.free = out, collections.deque(), 0, 0.0

    def take(self, packet, now, delay, rate, room):
        if self.bytes + len(packet) > room:
            return
        at = now + delay
        if rate:
            self.free = max(self.free, now) + len(packet) / rate
            at = self.free + delay
        if self.packets:
            at = max(at, self.packets[-1][0])
        self.packets.append((at, packet))
        self.bytes += len(packet)

    def deliver(self, now):
        while self.packets and self.packets[0][0] <= now:
            packet = self.packets.popleft()[1]
            self.bytes -= len(packet)
            try:
                os.write(self.out, packet)
            except OSError:
                pass


def main():
    path, *ends = sys.argv[1:]
    a, b = end_in(*ends[:2]), end_in(*ends[2:])
    to = {a: Direction(b), b: Direction(a)}
    changed, delay, rate, room = 0, 0.0, 0, 0
    while True:
        now = time.monotonic()
        next_at = min((d.packets[0][0] for d in to.values() if d.packets), default=now + 0.2)
        ready = select.select([a, b], [], [], max(0, min(next_at - now, 0.2)))[0]
        if os.stat(path).st_mtime_ns != changed:
            words = open(path).read().split()
            if len(words) == 3:
                changed = os.stat(path).st_mtime_ns
                delay, rate, room = int(words[0]) / 1e3, int(words[1]), int(words[2])
        for end in ready:
            to[end].take(os.read(end, 65536), time.monotonic(), delay, rate if end == a else 0, room)
        for d in to.values():
            d.deliver(time.monotonic())


main()
