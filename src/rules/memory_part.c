/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for a part of the memory: one process, a cache of the kernel, promises, pages to be written, large pieces; and for swap space. */
#include "rules/memory.h"

#include "base/text.h"
#include "rules/cpu.h"

#include <inttypes.h>
#include <string.h>

static const double MOST = 0.5;     /* of a growth or of an amount: this one is to blame for it */
static const double STALLED = 0.10; /* share of time that some task waited for memory */
static const double ROOM = 0.25;    /* of the memory is available: nobody is short of it */

/* ---- one process ---- */

const struct rule_case rule_case_memory_leak = {
	.mechanism = "One program asks for more and more memory and gives none back: what is left "
		     "for all others shrinks by as much. At the end the kernel "
		     "kills somebody, not always the one who grew.",
	.threshold = "Available memory falls on a line and more than half is used (the forecast of "
		     "memory.exhausted), and resident memory of the processes "
		     "of one name grows on a line that is at least half of that.",
	.false_alarms =
		"A program that grows while it starts or warms up: the line fades, or is "
		"far from the end. Page cache that grows: it stays "
		"available. Growth inside a control group whose limit comes before the end of "
		"memory: cgroup.memory. A server that reads its data at its start, or has a "
		"ceiling of its own (maxmemory) that comes before.",
	.confirm = "grep MemAvailable /proc/meminfo; grep VmRSS /proc/PID/status; sleep 10; the "
		   "same again",
	.remedy = "Restart it at a time of your choosing, give it a ceiling of its own "
		  "(MemoryMax), and mend the leak.",
};

/* Resident bytes of all processes of one name, in each sample. */
static unsigned rss_of(const struct view *v, const struct proc *like, double *t, double *y)
{
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		t[i] = (double)(s->mono_ns - view_at(v, 0)->mono_ns) / 1e9;
		y[i] = 0;
		for (uint32_t k = 0; k < s->procs.count; k++) {
			const struct proc *p = &TABLE_ROWS(s->procs, struct proc)[k];
			if (memcmp(p->comm, like->comm, PROC_COMM) == 0 && p->uid == like->uid)
				y[i] += (double)p->rss_pages * 4096;
		}
	}
	return v->n;
}

bool memory_grower(struct view *v, struct memory_grower *ret)
{
	double total, t[STORE_MAX], y[STORE_MAX], most = 0;
	uint32_t avail = view_id(v, M_MEM_AVAILABLE, 0, 0);
	const struct usage *best = NULL;
	if (!view_gauge(v, view_id(v, M_MEM_TOTAL, 0, 0), &total))
		return false;
	struct trend used = use_trend_of_rest(v, avail, total);
	if (!used.steady || used.slope <= 0)
		return false;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		double grown =
			((double)u->p->rss_pages - (u->born ? 0 : (double)u->first->rss_pages)) *
			4096;
		if (!u->p->kernel && !u->p->self && !u->gone && grown > most) {
			most = grown;
			best = u;
		}
	}
	if (!best)
		return false;
	struct trend own = trend_fit(t, y, rss_of(v, best->p, t, y));
	if (!own.steady || own.slope < MOST * used.slope)
		return false;
	*ret = (struct memory_grower){best, own.slope, own.last, used.slope};
	return true;
}

void rule_memory_leak(struct view *v, struct verdicts *out)
{
	double total, available;
	struct memory_grower g;
	uint32_t avail = view_id(v, M_MEM_AVAILABLE, 0, 0);
	if (!view_gauge(v, view_id(v, M_MEM_TOTAL, 0, 0), &total) ||
		!view_gauge(v, avail, &available))
		return; /* memory.exhausted says what is missing */
	double eta = forecast(v, use_trend_of_rest(v, avail, total), total - available, total);
	if (eta < 0 || !memory_grower(v, &g))
		return;
	double own = memory_own_room(v, g.u), group = memory_group_room(v, g.u);
	if ((own >= 0 && own < available) || (group >= 0 && group < available))
		return; /* it stops before memory does, or its group is what runs out */
	const char *name = who_name(v, g.u->p);
	struct verdict *f = verdict_new(
		v, out, eta < 300 ? SEVERITY_CRITICAL : SEVERITY_WARNING, STATE_FILLING, name);
	if (!f)
		return;
	char a[32], b[32], c[32];
	f->pid = g.u->p->pid;
	f->used = total - available;
	f->limit = total;
	f->eta_s = eta;
	f->title = say(v, "%s grows by %s/s: memory will be used up in %s", name,
		text_bytes(a, g.slope), text_duration(b, eta));
	f->culprits[f->nculprits++] =
		(struct who){"process", name, g.u->p->pid, g.rss / total < 1 ? g.rss / total : 1,
			say(v, "has %s resident, and grows by %s/s", text_bytes(a, g.rss),
				text_bytes(b, g.slope))};
	verdict_evidence(f,
		say(v, "%s available of %s, falling by %s/s", text_bytes(a, available),
			text_bytes(b, total), text_bytes(c, g.used_slope)),
		M_MEM_AVAILABLE, available, -1,
		"grep MemAvailable /proc/meminfo; sleep 10; grep MemAvailable /proc/meminfo");
	verdict_evidence(f,
		say(v, "resident memory of %s grows by %s/s on a line", name,
			text_bytes(a, g.slope)),
		-1, g.slope, -1,
		say(v,
			"grep VmRSS /proc/%" PRId32 "/status; sleep 10; grep VmRSS /proc/%" PRId32
			"/status",
			f->pid, f->pid));
	memory_remedies(v, f);
}

/* ---- caches of the kernel ---- */

const struct rule_case rule_case_memory_slab = {
	.mechanism = "Objects of the kernel (sockets, open files, network buffers, modules' own) "
		     "take memory that cannot be given back under pressure. They "
		     "belong to no process, so no list of processes shows where the memory went.",
	.threshold = "Unreclaimable slab grows on a line, is at least half of what memory in use "
		     "grows by, and memory is on its way to its end (as "
		     "memory.exhausted); or memory is short now and half of it is such slab.",
	.false_alarms = "Caches of names and inodes (dentry, ext4_inode_cache) after a walk "
			"through many files: the kernel gives them back, and they do not "
			"count as unreclaimable. A burst of sockets that ends.",
	.confirm = "grep SUnreclaim /proc/meminfo; slabtop -o -s c | head -15; cat "
		   "/proc/sys/fs/file-nr",
	.remedy = "Find who makes the objects (sockets: ss -s; files: /proc/sys/fs/file-nr) and "
		  "restart it; a leak of the kernel or of a module ends with a "
		  "reboot or an update.",
};

static bool reclaimable_cache(const char *name)
{
	size_t n = strlen(name);
	static const char *const tails[] = {
		"inode_cache", "_inode", "dentry", "buffer_head", "radix_tree_node"};
	for (size_t i = 0; i < COUNTOF(tails); i++) {
		size_t k = strlen(tails[i]);
		if (n >= k && strcmp(name + n - k, tails[i]) == 0)
			return true;
	}
	return false;
}

/* The cache that grew most, or where none was read twice in the window, the largest. */
static const char *largest_cache(struct view *v, double *ret_bytes, double *ret_grown)
{
	const char *best = NULL;
	double best_rank = 0;
	for (uint32_t id = view_each(v, M_SLAB_PAGES, 0); id; id = view_each(v, M_SLAB_PAGES, id)) {
		double bytes;
		uint64_t first, last;
		const char *name = series_instance(v->series, id);
		if (reclaimable_cache(name) || !view_gauge(v, id, &bytes))
			continue;
		double grown = 0;
		if (sample_get(view_at(v, 0), id, &first) && sample_get(view_last(v), id, &last) &&
			last > first)
			grown = (double)(last - first) * 4096;
		double rank = grown * 1000 + bytes;
		if (rank > best_rank) {
			best_rank = rank;
			best = name;
			*ret_bytes = bytes;
			*ret_grown = grown;
		}
	}
	return best;
}

void rule_memory_slab(struct view *v, struct verdicts *out)
{
	double total, available, slab, bytes = 0, grown = 0;
	uint32_t avail = view_id(v, M_MEM_AVAILABLE, 0, 0),
		 slab_id = view_id(v, M_MEM_SLAB_UNRECLAIM, 0, 0);
	if (!view_gauge(v, view_id(v, M_MEM_TOTAL, 0, 0), &total) ||
		!view_gauge(v, avail, &available) || !view_gauge(v, slab_id, &slab)) {
		verdict_unknown(out, "SUnreclaim in /proc/meminfo");
		return;
	}
	struct trend used = use_trend_of_rest(v, avail, total), own = view_trend(v, slab_id);
	double eta = forecast(v, used, total - available, total);
	bool filling = eta >= 0 && own.steady && own.slope >= MOST * used.slope;
	bool full = memory_short(v) && slab >= MOST * total;
	if (!filling && !full)
		return;
	const char *cache = largest_cache(v, &bytes, &grown);
	struct verdict *f =
		verdict_new(v, out, full || eta < 300 ? SEVERITY_CRITICAL : SEVERITY_WARNING,
			full ? STATE_SATURATED : STATE_FILLING, cache);
	if (!f)
		return;
	char a[32], b[32];
	f->used = slab;
	f->limit = slab + available;
	f->eta_s = full ? -1 : eta;
	f->title = full ? say(v,
				  "%s of the memory is kernel objects that cannot be given back, "
				  "most of them %s",
				  text_bytes(a, slab), cache ? cache : "not known")
			: say(v, "Kernel objects grow by %s/s%s%s: memory will be used up in %s",
				  text_bytes(a, own.slope), cache ? ", most of them " : "",
				  cache ? cache : "", text_duration(b, eta));
	f->culprits[f->nculprits++] = (struct who){"kernel", cache ? cache : "slab", 0,
		bytes / total < 1 ? bytes / total : 1,
		cache ? say(v, "this cache has %s%s%s", text_bytes(a, bytes),
				grown > 0 ? ", more by " : "",
				grown > 0 ? text_bytes(b, grown) : "")
		      : "caches of kernel objects"};
	verdict_evidence(f,
		say(v, "%s unreclaimable slab, %s available", text_bytes(a, slab),
			text_bytes(b, available)),
		M_MEM_SLAB_UNRECLAIM, slab, -1, "grep -E 'SUnreclaim|MemAvailable' /proc/meminfo");
	if (cache)
		verdict_evidence(f, say(v, "%s has %s", cache, text_bytes(a, bytes)), M_SLAB_PAGES,
			bytes, -1, say(v, "grep %s /proc/slabinfo", shell_word(v, cache)));
	struct who fds[WHO_MAX];
	size_t n = who_fds(v, fds, WHO_MAX);
	if (n)
		verdict_evidence(f, say(v, "most descriptors: %s, %s", fds[0].value, fds[0].why),
			-1, fds[0].share, -1,
			fds[0].pid ? say(v, "ls /proc/%" PRId32 "/fd | wc -l", fds[0].pid)
				   : "cat /proc/sys/fs/file-nr");
	verdict_remedy(f,
		"Find whose objects they are, and restart it: sockets (ss -s), open files, watches",
		"ss -s; cat /proc/sys/fs/file-nr", NULL, false, "its clients reconnect", "none");
	verdict_remedy(f,
		"If no process has so many, the kernel or a module leaks: update it, and reboot "
		"until then",
		NULL, NULL, true, "a reboot", "none");
}

/* ---- promises ---- */

const struct rule_case rule_case_memory_commit = {
	.mechanism = "With vm.overcommit_memory=2 the kernel promises no more memory than "
		     "CommitLimit: malloc() and fork() fail with ENOMEM although much of "
		     "what was promised is not used.",
	.threshold = "Strict overcommit, and less than a hundredth of CommitLimit left in the last "
		     "two samples (refusals are not counted, and the kernel keeps "
		     "a little for root); or on a line to it from above half.",
	.false_alarms = "Committed_AS above CommitLimit with overcommit 0 or 1: there the limit "
			"has no meaning.",
	.confirm = "sysctl vm.overcommit_memory; grep -E 'Commit' /proc/meminfo",
	.remedy = "Raise vm.overcommit_ratio or add swap (it counts, even unused); fewer or "
		  "smaller processes; overcommit 0 where a fork of a large process "
		  "has to succeed.",
};

void rule_memory_commit(struct view *v, struct verdicts *out)
{
	double mode, used, limit, before;
	uint32_t id = view_id(v, M_MEM_COMMITTED, 0, 0);
	uint64_t raw = 0;
	if (!view_gauge(v, view_id(v, M_OVERCOMMIT, 0, 0), &mode) || !view_gauge(v, id, &used) ||
		!view_gauge(v, view_id(v, M_MEM_COMMIT_LIMIT, 0, 0), &limit)) {
		verdict_unknown(out, "CommitLimit in /proc/meminfo");
		return;
	}
	if (mode < 2 || limit <= 0)
		return;
	before = sample_get(view_at(v, v->n - 2), id, &raw) ? (double)raw * 1024 : 0;
	bool full = limit - used < limit / 100 && limit - before < limit / 100;
	double eta = full ? -1 : forecast(v, view_trend(v, id), used, limit);
	if (!full && eta < 0)
		return;
	struct verdict *f = verdict_new(
		v, out, SEVERITY_CRITICAL, full ? STATE_EXHAUSTED : STATE_FILLING, NULL);
	if (!f)
		return;
	char a[32], b[32];
	f->used = used;
	f->limit = limit;
	f->eta_s = eta;
	f->nculprits = who_memory(v, f->culprits, WHO_MAX);
	if (!f->nculprits)
		f->culprits[f->nculprits++] = (struct who){
			"config", "vm.overcommit_memory=2", 0, -1, "promises are limited"};
	f->title =
		full ? "No more memory is promised: malloc and fork fail, though memory may be free"
		     : say(v, "All the memory that may be promised will be gone in %s",
			       text_duration(a, eta));
	verdict_evidence(f, say(v, "%s promised of %s", text_bytes(a, used), text_bytes(b, limit)),
		M_MEM_COMMITTED, used, limit,
		"grep Commit /proc/meminfo; sysctl vm.overcommit_memory");
	verdict_remedy(f, "Promise more of the memory", "sysctl -w vm.overcommit_ratio=80",
		"/etc/sysctl.d/90-overcommit.conf", false, "less is kept back for the kernel",
		"processes may be killed for lack of memory instead");
	verdict_remedy(f, "Lower the number of workers, or restart the program that grows", NULL,
		NULL, true, "less concurrency", "none");
}

/* ---- pages to be written ---- */

const struct rule_case rule_case_memory_dirty = {
	.mechanism = "Programs write files faster than storage takes them. At a threshold of "
		     "unwritten pages every writer, of any disk, has to wait until some "
		     "were written.",
	.threshold = "Dirty pages and those being written reach the middle between background and "
		     "limit (there writers are slowed) in half of the samples, and "
		     "a process other than the one that writes most stands in balance_dirty_pages.",
	.false_alarms = "A copy that is slowed by its own dirty pages, with nobody else writing.",
	.confirm = "grep -E 'Dirty|Writeback:' /proc/meminfo; ps -eLo stat,wchan:32,comm | grep "
		   "balance_dirty",
	.remedy = "Slow the one who writes most (ionice, io.max, its own fsync); limit dirty pages "
		  "by bytes (vm.dirty_bytes); faster storage.",
};

void rule_memory_dirty(struct view *v, struct verdicts *out)
{
	double limit, background, dirty = 0, writeback = 0, most = 0;
	uint32_t dirty_id = view_id(v, M_MEM_DIRTY, 0, 0),
		 back_id = view_id(v, M_MEM_WRITEBACK, 0, 0);
	if (!view_gauge(v, view_id(v, M_MEM_DIRTY_LIMIT, 0, 0), &limit) ||
		!view_gauge(v, view_id(v, M_MEM_DIRTY_BACKGROUND, 0, 0), &background))
		return; /* kernels before 2.6.37 do not tell it */
	double wait_at = (limit + background) / 2 * 0.95;
	unsigned high = 0;
	for (unsigned i = 0; i < v->n; i++) {
		uint64_t d, w;
		if (!sample_get(view_at(v, i), dirty_id, &d))
			continue;
		if (!sample_get(view_at(v, i), back_id, &w))
			w = 0;
		dirty = (double)d * 1024;
		writeback = (double)w * 1024;
		high += dirty + writeback >= wait_at;
	}
	if (limit <= 0 || high * 2 < v->n)
		return;
	const struct usage *writer = NULL;
	for (size_t i = 0; i < v->nusages; i++)
		if (!v->usages[i].p->kernel && !v->usages[i].p->self && v->usages[i].have_io &&
			v->usages[i].write_bytes > most) {
			most = v->usages[i]
				       .write_bytes; /* pages made dirty; characters go to sockets too */
			writer = &v->usages[i];
		}
	struct verdict draft = {0};
	for (size_t i = 0; writer && i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (u->p->kernel || u->p->self || u->blocked < 2 ||
			memcmp(u->p->comm, writer->p->comm, PROC_COMM) == 0 ||
			(!u->listens && cpu_same_job(writer, u)) ||
			!strstr(intern_text(&v->series->names, u->p->wchan), "balance_dirty"))
			continue;
		verdict_victim(&draft, u->listens ? "server" : "process", who_name(v, u->p),
			u->p->pid,
			say(v, "waits to write, blocked in %u of %u samples", u->blocked, v->n));
	}
	struct verdict *f = draft.nvictims
				    ? verdict_new(v, out, SEVERITY_CRITICAL, STATE_SATURATED, NULL)
				    : NULL;
	if (!f)
		return;
	char a[32], b[32];
	const char *name = who_name(v, writer->p);
	memcpy(f->victims, draft.victims, sizeof draft.victims);
	f->nvictims = draft.nvictims;
	f->used = dirty + writeback;
	f->limit = limit;
	f->title = say(v,
		"Too much is waiting to be written: all writers are slowed, most of it is of %s",
		name);
	f->culprits[f->nculprits++] = (struct who){"process", name, writer->p->pid, -1,
		say(v, "wrote %s/s", text_bytes(a, most / v->seconds))};
	verdict_evidence(f,
		say(v, "%s wait to be written, writers are slowed from %s on",
			text_bytes(a, f->used), text_bytes(b, wait_at)),
		M_MEM_DIRTY, f->used, wait_at,
		"grep -E 'Dirty|Writeback:' /proc/meminfo; grep nr_dirty /proc/vmstat");
	verdict_evidence(f, say(v, "%s stands in balance_dirty_pages", f->victims[0].value), -1,
		(double)f->nvictims, -1, "ps -eLo stat,wchan:32,comm | grep balance_dirty");
	verdict_remedy(f, say(v, "Stop %s until the rush is over; go on with -CONT", name),
		say(v, "kill -STOP %" PRId32, writer->p->pid), NULL, false, "its work stands still",
		"clients of it hang");
	verdict_remedy(f, "Let less pile up: limits in bytes",
		"sysctl -w vm.dirty_background_bytes=67108864 vm.dirty_bytes=268435456",
		"/etc/sysctl.d/90-dirty.conf", false, "large writes are slowed earlier", "none");
}

/* ---- large pieces ---- */

const struct rule_case rule_case_memory_compact = {
	.mechanism = "Somebody wants memory in large pieces (huge pages, large network buffers) "
		     "and it is all in small ones: the task that asks has to move pages "
		     "about itself, and waits.",
	.threshold = "Allocations waited for compaction in most seconds and tasks waited for "
		     "memory a tenth of the time (PSI), while more than a tenth of the "
		     "memory is available: it is not shortage that they wait for.",
	.false_alarms = "Compaction in the background (kcompactd). Failures of huge pages at a "
			"page fault that fall back to small ones at once.",
	.confirm = "grep -E 'compact_stall|compact_fail|thp_fault' /proc/vmstat; cat "
		   "/sys/kernel/mm/transparent_hugepage/defrag",
	.remedy = "transparent_hugepage/defrag to \"madvise\" or \"defer\"; more "
		  "vm.min_free_kbytes; huge pages reserved at boot.",
};

void rule_memory_compact(struct view *v, struct verdicts *out)
{
	double total, available, psi = 0, rate = 0;
	uint32_t id = view_id(v, M_COMPACT_STALLS, 0, 0);
	if (!view_rate(v, id, &rate) || !view_rate(v, view_id(v, M_PSI_MEMORY_SOME, 0, 0), &psi) ||
		!view_gauge(v, view_id(v, M_MEM_TOTAL, 0, 0), &total) ||
		!view_gauge(v, view_id(v, M_MEM_AVAILABLE, 0, 0), &available))
		return;
	if (view_steps_growing(v, id, 1) * 2 <= v->n - 1 || psi < STALLED || available < total / 10)
		return;
	struct verdict *f = verdict_new(v, out, SEVERITY_WARNING, STATE_SATURATED, NULL);
	if (!f)
		return;
	f->used = rate;
	f->title = say(v,
		"Tasks wait %.0f %% of the time for memory in large pieces, though there is enough "
		"in small ones",
		100 * psi);
	f->culprits[f->nculprits++] = (struct who){"config", "transparent_hugepage/defrag", 0, -1,
		"who asks for a huge page has to make it itself"};
	verdict_evidence(f, say(v, "%.0f allocations a second waited for compaction", rate),
		M_COMPACT_STALLS, rate, 0, "grep compact_ /proc/vmstat");
	verdict_evidence(f, say(v, "some task waited for memory %.0f %% of the time", 100 * psi),
		M_PSI_MEMORY_SOME, psi, STALLED, "cat /proc/pressure/memory");
	verdict_remedy(f, "Let huge pages be made in the background",
		"echo defer+madvise > /sys/kernel/mm/transparent_hugepage/defrag",
		"kernel command line, or a unit at boot", false, "fewer huge pages", "none");
	verdict_remedy(f, "Keep more memory free", "sysctl -w vm.min_free_kbytes=262144",
		"/etc/sysctl.d/90-min-free.conf", false, "256 MiB", "none");
}

/* ---- swap space ---- */

const struct rule_case rule_case_swap_space = {
	.mechanism = "Swap fills. What is in it is not needed now, but when it is full the next "
		     "shortage has nothing left to move away, and the kernel kills.",
	.threshold = "Swap in use grows on a line, more than half is used, and the line reaches "
		     "the end within ten times the time watched, while less than a quarter of the "
		     "memory is available. Swap in use in which nothing moves is a note: a past "
		     "peak.",
	.false_alarms =
		"Swap that stands at 90 % for weeks. Idle pages that move out and stay, to make "
		"room for files, while there is memory.",
	.confirm = "free -m; vmstat 1 5   # so; for f in /proc/[0-9]*/status; do awk "
		   "'/Name|VmSwap/' $f; done",
	.remedy = "Stop or limit the program that grows; more memory. More swap wins time.",
};

void rule_swap_space(struct view *v, struct verdicts *out)
{
	double total, left, in = 0, sout = 0;
	uint32_t id = view_id(v, M_SWAP_FREE, 0, 0);
	if (!view_gauge(v, view_id(v, M_SWAP_TOTAL, 0, 0), &total) || !view_gauge(v, id, &left)) {
		verdict_unknown(out, "SwapTotal in /proc/meminfo");
		return;
	}
	char a[32], b[32];
	(void)view_delta(v, view_id(v, M_SWAP_IN, 0, 0), &in);
	(void)view_delta(v, view_id(v, M_SWAP_OUT, 0, 0), &sout);
	struct trend t = use_trend_of_rest(v, id, total);
	double eta = total > 0 ? forecast(v, t, total - left, total) : -1;
	double memory, available;
	/* What moves out while there is room is idle, and makes room for files. */
	bool room = view_gauge(v, view_id(v, M_MEM_TOTAL, 0, 0), &memory) &&
		    view_gauge(v, view_id(v, M_MEM_AVAILABLE, 0, 0), &available) &&
		    available >= ROOM * memory;
	if (eta < 0 || room) {
		bool quiet = total > 0 && total - left > total / 10 && in + sout < 64 * 4096;
		struct verdict *f =
			quiet ? verdict_new(v, out, SEVERITY_NOTICE, STATE_NOTE, NULL) : NULL;
		if (f) {
			f->used = total - left;
			f->limit = total;
			f->title = say(v, "%s of swap are in use and nothing moves: a past peak",
				text_bytes(a, total - left));
		}
		return;
	}
	struct verdict *f = verdict_new(
		v, out, eta < 300 ? SEVERITY_CRITICAL : SEVERITY_WARNING, STATE_FILLING, NULL);
	if (!f)
		return;
	f->used = total - left;
	f->limit = total;
	f->eta_s = eta;
	f->nculprits = who_memory(v, f->culprits, WHO_MAX);
	memory_blame_swap(v, f);
	memory_first(v, f, memory_grower_in(v, 0, t.slope * t.span_s));
	f->title = say(v, "Swap will be full in %s", text_duration(a, eta));
	verdict_evidence(f,
		say(v, "%s of %s swap left, filling by %s/s", text_bytes(a, left),
			text_bytes(b, total), text_bytes((char[32]){0}, t.slope)),
		M_SWAP_FREE, left, 0, "grep Swap /proc/meminfo; sleep 10; grep Swap /proc/meminfo");
	verdict_evidence(f, say(v, "%s written to swap in %.0f s", text_bytes(a, sout), v->seconds),
		M_SWAP_OUT, sout, -1, "vmstat 1 5   # so");
	memory_remedies(v, f);
}
