/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* conns: what the rows of connections say over the window; for the rules on queues, paths and interfaces. Nobody outside rules/ includes this.
 *
 * Only counts of their own time are used: where connections are so many that a count takes longer than the window, nothing is said. */
#ifndef RULES_CONNS_H
#define RULES_CONNS_H

#include "rules/verdict.h"

/* A row over the window. Bytes; counters as growth between the first and the last count. */
struct conn_span {
	const struct conn_group *first, *last;
	unsigned counts;     /* in which the row is */
	unsigned sending;    /* of these, with something in the send queue */
	unsigned closed;     /* with a peer that has closed its window */
	unsigned unread;     /* with something in the receive queue */
	double unread_least; /* bytes: the least that was unread in any of them */
	double seconds;      /* between the first count and the last */
	double out, in;      /* acknowledged by the peer, received */
	double retransmits;
	double read;       /* taken out of the receive queues by the application */
	uint64_t since_ns; /* of the first count in which the queue that matters was filled */
};

enum {
	CONN_SPAN_S = 3
}; /* shorter than this nothing is said to stand still: a round trip, a pause of the scheduler, a slow request */

/* The row in the i-th sample of the window, or NULL. g is a row of the last one. */
const struct conn_group *conn_at(const struct view *v, unsigned i, const struct conn_group *g);
/* False: there are too few counts of the row. g is of the last sample. */
bool conn_span(const struct view *v, const struct conn_group *g, struct conn_span *ret);
/* The other end of the connections of a row, where it is a socket of this machine too (loopback, another namespace); NULL. */
const struct conn_group *conn_mirror(const struct view *v, const struct conn_group *g);
/* Is it so in (nearly) all the time that connections wait to be accepted on this port? *ret_waiting: in the last sample, also when false. */
bool conn_waits_for_accept(
	const struct view *v, unsigned netns, uint16_t port, unsigned *ret_waiting);
/* The address of the peer as a word for `ss` and a firewall. */
const char *conn_peer(struct view *v, const struct conn_group *g);

#endif
