/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* conn_groups: connections added up as they come out of a dump, in a bounded number of rows.
 *
 * A row is a service (direction, local address, serving port) and a peer. A service with very many peers is folded: its peers are
 * taken together by network (/24, /64 of IPv6), and if that is not enough all into one row. Addresses that hold at least 1/64 of a
 * folded service keep rows of their own: those that held so much when it was folded at once, others from the next count on, by a
 * Misra-Gries sketch that cannot miss one. The largest services are folded first, so small ones keep their peers. Where there are
 * too many services (one client towards thousands of ports), those of one direction are taken together without port and local
 * address.
 *
 * What is folded is known to the next count, which begins that way; it is unfolded when a count shows that its peers, told apart by
 * a bitmap (linear counting), would need less than a quarter of the rows.
 *
 * Nothing depends on a clock or on chance: the same sockets in the same order make the same rows. */
#ifndef COLLECT_CONN_GROUPS_H
#define COLLECT_CONN_GROUPS_H

#include "base/arena.h"
#include "collect/conn_folds.h"
#include "collect/conn_memory.h"
#include "read/parse.h"

enum {
	GROUPS_BOUND = 4096, /* rows of one namespace in a sample */
	GROUPS_WORK = 8192,  /* while it is counted */
};

/* One count of one namespace. */
struct conn_groups {
	struct arena rows, services, slots;
	uint32_t nrows, nservices;
	struct conn_folds *folds;
	uint16_t netns;
	uint32_t bound;
	bool spread; /* services are taken together */
	bool full;   /* nothing is left to fold */
	bool lost;   /* rows found no room, even so */
};

/* Reserves address space. Returns 0 or -errno. */
int conn_groups_init(struct conn_groups *g, struct conn_folds *folds);
void conn_groups_destroy(struct conn_groups *g);

/* Begins a count that is to end with at most `bound` (8 to GROUPS_BOUND) rows. */
void conn_groups_begin(struct conn_groups *g, uint16_t netns, uint32_t bound);
/* Adds a connection. `since`: what it moved since it was last seen; pid: its owner, or 0; now_s: the monotonic clock. */
void conn_groups_add(struct conn_groups *g, const struct diag_socket *s, bool incoming,
	bool ephemeral, const struct conn_moved *since, int32_t pid, uint32_t now_s);
/* Ends the count: folds down to the bound, decides about the next one. The rows are then to be had by conn_groups_row(); their
 * counters begin with this count, and conn_groups_continue() adds what went before. */
void conn_groups_end(struct conn_groups *g);
const struct conn_group *conn_groups_row(const struct conn_groups *g, uint32_t i);
/* To be called for each row that the namespace had before: the row that goes on takes over its counters, its owner if none was
 * found and that one lives, and its moment of last activity where that is the same but for rounding. */
void conn_groups_continue(struct conn_groups *g, const struct conn_group *before, bool owner_lives);
/* And then once more for each: one that is now part of a wider row gives it its counters, if that row is new. */
void conn_groups_cover(struct conn_groups *g, const struct conn_group *before);
/* Of a count that broke off: gives a row of the last one what its connections moved since, which no later count will tell. */
void conn_groups_spill(const struct conn_groups *g, struct conn_group *row);

#endif
