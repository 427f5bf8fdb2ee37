# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A server that looks like a kind (its name by PROGRAM) and behaves as MODE says. Prints its port; ends with its parent. PAGE is what a good one answers."""
import ctypes, os, signal, socket, sys, threading, time

libc = ctypes.CDLL(None)
libc.prctl(1, signal.SIGKILL, 0, 0, 0)
libc.prctl(15, os.environ["PROGRAM"].encode(), 0, 0, 0)
MODE, PAGE = os.environ["MODE"], os.environ.get("PAGE", "").encode()
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(os.environ.get("PORT", "0"))))
if MODE != "down":
    s.listen(64)
print(s.getsockname()[1], flush=True)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def forever(c, bytes_, pause=0.0):
    while True:
        c.sendall(bytes_)
        if pause:
            time.sleep(pause)


def serve(c):
    if MODE == "hung":
        time.sleep(1000)
    if MODE == "ssh":
        c.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    c.recv(65536)
    if MODE == "good":
        c.sendall(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE)
    elif MODE == "slow":
        for b in HEAD:
            c.sendall(bytes([b]))
            time.sleep(1)
    elif MODE == "slow-body":
        c.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        forever(c, b"x", 1)
    elif MODE == "garbage":
        c.sendall(HEAD + b"Connection: close\r\n\r\n" + os.urandom(20000))
    elif MODE == "large":
        c.sendall(HEAD + b"Content-Length: 104857600\r\n\r\n")
        forever(c, b"Scoreboard: " + b"W" * 65536)
    elif MODE == "endless":
        c.sendall(HEAD + b"Connection: close\r\n\r\n")
        forever(c, b"BusyWorkers: 1\n" * 4096)
    elif MODE == "heads":
        c.sendall(HEAD)
        forever(c, b"X-Head: " + b"y" * 1000 + b"\r\n")
    elif MODE == "bomb":  # says that it is short, and is packed
        c.sendall(HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n")
        forever(c, b"\0" * 65536)
    elif MODE == "tls":
        c.sendall(b"\x15\x03\x01\x00\x02\x02\x46")
    elif MODE == "denied":
        c.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nWWW-Authenticate: Basic realm=x\r\n\r\n")
    elif MODE == "forbidden":
        c.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    elif MODE == "moved":  # nobody follows
        c.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    c.close()


def guarded(c):
    try:
        serve(c)
    except OSError:
        pass


if MODE in ("down", "deaf"):  # nobody accepts
    time.sleep(1000)
while True:
    threading.Thread(target=guarded, args=(s.accept()[0],), daemon=True).start()
