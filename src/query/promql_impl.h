/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* promql_impl: what the files that evaluate PromQL ask of each other. Each answers 0, -EINVAL with the reason in e->why, -ENOMEM or -E2BIG. */
#ifndef QUERY_PROMQL_IMPL_H
#define QUERY_PROMQL_IMPL_H

#include "query/promql_evaluate.h"

struct evaluation {
	const struct promql_source *source;
	const struct promql *q;
	const struct promql_span *span; /* of the whole query, for start() and end() */
	struct promql_texts *texts;
	uint64_t work;
	char *why;
};

enum { PROMQL_WORK = 200 << 20 }; /* samples that may be looked at */

/* -EINVAL. */
int PRINTF(3, 4)
	promql_wrong(struct evaluation *e, const struct promql_node *n, const char *fmt, ...);
/* -E2BIG when it was too much. */
int promql_worked(struct evaluation *e, size_t n);
int promql_same_labels(struct evaluation *e, const struct promql_node *n, int status);

/* What are arguments in the text: values of series and numbers; NULL where an argument is none of these. */
struct promql_args {
	struct promql_value v[PROMQL_ARGS];
};

/* A number of an argument at a step. */
double promql_number(const struct promql_args *a, size_t arg, size_t step);

/* promql_binary.c */
int promql_binary(struct evaluation *e, const struct promql_node *n,
	const struct promql_value *left, const struct promql_value *right,
	struct promql_value *ret);
/* promql_aggregate.c. a->v[0] or, where a parameter comes first, a->v[1] is what is aggregated. */
int promql_aggregate(struct evaluation *e, const struct promql_node *n, struct promql_args *a,
	struct promql_value *ret);
/* promql_instant.c: of each value; in place, taking a->v[0]. */
int promql_of_value(struct evaluation *e, const struct promql_node *n, struct promql_args *a,
	struct promql_value *ret);
/* promql_labels.c */
int promql_of_labels(struct evaluation *e, const struct promql_node *n, struct promql_args *a,
	struct promql_value *ret);
/* promql_range.c. number[0..1]: those of the arguments that are numbers. range_ms: of the windows; each ends at start + k * step of the span, at_ms (where
 * not NULL: at one moment for all). */
int promql_over_range(struct evaluation *e, const struct promql_node *n,
	const struct promql_series *s, int64_t range_ms, const struct promql_span *windows,
	const struct promql_span *steps, const struct promql_args *a, struct promql_value *ret);

/* Rank and weight as both quantiles of Prometheus have them. Sorts the values. */
double promql_quantile(double q, double *values, size_t n);
/* A number as Go writes it: in full, without exponent; also of +Inf and NaN. */
enum { PROMQL_NUMBER_TEXT = 400 };
char *promql_number_text(char buf[static PROMQL_NUMBER_TEXT], double v);

#endif
