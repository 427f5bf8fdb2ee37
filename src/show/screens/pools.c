/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* pools: all that can run out in one table, the kernel's caches of objects with it, as vmstat -m shows them on BSD. */
#include "base/text.h"
#include "show/screens/screen_impl.h"

#include <string.h>

#define SLABINFO "/proc/slabinfo"
#define OWN      "each row has its own: plimsoll limits --json"

enum {
	P_NAME,
	P_SIZE,
	P_USED,
	P_TOTAL,
	P_HIGH,
	P_LIMIT,
	P_LEFT,
	P_REFUSED,
	P_RATE,
	P_MEMORY,
	P_SLOPE,
	P_TIME,
	P_NETNS,
	P_HELD
};

static const struct screen_column columns[] = {
	[P_NAME] = {"pool", "pool", CELL_TEXT, 20, 0, true, -1, NULL,
		"a resource as findings name it, or a cache of the kernel", OWN},
	[P_SIZE] = {"size", "object", CELL_BYTES, 7, 1, false, M_SLAB_OBJSIZE, NULL, NULL,
		SLABINFO},
	[P_USED] = {"used", "in use", CELL_COUNT, 9, 0, false, M_SLAB_ACTIVE, NULL, NULL, SLABINFO},
	[P_TOTAL] = {"total", "total", CELL_COUNT, 7, 3, false, M_SLAB_OBJECTS, NULL, NULL,
		SLABINFO},
	[P_HIGH] = {"high", "high", CELL_COUNT, 9, 1, false, M_SLAB_PEAK, NULL, NULL, SLABINFO},
	[P_LIMIT] = {"limit", "limit", CELL_COUNT, 9, 0, false, -1, NULL,
		"what there may be of it; a cache of the kernel has none", OWN},
	[P_LEFT] = {"left", "left", CELL_SHARE, 6, 0, false, -1, NULL, "the part that is left",
		OWN},
	[P_REFUSED] = {"refused", "refused", CELL_COUNT, 8, 1, false, -1, NULL,
		"how often it was wanted and not to be had, since boot or since the socket was "
		"made",
		OWN},
	[P_RATE] = {"rate", "ref/s", CELL_COUNT, 6, 4, false, -1, "a second", "the same, now", OWN},
	[P_MEMORY] = {"memory", "memory", CELL_BYTES, 9, 2, false, M_SLAB_PAGES, NULL, NULL,
		SLABINFO},
	[P_SLOPE] = {"slope", "grows/s", CELL_COUNT, 9, 5, false, -1, "a second",
		"how fast its use grows, over the time looked at", OWN},
	[P_TIME] = {"time", "time left", CELL_SECONDS, 10, 4, false, -1, NULL,
		"until nothing is left, where it grows steadily enough to say so", OWN},
	[P_NETNS] = {"netns", "netns", CELL_TEXT, 10, 6, false, -1, NULL, "network namespace",
		"/run/netns"},
	[P_HELD] = {"held", "held by", CELL_TEXT, 14, 5, true, -1, NULL,
		"who holds most of it, with pid and share", "processes, sockets, open files"},
};

static int by_memory(const void *pa, const void *pb, void *ctx)
{
	const struct view *v = ctx;
	double a = 0, b = 0;
	(void)view_gauge(v, *(const uint32_t *)pa, &a);
	(void)view_gauge(v, *(const uint32_t *)pb, &b);
	return (a < b) - (a > b);
}

static void add_slabs(struct screen *s, struct view *v)
{
	uint32_t ids[2048];
	size_t n = 0;
	for (uint32_t id = view_each(v, M_SLAB_PAGES, 0); id; id = view_each(v, M_SLAB_PAGES, id))
		if (n < COUNTOF(ids))
			ids[n++] = id;
	qsort_r(ids, n, sizeof *ids, by_memory, v);
	for (size_t i = 0; i < n; i++) {
		uint32_t cache = series_row(v->series, ids[i])->instance;
		double bytes;
		if (!view_gauge(v, ids[i], &bytes))
			continue;
		struct screen_row *row = screen_add(s, key_pair(1, cache));
		if (!row)
			return;
		cell_text(row, P_NAME, series_instance(v->series, ids[i]));
		cell_number(s, row, P_SIZE, number_of(v, M_SLAB_OBJSIZE, 0, cache));
		cell_number(s, row, P_USED, number_of(v, M_SLAB_ACTIVE, 0, cache));
		cell_number(s, row, P_TOTAL, number_of(v, M_SLAB_OBJECTS, 0, cache));
		cell_number(s, row, P_HIGH, number_of(v, M_SLAB_PEAK, 0, cache));
		cell_number(s, row, P_MEMORY, bytes);
		double slope = view_trend(v, view_id(v, M_SLAB_ACTIVE, 0, cache)).slope;
		if (fabs(slope) >= 0.05)
			cell_number(s, row, P_SLOPE, slope);
	}
}

static int build(struct screen *s, struct view *v, const struct screen_context *c)
{
	struct ledger l;
	int r = ledger_build(v, &l);
	if (r < 0)
		return r;
	for (size_t i = 0; i < l.count; i++) {
		const struct ledger_row *p = &l.rows[i];
		if (p->resource == RES_MEMORY_SLAB) /* stands below, with its objects */
			continue;
		struct screen_row *row =
			screen_add(s, key_pair(key_of(p->name, strlen(p->name)), p->netns));
		if (!row)
			break;
		enum cell_unit unit = unit_of_resource(p->unit);
		double left = ledger_left(p);
		const char *held;
		ledger_holders_text(v, p, &held);
		cell_text(row, P_NAME, p->name);
		cell_unit(row, P_USED, p->used, unit);
		cell_unit(row, P_HIGH, p->high, unit);
		if (p->limit >= 0)
			cell_unit(row, P_LIMIT, p->limit, unit);
		if (left <= 1)
			cell_number(s, row, P_LEFT, left);
		if (p->refused >= 0)
			cell_number(s, row, P_REFUSED, p->refused);
		if (p->refused_per_s > 0)
			cell_number(s, row, P_RATE, p->refused_per_s);
		if (fabs(p->slope) * 1000 > fabs(p->used) * 0.01 && fabs(p->slope) > 1e-9)
			cell_unit(row, P_SLOPE, p->slope, unit);
		if (p->eta_s >= 0)
			cell_number(s, row, P_TIME, p->eta_s);
		cell_text(row, P_NETNS, series_netns_name(v->series, p->netns));
		cell_text(row, P_HELD, held);
		row->item = p;
		row->tone = tone_of_resource(c->findings, p->name, (int)p->netns);
	}
	size_t pools = s->nrows;
	add_slabs(s, v);
	if (s->nrows == pools)
		(void)screen_say(s, v, TONE_DIM, "caches",
			"the kernel's caches are not there: only root may read %s, every ten "
			"seconds",
			SLABINFO);
	else
		(void)screen_say(s, v, TONE_PLAIN, "pools",
			"%zu that can run out, and %zu caches of the kernel with %s", pools,
			s->nrows - pools, read_bytes(v, number_of(v, M_MEM_SLAB, 0, 0)));
	return 0;
}

static bool follow(const struct screen_row *row, struct view *v, const struct screen_context *c,
	struct subject *ret, enum screen_id *ret_to)
{
	return row->item && screen_overview.follow(row, v, c, ret, ret_to);
}

const struct screen_maker screen_pools = {COLUMNS_OF(columns), build, follow};
