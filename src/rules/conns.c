/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "rules/conns.h"

#include <string.h>
#include <sys/socket.h>

/* Two samples have their rows in nearly the same order. */
const struct conn_group *conn_at(const struct view *v, unsigned i, const struct conn_group *g)
{
	const struct sample *s = view_at(v, i);
	const struct conn_group *rows = TABLE_ROWS(s->conns, struct conn_group);
	uint32_t n = s->conns.count,
		 guess = (uint32_t)(g - TABLE_ROWS(view_last(v)->conns, struct conn_group));
	for (uint32_t k = 0; k < n; k++) {
		const struct conn_group *o = &rows[(guess + k) % n];
		if (o->port == g->port && o->netns == g->netns && o->outgoing == g->outgoing &&
			o->peer_hostbits == g->peer_hostbits && address_equal(&o->peer, &g->peer) &&
			address_equal(&o->local, &g->local))
			return o;
	}
	return NULL;
}

bool conn_span(const struct view *v, const struct conn_group *g, struct conn_span *ret)
{
	struct conn_span s = {0};
	uint64_t begun = 0, ended = 0;
	const struct conn_group *rows[STORE_MAX];
	unsigned oldest = v->n;
	while (oldest > 0 && (rows[oldest - 1] = conn_at(v, oldest - 1, g)) != NULL)
		oldest--;
	for (unsigned i = oldest; i < v->n; i++) {
		const struct sample *at = view_at(v, i);
		const struct conn_group *o = rows[i];
		if (o->stale || !o->have_info)
			continue;
		if (!s.first) {
			s.first = o;
			begun = at->mono_ns;
			s.since_ns = at->real_ns;
			s.unread_least = (double)o->recvq;
		}
		if ((double)o->recvq < s.unread_least)
			s.unread_least = (double)o->recvq;
		s.last = o;
		ended = at->mono_ns;
		s.counts++;
		s.sending += o->sendq > 0;
		s.closed += o->window_closed > 0;
		s.unread += o->recvq >
			    o->recvq_conns; /* the end of a connection stands there as one byte */
	}
	if (s.counts < 3 || ended - begun < (uint64_t)CONN_SPAN_S * 1000000000u)
		return false;
	s.seconds = (double)(ended - begun) / 1e9;
	s.out = (double)(s.last->bytes_out - s.first->bytes_out);
	s.in = (double)(s.last->bytes_in - s.first->bytes_in);
	s.retransmits = (double)(s.last->retransmits - s.first->retransmits);
	s.read = s.in - ((double)s.last->recvq - (double)s.first->recvq);
	*ret = s;
	return true;
}

/* IPv4 addresses of sockets of IPv6 are written as ::ffff:a.b.c.d. */
static bool same_host(const struct address *a, const struct address *b)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	if (a->family == b->family)
		return address_equal(a, b);
	const struct address *six = a->family == AF_INET6 ? a : b, *four = six == a ? b : a;
	return memcmp(six->bytes, mapped, sizeof mapped) == 0 &&
	       memcmp(six->bytes + sizeof mapped, four->bytes, 4) == 0;
}

const struct conn_group *conn_mirror(const struct view *v, const struct conn_group *g)
{
	const struct sample *s = view_last(v);
	const struct conn_group *rows = TABLE_ROWS(s->conns, struct conn_group);
	if (g->peer_hostbits)
		return NULL;
	for (uint32_t i = 0; i < s->conns.count; i++)
		if (rows[i].port == g->port && rows[i].outgoing != g->outgoing &&
			!rows[i].peer_hostbits && same_host(&rows[i].peer, &g->local) &&
			same_host(&rows[i].local, &g->peer))
			return &rows[i];
	return NULL;
}

bool conn_waits_for_accept(
	const struct view *v, unsigned netns, uint16_t port, unsigned *ret_waiting)
{
	unsigned waits = 0;
	*ret_waiting = 0;
	for (unsigned k = 0; k < v->n; k++) {
		const struct sample *s = view_at(v, k);
		unsigned waiting = 0;
		for (uint32_t i = 0; i < s->listeners.count; i++) {
			const struct listener *l = &TABLE_ROWS(s->listeners, struct listener)[i];
			if (l->netns == netns && l->port == port)
				waiting += l->waiting;
		}
		waits += waiting > 0;
		*ret_waiting = waiting;
	}
	return waits >= 3 && waits + 1 >= v->n;
}

const char *conn_peer(struct view *v, const struct conn_group *g)
{
	char text[56];
	return say(v, "%s", conn_peer_text(text, g));
}
