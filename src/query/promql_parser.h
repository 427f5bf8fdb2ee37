/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* promql_parser: the words of PromQL, for its parser (promql.c). Those that answer int: 0, or -EINVAL and it is said. */
#ifndef QUERY_PROMQL_PARSER_H
#define QUERY_PROMQL_PARSER_H

#include "query/promql.h"
#include "query/syntax.h"

struct parser {
	struct syntax in;
	struct promql *q;
	unsigned depth;
};

int parser_expect(struct parser *s, char c, const char *where);
/* Length 0: none stands here. */
struct word parser_peek(struct parser *s);
/* Keywords are known in capitals, too. */
bool parser_is(struct word w, const char *text);
bool parser_skip_word(struct parser *s, const char *text);
/* In milliseconds, more than zero. */
bool parser_duration(struct parser *s, int64_t *ret);
bool parser_number(struct parser *s, double *ret);
int parser_label(struct parser *s, char ret[static SELECTOR_LABEL]);
int parser_labels(struct parser *s, bool except, struct promql_labels **ret);
int parser_by(struct parser *s, struct promql_labels **ret);
int parser_string(struct parser *s, char *ret, size_t size);

#endif
