/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What the files of tune share; nobody else includes this. */
#ifndef RULES_TUNE_IMPL_H
#define RULES_TUNE_IMPL_H

#include "rules/tune.h"

#define M_METRIC_NONE METRIC_COUNT /* of tunables.def */

enum tune_which { WHICH_WHOLE, WHICH_EACH, WHICH_NAMED };
enum tune_form {
	FORM_SYSCTL,
	FORM_SYSCTL_NS,
	FORM_CONNTRACK,
	FORM_NEIGH,
	FORM_LISTEN,
	FORM_PORTS,
	FORM_TCP_MEM,
	FORM_NOFILE,
	FORM_PIDS,
	FORM_NPROC,
	FORM_KEYS,
	FORM_SEM,
	FORM_CG_MEMORY,
	FORM_CG_PIDS,
	FORM_CG_CPU,
	FORM_HUGEPAGES,
	FORM_SERVER
};

struct tunable {
	enum resource resource;
	enum tune_which which;
	enum tune_form form;
	enum metric used;
	const char *setting, *file, *cache;
	double bytes, most;
	const char *danger;
};

struct server_limit {
	const char *kind;
	enum pool_kind pool;
	bool process;
	const char *file, *line, *now, *afterwards;
};

const struct server_limit *tune_server_limits(size_t *ret_n);

/* How the value that was chosen is set: fills now, file, lines, apply, and may change value and action where the kernel bounds it. row: of the ledger;
 * NULL of a server's own limit. */
void tune_settings(
	struct view *v, const struct tunable *t, const struct ledger_row *row, struct tuning *out);
void tune_server_settings(struct view *v, const struct server_limit *s, struct tuning *out);

#endif
