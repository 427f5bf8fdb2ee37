# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""full-listener.py NAME SECONDS [PORT]: a process of this name (hex) that listens and does not accept, and clients that knock each second. In a network
namespace of its own where it may."""
import contextlib, ctypes, fcntl, os, socket, struct, sys, time

libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(15, bytes.fromhex(sys.argv[1]), 0, 0, 0)
libc.prctl(1, 9, 0, 0, 0)  # ends with its parent
if os.geteuid() == 0 and libc.unshare(0x40000000) == 0:
    with socket.socket() as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sh22x", b"lo", 0x41))  # SIOCSIFFLAGS: up, running
s = socket.socket()
s.bind(("127.0.0.1", int(sys.argv[3]) if len(sys.argv) > 3 else 0))
s.listen(4)
clients = []
end = time.time() + float(sys.argv[2])
print(f"{os.getpid()} {s.getsockname()[1]}", flush=True)
while time.time() < end:
    for _ in range(2):
        c = socket.socket()
        c.setblocking(False)
        with contextlib.suppress(OSError):
            c.connect_ex(s.getsockname())
        clients.append(c)
    while len(clients) > 100:
        clients.pop(0).close()
    time.sleep(0.5)
