/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* sockets: listening queues each second; connections are counted by connections.c.
 *
 * Listeners come from their own hash table in 0.02 ms however many connections there are; their Recv-Q is how many connections wait to be
 * accepted, their Send-Q the backlog, and the kernel refuses when Recv-Q is greater. Owners are another matter: see owners.c. */
#include "collect/engine_impl.h"

#include <errno.h>

struct listen_walk {
	struct sample *out;
	uint16_t netns;
	uint8_t *listening; /* bit per port */
	uint64_t count;
};

struct port_range engine_port_range(const struct engine *e, const struct sample *s, unsigned netns)
{
	struct port_range r = {32768, 60999};
	(void)sample_gauge(e->series, s, M_PORT_LOW, netns, &r.low);
	(void)sample_gauge(e->series, s, M_PORT_HIGH, netns, &r.high);
	return r;
}

static void add_listener(void *ctx, const struct diag_socket *s)
{
	struct listen_walk *w = ctx;
	if (s->state != TCP_STATE_LISTEN)
		return;
	struct listener *l = table_add(&w->out->listeners, sizeof *l);
	if (!l)
		return;
	*l = (struct listener){.netns = w->netns,
		.port = s->local_port,
		.local = s->local,
		.uid = s->uid,
		.waiting = s->recvq,
		.backlog = s->sendq,
		.drops = s->drops,
		.have_drops = s->have_drops,
		.inode = s->inode};
	w->listening[s->local_port / 8] |= (uint8_t)(1u << s->local_port % 8);
	w->count++;
}

static int listen_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)parse_inet_diag(bytes, len, add_listener, ctx);
	return 0;
}

void engine_sockets(
	struct engine *e, struct netns_state *ns, const struct sample *prev, struct sample *out)
{
	struct listen_walk w = {.out = out, .netns = (uint16_t)ns->series_netns};
	w.listening = arena_alloc(&e->scratch, 65536 / 8);
	if (!w.listening)
		return;
	uint32_t first = out->listeners.count;
	int r = reader_dump(e->reader, DUMP_TCP_LISTEN, listen_bytes, &w);
	if (r < 0 && r != -EINTR && !(reader_is_replay(e->reader) && r == -ENOENT))
		sample_gap(out, w.netns, -r, "listening sockets (sock_diag)", "tcp.listen");
	else
		engine_tcp_state(e, out, w.netns, TCP_STATE_LISTEN, w.count);
	struct listener *rows = TABLE_ROWS(out->listeners, struct listener);
	for (uint32_t i = first; prev && i < out->listeners.count; i++) {
		const struct listener *before = sample_listener(prev, &rows[i]);
		if (before && before->pid && engine_same_process(prev, out, before->pid))
			rows[i].pid = before->pid;
	}
	engine_connections(e, ns, w.listening, r >= 0 || r == -EINTR, prev, out);
}
