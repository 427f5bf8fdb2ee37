/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* procs and cgroups: who does it. */
#include "base/text.h"
#include "ledger/group.h"
#include "show/screens/screen_impl.h"

#include <string.h>
#include <unistd.h>

/* ---- processes ---- */

#define PIDSTAT "/proc/PID/stat, or the probe over all tasks"

enum {
	P_PID,
	P_NAME,
	P_CPU,
	P_DELAY,
	P_MEMORY,
	P_STATE,
	P_READ,
	P_WRITE,
	P_FDS,
	P_THREADS,
	P_USER,
	P_NICE,
	P_FAULTS,
	P_BLOCKED,
	P_PPID,
	P_GROUP
};

static const struct screen_column proc_columns[] = {
	[P_PID] = {"pid", "pid", CELL_ID, 7, 0, false, -1, NULL, "its number", "/proc"},
	[P_NAME] = {"name", "name", CELL_TEXT, 15, 0, true, -1, NULL, "its name, at most 15 bytes",
		PIDSTAT},
	[P_CPU] = {"cpu", "cpu", CELL_SHARE, 6, 0, false, -1, NULL,
		"time on processors; 100 % is one of them. Threads that ended count too", PIDSTAT},
	[P_DELAY] = {"wait", "wait", CELL_SHARE, 6, 0, false, -1, NULL,
		"time that its threads were ready to run and had no processor (run delay), added "
		"up",
		"taskstats, /proc/PID/schedstat"},
	[P_MEMORY] = {"memory", "memory", CELL_BYTES, 8, 0, false, -1, NULL,
		"resident memory, what it shares with others included", PIDSTAT},
	[P_STATE] = {"state", "state", CELL_TEXT, 5, 1, false, -1, NULL,
		"R runs, S sleeps, D waits for storage and the like, Z ended and not waited for, T "
		"stopped",
		PIDSTAT},
	[P_READ] = {"read", "read/s", CELL_BYTES, 8, 2, false, -1, "a second",
		"bytes read from storage; read where a disk or filesystem is short",
		"/proc/PID/io"},
	[P_WRITE] = {"write", "write/s", CELL_BYTES, 8, 2, false, -1, "a second",
		"bytes written to storage; read where a disk or filesystem is short",
		"/proc/PID/io"},
	[P_FDS] = {"fds", "fds", CELL_COUNT, 6, 2, false, -1, NULL, "descriptors in use",
		"/proc/PID/fd"},
	[P_THREADS] = {"threads", "thr", CELL_COUNT, 5, 3, false, -1, NULL, "threads", PIDSTAT},
	[P_USER] = {"user", "user", CELL_TEXT, 10, 1, false, -1, NULL,
		"whose it is (effective user)", PIDSTAT},
	[P_NICE] = {"nice", "ni", CELL_COUNT, 3, 5, false, -1, NULL,
		"nice value: above 0 it yields to others", PIDSTAT},
	[P_FAULTS] = {"faults", "faults/s", CELL_COUNT, 8, 6, false, -1, "a second",
		"page faults that had to read a disk", PIDSTAT},
	[P_BLOCKED] = {"blocked", "in D", CELL_SHARE, 6, 4, false, -1, NULL,
		"of the samples looked at, those in which it or a thread of it was in state D",
		PIDSTAT},
	[P_PPID] = {"ppid", "parent", CELL_ID, 7, 4, false, -1, NULL, "number of its parent",
		PIDSTAT},
	[P_GROUP] = {"group", "unit or container", CELL_TEXT, 18, 3, true, -1, NULL,
		"its control group, as people call it; read of those that use something",
		"/proc/PID/cgroup"},
};

static void add_process(struct screen *s, struct view *v, const struct usage *u, double page)
{
	const struct proc *p = u->p;
	struct screen_row *row = screen_add(s, key_pair((uint64_t)p->pid, p->start_ticks));
	if (!row)
		return;
	static const char *const states[128] = {['R'] = "R",
		['S'] = "S",
		['D'] = "D",
		['Z'] = "Z",
		['T'] = "T",
		['I'] = "I",
		['t'] = "t",
		['X'] = "X",
		['P'] = "P",
		['W'] = "W"};
	bool stat = p->have & HAVE_STAT;
	row->item = u;
	cell_number(s, row, P_PID, p->pid);
	cell_text(row, P_NAME, who_name(v, p));
	cell_number(s, row, P_CPU, u->cpu_s / v->seconds);
	cell_number(s, row, P_DELAY, p->have & HAVE_DELAY ? u->delay_s / v->seconds : NAN);
	cell_number(s, row, P_MEMORY, stat ? (double)p->rss_pages * page : NAN);
	cell_text(
		row, P_STATE, p->state > 0 && states[(int)p->state] ? states[(int)p->state] : "?");
	if (u->have_io) {
		cell_number(s, row, P_READ, u->read_bytes / v->seconds);
		cell_number(s, row, P_WRITE, u->write_bytes / v->seconds);
	}
	if (p->have & HAVE_FDS)
		cell_number(s, row, P_FDS, (double)p->fds);
	cell_number(s, row, P_THREADS, p->threads);
	cell_text(row, P_USER, who_user(v, p->uid));
	cell_number(s, row, P_NICE, p->nice);
	if (u->first != p && p->major_faults >= u->first->major_faults)
		cell_number(s, row, P_FAULTS,
			(double)(p->major_faults - u->first->major_faults) / v->seconds);
	if (u->blocked)
		cell_number(s, row, P_BLOCKED, (double)u->blocked / u->samples);
	cell_number(s, row, P_PPID, p->ppid);
	if (p->have & HAVE_CGROUP) {
		char title[GROUP_TITLE];
		cell_text(row, P_GROUP,
			arena_str(&v->scratch,
				group_title(title, intern_text(&v->series->names, p->cgroup))));
	}
	if (p->self)
		row->tone = TONE_DIM;
}

static enum tone tone_of_pid(const struct findings *fs, int32_t pid)
{
	enum tone worst = TONE_PLAIN;
	for (size_t i = 0; fs && i < fs->count; i++) {
		const struct verdict *f = &fs->rows[i];
		for (size_t k = 0; f->state != STATE_NOTE && k < f->nculprits; k++)
			if (f->culprits[k].pid == pid && tone_of(f) > worst)
				worst = tone_of(f);
	}
	return worst;
}

static int build_procs(struct screen *s, struct view *v, const struct screen_context *c)
{
	const struct sample *last = view_last(v);
	const double page = 4096;
	size_t asleep = 0;
	uint32_t ended = 0;
	for (unsigned i = 1; i < v->n; i++) {
		const struct sample *at = view_at(v, i);
		for (uint32_t k = 0; k < at->ended.count; k++)
			ended += TABLE_ROWS(at->ended, struct ended)[k].count;
	}
	s->empty = c->subject && c->subject->any ? "none of its processes is there at this moment"
						 : "no process was read";
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (u->gone || !subject_has_proc(c->subject, v, u->p))
			continue;
		asleep += u->p->state == 'S' || u->p->state == 'I';
		add_process(s, v, u, page);
	}
	for (size_t i = 0; i < s->nrows; i++) {
		enum tone t =
			tone_of_pid(c->findings, ((const struct usage *)s->rows[i].item)->p->pid);
		s->rows[i].tone = t > s->rows[i].tone ? t : s->rows[i].tone;
	}
	if (c->tall)
		meter_cpu(s, v, c);
	screen_say(s, v, TONE_PLAIN, "processes",
		"%u, %zu of those shown sleep; %s run, %s blocked, %s ended%s", last->procs.count,
		asleep, read_count(v, number_of(v, M_PROCS_RUNNING, 0, 0)),
		read_count(v, number_of(v, M_PROCS_BLOCKED, 0, 0)),
		read_count(v, number_of(v, M_PROCS_ZOMBIE, 0, 0)),
		last->have_ended ? say(v, " and not waited for; %u came to their end in %s", ended,
					   read_time(v, v->seconds))
				 : " and not waited for")
		->prio = 1;
	return 0;
}

static bool follow_proc(const struct screen_row *row, struct view *v,
	const struct screen_context *c, struct subject *ret, enum screen_id *ret_to)
{
	const struct usage *u = row->item;
	(void)c;
	subject_add_pid(ret, u->p->pid);
	subject_name(ret, "%s (pid %d)", who_name(v, u->p), u->p->pid);
	*ret_to = SCREEN_CONNS;
	return true;
}

const struct screen_maker screen_procs = {COLUMNS_OF(proc_columns), build_procs, follow_proc};

/* ---- control groups ---- */

#define CGROUPFS "/sys/fs/cgroup"

enum {
	G_NAME,
	G_CPU,
	G_QUOTA,
	G_THROTTLED,
	G_MEMORY,
	G_MLIMIT,
	G_MSHARE,
	G_PEAK,
	G_TASKS,
	G_TLIMIT,
	G_PCPU,
	G_PMEM,
	G_PIO,
	G_SWAP,
	G_KILLS,
	G_PATH
};

static const struct screen_column cgroup_columns[] = {
	[G_NAME] = {"group", "unit or container", CELL_TEXT, 22, 0, true, -1, NULL,
		"the control group, as people call it", CGROUPFS},
	[G_CPU] = {"cpu", "cpu", CELL_SHARE, 6, 0, false, M_CG_CPU_USED, NULL, NULL,
		CGROUPFS ": cpu.stat"},
	[G_QUOTA] = {"quota", "quota", CELL_CPUS, 5, 2, false, M_CG_CPU_QUOTA, NULL, NULL,
		CGROUPFS ": cpu.max"},
	[G_THROTTLED] = {"throttled", "held back", CELL_SHARE, 9, 1, false, M_CG_CPU_THROTTLED,
		NULL, NULL, CGROUPFS ": cpu.stat"},
	[G_MEMORY] = {"memory", "memory", CELL_BYTES, 8, 0, false, M_CG_MEM_USED, NULL, NULL,
		CGROUPFS ": memory.current"},
	[G_MLIMIT] = {"limit", "limit", CELL_BYTES, 8, 1, false, M_CG_MEM_LIMIT, NULL, NULL,
		CGROUPFS ": memory.max"},
	[G_MSHARE] = {"full", "full", CELL_SHARE, 5, 2, false, -1, NULL, "memory of the limit",
		CGROUPFS},
	[G_PEAK] = {"peak", "peak", CELL_BYTES, 8, 4, false, M_CG_MEM_HIGH, NULL, NULL,
		CGROUPFS ": memory.peak"},
	[G_TASKS] = {"tasks", "tasks", CELL_COUNT, 6, 0, false, M_CG_PIDS_USED, NULL, NULL,
		CGROUPFS ": pids.current"},
	[G_TLIMIT] = {"tlimit", "may be", CELL_COUNT, 6, 3, false, M_CG_PIDS_LIMIT, NULL, NULL,
		CGROUPFS ": pids.max"},
	[G_PCPU] = {"wcpu", "w cpu", CELL_SHARE, 6, 3, false, M_CG_PSI_CPU, NULL, NULL,
		CGROUPFS ": cpu.pressure"},
	[G_PMEM] = {"wmem", "w mem", CELL_SHARE, 6, 3, false, M_CG_PSI_MEMORY, NULL, NULL,
		CGROUPFS ": memory.pressure"},
	[G_PIO] = {"wio", "w io", CELL_SHARE, 6, 3, false, M_CG_PSI_IO, NULL, NULL,
		CGROUPFS ": io.pressure"},
	[G_SWAP] = {"swap", "swap", CELL_BYTES, 8, 5, false, M_CG_MEM_SWAP, NULL, NULL,
		CGROUPFS ": memory.swap.current"},
	[G_KILLS] = {"kills", "kills", CELL_COUNT, 5, 5, false, M_CG_OOM_KILLS, NULL, NULL,
		CGROUPFS ": memory.events"},
	[G_PATH] = {"path", "path", CELL_TEXT, 20, 6, true, -1, NULL,
		"its path below the mount of control groups", CGROUPFS},
};

static void cell_if(struct screen *s, struct screen_row *row, unsigned column, double x)
{
	if (!isnan(x))
		cell_number(s, row, column, x);
}

static void add_cgroup(
	struct screen *s, struct view *v, const struct screen_context *c, uint32_t group)
{
	const char *path = intern_text(&v->series->names, group);
	char title[GROUP_TITLE];
	double used = number_of(v, M_CG_MEM_USED, 0, group),
	       limit = number_of(v, M_CG_MEM_LIMIT, 0, group);
	double cpu = rate_of(v, M_CG_CPU_USED, 0, group),
	       tasks = number_of(v, M_CG_PIDS_USED, 0, group);
	double quota = number_of(v, M_CG_CPU_QUOTA, 0, group);
	if (isnan(used) && isnan(cpu) && isnan(tasks) && isnan(quota))
		return;
	struct screen_row *row = screen_add(s, group);
	if (!row)
		return;
	double held =
		delta_of(v, M_CG_CPU_THROTTLED, 0, group) / delta_of(v, M_CG_CPU_PERIODS, 0, group);
	(void)group_title(title, path);
	row->item = path;
	cell_text(row, G_NAME, arena_str(&v->scratch, *title ? title : "/"));
	cell_if(s, row, G_CPU, cpu);
	cell_if(s, row, G_QUOTA, quota / number_of(v, M_CG_CPU_PERIOD, 0, group));
	cell_if(s, row, G_THROTTLED, held);
	cell_if(s, row, G_MEMORY, used);
	cell_if(s, row, G_MLIMIT, limit);
	cell_if(s, row, G_MSHARE, limit > 0 ? used / limit : NAN);
	cell_if(s, row, G_PEAK, number_of(v, M_CG_MEM_HIGH, 0, group));
	cell_if(s, row, G_TASKS, tasks);
	cell_if(s, row, G_TLIMIT, number_of(v, M_CG_PIDS_LIMIT, 0, group));
	cell_if(s, row, G_PCPU, rate_of(v, M_CG_PSI_CPU, 0, group));
	cell_if(s, row, G_PMEM, rate_of(v, M_CG_PSI_MEMORY, 0, group));
	cell_if(s, row, G_PIO, rate_of(v, M_CG_PSI_IO, 0, group));
	cell_if(s, row, G_SWAP, number_of(v, M_CG_MEM_SWAP, 0, group));
	cell_if(s, row, G_KILLS, number_of(v, M_CG_OOM_KILLS, 0, group));
	cell_text(row, G_PATH, path);
	for (size_t i = 0; c->findings && i < c->findings->count; i++)
		if (c->findings->rows[i].cgroup == group &&
			tone_of(&c->findings->rows[i]) > row->tone)
			row->tone = tone_of(&c->findings->rows[i]);
}

static int build_cgroups(struct screen *s, struct view *v, const struct screen_context *c)
{
	static const enum metric any[] = {
		M_CG_MEM_USED, M_CG_CPU_USED, M_CG_PIDS_USED, M_CG_CPU_QUOTA};
	uint32_t names = v->series->names.count + 1;
	unsigned char *seen = arena_alloc(&v->scratch, names);
	s->empty = "no control group was read";
	for (size_t i = 0; seen && i < COUNTOF(any); i++)
		for (uint32_t id = view_each(v, any[i], 0); id; id = view_each(v, any[i], id)) {
			uint32_t group = series_row(v->series, id)->instance;
			if (group < names && !seen[group]) {
				seen[group] = 1;
				add_cgroup(s, v, c, group);
			}
		}
	return 0;
}

static bool follow_cgroup(const struct screen_row *row, struct view *v,
	const struct screen_context *c, struct subject *ret, enum screen_id *ret_to)
{
	(void)v;
	(void)c;
	(void)snprintf(ret->cgroup, sizeof ret->cgroup, "%s", (const char *)row->item);
	subject_name(ret, "%s", row->cells[G_NAME].text);
	*ret_to = SCREEN_PROCS;
	return true;
}

const struct screen_maker screen_cgroups = {
	COLUMNS_OF(cgroup_columns), build_cgroups, follow_cgroup};
