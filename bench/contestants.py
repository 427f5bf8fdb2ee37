# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Programs that look at a host each second, as bench/collect runs them: each in a folder of its own, with a configuration of its own, on
127.0.0.1, for as long as it is measured. Services of the same name that run already are not touched."""
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time

import common
from watch import MB, size_of

HOUR_S = 3600
CHAIN_S = 300                           # of plimsoll: tables begin anew after so many samples
PROMETHEUS_BLOCK_S = 7200
BASE_S = 20                             # of a recording: what is left out to see how it goes on
READY_S, END_S = 30, 60
SADC = "/usr/lib/sysstat/sadc"
NETDATA_PLUGINS = "/usr/lib/netdata/plugins.d"
PMDAS, PCP_NAMES = "/var/lib/pcp/pmdas", "/var/lib/pcp/pmns"
PACKAGES = ("sysstat", "atop", "prometheus", "prometheus-node-exporter", "netdata-core", "pcp", "collectd", "librrd8", "nethogs", "iproute2")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def version_of(*command):
    said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d[\w.]*", said.stdout + said.stderr)
    return found[0] if found else ""


class Contestant:
    """A program that records, in a folder of its own. start() begins it, stop() ends it orderly, kept() is asked after that."""
    sees = ""
    essential = ()                      # processes that must be there at the end: it goes on without an agent that gave up

    def __init__(self, folder):
        self.folder, self.processes, self.begun = folder, [], None

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as f:
            f.write(text)
        return self.path(name)

    def spawn(self, command, **options):
        self.begun = self.begun or time.monotonic()
        with open(self.path("log"), "a", encoding="utf-8") as log:
            self.processes.append(common.start(command, signal.SIGTERM, stdout=log, stderr=log, cwd=self.folder, **options))

    def failed(self, what):
        said = []
        for name in (n for n in os.listdir(self.folder) if n == "log" or n.endswith(".log")):
            with open(self.path(name), encoding="utf-8", errors="replace") as f:
                said += f.read().strip().splitlines()[-3:]
        return common.CannotRun(f"{what}" + "".join("\n    " + line for line in said))

    def expect_running(self):
        for process in self.processes:
            if process.poll() is not None:
                raise self.failed(f"{os.path.basename(process.args[0])}: ended early, exit status {process.returncode}")

    def await_port(self, port, path):
        deadline = time.monotonic() + READY_S
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.get(port, "GET", path)[0] == 200:
                    return
            self.expect_running()
            if time.monotonic() > deadline:
                raise self.failed(f"does not answer on port {port} after {READY_S} s")
            time.sleep(0.2)

    @staticmethod
    def get(port, method, path):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=END_S)) as connection:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read()

    def before_stop(self):
        """What can only be asked while it runs, after all is measured."""

    def looks(self):
        """How often it looked since its begin, of what has no pace of its own."""
        return None

    def stop(self):
        self.seconds = time.monotonic() - self.begun if self.begun else 0
        for process in reversed(self.processes):
            common.end(process, END_S)

    def kept(self):
        raise NotImplementedError

    def hourly(self, size):
        """What has no more than a head that is there once: as much each second."""
        return {"bytes": size, "mb_per_hour": round(size / self.seconds * HOUR_S / MB, 3)}


class Plimsoll(Contestant):
    sees = "host, processes, connections; tells what is wrong"
    options = ()                        # more arguments for `record`

    def start(self):
        self.program = common.plimsoll()
        self.version = version_of(self.program, "version")
        self.store = self.path("store")
        self.spawn([self.program, "record", "--store", self.store, *self.options])

    def query(self, selector, *options):
        """Series of the store, by metric; none of them has a label."""
        said = subprocess.run([self.program, "query", selector, "--store", self.store, "--json", *options],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if said.returncode:
            raise self.failed(f"plimsoll query: {said.stderr.strip()}")
        return {s["metric"]: s for s in json.loads(said.stdout)["series"]}

    def size_until(self, seconds):
        """Bytes of the recording if it had ended so early, and its seconds."""
        out = self.path("part.plim")
        done = subprocess.run([self.program, "export", "--store", self.store, *(["--to", str(self.first_s + seconds)] if seconds else []),
                               out], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        found = re.search(r": (\d+) samples", done.stdout)
        if done.returncode or not found:
            raise self.failed(f"plimsoll export: {done.stderr.strip()}")
        return os.path.getsize(out), int(found[1])

    def kept(self):
        """Of the seconds themselves. An hour has one dictionary, each CHAIN_S seconds the tables begin anew, and every second
        adds to it: the first two from a recording of a moment (which has both, so that this is a little too much), the last
        from what the seconds behind BASE_S added. Ticks are of the whole run, warm-up included."""
        raw = size_of(os.path.join(self.store, "raw"))
        if not raw or size_of(os.path.join(self.store, "log")):
            raise self.failed("plimsoll: the store is not sealed")
        ticks = self.query("self.ticks*", "--step", "1s")
        took = sorted(v for v in self.query("self.tick.time", "--step", "1s")["self.tick.time"]["values"] if v is not None)
        self.first_s = ticks["self.ticks"]["start"]
        moment, _ = self.size_until(3)
        base, base_s = self.size_until(BASE_S)
        whole, whole_s = self.size_until(0)
        each = (whole - base) / (whole_s - base_s)
        return {"bytes": raw, "mb_per_hour": round((HOUR_S / CHAIN_S * moment + HOUR_S * each) / MB, 3), "samples": whole_s,
                "bytes_begin": moment, "bytes_per_second": round(each, 1), "mb_per_hour_scaled": round(raw / whole_s * HOUR_S / MB, 3),
                "ticks": ticks["self.ticks"]["value"], "late_ticks": ticks["self.ticks.late"]["value"],
                "tick_ms": {"median": round(took[len(took) // 2] * 1e3, 2), "highest": round(took[-1] * 1e3, 2)}}


class Sadc(Contestant):
    sees = "host"

    def start(self):
        if not os.access(SADC, os.X_OK):
            raise common.CannotRun("sadc: not installed (sysstat)")
        self.version = version_of(common.program("sar"), "-V")
        self.spawn([SADC, "-S", "XALL", "1", self.path("data")])

    def kept(self):
        return self.hourly(size_of(self.path("data")))


class Atop(Contestant):
    """Without process accounting, which it would switch on for the whole machine."""
    sees = "host, processes"

    def start(self):
        program = common.program("atop")
        self.version = version_of(program, "-V")
        self.spawn([program, "-w", self.path("data"), "1"], env={**os.environ, "ATOPACCT": ""})

    def kept(self):
        return self.hourly(size_of(self.path("data")))


class Prometheus(Contestant):
    sees = "host"

    def start(self):
        exporter, program = common.program("prometheus-node-exporter"), common.program("prometheus")
        self.version = version_of(program, "--version") + " / " + version_of(exporter, "--version")
        port, self.port = free_port(), free_port()
        self.spawn([exporter, f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"])
        self.await_port(port, "/")
        config = self.write("config", "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
                            f"scrape_configs: [{{job_name: node, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]\n")
        self.spawn([program, "--config.file=" + config, "--storage.tsdb.path=" + self.path("data"), "--web.enable-admin-api",
                    f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"])
        self.await_port(self.port, "/-/ready")

    def before_stop(self):
        """What lies in memory becomes a block on disk two hours late; a snapshot writes the same block now."""
        self.journal = size_of(self.path("data", "wal"))
        status, body = self.get(self.port, "POST", "/api/v1/admin/tsdb/snapshot")
        if status != 200:
            raise self.failed(f"prometheus: no snapshot: {status}")
        self.snapshot = self.path("data", "snapshots", json.loads(body)["data"]["name"])

    def kept(self):
        """The index is there once for each block."""
        index = size_of(self.snapshot, leave_out=("chunks",))
        chunks = size_of(self.snapshot) - index
        per_hour = chunks / self.seconds * HOUR_S + index * HOUR_S / PROMETHEUS_BLOCK_S
        return {"bytes": chunks + index, "mb_per_hour": round(per_hour / MB, 3),
                "journal_mb_per_hour": round(self.journal / self.seconds * HOUR_S / MB, 3)}


class Netdata(Contestant):
    """With the plugins that its core package has; it stores pages of about 1000 values, the open ones
    when it ends. Its book of metrics, 5 MB of SQLite, is not counted."""
    sees = "host, processes by groups"

    def start(self):
        program = common.program("netdata")
        self.version = version_of(program, "-V")
        port = free_port()
        for name in ("cache", "lib", "logs", "home", "etc"):
            os.mkdir(self.path(name))
        self.write("etc/.opt-out-from-anonymous-statistics", "")
        os.mkdir(self.path("lib", "cloud.d"))
        self.write("lib/cloud.d/cloud.conf", "[global]\n    enabled = no\n")
        directories = "".join(f"    {key} = {self.path(name)}\n" for key, name in (
            ("config", "etc"), ("cache", "cache"), ("lib", "lib"), ("log", "logs"), ("home", "home")))
        user = "root" if os.geteuid() == 0 else os.environ.get("USER", "")
        conf = self.write("etc/netdata.conf", f"[global]\n    run as user = {user}\n[directories]\n{directories}"
                          f"    plugins = \"{NETDATA_PLUGINS}\"\n[db]\n    mode = dbengine\n    update every = 1\n"
                          f"[web]\n    bind to = 127.0.0.1\n    default port = {port}\n")
        self.spawn([program, "-D", "-c", conf, "-P", self.path("pid")],
                   env={**os.environ, "DO_NOT_TRACK": "1", "DISABLE_TELEMETRY": "1", "NETDATA_USER_CONFIG_DIR": self.path("etc")})
        self.await_port(port, "/api/v1/info")

    def kept(self):
        return self.hourly(sum(size_of(self.path("cache", name)) for name in os.listdir(self.path("cache")) if name.startswith("dbengine")))


class Pcp(Contestant):
    """A pmcd of its own with the agents for the kernel and for processes, and a pmlogger that asks it for all of the host and
    of processes for about what plimsoll keeps of them."""
    sees = "host, processes"
    names = ("root_linux", "root_proc")
    agents = f"linux 60 pipe binary {PMDAS}/linux/pmdalinux\nproc 3 pipe binary {PMDAS}/proc/pmdaproc -d 3\n"
    metrics = ("kernel", "mem", "swap", "disk", "filesys", "network", "proc.psinfo.cmd", "proc.psinfo.ppid", "proc.psinfo.sname",
               "proc.psinfo.utime", "proc.psinfo.stime", "proc.psinfo.minflt", "proc.psinfo.maj_flt", "proc.psinfo.nice", "proc.psinfo.policy",
               "proc.psinfo.threads", "proc.psinfo.rss", "proc.psinfo.wchan_s", "proc.id.uid", "proc.io.read_bytes", "proc.io.write_bytes",
               "proc.fd.count", "proc.schedstat.run_delay")

    def start(self):
        logger, pmcd = common.program("pmlogger"), "/usr/lib/pcp/bin/pmcd"
        self.version = version_of(logger, "--version")
        if not os.access(pmcd, os.X_OK):
            raise common.CannotRun("pmcd: not installed (pcp)")
        for name in ("run", "tmp", "logs"):
            os.mkdir(self.path(name))
        env = {**os.environ, "PCP_RUN_DIR": self.path("run"), "PCP_LOG_DIR": self.path("logs"), "PCP_TMP_DIR": self.path("tmp"),
               "PCP_DERIVED_CONFIG": "", "PMCD_SOCKET": self.path("socket"), "PMCD_REQUEST_TIMEOUT": str(END_S)}
        merged = subprocess.run(["/usr/lib/pcp/bin/pmnsmerge", *self.names, self.path("names")], cwd=PCP_NAMES, env=env,
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if merged.returncode:
            raise common.CannotRun(f"pmnsmerge: {merged.stderr.strip()}")
        agents = self.write("pmcd.conf", self.agents)
        as_user = ["-U", "root"] if os.geteuid() == 0 else []
        # On a loaded host an agent's answer takes longer than the five seconds after which it would be given up.
        self.spawn([pmcd, "-f", "-A", "-t", str(END_S), "-i", "127.0.0.1", "-p", str(free_port()), "-s", self.path("socket"), "-l", self.path("pmcd.log"),
                    "-c", agents, "-n", self.path("names"), *as_user], env=env)
        deadline = time.monotonic() + READY_S
        while not os.path.exists(self.path("socket")):
            self.expect_running()
            if time.monotonic() > deadline:
                raise self.failed(f"pmcd: not ready after {READY_S} s")
            time.sleep(0.2)
        config = self.write("pmlogger.conf", "log mandatory on 1 sec {\n" + "".join(f"    {m}\n" for m in self.metrics) + "}\n")
        # By way of its socket, over which pmcd knows who asks: it tells of processes to nobody else.
        self.spawn([logger, "-c", config, "-h", "local:", "-l", self.path("pmlogger.log"), *as_user, self.path("archive")], env=env)

    def kept(self):
        size = sum(size_of(self.path(name)) for name in os.listdir(self.folder) if name.startswith("archive."))
        if not size:
            raise self.failed("pmlogger: no archive")
        return self.hourly(size)


class PcpConnections(Pcp):
    """And with the agent that runs `ss` for what is known of each connection."""
    sees = "host, processes, connections"
    essential = ("pmdasockets",)
    metrics = (*Pcp.metrics, "network.persocket")
    agents = Pcp.agents + f"sockets 154 pipe binary {PMDAS}/sockets/pmdasockets -d 154\n"

    def start(self):
        # The agent's names hang below a branch that the kernel's have too, and come without a root of their own.
        names = self.write("root_sockets", f"root {{\n    network\n}}\n#include \"{PMDAS}/sockets/pmns\"\n")
        self.names = (*Pcp.names, names)
        super().start()


class Collectd(Contestant):
    """As its Debian package sets it up, each second, with the ports of connections besides; its files have their full size from
    the beginning."""
    sees = "host, processes by state, connections by port"
    plugins = ("cpu", "df", "disk", "entropy", "interface", "irq", "load", "memory", "processes", "rrdtool", "swap", "tcpconns", "users")

    def start(self):
        program = common.program("collectd")
        self.version = version_of(program, "-h")
        conf = self.write("collectd.conf", f"BaseDir \"{self.folder}\"\nPIDFile \"{self.path('pid')}\"\nFQDNLookup false\nInterval 1\n"
                          + "".join(f"LoadPlugin {p}\n" for p in self.plugins)
                          + f"<Plugin rrdtool>\n    DataDir \"{self.path('rrd')}\"\n</Plugin>\n"
                          + "<Plugin tcpconns>\n    ListeningPorts true\n    AllPortsSummary true\n</Plugin>\n")
        self.spawn([program, "-f", "-C", conf])

    def kept(self):
        size = size_of(self.path("rrd"))
        if not size:
            raise self.failed("collectd: no files")
        return {"bytes": size, "mb_per_hour": None}


class Looker(Contestant):
    """What shows and keeps nothing."""

    def kept(self):
        return {"bytes": 0, "mb_per_hour": None}


class Nethogs(Looker):
    """What it prints goes to a file, as a sign that it saw traffic."""
    sees = "traffic by process"

    def start(self):
        program = common.program("nethogs")
        self.version = version_of(program, "-V")
        self.spawn([program, "-t", "-a", "-d", "1", "lo"])

    def kept(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as f:
            if not f.read().count("Refreshing"):
                raise self.failed("nethogs: it showed nothing")
        return super().kept()


class Ss(Looker):
    """One after the other without a pause: its share of a core says little, what one look costs says all."""
    sees = "connections and their owners"

    def start(self):
        program = common.program("ss")
        self.version = version_of(program, "-V")
        self.spawn(["/bin/sh", "-c", f"while {program} -tinmp >/dev/null; do echo; done"])

    def looks(self):
        return size_of(self.path("log"))


CONTESTANTS = {"plimsoll": Plimsoll, "sadc": Sadc, "atop": Atop, "prometheus": Prometheus, "netdata": Netdata, "pcp": Pcp,
               "pcp-connections": PcpConnections, "collectd": Collectd, "nethogs": Nethogs, "ss": Ss}
