/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* promql_buckets: counters by how long something took, as the histograms that histogram_quantile() knows. The store has a counter for each power of two
 * ("64us", "vda 64us": so long and longer than half of it), and none for what never was; X_seconds_bucket{le="..."} is how many took so long or less, with all
 * edges between the shortest and the longest, and X_seconds_count is how many there were. */
#ifndef QUERY_PROMQL_BUCKETS_H
#define QUERY_PROMQL_BUCKETS_H

#include "query/promql_value.h"
#include "store/history.h"

enum promql_buckets { PROMQL_NO_BUCKETS, PROMQL_BUCKET, PROMQL_COUNTED };

/* Has a metric such counters? */
bool promql_has_buckets(enum metric m);
/* "plimsoll_sched_latency_seconds_bucket", "..._count". */
char *promql_buckets_name(
	char buf[static PROMETHEUS_NAME], enum metric m, enum promql_buckets which);
/* Whether a selector asks for them by name, and of which metric. */
enum promql_buckets promql_asks_buckets(const struct selector *s, enum metric *ret);

/* Makes them of the counters of a metric (series[i]: whose samples are from->all[i]), adds those that the selector wants. What of labels is made
 * is kept in texts. 0, -ENOMEM, -E2BIG. */
int promql_buckets_make(const struct history_series *series, const struct promql_series *from,
	enum promql_buckets which, const char *name, const struct selector *s,
	struct promql_texts *texts, struct promql_series *ret);

#endif
