/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* fillers: whose bytes fill an interface, and who else sends through it. Nobody outside rules/ includes this. */
#ifndef RULES_FILLERS_H
#define RULES_FILLERS_H

#include "rules/verdict.h"

/* Who sends how much in the window, as far as TCP and the probes tell. */
struct filler {
	const struct conn_group *g; /* the row that sent most */
	int32_t pid;                /* who sent it, or who serves its port; 0: not known */
	double bytes;
};

struct filling {
	double all;              /* of TCP that may have passed the interface */
	struct filler process;   /* by process */
	struct filler row;       /* by peer and port */
	struct filler others[3]; /* that send too, those first whose queue stands */
	unsigned nothers;
};

/* sent: bytes that left through the interface in the window; wait_s: for so long each packet waited before it. */
void find_fillers(
	struct view *v, const struct net_link *l, double sent, double wait_s, struct filling *ret);

#endif
