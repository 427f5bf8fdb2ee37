/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* sockets: listening queues each second, connections as groups at a pace their number allows,
 * owners only where they are asked for.
 *
 * Listeners come from their own hash table in 0.02 ms however many connections there are; their
 * Recv-Q is how many connections wait to be accepted, their Send-Q the backlog, and the kernel
 * refuses when Recv-Q is greater. A dump of all connections costs about 1 us each, so the next one
 * waits until the last one's cost is below half a percent of one CPU. Who owns a socket is nowhere
 * in sock_diag: it is the process with a descriptor "socket:[inode]", found by walking descriptors,
 * which is done for sockets in trouble alone and remembered.
 *
 * Sockets in TIME_WAIT have no owner at all. Where ephemeral ports run short the makers are found
 * by watching the processes of the namespace for a moment: the one that opens sockets again and
 * again shows ever new socket inodes among its descriptors. */
#include "collect/engine_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
	DUMP_BUDGET = 200,              /* a dump may cost 1/200 of the time since the last */
	DUMP_ALWAYS_BELOW_NS = 1000000, /* a dump cheaper than this runs each tick */
	DUMP_LARGE = 10000,
	DUMP_NS_EACH = 1000,
	GROUP_SLOTS = 1 << 16,
	OWNER_FDS = 4096, /* descriptors looked at in one process */
	OWNERS_WANTED = 256,
	MAKER_LOOKS = 60,
	MAKER_PROCS = 24,
	MAKER_FDS = 256,
	MAKER_SEEN = 48,
	MAKER_PAUSE_NS = 1300000,
};

struct socket_walk {
	struct engine *e;
	struct sample *out;
	const struct sample *prev;
	uint16_t netns;
	uint8_t *listening; /* bit per port */
	uint32_t *slots;    /* group hash -> row + 1 */
	uint64_t states[TCP_STATE_COUNT];
	uint64_t port_low, port_high;
};

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
	if (!incoming && s->local_port >= w->port_low && s->local_port <= w->port_high)
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
	uint64_t inuse = 0, inuse6 = 0, tw = 0, netns = (uint64_t)ns->series_netns;
	if (!ns->dumped && !reader_is_replay(e->reader)) {
		ns->dumped = true;
		(void)engine_gauge(e, out, M_TCP_INUSE, (unsigned)netns, &inuse);
		(void)engine_gauge(e, out, M_TCP6_INUSE, (unsigned)netns, &inuse6);
		(void)engine_gauge(e, out, M_TCP_TIMEWAIT, (unsigned)netns, &tw);
		if (inuse + inuse6 + tw > DUMP_LARGE)
			ns->next_dump_ns =
				e->now_ns + (inuse + inuse6 + tw) * DUMP_NS_EACH * DUMP_BUDGET;
	}
	return e->now_ns >= ns->next_dump_ns;
}

void engine_sockets(
	struct engine *e, struct netns_state *ns, const struct sample *prev, struct sample *out)
{
	struct socket_walk w = {.e = e,
		.out = out,
		.prev = prev,
		.netns = (uint16_t)ns->series_netns,
		.port_low = 32768,
		.port_high = 60999};
	w.listening = arena_alloc(&e->scratch, 65536 / 8);
	if (!w.listening)
		return;
	(void)engine_gauge(e, out, M_PORT_LOW, w.netns, &w.port_low);
	(void)engine_gauge(e, out, M_PORT_HIGH, w.netns, &w.port_high);
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

/* ---- owners ---- */

struct owner_wanted {
	uint32_t inode;
	uint16_t netns;
	int32_t *pid;
};

struct owner_search {
	struct owner_wanted *wanted;
	size_t n, left;
	int32_t pid;
};

static bool socket_inode(const char *target, uint32_t *ret)
{
	struct scan s = scan_over(target, strlen(target));
	uint64_t v;
	if (!scan_starts(s, "socket:["))
		return false;
	s.p += 8;
	if (!scan_u64(&s, &v) || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static int match_owner(void *ctx, const struct reader_fd *fd)
{
	struct owner_search *search = ctx;
	uint32_t inode;
	if (!socket_inode(fd->target, &inode))
		return 0;
	for (size_t i = 0; i < search->n; i++) {
		if (search->wanted[i].inode != inode || *search->wanted[i].pid)
			continue;
		*search->wanted[i].pid = search->pid;
		search->left--;
	}
	return search->left == 0;
}

/* A listener is worth an owner when connections wait in it or it dropped some since the last
 * sample. */
static bool listener_in_trouble(const struct listener *l, const struct sample *prev)
{
	const struct listener *before = prev ? sample_listener(prev, l) : NULL;
	return (l->waiting > 0 && l->waiting * 2 >= l->backlog) ||
	       (before && l->have_drops && before->drops != l->drops);
}

static bool group_in_trouble(
	const struct engine *e, const struct sample *s, const struct conn_group *g)
{
	uint64_t low = 32768, high = 60999;
	(void)engine_gauge(e, s, M_PORT_LOW, g->netns, &low);
	(void)engine_gauge(e, s, M_PORT_HIGH, g->netns, &high);
	return (g->outgoing && (uint64_t)g->ephemeral * 2 > high - low + 1) ||
	       g->sendq + g->recvq > (64u << 20);
}

void engine_owners(struct engine *e, const struct sample *prev, struct sample *out)
{
	struct owner_wanted *wanted = arena_alloc(&e->scratch, OWNERS_WANTED * sizeof *wanted);
	if (!wanted)
		return;
	size_t n = 0;
	struct listener *listeners = TABLE_ROWS(out->listeners, struct listener);
	for (uint32_t i = 0; i < out->listeners.count && n < OWNERS_WANTED; i++) {
		struct listener *l = &listeners[i];
		if (!l->pid && l->inode &&
			((e->want & WANT_OWNERS) || listener_in_trouble(l, prev) ||
				(e->demand & (DEMAND_CGROUP | DEMAND_OWNERS))))
			wanted[n++] = (struct owner_wanted){l->inode, l->netns, &l->pid};
	}
	struct conn_group *groups = TABLE_ROWS(out->conns, struct conn_group);
	for (uint32_t i = 0; i < out->conns.count && n < OWNERS_WANTED; i++) {
		struct conn_group *g = &groups[i];
		if (!g->pid && g->inode && group_in_trouble(e, out, g))
			wanted[n++] = (struct owner_wanted){g->inode, g->netns, &g->pid};
	}
	struct owner_search search = {wanted, n, n, 0};
	struct proc *procs = TABLE_ROWS(out->procs, struct proc);
	for (uint32_t i = 0; i < out->procs.count && search.left; i++) {
		struct proc *p = &procs[i];
		size_t before = search.left;
		if (p->kernel || p->state == 'Z')
			continue;
		bool here = !(p->have & HAVE_NETNS);
		for (size_t k = 0; !here && k < n; k++)
			here = wanted[k].netns == p->netns && !*wanted[k].pid;
		search.pid = p->pid;
		if (here)
			(void)reader_proc_fds(
				e->reader, p->pid, OWNER_FDS, false, match_owner, &search);
		if (search.left != before && !(p->have & HAVE_CGROUP))
			engine_name_cgroup(e, p);
	}
}

/* ---- who makes sockets where ports are short ---- */

struct maker {
	const struct proc *p;
	uint64_t ran;
	uint32_t seen[MAKER_SEEN];
	uint32_t nseen, sightings;
	bool baseline;
};

static int note_socket(void *ctx, const struct reader_fd *fd)
{
	struct maker *m = ctx;
	uint32_t inode;
	if (!socket_inode(fd->target, &inode))
		return 0;
	for (uint32_t i = 0; i < m->nseen && i < MAKER_SEEN; i++)
		if (m->seen[i] == inode)
			return 0;
	m->seen[m->nseen++ % MAKER_SEEN] = inode;
	m->sightings += !m->baseline;
	return 0;
}

/* The processes of the namespace that were put on a CPU most often since the last sample. */
static size_t busiest(const struct sample *prev, const struct sample *out, uint16_t netns,
	struct maker *makers, size_t max)
{
	const struct proc *procs = TABLE_ROWS(out->procs, struct proc);
	size_t n = 0;
	for (uint32_t i = 0; i < out->procs.count; i++) {
		const struct proc *p = &procs[i];
		if (p->kernel || !(p->have & HAVE_NETNS) || p->netns != netns)
			continue;
		const struct proc *before = prev ? sample_proc(prev, p->pid, p->start_ticks) : NULL;
		uint64_t ran = p->switches - (before ? before->switches : 0);
		size_t at = n < max ? n++ : max;
		while (at > 0 && makers[at - 1].ran < ran) {
			if (at < max)
				makers[at] = makers[at - 1];
			at--;
		}
		if (at < max)
			makers[at] = (struct maker){.p = p, .ran = ran};
	}
	return n;
}

static void add_maker(struct engine *e, struct sample *out, uint16_t netns, int32_t pid,
	uint32_t sightings, uint32_t looks)
{
	struct socket_maker *row = table_add(&out->makers, sizeof *row);
	char text[96];
	if (row)
		*row = (struct socket_maker){netns, pid, sightings, looks};
	int n = snprintf(text, sizeof text, "%" PRIu64 " %" PRId32 " %" PRIu32 " %" PRIu32 "\n",
		e->series->netns[netns].inode, pid, sightings, looks);
	reader_note(e->reader, "socket_makers", text, (size_t)n);
}

static void recorded_makers(struct engine *e, struct sample *out, uint16_t netns)
{
	ssize_t n = reader_file(e->reader, "socket_makers", NULL, e->buffer, 65536);
	struct scan s = scan_over(e->buffer, n > 0 ? (size_t)n : 0), line;
	uint64_t inode, pid, sightings, looks;
	while (scan_line(&s, &line))
		if (scan_u64(&line, &inode) && scan_u64(&line, &pid) &&
			scan_u64(&line, &sightings) && scan_u64(&line, &looks) &&
			inode == e->series->netns[netns].inode)
			add_maker(
				e, out, netns, (int32_t)pid, (uint32_t)sightings, (uint32_t)looks);
}

static void watch_makers(
	struct engine *e, const struct sample *prev, struct sample *out, uint16_t netns)
{
	if (reader_is_replay(e->reader)) {
		recorded_makers(e, out, netns);
		return;
	}
	struct maker *makers = arena_alloc(&e->scratch, MAKER_PROCS * sizeof *makers);
	if (!makers)
		return;
	size_t n = busiest(prev, out, netns, makers, MAKER_PROCS);
	for (unsigned look = 0; look < MAKER_LOOKS; look++) {
		for (size_t i = 0; i < n; i++) {
			makers[i].baseline = look == 0;
			(void)reader_proc_fds(e->reader, makers[i].p->pid, MAKER_FDS, false,
				note_socket, &makers[i]);
		}
		(void)clock_sleep_until(clock_mono_ns() + MAKER_PAUSE_NS);
	}
	for (size_t i = 0; i < n; i++)
		add_maker(e, out, netns, makers[i].p->pid, makers[i].sightings, MAKER_LOOKS);
}

void engine_port_users(struct engine *e, const struct sample *prev, struct sample *out)
{
	const struct conn_group *groups = TABLE_ROWS(out->conns, struct conn_group);
	uint16_t done[8];
	size_t ndone = 0;
	for (uint32_t i = 0; i < out->conns.count; i++) {
		uint64_t low = 32768, high = 60999;
		(void)engine_gauge(e, out, M_PORT_LOW, groups[i].netns, &low);
		(void)engine_gauge(e, out, M_PORT_HIGH, groups[i].netns, &high);
		if (!groups[i].outgoing ||
			(uint64_t)groups[i].ephemeral * 10 < (high - low + 1) * 8)
			continue;
		bool again = false;
		for (size_t k = 0; k < ndone; k++)
			again = again || done[k] == groups[i].netns;
		if (again || ndone == COUNTOF(done))
			continue;
		done[ndone++] = groups[i].netns;
		watch_makers(e, prev, out, groups[i].netns);
	}
}

/* ---- connection tracking ---- */

enum { CT_SAMPLE = 20000, CT_SLOTS = 1 << 14 };

struct ct_walk {
	struct engine *e;
	struct sample *out;
	uint16_t netns;
	uint32_t *slots;
	uint32_t count;
};

static void add_ct(void *ctx, const struct ct_entry *c)
{
	struct ct_walk *w = ctx;
	w->count++;
	w->out->ct_sampled++;
	struct {
		uint8_t source[ADDR_BYTES], destination[ADDR_BYTES];
		uint16_t port, netns;
	} key = {.port = c->port, .netns = w->netns};
	memcpy(key.source, c->source.bytes, ADDR_BYTES);
	memcpy(key.destination, c->destination.bytes, ADDR_BYTES);
	uint32_t i = (uint32_t)intern_hash(&key, sizeof key) & (CT_SLOTS - 1);
	struct ct_peer *rows = TABLE_ROWS(w->out->ct_peers, struct ct_peer);
	for (; w->slots[i]; i = (i + 1) & (CT_SLOTS - 1)) {
		struct ct_peer *p = &rows[w->slots[i] - 1];
		if (p->port == c->port && p->proto == c->proto &&
			address_equal(&p->source, &c->source) &&
			address_equal(&p->destination, &c->destination)) {
			p->count++;
			return;
		}
	}
	struct ct_peer *p = table_add(&w->out->ct_peers, sizeof *p);
	if (!p)
		return;
	*p = (struct ct_peer){w->netns, c->proto, c->port, c->source, c->destination, 1};
	w->slots[i] = w->out->ct_peers.count;
}

static int ct_bytes(void *ctx, const void *bytes, size_t len)
{
	struct ct_walk *w = ctx;
	(void)parse_conntrack(bytes, len, add_ct, w);
	return w->count >=
	       CT_SAMPLE; /* entries come in hash order: the first ones are a fair sample of all */
}

void engine_conntrack_peers(struct engine *e, struct netns_state *ns, struct sample *out)
{
	struct ct_walk w = {.e = e, .out = out, .netns = (uint16_t)ns->series_netns};
	w.slots = arena_alloc(&e->scratch, CT_SLOTS * sizeof *w.slots);
	if (!w.slots)
		return;
	int r = reader_dump(e->reader, DUMP_CONNTRACK, ct_bytes, &w);
	if (r < 0 && r != -EINTR)
		sample_gap(out, w.netns, -r, "entries of the connection-tracking table (ctnetlink)",
			"who fills conntrack");
	else
		out->have_ct_peers = true;
}
