/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* By PCRE2, with its matcher that follows all ways at once. The C library's regcomp() takes any amount of time and memory for some short expressions: it
 * writes out what is counted, and computes closures of nested repetitions by going down every way. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "query/pattern.h"

#include <errno.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NESTED_MAX = 16,
	COMPILED_MAX = 8 * 1024, /* bytes; what is counted is written out */
	WORKSPACE =
		16 *
		1024, /* numbers, some for each place in the compiled pattern where a way can stand */
	STEPS_MAX = 1000, /* of the matcher's own recursion */
	WAYS_MAX = 20000, /* that are tried where groups are asked for */
	HEAP_KIB = 512,
};

struct pattern {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
};

/* What the matcher does by recursion, or not at all. */
static const char *unwanted(const char *text, bool names)
{
	static const char *const groups[] = {"(?:", "(?i)", "(?i:", "(?s)", "(?s:"};
	const char *class = NULL; /* its first sign, which is no end of it */
	for (const char *p = text; *p; p++) {
		if (*p == '\\') {
			if (!p[1])
				return "'\\' at the end";
			if (strchr("123456789gkKCRXGEQ", *++p))
				return "no back-references and such: after '\\' stands a sign, or "
				       "one of d D s S w W b B t n r x";
		} else if (class) {
			if (*p == ']' && p > class)
				class = NULL;
		} else if (*p == '[') {
			p += p[1] == '^';
			class = p + 1;
		} else if (strchr("*+?}", *p) && p[1] == '+') {
			return "no '+' behind a repetition";
		} else if (p[0] == '(' && p[1] == '*') {
			return "no verbs: '(*' means nothing";
		} else if (p[0] == '(' && p[1] == '?') {
			bool known = names && p[2] == 'P' && p[3] == '<';
			for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
				known = known || strncmp(p, groups[i], strlen(groups[i])) == 0;
			if (!known)
				return "of '(?' only '(?:', '(?i)' and '(?s)' are known";
		}
	}
	return NULL;
}

static int compile(
	const char *text, bool groups, struct pattern **ret, char said[static PATTERN_ERROR])
{
	const char *why = unwanted(text, groups);
	int error = 0;
	PCRE2_SIZE at = 0;
	size_t size = 0;
	if (why) {
		(void)snprintf(said, PATTERN_ERROR, "%s", why);
		return -EINVAL;
	}
	struct pattern *p = calloc(1, sizeof *p);
	pcre2_compile_context *c = pcre2_compile_context_create(NULL);
	if (!p || !c) {
		free(p);
		pcre2_compile_context_free(c);
		return -ENOMEM;
	}
	(void)pcre2_set_parens_nest_limit(c, NESTED_MAX);
	p->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
		PCRE2_ANCHORED | PCRE2_DOLLAR_ENDONLY | PCRE2_NO_AUTO_POSSESS |
			PCRE2_NEVER_BACKSLASH_C |
			(groups ? PCRE2_ENDANCHORED : PCRE2_NO_AUTO_CAPTURE),
		&error, &at, c);
	pcre2_compile_context_free(c);
	if (!p->code) {
		char text_of[PATTERN_ERROR] = "";
		(void)pcre2_get_error_message(error, (PCRE2_UCHAR *)text_of, sizeof text_of);
		(void)snprintf(said, PATTERN_ERROR, "%.120s, at %zu", text_of, (size_t)at + 1);
		pattern_free(p);
		return -EINVAL;
	}
	(void)pcre2_pattern_info(p->code, PCRE2_INFO_SIZE, &size);
	if (size > COMPILED_MAX) {
		(void)snprintf(
			said, PATTERN_ERROR, "less counted repetition: written out it is too long");
		pattern_free(p);
		return -EINVAL;
	}
	p->match = pcre2_match_data_create(groups ? PATTERN_GROUPS : 1, NULL);
	p->limits = pcre2_match_context_create(NULL);
	if (!p->match || !p->limits) {
		pattern_free(p);
		return -ENOMEM;
	}
	(void)pcre2_set_depth_limit(p->limits, STEPS_MAX);
	(void)pcre2_set_match_limit(p->limits, groups ? WAYS_MAX : STEPS_MAX);
	(void)pcre2_set_heap_limit(p->limits, HEAP_KIB);
	*ret = p;
	return 0;
}

int pattern_compile(const char *text, struct pattern **ret, char said[static PATTERN_ERROR])
{
	return compile(text, false, ret, said);
}

int pattern_compile_groups(const char *text, struct pattern **ret, char said[static PATTERN_ERROR])
{
	return compile(text, true, ret, said);
}

void pattern_free(struct pattern *p)
{
	if (!p)
		return;
	pcre2_code_free(p->code);
	pcre2_match_data_free(p->match);
	pcre2_match_context_free(p->limits);
	free(p);
}

int pattern_matches(const struct pattern *p, const char *text)
{
	int workspace[WORKSPACE];
	size_t len = strlen(text);
	int r = pcre2_dfa_match(
		p->code, (PCRE2_SPTR)text, len, 0, 0, p->match, p->limits, workspace, WORKSPACE);
	if (r < 0)
		return r == PCRE2_ERROR_NOMATCH ? 0 : r;
	return pcre2_get_ovector_pointer(p->match)[1] == len; /* the longest match comes first */
}

int pattern_groups(
	const struct pattern *p, const char *text, struct pattern_group ret[static PATTERN_GROUPS])
{
	int r = pcre2_match(p->code, (PCRE2_SPTR)text, strlen(text), 0, 0, p->match, p->limits);
	if (r < 0)
		return r == PCRE2_ERROR_NOMATCH ? 0 : r;
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(p->match);
	for (size_t i = 0; i < PATTERN_GROUPS; i++) {
		bool there = (r == 0 || i < (size_t)r) && at[2 * i] != PCRE2_UNSET;
		ret[i] = there ? (struct pattern_group){at[2 * i], at[2 * i + 1]}
			       : (struct pattern_group){1, 0};
	}
	return 1;
}

int pattern_group_number(const struct pattern *p, const char *name, size_t n)
{
	char text[33];
	if (n >= sizeof text)
		return -ENOENT;
	memcpy(text, name, n);
	text[n] = '\0';
	return pcre2_substring_number_from_name(p->code, (PCRE2_SPTR)text);
}
