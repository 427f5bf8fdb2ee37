/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/selector.h"

#include <string.h>

void selector_free(struct selector *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->matchers[i].kind >= MATCHER_REGEX)
			pattern_free(s->matchers[i].pattern);
	s->n = 0;
}

/* Bytes of the UTF-8 character at s; stray bytes count as one. */
static size_t one_character(const char *s)
{
	size_t n = 1;
	while (((unsigned char)s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

bool selector_glob(const char *p, const char *s)
{
	const char *star = NULL, *again = NULL;
	while (*s) {
		if (*p == '*') {
			star = ++p;
			again = s;
		} else if (*p == '?') {
			p++;
			s += one_character(s);
		} else if (*p == '\\' && p[1] && p[1] == *s) {
			p += 2;
			s++;
		} else if (*p && *p == *s && *p != '\\') {
			p++;
			s++;
		} else if (star) {
			p = star;
			s = ++again;
		} else {
			return false;
		}
	}
	while (*p == '*')
		p++;
	return *p == '\0';
}

bool selector_is_label(const char *name)
{
	if (strcmp(name, "netns") == 0)
		return true;
	for (unsigned m = 0; m < METRIC_COUNT; m++) {
		const char *label = metric_label_name(metric_info((enum metric)m)->label);
		if (label && strcmp(label, name) == 0)
			return true;
	}
	return false;
}

struct history_series selector_series_of(enum metric m)
{
	const struct metric_info *i = metric_info(m);
	const char *label = metric_label_name(i->label);
	return (struct history_series){.name = i->name,
		.label = label ? label : "",
		.instance = "",
		.netns = "",
		.kind = i->kind,
		.metric = m};
}

bool selector_names(const struct selector *s, const struct history_series *series)
{
	char buf[PROMETHEUS_NAME];
	if (s->promql)
		return !*s->name || strcmp(s->name, series->name) == 0 ||
		       strcmp(s->name, metric_prometheus_name(buf, series->metric)) == 0;
	return selector_glob(s->name,
		s->prometheus ? metric_prometheus_name(buf, series->metric) : series->name);
}

bool selector_known(const struct selector *s)
{
	for (unsigned m = 0; m < METRIC_COUNT; m++) {
		struct history_series series = selector_series_of((enum metric)m);
		if (selector_names(s, &series))
			return true;
	}
	return false;
}

bool selector_has_wildcard(const struct selector *s)
{
	return strpbrk(s->name, "*?") != NULL || (s->promql && !*s->name);
}

static const char *label_value(const struct history_series *s, const char *label)
{
	if (strcmp(label, "netns") == 0)
		return s->netns;
	return strcmp(label, s->label) == 0 ? s->instance : "";
}

static bool holds(const struct matcher *m, const char *value, bool exact)
{
	bool same = false;
	if (m->kind == MATCHER_EQUAL || m->kind == MATCHER_DIFFERS)
		same = exact ? strcmp(m->value, value) == 0 : selector_glob(m->value, value);
	switch (m->kind) {
	case MATCHER_EQUAL: return same;
	case MATCHER_DIFFERS: return !same;
	case MATCHER_REGEX: return pattern_matches(m->pattern, value) == 1;
	case MATCHER_NOT_REGEX: return pattern_matches(m->pattern, value) == 0;
	}
	return false;
}

bool selector_holds(const struct matcher *m, const char *value)
{
	return holds(m, value, true);
}

bool selector_matches(const struct selector *s, const struct history_series *series)
{
	if (!selector_names(s, series))
		return false;
	for (size_t i = 0; i < s->n; i++) {
		const struct matcher *m = &s->matchers[i];
		char name[PROMETHEUS_NAME];
		const char *value = s->promql && strcmp(m->label, "__name__") == 0
					    ? metric_prometheus_name(name, series->metric)
					    : label_value(series, m->label);
		if (!holds(m, value, s->promql))
			return false;
	}
	return true;
}
