/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/promql_history.h"

#include "query/evaluate.h"
#include "query/points.h"
#include "query/promql_buckets.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MS_NS     UINT64_C(1000000)
#define MINUTE_MS INT64_C(60000)

/* A span beyond this is taken from minutes where they do. */
#define LONG_MS (120 * MINUTE_MS)

enum {
	READINGS_MAX = 8 << 20, /* of counters of which only the newest count */
	SERIES_AT_ONCE = 128,   /* an hour of them stands in memory */
	STEPS_AT_ONCE = 1 << 17,
	BINS_IN_RANGE = 8,   /* at least */
	BUCKETS_FOR_ONE = 4, /* that are made for each counter of a histogram */
};

struct reading {
	struct promql_history *p;
	const struct promql_want *want;
	int64_t from_ms, to_ms; /* both are to be read */
	int64_t bin_ms;         /* 0: the samples */
	struct history_series *all;
	uint64_t *keys;
	size_t n;
	struct promql_series *ret;
	size_t first; /* of the series that are read at once */
	size_t *row;  /* of ret, by series */
	enum promql_buckets buckets;
};

struct promql_id promql_history_id(const struct history_series *s, const char *name)
{
	struct promql_id id = {.n = 0};
	(void)promql_id_set(&id, "__name__", name);
	if (*s->label)
		(void)promql_id_set(&id, s->label, s->instance);
	(void)promql_id_set(&id, "netns", s->netns);
	return id;
}

static const char *name_of(struct promql_history *p, enum metric m)
{
	char buf[PROMETHEUS_NAME];
	if (!p->names[m])
		p->names[m] = strdup(metric_prometheus_name(buf, m));
	return p->names[m];
}

/* ---- how to read ---- */

static bool is_bare(const struct reading *r)
{
	return r->want->function == PROMQL_FUNCTIONS;
}

/* Of each sample, so that steps of the store do not do. */
static bool wants_samples(enum promql_function f)
{
	return f == PROMQL_SUM_OVER_TIME || f == PROMQL_COUNT_OVER_TIME || f == PROMQL_CHANGES ||
	       f == PROMQL_RESETS || f == PROMQL_QUANTILE_OVER_TIME ||
	       f == PROMQL_STDDEV_OVER_TIME || f == PROMQL_STDVAR_OVER_TIME;
}

static bool wants_growth(enum promql_function f)
{
	return f == PROMQL_RATE || f == PROMQL_INCREASE || f == PROMQL_IRATE ||
	       f == PROMQL_IDELTA || f == PROMQL_DELTA || f == PROMQL_DERIV;
}

static enum query_function over_bins(enum promql_function f)
{
	switch (f) {
	case PROMQL_MIN_OVER_TIME: return QUERY_MIN;
	case PROMQL_MAX_OVER_TIME: return QUERY_MAX;
	case PROMQL_AVG_OVER_TIME: return QUERY_AVG;
	default: return QUERY_LAST;
	}
}

/* Whole minutes that the range is some of; shorter steps where it has not enough of them. */
static int64_t bin_of(int64_t range_ms)
{
	static const int64_t minutes[] = {60, 30, 20, 15, 10, 5, 2, 1};
	for (size_t i = 0; i < COUNTOF(minutes); i++)
		if (range_ms >= BINS_IN_RANGE * minutes[i] * MINUTE_MS &&
			range_ms % (minutes[i] * MINUTE_MS) == 0)
			return minutes[i] * MINUTE_MS;
	return range_ms >= 4 * MINUTE_MS ? MINUTE_MS : 0;
}

static bool is_long(const struct reading *r)
{
	return r->to_ms - r->from_ms > LONG_MS && !wants_samples(r->want->function);
}

/* When there were too many samples; 0: nothing does. */
static int64_t coarser(const struct reading *r)
{
	int64_t bin = bin_of(r->want->range_ms);
	if (wants_samples(r->want->function))
		return 0;
	return bin ? bin : r->want->range_ms >= MINUTE_MS ? 10000 : 0;
}

/* ---- gauges and shares ---- */

static int take_result(struct reading *rd, const struct result *r)
{
	int status = 0;
	for (size_t i = 0; status == 0 && i < r->nseries; i++) {
		const struct history_series *s = &r->series[i].id;
		struct promql_samples *to;
		const char *name = name_of(rd->p, s->metric);
		if (s->kind == METRIC_COUNTER)
			continue;
		struct promql_id id = promql_history_id(s, name ? name : "");
		status = name ? promql_series_add(rd->ret, &id, &to) : -ENOMEM;
		if (status == 0)
			to->made = r->step_ns != 0;
		for (size_t k = 0; status == 0 && k < r->n; k++)
			if (!isnan(r->series[i].values[k]))
				status = promql_samples_add(rd->ret, to,
					(int64_t)((r->times_ns[k] + r->step_ns) / MS_NS),
					r->series[i].values[k]);
	}
	return status;
}

static int read_values(struct reading *rd, int64_t bin_ms)
{
	char why[EXPRESSION_ERROR];
	uint64_t first, last, bin_ns = (uint64_t)bin_ms * MS_NS;
	struct expression x = {.selector = *rd->want->selector,
		.over = bin_ms ? over_bins(rd->want->function) : QUERY_NONE};
	struct evaluate_span s = {(uint64_t)rd->from_ms * MS_NS, (uint64_t)(rd->to_ms + 1) * MS_NS,
		bin_ns, PROMQL_SAMPLES};
	struct result r = {0};
	if (!history_span(rd->p->h, &first, &last))
		return 0;
	s.from_ns = s.from_ns < first ? first : s.from_ns;
	s.to_ns = s.to_ns > last + 1 ? last + 1 : s.to_ns;
	if (s.from_ns >= s.to_ns)
		return 0;
	if (bin_ns)
		s.from_ns -= s.from_ns % bin_ns;
	int status = evaluate_past(rd->p->h, &x, &s, &r, why);
	if (status == 0)
		status = take_result(rd, &r);
	result_free(&r);
	return status;
}

static int read_gauges(struct reading *rd)
{
	int64_t bin = is_long(rd) ? bin_of(rd->want->range_ms) : 0;
	size_t before = rd->ret->n;
	int r = read_values(rd, bin);
	if (r != -E2BIG || bin || rd->ret->n != before || !coarser(rd))
		return r;
	return read_values(rd, coarser(rd));
}

/* ---- counters ---- */

/* Which step looks at a moment first. */
static int64_t step_of(const struct promql_want *w, int64_t at_ms)
{
	int64_t behind = at_ms - w->span.start_ms;
	return behind <= 0 ? 0 : (behind + w->span.step_ms - 1) / w->span.step_ms;
}

/* Of a bare selector the newest before each step. */
static int take_reading(struct reading *rd, struct promql_series *ret, struct promql_samples *s,
	int64_t at_ms, double value)
{
	if (is_bare(rd) && s->n && at_ms > s->times_ms[s->n - 1] &&
		step_of(rd->want, at_ms) == step_of(rd->want, s->times_ms[s->n - 1])) {
		s->times_ms[s->n - 1] = at_ms;
		s->values[s->n - 1] = value;
		return 0;
	}
	return promql_samples_add(ret, s, at_ms, value);
}

static int take_totals(void *ctx, size_t series, const struct history_points *p)
{
	struct reading *rd = ctx;
	size_t at = rd->first + series;
	double scale = metric_scale(rd->all[at].metric);
	struct promql_samples *s = &rd->ret->all[rd->row[at]];
	int r = 0;
	for (size_t i = 0; r == 0 && i < p->n; i++)
		if (p->present[i])
			r = take_reading(rd, rd->ret, s, (int64_t)(p->time_ns[i] / MS_NS),
				points_scaled((double)p->value[i], scale));
	return r;
}

static int read_totals(struct reading *rd)
{
	uint64_t most = is_bare(rd) ? READINGS_MAX : PROMQL_SAMPLES;
	most /= rd->buckets && !is_bare(rd) ? BUCKETS_FOR_ONE : 1;
	uint64_t interval = history_interval(rd->p->h);
	uint64_t each = (uint64_t)(rd->to_ms - rd->from_ms) * MS_NS / (interval ? interval : 1);
	int r = rd->n && each > most / rd->n ? -E2BIG : 0;
	for (size_t i = 0; r == 0 && i < rd->n; i += SERIES_AT_ONCE) {
		size_t n = rd->n - i < SERIES_AT_ONCE ? rd->n - i : SERIES_AT_ONCE;
		rd->first = i;
		r = history_read(rd->p->h, rd->keys + i, n, (uint64_t)rd->from_ms * MS_NS,
			(uint64_t)(rd->to_ms + 1) * MS_NS - 1, take_totals, rd);
	}
	return r;
}

/* Growth, step after step, as a counter that began at 0. */
static int take_growth(struct reading *rd, struct promql_samples *s,
	const struct history_step *steps, size_t n, int64_t from_ms, double scale)
{
	double total = 0;
	bool gap = true;
	int r = 0;
	s->made = s->counter = true;
	for (size_t i = 0; r == 0 && i < n; i++) {
		int64_t begin = from_ms + (int64_t)i * rd->bin_ms;
		if (steps[i].count == 0) {
			gap = true;
			continue;
		}
		if (gap)
			r = promql_samples_add(rd->ret, s, begin, points_scaled(total, scale));
		total += steps[i].sum;
		if (r == 0)
			r = promql_samples_add(
				rd->ret, s, begin + rd->bin_ms, points_scaled(total, scale));
		gap = false;
	}
	return r;
}

static int read_growth(struct reading *rd)
{
	int64_t from = rd->from_ms - rd->from_ms % rd->bin_ms;
	size_t n = (size_t)((rd->to_ms - from) / rd->bin_ms), at_once = STEPS_AT_ONCE / (n + 1) + 1;
	int r = n && rd->n > PROMQL_SAMPLES / n ? -E2BIG : 0;
	for (size_t i = 0, count; n && r == 0 && i < rd->n; i += count) {
		struct history_step *steps;
		count = rd->n - i < at_once ? rd->n - i : at_once;
		r = history_aggregate(rd->p->h, rd->keys + i, count, (uint64_t)from * MS_NS,
			(uint64_t)rd->bin_ms * MS_NS, n, &steps);
		if (r < 0)
			break;
		for (size_t k = 0; r == 0 && k < count; k++)
			r = take_growth(rd, &rd->ret->all[rd->row[i + k]], steps + k * n, n, from,
				metric_scale(rd->all[i + k].metric));
		free(steps);
	}
	return r;
}

static int read_counters(struct reading *rd)
{
	int r = 0;
	rd->row = calloc(rd->n + 1, sizeof *rd->row);
	if (!rd->row)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < rd->n; i++) {
		const char *name = name_of(rd->p, rd->all[i].metric);
		struct promql_id id = promql_history_id(&rd->all[i], name ? name : "");
		struct promql_samples *s;
		rd->row[i] = rd->ret->n;
		r = name ? promql_series_add(rd->ret, &id, &s) : -ENOMEM;
	}
	bool grows = wants_growth(rd->want->function);
	rd->bin_ms = is_long(rd) && grows ? bin_of(rd->want->range_ms) : 0;
	if (r == 0 && !rd->bin_ms) {
		r = read_totals(rd);
		rd->bin_ms = r == -E2BIG && grows && rd->ret->total == 0 ? coarser(rd) : 0;
		r = rd->bin_ms ? 0 : r;
	}
	if (r == 0 && rd->bin_ms)
		r = read_growth(rd);
	free(rd->row);
	return r;
}

/* ---- series that are one ---- */

static int merge_two(struct promql_series *all, struct promql_samples *a, struct promql_samples *b)
{
	struct promql_samples m = {.id = a->id, .made = a->made, .counter = a->counter};
	struct promql_series s = {.total = all->total - a->n - b->n};
	size_t i = 0, k = 0;
	int r = 0;
	while (r == 0 && (i < a->n || k < b->n)) {
		bool first = k == b->n || (i < a->n && a->times_ms[i] <= b->times_ms[k]);
		r = first ? promql_samples_add(&s, &m, a->times_ms[i], a->values[i])
			  : promql_samples_add(&s, &m, b->times_ms[k], b->values[k]);
		*(first ? &i : &k) += 1;
	}
	promql_samples_free(a);
	promql_samples_free(b);
	*a = m;
	all->total = s.total;
	return r;
}

/* A namespace that went and came back under its name is another series to the store, and the same one to who asks. */
static int merge_series(struct promql_series *s)
{
	size_t to = 0;
	int r = 0;
	for (size_t i = 1; r == 0 && i < s->n; i++) {
		if (promql_id_compare(&s->all[to].id, &s->all[i].id) == 0)
			r = merge_two(s, &s->all[to], &s->all[i]);
		else if (++to != i) {
			s->all[to] = s->all[i];
			s->all[i] = (struct promql_samples){.id = s->all[i].id};
		}
	}
	if (r == 0 && s->n)
		s->n = to + 1;
	return r;
}

/* ---- the source ---- */

struct wanted {
	struct selector selector; /* of which a copy is asked: matching changes nothing */
	size_t others;            /* that are no counters */
	enum promql_buckets buckets;
	enum metric metric; /* of which they are made */
};

static bool wants(void *ctx, const struct history_series *s)
{
	struct wanted *w = ctx;
	if (w->buckets)
		return s->metric == w->metric && s->kind == METRIC_COUNTER;
	if (!selector_matches(&w->selector, s))
		return false;
	w->others += s->kind != METRIC_COUNTER;
	return s->kind == METRIC_COUNTER;
}

static int copy_series(struct reading *rd, const struct history_series *all)
{
	rd->all = malloc((rd->n + 1) * sizeof *rd->all);
	rd->keys = malloc((rd->n + 1) * sizeof *rd->keys);
	if (!rd->all || !rd->keys)
		return -ENOMEM;
	for (size_t i = 0; i < rd->n; i++) {
		rd->all[i] = all[i];
		rd->keys[i] = all[i].key;
	}
	return 0;
}

/* From counters by how long something took. */
static int read_buckets(struct reading *rd, enum metric m)
{
	char name[PROMETHEUS_NAME];
	struct promql_series counters = {0}, *ret = rd->ret;
	const char *kept = promql_text(&rd->p->texts, promql_buckets_name(name, m, rd->buckets),
		strlen(promql_buckets_name(name, m, rd->buckets)));
	rd->ret = &counters;
	int r = kept ? read_counters(rd) : -E2BIG;
	rd->ret = ret;
	if (r == 0)
		r = promql_buckets_make(rd->all, &counters, rd->buckets, kept, rd->want->selector,
			&rd->p->texts, ret);
	promql_series_free(&counters);
	return r;
}

/* ---- the clock ---- */

struct clock {
	struct reading *rd;
	struct promql_series times;
};

/* What each sample has. */
static bool is_clock(void *ctx, const struct history_series *s)
{
	(void)ctx;
	return s->metric == M_MEM_TOTAL && !*s->netns;
}

static int take_times(void *ctx, size_t series, const struct history_points *p)
{
	struct clock *c = ctx;
	int r = 0;
	(void)series;
	for (size_t i = 0; r == 0 && i < p->n; i++)
		if (p->present[i])
			r = take_reading(c->rd, &c->times, &c->times.all[0],
				(int64_t)(p->time_ns[i] / MS_NS), 0);
	return r;
}

/* When there were samples, as far as steps see them. Without a clock nothing is known to have ended. */
static int read_clock(struct reading *rd)
{
	const struct promql_id none = {.n = 0};
	struct clock c = {.rd = rd};
	struct promql_samples *s;
	const struct history_series *all;
	size_t n;
	uint64_t from = (uint64_t)rd->from_ms * MS_NS, to = (uint64_t)(rd->to_ms + 1) * MS_NS - 1;
	int r = history_select(rd->p->h, from, to, is_clock, NULL, &all, &n);
	if (r < 0 || n != 1)
		return r;
	uint64_t key = all[0].key;
	r = promql_series_add(&c.times, &none, &s);
	if (r == 0)
		r = history_read(rd->p->h, &key, 1, from, to, take_times, &c);
	if (r == 0) {
		rd->ret->clock_ms = c.times.all[0].times_ms;
		rd->ret->n_clock = c.times.all[0].n;
		c.times.all[0].times_ms = NULL;
	}
	promql_series_free(&c.times);
	return r == -E2BIG ? 0 : r;
}

/* Are there others than those that were made of steps? */
static bool has_samples(const struct promql_series *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!s->all[i].made)
			return true;
	return false;
}

static int source_select(void *ctx, const struct promql_want *w, struct promql_series *ret)
{
	struct reading rd = {.p = ctx, .want = w, .ret = ret};
	const struct history_series *all;
	struct wanted wanted = {.selector = *w->selector};
	rd.buckets = wanted.buckets = promql_asks_buckets(w->selector, &wanted.metric);
	rd.from_ms = w->span.start_ms - w->range_ms;
	rd.to_ms = w->span.start_ms + (int64_t)(w->span.steps - 1) * w->span.step_ms;
	rd.from_ms = rd.from_ms < 0 ? 0 : rd.from_ms;
	if (rd.to_ms < 0)
		return 0;
	uint64_t first, last;
	if (!history_span(rd.p->h, &first, &last))
		return 0;
	if (rd.from_ms < (int64_t)(first / MS_NS)) /* not back to 1970 */
		rd.from_ms = (int64_t)(first / MS_NS);
	if (rd.to_ms > (int64_t)(last / MS_NS) + 3600000)
		rd.to_ms = (int64_t)(last / MS_NS) + 3600000;
	if (rd.from_ms > rd.to_ms)
		return 0;
	int r = history_select(rd.p->h, (uint64_t)rd.from_ms * MS_NS,
		(uint64_t)(rd.to_ms + 1) * MS_NS, wants, &wanted, &all, &rd.n);
	if (r == 0)
		r = copy_series(&rd, all);
	if (r == 0 && rd.n)
		r = rd.buckets ? read_buckets(&rd, wanted.metric) : read_counters(&rd);
	if (r == 0 && wanted.others)
		r = read_gauges(&rd);
	free(rd.all);
	free(rd.keys);
	if (r == 0)
		r = merge_series(ret);
	return r == 0 && is_bare(&rd) && has_samples(ret) ? read_clock(&rd) : r;
}

struct promql_source promql_history_source(struct promql_history *p, struct history *h)
{
	*p = (struct promql_history){.h = h};
	return (struct promql_source){source_select, p};
}

void promql_history_free(struct promql_history *p)
{
	for (unsigned m = 0; m < METRIC_COUNT; m++)
		free(p->names[m]);
	promql_texts_free(&p->texts);
}
