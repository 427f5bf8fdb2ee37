/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* promql_evaluate: an expression of PromQL over series, with the meaning that Prometheus 2.42 gives it: a bare selector is the newest sample of the five
 * minutes before, ranges have both their ends in them, rate() and increase() extrapolate to the ends of their range, names are dropped where it drops
 * them. Where the series come from is told by a source: promql_history.h has that of a recording. */
#ifndef QUERY_PROMQL_EVALUATE_H
#define QUERY_PROMQL_EVALUATE_H

#include "query/promql_value.h"

struct promql_span {
	int64_t start_ms, step_ms; /* step: 1 at least, also of one moment */
	size_t steps;
};

/* What a selector is read for. */
struct promql_want {
	const struct selector *selector;
	enum promql_function function; /* PROMQL_FUNCTIONS: its newest sample at each step */
	int64_t range_ms;
	struct promql_span span; /* moments at which a range ends */
};

struct promql_source {
	/* Adds series with what they have in [start - range, end of the span]; samples that no step sees may be left out. Of a bare selector the newest
	 * before each step will do, and the clock that says which of them have ended. 0, -E2BIG, -ENOMEM, or what stands in the way of reading. */
	int (*select)(void *ctx, const struct promql_want *want, struct promql_series *ret);
	void *ctx;
};

/* How old the newest sample of a bare selector may be. */
#define PROMQL_LOOKBACK_MS INT64_C(300000)

struct promql_result {
	enum promql_type type;
	struct promql_value value;
	struct promql_series series; /* of a bare selector with a range */
	const char *text;            /* of a text */
	struct promql_texts texts;   /* of the labels */
};

/* To be freed by promql_result_free(), also after an error. Labels and text belong to the result, to the source and to q. Nothing selected is no error. -EINVAL
 * with the reason (not a mistake of the text: labels that do not match), -E2BIG when it would be too many values or too long a reading, -ENOMEM, or as the
 * source says. The source may be NULL when nothing is selected. */
int promql_evaluate(const struct promql_source *source, const struct promql *q,
	const struct promql_span *span, struct promql_result *ret,
	char why[static EXPRESSION_ERROR]);
void promql_result_free(struct promql_result *r);

#endif
