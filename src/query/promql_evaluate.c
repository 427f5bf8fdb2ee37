/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/promql_impl.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of subqueries that name none: Prometheus' own interval of evaluation. */
#define SUBQUERY_STEP_MS 60000

int promql_wrong(struct evaluation *e, const struct promql_node *n, const char *fmt, ...)
{
	va_list ap;
	int at = snprintf(e->why, EXPRESSION_ERROR, "at %zu: ", n->at);
	va_start(ap, fmt);
	(void)vsnprintf(e->why + at, EXPRESSION_ERROR - (size_t)at, fmt, ap);
	va_end(ap);
	for (char *p = e->why; *p; p++) /* of texts in the expression: it stays one line */
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	return -EINVAL;
}

int promql_worked(struct evaluation *e, size_t n)
{
	e->work += n;
	return e->work > PROMQL_WORK ? -E2BIG : 0;
}

int promql_same_labels(struct evaluation *e, const struct promql_node *n, int status)
{
	if (status != -EINVAL)
		return status;
	return promql_wrong(e, n, "vector cannot contain metrics with the same labelset");
}

double promql_number(const struct promql_args *a, size_t arg, size_t step)
{
	return a->v[arg].rows[0].values[step];
}

static int evaluate_node(struct evaluation *e, const struct promql_node *n,
	const struct promql_span *span, struct promql_value *ret);

/* ---- selectors and subqueries ---- */

/* The moments that a selector looks at: those of the steps, moved by its offset, or a fixed one. */
static struct promql_span moments_of(
	const struct evaluation *e, const struct promql_node *n, const struct promql_span *span)
{
	struct promql_span s = *span;
	int64_t end = e->span->start_ms + (int64_t)(e->span->steps - 1) * e->span->step_ms;
	if (n->fixed) {
		s.steps = 1;
		s.start_ms = n->fixed == PROMQL_FIXED_AT      ? n->at_ms
			     : n->fixed == PROMQL_FIXED_START ? e->span->start_ms
							      : end;
	}
	s.start_ms -= n->offset_ms;
	return s;
}

static int by_id(const void *a, const void *b)
{
	const struct promql_samples *x = a, *y = b;
	return promql_id_compare(&x->id, &y->id);
}

static int select_series(struct evaluation *e, const struct promql_node *n, enum promql_function f,
	int64_t range_ms, const struct promql_span *moments, struct promql_series *ret)
{
	const struct promql_want want = {&e->q->selectors[n->selector], f, range_ms, *moments};
	*ret = (struct promql_series){0};
	int r = e->source ? e->source->select(e->source->ctx, &want, ret) : 0;
	if (r == 0 && ret->n) /* sums of floating point depend on the order */
		qsort(ret->all, ret->n, sizeof *ret->all, by_id);
	return r == -EINVAL ? -EBADMSG : r;
}

/* Nothing where a series is older than the lookback, or has ended. */
static int take_newest(struct evaluation *e, const struct promql_series *all,
	const struct promql_samples *s, const struct promql_span *moments, size_t steps, bool times,
	double *ret)
{
	size_t to = 0, clock = 0;
	for (size_t k = 0; k < steps; k++) {
		int64_t at = moments->start_ms +
			     (moments->steps == 1 ? 0 : (int64_t)k * moments->step_ms);
		while (to < s->n && s->times_ms[to] <= at)
			to++;
		while (clock < all->n_clock && all->clock_ms[clock] <= at)
			clock++;
		if (!to || s->times_ms[to - 1] < at - PROMQL_LOOKBACK_MS)
			continue;
		if (!s->made && clock && s->times_ms[to - 1] < all->clock_ms[clock - 1])
			continue;
		ret[k] = times ? (double)s->times_ms[to - 1] / 1000 : s->values[to - 1];
	}
	return promql_worked(e, s->n + steps);
}

/* times: when the samples were taken instead of what they are. */
static int evaluate_selector(struct evaluation *e, const struct promql_node *n,
	const struct promql_span *span, bool times, struct promql_value *ret)
{
	struct promql_span moments = moments_of(e, n, span);
	struct promql_series s;
	size_t row;
	promql_value_init(ret, span->steps);
	int r = select_series(e, n, PROMQL_FUNCTIONS, PROMQL_LOOKBACK_MS, &moments, &s);
	for (size_t i = 0; r == 0 && i < s.n; i++) {
		r = promql_value_add(ret, &s.all[i].id, &row);
		if (r == 0)
			r = take_newest(e, &s, &s.all[i], &moments, span->steps, times,
				ret->rows[row].values);
		if (r == 0 && times)
			promql_id_drop_name(&ret->rows[row].id);
	}
	promql_series_free(&s);
	if (r == 0)
		r = promql_same_labels(e, n, promql_value_merge(ret));
	return r;
}

static int to_series(
	const struct promql_value *v, const struct promql_span *span, struct promql_series *ret)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < v->n; i++) {
		struct promql_samples *s;
		r = promql_series_add(ret, &v->rows[i].id, &s);
		for (size_t k = 0; r == 0 && k < v->steps; k++)
			if (promql_is_there(v->rows[i].values[k]))
				r = promql_samples_add(ret, s,
					span->start_ms + (int64_t)k * span->step_ms,
					v->rows[i].values[k]);
	}
	return r;
}

static int64_t divided_down(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* The moments of a subquery are multiples of its step, whatever is asked for. */
static int evaluate_subquery(struct evaluation *e, const struct promql_node *n,
	const struct promql_span *moments, struct promql_series *ret)
{
	int64_t step = n->step_ms ? n->step_ms : SUBQUERY_STEP_MS;
	int64_t from = moments->start_ms - n->range_ms;
	int64_t to = moments->start_ms + (int64_t)(moments->steps - 1) * moments->step_ms;
	struct promql_span inner = {-divided_down(-from, step) * step, step, 0};
	struct promql_value v = {0};
	*ret = (struct promql_series){0};
	if (to < inner.start_ms)
		return 0;
	if ((to - inner.start_ms) / step >= PROMQL_VALUES)
		return -E2BIG;
	inner.steps = (size_t)((to - inner.start_ms) / step) + 1;
	int r = evaluate_node(e, n->args[0], &inner, &v);
	if (r == 0)
		r = to_series(&v, &inner, ret);
	promql_value_free(&v);
	return r;
}

/* Of a selector with a range, or a subquery. */
static int evaluate_matrix(struct evaluation *e, const struct promql_node *n,
	enum promql_function f, const struct promql_span *moments, struct promql_series *ret)
{
	return n->kind == PROMQL_SUBQUERY ? evaluate_subquery(e, n, moments, ret)
					  : select_series(e, n, f, n->range_ms, moments, ret);
}

/* ---- numbers and special functions ---- */

static int number_value(double number, const struct promql_span *span, struct promql_value *ret)
{
	const struct promql_id none = {.n = 0};
	size_t row;
	promql_value_init(ret, span->steps);
	int r = promql_value_add(ret, &none, &row);
	for (size_t k = 0; r == 0 && k < span->steps; k++)
		ret->rows[0].values[k] = number;
	ret->scalar = true;
	return r;
}

static int time_value(const struct promql_span *span, struct promql_value *ret)
{
	int r = number_value(0, span, ret);
	for (size_t k = 0; r == 0 && k < span->steps; k++)
		ret->rows[0].values[k] =
			(double)(span->start_ms + (int64_t)k * span->step_ms) / 1000;
	return r;
}

/* The one value of a vector with one series, else no number. */
static int to_scalar(
	const struct promql_value *of, const struct promql_span *span, struct promql_value *ret)
{
	int r = number_value(NAN, span, ret);
	for (size_t t = 0; r == 0 && t < of->steps; t++) {
		size_t n = 0;
		for (size_t i = 0; i < of->n; i++)
			if (promql_is_there(of->rows[i].values[t]) && n++ == 0)
				ret->rows[0].values[t] = of->rows[i].values[t];
		if (n != 1)
			ret->rows[0].values[t] = NAN;
	}
	return r;
}

/* What would have to be there: labels that a selector asks for as they are, once. */
static struct promql_id absent_labels(const struct evaluation *e, const struct promql_node *arg)
{
	struct promql_id id = {.n = 0};
	if (arg->kind != PROMQL_SELECTOR)
		return id;
	const struct selector *s = &e->q->selectors[arg->selector];
	for (size_t i = 0; i < s->n; i++) {
		bool alone = s->matchers[i].kind == MATCHER_EQUAL;
		for (size_t k = 0; k < s->n; k++)
			alone = alone &&
				(k == i || strcmp(s->matchers[i].label, s->matchers[k].label) != 0);
		if (alone && strcmp(s->matchers[i].label, "__name__") != 0)
			(void)promql_id_set(&id, s->matchers[i].label, s->matchers[i].value);
	}
	return id;
}

static int absent(struct evaluation *e, const struct promql_node *n, const struct promql_value *of,
	struct promql_value *ret)
{
	struct promql_id id = absent_labels(e, n->args[0]);
	size_t row;
	promql_value_init(ret, of->steps);
	int r = promql_value_add(ret, &id, &row);
	for (size_t t = 0; r == 0 && t < of->steps; t++) {
		bool there = false;
		for (size_t i = 0; i < of->n && !there; i++)
			there = promql_is_there(of->rows[i].values[t]);
		ret->rows[0].values[t] = there ? promql_nothing : 1;
	}
	return r;
}

static int timestamp(const struct promql_span *span, struct promql_value *v)
{
	for (size_t i = 0; i < v->n; i++) {
		promql_id_drop_name(&v->rows[i].id);
		for (size_t t = 0; t < v->steps; t++)
			if (promql_is_there(v->rows[i].values[t]))
				v->rows[i].values[t] =
					(double)(span->start_ms + (int64_t)t * span->step_ms) /
					1000;
	}
	return promql_value_merge(v);
}

/* ---- nodes ---- */

static int over_range(struct evaluation *e, const struct promql_node *n,
	const struct promql_span *span, const struct promql_args *a, struct promql_value *ret)
{
	const struct promql_node *m = n->args[n->function == PROMQL_QUANTILE_OVER_TIME ? 1 : 0];
	struct promql_span moments = moments_of(e, m, span);
	struct promql_series s = {0};
	int r = evaluate_matrix(e, m, n->function, &moments, &s);
	if (r == 0)
		r = promql_over_range(e, n, &s, m->range_ms, &moments, span, a, ret);
	promql_series_free(&s);
	return r;
}

/* Those that are not of each value alone. */
static int special(struct evaluation *e, const struct promql_node *n,
	const struct promql_span *span, struct promql_args *a, struct promql_value *ret)
{
	struct promql_value there = {0};
	struct promql_node present = *n;
	int r = 0;
	switch (n->function) {
	case PROMQL_TIME: return time_value(span, ret);
	case PROMQL_PI: return number_value(M_PI, span, ret);
	case PROMQL_SCALAR: return to_scalar(&a->v[0], span, ret);
	case PROMQL_ABSENT: return absent(e, n, &a->v[0], ret);
	case PROMQL_ABSENT_OVER_TIME:
		/* Names are kept apart, so that equal labels are no mistake. */
		present.function = PROMQL_LAST_OVER_TIME;
		r = over_range(e, &present, span, a, &there);
		if (r == 0)
			r = absent(e, n, &there, ret);
		promql_value_free(&there);
		return r;
	case PROMQL_TIMESTAMP:
		if (n->args[0]->kind == PROMQL_SELECTOR)
			return evaluate_selector(e, n->args[0], span, true, ret);
		/* fall through */
	default: break;
	}
	*ret = a->v[0];
	a->v[0] = (struct promql_value){.steps = ret->steps};
	ret->scalar = false;
	return n->function == PROMQL_TIMESTAMP ? promql_same_labels(e, n, timestamp(span, ret)) : 0;
}

static int call(struct evaluation *e, const struct promql_node *n, const struct promql_span *span,
	struct promql_args *a, struct promql_value *ret)
{
	switch (promql_function_info(n->function)->class) {
	case PROMQL_OVER_RANGE: return over_range(e, n, span, a, ret);
	case PROMQL_OF_VALUE: return promql_of_value(e, n, a, ret);
	case PROMQL_OF_LABELS: return promql_of_labels(e, n, a, ret);
	case PROMQL_OF_TIME:
		if (n->nargs == 0) {
			int r = time_value(span, &a->v[0]);
			if (r < 0)
				return r;
		}
		return promql_of_value(e, n, a, ret);
	case PROMQL_ACROSS: return promql_aggregate(e, n, a, ret);
	default: return special(e, n, span, a, ret);
	}
}

static int evaluate_call(struct evaluation *e, const struct promql_node *n,
	const struct promql_span *span, struct promql_value *ret)
{
	struct promql_args *a = calloc(1, sizeof *a);
	int r = a ? 0 : -ENOMEM;
	bool itself = n->function == PROMQL_TIMESTAMP && n->args[0]->kind == PROMQL_SELECTOR;
	for (size_t i = 0; r == 0 && !itself && i < n->nargs; i++)
		if (n->args[i]->type <= PROMQL_VECTOR_TYPE)
			r = evaluate_node(e, n->args[i], span, &a->v[i]);
	if (r == 0)
		r = call(e, n, span, a, ret);
	for (size_t i = 0; a && i < PROMQL_ARGS; i++)
		promql_value_free(&a->v[i]);
	free(a);
	return r;
}

static int evaluate_binary(struct evaluation *e, const struct promql_node *n,
	const struct promql_span *span, struct promql_value *ret)
{
	struct promql_value left = {0}, right = {0};
	int r = evaluate_node(e, n->args[0], span, &left);
	if (r == 0)
		r = evaluate_node(e, n->args[1], span, &right);
	if (r == 0)
		r = promql_binary(e, n, &left, &right, ret);
	promql_value_free(&left);
	promql_value_free(&right);
	return r;
}

/* Of a node that is a number or series. On errors *ret is to be freed, too. */
static int evaluate_node(struct evaluation *e, const struct promql_node *n,
	const struct promql_span *span, struct promql_value *ret)
{
	promql_value_init(ret, span->steps);
	switch (n->kind) {
	case PROMQL_NUMBER: return number_value(n->number, span, ret);
	case PROMQL_SELECTOR: return evaluate_selector(e, n, span, false, ret);
	case PROMQL_BINARY: return evaluate_binary(e, n, span, ret);
	default: return evaluate_call(e, n, span, ret);
	}
}

/* A range as the whole answer: of one moment, its samples. */
static int whole_matrix(
	struct evaluation *e, const struct promql_node *n, struct promql_series *ret)
{
	struct promql_span moments = moments_of(e, n, e->span);
	int r = evaluate_matrix(e, n, PROMQL_COUNT_OVER_TIME, &moments, ret);
	for (size_t i = 0; r == 0 && i < ret->n; i++) {
		struct promql_samples *s = &ret->all[i];
		size_t from = 0, to = s->n;
		while (from < to && s->times_ms[from] < moments.start_ms - n->range_ms)
			from++;
		while (to > from && s->times_ms[to - 1] > moments.start_ms)
			to--;
		s->n = to - from;
		memmove(s->times_ms, s->times_ms + from, s->n * sizeof *s->times_ms);
		memmove(s->values, s->values + from, s->n * sizeof *s->values);
	}
	return r;
}

int promql_evaluate(const struct promql_source *source, const struct promql *q,
	const struct promql_span *span, struct promql_result *ret,
	char why[static EXPRESSION_ERROR])
{
	*ret = (struct promql_result){.type = q->root->type, .text = q->root->text};
	struct evaluation e = {source, q, span, &ret->texts, 0, why};
	why[0] = '\0';
	if (ret->type == PROMQL_TEXT_TYPE)
		return 0;
	if (ret->type == PROMQL_MATRIX_TYPE)
		return whole_matrix(&e, q->root, &ret->series);
	int r = evaluate_node(&e, q->root, span, &ret->value);
	if (r < 0)
		return r;
	promql_value_compact(&ret->value);
	if (!ret->value.sorted)
		promql_value_sort(&ret->value);
	return 0;
}

void promql_result_free(struct promql_result *r)
{
	promql_value_free(&r->value);
	promql_series_free(&r->series);
	promql_texts_free(&r->texts);
}
