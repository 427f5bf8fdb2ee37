/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* connections: all TCP connections of a namespace, counted in slices where they are many.
 *
 * A dump costs about 1.3 us a socket, and the kernel remembers where the last recv() ended. So a namespace whose dump takes less
 * than a millisecond of CPU (ten in a look of some seconds) is counted each second; of the others one is counted at a time, so many recv()s a tick as its share
 * allows: a twenty-fifth of what they all cost, at least 1 and at most 10 ms a tick. 40,000 sockets are then counted in 25 s for 0.25 %
 * of a CPU, 200,000 in half a minute for 1 %; faster where ephemeral ports run short. Until a count is complete the last one stands, its
 * rows marked stale; tcp.connections.age says how old it is.
 *
 *     at once   |######|            every tick, for small ones; or when all is asked for
 *     sliced    |## .  .  .  .  .|
 *               |  ##  .  .  .  .|  a tick a line: rows of the last count stand
 *               |    ##|            complete: new rows
 *
 * What a connection moved since the last count is added to counters of its row, which so do not fall when it goes
 * (conn_memory.h). Rows are bounded (conn_groups.h). See docs/decisions/0011-connections-in-slices.md. */
#include "base/clock.h"
#include "collect/conn_groups.h"
#include "collect/engine_impl.h"

#include <errno.h>
#include <string.h>

enum {
	AT_ONCE_NS = 1000000, /* a dump cheaper than this, and all of them together in a tick */
	AT_ONCE_LOOK_NS =
		10000000, /* the same in a look of some seconds, which is over before slices made a second count */
	SLICE_NS = 10000000, /* most that a tick gives to the others */
	SLICE_TICKS = 25,
	HURRIED_SLICE_NS = 40000000, /* where ports run short */
	HURRIED_TICKS = 3,
	SOCKET_NS = 1400, /* before it was counted */
	ROWS_OF_ALL = 8192,
	ROWS_OF_ONE = 256, /* at least */
};
static const uint64_t age_pause_ns = UINT64_C(10000000000), given_up_ns = UINT64_C(300000000000);

/* A count under way. */
struct count {
	struct reader_pieces pieces;
	struct conn_groups groups;
	struct netns_state *ns; /* NULL: none */
	uint16_t number;
	uint64_t begun_ns, cost_ns;
	uint64_t states[TCP_STATE_COUNT];
	/* Of the piece that is being added: */
	struct engine *e;
	const uint8_t *listening;
	struct port_range ports;
};

/* Where the rows of a namespace lie in the last sample. */
struct span {
	uint32_t first, end;
};

struct connections {
	struct conn_memory memory;
	struct conn_folds *folds;
	struct count at_once, sliced;
	struct netns_state *next; /* to be counted in slices */
	uint16_t number;
	int64_t credit_ns; /* of the slices; below zero when the last piece took more */
	uint64_t small_ns; /* what all small counts cost together */
	uint64_t aged_ns;
	struct span spans[NETNS_MAX];
};

int engine_connections_open(struct engine *e)
{
	struct connections *c = e->connections = calloc(1, sizeof *c);
	if (!c)
		return -ENOMEM;
	c->at_once.pieces.fd = c->sliced.pieces.fd = -1;
	int r = conn_folds_init(&c->folds);
	if (r == 0)
		r = conn_memory_init(&c->memory);
	if (r == 0)
		r = conn_groups_init(&c->at_once.groups, c->folds);
	if (r == 0)
		r = conn_groups_init(&c->sliced.groups, c->folds);
	return r;
}

void engine_connections_close(struct engine *e)
{
	struct connections *c = e->connections;
	if (!c)
		return;
	reader_pieces_end(&c->at_once.pieces);
	reader_pieces_end(&c->sliced.pieces);
	conn_groups_destroy(&c->at_once.groups);
	conn_groups_destroy(&c->sliced.groups);
	conn_memory_destroy(&c->memory);
	conn_folds_destroy(c->folds);
	free(c);
	e->connections = NULL;
}

static void end_count(struct count *k)
{
	reader_pieces_end(&k->pieces);
	k->ns = NULL;
}

void engine_connections_forget(struct engine *e, struct netns_state *ns)
{
	struct connections *c = e->connections;
	if (c->sliced.ns == ns)
		end_count(&c->sliced);
	conn_folds_forget(c->folds, (uint16_t)ns->series_netns);
}

/* ---- how much of it in this tick ---- */

static uint64_t at_once_ns(const struct engine *e)
{
	return e->want & WANT_OFTEN ? AT_ONCE_LOOK_NS : AT_ONCE_NS;
}

/* What a count will cost: what the last one did, or a guess by the number of sockets. */
static uint64_t cost_of(
	const struct engine *e, const struct netns_state *ns, const struct sample *s)
{
	uint64_t n, sum = 0;
	static const enum metric sockets[] = {M_TCP_INUSE, M_TCP6_INUSE, M_TCP_TIMEWAIT};
	if (ns->count_cost_ns)
		return ns->count_cost_ns;
	for (size_t i = 0; s && i < COUNTOF(sockets); i++)
		if (sample_gauge(e->series, s, sockets[i], (unsigned)ns->series_netns, &n))
			sum += n;
	return sum * SOCKET_NS;
}

static void find_spans(struct connections *c, const struct sample *prev)
{
	memset(c->spans, 0, sizeof c->spans);
	const struct conn_group *rows = prev ? TABLE_ROWS(prev->conns, struct conn_group) : NULL;
	for (uint32_t i = 0; prev && i < prev->conns.count; i++) {
		struct span *s = &c->spans[rows[i].netns % NETNS_MAX];
		if (s->end == 0)
			s->first = i;
		s->end = i + 1;
	}
}

/* Connections that are gone are forgotten when all namespaces were counted since the last time. */
static void age_memory(struct engine *e)
{
	struct connections *c = e->connections;
	if (e->now_ns < c->aged_ns + age_pause_ns)
		return;
	for (size_t i = 0; i < NETNS_MAX; i++) {
		const struct netns_state *ns = &e->netns[i];
		if (ns->used && ns->counted_ns && ns->counted_ns <= c->aged_ns &&
			e->now_ns < ns->counted_ns + given_up_ns)
			return;
	}
	conn_memory_age(&c->memory);
	c->aged_ns = e->now_ns;
}

void engine_connections_begin(struct engine *e, const struct sample *prev)
{
	struct connections *c = e->connections;
	uint64_t large = 0;
	bool hurry = false;
	find_spans(c, prev);
	age_memory(e);
	c->next = NULL;
	c->small_ns = 0;
	for (size_t i = 0; i < NETNS_MAX; i++) {
		struct netns_state *ns = &e->netns[i];
		if (!ns->used)
			continue;
		if (ns->small) {
			c->small_ns += ns->count_cost_ns;
			continue;
		}
		large += cost_of(e, ns, prev);
		hurry = hurry || ns->ports_short;
		if (ns != c->sliced.ns && (!c->next || ns->counted_ns < c->next->counted_ns))
			c->next = ns;
	}
	int64_t most = hurry ? HURRIED_SLICE_NS : SLICE_NS;
	int64_t slice = (int64_t)(large / (hurry ? HURRIED_TICKS : SLICE_TICKS));
	slice = slice < AT_ONCE_NS ? AT_ONCE_NS : slice > most ? most : slice;
	c->credit_ns = c->credit_ns < 0 ? c->credit_ns + slice : slice;
}

/* ---- counting ---- */

static void add_connection(void *ctx, const struct diag_socket *s)
{
	struct count *k = ctx;
	struct connections *c = k->e->connections;
	struct conn_moved since = {0};
	if (s->state == 0 || s->state >= TCP_STATE_COUNT)
		return;
	if (s->have_tcp) {
		const struct conn_moved now = {
			s->tcp.bytes_acked, s->tcp.bytes_received, s->tcp.retransmits, false};
		if (!conn_memory_note(&c->memory, s->cookie, k->number, &now, &since))
			return; /* it moved within the table and was told twice */
	}
	k->states[s->state]++;
	bool incoming = k->listening[s->local_port / 8] >> s->local_port % 8 & 1;
	bool ephemeral =
		!incoming && s->local_port >= k->ports.low && s->local_port <= k->ports.high;
	conn_groups_add(&k->groups, s, incoming, ephemeral, &since, engine_owner(k->e, s->inode),
		(uint32_t)(k->e->now_ns / 1000000000));
}

static int add_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)parse_inet_diag(bytes, len, add_connection, ctx);
	return 0;
}

/* In few namespaces rows may be many, in many few. */
static uint32_t bound_of(const struct connections *c, const struct sample *prev, unsigned netns)
{
	uint32_t all = prev ? prev->conns.count : 0;
	uint32_t others = all - (c->spans[netns].end - c->spans[netns].first);
	uint32_t left = others < ROWS_OF_ALL ? ROWS_OF_ALL - others : 0;
	return left < ROWS_OF_ONE ? ROWS_OF_ONE : left > GROUPS_BOUND ? GROUPS_BOUND : left;
}

static int begin_count(
	struct engine *e, struct count *k, struct netns_state *ns, const struct sample *prev)
{
	struct connections *c = e->connections;
	uint16_t netns = (uint16_t)ns->series_netns;
	end_count(k);
	/* The kernel fills the first piece when it is asked: in a namespace with few sockets that is the walk through all of them. */
	uint64_t asked = clock_thread_ns();
	int r = reader_pieces_begin(e->reader, DUMP_TCP_INFO, &k->pieces);
	if (r == -ENOENT &&
		reader_is_replay(e->reader)) /* recorded by a version without tcp_info */
		r = reader_pieces_begin(e->reader, DUMP_TCP_ALL, &k->pieces);
	if (r < 0)
		return r;
	k->ns = ns;
	k->number = ++c->number;
	k->begun_ns = e->now_ns;
	k->cost_ns = clock_thread_ns() - asked;
	memset(k->states, 0, sizeof k->states);
	conn_groups_begin(&k->groups, netns, bound_of(c, prev, netns));
	return 0;
}

/* As many pieces as the credit buys; 1 when there are more. */
static int count_pieces(struct engine *e, struct count *k, int64_t credit_ns)
{
	uint64_t begun = clock_thread_ns(), spent;
	int r;
	do {
		r = reader_pieces_next(e->reader, &k->pieces, add_bytes, k);
		spent = clock_thread_ns() - begun;
	} while (r > 0 && (int64_t)spent < credit_ns);
	k->cost_ns += spent;
	return r;
}

/* ---- what comes of it ---- */

static const char *const state_names[TCP_STATE_COUNT] = {NULL, "established", "syn-sent",
	"syn-recv", "fin-wait-1", "fin-wait-2", "time-wait", "close", "close-wait", "last-ack",
	"listen", "closing", "new-syn-recv"};

void engine_tcp_state(
	struct engine *e, struct sample *out, unsigned netns, unsigned state, uint64_t n)
{
	const struct out o = {out, e->series, netns};
	out_value(&o, M_TCP_STATE,
		out_instance(&o, scan_over(state_names[state], strlen(state_names[state]))), n);
}

static void tell_age(struct engine *e, const struct netns_state *ns, struct sample *out)
{
	const struct out o = {out, e->series, (unsigned)ns->series_netns};
	if (!reader_is_replay(e->reader))
		out_plain(&o, M_TCP_COUNT_AGE, e->now_ns - ns->counted_ns);
}

/* The rows of the last count, with what was learnt about owners since: until the next one they stand for the present. */
static void take_over(struct engine *e, const struct netns_state *ns, const struct count *broken,
	const struct sample *prev, struct sample *out)
{
	unsigned netns = (unsigned)ns->series_netns;
	if (!prev || !prev->have_conns || !ns->counted)
		return;
	const struct span span = e->connections->spans[netns];
	const struct conn_group *rows = TABLE_ROWS(prev->conns, struct conn_group);
	for (uint32_t i = span.first; i < span.end; i++) {
		struct conn_group *g =
			rows[i].netns == netns ? table_add(&out->conns, sizeof *g) : NULL;
		if (!g)
			continue;
		*g = rows[i];
		g->stale = true;
		if (broken)
			conn_groups_spill(&broken->groups, g);
		if (g->pid && !engine_same_process(prev, out, g->pid))
			g->pid = 0;
	}
	for (unsigned s = 1; s < TCP_STATE_COUNT; s++) {
		uint64_t v;
		uint32_t name =
			intern_id(&e->series->names, state_names[s], strlen(state_names[s]));
		if (s != TCP_STATE_LISTEN &&
			sample_get(prev, series_find(e->series, M_TCP_STATE, netns, name), &v))
			engine_tcp_state(e, out, netns, s, v);
	}
	tell_age(e, ns, out);
	out->have_conns = true;
}

/* Half of the ephemeral ports towards one destination are taken: the next count is wanted soon. */
static bool ports_run_short(const struct conn_group *g, const struct port_range *ports)
{
	return g->outgoing && !g->peer_hostbits &&
	       (uint64_t)g->ephemeral * 2 > ports->high - ports->low + 1;
}

static void publish(
	struct engine *e, struct count *k, const struct sample *prev, struct sample *out)
{
	struct netns_state *ns = k->ns;
	unsigned netns = (unsigned)ns->series_netns;
	const struct span span = e->connections->spans[netns];
	const struct conn_group *rows = prev ? TABLE_ROWS(prev->conns, struct conn_group) : NULL;
	conn_groups_end(&k->groups);
	for (uint32_t i = span.first; rows && i < span.end; i++)
		if (rows[i].netns == netns)
			conn_groups_continue(&k->groups, &rows[i],
				rows[i].pid && engine_same_process(prev, out, rows[i].pid));
	for (uint32_t i = span.first; rows && i < span.end; i++)
		if (rows[i].netns == netns)
			conn_groups_cover(&k->groups, &rows[i]);
	ns->ports_short = false;
	for (uint32_t i = 0; i < k->groups.nrows; i++) {
		struct conn_group *g = table_add(&out->conns, sizeof *g);
		if (!g)
			continue;
		*g = *conn_groups_row(&k->groups, i);
		ns->ports_short = ns->ports_short || ports_run_short(g, &k->ports);
	}
	for (unsigned s = 1; s < TCP_STATE_COUNT; s++)
		if (s != TCP_STATE_LISTEN)
			engine_tcp_state(e, out, netns, s, k->states[s]);
	if (k->groups.lost || e->connections->memory.refused)
		sample_gap(out, netns, ENOSPC, "connections beyond the tables' size",
			"what they moved, and who holds some of them");
	ns->counted = true;
	ns->counted_ns = k->begun_ns;
	/* One near the border does not change sides each second. */
	ns->count_cost_ns = k->cost_ns;
	ns->small = k->cost_ns < (ns->small ? at_once_ns(e) : at_once_ns(e) / 4 * 3);
	tell_age(e, ns, out);
	out->have_conns = true;
	end_count(k);
}

static void failed(
	struct engine *e, struct count *k, struct netns_state *ns, int error, struct sample *out)
{
	end_count(k);
	ns->counted_ns = e->now_ns; /* others first */
	if (!reader_is_replay(e->reader) || error != -ENOENT)
		sample_gap(out, (unsigned)ns->series_netns, -error, "connections (sock_diag)",
			"tcp.ports tcp.sendq tcp.recvq");
}

static void count_at_once(struct engine *e, struct count *k, struct netns_state *ns,
	const struct sample *prev, struct sample *out)
{
	int r = begin_count(e, k, ns, prev);
	if (r == 0)
		r = count_pieces(e, k, INT64_MAX);
	if (r < 0 && r != -EINTR)
		failed(e, k, ns, r, out);
	else
		publish(e, k, prev, out);
}

static void count_sliced(struct engine *e, struct count *k, struct netns_state *ns,
	const struct sample *prev, struct sample *out)
{
	struct connections *c = e->connections;
	uint64_t before = k->ns ? k->cost_ns : 0;
	if (c->credit_ns <= 0) {
		take_over(e, ns, NULL, prev, out);
		return;
	}
	int r = k->ns ? 0 : begin_count(e, k, ns, prev);
	bool began = r == 0;
	if (r == 0) {
		r = count_pieces(e, k, c->credit_ns);
		c->credit_ns -= (int64_t)(k->cost_ns - before);
	}
	if (r == 0 || r == -EINTR) {
		publish(e, k, prev, out);
		return;
	}
	if (r < 0)
		failed(e, k, ns, r, out);
	take_over(e, ns, r < 0 && began ? k : NULL, prev, out);
}

/* All small counts together are to stay below the bound as well: where they do not, each has its turn every so many ticks. */
static bool has_its_turn(const struct engine *e, const struct netns_state *ns)
{
	uint64_t pause = e->connections->small_ns / at_once_ns(e) + 1;
	return !ns->counted || (e->ticks + (unsigned)ns->series_netns) % pause == 0;
}

void engine_connections(struct engine *e, struct netns_state *ns, const uint8_t *listening,
	bool heard, const struct sample *prev, struct sample *out)
{
	struct connections *c = e->connections;
	struct port_range ports = engine_port_range(e, out, (unsigned)ns->series_netns);
	bool all = (e->want & WANT_CONNS) || reader_is_replay(e->reader);
	if (!ns->counted)
		ns->small = cost_of(e, ns, out) < at_once_ns(e);
	bool at_once = all || (ns->small && heard && has_its_turn(e, ns));
	struct count *k = at_once ? &c->at_once : &c->sliced;
	k->e = e;
	k->listening = listening;
	k->ports = ports;
	if (at_once)
		count_at_once(e, k, ns, prev, out);
	else if (!ns->small && heard && (k->ns == ns || (!k->ns && (c->next == ns || !c->next))))
		count_sliced(e, k, ns, prev, out);
	else
		take_over(e, ns, NULL, prev, out);
}
