/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/expression.h"

#include "base/attr.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = EXPRESSION_LEVELS + 2 }; /* rate, one function over time, and the levels */

struct parser {
	const char *begin, *p;
	struct expression *e;
	char *why;
	unsigned depth;
};

struct word {
	const char *begin;
	size_t n;
};

static int PRINTF(3, 4) wrong(struct parser *s, const char *at, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(s->why, EXPRESSION_ERROR, "at %zu: ", (size_t)(at - s->begin) + 1);
	va_start(ap, fmt);
	(void)vsnprintf(s->why + n, EXPRESSION_ERROR - (size_t)n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static void blanks(struct parser *s)
{
	s->p += strspn(s->p, " \t\n");
}

static bool skip(struct parser *s, char c)
{
	blanks(s);
	if (*s->p != c)
		return false;
	s->p++;
	return true;
}

static struct word take(struct parser *s, const char *of)
{
	blanks(s);
	struct word w = {s->p, strspn(s->p, of)};
	s->p += w.n;
	return w;
}

static bool is(struct word w, const char *text)
{
	return strlen(text) == w.n && memcmp(w.begin, text, w.n) == 0;
}

static int take_label(struct parser *s, char ret[static SELECTOR_LABEL])
{
	struct word w = take(s, "abcdefghijklmnopqrstuvwxyz0123456789_");
	if (w.n == 0 || w.n >= SELECTOR_LABEL)
		return wrong(s, w.begin, "a label is expected");
	memcpy(ret, w.begin, w.n);
	ret[w.n] = '\0';
	if (!selector_is_label(ret))
		return wrong(s, w.begin,
			"'%s': no such label; expected cpu, dev, mount, if, cgroup, cache, state, "
			"user or netns",
			ret);
	return 0;
}

/* ---- selector ---- */

static int take_operator(struct parser *s, enum matcher_kind *ret)
{
	static const struct {
		const char *text;
		enum matcher_kind kind;
	} operators[] = {{"=~", MATCHER_REGEX}, {"!~", MATCHER_NOT_REGEX}, {"!=", MATCHER_DIFFERS},
		{"=", MATCHER_EQUAL}};
	blanks(s);
	for (size_t i = 0; i < COUNTOF(operators); i++) {
		size_t n = strlen(operators[i].text);
		if (strncmp(s->p, operators[i].text, n) != 0)
			continue;
		s->p += n;
		*ret = operators[i].kind;
		return 0;
	}
	return wrong(s, s->p, "=, !=, =~ or !~ is expected after a label");
}

/* Between quotes; a backslash takes the next character as it is, but a regular expression keeps its
 * own. */
static int take_value(struct parser *s, struct matcher *m)
{
	const char *begin = s->p;
	size_t n = 0;
	if (!skip(s, '"'))
		return wrong(s, s->p, "a value in \"quotes\" is expected");
	for (; *s->p && *s->p != '"'; s->p++) {
		bool escaped = *s->p == '\\' && s->p[1];
		if (escaped && (m->kind < MATCHER_REGEX || s->p[1] == '"' || s->p[1] == '\\'))
			s->p++;
		if (n + 1 == sizeof m->value)
			return wrong(
				s, begin, "a value is longer than %zu bytes", sizeof m->value - 1);
		m->value[n++] = *s->p;
	}
	if (*s->p != '"')
		return wrong(s, s->p, "'\"' is expected at the end of a value");
	s->p++;
	return 0;
}

static int compile(struct parser *s, const char *at, struct matcher *m)
{
	char said[PATTERN_ERROR];
	int r = pattern_compile(m->value, &m->pattern, said);
	return r == -EINVAL ? wrong(s, at, "a regular expression is expected: %s", said) : r;
}

static int take_matcher(struct parser *s)
{
	struct selector *sel = &s->e->selector;
	if (sel->n == SELECTOR_MATCHERS)
		return wrong(s, s->p, "more than %d conditions", SELECTOR_MATCHERS);
	struct matcher *m = &sel->matchers[sel->n];
	int r = take_label(s, m->label);
	if (r == 0)
		r = take_operator(s, &m->kind);
	const char *at = s->p;
	if (r == 0)
		r = take_value(s, m);
	if (r == 0 && m->kind >= MATCHER_REGEX)
		r = compile(s, at, m);
	if (r == 0)
		sel->n++;
	return r;
}

static int take_selector(struct parser *s, struct word name)
{
	struct selector *sel = &s->e->selector;
	if (name.n >= sizeof sel->name)
		return wrong(
			s, name.begin, "a name is longer than %zu bytes", sizeof sel->name - 1);
	memcpy(sel->name, name.begin, name.n);
	sel->name[name.n] = '\0';
	sel->prometheus = strncmp(sel->name, "plimsoll_", strlen("plimsoll_")) == 0;
	if (!skip(s, '{'))
		return 0;
	while (!skip(s, '}')) {
		int r = take_matcher(s);
		if (r < 0)
			return r;
		blanks(s);
		if (!skip(s, ',') && *s->p != '}')
			return wrong(s, s->p, "',' or '}' is expected");
	}
	return 0;
}

/* ---- functions ---- */

struct call {
	struct word name;
	bool rate, has_by;
	enum query_function function;
	struct expression_level level;
};

static bool find_function(struct word w, struct call *ret)
{
	static const struct {
		const char *name;
		enum query_function function;
	} functions[] = {{"rate", QUERY_NONE}, {"avg", QUERY_AVG}, {"min", QUERY_MIN},
		{"max", QUERY_MAX}, {"last", QUERY_LAST}, {"quantile", QUERY_QUANTILE},
		{"sum", QUERY_SUM}};
	for (size_t i = 0; i < COUNTOF(functions); i++) {
		if (!is(w, functions[i].name))
			continue;
		*ret = (struct call){.name = w,
			.rate = functions[i].function == QUERY_NONE,
			.function = functions[i].function};
		return true;
	}
	return false;
}

/* "by (a, b)" if it stands here. */
static int take_by(struct parser *s, struct call *c)
{
	const char *begin = s->p;
	if (!is(take(s, "abcdefghijklmnopqrstuvwxyz"), "by")) {
		s->p = begin;
		return 0;
	}
	c->has_by = true;
	if (!skip(s, '('))
		return wrong(s, s->p, "'(' is expected after by");
	while (!skip(s, ')')) {
		if (c->level.n == EXPRESSION_BY)
			return wrong(s, s->p, "more than %d labels", EXPRESSION_BY);
		int r = take_label(s, c->level.by[c->level.n]);
		if (r < 0)
			return r;
		c->level.n++;
		blanks(s);
		if (!skip(s, ',') && *s->p != ')')
			return wrong(s, s->p, "',' or ')' is expected");
	}
	return 0;
}

static int take_quantile(struct parser *s)
{
	struct word w = take(s, "0123456789.");
	char text[24], *end = text;
	if (w.n && w.n < sizeof text) {
		memcpy(text, w.begin, w.n);
		text[w.n] = '\0';
		s->e->quantile = strtod(text, &end);
	}
	if (end == text || *end || s->e->quantile < 0 || s->e->quantile > 1)
		return wrong(
			s, w.begin, "a quantile from 0 to 1 is expected, as quantile(0.99, X)");
	return skip(s, ',') ? 0 : wrong(s, s->p, "',' is expected after the quantile");
}

/* Enters a function whose argument is parsed. */
static int apply(struct parser *s, struct call *c)
{
	struct expression *e = s->e;
	const char *at = c->name.begin;
	int n = (int)c->name.n;
	bool across = c->has_by || c->function == QUERY_SUM;
	if (c->has_by && (c->rate || c->function == QUERY_LAST || c->function == QUERY_QUANTILE))
		return wrong(s, at, "%.*s() takes no 'by'; sum, avg, min and max do", n, at);
	if (c->rate) {
		if (e->rate || e->over || e->n)
			return wrong(s, at, "rate() is expected directly around a selector");
		e->rate = true;
	} else if (across) {
		if (e->n == EXPRESSION_LEVELS)
			return wrong(
				s, at, "more than %d functions across series", EXPRESSION_LEVELS);
		c->level.function = c->function;
		e->levels[e->n++] = c->level;
	} else if (e->n) {
		return wrong(s, at,
			"%.*s() over time is expected inside the function across series"
			" (across series it needs 'by (...)' behind it)",
			n, at);
	} else if (e->over) {
		return wrong(s, at, "one function over time is expected, not two");
	} else {
		e->over = c->function;
	}
	return 0;
}

static int take_expression(struct parser *s);

static int take_call(struct parser *s, struct call *c)
{
	int r = 0;
	if (++s->depth > DEPTH_MAX)
		return wrong(s, c->name.begin, "functions are nested too deep");
	if (!skip(s, '('))
		return wrong(s, s->p, "'(' is expected");
	if (c->function == QUERY_QUANTILE)
		r = take_quantile(s);
	if (r == 0)
		r = take_expression(s);
	if (r == 0 && !skip(s, ')'))
		r = wrong(s, s->p, "')' is expected");
	if (r == 0 && !c->has_by)
		r = take_by(s, c);
	return r < 0 ? r : apply(s, c);
}

static int take_expression(struct parser *s)
{
	struct word w = take(s, "abcdefghijklmnopqrstuvwxyz0123456789._*?");
	struct call c;
	if (w.n == 0)
		return wrong(s, s->p,
			"a name or a function is expected (a name has a-z, 0-9, '.', "
			"'_', '*', '?')");
	blanks(s);
	if (find_function(w, &c)) {
		int r = take_by(s, &c);
		if (r < 0)
			return r;
		if (*s->p == '(' || c.has_by)
			return take_call(s, &c);
	}
	if (*s->p == '(')
		return wrong(s, w.begin,
			"no such function; expected rate, avg, min, max, last, quantile or sum");
	return take_selector(s, w);
}

int expression_parse(const char *text, struct expression *ret, char why[static EXPRESSION_ERROR])
{
	*ret = (struct expression){0};
	why[0] = '\0';
	struct parser s = {.begin = text, .p = text, .e = ret, .why = why};
	int r = take_expression(&s);
	blanks(&s);
	if (r == 0 && *s.p)
		r = wrong(&s, s.p, "the end is expected");
	if (r < 0)
		expression_free(ret);
	return r;
}

void expression_free(struct expression *e)
{
	selector_free(&e->selector);
}
