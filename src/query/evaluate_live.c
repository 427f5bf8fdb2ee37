/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/evaluate_impl.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct live_series {
	struct history_series s; /* the key is the id in the view's set */
	enum metric metric;
};

static int in_order(const void *a, const void *b)
{
	const struct live_series *x = a, *y = b;
	if (x->metric != y->metric)
		return x->metric < y->metric ? -1 : 1;
	int n = strcmp(x->s.netns, y->s.netns);
	return n ? n : strverscmp(x->s.instance, y->s.instance); /* "10" behind "9" */
}

/* By metric as the catalogue has them, then by namespace and instance: the order of first sight is
 * chance. */
static int live_select(
	const struct view *v, struct plan *p, struct history_series **ret, size_t *ret_n)
{
	size_t n = 0;
	struct live_series *all = malloc((v->series->count + 1) * sizeof *all);
	struct history_series *sorted = malloc((v->series->count + 1) * sizeof *sorted);
	for (unsigned m = 0; all && sorted && m < METRIC_COUNT; m++) {
		struct history_series s = selector_series_of((enum metric)m);
		const char *label = s.label;
		for (uint32_t id = view_each(v, (enum metric)m, 0); id;
			id = view_each(v, (enum metric)m, id)) {
			s.key = id;
			s.label = series_row(v->series, id)->instance ? label : "";
			s.instance = series_instance(v->series, id);
			s.netns = series_netns_name(v->series, series_row(v->series, id)->netns);
			if (evaluate_wants(p, &s))
				all[n++] = (struct live_series){s, (enum metric)m};
		}
	}
	if (!all || !sorted) {
		free(all);
		free(sorted);
		return -ENOMEM;
	}
	qsort(all, n, sizeof *all, in_order);
	for (size_t i = 0; i < n; i++)
		sorted[i] = all[i].s;
	free(all);
	*ret = sorted;
	*ret_n = n;
	return 0;
}

static int live_points(const struct view *v, const struct plan *p, struct result *r)
{
	struct points pts;
	struct evaluate_span span = {r->from_ns, r->to_ns, r->to_ns - r->from_ns, 0};
	int status = evaluate_points_begin(&pts, p, span.from_ns, span.to_ns);
	for (size_t k = 0; status == 0 && k < p->n; k++) {
		uint64_t times[STORE_MAX], values[STORE_MAX] = {0};
		uint8_t present[STORE_MAX];
		for (unsigned i = 0; i < v->n; i++) {
			const struct sample *s = view_at(v, i);
			times[i] = s->real_ns;
			present[i] = sample_get(s, (uint32_t)p->keys[k], &values[i]);
		}
		status = points_add(
			&pts, k, &(struct history_points){times, values, present, v->n, true});
	}
	if (status == 0)
		status = evaluate_points_end(&pts, p, r);
	points_free(&pts);
	return status < 0 ? status : evaluate_reduce(r, p->e, &span);
}

static int live_newest(const struct view *v, const struct plan *p, struct result *r)
{
	for (size_t i = 0; i < p->shown; i++) {
		struct result_series *s = &r->series[i];
		uint32_t id = (uint32_t)p->keys[i];
		s->values = result_values(1);
		if (!s->values)
			return -ENOMEM;
		if (s->id.kind == METRIC_GAUGE)
			(void)view_gauge(v, id, s->values);
		else
			(void)view_rate(v, id, s->values);
		if (s->id.kind == METRIC_COUNTER && !p->e->rate)
			(void)view_gauge(v, id, &s->total);
		s->exact = s->id.kind == METRIC_GAUGE;
	}
	return result_steps(r, r->from_ns, r->to_ns - r->from_ns, 1);
}

/* What was not there in this look is no row. */
static void drop_unknown(struct result *r)
{
	size_t kept = 0;
	for (size_t i = 0; i < r->nseries; i++) {
		if (isnan(r->series[i].values[0]) && isnan(r->series[i].total))
			free(r->series[i].values);
		else
			r->series[kept++] = r->series[i];
	}
	r->nseries = kept;
}

int evaluate_live(const struct view *v, const struct expression *e, struct result *ret,
	char why[static EXPRESSION_ERROR])
{
	struct history_series *all = NULL;
	size_t n = 0;
	struct plan p = {.e = e};
	struct result r = {0};
	struct evaluate_span span = {view_at(v, 0)->real_ns, v->now_ns + 1, 0, 0};
	why[0] = '\0';
	int status = live_select(v, &p, &all, &n);
	if (status == 0)
		status = evaluate_plan(&p, all, n, why);
	if (status == 0)
		status = evaluate_begin(&r, &p, &span);
	if (status == 0)
		status = e->over ? live_points(v, &p, &r) : live_newest(v, &p, &r);
	if (status == 0)
		drop_unknown(&r);
	status = evaluate_end(&p, &r, status, ret, why);
	free(all);
	return status;
}
