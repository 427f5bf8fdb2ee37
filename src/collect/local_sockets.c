/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* local_sockets: listening unix sockets and their queues, bound UDP sockets and theirs, and packet sockets.
 *
 * The kernel walks over all unix sockets, or all UDP sockets, of the namespace to find the ones that are wanted, so the pace depends on what that
 * costs (dump_pace.c). Packet sockets are asked for only where /proc/net/protocols counts some. Owners are looked up elsewhere, by inode; what was found
 * stays with the row as long as the socket lives. */
#include "collect/engine_impl.h"

#include "base/clock.h"
#include "catalogue/tables.h"
#include "read/parse_link.h"

#include <string.h>
#include <sys/socket.h>

struct local_walk {
	struct out o;
};

/* ---- rows of the sample before ---- */

/* What is the same in a row of either kind. */
struct local_row {
	uint16_t netns;
	uint32_t inode;
	int32_t *pid;
	bool *stale;
};

struct local_kind {
	enum table_id table;
	size_t size; /* of a row */
	struct local_row (*of)(void *row);
	enum pace_of pace;
	enum reader_dump dump;
	int (*bytes)(void *ctx, const void *bytes, size_t len);
	const char *what, *hides; /* when it cannot be dumped */
};

static void *row_at(const struct local_kind *kind, const struct sample *s, uint32_t i)
{
	return sample_table_const(s, kind->table)->rows.base + i * kind->size;
}

/* Owners of the rows from `first` on, of the namespace `netns`: a row of before is looked for from where the last one was found, as both are
 * mostly in the same order. */
static void keep_owners(const struct local_kind *kind, struct sample *out, unsigned netns,
	uint32_t first, const struct sample *prev)
{
	uint32_t n = sample_table(out, kind->table)->count - first, at = 0;
	for (uint32_t i = 0; n && i < sample_table_const(prev, kind->table)->count; i++) {
		struct local_row before = kind->of(row_at(kind, prev, i));
		if (!*before.pid || before.netns != netns || !sample_proc(out, *before.pid, 0))
			continue;
		for (uint32_t k = 0; k < n; k++) {
			struct local_row now = kind->of(row_at(kind, out, first + (at + k) % n));
			if (now.inode != before.inode)
				continue;
			*now.pid = *before.pid;
			at = (at + k + 1) % n;
			break;
		}
	}
}

/* The rows of the sample before, marked as stale. */
static void take_over(const struct local_kind *kind, struct sample *out, unsigned netns,
	const struct sample *prev)
{
	for (uint32_t i = 0; i < sample_table_const(prev, kind->table)->count; i++) {
		void *before = row_at(kind, prev, i);
		void *row = kind->of(before).netns == netns
				    ? table_add(sample_table(out, kind->table), kind->size)
				    : NULL;
		if (row) {
			memcpy(row, before, kind->size);
			*kind->of(row).stale = true;
		}
	}
}

static void ask_queues(struct engine *e, struct sample *out, uint64_t netns, uint32_t first)
{
	for (uint32_t i = first; i < out->unix_listeners.count; i++) {
		struct unix_listener *l = &TABLE_ROWS(out->unix_listeners, struct unix_listener)[i];
		if (l->waiting)
			engine_unix_queue(e, netns, l);
	}
}

/* One kind of a namespace: dumped where that is due, else taken over. */
static void look_or_keep(const struct local_kind *kind, struct engine *e, struct netns_state *ns,
	struct local_walk *w, const struct sample *prev)
{
	struct sample *out = w->o.sample;
	if (!engine_pace_due(e, ns, kind->pace)) {
		if (prev)
			take_over(kind, out, w->o.netns, prev);
		return;
	}
	uint64_t begun = clock_thread_ns();
	uint32_t first = sample_table(out, kind->table)->count;
	int r = reader_dump(e->reader, kind->dump, kind->bytes, w);
	engine_dump_gap(e, out, w->o.netns, r, kind->what, kind->hides);
	if (prev)
		keep_owners(kind, out, w->o.netns, first, prev);
	if (kind->table == TABLE_UNIX_LISTENERS)
		ask_queues(e, out, ns->inode, first);
	engine_pace_spent(e, ns, kind->pace, begun);
}

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

static struct local_row unix_row(void *row)
{
	struct unix_listener *l = row;
	return (struct local_row){l->netns, l->inode, &l->pid, &l->stale};
}

static const struct local_kind unix_kind = {TABLE_UNIX_LISTENERS, sizeof(struct unix_listener),
	unix_row, PACE_UNIX, DUMP_UNIX_LISTEN, unix_bytes, "listening unix sockets (sock_diag)",
	"unix.listen"};

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

static struct local_row udp_row(void *row)
{
	struct udp_socket *u = row;
	return (struct local_row){u->netns, u->inode, &u->pid, &u->stale};
}

static const struct local_kind udp_kind = {TABLE_UDP_SOCKETS, sizeof(struct udp_socket), udp_row,
	PACE_UDP, DUMP_UDP, udp_bytes, "UDP sockets (sock_diag)", "udp.recvq"};

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
	look_or_keep(&unix_kind, e, ns, &w, prev);
	look_or_keep(&udp_kind, e, ns, &w, prev);
	packet_taps(e, &w, prev);
}
