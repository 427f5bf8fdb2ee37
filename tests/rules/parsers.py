# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Files as they should not be: missing, empty, cut, full of rubbish; counters that step back or wrap. Nothing may crash, nothing may be guessed, and what
was not seen has to be told."""

import random

from expect import Expect, finding
from tree import GIB, MIB, File, Sock

EX_NOINPUT = 66
BOTH = ["proc/stat", "proc/meminfo", "rule cpu.saturated", "rule memory.exhausted"]


def machine(t):
    """A machine with something of everything, and no trouble; its limits are such that a part of their digits would be one."""
    t.number("fs/file-nr", "2000\t0\t98304")
    t.number("kernel/pid_max", 32768)
    t.conntrack(52000, 65536)
    t.track("10.9.9.9", "10.0.0.5", 443, n=40)
    t.group("/system.slice/app.service", procs=[600], memory=dict(limit=GIB, used=700 * MIB, file=100 * MIB, hits=3), pids=dict(limit=1000, used=800, refused=[9] * 6),
            cpu=dict(quota=200000, period=100000, periods=10, throttled=1, lost=0.01))
    t.mount("/var", (8, 2), size=20 * GIB, available=GIB)
    t.proc(600, "app", fds=800, cpu=0.5, io=dict(write=9000, calls=30), uid=1001, nproc_limit=900, threads=20, open=[Sock(8001), File("/var/a.log", dev=(8, 2), inode=5, writable=True)])
    t.listen(8080, 8001, waiting=100, backlog=128)
    for k in range(40):
        t.connect("10.0.0.5", 8080, "10.7.0.9", 20000 + k, inode=9000 + k)
    net = t.netns("srv1", 4026532201)
    net.conntrack(100, 65536)
    net.listen(80, 8100)


def case_healthy(t):
    """The machine of these cases is at peace, and nothing of it is out of sight."""
    machine(t)

    def sees_all(run):
        return "blind: %s" % run.doc["blind"] if run.doc["blind"] else None

    return Expect(checks=[sees_all], text=True)


# ---- missing and empty ----------------------------------------------------------------------------------------------

def case_nothing_to_judge_by(t):
    machine(t)
    t.set("proc/stat", None)
    t.set("proc/meminfo", None)
    return Expect(verdict="unknown", blind=BOTH, text=True)


def case_empty(t):
    machine(t)
    t.set("proc/stat", b"")
    t.set("proc/meminfo", b"")
    return Expect(verdict="unknown", blind=BOTH, text=True)


def case_everything_empty(t):
    machine(t)
    t.change("*", lambda b, i: b"")
    return Expect(verdict="unknown", blind=BOTH, text=True)


def case_no_meminfo(t):
    """One of the two is enough for a verdict, and the other is named."""
    machine(t)
    t.set("proc/meminfo", None)
    return Expect(blind=["proc/meminfo", "rule memory.exhausted", "rule swap.thrash"])


def case_vanishes(t):
    """There at first, gone later: what was once known is not the present."""
    machine(t)
    t.change("proc/stat", lambda b, i: b if i < 3 else None)
    t.change("proc/meminfo", lambda b, i: b if i < 3 else None)
    return Expect(verdict="unknown", blind=BOTH)


def case_no_processes(t):
    machine(t)
    t.change("*", lambda b, i: b)
    for name in ("stat", "times"):
        for pid in list(t.procs):
            t.set("proc/%d/%s" % (pid, name), None)
    return Expect(blind=["every process in /proc"])


def case_process_without_descriptors(t):
    """Another user's processes: their descriptors cannot be read, and the rule that needs them says so."""
    for pid in list(t.procs):
        t.set("proc/%d/fdcount" % pid, None)
    return Expect(blind=["rule fds.process"])


def case_process_vanishes_while_read(t):
    machine(t)
    t.set("proc/700/owner", "0\n")
    t.set("proc/600/stat", [None if i == 2 else t.procs[600].stat(600, "S", i) for i in range(t.moments)])


def case_one_moment(t):
    """How fast anything changes cannot be told from one look."""
    machine(t)
    t.moments = 1
    return Expect(exit=EX_NOINPUT)


# ---- cut ------------------------------------------------------------------------------------------------------------

def cut_all(share):
    def case(t):
        machine(t)
        t.change("*", lambda b, i: b if len(b) < 40 else b[:int(len(b) * share)])
        return Expect(verdict="unknown" if share < 0.2 else None, text=True)
    return case


def cut_last(keep, *paths, blind=()):
    """The file ends in the middle of a number, in every moment. A line that is cut gives no value for what it would have said (src/collect/collect.h), so a limit
    of 65536 must not become one of 65."""
    def case(t):
        machine(t)
        for path in paths:
            t.change(path, lambda b, i: b[:keep(b)])
        return Expect(blind=blind)
    return case


def half_of(word):
    """Up to the middle of the number behind `word`."""
    def keep(b):
        start = b.index(word) + len(word)
        while b[start:start + 1] in b" \t":
            start += 1
        end = start
        while b[end:end + 1].isdigit():
            end += 1
        return start + max(1, (end - start) // 2)
    return keep


def half_of_last(b):
    end = len(b.rstrip())
    start = end
    while start and b[start - 1:start].isdigit():
        start -= 1
    return start + max(1, (end - start) // 2)


def with_psi(case):
    def wrapped(t):
        t.psi(memory=0.5)
        return case(t)
    return wrapped


CASES = {"case_cut_all_%d" % (100 * s): cut_all(s) for s in (0.1, 0.3, 0.5, 0.7, 0.9, 0.97)}
CASES["case_cut_meminfo"] = with_psi(cut_last(half_of(b"MemAvailable:"), "proc/meminfo"))
CASES["case_cut_file_nr"] = cut_last(half_of_last, "proc/sys/fs/file-nr")
CASES["case_cut_pid_max"] = cut_last(half_of_last, "proc/sys/kernel/pid_max")
CASES["case_cut_threads_max"] = cut_last(half_of_last, "proc/sys/kernel/threads-max")
CASES["case_cut_tcp_mem"] = cut_last(lambda b: b.rindex(b"\t") + 2, "proc/sys/net/ipv4/tcp_mem")
CASES["case_cut_conntrack_max"] = cut_last(half_of_last, "proc/sys/net/netfilter/nf_conntrack_max")
CASES["case_cut_conntrack_max_of_a_namespace"] = cut_last(lambda b: 2, "netns/srv1/proc/sys/net/netfilter/nf_conntrack_max")
CASES["case_cut_fdcount"] = cut_last(lambda b: b.index(b" ") + 3, "proc/600/fdcount")
CASES["case_cut_nproc_limit"] = cut_last(lambda b: b.rindex(b" ") + 2, "proc/600/fdcount")
CASES["case_cut_memory_max"] = cut_last(half_of_last, "sys/fs/cgroup/system.slice/app.service/memory.max")
CASES["case_cut_memory_stat"] = cut_last(half_of(b"\nactive_file"), "sys/fs/cgroup/system.slice/app.service/memory.stat")
CASES["case_cut_pids_max"] = cut_last(half_of_last, "sys/fs/cgroup/system.slice/app.service/pids.max")
CASES["case_cut_statvfs"] = cut_last(lambda b: b.index(b"\n") - 8, "mounts.statvfs")
CASES["case_cut_mountinfo"] = cut_last(lambda b: len(b) - 30, "proc/self/mountinfo")
CASES["case_cut_listeners"] = cut_last(lambda b: len(b) - 20, "netlink/tcp_listen", blind=["listening sockets"])
CASES["case_cut_connections"] = cut_last(lambda b: len(b) // 2 + 5, "netlink/tcp", blind=["connections"])
CASES["case_cut_conntrack_entries"] = cut_last(lambda b: len(b) - 7, "netlink/conntrack")


def case_cut_softly(t):
    """Cut at the end of a line: what is there counts, what is not is missing and not zero."""
    machine(t)
    t.change("proc/meminfo", lambda b, i: b[:b.index(b"MemAvailable")])
    t.change("proc/diskstats", lambda b, i: b[:b.index(b"\n") + 1])
    return Expect(blind=["rule memory.exhausted"])


# ---- rubbish --------------------------------------------------------------------------------------------------------

def rubbish(seed):
    def case(t):
        machine(t)
        r = random.Random(seed)
        t.change("*", lambda b, i: bytes(r.randrange(256) for _ in range(min(len(b), 300))))
        return Expect(verdict="unknown", text=True)
    return case


def damaged(seed):
    """Single bytes are wrong, here and there. What comes out may be anything that keeps the contract."""
    def case(t):
        machine(t)
        r = random.Random(seed)

        def damage(b, i):
            b = bytearray(b)
            for _ in range(len(b) // 400 + (r.random() < 0.3)):
                if b:
                    b[r.randrange(len(b))] = r.randrange(256)
            return bytes(b)

        t.change("*", damage)
        return Anything(text=True)
    return case


class Anything(Expect):
    """Whatever is found, the document keeps its contract."""
    anything = True


CASES.update({"case_rubbish_%d" % s: rubbish(s) for s in (1, 2)})
CASES.update({"case_damaged_%d" % s: damaged(s) for s in (1, 2, 3, 4, 5, 6)})


def case_numbers_out_of_range(t):
    """More than 64 bits is no number."""
    machine(t)
    huge = "9" * 40
    t.change("proc/meminfo", lambda b, i: b.replace(b"MemTotal:       16777216", b"MemTotal: " + huge.encode()))
    t.number("fs/file-nr", "2000\t0\t" + huge)
    t.number("kernel/pid_max", huge)
    t.number("kernel/threads-max", "-5")
    return Expect(blind=["rule memory.exhausted", "file-nr", "pid_max"])


def case_message_lengths(t):
    """Netlink messages whose lengths lie: nothing, less than a head, more than there is, an attribute longer than its message."""
    machine(t)

    def lie(at, length):
        def change(b, i):
            return b[:at] + length.to_bytes(4, "little") + b[at + 4:] if i % 2 else b
        return change

    t.change("netlink/tcp_listen", lie(0, 0))
    t.change("netlink/tcp", lie(88, 0xfffffff0))
    t.change("netlink/conntrack", lambda b, i: b[:20] + b"\xff\xff" + b[22:])
    t.change("netns/srv1/netlink/tcp_listen", lambda b, i: b[:88] + b"\xff\x7f" + b[90:])
    return Anything(text=True)


def case_names_of_processes(t):
    """The name ends at the last parenthesis; it may hold what looks like the fields behind it."""
    t.proc(600, b"a) R 1 (b", fds=1024, cpu=0.1)
    t.proc(601, b"\n", fds=1024, cpu=0.1)
    t.proc(602, b"", cpu=0.1)
    return [finding("fds:a) R 1 (b", "exhausted", culprit=("process", "a) R 1 (b", 600)), finding("fds:\n", "exhausted", culprit=("process", "\n", 601))]


def case_long_list_of_descriptors(t):
    """The listening socket is the last of a thousand descriptors: its owner is found all the same."""
    t.proc(600, "app", fds=1010, fd_limit=4096, cpu=0.1, open=[File("/srv/app/cache/some-longer-name-of-a-file.idx", inode=9, copies=1000), Sock(8001)])
    t.listen(8080, 8001, waiting=129, backlog=128, drops=20)
    t.tcpext(ListenOverflows=20, ListenDrops=20)
    return finding("tcp.listen:8080", "exhausted", culprit=("process", "app", 600))


# ---- counters -------------------------------------------------------------------------------------------------------

def reset(rate, i, before=900000):
    """A counter that begins anew at the fourth moment."""
    return before + rate * i if i < 3 else rate * (i - 3)


def case_counters_begin_anew(t):
    """What stepped back did not wrap: how much was lost is not known, and it is no trouble."""
    machine(t)
    t.tcpext(**{k: (lambda i: reset(0, i)) for k in ("ListenOverflows", "ListenDrops", "TCPTimeWaitOverflow", "TCPAbortOnMemory", "RcvPruned")})
    t.vmstat(**{k: (lambda i: reset(0, i)) for k in ("pswpin", "pswpout", "oom_kill", "allocstall_normal")})
    t.neigh(12, fulls=lambda i: reset(0, i))
    t.conntrack(64000, 65536, drop=lambda i: reset(0, i))
    t.group("/system.slice/b.service", procs=[], memory=dict(limit=GIB, used=100 * MIB, kills=lambda i: reset(0, i, 40)), pids=dict(limit=100, used=20, refused=lambda i: reset(0, i, 40)),
            cpu=dict(quota=50000, period=100000, periods=lambda i: reset(10, i), throttled=lambda i: reset(0, i), lost=0))
    t.memory(swap_free=2000)
    t.psi(memory=0.3)


def case_processor_counters_step_back(t):
    """A CPU goes offline and its line with it; iowait is known to step back by a tick."""
    machine(t)
    t.change("proc/stat", lambda b, i: b.replace(b"\ncpu3 ", b"\ngone ") if i == 3 else b)
    t.cpu(user=0.1, idle=0.7, iowait=lambda i: 20.0 * i - (i == 2) * 25)


def case_everything_begins_anew(t):
    """A recording over a reboot: all counters of processes and devices are young again."""
    machine(t)
    young = {}
    for path in ("proc/stat", "proc/vmstat", "proc/diskstats", "proc/net/netstat", "proc/net/snmp", "proc/600/times", "proc/600/io", "proc/net/softnet_stat"):
        def change(b, i, path=path):
            young.setdefault(path, b)
            return b if i < 3 else young[path]
        t.change(path, change)


def case_disk_counters_wrap(t):
    """The times of a disk are 32 bits wide: 49.7 days."""
    for name in ("sda", "sda1"):
        t.disk(name, reads=150, writes=30, read_bytes=60000000, write_bytes=1000000, read_ms=9000, write_ms=2500, inflight=12,
               busy=lambda i: (2**32 - 2500 + 990 * i) % 2**32, queue=lambda i: (2**32 - 20000 + 12000 * i) % 2**32)
    t.psi(io=0.8)
    t.tasks(blocked=3)
    t.proc(700, "rsync", state="D", cpu=0.1, io=dict(read=60000000, calls=200), open=[File("/srv/a.img", inode=70)])
    t.proc(500, "mysqld", state="D", cpu=0.05, io=dict(read=20000, write=90000, calls=30), open=[File("/var/lib/mysql/ibdata1", inode=50, writable=True)])
    return finding("disk.io:sda", "saturated", culprit=("process", "rsync", 700), used=(0.98, 1))


def case_process_ids_are_used_again(t):
    """Another process under the same number: its counters are its own, and two short lives are no line to the limit."""
    t.proc(600, "app", fds=t.line(300, 800), cpu=0.5)
    first = t.procs.pop(600)
    t.proc(600, "app", fds=t.line(300, 800), cpu=0.5, born=3, start=int(86403 * 100))
    second = t.procs[600]
    for name in ("stat", "times", "fdcount", "io", "owner", "netns", "cgroup"):
        path = "proc/600/" + name
        t.set(path, [(first if i < 3 else second).files(i)[path] for i in range(t.moments)])


def case_clock_is_set_back(t):
    """The wall clock steps back by an hour; durations come from the other one."""
    mono = t.clock
    t.clock = lambda i: (mono(i)[0] - (3600 * 10**9 if i >= 3 else 0), mono(i)[1])
    t.conntrack(65536, 65536, drop=40)
    t.track("10.9.9.9", "10.0.0.5", 443, n=300)
    return [finding("conntrack", "exhausted", culprit=("peer", "10.9.9.9"), refused=200), finding("clock", "wrong", "warning")]


def case_books(t):
    """A server that is hung, or so full that it cannot be asked, is a gap; one that is not set up to be asked is none. A book that is rubbish is no book."""
    for pid, name, status in ((700, "apache2", "hung"), (701, "nginx", "closed"), (702, "haproxy", "full")):
        t.proc(pid, name)
        t.book({"apache2": "apache"}.get(name, name), pid, name, status=status, pools=[("workers", "", dict(limit=20))])
    t.proc(703, "redis-server")
    t.set("books/redis.703", b"server \xff\x00\n\n=\npool\nslot\nnumber")

    def only_these(run):
        told = sorted(b["what"] for b in run.doc["blind"] if "says of itself" in b["what"])
        return None if told == ["what apache2 says of itself", "what haproxy says of itself"] else "blind: %s" % told
    return Expect(blind=("what apache2 says of itself",), checks=(only_these,), text=True)


def case_books_that_tell_nothing(t):
    """Of each kind of server, each way of telling nothing is told as what it is; a nameserver's silence hides nothing of a server here."""
    kinds = "apache nginx haproxy redis postgres php-fpm mysql memcached varnish squid unbound bind tls dns".split()
    why = dict(down="ECONNREFUSED", hung="ETIMEDOUT", slow="ETIMEDOUT", garbage="EBADMSG", large="EFBIG", denied="EACCES", full="EAGAIN", ok=None, closed=None)
    wanted = {}
    for pid, (kind, status) in enumerate(((k, s) for k in kinds for s in why), 1000):
        t.proc(pid, "server")
        t.book(kind, pid, "%s-%s" % (kind, status), status=status, port=pid)
        if why[status] and kind != "dns":
            wanted["what %s-%s says of itself" % (kind, status)] = why[status]

    def each(run):
        told = {b["what"]: b["why"] for b in run.doc["blind"] if "says of itself" in b["what"]}
        wrong = [(w, told.get(w), e) for w, e in wanted.items() if e not in told.get(w, "")] + [w for w in told if w not in wanted]
        return "blind: %s" % wrong[:5] if wrong else None

    return Expect(blind=("says of itself",), checks=(each,), text=True)
