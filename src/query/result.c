/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/result.h"

#include "base/num.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void result_free(struct result *r)
{
	for (size_t i = 0; i < r->nseries; i++) {
		free(r->series[i].values);
		free(r->series[i].low);
		free(r->series[i].high);
	}
	free(r->series);
	free(r->times_ns);
	*r = (struct result){0};
}

double *result_values(size_t n)
{
	double *v = malloc((n + 1) * sizeof *v);
	for (size_t i = 0; v && i < n; i++)
		v[i] = NAN;
	return v;
}

int result_steps(struct result *r, uint64_t from_ns, uint64_t step_ns, size_t n)
{
	uint64_t *times = malloc((n + 1) * sizeof *times);
	if (!times)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		times[i] = from_ns + i * step_ns;
	free(r->times_ns);
	r->times_ns = times;
	r->from_ns = from_ns;
	r->to_ns = from_ns + n * step_ns;
	r->step_ns = step_ns;
	r->n = n;
	return 0;
}

/* ---- over time ---- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double quantile_of(double *v, size_t n, double q)
{
	qsort(v, n, sizeof *v, by_value);
	double at = q * (double)(n - 1);
	size_t low = (size_t)at, high = low + 1 < n ? low + 1 : low;
	return v[low] + (v[high] - v[low]) * (at - (double)low);
}

/* The known ones to the front; their number. */
static size_t known_first(double *v, size_t n)
{
	size_t k = 0;
	for (size_t i = 0; i < n; i++)
		if (!isnan(v[i]))
			v[k++] = v[i];
	return k;
}

double result_number(enum query_function f, double quantile, double *v, size_t n)
{
	n = known_first(v, n);
	if (n == 0)
		return NAN;
	if (f == QUERY_QUANTILE)
		return quantile_of(v, n, quantile);
	double sum = 0, low = v[0], high = v[0];
	for (size_t i = 0; i < n; i++) {
		sum += v[i];
		low = fmin(low, v[i]);
		high = fmax(high, v[i]);
	}
	switch (f) {
	case QUERY_MIN: return low;
	case QUERY_MAX: return high;
	case QUERY_LAST: return v[n - 1];
	case QUERY_SUM: return sum;
	case QUERY_AVG:
	case QUERY_NONE:
	case QUERY_QUANTILE: break;
	}
	return sum / (double)n;
}

void result_over_steps(const struct result_window *w, enum query_function f, double quantile,
	const double *values, double *scratch, double *ret)
{
	size_t i = 0;
	for (size_t step = 0; step < w->nsteps; step++) {
		uint64_t begin = w->from_ns + step * w->step_ns, end = begin + w->step_ns;
		while (i < w->n && w->times_ns[i] < begin)
			i++;
		size_t first = i;
		while (i < w->n && w->times_ns[i] < end)
			i++;
		memcpy(scratch, values + first, (i - first) * sizeof *scratch);
		ret[step] = result_number(f, quantile, scratch, i - first);
	}
}

/* ---- across series ---- */

static bool keeps(const struct expression_level *level, const char *label)
{
	for (size_t i = 0; i < level->n; i++)
		if (strcmp(level->by[i], label) == 0)
			return true;
	return false;
}

/* What is left of the identity of a series. The name stays as long as it is one. */
static struct history_series group_of(
	const struct expression_level *level, const struct history_series *s)
{
	struct history_series g = *s;
	if (!*s->label || !keeps(level, s->label))
		g.label = g.instance = "";
	if (!keeps(level, "netns"))
		g.netns = "";
	return g;
}

static bool same_group(const struct history_series *a, const struct history_series *b)
{
	return strcmp(a->instance, b->instance) == 0 && strcmp(a->label, b->label) == 0 &&
	       strcmp(a->netns, b->netns) == 0;
}

/* Series come sorted: behind a sum come its parts. */
static bool is_total(const struct result *r, size_t i)
{
	const struct history_series *s = &r->series[i].id, *next;
	if (*s->instance || i + 1 == r->nseries)
		return false;
	next = &r->series[i + 1].id;
	return *next->instance && strcmp(next->name, s->name) == 0 &&
	       strcmp(next->netns, s->netns) == 0;
}

/* One group while it is made: how many values are known at each moment is counted for the mean. */
struct group {
	struct result_series out;
	uint32_t *counts;
};

static void fold(struct group *g, enum query_function f, const double *values, size_t n)
{
	double *sum = g->out.values;
	for (size_t i = 0; i < n; i++) {
		if (isnan(values[i]))
			continue;
		if (g->counts[i]++ == 0)
			sum[i] = values[i];
		else if (f == QUERY_MIN)
			sum[i] = values[i] < sum[i] ? values[i] : sum[i];
		else if (f == QUERY_MAX)
			sum[i] = values[i] > sum[i] ? values[i] : sum[i];
		else
			sum[i] += values[i];
	}
}

static int group_begin(
	struct group *g, const struct result_series *s, const struct history_series *id, size_t n)
{
	*g = (struct group){.out = *s, .counts = calloc(n + 1, sizeof *g->counts)};
	g->out.id = *id;
	g->out.values = result_values(n);
	g->out.low = g->out.high = NULL;
	g->out.total = NAN;
	g->out.exact = false;
	return g->out.values && g->counts ? 0 : -ENOMEM;
}

static void group_end(struct group *g, enum query_function f, size_t n)
{
	for (size_t i = 0; f == QUERY_AVG && i < n; i++)
		g->out.values[i] /= g->counts[i];
	free(g->counts);
	g->counts = NULL;
}

struct groups {
	struct group *rows;
	size_t n;
};

static int add_series(struct groups *gs, const struct result_series *s,
	const struct expression_level *level, size_t n, const char *several,
	char why[static EXPRESSION_ERROR])
{
	struct history_series id = group_of(level, &s->id);
	struct group *g = NULL;
	char ours[24], theirs[24];
	for (size_t k = gs->n; k > 0 && !g; k--) /* series come sorted: mostly it is the last */
		if (same_group(&gs->rows[k - 1].out.id, &id))
			g = &gs->rows[k - 1];
	if (!g) {
		g = &gs->rows[gs->n++];
		int r = group_begin(g, s, &id, n);
		if (r < 0)
			return r;
	} else if (strcmp(result_unit(ours, &g->out), result_unit(theirs, s)) != 0) {
		(void)snprintf(why, EXPRESSION_ERROR,
			"%s (%s) and %s (%s) have different units and cannot be taken together",
			g->out.id.name, *ours ? ours : "count", s->id.name,
			*theirs ? theirs : "count");
		return -EINVAL;
	} else if (strcmp(g->out.id.name, s->id.name) != 0) {
		g->out.id.name = several;
	}
	fold(g, level->function, s->values, n);
	return 0;
}

int result_across(struct result *r, const struct expression_level *level, const char *several,
	char why[static EXPRESSION_ERROR])
{
	struct groups gs = {.rows = calloc(r->nseries + 1, sizeof *gs.rows)};
	struct result_series *out = calloc(r->nseries + 1, sizeof *out);
	int e = gs.rows && out ? 0 : -ENOMEM;
	for (size_t i = 0; e == 0 && i < r->nseries; i++)
		if (!is_total(r, i))
			e = add_series(&gs, &r->series[i], level, r->n, several, why);
	for (size_t k = 0; k < gs.n; k++) {
		if (e == 0)
			group_end(&gs.rows[k], level->function, r->n);
		else
			free(gs.rows[k].counts);
		out[k] = gs.rows[k].out;
	}
	free(gs.rows);
	struct result old = {.series = r->series, .nseries = r->nseries};
	r->series = out;
	r->nseries = gs.n;
	result_free(&old);
	return e;
}

/* ---- */

uint64_t result_interval(const uint64_t *times_ns, size_t n)
{
	enum { SEEN = 255, TENTH = 100000000, SECOND = 1000000000 };
	uint64_t gaps[SEEN];
	size_t count = 0;
	for (size_t i = 1; i < n && count<SEEN; i += n> SEEN ? n / SEEN : 1)
		gaps[count++] = times_ns[i] - times_ns[i - 1];
	if (count == 0)
		return 0;
	qsort(gaps, count, sizeof *gaps, num_order_u64);
	uint64_t usual = gaps[count / 2], unit = usual < SECOND - TENTH / 2 ? TENTH : SECOND;
	usual = (usual + unit / 2) / unit * unit;
	return usual ? usual : unit;
}

char *result_unit(char buf[static 24], const struct result_series *s)
{
	(void)snprintf(buf, 24, "%.20s%s", s->unit, s->id.kind == METRIC_COUNTER ? "/s" : "");
	return buf;
}

char *result_name(char *buf, size_t size, const struct history_series *s)
{
	char instance[1024], netns[256];
	const char *open = *s->instance || *s->netns ? "{" : "";
	(void)text_safe(instance, sizeof instance, s->instance);
	(void)text_safe(netns, sizeof netns, s->netns);
	(void)snprintf(buf, size, "%s%s%s%s%s%s%s%s%s%s%s", s->name, open,
		*s->instance ? s->label : "", *s->instance ? "=\"" : "", instance,
		*s->instance ? "\"" : "", *s->instance && *s->netns ? "," : "",
		*s->netns ? "netns=\"" : "", netns, *s->netns ? "\"" : "", *open ? "}" : "");
	return buf;
}
