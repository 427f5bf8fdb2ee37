# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Where each metric stands in the kernel's files, written down a second time and in other words than in src/collect/, so that a mistake there
is not repeated here. A row is

    Row(metric, file, find, unit, volatile=False, absent=None, every=1)

`find(text of the file)` gives {instance: raw number}, "" for a metric without a label; a file beginning with "@" is no text (run makes it).
`unit` is what one raw unit is in base units (bytes, seconds, counts). A gauge that is `volatile` jumps at any moment, however still it looks in the
reads before and after. `absent(text, instance)` says when a value that the file has is rightly not sampled. What is not read each second may be as old as the pace of its
row in collectors.def says, or `every` where the file is none of its.

A counter that arrives needs a row here and nothing else; those of /proc/net/netstat, snmp, snmp6 and vmstat only a line in NAMED. A row whose metric
this build does not have waits for it. A metric without a row, and without a place in NOT_HERE, is named by the test."""
import os
import re
from fractions import Fraction

ONE, CENTI, KIB, SECTOR = Fraction(1), Fraction(1, 100), Fraction(1024), Fraction(512)
PAGE = Fraction(os.sysconf("SC_PAGE_SIZE"))
TICK, MS, US, NS = Fraction(1, os.sysconf("SC_CLK_TCK")), Fraction(1, 10**3), Fraction(1, 10**6), Fraction(1, 10**9)


class Row:
    def __init__(self, metric, file, find, unit=ONE, volatile=False, absent=None, every=1):
        self.metric, self.file, self.find, self.unit, self.volatile, self.absent, self.every = metric, file, find, unit, volatile, absent, every


# ---- ways to find a number

def key(*names):
    """The first number behind a word, a colon after it or not; of several words the sum of those that are there."""
    def find(text):
        got = [int(n) for name in names for n in re.findall(rf"^{name}:?[ \t]+(\d+)", text, re.M)]
        return {"": sum(got)} if got else {}
    return find


def word(n):
    """The n-th word of a file of numbers."""
    def find(text):
        words = text.split()
        return {"": int(words[n])} if len(words) > n and re.fullmatch(r"\d+", words[n]) else {}
    return find


def column(name, value, lines="", split=None):
    """Lines of words: the word `name` is the instance, the word `value` its number; only lines that match."""
    def find(text):
        rows = (re.split(split, line.strip()) if split else line.split() for line in text.splitlines() if re.search(lines, line))
        return {words[name]: int(words[value]) for words in rows if len(words) > max(name, value)}
    return find


def cpu(*fields):
    """Fields of the lines "cpu" (all, no instance) and "cpuN" of /proc/stat."""
    def find(text):
        return {m[1]: sum(int(m[2].split()[f]) for f in fields) for m in re.finditer(r"^cpu(\d*) +([\d ]+)$", text, re.M)}
    return find


def pressure(kind):
    def find(text):
        m = re.search(rf"^{kind} .*total=(\d+)", text, re.M)
        return {"": int(m[1])} if m else {}
    return find


def softnet(field):
    """A hexadecimal line for each CPU, whose number is the 13th field."""
    return lambda text: {str(int(w[12], 16)): int(w[field], 16) for w in map(str.split, text.splitlines()) if len(w) > 12}


def softnet_sum(text, field):
    return [int(w[field], 16) for w in map(str.split, text.splitlines()) if len(w) > field]


def hexadecimal(name, add):
    """A line of names, then a line of hexadecimal numbers for each CPU: their sum, or what all of them say."""
    def find(text):
        lines = [line.split() for line in text.splitlines()]
        if not lines or name not in lines[0] or len(lines) < 2:
            return {}
        got = [int(line[lines[0].index(name)], 16) for line in lines[1:]]
        return {"": sum(got) if add else got[0]}
    return find


def pairs(section, name):
    """netstat and snmp: a line of names and a line of numbers, both begin with the section."""
    def find(text):
        heads = re.findall(rf"^{section}: (.*)$", text, re.M)
        for names, numbers in zip(heads[::2], heads[1::2]):
            got = dict(zip(names.split(), numbers.split())).get(name)
            if got is not None and int(got) >= 0:
                return {"": int(got)}
        return {}
    return find


def sockstat(section, name):
    def find(text):
        m = re.search(rf"^{section}: (?:\w+ \d+ )*?{name} (\d+)", text, re.M)
        return {"": int(m[1])} if m else {}
    return find


def interrupts(text):
    """By line: the sum over CPUs. Numbered lines are known by number and drivers, behind the chip, its own number and the trigger; others by letters."""
    lines = text.splitlines()
    cpus, out = len(lines[0].split()), {}
    for line in lines[1:]:
        label, *words = line.split()
        counts = []
        while words and len(counts) < cpus and words[0].isdecimal():
            counts.append(int(words.pop(0)))
        names = re.fullmatch(r"\S+ (?:\d+(?:-\S*)? )?(?:(?:Edge|Level|None) )?(.*)", " ".join(words)) if label[0].isdecimal() else None
        if sum(counts):
            out[label.rstrip(":") + (" " + names[1] if names and names[1] else "")] = sum(counts)
    return out


def softirqs(text):
    return {w[0].rstrip(":"): sum(map(int, w[1:])) for w in map(str.split, text.splitlines()[1:])}


def zone(name):
    """Of the zones of /proc/zoneinfo that have memory: "node zone"."""
    def find(text):
        out = {}
        for part in text.split("Node ")[1:]:
            m = re.match(r"(\d+), zone +(\w+)", part)
            if m and int(re.search(r"managed +(\d+)", part)[1]):
                out[f"{m[1]} {m[2]}"] = int(re.search(rf"\b{name} +(\d+)", part)[1])
        return out
    return find


def node(key, less=None):
    """Of each node, whose numastat and meminfo stand behind a line "== number"."""
    def find(text):
        out = {}
        for part in text.split("== ")[1:]:
            got = dict(re.findall(r"^(?:Node \d+ )?(\w+):? +(\d+)", part, re.M))
            if key in got:
                out[part.split()[0]] = max(0, int(got[key]) - int(got.get(less, 0)))
        return out
    return find


def passwd(text):
    """Of two lines with a name, or two names of a number, each is there; a name alone counts."""
    return {f[0]: int(f[2]) for f in (line.split(":") for line in text.splitlines()) if len(f) > 3 and f[2].isdecimal()}


def of_pool(field):
    """Of {instance: {field: number}}."""
    return lambda content: {i: fields[field] for i, fields in content.items() if fields.get(field) is not None}


def never_used(text, dev):
    return re.search(rf" {re.escape(dev)} 0 \d+ \d+ \d+ 0 \d+ \d+ \d+ 0 ", text) is not None


# ---- the table

def empty_cache(text, name):
    return re.search(rf"^{re.escape(name)} +0 +0 ", text, re.M) is not None


DISK, SLAB = dict(absent=never_used), dict(absent=empty_cache)
ROWS = [
    *(Row(f"cpu.{name}", "proc/stat", cpu(i), TICK) for i, name in enumerate(("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest"))),
    Row("cpu.busy", "proc/stat", cpu(0, 1, 2, 5, 6, 7), TICK),
    Row("cpu.online", "proc/stat", lambda text: {"": len(re.findall(r"^cpu\d", text, re.M))}),
    Row("sched.switches", "proc/stat", key("ctxt")),
    Row("sched.forks", "proc/stat", key("processes")),
    Row("sched.interrupts", "proc/stat", key("intr")),
    Row("sched.running", "proc/stat", key("procs_running"), volatile=True),
    Row("sched.blocked", "proc/stat", key("procs_blocked"), volatile=True),
    Row("host.boot", "proc/stat", key("btime")),
    Row("sched.load1", "proc/loadavg", lambda text: {"": round(Fraction(text.split()[0]) * 100)}, CENTI),
    Row("tasks.used", "proc/loadavg", lambda text: {"": int(re.split("[ /]", text)[4])}, volatile=True),
    Row("tasks.threads_max", "proc/sys/kernel/threads-max", word(0)),
    Row("tasks.pid_max", "proc/sys/kernel/pid_max", word(0)),
    Row("procs.total", "@states", lambda states: {"": len(states)}, volatile=True),
    Row("procs.zombie", "@states", lambda states: {"": states.count("Z")}, volatile=True),
    Row("procs.blocked", "@states", lambda states: {"": states.count("D")}, volatile=True),
    *(Row(f"psi.{what}.{kind}", f"proc/pressure/{what}", pressure(kind), US)
      for what, kinds in (("cpu", ("some", "full")), ("memory", ("some", "full")), ("io", ("some", "full")), ("irq", ("full",))) for kind in kinds),
    *(Row(metric, "proc/meminfo", key(name), KIB, volatile=metric in ("mem.free", "mem.available", "mem.anon")) for metric, name in (
        ("mem.total", "MemTotal"), ("mem.free", "MemFree"), ("mem.available", "MemAvailable"), ("mem.buffers", "Buffers"), ("mem.cached", "Cached"),
        ("mem.anon", "AnonPages"), ("mem.shmem", "Shmem"), ("mem.slab", "Slab"), ("mem.slab.unreclaimable", "SUnreclaim"),
        ("mem.pagetables", "PageTables"), ("mem.committed", "Committed_AS"), ("mem.commit_limit", "CommitLimit"), ("swap.total", "SwapTotal"),
        ("swap.free", "SwapFree"), ("mem.kernel_stacks", "KernelStack"), ("mem.percpu", "Percpu"), ("mem.mlocked", "Mlocked"),
        ("mem.thp", "AnonHugePages"), ("mem.hardware_corrupted", "HardwareCorrupted"), ("vmalloc.used", "VmallocUsed"),
        ("vmalloc.limit", "VmallocTotal"), ("hugepages.size", "Hugepagesize"))),
    Row("mem.dirty", "proc/meminfo", key("Dirty"), KIB, volatile=True),
    Row("mem.writeback", "proc/meminfo", key("Writeback"), KIB, volatile=True),
    *(Row(f"hugepages.{name}", "proc/meminfo", key("HugePages_" + field)) for name, field in (
        ("total", "Total"), ("free", "Free"), ("reserved", "Rsvd"), ("surplus", "Surp"))),
    Row("mem.overcommit", "proc/sys/vm/overcommit_memory", word(0)),
    Row("mem.alloc_stalls", "proc/vmstat", key(r"allocstall\w*")),
    Row("slab.used", "proc/slabinfo", column(0, 1, lines=r"^[^#].*tunables"), **SLAB),
    Row("slab.objects", "proc/slabinfo", column(0, 2, lines=r"^[^#].*tunables"), **SLAB),
    Row("slab.object_size", "proc/slabinfo", column(0, 3, lines=r"^[^#].*tunables"), **SLAB),
    *(Row(f"disk.{metric}", "proc/diskstats", column(2, field), unit, **DISK) for metric, field, unit in (
        ("reads", 3, ONE), ("read.bytes", 5, SECTOR), ("read.time", 6, MS), ("writes", 7, ONE), ("write.bytes", 9, SECTOR), ("write.time", 10, MS),
        ("busy", 12, MS), ("queue.time", 13, MS))),
    Row("disk.inflight", "proc/diskstats", column(2, 11), volatile=True, **DISK),
    Row("disk.devno", "proc/diskstats", lambda text: {w[2]: int(w[0]) << 20 | int(w[1]) for w in map(str.split, text.splitlines())}, **DISK),
    Row("fds.used", "proc/sys/fs/file-nr", word(0), volatile=True),
    Row("fds.limit", "proc/sys/fs/file-nr", word(2)),
    *(Row(f"fs.{metric}", "@filesystems", of_pool(metric)) for metric in ("size", "free", "available", "inodes", "inodes.free", "devno")),
    *(Row(f"net.{metric}", "proc/net/dev", column(0, field, lines=r"^ *[^ |]+:", split=r"[: ]+")) for metric, field in (
        ("rx.bytes", 1), ("rx.packets", 2), ("rx.errors", 3), ("rx.dropped", 4), ("tx.bytes", 9), ("tx.packets", 10), ("tx.errors", 11),
        ("tx.dropped", 12))),
    Row("net.softnet.processed", "proc/net/softnet_stat", softnet(0)),
    Row("net.softnet.dropped", "proc/net/softnet_stat", softnet(1)),
    Row("net.softnet.squeezed", "proc/net/softnet_stat", softnet(2)),
    *(Row(metric, "proc/net/sockstat", sockstat(section, name), unit, volatile=True) for metric, section, name, unit in (
        ("tcp.sockets", "TCP", "inuse", ONE), ("tcp.orphans", "TCP", "orphan", ONE), ("tcp.timewait", "TCP", "tw", ONE), ("tcp.mem", "TCP", "mem", PAGE),
        ("udp.sockets", "UDP", "inuse", ONE), ("udp.mem", "UDP", "mem", PAGE), ("sockets.used", "sockets", "used", ONE),
        ("tcp.sockets.allocated", "TCP", "alloc", ONE), ("ip.reasm.queues", "FRAG", "inuse", ONE), ("ip.reasm.memory", "FRAG", "memory", ONE))),
    *(Row(metric, "proc/net/sockstat6", sockstat(section, name)) for metric, section, name in (
        ("tcp6.sockets", "TCP6", "inuse"), ("udp6.sockets", "UDP6", "inuse"), ("raw6.sockets", "RAW6", "inuse"), ("ip6.reasm.memory", "FRAG6", "memory"))),
    Row("tcp.mem.pressure", "proc/sys/net/ipv4/tcp_mem", word(1), PAGE),
    Row("tcp.mem.limit", "proc/sys/net/ipv4/tcp_mem", word(2), PAGE),
    Row("udp.mem.limit", "proc/sys/net/ipv4/udp_mem", word(2), PAGE),
    Row("udp.mem.low", "proc/sys/net/ipv4/udp_mem", word(0), PAGE),
    Row("tcp.orphans.limit", "proc/sys/net/ipv4/tcp_max_orphans", word(0)),
    Row("tcp.timewait.limit", "proc/sys/net/ipv4/tcp_max_tw_buckets", word(0)),
    Row("tcp.ports.low", "proc/sys/net/ipv4/ip_local_port_range", word(0)),
    Row("tcp.ports.high", "proc/sys/net/ipv4/ip_local_port_range", word(1)),
    Row("tcp.ports.reserved", "proc/sys/net/ipv4/ip_local_reserved_ports", lambda text: {} if text.strip() else {"": 0}),
    Row("tcp.timewait.reuse", "proc/sys/net/ipv4/tcp_tw_reuse", word(0)),
    Row("tcp.timestamps", "proc/sys/net/ipv4/tcp_timestamps", word(0)),
    Row("tcp.listen.somaxconn", "proc/sys/net/core/somaxconn", word(0)),
    Row("conntrack.used", "proc/sys/net/netfilter/nf_conntrack_count", word(0), volatile=True),
    Row("conntrack.limit", "proc/sys/net/netfilter/nf_conntrack_max", word(0)),
    Row("conntrack.drops", "proc/net/stat/nf_conntrack", hexadecimal("drop", add=True)),
    Row("conntrack.early_drops", "proc/net/stat/nf_conntrack", hexadecimal("early_drop", add=True)),
    Row("conntrack.insert_failed", "proc/net/stat/nf_conntrack", hexadecimal("insert_failed", add=True)),
    Row("neigh.used", "proc/net/stat/arp_cache", hexadecimal("entries", add=False), volatile=True),
    Row("neigh.limit", "proc/sys/net/ipv4/neigh/default/gc_thresh3", word(0)),
    Row("neigh.table_fulls", "proc/net/stat/arp_cache", hexadecimal("table_fulls", add=True)),
    Row("user.id", "etc/passwd", passwd),
    Row("irq.count", "proc/interrupts", interrupts),
    Row("softirq.count", "proc/softirqs", softirqs),
    *(Row(f"zone.{metric}", "proc/zoneinfo", zone(name), PAGE) for metric, name in (
        ("free", "pages free"), ("min", "min"), ("low", "low"), ("total", "managed"))),
    *(Row(f"numa.{metric}", "@nodes", node(name), PAGE, every=10) for metric, name in (
        ("hit", "numa_hit"), ("miss", "numa_miss"), ("foreign", "numa_foreign"), ("interleave", "interleave_hit"), ("local", "local_node"),
        ("other", "other_node"))),
    *(Row(f"numa.mem.{metric}", "@nodes", node(name, less), KIB, every=10) for metric, name, less in (
        ("total", "MemTotal", None), ("free", "MemFree", None), ("used", "MemUsed", None), ("file", "FilePages", "Shmem"))),
    Row("numa.hugepages.pages", "@nodes", node("HugePages_Total"), every=10),
    Row("numa.hugepages.free", "@nodes", node("HugePages_Free"), every=10),
    Row("slab.slabs", "proc/slabinfo", column(0, 14, lines=r"^[^#].*tunables"), **SLAB),
    Row("net.softnet.flow_limited", "proc/net/softnet_stat", lambda text: {"": sum(softnet_sum(text, 10))}),
    Row("net.softnet.backlog", "proc/net/softnet_stat", lambda text: {"": sum(softnet_sum(text, 11))}, volatile=True),
    Row("route6.used", "proc/net/rt6_stats", lambda text: {"": int(text.split()[5], 16)}, volatile=True),
    Row("route6.limit", "proc/sys/net/ipv6/route/max_size", word(0)),
    Row("raw.sockets", "proc/net/sockstat", sockstat("RAW", "inuse")),
    Row("neigh6.used", "proc/net/stat/ndisc_cache", hexadecimal("entries", add=False), volatile=True),
    Row("neigh6.limit", "proc/sys/net/ipv6/neigh/default/gc_thresh3", word(0)),
    Row("neigh6.table_fulls", "proc/net/stat/ndisc_cache", hexadecimal("table_fulls", add=True)),
    Row("locks.file.used", "proc/locks", lambda text: {"": len(text.splitlines())}, volatile=True),
    Row("locks.file.waiting", "proc/locks", lambda text: {"": text.count(": -> ")}, volatile=True),
    *(Row(metric, "proc/sys/" + file, word(n), unit, volatile) for metric, file, n, unit, volatile in (
        ("fds.process_limit", "fs/nr_open", 0, ONE, False), ("vfs.dentries", "fs/dentry-state", 0, ONE, True),
        ("vfs.dentries.unused", "fs/dentry-state", 1, ONE, True), ("vfs.dentries.negative", "fs/dentry-state", 4, ONE, True),
        ("vfs.inodes", "fs/inode-nr", 0, ONE, True), ("vfs.inodes.unused", "fs/inode-nr", 1, ONE, True),
        ("aio.used", "fs/aio-nr", 0, ONE, True), ("aio.limit", "fs/aio-max-nr", 0, ONE, False), ("pty.used", "kernel/pty/nr", 0, ONE, True),
        ("pty.limit", "kernel/pty/max", 0, ONE, False), ("inotify.watches.limit", "fs/inotify/max_user_watches", 0, ONE, False),
        ("inotify.instances.limit", "fs/inotify/max_user_instances", 0, ONE, False),
        ("epoll.watches.limit", "fs/epoll/max_user_watches", 0, ONE, False), ("maps.limit", "vm/max_map_count", 0, ONE, False),
        ("udp.buffer.limit", "net/core/rmem_max", 0, ONE, False), ("udp.buffer.default", "net/core/rmem_default", 0, ONE, False),
        ("net.softnet.limit", "net/core/netdev_max_backlog", 0, ONE, False),
        ("ipc.sem.sets.limit", "kernel/sem", 3, ONE, False), ("ipc.sem.semaphores.limit", "kernel/sem", 1, ONE, False),
        ("ipc.shm.segments.limit", "kernel/shmmni", 0, ONE, False), ("ipc.shm.limit", "kernel/shmall", 0, PAGE, False),
        ("ipc.msg.queues.limit", "kernel/msgmni", 0, ONE, False), ("entropy.available", "kernel/random/entropy_avail", 0, ONE, True),
        ("entropy.pool", "kernel/random/poolsize", 0, ONE, False))),
    *(Row(f"cgroup.{metric}", "@groups", of_pool(metric), unit, volatile) for metric, unit, volatile in (
        ("memory.used", ONE, True), ("memory.limit", ONE, False), ("memory.anon", ONE, True), ("memory.peak", ONE, False), ("memory.swap", ONE, False),
        ("memory.oom_kills", ONE, False), ("memory.ooms", ONE, False), ("memory.limit_hits", ONE, False), ("cpu.quota", US, False),
        ("cpu.period", US, False), ("cpu.periods", ONE, False), ("cpu.throttled", ONE, False), ("cpu.throttled_time", NS, False),
        ("cpu.used", NS, False), ("pids.used", ONE, True), ("pids.limit", ONE, False), ("pids.refused", ONE, False))),
]

# Metrics that are plain numbers by name: file, section (of netstat and snmp), then lines "name in the kernel, metric". A counter that
# nothing has counted yet may be left out.
NAMED = {
    ("proc/vmstat", "", ONE): """
        pgmajfault mem.major_faults
        pgscan_direct mem.reclaim.direct
        pgscan_kswapd mem.reclaim.background
        oom_kill mem.oom_kills
        compact_stall mem.compact_stalls
        compact_fail mem.compact.failed
        compact_success mem.compact.done
        pgfault mem.faults
        pgsteal_direct mem.reclaim.direct_freed
        pgsteal_kswapd mem.reclaim.background_freed
        thp_fault_alloc thp.faults
        thp_fault_fallback thp.fallbacks
        drop_pagecache mem.drop_caches
        workingset_refault_anon mem.refault.anon
        workingset_refault_file mem.refault.file
        numa_hint_faults numa.hint_faults
        numa_hint_faults_local numa.hint_faults.local""",
    ("proc/vmstat", "", PAGE): """
        pswpin swap.in
        pswpout swap.out
        nr_dirty_threshold mem.dirty.limit
        nr_dirty_background_threshold mem.dirty.background
        nr_dirtied mem.dirtied
        nr_written mem.written
        numa_pages_migrated numa.migrated""",
    ("proc/net/netstat", "TcpExt", ONE): """
        ListenOverflows tcp.listen.overflows
        ListenDrops tcp.listen.drops
        TCPReqQFullDrop tcp.syn.drops
        TCPReqQFullDoCookies tcp.syn.cookies
        TCPTimeWaitOverflow tcp.timewait.overflows
        TCPMemoryPressures tcp.mem.pressures
        TCPAbortOnMemory tcp.mem.aborts
        RcvPruned tcp.mem.pruned
        SyncookiesSent tcp.cookies.sent
        SyncookiesRecv tcp.cookies.received
        SyncookiesFailed tcp.cookies.failed
        EmbryonicRsts tcp.resets.embryonic
        PruneCalled tcp.mem.prunes
        OfoPruned tcp.mem.ofo_pruned
        TCPRcvCollapsed tcp.mem.collapsed
        OutOfWindowIcmps icmp.in.out_of_window
        PAWSActive tcp.paws.active
        PAWSEstab tcp.paws.established
        PAWSTimewait tcp.paws.timewait
        PAWSPassive tcp.paws.passive
        DelayedACKLost tcp.acks.delayed_lost
        TCPSackRecovery tcp.recoveries.sack
        TCPRenoRecovery tcp.recoveries.reno
        TCPSACKReneging tcp.sack.reneging
        TCPSACKReorder tcp.sack.reorders
        TCPTSReorder tcp.timestamp.reorders
        TCPLossUndo tcp.undo.loss
        TCPLostRetransmit tcp.retransmits.lost
        TCPFastRetrans tcp.retransmits.fast
        TCPForwardRetrans tcp.retransmits.forward
        TCPSlowStartRetrans tcp.retransmits.slow_start
        TCPRetransFail tcp.retransmits.failed
        TCPTimeouts tcp.timeouts
        TCPSpuriousRTOs tcp.timeouts.spurious
        TCPLossProbes tcp.loss_probes
        TCPLossProbeRecovery tcp.loss_probes.recovered
        TCPSynRetrans tcp.syn.retransmits
        TCPDSACKRecv tcp.dsack.received
        TCPDSACKOfoRecv tcp.dsack.received_ofo
        TCPAbortOnData tcp.aborts.data
        TCPAbortOnClose tcp.aborts.close
        TCPAbortOnTimeout tcp.aborts.timeout
        TCPAbortOnLinger tcp.aborts.linger
        TCPAbortFailed tcp.aborts.failed
        TCPMD5NotFound tcp.md5.missing
        TCPMD5Unexpected tcp.md5.unexpected
        TCPMD5Failure tcp.md5.failed
        TCPAOBad tcp.ao.bad
        TCPAOKeyNotFound tcp.ao.no_key
        TCPAORequired tcp.ao.required
        TCPBacklogDrop tcp.drops.backlog
        PFMemallocDrop tcp.drops.reserve
        TCPMinTTLDrop tcp.drops.min_ttl
        TCPDeferAcceptDrop tcp.drops.defer_accept
        TCPRcvQDrop tcp.drops.receive_queue
        TCPZeroWindowDrop tcp.drops.zero_window
        TCPOFODrop tcp.ofo.dropped
        TCPOFOQueue tcp.ofo.queued
        TCPWqueueTooBig tcp.drops.write_queue
        TCPChallengeACK tcp.acks.challenge
        TCPFromZeroWindowAdv tcp.zero_window.from
        TCPToZeroWindowAdv tcp.zero_window.to
        TCPWantZeroWindowAdv tcp.zero_window.want
        TCPWinProbe tcp.window_probes
        TCPKeepAlive tcp.keepalives
        TCPMTUPFail tcp.mtu_probes.failed
        TCPFastOpenListenOverflow tcp.fastopen.overflows
        IPReversePathFilter ip.in.reverse_path_drops""",
    ("proc/net/netstat", "IpExt", ONE): """
        InOctets ip.in.bytes
        OutOctets ip.out.bytes
        InNoRoutes ip.in.no_routes
        InTruncatedPkts ip.in.truncated
        InCsumErrors ip.in.checksum_errors
        InMcastPkts ip.in.multicast
        InBcastPkts ip.in.broadcast
        InCEPkts ip.in.congestion
        InECT0Pkts ip.in.ect0
        InECT1Pkts ip.in.ect1""",
    ("proc/net/snmp", "Ip", ONE): """
        Forwarding ip.forwarding
        InReceives ip.in.packets
        InHdrErrors ip.in.header_errors
        InAddrErrors ip.in.address_errors
        ForwDatagrams ip.forwarded
        InUnknownProtos ip.in.unknown_protocols
        InDiscards ip.in.discards
        InDelivers ip.in.delivered
        OutRequests ip.out.packets
        OutDiscards ip.out.discards
        OutNoRoutes ip.out.no_routes
        ReasmTimeout ip.reasm.timeouts
        ReasmReqds ip.reasm.needed
        ReasmOKs ip.reasm.done
        ReasmFails ip.reasm.failed
        FragOKs ip.frag.done
        FragFails ip.frag.failed
        FragCreates ip.frag.made""",
    ("proc/net/snmp", "Icmp", ONE): """
        InMsgs icmp.in
        InErrors icmp.in.errors
        InCsumErrors icmp.in.checksum_errors
        InDestUnreachs icmp.in.unreachable
        InTimeExcds icmp.in.time_exceeded
        InRedirects icmp.in.redirects
        InEchos icmp.in.echos
        OutMsgs icmp.out
        OutErrors icmp.out.errors
        OutRateLimitGlobal icmp.out.rate_limited
        OutDestUnreachs icmp.out.unreachable
        OutTimeExcds icmp.out.time_exceeded
        OutRedirects icmp.out.redirects""",
    ("proc/net/snmp", "Tcp", ONE): """
        ActiveOpens tcp.opens.active
        PassiveOpens tcp.opens.passive
        AttemptFails tcp.opens.failed
        EstabResets tcp.resets
        CurrEstab tcp.established
        InSegs tcp.segments.in
        OutSegs tcp.segments.out
        RetransSegs tcp.retransmits
        OutRsts tcp.resets.out
        InErrs tcp.segments.bad
        InCsumErrors tcp.segments.checksum_errors""",
    ("proc/net/snmp", "Udp", ONE): """
        InDatagrams udp.in
        RcvbufErrors udp.rcvbuf_errors
        NoPorts udp.no_ports
        InErrors udp.errors
        OutDatagrams udp.out
        SndbufErrors udp.sndbuf_errors
        InCsumErrors udp.checksum_errors
        MemErrors udp.mem_errors""",
    ("proc/net/snmp", "UdpLite", ONE): """
        InDatagrams udplite.in
        InErrors udplite.errors""",
    ("proc/net/snmp6", "", ONE): """
        Ip6InReceives ip6.in.packets
        Ip6InHdrErrors ip6.in.header_errors
        Ip6InTooBigErrors ip6.in.too_big
        Ip6InNoRoutes ip6.in.no_routes
        Ip6InAddrErrors ip6.in.address_errors
        Ip6InUnknownProtos ip6.in.unknown_protocols
        Ip6InTruncatedPkts ip6.in.truncated
        Ip6InDiscards ip6.in.discards
        Ip6InDelivers ip6.in.delivered
        Ip6OutForwDatagrams ip6.forwarded
        Ip6OutRequests ip6.out.packets
        Ip6OutDiscards ip6.out.discards
        Ip6OutNoRoutes ip6.out.no_routes
        Ip6ReasmTimeout ip6.reasm.timeouts
        Ip6ReasmReqds ip6.reasm.needed
        Ip6ReasmFails ip6.reasm.failed
        Ip6FragFails ip6.frag.failed
        Ip6FragCreates ip6.frag.made
        Ip6InOctets ip6.in.bytes
        Ip6OutOctets ip6.out.bytes
        Ip6InMcastPkts ip6.in.multicast
        Ip6InCEPkts ip6.in.congestion
        Icmp6InMsgs icmp6.in
        Icmp6InErrors icmp6.in.errors
        Icmp6InDestUnreachs icmp6.in.unreachable
        Icmp6InPktTooBigs icmp6.in.too_big
        Icmp6InTimeExcds icmp6.in.time_exceeded
        Icmp6OutMsgs icmp6.out
        Icmp6OutErrors icmp6.out.errors
        Icmp6OutDestUnreachs icmp6.out.unreachable
        Icmp6OutPktTooBigs icmp6.out.too_big
        Icmp6OutTimeExcds icmp6.out.time_exceeded
        Icmp6InNeighborSolicits icmp6.in.solicits
        Icmp6InRouterAdvertisements icmp6.in.router_advertisements
        Udp6InDatagrams udp6.in
        Udp6OutDatagrams udp6.out
        Udp6NoPorts udp6.no_ports
        Udp6InErrors udp6.errors
        Udp6RcvbufErrors udp6.rcvbuf_errors
        Udp6SndbufErrors udp6.sndbuf_errors
        Udp6InCsumErrors udp6.checksum_errors
        Udp6MemErrors udp6.mem_errors""",
    ("proc/net/netstat", "TcpExt", MS): """
        TCPMemoryPressuresChrono tcp.mem.pressure_time""",
}
VOLATILE = {"tcp.established"}         # gauges among them


def named_rows():
    for (file, section, unit), lines in NAMED.items():
        for name, metric in map(str.split, filter(None, map(str.strip, lines.splitlines()))):
            find = pairs(section, name) if section else key(name)
            yield Row(metric, file, find, unit, metric in VOLATILE, absent=lambda text, instance, find=find: not find(text)[instance])


ROWS += named_rows()

# What has no file to compare with, and why; a name may end in "*".
NOT_HERE = {
    "self.*": "it is about Plimsoll",
    "tcp.state": "compared with ss in a network namespace that holds still",
    "cgroup.psi.*": "version 2 alone has them",
}
