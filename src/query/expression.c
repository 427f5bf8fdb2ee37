/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/expression.h"

#include "query/syntax.h"

#include <errno.h>
#include <string.h>

enum { DEPTH_MAX = EXPRESSION_LEVELS + 2 }; /* rate, one function over time, and the levels */

struct parser {
	struct syntax in;
	struct expression *e;
	unsigned depth;
};

static struct word take(struct parser *s, const char *of)
{
	syntax_blanks(&s->in);
	struct word w = {s->in.p, strspn(s->in.p, of)};
	s->in.p += w.n;
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
		return syntax_wrong(&s->in, w.begin, "a label is expected");
	memcpy(ret, w.begin, w.n);
	ret[w.n] = '\0';
	if (!selector_is_label(ret))
		return syntax_wrong(&s->in, w.begin,
			"'%s': no such label; expected cpu, dev, mount, if, cgroup, cache, state, "
			"user or netns",
			ret);
	return 0;
}

/* ---- selector ---- */

/* Between quotes; a backslash takes the next character as it is, but a regular expression keeps its
 * own. */
static int take_value(struct parser *s, struct matcher *m)
{
	const char *begin = s->in.p;
	size_t n = 0;
	if (!syntax_skip(&s->in, '"'))
		return syntax_wrong(&s->in, s->in.p, "a value in \"quotes\" is expected");
	for (; *s->in.p && *s->in.p != '"'; s->in.p++) {
		bool escaped = *s->in.p == '\\' && s->in.p[1];
		if (escaped && (m->kind < MATCHER_REGEX || s->in.p[1] == '"' || s->in.p[1] == '\\'))
			s->in.p++;
		if (n + 1 == sizeof m->value)
			return syntax_wrong(&s->in, begin, "a value is longer than %zu bytes",
				sizeof m->value - 1);
		m->value[n++] = *s->in.p;
	}
	if (*s->in.p != '"')
		return syntax_wrong(&s->in, s->in.p, "'\"' is expected at the end of a value");
	s->in.p++;
	return 0;
}

static int take_matcher(struct parser *s)
{
	struct selector *sel = &s->e->selector;
	if (sel->n == SELECTOR_MATCHERS)
		return syntax_wrong(&s->in, s->in.p, "more than %d conditions", SELECTOR_MATCHERS);
	struct matcher *m = &sel->matchers[sel->n];
	int r = take_label(s, m->label);
	if (r == 0)
		r = syntax_operator(&s->in, &m->kind);
	const char *at = s->in.p;
	if (r == 0)
		r = take_value(s, m);
	if (r == 0)
		r = syntax_pattern(&s->in, at, m);
	if (r == 0)
		sel->n++;
	return r;
}

static int take_selector(struct parser *s, struct word name)
{
	struct selector *sel = &s->e->selector;
	if (name.n >= sizeof sel->name)
		return syntax_wrong(&s->in, name.begin, "a name is longer than %zu bytes",
			sizeof sel->name - 1);
	memcpy(sel->name, name.begin, name.n);
	sel->name[name.n] = '\0';
	sel->prometheus = strncmp(sel->name, "plimsoll_", strlen("plimsoll_")) == 0;
	if (!syntax_skip(&s->in, '{'))
		return 0;
	while (!syntax_skip(&s->in, '}')) {
		int r = take_matcher(s);
		if (r < 0)
			return r;
		syntax_blanks(&s->in);
		if (!syntax_skip(&s->in, ',') && *s->in.p != '}')
			return syntax_wrong(&s->in, s->in.p, "',' or '}' is expected");
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
	const char *begin = s->in.p;
	if (!is(take(s, "abcdefghijklmnopqrstuvwxyz"), "by")) {
		s->in.p = begin;
		return 0;
	}
	c->has_by = true;
	if (!syntax_skip(&s->in, '('))
		return syntax_wrong(&s->in, s->in.p, "'(' is expected after by");
	while (!syntax_skip(&s->in, ')')) {
		if (c->level.n == EXPRESSION_BY)
			return syntax_wrong(&s->in, s->in.p, "more than %d labels", EXPRESSION_BY);
		int r = take_label(s, c->level.by[c->level.n]);
		if (r < 0)
			return r;
		c->level.n++;
		syntax_blanks(&s->in);
		if (!syntax_skip(&s->in, ',') && *s->in.p != ')')
			return syntax_wrong(&s->in, s->in.p, "',' or ')' is expected");
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
		return syntax_wrong(&s->in, w.begin,
			"a quantile from 0 to 1 is expected, as quantile(0.99, X)");
	return syntax_skip(&s->in, ',')
		       ? 0
		       : syntax_wrong(&s->in, s->in.p, "',' is expected after the quantile");
}

/* Enters a function whose argument is parsed. */
static int apply(struct parser *s, struct call *c)
{
	struct expression *e = s->e;
	const char *at = c->name.begin;
	int n = (int)c->name.n;
	bool across = c->has_by || c->function == QUERY_SUM;
	if (c->has_by && (c->rate || c->function == QUERY_LAST || c->function == QUERY_QUANTILE))
		return syntax_wrong(
			&s->in, at, "%.*s() takes no 'by'; sum, avg, min and max do", n, at);
	if (c->rate) {
		if (e->rate || e->over || e->n)
			return syntax_wrong(
				&s->in, at, "rate() is expected directly around a selector");
		e->rate = true;
	} else if (across) {
		if (e->n == EXPRESSION_LEVELS)
			return syntax_wrong(&s->in, at, "more than %d functions across series",
				EXPRESSION_LEVELS);
		c->level.function = c->function;
		e->levels[e->n++] = c->level;
	} else if (e->n) {
		return syntax_wrong(&s->in, at,
			"%.*s() over time is expected inside the function across series"
			" (across series it needs 'by (...)' behind it)",
			n, at);
	} else if (e->over) {
		return syntax_wrong(&s->in, at, "one function over time is expected, not two");
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
		return syntax_wrong(&s->in, c->name.begin, "functions are nested too deep");
	if (!syntax_skip(&s->in, '('))
		return syntax_wrong(&s->in, s->in.p, "'(' is expected");
	if (c->function == QUERY_QUANTILE)
		r = take_quantile(s);
	if (r == 0)
		r = take_expression(s);
	if (r == 0 && !syntax_skip(&s->in, ')'))
		r = syntax_wrong(&s->in, s->in.p, "')' is expected");
	if (r == 0 && !c->has_by)
		r = take_by(s, c);
	return r < 0 ? r : apply(s, c);
}

static int take_expression(struct parser *s)
{
	struct word w = take(s, "abcdefghijklmnopqrstuvwxyz0123456789._*?");
	struct call c;
	if (w.n == 0)
		return syntax_wrong(&s->in, s->in.p,
			"a name or a function is expected (a name has a-z, 0-9, '.', "
			"'_', '*', '?')");
	syntax_blanks(&s->in);
	if (find_function(w, &c)) {
		int r = take_by(s, &c);
		if (r < 0)
			return r;
		if (*s->in.p == '(' || c.has_by)
			return take_call(s, &c);
	}
	if (*s->in.p == '(')
		return syntax_wrong(&s->in, w.begin,
			"no such function; expected rate, avg, min, max, last, quantile or sum");
	return take_selector(s, w);
}

int expression_parse(const char *text, struct expression *ret, char why[static EXPRESSION_ERROR])
{
	*ret = (struct expression){0};
	why[0] = '\0';
	struct parser s = {.in = {text, text, why, false}, .e = ret};
	int r = take_expression(&s);
	syntax_blanks(&s.in);
	if (r == 0 && *s.in.p)
		r = syntax_wrong(&s.in, s.in.p, "the end is expected");
	if (r < 0)
		expression_free(ret);
	return r;
}

void expression_free(struct expression *e)
{
	selector_free(&e->selector);
}
