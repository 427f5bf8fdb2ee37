/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Aggregations across series, at each moment of what is there then; in the order of operations of Prometheus. */
#include "query/promql_impl.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not numbers come first, as Prometheus sorts them. */
static int rising(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	if (isnan(x) || isnan(y))
		return isnan(y) - isnan(x);
	return (x > y) - (x < y);
}

double promql_quantile(double q, double *values, size_t n)
{
	if (n == 0 || isnan(q))
		return NAN;
	if (q < 0 || q > 1)
		return q < 0 ? -INFINITY : INFINITY;
	qsort(values, n, sizeof *values, rising);
	double rank = q * (double)(n - 1), lower = floor(rank), weight = rank - lower;
	size_t at = (size_t)lower, next = at + 1 < n ? at + 1 : n - 1;
	return values[at] * (1 - weight) + values[next] * weight;
}

char *promql_number_text(char buf[static PROMQL_NUMBER_TEXT], double v)
{
	if (isnan(v))
		return strcpy(buf, "NaN");
	if (isinf(v))
		return strcpy(buf, v < 0 ? "-Inf" : "+Inf");
	int places = 0;
	do
		(void)snprintf(buf, PROMQL_NUMBER_TEXT, "%.*f", places, v);
	while (strtod(buf, NULL) != v && ++places < 340);
	return buf;
}

/* ---- one number of many ---- */

static double average(const double *v, size_t n)
{
	double mean = v[0];
	for (size_t i = 1; i < n; i++) {
		double count = (double)(i + 1);
		if (isinf(mean) && ((isinf(v[i]) && (mean > 0) == (v[i] > 0)) ||
					   (!isinf(v[i]) && !isnan(v[i]))))
			continue;
		mean += v[i] / count - mean / count;
	}
	return mean;
}

static double variance(const double *v, size_t n)
{
	double mean = v[0], all = 0;
	for (size_t i = 1; i < n; i++) {
		double delta = v[i] - mean;
		mean += delta / (double)(i + 1);
		all += delta * (v[i] - mean);
	}
	return isnan(v[0]) || isinf(v[0]) ? NAN : all / (double)n;
}

static double sum(const double *v, size_t n)
{
	double x = v[0];
	for (size_t i = 1; i < n; i++)
		x += v[i];
	return x;
}

static double extreme(const double *v, size_t n, bool largest)
{
	double x = v[0];
	for (size_t i = 1; i < n; i++)
		if (isnan(x) || (largest ? v[i] > x : v[i] < x))
			x = v[i];
	return x;
}

static double one_number(enum promql_function f, double number, double *v, size_t n)
{
	switch (f) {
	case PROMQL_SUM: return sum(v, n);
	case PROMQL_AVG: return average(v, n);
	case PROMQL_MIN: return extreme(v, n, false);
	case PROMQL_MAX: return extreme(v, n, true);
	case PROMQL_COUNT: return (double)n;
	case PROMQL_GROUP: return 1;
	case PROMQL_STDDEV: return sqrt(variance(v, n));
	case PROMQL_STDVAR: return variance(v, n);
	case PROMQL_QUANTILE: return promql_quantile(number, v, n);
	default: return NAN;
	}
}

/* ---- groups ---- */

/* Rows, those of a group one after the other, in the order in which they came. */
struct grouped {
	struct promql_value groups; /* its rows are the labels of the groups; no steps */
	size_t *rows, *ends;        /* rows by group; where each group ends */
};

static void grouped_free(struct grouped *g)
{
	promql_value_free(&g->groups);
	free(g->rows);
	free(g->ends);
}

static int grouped_init(
	struct grouped *g, const struct promql_value *of, const struct promql_labels *by)
{
	size_t *group = calloc(of->n + 1, sizeof *group), at = 0;
	*g = (struct grouped){.rows = calloc(of->n + 1, sizeof *g->rows),
		.ends = calloc(of->n + 1, sizeof *g->ends)};
	promql_value_init(&g->groups, 0);
	int r = group && g->rows && g->ends ? 0 : -ENOMEM;
	for (size_t i = 0; r == 0 && i < of->n; i++) {
		struct promql_id id = promql_id_reduced(&of->rows[i].id, by);
		r = promql_value_of(&g->groups, &id, &group[i]);
		if (r == 0)
			g->ends[group[i]]++;
	}
	for (size_t k = 0; r == 0 && k < g->groups.n; k++) { /* begins first */
		size_t n = g->ends[k];
		g->ends[k] = at;
		at += n;
	}
	for (size_t i = 0; r == 0 && i < of->n; i++)
		g->rows[g->ends[group[i]]++] = i;
	free(group);
	return r;
}

struct gathered {
	double *v;
	size_t *row, n;
};

/* What a group has at a step. */
static void gather(struct gathered *to, const struct grouped *g, size_t group,
	const struct promql_value *of, size_t t)
{
	to->n = 0;
	for (size_t i = group ? g->ends[group - 1] : 0; i < g->ends[group]; i++) {
		double x = of->rows[g->rows[i]].values[t];
		if (!promql_is_there(x))
			continue;
		to->row[to->n] = g->rows[i];
		to->v[to->n++] = x;
	}
}

static int numbers(const struct promql_node *n, const struct grouped *g,
	const struct promql_value *of, const struct promql_args *a, struct gathered *scratch,
	struct promql_value *ret)
{
	int r = 0;
	for (size_t k = 0; r == 0 && k < g->groups.n; k++) {
		size_t row;
		r = promql_value_add(ret, &g->groups.rows[k].id, &row);
		for (size_t t = 0; r == 0 && t < of->steps; t++) {
			gather(scratch, g, k, of, t);
			if (scratch->n)
				ret->rows[row].values[t] = one_number(n->function,
					n->nargs > 1 ? promql_number(a, 0, t) : 0, scratch->v,
					scratch->n);
		}
	}
	return r;
}

/* ---- topk, bottomk ---- */

/* Is x a better one than y? What is no number is the worst. */
static bool better(double x, double y, bool largest)
{
	if (isnan(x) || isnan(y))
		return isnan(y) && !isnan(x);
	return largest ? x > y : x < y;
}

struct ranked {
	double v;
	size_t row;
	bool largest;
};

static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	if (better(x->v, y->v, x->largest))
		return -1;
	return better(y->v, x->v, x->largest) ? 1 : (x->row > y->row) - (x->row < y->row);
}

static int best(struct evaluation *e, const struct promql_node *n, const struct grouped *g,
	const struct promql_value *of, const struct promql_args *a, struct gathered *scratch,
	struct promql_value *ret)
{
	struct ranked *all = calloc(of->n + 1, sizeof *all);
	int r = all ? 0 : -ENOMEM;
	for (size_t k = 0, row; r == 0 && of->steps != 1 && k < of->n; k++)
		r = promql_value_add(ret, &of->rows[k].id, &row);
	for (size_t k = 0; r == 0 && k < g->groups.n; k++)
		for (size_t t = 0; r == 0 && t < of->steps; t++) {
			double k_of = promql_number(a, 0, t);
			if (isnan(k_of)) {
				r = promql_wrong(e, n, "Scalar value NaN overflows int64");
				break;
			}
			gather(scratch, g, k, of, t);
			for (size_t i = 0; i < scratch->n; i++)
				all[i] = (struct ranked){
					scratch->v[i], scratch->row[i], n->function == PROMQL_TOPK};
			if (scratch->n)
				qsort(all, scratch->n, sizeof *all, by_rank);
			for (size_t i = 0; r == 0 && i < scratch->n && (double)(i + 1) <= k_of;
				i++) {
				size_t row = all[i].row;
				if (of->steps == 1)
					r = promql_value_add(ret, &of->rows[row].id, &row);
				if (r == 0)
					ret->rows[row].values[t] = all[i].v;
			}
		}
	ret->sorted = of->steps == 1;
	free(all);
	return r;
}

/* ---- count_values ---- */

static int count_values(struct evaluation *e, const struct promql_node *n, const struct grouped *g,
	const struct promql_value *of, struct gathered *scratch, struct promql_value *ret)
{
	char text[PROMQL_NUMBER_TEXT];
	const char *label = n->args[0]->text;
	int r = promql_is_label(label) ? 0 : promql_wrong(e, n, "'%.40s' is no label", label);
	for (size_t k = 0; r == 0 && k < g->groups.n; k++)
		for (size_t t = 0; r == 0 && t < of->steps; t++) {
			gather(scratch, g, k, of, t);
			if (scratch->n)
				qsort(scratch->v, scratch->n, sizeof *scratch->v, rising);
			for (size_t i = 0, end; r == 0 && i < scratch->n; i = end) {
				struct promql_id id = g->groups.rows[k].id;
				size_t row;
				for (end = i; end < scratch->n &&
					      rising(&scratch->v[i], &scratch->v[end]) == 0;)
					end++;
				(void)promql_number_text(text, scratch->v[i]);
				const char *kept = promql_text(e->texts, text, strlen(text));
				if (!kept || promql_id_set(&id, label, kept) < 0)
					r = -E2BIG;
				if (r == 0)
					r = promql_value_of(ret, &id, &row);
				if (r == 0)
					ret->rows[row].values[t] = (double)(end - i);
			}
		}
	return r;
}

int promql_aggregate(struct evaluation *e, const struct promql_node *n, struct promql_args *a,
	struct promql_value *ret)
{
	static const struct promql_labels none = {0};
	const struct promql_value *of = &a->v[n->nargs - 1];
	struct grouped g;
	struct gathered scratch = {.v = calloc(of->n + 1, sizeof *scratch.v),
		.row = calloc(of->n + 1, sizeof *scratch.row)};
	promql_value_init(ret, of->steps);
	int r = grouped_init(&g, of, n->labels ? n->labels : &none);
	if (r == 0 && (!scratch.v || !scratch.row))
		r = -ENOMEM;
	if (r == 0)
		r = promql_worked(e, of->n * of->steps);
	if (r == 0 && (n->function == PROMQL_TOPK || n->function == PROMQL_BOTTOMK))
		r = best(e, n, &g, of, a, &scratch, ret);
	else if (r == 0 && n->function == PROMQL_COUNT_VALUES)
		r = count_values(e, n, &g, of, &scratch, ret);
	else if (r == 0)
		r = numbers(n, &g, of, a, &scratch, ret);
	grouped_free(&g);
	free(scratch.v);
	free(scratch.row);
	return r;
}
