/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for the memory of the machine and for swap. Used memory and used swap say nothing: cache is
 * given back, and pages that went to swap long ago and stay there are well kept. Harm is a stall
 * (PSI, allocations that wait), a kill, or pages that go out and come back. */
#include "rules/memory.h"

#include "base/text.h"
#include "rules/killed.h"

#include <inttypes.h>
#include <string.h>

static const double AVAILABLE_LOW = 0.05;
static const double STALLED = 0.10; /* share of time that some task waited for memory */
static const double SWAP_MOVING =
	256e3; /* bytes a second in each direction: below, it is housekeeping */

const struct rule_case rule_case_memory_exhausted = {
	.mechanism = "Processes want more memory than there is. The kernel drops cache, then makes "
		     "the tasks that ask free memory themselves (they stall), then kills one.",
	.threshold = "MemAvailable below 5 % of the machine and tasks that waited for memory a "
		     "tenth of the time (PSI; where there is none, allocation stalls in most "
		     "seconds); or a process killed for lack of memory outside any cgroup limit. A "
		     "forecast when MemAvailable falls on a line and more than half is used.",
	.false_alarms = "Little free memory with much cache (MemAvailable is what counts). Swap in "
			"use but quiet. A kill at a cgroup's own limit: that is cgroup.memory.",
	.confirm = "grep -E 'MemAvailable|SwapFree' /proc/meminfo; cat /proc/pressure/memory; "
		   "dmesg | grep -i 'killed process'",
	.remedy = "Restart or limit the process that grows; then give the machine more memory, or "
		  "the process a smaller ceiling.",
};

void memory_remedies(struct view *v, struct verdict *f)
{
	if (f->nculprits && f->culprits[0].pid) {
		const char *unit = unit_of(v, f->culprits[0].pid);
		bool alive = view_usage(v, f->culprits[0].pid) != NULL;
		verdict_remedy(f, say(v, "Restart %s if it leaks", f->culprits[0].value),
			alive ? restart_command(v, f->culprits[0].pid) : NULL, /* it was killed */
			NULL, false, "its clients reconnect", "state in memory is lost");
		verdict_remedy(f,
			say(v, "Give %s a ceiling of its own, so that it alone suffers",
				f->culprits[0].value),
			unit ? say(v, "systemctl set-property %s MemoryHigh=70%% MemoryMax=80%%",
				       unit)
			     : NULL,
			unit ? "/etc/systemd/system.control/" : NULL, true,
			"it is slowed or killed at its ceiling", "choose it above its honest need");
	}
	verdict_remedy(f,
		"Lower the number of workers or connections, or the caches of the largest programs",
		NULL, NULL, true, "less concurrency", "none");
}

/* Kills that no cgroup limit explains. */
static double host_oom_kills(struct view *v)
{
	double all = 0;
	(void)view_delta(v, view_id(v, M_OOM_KILLS, 0, 0), &all);
	for (uint32_t id = view_each(v, M_CG_OOM_KILLS, 0); id;
		id = view_each(v, M_CG_OOM_KILLS, id))
		all -= own_oom_kills(v, series_row(v->series, id)->instance);
	return all > 0 ? all : 0;
}

bool memory_short(struct view *v)
{
	double total, available, stalled;
	if (!view_gauge(v, view_id(v, M_MEM_TOTAL, 0, 0), &total) ||
		!view_gauge(v, view_id(v, M_MEM_AVAILABLE, 0, 0), &available) ||
		available >= AVAILABLE_LOW * total)
		return false;
	if (view_rate(v, view_id(v, M_PSI_MEMORY_SOME, 0, 0), &stalled))
		return stalled >= STALLED;
	return view_steps_growing(v, view_id(v, M_ALLOC_STALLS, 0, 0), 1) * 2 > v->n - 1;
}

/* Who grew comes before who merely is large. */
void memory_grower_first(struct view *v, struct verdict *f)
{
	struct memory_grower g;
	if (!memory_grower(v, &g))
		return;
	const char *name = who_name(v, g.u->p);
	size_t at = 0;
	while (at < f->nculprits && strcmp(f->culprits[at].value, name) != 0)
		at++;
	if (at == f->nculprits) {
		at = f->nculprits < WHO_MAX ? f->nculprits++ : WHO_MAX - 1;
		f->culprits[at] = (struct who){"process", name, g.u->p->pid, -1, ""};
	}
	char a[32], b[32];
	struct who first = f->culprits[at];
	first.why = say(
		v, "grows by %s/s, has %s resident", text_bytes(a, g.slope), text_bytes(b, g.rss));
	memmove(&f->culprits[1], &f->culprits[0], at * sizeof f->culprits[0]);
	f->culprits[0] = first;
}

void rule_memory_exhausted(struct view *v, struct verdicts *out)
{
	double total, available, stalled = 0, stalls = 0;
	uint32_t avail_id = view_id(v, M_MEM_AVAILABLE, 0, 0);
	if (!view_gauge(v, view_id(v, M_MEM_TOTAL, 0, 0), &total) ||
		!view_gauge(v, avail_id, &available) || total <= 0) {
		verdict_unknown(out, "MemTotal and MemAvailable in /proc/meminfo");
		return;
	}
	bool psi = view_rate(v, view_id(v, M_PSI_MEMORY_SOME, 0, 0), &stalled);
	unsigned stall_steps = view_steps_growing(v, view_id(v, M_ALLOC_STALLS, 0, 0), 1);
	(void)view_rate(v, view_id(v, M_ALLOC_STALLS, 0, 0), &stalls);
	bool low = available < AVAILABLE_LOW * total;
	bool waits = psi ? stalled >= STALLED : stall_steps * 2 > v->n - 1;
	double kills = host_oom_kills(v);
	bool killed = kills > 0 && (low || available < 3 * AVAILABLE_LOW * total || stalls > 0);
	double eta = forecast(v, use_trend_of_rest(v, avail_id, total), total - available, total);
	if (!killed && !(low && waits) && eta < 0)
		return;
	bool filling = !killed && !(low && waits);
	struct memory_grower grower;
	if (filling && memory_grower(v, &grower))
		return; /* memory.leak says it, and names who grows */
	struct verdict *f = verdict_new(v, out,
		killed || eta < 0 || eta < 300 ? SEVERITY_CRITICAL : SEVERITY_WARNING,
		filling  ? STATE_FILLING
		: killed ? STATE_EXHAUSTED
			 : STATE_SATURATED,
		NULL);
	if (!f)
		return;
	char left[32], eta_text[32];
	f->used = total - available;
	f->limit = total;
	f->eta_s = filling ? eta : -1;
	if (killed) {
		f->refused = kills;
		f->since_ns = view_grew_at(v, view_id(v, M_OOM_KILLS, 0, 0));
	}
	f->nculprits = who_memory(v, f->culprits, WHO_MAX);
	memory_grower_first(v, f);
	if (filling) {
		struct trend t = use_trend_of_rest(v, avail_id, total);
		(void)memory_blame_growth(v, f, 0, t.slope * t.span_s);
	}
	if (killed) {
		memory_taker_first(v, f, 0, total);
		killed_victims(v, f, 0);
	}
	f->title = killed    ? say(v, "Memory is used up: the kernel killed %.0f process%s", kills,
                                    kills > 1 ? "es" : "")
		   : filling ? say(v, "Memory will be used up in %s", text_duration(eta_text, eta))
		   : psi     ? say(v, "Memory is used up: tasks wait for it %.0f %% of the time",
				       100 * stalled)
			     : "Memory is used up: allocations wait for it";
	verdict_evidence(f,
		say(v, "%s available of %.1f GiB", text_bytes(left, available), total / (1 << 30)),
		M_MEM_AVAILABLE, available, AVAILABLE_LOW * total,
		"grep MemAvailable /proc/meminfo");
	if (psi)
		verdict_evidence(f,
			say(v, "some task waited for memory %.0f %% of the time", 100 * stalled),
			M_PSI_MEMORY_SOME, stalled, STALLED, "cat /proc/pressure/memory");
	if (killed)
		verdict_evidence(f, say(v, "%.0f kills in %.0f s", kills, v->seconds), M_OOM_KILLS,
			kills, 0, "dmesg | grep -i 'killed process'");
	memory_remedies(v, f);
}

const struct rule_case rule_case_swap_thrash = {
	.mechanism = "More memory is in use at once than the machine has: pages go to swap and are "
		     "needed again at once, and every such need waits for a disk.",
	.threshold = "Pages go out and come in, at least 256 kB/s in each direction, in four "
		     "seconds of five, and tasks wait for memory a tenth of the time.",
	.false_alarms =
		"Swap used by a past peak, with nothing moving. Only swap-out (the kernel moves "
		"idle pages away to make room for cache), or only swap-in (a sleeper woke up).",
	.confirm = "vmstat 1 5   # si and so both above 0, all the time",
	.remedy = "Less work at once: fewer workers, smaller caches, or stop the largest; more "
		  "memory. Larger swap makes it slower, not better.",
};

void rule_swap_thrash(struct view *v, struct verdicts *out)
{
	double total, left, in = 0, sout = 0, stalled = 0;
	if (!view_gauge(v, view_id(v, M_SWAP_TOTAL, 0, 0), &total) ||
		!view_gauge(v, view_id(v, M_SWAP_FREE, 0, 0), &left)) {
		verdict_unknown(out, "SwapTotal in /proc/meminfo");
		return;
	}
	uint32_t in_id = view_id(v, M_SWAP_IN, 0, 0), out_id = view_id(v, M_SWAP_OUT, 0, 0);
	unsigned steps = v->n - 1;
	if (total <= 0 || view_steps_growing(v, in_id, SWAP_MOVING) * 5 < steps * 4 ||
		view_steps_growing(v, out_id, SWAP_MOVING) * 5 < steps * 4)
		return;
	bool psi = view_rate(v, view_id(v, M_PSI_MEMORY_SOME, 0, 0), &stalled);
	if (psi && stalled < STALLED)
		return;
	(void)view_rate(v, in_id, &in);
	(void)view_rate(v, out_id, &sout);
	struct verdict *f = verdict_new(v, out, SEVERITY_CRITICAL, STATE_SATURATED, NULL);
	if (!f)
		return;
	char a[32], b[32];
	f->used = total - left;
	f->limit = total;
	f->nculprits = who_memory(v, f->culprits, WHO_MAX);
	memory_grower_first(v, f);
	memory_blame_swap(v, f);
	f->title = "Pages go to swap and come back all the time: the memory in use does not fit";
	verdict_evidence(f,
		say(v, "%s/s read from swap, %s/s written to it", text_bytes(a, in),
			text_bytes(b, sout)),
		M_SWAP_IN, in, SWAP_MOVING, "vmstat 1 5   # si, so");
	if (psi)
		verdict_evidence(f,
			say(v, "some task waited for memory %.0f %% of the time", 100 * stalled),
			M_PSI_MEMORY_SOME, stalled, STALLED, "cat /proc/pressure/memory");
	memory_remedies(v, f);
}
