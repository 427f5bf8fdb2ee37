/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for processor time. Idle 0 % is no trouble in itself: the question is who waits. Run delay
 * (time on a run queue without a CPU) is counted by the scheduler for each task; PSI only says that
 * somebody waited, and a batch job at nice 19 that fills the gaps makes it 100 %. */
#include "rules/cpu.h"

#include "base/text.h"
#include "ledger/ended.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const double IDLE_FULL = CPU_IDLE_FULL;
static const double DELAY_SHARE = 0.10; /* waited this share of the time ... */
static const double WORKS = 0.01;       /* ran this share of the time */
static const double DELAY_RATIO =
	1.0; /* ... and at least as long as it ran: everything took twice as long */

static const double BADLY = 0.3; /* all of these together waited this share of the time */
static const double GROSS =
	4; /* and this often what they ran: all that they do takes five times as long */
static const double SETTLE_S =
	20; /* less than that for a moment is what installing a package does to a busy machine */

static const double SHARES =
	0.5; /* of the time that the victims ran: who runs beside them waited for so long */

static const double RIVAL =
	0.5; /* who gets this much of what the culprit gets is as busy as that */

static const double HARDLY = 0.05; /* of the machine: nobody who does not give way works there */
static const double KERNEL_PART = 0.05; /* of the machine, by threads of the kernel */
static const double JOB_PART = 0.25;    /* of the machine, by one program beside a server */

const struct rule_case rule_case_cpu_saturated = {
	.mechanism = "More tasks want to run than there are processors. Each waits for its turn; "
		     "whatever they serve takes longer, and queues grow behind them.",
	.threshold =
		"Idle time below 5 % of the machine, and a program that is not the one using "
		"the CPU waited on a run queue (run delay, counted by "
		"the scheduler for every thread) for at least a tenth of the time and at "
		"least as long as it ran, so that its work took twice as long. Or the "
		"program that uses the CPU serves others and waits like that itself. Recorders "
		"tell of it after 20 s, at once where all who wait do so for 0.3 s in each second, "
		"and "
		"four times as long as they run, or where something else follows from it. Threads "
		"of the kernel count like a program. Beside a server that waits, a "
		"program with a "
		"quarter of the machine that serves nobody, is no part of the server and came "
		"later is the culprit.",
	.false_alarms =
		"A package that is installed on a busy machine: for some seconds everything "
		"takes twice as long. A batch job at low priority (nice, SCHED_IDLE) that uses "
		"what is left: "
		"PSI and the load average are high, but nobody else waits. A build or a "
		"benchmark that only delays itself, copies of one script whose parts hold "
		"each other up, and two of them that "
		"share the processors. These are notes. With "
		"kernel.sched_autogroup_enabled=1 nice has no effect between sessions; "
		"then others do wait, "
		"and it is a finding.",
	.confirm = "top -b -n 1 | head -20; cat /proc/pressure/cpu; cat /proc/PID/schedstat "
		   "(second number: nanoseconds waited)",
	.remedy = "Stop or renice the culprit, or limit it with a cgroup quota; if it is the "
		  "service itself, fewer workers, caching, or more processors.",
};

static bool waits(const struct view *v, const struct program *g)
{
	return !g->yields && g->delay_s >= DELAY_SHARE * v->seconds;
}

bool cpu_suffers(const struct view *v, const struct program *g)
{
	/* Who hardly wanted to run is no victim worth a call at night, unless others wait for it. */
	bool works = g->listens || g->cpu_s >= WORKS * v->seconds;
	return works && waits(v, g) && g->delay_s >= DELAY_RATIO * g->cpu_s;
}

/* Is this the parent or grandparent? */
static bool descends_near(const struct usage *from, const struct usage *u)
{
	return u->parent == from || (u->parent && u->parent->parent == from);
}

static bool descends(const struct usage *from, const struct usage *u)
{
	for (unsigned depth = 0; u && depth < 64; depth++, u = u->parent)
		if (u == from)
			return true;
	return false;
}

/* Process 1 is nobody's family, nor is who starts services and jobs of all kinds. */
static const struct usage *family_of(const struct usage *u)
{
	return u->parent && !view_starts_strangers(u->parent) ? u->parent : NULL;
}

bool cpu_same_job(const struct usage *a, const struct usage *b)
{
	if (descends(a, b) || descends(b, a) || (a->p->pgrp && a->p->pgrp == b->p->pgrp))
		return true;
	const struct usage *parent = family_of(a), *grand = parent ? family_of(parent) : NULL;
	return (parent && descends_near(parent, b)) || (grand && descends_near(grand, b));
}

bool cpu_is_part_of(const struct view *v, const struct usage *u, const struct usage *of)
{
	if (cpu_same_job(of, u))
		return true;
	for (size_t i = 0; of->program && i < v->nusages; i++)
		if (v->usages[i].program == of->program && cpu_same_job(&v->usages[i], u))
			return true;
	return false;
}

/* Of a program that suffers, those processes that are no part of the taker's job: parts of one job only delay each other, unless one of them serves others. NULL:
 * these do not suffer. taker NULL: nobody's. In the view's memory. */
static const struct program *victim_of(
	struct view *v, const struct program *g, const struct usage *taker)
{
	struct program rest = *g;
	if (!waits(v, g))
		return NULL;
	if (!taker || g->listens)
		return cpu_suffers(v, g) ? g : NULL;
	rest.top = NULL;
	rest.count = 0;
	rest.cpu_s = rest.delay_s = rest.read_bytes = rest.write_bytes = 0;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (u->program != g->id || cpu_is_part_of(v, u, taker))
			continue;
		rest.count++;
		rest.cpu_s += u->cpu_s;
		rest.delay_s += u->delay_s;
		rest.read_bytes += u->read_bytes;
		rest.write_bytes += u->write_bytes;
		if (!rest.top || u->cpu_s > rest.top->cpu_s || rest.top->gone)
			rest.top = u;
	}
	if (rest.count == 0 || !cpu_suffers(v, &rest))
		return NULL;
	if (rest.count == g->count)
		return g;
	struct program *ret = arena_alloc(&v->scratch, sizeof *ret);
	if (ret)
		*ret = rest;
	return ret;
}

/* The program that this process stands for, NULL when it is a job known by its children only. */
static const struct program *program_of(const struct view *v, const struct who *w)
{
	for (size_t i = 0; strcmp(w->kind, "process") == 0 && i < v->nprograms; i++)
		if (v->programs[i].top->p->pid == w->pid)
			return &v->programs[i];
	return NULL;
}

/* On one processor each waits while the others run: who uses much, and waits for nobody, runs elsewhere. */
void cpu_sharer_first(const struct view *v, struct who *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct program *g = program_of(v, &list[i]);
		double others = 0;
		for (size_t k = 0; g && k < v->nprograms; k++)
			if (&v->programs[k] != g && !v->programs[k].top->p->self &&
				cpu_suffers(v, &v->programs[k]))
				others += v->programs[k].cpu_s;
		if (!g || cpu_suffers(v, g) || others <= 0 || g->delay_s < SHARES * others)
			continue;
		struct who first = list[i];
		memmove(&list[1], &list[0], i * sizeof *list);
		list[0] = first;
		return;
	}
}

/* Who suffers is not to blame, however much it gets. */
static void drop_victims(struct verdict *f, const struct program *const *victims, size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < f->nculprits; i++) {
		bool victim = false;
		for (size_t k = 0; k < n; k++)
			victim = victim || f->culprits[i].pid == victims[k]->top->p->pid;
		if (!victim || i == 0)
			f->culprits[kept++] = f->culprits[i];
	}
	f->nculprits = kept;
}

/* A name that pgrep may be given: no expression, no option. */
static bool plain_name(const char *name)
{
	return *name && *name != '-' &&
	       name[strspn(name,
		       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == '\0';
}

void cpu_kernel_remedy(struct verdict *f)
{
	verdict_remedy(f,
		"See what work it is (encryption, RAID, compression), and let who makes it do less "
		"of it, or later",
		"ps -eo pcpu,comm --sort -pcpu | head; perf top -g", NULL, false,
		"its work takes longer", "none");
}

static void cpu_remedies(struct view *v, struct verdict *f, const struct program *top)
{
	const struct who *c = &f->culprits[0];
	if (strcmp(c->kind, "kernel") == 0) {
		cpu_kernel_remedy(f);
		return;
	}
	bool many = top && top->count > 1 && plain_name(c->value);
	if (c->pid && !(top && top->yields))
		verdict_remedy(f, say(v, "Let %s run only when nobody else wants to", c->value),
			many ? say(v,
				       "for p in $(pgrep -x %s); do renice -n 19 -p $p; chrt -a -i "
				       "-p 0 $p; done",
				       c->value)
			     : say(v, "renice -n 19 -p %" PRId32 " && chrt -a -i -p 0 %" PRId32,
				       c->pid, c->pid),
			NULL, false, "it takes longer",
			"with autogroups (kernel.sched_autogroup_enabled=1) nice alone does "
			"nothing; chrt -i works");
	/* Processes that end within seconds are not worth stopping: who starts them is. */
	const struct who *start =
		f->nculprits > 1 && strcmp(f->culprits[1].kind, "job") == 0 ? &f->culprits[1] : c;
	if (start->pid)
		verdict_remedy(f,
			say(v, "Stop %s until the rush is over; go on with -CONT", start->value),
			many && start == c ? say(v, "pkill -STOP -x %s", c->value)
			: many && plain_name(start->value)
				? say(v, "pkill -STOP -x %s; pkill -STOP -x %s", start->value,
					  c->value)
				: say(v, "kill -STOP %" PRId32, start->pid),
			NULL, false, "its work stands still", "clients of it hang");
	const char *unit = unit_of(v, c->pid);
	verdict_remedy(f, say(v, "Give %s a quota, in a unit or cgroup of its own", c->value),
		unit ? say(v, "systemctl set-property %s CPUQuota=50%% CPUWeight=20", unit) : NULL,
		unit ? "/etc/systemd/system.control/" : NULL, true,
		"it can never use more, even at night", "none");
}

static void forker_add(struct cpu_forker *k, const struct cpu_forker *more)
{
	if (more->child && more->child_s > k->child_s) {
		k->child_s = more->child_s;
		k->child = more->child;
	}
	k->cpu_s += more->cpu_s;
	k->count += more->count;
}

static int most_first(const void *a, const void *b)
{
	double x = ((const struct cpu_forker *)a)->cpu_s, y = ((const struct cpu_forker *)b)->cpu_s;
	return (x < y) - (x > y);
}

/* Copies of one program count together; the process is the copy that most are of, as others may have nothing to do with it. all: most first. */
static size_t merge_names(
	const struct cpu_forker *all, size_t n, struct cpu_forker best[static WHO_MAX])
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		size_t at = 0;
		while (at < kept &&
			(strcmp(best[at].name, all[i].name) != 0 || !best[at].pid != !all[i].pid))
			at++;
		if (at < kept)
			forker_add(&best[at], &all[i]);
		else if (kept < WHO_MAX)
			best[kept++] = all[i];
	}
	return kept;
}

/* A script's subshells start most of what it starts, and are gone as quickly. What they used shows in the time of ended children of who waits for
 * them: several copies of one script count together. */
static const struct usage *waits_for_most(const struct view *v, double *ret_s)
{
	const struct usage *best = NULL;
	*ret_s = 0; /* of all copies of one program; the one with most is told */
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		double sum = 0;
		for (size_t k = 0; u->child_cpu_s > 0.05 && k < v->nusages; k++)
			if (memcmp(v->usages[k].p->comm, u->p->comm, PROC_COMM) == 0)
				sum += v->usages[k].child_cpu_s;
		if (!u->p->kernel && !u->p->self && u->p->pid > 1 &&
			(sum > *ret_s ||
				(best && sum >= *ret_s && u->child_cpu_s > best->child_cpu_s))) {
			*ret_s = sum;
			best = u;
		}
	}
	return best;
}

size_t cpu_short_lived(struct view *v, struct cpu_forker best[static WHO_MAX], double *ret_cpu_s,
	double *ret_count)
{
	struct ended_sum *rows;
	struct cpu_forker orphans = {0};
	size_t n = ended_sums(v, &rows), found = 0, kept;
	struct cpu_forker *all = arena_alloc(&v->scratch, (n + 1) * sizeof *all);
	*ret_cpu_s = *ret_count = 0;
	for (size_t i = 0; i < n; i++) {
		if (rows[i].life_s >= rows[i].count)
			continue;
		*ret_cpu_s += rows[i].cpu_s;
		*ret_count += rows[i].count;
		const struct usage *parent = rows[i].ppid > 1 ? view_usage(v, rows[i].ppid) : NULL;
		if (parent && parent->p->self)
			continue;
		struct cpu_forker one = {.child = arena_str(&v->scratch, rows[i].comm),
			.cpu_s = rows[i].cpu_s,
			.count = rows[i].count,
			.child_s = rows[i].cpu_s};
		if (!parent) {
			/* "(others)" found no row of their own. */
			one.child = one.child[0] == '(' ? NULL : one.child;
			forker_add(&orphans, &one);
			continue;
		}
		size_t at = 0;
		while (at < found && all[at].pid != parent->p->pid)
			at++;
		if (at == found)
			all[found++] = (struct cpu_forker){
				.pid = parent->p->pid, .name = who_name(v, parent->p)};
		forker_add(&all[at], &one);
	}
	double waited_s;
	const struct usage *waits = orphans.count > 0 ? waits_for_most(v, &waited_s) : NULL;
	if (orphans.count > 0) {
		bool known = waits && waited_s >= 0.5 * orphans.cpu_s;
		orphans.pid = known ? waits->p->pid : 0;
		orphans.name = known           ? who_name(v, waits->p)
			       : orphans.child ? orphans.child
					       : "(gone)";
		all[found++] = orphans;
	}
	qsort(all, found, sizeof *all, most_first);
	kept = merge_names(all, found, best);
	qsort(best, kept, sizeof *best, most_first);
	for (size_t i = 0; i < kept; i++)
		best[i].child = best[i].child ? best[i].child : "short ones";
	return kept;
}

struct who cpu_forker_who(struct view *v, const struct cpu_forker *k, double all_s)
{
	return (struct who){k->pid ? "job" : "process", k->name, k->pid,
		k->cpu_s < all_s ? k->cpu_s / all_s : 1,
		say(v, "%s %.0f processes a second that live below a second%s%s",
			k->pid ? "starts" : "is started as", k->count / v->seconds,
			k->pid ? ", most of them " : "", k->pid ? k->child : "")};
}

static void put_first(struct cpu_waits *w, struct who first)
{
	size_t n = w->nculprits < WHO_MAX ? w->nculprits : WHO_MAX - 1;
	memmove(&w->culprits[1], &w->culprits[0], n * sizeof w->culprits[0]);
	w->culprits[0] = first;
	w->nculprits = n + 1;
}

/* Where those that lived too short to be seen took more than any program, who starts them is first. */
static void blame_forker(struct view *v, struct cpu_waits *w)
{
	struct cpu_forker forkers[WHO_MAX];
	double cpu_s, count, all = w->cpus * v->seconds;
	if (!cpu_short_lived(v, forkers, &cpu_s, &count) || forkers[0].cpu_s < 0.05 * all ||
		(w->nculprits && forkers[0].cpu_s <= w->culprits[0].share * all))
		return;
	/* It may be there by the time of its ended children. */
	if (w->nculprits && forkers[0].pid && w->culprits[0].pid == forkers[0].pid)
		w->culprits[0] = cpu_forker_who(v, &forkers[0], all);
	else
		put_first(w, cpu_forker_who(v, &forkers[0], all));
}

/* Threads of the kernel are no program. What the network or a lack of memory makes them do is told by rules of its own. */
static bool is_kernel_work(const struct usage *u)
{
	static const char *const others[] = {"ksoftirqd", "kswapd", "kcompactd"};
	for (size_t i = 0; i < COUNTOF(others); i++)
		if (strncmp(u->p->comm, others[i], strlen(others[i])) == 0)
			return false;
	return u->p->kernel;
}

/* "kworker" of "kworker/u4:1". */
static size_t kernel_name(const struct usage *u)
{
	return strcspn(u->p->comm, "/:");
}

/* Where threads of the kernel with one name took more than any program (a disk that is encrypted, a RAID that is rebuilt), they are first. */
static void blame_kernel(struct view *v, struct cpu_waits *w)
{
	const struct usage *best = NULL;
	double best_s = 0, all = w->cpus * v->seconds;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		double sum = 0;
		if (u->cpu_s <= 0 || !is_kernel_work(u))
			continue;
		for (size_t k = 0; k < v->nusages; k++)
			if (is_kernel_work(&v->usages[k]) &&
				kernel_name(&v->usages[k]) == kernel_name(u) &&
				strncmp(v->usages[k].p->comm, u->p->comm, kernel_name(u)) == 0)
				sum += v->usages[k].cpu_s;
		if (sum > best_s || (best && sum >= best_s && u->cpu_s > best->cpu_s)) {
			best_s = sum;
			best = u;
		}
	}
	if (!best || best_s < KERNEL_PART * all ||
		(w->nculprits && best_s <= w->culprits[0].share * all))
		return;
	put_first(
		w, (struct who){"kernel", arena_strn(&v->scratch, best->p->comm, kernel_name(best)),
			   0, best_s / all,
			   say(v, "its threads used %.2f of %.0f CPUs, most of it %s",
				   best_s / v->seconds, w->cpus, who_name(v, best->p))});
}

/* Somebody may ask it something: it listens, or is a server of a known kind. */
static bool serves(const struct view *v, const struct program *g)
{
	const struct sample *last = view_last(v);
	bool yes = g->listens;
	for (uint32_t i = 0; i < last->unix_listeners.count && !yes; i++) {
		const struct usage *u = view_usage(
			v, TABLE_ROWS(last->unix_listeners, struct unix_listener)[i].pid);
		yes = u && u->program == g->id;
	}
	for (uint32_t i = 0; i < last->servers.count && !yes; i++) {
		const struct usage *u =
			view_usage(v, TABLE_ROWS(last->servers, struct server_book)[i].pid);
		yes = u && u->program == g->id;
	}
	return yes;
}

/* Where a server has most and waits itself: a program that has a quarter of the machine beside it, works for nobody that is seen, is no part of the server and was
 * started later, is what came to it. */
static const struct program *job_beside(
	const struct view *v, const struct program *server, double all)
{
	for (size_t i = 0; i < v->nprograms && v->programs[i].cpu_s >= JOB_PART * all; i++) {
		const struct program *g = &v->programs[i];
		if (g != server && !g->yields && !g->top->p->self &&
			g->top->p->start_ticks > server->top->p->start_ticks && !serves(v, g) &&
			!cpu_is_part_of(v, g->top, server->top))
			return g;
	}
	return NULL;
}

static bool put_job_first(struct cpu_waits *w, const struct program *job)
{
	size_t at = 0;
	while (at < w->nculprits && w->culprits[at].pid != job->top->p->pid)
		at++;
	if (at == w->nculprits)
		return false;
	struct who first = w->culprits[at];
	memmove(&w->culprits[at], &w->culprits[at + 1],
		(w->nculprits - at - 1) * sizeof *w->culprits);
	w->nculprits--;
	put_first(w, first);
	w->victims[w->nvictims++] = w->top;
	w->top = job;
	w->taker = job->top;
	return true;
}

/* Who waits loses most of its time by it. */
static bool is_gross(const struct view *v, const struct cpu_waits *w)
{
	double ran = 0;
	for (size_t i = 0; i < w->nvictims; i++)
		ran += w->victims[i]->cpu_s / v->seconds;
	bool others = w->waited >= BADLY && w->waited >= GROSS * ran;
	return others || (w->serves && w->top->delay_s >= GROSS * w->top->cpu_s);
}

void cpu_waits(struct view *v, struct cpu_waits *ret)
{
	double idle, iowait = 0;
	*ret = (struct cpu_waits){.state = CPU_NOT_KNOWN, .missing = "/proc/stat"};
	if (!view_rate(v, view_id(v, M_CPU_IDLE, 0, 0), &idle) ||
		!view_gauge(v, view_id(v, M_CPU_ONLINE, 0, 0), &ret->cpus) || ret->cpus < 1)
		return;
	(void)view_rate(v, view_id(v, M_CPU_IOWAIT, 0, 0), &iowait);
	ret->idle = idle + iowait;
	ret->state = CPU_FREE;
	if (ret->idle > IDLE_FULL || v->nprograms == 0)
		return;
	bool delays = false;
	for (size_t i = 0; i < v->nusages && !delays; i++)
		delays = (v->usages[i].p->have & HAVE_DELAY) != 0;
	if (!delays) {
		ret->state = CPU_NOT_KNOWN;
		ret->missing = "run delay of processes: the processors are busy, and who waits is "
			       "not known";
		return;
	}
	ret->nculprits = who_cpu(v, ret->culprits, WHO_MAX);
	blame_forker(v, ret);
	blame_kernel(v, ret);
	if (ret->nculprits == 0)
		return;
	/* Who takes the processors: a program, or a job whose children live too short to be seen. */
	const struct who *first = &ret->culprits[0];
	ret->taker = view_usage(v, first->pid);
	ret->top = program_of(v, first);
	double all = ret->cpus * v->seconds;
	ret->serves = ret->top && ret->top->listens && !ret->top->yields &&
		      ret->top->delay_s >= DELAY_RATIO * ret->top->cpu_s && first->share > 0.3;
	const struct program *server = ret->serves ? ret->top : NULL,
			     *job = server ? job_beside(v, server, all) : NULL;
	if (job && put_job_first(ret, job))
		ret->serves = false;
	double taken_s = ret->culprits[0].share * all;
	for (size_t i = 0; i < v->nprograms && ret->nvictims < VERDICT_VICTIMS; i++) {
		const struct program *g = &v->programs[i];
		if (g == ret->top || g == server || g->top->p->self)
			continue;
		g = victim_of(v, g, ret->taker);
		if (!g || g->cpu_s >= taken_s)
			continue;
		/* Two jobs beside each other have half each: rivals, and nobody's work is lost. */
		if (!g->listens && g->cpu_s >= RIVAL * taken_s)
			continue;
		ret->victims[ret->nvictims++] = g;
	}
	ret->state = ret->nvictims || ret->serves ? CPU_OTHERS_WAIT : CPU_NOBODY_WAITS;
	for (size_t i = 0; i < ret->nvictims; i++)
		ret->waited += ret->victims[i]->delay_s / v->seconds;
	ret->gross = is_gross(v, ret);
}

struct verdict *cpu_verdict(
	struct view *v, struct verdicts *out, const struct cpu_waits *w, const char *instance)
{
	struct verdict *f = verdict_new(v, out,
		w->serves || w->waited >= BADLY ? SEVERITY_CRITICAL : SEVERITY_WARNING,
		STATE_SATURATED, instance);
	if (f)
		f->settle_s = w->gross ? 0 : SETTLE_S;
	return f;
}

void cpu_victims(struct view *v, const struct cpu_waits *w, struct verdict *f)
{
	for (size_t i = 0; i < w->nvictims; i++)
		verdict_victim(f, w->victims[i]->listens ? "server" : "process",
			who_name(v, w->victims[i]->top->p), w->victims[i]->top->p->pid,
			say(v,
				"its threads waited %.2f s for a CPU in every second, and ran %.2f "
				"s",
				w->victims[i]->delay_s / v->seconds,
				w->victims[i]->cpu_s / v->seconds));
	if (w->serves)
		verdict_victim(f, "server", who_name(v, w->top->top->p), w->top->top->p->pid,
			"its own requests wait for a CPU longer than they use one");
}

void rule_cpu_saturated(struct view *v, struct verdicts *out)
{
	struct cpu_waits w;
	double steal = 0, psi;
	cpu_waits(v, &w);
	if (w.state == CPU_NOT_KNOWN)
		verdict_unknown(out, w.missing);
	if (w.state != CPU_OTHERS_WAIT && w.state != CPU_NOBODY_WAITS)
		return;
	(void)view_rate(v, view_id(v, M_CPU_STEAL, 0, 0), &steal);
	double idle = w.idle, cpus = w.cpus;
	const struct who *culprits = w.culprits;
	const struct usage *taker = w.taker;
	if (w.state == CPU_NOBODY_WAITS) {
		struct verdict *f = culprits[0].share > 0.3
					    ? verdict_new(v, out, SEVERITY_NOTICE, STATE_NOTE, NULL)
					    : NULL;
		if (f) {
			f->title = say(v,
				"All processors are busy, most with %s; nobody else waits for them",
				culprits[0].value);
			f->used = (1 - idle) * cpus;
			f->limit = cpus;
			memcpy(f->culprits, culprits, sizeof w.culprits);
			f->nculprits = w.nculprits;
		}
		return;
	}
	struct verdict *f = cpu_verdict(v, out, &w, NULL);
	if (!f)
		return;
	f->used = (1 - idle) * cpus;
	f->limit = cpus;
	memcpy(f->culprits, culprits, sizeof w.culprits);
	f->nculprits = w.nculprits;
	drop_victims(f, w.victims, w.nvictims);
	f->title = f->nculprits ? say(v, "All %.0f processors are taken, most by %s", cpus,
					  f->culprits[0].value)
				: say(v, "All %.0f processors are taken", cpus);
	verdict_since_culprit(v, f);
	if (taker && (taker->p->have & HAVE_CGROUP)) {
		f->cgroup = taker->p->cgroup;
		verdict_evidence(f,
			say(v, "%s runs in cgroup %s", culprits[0].value,
				intern_text(&v->series->names, f->cgroup)),
			-1, 0, -1, say(v, "cat /proc/%" PRId32 "/cgroup", culprits[0].pid));
	}
	cpu_victims(v, &w, f);
	verdict_evidence(f, say(v, "idle %.1f %% of %.0f CPUs", 100 * idle, cpus), M_CPU_IDLE, idle,
		IDLE_FULL, "vmstat 1 5   # id, and r above the number of CPUs");
	if (w.nvictims)
		verdict_evidence(f,
			say(v, "%s waited %.2f s in every second for a CPU",
				who_name(v, w.victims[0]->top->p),
				w.victims[0]->delay_s / v->seconds),
			-1, w.victims[0]->delay_s / v->seconds, DELAY_SHARE,
			say(v,
				"cat /proc/%" PRId32
				"/task/*/schedstat   # second number: ns waited",
				w.victims[0]->top->p->pid));
	if (view_rate(v, view_id(v, M_PSI_CPU_SOME, 0, 0), &psi))
		verdict_evidence(f,
			say(v, "some task waited for a CPU %.0f %% of the time", 100 * psi),
			M_PSI_CPU_SOME, psi, -1, "cat /proc/pressure/cpu");
	double running;
	if (view_gauge(v, view_id(v, M_PROCS_RUNNING, 0, 0), &running))
		verdict_evidence(f, say(v, "%.0f tasks want to run on %.0f CPUs", running, cpus),
			M_PROCS_RUNNING, running, cpus, "grep procs_running /proc/stat");
	if (steal > 0.05)
		verdict_evidence(f,
			say(v, "%.0f %% of the time went to the hypervisor", 100 * steal),
			M_CPU_STEAL, steal, -1, "vmstat 1 5   # st");
	cpu_remedies(v, f, w.top);
}

const struct rule_case rule_case_cpu_steal = {
	.mechanism = "The hypervisor runs other guests while this one is ready: the machine is "
		     "smaller than it looks.",
	.threshold = "Steal above 15 % of the machine while idle time is below 5 %: work waits, "
		     "and nobody on this machine is to blame.",
	.false_alarms = "Steal with idle time left: the guest was not held up for long. A job at "
			"low priority (nice) that uses the processors alone: a note. A "
			"burstable instance out of credits shows exactly this, and it is real.",
	.confirm = "vmstat 1 5   # column st",
	.remedy = "Move the guest, buy dedicated processors, or ask the provider; on the machine "
		  "itself only less work helps.",
};

void rule_cpu_steal(struct view *v, struct verdicts *out)
{
	double steal, idle, iowait = 0;
	if (!view_rate(v, view_id(v, M_CPU_STEAL, 0, 0), &steal) ||
		!view_rate(v, view_id(v, M_CPU_IDLE, 0, 0), &idle)) {
		verdict_unknown(out, "/proc/stat");
		return;
	}
	(void)view_rate(v, view_id(v, M_CPU_IOWAIT, 0, 0), &iowait);
	if (steal < 0.15 || idle + iowait > IDLE_FULL)
		return;
	struct cpu_waits w;
	cpu_waits(v, &w);
	double hard = 0; /* used by what does not give way */
	for (size_t i = 0; i < v->nprograms; i++)
		hard += v->programs[i].yields ? 0 : v->programs[i].cpu_s;
	bool alone = w.state == CPU_NOBODY_WAITS && w.top && w.top->yields &&
		     hard <= HARDLY * w.cpus * v->seconds;
	struct verdict *f = verdict_new(v, out,
		alone         ? SEVERITY_NOTICE
		: steal > 0.3 ? SEVERITY_CRITICAL
			      : SEVERITY_WARNING,
		alone ? STATE_NOTE : STATE_SATURATED, NULL);
	if (!f)
		return;
	double cpus = 1;
	(void)view_gauge(v, view_id(v, M_CPU_ONLINE, 0, 0), &cpus);
	f->used = steal * cpus;
	f->limit = cpus;
	f->title = say(v, "The hypervisor takes %.0f %% of the processors' time", 100 * steal);
	f->culprits[f->nculprits++] =
		(struct who){"hardware", "hypervisor", 0, 1, "gave the time to other guests"};
	verdict_evidence(f, say(v, "steal %.0f %%, idle %.1f %%", 100 * steal, 100 * idle),
		M_CPU_STEAL, steal, 0.15, "vmstat 1 5   # st and id");
	verdict_remedy(f, "Move this guest to a less loaded host, or to dedicated processors", NULL,
		NULL, true, "money or a migration", "none");
	verdict_remedy(f, "Until then run less here: stop batch work", NULL, NULL, false,
		"batch work waits", "none");
}
