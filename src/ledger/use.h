/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* use: how much of a thing is in use, where that takes more than one number of the sample. The ledger shows it and rules judge it: both must
 * mean the same. */
#ifndef LEDGER_USE_H
#define LEDGER_USE_H

#include "store/view.h"

/* Tasks of one user against the smallest finite limit that one of its processes has. Root is exempt from the limit, and left out. */
struct use_tasks {
	double tasks, limit; /* limit < 0: none */
	uint32_t uid;
	int32_t pid; /* the process with that limit */
};
enum { USE_USERS = 256 };
/* Fills at most USE_USERS rows and returns how many. *ret_unknown: processes of users whose limit could not be read. */
size_t use_tasks_by_user(const struct view *v, struct use_tasks *ret, unsigned *ret_unknown);

/* Ports taken towards one destination. Those in TIME_WAIT do not count where connect() may take them over (tcp_tw_reuse). */
double use_of_ports(const struct view *v, const struct conn_group *g);
/* Ephemeral ports of a namespace that connect() may take: those of the range that are not reserved. False: not known. */
bool use_limit_of_ports(const struct view *v, unsigned netns, double *ret);

/* What waits before an interface, over the window. */
struct use_queue {
	unsigned seen, filled; /* samples, and of these those in which something waits */
	double mean;           /* bytes */
	double rate;           /* bytes a second that leave */
	double wait_s; /* for so long a packet waits for its turn; 0: not all the time, or it is held back on purpose */
	bool full; /* for longer than a queue that is merely in use */
};
struct use_queue use_of_queue(const struct view *v, const struct net_link *l);
/* Does the queue of the link drop on purpose to stay short (codel and its kin)? */
bool use_queue_keeps_short(const struct view *v, const struct net_link *l);
/* The longest wait before a full interface of a namespace, 0: none is full. */
double use_wait_to_send(const struct view *v, unsigned netns);

/* Trend of total - left, for what is known by what is left of it. `left` is a gauge. */
struct trend use_trend_of_rest(const struct view *v, uint32_t left, double total);
/* A process's descriptors over the window: fills t (seconds) and y, each STORE_MAX long, and returns how many. */
unsigned use_of_fds(const struct view *v, const struct proc *p, double *t, double *y);
/* What a group did on a device in the window, as a share of what it may (1: all of it); false where that is not known. */
bool use_of_group_io(const struct view *v, const struct cgroup_io *io, double *ret);
/* As of descriptors, of a process's memory mappings. */
unsigned use_of_maps(const struct view *v, const struct proc *p, double *t, double *y);

#endif
