/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* selector: which series are meant: a name with wildcards, and conditions on labels. The same for
 * series of the live machine and of a recording, which bear one identity: struct history_series. */
#ifndef QUERY_SELECTOR_H
#define QUERY_SELECTOR_H

#include "query/pattern.h"
#include "store/history.h"

enum { SELECTOR_MATCHERS = 8, SELECTOR_NAME = 128, SELECTOR_LABEL = 32, SELECTOR_VALUE = 256 };

enum matcher_kind { MATCHER_EQUAL, MATCHER_DIFFERS, MATCHER_REGEX, MATCHER_NOT_REGEX };

struct matcher {
	char label[SELECTOR_LABEL], value[SELECTOR_VALUE];
	enum matcher_kind kind;
	struct pattern *pattern; /* of the two regex kinds, owned */
};

struct selector {
	char name[SELECTOR_NAME];
	bool prometheus; /* the name is meant in its Prometheus form */
	bool promql; /* of PromQL: no wildcards, in either form, "" is any; the label __name__ is the name */
	struct matcher matchers[SELECTOR_MATCHERS];
	size_t n;
};

/* Frees the regular expressions. */
void selector_free(struct selector *s);
bool selector_matches(const struct selector *s, const struct history_series *series);
/* One condition, as PromQL means it: without wildcards. */
bool selector_holds(const struct matcher *m, const char *value);
/* The name alone. */
bool selector_names(const struct selector *s, const struct history_series *series);
/* Does any metric of the catalogue bear the name? */
bool selector_known(const struct selector *s);
bool selector_has_wildcard(const struct selector *s);

/* '*' stands for any characters, '?' for one, '\' takes the next as it is. */
bool selector_glob(const char *pattern, const char *text);
/* A label that metrics have, or "netns". */
bool selector_is_label(const char *name);

/* What is known of a metric without a recording: identity without instance and namespace. */
struct history_series selector_series_of(enum metric m);

#endif
