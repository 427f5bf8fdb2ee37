/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/evaluate_impl.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define NS UINT64_C(1000000000)

enum {
	DEFAULT_SPAN_S = 300,
	RAW_POINTS = 3600,  /* more are put into steps */
	STEPS_WANTED = 600, /* by the step that is chosen */
	STEP_LEAST_S = 10,  /* of a function over time: a sample a second gives it ten */
	LEAD_S = 65,        /* before the span, EVALUATE_LEAD_NS: what the first growth begins at;
			       samples are at most a minute apart */
	LOG_ROWS = 3600,    /* samples of a log, which is read whole for all series at once */
	READ_AT_ONCE = 1 << 19, /* of them, where memory is short: 5 MiB */
};

/* ---- the span ---- */

static uint64_t nice_step(double seconds)
{
	static const uint32_t nice[] = {
		1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400};
	size_t i = 0;
	while (i + 1 < COUNTOF(nice) && seconds * seconds > (double)nice[i] * nice[i + 1])
		i++;
	return nice[i] * NS;
}

static uint64_t default_step(const struct expression *e, uint64_t span_ns)
{
	double seconds = (double)span_ns / 1e9;
	if (!e->over)
		return seconds < RAW_POINTS + 1 ? 0 : nice_step(seconds / STEPS_WANTED);
	return nice_step(fmax(seconds / STEPS_WANTED, STEP_LEAST_S));
}

int evaluate_span(const struct history *h, const struct expression *e, struct evaluate_span *s)
{
	uint64_t first, last;
	if (!history_span(h, &first, &last))
		return -ENODATA;
	if (!s->to_ns || s->to_ns > last)
		s->to_ns = last + 1;
	if (!s->from_ns)
		s->from_ns = s->to_ns > DEFAULT_SPAN_S * NS ? s->to_ns - DEFAULT_SPAN_S * NS : 1;
	if (s->from_ns < first)
		s->from_ns = first;
	if (s->from_ns >= s->to_ns)
		return -ENODATA;
	if (!s->step_ns)
		s->step_ns = default_step(e, s->to_ns - s->from_ns);
	if (s->step_ns)
		s->from_ns -= s->from_ns % s->step_ns;
	return 0;
}

/* ---- from readings ---- */

/* How many series to read at once: all, or where memory is short as many as a log's samples leave room for. */
size_t evaluate_at_once(const struct evaluate_span *span)
{
	uint64_t rows = (span->to_ns - span->from_ns) / NS + LEAD_S;
	if (!span->values_max)
		return SIZE_MAX;
	return READ_AT_ONCE / (size_t)(rows < LOG_ROWS ? rows : LOG_ROWS);
}

/* Some of the rows. */
struct part {
	struct points *pts;
	size_t first;
};

static int add_part(void *ctx, size_t row, const struct history_points *piece)
{
	struct part *p = ctx;
	return points_add(p->pts, p->first + row, piece);
}

static int from_readings(
	struct history *h, const struct plan *p, const struct evaluate_span *span, struct result *r)
{
	struct points pts;
	int status = evaluate_points_begin(&pts, p, span->from_ns, span->to_ns);
	if (span->values_max)
		pts.max = span->values_max;
	uint64_t lead = span->from_ns > EVALUATE_LEAD_NS ? span->from_ns - EVALUATE_LEAD_NS : 0;
	size_t most = evaluate_at_once(span);
	for (size_t i = 0, n; status == 0 && i < p->n; i += n) {
		struct part part = {&pts, i};
		n = p->n - i < most ? p->n - i : most;
		status = history_read(h, p->keys + i, n, lead, span->to_ns - 1, add_part, &part);
	}
	if (status == 0)
		status = evaluate_points_end(&pts, p, r);
	points_free(&pts);
	return status < 0 || !span->step_ns ? status : evaluate_reduce(r, p->e, span);
}

/* ---- from steps ---- */

static double step_value(const struct history_step *s, enum metric_kind kind, enum query_function f)
{
	double over = kind == METRIC_GAUGE ? (double)s->count : s->seconds;
	if (s->count == 0 || over <= 0)
		return NAN;
	switch (f) {
	case QUERY_MIN: return s->min;
	case QUERY_MAX: return s->max;
	case QUERY_LAST: return s->last;
	default: return s->sum / over;
	}
}

static double *steps_to_values(const struct history_step *steps, size_t n,
	const struct history_series *s, enum query_function f)
{
	double *v = result_values(n), scale = metric_scale(s->metric);
	for (size_t i = 0; v && i < n; i++)
		v[i] = points_scaled(step_value(&steps[i], s->kind, f), scale);
	return v;
}

int evaluate_take_steps(struct result_series *to, const struct chosen *c, enum query_function over,
	const struct history_step *steps, size_t n)
{
	to->values = steps_to_values(steps, n, c->s, over);
	if (over == QUERY_NONE) {
		to->low = steps_to_values(steps, n, c->s, QUERY_MIN);
		to->high = steps_to_values(steps, n, c->s, QUERY_MAX);
	}
	return !to->values || (over == QUERY_NONE && (!to->low || !to->high)) ? -ENOMEM : 0;
}

static int take_steps(struct result_series *to, const struct chosen *c, enum query_function over,
	const struct history_step *steps, const double *whole, size_t n)
{
	int r = evaluate_take_steps(to, c, over, steps, n);
	if (r == 0 && c->of_whole) {
		evaluate_divide(to->values, whole, n);
		evaluate_divide(to->low, whole, n);
		evaluate_divide(to->high, whole, n);
	}
	return r;
}

double evaluate_whole_step(const struct chosen *c, const struct history_step *step)
{
	return points_scaled(step_value(step, METRIC_SHARE, QUERY_AVG), metric_scale(c->s->metric));
}

/* What all CPUs had in each step. */
static int whole_steps(
	struct history *h, const struct plan *p, const struct result *r, double *whole)
{
	for (size_t k = 0; k < p->n; k++) {
		struct history_step *steps;
		if (!evaluate_is_whole(p->rows[k].s))
			continue;
		int status =
			history_aggregate(h, &p->keys[k], 1, r->from_ns, r->step_ns, r->n, &steps);
		if (status < 0)
			return status;
		for (size_t i = 0; i < r->n; i++)
			whole[i] += evaluate_whole_step(&p->rows[k], &steps[i]);
		free(steps);
	}
	return 0;
}

static int from_steps(
	struct history *h, const struct plan *p, const struct evaluate_span *span, struct result *r)
{
	size_t n = (size_t)((span->to_ns - span->from_ns + span->step_ns - 1) / span->step_ns);
	if (n > (span->values_max ? span->values_max : POINTS_MAX) / (p->shown + 1))
		return -E2BIG;
	int status = result_steps(r, span->from_ns, span->step_ns, n);
	double *whole = calloc(n + 1, sizeof *whole);
	if (!whole)
		status = -ENOMEM;
	if (status == 0 && p->need_whole)
		status = whole_steps(h, p, r, whole);
	size_t at_once = EVALUATE_STEPS_AT_ONCE / n + 1, most = evaluate_at_once(span);
	at_once = at_once < most ? at_once : most;
	for (size_t i = 0; status == 0 && i < p->shown; i += at_once) {
		size_t count = p->shown - i < at_once ? p->shown - i : at_once;
		struct history_step *steps;
		status =
			history_aggregate(h, &p->keys[i], count, r->from_ns, r->step_ns, n, &steps);
		if (status < 0)
			break;
		for (size_t k = 0; status == 0 && k < count; k++)
			status = take_steps(&r->series[i + k], &p->rows[i + k], p->e->over,
				steps + k * n, whole, n);
		free(steps);
	}
	free(whole);
	return status;
}

/* A step that is no longer than the time between samples asks for the samples: true when they were as
 * far apart, and the result is theirs. */
static bool is_of_samples(struct history *h, const struct plan *p, const struct evaluate_span *span,
	struct result *r, int *ret_status)
{
	struct evaluate_span raw = {span->from_ns, span->to_ns, 0, span->values_max};
	if (span->step_ns > NS)
		return false;
	*ret_status = from_readings(h, p, &raw, r);
	if (*ret_status < 0 || r->n < 2 || result_interval(r->times_ns, r->n) >= span->step_ns)
		return true;
	result_free(r);
	*ret_status = evaluate_begin(r, p, span);
	return *ret_status < 0;
}

static int take_values(
	struct history *h, const struct plan *p, const struct evaluate_span *span, struct result *r)
{
	int status;
	if (!span->step_ns || p->e->over == QUERY_QUANTILE)
		return from_readings(h, p, span, r);
	return is_of_samples(h, p, span, r, &status) ? status : from_steps(h, p, span, r);
}

int evaluate_past(struct history *h, const struct expression *e, const struct evaluate_span *span,
	struct result *ret, char why[static EXPRESSION_ERROR])
{
	const struct history_series *all;
	size_t n;
	struct plan p = {.e = e};
	struct result r = {0};
	why[0] = '\0';
	int status =
		history_select(h, span->from_ns, span->to_ns - 1, evaluate_wants, &p, &all, &n);
	if (status == 0)
		status = evaluate_plan(&p, all, n, why);
	if (status == 0)
		status = evaluate_begin(&r, &p, span);
	if (status == 0)
		status = take_values(h, &p, span, &r);
	return evaluate_end(&p, &r, status, ret, why);
}
