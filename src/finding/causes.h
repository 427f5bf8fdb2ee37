/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* causes: which verdict explains which. Three things decide: the table of classes (catalogue/causes.def), identity (the row's link: same server,
 * network namespace, control group, disk ...), and time: what began clearly before another was not caused by it. */
#ifndef FINDING_CAUSES_H
#define FINDING_CAUSES_H

#include "rules/verdict.h"

enum { CAUSE_NONE = -1 };

struct cause_of {
	int by;   /* the verdict that explains it, CAUSE_NONE */
	bool tie; /* it explains that one as well, and nothing decides which is the cause */
};

/* Fills ret[n], n <= 128. Rows with skip[i] and notes neither explain nor are explained. Walking from any row along `by` ends. Of two rows that
 * tie the one that heavier() (as for qsort) puts first is taken for the cause, unless the table says it by the order of its TIE. */
void causes_find(const struct view *v, const struct verdict *rows, size_t n, const bool *skip,
	int (*heavier)(const void *a, const void *b), struct cause_of *ret);

#endif
