/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for a part of the processors' time: one CPU, one thread, the kernel, interrupts. The machine has idle time, or seems to be busy with
 * work, and somebody waits all the same. */
#include "rules/cpu.h"
#include "rules/one_thread.h"

#include "base/text.h"
#include "ledger/ended.h"
#include "ledger/servers.h"

#include <inttypes.h>
#include <string.h>

static const double OTHER_IDLE = 0.50;  /* of some other CPU: who waits could run there */
static const double IRQ_FULL = 0.80;    /* of one CPU in interrupts: little is left for tasks */
static const double SYS_MOST = 2.0 / 3; /* of the busy time */
static const double FORKED = 1.0 / 3; /* of the busy time, by processes that lived below a second */
static const double STARTS_SYS =
	1.0 / 3; /* of the busy time in the kernel: they are started more than they work ... */
static const double STARTS_CPU =
	0.010; /* ... and seconds of CPU each: to start and end one takes 1 to 5 ms, also in user mode (the dynamic loader) */
static const double WAITS_S =
	0.1; /* in a queue: longer than that a client waits for the one thread */
static const double ONE_THREAD = 0.93; /* of one CPU, in each second */

/* Share of time of one CPU; 0 where the kernel does not tell. */
static double of_cpu(const struct view *v, enum metric m, uint32_t instance)
{
	double share = 0;
	(void)view_rate(v, view_id(v, m, 0, instance), &share);
	return share;
}

/* ---- one CPU ---- */

const struct rule_case rule_case_cpu_core = {
	.mechanism = "One processor is full while others are idle, and somebody waits for it: "
		     "it is bound to it (taskset, a cpuset, "
		     "worker_cpu_affinity) and cannot run elsewhere.",
	.threshold = "Idle time of one CPU below 5 % and of another above 50 %, and a process "
		     "that is not the one using the CPU, and that may run on no more CPUs than "
		     "are full (Cpus_allowed_list), waited on a run "
		     "queue for a tenth of the time and at least as long as it ran; or the process "
		     "that fills it serves others and waits like that "
		     "itself.",
	.false_alarms =
		"A batch job with one thread fills one CPU and nobody waits. Who may run "
		"everywhere waits a little behind a busy task too, until the scheduler moves "
		"one of them. A control "
		"group at its quota: its tasks wait too, but for the "
		"quota (cgroup.cpu). Who uses most of the machine need not be on that "
		"processor: the one that is waits itself while the others run. Interrupts "
		"that fill the CPU are cpu.irq.",
	.confirm = "mpstat -P ALL 1 5; ps -eLo psr,pcpu,comm --sort -pcpu | head; taskset -cp PID",
	.remedy = "Widen the affinity of who waits, or move the one that fills the CPU to others.",
};

/* Held back at a quota: its tasks wait, and not for a processor. */
static bool at_quota(const struct view *v, const struct usage *u)
{
	for (uint32_t id = view_each(v, M_CG_CPU_THROTTLED, 0); id;
		id = view_each(v, M_CG_CPU_THROTTLED, id)) {
		double times;
		if (view_delta(v, id, &times) && times > 0 &&
			who_lives_in(v, u, series_row(v->series, id)->instance))
			return true;
	}
	return false;
}

/* It waits, and may run on none but full processors. */
static bool stuck(const struct view *v, const struct usage *u, unsigned nfull)
{
	const struct program alone = {.top = u,
		.count = 1,
		.cpu_s = u->cpu_s,
		.delay_s = u->delay_s,
		.yields = proc_yields(u->p),
		.listens = view_serves(u)};
	return !u->p->self && (u->p->have & HAVE_CPUS) && u->p->cpus <= nfull &&
	       cpu_suffers(v, &alone) && !at_quota(v, u);
}

/* Those who are stuck, who waited most first; returns how many. */
static size_t find_stuck(const struct view *v, const struct usage *taker, int32_t culprit,
	unsigned nfull, const struct usage *ret[static VERDICT_VICTIMS])
{
	size_t n = 0;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		/* Who fills it is a victim itself where it serves others; parts of one job only delay each other. */
		if (!stuck(v, u, nfull) ||
			(!view_serves(u) &&
				(u->p->pid == culprit || (taker && cpu_is_part_of(v, u, taker)))))
			continue;
		size_t k = n < VERDICT_VICTIMS ? n++ : VERDICT_VICTIMS;
		for (; k > 0 && ret[k - 1]->delay_s < u->delay_s; k--)
			if (k < VERDICT_VICTIMS)
				ret[k] = ret[k - 1];
		if (k < VERDICT_VICTIMS)
			ret[k] = u;
	}
	return n;
}

void rule_cpu_core(struct view *v, struct verdicts *out)
{
	double idle, iowait = 0, full_idle = 0, most_idle = 0;
	uint32_t full = 0;
	unsigned nfull = 0;
	if (!view_rate(v, view_id(v, M_CPU_IDLE, 0, 0), &idle)) {
		verdict_unknown(out, "/proc/stat");
		return;
	}
	(void)view_rate(v, view_id(v, M_CPU_IOWAIT, 0, 0), &iowait);
	for (uint32_t id = view_each(v, M_CPU_IDLE, 0); id; id = view_each(v, M_CPU_IDLE, id)) {
		uint32_t cpu = series_row(v->series, id)->instance;
		double free_share;
		if (!cpu || !view_rate(v, id, &free_share))
			continue;
		free_share += of_cpu(v, M_CPU_IOWAIT, cpu);
		most_idle = free_share > most_idle ? free_share : most_idle;
		if (free_share > CPU_IDLE_FULL ||
			of_cpu(v, M_CPU_IRQ, cpu) + of_cpu(v, M_CPU_SOFTIRQ, cpu) >= IRQ_FULL)
			continue;
		if (!full || free_share < full_idle) {
			full = cpu;
			full_idle = free_share;
		}
		nfull++;
	}
	struct who culprits[WHO_MAX];
	size_t nculprits = full && most_idle >= OTHER_IDLE ? who_cpu(v, culprits, WHO_MAX) : 0;
	if (nculprits == 0)
		return;
	cpu_sharer_first(v, culprits, nculprits);
	const struct usage *taker = view_usage(v, culprits[0].pid);
	const struct usage *victims[VERDICT_VICTIMS];
	size_t nvictims = find_stuck(v, taker, culprits[0].pid, nfull, victims);
	if (nvictims == 0)
		return;
	const char *name = intern_text(&v->series->names, full);
	struct verdict *f = verdict_new(v, out, SEVERITY_WARNING, STATE_SATURATED, name);
	if (!f)
		return;
	f->used = 1 - full_idle;
	f->limit = 1;
	memcpy(f->culprits, culprits, sizeof culprits);
	f->nculprits = nculprits;
	f->title = say(v,
		"CPU %s is full, most with %s, while the machine is idle %.0f %% of the time", name,
		culprits[0].value, 100 * (idle + iowait));
	for (size_t i = 0; i < nvictims; i++)
		verdict_victim(f, view_serves(victims[i]) ? "server" : "process",
			who_name(v, victims[i]->p), victims[i]->p->pid,
			say(v,
				"waited %.2f s for a CPU in every second and ran %.2f s, with "
				"other CPUs idle",
				victims[i]->delay_s / v->seconds, victims[i]->cpu_s / v->seconds));
	verdict_evidence(f,
		say(v, "CPU %s idle %.1f %%; %u CPU%s full, the machine idle %.0f %%", name,
			100 * full_idle, nfull, nfull == 1 ? "" : "s", 100 * (idle + iowait)),
		M_CPU_IDLE, full_idle, CPU_IDLE_FULL, "sar -P ALL 1 5");
	verdict_evidence(f,
		say(v, "%s waits for a CPU although others are idle, and may run on %u",
			f->victims[0].value, victims[0]->p->cpus),
		-1, victims[0]->delay_s / v->seconds, -1,
		say(v, "grep Cpus_allowed_list /proc/%" PRId32 "/status /proc/%" PRId32 "/status",
			f->victims[0].pid, culprits[0].pid ? culprits[0].pid : f->victims[0].pid));
	verdict_remedy(f, say(v, "Let %s run on all processors", f->victims[0].value),
		say(v, "taskset -a -cp 0-$(($(getconf _NPROCESSORS_ONLN) - 1)) %" PRId32,
			f->victims[0].pid),
		NULL, false, "none", "its affinity may be meant: real-time or NUMA");
	if (culprits[0].pid)
		verdict_remedy(f, say(v, "Bind %s to another processor", culprits[0].value),
			say(v, "taskset -a -cp CPU %" PRId32, culprits[0].pid), NULL, false, "none",
			"none");
}

/* ---- one thread ---- */

const struct rule_case rule_case_cpu_thread = {
	.mechanism = "A server does its work in one thread (an event loop, a global lock), and "
		     "that thread has a whole processor: it cannot be faster, "
		     "whatever the machine has left. Its clients wait.",
	.threshold =
		"A process used 93 to 107 % of one CPU in every second, the machine has at "
		"least half a CPU idle, and clients wait for it: "
		"connections stand in its accept queue in half of the samples, or data of two "
		"or more of its connections is not read, and not just for a moment: what stands "
		"there is what comes in a tenth of a second or more.",
	.false_alarms = "A batch job with one thread: nobody waits for it. A busy server that "
			"empties its queues a thousand times a second. A server with several "
			"busy threads uses more than one CPU. A server at a "
			"quota of one CPU is cgroup.cpu.",
	.confirm = "top -H -p PID; ss -ltn; ss -tnp | grep pid=PID   # Recv-Q",
	.remedy = "More worker processes or threads, if the server has them; less work in a "
		  "request; several instances behind a proxy.",
};

/* It used (nearly) one CPU in each step, and not much more in any. */
static bool one_cpu_always(const struct view *v, const struct usage *u)
{
	const struct proc *before = NULL;
	uint64_t at = 0;
	unsigned steps = 0;
	double whole = u->cpu_s / v->seconds;
	/* That several threads use as much as one may be chance: of them more is asked. */
	bool many = u->p->threads > 1;
	double slack = many ? 0.05 : 0.1;
	if (u->born || u->gone || whole < ONE_THREAD || whole > (many ? 1.03 : 2 - ONE_THREAD))
		return false;
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		const struct proc *p = sample_proc(s, u->p->pid, u->p->start_ticks);
		if (!p)
			return false;
		double sec = (double)(s->mono_ns - at) / 1e9;
		if (before) {
			double share = (double)(p->cpu_ns - before->cpu_ns) / 1e9 / sec;
			/* A step may be a little long or short of what the process shows: readings of it are not all at one moment. */
			if (p->cpu_ns < before->cpu_ns || share < ONE_THREAD - slack ||
				(many && share > 1 + slack))
				return false;
			steps++;
		}
		before = p;
		at = s->mono_ns;
	}
	return steps >= 3;
}

/* Its own, or of a port that it listens on. */
static bool is_client_of(const struct view *v, const struct usage *u, const struct conn_group *g)
{
	const struct sample *s = view_last(v);
	if (g->outgoing || g->recvq == 0)
		return false;
	if (g->pid)
		return view_serves_for(u, g->pid);
	for (uint32_t k = 0; k < s->listeners.count; k++) {
		const struct listener *l = &TABLE_ROWS(s->listeners, struct listener)[k];
		if (l->port == g->port && l->netns == g->netns && view_serves_for(u, l->pid))
			return true;
	}
	return false;
}

struct waiting {
	unsigned samples; /* with somebody in an accept queue */
	double accept, unread, bytes;
	double inflow; /* bytes a second that these clients send; -1: not known */
	uint16_t port;
	unsigned netns;
};

static struct waiting who_waits_for(const struct view *v, const struct usage *u)
{
	struct waiting w = {0};
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		bool any = false;
		for (uint32_t k = 0; k < s->listeners.count; k++) {
			const struct listener *l = &TABLE_ROWS(s->listeners, struct listener)[k];
			/* The owner is found later than the socket. */
			const struct listener *last = sample_listener(view_last(v), l);
			if (!last || !view_serves_for(u, last->pid) || l->waiting == 0)
				continue;
			any = true;
			w.accept = l->waiting > w.accept ? l->waiting : w.accept;
			w.port = l->port;
			w.netns = l->netns;
		}
		w.samples += any;
	}
	const struct sample *s = view_last(v);
	for (uint32_t k = 0; k < s->conns.count; k++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[k];
		if (!is_client_of(v, u, g))
			continue;
		const struct conn_group *before = server_conn_near(view_at(v, 0), g, k);
		w.unread += g->recvq_conns;
		w.bytes += (double)g->recvq;
		if (!g->have_info || !before || g->bytes_in < before->bytes_in)
			w.inflow = -1;
		else if (w.inflow >= 0)
			w.inflow += (double)(g->bytes_in - before->bytes_in) / v->seconds;
		w.port = g->port;
		w.netns = g->netns;
	}
	return w;
}

/* What stands in a queue, divided by what comes in a second, is how long it stands there: a busy server has something in its queues at any moment. */
static bool for_a_moment(double stands, double comes)
{
	return comes > 0 && stands / comes < WAITS_S;
}

static void judge_thread(struct view *v, struct verdicts *out, const struct usage *u, double left)
{
	struct waiting w = who_waits_for(v, u);
	double opens = 0;
	if (view_rate(v, view_id(v, M_TCP_PASSIVE_OPENS, w.netns, 0), &opens) &&
		for_a_moment(w.accept, opens))
		w.samples = 0;
	if (for_a_moment(w.bytes, w.inflow))
		w.unread = 0;
	if (w.samples * 2 < v->n && w.unread < 2)
		return;
	const char *name = who_name(v, u->p);
	struct verdict *f = verdict_new(v, out, SEVERITY_CRITICAL, STATE_SATURATED, name);
	if (!f)
		return;
	f->pid = u->p->pid;
	f->netns = w.netns;
	f->used = u->cpu_s / v->seconds;
	f->limit = 1;
	f->title = say(v,
		"%s has one thread that does all the work, and a processor is not enough for it: "
		"its clients wait",
		name);
	f->culprits[f->nculprits++] = (struct who){"process", name, u->p->pid, 1,
		say(v, "used %.2f CPUs in every second, with %" PRIu32 " thread%s", f->used,
			u->p->threads, u->p->threads == 1 ? "" : "s")};
	verdict_victim(f, "client", say(v, "clients of port %u", w.port), 0,
		w.samples * 2 >= v->n
			? say(v, "up to %.0f of them wait to be accepted", w.accept)
			: say(v, "%.0f of them wait for an answer to what they sent", w.unread));
	verdict_evidence(f, say(v, "%.2f of one CPU, while %.1f CPUs are idle", f->used, left), -1,
		f->used, 1, say(v, "top -H -b -n 1 -p %" PRId32 " | head -12", u->p->pid));
	if (w.samples * 2 >= v->n)
		verdict_evidence(f,
			say(v,
				"up to %.0f connections stood in its accept queue, in %u of %u "
				"samples",
				w.accept, w.samples, v->n),
			-1, w.accept, -1,
			say(v, "%sss -ltn 'sport = :%u'", in_netns(v, w.netns), w.port));
	if (w.unread >= 2)
		verdict_evidence(f, say(v, "data of %.0f connections is not read yet", w.unread),
			-1, w.unread, -1,
			say(v, "%sss -tn 'sport = :%u'   # Recv-Q", in_netns(v, w.netns), w.port));
	const char *unit = unit_of(v, u->p->pid);
	verdict_remedy(f,
		say(v, "More workers or threads for %s, or several instances of it behind a proxy",
			name),
		unit ? say(v, "systemctl edit %s   # then its setting for workers", unit) : NULL,
		NULL, true, "memory of each worker", "none");
	verdict_remedy(f, "See what the thread does, and do less of it for each request",
		say(v, "perf top -p %" PRId32, u->p->pid), NULL, true, "work on the program",
		"none");
}

void rule_cpu_thread(struct view *v, struct verdicts *out)
{
	double idle, iowait = 0, cpus;
	if (!view_rate(v, view_id(v, M_CPU_IDLE, 0, 0), &idle) ||
		!view_gauge(v, view_id(v, M_CPU_ONLINE, 0, 0), &cpus)) {
		verdict_unknown(out, "/proc/stat");
		return;
	}
	(void)view_rate(v, view_id(v, M_CPU_IOWAIT, 0, 0), &iowait);
	double left = (idle + iowait) * cpus;
	if (left < 0.5)
		return;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (!u->p->kernel && !u->p->self && one_cpu_always(v, u) && !at_quota(v, u) &&
			!slow_commands_accuse(v, u->p->pid))
			judge_thread(v, out, u, left);
	}
}

/* ---- the kernel ---- */

const struct rule_case rule_case_cpu_sys = {
	.mechanism =
		"The processors are busy, but with the kernel's work: a loop that starts short "
		"processes (each is a copy of page tables, an exec, "
		"an exit), page faults, system calls in masses, locks. Programs get little done.",
	.threshold = "No idle time and others wait (as cpu.saturated), and two thirds of the busy "
		     "time is kernel time; or one third is, and processes that lived less than a "
		     "second used a third of the busy time, with 10 ms of CPU each or less: what "
		     "they cost is their start and end. Recorders tell of it when they tell of "
		     "cpu.saturated.",
	.false_alarms = "A compiler run starts many processes, but they compute; and it delays "
			"itself alone. Kernel time with idle time left.",
	.confirm = "vmstat 1 5   # sy against us; grep processes /proc/stat; perf top; execsnoop",
	.remedy = "Stop the loop that starts processes, or what calls the kernel without pause; "
		  "then do the work in one process.",
};

void rule_cpu_sys(struct view *v, struct verdicts *out)
{
	struct cpu_waits w;
	double sys, cpu_s, count, rate;
	cpu_waits(v, &w);
	if (w.state == CPU_NOT_KNOWN || !view_rate(v, view_id(v, M_CPU_SYSTEM, 0, 0), &sys)) {
		verdict_unknown(out, w.missing);
		return;
	}
	if (w.state != CPU_OTHERS_WAIT)
		return;
	double busy = 1 - w.idle;
	struct cpu_forker forkers[WHO_MAX];
	size_t n = cpu_short_lived(v, forkers, &cpu_s, &count);
	double forked = cpu_s / (w.cpus * v->seconds * busy);
	bool storm =
		n && forked >= FORKED && sys >= STARTS_SYS * busy && cpu_s <= STARTS_CPU * count;
	if (sys < SYS_MOST * busy && !storm)
		return;
	struct verdict *f = cpu_verdict(v, out, &w, NULL);
	if (!f)
		return;
	f->used = sys * w.cpus;
	f->limit = w.cpus;
	for (size_t i = 0; storm && i < n && f->nculprits < WHO_MAX; i++) {
		if (forkers[i].cpu_s < 0.2 * forkers[0].cpu_s)
			break;
		f->culprits[f->nculprits++] = cpu_forker_who(v, &forkers[i], w.cpus * v->seconds);
	}
	if (!f->nculprits) {
		memcpy(f->culprits, w.culprits, sizeof w.culprits);
		f->nculprits = w.nculprits;
	}
	cpu_victims(v, &w, f);
	f->title = storm ? say(v,
				   "The processors are busy starting and ending processes: %.0f a "
				   "second, most by %s",
				   count / v->seconds, f->culprits[0].value)
			 : say(v, "The processors are busy in the kernel, most for %s",
				   f->culprits[0].value);
	verdict_evidence(f,
		say(v, "%.0f %% of the time in the kernel, idle %.1f %%", 100 * sys, 100 * w.idle),
		M_CPU_SYSTEM, sys, -1, "vmstat 1 5   # sy, us, id");
	if (storm)
		verdict_evidence(f,
			say(v, "processes that lived below a second used %.0f %% of the busy time",
				100 * forked),
			M_PROCS_ENDED, count / v->seconds, -1,
			"grep processes /proc/stat; sleep 1; grep processes /proc/stat");
	else if (view_rate(v, view_id(v, M_FORKS, 0, 0), &rate))
		verdict_evidence(f, say(v, "%.0f processes and threads made a second", rate),
			M_FORKS, rate, -1,
			"grep processes /proc/stat; sleep 1; grep processes /proc/stat");
	if (view_rate(v, view_id(v, M_FAULTS, 0, 0), &rate))
		verdict_evidence(f, say(v, "%.0f page faults a second", rate), M_FAULTS, rate, -1,
			"sar -B 1 3");
	if (f->culprits[0].pid)
		verdict_remedy(f, say(v, "Stop %s; go on with -CONT", f->culprits[0].value),
			say(v, "kill -STOP %" PRId32, f->culprits[0].pid), NULL, false,
			"its work stands still", "none");
	if (strcmp(f->culprits[0].kind, "kernel") == 0) {
		cpu_kernel_remedy(f);
		return;
	}
	const char *unit = unit_of(v, f->culprits[0].pid);
	verdict_remedy(f, "Give it a quota in a unit or cgroup of its own",
		unit ? say(v, "systemctl set-property %s CPUQuota=50%% TasksMax=100", unit) : NULL,
		unit ? "/etc/systemd/system.control/" : NULL, true, "it takes longer", "none");
	if (storm)
		verdict_remedy(f,
			"Do the loop's work in one process, or let it wait between rounds", NULL,
			NULL, true, "work on the script", "none");
}

/* ---- interrupts ---- */

const struct rule_case rule_case_cpu_irq = {
	.mechanism = "One processor does nothing but interrupt work, most often packets of one "
		     "interface or queue: what it cannot do at once is put off "
		     "to ksoftirqd or dropped, and tasks on it wait.",
	.threshold = "Interrupts and softirqs take 80 % of one CPU, and it does not keep up: "
		     "packets were dropped at a CPU's backlog, or the thread "
		     "that does what was put off (ksoftirqd) ran a fifth of the time, or the "
		     "network softirq stopped with work left in most seconds.",
	.false_alarms = "A busy interface whose work is done in time. Interrupt work spread over "
			"all processors.",
	.confirm = "mpstat -P ALL 1 5   # %irq %soft; cat /proc/interrupts; cat "
		   "/proc/net/softnet_stat",
	.remedy = "Spread the work: more queues (ethtool -L), RPS (rps_cpus), irqbalance; or stop "
		  "who floods.",
};

/* The line with most interrupts in the window, "" when none is known. Lines of the timers and of calls between CPUs have no number. */
static const char *busiest_line(const struct view *v, double *ret_rate)
{
	const char *best = "";
	*ret_rate = 0;
	for (uint32_t id = view_each(v, M_IRQ_COUNT, 0); id; id = view_each(v, M_IRQ_COUNT, id)) {
		double rate;
		const char *name = series_instance(v->series, id);
		if (*name >= '0' && *name <= '9' && view_rate(v, id, &rate) && rate > *ret_rate) {
			*ret_rate = rate;
			best = name;
		}
	}
	return best;
}

static const char *busiest_interface(const struct view *v, double *ret_rate)
{
	const char *best = "";
	*ret_rate = 0;
	for (uint32_t id = view_each(v, M_NET_RX_PACKETS, 0); id;
		id = view_each(v, M_NET_RX_PACKETS, id)) {
		double rate;
		if (view_rate(v, id, &rate) && rate > *ret_rate) {
			*ret_rate = rate;
			best = series_instance(v->series, id);
		}
	}
	return best;
}

void rule_cpu_irq(struct view *v, struct verdicts *out)
{
	double worst = 0, dropped = 0, later = 0, lines, packets;
	uint32_t cpu = 0;
	unsigned squeezed = 0;
	if (!view_each(v, M_CPU_SOFTIRQ, 0)) {
		verdict_unknown(out, "/proc/stat");
		return;
	}
	for (uint32_t id = view_each(v, M_CPU_SOFTIRQ, 0); id;
		id = view_each(v, M_CPU_SOFTIRQ, id)) {
		double soft;
		uint32_t instance = series_row(v->series, id)->instance;
		if (!instance || !view_rate(v, id, &soft))
			continue;
		soft += of_cpu(v, M_CPU_IRQ, instance);
		if (soft > worst) {
			worst = soft;
			cpu = instance;
		}
	}
	if (worst < IRQ_FULL)
		return;
	for (uint32_t id = view_each(v, M_SOFTNET_DROPPED, 0); id;
		id = view_each(v, M_SOFTNET_DROPPED, id)) {
		double d;
		dropped += view_delta(v, id, &d) ? d : 0;
	}
	for (uint32_t id = view_each(v, M_SOFTNET_SQUEEZED, 0); id;
		id = view_each(v, M_SOFTNET_SQUEEZED, id)) {
		unsigned steps = view_steps_growing(v, id, 1);
		squeezed = steps > squeezed ? steps : squeezed;
	}
	const struct usage *thread = NULL;
	for (size_t i = 0; i < v->nusages; i++)
		if (v->usages[i].p->kernel &&
			strncmp(v->usages[i].p->comm, "ksoftirqd/", 10) == 0 &&
			v->usages[i].cpu_s > later) {
			later = v->usages[i].cpu_s;
			thread = &v->usages[i];
		}
	later /= v->seconds;
	if (dropped <= 0 && later < 0.2 && squeezed * 2 <= v->n - 1)
		return;
	const char *line = busiest_line(v, &lines), *interface = busiest_interface(v, &packets);
	const char *name = intern_text(&v->series->names, cpu);
	bool network = packets >= lines;
	const char *source = network && *interface ? interface : *line ? line : name;
	struct verdict *f = verdict_new(v, out, dropped > 0 ? SEVERITY_CRITICAL : SEVERITY_WARNING,
		STATE_SATURATED, source);
	if (!f)
		return;
	f->used = worst;
	f->limit = 1;
	f->refused = dropped > 0 ? dropped : -1;
	f->title = say(
		v, "CPU %s does nothing but interrupts of %s, and does not keep up", name, source);
	f->culprits[f->nculprits++] =
		network && *interface ? (struct who){"interface", interface, 0, -1,
						say(v, "receives %.0f packets a second", packets)}
				      : (struct who){"device", source, 0, -1,
						say(v, "interrupts %.0f times a second", lines)};
	if (network && *line)
		f->culprits[f->nculprits++] = (struct who){
			"device", line, 0, -1, say(v, "interrupts %.0f times a second", lines)};
	verdict_evidence(f,
		say(v, "%.0f %% of CPU %s went to interrupts and softirqs", 100 * worst, name),
		M_CPU_SOFTIRQ, worst, IRQ_FULL, "sar -P ALL -u ALL 1 3   # %irq, %soft");
	if (dropped > 0)
		verdict_evidence(f, say(v, "%.0f packets dropped at the backlog of a CPU", dropped),
			M_SOFTNET_DROPPED, dropped, 0,
			"cat /proc/net/softnet_stat   # second column");
	if (thread)
		verdict_evidence(f, say(v, "%s used %.2f of a CPU", who_name(v, thread->p), later),
			-1, later, -1, "top -b -n 1 | grep ksoftirqd");
	if (squeezed)
		verdict_evidence(f,
			say(v, "the network softirq stopped with work left in %u of %u seconds",
				squeezed, v->n - 1),
			M_SOFTNET_SQUEEZED, squeezed, -1,
			"cat /proc/net/softnet_stat   # third column");
	verdict_remedy(f, "Spread the packets over all processors (RPS)",
		network && *interface ? say(v,
						"for f in /sys/class/net/%s/queues/rx-*/rps_cpus; "
						"do echo ff > $f; done",
						shell_word(v, interface))
				      : NULL,
		"a udev rule or the unit that sets the interface up", false,
		"interrupts between processors", "none");
	verdict_remedy(f,
		"Give the card as many queues as there are processors, and run irqbalance",
		network && *interface ? say(v, "ethtool -l %s", shell_word(v, interface)) : NULL,
		NULL, true, "the link may drop for a moment", "none");
}
