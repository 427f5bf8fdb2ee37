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
/* memory_growth.c: bytes that the program may still take below its server's own ceiling, or below the limits of its control groups; -1: none is known. */
double memory_own_room(struct view *v, const struct usage *u);
double memory_group_room(struct view *v, const struct usage *u);
/* The process that grew most in the window, in the group or one below it (0: of all), where all of its name grew by half of `least` bytes; NULL. */
const struct usage *memory_grower_in(struct view *v, uint32_t group, double least);
/* Puts this process, which grows, before those that are large; NULL is ignored. */
void memory_first(struct view *v, struct verdict *f, const struct usage *u);
/* After a kill in the group (0: of the machine), which may have `limit` bytes: puts first who took what was left, whether or not it was killed for it. */
void memory_taker_first(struct view *v, struct verdict *f, uint32_t group, double limit);
/* Culprits of memory in use that grew by so many bytes in the window, in the group or one below it (0: of all), where no single program is to blame: instead of those
 * that are large. True where files grow that have no disk; f->devno is then the filesystem that they are on, if that is known. */
bool memory_blame_growth(struct view *v, struct verdict *f, uint32_t group, double grown);
/* Puts first who needs pages that are in swap: the largest may sleep, or pages move for one group that is at its own limit. */
void memory_blame_swap(struct view *v, struct verdict *f);
/* Puts the one that grows first. */
void memory_grower_first(struct view *v, struct verdict *f);
/* Restart or limit the first culprit; fewer workers. */
void memory_remedies(struct view *v, struct verdict *f);

#endif
