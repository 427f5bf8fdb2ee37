/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/baseline.h"

#include "base/attr.h"
#include "base/num.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTES = 60, LEAST_MINUTES = 30 }; /* of an hour that count: below, the day is not known */

static const uint64_t MINUTE_NS = UINT64_C(60000000000), HOUR_NS = UINT64_C(3600000000000),
		      DAY_NS = UINT64_C(86400000000000);

static const char head[] = "plimsoll baseline 1 ";

static const enum metric metrics[] = {
#define BASELINE(m) M_##m,
#define RATE_RULE(rule, m, which)
#include "catalogue/baselines.def"
#undef BASELINE
#undef RATE_RULE
};

/* One series, day by day. */
struct days {
	double low[BASELINE_DAYS], high[BASELINE_DAYS], mean[BASELINE_DAYS];
	unsigned n;
};

static bool wanted(void *ctx, const struct history_series *s)
{
	(void)ctx;
	for (size_t i = 0; i < COUNTOF(metrics); i++)
		if (metrics[i] == s->metric)
			return strlen(s->instance) < BASELINE_NAME &&
			       strlen(s->netns) < BASELINE_NAME;
	return false;
}

static void add_day(struct days *d, const struct history_step *steps, enum metric m)
{
	bool counter = metric_info(m)->kind != METRIC_GAUGE;
	double scale = metric_scale(m), low = INFINITY, high = 0, sum = 0;
	unsigned n = 0;
	for (unsigned i = 0; i < MINUTES; i++) {
		const struct history_step *s = &steps[i];
		if (!s->count || (counter && s->seconds <= 0))
			continue;
		double v = scale * s->sum / (counter ? s->seconds : s->count);
		low = v < low ? v : low;
		high = v > high ? v : high;
		sum += v;
		n++;
	}
	if (n < LEAST_MINUTES || d->n == BASELINE_DAYS)
		return;
	d->low[d->n] = low;
	d->high[d->n] = high;
	d->mean[d->n++] = sum / n;
}

static void sum_up(const struct days *d, struct baseline_row *row)
{
	double sum = 0;
	unsigned top = 0;
	for (unsigned i = 0; i < d->n; i++)
		top = d->high[i] > d->high[top] ? i : top;
	bool trim = d->n >= BASELINE_TRIM;
	row->low = INFINITY;
	for (unsigned i = 0; i < d->n; i++) {
		if (trim && i == top)
			continue;
		row->low = d->low[i] < row->low ? d->low[i] : row->low;
		row->high = d->high[i] > row->high ? d->high[i] : row->high;
		sum += d->mean[i];
	}
	row->mean = sum / (d->n - trim);
	row->days = d->n;
}

/* One day of all series. Days without a recording have none. */
static int read_day(struct history *h, uint64_t from_ns, const struct history_series *series,
	size_t n, struct days *days)
{
	struct history_step *steps = NULL;
	uint64_t first, last, *keys = calloc(n, sizeof *keys);
	if (!keys)
		return -ENOMEM;
	int r = 0;
	for (size_t i = 0; i < n; i++)
		keys[i] = series[i].key;
	if (history_span(h, &first, &last) && first < from_ns + HOUR_NS && last >= from_ns)
		r = history_aggregate(h, keys, n, from_ns, MINUTE_NS, MINUTES, &steps);
	for (size_t i = 0; r == 0 && steps && i < n; i++)
		add_day(&days[i], steps + i * MINUTES, series[i].metric);
	free(steps);
	free(keys);
	return r;
}

int baseline_load(struct history *h, uint64_t at_ns, struct baseline *ret)
{
	const struct history_series *series;
	uint64_t hour = at_ns / HOUR_NS * HOUR_NS;
	size_t n;
	ret->count = 0;
	ret->hour_ns = hour;
	if (hour < BASELINE_DAYS * DAY_NS)
		return 0;
	int r = history_select(h, hour - BASELINE_DAYS * DAY_NS, hour - DAY_NS + HOUR_NS, wanted,
		NULL, &series, &n);
	if (r < 0 || n == 0)
		return r == -ENODATA ? 0 : r;
	n = n < BASELINE_MAX ? n : BASELINE_MAX;
	struct days *days = calloc(n, sizeof *days);
	if (!days)
		return -ENOMEM;
	for (unsigned d = BASELINE_DAYS; r == 0 && d > 0; d--)
		r = read_day(h, hour - d * DAY_NS, series, n, days);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (days[i].n < BASELINE_LEAST)
			continue;
		struct baseline_row *row = &ret->rows[ret->count++];
		*row = (struct baseline_row){.metric = series[i].metric};
		(void)snprintf(row->netns, sizeof row->netns, "%s", series[i].netns);
		(void)snprintf(row->instance, sizeof row->instance, "%s", series[i].instance);
		sum_up(&days[i], row);
	}
	free(days);
	return r;
}

/* ---- as text ---- */

int baseline_write(const struct baseline *b, FILE *f)
{
	(void)fprintf(f, "%s%" PRIu64 "\n", head, b->hour_ns);
	for (size_t i = 0; i < b->count; i++) {
		const struct baseline_row *row = &b->rows[i];
		/* a name with a tab is not one that comes back */
		if (!strpbrk(row->netns, "\t\n") && !strpbrk(row->instance, "\t\n"))
			(void)fprintf(f, "%s\t%s\t%s\t%u\t%.9g\t%.9g\t%.9g\n",
				metric_info(row->metric)->name, row->netns, row->instance,
				row->days, row->low, row->high, row->mean);
	}
	(void)fprintf(f, "end\n");
	return fflush(f) == EOF || ferror(f) ? -EIO : 0;
}

static bool number(struct scan *line, double *ret)
{
	char text[32], *end;
	if (!scan_field(line, text, sizeof text))
		return false;
	*ret = strtod(text, &end);
	return end != text && *end == '\0' && isfinite(*ret);
}

static bool one_row(struct scan line, struct baseline_row *row)
{
	char name[64];
	double days;
	*row = (struct baseline_row){.metric = METRIC_COUNT};
	if (!scan_field(&line, name, sizeof name) ||
		!scan_field(&line, row->netns, sizeof row->netns) ||
		!scan_field(&line, row->instance, sizeof row->instance) || !number(&line, &days) ||
		!number(&line, &row->low) || !number(&line, &row->high) ||
		!number(&line, &row->mean) || days < 0 || days > BASELINE_DAYS)
		return false;
	for (size_t i = 0; i < COUNTOF(metrics); i++)
		if (strcmp(metric_info(metrics[i])->name, name) == 0)
			row->metric = metrics[i];
	row->days = (unsigned)days;
	return row->metric != METRIC_COUNT;
}

int baseline_parse(const char *text, size_t n, struct baseline *ret)
{
	struct scan all = scan_whole(scan_over(text, n)), line;
	bool whole = false;
	ret->count = 0;
	ret->hour_ns = 0;
	if (!scan_line(&all, &line) || !scan_starts(line, head))
		return -EBADMSG;
	line.p += sizeof head - 1;
	uint64_t hour;
	bool good = scan_u64(&line, &hour);
	while (good && !whole && scan_line(&all, &line)) {
		whole = scan_is(line, "end");
		if (!whole && ret->count < BASELINE_MAX) {
			good = one_row(line, &ret->rows[ret->count]);
			ret->count += good;
		}
	}
	if (!good || !whole) {
		ret->count = 0;
		return -EBADMSG;
	}
	ret->hour_ns = hour;
	return 0;
}

const struct baseline_row *baseline_find(const struct baseline *b, uint64_t at_ns, enum metric m,
	const char *netns, const char *instance)
{
	/* the next hour's may be a moment late, and is much like this one */
	if (!b || !b->hour_ns || at_ns < b->hour_ns || at_ns >= b->hour_ns + 2 * HOUR_NS)
		return NULL;
	for (size_t i = 0; i < b->count; i++) {
		const struct baseline_row *row = &b->rows[i];
		if (row->metric == m && row->days >= BASELINE_LEAST &&
			strcmp(row->netns, netns) == 0 && strcmp(row->instance, instance) == 0)
			return row;
	}
	return NULL;
}
