/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/promql_value.h"

#include "query/result.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int promql_value_init(struct promql_value *v, size_t n, size_t steps)
{
	*v = (struct promql_value){0};
	if (n && steps > PROMQL_VALUES / n)
		return -E2BIG;
	v->rows = calloc(n + 1, sizeof *v->rows);
	v->block = malloc((n * steps + 1) * sizeof *v->block);
	if (!v->rows || !v->block) {
		promql_value_free(v);
		return -ENOMEM;
	}
	v->n = n;
	v->steps = steps;
	for (size_t i = 0; i < n * steps; i++)
		v->block[i] = NAN;
	for (size_t i = 0; i < n; i++)
		v->rows[i].values = v->block + i * steps;
	return 0;
}

void promql_value_free(struct promql_value *v)
{
	free(v->rows);
	free(v->block);
	*v = (struct promql_value){0};
}

const char *promql_id_label(const struct promql_id *id, const char *name)
{
	for (unsigned i = 0; i < id->n; i++)
		if (strcmp(id->l[i].name, name) == 0)
			return id->l[i].value;
	return "";
}

/* ---- which series belong together ---- */

static bool counts(const struct promql_labels *by, const char *label)
{
	for (size_t i = 0; i < by->n; i++)
		if (strcmp(by->label[i], label) == 0)
			return !by->except;
	return by->except;
}

/* What is left of an identity; the name only where it is asked for. */
static struct promql_id reduced(const struct promql_id *id, const struct promql_labels *by)
{
	struct promql_id r = {
		.metric = id->metric, .named = id->named && !by->except && counts(by, "__name__")};
	for (unsigned i = 0; i < id->n; i++)
		if (counts(by, id->l[i].name))
			r.l[r.n++] = id->l[i];
	return r;
}

static int compare_ids(const struct promql_id *a, const struct promql_id *b)
{
	if (a->named != b->named)
		return a->named - b->named;
	if (a->named && a->metric != b->metric)
		return a->metric < b->metric ? -1 : 1;
	for (unsigned i = 0; i < a->n && i < b->n; i++) {
		int c = strcmp(a->l[i].name, b->l[i].name);
		c = c ? c : strcmp(a->l[i].value, b->l[i].value);
		if (c)
			return c;
	}
	return (int)a->n - (int)b->n;
}

bool promql_id_equal(const struct promql_id *a, const struct promql_id *b)
{
	return compare_ids(a, b) == 0;
}

/* A row by what is left of its identity. */
struct labelled {
	struct promql_id id;
	size_t row;
};

static int by_id(const void *a, const void *b)
{
	const struct labelled *x = a, *y = b;
	int c = compare_ids(&x->id, &y->id);
	return c ? c : (x->row > y->row) - (x->row < y->row);
}

static struct labelled *members_of(const struct promql_value *v, const struct promql_labels *by)
{
	struct labelled *m = malloc((v->n + 1) * sizeof *m);
	for (size_t i = 0; m && i < v->n; i++)
		m[i] = (struct labelled){reduced(&v->rows[i].id, by), i};
	if (m && v->n)
		qsort(m, v->n, sizeof *m, by_id);
	return m;
}

/* ---- between two ---- */

static double calculate(enum promql_operator o, double a, double b)
{
	switch (o) {
	case PROMQL_PLUS: return a + b;
	case PROMQL_MINUS: return a - b;
	case PROMQL_TIMES: return a * b;
	case PROMQL_DIVIDE: return a / b;
	case PROMQL_MODULO: return fmod(a, b);
	case PROMQL_POWER: return pow(a, b);
	case PROMQL_EQUAL: return a == b;
	case PROMQL_DIFFERS: return a != b;
	case PROMQL_AT_LEAST: return a >= b;
	case PROMQL_AT_MOST: return a <= b;
	case PROMQL_MORE: return a > b;
	case PROMQL_LESS: return a < b;
	default: return NAN;
	}
}

static bool compares(const struct promql_node *n)
{
	return n->op >= PROMQL_EQUAL && n->op <= PROMQL_LESS;
}

/* A comparison keeps the value of the left (of the series, where the other is a number), or leaves it out. */
static void combine(const struct promql_node *n, double *to, const double *a, const double *b,
	const double *keep, size_t steps)
{
	for (size_t i = 0; i < steps; i++) {
		double x = calculate(n->op, a[i], b[i]), kept = keep[i];
		if (isnan(a[i]) || isnan(b[i]))
			to[i] = NAN;
		else if (compares(n) && !n->as_bool)
			to[i] = x != 0 ? kept : NAN;
		else
			to[i] = x;
	}
}

static void with_number(const struct promql_node *n, struct promql_value *v, const double *number,
	bool number_first)
{
	for (size_t i = 0; i < v->n; i++) {
		double *x = v->rows[i].values;
		combine(n, x, number_first ? number : x, number_first ? x : number, x, v->steps);
		if (!compares(n) || n->as_bool)
			v->rows[i].id.named = false;
	}
}

static bool any(const double *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isnan(values[i]))
			return true;
	return false;
}

/* Has any of these rows a value at a step? Those of an identity lie side by side. */
struct same {
	const struct promql_value *v;
	const struct labelled *m;
	size_t from, to;
};

static struct same same_as(
	const struct promql_value *v, const struct labelled *m, const struct promql_id *id)
{
	struct same s = {v, m, 0, 0};
	while (s.from < v->n && compare_ids(&m[s.from].id, id) < 0)
		s.from++;
	s.to = s.from;
	while (s.to < v->n && compare_ids(&m[s.to].id, id) == 0)
		s.to++;
	return s;
}

static bool is_there(const struct same *s, size_t step)
{
	for (size_t i = s->from; i < s->to; i++)
		if (!isnan(s->v->rows[s->m[i].row].values[step]))
			return true;
	return false;
}

/* Copies a row where the other side has one of its labels (`there`), or has none. */
static void filter_row(struct promql_row *to, const struct promql_row *row,
	const struct promql_labels *by, const struct promql_value *other, const struct labelled *m,
	bool there)
{
	struct promql_id id = reduced(&row->id, by);
	struct same s = same_as(other, m, &id);
	to->id = row->id;
	for (size_t t = 0; t < other->steps; t++)
		to->values[t] = is_there(&s, t) == there ? row->values[t] : NAN;
}

/* and, unless, or: rows of the left, and behind them those that `or` adds. */
static int sets(const struct promql_node *n, const struct promql_labels *by,
	const struct promql_value *left, const struct promql_value *right, struct promql_value *ret)
{
	bool adds = n->op == PROMQL_OR;
	struct labelled *l = members_of(left, by), *r = members_of(right, by);
	int status = l && r ? promql_value_init(ret, left->n + (adds ? right->n : 0), left->steps)
			    : -ENOMEM;
	for (size_t i = 0; status == 0 && i < left->n; i++) {
		struct promql_row *to = &ret->rows[i];
		if (adds) {
			to->id = left->rows[i].id;
			memcpy(to->values, left->rows[i].values, left->steps * sizeof(double));
		} else {
			filter_row(to, &left->rows[i], by, right, r, n->op == PROMQL_AND);
		}
	}
	for (size_t i = 0; status == 0 && adds && i < right->n; i++)
		filter_row(&ret->rows[left->n + i], &right->rows[i], by, left, l, false);
	free(l);
	free(r);
	return status;
}

static int one_to_one(const struct promql_node *n, const struct promql_labels *by,
	struct promql_value *left, struct promql_value *right, struct promql_value *ret, char *why)
{
	struct labelled *l = members_of(left, by), *r = members_of(right, by);
	size_t i = 0, k = 0, at = 0, most = left->n < right->n ? left->n : right->n;
	int status = l && r ? promql_value_init(ret, most, left->steps) : -ENOMEM;
	while (status == 0 && i < left->n && k < right->n) {
		int c = compare_ids(&l[i].id, &r[k].id);
		if (c) {
			*(c < 0 ? &i : &k) += 1;
			continue;
		}
		if ((i + 1 < left->n && compare_ids(&l[i].id, &l[i + 1].id) == 0) ||
			(k + 1 < right->n && compare_ids(&r[k].id, &r[k + 1].id) == 0)) {
			(void)snprintf(why, EXPRESSION_ERROR,
				"at %zu: several series on one side have the same labels; on (...) "
				"or ignoring (...) must tell them apart",
				n->at);
			status = -EINVAL;
			break;
		}
		const double *a = left->rows[l[i].row].values, *b = right->rows[r[k].row].values;
		combine(n, ret->rows[at].values, a, b, a, left->steps);
		bool filter = compares(n) && !n->as_bool;
		ret->rows[at].id = filter ? left->rows[l[i].row].id : l[i].id;
		at += any(ret->rows[at].values, left->steps);
		i++;
		k++;
	}
	free(l);
	free(r);
	if (status < 0 && ret->rows)
		promql_value_free(ret);
	else if (status == 0)
		ret->n = at;
	return status;
}

int promql_binary(const struct promql_node *n, struct promql_value *left,
	struct promql_value *right, struct promql_value *ret, char why[static EXPRESSION_ERROR])
{
	static const struct promql_labels all = {.except = true};
	const struct promql_labels *by = n->labels ? n->labels : &all;
	bool set = n->op == PROMQL_AND || n->op == PROMQL_OR || n->op == PROMQL_UNLESS;
	int r = 0;
	*ret = (struct promql_value){0};
	if (set && (left->scalar || right->scalar)) {
		(void)snprintf(why, EXPRESSION_ERROR,
			"at %zu: and, or, unless stand between series, not numbers", n->at);
		r = -EINVAL;
	} else if (left->scalar && right->scalar && compares(n) && !n->as_bool) {
		(void)snprintf(why, EXPRESSION_ERROR,
			"at %zu: a comparison of two numbers needs bool behind it", n->at);
		r = -EINVAL;
	} else if (set) {
		r = sets(n, by, left, right, ret);
	} else if (right->scalar) {
		with_number(n, left, right->rows[0].values, false);
		*ret = *left;
		*left = (struct promql_value){0};
	} else if (left->scalar) {
		with_number(n, right, left->rows[0].values, true);
		*ret = *right;
		*right = (struct promql_value){0};
	} else {
		r = one_to_one(n, by, left, right, ret, why);
	}
	promql_value_free(left);
	promql_value_free(right);
	return r;
}

/* ---- across series ---- */

static double one_number(enum promql_function f, double number, double *values, size_t n)
{
	switch (f) {
	case PROMQL_SUM: return result_number(QUERY_SUM, 0, values, n);
	case PROMQL_AVG: return result_number(QUERY_AVG, 0, values, n);
	case PROMQL_MIN: return result_number(QUERY_MIN, 0, values, n);
	case PROMQL_MAX: return result_number(QUERY_MAX, 0, values, n);
	case PROMQL_COUNT: return (double)n;
	case PROMQL_GROUP: return 1;
	case PROMQL_QUANTILE:
		return number < 0   ? -INFINITY
		       : number > 1 ? INFINITY
				    : result_number(QUERY_QUANTILE, number, values, n);
	default: return NAN;
	}
}

static int descending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? 1 : x > y ? -1 : 0;
}

/* At each step those of a group that are not among the k largest (smallest) become unknown. */
static void keep_best(struct promql_value *v, const struct labelled *m, size_t from, size_t to,
	bool largest, const double *number, double *scratch)
{
	for (size_t t = 0; t < v->steps; t++) {
		size_t n = 0;
		for (size_t i = from; i < to; i++)
			if (!isnan(v->rows[m[i].row].values[t]))
				scratch[n++] = v->rows[m[i].row].values[t] * (largest ? 1 : -1);
		qsort(scratch, n, sizeof *scratch, descending);
		size_t k = number[t] >= 1 ? number[t] < (double)n ? (size_t)number[t] : n : 0;
		size_t left = k;
		double least = k ? scratch[k - 1] : INFINITY;
		for (size_t i = from; i < to; i++) {
			double *x = &v->rows[m[i].row].values[t];
			double ranked = largest ? *x : -*x;
			if (isnan(*x))
				continue;
			if (ranked >= least && left > 0)
				left--;
			else
				*x = NAN;
		}
	}
}

static size_t end_of_group(const struct labelled *m, size_t n, size_t from)
{
	size_t to = from + 1;
	while (to < n && compare_ids(&m[from].id, &m[to].id) == 0)
		to++;
	return to;
}

static int by_first_value(const void *a, const void *b)
{
	const struct promql_row *x = a, *y = b;
	return descending(&x->values[0], &y->values[0]);
}

static void drop_empty(struct promql_value *v)
{
	size_t n = 0;
	for (size_t i = 0; i < v->n; i++)
		if (any(v->rows[i].values, v->steps))
			v->rows[n++] = v->rows[i];
	v->n = n;
}

static void sort_rows(struct promql_value *v, bool down)
{
	drop_empty(v);
	if (v->steps != 1 || !v->n)
		return;
	qsort(v->rows, v->n, sizeof *v->rows, by_first_value);
	for (size_t i = 0; !down && i < v->n / 2; i++) {
		struct promql_row x = v->rows[i];
		v->rows[i] = v->rows[v->n - 1 - i];
		v->rows[v->n - 1 - i] = x;
	}
	v->sorted = true;
}

static void group(const struct promql_node *n, const struct promql_value *of,
	const struct labelled *m, size_t from, size_t to, const double *number, double *scratch,
	double *ret)
{
	for (size_t t = 0; t < of->steps; t++) {
		size_t count = 0;
		for (size_t i = from; i < to; i++)
			if (!isnan(of->rows[m[i].row].values[t]))
				scratch[count++] = of->rows[m[i].row].values[t];
		ret[t] = count ? one_number(n->function, number ? number[t] : 0, scratch, count)
			       : NAN;
	}
}

int promql_aggregate(const struct promql_node *n, struct promql_value *of,
	const struct promql_value *number, struct promql_value *ret)
{
	static const struct promql_labels none = {0};
	struct labelled *m = members_of(of, n->labels ? n->labels : &none);
	double *scratch = malloc((of->n + 1) * sizeof *scratch);
	const double *k = number ? number->rows[0].values : NULL;
	bool best = n->function == PROMQL_TOPK || n->function == PROMQL_BOTTOMK;
	size_t groups = 0;
	*ret = (struct promql_value){0};
	int r = m && scratch ? 0 : -ENOMEM;
	for (size_t i = 0; r == 0 && i < of->n; i = end_of_group(m, of->n, i))
		groups++;
	if (r == 0 && !best)
		r = promql_value_init(ret, groups, of->steps);
	groups = 0;
	for (size_t i = 0, end; r == 0 && i < of->n; i = end) {
		end = end_of_group(m, of->n, i);
		if (best) {
			keep_best(of, m, i, end, n->function == PROMQL_TOPK, k, scratch);
			continue;
		}
		ret->rows[groups].id = m[i].id;
		group(n, of, m, i, end, k, scratch, ret->rows[groups++].values);
	}
	free(m);
	free(scratch);
	if (r == 0 && best) {
		*ret = *of;
		*of = (struct promql_value){0};
		sort_rows(ret, n->function == PROMQL_TOPK);
	}
	promql_value_free(of);
	return r;
}

/* ---- of one moment ---- */

static double apply(enum promql_function f, double x, double number)
{
	switch (f) {
	case PROMQL_ABS: return fabs(x);
	case PROMQL_CEIL: return ceil(x);
	case PROMQL_FLOOR: return floor(x);
	case PROMQL_ROUND: return floor(x + 0.5);
	case PROMQL_SQRT: return sqrt(x);
	case PROMQL_EXP: return exp(x);
	case PROMQL_LN: return log(x);
	case PROMQL_LOG2: return log2(x);
	case PROMQL_LOG10: return log10(x);
	case PROMQL_CLAMP_MIN: return isnan(x) ? x : fmax(x, number);
	case PROMQL_CLAMP_MAX: return isnan(x) ? x : fmin(x, number);
	default: return x;
	}
}

/* The one value of a vector with one series, else none. */
static int to_scalar(const struct promql_value *of, struct promql_value *ret)
{
	int r = promql_value_init(ret, 1, of->steps);
	for (size_t t = 0; r == 0 && t < of->steps; t++) {
		size_t n = 0;
		for (size_t i = 0; i < of->n; i++)
			if (!isnan(of->rows[i].values[t]) && n++ == 0)
				ret->rows[0].values[t] = of->rows[i].values[t];
		if (n != 1)
			ret->rows[0].values[t] = NAN;
	}
	ret->scalar = true;
	return r;
}

static int absent(const struct promql_value *of, struct promql_value *ret)
{
	int r = promql_value_init(ret, 1, of->steps);
	for (size_t t = 0; r == 0 && t < of->steps; t++) {
		bool there = false;
		for (size_t i = 0; i < of->n && !there; i++)
			there = !isnan(of->rows[i].values[t]);
		ret->rows[0].values[t] = there ? NAN : 1;
	}
	return r;
}

int promql_function(const struct promql_node *n, struct promql_value *of,
	const struct promql_value *number, const double *times_s, struct promql_value *ret)
{
	int r = 0;
	*ret = (struct promql_value){0};
	if (n->function == PROMQL_SCALAR) {
		r = to_scalar(of, ret);
		promql_value_free(of);
		return r;
	}
	if (n->function == PROMQL_ABSENT) {
		r = absent(of, ret);
		promql_value_free(of);
		return r;
	}
	*ret = *of;
	*of = (struct promql_value){0};
	if (n->function == PROMQL_VECTOR) {
		ret->scalar = false;
	} else if (n->function == PROMQL_TIME) {
		memcpy(ret->rows[0].values, times_s, ret->steps * sizeof *times_s);
	} else if (n->function == PROMQL_SORT || n->function == PROMQL_SORT_DESC) {
		sort_rows(ret, n->function == PROMQL_SORT_DESC);
	} else {
		for (size_t i = 0; i < ret->n; i++) {
			ret->rows[i].id.named = false;
			for (size_t t = 0; t < ret->steps; t++)
				ret->rows[i].values[t] = apply(n->function, ret->rows[i].values[t],
					number ? number->rows[0].values[t] : 0);
		}
	}
	return 0;
}
