/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for the limits of control groups. Memory: what cannot be given back counts, never the page
 * cache, so usage, failcnt and "max" events of a group that reads files are no sign. CPU: being
 * throttled is what a quota is for; it is trouble when somebody else waits for the group. */
#include "rules/cgroup.h"

#include "rules/memory.h"
#include "rules/process.h"

#include "base/text.h"
#include "ledger/servers.h"
#include "rules/killed.h"

#include <inttypes.h>
#include <string.h>

static const double AGAIN = 2;       /* kills ever: one may be an accident */
static const double OWN_WAIT = 0.05; /* of the time: a server that is held back waits itself */

const struct rule_case rule_case_cgroup_memory = {
	.mechanism =
		"A group's memory limit is reached with memory that cannot be dropped: the kernel "
		"kills a process of the group, its supervisor starts it again, and it grows again.",
	.threshold = "A kill in the window (oom_kill of the group and of those below it) that no "
		     "limit of a group below explains. Filling: memory less what can be dropped "
		     "(file "
		     "cache, and slabs that can go; in version 1 anonymous and shared memory) "
		     "grows in four steps of five, not fading, is above half of the limit, "
		     "and the line reaches "
		     "the limit within ten times the time watched; where two processes of it were "
		     "killed before, also below half. Saturated: above 97 % of the "
		     "limit while the group keeps running into it.",
	.false_alarms =
		"A group full of page cache, or of dentries and inodes (usage 100 %, failcnt and "
		"\"max\" events rising): the kernel gives it back at once. A service that grows "
		"while it "
		"starts: it levels off, or is far "
		"from its limit; or has a ceiling of its own (maxmemory) that comes before.",
	.confirm = "grep -E 'oom_kill|^max' GROUP/memory.events (v1: memory.oom_control); cat "
		   "GROUP/memory.current GROUP/memory.max; dmesg | grep -i 'killed process'",
	.remedy = "Mend or restart the process that grows; raise the group's limit if the need is "
		  "honest.",
};

/* The group ran into its own limit in the window. */
static bool at_own_limit(struct view *v, uint32_t group)
{
	double hits;
	if (view_delta(v, view_id(v, M_CG_OOMS, 0, group), &hits)) /* v2 */
		return hits > 0;
	return view_delta(v, view_id(v, M_CG_MEM_HITS, 0, group), &hits) && hits > 0;
}

double own_oom_kills(struct view *v, uint32_t group)
{
	double kills;
	const char *path = intern_text(&v->series->names, group);
	if (!view_delta(v, view_id(v, M_CG_OOM_KILLS, 0, group), &kills) || kills <= 0 ||
		!at_own_limit(v, group))
		return 0;
	/* It counts, and its limit is asked, for what happens below it as well. */
	for (uint32_t id = view_each(v, M_CG_OOM_KILLS, 0); id;
		id = view_each(v, M_CG_OOM_KILLS, id)) {
		if (text_below(series_instance(v->series, id), path))
			kills -= own_oom_kills(v, series_row(v->series, id)->instance);
	}
	return kills > 0 ? kills : 0;
}

static void judge_memory(struct view *v, struct verdicts *out, uint32_t id)
{
	uint32_t group = series_row(v->series, id)->instance;
	const char *path = series_instance(v->series, id);
	double used, limit, kills = 0, hits = 0;
	if (!view_gauge(v, id, &used) ||
		!view_gauge(v, view_id(v, M_CG_MEM_LIMIT, 0, group), &limit) || limit <= 0)
		return;
	uint32_t kill_id = view_id(v, M_CG_OOM_KILLS, 0, group),
		 hit_id = view_id(v, M_CG_MEM_HITS, 0, group);
	kills = own_oom_kills(v, group);
	(void)view_delta(v, hit_id, &hits);
	struct trend t = view_trend(v, id);
	bool at_limit = used >= 0.97 * limit && view_steps_growing(v, hit_id, 1) * 2 > v->n - 1;
	const struct usage *grower =
		kills > 0 || t.slope <= 0 ? NULL : memory_grower_in(v, group, t.slope * t.span_s);
	double ever = 0, eta = kills > 0 ? -1 : forecast(v, t, used, limit);
	(void)view_gauge(v, kill_id, &ever);
	/* What was killed for its growth more than once grows again from its start. */
	bool again = kills <= 0 && eta < 0 && ever >= AGAIN && grower;
	if (again)
		eta = trend_eta(v, t, limit - used);
	double room = grower && eta >= 0 ? memory_own_room(v, grower) : -1;
	if (room >= 0 && room < limit - used)
		eta = -1; /* it stops before the group's memory does */
	if (kills <= 0 && eta < 0 && !at_limit)
		return;
	enum finding_state state = kills > 0  ? STATE_EXHAUSTED
				   : at_limit ? STATE_SATURATED
					      : STATE_FILLING;
	struct verdict *f = verdict_new(v, out, SEVERITY_CRITICAL, state, path);
	if (!f)
		return;
	char a[32], b[32], c[32];
	const char *word = shell_word(v, path), *name = group_called(v, path);
	f->cgroup = group;
	uint64_t high_at;
	if (kills > 0) /* after the kill it is nearly empty */
		(void)view_highest(v, id, &used, &high_at);
	f->used = used;
	f->limit = limit;
	f->eta_s = state == STATE_FILLING ? eta : -1;
	f->refused = kills;
	if (kills > 0)
		f->since_ns = view_grew_at(v, kill_id);
	f->nculprits = who_in_cgroup(v, group, WHO_BY_MEMORY, f->culprits, WHO_MAX);
	memory_first(v, f, grower);
	if (kills > 0) {
		memory_taker_first(v, f, group, limit);
		killed_victims(v, f, group);
	}
	bool files = state == STATE_FILLING && !grower &&
		     memory_blame_growth(v, f, group, t.slope * t.span_s);
	const char *who = f->nculprits && f->culprits[0].pid ? f->culprits[0].value : NULL;
	f->title =
		state == STATE_EXHAUSTED ? say(v,
						   "Cgroup %s is out of memory: the kernel killed "
						   "%.0f of its processes",
						   name, kills)
		: state == STATE_FILLING
			? say(v, "Cgroup %s will be out of memory in %s%s", name,
				  text_duration(a, eta),
				  grower  ? say(v, ": %s grows", who)
				  : files ? ": files in memory grow"
					  : "")
			: say(v, "Cgroup %s is at its memory limit and cannot give anything back",
				  name);
	verdict_evidence(f,
		say(v, "%s of %s in use that cannot be dropped", text_bytes(a, used),
			text_bytes(b, limit)),
		M_CG_MEM_ANON, used, limit,
		say(v,
			"grep -sH . /sys/fs/cgroup/memory%s/memory.*_in_bytes "
			"/sys/fs/cgroup%s/memory.current /sys/fs/cgroup%s/memory.max",
			word, word, word));
	if (t.slope > 0 && t.steady)
		verdict_evidence(f, say(v, "grows by %s/s", text_bytes(c, t.slope)), M_CG_MEM_ANON,
			t.slope, -1,
			say(v,
				"watch -n 5 cat /sys/fs/cgroup/memory%s/memory.usage_in_bytes "
				"/sys/fs/cgroup%s/memory.current",
				word, word));
	if (kills > 0)
		verdict_evidence(f, say(v, "%.0f kills in %.0f s", kills, v->seconds),
			M_CG_OOM_KILLS, kills, 0, "dmesg | grep -i 'killed process' | tail -3");
	if (again && eta >= 0)
		verdict_evidence(f, say(v, "the kernel killed %.0f of its processes before", ever),
			M_CG_OOM_KILLS, ever, -1, "dmesg | grep -i 'killed process' | tail -3");
	if (files)
		verdict_remedy(f,
			"Remove files in memory that nobody needs, and give their tmpfs a size",
			"df -h -t tmpfs; ls -lS /dev/shm | head",
			"size= of its mount in /etc/fstab, or shm_size of the container", true,
			"who writes more gets ENOSPC", "none");
	else if (who)
		verdict_remedy(f,
			say(v, "Restart %s at a time of your choosing, and mend its leak", who),
			view_usage(v, f->culprits[0].pid)
				? say(v, "kill -TERM %" PRId32, f->culprits[0].pid)
				: NULL,
			NULL, false, "its state in memory is lost", "none");
	verdict_remedy(f, "Raise the limit of the group to win time",
		say(v,
			"f=/sys/fs/cgroup%s/memory.max; [ -e \"$f\" ] || "
			"f=/sys/fs/cgroup/memory%s/memory.limit_in_bytes; echo %.0f > \"$f\"",
			word, word, limit * 2),
		"MemoryMax= of the unit, or the container's definition", false,
		"memory of the others", "a leak fills that too");
}

void rule_cgroup_memory(struct view *v, struct verdicts *out)
{
	for (uint32_t id = view_each(v, M_CG_MEM_ANON, 0); id; id = view_each(v, M_CG_MEM_ANON, id))
		judge_memory(v, out, id);
}

const struct rule_case rule_case_cgroup_pids = {
	.mechanism = "A group has as many tasks as pids.max allows: fork and thread creation fail "
		     "with EAGAIN inside it, though the host has room.",
	.threshold =
		"The kernel counted a refused fork in the window (pids.events max), here or, while "
		"this group is at its limit, in a group below it; or the group stands at its limit "
		"and was refused before; a steady line to it from above half "
		"is "
		"a forecast.",
	.false_alarms =
		"A pool that is sized to its limit and never asks for more stands there too, "
		"and nobody was ever refused: no finding. A group with room in which refusals of "
		"another group's limit, below or above it, are counted.",
	.confirm = "cat GROUP/pids.current GROUP/pids.max GROUP/pids.events; ps -eo ppid,stat,comm "
		   "| sort | uniq -c | sort -n | tail",
	.remedy = "Stop or mend who leaks children (zombies: the parent does not wait for them); "
		  "raise TasksMax of the unit.",
};

/* At its limit at some moment; two tasks less, where a fork needs as many. */
static bool was_full(const struct view *v, uint32_t id, double limit)
{
	double high;
	uint64_t at;
	return view_highest(v, id, &high, &at) && (high >= 0.98 * limit || high + 2 >= limit);
}

struct refusals {
	double now, ever; /* in the window; at all */
	uint32_t id;      /* the counter that tells the first of them, 0 */
};

/* Forks that this group's limit refused. The kernel counts them in the group that forked, whichever limit above it is reached (v1, and v2 before 6.11), or
 * in the one whose limit it is and in all above that. */
static struct refusals refused_forks(
	const struct view *v, uint32_t group, const char *path, bool full)
{
	struct refusals own = {.id = view_id(v, M_CG_PIDS_REFUSED, 0, group)}, below = {0};
	bool others = false; /* a limit above or below explains what is counted here */
	(void)view_delta(v, own.id, &own.now);
	(void)view_gauge(v, own.id, &own.ever);
	for (uint32_t id = view_each(v, M_CG_PIDS_REFUSED, 0); id;
		id = view_each(v, M_CG_PIDS_REFUSED, id)) {
		uint32_t other = series_row(v->series, id)->instance;
		const char *name = series_instance(v->series, id);
		double limit = 0, n = 0, ever = 0;
		(void)view_gauge(v, view_id(v, M_CG_PIDS_LIMIT, 0, other), &limit);
		(void)view_delta(v, id, &n);
		if (text_below(name, path)) {
			if (n > 0)
				below.id = id;
			below.now += n;
			below.ever += limit <= 0 && view_gauge(v, id, &ever) ? ever : 0;
			others = others || (limit > 0 && n > 0);
		} else if (text_below(path, name)) {
			others = others ||
				 (limit > 0 &&
					 was_full(v, view_id(v, M_CG_PIDS_USED, 0, other), limit));
		}
	}
	if (!full && others)
		return (struct refusals){0};
	return !full || own.now > 0 || (below.now <= 0 && own.ever > 0) ? own : below;
}

static void judge_pids(struct view *v, struct verdicts *out, uint32_t id)
{
	uint32_t group = series_row(v->series, id)->instance;
	const char *path = series_instance(v->series, id);
	double used, limit;
	if (!view_gauge(v, id, &used) ||
		!view_gauge(v, view_id(v, M_CG_PIDS_LIMIT, 0, group), &limit) || limit <= 0)
		return;
	/* A pool of exactly the limit's size stands there and is well: somebody must have been refused. */
	struct refusals r = refused_forks(v, group, path, was_full(v, id, limit));
	double refused = r.now;
	bool full = refused > 0 || (used >= limit && r.ever > 0);
	double eta = full ? -1 : forecast(v, view_trend(v, id), used, limit);
	if (!full && eta < 0)
		return;
	struct verdict *f = verdict_new(
		v, out, SEVERITY_CRITICAL, full ? STATE_EXHAUSTED : STATE_FILLING, path);
	if (!f)
		return;
	char a[32];
	const char *word = shell_word(v, path), *name = group_called(v, path);
	f->cgroup = group;
	f->used = used;
	f->limit = limit;
	f->eta_s = eta;
	f->refused = refused;
	if (refused > 0)
		verdict_began(f, view_grew_at(v, r.id));
	(void)process_blame_tasks(v, f, (struct process_tasks){.uid = -1, .cgroup = group});
	f->title = full ? say(v, "Cgroup %s may not fork any more", name)
			: say(v, "Cgroup %s will not be able to fork in %s", name,
				  text_duration(a, eta));
	verdict_evidence(f,
		say(v, "%.0f of %.0f tasks, %.0f forks refused in %.0f s", used, limit, refused,
			v->seconds),
		M_CG_PIDS_USED, used, limit,
		say(v, "grep -sH . /sys/fs/cgroup/pids%s/pids.* /sys/fs/cgroup%s/pids.*", word,
			word));
	if (f->nculprits && f->culprits[0].pid)
		verdict_remedy(f, say(v, "Stop %s: it makes the processes", f->culprits[0].value),
			say(v, "kill -TERM %" PRId32, f->culprits[0].pid), NULL, false,
			"its service ends", "none");
	verdict_remedy(f, "Raise the limit of the group to win time",
		say(v,
			"f=/sys/fs/cgroup%s/pids.max; [ -e \"$f\" ] || "
			"f=/sys/fs/cgroup/pids%s/pids.max; echo %.0f > \"$f\"",
			word, word, limit * 2),
		"TasksMax= of the unit, or the container's definition", false,
		"process ids of the host", "a leak fills that too");
}

void rule_cgroup_pids(struct view *v, struct verdicts *out)
{
	for (uint32_t id = view_each(v, M_CG_PIDS_USED, 0); id;
		id = view_each(v, M_CG_PIDS_USED, id))
		judge_pids(v, out, id);
}

const struct rule_case rule_case_cgroup_cpu = {
	.mechanism =
		"A group has used its CPU quota before the period ends and stands still for the "
		"rest of it, although processors may be idle: answers come in bursts, late.",
	.threshold =
		"Held back in at least half of the periods in which it wanted to run, and a "
		"process of the group serves others: somebody waits to be accepted or for its "
		"answer (of a unix socket: to be accepted; over UDP: datagrams stand in its "
		"buffer, or found no room), and it waited for a CPU for a twentieth of the time.",
	.false_alarms = "A batch job at its quota: that is what the quota is for, and nobody waits "
			"(a note), also where it listens and nobody asks, or something beside it "
			"does. Single throttled periods at start.",
	.confirm = "cat GROUP/cpu.stat   # nr_periods, nr_throttled, throttled time; twice",
	.remedy = "Raise the quota, or make the service need less; fewer threads help, since all "
		  "of them burn the same quota at once.",
};

/* Somebody waits to be accepted at this port, or for an answer, or sent what is not read. */
static bool waits_at(const struct sample *s, const struct listener *l)
{
	const struct listener *o = sample_listener(s, l);
	if (o && o->waiting)
		return true;
	for (uint32_t c = 0; c < s->conns.count; c++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[c];
		if (!g->outgoing && g->port == l->port && g->netns == l->netns &&
			(g->owing || g->recvq_conns))
			return true;
	}
	return false;
}

/* What its clients sent, all together; *ret_known: false where that is not told of one of them. */
static uint64_t sent_to(const struct sample *s, const struct listener *l, bool *ret_known)
{
	uint64_t bytes = 0;
	for (uint32_t c = 0; c < s->conns.count; c++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[c];
		if (g->outgoing || g->port != l->port || g->netns != l->netns)
			continue;
		bytes += g->bytes_in;
		*ret_known = *ret_known && g->have_info;
	}
	return bytes;
}

/* Somebody waits at two looks, or asks in three steps: a probe, or a look at its numbers now and then, makes no server of a job. */
static bool has_tcp_clients(const struct view *v, const struct usage *u)
{
	const struct sample *last = view_last(v);
	for (uint32_t k = 0; k < last->listeners.count; k++) {
		const struct listener *l = &TABLE_ROWS(last->listeners, struct listener)[k];
		unsigned waits = 0, asks = 0;
		uint64_t before = UINT64_MAX;
		bool known = true;
		if (!view_serves_for(u, l->pid))
			continue;
		if (!last->have_conns) /* not looked at */
			return true;
		for (unsigned i = 0; i < v->n; i++) {
			uint64_t bytes = sent_to(view_at(v, i), l, &known);
			waits += waits_at(view_at(v, i), l);
			asks += bytes > before;
			before = bytes;
		}
		if (waits >= 2 || asks >= 3 || !known)
			return true;
	}
	return false;
}

/* Who is accepted over a unix socket is not counted; who waits to be is. */
static bool has_unix_clients(const struct view *v, const struct usage *u)
{
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		for (uint32_t k = 0; k < s->unix_listeners.count; k++) {
			const struct unix_listener *l =
				&TABLE_ROWS(s->unix_listeners, struct unix_listener)[k];
			if (l->waiting && view_serves_for(u, l->pid))
				return true;
		}
	}
	return false;
}

/* A port that a program chose for itself: what waits there was sent to it. From the ephemeral ones questions are asked. */
static bool chosen_port(const struct view *v, const struct udp_socket *u)
{
	double low, high;
	if (!view_gauge(v, view_id(v, M_PORT_LOW, u->netns, 0), &low) ||
		!view_gauge(v, view_id(v, M_PORT_HIGH, u->netns, 0), &high))
		return false;
	return !u->peer_port && (u->port < low || u->port > high);
}

/* Datagrams stood in its buffer more than once, or found no room there. */
static bool has_udp_clients(const struct view *v, const struct usage *u)
{
	const struct sample *last = view_last(v);
	for (uint32_t k = 0; k < last->udp_sockets.count; k++) {
		const struct udp_socket *l = &TABLE_ROWS(last->udp_sockets, struct udp_socket)[k],
					*before = NULL;
		unsigned stood = 0;
		for (unsigned i = 0; view_serves_for(u, l->pid) && chosen_port(v, l) && i < v->n;
			i++) {
			const struct udp_socket *o = sample_udp_near(view_at(v, i), l, k);
			if (!o || o->stale)
				continue;
			stood += o->recvq > 0;
			if (stood > 1 || (before && o->have_drops && o->drops != before->drops))
				return true;
			before = o;
		}
	}
	return false;
}

bool cgroup_has_clients(const struct view *v, const struct usage *u)
{
	return has_tcp_clients(v, u) || has_unix_clients(v, u) || has_udp_clients(v, u);
}

/* Somebody talks to it, and it is itself what stands still: a port that is there for a look at numbers now and then makes no server of a job. */
static bool serves_others(const struct view *v, const struct usage *u)
{
	bool waits = !(u->p->have & HAVE_DELAY) || u->delay_s >= OWN_WAIT * v->seconds;
	return waits && cgroup_has_clients(v, u);
}

static void judge_cpu(struct view *v, struct verdicts *out, uint32_t id)
{
	uint32_t group = series_row(v->series, id)->instance;
	const char *path = series_instance(v->series, id);
	double quota, period, periods, throttled, lost = 0;
	uint32_t thr_id = view_id(v, M_CG_CPU_THROTTLED, 0, group);
	if (!view_gauge(v, id, &quota) ||
		!view_gauge(v, view_id(v, M_CG_CPU_PERIOD, 0, group), &period) || period <= 0 ||
		!view_delta(v, view_id(v, M_CG_CPU_PERIODS, 0, group), &periods) ||
		!view_delta(v, thr_id, &throttled))
		return;
	if (periods < 5 || throttled < periods / 2)
		return;
	const struct usage *server = NULL;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (!u->gone && who_is_member(v, group, u->p->pid) && serves_others(v, u) &&
			(!server || u->cpu_s > server->cpu_s))
			server = u;
	}
	struct verdict *f = verdict_new(v, out, server ? SEVERITY_CRITICAL : SEVERITY_NOTICE,
		server ? STATE_SATURATED : STATE_NOTE, path);
	if (!f)
		return;
	const char *word = shell_word(v, path), *name = group_called(v, path);
	f->cgroup = group;
	f->used = throttled / periods;
	f->limit = quota / period;
	f->nculprits = who_in_cgroup(v, group, WHO_BY_CPU, f->culprits, WHO_MAX);
	f->used = 0;
	for (size_t i = 0; i < v->nusages; i++)
		f->used += who_is_member(v, group, v->usages[i].p->pid)
				   ? v->usages[i].cpu_s / v->seconds
				   : 0;
	f->title = server ? say(v,
				    "Cgroup %s is held back at its quota of %.2g CPUs while others "
				    "wait for %s",
				    name, f->limit, who_name(v, server->p))
			  : say(v,
				    "Cgroup %s uses all of its quota of %.2g CPUs; nobody else "
				    "waits for it",
				    path, f->limit);
	if (server)
		verdict_victim(f, "server", who_name(v, server->p), server->p->pid,
			"stands still for the rest of each period");
	verdict_evidence(f, say(v, "held back in %.0f of %.0f periods", throttled, periods),
		M_CG_CPU_THROTTLED, throttled / periods, 0.5,
		say(v, "cat /sys/fs/cgroup/cpu%s/cpu.stat /sys/fs/cgroup%s/cpu.stat 2>/dev/null",
			word, word));
	if (view_delta(v, view_id(v, M_CG_CPU_THROTTLED_TIME, 0, group), &lost))
		verdict_evidence(f,
			say(v, "its CPUs stood still for %.1f s in %.0f s", lost, v->seconds),
			M_CG_CPU_THROTTLED_TIME, lost / v->seconds, -1,
			say(v,
				"watch -n 1 cat /sys/fs/cgroup/cpu%s/cpu.stat "
				"/sys/fs/cgroup%s/cpu.stat",
				word, word));
	verdict_remedy(f, "Double the quota",
		say(v,
			"f=/sys/fs/cgroup%s/cpu.max; if [ -e \"$f\" ]; then echo '%.0f %.0f' > "
			"\"$f\"; "
			"else echo %.0f > /sys/fs/cgroup/cpu%s/cpu.cfs_quota_us; fi",
			word, quota * 2e6, period * 1e6, quota * 2e6, word),
		"CPUQuota= of the unit, or the container's definition", false,
		"CPU time of the others", "none while processors are idle");
	verdict_remedy(f, "Fewer threads or workers in the group: they burn one quota together",
		NULL, NULL, true, "less concurrency", "none");
}

void rule_cgroup_cpu(struct view *v, struct verdicts *out)
{
	for (uint32_t id = view_each(v, M_CG_CPU_QUOTA, 0); id;
		id = view_each(v, M_CG_CPU_QUOTA, id))
		judge_cpu(v, out, id);
}
