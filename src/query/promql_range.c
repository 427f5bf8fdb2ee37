/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Functions of the samples in a window. Sums carry what rounding takes from them (Kahan and Neumaier), and the order of operations is that of Prometheus, so
 * that the last digits are its own. */
#include "query/promql_impl.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct window {
	const int64_t *t;
	const double *v;
	size_t n;
	int64_t from_ms, to_ms, now_ms; /* now: the moment of the step, whatever the offset */
	bool counts_from_zero; /* false: the series' zero is not one that was counted from */
	double number[2];
	double *scratch;
};

struct kahan {
	double sum, lost;
};

static void add(struct kahan *k, double x)
{
	double t = k->sum + x;
	k->lost += fabs(k->sum) >= fabs(x) ? (k->sum - t) + x : (x - t) + k->sum;
	k->sum = t;
}

/* ---- growth ---- */

/* What a counter grew by: where it is less than before it began anew. */
static double growth_of(const struct window *w, bool counter)
{
	double result = w->v[w->n - 1] - w->v[0], before = 0;
	for (size_t i = 0; counter && i < w->n; i++) {
		if (w->v[i] < before)
			result += before;
		before = w->v[i];
	}
	return result;
}

/* The samples hardly lie on the ends of the window: growth goes on to an end that is about as near as the next sample would have been, else for half of
 * that; and a counter not to before it was zero. */
static double extrapolated(const struct window *w, bool counter, bool rate)
{
	if (w->n < 2)
		return promql_nothing;
	double result = growth_of(w, counter);
	double to_start = (double)(w->t[0] - w->from_ms) / 1000;
	double to_end = (double)(w->to_ms - w->t[w->n - 1]) / 1000;
	double sampled = (double)(w->t[w->n - 1] - w->t[0]) / 1000;
	double between = sampled / (double)(w->n - 1);
	if (counter && w->counts_from_zero && result > 0 && w->v[0] >= 0)
		to_start = fmin(to_start, sampled * (w->v[0] / result));
	double whole = sampled;
	whole += to_start < between * 1.1 ? to_start : between / 2;
	whole += to_end < between * 1.1 ? to_end : between / 2;
	double factor = whole / sampled;
	if (rate)
		factor /= (double)(w->to_ms - w->from_ms) / 1000;
	return result * factor;
}

static double newest_two(const struct window *w, bool rate)
{
	if (w->n < 2)
		return promql_nothing;
	double a = w->v[w->n - 2], b = w->v[w->n - 1];
	double result = rate && b < a ? b : b - a;
	int64_t apart_ms = w->t[w->n - 1] - w->t[w->n - 2];
	if (apart_ms == 0)
		return promql_nothing;
	return rate ? result / ((double)apart_ms / 1000) : result;
}

static bool line_through(
	const struct window *w, int64_t origin_ms, double *ret_slope, double *ret_intercept)
{
	struct kahan x = {0}, y = {0}, xy = {0}, xx = {0};
	bool constant = true;
	double n = 0;
	for (size_t i = 0; i < w->n; i++) {
		double at = (double)(w->t[i] - origin_ms) / 1e3;
		constant = constant && (i == 0 || w->v[i] == w->v[0]);
		n += 1;
		add(&x, at);
		add(&y, w->v[i]);
		add(&xy, at * w->v[i]);
		add(&xx, at * at);
	}
	if (constant) {
		*ret_slope = isinf(w->v[0]) ? NAN : 0;
		*ret_intercept = isinf(w->v[0]) ? NAN : w->v[0];
		return true;
	}
	double sum_x = x.sum + x.lost, sum_y = y.sum + y.lost;
	double cov = (xy.sum + xy.lost) - sum_x * sum_y / n;
	double var = (xx.sum + xx.lost) - sum_x * sum_x / n;
	*ret_slope = cov / var;
	*ret_intercept = sum_y / n - *ret_slope * sum_x / n;
	return true;
}

static double line(const struct window *w, enum promql_function f)
{
	double slope, intercept;
	if (w->n < 2)
		return promql_nothing;
	(void)line_through(w, f == PROMQL_DERIV ? w->t[0] : w->now_ms, &slope, &intercept);
	return f == PROMQL_DERIV ? slope : slope * w->number[0] + intercept;
}

/* Twice smoothed: of the level with the first factor, of the trend with the second. */
static double holt_winters(const struct window *w)
{
	double sf = w->number[0], tf = w->number[1];
	if (w->n < 2)
		return promql_nothing;
	double s0 = 0, s1 = w->v[0], trend = w->v[1] - w->v[0];
	for (size_t i = 1; i < w->n; i++) {
		double x = sf * w->v[i];
		if (i > 1)
			trend = tf * (s1 - s0) + (1 - tf) * trend;
		double y = (1 - sf) * (s1 + trend);
		s0 = s1;
		s1 = x + y;
	}
	return s1;
}

/* ---- over time ---- */

static double sum(const struct window *w)
{
	struct kahan k = {0};
	for (size_t i = 0; i < w->n; i++)
		add(&k, w->v[i]);
	return isinf(k.sum) ? k.sum : k.sum + k.lost;
}

static double average(const struct window *w)
{
	struct kahan mean = {0};
	for (size_t i = 0; i < w->n; i++) {
		double v = w->v[i], n = (double)(i + 1);
		if (isinf(mean.sum) &&
			((isinf(v) && (mean.sum > 0) == (v > 0)) || (!isinf(v) && !isnan(v))))
			continue;
		add(&mean, v / n - mean.sum / n);
	}
	return isinf(mean.sum) ? mean.sum : mean.sum + mean.lost;
}

static double variance(const struct window *w)
{
	struct kahan mean = {0}, all = {0};
	for (size_t i = 0; i < w->n; i++) {
		double delta = w->v[i] - (mean.sum + mean.lost);
		add(&mean, delta / (double)(i + 1));
		add(&all, delta * (w->v[i] - (mean.sum + mean.lost)));
	}
	return (all.sum + all.lost) / (double)w->n;
}

static double extreme(const struct window *w, bool largest)
{
	double x = w->v[0];
	for (size_t i = 1; i < w->n; i++)
		if (isnan(x) || (largest ? w->v[i] > x : w->v[i] < x))
			x = w->v[i];
	return x;
}

static double changes(const struct window *w, bool resets)
{
	size_t n = 0;
	for (size_t i = 1; i < w->n; i++) {
		double a = w->v[i - 1], b = w->v[i];
		n += resets ? b < a : b != a && !(isnan(a) && isnan(b));
	}
	return (double)n;
}

static double quantile(const struct window *w)
{
	memcpy(w->scratch, w->v, w->n * sizeof *w->v);
	return promql_quantile(w->number[0], w->scratch, w->n);
}

static double of_window(const struct window *w, enum promql_function f)
{
	if (w->n == 0)
		return promql_nothing;
	switch (f) {
	case PROMQL_RATE: return extrapolated(w, true, true);
	case PROMQL_INCREASE: return extrapolated(w, true, false);
	case PROMQL_DELTA: return extrapolated(w, false, false);
	case PROMQL_IRATE: return newest_two(w, true);
	case PROMQL_IDELTA: return newest_two(w, false);
	case PROMQL_DERIV:
	case PROMQL_PREDICT_LINEAR: return line(w, f);
	case PROMQL_HOLT_WINTERS: return holt_winters(w);
	case PROMQL_CHANGES: return changes(w, false);
	case PROMQL_RESETS: return changes(w, true);
	case PROMQL_AVG_OVER_TIME: return average(w);
	case PROMQL_MIN_OVER_TIME: return extreme(w, false);
	case PROMQL_MAX_OVER_TIME: return extreme(w, true);
	case PROMQL_SUM_OVER_TIME: return sum(w);
	case PROMQL_COUNT_OVER_TIME: return (double)w->n;
	case PROMQL_PRESENT_OVER_TIME: return 1;
	case PROMQL_STDDEV_OVER_TIME: return sqrt(variance(w));
	case PROMQL_STDVAR_OVER_TIME: return variance(w);
	case PROMQL_QUANTILE_OVER_TIME: return quantile(w);
	default: return w->v[w->n - 1];
	}
}

/* ---- windows ---- */

static int check_numbers(struct evaluation *e, const struct promql_node *n, const struct window *w)
{
	for (unsigned i = 0; n->function == PROMQL_HOLT_WINTERS && i < 2; i++)
		if (!(w->number[i] > 0 && w->number[i] < 1))
			return promql_wrong(e, n, "holt_winters() takes factors between 0 and 1");
	return 0;
}

static int one_series(struct evaluation *e, const struct promql_node *n,
	const struct promql_samples *s, struct window *w, int64_t range_ms,
	const struct promql_span *windows, const struct promql_span *steps,
	const struct promql_args *a, double *ret)
{
	size_t from = 0, to = 0, first = n->function == PROMQL_QUANTILE_OVER_TIME ? 0 : 1;
	w->counts_from_zero = !s->made;
	for (size_t k = 0; k < steps->steps; k++) {
		w->to_ms = windows->start_ms +
			   (windows->steps == 1 ? 0 : (int64_t)k * windows->step_ms);
		w->from_ms = w->to_ms - range_ms;
		w->now_ms = steps->start_ms + (int64_t)k * steps->step_ms;
		while (to < s->n && s->times_ms[to] <= w->to_ms)
			to++;
		while (from < to && (s->made && !s->counter ? s->times_ms[from] <= w->from_ms
							    : s->times_ms[from] < w->from_ms))
			from++;
		w->t = s->times_ms + from;
		w->v = s->values + from;
		w->n = to - from;
		for (unsigned i = 0; i < 2; i++)
			w->number[i] = first + i < n->nargs && i + 1 < n->nargs
					       ? promql_number(a, first + i, k)
					       : NAN;
		int r = w->n ? check_numbers(e, n, w) : 0;
		if (r == 0)
			r = promql_worked(e, w->n + 1);
		if (r < 0)
			return r;
		ret[k] = of_window(w, n->function);
	}
	return 0;
}

int promql_over_range(struct evaluation *e, const struct promql_node *n,
	const struct promql_series *s, int64_t range_ms, const struct promql_span *windows,
	const struct promql_span *steps, const struct promql_args *a, struct promql_value *ret)
{
	size_t most = 0, row;
	promql_value_init(ret, steps->steps);
	for (size_t i = 0; i < s->n; i++)
		most = s->all[i].n > most ? s->all[i].n : most;
	struct window w = {.scratch = malloc((most + 1) * sizeof(double))};
	int r = w.scratch ? 0 : -ENOMEM;
	for (size_t i = 0; r == 0 && i < s->n; i++) {
		struct promql_id id = s->all[i].id;
		if (n->function != PROMQL_LAST_OVER_TIME)
			promql_id_drop_name(&id);
		r = promql_value_add(ret, &id, &row);
		if (r == 0)
			r = one_series(e, n, &s->all[i], &w, range_ms, windows, steps, a,
				ret->rows[row].values);
	}
	free(w.scratch);
	if (r == 0)
		r = promql_same_labels(e, n, promql_value_merge(ret));
	return r;
}
