/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* ended: processes that ended in the window, however short they lived, by parent and name. Known only where probes run. */
#ifndef LEDGER_ENDED_H
#define LEDGER_ENDED_H

#include "store/view.h"

struct ended_sum {
	int32_t ppid;
	char comm[PROC_COMM]; /* foreign bytes, ends with NUL */
	int32_t pid;          /* of the last one */
	uint32_t uid, cgroup; /* of the last one; cgroup interned, 0 not known */
	uint32_t code;        /* of the last that failed, as wait() tells it; 0 when none did */
	double count, failed, oom;
	double cpu_s, life_s; /* of their whole lives, added up */
	double rss_peak;      /* bytes, the highest */
	unsigned samples;     /* samples with at least one */
	uint64_t first_ns;    /* real time of the first of these */
};

/* Fills *ret with rows in the view's scratch memory, in the order in which they were first met, and returns how many. */
size_t ended_sums(struct view *v, struct ended_sum **ret);
/* Were the probes there in this window? */
bool ended_known(const struct view *v);

#endif
