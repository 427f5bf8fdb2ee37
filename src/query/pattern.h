/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* pattern: a regular expression that must match all of a text. Patterns come over the network too: compiling and matching take a bounded time and amount of
 * memory, whatever the pattern. So the expressions are those that need no trying of ways (as Prometheus has them): classes, groups, alternatives,
 * repetition; no back-references and no looking around. */
#ifndef QUERY_PATTERN_H
#define QUERY_PATTERN_H

#include <stdbool.h>

enum { PATTERN_ERROR = 160 };

struct pattern;

/* 0 and a pattern that the caller frees; -EINVAL and one line in `said`; -ENOMEM. */
int pattern_compile(const char *text, struct pattern **ret, char said[static PATTERN_ERROR]);
void pattern_free(struct pattern *p);
/* 1, 0, or a negative number when it could not be told: the matcher ran out of its room. */
int pattern_matches(const struct pattern *p, const char *text);

#endif
