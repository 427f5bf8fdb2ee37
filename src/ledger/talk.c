/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "ledger/talk.h"

#include <errno.h>
#include <string.h>

enum { STACK_MAX = 8 }; /* interfaces on top of each other */

const char *talk_by_name(enum talk_by by)
{
	static const char *const names[TALK_BY_COUNT] = {
		[TALK_BY_BOTH] = "both",
		[TALK_BY_PROCESS] = "process",
		[TALK_BY_PEER] = "peer",
		[TALK_BY_CGROUP] = "cgroup",
	};
	return names[by];
}

/* ---- rows ---- */

static struct talk_row row_of(const struct talk *t, const struct talk_flow *f, enum talk_by by)
{
	struct talk_row r = {.who = f->who,
		.netns = f->netns,
		.one_netns = true,
		.sent = f->sent,
		.received = f->received,
		.wire = f->wire_sent + f->wire_received,
		.connections = 1,
		.retransmits = f->retransmits,
		.rtt_s = f->rtt_us ? f->rtt_us / 1e6 : -1,
		.proto = f->proto};
	const struct talk_owner *o =
		f->who == TALK_PROCESS && f->owner < t->nowners ? &t->owners[f->owner] : NULL;
	if (by != TALK_BY_PEER) {
		r.owner = by == TALK_BY_CGROUP ? NULL : o;
		r.cgroup = o && o->cgroup[0] ? o->cgroup : NULL;
	} else {
		r.who = TALK_UNKNOWN;
	}
	if (by == TALK_BY_PEER || by == TALK_BY_BOTH)
		r.peer = f->peer.family ? &f->peer : NULL;
	if (by == TALK_BY_BOTH) {
		r.port = talk_port(f);
		r.incoming = f->incoming;
	} else if (by == TALK_BY_PROCESS || by == TALK_BY_CGROUP) {
		/* One process is one row, whatever it speaks; without one the protocol says most. */
		if (f->who == TALK_PROCESS)
			r.proto = 0;
	} else {
		r.proto = 0;
	}
	return r;
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_peer(const struct address *a, const struct address *b)
{
	if (!a || !b)
		return order(a != NULL, b != NULL);
	int d = order(a->family, b->family);
	return d ? d : memcmp(a->bytes, b->bytes, ADDR_BYTES);
}

/* Rows that are the same but for what is added up. */
static int by_key(const void *left, const void *right)
{
	const struct talk_row *a = left, *b = right;
	int d = order(a->who, b->who);
	d = d ? d : order((uintptr_t)a->owner, (uintptr_t)b->owner);
	if (!d && !a->owner)
		d = strcmp(a->cgroup ? a->cgroup : "", b->cgroup ? b->cgroup : "");
	d = d ? d : by_peer(a->peer, b->peer);
	d = d ? d : order(a->proto, b->proto);
	d = d ? d : order(a->port, b->port);
	d = d ? d : order(a->incoming, b->incoming);
	/* A process or a control group may have sockets in several namespaces; an address means something in one. */
	return d || (a->who == TALK_PROCESS && !a->peer) ? d : order(a->netns, b->netns);
}

static int by_bytes(const void *left, const void *right)
{
	const struct talk_row *a = left, *b = right;
	int d = order(b->sent + b->received, a->sent + a->received);
	d = d ? d : order(b->wire, a->wire);
	return d ? d : by_key(a, b);
}

static void add_row(struct talk_row *to, const struct talk_row *from)
{
	double weight_to = (double)to->wire + 1, weight_from = (double)from->wire + 1;
	if (to->rtt_s < 0 || from->rtt_s < 0)
		to->rtt_s = to->rtt_s < 0 ? from->rtt_s : to->rtt_s;
	else
		to->rtt_s = (to->rtt_s * weight_to + from->rtt_s * weight_from) /
			    (weight_to + weight_from);
	to->one_netns = to->one_netns && to->netns == from->netns;
	to->sent += from->sent;
	to->received += from->received;
	to->wire += from->wire;
	to->connections += from->connections;
	to->retransmits += from->retransmits;
}

int talk_rows_build(const struct talk *t, enum talk_by by, struct talk_rows *ret)
{
	struct talk_row *rows = calloc(t->nflows + 1, sizeof *rows);
	if (!rows)
		return -ENOMEM;
	*ret = (struct talk_rows){.rows = rows};
	for (size_t i = 0; i < t->nflows; i++) {
		rows[i] = row_of(t, &t->flows[i], by);
		ret->sent += rows[i].sent;
		ret->received += rows[i].received;
	}
	qsort(rows, t->nflows, sizeof *rows, by_key);
	size_t n = 0;
	for (size_t i = 0; i < t->nflows; i++) {
		if (n && by_key(&rows[n - 1], &rows[i]) == 0)
			add_row(&rows[n - 1], &rows[i]);
		else
			rows[n++] = rows[i];
	}
	qsort(rows, n, sizeof *rows, by_bytes);
	ret->count = n;
	return 0;
}

void talk_rows_free(struct talk_rows *r)
{
	free(r->rows);
	*r = (struct talk_rows){0};
}

/* ---- the check against the interfaces ---- */

static const struct talk_interface *interface_at(
	const struct talk *t, uint16_t netns, uint32_t index, size_t *ret_row)
{
	for (size_t i = 0; index && i < t->ninterfaces; i++)
		if (t->interfaces[i].netns == netns && t->interfaces[i].index == index) {
			*ret_row = i;
			return &t->interfaces[i];
		}
	return NULL;
}

static void add_side(struct talk_side *s, uint64_t bytes, uint64_t wire, bool forwarded)
{
	if (forwarded) {
		s->forwarded += wire;
		return;
	}
	s->attributed += bytes;
	s->headers += wire > bytes ? wire - bytes : 0;
}

/* What was counted and not attributed is headers first, as far as the estimate goes: a driver that counts a large packet before it is
 * cut has counted fewer of them. */
static void close_side(struct talk_side *s, uint64_t counted)
{
	s->counted = counted;
	uint64_t rest = counted > s->attributed ? counted - s->attributed : 0;
	if (s->headers > rest)
		s->headers = rest;
	s->remainder = rest - s->headers;
	if (s->forwarded > s->remainder)
		s->forwarded = s->remainder;
}

void talk_check(const struct talk *t, struct talk_check *ret)
{
	for (size_t i = 0; i < t->ninterfaces; i++) {
		size_t at;
		ret[i] = (struct talk_check){.interface = &t->interfaces[i]};
		ret[i].part_of =
			interface_at(t, t->interfaces[i].netns, t->interfaces[i].master, &at);
	}
	for (size_t i = 0; i < t->nflows; i++) {
		const struct talk_flow *f = &t->flows[i];
		size_t at = f->interface;
		/* Down the stack: what a VLAN sends its carrier sends too. */
		for (unsigned depth = 0; at < t->ninterfaces && depth < STACK_MAX; depth++) {
			bool forwarded = f->who == TALK_FORWARDED;
			add_side(&ret[at].sent, f->sent, f->wire_sent, forwarded);
			add_side(&ret[at].received, f->received, f->wire_received, forwarded);
			const struct talk_interface *top = &t->interfaces[at];
			if (!interface_at(t, top->netns, top->below, &at))
				break;
		}
	}
	for (size_t i = 0; i < t->ninterfaces; i++) {
		close_side(&ret[i].sent, t->interfaces[i].sent);
		close_side(&ret[i].received, t->interfaces[i].received);
	}
}
