/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/evaluate_impl.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is selected ---- */

bool evaluate_is_whole(const struct history_series *s)
{
	return !*s->instance &&
	       (strcmp(s->name, "cpu.busy") == 0 || strcmp(s->name, "cpu.idle") == 0 ||
		       strcmp(s->name, "cpu.iowait") == 0);
}

static bool is_of_all_cpus(const struct history_series *s)
{
	return s->kind == METRIC_SHARE && !*s->instance &&
	       strncmp(s->name, "cpu.", strlen("cpu.")) == 0;
}

bool evaluate_wants(void *plan, const struct history_series *s)
{
	const struct plan *p = plan;
	return selector_matches(&p->e->selector, s) || evaluate_is_whole(s);
}

static void plan_free(struct plan *p)
{
	free(p->rows);
	free(p->keys);
}

static void plan_add(struct plan *p, const struct history_series *s, bool shown)
{
	p->keys[p->n] = s->key;
	p->rows[p->n++] = (struct chosen){s, shown && is_of_all_cpus(s)};
	p->shown += shown;
}

/* rate() leaves gauges out where a wildcard met them beside others, and refuses them otherwise. */
static int refuse_gauges(const struct plan *p, const char *gauge, char why[static EXPRESSION_ERROR])
{
	if (!gauge || (p->shown && selector_has_wildcard(&p->e->selector)))
		return 0;
	(void)snprintf(why, EXPRESSION_ERROR,
		"rate() of %s: a gauge is a level and has no rate; avg, min, max and last take "
		"gauges",
		gauge);
	return -EINVAL;
}

int evaluate_plan(struct plan *p, const struct history_series *all, size_t n,
	char why[static EXPRESSION_ERROR])
{
	const struct expression *e = p->e;
	p->rows = malloc((n + 1) * sizeof *p->rows);
	p->keys = malloc((n + 1) * sizeof *p->keys);
	if (!p->rows || !p->keys)
		return -ENOMEM;
	const char *gauge = NULL;
	for (size_t i = 0; i < n; i++) {
		if (!selector_matches(&e->selector, &all[i]))
			continue;
		if (e->rate && all[i].kind == METRIC_GAUGE) {
			gauge = all[i].name;
			continue;
		}
		plan_add(p, &all[i], true);
		p->need_whole |= is_of_all_cpus(&all[i]);
	}
	for (size_t i = 0; p->need_whole && i < n; i++)
		if (evaluate_is_whole(&all[i]) && !selector_matches(&e->selector, &all[i]))
			plan_add(p, &all[i], false);
	return refuse_gauges(p, gauge, why);
}

static void describe(struct result_series *to, const struct history_series *s)
{
	to->id = *s;
	to->total = NAN;
	to->unit = metric_base_unit(s->metric);
}

void evaluate_divide(double *values, const double *by, size_t n)
{
	for (size_t i = 0; values && i < n; i++)
		values[i] = by[i] > 0 ? values[i] / by[i] : NAN;
}

/* The functions across series, and the end of an evaluation. */
int evaluate_end(struct plan *p, struct result *r, int status, struct result *ret,
	char why[static EXPRESSION_ERROR])
{
	const struct expression *e = p->e;
	for (size_t i = 0; status == 0 && i < e->n; i++)
		status = result_across(r, &e->levels[i], e->selector.name, why);
	plan_free(p);
	if (status < 0)
		result_free(r);
	else
		*ret = *r;
	return status;
}

/* ---- from readings ---- */

int evaluate_points_begin(
	struct points *pts, const struct plan *p, uint64_t from_ns, uint64_t to_ns)
{
	int r = points_init(pts, p->n, from_ns, to_ns);
	for (size_t i = 0; r == 0 && i < p->n; i++) {
		pts->rows[i].kind = p->rows[i].s->kind;
		pts->rows[i].scale = metric_scale(p->rows[i].s->metric);
	}
	return r;
}

/* The lines of all CPUs become parts of the time that all CPUs had. */
static int divide_points(struct points *pts, const struct plan *p, size_t n)
{
	double *whole = calloc(n + 1, sizeof *whole);
	if (!whole)
		return -ENOMEM;
	for (size_t k = 0; k < p->n; k++)
		for (size_t i = 0; i < n && evaluate_is_whole(p->rows[k].s); i++)
			whole[i] += pts->rows[k].values[i];
	for (size_t k = 0; k < p->shown; k++)
		if (p->rows[k].of_whole)
			evaluate_divide(pts->rows[k].values, whole, n);
	free(whole);
	return 0;
}

int evaluate_begin(struct result *r, const struct plan *p, const struct evaluate_span *span)
{
	*r = (struct result){.from_ns = span->from_ns, .to_ns = span->to_ns};
	r->series = calloc(p->shown + 1, sizeof *r->series);
	if (!r->series)
		return -ENOMEM;
	r->nseries = p->shown;
	for (size_t i = 0; i < p->shown; i++)
		describe(&r->series[i], p->rows[i].s);
	return 0;
}

int evaluate_points_end(struct points *pts, const struct plan *p, struct result *r)
{
	int status = points_align(pts, &r->times_ns, &r->n);
	if (status == 0 && p->need_whole)
		status = divide_points(pts, p, r->n);
	for (size_t i = 0; status == 0 && i < p->shown; i++) {
		struct points_row *row = &pts->rows[i];
		struct result_series *s = &r->series[i];
		s->values = row->values;
		row->values = NULL;
		s->exact = row->kind == METRIC_GAUGE;
		if (row->kind == METRIC_COUNTER && row->have && !p->e->rate)
			s->total = points_scaled((double)row->before, row->scale);
	}
	return status;
}

/* Readings into steps, for what only readings can tell. */
int evaluate_reduce(struct result *r, const struct expression *e, const struct evaluate_span *span)
{
	size_t nsteps = (size_t)((span->to_ns - span->from_ns + span->step_ns - 1) / span->step_ns);
	struct result_window w = {r->times_ns, r->n, span->from_ns, span->step_ns, nsteps};
	double *scratch = result_values(r->n);
	int status = scratch ? 0 : -ENOMEM;
	for (size_t i = 0; status == 0 && i < r->nseries; i++) {
		struct result_series *s = &r->series[i];
		double *values = result_values(nsteps);
		if (!values) {
			status = -ENOMEM;
			break;
		}
		result_over_steps(&w, e->over, e->quantile, s->values, scratch, values);
		free(s->values);
		s->values = values;
		s->total = NAN;
		s->exact = false;
	}
	free(scratch);
	return status < 0 ? status : result_steps(r, span->from_ns, span->step_ns, nsteps);
}
