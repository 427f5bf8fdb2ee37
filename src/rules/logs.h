/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* logs: what grows without end because a program writes one line in a loop. Nobody outside rules/ includes this. */
#ifndef RULES_LOGS_H
#define RULES_LOGS_H

#include "rules/verdict.h"

/* A loop does not end by itself: a filesystem that is full within this time at its rate is filling, from the first look on. */
enum { LOG_LOOP_HORIZON_S = 600 };

/* Bytes a second that loops write to logs of the filesystem; 0: there is none. Who does, and the file, go to `out`: at most WHO_MAX, the first loop's. */
double logs_loop_rate(struct view *v, uint64_t devno, struct who *out, size_t *ret_n);

#endif
