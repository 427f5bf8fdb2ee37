/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* states: what the firewall does at present: the connections that it tracks, each with its rate, and the rules that meet most packets. Made from a
 * view over samples that were taken with WANT_STATES and WANT_SLOW; rows live in the view's scratch memory.
 *
 * An entry of two samples is the same when number, addresses and ports are. What cannot be known is negative: the rate where the kernel counts
 * nothing, or where the entry may have been there before but found no place in the first sample; the age where the kernel does not note the begin. */
#ifndef QUERY_STATES_H
#define QUERY_STATES_H

#include "store/view.h"

enum states_order {
	STATES_BY_RATE,
	STATES_BY_BYTES,
	STATES_BY_AGE,
	STATES_BY_PACKETS,
	STATES_BY_EXPIRES,
	STATES_ORDERS
};
/* "rate", "bytes" ...; NULL behind the last. */
const char *states_order_name(enum states_order o);
/* STATES_ORDERS when there is no such name. */
enum states_order states_order_by_name(const char *name);

struct state_row {
	const struct ct_state *s;
	const char *state; /* "ESTABLISHED", of UDP and others "single", "multiple", "assured" */
	double rate, packet_rate; /* bytes and packets a second, both ways; < 0: not known */
	double age_s;             /* < 0: not known */
	double expires_s;         /* without more packets; < 0: not known, a device forwards them */
};

/* A rule that has a counter. */
struct rule_row {
	const struct fw_rule *r;
	unsigned of;              /* rules in its chain, 0: not known */
	double packet_rate, rate; /* < 0: not known */
	/* Of the packets that rules of its chain took (those whose counted rule ends the way through the chain), the share that this rule took: all of
	 * these passed the rules before it. < 0: not known, or it takes none. */
	double share;
	/* A busy rule behind many others; with rules_before more tests for each of its packets than it would need as the first one. */
	bool late;
};

/* A namespace in which something is not counted or noted. */
struct states_lack {
	unsigned netns;
	bool bytes, begin;
};
enum { STATES_LACKS = 16 };

struct states {
	struct state_row *rows; /* as many as were asked for, in the order that was asked for */
	size_t n;
	uint64_t tracked;       /* connections in the tables of all namespaces */
	size_t held;            /* of them in the sample */
	bool truncated;         /* and there was no room for the rest */
	struct rule_row *rules; /* the busiest, most packets first */
	size_t nrules;
	double seconds; /* between the two samples */
	struct states_lack lacks[STATES_LACKS];
	size_t nlacks;
};

/* limit, rule_limit: rows at most; 0: all. Returns 0, -ENODATA when the window has no such samples, or -ENOMEM. */
int states_build(struct view *v, enum states_order order, size_t limit, size_t rule_limit,
	struct states *ret);

#endif
