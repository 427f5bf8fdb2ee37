// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// Which graphs there are, as data. A graph is a row: its id (in links), its heading, and what is asked for. A question is an expression of
// `plimsoll query` and the name of its curve; one that gives several series names them by their label. A graph of which nothing is recorded is
// not shown.
//
//     peak    where a step is longer than a second, the highest second in each is drawn, too
//     top     the scale reaches this far at least
//     limit   a curve that is a limit: drawn as a load line
//     many    one curve an instance, the largest six
//     stack   the states of a server above each other, one server at a time; what is a limit is a line over them

const one = (name, q, more) => ({name, q, ...more});

export const families = [
	{id: "cpu", title: "Processors", graphs: [
		{id: "cpu", title: "Time of all processors", top: 1, curves: [one("busy", 'cpu.busy{cpu=""}', {peak: true}), one("user", 'cpu.user{cpu=""}'),
			one("system", 'cpu.system{cpu=""}'), one("softirq", 'cpu.softirq{cpu=""}'), one("iowait", 'cpu.iowait{cpu=""}'), one("stolen", 'cpu.steal{cpu=""}')]},
		{id: "cpus", title: "Busiest and idlest processor", top: 1, curves: [one("busiest", 'max(cpu.busy{cpu!=""}) by ()'), one("idlest", 'min(cpu.busy{cpu!=""}) by ()')]},
		{id: "tasks", title: "Tasks that want to run", curves: [one("running", "sched.running", {peak: true}), one("blocked", "sched.blocked"),
			one("processors", "cpu.online", {limit: true})]},
		{id: "switches", title: "Switches and interrupts", curves: [one("switches", "sched.switches"), one("interrupts", "sched.interrupts")]},
		{id: "forks", title: "Processes and threads made", curves: [one("made", "sched.forks", {peak: true})]},
		{id: "processes", title: "Processes and threads", curves: [one("threads", "tasks.used"), one("processes", "procs.total")]},
	], heat: [{id: "sched.latency", title: "Waits for a processor"}]},
	{id: "pressure", title: "Pressure", graphs: [
		{id: "some", title: "Time in which some task waited", top: 0.1, curves: [one("CPU", "psi.cpu.some", {peak: true}), one("memory", "psi.memory.some", {peak: true}),
			one("I/O", "psi.io.some", {peak: true})]},
		{id: "full", title: "Time in which all tasks waited", top: 0.1, curves: [one("CPU", "psi.cpu.full"), one("memory", "psi.memory.full"), one("I/O", "psi.io.full")]},
	]},
	{id: "memory", title: "Memory", graphs: [
		{id: "memory", title: "Memory", curves: [one("available", "mem.available"), one("of processes", "mem.anon"), one("page cache", "mem.cached"),
			one("kernel objects", "mem.slab"), one("installed", "mem.total", {limit: true})]},
		{id: "dirty", title: "File pages to be written", curves: [one("dirty", "mem.dirty"), one("being written", "mem.writeback"),
			one("writers wait", "mem.dirty.limit", {limit: true})]},
		{id: "reclaim", title: "Pages scanned to free memory", curves: [one("by tasks themselves", "mem.reclaim.direct"), one("in the background", "mem.reclaim.background")]},
		{id: "swap", title: "Swap", curves: [one("in", "swap.in"), one("out", "swap.out")]},
		{id: "faults", title: "Page faults that read a disk", curves: [one("faults", "mem.major_faults", {peak: true})]},
	]},
	{id: "disk", title: "Disks", graphs: [
		{id: "diskbusy", title: "Disks busy", top: 1, curves: [one("", "disk.busy", {many: true})]},
		{id: "diskqueue", title: "Requests in flight, mean", curves: [one("", "disk.queue.time", {many: true, unit: ""})]},
		{id: "diskread", title: "Read from disks", curves: [one("", "disk.read.bytes", {many: true})]},
		{id: "diskwrite", title: "Written to disks", curves: [one("", "disk.write.bytes", {many: true})]},
		{id: "space", title: "Free space", curves: [one("", "fs.available", {many: true, least: true})]},
		{id: "files", title: "Open files of the host", curves: [one("open", "fds.used")]},
	], heat: [{id: "disk.read.latency", title: "Reads took"}, {id: "disk.write.latency", title: "Writes took"}, {id: "disk.other.latency", title: "Flushes and discards took"}]},
	{id: "network", title: "Network", graphs: [
		{id: "netrx", title: "Received", curves: [one("", 'net.rx.bytes{netns="",if!="lo"}', {many: true})]},
		{id: "nettx", title: "Sent", curves: [one("", 'net.tx.bytes{netns="",if!="lo"}', {many: true})]},
		{id: "netlost", title: "Packets thrown away", curves: [one("received", "sum(net.rx.dropped)"), one("to be sent", "sum(net.tx.dropped)"),
			one("backlog full", "sum(net.softnet.dropped)"), one("queue full", "sum(net.qdisc.drops)")]},
		{id: "retransmits", title: "TCP segments sent again", curves: [one("sent again", "sum(tcp.retransmits)"), one("timeouts", "sum(tcp.timeouts)"),
			one("SYN", "sum(tcp.syn.retransmits)")]},
		{id: "udp", title: "UDP datagrams", curves: [one("received", "sum(udp.in)"), one("sent", "sum(udp.out)"), one("buffer full", "sum(udp.rcvbuf_errors)")]},
	]},
	{id: "sockets", title: "Connections and sockets", graphs: [
		{id: "established", title: "TCP sockets", curves: [one("established", "sum(tcp.established)"), one("TIME_WAIT", "sum(tcp.timewait)")]},
		{id: "opens", title: "Connections made", curves: [one("accepted", "sum(tcp.opens.passive)"), one("opened", "sum(tcp.opens.active)"), one("failed", "sum(tcp.opens.failed)")]},
		{id: "refused", title: "Connections refused or dropped", curves: [one("accept queue full", "sum(tcp.listen.overflows)", {peak: true}),
			one("SYN queue full", "sum(tcp.syn.drops)"), one("cookies", "sum(tcp.syn.cookies)")]},
		{id: "resets", title: "Resets", curves: [one("connections reset", "sum(tcp.resets)"), one("resets sent", "sum(tcp.resets.out)")]},
		{id: "sockmem", title: "Memory of TCP", curves: [one("used", 'tcp.mem{netns=""}'), one("limit", 'tcp.mem.limit{netns=""}', {limit: true})]},
		{id: "conntrack", title: "Tracked connections", curves: [one("tracked", "sum(conntrack.used)"), one("limit", 'conntrack.limit{netns=""}', {limit: true})]},
	]},
	{id: "servers", title: "Services", graphs: [
		{id: "workers", title: "Workers by what they do", stack: true, curves: [one("", "server.workers", {many: true}), one("limit", "server.workers.limit", {limit: true})]},
		{id: "serverconns", title: "Connections of servers by what they do", stack: true, curves: [one("", "server.connections", {many: true}),
			one("limit", "server.connections.limit", {limit: true})]},
		{id: "groupcpu", title: "Processor time of control groups", curves: [one("", "cgroup.cpu.used", {many: true, unit: "CPUs"})]},
		{id: "groupmemory", title: "Memory of control groups", curves: [one("", "cgroup.memory.used", {many: true})]},
		{id: "grouptasks", title: "Tasks of control groups", curves: [one("", "cgroup.pids.used", {many: true})]},
	], heat: [{id: "server.latency", title: "Answers of servers took"}]},
];

// A histogram that the catalogue knows and no family above names stands under "Services": those of servers.
export function histograms(catalogue) {
	const named = new Set(families.flatMap((f) => (f.heat || []).map((h) => h.id)));
	return (catalogue.metrics || []).filter((m) => [m.labels].flat().some((l) => l === "bucket" || /_bucket$/.test(l)) && !named.has(m.name))
		.map((m) => ({id: m.name, title: m.help}));
}
