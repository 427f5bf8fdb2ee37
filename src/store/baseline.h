/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* baseline: what was usual at one hour of the day, out of the days before. A part of the view: rules and findings see it as they see the
 * samples, and know nothing of where it came from. */
#ifndef STORE_BASELINE_H
#define STORE_BASELINE_H

#include "store/history.h"

#include <stdio.h>

enum {
	BASELINE_DAYS = 14, /* so far back */
	BASELINE_LEAST = 3, /* fewer days say nothing */
	BASELINE_TRIM =
		5, /* from so many days on the one day that was highest is left out: an incident is not usual */
	BASELINE_MAX = 1024, /* series */
	BASELINE_NAME = 96,  /* of instances and namespaces; longer ones are left out */
};

struct baseline_row {
	enum metric metric;
	unsigned days;
	double low, high, mean; /* of averages over a minute; base units, of counters a second */
	char netns[BASELINE_NAME], instance[BASELINE_NAME];
};

struct baseline {
	uint64_t hour_ns; /* begin of the hour that it is for; 0: none */
	size_t count;
	struct baseline_row rows[BASELINE_MAX];
};

/* The hour of this time, of the days before it. 0 also when there are none; -errno of reading. */
int baseline_load(struct history *h, uint64_t at_ns, struct baseline *ret);
/* Its text form, from one process to another. -EIO; of the reader -EBADMSG, and *ret is then empty. */
int baseline_write(const struct baseline *b, FILE *f);
int baseline_parse(const char *text, size_t n, struct baseline *ret);
/* NULL: not known for this time, or on too few days. */
const struct baseline_row *baseline_find(const struct baseline *b, uint64_t at_ns, enum metric m,
	const char *netns, const char *instance);

#endif
