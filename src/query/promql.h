/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* promql: the part of Prometheus' query language that Grafana and promtool are mostly used with, parsed.
 *
 *     numbers, ( ), + - * / % ^, == != > < >= <= with bool, and or unless, on (...), ignoring (...)
 *     name{label="v", label=~"v.*"}[5m] offset 1h, {__name__=~"plimsoll_net_.*"}
 *     rate irate increase delta, avg min max sum count last _over_time
 *     sum avg min max count group, topk bottomk quantile, each with by (...) or without (...)
 *     abs ceil floor round sqrt exp ln log2 log10 clamp_min clamp_max scalar vector time sort sort_desc absent
 *
 * Names are those of /metrics; our own with dots (cpu.busy) are known too. What is not here is refused by name. A text takes a bounded number of
 * nodes, whatever it is. */
#ifndef QUERY_PROMQL_H
#define QUERY_PROMQL_H

#include "query/expression.h"

enum { PROMQL_NODES = 64, PROMQL_SELECTORS = 8, PROMQL_BY = 8, PROMQL_DEPTH = 24 };

enum promql_kind {
	PROMQL_NUMBER,
	PROMQL_SELECTOR,
	PROMQL_FUNCTION,  /* of values at one moment */
	PROMQL_OVER_TIME, /* of a selector with a range */
	PROMQL_AGGREGATE,
	PROMQL_BINARY,
};

enum promql_function {
	/* over time */
	PROMQL_RATE,
	PROMQL_IRATE,
	PROMQL_INCREASE,
	PROMQL_DELTA,
	PROMQL_AVG_OVER_TIME,
	PROMQL_MIN_OVER_TIME,
	PROMQL_MAX_OVER_TIME,
	PROMQL_SUM_OVER_TIME,
	PROMQL_COUNT_OVER_TIME,
	PROMQL_LAST_OVER_TIME,
	/* of one moment */
	PROMQL_ABS,
	PROMQL_CEIL,
	PROMQL_FLOOR,
	PROMQL_ROUND,
	PROMQL_SQRT,
	PROMQL_EXP,
	PROMQL_LN,
	PROMQL_LOG2,
	PROMQL_LOG10,
	PROMQL_CLAMP_MIN,
	PROMQL_CLAMP_MAX,
	PROMQL_SCALAR,
	PROMQL_VECTOR,
	PROMQL_TIME,
	PROMQL_SORT,
	PROMQL_SORT_DESC,
	PROMQL_ABSENT,
	/* across series */
	PROMQL_SUM,
	PROMQL_AVG,
	PROMQL_MIN,
	PROMQL_MAX,
	PROMQL_COUNT,
	PROMQL_GROUP,
	PROMQL_TOPK,
	PROMQL_BOTTOMK,
	PROMQL_QUANTILE,
	PROMQL_FUNCTIONS
};

enum promql_operator {
	PROMQL_OR,
	PROMQL_AND,
	PROMQL_UNLESS,
	PROMQL_EQUAL,
	PROMQL_DIFFERS,
	PROMQL_AT_LEAST,
	PROMQL_AT_MOST,
	PROMQL_MORE,
	PROMQL_LESS,
	PROMQL_PLUS,
	PROMQL_MINUS,
	PROMQL_TIMES,
	PROMQL_DIVIDE,
	PROMQL_MODULO,
	PROMQL_POWER,
	PROMQL_OPERATORS
};

/* by (...), without (...), on (...), ignoring (...): labels that count, or that do not. */
struct promql_labels {
	char label[PROMQL_BY][SELECTOR_LABEL];
	size_t n;
	bool except; /* without, ignoring; also when nothing is said, with n 0 */
};

struct promql_node {
	enum promql_kind kind;
	size_t at; /* place in the text, from 1 */
	double number;
	enum promql_function function;
	enum promql_operator op;
	bool as_bool;
	unsigned selector;            /* of the selectors */
	uint64_t range_ns, offset_ns; /* range 0: a moment */
	struct promql_labels *labels; /* of an aggregate or an op; NULL: none said */
	struct promql_node *args[2];
};

struct promql {
	struct promql_node nodes[PROMQL_NODES];
	struct selector selectors[PROMQL_SELECTORS];
	struct promql_labels labels[PROMQL_SELECTORS];
	size_t nnodes, nselectors, nlabels;
	struct promql_node *root;
};

/* 0; -EINVAL with one line that names the position (from 1, in bytes); -ENOMEM. After 0, to be freed by promql_free(). */
int promql_parse(const char *text, struct promql *ret, char why[static EXPRESSION_ERROR]);
/* A selector alone, as match[] has it. */
int promql_parse_selector(const char *text, struct promql *ret, char why[static EXPRESSION_ERROR]);
void promql_free(struct promql *q);
const char *promql_function_name(enum promql_function f);

#endif
