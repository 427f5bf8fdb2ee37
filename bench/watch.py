# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""What processes use: CPU time, memory, and which processes those of a program are. For bench/collect."""
import contextlib
import os
import time

import common

MB = 1e6
TICKS = os.sysconf("SC_CLK_TCK")


def stat_of(pid):
    """Fields of /proc/PID/stat from the state on, or None."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rpartition(")")[2].split()
    except OSError:
        return None


def descendants(leave_out):
    """All processes that come from us, those aside that come from others we started. Orphans among them become our own
    children, so that none is lost."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdecimal() and (fields := stat_of(name)) and fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(int(name))
    found, left = [], list(children.get(os.getpid(), ()))
    while left:
        pid = left.pop()
        if pid not in leave_out:
            found.append(pid)
            left += children.get(pid, ())
    return found


def reap_others(ours):
    """Orphans of a contestant that became our children, and ended."""
    for name in os.listdir("/proc"):
        fields = stat_of(name) if name.isdecimal() and int(name) not in ours else None
        if fields and int(fields[1]) == os.getpid() and fields[0] == "Z":
            with contextlib.suppress(ChildProcessError):
                os.waitpid(int(name), os.WNOHANG)


def cpu_s(pid):
    """CPU time of a process from its clock, and of its ended children from the ticks of their parent."""
    try:
        own = time.clock_gettime(~pid << 3 | 2)
    except OSError:
        return 0.0
    fields = stat_of(pid)
    return own + (int(fields[13]) + int(fields[14])) / TICKS if fields else 0.0


def kib_of(path, *keys):
    """Sums of lines "Key: N kB" of a file below /proc."""
    found = dict.fromkeys(keys, 0)
    with contextlib.suppress(OSError), open(path, encoding="ascii", errors="replace") as f:
        for line in f:
            key, _, rest = line.partition(":")
            if key in found:
                found[key] += int(rest.split()[0])
    return [found[key] for key in keys]


class Watch:
    """What the processes of one contestant use, from begin() to end()."""

    def __init__(self, leave_out):
        self.leave_out = leave_out
        self.cpu, self.peak_kib = {}, 0

    def pids(self):
        return descendants(self.leave_out)

    def names(self):
        names = []
        for pid in self.pids():
            with contextlib.suppress(OSError), open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as f:
                names.append(f.read().strip())
        return sorted(names)

    def begin(self):
        self.cpu, self.at, self.machine = {pid: cpu_s(pid) for pid in self.pids()}, time.monotonic(), common.cpu_times()

    def look(self):
        self.peak_kib = max(self.peak_kib, sum(kib_of(f"/proc/{pid}/status", "VmRSS")[0] for pid in self.pids()))

    def end(self):
        """A process born meanwhile began with nothing; one that ended has left its time with its parent."""
        seconds, pids = time.monotonic() - self.at, self.pids()
        spent = sum(cpu_s(pid) for pid in pids) - sum(self.cpu.values())
        memory = [kib_of(f"/proc/{pid}/status", "VmRSS", "VmHWM") for pid in pids]
        rss, high = sum(m[0] for m in memory), sum(m[1] for m in memory)
        pss = sum(kib_of(f"/proc/{pid}/smaps_rollup", "Pss")[0] for pid in pids)
        self.peak_kib = max(self.peak_kib, rss, high if len(pids) == 1 else 0)
        used = (1 - common.cpu_shares(self.machine, common.cpu_times())["idle"]) * os.cpu_count()
        return {"cpu_percent": round(spent / seconds * 100, 3), "others_percent": round(used * 100 - spent / seconds * 100, 1),
                "rss_mb": round(rss * 1024 / MB, 2), "peak_mb": round(self.peak_kib * 1024 / MB, 2), "pss_mb": round(pss * 1024 / MB, 2),
                "processes": self.names(), "seconds": round(seconds, 1)}


def size_of(path, leave_out=()):
    """Of a file, or of all files below a folder, those in folders of certain names left out."""
    if os.path.isfile(path):
        return os.path.getsize(path)
    size = 0
    for folder, folders, files in os.walk(path):
        folders[:] = [f for f in folders if f not in leave_out]
        size += sum(os.path.getsize(os.path.join(folder, f)) for f in files)
    return size
