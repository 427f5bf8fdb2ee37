/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* promql_history: a recording as a source of PromQL. Gauges are their values, counters their totals, shares the part of time since the sample before: what
 * /metrics shows, sample by sample. What is too long for that comes from the minutes of the store: each step a sample at its end, with the smallest,
 * largest, newest or average value as the function wants it, and with the growth of counters.
 *
 * Counters by how long something took are histograms, too: promql_buckets.h. */
#ifndef QUERY_PROMQL_HISTORY_H
#define QUERY_PROMQL_HISTORY_H

#include "query/promql_evaluate.h"

struct promql_history {
	struct history *h;
	char *names[METRIC_COUNT]; /* those that were asked for */
	struct promql_texts texts;
};

/* Texts of what is evaluated live until promql_history_free(). */
struct promql_source promql_history_source(struct promql_history *p, struct history *h);
void promql_history_free(struct promql_history *p);

/* Who a series is as /metrics names it; name: "" for none. Texts belong to the history. */
struct promql_id promql_history_id(const struct history_series *s, const char *name);

#endif
