/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rows of the ledger about queues of the host's own sockets and interfaces: listening unix sockets, UDP sockets, what interfaces send. */
#include "ledger/ledger_impl.h"

#include <inttypes.h>
#include <stdio.h>

static void add_owner(struct view *v, struct ledger_row *r, int32_t pid)
{
	const struct proc *p = pid ? sample_proc(view_last(v), pid, 0) : NULL;
	if (!p)
		return;
	r->holders[0] = (struct who){"process", who_name(v, p), pid, 1, "its socket"};
	r->nholders = 1;
}

static const struct unix_listener *unix_like(
	const struct sample *s, const struct unix_listener *like, uint32_t guess)
{
	const struct unix_listener *rows = TABLE_ROWS(s->unix_listeners, struct unix_listener);
	uint32_t n = s->unix_listeners.count;
	for (uint32_t i = 0; i < n; i++) {
		const struct unix_listener *l = &rows[(guess + i) % n];
		if (l->inode == like->inode && l->netns == like->netns)
			return l;
	}
	return NULL;
}

void ledger_add_unix(struct builder *b)
{
	struct view *v = b->v;
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->unix_listeners.count; i++) {
		const struct unix_listener *l =
			&TABLE_ROWS(s->unix_listeners, struct unix_listener)[i];
		const char *path = intern_text(&v->series->names, l->path);
		if (!*path) /* nobody could connect to it */
			continue;
		struct ledger_row *r = ledger_add_row(b, RES_UNIX_LISTEN, path, l->netns,
			"sock_diag: Recv-Q, Send-Q of the listening socket");
		if (!r)
			return;
		r->used = r->high = l->waiting;
		r->limit = l->backlog;
		for (unsigned k = 0; k + 1 < v->n; k++) {
			const struct unix_listener *o = unix_like(view_at(v, k), l, i);
			if (o && o->waiting > r->high) {
				r->high = o->waiting;
				r->high_at = view_at(v, k)->real_ns;
			}
		}
		add_owner(v, r, l->pid);
	}
}

static const struct udp_socket *udp_like(
	const struct sample *s, const struct udp_socket *like, uint32_t guess)
{
	const struct udp_socket *rows = TABLE_ROWS(s->udp_sockets, struct udp_socket);
	uint32_t n = s->udp_sockets.count;
	for (uint32_t i = 0; i < n; i++) {
		const struct udp_socket *u = &rows[(guess + i) % n];
		if (u->inode == like->inode && u->port == like->port && u->netns == like->netns)
			return u;
	}
	return NULL;
}

/* A client's socket that is connected for one question is no queue that anybody looks after. */
void ledger_add_udp(struct builder *b)
{
	struct view *v = b->v;
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->udp_sockets.count; i++) {
		const struct udp_socket *u = &TABLE_ROWS(s->udp_sockets, struct udp_socket)[i];
		char port[8];
		if (u->peer_port && u->drops == 0 && u->recvq == 0)
			continue;
		(void)snprintf(port, sizeof port, "%u", u->port);
		struct ledger_row *r = ledger_add_row(b, RES_UDP_RECVQ, port, u->netns,
			"sock_diag: Recv-Q, buffer and drops of the socket");
		if (!r)
			return;
		r->used = r->high = u->recvq;
		if (u->buffer)
			r->limit = u->buffer;
		if (u->have_drops)
			r->refused = u->drops;
		const struct udp_socket *first = udp_like(view_at(v, 0), u, i);
		if (first && u->have_drops && v->seconds > 0)
			r->refused_per_s = (double)(uint32_t)(u->drops - first->drops) / v->seconds;
		add_owner(v, r, u->pid);
	}
}

/* What stands in the queues of a service now, by port: nobody says how much that may be. The one with most is named. */
static void add_queue(struct builder *b, bool sending)
{
	struct view *v = b->v;
	const struct sample *s = view_last(v);
	const struct conn_group *rows = TABLE_ROWS(s->conns, struct conn_group);
	for (uint32_t i = 0; i < s->conns.count; i++) {
		const struct conn_group *g = &rows[i], *most = g;
		double sum = 0;
		bool first = (sending ? g->sendq : g->recvq) > 0;
		for (uint32_t k = 0; first && k < s->conns.count; k++) {
			uint64_t bytes = sending ? rows[k].sendq : rows[k].recvq;
			if (!bytes || rows[k].netns != g->netns || rows[k].port != g->port ||
				rows[k].outgoing != g->outgoing)
				continue;
			first = k >= i;
			sum += (double)bytes;
			if (bytes > (sending ? most->sendq : most->recvq))
				most = &rows[k];
		}
		if (!first)
			continue;
		char port[8], peer[56];
		(void)snprintf(port, sizeof port, "%u", g->port);
		struct ledger_row *r =
			ledger_add_row(b, sending ? RES_TCP_SENDQ : RES_TCP_RECVQ, port, g->netns,
				sending ? "sock_diag: Send-Q of connections"
					: "sock_diag: Recv-Q of connections");
		if (!r)
			return;
		r->used = r->high = sum;
		if (!sending)
			add_owner(v, r, most->pid);
		if (r->nholders == 0) {
			r->holders[0] = (struct who){most->outgoing ? "destination" : "peer",
				arena_str(&v->scratch, conn_peer_text(peer, most)), 0,
				(double)(sending ? most->sendq : most->recvq) / sum,
				"the other end of the fullest"};
			r->nholders = 1;
		}
	}
}

void ledger_add_tcp_queues(struct builder *b)
{
	add_queue(b, true);
	add_queue(b, false);
}

/* Of hardware: what a virtual interface says of its speed means nothing. */
void ledger_add_sending(struct builder *b)
{
	struct view *v = b->v;
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->links.count; i++) {
		const struct net_link *l = &TABLE_ROWS(s->links, struct net_link)[i];
		uint32_t drops = view_id(v, M_QDISC_DROPS, l->netns, l->name);
		double used, speed, x;
		if (l->kind || !l->up ||
			!view_gauge(v, view_id(v, M_NET_SPEED, l->netns, l->name), &speed) ||
			!view_rate(v, view_id(v, M_NET_TX_BYTES, l->netns, l->name), &used))
			continue;
		struct ledger_row *r = ledger_add_row(b, RES_NET_TX,
			intern_text(&v->series->names, l->name), l->netns,
			"/proc/net/dev, speed by ethtool, drops of the root queue");
		if (!r)
			return;
		r->used = r->high = used;
		r->limit = speed;
		if (view_gauge(v, drops, &x))
			r->refused = x;
		if (view_rate(v, drops, &x))
			r->refused_per_s = x;
	}
}
