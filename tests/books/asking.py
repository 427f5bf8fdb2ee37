# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""plimsoll-books as the recorder sees it: what it is told of a server, and the books that come."""
import os, pathlib, select, socket, struct, subprocess, time


def wanted(pid, kind, program, address="", port=0, path="", full=False, full_unix=False):
    """struct book_wanted of src/books/wanted.h."""
    start = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
    netns = os.stat(f"/proc/{pid}/ns/net").st_ino
    return struct.pack("=iiQQIB16sxHBB16s16s108s2x", pid, pid, start, netns, os.stat(f"/proc/{pid}").st_uid, socket.AF_INET if address else 0,
                       socket.inet_aton(address or "0.0.0.0"), port, full, full_unix, kind.encode(), program.encode(), str(path).encode())


def first_line(book):
    words = book.split("\n", 1)[0].split()
    return dict(w.split("=", 1) for w in words[3:]) if words[:1] == ["server"] else {}


class Helper:
    """plimsoll-books, and we are its recorder."""

    def __init__(self, books, servers, full=False):
        self.servers, self.full = servers, full
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket = ours
        self.process = subprocess.Popen([books, "run"], preexec_fn=lambda: os.dup2(theirs.fileno(), 3), pass_fds=[3], stdin=subprocess.DEVNULL)
        theirs.close()
        self.tell()

    def tell(self):
        rows = [s.wanted(self.full) for s in self.servers if s.process.poll() is None]
        self.socket.send(struct.pack("=II", 0x504C4231, len(rows)) + b"".join(rows))

    def listen(self, seconds):
        """Books by pid of their server."""
        books, told = {}, time.monotonic()
        until = told + seconds
        while time.monotonic() < until:
            if time.monotonic() > told + 1:
                told = time.monotonic()
                self.tell()
            if select.select([self.socket], [], [], 0.1)[0]:
                book = self.socket.recv(1 << 17).decode("utf-8", "replace")
                if not book:
                    break
                books.setdefault(int(first_line(book).get("pid", 0)), []).append(book)
        return books

    def below(self, pid):
        return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def broker(self):
        return self.below(self.process.pid)[0]

    def askers(self):
        return self.below(self.broker())

    def memory_kib(self):
        """The largest of all its processes, and how many there are."""
        pids = [self.process.pid, self.broker(), *self.askers()]
        return max(int(line.split()[1]) for p in pids for line in open(f"/proc/{p}/status") if line.startswith("VmHWM:")), len(pids)

    def end(self):
        self.socket.close()
        try:
            return self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "timeout"
