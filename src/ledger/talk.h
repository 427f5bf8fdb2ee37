/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* talk: flows added up by process, peer, both or control group, and the sum of it all beside what the interfaces counted. */
#ifndef LEDGER_TALK_H
#define LEDGER_TALK_H

#include "catalogue/talk.h"

enum talk_by { TALK_BY_BOTH, TALK_BY_PROCESS, TALK_BY_PEER, TALK_BY_CGROUP, TALK_BY_COUNT };
const char *talk_by_name(enum talk_by by);

struct talk_row {
	enum talk_who who;
	const struct talk_owner *owner; /* by process and both; else NULL */
	const char *cgroup; /* of the owner; by cgroup the group; NULL where it is not known */
	const struct address *peer; /* by peer and both; NULL: none, as of what is no IP */
	uint16_t port;              /* of the service; 0 when not of one port */
	uint16_t proto;             /* 0 when of several */
	bool incoming;
	uint16_t netns;
	bool one_netns;
	uint64_t sent, received, wire;
	uint32_t connections; /* of TCP, that moved anything; flows of the others */
	uint32_t retransmits;
	double rtt_s; /* of its TCP connections, weighted by bytes; -1: not known */
};

struct talk_rows {
	struct talk_row *rows; /* most bytes first */
	size_t count;
	uint64_t sent, received;
};

/* Rows point into *t. -ENOMEM. */
int talk_rows_build(const struct talk *t, enum talk_by by, struct talk_rows *ret);
void talk_rows_free(struct talk_rows *r);

/* One interface's books. sent = attributed + headers + remainder, none of them below 0 (when more was attributed than counted, the
 * other two are 0). */
struct talk_side {
	uint64_t counted;
	uint64_t attributed; /* bytes that belong to a row */
	uint64_t headers;    /* estimate: headers, acknowledgements, what was sent again */
	uint64_t forwarded;  /* of the remainder: seen passing through, and not TCP */
	uint64_t remainder;
};

struct talk_check {
	const struct talk_interface *interface;
	const struct talk_interface
		*part_of; /* a port of that one: its bytes stand there; else NULL */
	struct talk_side sent, received;
};

/* As many rows as t->ninterfaces, into ret. */
void talk_check(const struct talk *t, struct talk_check *ret);

#endif
