/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/promql_parser.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:",
		  word_characters[] =
			  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:.0123456789";

int parser_expect(struct parser *s, char c, const char *where)
{
	return syntax_skip(&s->in, c)
		       ? 0
		       : syntax_wrong(&s->in, s->in.p, "'%c' is expected %s", c, where);
}

/* Length 0: none stands here. */
struct word parser_peek(struct parser *s)
{
	syntax_blanks(&s->in);
	bool any = *s->in.p && strchr(letters, *s->in.p);
	return (struct word){s->in.p, any ? strspn(s->in.p, word_characters) : 0};
}

bool parser_is(struct word w, const char *text)
{
	return strlen(text) == w.n && strncasecmp(w.begin, text, w.n) == 0;
}

bool parser_skip_word(struct parser *s, const char *text)
{
	struct word w = parser_peek(s);
	if (!parser_is(w, text))
		return false;
	s->in.p += w.n;
	return true;
}

/* ---- durations, numbers, labels ---- */

bool parser_duration(struct parser *s, int64_t *ret)
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
	*ret = (int64_t)total;
	return true;
}

bool parser_number(struct parser *s, double *ret)
{
	char *end;
	struct word w = parser_peek(s);
	if (parser_is(w, "inf") || parser_is(w, "nan")) {
		*ret = parser_is(w, "inf") ? INFINITY : NAN;
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

int parser_label(struct parser *s, char ret[static SELECTOR_LABEL])
{
	struct word w = parser_peek(s);
	if (w.n == 0 || w.n >= SELECTOR_LABEL)
		return syntax_wrong(&s->in, s->in.p, "a label is expected");
	memcpy(ret, w.begin, w.n);
	ret[w.n] = '\0';
	s->in.p += w.n;
	return 0;
}

/* "(a, b)" behind by, without, on, ignoring. */
int parser_labels(struct parser *s, bool except, struct promql_labels **ret)
{
	if (s->q->nlabels == COUNTOF(s->q->labels))
		return syntax_wrong(&s->in, s->in.p, "the expression is too long");
	struct promql_labels *l = &s->q->labels[s->q->nlabels++];
	*l = (struct promql_labels){.except = except};
	int r = parser_expect(s, '(', "before labels");
	while (r == 0 && !syntax_skip(&s->in, ')')) {
		if (l->n == PROMQL_BY)
			return syntax_wrong(&s->in, s->in.p, "more than %d labels", PROMQL_BY);
		r = parser_label(s, l->label[l->n++]);
		syntax_blanks(&s->in);
		if (r == 0 && !syntax_skip(&s->in, ',') && *s->in.p != ')')
			r = syntax_wrong(&s->in, s->in.p, "',' or ')' is expected");
	}
	*ret = l;
	return r;
}

int parser_by(struct parser *s, struct promql_labels **ret)
{
	if (parser_skip_word(s, "by"))
		return parser_labels(s, false, ret);
	return parser_skip_word(s, "without") ? parser_labels(s, true, ret) : 0;
}

static char escaped(char c)
{
	switch (c) {
	case 'n': return '\n';
	case 't': return '\t';
	case 'r': return '\r';
	default: return c;
	}
}

int parser_string(struct parser *s, char *ret, size_t size)
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
