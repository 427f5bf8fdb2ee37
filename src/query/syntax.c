/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/syntax.h"

#include "query/expression.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int syntax_wrong(struct syntax *s, const char *at, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(s->why, EXPRESSION_ERROR, "at %zu: ", (size_t)(at - s->begin) + 1);
	va_start(ap, fmt);
	(void)vsnprintf(s->why + n, EXPRESSION_ERROR - (size_t)n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

void syntax_blanks(struct syntax *s)
{
	for (;;) {
		s->p += strspn(s->p, s->comments ? " \t\n\r" : " \t\n");
		if (!s->comments || *s->p != '#')
			return;
		s->p += strcspn(s->p, "\n");
	}
}

bool syntax_skip(struct syntax *s, char c)
{
	syntax_blanks(s);
	if (*s->p != c)
		return false;
	s->p++;
	return true;
}

int syntax_operator(struct syntax *s, enum matcher_kind *ret)
{
	static const struct {
		const char *text;
		enum matcher_kind kind;
	} operators[] = {{"=~", MATCHER_REGEX}, {"!~", MATCHER_NOT_REGEX}, {"!=", MATCHER_DIFFERS},
		{"=", MATCHER_EQUAL}};
	syntax_blanks(s);
	for (size_t i = 0; i < COUNTOF(operators); i++) {
		size_t n = strlen(operators[i].text);
		if (strncmp(s->p, operators[i].text, n) != 0)
			continue;
		s->p += n;
		*ret = operators[i].kind;
		return 0;
	}
	return syntax_wrong(s, s->p, "=, !=, =~ or !~ is expected after a label");
}

int syntax_pattern(struct syntax *s, const char *at, struct matcher *m)
{
	char said[PATTERN_ERROR];
	if (m->kind < MATCHER_REGEX)
		return 0;
	int r = pattern_compile(m->value, &m->pattern, said);
	return r == -EINVAL ? syntax_wrong(s, at, "a regular expression is expected: %s", said) : r;
}
