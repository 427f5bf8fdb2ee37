/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* processes: who is there, and what each used.
 *
 * taskstats answers for all processes at once how long each ran, how long it waited for a CPU and
 * how often it was put on one, ended threads included. A process that was not put on a CPU since
 * the last tick is what it was: its row is taken over, and only the others' /proc/PID/stat is
 * opened. On a host where most processes sleep this costs a fifth of reading them all. Without
 * taskstats (no CAP_NET_ADMIN, or a container) every stat and schedstat is read, and run delay is
 * that of main threads.
 *
 * A process may die between being listed and being read: it is left out of this sample, and that is
 * no gap. */
#include "collect/engine_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	REFRESH_TICKS = 16, /* sleepers are read anew this often: reclaim takes memory from them */
	STAT_BYTES = 1024,
	MAX_BLOCKED_THREADS = 512, /* threads looked at in one tick */
	MAX_BOUND_THREADS = 64,    /* the same, for the CPUs that they may run on */
	STATUS_BYTES = 8192,
};

static const double WAITS_SHARE =
	0.05; /* of the time on a run queue: half of what makes a victim */

/* Limits hardly ever change: they stand until the next refresh. */
static void read_limits(struct engine *e, const struct proc *before, bool refresh, struct proc *p)
{
	struct reader_limits l;
	bool known = before && before->start_ticks == p->start_ticks && !refresh &&
		     (before->have & HAVE_FD_LIMIT) && !reader_is_replay(e->reader) &&
		     !reader_is_recording(e->reader);
	int r = reader_proc_limits(e->reader, p->pid, !known, p->uid != 0, &l);
	p->have &= ~(uint32_t)(HAVE_FDS | HAVE_FD_LIMIT | HAVE_NPROC_LIMIT);
	if (r < 0)
		return;
	if (l.have_fds) {
		p->fds = l.fds < UINT32_MAX ? (uint32_t)l.fds : UINT32_MAX;
		p->have |= HAVE_FDS;
	}
	if (known || l.have_limits) {
		p->fd_limit = known                     ? before->fd_limit
			      : l.fd_limit < UINT32_MAX ? (uint32_t)l.fd_limit
							: UINT32_MAX;
		p->nproc_limit = known ? before->nproc_limit : l.nproc_limit;
		p->have |= HAVE_FD_LIMIT | HAVE_NPROC_LIMIT;
	}
}

/* Which namespace: asked when a process is new, and once more in its second tick, since a
 * container's first process moves right after its birth. */
static void read_netns(struct engine *e, struct proc *p)
{
	uint64_t inode;
	int r = reader_proc_netns(e->reader, p->pid, &inode);
	if (r < 0) {
		/* The first process is in the host's own, whatever keeps us from looking. */
		e->netns_denied = e->netns_denied || (p->pid != 1 && (r == -EACCES || r == -EPERM));
		return;
	}
	int index = inode == e->series->netns[NETNS_HOST].inode
			    ? NETNS_HOST
			    : series_netns(e->series, inode, NULL);
	if (index >= 0) {
		p->netns = (uint16_t)index;
		p->have |= HAVE_NETNS;
	}
}

static bool read_stat(struct engine *e, const struct proc *before, bool refresh, struct proc *p)
{
	uint32_t uid = 0;
	bool ask = !before || refresh;
	ssize_t n = reader_proc_stat(e->reader, p->pid, ask, e->buffer, STAT_BYTES, &uid);
	if (n <= 0 || !parse_proc_stat(scan_whole(scan_over(e->buffer, (size_t)n)), p))
		return false;
	bool same = before && before->start_ticks == p->start_ticks;
	p->uid = uid == 0 && !ask && same ? before->uid : uid;
	return true;
}

static bool slept(const struct proc *before, const struct reader_times *now)
{
	return (before->have & HAVE_DELAY) && (before->have & HAVE_STAT) &&
	       before->switches == now->switches && before->cpu_ns == now->cpu_ns;
}

/* One process; false when it is gone or unreadable. */
static bool sample_one(struct engine *e, const struct sample *prev, size_t i, struct proc *p)
{
	const struct proc *before = prev ? sample_proc(prev, e->pids[i], 0) : NULL;
	bool have_times = !e->no_taskstats && e->times_ok[i];
	if (!e->no_taskstats && !have_times)
		return false;
	bool refresh = (e->ticks + (unsigned)e->pids[i]) % REFRESH_TICKS == 0;
	if (before && have_times && slept(before, &e->times[i]) && !refresh) {
		*p = *before;
		if (e->want & WANT_ALL_FDS)
			read_limits(e, before, true, p);
		return true;
	}
	*p = (struct proc){.pid = e->pids[i], .self = e->pids[i] == e->self_pid};
	if (have_times) {
		p->cpu_ns = e->times[i].cpu_ns;
		p->run_delay_ns = e->times[i].run_delay_ns;
		p->switches = e->times[i].switches;
		p->have |= HAVE_DELAY;
	}
	if (!read_stat(e, before, refresh, p))
		return false;
	struct reader_times t;
	if (e->no_taskstats && reader_proc_schedstat(e->reader, p->pid, &t) == 0) {
		/* The main thread's alone: good for how long it waited, not for how much the
		 * process ran. */
		p->run_delay_ns = t.run_delay_ns;
		p->switches = t.switches;
		p->have |= HAVE_DELAY;
	}
	if (before && before->start_ticks == p->start_ticks) {
		p->netns = before->netns;
		p->cgroup = before->cgroup;
		p->background = before->background;
		p->have |= before->have & (HAVE_NETNS | HAVE_CGROUP);
		p->wchan = 0;
	}
	if (!p->kernel && p->state != 'Z') { /* a zombie has neither descriptors nor namespaces */
		if (!(p->have & HAVE_NETNS) || (prev && before && e->ticks % REFRESH_TICKS == 1))
			read_netns(e, p);
		read_limits(e, before, refresh, p);
	}
	return true;
}

/* ---- what the probe does not tell ---- */

static void insert_row(struct sample *out, const struct proc *p)
{
	if (sample_proc(out, p->pid, 0) || !table_add(&out->procs, sizeof *p))
		return;
	struct proc *rows = TABLE_ROWS(out->procs, struct proc);
	uint32_t at = out->procs.count - 1;
	for (; at > 0 && rows[at - 1].pid > p->pid; at--)
		rows[at] = rows[at - 1];
	rows[at] = *p;
}

/* A kernel may keep a process from iterators, as some do with what manages the machine. It is looked for now and then, and read from /proc. */
void engine_hidden(struct engine *e, const struct sample *prev, struct sample *out)
{
	if (!prev || e->ticks % REFRESH_TICKS == 0) {
		ssize_t n = reader_pids(e->reader, e->pids, ENGINE_MAX_PIDS);
		e->nhidden = 0;
		for (ssize_t i = 0; i < n; i++) {
			if (sample_proc_near(out, e->pids[i], 0, (size_t)i))
				continue;
			if (e->nhidden == ENGINE_HIDDEN)
				break;
			e->hidden[e->nhidden++] = e->pids[i];
		}
	}
	if (e->nhidden == 0)
		return;
	memcpy(e->pids, e->hidden, e->nhidden * sizeof *e->pids);
	memset(e->times_ok, 0, e->nhidden * sizeof *e->times_ok);
	if (!e->no_taskstats)
		(void)reader_proc_times(e->reader, e->pids, e->nhidden, e->times, e->times_ok);
	for (size_t i = 0; i < e->nhidden; i++) {
		struct proc p;
		if (!sample_proc(out, e->pids[i], 0) && sample_one(e, prev, i, &p))
			insert_row(out, &p);
	}
}

void engine_processes(struct engine *e, const struct sample *prev, struct sample *out)
{
	e->by_probe = engine_tasks(e, prev, out);
	if (e->by_probe)
		return;
	ssize_t n = reader_pids(e->reader, e->pids, ENGINE_MAX_PIDS);
	if (n < 0) {
		sample_gap(out, NETNS_HOST, (int)-n, "the list of processes in /proc",
			"every culprit");
		return;
	}
	e->npids = (size_t)n;
	int r = e->no_taskstats
			? -ENOTSUP
			: reader_proc_times(e->reader, e->pids, e->npids, e->times, e->times_ok);
	if (r == -ENOTSUP)
		e->no_taskstats = true;
	/* Any other failure is of this tick alone: read them all the slow way, and try again at the
	 * next. */
	bool slow_now = r < 0 && r != -ENOTSUP;
	if (slow_now)
		e->no_taskstats = true;
	e->netns_denied = false;
	uint64_t zombies = 0, blocked = 0;
	for (size_t i = 0; i < e->npids; i++) {
		struct proc p;
		if (!sample_one(e, prev, i, &p))
			continue;
		struct proc *row = table_add(&out->procs, sizeof *row);
		if (!row)
			break;
		*row = p;
		zombies += p.state == 'Z';
		blocked += p.state == 'D';
	}
	if (slow_now)
		e->no_taskstats = false;
	if (e->npids && out->procs.count == 0)
		sample_gap(out, NETNS_HOST, EACCES, "every process in /proc", "every culprit");
	if (out->procs.dropped)
		sample_gap(out, NETNS_HOST, ENOSPC, "processes beyond the table's size",
			"culprits among them");
	if (e->no_taskstats)
		sample_gap(out, NETNS_HOST, EPERM,
			"run delay of threads (taskstats needs CAP_NET_ADMIN)",
			"who waits for a CPU, but for main threads");
	const struct out o = {out, e->series, NETNS_HOST};
	out_plain(&o, M_PROCS_TOTAL, out->procs.count);
	out_plain(&o, M_PROCS_ZOMBIE, zombies);
	out_plain(&o, M_PROCS_DSTATE, blocked);
}

/* ---- details on demand ---- */

static void read_io(struct engine *e, struct proc *p)
{
	char path[64];
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/io", p->pid);
	ssize_t n = reader_file(e->reader, path, NULL, e->buffer, STAT_BYTES);
	if (n > 0)
		(void)parse_proc_io(scan_whole(scan_over(e->buffer, (size_t)n)), p);
}

void engine_name_cgroup(struct engine *e, struct proc *p)
{
	char path[64];
	struct scan group;
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/cgroup", p->pid);
	ssize_t n = reader_file(e->reader, path, NULL, e->buffer, 16384);
	if (n > 0 && parse_proc_cgroup(scan_whole(scan_over(e->buffer, (size_t)n)), &group)) {
		p->cgroup = intern_id(&e->series->names, group.p, scan_len(group));
		p->have |= HAVE_CGROUP;
	}
}

void engine_wchan(struct engine *e, const char *path, struct proc *p)
{
	ssize_t n = reader_file(e->reader, path, NULL, e->buffer, 128);
	struct scan s = scan_over(e->buffer, n > 0 ? (size_t)n : 0), word;
	if (scan_word(&s, &word) && !scan_is(word, "0"))
		p->wchan = intern_id(&e->series->names, word.p, scan_len(word));
}

/* Processes of servers that work for the server and for no client; each says so in its title (a PostgreSQL of several clusters puts a name before). */
static const struct {
	const char *comm, *title;
} BACKGROUND[] = {
	{"postgres", "checkpointer"},
	{"postgres", "background writer"},
	{"postgres", "walwriter"},
	{"postgres", "autovacuum"},
	{"postgres", "archiver"},
	{"postgres", "stats collector"},
	{"postgres", "logical replication launcher"},
	{"redis-server", "redis-rdb-bgsave"},
	{"redis-server", "redis-aof-rewrite"},
	{"valkey-server", "valkey-rdb-bgsave"},
	{"valkey-server", "valkey-aof-rewrite"},
	{"nginx", "nginx: cache"},
};

void engine_role(struct engine *e, struct proc *p)
{
	char path[64], title[128];
	bool asked = false;
	for (size_t i = 0; i < COUNTOF(BACKGROUND) && !p->background; i++) {
		if (strcmp(p->comm, BACKGROUND[i].comm) != 0)
			continue;
		if (!asked) {
			(void)snprintf(path, sizeof path, "proc/%" PRId32 "/cmdline", p->pid);
			ssize_t n = reader_file(e->reader, path, NULL, title, sizeof title - 1);
			title[n > 0 ? n : 0] = '\0';
			asked = true;
		}
		p->background = strstr(title, BACKGROUND[i].title) != NULL;
	}
}

struct thread_look {
	struct engine *e;
	struct proc *p;
	unsigned left;
};

static int look_at_thread(void *ctx, const char *tid)
{
	struct thread_look *look = ctx;
	if (look->left == 0)
		return 1;
	look->left--;
	char path[96];
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/task/%.16s/stat", look->p->pid, tid);
	struct proc t = {0};
	ssize_t n = reader_file(look->e->reader, path, NULL, look->e->buffer, STAT_BYTES);
	if (n <= 0 || !parse_proc_stat(scan_whole(scan_over(look->e->buffer, (size_t)n)), &t) ||
		t.state != 'D')
		return 0;
	look->p->blocked_threads++;
	if (!look->p->wchan) {
		(void)snprintf(
			path, sizeof path, "proc/%" PRId32 "/task/%.16s/wchan", look->p->pid, tid);
		engine_wchan(look->e, path, look->p);
	}
	return 0;
}

/* Threads in D: the state in /proc/PID/stat is the main thread's alone. Returns how many threads it
 * looked at. */
static unsigned read_blocked(struct engine *e, struct proc *p, unsigned budget)
{
	char path[64];
	p->blocked_threads = p->state == 'D';
	if (p->threads <= 1) {
		if (p->state == 'D') {
			(void)snprintf(path, sizeof path, "proc/%" PRId32 "/wchan", p->pid);
			engine_wchan(e, path, p);
			engine_role(e, p);
		}
		return 0;
	}
	p->blocked_threads = 0;
	struct thread_look look = {e, p, budget};
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/task", p->pid);
	(void)reader_dirs(e->reader, path, look_at_thread, &look);
	return budget - look.left;
}

/* ---- who waits for a CPU: which ones it may run on ---- */

struct thread_cpus {
	struct engine *e;
	const struct proc *p;
	unsigned *left, least;
};

static void look_at_status(struct thread_cpus *look, const char *path)
{
	unsigned cpus;
	ssize_t n = reader_file(look->e->reader, path, NULL, look->e->buffer, STATUS_BYTES);
	if (n > 0 && parse_proc_cpus(scan_whole(scan_over(look->e->buffer, (size_t)n)), &cpus) &&
		(!look->least || cpus < look->least))
		look->least = cpus;
}

static int look_at_thread_cpus(void *ctx, const char *tid)
{
	struct thread_cpus *look = ctx;
	char path[96];
	if (*look->left == 0)
		return 1;
	--*look->left;
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/task/%.16s/status", look->p->pid, tid);
	look_at_status(look, path);
	return 0;
}

static void read_cpus(struct engine *e, struct proc *p, unsigned *left)
{
	struct thread_cpus look = {e, p, left, 0};
	char path[64];
	if (p->threads > 1) {
		(void)snprintf(path, sizeof path, "proc/%" PRId32 "/task", p->pid);
		(void)reader_dirs(e->reader, path, look_at_thread_cpus, &look);
	} else if (*left) {
		--*left;
		(void)snprintf(path, sizeof path, "proc/%" PRId32 "/status", p->pid);
		look_at_status(&look, path);
	}
	if (look.least) {
		p->cpus = (uint16_t)look.least;
		p->have |= HAVE_CPUS;
	}
}

/* Asked once while a process waits, and now and then again; no process waits where a CPU is free, unless it is bound to another. */
static void waits_for_cpu(
	struct engine *e, const struct proc *before, uint64_t ns, struct proc *p, unsigned *left)
{
	if (!before || p->kernel || p->state == 'Z')
		return;
	if (before->have & HAVE_CPUS) {
		p->cpus = before->cpus;
		p->have |= HAVE_CPUS;
	}
	if (!(p->have & before->have & HAVE_DELAY) || p->run_delay_ns < before->run_delay_ns ||
		(double)(p->run_delay_ns - before->run_delay_ns) < WAITS_SHARE * (double)ns)
		return;
	if (!(p->have & HAVE_CPUS) || (e->ticks + (unsigned)p->pid) % REFRESH_TICKS == 0)
		read_cpus(e, p, left);
}

void engine_process_details(struct engine *e, const struct sample *prev, struct sample *out)
{
	struct proc *rows = TABLE_ROWS(out->procs, struct proc);
	unsigned budget = MAX_BLOCKED_THREADS, bound = MAX_BOUND_THREADS;
	uint64_t ns = prev ? out->mono_ns - prev->mono_ns : 0;
	for (uint32_t i = 0; i < out->procs.count; i++) {
		struct proc *p = &rows[i];
		const struct proc *before =
			prev ? sample_proc_near(prev, p->pid, p->start_ticks, i) : NULL;
		bool ran = !before || !(p->have & HAVE_DELAY) || before->switches != p->switches ||
			   before->cpu_ns != p->cpu_ns;
		if ((e->demand & DEMAND_IO) && !p->kernel && !e->by_probe) {
			if (ran || !(p->have & HAVE_IO))
				read_io(e, p);
			if (budget && (ran || p->state == 'D' || before->blocked_threads))
				budget -= read_blocked(e, p, budget);
		}
		uint64_t cpu =
			before && p->cpu_ns > before->cpu_ns ? p->cpu_ns - before->cpu_ns : 0;
		/* Whoever used a twentieth of a CPU, or is blocked, may become a culprit or a
		 * victim with a name. */
		bool notable = cpu > 50000000 || p->state == 'D' || (e->demand & DEMAND_CGROUP) ||
			       ((p->have & HAVE_FD_LIMIT) && p->fds * 2 >= p->fd_limit);
		if (notable && !p->kernel && !(p->have & HAVE_CGROUP))
			engine_name_cgroup(e, p);
		waits_for_cpu(e, before, ns, p, &bound);
	}
}
