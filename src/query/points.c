/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/points.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int points_init(struct points *p, size_t nrows, uint64_t from_ns, uint64_t to_ns)
{
	*p = (struct points){.from_ns = from_ns,
		.to_ns = to_ns,
		.nrows = nrows,
		.max = POINTS_MAX,
		.rows = calloc(nrows + 1, sizeof *p->rows)};
	return p->rows ? 0 : -ENOMEM;
}

void points_free(struct points *p)
{
	for (size_t i = 0; i < p->nrows; i++) {
		free(p->rows[i].values);
		free(p->rows[i].times);
	}
	free(p->rows);
	*p = (struct points){0};
}

double points_scaled(double raw, double scale)
{
	return scale < 1 ? raw / rint(1 / scale) : raw * scale;
}

/* ---- taking pieces ---- */

static int resize(struct points_row *row, size_t room, bool times)
{
	double *values = realloc(row->values, room * sizeof *values);
	if (!values)
		return -ENOMEM;
	row->values = values;
	if (times) {
		uint64_t *t = realloc(row->times, room * sizeof *t);
		if (!t)
			return -ENOMEM;
		row->times = t;
	}
	row->room = room;
	return 0;
}

static int make_room(struct points *p, struct points_row *row, size_t n)
{
	enum { SECOND = 1000000000 };
	p->total += n;
	if (p->total > p->max)
		return -E2BIG;
	if (row->n + n <= row->room)
		return 0;
	size_t seconds = (size_t)((p->to_ns - p->from_ns) / SECOND) + 2, want = row->n + n;
	if (row->room == 0 && want < seconds && seconds < p->max / p->nrows)
		want = seconds; /* what a sample a second comes to: mostly there is no growing */
	if (row->room && want < 2 * row->room)
		want = 2 * row->room;
	return resize(row, want, row->times || row == p->rows);
}

/* Samples are of all series: mostly the times are those of the first row, and need not be kept. */
static bool follows_first(
	const struct points *p, const struct points_row *row, const uint64_t *times, size_t n)
{
	const struct points_row *first = p->rows;
	return row != first && !row->times && row->n + n <= first->n &&
	       memcmp(first->times + row->n, times, n * sizeof *times) == 0;
}

static int keep_times(struct points *p, struct points_row *row, const uint64_t *times, size_t n)
{
	if (follows_first(p, row, times, n))
		return 0;
	if (!row->times) {
		row->times = malloc((row->room + 1) * sizeof *row->times);
		if (!row->times)
			return -ENOMEM;
		if (row->n)
			memcpy(row->times, p->rows->times, row->n * sizeof *row->times);
	}
	memcpy(row->times + row->n, times, n * sizeof *times);
	return 0;
}

static void take_gauge(const struct points_row *row, const struct history_points *h, size_t at)
{
	double *to = row->values + row->n;
	if (row->scale < 1) {
		double by = rint(1 / row->scale);
		for (size_t i = at; i < h->n; i++)
			to[i - at] = h->present[i] ? (double)h->value[i] / by : NAN;
		return;
	}
	for (size_t i = at; i < h->n; i++)
		to[i - at] = h->present[i] ? (double)h->value[i] * row->scale : NAN;
}

/* A counter that is less than before began anew: what it lost is not known. */
static double growth(const struct points_row *row, uint64_t now, uint64_t now_ns)
{
	if (!row->have || now < row->before || now_ns <= row->before_ns)
		return NAN;
	return (double)(now - row->before) * row->scale * 1e9 / (double)(now_ns - row->before_ns);
}

static void take_growth(struct points_row *row, const struct history_points *h, size_t at)
{
	double *to = row->values + row->n;
	for (size_t i = 0; i < h->n; i++) {
		double v = h->present[i] ? growth(row, h->value[i], h->time_ns[i]) : NAN;
		if (i >= at)
			to[i - at] = v;
		if (!h->present[i])
			continue;
		row->before = h->value[i];
		row->before_ns = h->time_ns[i];
		row->have = true;
	}
}

int points_add(void *points, size_t at, const struct history_points *h)
{
	struct points *p = points;
	struct points_row *row = &p->rows[at];
	size_t first = 0;
	while (first < h->n && h->time_ns[first] < p->from_ns)
		first++;
	if (h->first_of_run)
		row->have = false;
	size_t n = h->n - first;
	int r = make_room(p, row, n);
	if (r == 0 && n)
		r = keep_times(p, row, h->time_ns + first, n);
	if (r < 0)
		return r;
	if (row->kind == METRIC_GAUGE)
		take_gauge(row, h, first);
	else
		take_growth(row, h, first);
	row->n += n;
	return 0;
}

/* ---- one axis ---- */

struct moment {
	uint64_t time_ns;
	size_t index;
};

static int by_moment(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;
	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

static bool rises(const uint64_t *t, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (t[i] <= t[i - 1])
			return false;
	return true;
}

/* After the clock was set back: by time, and of two at the same time the one written last. */
static int sort_row(struct points_row *row)
{
	if (rises(row->times, row->n))
		return 0;
	struct moment *m = malloc(row->n * sizeof *m);
	double *values = malloc(row->room * sizeof *values);
	if (!m || !values) {
		free(m);
		free(values);
		return -ENOMEM;
	}
	for (size_t i = 0; i < row->n; i++)
		m[i] = (struct moment){row->times[i], i};
	qsort(m, row->n, sizeof *m, by_moment);
	size_t n = 0;
	for (size_t i = 0; i < row->n; i++) {
		if (i + 1 < row->n && m[i + 1].time_ns == m[i].time_ns)
			continue;
		row->times[n] = m[i].time_ns;
		values[n++] = row->values[m[i].index];
	}
	free(m);
	free(row->values);
	row->values = values;
	row->n = n;
	return 0;
}

/* The times of both, each once. */
static int merge(uint64_t **axis, size_t *axis_n, const uint64_t *times, size_t n)
{
	uint64_t *a = *axis, *to = malloc((*axis_n + n + 1) * sizeof *to);
	if (!to)
		return -ENOMEM;
	size_t i = 0, k = 0, count = 0;
	while (i < *axis_n || k < n) {
		bool from_a = k == n || (i < *axis_n && a[i] <= times[k]);
		uint64_t t = from_a ? a[i] : times[k];
		i += i < *axis_n && a[i] == t;
		k += k < n && times[k] == t;
		to[count++] = t;
	}
	free(a);
	*axis = to;
	*axis_n = count;
	return 0;
}

static int spread(struct points_row *row, const uint64_t *axis, size_t n)
{
	double *to = malloc((n + 1) * sizeof *to);
	if (!to)
		return -ENOMEM;
	size_t k = 0;
	for (size_t i = 0; i < n; i++)
		to[i] = k < row->n && row->times[k] == axis[i] ? row->values[k++] : NAN;
	free(row->values);
	row->values = to;
	row->n = row->room = n;
	return 0;
}

static bool is_one_axis(const struct points *p)
{
	for (size_t i = 1; i < p->nrows; i++)
		if (p->rows[i].times)
			return false;
	return p->nrows == 0 || rises(p->rows[0].times, p->rows[0].n);
}

/* All rows have the times of the first, some end before it. */
static int pad(struct points *p, size_t n)
{
	for (size_t i = 0; i < p->nrows; i++) {
		struct points_row *row = &p->rows[i];
		if (row->room <= n && resize(row, n + 1, i == 0) < 0)
			return -ENOMEM;
		while (row->n < n)
			row->values[row->n++] = NAN;
	}
	return 0;
}

static int merge_all(struct points *p, uint64_t **axis, size_t *n)
{
	const struct points_row *first = &p->rows[0];
	for (size_t i = 1; i < p->nrows; i++) { /* sorting the first would leave these behind */
		struct points_row *row = &p->rows[i];
		if (row->times)
			continue;
		row->times = malloc((row->room + 1) * sizeof *row->times);
		if (!row->times)
			return -ENOMEM;
		if (row->n)
			memcpy(row->times, first->times, row->n * sizeof *row->times);
	}
	int r = 0;
	for (size_t i = 0; r == 0 && i < p->nrows; i++) {
		r = sort_row(&p->rows[i]);
		if (r == 0)
			r = merge(axis, n, p->rows[i].times, p->rows[i].n);
	}
	for (size_t i = 0; r == 0 && i < p->nrows; i++)
		r = spread(&p->rows[i], *axis, *n);
	return r;
}

int points_align(struct points *p, uint64_t **ret_times, size_t *ret_n)
{
	uint64_t *axis = NULL;
	size_t n = 0;
	int r;
	if (is_one_axis(p)) {
		n = p->nrows ? p->rows[0].n : 0;
		r = pad(p, n);
		if (r == 0 && p->nrows) {
			axis = p->rows[0].times;
			p->rows[0].times = NULL;
		}
	} else {
		r = merge_all(p, &axis, &n);
	}
	if (r < 0) {
		free(axis);
		return r;
	}
	*ret_times = axis;
	*ret_n = n;
	return 0;
}
