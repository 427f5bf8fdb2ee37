# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Several troubles at once: what follows from one cause is one finding, what does not is another; and foreign text that must not do harm."""

from expect import Expect, commands, finding, unquoted
from tree import GIB, MIB, File, Sock

MB = 1000000


# ---- one cause, one finding -----------------------------------------------------------------------------------------

def listener(t, port=8080, inode=8001, net=None, **more):
    (net or t).listen(port, inode, waiting=129, backlog=128, drops=20, **more)
    (net or t).tcpext(ListenOverflows=20, ListenDrops=20)


def case_descriptors_and_their_listener(t):
    """accept() fails with EMFILE: the queue is full because of it."""
    t.proc(600, "app", fds=1024, cpu=0.1, open=[Sock(8001)])
    listener(t)
    return finding("fds:app", "exhausted", culprit=("process", "app", 600), effects=["tcp.listen:8080"])


def case_reset_and_sent_again(t):
    """A firewall cuts connections whose other end is here too: what that end sends again is no loss of its own."""
    far = t.netns("broker", 4026532201)
    t.proc(700, "orderd", cpu=0.1, open=[Sock(9100)])
    t.connect("10.0.0.5", 5001, "10.0.0.1", 8140, inode=9100, info=dict(out=3000, in_=9000))
    t.flow(8140, peer="10.0.0.1", pid=700, outgoing=True, opened=5, closed=5, resets_in=4)
    t.counters(estab_resets=4)
    t.proc(600, "brokerd", cpu=0.1, netns=4026532201, open=[Sock(8001), Sock(8100)])
    far.listen(8140, 8001)
    far.connect("10.0.0.1", 8140, "10.0.0.5", 5000, inode=8100, sendq=1448, info=dict(out=300000, retrans=40, rtt=0.02, min_rtt=0.019))
    far.counters(retrans=40, out_segs=900)
    far.tcpext(TCPTimeouts=5)
    return finding("net.rst:8140", "wrong", "warning", culprit=("destination", "10.0.0.1:8140"), effects=["net.loss:10.0.0.5"])


def case_slow_reader_of_two_ends(t):
    """Both ends of the connections are on this machine, in two namespaces: the serving side speaks, once."""
    web, client = t.netns("web", 4026532201), t.netns("client", 4026532202)
    t.proc(600, "filed", cpu=0.01, netns=4026532201, open=[Sock(8001)] + [Sock(8100 + k) for k in range(4)])
    t.proc(700, "mirror", cpu=0.0, netns=4026532202, open=[Sock(9100 + k) for k in range(4)])
    for k in range(4):
        web.connect("10.0.0.1", 8110, "10.0.0.9", 40000 + k, inode=8100 + k, sendq=2500000, info=dict(out=0, closed=True))
        client.connect("10.0.0.9", 40000 + k, "10.0.0.1", 8110, inode=9100 + k, recvq=600000, info=dict(in_=0))
    listener(t, 8110, 8001, net=web)
    return finding("tcp.sendq:8110", "saturated", culprit=("peer", "10.0.0.9", 700), netns="web", effects=["tcp.listen:8110"])


def case_full_accept_queue_and_its_clients(t):
    """What clients send to connections that were never accepted is sent again: that is no loss."""
    web, client = t.netns("web", 4026532201), t.netns("client", 4026532202)
    t.proc(600, "app", cpu=0.01, netns=4026532201, open=[Sock(8001)])
    listener(t, 8080, 8001, net=web)
    for k in range(40):
        client.connect("10.0.0.9", 40000 + k, "10.0.0.1", 8080, inode=9100 + k, sendq=80, info=dict(out=0, retrans=1, in_=0))
        web.connect("10.0.0.1", 8080, "10.0.0.9", 40000 + k, state="syn-recv", info=dict(out=0))
    client.counters(retrans=40, out_segs=60)
    client.tcpext(TCPTimeouts=40)
    return finding("tcp.listen:8080", "exhausted", culprit=("process", "app", 600), netns="web", effects=["net.loss:10.0.0.1"])


def case_disk_and_a_starved_listener(t):
    for name in ("sda", "sda1"):
        t.disk(name, reads=150, writes=30, read_bytes=60 * MB, write_bytes=1 * MB, read_ms=9000, write_ms=2500, busy=0.99, queue=12.0, inflight=12)
    t.psi(io=0.8)
    t.tasks(blocked=3)
    t.proc(700, "rsync", state="D", cpu=0.1, io=dict(read=60 * MB, calls=200), open=[File("/srv/a.img", inode=70)])
    t.proc(500, "mysqld", state="D", cpu=0.05, io=dict(read=20000, write=90000, calls=30), open=[Sock(5001), File("/var/lib/mysql/ibdata1", inode=50, writable=True)])
    listener(t, 3306, 5001)
    return finding("disk.io:sda", "saturated", culprit=("process", "rsync", 700), effects=["tcp.listen:3306"], victims=["mysqld"])


def case_processors_and_a_starved_listener(t):
    t.cpu(user=0.995, idle=0.005)
    t.psi(cpu=0.9)
    t.proc(900, "burner", cpu=3.6, delay=0.5)
    t.proc(500, "httpd", cpu=0.2, delay=0.6, open=[Sock(8001)])
    listener(t, 80)
    return finding("cpu", "saturated", culprit=("process", "burner", 900), effects=["tcp.listen:80"], victims=["httpd"])


def case_processors_and_busy_workers(t):
    """All workers are busy because none of them gets a processor."""
    t.cpu(user=0.995, idle=0.005)
    t.psi(cpu=0.9)
    t.proc(900, "burner", cpu=3.6, delay=0.5)
    t.server(700, "apache2", 80, children=8, waiting=9)
    for k in range(8):
        t.procs[701 + k].cpu, t.procs[701 + k].delay, t.procs[701 + k].switches = 0.03, 0.5, 50
    t.clients("10.77.0.2", 80, 9, "waits", first=40000)
    for k in range(8):
        t.clients("10.9.%d.7" % k, 80, 1, "asked", first=20000 + 10 * k)
    t.book("apache", 700, "apache2", port=80, pools=[("workers", "", dict(used=8, idle=0, limit=8, working=8))])
    return finding("cpu", "saturated", culprit=("process", "burner", 900), effects=["workers:apache2"], victims=["apache2"])


def case_steal_and_processors(t):
    """Nobody on this machine is to blame."""
    t.cpu(user=0.57, steal=0.42, idle=0.01)
    t.proc(900, "app", cpu=1.6, delay=0.9)
    t.proc(500, "httpd", cpu=0.2, delay=0.6)
    return finding("cpu.steal", "saturated", culprit=("hardware", "hypervisor"), effects=["cpu"])


def case_quota_and_its_listener(t):
    t.proc(600, "nginx", cpu=0.5, delay=0.05, open=[Sock(8001)])
    t.group("/system.slice/web.service", procs=[600], cpu=dict(quota=50000, period=100000, periods=10, throttled=9, lost=0.8))
    listener(t, 80)
    return finding("cgroup.cpu:/system.slice/web.service", "saturated", culprit=("process", "nginx", 600), effects=["tcp.listen:80"])


def case_ports_and_timewait(t):
    t.port_range(32768, 33767)
    t.sysctl("ipv4/tcp_max_tw_buckets", 970)
    t.sockstat(tw=970)
    t.tcpext(TCPTimeWaitOverflow=30)
    t.proc(600, "php-fpm", cpu=0.6, open=[Sock(9000)])
    for k in range(975):
        t.connect("10.0.0.5", 32768 + k, "10.0.0.9", 3306, state="time-wait" if k else "established", inode=0 if k else 9000)
    return finding("tcp.ports:10.0.0.9:3306", "exhausted", culprit=("process", "php-fpm", 600), effects=["tcp.timewait"])


def case_one_thread_and_its_listener(t):
    """A server that can use one processor only: its queue overflows because of it."""
    t.cpu(user=0.26, idle=0.74)
    t.proc(600, "renderd", cpu=0.99, delay=0.01, open=[Sock(8001)])
    listener(t)
    return finding("cpu.thread:renderd", "saturated", culprit=("process", "renderd", 600), effects=["tcp.listen:8080"])


def case_zombies_and_process_numbers(t):
    """The numbers are used up by what nobody collects."""
    t.number("kernel/pid_max", 1000)
    t.tasks(tasks=t.line(900, 990))
    t.proc(600, "spooler", cpu=0.1)
    for k in range(80):
        t.proc(5000 + k, "helper", ppid=600, state="Z", switches=0, rss=0, born=max(0, k // 8 - 4))
    return finding("zombies:spooler", "wrong", "warning", culprit=("process", "spooler", 600), effects=["pids"])


def case_errors_and_readonly(t):
    """The disk failed, and its filesystem gave up."""
    t.klog(2, "I/O error, dev sda1, sector 81920 op 0x1:(WRITE) flags 0x80700 phys_seg 1 prio class 2")
    t.klog(2, "EXT4-fs (sda1): Remounting filesystem read-only", level=2)
    return finding("disk.errors:sda1", "wrong", culprit=("device", "sda1"), effects=["filesystem.readonly:/"])


def case_hung_disk_and_who_hangs(t):
    """Everything that hangs with the disk is one finding."""
    for name in ("sda", "sda1"):
        t.disk(name, reads=0, writes=0, read_bytes=0, write_bytes=0, read_ms=0, write_ms=0, busy=1.0, queue=2, inflight=2)
    t.psi(io=1.0)
    t.tasks(blocked=1)
    t.proc(600, "tar", state="D", switches=0, wchan="folio_wait_bit_common", io=dict(), open=[File("/srv/a", inode=70)])
    return finding("disk.stall:sda", "stalled", culprit=("device", "sda"), victims=["tar"])


def case_flooded_log_and_its_disk(t):
    """When the disk is filling, the log is no finding of its own."""
    log = "/var/log/orderd/error.log"
    t.mount("/var", (8, 2), size=20 * GIB, available=t.line(5 * GIB, 4.5 * GIB))
    t.tasks(blocked=1)
    t.proc(600, "orderd", cpu=0.3, io=dict(wchar=270 * 400000, write=100 * MIB, calls=400000), open=[File(log, dev=(8, 2), inode=77, size=t.line(2 * GIB, 2.5 * GIB), writable=True)])
    t.held(log, dev=(8, 2), pid=600, inode=77, size=2 * GIB, growth=1000 * MIB)
    return finding("filesystem.space:/var", "filling", culprit=("process", "orderd", 600))


def case_space_and_inodes(t):
    """An xfs that is full has no inodes either."""
    t.mount("/var", (8, 2), size=20 * GIB, available=0, inodes=1000, inodes_free=0, kind="ext4")
    t.proc(600, "app", cpu=0.1, io=dict(calls=300), open=[File("/var/log/a.log", dev=(8, 2), inode=5, size=15 * GIB, writable=True)])
    return finding("filesystem.space:/var", "exhausted", culprit=("process", "app", 600), effects=["filesystem.inodes:/var"])


def group_kill(t, v1):
    t.proc(600, "app", rss=950, cpu=0.2)
    t.group("/system.slice/app.service", procs=[600], memory=dict(limit=GIB, used=1000 * MIB, kills=[3, 3, 4, 4, 4, 4], oom=[3, 3, 4, 4, 4, 4], hits=20), v1=v1)
    t.vmstat(oom_kill=[9, 9, 10, 10, 10, 10])
    t.memory(free=200, available=2000)
    return finding("cgroup.memory:/system.slice/app.service", "exhausted", culprit=("process", "app", 600), refused=1)


def case_group_kill_is_not_the_hosts(t):
    return group_kill(t, False)


def case_group_kill_is_not_the_hosts_v1(t):
    return group_kill(t, True)


def case_group_kill_with_stalls(t):
    """The group's own reclaim shows in the host's stall counters: still the group's trouble alone."""
    want = group_kill(t, False)
    t.vmstat(allocstall_normal=30, pgscan_direct=900)
    t.psi(memory=0.15)
    return want


# ---- chains, order, ties --------------------------------------------------------------------------------------------

def case_steal_processors_and_a_starved_listener(t):
    """A chain: the hypervisor takes the processors, the server waits for one, its queue is full."""
    t.cpu(user=0.57, steal=0.42, idle=0.01)
    t.proc(900, "app", cpu=1.6, delay=0.9)
    t.proc(500, "httpd", cpu=0.2, delay=0.6, open=[Sock(8001)])
    listener(t, 80)
    return finding("cpu.steal", "saturated", culprit=("hardware", "hypervisor"), effects=["cpu", "tcp.listen:80"], victims=["httpd"])


def starved_parent(t, worker):
    t.cpu(user=0.995, idle=0.005)
    t.psi(cpu=0.9)
    t.proc(900, "burner", cpu=3.6, delay=0.5)
    t.proc(500, "httpd", cpu=0.0, open=[Sock(8001)])
    t.proc(501, worker, ppid=500, cpu=0.2, delay=0.6)
    listener(t, 80)


def case_starved_worker_of_a_listener(t):
    """The parent has the socket, its worker waits for a CPU: one server."""
    starved_parent(t, "httpd")
    return finding("cpu", "saturated", culprit=("process", "burner", 900), effects=["tcp.listen:80"], victims=["httpd"])


def case_descriptors_of_a_worker(t):
    """The worker cannot accept; the parent has the socket."""
    t.proc(500, "nginx", cpu=0.0, open=[Sock(8001)])
    t.proc(501, "nginx", ppid=500, fds=1024, cpu=0.1)
    listener(t, 80)
    return finding("fds:nginx", "exhausted", culprit=("process", "nginx", 501), effects=["tcp.listen:80"])


def case_descriptors_of_a_child_of_another_name(t):
    """What a server starts is not the server."""
    t.proc(500, "httpd", cpu=0.0, open=[Sock(8001)])
    t.proc(501, "convert", ppid=500, fds=1024, cpu=0.1)
    listener(t, 80)
    return [finding("fds:convert", "exhausted", culprit=("process", "convert", 501)), finding("tcp.listen:80", "exhausted", culprit=("process", "httpd", 500))]


def case_descriptors_after_the_queue(t):
    """The queue was full four seconds before there was no descriptor left: not because of it."""
    t.moments = 8
    t.proc(600, "app", fds=[700, 700, 700, 700, 700, 900, 1024, 1024], cpu=0.1, open=[Sock(8001)])
    listener(t)
    return [finding("fds:app", "exhausted", culprit=("process", "app", 600)), finding("tcp.listen:8080", "exhausted", culprit=("process", "app", 600))]


def case_descriptors_before_the_queue(t):
    t.moments = 8
    t.proc(600, "app", fds=1024, cpu=0.1, open=[Sock(8001)])
    t.listen(8080, 8001, waiting=[0, 0, 0, 0, 60, 129, 129, 129], backlog=128, drops=[0, 0, 0, 0, 0, 10, 30, 50])
    t.tcpext(ListenOverflows=[0, 0, 0, 0, 0, 10, 30, 50], ListenDrops=[0, 0, 0, 0, 0, 10, 30, 50])
    return finding("fds:app", "exhausted", culprit=("process", "app", 600), effects=["tcp.listen:8080"])


def case_descriptors_to_come(t):
    """They are not used up yet, so they fill no queue; what they come to is a finding of its own."""
    t.proc(600, "app", fds=lambda i: 800 + 30 * i, cpu=0.1, open=[Sock(8001)])
    listener(t)
    return [finding("fds:app", "filling", culprit=("process", "app", 600), eta=(2, 4)), finding("tcp.listen:8080", "exhausted", culprit=("process", "app", 600))]


def alternative(resource):
    def check(run):
        told = [e for e in run.doc["findings"][0]["evidence"] if e["alternative"]]
        return None if [e["alternative"] for e in told] == [resource] and told[0]["confirm"] else "no alternative %s: %s" % (resource, told)
    return check


def swap_and_disk(t):
    t.memory(available=1700, swap_free=900, anon=15000)
    t.psi(memory=0.45, io=0.8)
    t.vmstat(pswpin=500, pswpout=1000, pgmajfault=400)
    t.proc(600, "worker", rss=9000)
    for name in ("sda", "sda1"):
        t.disk(name, reads=150, writes=30, read_bytes=60 * MB, write_bytes=1 * MB, read_ms=9000, write_ms=2500, busy=0.99, queue=12.0, inflight=12)
    t.tasks(blocked=3)
    t.proc(700, "rsync", state="D", cpu=0.1, io=dict(read=60 * MB, calls=200), open=[File("/srv/a.img", inode=70)])
    t.proc(500, "mysqld", state="D", cpu=0.05, io=dict(read=20000, write=90000, calls=30), open=[Sock(5001), File("/var/lib/mysql/ibdata1", inode=50, writable=True)])


def case_swap_and_disk(t):
    """Moving pages fill the disk, or the disk makes moving pages slow: that is said, once."""
    swap_and_disk(t)
    return Expect(finding("swap", "saturated", culprit=("process", "worker", 600), effects=["disk.io:sda"], victims=["mysqld"]), checks=[alternative("disk.io:sda")], text=True)


def case_swap_disk_and_a_starved_listener(t):
    """Either way the queue is theirs."""
    swap_and_disk(t)
    listener(t, 3306, 5001)
    return Expect(finding("swap", "saturated", culprit=("process", "worker", 600), effects=["disk.io:sda", "tcp.listen:3306"]), checks=[alternative("disk.io:sda")])


def case_no_tie_without_two(t):
    return_to = case_disk_and_a_starved_listener(t)

    def none(run):
        return "an alternative to nothing" if any(e["alternative"] for f in run.doc["findings"] for e in f["evidence"]) else None
    return Expect(return_to, checks=[none])


# ---- two causes, two findings ---------------------------------------------------------------------------------------

def case_two_unrelated(t):
    t.mount("/var", (8, 2), size=20 * GIB, available=0)
    t.proc(600, "app", cpu=0.1, io=dict(calls=300), open=[File("/var/log/a.log", dev=(8, 2), inode=5, size=15 * GIB, writable=True)])
    t.conntrack(65536, 65536, drop=40)
    t.track("10.9.9.9", "10.0.0.5", 443, n=300)
    return [finding("filesystem.space:/var", "exhausted", culprit=("process", "app", 600)), finding("conntrack", "exhausted", culprit=("peer", "10.9.9.9"))]


def failing(t, what, url):
    """70 of 100 requests to Apache fail."""
    t.server(900, "apache2", 80, inode=9001)
    numbers = {"log.lines": 100, "log.answers/-": 100, f"{what}/-": 70, f"{what}.of/-": 100, f"{what}.ms/-": 9000, f"{what}.age.s/-": 1, f"{what}.before/-": 0,
               f"{what}.before.of/-": 200}
    t.book("apache", 900, "apache2", port=80, numbers=numbers, slots=[(1000040, dict(state="logging", bytes=70, who="failed/-", text=url))], when=lambda i: i % 2 == 0)


def case_slow_disk_and_lost_pages(t):
    """Pages that are gone are not gone for a slow disk; what comes too late is."""
    case_disk_and_a_starved_listener(t)
    failing(t, "log.lost", "404 /catalogue")
    return [finding("disk.io:sda", "saturated", effects=["tcp.listen:3306"]), finding("errors:apache2", "wrong", "critical")]


def case_slow_disk_and_late_pages(t):
    case_disk_and_a_starved_listener(t)
    failing(t, "log.failed", "503 /catalogue")
    return finding("disk.io:sda", "saturated", effects=["errors:apache2", "tcp.listen:3306"])


def case_descriptors_and_another_listener(t):
    """The full queue is another process's."""
    t.proc(600, "app", fds=1024, cpu=0.1, open=[Sock(8000)])
    t.proc(700, "gunicorn", cpu=0.1, open=[Sock(8001)])
    listener(t)
    return [finding("fds:app", "exhausted", culprit=("process", "app", 600)), finding("tcp.listen:8080", "exhausted", culprit=("process", "gunicorn", 700))]


def case_nproc_and_another_users_listener(t):
    """One user cannot fork; the full queue is a server's of another user."""
    for k in range(3):
        t.proc(600 + k, "worker", uid=1001, threads=33, nproc_limit=99)
    t.proc(700, "gunicorn", uid=33, cpu=0.1, open=[Sock(8001)])
    listener(t)
    return [finding("nproc:1001", "exhausted", culprit=("process", "worker")), finding("tcp.listen:8080", "exhausted", culprit=("process", "gunicorn", 700))]


def case_small_group_and_a_full_machine(t):
    """A kill in a group of 64 MiB does not explain that the machine's 16 GiB are used up by somebody outside of it."""
    t.memory(free=80, available=300, cached=150, anon=15000)
    t.psi(memory=0.40)
    t.vmstat(allocstall_normal=60, oom_kill=[0, 0, 1, 1, 1, 1])
    t.proc(600, "leaky", rss=14000)
    t.proc(610, "cron-job", rss=60)
    t.group("/system.slice/job.service", procs=[610], memory=dict(limit=64 * MIB, used=63 * MIB, kills=[0, 0, 1, 1, 1, 1], oom=[0, 0, 1, 1, 1, 1], hits=5))
    return [finding("memory", "saturated", culprit=("process", "leaky", 600)), finding("cgroup.memory:/system.slice/job.service", "exhausted", culprit=("process", "cron-job", 610))]


def case_two_listeners(t):
    """Two queues overflow: two findings; the third socket dropped a packet that was no SYN, and nothing ever waited in it."""
    t.proc(600, "gunicorn", cpu=0.1, open=[Sock(8001)])
    t.proc(700, "java", cpu=0.1, open=[Sock(8002)])
    t.proc(800, "sshd", cpu=0.1, open=[Sock(8003)])
    listener(t, 8080, 8001)
    listener(t, 9090, 8002)
    t.listen(2222, 8003, waiting=0, backlog=128, drops=[0, 0, 1, 1, 1, 1])
    t.tcpext(ListenOverflows=40, ListenDrops=[100, 140, 181, 221, 261, 301])
    return [finding("tcp.listen:8080", "exhausted", culprit=("process", "gunicorn", 600)), finding("tcp.listen:9090", "exhausted", culprit=("process", "java", 700))]


# ---- other network namespaces ---------------------------------------------------------------------------------------

def inside(name):
    def check(run):
        wrong = [c for c in commands(run.doc) if ("conntrack" in c or c.split()[0] in ("ss", "nstat")) and "max=" not in c and not c.startswith("ip netns exec %s " % name)]
        return "commands outside of the namespace: %s" % wrong if wrong else None
    return check


def case_namespace(t):
    """Nobody is in the namespace but connections."""
    net = t.netns("srv1", 4026532201)
    net.conntrack(65536, 65536, drop=40)
    net.track("10.9.9.9", "10.0.0.5", 443, n=300)
    t.conntrack(3000, 65536)
    return Expect(finding("conntrack", "exhausted", culprit=("peer", "10.9.9.9"), netns="srv1"), checks=[inside("srv1")])


def case_namespace_with_a_process(t):
    """A process lives in it: it still bears its name."""
    net = t.netns("srv1", 4026532201)
    t.proc(600, "gunicorn", cpu=0.1, netns=4026532201, open=[Sock(8001)])
    listener(t, net=net)
    return Expect(finding("tcp.listen:8080", "exhausted", culprit=("process", "gunicorn", 600), netns="srv1"), checks=[inside("srv1")])


def case_namespace_without_a_name(t):
    """A container's namespace has no name in /run/netns: its inode stands for it, and commands go in through a process."""
    net = t.netns("", 4026532777)
    net.name = "4026532777"
    t.proc(600, "gunicorn", cpu=0.1, netns=4026532777, open=[Sock(8001)])
    listener(t, net=net)

    def enters(run):
        return None if any(c.startswith("nsenter -t 600 -n ss ") for c in commands(run.doc)) else "no command enters the namespace: %s" % list(commands(run.doc))

    return Expect(finding("tcp.listen:8080", "exhausted", culprit=("process", "gunicorn", 600), netns="4026532777"), checks=[enters])


def case_same_port_in_two_namespaces(t):
    """Two troubles with two ids."""
    t.proc(600, "gunicorn", cpu=0.1, open=[Sock(8001)])
    listener(t)
    net = t.netns("srv1", 4026532201)
    t.proc(700, "java", cpu=0.1, netns=4026532201, open=[Sock(8002)])
    listener(t, 8080, 8002, net=net)
    return [finding("tcp.listen:8080", "exhausted", culprit=("process", "gunicorn", 600), netns=None), finding("tcp.listen:8080", "exhausted", culprit=("process", "java", 700), netns="srv1")]


# ---- foreign text ---------------------------------------------------------------------------------------------------

PAYLOADS = ("$(reboot)", "`reboot`", "; rm", "|| rm", "\x1b", "\u202e")


def quoted(run):
    """No command would run a name."""
    wrong = [c for c in commands(run.doc) if any(p in unquoted(c) for p in PAYLOADS)]
    return "a name is not quoted: %s" % wrong if wrong else None


def case_hostile_processes(t):
    """A process may call itself what it likes, in 15 bytes."""
    names = [b"\x1b]0;owned\x07", b"a'b\"c$(id)`x`", b"line\nbreak\ttab", b"bad\xff\xfe\xc3", "\u202egnp.exe".encode(), b"pipe | 0;;1;0", b") R 1 (", b"\x9b31m\xc2\x9b31m"]
    shown = ["\x1b]0;owned\x07", "a'b\"c$(id)`x`", "line\nbreak\ttab", "bad\\xff\\xfe\\xc3", "\u202egnp.exe", "pipe | 0;;1;0", ") R 1 (", "\\x9b31m\x9b31m"]
    for k, name in enumerate(names):
        t.proc(600 + k, name, fds=1024, cpu=0.1, open=[Sock(8000 + k)])
    return Expect(*[finding("fds:" + s, "exhausted", culprit=("process", s, 600 + k)) for k, s in enumerate(shown)], checks=[quoted], text=True)


def full(t, path, file=None, k=0):
    t.mount(path, (8, 30 + k), size=20 * GIB, available=0)
    if file:
        t.proc(600 + k, "app", cpu=0.1, io=dict(calls=300), open=[File(file, dev=(8, 30 + k), inode=5, size=15 * GIB, writable=True)])


def case_hostile_mounts(t):
    paths = [b"/mnt/$(reboot)", b"/mnt/it's; rm -rf ~", b"/mnt/a b`reboot`", "/mnt/\u202egpj.exe".encode(), b"/mnt/\x1b[2J", b"/mnt/\xff\xfe", b"/mnt/-- || rm"]
    shown = ["/mnt/$(reboot)", "/mnt/it's; rm -rf ~", "/mnt/a b`reboot`", "/mnt/\u202egpj.exe", "/mnt/\x1b[2J", "/mnt/\\xff\\xfe", "/mnt/-- || rm"]
    for k, path in enumerate(paths):
        full(t, path, k=k, file=path + b"/$(reboot)'s `reboot`.log")
    return Expect(*[finding("filesystem.space:" + s, "exhausted", culprit=("process", "app", 600 + k)) for k, s in enumerate(shown)], checks=[quoted], text=True)


def case_hostile_long_mount(t):
    """Escaped, the path is longer than a line of output; it must not be cut in the middle of a character."""
    path = b"/m" + b"\x1b" * 100 + "\u00e9".encode() * 320
    full(t, path, file=path + b"/a.log")
    path = b"/n" + b"\x1b" * 100 + b"y" + "\u00e9".encode() * 320
    full(t, path, file=path + b"/b.log", k=1)
    return Expect(finding("filesystem.space:/m" + "\x1b" * 100 + "\u00e9" * 320, "exhausted"), finding("filesystem.space:/n" + "\x1b" * 100 + "y" + "\u00e9" * 320, "exhausted"), checks=[quoted], text=True)


def case_hostile_cgroup(t):
    path = "/user.slice/$(reboot) it's; rm `reboot`.scope"
    t.proc(600, "app", rss=950, cpu=0.2)
    t.group(path, procs=[600], memory=dict(limit=GIB, used=1000 * MIB, kills=[3, 3, 4, 4, 4, 4], oom=[3, 3, 4, 4, 4, 4], hits=20), pids=dict(limit=10, used=10, refused=3))
    t.vmstat(oom_kill=[3, 3, 4, 4, 4, 4])
    return Expect(finding("cgroup.memory:" + path, "exhausted", culprit=("process", "app", 600), cgroup=path), finding("cgroup.pids:" + path, "exhausted", cgroup=path), checks=[quoted], text=True)


def case_hostile_namespace(t):
    """A name in /run/netns, as a recording from somewhere else may have it."""
    net = t.netns("$(reboot) `reboot`", 4026532201)
    net.conntrack(65536, 65536, drop=40)
    net.track("10.9.9.9", "10.0.0.5", 443, n=300)
    return Expect(finding("conntrack", "exhausted", culprit=("peer", "10.9.9.9"), netns="$(reboot) `reboot`"), checks=[quoted], text=True)


def case_hostile_user(t):
    """A line of /etc/passwd from somewhere else."""
    t.set("etc/passwd", b"$(reboot):x:1001:1001::/:/bin/sh\na\x1b[2Jb\xff:x:1002:1002::/:/bin/sh\n")
    for k in range(4):
        t.proc(600 + k, "worker", uid=1001 + k // 2, threads=50, nproc_limit=100)
    return Expect(finding("nproc:$(reboot)", "exhausted"), finding("nproc:a\x1b[2Jb\\xff", "exhausted"), checks=[quoted], text=True)


def case_hostile_host(t):
    """The host's name comes from a file as well."""
    t.set("proc/sys/kernel/hostname", b"web\x1b[31m\xff\n")
    t.neigh(1024, fulls=7)
    return Expect(finding("neigh", "exhausted"), text=True)


def case_tmpfs_fills_memory(t):
    """A tmpfs of half of the machine fills: that memory is used up with it is one trouble with one culprit."""
    t.memory(available=t.line(7168, 5120), shmem=t.line(4500, 6548))
    t.mount("/dev/shm", (0, 25), size=8 * GIB, available=t.line(int(3.6 * GIB), int(1.6 * GIB)), kind="tmpfs", source="tmpfs")
    t.proc(500, "mysqld", rss=3000)
    t.proc(600, "extract", cpu=0.4, rss=20, io=dict(wchar=400 * MIB, write=0, calls=400),
           open=[File("/dev/shm/a", dev=(0, 25), inode=9, size=t.line(4 * GIB, 6 * GIB), writable=True)])
    return finding("filesystem.space:/dev/shm", "filling", culprit=("process", "extract", 600), effects=["memory"])


def case_disk_fills_beside_memory(t):
    """The same program fills a disk and grows: two troubles, each with its own end."""
    t.memory(available=t.line(7168, 5120), anon=t.line(8000, 10048))
    t.mount("/var", (8, 2), size=20 * GIB, available=t.line(4 * GIB, 2 * GIB))
    t.proc(600, "extract", cpu=0.4, rss=t.line(1000, 3048), io=dict(wchar=400 * MIB, write=400 * MIB, calls=400),
           open=[File("/var/a", dev=(8, 2), inode=9, size=t.line(14 * GIB, 16 * GIB), writable=True)])
    return [finding("filesystem.space:/var", "filling", culprit=("process", "extract", 600)), finding("memory:extract", "filling", culprit=("process", "extract", 600))]


# ---- workers that wait behind a unix socket -------------------------------------------------------------------------

def twelve_busy(t):
    """Apache with twelve workers, all of them busy, as far as is seen from outside."""
    t.server(700, "apache2", 80, children=12, waiting=5)
    t.book("apache", 700, "apache2", status="full", port=80, pools=[("workers", "", dict(limit=12))])
    t.clients("10.77.0.2", 80, 5, "waits", first=40000)
    t.clients("10.77.0.2", 80, 12, "asked")


def locked(t, sessions):
    t.proc(500, "mariadbd", open=[Sock(8300), Sock(8301)])
    t.listen(3306, 8300)
    t.unix("/run/mysqld/mysqld.sock", 8301)
    waiting = [(k, dict(state="waiting", ms=9000, who="shop", text="UPDATE stock", blocker=1)) for k in range(2, 2 + sessions)]
    t.book("mysql", 500, "mysql", port=3306, pools=[("connections", "-", dict(used=sessions + 2, limit=150))],
           slots=[(1, dict(state="idle", ms=60000, who="admin", text="UPDATE stock"))] + waiting)


def case_lock_behind_a_unix_socket(t):
    """Its workers wait for the database by its socket, one session each."""
    twelve_busy(t)
    locked(t, 12)
    return finding("locks:mysql", "saturated", culprit=("session", "admin"), effects=["workers:apache2"])


def case_lock_of_others(t):
    """Three sessions wait for a lock: they do not keep twelve workers busy."""
    twelve_busy(t)
    locked(t, 3)
    return Expect(finding("locks:mysql", "saturated", "warning", culprit=("session", "admin")), finding("workers:apache2", "saturated", culprit=("process", "apache2", 700)))


def case_pool_behind_a_unix_socket(t):
    """Six of its workers are served by php-fpm, six wait in its queue."""
    twelve_busy(t)
    t.proc(800, "php-fpm8.2", open=[Sock(8100)], switches=0)
    t.unix("/run/php/php8.2-fpm.sock", 8100, waiting=6, backlog=511)
    t.book("php-fpm", 800, "php-fpm", status="full", pools=[("workers", "www", dict(limit=6))])
    for k in range(6):
        t.proc(801 + k, "php-fpm8.2", ppid=800, switches=0)
    return finding("workers:php-fpm/www", "saturated", culprit=("process", "php-fpm", 800), effects=["workers:apache2"])
