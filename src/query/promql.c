/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/promql.h"

#include "query/syntax.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct parser {
	struct syntax in;
	struct promql *q;
	unsigned depth;
};

static const struct {
	const char *name;
	enum promql_kind kind;
	unsigned args; /* beside the expression: a number before it (aggregates), or behind it */
} functions[PROMQL_FUNCTIONS] = {
	[PROMQL_RATE] = {"rate", PROMQL_OVER_TIME, 0},
	[PROMQL_IRATE] = {"irate", PROMQL_OVER_TIME, 0},
	[PROMQL_INCREASE] = {"increase", PROMQL_OVER_TIME, 0},
	[PROMQL_DELTA] = {"delta", PROMQL_OVER_TIME, 0},
	[PROMQL_AVG_OVER_TIME] = {"avg_over_time", PROMQL_OVER_TIME, 0},
	[PROMQL_MIN_OVER_TIME] = {"min_over_time", PROMQL_OVER_TIME, 0},
	[PROMQL_MAX_OVER_TIME] = {"max_over_time", PROMQL_OVER_TIME, 0},
	[PROMQL_SUM_OVER_TIME] = {"sum_over_time", PROMQL_OVER_TIME, 0},
	[PROMQL_COUNT_OVER_TIME] = {"count_over_time", PROMQL_OVER_TIME, 0},
	[PROMQL_LAST_OVER_TIME] = {"last_over_time", PROMQL_OVER_TIME, 0},
	[PROMQL_ABS] = {"abs", PROMQL_FUNCTION, 0},
	[PROMQL_CEIL] = {"ceil", PROMQL_FUNCTION, 0},
	[PROMQL_FLOOR] = {"floor", PROMQL_FUNCTION, 0},
	[PROMQL_ROUND] = {"round", PROMQL_FUNCTION, 0},
	[PROMQL_SQRT] = {"sqrt", PROMQL_FUNCTION, 0},
	[PROMQL_EXP] = {"exp", PROMQL_FUNCTION, 0},
	[PROMQL_LN] = {"ln", PROMQL_FUNCTION, 0},
	[PROMQL_LOG2] = {"log2", PROMQL_FUNCTION, 0},
	[PROMQL_LOG10] = {"log10", PROMQL_FUNCTION, 0},
	[PROMQL_CLAMP_MIN] = {"clamp_min", PROMQL_FUNCTION, 1},
	[PROMQL_CLAMP_MAX] = {"clamp_max", PROMQL_FUNCTION, 1},
	[PROMQL_SCALAR] = {"scalar", PROMQL_FUNCTION, 0},
	[PROMQL_VECTOR] = {"vector", PROMQL_FUNCTION, 0},
	[PROMQL_TIME] = {"time", PROMQL_FUNCTION, 0},
	[PROMQL_SORT] = {"sort", PROMQL_FUNCTION, 0},
	[PROMQL_SORT_DESC] = {"sort_desc", PROMQL_FUNCTION, 0},
	[PROMQL_ABSENT] = {"absent", PROMQL_FUNCTION, 0},
	[PROMQL_SUM] = {"sum", PROMQL_AGGREGATE, 0},
	[PROMQL_AVG] = {"avg", PROMQL_AGGREGATE, 0},
	[PROMQL_MIN] = {"min", PROMQL_AGGREGATE, 0},
	[PROMQL_MAX] = {"max", PROMQL_AGGREGATE, 0},
	[PROMQL_COUNT] = {"count", PROMQL_AGGREGATE, 0},
	[PROMQL_GROUP] = {"group", PROMQL_AGGREGATE, 0},
	[PROMQL_TOPK] = {"topk", PROMQL_AGGREGATE, 1},
	[PROMQL_BOTTOMK] = {"bottomk", PROMQL_AGGREGATE, 1},
	[PROMQL_QUANTILE] = {"quantile", PROMQL_AGGREGATE, 1},
};

static const struct {
	const char *text;
	unsigned level;
} operators[PROMQL_OPERATORS] = {[PROMQL_OR] = {"or", 1},
	[PROMQL_AND] = {"and", 2},
	[PROMQL_UNLESS] = {"unless", 2},
	[PROMQL_EQUAL] = {"==", 3},
	[PROMQL_DIFFERS] = {"!=", 3},
	[PROMQL_AT_LEAST] = {">=", 3},
	[PROMQL_AT_MOST] = {"<=", 3},
	[PROMQL_MORE] = {">", 3},
	[PROMQL_LESS] = {"<", 3},
	[PROMQL_PLUS] = {"+", 4},
	[PROMQL_MINUS] = {"-", 4},
	[PROMQL_TIMES] = {"*", 5},
	[PROMQL_DIVIDE] = {"/", 5},
	[PROMQL_MODULO] = {"%", 5},
	[PROMQL_POWER] = {"^", 6}};

enum { LEVEL_UNARY = 5 }; /* -2 ^ 2 is -4, -a * b is (-a) * b */

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:",
		  word_characters[] =
			  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:.0123456789";

const char *promql_function_name(enum promql_function f)
{
	return functions[f].name;
}

static int expect(struct parser *s, char c, const char *where)
{
	return syntax_skip(&s->in, c)
		       ? 0
		       : syntax_wrong(&s->in, s->in.p, "'%c' is expected %s", c, where);
}

/* Length 0: none stands here. */
static struct word peek(struct parser *s)
{
	syntax_blanks(&s->in);
	bool any = *s->in.p && strchr(letters, *s->in.p);
	return (struct word){s->in.p, any ? strspn(s->in.p, word_characters) : 0};
}

static bool is(struct word w, const char *text)
{
	return strlen(text) == w.n && strncasecmp(w.begin, text, w.n) == 0;
}

static bool skip_word(struct parser *s, const char *text)
{
	struct word w = peek(s);
	if (!is(w, text))
		return false;
	s->in.p += w.n;
	return true;
}

static struct promql_node *new_node(struct parser *s, enum promql_kind kind, const char *at)
{
	if (s->q->nnodes == PROMQL_NODES) {
		(void)syntax_wrong(&s->in, at, "the expression is too long");
		return NULL;
	}
	struct promql_node *n = &s->q->nodes[s->q->nnodes++];
	*n = (struct promql_node){.kind = kind, .at = (size_t)(at - s->in.begin) + 1};
	return n;
}

/* ---- durations, numbers, labels ---- */

static bool take_duration(struct parser *s, uint64_t *ret)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000},
		{"w", 604800000}, {"y", UINT64_C(31536000000)}};
	const char *p = s->in.p;
	uint64_t total = 0;
	while (*p >= '0' && *p <= '9') {
		char *end;
		errno = 0;
		uint64_t n = strtoull(p, &end, 10);
		size_t i = 0, length = strspn(end, "mshdwy");
		while (i < COUNTOF(units) && (strlen(units[i].text) != length ||
						     strncmp(units[i].text, end, length) != 0))
			i++;
		if (errno || i == COUNTOF(units) || n > UINT64_C(1000000000000) / units[i].ms)
			return false;
		total += n * units[i].ms;
		p = end + length;
	}
	if (p == s->in.p || total == 0)
		return false;
	s->in.p = p;
	*ret = total * 1000000;
	return true;
}

static bool take_number(struct parser *s, double *ret)
{
	char *end;
	struct word w = peek(s);
	if (is(w, "inf") || is(w, "nan")) {
		*ret = is(w, "inf") ? INFINITY : NAN;
		s->in.p += w.n;
		return true;
	}
	if (!(*s->in.p >= '0' && *s->in.p <= '9') &&
		!(*s->in.p == '.' && s->in.p[1] >= '0' && s->in.p[1] <= '9'))
		return false;
	*ret = strtod(s->in.p, &end);
	s->in.p = end;
	return true;
}

static int take_label(struct parser *s, char ret[static SELECTOR_LABEL])
{
	struct word w = peek(s);
	if (w.n == 0 || w.n >= SELECTOR_LABEL)
		return syntax_wrong(&s->in, s->in.p, "a label is expected");
	memcpy(ret, w.begin, w.n);
	ret[w.n] = '\0';
	s->in.p += w.n;
	return 0;
}

/* "(a, b)" behind by, without, on, ignoring. */
static int take_labels(struct parser *s, bool except, struct promql_labels **ret)
{
	if (s->q->nlabels == COUNTOF(s->q->labels))
		return syntax_wrong(&s->in, s->in.p, "the expression is too long");
	struct promql_labels *l = &s->q->labels[s->q->nlabels++];
	*l = (struct promql_labels){.except = except};
	int r = expect(s, '(', "before labels");
	while (r == 0 && !syntax_skip(&s->in, ')')) {
		if (l->n == PROMQL_BY)
			return syntax_wrong(&s->in, s->in.p, "more than %d labels", PROMQL_BY);
		r = take_label(s, l->label[l->n++]);
		syntax_blanks(&s->in);
		if (r == 0 && !syntax_skip(&s->in, ',') && *s->in.p != ')')
			r = syntax_wrong(&s->in, s->in.p, "',' or ')' is expected");
	}
	*ret = l;
	return r;
}

static int take_by(struct parser *s, struct promql_labels **ret)
{
	if (skip_word(s, "by"))
		return take_labels(s, false, ret);
	return skip_word(s, "without") ? take_labels(s, true, ret) : 0;
}

/* ---- selectors ---- */

static char escaped(char c)
{
	switch (c) {
	case 'n': return '\n';
	case 't': return '\t';
	case 'r': return '\r';
	default: return c;
	}
}

static int take_string(struct parser *s, char *ret, size_t size)
{
	syntax_blanks(&s->in);
	const char *begin = s->in.p;
	char quote = *s->in.p;
	size_t n = 0;
	if (quote != '"' && quote != '\'' && quote != '`')
		return syntax_wrong(&s->in, s->in.p, "a value in \"quotes\" is expected");
	for (s->in.p++; *s->in.p && *s->in.p != quote; s->in.p++) {
		bool slash = quote != '`' && *s->in.p == '\\' && s->in.p[1];
		if (n + 1 == size)
			return syntax_wrong(
				&s->in, begin, "a value is longer than %zu bytes", size - 1);
		s->in.p += slash;
		ret[n] = *s->in.p;
		if (slash)
			ret[n] = escaped(*s->in.p);
		n++;
	}
	if (*s->in.p != quote)
		return syntax_wrong(
			&s->in, s->in.p, "'%c' is expected at the end of a value", quote);
	s->in.p++;
	ret[n] = '\0';
	return 0;
}

static int take_matcher(struct parser *s, struct selector *sel)
{
	if (sel->n == SELECTOR_MATCHERS)
		return syntax_wrong(&s->in, s->in.p, "more than %d conditions", SELECTOR_MATCHERS);
	struct matcher *m = &sel->matchers[sel->n];
	int r = take_label(s, m->label);
	if (r == 0)
		r = syntax_operator(&s->in, &m->kind);
	const char *at = s->in.p;
	if (r == 0)
		r = take_string(s, m->value, sizeof m->value);
	if (r == 0)
		r = syntax_pattern(&s->in, at, m);
	sel->n += r == 0;
	return r;
}

static int take_selector(struct parser *s, struct word name, struct promql_node **ret)
{
	const char *at = s->in.p;
	if (s->q->nselectors == PROMQL_SELECTORS)
		return syntax_wrong(&s->in, at, "more than %d selectors", PROMQL_SELECTORS);
	if (name.n >= SELECTOR_NAME)
		return syntax_wrong(
			&s->in, at, "a name is longer than %d bytes", SELECTOR_NAME - 1);
	struct promql_node *n = new_node(s, PROMQL_SELECTOR, at);
	if (!n)
		return -EINVAL;
	n->selector = (unsigned)s->q->nselectors++;
	struct selector *sel = &s->q->selectors[n->selector];
	*sel = (struct selector){.promql = true};
	memcpy(sel->name, name.begin, name.n);
	s->in.p += name.n;
	int r = 0;
	if (syntax_skip(&s->in, '{'))
		while (r == 0 && !syntax_skip(&s->in, '}')) {
			r = take_matcher(s, sel);
			syntax_blanks(&s->in);
			if (r == 0 && !syntax_skip(&s->in, ',') && *s->in.p != '}')
				r = syntax_wrong(&s->in, s->in.p, "',' or '}' is expected");
		}
	if (r == 0 && !*sel->name && sel->n == 0)
		r = syntax_wrong(&s->in, at, "a selector needs a name or a condition");
	if (r == 0 && syntax_skip(&s->in, '[')) {
		syntax_blanks(&s->in);
		if (!take_duration(s, &n->range_ns))
			return syntax_wrong(
				&s->in, s->in.p, "a duration is expected, as 5m or 1h30m");
		if (*s->in.p == ':')
			return syntax_wrong(&s->in, s->in.p, "subqueries are not known here");
		r = expect(s, ']', "after a duration");
	}
	if (r == 0 && skip_word(s, "offset")) {
		syntax_blanks(&s->in);
		if (!take_duration(s, &n->offset_ns))
			return syntax_wrong(
				&s->in, s->in.p, "a duration is expected after offset, as 1h");
	}
	syntax_blanks(&s->in);
	if (r == 0 && *s->in.p == '@')
		return syntax_wrong(&s->in, s->in.p, "@ is not known here");
	*ret = n;
	return r;
}

/* ---- functions ---- */

static int take_expression(struct parser *s, unsigned level, struct promql_node **ret);

static int take_call(struct parser *s, enum promql_function f, struct promql_node **ret)
{
	struct promql_node *n = new_node(s, functions[f].kind, s->in.p);
	if (!n)
		return -EINVAL;
	n->function = f;
	s->in.p += strlen(functions[f].name);
	int r = n->kind == PROMQL_AGGREGATE ? take_by(s, &n->labels) : 0;
	if (r == 0)
		r = expect(s, '(', "after a function");
	bool before = n->kind == PROMQL_AGGREGATE && functions[f].args;
	if (r == 0 && before) {
		r = take_expression(s, 1, &n->args[1]);
		if (r == 0)
			r = expect(s, ',', "after the number");
	}
	if (r == 0 && f != PROMQL_TIME)
		r = take_expression(s, 1, &n->args[0]);
	if (r == 0 && functions[f].args && !before) {
		r = expect(s, ',', "before the number");
		if (r == 0)
			r = take_expression(s, 1, &n->args[1]);
	}
	if (r == 0)
		r = expect(s, ')', "at the end of a function");
	if (r == 0 && n->kind == PROMQL_AGGREGATE && !n->labels)
		r = take_by(s, &n->labels);
	if (r == 0 && n->kind == PROMQL_OVER_TIME &&
		(n->args[0]->kind != PROMQL_SELECTOR || !n->args[0]->range_ns))
		return syntax_wrong(&s->in, s->in.begin + n->at - 1,
			"%s() takes a selector with a range, as %s(x[5m])", functions[f].name,
			functions[f].name);
	if (r == 0 && n->kind != PROMQL_OVER_TIME && n->args[0] && n->args[0]->range_ns)
		return syntax_wrong(&s->in, s->in.begin + n->args[0]->at - 1, "%s() takes no range",
			functions[f].name);
	*ret = n;
	return r;
}

static int take_word(struct parser *s, struct word w, struct promql_node **ret)
{
	const char *behind = w.begin + w.n + strspn(w.begin + w.n, " \t\n\r");
	for (unsigned f = 0; f < PROMQL_FUNCTIONS; f++) {
		struct word after = {behind, strspn(behind, letters)};
		bool by = functions[f].kind == PROMQL_AGGREGATE &&
			  (is(after, "by") || is(after, "without"));
		if (strlen(functions[f].name) == w.n &&
			strncmp(functions[f].name, w.begin, w.n) == 0 && (*behind == '(' || by))
			return take_call(s, (enum promql_function)f, ret);
	}
	if (*behind == '(')
		return syntax_wrong(&s->in, w.begin, "%.*s(): no such function here",
			(int)(w.n < 40 ? w.n : 40), w.begin);
	return take_selector(s, w, ret);
}

static int take_one(struct parser *s, struct promql_node **ret)
{
	double number;
	syntax_blanks(&s->in);
	const char *at = s->in.p;
	if (syntax_skip(&s->in, '(')) {
		int r = take_expression(s, 1, ret);
		return r < 0 ? r : expect(s, ')', "to close");
	}
	if (*s->in.p == '-' || *s->in.p == '+') {
		bool minus = *s->in.p++ == '-';
		struct promql_node *n = minus ? new_node(s, PROMQL_BINARY, at) : NULL;
		struct promql_node *zero = minus ? new_node(s, PROMQL_NUMBER, at) : NULL;
		if (minus && (!n || !zero))
			return -EINVAL;
		int r = take_expression(s, LEVEL_UNARY + 1, minus ? &n->args[1] : ret);
		if (minus) {
			n->op = PROMQL_TIMES; /* -x: x times minus one, so that zero stays one */
			zero->number = -1;
			n->args[0] = zero;
			*ret = n;
		}
		return r;
	}
	if (take_number(s, &number)) {
		struct promql_node *n = new_node(s, PROMQL_NUMBER, at);
		if (!n)
			return -EINVAL;
		n->number = number;
		*ret = n;
		return 0;
	}
	struct word w = peek(s);
	if (w.n == 0 && *s->in.p != '{')
		return syntax_wrong(&s->in, s->in.p, "%s",
			*s->in.p == '"' || *s->in.p == '\'' ? "texts are not known here"
							    : "an expression is expected");
	return w.n ? take_word(s, w, ret) : take_selector(s, w, ret);
}

/* PROMQL_OPERATORS: none stands here. */
static enum promql_operator peek_operator(struct parser *s, size_t *ret_n)
{
	struct word w = peek(s);
	for (unsigned o = 0; o < PROMQL_OPERATORS; o++) {
		*ret_n = strlen(operators[o].text);
		if (w.n ? is(w, operators[o].text)
			: strncmp(s->in.p, operators[o].text, *ret_n) == 0)
			return (enum promql_operator)o;
	}
	return PROMQL_OPERATORS;
}

static int take_modifiers(struct parser *s, struct promql_node *n)
{
	if (n->op >= PROMQL_EQUAL && n->op <= PROMQL_LESS)
		n->as_bool = skip_word(s, "bool");
	int r = 0;
	if (skip_word(s, "on"))
		r = take_labels(s, false, &n->labels);
	else if (skip_word(s, "ignoring"))
		r = take_labels(s, true, &n->labels);
	struct word w = peek(s);
	if (r == 0 && (is(w, "group_left") || is(w, "group_right")))
		r = syntax_wrong(&s->in, s->in.p, "%.*s is not known here", (int)w.n, w.begin);
	return r;
}

static int take_expression(struct parser *s, unsigned level, struct promql_node **ret)
{
	size_t length;
	if (++s->depth > PROMQL_DEPTH)
		return syntax_wrong(&s->in, s->in.p, "the expression is nested too deep");
	int r = take_one(s, ret);
	while (r == 0) {
		enum promql_operator o = peek_operator(s, &length);
		if (o == PROMQL_OPERATORS || operators[o].level < level)
			break;
		struct promql_node *n = new_node(s, PROMQL_BINARY, s->in.p), *left = *ret;
		if (!n)
			return -EINVAL;
		n->op = o;
		s->in.p += length;
		r = take_modifiers(s, n);
		if (r == 0) /* a ^ b ^ c is a ^ (b ^ c) */
			r = take_expression(
				s, operators[o].level + (o != PROMQL_POWER), &n->args[1]);
		n->args[0] = left;
		*ret = n;
		for (unsigned i = 0; r == 0 && i < 2; i++)
			if (n->args[i]->range_ns)
				r = syntax_wrong(&s->in, s->in.begin + n->at - 1,
					"'%s' takes no selector with a range", operators[o].text);
	}
	s->depth--;
	return r;
}

static int parse(const char *text, bool selector, struct promql *ret, char *why)
{
	*ret = (struct promql){0};
	why[0] = '\0';
	struct parser s = {.in = {text, text, why, true}, .q = ret};
	int r = take_expression(&s, 1, &ret->root);
	syntax_blanks(&s.in);
	if (r == 0 && *s.in.p)
		r = syntax_wrong(&s.in, s.in.p, "the end is expected");
	if (r == 0 && selector && (ret->root->kind != PROMQL_SELECTOR || ret->root->range_ns))
		r = syntax_wrong(&s.in, text, "a selector is expected, as name{label=\"value\"}");
	if (r < 0)
		promql_free(ret);
	return r;
}

int promql_parse(const char *text, struct promql *ret, char why[static EXPRESSION_ERROR])
{
	return parse(text, false, ret, why);
}

int promql_parse_selector(const char *text, struct promql *ret, char why[static EXPRESSION_ERROR])
{
	return parse(text, true, ret, why);
}

void promql_free(struct promql *q)
{
	for (size_t i = 0; i < q->nselectors; i++)
		selector_free(&q->selectors[i]);
	q->nselectors = 0;
}
