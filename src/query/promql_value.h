/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* promql_value: what an expression of PromQL gives: series on one axis of time, or one number at each moment; and the arithmetic between them. */
#ifndef QUERY_PROMQL_VALUE_H
#define QUERY_PROMQL_VALUE_H

#include "query/promql.h"

enum {
	PROMQL_OWN_LABELS = 2,   /* that of the metric, and netns */
	PROMQL_VALUES = 1 << 17, /* of one series set: 1 MiB */
};

/* Who a series is. Texts belong to the history or are constant. Sorted by name of the label. */
struct promql_id {
	bool named;
	enum metric metric;
	unsigned n;
	struct promql_label {
		const char *name, *value;
	} l[PROMQL_OWN_LABELS];
};

struct promql_row {
	struct promql_id id;
	double *values; /* steps of them, NAN: none */
};

struct promql_value {
	bool scalar; /* one row without labels */
	bool sorted; /* rows come in an order that was asked for */
	size_t n, steps;
	struct promql_row *rows;
	double *block; /* of all rows */
};

/* Room for n rows, all values NAN; rows without labels. 0, -ENOMEM, or -E2BIG beyond PROMQL_VALUES. */
int promql_value_init(struct promql_value *v, size_t n, size_t steps);
void promql_value_free(struct promql_value *v);
bool promql_id_equal(const struct promql_id *a, const struct promql_id *b);
/* "" where it has none. */
const char *promql_id_label(const struct promql_id *id, const char *name);

/* All of these take their operands, also when they fail. 0, -EINVAL with a reason, -ENOMEM, -E2BIG. */
int promql_binary(const struct promql_node *n, struct promql_value *left,
	struct promql_value *right, struct promql_value *ret, char why[static EXPRESSION_ERROR]);
/* number: of topk, bottomk, quantile, at each step; else NULL */
int promql_aggregate(const struct promql_node *n, struct promql_value *of,
	const struct promql_value *number, struct promql_value *ret);
/* In place. times_s: of the steps. */
int promql_function(const struct promql_node *n, struct promql_value *of,
	const struct promql_value *number, const double *times_s, struct promql_value *ret);

#endif
