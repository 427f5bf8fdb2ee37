# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""The reader that tests/agree/run compares with: all files of rows.py, every process and our control group, ten times a second, with the times at
which each reading began and ended. It parses when nothing is measured any more."""
import bisect, functools, os, re, subprocess, threading, time

from harness import collectors, metrics
from made import TAG, read
from rows import ROWS

EVERY_S = 0.1
INFO = {m["name"]: m for m in metrics()}
SOURCE = {c["path"]: c for c in collectors()}
NETNS_FILES = {path for path, c in SOURCE.items() if c["scope"] == "NETNS"}
FILES = sorted({r.file for r in ROWS if r.metric in INFO and not r.file.startswith("@")})


def group_content(groups):
    """Of our control group, by the names of metrics."""
    out = {}

    def number(folder, file, word=None):
        text = read(folder / file)
        m = re.search(rf"^{word} (\d+)" if word else r"^(\d+)", text, re.M)
        return int(m[1]) if m else None

    def put(metric, value):
        if value is not None:
            out[metric] = value
    for d in groups:
        v2 = (d / "cgroup.controllers").exists()
        used = number(d, "memory.current" if v2 else "memory.usage_in_bytes")
        put("memory.used", used)
        put("memory.limit", number(d, "memory.max" if v2 else "memory.limit_in_bytes"))
        put("memory.peak", number(d, "memory.peak" if v2 else "memory.max_usage_in_bytes"))
        total = "" if v2 else "total_"
        cache = [number(d, "memory.stat", total + w) for w in ("active_file", "inactive_file")] + [number(d, "memory.stat", "slab_reclaimable") if v2 else 0]
        if used is not None and None not in cache:
            put("memory.anon", max(0, used - sum(cache)))
        put("memory.swap", number(d, "memory.stat", total + "swap"))
        put("memory.oom_kills", number(d, "memory.events" if v2 else "memory.oom_control", "oom_kill"))
        put("memory.ooms", number(d, "memory.events", "oom"))
        put("memory.limit_hits", number(d, "memory.events", "max") if v2 else number(d, "memory.failcnt"))
        if v2:
            quota = read(d / "cpu.max").split()
            put("cpu.quota", int(quota[0]))
            put("cpu.period", int(quota[1]))
        put("cpu.quota", number(d, "cpu.cfs_quota_us"))
        put("cpu.period", number(d, "cpu.cfs_period_us"))
        put("cpu.periods", number(d, "cpu.stat", "nr_periods"))
        put("cpu.throttled", number(d, "cpu.stat", "nr_throttled"))
        put("cpu.throttled_time", number(d, "cpu.stat", "throttled_time"))
        for metric, file in (("cpu.throttled_time", "throttled_usec"), ("cpu.used", "usage_usec")):
            us = number(d, "cpu.stat", file)
            put(metric, None if us is None else us * 1000)
        put("pids.used", number(d, "pids.current"))
        put("pids.limit", number(d, "pids.max"))
        put("pids.refused", number(d, "pids.events", "max"))
    return {"/" + TAG: out} if out else {}


def filesystem_content(mounts):
    out = {}
    for path in mounts:
        try:
            s, d = os.statvfs(path), os.stat(path).st_dev
        except OSError:
            continue
        out[path] = {"size": s.f_blocks * s.f_frsize, "free": s.f_bfree * s.f_frsize, "available": s.f_bavail * s.f_frsize, "inodes": s.f_files or None,
                     "inodes.free": s.f_ffree if s.f_files else None, "devno": os.major(d) << 20 | os.minor(d)}
    return out


def nodes_content():
    home = "/sys/devices/system/node"
    names = sorted(n for n in os.listdir(home) if re.fullmatch(r"node\d+", n)) if os.path.isdir(home) else []
    return "".join(f"== {n[4:]}\n" + read(f"{home}/{n}/numastat") + read(f"{home}/{n}/meminfo") for n in names)


class Process:
    """What /proc says of one, at one moment."""

    def __init__(self, text):
        head, _, tail = text.rpartition(")")
        f = tail.split()
        self.comm, self.state, self.ppid, self.ticks = head.partition("(")[2], f[0], int(f[1]), int(f[11]) + int(f[12])
        self.threads, self.start, self.rss, self.minor, self.major = int(f[17]), int(f[19]), int(f[21]), int(f[7]), int(f[9])


class Snapshot:
    def __init__(self, reader):
        self.begun = time.time_ns()
        self.files = {f: read("/" + f, missing=None) for f in FILES}
        self.stats = {p: read(f"/proc/{p}/stat", 1024) for p in os.listdir("/proc") if p.isdecimal()}
        self.files["@nodes"] = nodes_content()
        self.files["@filesystems"], self.files["@groups"] = filesystem_content(reader.mounts), group_content(reader.groups)
        self.netns = {f: read(f"/proc/{reader.netns_pid}/{f[5:]}", missing=None) for f in FILES if f in NETNS_FILES and f.startswith("proc/net/")}
        self.netns.update(reader.netns_fixed)
        self.ended = time.time_ns()
        self.found = {}

    @functools.cached_property
    def processes(self):
        return {int(p): Process(text) for p, text in self.stats.items() if text}

    def content(self, row, netns):
        if row.file == "@states" and "@states" not in self.files:
            self.files["@states"] = "".join(text.rpartition(")")[2][1] for text in self.stats.values() if text)
        return (self.netns if netns else self.files).get(row.file)

    def get(self, row, netns):
        """{instance: number}, of the host or of our namespace."""
        key = (row.metric, netns)
        if key not in self.found:
            content = self.content(row, netns)
            self.found[key] = {} if content is None else row.find(content)
        return self.found[key]


class Reader(threading.Thread):
    """Of this network namespace and that of one process."""

    def __init__(self, mounts, groups, netns_pid):
        super().__init__(daemon=True)
        self.mounts, self.groups, self.netns_pid, self.taken, self.done = mounts, groups, netns_pid, [], threading.Event()
        paths = [f for f in FILES if f in NETNS_FILES and f.startswith("proc/sys/")]
        fixed = "".join(f"printf '=%s\\n' {f}; cat /{f} 2>/dev/null; " for f in paths)
        text = subprocess.run(["nsenter", "-t", str(netns_pid), "-n", "sh", "-c", fixed], capture_output=True, text=True).stdout
        self.netns_fixed = {part.partition("\n")[0]: part.partition("\n")[2] for part in text.split("=")[1:]}

    def run(self):
        while not self.done.is_set():
            self.taken.append(Snapshot(self))
            self.done.wait(EVERY_S)

    def await_reads(self, n):
        """Until n more have begun and ended."""
        want = len(self.taken) + n + 1
        while len(self.taken) < want and self.is_alive():
            time.sleep(0.01)

    def finish(self):
        self.done.set()
        self.join()
        self.ends, self.begins = [s.ended for s in self.taken], [s.begun for s in self.taken]

    def around(self, from_ns, to_ns):
        """The snapshots from the last that ended before to the first that began after."""
        first = bisect.bisect_right(self.ends, from_ns) - 1
        last = bisect.bisect_left(self.begins, to_ns)
        return self.taken[max(first, 0):last + 1] if first >= 0 and last < len(self.taken) else []
