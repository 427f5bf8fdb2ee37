/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* talk's TCP: connections by their cookie, and what each had moved at the last two readings. */
#include "collect/talk_impl.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

struct tcp_walk {
	struct talker *t;
	uint16_t netns;
};

static uint64_t conn_hash(uint16_t netns, uint64_t cookie)
{
	uint64_t h = (cookie + netns * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd);
	return h ^ h >> 32;
}

static struct talk_conn *find_conn(
	struct talker *t, uint16_t netns, uint64_t cookie, uint32_t *slot)
{
	struct talk_index *x = &t->conns;
	struct talk_conn *rows = (void *)x->rows.base;
	uint32_t i = talk_index_first(x, conn_hash(netns, cookie));
	for (; x->slots[i]; i = (i + 1) & (x->nslots - 1)) {
		struct talk_conn *c = &rows[x->slots[i] - 1];
		if (c->cookie == cookie && c->netns == netns)
			return c;
	}
	*slot = i;
	return NULL;
}

static struct talk_counts counts_of(const struct diag_tcp *i)
{
	return (struct talk_counts){i->bytes_acked, i->bytes_received, i->bytes_retrans,
		i->segs_out, i->segs_in, i->retransmits};
}

struct talk_counts talk_moved(const struct talk_conn *c)
{
	return (struct talk_counts){c->last.sent - c->base.sent,
		c->last.received - c->base.received, c->last.again - c->base.again,
		c->last.segs_out - c->base.segs_out, c->last.segs_in - c->base.segs_in,
		c->last.retransmits - c->base.retransmits};
}

/* A row for a connection that was not seen before. */
static struct talk_conn *new_conn(
	struct talker *t, uint16_t netns, uint32_t slot, const struct diag_socket *s)
{
	struct talk_conn *c = talk_index_add(&t->conns, slot, sizeof *c);
	if (!c) {
		t->dropped++;
		return NULL;
	}
	*c = (struct talk_conn){.cookie = s->cookie,
		.netns = netns,
		.local = s->local,
		.peer = s->peer,
		.local_port = s->local_port,
		.peer_port = s->peer_port,
		.incoming = t->listening[s->local_port / 8] >> s->local_port % 8 & 1};
	talk_plain(&c->local);
	talk_plain(&c->peer);
	return c;
}

static void see_conn(void *ctx, const struct diag_socket *s)
{
	struct tcp_walk *w = ctx;
	struct talker *t = w->t;
	uint32_t slot = 0;
	if (!s->have_tcp) /* TIME_WAIT, and half-open ones: no socket counts for them */
		return;
	struct talk_conn *c = find_conn(t, w->netns, s->cookie, &slot);
	if (!c) {
		c = new_conn(t, w->netns, slot, s);
		if (!c)
			return;
		if (!t->netns[w->netns].baseline) /* it was there before us */
			c->base = counts_of(&s->tcp);
	}
	c->last = counts_of(&s->tcp);
	c->rtt_us = s->tcp.rtt_us;
	c->seen = t->looks;
	c->ended = false;
	if (s->inode)
		c->inode = s->inode;
}

static int tcp_bytes(void *ctx, const void *bytes, size_t len)
{
	struct tcp_walk *w = ctx;
	(void)parse_inet_diag(bytes, len, see_conn, w);
	talk_drain(w->t); /* the ring must not fill up while a long dump runs */
	return 0;
}

static void see_listener(void *ctx, const struct diag_socket *s)
{
	struct talker *t = ctx;
	if (s->state == TCP_STATE_LISTEN)
		t->listening[s->local_port / 8] |= (uint8_t)(1u << s->local_port % 8);
}

static int listen_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)parse_inet_diag(bytes, len, see_listener, ctx);
	return 0;
}

void talk_tcp(struct talker *t, uint16_t netns)
{
	struct tcp_walk w = {t, netns};
	memset(t->listening, 0, sizeof t->listening);
	int r = reader_dump(t->reader, DUMP_TCP_LISTEN, listen_bytes, t);
	if (r < 0 && r != -EINTR)
		talk_gap(t, "listening sockets (sock_diag)", -r,
			"which side of a connection is the service");
	r = reader_dump(t->reader, DUMP_TCP_INFO, tcp_bytes, &w);
	if (r < 0 && r != -EINTR) {
		talk_gap(
			t, "connections (tcp_info by sock_diag)", -r, "TCP of a network namespace");
		return;
	}
	struct talk_conn *rows = (void *)t->conns.rows.base;
	for (uint32_t i = 0; i < t->conns.count; i++)
		if (rows[i].netns == netns && rows[i].seen != t->looks)
			rows[i].ended = true;
	t->netns[netns].baseline = true;
}

/* Those that ended are forgotten; the others count from here. */
void talk_tcp_again(struct talker *t)
{
	struct talk_index *x = &t->conns;
	struct talk_conn *rows = (void *)x->rows.base;
	uint32_t n = x->count;
	talk_index_reset(x);
	for (uint32_t i = 0; i < n; i++) {
		struct talk_conn c = rows[i];
		uint32_t slot = 0;
		if (c.ended || find_conn(t, c.netns, c.cookie, &slot))
			continue;
		struct talk_conn *to = talk_index_add(x, slot, sizeof *to);
		if (!to)
			continue;
		c.base = c.last;
		*to = c;
	}
}

void talk_add_closed(struct talker *t, uint64_t netns_inode, const struct diag_socket *last,
	bool incoming, int32_t pid, const char *comm)
{
	uint16_t netns = 0;
	uint32_t slot = 0;
	while (netns < t->nnetns && t->netns[netns].inode != netns_inode)
		netns++;
	if (netns == t->nnetns || !last->have_tcp)
		return;
	struct talk_conn *c = find_conn(t, netns, last->cookie, &slot);
	if (!c && t->looks == 1)
		return; /* it ended before the window */
	if (!c) {
		c = new_conn(t, netns, slot, last);
		if (c)
			c->incoming = incoming;
	}
	if (!c)
		return;
	c->last = counts_of(&last->tcp);
	c->rtt_us = last->tcp.rtt_us ? last->tcp.rtt_us : c->rtt_us;
	c->ended = c->told = true;
	if (last->inode)
		c->inode = last->inode;
	if (pid > 0 && c->who != TALK_PROCESS) {
		c->owner = talk_owner_row(t, pid, comm);
		c->who = c->owner == TALK_NONE ? TALK_UNKNOWN : TALK_PROCESS;
	}
}

static int take_close(void *ctx, const void *bytes, size_t len)
{
	struct probe_close x;
	if (len < sizeof x)
		return 0;
	memcpy(&x, bytes, sizeof x);
	x.comm[sizeof x.comm - 1] = '\0';
	if (x.event != PROBE_CLOSE)
		return 0;
	size_t width = x.key.family == AF_INET6 ? 16 : 4;
	struct diag_socket s = {.cookie = x.cookie,
		.local_port = x.local_port,
		.peer_port = x.peer_port,
		.local.family = x.key.family,
		.peer.family = x.key.family,
		.have_tcp = true,
		.tcp = {.bytes_acked = x.bytes_out,
			.bytes_received = x.bytes_in,
			.bytes_retrans = x.bytes_retrans,
			.segs_out = x.segs_out,
			.segs_in = x.segs_in,
			.retransmits = x.retransmits,
			.rtt_us = x.rtt_us}};
	memcpy(s.local.bytes, x.key.local, width);
	memcpy(s.peer.bytes, x.key.peer, width);
	talk_add_closed(ctx, x.key.netns, &s, !x.key.outgoing, (int32_t)x.key.pid, x.comm);
	return 0;
}

/* After the dumps: of each connection that a dump does not have any more, the end is in the ring by then. */
void talk_closed(struct talker *t)
{
	(void)reader_probe(t->reader, PROBE_EVENTS, take_close, t);
}
