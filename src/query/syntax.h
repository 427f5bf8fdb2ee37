/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* syntax: what the parsers of both languages, ours and Prometheus', have in common: where they are in a text, and how they say what is wrong there. */
#ifndef QUERY_SYNTAX_H
#define QUERY_SYNTAX_H

#include "base/attr.h"
#include "query/selector.h"

#include <stdbool.h>
#include <stddef.h>

struct syntax {
	const char *begin, *p; /* the text, and what of it is not read yet */
	char *why;             /* EXPRESSION_ERROR bytes */
	bool comments;         /* from # to the end of a line */
};

struct word {
	const char *begin;
	size_t n;
};

/* Writes one line with the position (from 1, in bytes) of at. Always -EINVAL. */
int PRINTF(3, 4) syntax_wrong(struct syntax *s, const char *at, const char *fmt, ...);
void syntax_blanks(struct syntax *s);
/* Blanks, and the character if it is the next one. */
bool syntax_skip(struct syntax *s, char c);
/* What is between a label and its value. -EINVAL: none of them, and it is said. */
int syntax_operator(struct syntax *s, enum matcher_kind *ret);
/* Compiles the value of a matcher that has a regular expression, and does nothing to another. -EINVAL: it is said; or -ENOMEM. */
int syntax_pattern(struct syntax *s, const char *at, struct matcher *m);

#endif
