/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* ledger: everything that can run out, one row each: used, limit, high-water mark, refusals, slope,
 * time left, and who holds it. Made from a view; texts and rows live in the view's scratch memory.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "ledger/who.h"

struct ledger_row {
	enum resource resource;
	const char *name; /* class, or class:instance */
	const char *unit;
	const char *source; /* where used and limit are read */
	unsigned netns;
	uint32_t cgroup;    /* interned path, 0 */
	uint32_t series;    /* what is used, where that is one series; 0 */
	double used, limit; /* limit < 0: none known */
	double high; /* most in the window, or since the group was made where the kernel keeps that
		      */
	uint64_t high_at; /* 0: not known when */
	double refused;   /* since boot (or since the socket was opened), < 0: not counted by the
			     kernel */
	double refused_per_s;
	double pressure; /* share of time that tasks waited for it, < 0: not known */
	double slope;    /* units a second */
	double eta_s;    /* < 0: none */
	struct who holders[WHO_MAX];
	size_t nholders;
};

struct ledger {
	struct ledger_row *rows; /* least left first */
	size_t count;
};

/* Returns 0, or -ENOMEM when the view's memory is used up. */
int ledger_build(struct view *v, struct ledger *ret);
/* Share that is left, 0..1; 2 where there is no limit. */
double ledger_left(const struct ledger_row *r);

#endif
