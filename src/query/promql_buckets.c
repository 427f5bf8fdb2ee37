/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/promql_buckets.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EDGES = 40 }; /* powers of two of a microsecond, and what has no edge */

/* Texts of le: 2^i microseconds in seconds. */
static const char *edge_text(unsigned i)
{
	static char texts[EDGES][24];
	if (i + 1 == EDGES)
		return "+Inf";
	if (!*texts[i])
		(void)snprintf(texts[i], sizeof texts[i], "%.15g", ldexp(1, (int)i) / 1e6);
	return texts[i];
}

/* By the name of a counter, "33ms": the next power of two is what it stands for. EDGES: none. */
static unsigned edge_of(const char *text)
{
	char *unit;
	double us = strtod(text, &unit);
	if (strcmp(text, "inf") == 0)
		return EDGES - 1;
	us *= strcmp(unit, "us") == 0   ? 1
	      : strcmp(unit, "ms") == 0 ? 1e3
	      : strcmp(unit, "s") == 0  ? 1e6
					: 0;
	if (!(us >= 1))
		return EDGES;
	double i = rint(log2(us));
	return i < EDGES - 1 ? (unsigned)i : EDGES;
}

bool promql_has_buckets(enum metric m)
{
	unsigned label = metric_info(m)->label;
	return label == LABEL_LE || label == LABEL_DEV_LE;
}

char *promql_buckets_name(
	char buf[static PROMETHEUS_NAME], enum metric m, enum promql_buckets which)
{
	char family[PROMETHEUS_NAME];
	metric_prometheus_family(family, m);
	(void)snprintf(buf, PROMETHEUS_NAME, "%.*s_seconds_%s", PROMETHEUS_NAME - 16, family,
		which == PROMQL_BUCKET ? "bucket" : "count");
	return buf;
}

enum promql_buckets promql_asks_buckets(const struct selector *s, enum metric *ret)
{
	char buf[PROMETHEUS_NAME];
	const char *name = s->name;
	for (size_t i = 0; !*name && i < s->n; i++)
		if (s->matchers[i].kind == MATCHER_EQUAL &&
			strcmp(s->matchers[i].label, "__name__") == 0)
			name = s->matchers[i].value;
	for (unsigned m = 0; strstr(name, "_seconds_") && m < METRIC_COUNT; m++)
		for (unsigned which = PROMQL_BUCKET; which <= PROMQL_COUNTED; which++)
			if (promql_has_buckets((enum metric)m) &&
				strcmp(name, promql_buckets_name(buf, (enum metric)m,
						     (enum promql_buckets)which)) == 0) {
				*ret = (enum metric)m;
				return (enum promql_buckets)which;
			}
	return PROMQL_NO_BUCKETS;
}

/* ---- making them ---- */

/* One histogram: the counters that it is made of, by edge, NULL: never counted. */
struct histogram {
	const struct history_series *of; /* the first, for what it is a histogram of */
	size_t n_of;                     /* bytes of the device in its name */
	const struct promql_samples *counters[EDGES];
	size_t at[EDGES];
};

static size_t device_of(const struct history_series *s)
{
	const char *blank = strrchr(s->instance, ' ');
	return blank ? (size_t)(blank - s->instance) : 0;
}

/* Those of one are side by side only by chance, so all are gone through. */
static void gather(struct histogram *h, const struct history_series *series,
	const struct promql_series *from, size_t first, bool *taken)
{
	*h = (struct histogram){.of = &series[first], .n_of = device_of(&series[first])};
	for (size_t i = first; i < from->n; i++) {
		const struct history_series *s = &series[i];
		if (taken[i] || device_of(s) != h->n_of ||
			strncmp(s->instance, h->of->instance, h->n_of) != 0 ||
			strcmp(s->netns, h->of->netns) != 0)
			continue;
		unsigned edge = edge_of(s->instance + h->n_of + (h->n_of != 0));
		taken[i] = true;
		if (edge < EDGES)
			h->counters[edge] = &from->all[i];
	}
}

/* The next moment at which any counter was read; false at the end. */
static bool next_moment(const struct histogram *h, int64_t *ret)
{
	bool any = false;
	for (unsigned i = 0; i < EDGES; i++) {
		const struct promql_samples *s = h->counters[i];
		if (!s || h->at[i] == s->n)
			continue;
		if (!any || s->times_ms[h->at[i]] < *ret)
			*ret = s->times_ms[h->at[i]];
		any = true;
	}
	return any;
}

struct edges {
	size_t row[EDGES]; /* of ret, from 1; 0: not asked for */
	double counts[EDGES];
};

static int add_edge(const struct histogram *h, unsigned edge, enum promql_buckets which,
	const char *name, const struct promql_id *base, const struct selector *s,
	struct promql_series *ret, size_t *ret_row)
{
	struct promql_id id = *base;
	struct promql_samples *made;
	bool wanted = true;
	(void)promql_id_set(&id, "__name__", name);
	if (which == PROMQL_BUCKET)
		(void)promql_id_set(&id, "le", edge_text(edge));
	for (size_t i = 0; wanted && i < s->n; i++)
		wanted =
			selector_holds(&s->matchers[i], promql_id_label(&id, s->matchers[i].label));
	if (!wanted)
		return 0;
	int r = promql_series_add(ret, &id, &made);
	for (unsigned i = 0; r == 0 && i < EDGES; i++)
		if (h->counters[i]) {
			made->made = made->made || h->counters[i]->made;
			made->counter = made->counter || h->counters[i]->counter;
		}
	*ret_row = ret->n;
	return r;
}

/* All edges from that below the shortest to the longest, and the last. */
static int add_edges(const struct histogram *h, enum promql_buckets which, const char *name,
	const struct promql_id *base, const struct selector *s, struct promql_series *ret,
	struct edges *e)
{
	unsigned low = 0, high = EDGES - 1;
	int r = 0;
	while (low < EDGES - 1 && !h->counters[low])
		low++;
	do
		high--;
	while (high > 0 && !h->counters[high]);
	for (unsigned i = low ? low - 1 : 0; r == 0 && which == PROMQL_BUCKET && i <= high; i++)
		r = add_edge(h, i, which, name, base, s, ret, &e->row[i]);
	return r < 0 ? r : add_edge(h, EDGES - 1, which, name, base, s, ret, &e->row[EDGES - 1]);
}

static int make_one(struct histogram *h, enum promql_buckets which, const char *name,
	const struct promql_id *base, const struct selector *s, struct promql_series *ret)
{
	struct edges e = {0};
	int64_t at = 0;
	int r = add_edges(h, which, name, base, s, ret, &e);
	while (r == 0 && next_moment(h, &at)) {
		double total = 0;
		for (unsigned i = 0; r == 0 && i < EDGES; i++) {
			const struct promql_samples *c = h->counters[i];
			if (c && h->at[i] < c->n && c->times_ms[h->at[i]] == at)
				e.counts[i] = c->values[h->at[i]++];
			total += e.counts[i];
			if (e.row[i])
				r = promql_samples_add(ret, &ret->all[e.row[i] - 1], at, total);
		}
	}
	return r;
}

int promql_buckets_make(const struct history_series *series, const struct promql_series *from,
	enum promql_buckets which, const char *name, const struct selector *s,
	struct promql_texts *texts, struct promql_series *ret)
{
	bool *taken = calloc(from->n + 1, sizeof *taken);
	int r = taken ? 0 : -ENOMEM;
	for (size_t i = 0; r == 0 && i < from->n; i++) {
		struct histogram h;
		struct promql_id base = {.n = 0};
		if (taken[i])
			continue;
		gather(&h, series, from, i, taken);
		const char *device = promql_text(texts, h.of->instance, h.n_of);
		if (!device) {
			r = -E2BIG;
			break;
		}
		(void)promql_id_set(&base, "dev", device);
		(void)promql_id_set(&base, "netns", h.of->netns);
		r = make_one(&h, which, name, &base, s, ret);
	}
	free(taken);
	return r;
}
