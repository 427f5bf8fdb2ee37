/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* sockets: listening queues each second, connections as groups at a pace their number allows.
 *
 * Listeners come from their own hash table in 0.02 ms however many connections there are; their Recv-Q is how many connections wait to be
 * accepted, their Send-Q the backlog, and the kernel refuses when Recv-Q is greater. A dump of all connections costs about 1 us each, so
 * the next one waits until the last one's cost is below half a percent of one CPU. Owners are another matter: see owners.c. */
#include "collect/engine_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum {
	DUMP_BUDGET = 200,              /* a dump may cost 1/200 of the time since the last */
	DUMP_ALWAYS_BELOW_NS = 1000000, /* a dump cheaper than this runs each tick */
	DUMP_LARGE = 10000,             /* sockets: before their first dump its cost is estimated */
	DUMP_NS_EACH = 1000,
	GROUP_SLOTS = 1 << 16,
};

struct socket_walk {
	struct engine *e;
	struct sample *out;
	const struct sample *prev;
	uint16_t netns;
	uint8_t *listening; /* bit per port */
	uint32_t *slots;    /* group hash -> row + 1 */
	uint64_t states[TCP_STATE_COUNT];
	struct port_range ports;
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
	struct socket_walk *w = ctx;
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
	w->states[TCP_STATE_LISTEN]++;
}

static struct conn_group *find_group(struct socket_walk *w, const struct conn_group *key)
{
	struct {
		uint16_t netns, port, outgoing, families;
		uint8_t local[ADDR_BYTES], peer[ADDR_BYTES];
	} bytes = {key->netns, key->port, key->outgoing,
		(uint16_t)(key->local.family << 8 | key->peer.family), {0}, {0}};
	memcpy(bytes.local, key->local.bytes, ADDR_BYTES);
	memcpy(bytes.peer, key->peer.bytes, ADDR_BYTES);
	uint32_t i = (uint32_t)intern_hash(&bytes, sizeof bytes) & (GROUP_SLOTS - 1);
	struct conn_group *rows = TABLE_ROWS(w->out->conns, struct conn_group);
	for (; w->slots[i]; i = (i + 1) & (GROUP_SLOTS - 1)) {
		struct conn_group *g = &rows[w->slots[i] - 1];
		if (g->port == key->port && g->outgoing == key->outgoing &&
			g->netns == key->netns && address_equal(&g->peer, &key->peer) &&
			address_equal(&g->local, &key->local))
			return g;
	}
	struct conn_group *g = table_add(&w->out->conns, sizeof *g);
	if (!g)
		return NULL;
	*g = *key;
	w->slots[i] = w->out->conns.count;
	return g;
}

static void add_connection(void *ctx, const struct diag_socket *s)
{
	struct socket_walk *w = ctx;
	if (s->state == 0 || s->state >= TCP_STATE_COUNT)
		return;
	w->states[s->state]++;
	bool incoming = w->listening[s->local_port / 8] >> s->local_port % 8 & 1;
	struct conn_group key = {.netns = w->netns,
		.outgoing = !incoming,
		.port = incoming ? s->local_port : s->peer_port,
		.peer = s->peer,
		.local = s->local};
	struct conn_group *g = find_group(w, &key);
	if (!g)
		return;
	g->total++;
	switch (s->state) {
	case TCP_STATE_ESTABLISHED: g->established++; break;
	case TCP_STATE_TIME_WAIT: g->time_wait++; break;
	case TCP_STATE_CLOSE_WAIT: g->close_wait++; break;
	case TCP_STATE_SYN_RECV:
	case TCP_STATE_NEW_SYN_RECV: g->syn_recv++; break;
	case TCP_STATE_SYN_SENT: g->syn_sent++; break;
	default: break;
	}
	g->sendq += s->sendq;
	g->recvq += s->recvq;
	if (!incoming && s->local_port >= w->ports.low && s->local_port <= w->ports.high)
		g->ephemeral++;
	if (s->inode && !g->inode)
		g->inode = s->inode;
}

static int listen_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)parse_inet_diag(bytes, len, add_listener, ctx);
	return 0;
}

static int conn_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)parse_inet_diag(bytes, len, add_connection, ctx);
	return 0;
}

static const char *const state_names[TCP_STATE_COUNT] = {NULL, "established", "syn-sent",
	"syn-recv", "fin-wait-1", "fin-wait-2", "time-wait", "close", "close-wait", "last-ack",
	"listen", "closing", "new-syn-recv"};

/* The groups of the last dump, with what was learnt about owners since: between dumps they stand
 * for the present. */
static void take_over_groups(struct socket_walk *w)
{
	if (!w->prev || !w->prev->have_conns)
		return;
	const struct conn_group *rows = TABLE_ROWS(w->prev->conns, struct conn_group);
	for (uint32_t i = 0; i < w->prev->conns.count; i++) {
		if (rows[i].netns != w->netns)
			continue;
		struct conn_group *g = table_add(&w->out->conns, sizeof *g);
		if (!g)
			continue;
		*g = rows[i];
		g->stale = true;
	}
	const struct out o = {w->out, w->e->series, w->netns};
	for (unsigned s = 1; s < TCP_STATE_COUNT; s++) {
		uint64_t v;
		uint32_t instance =
			out_instance(&o, scan_over(state_names[s], strlen(state_names[s])));
		if (s != TCP_STATE_LISTEN &&
			sample_get(w->prev,
				series_find(w->e->series, M_TCP_STATE, w->netns, instance), &v))
			out_value(&o, M_TCP_STATE, instance, v);
	}
	w->out->have_conns = true;
}

static void dump_connections(struct socket_walk *w, struct netns_state *ns)
{
	w->slots = arena_alloc(&w->e->scratch, GROUP_SLOTS * sizeof *w->slots);
	if (!w->slots)
		return;
	uint64_t begun = clock_mono_ns();
	int r = reader_dump(w->e->reader, DUMP_TCP_ALL, conn_bytes, w);
	ns->dump_cost_ns = clock_mono_ns() - begun;
	bool cheap = ns->dump_cost_ns < DUMP_ALWAYS_BELOW_NS || reader_is_replay(w->e->reader);
	ns->next_dump_ns = cheap ? 0 : w->e->now_ns + ns->dump_cost_ns * DUMP_BUDGET;
	if (r < 0 && r != -EINTR) {
		if (!reader_is_replay(w->e->reader) || r != -ENOENT)
			sample_gap(w->out, w->netns, -r, "connections (sock_diag)",
				"tcp.ports tcp.sendq tcp.recvq");
		return;
	}
	w->out->have_conns = true;
	const struct out o = {w->out, w->e->series, w->netns};
	for (unsigned s = 1; s < TCP_STATE_COUNT; s++)
		out_value(&o, M_TCP_STATE,
			out_instance(&o, scan_over(state_names[s], strlen(state_names[s]))),
			w->states[s]);
}

/* The first dump of a namespace with very many sockets waits as long as if it had been made already. */
static bool dump_is_due(const struct engine *e, struct netns_state *ns, const struct sample *out)
{
	uint64_t inuse = 0, inuse6 = 0, tw = 0;
	unsigned netns = (unsigned)ns->series_netns;
	if (!ns->dumped && !reader_is_replay(e->reader)) {
		ns->dumped = true;
		(void)sample_gauge(e->series, out, M_TCP_INUSE, netns, &inuse);
		(void)sample_gauge(e->series, out, M_TCP6_INUSE, netns, &inuse6);
		(void)sample_gauge(e->series, out, M_TCP_TIMEWAIT, netns, &tw);
		if (inuse + inuse6 + tw > DUMP_LARGE)
			ns->next_dump_ns =
				e->now_ns + (inuse + inuse6 + tw) * DUMP_NS_EACH * DUMP_BUDGET;
	}
	return e->now_ns >= ns->next_dump_ns;
}

void engine_sockets(
	struct engine *e, struct netns_state *ns, const struct sample *prev, struct sample *out)
{
	struct socket_walk w = {
		.e = e, .out = out, .prev = prev, .netns = (uint16_t)ns->series_netns};
	w.listening = arena_alloc(&e->scratch, 65536 / 8);
	if (!w.listening)
		return;
	w.ports = engine_port_range(e, out, w.netns);
	uint32_t first = out->listeners.count;
	int r = reader_dump(e->reader, DUMP_TCP_LISTEN, listen_bytes, &w);
	if (r < 0 && r != -EINTR && !(reader_is_replay(e->reader) && r == -ENOENT))
		sample_gap(out, w.netns, -r, "listening sockets (sock_diag)", "tcp.listen");
	struct listener *rows = TABLE_ROWS(out->listeners, struct listener);
	for (uint32_t i = first; prev && i < out->listeners.count; i++) {
		const struct listener *before = sample_listener(prev, &rows[i]);
		if (before && before->pid && sample_proc(out, before->pid, 0))
			rows[i].pid = before->pid;
	}
	if ((e->want & WANT_CONNS) || dump_is_due(e, ns, out))
		dump_connections(&w, ns);
	else
		take_over_groups(&w);
}
