/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Several expressions over one span, as a page of graphs asks: the log of the present hour has to be read from its begin for whatever is wanted of it,
 * so it is read once for all of them. */
#include "query/evaluate_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 2 }; /* all of them may have so many times the values that one may have */

/* One expression on its way. */
struct way {
	struct evaluate_one *one;
	struct plan plan;
	struct points points;
	double *whole; /* by step: what its series are a part of */
	bool together; /* read with the others */
};

/* A row of a plan, which reads a series; several may read the same. */
struct user {
	uint64_t key;
	struct way *way;
	size_t row;
};

struct reading {
	struct way *ways;
	size_t n;
	struct evaluate_span span; /* of those that are read together */
	struct user *users;        /* by key */
	size_t nusers;
	uint64_t *keys;
	size_t *first; /* by key: its first user; one more at the end */
	size_t nkeys;
	size_t done; /* keys that were read before those at hand */
	size_t left; /* values that all of them may still have */
};

static bool wants_any(void *ctx, const struct history_series *s)
{
	struct reading *r = ctx;
	bool any = evaluate_is_whole(s);
	for (size_t i = 0; i < r->n && !any; i++)
		any = r->ways[i].together && selector_matches(&r->ways[i].one->e->selector, s);
	return any;
}

static int by_key(const void *a, const void *b)
{
	const struct user *x = a, *y = b;
	return (x->key > y->key) - (x->key < y->key);
}

/* Who reads which series. */
static int list_users(struct reading *r)
{
	size_t rows = 0, at = 0;
	for (size_t i = 0; i < r->n; i++)
		rows += r->ways[i].together ? r->ways[i].plan.n : 0;
	r->users = malloc((rows + 1) * sizeof *r->users);
	r->keys = malloc((rows + 1) * sizeof *r->keys);
	r->first = malloc((rows + 2) * sizeof *r->first);
	if (!r->users || !r->keys || !r->first)
		return -ENOMEM;
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; r->ways[i].together && k < r->ways[i].plan.n; k++)
			r->users[at++] = (struct user){r->ways[i].plan.keys[k], &r->ways[i], k};
	qsort(r->users, at, sizeof *r->users, by_key);
	for (size_t i = 0; i < at; i++)
		if (i == 0 || r->users[i].key != r->users[i - 1].key) {
			r->first[r->nkeys] = i;
			r->keys[r->nkeys++] = r->users[i].key;
		}
	r->first[r->nkeys] = at;
	return 0;
}

/* ---- from readings ---- */

static int give_points(void *ctx, size_t series, const struct history_points *piece)
{
	struct reading *r = ctx;
	for (size_t u = r->first[r->done + series]; u < r->first[r->done + series + 1]; u++) {
		struct way *w = r->users[u].way;
		if (w->one->status < 0)
			continue;
		w->one->status = piece->n > r->left
					 ? -E2BIG
					 : points_add(&w->points, r->users[u].row, piece);
		r->left -= w->one->status == 0 ? piece->n : 0;
	}
	return 0;
}

static int read_points(struct history *h, struct reading *r)
{
	const struct evaluate_span *span = &r->span;
	uint64_t lead = span->from_ns > EVALUATE_LEAD_NS ? span->from_ns - EVALUATE_LEAD_NS : 0;
	size_t most = evaluate_at_once(span), n;
	for (r->done = 0; r->done < r->nkeys; r->done += n) {
		n = r->nkeys - r->done < most ? r->nkeys - r->done : most;
		int status = history_read(
			h, r->keys + r->done, n, lead, span->to_ns - 1, give_points, r);
		if (status < 0)
			return status;
	}
	return 0;
}

/* ---- from steps ---- */

static size_t steps_of(const struct evaluate_span *span)
{
	return (size_t)((span->to_ns - span->from_ns + span->step_ns - 1) / span->step_ns);
}

static void give_steps(const struct user *u, const struct history_step *steps, size_t n)
{
	struct way *w = u->way;
	const struct chosen *c = &w->plan.rows[u->row];
	if (w->one->status < 0)
		return;
	for (size_t i = 0; w->whole && evaluate_is_whole(c->s) && i < n; i++)
		w->whole[i] += evaluate_whole_step(c, &steps[i]);
	if (u->row < w->plan.shown)
		w->one->status = evaluate_take_steps(
			&w->one->result.series[u->row], c, w->one->e->over, steps, n);
}

static int read_steps(struct history *h, struct reading *r)
{
	size_t nsteps = steps_of(&r->span), most = evaluate_at_once(&r->span), n,
	       at_once = EVALUATE_STEPS_AT_ONCE / nsteps + 1;
	at_once = at_once < most ? at_once : most;
	for (r->done = 0; r->done < r->nkeys; r->done += n) {
		struct history_step *steps;
		n = r->nkeys - r->done < at_once ? r->nkeys - r->done : at_once;
		int status = history_aggregate(
			h, r->keys + r->done, n, r->span.from_ns, r->span.step_ns, nsteps, &steps);
		if (status < 0)
			return status;
		for (size_t k = 0; k < n; k++)
			for (size_t u = r->first[r->done + k]; u < r->first[r->done + k + 1]; u++)
				give_steps(&r->users[u], steps + k * nsteps, nsteps);
		free(steps);
	}
	return 0;
}

static void divide_steps(struct way *w)
{
	for (size_t k = 0; w->whole && k < w->plan.shown; k++) {
		struct result_series *s = &w->one->result.series[k];
		if (!w->plan.rows[k].of_whole)
			continue;
		evaluate_divide(s->values, w->whole, w->one->result.n);
		evaluate_divide(s->low, w->whole, w->one->result.n);
		evaluate_divide(s->high, w->whole, w->one->result.n);
	}
}

/* ---- all of them ---- */

static int begin_steps(struct way *w, size_t *left)
{
	const struct evaluate_span *span = &w->one->span;
	size_t n = steps_of(span), most = span->values_max ? span->values_max : POINTS_MAX;
	most = most < *left ? most : *left;
	if (n > most / (w->plan.shown + 1))
		return -E2BIG;
	*left -= n * w->plan.shown;
	w->whole = w->plan.need_whole ? calloc(n + 1, sizeof *w->whole) : NULL;
	if (w->plan.need_whole && !w->whole)
		return -ENOMEM;
	return result_steps(&w->one->result, span->from_ns, span->step_ns, n);
}

static void begin(struct way *w, const struct history_series *all, size_t n, size_t *left)
{
	struct evaluate_one *one = w->one;
	w->plan = (struct plan){.e = one->e};
	one->status = evaluate_plan(&w->plan, all, n, one->why);
	if (one->status == 0)
		one->status = evaluate_begin(&one->result, &w->plan, &one->span);
	if (one->status == 0 && one->span.step_ns)
		one->status = begin_steps(w, left);
	else if (one->status == 0)
		one->status = evaluate_points_begin(
			&w->points, &w->plan, one->span.from_ns, one->span.to_ns);
	if (one->span.values_max)
		w->points.max = one->span.values_max;
}

static void end(struct way *w, int status)
{
	struct evaluate_one *one = w->one;
	one->status = one->status < 0 ? one->status : status;
	if (one->status == 0 && one->span.step_ns)
		divide_steps(w);
	else if (one->status == 0)
		one->status = evaluate_points_end(&w->points, &w->plan, &one->result);
	points_free(&w->points);
	free(w->whole);
	one->status = evaluate_end(&w->plan, &one->result, one->status, &one->result, one->why);
	if (one->status < 0)
		one->result = (struct result){0};
}

static void read_together(struct history *h, struct reading *r)
{
	const struct history_series *all;
	size_t n;
	int status = history_select(h, r->span.from_ns, r->span.to_ns - 1, wants_any, r, &all, &n);
	for (size_t i = 0; i < r->n; i++)
		if (r->ways[i].together)
			begin(&r->ways[i], status < 0 ? NULL : all, status < 0 ? 0 : n, &r->left);
	if (status == 0)
		status = list_users(r);
	if (status == 0)
		status = r->span.step_ns ? read_steps(h, r) : read_points(h, r);
	for (size_t i = 0; i < r->n; i++)
		if (r->ways[i].together)
			end(&r->ways[i], status);
	free(r->users);
	free(r->keys);
	free(r->first);
}

/* Quantiles, and steps that may be the samples themselves, take ways of their own. */
static bool goes_together(const struct evaluate_one *one, const struct evaluate_span *span)
{
	return one->status == 0 && one->e->over != QUERY_QUANTILE &&
	       one->span.from_ns == span->from_ns && one->span.to_ns == span->to_ns &&
	       one->span.step_ns == span->step_ns &&
	       (one->span.step_ns == 0 || one->span.step_ns > UINT64_C(1000000000));
}

void evaluate_several(struct history *h, struct evaluate_one *all, size_t n)
{
	struct way *ways = calloc(n + 1, sizeof *ways);
	struct reading r = {.ways = ways, .n = n};
	size_t together = 0;
	for (size_t i = 0; i < n; i++) {
		all[i].result = (struct result){0};
		all[i].why[0] = '\0';
		all[i].status = ways ? evaluate_span(h, all[i].e, &all[i].span) : -ENOMEM;
		if (all[i].status == 0 && together == 0)
			r.span = all[i].span;
		if (!ways)
			continue;
		ways[i].one = &all[i];
		ways[i].together = goes_together(&all[i], &r.span);
		together += ways[i].together;
	}
	r.left = r.span.values_max ? (size_t)AT_ONCE * r.span.values_max : SIZE_MAX;
	if (together)
		read_together(h, &r);
	for (size_t i = 0; i < n && ways; i++)
		if (!ways[i].together && all[i].status == 0)
			all[i].status = evaluate_past(
				h, all[i].e, &all[i].span, &all[i].result, all[i].why);
	free(ways);
}
