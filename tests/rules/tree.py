# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A recorded tree (src/read/reader.h says what is in one) written from a few words.

A Tree begins as a healthy machine: four processors, 16 GiB, one disk with one filesystem, a handful of sleeping processes,
every file that the collectors want. A case changes what it is about and nothing else, so that a case shows its trouble:

    t.cpu(user=0.98, idle=0.01)
    t.proc(900, "burner", cpu=3.6)

Values. A level (memory, queue, descriptors) is a number, a list with one value for each moment, or a function of the moment's
number. A counter is given as its growth per second, or as a list or function that is the counter itself: for wraps and resets.
Time starts at START; a moment lasts `t.step` seconds, there are `t.moments` of them."""

import ipaddress
import os
import struct

START = 1767225600        # 2026-01-01T00:00:00Z, when the first moment is
BOOT = START - 86400
HOST_NETNS = 4026531840
PAGE = 4096
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

STATES = {"established": 1, "syn-sent": 2, "syn-recv": 3, "fin-wait-1": 4, "fin-wait-2": 5, "time-wait": 6, "close": 7, "close-wait": 8,
          "last-ack": 9, "listen": 10, "closing": 11}


def at(value, i):
    """A level at moment i."""
    if callable(value):
        return value(i)
    return value[i] if isinstance(value, list) else value


def raw(text):
    return text if isinstance(text, bytes) else str(text).encode()


def devno(dev):
    return dev[0] << 20 | dev[1]


# ---- what a descriptor may be open on -------------------------------------------------------------------------------

class File:
    def __init__(self, path, dev=(8, 1), inode=None, size=4096, writable=False, deleted=False, copies=1):
        self.path, self.dev, self.size, self.writable, self.deleted, self.copies = raw(path), dev, size, writable, deleted, copies
        self.inode = inode or sum(self.path) + 1000

    def lines(self, i):
        target = self.path + (b" (deleted)" if at(self.deleted, i) else b"")
        tail = b" %d %d %d %d %d %s" % (devno(self.dev), self.inode, int(at(self.size, i)), bool(self.writable), bool(at(self.deleted, i)), target)
        return [tail] * int(at(self.copies, i))


class Sock:
    def __init__(self, inode):
        self.inode = inode

    def lines(self, i):
        return [b" 0 0 0 1 0 socket:[%d]" % self.inode]


# ---- what the probes tell (src/bpf/abi.h) ----------------------------------------------------------------------------

def vars_of(**what):
    return what


def event(e, n):
    """struct probe_exit"""
    return struct.pack("=6I8Q16s", 1, e["pid"] + n, e["ppid"], e["uid"], e["code"], e["oom"], 10**12, 10**12 + int(e["life"] * 1e9), int(e["cpu"] * 1e9), 0, 0, 0,
                       e["rss"] * MIB // PAGE, 0, raw(e["comm"])[:15])


def probe_task(pid, comm, uid=0, inotify=0, watches=0, epoll=0, maps=40):
    """struct probe_task: a process as the probe tells it, with the objects of its user."""
    return struct.pack("=IIIIIIIiIIIIII", 1, pid, 1, pid, uid, 0, 0, 0, 1, 0, 0, ord("S"), HOST_NETNS, 0) + struct.pack(
        "=5Qq16Q", 10**9, 10**9, 10**7, 100, 0, 2000, 10, 0, 8, 1024, 63000, 0, 0, 0, 0, 7, 1, inotify, watches, epoll, maps, 0) + comm.encode().ljust(16, b"\0") + bytes(16)


def flow_bytes(f, i):
    """struct probe_flow_key and struct probe_flow"""
    n = {k: int(at(f[k], i)) if i else 0 for k in ("opened", "closed", "failed", "sent", "received", "retransmits", "resets_out", "resets_in")}
    key = struct.pack("=IIHBB16s16s", HOST_NETNS, f["pid"], f["port"], 10 if ":" in f["peer"] else 2, f["outgoing"], packed(f["local"]), packed(f["peer"]))
    return key + struct.pack("=10Q", n["opened"], n["closed"], n["failed"], n["sent"], n["received"], 0, 0, n["retransmits"], n["resets_out"], n["resets_in"])


# ---- netlink --------------------------------------------------------------------------------------------------------

def attr(kind, body):
    return struct.pack("=HH", 4 + len(body), kind) + body + b"\0" * (-len(body) % 4)


def message(kind, body):
    return struct.pack("=IHHII", 16 + len(body), kind, 2, 1, 0) + body + b"\0" * (-len(body) % 4)


def packed(address):
    return ipaddress.ip_address(address).packed


def tcp_info(out=0, in_=0, retrans=0, rtt=0.0004, min_rtt=0.0003, closed=False, unsent=0, sent_ms=0, received_ms=0, timeouts=0):
    """struct tcp_info: bytes acknowledged and received, milliseconds since the last of each, segments sent again, round trips in seconds, whether the
    peer's window is closed."""
    i = bytearray(232)
    struct.pack_into("=B", i, 2, timeouts)
    struct.pack_into("=I", i, 16, 1448)
    struct.pack_into("=I", i, 44, int(sent_ms))
    struct.pack_into("=I", i, 52, int(received_ms))
    struct.pack_into("=I", i, 68, int(rtt * 1e6))
    struct.pack_into("=I", i, 100, int(retrans))
    struct.pack_into("=QQIIII", i, 120, int(out), int(in_), 0, 0, int(unsent), int(min_rtt * 1e6))
    struct.pack_into("=I", i, 228, 0 if closed else 65536)
    return bytes(i)


def diag(state, local, sport, peer, dport, recvq=0, sendq=0, uid=0, inode=0, drops=None, buffer=131072, info=None, cookie=0):
    """One socket as sock_diag tells it: struct inet_diag_msg; with drops the attribute INET_DIAG_SKMEMINFO, with info INET_DIAG_INFO."""
    source, destination = packed(local), packed(peer)
    family = 10 if len(source) == 16 else 2
    body = struct.pack("=BBBB", family, STATES[state], 0, 0)
    body += struct.pack(">HH", sport, dport) + source.ljust(16, b"\0") + destination.ljust(16, b"\0")
    body += struct.pack("=III", 0, cookie, 0) + struct.pack("=IIIII", 0, recvq, sendq, uid, inode)
    if drops is not None:
        body += attr(7, struct.pack("=9I", 0, buffer, 0, 16384, 0, 0, 0, 0, drops & 0xffffffff))
    if info is not None:
        body += attr(2, info)
    return message(20, body)


def unix_queue(inode, peers):
    """Who waits in the queue of a listening unix socket, as the kernel tells of one alone."""
    return message(20, struct.pack("=BBBBIII", 1, 1, 10, 0, inode, 0, 0) + attr(3, struct.pack("=%dI" % len(peers), *peers)))


def unix_diag(path, inode, waiting, backlog, uid=0):
    """A listening unix socket: struct unix_diag_msg, name, queue and owner."""
    return message(20, struct.pack("=BBBBIII", 1, 1, 10, 0, inode, 0, 0) + attr(0, raw(path)) + attr(4, struct.pack("=II", waiting, backlog)) + attr(7, struct.pack("=I", uid)))


def link_message(index, name, flags, carrier, changes, promiscuity, kind, master, port_state, errors, queue):
    """An interface as rtnetlink tells it; errors: missed, fifo, crc, collisions."""
    body = struct.pack("=BBHiII", 0, 0, 1, index, flags, 0) + attr(3, raw(name) + b"\0") + attr(6, raw(queue) + b"\0")
    body += attr(16, bytes([6 if carrier else 2])) + attr(33, bytes([carrier])) + attr(35, struct.pack("=I", changes))
    body += attr(30, struct.pack("=I", promiscuity)) + attr(4, struct.pack("=I", 1500))
    if master:
        body += attr(10, struct.pack("=I", master))
    stats = [0] * 24
    stats[9], stats[12], stats[14], stats[15] = errors["collisions"], errors["crc"], errors["fifo"], errors["missed"]
    body += attr(23, struct.pack("=24Q", *stats))
    inside = attr(1, raw(kind) + b"\0") if kind else b""
    if port_state is not None:
        inside += attr(4, b"bridge\0") + attr(5, attr(1, bytes([port_state])))
    return message(16, body + (attr(18, inside) if inside else b""))


def qdisc_message(index, kind, sent, packets, qlen, backlog, drops, overlimits):
    """The root queue of an interface: TCA_STATS2 with its counters and its length."""
    stats = attr(1, struct.pack("=QI", sent, packets & 0xffffffff)) + attr(3, struct.pack("=IIIII", qlen, backlog, drops, 0, overlimits))
    return message(36, struct.pack("=BBHiIII", 0, 0, 0, index, 0x10000, 0xffffffff, 0) + attr(1, raw(kind) + b"\0") + attr(7, stats))


def tracked(source, destination, dport, sport=40000, proto=6):
    """One connection-tracking entry as ctnetlink tells it; the original direction alone."""
    s, d = packed(source), packed(destination)
    v6 = len(s) == 16
    ip = attr(3 if v6 else 1, s) + attr(4 if v6 else 2, d)
    ports = attr(1, bytes([proto])) + attr(2, struct.pack(">H", sport)) + attr(3, struct.pack(">H", dport))
    orig = attr(1 | 0x8000, attr(1 | 0x8000, ip) + attr(2 | 0x8000, ports))
    return message(0x100, struct.pack(">BBH", 10 if v6 else 2, 0, 0) + orig)


# ---- the firewall ---------------------------------------------------------------------------------------------------

def nft_message(kind, family, body):
    return message(0xa00 | kind, struct.pack(">BBH", family, 0, 0) + body)


def nft_chain(table, name, hook, policy=1, family=1):
    """A base chain of nf_tables."""
    return nft_message(3, family, attr(1, raw(table) + b"\0") + attr(2, struct.pack(">Q", 1)) + attr(3, raw(name) + b"\0")
                       + attr(4 | 0x8000, attr(1, struct.pack(">I", hook)) + attr(2, struct.pack(">I", 0))) + attr(5, struct.pack(">I", policy)) + attr(7, b"filter\0"))


def nft_rule(table, chain, handle, packets=None, verdict=0, family=1, dport=None, sport=None):
    """A rule: a TCP port of either end that it asks for, a counter, where packets says what it counted, and a verdict (0 drop, 1 accept)."""
    def expression(name, data):
        return attr(1 | 0x8000, attr(1, raw(name) + b"\0") + attr(2 | 0x8000, data))
    counter = b"" if packets is None else expression("counter", attr(1, struct.pack(">Q", 60 * packets)) + attr(2, struct.pack(">Q", packets)))
    if dport or sport:
        counter = (expression("meta", attr(1, struct.pack(">I", 1)) + attr(2, struct.pack(">I", 16)))
                   + expression("cmp", attr(1, struct.pack(">I", 1)) + attr(2, struct.pack(">I", 0)) + attr(3 | 0x8000, attr(1, bytes([6]))))
                   + expression("payload", attr(1, struct.pack(">I", 1)) + attr(2, struct.pack(">I", 2)) + attr(3, struct.pack(">I", 2 if dport else 0)) + attr(4, struct.pack(">I", 2)))
                   + expression("cmp", attr(1, struct.pack(">I", 1)) + attr(2, struct.pack(">I", 0)) + attr(3 | 0x8000, attr(1, struct.pack(">H", dport or sport))))) + counter
    decision = expression("immediate", attr(1, struct.pack(">I", 0)) + attr(2 | 0x8000, attr(2 | 0x8000, attr(1, struct.pack(">I", verdict)))))
    return nft_message(6, family, attr(1, raw(table) + b"\0") + attr(2, raw(chain) + b"\0") + attr(3, struct.pack(">Q", handle)) + attr(4 | 0x8000, counter + decision))


# ---- one network namespace ------------------------------------------------------------------------------------------

class Net:
    EXT = ["SyncookiesSent", "SyncookiesRecv", "EmbryonicRsts", "PruneCalled", "RcvPruned", "OfoPruned", "TW", "TWRecycled", "ListenOverflows",
           "ListenDrops", "TCPReqQFullDoCookies", "TCPReqQFullDrop", "TCPTimeWaitOverflow", "TCPAbortOnData", "TCPAbortOnMemory",
           "TCPMemoryPressures", "TCPRetransFail", "SyncookiesFailed", "TCPTimeouts", "TCPFastRetrans", "TCPSynRetrans", "TCPDSACKRecv", "TCPToZeroWindowAdv",
           "TCPAbortOnClose", "PAWSPassive", "PAWSActive", "PAWSEstab", "PAWSTimewait"]

    def __init__(self, tree, name, inode):
        self.tree, self.name, self.inode = tree, name, inode
        self.listeners, self.connections, self.entries = [], [], []
        self.datagrams, self.paths, self.links, self.snmp = [], [], [], {}
        self.levels = {"inuse": 8, "orphan": 0, "tw": 3, "alloc": 12, "mem": 20, "udp_mem": 3}
        self.ext = {}
        self.table = None
        self.sysctls = {"ipv4/ip_local_port_range": "32768\t60999", "ipv4/tcp_max_tw_buckets": 65536, "ipv4/tcp_tw_reuse": 2, "core/somaxconn": 4096}

    def listen(self, port, inode, waiting=0, backlog=128, drops=0, address="0.0.0.0", uid=0):
        """A listening socket: `drops` is the socket's own counter, as growth per second or as itself."""
        self.listeners.append((port, inode, waiting, backlog, drops, address, uid))

    LEVELS = {"sent": "out", "received": "in_", "retransmits": "retrans", "sent_ms": "sent_ms", "received_ms": "received_ms", "unsent": "unsent", "window": "closed", "rtt_us": "rtt"}

    def connect(self, local, sport, peer, dport, state="established", inode=0, recvq=0, sendq=0, when=None, info=None, tcp=None):
        """One connection; `when(i)` says in which moments it is there. info: words of tcp_info(); counters among them as growth per second or as
        themselves. tcp: the same as levels of each moment, by LEVELS: bytes sent and received, window (bytes), rtt_us. Where one connection has
        it, all do."""
        if tcp is not None:
            change = {"window": lambda x: x == 0, "rtt_us": lambda x: x / 1e6}
            info = {self.LEVELS[k]: (lambda i, k=k, v=v: change.get(k, lambda x: x)(at(v, i))) for k, v in tcp.items()}
        self.connections.append((local, sport, peer, dport, state, inode, recvq, sendq, when, info))

    def udp(self, port, inode, recvq=0, drops=0, buffer=212992, address="0.0.0.0", peer=None, peer_port=0):
        """A bound UDP socket: `drops` is the socket's own counter."""
        self.datagrams.append((port, inode, recvq, drops, buffer, address, peer, peer_port))

    def unix(self, path, inode, waiting=0, backlog=128, accepted=0):
        """A listening unix socket. accepted: how many are taken out of its queue, as growth per second or as itself; None: nothing is told of who waits."""
        self.paths.append((path, inode, waiting, backlog, accepted))

    def link(self, name, kind=None, sent=1000, received=1000, packets=10, rx_packets=None, carrier=1, changes=1, promiscuity=0, master=None, port_state=None, up=True, queue=None,
             speed=None, duplex=1, rx_dropped=0, **errors):
        """An interface. Growth per second, or the counter itself: sent, received, packets (sent; received unless rx_packets says), changes of the carrier, and errors
        of the device (missed, fifo, crc, collisions). queue: dict(kind, backlog, length, drops, overlimits), else it has none. speed in Mbit/s."""
        self.links.append(dict(name=name, kind=kind, sent=sent, received=received, packets=packets, rx_packets=packets if rx_packets is None else rx_packets, carrier=carrier,
                               changes=changes, promiscuity=promiscuity, master=master, port_state=port_state, up=up, queue=queue, speed=speed, duplex=duplex,
                               rx_dropped=rx_dropped, errors=errors))

    def counters(self, **growth):
        """Counters of /proc/net/snmp: retrans, out_segs, out_rsts, estab_resets, udp_in, udp_out, rcvbuf_errors, mem_errors, passive_opens, active_opens, packets (received), forwarded."""
        unknown = set(growth) - {"active_opens", "forwarded", "retrans", "out_segs", "out_rsts", "estab_resets", "udp_in", "udp_out", "rcvbuf_errors", "mem_errors", "passive_opens", "packets"}
        assert not unknown, unknown
        self.snmp.update(growth)

    def sockstat(self, **levels):
        self.levels.update(levels)

    def tcpext(self, **counters):
        unknown = set(counters) - set(self.EXT)
        assert not unknown, unknown
        self.ext.update(counters)

    def port_range(self, low, high):
        self.sysctls["ipv4/ip_local_port_range"] = "%d\t%d" % (low, high)

    def sysctl(self, name, value):
        """A file below proc/sys/net/, by its path there."""
        self.sysctls[name] = value

    def conntrack(self, count, limit, drop=0, early_drop=0, insert_failed=0):
        self.table = (count, limit, drop, early_drop, insert_failed)

    def track(self, source, destination, dport, n=1, proto=6):
        self.entries += [(source, destination, dport, 20000 + k, proto) for k in range(n)]

    def files(self, i):
        t, out = self.tree, {}
        l = {k: int(at(v, i)) for k, v in self.levels.items()}
        out["proc/net/sockstat"] = ("sockets: used 200\nTCP: inuse %(inuse)d orphan %(orphan)d tw %(tw)d alloc %(alloc)d mem %(mem)d\n"
                                    "UDP: inuse 4 mem %(udp_mem)d\nUDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n" % l)
        out["proc/net/sockstat6"] = "TCP6: inuse 3\nUDP6: inuse 2\nUDPLITE6: inuse 0\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n"
        out["proc/net/netstat"] = "TcpExt: %s\nTcpExt: %s\nIpExt: InNoRoutes InOctets\nIpExt: 0 %d\n" % (
            " ".join(self.EXT), " ".join(str(t.counter(self.ext.get(k, 0), i, 100)) for k in self.EXT), t.counter(5000, i, 99999))
        out["proc/net/snmp"] = (
            "Ip: Forwarding DefaultTTL InReceives InDelivers ForwDatagrams\nIp: 1 64 %d %d %d\n"
            "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors\n"
            "Tcp: 1 200 120000 -1 %d %d 3 %d 8 %d %d %d 0 %d 0\n"
            "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors\n"
            "Udp: %d 0 0 %d %d 0 0 0 %d\n" % (
                t.counter(self.snmp.get("packets", 100), i), t.counter(self.snmp.get("packets", 100), i), t.counter(self.snmp.get("forwarded", 0), i, 0),
                t.counter(self.snmp.get("active_opens", 2), i), t.counter(self.snmp.get("passive_opens", 3), i), t.counter(self.snmp.get("estab_resets", 0), i, 4), t.counter(90, i),
                t.counter(self.snmp.get("out_segs", 80), i), t.counter(self.snmp.get("retrans", 0), i, 12), t.counter(self.snmp.get("out_rsts", 0), i, 9),
                t.counter(self.snmp.get("udp_in", 10), i), t.counter(self.snmp.get("udp_out", 0), i, 120), t.counter(self.snmp.get("rcvbuf_errors", 0), i, 0), t.counter(self.snmp.get("mem_errors", 0), i, 0)))
        out["proc/net/dev"] = ("Inter-|   Receive                                                |  Transmit\n"
                               " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
                               "    lo: %d %d 0 0 0 0 0 0 %d %d 0 0 0 0 0 0\n" % ((t.counter(1000, i), t.counter(10, i)) * 2))
        for link in self.links:
            n = {k: t.counter(link[k], i) for k in ("sent", "received", "packets", "rx_packets")}
            out["proc/net/dev"] += "%6s: %d %d 0 %d 0 0 0 0 %d %d 0 0 0 0 0 0\n" % (
                link["name"], n["received"], n["rx_packets"], t.counter(link["rx_dropped"], i, 0), n["sent"], n["packets"])
        if self.links:
            index = {link["name"]: 2 + k for k, link in enumerate(self.links)}
            out["netlink/links"] = b"".join(
                link_message(index[link["name"]], link["name"], 0x1043 if at(link["up"], i) else 0x1002, at(link["carrier"], i), t.counter(link["changes"], i) if not isinstance(link["changes"], int) else link["changes"],
                             link["promiscuity"], link["kind"], index.get(link["master"], 0), link["port_state"],
                             {k: t.counter(link["errors"].get(k, 0), i, 0) for k in ("missed", "fifo", "crc", "collisions")},
                             (link["queue"] or {}).get("kind", "noqueue")) for link in self.links)
            out["netlink/qdiscs"] = b"".join(
                qdisc_message(index[link["name"]], q.get("kind", "pfifo_fast"), t.counter(link["sent"], i), t.counter(link["packets"], i), int(at(q.get("length", 0), i)),
                              int(at(q.get("backlog", 0), i)), t.counter(q.get("drops", 0), i, 0), t.counter(q.get("overlimits", 0), i, 0))
                for link in self.links for q in [link["queue"]] if q is not None)
            out["netlink/link_speeds"] = b"".join(
                message(30, struct.pack("=BBH", 4, 1, 0) + attr(0x8001, attr(1, struct.pack("=I", index[link["name"]]))) + attr(5, struct.pack("=I", link["speed"])) + attr(6, bytes([link["duplex"]])))
                for link in self.links if link["speed"])
        for name, value in self.sysctls.items():
            out["proc/sys/net/" + name] = "%s\n" % at(value, i) if at(value, i) is not None else None
        if self.table:
            count, limit, drop, early, failed = self.table
            out["proc/sys/net/netfilter/nf_conntrack_count"] = "%d\n" % at(count, i)
            if limit is not None:
                out["proc/sys/net/netfilter/nf_conntrack_max"] = "%d\n" % at(limit, i)
            out["proc/net/stat/nf_conntrack"] = (
                "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart\n"
                "%08x  00000000 00000000 00000000 00000007 00000000 00000000 00000000 00000000 %08x %08x %08x 00000000  00000000 00000000 00000000 00000000\n"
                % (int(at(count, i)), t.counter(failed, i, 5) & 0xffffffff, t.counter(drop, i, 6) & 0xffffffff, t.counter(early, i, 7) & 0xffffffff))
        out["netlink/tcp_listen"] = b"".join(
            diag("listen", address, port, "::" if ":" in address else "0.0.0.0", 0, recvq=int(at(waiting, i)), sendq=int(at(backlog, i)), uid=uid, inode=inode,
                 drops=None if drops is None else t.counter(drops, i, 0))
            for port, inode, waiting, backlog, drops, address, uid in self.listeners)
        informed = any(c[-1] is not None for c in self.connections)
        out["netlink/tcp_info" if informed else "netlink/tcp"] = b"".join(
            diag(state, local, sport, peer, dport, recvq=int(at(recvq, i)), sendq=int(at(sendq, i)), inode=inode, cookie=n + 1 + (self.inode - HOST_NETNS) % 1000 * 100000,
                 info=tcp_info(**{k: t.counter(v, i) if k in ("out", "in_", "retrans") else at(v, i) for k, v in (info or {}).items()}) if informed else None)
            for n, (local, sport, peer, dport, state, inode, recvq, sendq, when, info) in enumerate(self.connections) if when is None or when(i))
        if self.datagrams:
            out["netlink/udp"] = b"".join(
                diag("close" if peer is None else "established", address, port, peer or "0.0.0.0", peer_port, recvq=int(at(recvq, i)), inode=inode, drops=t.counter(drops, i, 0), buffer=buffer)
                for port, inode, recvq, drops, buffer, address, peer, peer_port in self.datagrams)
        if self.paths:
            out["netlink/unix_listen"] = b"".join(unix_diag(path, inode, int(at(waiting, i)), backlog) for path, inode, waiting, backlog, _ in self.paths)
            for path, inode, waiting, backlog, accepted in self.paths:
                n = int(at(waiting, i))
                if n and accepted is not None:
                    out["netlink/unix_queue.%d" % inode] = unix_queue(inode, [inode * 100000 + t.counter(accepted, i, 0) + k for k in range(n)])
        if self.entries:
            out["netlink/conntrack"] = b"".join(tracked(s, d, port, sport, proto) for s, d, port, sport, proto in self.entries)
        return out


# ---- one process ----------------------------------------------------------------------------------------------------

class Proc:
    def __init__(self, tree, pid, comm, ppid=1, uid=0, state="S", threads=1, start=None, nice=0, policy=0, rss=8, cpu=0.0, delay=0.0, child_cpu=0.0,
                 switches=10, fds=8, fd_limit=1024, nproc_limit=63000, open=(), io=None, cgroup=None, netns=None, wchan=None, kernel=False, born=0,
                 gone=None, blocked_threads=0, faults=0, title=None, maps=None, huge=0, cpus=None, pgrp=None):
        """rss in MiB; faults: major ones, growth per second; cpu, delay, child_cpu in seconds per second; io: growth per second of read, write, wchar and calls; `open`: what its
        descriptors are on; maps: memory mappings; huge: MiB in huge pages; cpus: the list of those it may run on; pgrp: its process group, its own by default; born, gone: the first moment with it, the first without it; switches=0: it sleeps all the time."""
        vars(self).update({k: v for k, v in locals().items() if k != "self"})
        if start is None:
            self.start = 1000 + pid if born == 0 else int((START - BOOT + (born - 0.5) * tree.step) * 100)

    def counter(self, value, i, first):
        return self.tree.counter(value, i - self.born, first if self.born == 0 else 0)

    def stat(self, pid, state, i):
        t = self.tree
        ticks = self.counter(self.cpu, i, 1.0) * 100
        child = self.counter(self.child_cpu, i, 1.0) * 100
        fields = {4: self.ppid, 5: self.pgrp or pid, 6: pid, 7: 0, 8: -1, 9: 0x200040 if self.kernel else 0x400140, 10: 500, 12: self.counter(self.faults, i, 20), 14: int(ticks * 0.75), 15: int(ticks * 0.25),
                  16: int(child), 18: 20 + self.nice, 19: self.nice, 20: int(at(self.threads, i)), 22: self.start, 23: 64 << 20,
                  24: int(at(self.rss, i) * MIB / PAGE), 25: 2 ** 64 - 1, 38: 17, 39: 1, 41: self.policy}
        return b"%d (%s) %s %s\n" % (pid, raw(self.comm)[:15], raw(state), b" ".join(b"%d" % fields.get(n, 0) for n in range(4, 53)))

    def files(self, i):
        out, t = {}, self.tree
        state = at(self.state, i)
        out["stat"] = self.stat(self.pid, state, i)
        times = "%d %d %d\n" % (self.counter(self.cpu, i, 1.0) * 1e9, self.counter(self.delay, i, 0.1) * 1e9, self.counter(self.switches, i, 100))
        out["times" if t.taskstats else "schedstat"] = times
        out["owner"] = "%d\n" % self.uid
        out["netns"] = "%d\n" % (self.netns or HOST_NETNS)
        out["cgroup"] = "0::%s\n" % (self.cgroup or "/system.slice/%d.service" % self.pid) if not isinstance(self.cgroup, bytes) else b"0::" + self.cgroup + b"\n"
        if not self.kernel:
            out["fdcount"] = "%d %d %d\n" % (at(self.fds, i), at(self.fd_limit, i), self.nproc_limit)
            io = dict(read=0, write=0, wchar=0, calls=0)
            io.update(self.io or {})
            n = {k: self.counter(v, i, 1000) for k, v in io.items()}
            out["io"] = ("rchar: 5\nwchar: %(wchar)d\nsyscr: 5\nsyscw: %(calls)d\nread_bytes: %(read)d\nwrite_bytes: %(write)d\ncancelled_write_bytes: 0\n" % n)
            lines = [line for o in self.open for line in o.lines(i)]
            out["fdlist"] = b"".join(b"%d%s\n" % (3 + k, line) for k, line in enumerate(lines))
        if self.wchan:
            out["wchan"] = self.wchan
        if self.title:
            out["cmdline"] = self.title
        if self.maps is not None:
            out["mapcount"] = "%d\n" % at(self.maps, i)
        out["status"] = "Name:\t%s\nHugetlbPages:\t%8d kB\nThreads:\t%d\nCpus_allowed_list:\t%s\n" % (
            self.comm, at(self.huge, i) * 1024, at(self.threads, i), self.cpus or "0-%d" % (t.cpus - 1))
        threads = int(at(self.threads, i))
        if threads > 1:
            blocked = int(at(self.blocked_threads, i))
            for k in range(min(threads, max(2, blocked + 1))):
                tid = self.pid if k == 0 else self.pid * 1000 + k
                out["task/%d/status" % tid] = out["status"]
                out["task/%d/stat" % tid] = self.stat(tid, state if k == 0 else "D" if k <= blocked else "S", i)
        return {"proc/%d/%s" % (self.pid, k): v for k, v in out.items()}


# ---- the machine ----------------------------------------------------------------------------------------------------

class Tree:
    def __init__(self):
        self.moments, self.step, self.cpus, self.taskstats = 6, 1.0, 4, True
        self.host = Net(self, "", HOST_NETNS)
        self.netspaces, self.procs, self.disks, self.mounts, self.groups = [], {}, {}, {}, []
        self.raw, self.changes = {}, []
        self.clock = lambda i: (START * 10**9 + int(i * self.step * 1e9), 10**14 + int(i * self.step * 1e9))
        # What the host's network namespace can do, the tree can do.
        for name in ("listen", "connect", "sockstat", "tcpext", "port_range", "sysctl", "conntrack", "track", "udp", "unix", "link", "counters"):
            setattr(self, name, getattr(self.host, name))
        self.shares = dict(user=0.03, nice=0.0, system=0.01, idle=0.95, iowait=0.005, irq=0.0, softirq=0.005, steal=0.0)
        self.stalls = dict(cpu=0.01, memory=0.0, io=0.005, irq=0.0)
        self.levels = dict(running=1, blocked=0, tasks=180, load=12)
        self.mem = dict(total=16384, free=6000, available=11000, buffers=100, cached=4800, anon=4000, shmem=50, dirty=2, swap_total=4096, swap_free=4096)
        self.slab, self.committed = 150000 / 1024, 6000000 / 1024  # MiB: unreclaimable slab; promised of 12 GiB
        self.vm = dict(pswpin=0, pswpout=0, pgmajfault=1, pgscan_direct=0, pgscan_kswapd=0, allocstall_normal=0, allocstall_movable=0, oom_kill=0,
                       compact_stall=0, workingset_refault_anon=0, workingset_refault_file=0)
        self.numbers = {"proc/sys/fs/file-nr": "2000\t0\t9223372036854775807", "proc/sys/kernel/threads-max": 127000, "proc/sys/kernel/pid_max": 4194304,
                        "proc/sys/vm/overcommit_memory": 0, "proc/sys/net/ipv4/neigh/default/gc_thresh3": 1024, "proc/sys/net/ipv4/tcp_mem": "188000\t250000\t376000",
                        "proc/sys/net/ipv4/udp_mem": "376000\t501000\t752000", "proc/sys/net/ipv4/tcp_max_orphans": 65536, "proc/sys/kernel/hostname": "web3",
                        "proc/interrupts": "           CPU0       CPU1\n 24:       1000       2000   PCI-MSI 524288-edge      eth0\nLOC:      50000      60000   Local timer interrupts",
                        "proc/softirqs": "                    CPU0       CPU1\n      NET_RX:       1000       2000\n       SCHED:        500        600",
                        "proc/zoneinfo": "Node 0, zone   Normal\n  pages free     2000000\n        min      16000\n        low      20000\n        high     24000\n        managed  4000000",
                        "proc/locks": "1: POSIX  ADVISORY  WRITE 700 08:01:1234 0 EOF", "proc/sys/fs/dentry-state": "90000\t60000\t45\t0\t8000\t0",
                        "proc/sys/fs/inode-nr": "70000\t500", "proc/sys/fs/nr_open": 1048576, "proc/sys/kernel/pty/nr": 1, "proc/sys/kernel/pty/max": 4096,
                        "proc/sys/vm/max_map_count": 65530, "proc/sys/net/core/rmem_max": 212992, "proc/sys/net/core/rmem_default": 212992, "proc/sys/net/core/netdev_max_backlog": 1000, "proc/sys/kernel/random/entropy_avail": 256, "proc/sys/kernel/random/poolsize": 256,
                        "timex": "state 0\nstatus 8193\noffset 120000\nfreq -655360\nmaxerror 5000\nesterror 400", "kmsg": "6,100,900000000,-;eth0: link up"}
        self.neighbours, self.huge = (12, 0), (0, 0, 0)
        self.neighbours6 = None
        self.cores, self.endings, self.sent, self.held_files, self.caches, self.flows = {}, None, [], None, [], None
        self.disk("sda", (8, 0))
        self.disk("sda1", (8, 1))
        self.mount("/", (8, 1), size=100 * GIB, available=50 * GIB)
        self.cgroup_v2, self.cgroup_v1 = True, False
        self.proc(1, "systemd", ppid=0, rss=12)
        self.proc(2, "kthreadd", ppid=0, kernel=True, switches=0, rss=0)
        self.proc(300, "sshd", rss=6, switches=0, open=[Sock(2200)])
        self.listen(22, 2200)

    # -- values

    def counter(self, value, i, first=1000):
        """A number is growth per second from `first`; a list or a function is the counter itself."""
        if callable(value) or isinstance(value, list):
            return at(value, i)
        grown = value * i * self.step
        return first + grown if isinstance(first, float) else int(first + grown)

    def line(self, first, last):
        """A level that goes from first to last in equal steps."""
        return lambda i: first + (last - first) * i / (self.moments - 1)

    # -- parts

    def cpu(self, **shares):
        """Shares of the whole machine; what is not named is 0, and idle is the rest."""
        self.shares = dict(user=0, nice=0, system=0, idle=0, iowait=0, irq=0, softirq=0, steal=0)
        self.shares.update(shares)
        if "idle" not in shares:
            self.shares["idle"] = max(0.0, 1 - sum(self.shares.values()))

    def core(self, number, **shares):
        """One processor, as cpu(); the others stay, and the sum follows."""
        self.cores[number] = dict(dict(user=0, nice=0, system=0, idle=0, iowait=0, irq=0, softirq=0, steal=0), **shares)
        if "idle" not in shares:
            self.cores[number]["idle"] = max(0.0, 1 - sum(self.cores[number].values()))

    def probes(self):
        """The probes in the kernel run, and tell of what ended."""
        self.endings = self.endings or []

    def ended(self, comm, ppid, when=None, each=1, pid=50000, uid=0, code=0, oom=False, cpu=0.002, life=0.01, rss=1):
        """`each` processes that ended in every moment but the first, or in those that `when(i)` says. code: as wait() tells it; rss in MiB."""
        self.probes()
        self.endings.append(vars_of(comm=comm, ppid=ppid, when=when, each=each, pid=pid, uid=uid, code=code, oom=oom, cpu=cpu, life=life, rss=rss))

    def flow(self, port, peer, local="10.0.0.5", pid=0, outgoing=False, opened=0, closed=0, failed=0, sent=0, received=0, retransmits=0, resets_out=0, resets_in=0):
        """Connections of a port as the probes tell them: how many of each in a moment."""
        self.flows = self.flows or []
        self.flows.append(vars_of(port=port, peer=peer, local=local, pid=pid, outgoing=outgoing, opened=opened, closed=closed, failed=failed, sent=sent, received=received,
                                  retransmits=retransmits, resets_out=resets_out, resets_in=resets_in))

    def held(self, path, dev=(8, 1), inode=99, pid=600, fd=3, size=0, bytes=None, growth=0, since=10.0, deleted=False):
        """A file that grows (bytes since the look before) or was deleted and is held open, as the probes tell it."""
        self.held_files = self.held_files or []
        self.held_files.append((path, dev, inode, pid, fd, size, size if bytes is None else bytes, growth, since, deleted))

    def cache(self, name, objects, size, pages_each=1, per_slab=None):
        """A cache of kernel objects."""
        self.caches.append((name, objects, size, pages_each, per_slab or max(1, pages_each * PAGE // size)))

    def klog(self, i, text, level=3):
        """The kernel logs a line in moment i."""
        lines = self.raw.setdefault("kmsg", [self.numbers["kmsg"] + "\n" if k == 0 else "" for k in range(self.moments)])
        lines[i] += "%d,%d,%d,-;%s\n" % (level, 200 + 10 * i + lines[i].count("\n"), self.clock(i)[1] // 1000 - 1000, text)

    def psi(self, **shares):
        """Shares of time in which some task waited; None: the kernel has no such file."""
        self.stalls.update(shares)

    def tasks(self, **levels):
        """running, blocked (of /proc/stat), tasks, load (of /proc/loadavg)."""
        self.levels.update(levels)

    def memory(self, **mib):
        self.mem.update(mib)

    def vmstat(self, **counters):
        self.vm.update(counters)

    def number(self, path, value):
        """A file that holds one line of numbers, below proc/sys/."""
        self.numbers["proc/sys/" + path] = value

    def hugepages(self, total, free, reserved=0):
        """The pool of huge pages of 2 MiB."""
        self.huge = (total, free, reserved)

    def neigh(self, entries, fulls=0):
        self.neighbours = (entries, fulls)

    def neigh6(self, entries, fulls=0):
        self.neighbours6 = (entries, fulls)

    def proc(self, pid, comm, **more):
        self.procs[pid] = Proc(self, pid, comm, **more)
        return self.procs[pid]

    def netns(self, name, inode):
        net = Net(self, name, inode)
        self.netspaces.append(net)
        return net

    def disk(self, name, dev=None, **rates):
        """Growth per second: reads, writes, read_bytes, write_bytes, read_ms, write_ms, busy (0..1), queue (mean requests); level: inflight."""
        d = self.disks.setdefault(name, dict(dev=dev, reads=2, writes=5, read_bytes=8192, write_bytes=40960, read_ms=2, write_ms=5, busy=0.005, queue=0.007, inflight=0))
        if dev:
            d["dev"] = dev
        d.update(rates)

    def volume(self, name, dev, title, below, uuid="LVM-", **rates):
        """A device of the device mapper that lies on others, with the numbers of a disk."""
        self.disk(name, dev, **rates)
        for disk in (name, *below):
            self.set("sys/block/%s/queue/rotational" % disk, "0\n")
        self.set("sys/block/%s/dm/name" % name, title + "\n")
        self.set("sys/block/%s/dm/uuid" % name, uuid + "\n")
        for disk in below:
            self.set("sys/block/%s/slaves/%s/.keep" % (name, disk), "")

    def mount(self, path, dev, size, available, free=None, inodes=6553600, inodes_free=6000000, kind="ext4", options="rw,relatime", source=None, super_options="rw"):
        self.mounts[path] = dict(dev=dev, size=size, available=available, free=free, inodes=inodes, inodes_free=inodes_free, kind=kind, options=options,
                                 source=source or "/dev/%d:%d" % dev, super_options=super_options)

    def group(self, path, procs=(), memory=None, pids=None, cpu=None, v1=False, io=None, pressure=None):
        """A control group. memory: limit, used, of it file (page cache), shmem and slab (that can go); kills, oom, hits. pids: limit, used, refused. cpu: quota, period (microseconds),
        periods, throttled (growth per second), lost (seconds per second). io: dev, limits (of rbps, wbps, riops, wiops) and what it did (growth per second of rbytes, wbytes,
        rios, wios). pressure: share of time in which some task waited for I/O."""
        self.groups.append((path, list(procs), memory, pids, cpu, v1, io, pressure))
        if v1:
            self.cgroup_v1 = True

    def book(self, kind, pid, name=None, pools=(), slots=(), numbers=None, status="ok", port=0, netns=None, source="-", when=None):
        """What a server says of itself (src/books/book.h). pools: (kind, name, dict); slots: (id, dict); numbers: dict. Each value, and pools, slots and
        numbers themselves, may be a level; `who` and `text` are texts. when(i): a book came at this moment."""
        def word(text):
            return "".join(chr(b) if 32 < b < 127 and b != 37 else "%%%02X" % b for b in raw(text)) or "-"

        def fields(values, i):
            return "".join(" %s=%s" % (k, word(at(v, i)) if k in ("who", "text", "peer", "state") else int(at(v, i))) for k, v in values.items() if at(v, i) is not None)

        def text(i):
            if when and not when(i):
                return None
            lines = ["server %s %s pid=%d netns=%d port=%d status=%s took=900 at=%d source=%s" % (
                kind, word(name or kind), pid, netns or HOST_NETNS, port, at(status, i), self.clock(i)[1], word(source))]
            lines += ["pool %s %s%s" % (k, word(n), fields(v, i)) for k, n, v in pools if at(v, i) is not None]
            now = slots(i) if callable(slots) else slots
            lines += ["slot %d%s" % (number, fields(v, i)) for number, v in now]
            lines += ["number %s %d" % (word(k), at(v, i)) for k, v in (numbers or {}).items() if at(v, i) is not None]
            return "\n".join(lines) + "\n"

        self.set("books/%s.%d" % (kind, pid), text)

    def server(self, pid, name, port, children=0, waiting=0, backlog=511, inode=8001, threads=1, drops=0, start=None, **more):
        """A server that listens, and its worker processes pid+1, pid+2 ..."""
        self.proc(pid, name, open=[Sock(inode)], switches=0, start=start, threads=1 if children else threads, **more)
        for k in range(children):
            self.proc(pid + 1 + k, name, ppid=pid, uid=33, threads=threads, start=start, switches=0, **more)
        self.listen(port, inode, waiting=waiting, backlog=backlog, drops=drops)

    def signal(self, i, number, sender, target, sender_comm, target_comm, uid=0):
        """A signal that was sent in moment i, as the probes tell it."""
        self.probes()
        self.sent.append((i, struct.pack("=6I16s16s", 2, number, sender, target, uid, 0, raw(sender_comm), raw(target_comm))))

    def clients(self, peer, port, n, kind, local="10.0.0.5", first=20000, ms=None):
        """n connections of a peer to a server's port. kind: reads (does not take its data), idle (answered, nothing asked), asked (waits for an answer),
        trickles (sends a request byte by byte), waits (is not accepted), takes (a large answer that it takes fast). ms: for how long at each look, else it goes back to before the first one."""
        for k in range(n):
            inode, recvq, sendq = 0 if kind == "waits" else 50000 + first + k, 0, 0
            old = (lambda i: ms) if ms is not None else lambda i: 20000 + i * 1000 * self.step
            tcp = dict(sent=0, received=80, sent_ms=old, received_ms=old)
            if kind == "reads":
                sendq = 90000
                tcp = dict(sent=lambda i: 40000 + 8 * i, received=80, sent_ms=200, received_ms=old, unsent=70000, window=0)
            elif kind == "takes":
                sendq = 90000
                tcp = dict(sent=lambda i: 40000 + 500000 * i, received=80, sent_ms=1, received_ms=old, unsent=70000)
            elif kind == "idle":
                tcp = dict(sent=3000, received=400, sent_ms=old, received_ms=lambda i: old(i) + 40)
            elif kind == "trickles":
                tcp = dict(sent=0, received=lambda i: 60 + 8 * i, sent_ms=old, received_ms=300)
            elif kind == "waits":
                recvq = 80
            self.connect(local, port, peer, first + k, inode=inode, recvq=recvq, sendq=sendq, tcp=tcp)

    def set(self, path, content):
        """A file as it is: text, bytes, None (not there), a list or a function of these."""
        self.raw[path] = content

    def change(self, path, fn):
        """Before writing, the file's bytes go through fn(bytes, moment); None takes the file away. Path "*": every file of the moment."""
        self.changes.append((path, fn))

    # -- rendering

    def _stat(self, i):
        order = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"]
        each = [[int(1000 + self.counter(self.cores.get(c, self.shares)[k], i, 0.0) * 100) for k in order] + [0, 0] for c in range(self.cpus)]
        lines = ["cpu  " + " ".join(str(sum(column)) for column in zip(*each))]
        lines += ["cpu%d " % c + " ".join(map(str, one)) for c, one in enumerate(each)]
        lines += ["intr %d 0 0 7" % self.counter(900, i), "ctxt %d" % self.counter(3000, i), "btime %d" % BOOT, "processes %d" % self.counter(3, i),
                  "procs_running %d" % at(self.levels["running"], i), "procs_blocked %d" % at(self.levels["blocked"], i), "softirq %d 0 1 2" % self.counter(500, i)]
        return "\n".join(lines) + "\n"

    def _meminfo(self, i):
        m = {k: int(at(v, i) * 1024) for k, v in self.mem.items() if at(v, i) is not None}
        rows = [("MemTotal", "total"), ("MemFree", "free"), ("MemAvailable", "available"), ("Buffers", "buffers"), ("Cached", "cached"), ("SwapTotal", "swap_total"),
                ("SwapFree", "swap_free"), ("Dirty", "dirty"), ("AnonPages", "anon"), ("Shmem", "shmem")]
        text = "".join("%-16s%8d kB\n" % (name + ":", m[key]) for name, key in rows if key in m)
        slab, committed = int(at(self.slab, i) * 1024), int(at(self.committed, i) * 1024)
        return text + "Slab:             %d kB\nSUnreclaim:       %d kB\nPageTables:        20000 kB\nCommitLimit:    12582912 kB\nCommitted_AS:    %d kB\n" \
            % (250000 + slab, slab, committed) + \
            "HugePages_Total:   %5d\nHugePages_Free:    %5d\nHugePages_Rsvd:    %5d\nHugePages_Surp:        0\nHugepagesize:       2048 kB\n" % tuple(at(n, i) for n in self.huge)

    def _diskstats(self, i):
        lines = []
        for name, d in self.disks.items():
            n = lambda key, scale=1, first=5000: int(self.counter(d[key] * scale if isinstance(d[key], (int, float)) else d[key], i, first))
            lines.append("%4d %7d %s %d 10 %d %d %d 20 %d %d %d %d %d 0 0 0 0 0 0\n" % (
                *d["dev"], name, n("reads"), n("read_bytes", 1 / 512), n("read_ms"), n("writes"), n("write_bytes", 1 / 512), n("write_ms"),
                at(d["inflight"], i), n("busy", 1000), n("queue", 1000)))
        return "".join(lines)

    def _neighbours(self, i, entries, fulls):
        return ("entries  allocs   destroys hash_grows lookups  hits     res_failed rcv_probes_mcast rcv_probes_ucast periodic_gc_runs forced_gc_runs unresolved_discards table_fulls\n"
                + "".join("%08x 00000010 00000004 00000000 00000100 00000080 00000000 00000000 00000000 00000099 00000000 00000000 %08x\n"
                          % (int(at(entries, i)), self.counter(fulls, i, 2) if c == 0 else 0) for c in range(self.cpus)))

    def _mounts(self, i):
        info, vfs, number = [], [], 30
        info.append(b"22 1 0:21 / /proc rw,nosuid - proc proc rw\n")
        for path, m in self.mounts.items():
            escaped = raw(path).replace(b"\\", b"\\134").replace(b" ", b"\\040").replace(b"\t", b"\\011").replace(b"\n", b"\\012")
            info.append(b"%d 1 %d:%d / %s %s shared:1 - %s %s %s\n" % (number, *m["dev"], escaped, raw(m["options"]), raw(m["kind"]), raw(m["source"]), raw(m["super_options"])))
            available = int(at(m["available"], i))
            free = available if m["free"] is None else int(at(m["free"], i))
            vfs.append(b"%d %d %d %d %d %s\n" % (m["size"], free, available, at(m["inodes"], i), at(m["inodes_free"], i), raw(path)))
            number += 1
        if self.cgroup_v1:
            for controllers, folder in (("memory", "memory"), ("cpu,cpuacct", "cpu"), ("pids", "pids"), ("blkio", "blkio")):
                info.append(b"%d 1 0:%d / /sys/fs/cgroup/%s rw - cgroup cgroup rw,%s\n" % (number, number, raw(folder), raw(controllers)))
                number += 1
        elif self.cgroup_v2:
            info.append(b"%d 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n" % number)
        return b"".join(info), b"".join(vfs)

    def _group(self, i, path, procs, memory, pids, cpu, v1, io, pressure):
        out = {}

        def put(controller, name, text):
            base = b"sys/fs/cgroup" + (b"/" + raw(controller) if v1 else b"")
            out[base + raw(path) + b"/" + raw(name)] = text

        members = "".join("%d\n" % p for p in procs if p in self.procs)
        for controller in (("memory", "cpu", "pids") + (("blkio",) if io else ()) if v1 else ("",)):
            put(controller, "cgroup.procs", members)
        if memory:
            m = dict(file=0, shmem=0, slab=0, kills=0, oom=0, hits=0)
            m.update(memory)
            used, cache = int(at(m["used"], i)), int(at(m["file"], i))
            kills, hits, oom = self.counter(m["kills"], i, 0), self.counter(m["hits"], i, 0), self.counter(m["oom"], i, 0)
            if v1:
                put("memory", "memory.limit_in_bytes", "%d\n" % m["limit"])
                put("memory", "memory.usage_in_bytes", "%d\n" % used)
                shmem, slab = int(at(m["shmem"], i)), int(at(m["slab"], i))
                rss = used - cache - shmem - slab
                put("memory", "memory.stat", "cache %d\nrss %d\nactive_file %d\ninactive_file %d\ntotal_cache %d\ntotal_rss %d\ntotal_shmem %d\ntotal_active_file %d\n"
                    "total_inactive_file %d\ntotal_swap 0\n" % (cache + shmem, rss, cache // 2, cache - cache // 2, cache + shmem, rss, shmem, cache // 2, cache - cache // 2))
                put("memory", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill %d\n" % kills)
                put("memory", "memory.failcnt", "%d\n" % hits)
            else:
                put("", "memory.max", "%s\n" % m["limit"])
                put("", "memory.current", "%d\n" % used)
                shmem, slab = int(at(m["shmem"], i)), int(at(m["slab"], i))
                anon = used - cache - shmem - slab
                put("", "memory.stat", "anon %d\nfile %d\nshmem %d\ninactive_anon %d\nactive_anon 0\ninactive_file %d\nactive_file %d\nslab_reclaimable %d\nslab_unreclaimable 0\n"
                    % (anon, cache + shmem, shmem, anon + shmem, cache - cache // 2, cache // 2, slab))
                put("", "memory.events", "low 0\nhigh 0\nmax %d\noom %d\noom_kill %d\noom_group_kill 0\n" % (hits, oom, kills))
        if io:
            n = {k: self.counter(io.get(k, 0), i, 4096) for k in ("rbytes", "wbytes", "rios", "wios")}
            dev = "%d:%d" % io["dev"]
            if v1:
                for key, name in (("rbps", "read_bps"), ("wbps", "write_bps"), ("riops", "read_iops"), ("wiops", "write_iops")):
                    put("blkio", "blkio.throttle.%s_device" % name, "%s %d\n" % (dev, io[key]) if key in io else "")
                for name, r, w in (("io_service_bytes", "rbytes", "wbytes"), ("io_serviced", "rios", "wios")):
                    put("blkio", "blkio.throttle." + name, "%s Read %d\n%s Write %d\n%s Sync %d\n%s Async 0\n%s Discard 0\n%s Total %d\nTotal %d\n"
                        % (dev, n[r], dev, n[w], dev, n[r] + n[w], dev, dev, dev, n[r] + n[w], n[r] + n[w]))
            else:
                put("", "io.max", dev + "".join(" %s=%s" % (k, io.get(k, "max")) for k in ("rbps", "wbps", "riops", "wiops")) + "\n")
                put("", "io.stat", "253:7 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n%s rbytes=%d wbytes=%d rios=%d wios=%d dbytes=0 dios=0\n"
                    % (dev, n["rbytes"], n["wbytes"], n["rios"], n["wios"]))
        if pressure is not None:
            put("", "io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=%d\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n" % self.counter(pressure * 1e6, i, 1000))
        if pids:
            put("pids", "pids.max", "%s\n" % pids["limit"])
            put("pids", "pids.current", "%d\n" % at(pids["used"], i))
            put("pids", "pids.events", "max %d\n" % self.counter(pids.get("refused", 0), i, 0))
        if cpu:
            periods, throttled, lost = self.counter(cpu["periods"], i, 100), self.counter(cpu["throttled"], i, 10), self.counter(float(cpu.get("lost", 0)), i, 0.1)
            if v1:
                put("cpu", "cpu.cfs_quota_us", "%d\n" % cpu["quota"])
                put("cpu", "cpu.cfs_period_us", "%d\n" % cpu["period"])
                put("cpu", "cpu.stat", "nr_periods %d\nnr_throttled %d\nthrottled_time %d\n" % (periods, throttled, lost * 1e9))
            else:
                put("", "cpu.max", "%s %d\n" % (cpu["quota"], cpu["period"]))
                put("", "cpu.stat", "usage_usec %d\nuser_usec 0\nsystem_usec 0\nnr_periods %d\nnr_throttled %d\nthrottled_usec %d\n"
                    % (self.counter(0.4, i, 1.0) * 1e6, periods, throttled, lost * 1e6))
        return out

    def files(self, i):
        """Everything in moment i: path -> bytes."""
        out = {"clock": "%d %d\n" % self.clock(i), "netns.inode": "%d\n" % HOST_NETNS, "proc/stat": self._stat(i), "proc/meminfo": self._meminfo(i),
               "proc/diskstats": self._diskstats(i)}
        load = at(self.levels["load"], i)
        out["proc/loadavg"] = "%d.%02d 0.10 0.05 %d/%d 12345\n" % (load // 100, load % 100, at(self.levels["running"], i), at(self.levels["tasks"], i))
        for name, share in self.stalls.items():
            if share is not None:
                total = int(self.counter(share * 1e6 if isinstance(share, (int, float)) else share, i, 777777))
                some = "some avg10=0.00 avg60=0.00 avg300=0.00 total=%d\n" % total
                full = "full avg10=0.00 avg60=0.00 avg300=0.00 total=%d\n" % (total // 2)
                out["proc/pressure/" + name] = full if name == "irq" else some + full
        out["proc/vmstat"] = "nr_free_pages 1500000\n" + "".join("%s %d\n" % (k, self.counter(v, i, 50)) for k, v in self.vm.items() if v is not None)
        out["proc/slabinfo"] = ("slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>\n"
                                "dentry             90000  92000    192   21    1 : tunables    0    0    0 : slabdata   4380   4380      0\n"
                                + "".join("%s %d %d %d %d %d : tunables 0 0 0 : slabdata %d %d 0\n" % (
                                    name, at(n, i), at(n, i), size, per, pages, at(n, i) // per, at(n, i) // per) for name, n, size, pages, per in self.caches))
        for path, value in self.numbers.items():
            if at(value, i) is not None:
                out[path] = "%s\n" % at(value, i)
        out["proc/net/softnet_stat"] = "".join("%08x 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 %08x\n"
                                               % (self.counter(50, i), c) for c in range(self.cpus))
        for name, table in (("arp_cache", self.neighbours), ("ndisc_cache", self.neighbours6)):
            if table:
                out["proc/net/stat/" + name] = self._neighbours(i, *table)
        info, out["mounts.statvfs"] = self._mounts(i)
        out["proc/self/mountinfo"] = info
        out.update(self.host.files(i))
        for net in self.netspaces:
            folder = "netns/%s/" % (net.name or net.inode)
            out[folder + "inode"] = "%d\n" % net.inode
            out.update({folder + k: v for k, v in net.files(i).items()})
        if self.cgroup_v2 and not self.cgroup_v1:
            out["sys/fs/cgroup/cgroup.procs"] = ""
        for group in self.groups:
            out.update(self._group(i, *group))
        for p in self.procs.values():
            if p.born <= i and (p.gone is None or i < p.gone):
                out.update(p.files(i))
        if self.endings is not None:
            out["probes/events"] = b"".join(event(e, n) for e in self.endings if (i > 0 if e["when"] is None else e["when"](i)) for n in range(int(at(e["each"], i))))
            out["probes/events"] += b"".join(body for k, body in self.sent if k == i)
        if self.flows is not None:
            out["probes/flows"] = b"".join(flow_bytes(f, i) for f in self.flows)
        if self.held_files is not None:
            out["files_held"] = b"".join(b"%d %d %d %d %d %d %d %d 1 %d %s\n" % (
                devno(dev), inode, pid, fd, at(size, i), at(taken, i), at(growth, i), int(since * 1e9), deleted, raw(path))
                for path, dev, inode, pid, fd, size, taken, growth, since, deleted in self.held_files)
        for path, content in self.raw.items():
            out[path] = at(content, i)
        result = {raw(k): raw(v) for k, v in out.items() if v is not None}
        for path, fn in self.changes:
            for name in list(result) if path == "*" else [raw(path)]:
                if name in result:
                    result[name] = fn(result[name], i)
                    if result[name] is None:
                        del result[name]
        return result

    def write(self, folder):
        """Writes all moments below `folder`. Moments that hold the same bytes share them by a hard link."""
        known, folders = {}, set()
        for i in range(self.moments):
            base = os.path.join(raw(folder), b"%d" % i)
            for name, content in self.files(i).items():
                path = os.path.join(base, name)
                parent = os.path.dirname(path)
                if parent not in folders:
                    os.makedirs(parent, exist_ok=True)
                    folders.add(parent)
                if known.get(name, (None, None))[0] == content:
                    os.link(known[name][1], path)
                    continue
                known[name] = (content, path)
                fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
                try:
                    os.write(fd, content) if len(content) < 65536 else _write_all(fd, content)
                finally:
                    os.close(fd)


def _write_all(fd, content):
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view):]
