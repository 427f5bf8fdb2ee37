/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* promql_evaluate: an expression of PromQL over the recorded past, with the meaning that it has there: a bare selector is the newest value (of a
 * counter its total), a range is what lies in it behind its begin. What our own evaluator knows stays so: rate() is the growth over the time that was
 * watched, without guesses beyond the readings, and cpu.* of all CPUs are parts of all their time.
 *
 * Ranges of many hours are taken from the minutes of the store when steps and ranges are whole minutes. */
#ifndef QUERY_PROMQL_EVALUATE_H
#define QUERY_PROMQL_EVALUATE_H

#include "query/promql_value.h"

struct promql_span {
	uint64_t start_ns, step_ns; /* step: 1 at least, also of one moment */
	size_t steps;
};

/* Texts of the result belong to the history; to be freed by promql_value_free(). Nothing selected is no error. -EINVAL with the reason, -E2BIG when it
 * would be too many values or too long a reading, -ENOMEM, or as the history says. */
int promql_evaluate(struct history *h, const struct promql *q, const struct promql_span *span,
	struct promql_value *ret, char why[static EXPRESSION_ERROR]);

/* Who a series is, as /metrics names it. */
struct promql_id promql_id_of(const struct history_series *s);

#endif
