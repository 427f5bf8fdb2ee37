# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""What tests/agree/run makes so that something is known beforehand: programs for children of it (each prints a line when it is ready, and ends by
itself), and a control group with limits."""
import os, pathlib, re

TAG = f"plimsoll-agree-{os.getpid()}"

SOCKETS = r"""
import ctypes, os, socket, struct, subprocess, sys, time
if ctypes.CDLL(None, use_errno=True).unshare(0x40000000):
    sys.exit("unshare")
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
kept = []
def listener(backlog, family=socket.AF_INET):
    s = socket.socket(family)
    s.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
    s.listen(backlog)
    return s
def pair(of):
    a = socket.create_connection(of.getsockname()[:2])
    return a, of.accept()[0]
plain, waiting, full, six = listener(50), listener(9), listener(1), listener(20, socket.AF_INET6)
kept += [plain, waiting, full, six]
for i in range(23):                                     # established, of some the queues stand
    a, b = pair(plain)
    a.send(b"x" * (100 * (i % 4)))
    kept += [a, b]
kept += pair(six)
for i in range(5):                                      # CLOSE_WAIT here, FIN_WAIT2 there
    a, b = pair(plain)
    a.shutdown(socket.SHUT_WR)
    kept += [a, b]
for i in range(7):                                      # TIME_WAIT
    a, b = pair(plain)
    a.close()
    time.sleep(0.01)
    b.close()
for i in range(3):                                      # not accepted
    kept.append(socket.create_connection(waiting.getsockname()))
for i in range(6):                                      # four more than the queue takes: overflows, and SYN_SENT
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(full.getsockname())
    kept.append(s)
for i in range(3):                                      # reset
    a, b = pair(plain)
    b.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    b.close()
    a.close()
try:
    s = socket.create_connection(("127.0.0.1", 1))      # refused
except OSError:
    pass
u = socket.socket(type=socket.SOCK_DGRAM)
u.bind(("127.0.0.1", 0))
u.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
v = socket.socket(type=socket.SOCK_DGRAM)
for i in range(40):                                     # does not fit
    v.sendto(b"y" * 500, u.getsockname())
kept += [u, v]
time.sleep(0.3)
print(os.stat("/proc/self/ns/net").st_ino, *(s.getsockname()[1] for s in (plain, waiting, full, six)), flush=True)
time.sleep(300)
"""

# Visits the namespace of another process until it is told to go home.
VISITOR = r"""
import ctypes, os, sys
libc, home = ctypes.CDLL(None), os.open("/proc/self/ns/net", os.O_RDONLY)
print("ready", flush=True)
there = os.open(f"/proc/{sys.stdin.readline().strip()}/ns/net", os.O_RDONLY)
print(libc.setns(there, 0), flush=True)
sys.stdin.readline()
print(libc.setns(home, 0), flush=True)
sys.stdin.readline()
"""

KNOWN = r"""
import mmap, os, threading, time
kept = [os.open("/dev/null", os.O_RDONLY) for i in range(33)]
m = mmap.mmap(-1, 48 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for at in range(0, len(m), 4096):
    m[at] = 1
for i in range(5):
    threading.Thread(target=time.sleep, args=(300,), daemon=True).start()
time.sleep(0.2)
print("ready", flush=True)
time.sleep(300)
"""

# Past the page cache where the filesystem can, else by fsync. It then waits: its counters must be there to be read.
WRITER = r"""
import mmap, os, sys, time
path, total = sys.argv[1], int(sys.argv[2])
m = mmap.mmap(-1, 100000 // 4096 * 4096 + 4096)
m.write(os.urandom(len(m)))
print("ready", flush=True)
sys.stdin.readline()
try:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_DIRECT)
except OSError:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
left = total // 4096
while left:
    n = min(left, len(m) // 4096)
    left -= os.write(fd, memoryview(m)[:n * 4096]) // 4096
os.fsync(fd)
print(total // 4096 * 4096, flush=True)
sys.stdin.readline()
"""

# Keeps a disk busy, as somebody who looks for details on demand needs it.
SYNCER = r"""
import os, sys, time
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
print("ready", flush=True)
while True:
    os.pwrite(fd, b"z" * 4096, 0)
    os.fsync(fd)
"""

BURNER = r"""
import sys, time
print("ready", flush=True)
sys.stdin.readline()
begun = time.process_time()
while time.process_time() - begun < float(sys.argv[1]):
    pass
print(time.process_time(), begun, flush=True)
sys.stdin.readline()
print(time.process_time(), flush=True)
"""

# Wants all of a CPU.
SPINNER = r"""
print("ready", flush=True)
while True:
    pass
"""

# So that the host's counters move: connections, datagrams, processes, files.
ACTIVE = r"""
import os, socket, sys, time
l = socket.create_server(("127.0.0.1", 0))
u = socket.socket(type=socket.SOCK_DGRAM)
u.bind(("127.0.0.1", 0))
print("ready", flush=True)
while True:
    a = socket.create_connection(l.getsockname())
    b = l.accept()[0]
    a.send(b"1" * 20000)
    u.sendto(b"2" * 100, u.getsockname())
    u.recv(200)
    a.close(); b.close()
    if os.fork() == 0:
        os._exit(0)
    os.wait()
    with open(sys.argv[1], "wb") as f:
        f.write(b"3" * 30000)
        os.fsync(f.fileno())
    time.sleep(0.07)
"""


def read(path, limit=-1, missing=""):
    try:
        with open(path, "rb") as f:
            return f.read(limit).decode("utf-8", "surrogateescape")
    except OSError:
        return missing


def cgroup_mounts():
    """{controller: mount}, and that of version 2 under ""."""
    out = {}
    for line in read("/proc/self/mountinfo").splitlines():
        words, tail = line.split(" - ")[0].split(), line.split(" - ")[1].split()
        if tail[0] == "cgroup2":
            out.setdefault("", words[4])
        elif tail[0] == "cgroup":
            for controller in tail[2].split(","):
                out.setdefault(controller, words[4])
    return out


def make_group(groups, start):
    """A group with limits, in the hierarchies of version 1 or in that of version 2; start() gives the process that it holds. The folders are
    added to `groups` as they are made. False when there can be none here."""
    mounts = cgroup_mounts()
    limits = {"memory": [("memory.limit_in_bytes", 96 << 20)], "cpu": [("cpu.cfs_quota_us", 20000)], "pids": [("pids.max", 30)]}
    wanted = {mounts[c]: files for c, files in limits.items() if c in mounts}
    if not wanted and set(limits) <= set(read(mounts.get("", "") + "/cgroup.subtree_control").split()):
        wanted = {mounts[""]: [("memory.max", 96 << 20), ("cpu.max", "20000 100000"), ("pids.max", 30)]}
    for mount, files in wanted.items():
        folder = pathlib.Path(mount, TAG)
        folder.mkdir()
        groups.append(folder)
        for file, limit in files:
            (folder / file).write_text(str(limit))
    pid = start() if groups else 0
    for folder in groups:
        (folder / "cgroup.procs").write_text(str(pid))
    return bool(groups)
