/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The ledger's rows of the kernel itself: those that are more than a used and a limit side by side. */
#include "ledger/ledger_impl.h"

#include "ledger/use.h"

#include <string.h>

/* A cache of kernel objects has a row of its own from this share of the memory on. */
enum { SLAB_SHARE = 100 };

static bool gauge(const struct view *v, enum metric m, uint32_t instance, double *ret)
{
	return view_gauge(v, view_id(v, m, NETNS_HOST, instance), ret);
}

/* What of a node cannot be had back at once. On a machine with one node that is the row "memory". */
static void add_nodes(struct builder *b)
{
	struct view *v = b->v;
	unsigned nodes = 0;
	double total, free, file;
	for (uint32_t id = view_each(v, M_NODE_MEM_TOTAL, 0); id;
		id = view_each(v, M_NODE_MEM_TOTAL, id))
		nodes += view_gauge(v, id, &total) && total > 0;
	for (uint32_t id = view_each(v, M_NODE_MEM_TOTAL, 0); nodes > 1 && id;
		id = view_each(v, M_NODE_MEM_TOTAL, id)) {
		uint32_t node = series_row(v->series, id)->instance;
		if (!view_gauge(v, id, &total) || total <= 0 ||
			!gauge(v, M_NODE_MEM_FREE, node, &free) ||
			!gauge(v, M_NODE_MEM_FILE, node, &file))
			continue;
		struct ledger_row *r = ledger_add_row(b, RES_MEMORY_NODE,
			series_instance(v->series, id), NETNS_HOST,
			"/sys/devices/system/node/nodeN/meminfo: MemTotal less MemFree and file "
			"cache");
		if (!r)
			return;
		r->used = r->high = total > free + file ? total - free - file : 0;
		r->limit = total;
		r->slope =
			use_trend_of_rest(v, view_id(v, M_NODE_MEM_FREE, NETNS_HOST, node), total)
				.slope;
	}
}

static void add_pool(struct builder *b, const char *instance, double total, double free,
	double reserved, const char *source)
{
	if (total <= 0)
		return;
	struct ledger_row *r = ledger_add_row(b, RES_HUGEPAGES, instance, NETNS_HOST, source);
	if (!r)
		return;
	/* Promised pages are as good as used: whoever was promised them gets them. */
	r->used = r->high = total - free + (reserved < free ? reserved : free);
	r->limit = total;
	if (!instance)
		r->nholders = who_hugepages(b->v, r->holders, WHO_MAX);
}

static void add_hugepages(struct builder *b)
{
	struct view *v = b->v;
	double total, free, reserved = 0, size = 0;
	if (gauge(v, M_HUGEPAGES_TOTAL, 0, &total) && gauge(v, M_HUGEPAGES_FREE, 0, &free)) {
		(void)gauge(v, M_HUGEPAGES_RESERVED, 0, &reserved);
		add_pool(b, NULL, total, free, reserved, "/proc/meminfo: HugePages_*");
	}
	(void)gauge(v, M_HUGEPAGES_SIZE, 0, &size);
	const char *ours = arena_printf(&v->scratch, "%.0fkB", size / 1024);
	for (uint32_t id = view_each(v, M_POOL_TOTAL, 0); id; id = view_each(v, M_POOL_TOTAL, id)) {
		uint32_t pool = series_row(v->series, id)->instance;
		const char *name = series_instance(v->series, id);
		if (strcmp(name, ours) == 0 || !view_gauge(v, id, &total))
			continue;
		free = reserved = 0; /* a number that is 0 has no series */
		(void)gauge(v, M_POOL_FREE, pool, &free);
		(void)gauge(v, M_POOL_RESERVED, pool, &reserved);
		add_pool(b, name, total, free, reserved, "/sys/kernel/mm/hugepages");
	}
}

static void add_slabs(struct builder *b)
{
	struct view *v = b->v;
	double memory, bytes, peak, size;
	if (!gauge(v, M_MEM_TOTAL, 0, &memory))
		return;
	for (uint32_t id = view_each(v, M_SLAB_PAGES, 0); id; id = view_each(v, M_SLAB_PAGES, id)) {
		uint32_t cache = series_row(v->series, id)->instance;
		if (!view_gauge(v, id, &bytes) || bytes * SLAB_SHARE < memory)
			continue;
		struct ledger_row *r = ledger_add_row(b, RES_MEMORY_SLAB,
			series_instance(v->series, id), NETNS_HOST, "/proc/slabinfo");
		if (!r)
			return;
		r->used = bytes;
		(void)view_highest(v, id, &r->high, &r->high_at);
		if (gauge(v, M_SLAB_PEAK, cache, &peak) && gauge(v, M_SLAB_OBJSIZE, cache, &size) &&
			peak * size > r->high) {
			r->high = peak * size;
			r->high_at = 0;
		}
		r->slope = view_trend(v, id).slope;
	}
}

/* File locks end with memory. The ARC has a size that it may have, and is meant to have it: a full cache is not used up, so it has no limit here.
 * What it could not have is counted as refused. */
static void add_unlimited(struct builder *b)
{
	static const struct {
		enum resource resource;
		enum metric used, refused;
		const char *source;
	} rows[] = {
		{RES_LOCKS_FILE, M_LOCKS_COUNT, METRIC_COUNT, "/proc/locks"},
		{RES_ZFS_ARC, M_ARC_SIZE, M_ARC_THROTTLES,
			"/proc/spl/kstat/zfs/arcstats: size, memory_throttle_count"},
	};
	struct view *v = b->v;
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		uint32_t id = view_id(v, rows[i].used, NETNS_HOST, 0);
		double used, x;
		if (!view_gauge(v, id, &used))
			continue;
		struct ledger_row *r =
			ledger_add_row(b, rows[i].resource, NULL, NETNS_HOST, rows[i].source);
		if (!r)
			return;
		r->used = used;
		(void)view_highest(v, id, &r->high, &r->high_at);
		r->slope = view_trend(v, id).slope;
		if (rows[i].refused == METRIC_COUNT)
			continue;
		uint32_t refused = view_id(v, rows[i].refused, NETNS_HOST, 0);
		if (view_gauge(v, refused, &x))
			r->refused = x;
		if (view_rate(v, refused, &x))
			r->refused_per_s = x;
	}
}

static void add_entropy(struct builder *b)
{
	double left, pool;
	if (!gauge(b->v, M_ENTROPY_BITS, 0, &left) || !gauge(b->v, M_ENTROPY_POOL, 0, &pool) ||
		pool < left)
		return;
	struct ledger_row *r = ledger_add_row(b, RES_ENTROPY, NULL, NETNS_HOST,
		"/proc/sys/kernel/random: poolsize less entropy_avail");
	if (!r)
		return;
	r->used = r->high = pool - left;
	r->limit = pool;
}

/* The kernel counts watches and instances by user; the probe that walks over processes tells it (collect/tasks.c). unit: where it is another than that of the
 * class, and stands behind the user's name. */
static void add_watches(struct builder *b, enum resource resource, const char *unit,
	enum metric used_m, enum metric limit_m, const char *source)
{
	struct view *v = b->v;
	double used, limit;
	if (!gauge(v, limit_m, 0, &limit) || limit <= 0)
		return;
	for (uint32_t id = view_each(v, used_m, 0); id; id = view_each(v, used_m, id)) {
		if (!view_gauge(v, id, &used))
			continue;
		const char *user = series_instance(v->series, id);
		struct ledger_row *r = ledger_add_row(b, resource,
			unit ? arena_printf(&v->scratch, "%s/%s", user, unit) : user, NETNS_HOST,
			source);
		if (!r)
			return;
		r->unit = unit ? unit : r->unit;
		r->used = used;
		r->limit = limit;
		r->series = id;
		(void)view_highest(v, id, &r->high, &r->high_at);
		r->slope = view_trend(v, id).slope;
	}
}

/* One row a group: of the limit that it is nearest to, as a share. */
static void add_group_io(struct builder *b)
{
	struct view *v = b->v;
	const struct sample *s = view_last(v);
	const struct cgroup_io *rows = TABLE_ROWS(s->cg_io, struct cgroup_io);
	for (uint32_t i = 0; i < s->cg_io.count; i++) {
		double most = -1, share;
		bool first = true;
		for (uint32_t k = 0; k < s->cg_io.count; k++) {
			if (rows[k].cgroup != rows[i].cgroup)
				continue;
			first = first && k >= i;
			if (use_of_group_io(v, &rows[k], &share) && share > most)
				most = share;
		}
		struct ledger_row *r =
			first && most >= 0
				? ledger_add_row(b, RES_CGROUP_IO,
					  intern_text(&v->series->names, rows[i].cgroup),
					  NETNS_HOST, "io.stat, io.max (v1: blkio.throttle)")
				: NULL;
		if (!r)
			continue;
		r->used = r->high = most;
		r->limit = 1;
		r->cgroup = rows[i].cgroup;
		r->nholders = who_in_cgroup_by_io(v, rows[i].cgroup, r->holders, WHO_MAX);
	}
}

/* A process has a row of its own from this share of the limit on. */
enum { MAPS_SHARE = 20 };

static void add_maps(struct builder *b)
{
	struct view *v = b->v;
	const struct sample *s = view_last(v);
	double limit;
	if (!gauge(v, M_MAPS_LIMIT, 0, &limit) || limit <= 0)
		return;
	for (uint32_t i = 0; i < s->procs.count; i++) {
		const struct proc *p = &TABLE_ROWS(s->procs, struct proc)[i];
		if (p->kernel || p->self || !(p->have & HAVE_MAPS) ||
			(double)p->maps * MAPS_SHARE < limit)
			continue;
		struct ledger_row *r = ledger_add_row(
			b, RES_MAPS, who_name(v, p), p->netns, "/proc/PID/maps, vm.max_map_count");
		if (!r)
			return;
		double at[STORE_MAX], y[STORE_MAX];
		unsigned n = use_of_maps(v, p, at, y);
		struct trend t = trend_fit(at, y, n);
		r->used = r->high = (double)p->maps;
		for (unsigned k = 0; k < n; k++)
			r->high = y[k] > r->high ? y[k] : r->high;
		r->limit = limit;
		r->slope = t.slope;
		r->eta_s = trend_eta(v, t, limit - r->used);
		r->holders[r->nholders++] =
			(struct who){"process", who_name(v, p), p->pid, 1, "its own mappings"};
	}
}

void ledger_add_kernel(struct builder *b)
{
	add_watches(b, RES_INOTIFY, NULL, M_INOTIFY_WATCHES, M_INOTIFY_WATCHES_MAX,
		"ucounts of the user; fs.inotify.max_user_watches");
	add_watches(b, RES_INOTIFY, "instances", M_INOTIFY_INSTANCES, M_INOTIFY_INSTANCES_MAX,
		"ucounts of the user; fs.inotify.max_user_instances");
	add_watches(b, RES_EPOLL, NULL, M_EPOLL_USED, M_EPOLL_WATCHES,
		"user_struct of the user; fs.epoll.max_user_watches");
	add_maps(b);
	add_group_io(b);
	add_nodes(b);
	add_hugepages(b);
	add_slabs(b);
	add_unlimited(b);
	add_entropy(b);
}
