/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* expression: what is asked for, parsed. Blanks may stand between any two parts.
 *
 *     expression = selector | function "(" expression ")" [by] | function by "(" expression ")"
 *     selector   = name ["{" [matcher {"," matcher} [","]] "}"]
 *     matcher    = label ("=" | "!=" | "=~" | "!~") '"' value '"'
 *     function   = "rate" | "avg" | "min" | "max" | "last" | "sum" | "quantile"
 *     by         = "by" "(" [label {"," label}] ")"
 *
 * quantile has the quantile and a comma before its expression: quantile(0.99, X). A name may have *
 * and ?, and may be in its Prometheus form. "=" and "!=" know * and ?, the other two compare with an
 * extended regular expression that must match all of the value.
 *
 * Functions are applied from the inside to the outside, in this order and no other:
 *   rate(X)                                growth per second of counters, share of time of shares
 *   avg min max last quantile(X)           of each series over each step of time
 *   sum(X), sum|avg|min|max(X) by (...)    across series, at each step; sum alone adds up all */
#ifndef QUERY_EXPRESSION_H
#define QUERY_EXPRESSION_H

#include "query/selector.h"

enum { EXPRESSION_LEVELS = 4, EXPRESSION_BY = 10, EXPRESSION_ERROR = 256 };

enum query_function {
	QUERY_NONE,
	QUERY_AVG,
	QUERY_MIN,
	QUERY_MAX,
	QUERY_LAST,
	QUERY_QUANTILE,
	QUERY_SUM,
};

/* One function across series; those with equal labels of `by` become one. */
struct expression_level {
	enum query_function function;
	char by[EXPRESSION_BY][SELECTOR_LABEL];
	size_t n;
};

struct expression {
	struct selector selector;
	bool rate;
	enum query_function over; /* over each step of time, or QUERY_NONE */
	double quantile;
	struct expression_level levels[EXPRESSION_LEVELS]; /* in the order of application */
	size_t n;
};

/* 0; -EINVAL with one line that names the position (from 1, in bytes) and what was expected there;
 * -ENOMEM. After 0, to be freed by expression_free(). */
int expression_parse(const char *text, struct expression *ret, char why[static EXPRESSION_ERROR]);
void expression_free(struct expression *e);

#endif
