/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/promql_evaluate.h"

#include "base/num.h"
#include "query/evaluate.h"
#include "query/points.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS UINT64_C(1000000000)
#define MINUTE_NS (60 * SECOND_NS)

/* How old the newest value of a bare selector may be: samples are at most a minute apart. */
#define LOOKBACK_NS MINUTE_NS

/* A span beyond this is taken from minutes where they fit. */
#define LONG_NS (120 * MINUTE_NS)

enum {
	READINGS_MAX = 8 << 20,  /* of counters, to find their totals */
	TOTALS_AT_ONCE = 128,    /* series: an hour of them stands in memory */
	WINDOW_WORK = 100 << 20, /* values that are looked at for all windows */
};

struct evaluation {
	struct history *h;
	const struct promql *q;
	const struct promql_span *span;
	double *times_s;
	uint64_t work;
	char *why;
};

/* What a selector is asked for. */
struct leaf {
	const struct promql_node *n; /* the selector */
	enum promql_function f;
	uint64_t range_ns, first_ns; /* first: the moment of the first step, less the offset */
	uint64_t from_ns, to_ns;     /* what is to be read: behind from, up to and with to */
};

struct promql_id promql_id_of(const struct history_series *s)
{
	struct promql_id id = {.named = true, .metric = s->metric};
	struct promql_label own = {s->label, s->instance}, netns = {"netns", s->netns};
	if (*s->label && *s->instance)
		id.l[id.n++] = own;
	if (*s->netns)
		id.l[id.n++] = netns;
	if (id.n == 2 && strcmp(id.l[0].name, id.l[1].name) > 0) {
		id.l[0] = netns;
		id.l[1] = own;
	}
	return id;
}

/* ---- reading ---- */

static bool is_growth(enum promql_function f)
{
	return f == PROMQL_RATE || f == PROMQL_IRATE || f == PROMQL_INCREASE;
}

static enum query_function over_bins(enum promql_function f)
{
	switch (f) {
	case PROMQL_MIN_OVER_TIME: return QUERY_MIN;
	case PROMQL_MAX_OVER_TIME: return QUERY_MAX;
	case PROMQL_LAST_OVER_TIME:
	case PROMQL_IRATE:
	case PROMQL_DELTA: return QUERY_LAST;
	default: return QUERY_AVG;
	}
}

/* The steps to read: 0, the samples; else each window is made of some. */
static uint64_t bins_of(const struct evaluation *e, const struct leaf *l)
{
	uint64_t g = e->span->steps > 1 ? num_gcd(e->span->step_ns, l->range_ns) : l->range_ns;
	if (l->to_ns - l->from_ns <= LONG_NS || g % MINUTE_NS || l->first_ns % MINUTE_NS)
		return 0;
	return l->first_ns % g == 0 ? g : MINUTE_NS;
}

/* When there were too many samples. */
static uint64_t coarser(const struct leaf *l)
{
	return l->range_ns >= 60 * MINUTE_NS ? MINUTE_NS
	       : l->range_ns >= MINUTE_NS    ? 10 * SECOND_NS
					     : SECOND_NS;
}

/* Whole times of what is read; no series where nothing was recorded. */
static int read_bins(
	struct evaluation *e, const struct leaf *l, uint64_t bin_ns, struct result *ret)
{
	uint64_t first, last;
	struct expression x = {.selector = e->q->selectors[l->n->selector],
		.rate = is_growth(l->f),
		.over = bin_ns ? over_bins(l->f) : QUERY_NONE};
	struct evaluate_span s = {l->from_ns + 1, l->to_ns + 1, bin_ns, PROMQL_VALUES};
	*ret = (struct result){0};
	if (!history_span(e->h, &first, &last))
		return 0;
	s.from_ns = s.from_ns < first ? first : s.from_ns;
	s.to_ns = s.to_ns > last + 1 ? last + 1 : s.to_ns;
	if (s.from_ns >= s.to_ns)
		return 0;
	if (bin_ns)
		s.from_ns -= s.from_ns % bin_ns;
	return evaluate_past(e->h, &x, &s, ret, e->why);
}

static int read_values(struct evaluation *e, const struct leaf *l, struct result *ret)
{
	uint64_t bin = bins_of(e, l);
	bool counts = l->f == PROMQL_SUM_OVER_TIME || l->f == PROMQL_COUNT_OVER_TIME;
	int r = read_bins(e, l, counts ? 0 : bin, ret);
	return r == -E2BIG && !bin && !counts ? read_bins(e, l, coarser(l), ret) : r;
}

/* ---- windows ---- */

struct window_sum {
	double sum, weight, low, high, first, last;
	uint64_t first_ns, last_ns;
	size_t n;
};

/* Values of growth count for the time that they are the growth of: that since the sample before. */
static double weight_at(const struct result *r, size_t i)
{
	if (r->step_ns || r->n < 2)
		return 1;
	return (double)(i ? r->times_ns[i] - r->times_ns[i - 1] : r->times_ns[1] - r->times_ns[0]);
}

static struct window_sum sum_up(
	const struct result *r, const double *values, size_t from, size_t to, bool growth)
{
	struct window_sum w = {.low = INFINITY, .high = -INFINITY};
	for (size_t i = from; i < to; i++) {
		if (isnan(values[i]))
			continue;
		if (w.n++ == 0) {
			w.first = values[i];
			w.first_ns = r->times_ns[i];
		}
		double weight = growth ? weight_at(r, i) : 1;
		w.sum += values[i] * weight;
		w.weight += weight;
		w.low = fmin(w.low, values[i]);
		w.high = fmax(w.high, values[i]);
		w.last = values[i];
		w.last_ns = r->times_ns[i];
	}
	return w;
}

/* Growth over what was watched: as long as the readings lie apart, and one of their distances more. */
static double growth_of(const struct window_sum *w, double range_s, double bin_s)
{
	double apart = (double)(w->last_ns - w->first_ns) / 1e9, n = (double)w->n;
	double watched = w->n > 1 ? apart * n / (n - 1) : bin_s > 0 ? bin_s : 1;
	return w->sum / w->weight * fmin(watched, range_s);
}

static double window_value(
	const struct window_sum *w, enum promql_function f, double range_s, double bin_s)
{
	if (w->n == 0)
		return NAN;
	switch (f) {
	case PROMQL_RATE:
	case PROMQL_AVG_OVER_TIME: return w->weight > 0 ? w->sum / w->weight : NAN;
	case PROMQL_INCREASE: return growth_of(w, range_s, bin_s);
	case PROMQL_DELTA: return w->n > 1 ? w->last - w->first : NAN;
	case PROMQL_MIN_OVER_TIME: return w->low;
	case PROMQL_MAX_OVER_TIME: return w->high;
	case PROMQL_SUM_OVER_TIME: return w->sum;
	case PROMQL_COUNT_OVER_TIME: return (double)w->n;
	default: return w->last;
	}
}

static int windows(struct evaluation *e, const struct leaf *l, const struct result *r,
	const struct result_series *s, double *ret)
{
	const double *values = s->values;
	bool growth = s->id.kind != METRIC_GAUGE && l->f != PROMQL_SUM_OVER_TIME;
	size_t from = 0, to = 0;
	for (size_t k = 0; k < e->span->steps; k++) {
		uint64_t end = l->first_ns + k * e->span->step_ns;
		uint64_t begin = end > l->range_ns ? end - l->range_ns : 0;
		/* A sample lies in (begin, end], a bin wholly between them. */
		while (to < r->n && r->times_ns[to] + r->step_ns <= end)
			to++;
		while (from < to &&
			(r->step_ns ? r->times_ns[from] < begin : r->times_ns[from] <= begin))
			from++;
		size_t first = from;
		if (l->f == PROMQL_LAST_OVER_TIME || l->f == PROMQL_IRATE)
			for (first = to; first > from && (first == to || isnan(values[first]));)
				first--;
		e->work += to - first;
		if (e->work > WINDOW_WORK)
			return -E2BIG;
		struct window_sum w = sum_up(r, values, first, to, growth);
		ret[k] =
			window_value(&w, l->f, (double)l->range_ns / 1e9, (double)r->step_ns / 1e9);
	}
	return 0;
}

/* ---- totals of counters ---- */

struct totals {
	const struct evaluation *e;
	const struct leaf *l;
	struct promql_value *v;
	const struct history_series *series; /* of the rows */
	uint64_t *when;                      /* of each value: when it was read */
	size_t first;                        /* row of the first series that is read */
};

static int take_total(void *ctx, size_t series, const struct history_points *p)
{
	struct totals *t = ctx;
	const struct promql_span *span = t->e->span;
	series += t->first;
	double scale = metric_scale(t->series[series].metric);
	for (size_t i = 0; i < p->n; i++) {
		uint64_t at = p->time_ns[i], first = t->l->first_ns;
		if (!p->present[i])
			continue;
		size_t k = at <= first ? 0
				       : (size_t)((at - first + span->step_ns - 1) / span->step_ns);
		if (k >= span->steps)
			continue;
		t->v->rows[series].values[k] = points_scaled((double)p->value[i], scale);
		t->when[series * span->steps + k] = at;
	}
	return 0;
}

/* Steps without a reading of their own have that before them, while it is not too old. */
static void carry(const struct totals *t, size_t series)
{
	double *values = t->v->rows[series].values, last = NAN;
	uint64_t when = 0;
	for (size_t k = 0; k < t->v->steps; k++) {
		uint64_t at = t->l->first_ns + k * t->e->span->step_ns,
			 own = t->when[series * t->v->steps + k];
		if (own) {
			when = own;
			last = values[k];
		}
		values[k] = when && at - when < t->l->range_ns ? last : NAN;
	}
}

static bool wants_counters(void *selector, const struct history_series *s)
{
	return s->kind == METRIC_COUNTER && selector_matches(selector, s);
}

static int read_totals(struct evaluation *e, const struct leaf *l, struct promql_value *ret)
{
	struct selector sel = e->q->selectors[l->n->selector];
	const struct history_series *all;
	size_t n;
	int r = history_select(e->h, l->from_ns, l->to_ns, wants_counters, &sel, &all, &n);
	if (r < 0)
		return r;
	if (n && (l->to_ns - l->from_ns) / SECOND_NS > READINGS_MAX / n)
		return -E2BIG;
	r = promql_value_init(ret, n, e->span->steps);
	if (r < 0 || n == 0)
		return r;
	uint64_t *keys = malloc(n * sizeof *keys);
	struct totals t = {e, l, ret, all, calloc(n * e->span->steps + 1, sizeof *t.when), 0};
	r = keys && t.when ? 0 : -ENOMEM;
	for (size_t i = 0; r == 0 && i < n; i++) {
		keys[i] = all[i].key;
		ret->rows[i].id = promql_id_of(&all[i]);
	}
	for (size_t i = 0; r == 0 && i < n; i += TOTALS_AT_ONCE) {
		t.first = i;
		r = history_read(e->h, keys + i, n - i < TOTALS_AT_ONCE ? n - i : TOTALS_AT_ONCE,
			l->from_ns + 1, l->to_ns, take_total, &t);
	}
	for (size_t i = 0; r == 0 && i < n; i++)
		carry(&t, i);
	free(keys);
	free(t.when);
	if (r < 0)
		promql_value_free(ret);
	return r;
}

/* ---- selectors ---- */

static int refuse_counter(const struct evaluation *e, const struct leaf *l, enum metric m)
{
	char name[PROMETHEUS_NAME];
	(void)snprintf(e->why, EXPRESSION_ERROR,
		"at %zu: %s() of %s: a counter; rate(), irate() or increase() are expected",
		l->n->at, promql_function_name(l->f), metric_prometheus_name(name, m));
	return -EINVAL;
}

/* A namespace that went and came back under its name is another series to the store, and the same one to who asks: the newer fills in. True when the last
 * row went into the one before it. */
static bool merged(struct promql_value *v, size_t last)
{
	if (last == 0 || !promql_id_equal(&v->rows[last - 1].id, &v->rows[last].id))
		return false;
	double *to = v->rows[last - 1].values, *from = v->rows[last].values;
	for (size_t k = 0; k < v->steps; k++) {
		to[k] = isnan(from[k]) ? to[k] : from[k];
		from[k] = NAN;
	}
	return true;
}

/* Levels and shares; counters only where their growth is asked for. */
static int from_result(struct evaluation *e, const struct leaf *l, const struct result *r,
	const struct promql_value *totals, struct promql_value *ret)
{
	size_t at = 0;
	bool growth = is_growth(l->f), newest = l->f == PROMQL_LAST_OVER_TIME;
	int status = promql_value_init(ret, r->nseries + totals->n, e->span->steps);
	for (size_t i = 0; status == 0 && i < r->nseries; i++) {
		const struct result_series *s = &r->series[i];
		if (s->id.kind == METRIC_COUNTER && newest)
			continue;
		if (s->id.kind == METRIC_COUNTER && !growth)
			status = refuse_counter(e, l, s->id.metric);
		else
			status = windows(e, l, r, s, ret->rows[at].values);
		ret->rows[at].id = promql_id_of(&s->id);
		ret->rows[at].id.named = newest;
		at += !merged(ret, at);
	}
	for (size_t i = 0; status == 0 && i < totals->n; i++) {
		ret->rows[at].id = totals->rows[i].id;
		memcpy(ret->rows[at].values, totals->rows[i].values,
			totals->steps * sizeof(double));
		at += !merged(ret, at);
	}
	ret->n = at;
	if (status < 0)
		promql_value_free(ret);
	return status;
}

/* A selector with a range for a function, or at one moment. */
static int read_leaf(struct evaluation *e, const struct promql_node *n, enum promql_function f,
	struct promql_value *ret)
{
	const struct promql_span *span = e->span;
	struct leaf l = {n, f, n->range_ns ? n->range_ns : LOOKBACK_NS, 0, 0, 0};
	struct promql_value totals = {0};
	struct result r = {0};
	uint64_t last = span->start_ns + (span->steps - 1) * span->step_ns;
	if (n->offset_ns >= span->start_ns)
		return promql_value_init(ret, 0, span->steps);
	l.first_ns = span->start_ns - n->offset_ns;
	l.to_ns = last - n->offset_ns;
	l.from_ns = l.first_ns > l.range_ns ? l.first_ns - l.range_ns : 0;
	int status = f == PROMQL_LAST_OVER_TIME ? read_totals(e, &l, &totals) : 0;
	if (status == 0)
		status = read_values(e, &l, &r);
	if (status == 0)
		status = from_result(e, &l, &r, &totals, ret);
	result_free(&r);
	promql_value_free(&totals);
	return status;
}

/* ---- nodes ---- */

static int number_value(struct evaluation *e, double number, struct promql_value *ret)
{
	int r = promql_value_init(ret, 1, e->span->steps);
	for (size_t k = 0; r == 0 && k < e->span->steps; k++)
		ret->rows[0].values[k] = number;
	ret->scalar = true;
	return r;
}

static int evaluate_node(
	struct evaluation *e, const struct promql_node *n, struct promql_value *ret);

static int expected(struct evaluation *e, const struct promql_node *n, const char *what)
{
	(void)snprintf(e->why, EXPRESSION_ERROR, "at %zu: %s() takes %s", n->at,
		promql_function_name(n->function), what);
	return -EINVAL;
}

static int evaluate_call(
	struct evaluation *e, const struct promql_node *n, struct promql_value *ret)
{
	struct promql_value of = {0}, number = {0};
	bool of_number = n->function == PROMQL_VECTOR || n->function == PROMQL_TIME;
	int r = n->args[0] ? evaluate_node(e, n->args[0], &of) : number_value(e, 0, &of);
	if (r == 0 && n->args[1])
		r = evaluate_node(e, n->args[1], &number);
	if (r == 0 && of.scalar != of_number)
		r = expected(e, n, of_number ? "a number" : "series, not a number");
	if (r == 0 && n->args[1] && !number.scalar)
		r = expected(e, n, "a number beside the series");
	const struct promql_value *with = n->args[1] ? &number : NULL;
	if (r == 0)
		r = n->kind == PROMQL_AGGREGATE ? promql_aggregate(n, &of, with, ret)
						: promql_function(n, &of, with, e->times_s, ret);
	promql_value_free(&of);
	promql_value_free(&number);
	return r;
}

static int evaluate_binary(
	struct evaluation *e, const struct promql_node *n, struct promql_value *ret)
{
	struct promql_value left = {0}, right = {0};
	int r = evaluate_node(e, n->args[0], &left);
	if (r == 0)
		r = evaluate_node(e, n->args[1], &right);
	if (r == 0)
		return promql_binary(n, &left, &right, ret, e->why);
	promql_value_free(&left);
	promql_value_free(&right);
	return r;
}

static int evaluate_node(
	struct evaluation *e, const struct promql_node *n, struct promql_value *ret)
{
	*ret = (struct promql_value){0};
	switch (n->kind) {
	case PROMQL_NUMBER: return number_value(e, n->number, ret);
	case PROMQL_SELECTOR: return read_leaf(e, n, PROMQL_LAST_OVER_TIME, ret);
	case PROMQL_OVER_TIME: return read_leaf(e, n->args[0], n->function, ret);
	case PROMQL_BINARY: return evaluate_binary(e, n, ret);
	default: return evaluate_call(e, n, ret);
	}
}

int promql_evaluate(struct history *h, const struct promql *q, const struct promql_span *span,
	struct promql_value *ret, char why[static EXPRESSION_ERROR])
{
	struct evaluation e = {h, q, span, malloc((span->steps + 1) * sizeof(double)), 0, why};
	why[0] = '\0';
	if (!e.times_s)
		return -ENOMEM;
	for (size_t k = 0; k < span->steps; k++)
		e.times_s[k] = (double)(span->start_ns + k * span->step_ns) / 1e9;
	if (q->root->kind == PROMQL_SELECTOR && q->root->range_ns) {
		(void)snprintf(why, EXPRESSION_ERROR,
			"at %zu: a range of samples is no answer here; a function is expected "
			"around "
			"it",
			q->root->at);
		free(e.times_s);
		return -EINVAL;
	}
	int r = evaluate_node(&e, q->root, ret);
	free(e.times_s);
	return r;
}
