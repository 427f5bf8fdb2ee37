/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* promql: the language of Prometheus 2.42, parsed: all that its own dashboards and Grafana send.
 *
 *     numbers, "texts", ( ), + - * / % ^ atan2, == != > < >= <= with bool, and or unless, on (...), ignoring (...), group_left (...), group_right (...)
 *     name{label="v", label=~"v.*"}[5m] offset 1h @ 1700000000, {__name__=~"plimsoll_net_.*"}, expression[1h:1m]
 *     the functions of promql_functions.c, and aggregations with by (...) or without (...)
 *
 * Not known: native histograms and what asks of them. Names are those of /metrics; our own with dots (cpu.busy) are known too. What is not here is
 * refused by name. A text takes a bounded number of nodes, whatever it is; types are checked here, so that what is parsed can be evaluated. */
#ifndef QUERY_PROMQL_H
#define QUERY_PROMQL_H

#include "query/expression.h"

enum {
	PROMQL_NODES = 128,
	PROMQL_SELECTORS = 16,
	PROMQL_BY = 10,
	PROMQL_DEPTH = 32,
	PROMQL_ARGS = 8,
	PROMQL_TEXT = 256,
};

enum promql_kind {
	PROMQL_NUMBER,
	PROMQL_STRING,
	PROMQL_SELECTOR,
	PROMQL_SUBQUERY,
	PROMQL_CALL,
	PROMQL_AGGREGATE,
	PROMQL_BINARY,
};

enum promql_type { PROMQL_SCALAR_TYPE, PROMQL_VECTOR_TYPE, PROMQL_MATRIX_TYPE, PROMQL_TEXT_TYPE };

#define FUNCTION(id, name, class, args, least, type) PROMQL_##id,
enum promql_function {
#include "query/promql_functions.def"
	PROMQL_FUNCTIONS
};
#undef FUNCTION

/* Who evaluates it. */
enum promql_class {
	PROMQL_OVER_RANGE, /* of the samples of a window: promql_range.c */
	PROMQL_OF_VALUE,   /* of one value and numbers: promql_instant.c */
	PROMQL_OF_LABELS,  /* of series: promql_labels.c */
	PROMQL_OF_TIME,    /* parts of a date: promql_instant.c */
	PROMQL_SPECIAL,    /* promql_evaluate.c */
	PROMQL_ACROSS,     /* aggregations: promql_aggregate.c */
};

/* args: a letter for each, Scalar, Vector, Matrix, Text; the last repeats when it is '*'. */
struct promql_function_info {
	const char *name;
	enum promql_class class;
	const char *args;
	unsigned least; /* how many there must be */
	enum promql_type type;
};

const struct promql_function_info *promql_function_info(enum promql_function f);

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
	PROMQL_ATAN2,
	PROMQL_POWER,
	PROMQL_OPERATORS
};

/* by (...), without (...), on (...), ignoring (...), group_left (...): labels that count, or that do not. */
struct promql_labels {
	char label[PROMQL_BY][SELECTOR_LABEL];
	size_t n;
	bool except; /* without, ignoring; also when nothing is said, with n 0 */
};

/* How many of a side may have one partner. */
enum promql_group { PROMQL_ONE_TO_ONE, PROMQL_GROUP_LEFT, PROMQL_GROUP_RIGHT };

/* What a selector or a subquery is fixed to. */
enum promql_fixed { PROMQL_MOVING, PROMQL_FIXED_AT, PROMQL_FIXED_START, PROMQL_FIXED_END };

struct promql_node {
	enum promql_kind kind;
	enum promql_type type;
	size_t at; /* place in the text, from 1 */
	double number;
	const char *text;
	enum promql_function function;
	enum promql_operator op;
	bool as_bool;
	enum promql_group group;
	unsigned selector; /* of the selectors */
	int64_t range_ms, step_ms, offset_ms,
		at_ms; /* range 0: a moment; step 0: that of the server */
	bool has_offset;
	enum promql_fixed fixed;
	struct promql_labels *labels;  /* of an aggregate or an op; NULL: none said */
	struct promql_labels *include; /* of group_left, group_right */
	struct promql_node *args[PROMQL_ARGS];
	size_t nargs;
};

struct promql {
	struct promql_node nodes[PROMQL_NODES];
	struct selector selectors[PROMQL_SELECTORS];
	struct promql_labels labels[PROMQL_SELECTORS];
	char texts[PROMQL_SELECTORS][PROMQL_TEXT];
	size_t nnodes, nselectors, nlabels, ntexts;
	struct promql_node *root;
};

/* 0; -EINVAL with one line that names the position (from 1, in bytes); -ENOMEM. After 0, to be freed by promql_free(). */
int promql_parse(const char *text, struct promql *ret, char why[static EXPRESSION_ERROR]);
/* A selector alone, as match[] has it. */
int promql_parse_selector(const char *text, struct promql *ret, char why[static EXPRESSION_ERROR]);
void promql_free(struct promql *q);
const char *promql_operator_text(enum promql_operator o);
/* A name that a label may have. */
bool promql_is_label(const char *name);

#endif
