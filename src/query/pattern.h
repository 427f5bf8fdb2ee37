/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* pattern: a regular expression that must match all of a text. Patterns come over the network too: compiling and matching take a bounded time and amount of
 * memory, whatever the pattern. So the expressions are those that need no trying of ways (as Prometheus has them): classes, groups, alternatives,
 * repetition; no back-references and no looking around. */
#ifndef QUERY_PATTERN_H
#define QUERY_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

enum { PATTERN_ERROR = 160 };

enum { PATTERN_GROUPS = 16 }; /* with the whole as the first */

struct pattern;

/* Where a group lies in a text; begin > end: it matched nothing. */
struct pattern_group {
	size_t begin, end;
};

/* 0 and a pattern that the caller frees; -EINVAL and one line in `said`; -ENOMEM. */
int pattern_compile(const char *text, struct pattern **ret, char said[static PATTERN_ERROR]);
/* The same of a pattern whose groups are asked for: of ways to match it takes the first, and matching fails (below 0) where that would take long. */
int pattern_compile_groups(const char *text, struct pattern **ret, char said[static PATTERN_ERROR]);
/* 1 and what its groups matched, 0, or a negative number. */
int pattern_groups(
	const struct pattern *p, const char *text, struct pattern_group ret[static PATTERN_GROUPS]);
/* The number of a group with a name ("name", n bytes), or below 0. */
int pattern_group_number(const struct pattern *p, const char *name, size_t n);
void pattern_free(struct pattern *p);
/* 1, 0, or a negative number when it could not be told: the matcher ran out of its room. */
int pattern_matches(const struct pattern *p, const char *text);

#endif
