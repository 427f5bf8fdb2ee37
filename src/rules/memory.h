/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* memory: what the rules on memory and swap have in common. */
#ifndef RULES_MEMORY_H
#define RULES_MEMORY_H

#include "rules/verdict.h"

#include "ledger/use.h"

/* The program that grows while available memory shrinks by as much. */
struct memory_grower {
	const struct usage *u; /* its process that grew most */
	double slope, rss;     /* bytes a second; bytes: of all processes of its name and user */
	double used_slope;     /* bytes a second that the memory in use grows by */
};

/* False when memory in use does not grow on a line, or no program is to blame for half of that. */
bool memory_grower(struct view *v, struct memory_grower *ret);
/* Nearly nothing is available, and tasks wait for it. */
bool memory_short(struct view *v);
/* Restart or limit the first culprit; fewer workers. */
void memory_remedies(struct view *v, struct verdict *f);

#endif
