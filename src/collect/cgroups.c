/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* cgroups: limits of control groups, in v1 hierarchies and in the v2 tree, or both at once as many
 * hosts still have them.
 *
 * Every few seconds the trees are walked: which groups exist, and which have a limit. Of each of the first 256 is read each second what
 * it uses, through kept descriptors, and of those with a limit all that belongs to it; beyond them, those with a limit alone.
 * Memory "that cannot be given back" is, in v2, what is charged less the file cache and reclaimable slab:
 * a group full of page cache is healthy, and its usage, failcnt and "max" events say nothing. v1 charges
 * dentries and inodes as well, and does not tell how many of them can go: there it is anonymous and shared
 * memory alone. v1 counts a kill in the group of the victim (mm/memcontrol.c: events go up the tree in v2
 * only), though the limit may be that of a group above it: kills of all groups below are added up.
 * The throttle counters are of periods in which the group wanted to run (kernel/sched/fair.c). */
#include "collect/engine_impl.h"

#include "base/text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum {
	GROUPS_MAX = 4096,
	TREES_MAX = 16,
	KEPT_GROUPS = 256,
	GROUP_DEPTH = 12,
	UNLIMITED_SHIFT = 60,
	IO_LIMITS = 8 /* of one group */
};

enum group_kind {
	GROUP_MEMORY_V1 = 1,
	GROUP_CPU_V1 = 2,
	GROUP_PIDS_V1 = 4,
	GROUP_V2 = 8,
	GROUP_USAGE_V1 = 16, /* cpuacct: mostly mounted together with cpu */
	GROUP_IO_V1 = 32,
};

enum group_file {
	FILE_MEM_USED,
	FILE_MEM_STAT,
	FILE_MEM_EVENTS,
	FILE_MEM_HITS,
	FILE_CPU_STAT,
	FILE_CPU_USAGE,
	FILE_PIDS_USED,
	FILE_PIDS_EVENTS,
	FILE_MEM_PEAK,
	FILE_PSI_CPU,
	FILE_PSI_MEMORY,
	FILE_PSI_IO,
	FILE_IO_BYTES,
	FILE_IO_COUNTS,
	FILE_COUNT
};

struct cgroup_group {
	unsigned kind; /* of the hierarchy it is in */
	uint32_t path; /* interned, below the hierarchy's mount; "/" itself is left out */
	uint32_t dir;  /* interned: folder relative to the root */
	bool seen;
	bool memory, cpu, pids; /* has this limit */
	bool limited;           /* v1: it, or a group above it, has a limit of memory */
	bool have_kills;        /* v1: the kernel counts them */
	uint64_t own_kills;     /* v1: of the group itself, as last read */
	uint64_t kills;         /* v1: of it and all below it */
	uint64_t mem_limit, quota, period, pids_limit;
	unsigned nio; /* limits of I/O */
	struct cgroup_io io[IO_LIMITS];
	struct kept kept[FILE_COUNT];
};

struct cgroup_state {
	struct cgroup_group groups[GROUPS_MAX];
	size_t count;
	struct {
		unsigned kind;
		char dir[256];
	} trees[TREES_MAX];
	size_t ntrees;
	bool dropped;
};

int engine_cgroups_open(struct engine *e)
{
	e->cgroups = calloc(1, sizeof *e->cgroups);
	return e->cgroups ? 0 : -ENOMEM;
}

static void group_forget(struct cgroup_group *g)
{
	for (size_t i = 0; i < FILE_COUNT; i++) {
		attr_close_fd(&g->kept[i].fd);
		g->kept[i].fd = -1;
	}
}

void engine_cgroups_close(struct engine *e)
{
	for (size_t i = 0; e->cgroups && i < e->cgroups->count; i++)
		group_forget(&e->cgroups->groups[i]);
	free(e->cgroups);
	e->cgroups = NULL;
}

static unsigned controllers(const char *options)
{
	unsigned kind = 0;
	for (const char *p = options; *p; p += strcspn(p, ","), p += *p == ',') {
		size_t n = strcspn(p, ",");
		kind |= n == 6 && strncmp(p, "memory", n) == 0 ? GROUP_MEMORY_V1 : 0;
		kind |= n == 3 && strncmp(p, "cpu", n) == 0 ? GROUP_CPU_V1 : 0;
		kind |= n == 7 && strncmp(p, "cpuacct", n) == 0 ? GROUP_USAGE_V1 : 0;
		kind |= n == 4 && strncmp(p, "pids", n) == 0 ? GROUP_PIDS_V1 : 0;
		kind |= n == 5 && strncmp(p, "blkio", n) == 0 ? GROUP_IO_V1 : 0;
	}
	return kind;
}

static void find_trees(struct engine *e, struct sample *out)
{
	struct cgroup_state *c = e->cgroups;
	ssize_t n = reader_file(
		e->reader, "proc/self/mountinfo", &e->mountinfo, e->buffer, ENGINE_BUFFER);
	struct mount_line *m = arena_alloc(&e->scratch, sizeof *m);
	if (n < 0 || !m)
		return;
	c->ntrees = 0;
	struct scan s = scan_over(e->buffer, (size_t)n), line;
	while (scan_line(&s, &line) && c->ntrees < TREES_MAX) {
		if (!parse_mountinfo(line, m))
			continue;
		unsigned kind = strcmp(m->type, "cgroup2") == 0  ? GROUP_V2
				: strcmp(m->type, "cgroup") == 0 ? controllers(m->options)
								 : 0;
		if (!kind || m->path[0] != '/' || strlen(m->path) >= sizeof c->trees[0].dir)
			continue;
		c->trees[c->ntrees].kind = kind;
		(void)snprintf(c->trees[c->ntrees].dir, sizeof c->trees[0].dir, "%s", m->path + 1);
		c->ntrees++;
	}
	if (c->ntrees == 0)
		sample_gap(out, NETNS_HOST, ENOENT, "control groups (no hierarchy is mounted)",
			"cgroup.memory cgroup.cpu cgroup.pids cgroup.io");
}

/* One number, or "max" (false). */
static bool group_number(
	struct engine *e, const struct cgroup_group *g, const char *file, uint64_t *ret)
{
	char path[PATH_MAX], text[64];
	(void)snprintf(path, sizeof path, "%s/%s", intern_text(&e->series->names, g->dir), file);
	ssize_t n = reader_file(e->reader, path, NULL, text, sizeof text);
	struct scan s = scan_whole(scan_over(text, n > 0 ? (size_t)n : 0));
	return scan_u64(&s, ret);
}

/* ---- I/O ---- */

/* "8:16" as major << 20 | minor */
static bool scan_devno(struct scan *s, uint64_t *ret)
{
	uint64_t major, minor;
	if (!scan_u64(s, &major) || !scan_skip(s, ':') || !scan_u64(s, &minor) || major >> 12 ||
		minor >> 20)
		return false;
	*ret = major << 20 | minor;
	return true;
}

/* The number of "rbps=1048576"; false for "rbps=max" and other keys. */
static bool after_key(struct scan word, const char *key, uint64_t *ret)
{
	if (!scan_starts(word, key))
		return false;
	word.p += strlen(key);
	return scan_u64(&word, ret);
}

static void add_io_limit(
	struct cgroup_group *g, uint64_t devno, enum cgroup_io_what what, uint64_t limit)
{
	if (g->nio < IO_LIMITS && limit)
		g->io[g->nio++] = (struct cgroup_io){
			.cgroup = g->path, .devno = devno, .what = (uint8_t)what, .limit = limit};
}

/* v1: a file for each kind of limit, "8:16 1048576"; v2: io.max, "8:16 rbps=1048576 wbps=max riops=max wiops=max". */
static void io_limits(struct engine *e, struct cgroup_group *g)
{
	static const char *const keys[CGROUP_IO_WHATS] = {"rbps=", "wbps=", "riops=", "wiops="};
	static const char *const files[CGROUP_IO_WHATS] = {
		"read_bps", "write_bps", "read_iops", "write_iops"};
	char path[PATH_MAX], text[4096];
	struct scan line, word;
	uint64_t devno, limit;
	bool v2 = g->kind & GROUP_V2;
	g->nio = 0;
	for (int what = 0; what < (v2 ? 1 : CGROUP_IO_WHATS); what++) {
		const char *dir = intern_text(&e->series->names, g->dir);
		if (v2)
			(void)snprintf(path, sizeof path, "%s/io.max", dir);
		else
			(void)snprintf(
				path, sizeof path, "%s/blkio.throttle.%s_device", dir, files[what]);
		ssize_t n = reader_file(e->reader, path, NULL, text, sizeof text);
		struct scan s = scan_whole(scan_over(text, n > 0 ? (size_t)n : 0));
		while (scan_line(&s, &line)) {
			if (!scan_devno(&line, &devno))
				continue;
			if (!v2 && scan_u64(&line, &limit))
				add_io_limit(g, devno, (enum cgroup_io_what)what, limit);
			while (v2 && scan_word(&line, &word))
				for (int k = 0; k < CGROUP_IO_WHATS; k++)
					if (after_key(word, keys[k], &limit))
						add_io_limit(
							g, devno, (enum cgroup_io_what)k, limit);
		}
	}
}

/* What the group did on a device: v1 "8:16 Read 4096", v2 "8:16 rbytes=4096 wbytes=0 rios=1 wios=0 ...". A device that is not there was not used. */
static uint64_t io_done(struct scan bytes, bool v2, uint64_t devno, enum cgroup_io_what what)
{
	static const char *const keys[CGROUP_IO_WHATS] = {"rbytes=", "wbytes=", "rios=", "wios="};
	bool reads = what == CGROUP_IO_READ_BYTES || what == CGROUP_IO_READS;
	struct scan line, word;
	uint64_t dev, v;
	while (scan_line(&bytes, &line)) {
		if (!scan_devno(&line, &dev) || dev != devno)
			continue;
		while (scan_word(&line, &word)) {
			if (v2 && after_key(word, keys[what], &v))
				return v;
			if (!v2 && scan_is(word, reads ? "Read" : "Write"))
				return scan_u64(&line, &v) ? v : 0;
		}
	}
	return 0;
}

static void group_limits(struct engine *e, struct cgroup_group *g)
{
	g->memory = g->cpu = g->pids = false;
	g->nio = 0;
	if (g->kind & (GROUP_IO_V1 | GROUP_V2))
		io_limits(e, g);
	if (g->kind & (GROUP_MEMORY_V1 | GROUP_V2))
		g->memory = group_number(e, g,
				    g->kind & GROUP_V2 ? "memory.max" : "memory.limit_in_bytes",
				    &g->mem_limit) &&
			    g->mem_limit >> UNLIMITED_SHIFT == 0;
	if (g->kind & (GROUP_PIDS_V1 | GROUP_V2))
		g->pids = group_number(e, g, "pids.max", &g->pids_limit);
	if (g->kind & GROUP_CPU_V1) {
		g->cpu = group_number(e, g, "cpu.cfs_quota_us", &g->quota) &&
			 group_number(e, g, "cpu.cfs_period_us", &g->period);
	} else if (g->kind & GROUP_V2) {
		char path[PATH_MAX], text[64];
		(void)snprintf(
			path, sizeof path, "%s/cpu.max", intern_text(&e->series->names, g->dir));
		ssize_t n = reader_file(e->reader, path, NULL, text, sizeof text);
		struct scan s = scan_whole(scan_over(text, n > 0 ? (size_t)n : 0));
		g->cpu = scan_u64(&s, &g->quota) && scan_u64(&s, &g->period);
	}
}

struct tree_walk {
	struct engine *e;
	unsigned kind, depth;
	size_t skip;  /* length of the tree's own folder */
	bool limited; /* a group above has a limit of memory */
	char dir[PATH_MAX];
};

static int visit_group(void *ctx, const char *name)
{
	struct tree_walk *w = ctx;
	struct cgroup_state *c = w->e->cgroups;
	size_t len = strlen(w->dir), more = strlen(name);
	if (len + more + 2 >= sizeof w->dir || w->depth == GROUP_DEPTH)
		return 0;
	w->dir[len] = '/';
	memcpy(w->dir + len + 1, name, more + 1);
	struct intern *names = &w->e->series->names;
	uint32_t dir = intern_id(names, w->dir, len + 1 + more);
	size_t i = 0;
	while (i < c->count && c->groups[i].dir != dir)
		i++;
	if (i < GROUPS_MAX && dir) {
		struct cgroup_group *g = &c->groups[i];
		if (i == c->count) {
			*g = (struct cgroup_group){.kind = w->kind, .dir = dir};
			for (size_t k = 0; k < FILE_COUNT; k++)
				g->kept[k].fd = -1;
			g->path = intern_id(names, w->dir + w->skip, len + 1 + more - w->skip);
			c->count++;
		}
		g->seen = true;
		group_limits(w->e, g);
		bool above = w->limited;
		w->limited = g->limited = above || g->memory;
		w->depth++;
		(void)reader_dirs(w->e->reader, w->dir, visit_group, w);
		w->depth--;
		w->limited = above;
	} else {
		c->dropped = true;
	}
	w->dir[len] = '\0';
	return 0;
}

/* The group in the folder `top` or one below it. */
static bool group_within(const struct engine *e, const struct cgroup_group *g, uint32_t top)
{
	return text_within(
		intern_text(&e->series->names, g->dir), intern_text(&e->series->names, top));
}

static void walk_trees(struct engine *e, struct sample *out)
{
	struct cgroup_state *c = e->cgroups;
	struct tree_walk *w = arena_alloc(&e->scratch, sizeof *w);
	if (!w)
		return;
	for (size_t i = 0; i < c->count; i++)
		c->groups[i].seen = false;
	c->dropped = false;
	for (size_t t = 0; t < c->ntrees; t++) {
		w->e = e;
		w->kind = c->trees[t].kind;
		w->depth = 0;
		w->limited = false;
		(void)snprintf(w->dir, sizeof w->dir, "%s", c->trees[t].dir);
		w->skip = strlen(w->dir);
		(void)reader_dirs(e->reader, w->dir, visit_group, w);
	}
	size_t kept = 0;
	for (size_t i = 0; i < c->count; i++) {
		if (!c->groups[i].seen) {
			group_forget(&c->groups[i]);
		} else {
			if (kept != i)
				c->groups[kept] = c->groups[i];
			kept++;
		}
	}
	c->count = kept;
	if (c->dropped)
		sample_gap(
			out, NETNS_HOST, ENOSPC, "control groups beyond 4096", "limits among them");
}

static struct scan group_read(struct engine *e, struct cgroup_group *g, bool keep,
	enum group_file which, const char *file)
{
	char path[PATH_MAX];
	(void)snprintf(path, sizeof path, "%s/%s", intern_text(&e->series->names, g->dir), file);
	ssize_t n = reader_file(e->reader, path, keep ? &g->kept[which] : NULL, e->buffer, 16384);
	return scan_whole(scan_over(e->buffer, n > 0 ? (size_t)n : 0));
}

static bool keyed_value(struct scan bytes, const char *key, uint64_t *ret)
{
	struct scan line, word;
	while (scan_line(&bytes, &line))
		if (scan_word(&line, &word) && scan_is(word, key) && scan_u64(&line, ret))
			return true;
	return false;
}

/* v1: kills of each group that has a limit or is below one, added up to the top. */
static void count_kills(struct engine *e)
{
	struct cgroup_state *c = e->cgroups;
	for (size_t i = 0; i < c->count; i++) {
		struct cgroup_group *g = &c->groups[i];
		g->kills = 0;
		if (!(g->kind & GROUP_MEMORY_V1) || !g->limited)
			continue;
		struct scan s =
			group_read(e, g, i < KEPT_GROUPS, FILE_MEM_EVENTS, "memory.oom_control");
		g->have_kills |= keyed_value(s, "oom_kill", &g->own_kills);
	}
	for (size_t i = 0; i < c->count; i++)
		for (size_t k = 0; c->groups[i].own_kills && k < c->count; k++)
			if (group_within(e, &c->groups[i], c->groups[k].dir))
				c->groups[k].kills += c->groups[i].own_kills;
}

/* What of a group's memory cannot simply be dropped. */
static bool undroppable(struct scan stat, bool v2, uint64_t used, uint64_t *ret)
{
	uint64_t active, inactive, slab = 0, rss, cache, shared;
	if (!keyed_value(stat, v2 ? "active_file" : "total_active_file", &active) ||
		!keyed_value(stat, v2 ? "inactive_file" : "total_inactive_file", &inactive))
		return false;
	uint64_t file = active + inactive;
	if (v2) {
		(void)keyed_value(stat, "slab_reclaimable", &slab);
		*ret = used > file + slab ? used - file - slab : 0;
		return true;
	}
	if (!keyed_value(stat, "total_rss", &rss) || !keyed_value(stat, "total_cache", &cache))
		return false;
	if (!keyed_value(stat, "total_shmem", &shared)) /* before 4.12 */
		shared = cache > file ? cache - file : 0;
	*ret = rss + shared;
	return true;
}

static void sample_memory(struct engine *e, struct cgroup_group *g, bool keep, const struct out *o)
{
	bool v2 = g->kind & GROUP_V2;
	uint64_t used, v;
	struct scan s = group_read(
		e, g, keep, FILE_MEM_USED, v2 ? "memory.current" : "memory.usage_in_bytes");
	if (!scan_u64(&s, &used))
		return;
	out_value(o, M_CG_MEM_USED, g->path, used);
	out_value(o, M_CG_MEM_LIMIT, g->path, g->mem_limit);
	s = group_read(e, g, keep, FILE_MEM_STAT, "memory.stat");
	if (undroppable(s, v2, used, &v))
		out_value(o, M_CG_MEM_ANON, g->path, v);
	if (keyed_value(s, v2 ? "shmem" : "total_shmem", &v))
		out_value(o, M_CG_MEM_SHMEM, g->path, v);
	if (keyed_value(s, v2 ? "swap" : "total_swap", &v))
		out_value(o, M_CG_MEM_SWAP, g->path, v);
	if (v2) {
		s = group_read(e, g, keep, FILE_MEM_EVENTS, "memory.events");
		if (keyed_value(s, "oom_kill", &v))
			out_value(o, M_CG_OOM_KILLS, g->path, v);
		if (keyed_value(s, "oom", &v))
			out_value(o, M_CG_OOMS, g->path, v);
		if (keyed_value(s, "max", &v))
			out_value(o, M_CG_MEM_HITS, g->path, v);
	} else {
		if (g->have_kills)
			out_value(o, M_CG_OOM_KILLS, g->path, g->kills);
		s = group_read(e, g, keep, FILE_MEM_HITS, "memory.failcnt");
		if (scan_u64(&s, &v))
			out_value(o, M_CG_MEM_HITS, g->path, v);
	}
	s = group_read(e, g, keep, FILE_MEM_PEAK, v2 ? "memory.peak" : "memory.max_usage_in_bytes");
	if (scan_u64(&s, &v))
		out_value(o, M_CG_MEM_HIGH, g->path, v);
}

/* v2 alone has pressure by group; the line is that of /proc/pressure. */
static void sample_pressure(
	struct engine *e, struct cgroup_group *g, bool keep, const struct out *o)
{
	static const struct {
		enum group_file which;
		const char *file;
		enum metric metric;
	} files[] = {
		{FILE_PSI_CPU, "cpu.pressure", M_CG_PSI_CPU},
		{FILE_PSI_MEMORY, "memory.pressure", M_CG_PSI_MEMORY},
		{FILE_PSI_IO, "io.pressure", M_CG_PSI_IO},
	};
	for (size_t i = 0; i < COUNTOF(files); i++) {
		struct scan s = group_read(e, g, keep, files[i].which, files[i].file), line, word;
		if (!scan_line(&s, &line) || !scan_word(&line, &word) || !scan_is(word, "some"))
			continue;
		while (scan_word(&line, &word)) {
			uint64_t total;
			if (!scan_starts(word, "total="))
				continue;
			struct scan number = {word.p + 6, word.end};
			if (scan_u64(&number, &total))
				out_value(o, files[i].metric, g->path, total);
		}
	}
}

static void sample_cpu(struct engine *e, struct cgroup_group *g, bool keep, const struct out *o)
{
	uint64_t v;
	struct scan s = group_read(e, g, keep, FILE_CPU_STAT, "cpu.stat");
	out_value(o, M_CG_CPU_QUOTA, g->path, g->quota);
	out_value(o, M_CG_CPU_PERIOD, g->path, g->period);
	if (keyed_value(s, "nr_periods", &v))
		out_value(o, M_CG_CPU_PERIODS, g->path, v);
	if (keyed_value(s, "nr_throttled", &v))
		out_value(o, M_CG_CPU_THROTTLED, g->path, v);
	if (keyed_value(s, "throttled_time", &v))
		out_value(o, M_CG_CPU_THROTTLED_TIME, g->path, v);
	else if (keyed_value(s, "throttled_usec", &v))
		out_value(o, M_CG_CPU_THROTTLED_TIME, g->path, v * 1000);
}

/* What a group uses, whether or not it has a limit: a unit, a container. */
static void sample_usage(struct engine *e, struct cgroup_group *g, const struct out *o)
{
	uint64_t v;
	struct scan s;
	if (g->kind & GROUP_USAGE_V1) {
		s = group_read(e, g, true, FILE_CPU_USAGE, "cpuacct.usage");
		if (scan_u64(&s, &v))
			out_value(o, M_CG_CPU_USED, g->path, v);
	} else if (g->kind & GROUP_V2) {
		s = group_read(e, g, true, FILE_CPU_USAGE, "cpu.stat");
		if (keyed_value(s, "usage_usec", &v))
			out_value(o, M_CG_CPU_USED, g->path, v * 1000);
	}
	if (!g->memory && (g->kind & (GROUP_MEMORY_V1 | GROUP_V2))) {
		s = group_read(e, g, true, FILE_MEM_USED,
			g->kind & GROUP_V2 ? "memory.current" : "memory.usage_in_bytes");
		if (scan_u64(&s, &v))
			out_value(o, M_CG_MEM_USED, g->path, v);
	}
}

static void sample_refused_forks(
	struct engine *e, struct cgroup_group *g, bool keep, const struct out *o)
{
	uint64_t v;
	struct scan s = group_read(e, g, keep, FILE_PIDS_EVENTS, "pids.events");
	if (keyed_value(s, "max", &v))
		out_value(o, M_CG_PIDS_REFUSED, g->path, v);
}

/* Whether half of the limit is used. */
static bool sample_pids(struct engine *e, struct cgroup_group *g, bool keep, const struct out *o)
{
	uint64_t v;
	struct scan s = group_read(e, g, keep, FILE_PIDS_USED, "pids.current");
	if (!scan_u64(&s, &v))
		return false;
	out_value(o, M_CG_PIDS_USED, g->path, v);
	out_value(o, M_CG_PIDS_LIMIT, g->path, g->pids_limit);
	sample_refused_forks(e, g, keep, o);
	return v >= g->pids_limit / 2;
}

static void sample_io(struct engine *e, struct cgroup_group *g, bool keep, const struct out *o)
{
	bool v2 = g->kind & GROUP_V2;
	for (unsigned bytes = 0; bytes < 2; bytes++) {
		struct scan s = group_read(e, g, keep, bytes ? FILE_IO_BYTES : FILE_IO_COUNTS,
			v2      ? "io.stat"
			: bytes ? "blkio.throttle.io_service_bytes"
				: "blkio.throttle.io_serviced");
		for (unsigned i = 0; s.p != s.end && i < g->nio; i++) {
			bool of_bytes = g->io[i].what == CGROUP_IO_READ_BYTES ||
					g->io[i].what == CGROUP_IO_WRITE_BYTES;
			if (!v2 && of_bytes != bytes)
				continue;
			g->io[i].done =
				io_done(s, v2, g->io[i].devno, (enum cgroup_io_what)g->io[i].what);
			struct cgroup_io *row = table_add(&o->sample->cg_io, sizeof *row);
			if (row)
				*row = g->io[i];
		}
		if (v2) /* one file has both */
			break;
	}
}

/* It did nine tenths of what it may since the sample before. */
static bool near_io_limit(
	const struct sample *prev, const struct sample *out, const struct cgroup_group *g)
{
	if (!prev || out->mono_ns <= prev->mono_ns)
		return false;
	double seconds = (double)(out->mono_ns - prev->mono_ns) / 1e9;
	for (uint32_t i = 0; i < prev->cg_io.count; i++) {
		const struct cgroup_io *b = &TABLE_ROWS(prev->cg_io, struct cgroup_io)[i];
		for (unsigned k = 0; b->cgroup == g->path && k < g->nio; k++)
			if (b->devno == g->io[k].devno && b->what == g->io[k].what &&
				(double)(g->io[k].done - b->done) * 10 >=
					(double)g->io[k].limit * seconds * 9 &&
				g->io[k].done > b->done)
				return true;
	}
	return false;
}

/* It grew by a hundredth of what the group may have, since the sample before. */
static bool grew(const struct engine *e, const struct sample *prev, const struct sample *out,
	const struct cgroup_group *g, enum metric m)
{
	uint32_t id = series_find(e->series, m, 0, g->path);
	uint64_t now, before;
	return prev && sample_get(out, id, &now) && sample_get(prev, id, &before) && now > before &&
	       now - before >= g->mem_limit / 100;
}

/* Processes of it were killed for lack of memory more than once, and it is on its way there again. */
static bool grows_again(const struct engine *e, const struct sample *prev, const struct sample *out,
	const struct cgroup_group *g)
{
	uint64_t kills;
	return sample_get(out, series_find(e->series, M_CG_OOM_KILLS, 0, g->path), &kills) &&
	       kills > 1 && grew(e, prev, out, g, M_CG_MEM_ANON);
}

/* Worth knowing who is inside: half of the memory is in use for good or it grows towards the next kill, periods were throttled, or
 * tasks are nearly all there, or it does as much I/O as it may. */
static bool near_limit(const struct engine *e, const struct sample *prev, const struct sample *out,
	const struct cgroup_group *g)
{
	uint64_t used, limit, now, before;
	if (sample_get(out, series_find(e->series, M_CG_MEM_ANON, 0, g->path), &used) &&
		sample_get(out, series_find(e->series, M_CG_MEM_LIMIT, 0, g->path), &limit) &&
		(used >= limit / 2 || grows_again(e, prev, out, g)))
		return true;
	if (sample_get(out, series_find(e->series, M_CG_PIDS_USED, 0, g->path), &used) &&
		sample_get(out, series_find(e->series, M_CG_PIDS_LIMIT, 0, g->path), &limit) &&
		used >= limit / 2)
		return true;
	if (g->nio && near_io_limit(prev, out, g))
		return true;
	uint32_t throttled = series_find(e->series, M_CG_CPU_THROTTLED, 0, g->path);
	return prev && sample_get(out, throttled, &now) && sample_get(prev, throttled, &before) &&
	       now > before;
}

/* cgroup.procs of the group and of all below it. */
static void list_members(struct engine *e, const struct cgroup_group *g, struct sample *out)
{
	for (size_t i = 0; i < e->cgroups->count; i++) {
		if (!group_within(e, &e->cgroups->groups[i], g->dir))
			continue;
		char path[PATH_MAX];
		(void)snprintf(path, sizeof path, "%s/cgroup.procs",
			intern_text(&e->series->names, e->cgroups->groups[i].dir));
		ssize_t n = reader_file(e->reader, path, NULL, e->buffer, 1 << 20);
		struct scan s = scan_whole(scan_over(e->buffer, n > 0 ? (size_t)n : 0)), line;
		uint64_t pid;
		while (scan_line(&s, &line)) {
			struct member *m = scan_u64(&line, &pid) && pid
						   ? table_add(&out->members, sizeof *m)
						   : NULL;
			if (m)
				*m = (struct member){g->path, (int32_t)pid};
		}
	}
}

void engine_cgroups(struct engine *e, const struct sample *prev, struct sample *out)
{
	struct cgroup_state *c = e->cgroups;
	if (e->ticks % ENGINE_SLOW_TICKS == 0 || (e->want & WANT_SLOW) ||
		reader_is_replay(e->reader)) {
		find_trees(e, out);
		walk_trees(e, out);
	}
	const struct out o = {out, e->series, NETNS_HOST};
	/* In v1, and before Linux 6.11, a fork that the limit of a group refused counts in the one below it that forked, which may have no limit. A group comes
	 * after those above it. */
	uint32_t short_of_pids[8];
	size_t kept = 0, nshort = 0;
	count_kills(e);
	for (size_t i = 0; i < c->count; i++) {
		struct cgroup_group *g = &c->groups[i];
		bool keep = (g->kind & ~(unsigned)GROUP_IO_V1) ? kept++ < KEPT_GROUPS : g->nio > 0;
		if (g->memory)
			sample_memory(e, g, keep, &o);
		if (g->cpu)
			sample_cpu(e, g, keep, &o);
		if (g->pids && sample_pids(e, g, keep, &o) && nshort < COUNTOF(short_of_pids))
			short_of_pids[nshort++] = g->dir;
		for (size_t k = 0; !g->pids && k < nshort; k++)
			if (group_within(e, g, short_of_pids[k])) {
				sample_refused_forks(e, g, keep, &o);
				break;
			}
		if (g->nio)
			sample_io(e, g, keep, &o);
		if (keep)
			sample_usage(e, g, &o);
		if ((g->kind & GROUP_V2) && (keep || g->memory || g->cpu || g->pids || g->nio))
			sample_pressure(e, g, keep, &o);
		if (near_limit(e, prev, out, g)) {
			e->demand |= DEMAND_CGROUP;
			if (g->memory && grew(e, prev, out, g, M_CG_MEM_SHMEM))
				e->demand |=
					DEMAND_IO; /* who writes files in memory has none of it */
			list_members(e, g, out);
		}
	}
}
