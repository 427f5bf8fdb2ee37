/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/promql_parser.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
	[PROMQL_ATAN2] = {"atan2", 5},
	[PROMQL_POWER] = {"^", 6}};

enum { LEVEL_UNARY = 5 }; /* -2 ^ 2 is -4, -a * b is (-a) * b */

const char *promql_operator_text(enum promql_operator o)
{
	return operators[o].text;
}

bool promql_is_label(const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
	return *name && strchr(first, *name) && !name[n];
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

static const char *type_name(enum promql_type t)
{
	static const char *const names[] = {[PROMQL_SCALAR_TYPE] = "a number",
		[PROMQL_VECTOR_TYPE] = "series",
		[PROMQL_MATRIX_TYPE] = "series with a range, as x[5m]",
		[PROMQL_TEXT_TYPE] = "a text"};
	return names[t];
}

/* ---- selectors ---- */

static int take_matcher(struct parser *s, struct selector *sel)
{
	if (sel->n == SELECTOR_MATCHERS)
		return syntax_wrong(&s->in, s->in.p, "more than %d conditions", SELECTOR_MATCHERS);
	struct matcher *m = &sel->matchers[sel->n];
	int r = parser_label(s, m->label);
	if (r == 0)
		r = syntax_operator(&s->in, &m->kind);
	const char *at = s->in.p;
	if (r == 0)
		r = parser_string(s, m->value, sizeof m->value);
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
	n->type = PROMQL_VECTOR_TYPE;
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
	*ret = n;
	return r;
}

/* ---- what stands behind: [5m], [1h:1m], offset, @ ---- */

static int take_range(struct parser *s, struct promql_node **ret)
{
	struct promql_node *of = *ret;
	const char *at = s->in.p;
	int64_t range, step = 0;
	syntax_blanks(&s->in);
	if (!parser_duration(s, &range))
		return syntax_wrong(&s->in, s->in.p, "a duration is expected, as 5m or 1h30m");
	if (!syntax_skip(&s->in, ':')) {
		if (of->kind != PROMQL_SELECTOR || of->range_ms || of->has_offset || of->fixed)
			return syntax_wrong(&s->in, at,
				"a range stands behind a selector; of an expression it has a step: "
				"[1h:1m]");
		of->range_ms = range;
		of->type = PROMQL_MATRIX_TYPE;
		return parser_expect(s, ']', "after a duration");
	}
	syntax_blanks(&s->in);
	if (*s->in.p != ']' && !parser_duration(s, &step))
		return syntax_wrong(&s->in, s->in.p, "a step is expected, as [1h:1m]");
	if (of->type != PROMQL_VECTOR_TYPE)
		return syntax_wrong(
			&s->in, at, "a subquery is of series, not of %s", type_name(of->type));
	struct promql_node *n = new_node(s, PROMQL_SUBQUERY, at);
	if (!n)
		return -EINVAL;
	n->type = PROMQL_MATRIX_TYPE;
	n->range_ms = range;
	n->step_ms = step;
	n->args[n->nargs++] = of;
	*ret = n;
	return parser_expect(s, ']', "after a step");
}

static int take_offset(struct parser *s, struct promql_node *n)
{
	syntax_blanks(&s->in);
	bool minus = *s->in.p == '-';
	s->in.p += minus;
	syntax_blanks(&s->in);
	if (n->has_offset || !parser_duration(s, &n->offset_ms))
		return syntax_wrong(&s->in, s->in.p, "%s",
			n->has_offset ? "there is an offset already"
				      : "a duration is expected after offset, as 1h");
	n->offset_ms = minus ? -n->offset_ms : n->offset_ms;
	n->has_offset = true;
	return 0;
}

static int take_fixed(struct parser *s, struct promql_node *n)
{
	const char *at = s->in.p;
	double x;
	if (n->fixed)
		return syntax_wrong(&s->in, at, "there is an @ already");
	bool start = parser_skip_word(s, "start");
	if (start || parser_skip_word(s, "end")) {
		n->fixed = start ? PROMQL_FIXED_START : PROMQL_FIXED_END;
		int r = parser_expect(s, '(', "after start and end");
		return r < 0 ? r : parser_expect(s, ')', "after start and end");
	}
	syntax_blanks(&s->in);
	bool minus = *s->in.p == '-';
	s->in.p += minus;
	if (!parser_number(s, &x) || !(x < 1e12))
		return syntax_wrong(&s->in, at, "seconds, start() or end() are expected behind @");
	n->fixed = PROMQL_FIXED_AT;
	n->at_ms = (int64_t)floor((minus ? -x : x) * 1000 + 0.5);
	return 0;
}

static int take_behind(struct parser *s, struct promql_node **ret)
{
	int r = 0;
	while (r == 0) {
		const char *at = (syntax_blanks(&s->in), s->in.p);
		bool offset = false, fixed = false;
		if (syntax_skip(&s->in, '[')) {
			r = take_range(s, ret);
			continue;
		}
		offset = parser_skip_word(s, "offset");
		fixed = !offset && syntax_skip(&s->in, '@');
		if (!offset && !fixed)
			break;
		if ((*ret)->kind != PROMQL_SELECTOR && (*ret)->kind != PROMQL_SUBQUERY)
			return syntax_wrong(&s->in, at, "%s stands behind selectors and subqueries",
				offset ? "offset" : "@");
		r = offset ? take_offset(s, *ret) : take_fixed(s, *ret);
	}
	return r;
}

/* ---- functions ---- */

static int take_expression(struct parser *s, unsigned level, struct promql_node **ret);

static enum promql_type type_of(char letter)
{
	return letter == 'S'   ? PROMQL_SCALAR_TYPE
	       : letter == 'V' ? PROMQL_VECTOR_TYPE
	       : letter == 'M' ? PROMQL_MATRIX_TYPE
			       : PROMQL_TEXT_TYPE;
}

static int take_argument(struct parser *s, struct promql_node *n)
{
	const struct promql_function_info *i = promql_function_info(n->function);
	size_t known = strlen(i->args), at = n->nargs;
	bool repeats = known && i->args[known - 1] == '*';
	if (n->nargs == PROMQL_ARGS || (!repeats && at >= known))
		return syntax_wrong(&s->in, s->in.p, "%s() takes no more", i->name);
	const char *begin = s->in.p;
	int r = take_expression(s, 1, &n->args[n->nargs]);
	if (r < 0)
		return r;
	enum promql_type want = type_of(i->args[repeats && at >= known - 1 ? known - 2 : at]),
			 got = n->args[n->nargs++]->type;
	if (want == got)
		return 0;
	return syntax_wrong(&s->in, begin, "%s() takes %s here, not %s", i->name, type_name(want),
		type_name(got));
}

static int take_call(struct parser *s, enum promql_function f, struct promql_node **ret)
{
	const struct promql_function_info *i = promql_function_info(f);
	bool across = i->class == PROMQL_ACROSS;
	const char *at = s->in.p;
	struct promql_node *n = new_node(s, across ? PROMQL_AGGREGATE : PROMQL_CALL, at);
	if (!n)
		return -EINVAL;
	n->function = f;
	n->type = i->type;
	s->in.p += strlen(i->name);
	int r = across ? parser_by(s, &n->labels) : 0;
	if (r == 0)
		r = parser_expect(s, '(', "after a function");
	while (r == 0 && !syntax_skip(&s->in, ')')) {
		r = take_argument(s, n);
		syntax_blanks(&s->in);
		if (r == 0 && !syntax_skip(&s->in, ',') && *s->in.p != ')')
			r = syntax_wrong(
				&s->in, s->in.p, "')' is expected at the end of a function");
	}
	if (r == 0 && n->nargs < i->least)
		r = syntax_wrong(&s->in, at, "%s() takes %s%s", i->name,
			i->least == 1 ? type_name(type_of(*i->args)) : "more than is there",
			i->least == 1 ? "" : ": its arguments are missing");
	if (r == 0 && across && !n->labels)
		r = parser_by(s, &n->labels);
	*ret = n;
	return r;
}

static int take_word(struct parser *s, struct word w, struct promql_node **ret)
{
	const char *behind = w.begin + w.n + strspn(w.begin + w.n, " \t\n\r");
	struct word after = {behind, strspn(behind, "abcdefghijklmnopqrstuvwxyzBYWITHOU")};
	bool by = parser_is(after, "by") || parser_is(after, "without");
	for (unsigned f = 0; f < PROMQL_FUNCTIONS; f++) {
		const struct promql_function_info *i =
			promql_function_info((enum promql_function)f);
		bool across = i->class == PROMQL_ACROSS;
		bool same = across ? parser_is(w, i->name)
				   : strlen(i->name) == w.n && strncmp(i->name, w.begin, w.n) == 0;
		if (same && (*behind == '(' || (across && by)))
			return take_call(s, (enum promql_function)f, ret);
	}
	if (*behind == '(')
		return syntax_wrong(&s->in, w.begin, "%.*s(): no such function here",
			(int)(w.n < 40 ? w.n : 40), w.begin);
	return take_selector(s, w, ret);
}

/* ---- expressions ---- */

static int take_text(struct parser *s, struct promql_node **ret)
{
	struct promql_node *n = new_node(s, PROMQL_STRING, s->in.p);
	if (!n)
		return -EINVAL;
	if (s->q->ntexts == COUNTOF(s->q->texts))
		return syntax_wrong(&s->in, s->in.p, "the expression is too long");
	n->type = PROMQL_TEXT_TYPE;
	n->text = s->q->texts[s->q->ntexts];
	*ret = n;
	return parser_string(s, s->q->texts[s->q->ntexts++], PROMQL_TEXT);
}

/* -x: x times minus one, so that zero stays one. */
static int take_minus(struct parser *s, const char *at, struct promql_node **ret)
{
	struct promql_node *n = new_node(s, PROMQL_BINARY, at);
	struct promql_node *one = n ? new_node(s, PROMQL_NUMBER, at) : NULL;
	if (!one)
		return -EINVAL;
	n->op = PROMQL_TIMES;
	one->number = -1;
	n->args[0] = one;
	n->nargs = 2;
	*ret = n;
	int r = take_expression(s, LEVEL_UNARY + 1, &n->args[1]);
	if (r == 0)
		n->type = n->args[1]->type;
	return r;
}

static int take_primary(struct parser *s, struct promql_node **ret)
{
	double number;
	const char *at = s->in.p;
	if (syntax_skip(&s->in, '(')) {
		int r = take_expression(s, 1, ret);
		return r < 0 ? r : parser_expect(s, ')', "to close");
	}
	if (parser_number(s, &number)) {
		struct promql_node *n = new_node(s, PROMQL_NUMBER, at);
		if (!n)
			return -EINVAL;
		n->number = number;
		*ret = n;
		return 0;
	}
	if (*s->in.p == '"' || *s->in.p == '\'' || *s->in.p == '`')
		return take_text(s, ret);
	struct word w = parser_peek(s);
	if (w.n == 0 && *s->in.p != '{')
		return syntax_wrong(&s->in, s->in.p, "an expression is expected");
	return w.n ? take_word(s, w, ret) : take_selector(s, w, ret);
}

static int take_one(struct parser *s, struct promql_node **ret)
{
	syntax_blanks(&s->in);
	const char *at = s->in.p;
	if (*s->in.p == '-' || *s->in.p == '+') {
		bool minus = *s->in.p++ == '-';
		int r = minus ? take_minus(s, at, ret) : take_expression(s, LEVEL_UNARY + 1, ret);
		if (r == 0 && (*ret)->type != PROMQL_SCALAR_TYPE &&
			(*ret)->type != PROMQL_VECTOR_TYPE)
			r = syntax_wrong(&s->in, at, "a sign takes no %s", type_name((*ret)->type));
		return r;
	}
	int r = take_primary(s, ret);
	return r < 0 ? r : take_behind(s, ret);
}

/* PROMQL_OPERATORS: none stands here. */
static enum promql_operator peek_operator(struct parser *s, size_t *ret_n)
{
	struct word w = parser_peek(s);
	for (unsigned o = 0; o < PROMQL_OPERATORS; o++) {
		*ret_n = strlen(operators[o].text);
		if (w.n ? parser_is(w, operators[o].text)
			: strncmp(s->in.p, operators[o].text, *ret_n) == 0)
			return (enum promql_operator)o;
	}
	return PROMQL_OPERATORS;
}

static int take_modifiers(struct parser *s, struct promql_node *n)
{
	const char *at = (syntax_blanks(&s->in), s->in.p);
	n->as_bool = parser_skip_word(s, "bool");
	if (n->as_bool && !(n->op >= PROMQL_EQUAL && n->op <= PROMQL_LESS))
		return syntax_wrong(&s->in, at, "bool stands behind comparisons");
	int r = 0;
	bool ignoring = parser_skip_word(s, "ignoring");
	if (!ignoring && !parser_skip_word(s, "on"))
		return 0;
	r = parser_labels(s, ignoring, &n->labels);
	syntax_blanks(&s->in);
	at = s->in.p;
	if (r == 0 && parser_skip_word(s, "group_left"))
		n->group = PROMQL_GROUP_LEFT;
	else if (r == 0 && parser_skip_word(s, "group_right"))
		n->group = PROMQL_GROUP_RIGHT;
	if (r < 0 || !n->group)
		return r;
	if (n->op <= PROMQL_UNLESS)
		return syntax_wrong(&s->in, at, "and, or, unless take no grouping");
	syntax_blanks(&s->in);
	if (*s->in.p == '(')
		r = parser_labels(s, false, &n->include);
	for (size_t i = 0; r == 0 && n->include && !ignoring && i < n->include->n; i++)
		for (size_t k = 0; k < n->labels->n; k++)
			if (strcmp(n->include->label[i], n->labels->label[k]) == 0)
				return syntax_wrong(
					&s->in, at, "%s is in on() already", n->labels->label[k]);
	return r;
}

/* What may stand at both sides. */
static int check_sides(struct parser *s, struct promql_node *n)
{
	const char *at = s->in.begin + n->at - 1;
	bool vectors = true, numbers = true;
	for (unsigned i = 0; i < 2; i++) {
		enum promql_type t = n->args[i]->type;
		if (t != PROMQL_SCALAR_TYPE && t != PROMQL_VECTOR_TYPE)
			return syntax_wrong(&s->in, at, "'%s' takes no %s", operators[n->op].text,
				t == PROMQL_MATRIX_TYPE ? "selector with a range" : "text");
		vectors = vectors && t == PROMQL_VECTOR_TYPE;
		numbers = numbers && t == PROMQL_SCALAR_TYPE;
	}
	n->type = numbers ? PROMQL_SCALAR_TYPE : PROMQL_VECTOR_TYPE;
	if (!vectors && n->op <= PROMQL_UNLESS)
		return syntax_wrong(
			&s->in, at, "and, or, unless stand between series, not numbers");
	if (!vectors && n->labels)
		return syntax_wrong(&s->in, at, "on and ignoring stand between series");
	if (numbers && n->op >= PROMQL_EQUAL && n->op <= PROMQL_LESS && !n->as_bool)
		return syntax_wrong(&s->in, at, "a comparison of two numbers needs bool behind it");
	return 0;
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
		n->nargs = 2;
		s->in.p += length;
		r = take_modifiers(s, n);
		if (r == 0) /* a ^ b ^ c is a ^ (b ^ c) */
			r = take_expression(
				s, operators[o].level + (o != PROMQL_POWER), &n->args[1]);
		n->args[0] = left;
		*ret = n;
		if (r == 0)
			r = check_sides(s, n);
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
	if (r == 0 && selector && (ret->root->kind != PROMQL_SELECTOR || ret->root->range_ms))
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
