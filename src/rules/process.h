/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* A process beside its own limit, where the kernel counts no refusals: standing there is the proof. */
#ifndef PLIMSOLL_RULES_PROCESS_H
#define PLIMSOLL_RULES_PROCESS_H

#include "rules/verdict.h"

/* What a process used in each sample of the window that has it: t in seconds, rising; y in the limit's unit. */
struct process_use {
	double t[STORE_MAX], y[STORE_MAX];
	unsigned n;
	double limit,
		full; /* full from here on: below the limit where what is asked for is more than one */
};

/* A critical finding that the process called `name` is at its limit in the last two samples, or runs into it; its culprits, title and evidence are
 * the caller's to write. NULL: neither, or no room for another finding. It lives as long as `out`. */
struct verdict *process_at_limit(struct view *v, struct verdicts *out, const struct proc *p,
	const char *name, const struct process_use *use);

/* What it gained each second over the window; 0 when it gained nothing. */
double process_gain(const struct process_use *use);

/* Tasks that count against one limit: those of a user, of a control group (interned path), or, with uid -1 and cgroup 0, all. */
struct process_tasks {
	int64_t uid;
	uint32_t cgroup;
};

/* Tells the finding who makes these tasks: the process that has most of them as its children or its threads, ended ones that it does not collect among them, then
 * programs by their tasks. True where there is such a process. */
bool process_blame_tasks(struct view *v, struct verdict *f, struct process_tasks of);

#endif
