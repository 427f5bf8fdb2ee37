/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* local_sockets: listening unix sockets and their queues, bound UDP sockets and theirs, and packet sockets.
 *
 * The kernel walks over all unix sockets, or all UDP sockets, of the namespace to find the ones that are wanted, so the pace depends on what that
 * costs (paces.c). Packet sockets are asked for only where /proc/net/protocols counts some. Owners are looked up elsewhere, by inode; what was found
 * stays with the row as long as the socket lives. */
#include "collect/engine_impl.h"

#include "base/clock.h"
#include "read/parse_link.h"

#include <string.h>
#include <sys/socket.h>

struct local_walk {
	struct out o;
};

/* ---- unix ---- */

static void add_unix(void *ctx, const struct unix_socket *s)
{
	struct local_walk *w = ctx;
	struct unix_listener *l = s->state == TCP_STATE_LISTEN
					  ? table_add(&w->o.sample->unix_listeners, sizeof *l)
					  : NULL;
	if (l)
		*l = (struct unix_listener){.netns = (uint16_t)w->o.netns,
			.type = s->type,
			.path = out_instance(&w->o, scan_over(s->path, strlen(s->path))),
			.waiting = s->waiting,
			.backlog = s->backlog,
			.uid = s->uid,
			.inode = s->inode};
}

static int unix_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)parse_unix_diag(bytes, len, add_unix, ctx);
	return 0;
}

/* A row of before in the table as it is now, from where the last one was found: both are mostly in the same order. */
static void keep_unix_owners(struct sample *out, uint32_t first, const struct sample *prev)
{
	const struct unix_listener *before = TABLE_ROWS(prev->unix_listeners, struct unix_listener);
	struct unix_listener *rows = TABLE_ROWS(out->unix_listeners, struct unix_listener);
	uint32_t n = out->unix_listeners.count - first, at = 0;
	for (uint32_t i = 0; n && i < prev->unix_listeners.count; i++) {
		if (!before[i].pid || before[i].netns != rows[first].netns ||
			!sample_proc(out, before[i].pid, 0))
			continue;
		for (uint32_t k = 0; k < n; k++) {
			struct unix_listener *l = &rows[first + (at + k) % n];
			if (l->inode != before[i].inode)
				continue;
			l->pid = before[i].pid;
			at = (at + k + 1) % n;
			break;
		}
	}
}

static void take_over_unix(struct local_walk *w, const struct sample *prev)
{
	const struct unix_listener *rows = TABLE_ROWS(prev->unix_listeners, struct unix_listener);
	for (uint32_t i = 0; i < prev->unix_listeners.count; i++) {
		struct unix_listener *l =
			rows[i].netns == w->o.netns
				? table_add(&w->o.sample->unix_listeners, sizeof *l)
				: NULL;
		if (l) {
			*l = rows[i];
			l->stale = true;
		}
	}
}

static void unix_listeners(
	struct engine *e, struct netns_state *ns, struct local_walk *w, const struct sample *prev)
{
	struct sample *out = w->o.sample;
	if (!engine_pace_due(e, ns, PACE_UNIX)) {
		if (prev)
			take_over_unix(w, prev);
		return;
	}
	uint64_t begun = clock_mono_ns();
	uint32_t first = out->unix_listeners.count;
	int r = reader_dump(e->reader, DUMP_UNIX_LISTEN, unix_bytes, w);
	engine_dump_gap(e, out, w->o.netns, r, "listening unix sockets (sock_diag)", "unix.listen");
	if (prev)
		keep_unix_owners(out, first, prev);
	engine_pace_spent(e, ns, PACE_UNIX, begun);
}

/* ---- UDP ---- */

static void add_udp(void *ctx, const struct diag_socket *s)
{
	struct local_walk *w = ctx;
	struct udp_socket *u =
		s->local_port ? table_add(&w->o.sample->udp_sockets, sizeof *u) : NULL;
	if (u)
		*u = (struct udp_socket){.netns = (uint16_t)w->o.netns,
			.port = s->local_port,
			.peer_port = s->peer_port,
			.local = s->local,
			.peer = s->peer,
			.recvq = s->recvq,
			.buffer = s->buffer,
			.drops = s->drops,
			.have_drops = s->have_drops,
			.uid = s->uid,
			.inode = s->inode};
}

static int udp_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)parse_inet_diag(bytes, len, add_udp, ctx);
	return 0;
}

static void keep_udp_owners(struct sample *out, uint32_t first, const struct sample *prev)
{
	const struct udp_socket *before = TABLE_ROWS(prev->udp_sockets, struct udp_socket);
	struct udp_socket *rows = TABLE_ROWS(out->udp_sockets, struct udp_socket);
	uint32_t n = out->udp_sockets.count - first, at = 0;
	for (uint32_t i = 0; n && i < prev->udp_sockets.count; i++) {
		if (!before[i].pid || before[i].netns != rows[first].netns ||
			!sample_proc(out, before[i].pid, 0))
			continue;
		for (uint32_t k = 0; k < n; k++) {
			struct udp_socket *u = &rows[first + (at + k) % n];
			if (u->inode != before[i].inode)
				continue;
			u->pid = before[i].pid;
			at = (at + k + 1) % n;
			break;
		}
	}
}

static void take_over_udp(struct local_walk *w, const struct sample *prev)
{
	const struct udp_socket *rows = TABLE_ROWS(prev->udp_sockets, struct udp_socket);
	for (uint32_t i = 0; i < prev->udp_sockets.count; i++) {
		struct udp_socket *u = rows[i].netns == w->o.netns
					       ? table_add(&w->o.sample->udp_sockets, sizeof *u)
					       : NULL;
		if (u) {
			*u = rows[i];
			u->stale = true;
		}
	}
}

static void udp_sockets(
	struct engine *e, struct netns_state *ns, struct local_walk *w, const struct sample *prev)
{
	struct sample *out = w->o.sample;
	if (!engine_pace_due(e, ns, PACE_UDP)) {
		if (prev)
			take_over_udp(w, prev);
		return;
	}
	uint64_t begun = clock_mono_ns();
	uint32_t first = out->udp_sockets.count;
	int r = reader_dump(e->reader, DUMP_UDP, udp_bytes, w);
	engine_dump_gap(e, out, w->o.netns, r, "UDP sockets (sock_diag)", "udp.recvq");
	if (prev)
		keep_udp_owners(out, first, prev);
	engine_pace_spent(e, ns, PACE_UDP, begun);
}

/* ---- packet sockets ---- */

static void add_packet(void *ctx, const struct packet_socket *s)
{
	struct local_walk *w = ctx;
	const struct net_link *links = TABLE_ROWS(w->o.sample->links, struct net_link);
	struct packet_tap *t = table_add(&w->o.sample->packet_taps, sizeof *t);
	if (!t)
		return;
	*t = (struct packet_tap){.netns = (uint16_t)w->o.netns,
		.protocol = s->protocol,
		.type = s->type,
		.uid = s->uid,
		.inode = s->inode};
	for (uint32_t i = 0; s->index && i < w->o.sample->links.count; i++)
		if (links[i].netns == w->o.netns && links[i].index == s->index)
			t->name = links[i].name;
}

static int packet_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)parse_packet_diag(bytes, len, add_packet, ctx);
	return 0;
}

/* Few, so the dump of each tick costs nothing worth a pace. */
static void packet_taps(struct engine *e, struct local_walk *w, const struct sample *prev)
{
	struct sample *out = w->o.sample;
	uint64_t there = 0;
	uint32_t first = out->packet_taps.count;
	if (!sample_gauge(e->series, out, M_PACKET_SOCKETS, w->o.netns, &there) || there == 0)
		return;
	int r = reader_dump(e->reader, DUMP_PACKET, packet_bytes, w);
	engine_dump_gap(e, out, w->o.netns, r, "packet sockets (sock_diag)", "who reads packets");
	const struct packet_tap *before =
		prev ? TABLE_ROWS(prev->packet_taps, struct packet_tap) : NULL;
	for (uint32_t i = first; i < out->packet_taps.count; i++)
		for (uint32_t k = 0; prev && k < prev->packet_taps.count; k++) {
			struct packet_tap *t = &TABLE_ROWS(out->packet_taps, struct packet_tap)[i];
			if (before[k].netns == t->netns && before[k].inode == t->inode &&
				before[k].pid && sample_proc(out, before[k].pid, 0))
				t->pid = before[k].pid;
		}
}

void engine_local_sockets(
	struct engine *e, struct netns_state *ns, const struct sample *prev, struct sample *out)
{
	struct local_walk w = {.o = {out, e->series, (unsigned)ns->series_netns}};
	unix_listeners(e, ns, &w, prev);
	udp_sockets(e, ns, &w, prev);
	packet_taps(e, &w, prev);
}
