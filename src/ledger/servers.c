/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "ledger/servers.h"

#include "ledger/use.h"

#include <string.h>

enum {
	OTHERS = 2,       /* connections of others: one may be a check */
	GENERATIONS = 16, /* from a process up to the first of its program */
	LOOKS = 3,        /* samples in which data must stand in a queue */
	IDLE_BYTES =
		16, /* a connection that was sent no more in the window had nothing to be answered */
};
#define WAITED_S                                                                                   \
	1.0 /* connections are accepted sooner than this where somebody is there to do it */

/* ---- processes ---- */

int32_t server_first(const struct view *v, int32_t pid)
{
	const struct usage *u = pid ? view_usage(v, pid) : NULL;
	if (!u)
		return pid;
	for (unsigned i = 0; i < GENERATIONS && u->parent && !u->parent->gone; i++) {
		if (memcmp(u->parent->p->comm, u->p->comm, PROC_COMM) != 0)
			break;
		u = u->parent;
	}
	return u->p->pid;
}

bool server_has(const struct view *v, int32_t first, int32_t pid)
{
	const struct usage *u = pid ? view_usage(v, pid) : NULL;
	for (unsigned i = 0; u && i < GENERATIONS; i++, u = u->parent)
		if (u->p->pid == first)
			return true;
	return false;
}

static void count_processes(const struct view *v, struct server *s)
{
	const struct usage *first = view_usage(v, s->pid);
	for (size_t i = 0; first && i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (u->gone || u == first || u->p->ppid != s->pid || u->p->state == 'Z' ||
			memcmp(u->p->comm, first->p->comm, PROC_COMM) != 0)
			continue;
		s->children++;
		s->threads += u->p->threads;
	}
	if (first && s->children <= 0)
		s->threads = first->p->threads;
}

/* ---- books ---- */

const struct server_book *server_book_of(const struct sample *s, int32_t pid)
{
	for (uint32_t i = 0; i < s->servers.count; i++)
		if (TABLE_ROWS(s->servers, struct server_book)[i].pid == pid)
			return &TABLE_ROWS(s->servers, struct server_book)[i];
	return NULL;
}

const struct server_pool *server_pool_of(
	const struct sample *s, int32_t pid, enum pool_kind kind, uint32_t name)
{
	const struct server_pool *rows = TABLE_ROWS(s->pools, struct server_pool);
	for (uint32_t i = 0; i < s->pools.count; i++)
		if (rows[i].server == pid && rows[i].kind == kind && rows[i].name == name)
			return &rows[i];
	return NULL;
}

bool server_number_of(
	const struct view *v, const struct sample *s, int32_t pid, const char *name, uint64_t *ret)
{
	const struct server_number *rows = TABLE_ROWS(s->server_numbers, struct server_number);
	for (uint32_t i = 0; i < s->server_numbers.count; i++)
		if (rows[i].server == pid &&
			strcmp(intern_text(&v->series->names, rows[i].name), name) == 0) {
			*ret = rows[i].value;
			return true;
		}
	return false;
}

bool server_number_growth(const struct view *v, int32_t pid, const char *name, double *ret)
{
	uint64_t last, now;
	bool known = false;
	double sum = 0;
	for (unsigned i = 0; i < v->n; i++) {
		if (!server_number_of(v, view_at(v, i), pid, name, &now))
			continue;
		if (known && now > last)
			sum += (double)(now - last);
		last = now;
		known = true;
	}
	*ret = sum;
	return known;
}

const struct usage *server_local_client(
	const struct view *v, uint16_t port, const struct address *a)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		if (g->outgoing && g->port == port && g->pid && g->owners <= 1 &&
			address_equal(&g->local, a) && view_usage(v, g->pid))
			return view_usage(v, g->pid);
	}
	return NULL;
}

const char *server_name(struct view *v, const struct server_book *b)
{
	return arena_str(&v->scratch, intern_text(&v->series->names, b->name));
}

const char *server_kind(const struct view *v, const struct server_book *b)
{
	return intern_text(&v->series->names, b->kind);
}

bool server_slot_is_log(const struct server_slot *s)
{
	return s->id >= SLOT_OF_LOG && s->pid == 0;
}

const char *server_slot_peer(struct view *v, const struct server_slot *s)
{
	char text[48];
	return s->peer.family ? arena_str(&v->scratch, address_text(text, &s->peer)) : "";
}

/* ---- connections ---- */

static bool is_port(const struct server *s, uint16_t port)
{
	for (size_t i = 0; i < s->nports; i++)
		if (s->ports[i] == port)
			return true;
	return false;
}

const struct conn_group *server_conn_near(
	const struct sample *s, const struct conn_group *like, uint32_t guess)
{
	const struct conn_group *rows = TABLE_ROWS(s->conns, struct conn_group);
	uint32_t n = s->conns.count, at = guess < n ? guess : 0;
	for (uint32_t i = 0; i < n; i++, at = at + 1 < n ? at + 1 : 0)
		if (rows[at].port == like->port && rows[at].netns == like->netns &&
			rows[at].outgoing == like->outgoing &&
			rows[at].peer_hostbits == like->peer_hostbits &&
			address_equal(&rows[at].peer, &like->peer) &&
			address_equal(&rows[at].local, &like->local))
			return &rows[at];
	return NULL;
}

/* Members with data in Send-Q in each of the last looks, whose peer did not even take once in the window what stands there. What stands before a full
 * interface of our own, the peer may take as fast as it likes: there it must have closed its window. */
static double standing(const struct view *v, const struct conn_group *g, uint32_t at, double out)
{
	double least = g->sendq_conns;
	for (unsigned i = v->n > LOOKS ? v->n - LOOKS : 0; least > 0 && i + 1 < v->n; i++) {
		const struct conn_group *o = server_conn_near(view_at(v, i), g, at);
		double here = o ? o->sendq_conns : 0;
		least = here < least ? here : least;
	}
	if (least <= 0 || out >= (double)g->sendq)
		return 0;
	double wait_s = least > g->window_closed ? use_wait_to_send(v, g->netns) : 0;
	bool ours = wait_s > 0 && g->rtt_max_us / 1e6 >= wait_s / 2;
	return ours && least > g->window_closed ? g->window_closed : least;
}

/* Peers by address. */
struct peers {
	struct server_peer *rows;
	uint16_t *slots; /* index + 1 */
	size_t n, room, nslots;
};
enum { PEERS = 1024 };

static struct server_peer *peer_of(struct peers *p, const struct conn_group *g)
{
	uint64_t at = intern_hash(&g->peer, sizeof g->peer) + g->peer_hostbits;
	for (; p->slots[at % p->nslots]; at++) {
		struct server_peer *row = &p->rows[p->slots[at % p->nslots] - 1];
		if (row->several == (g->peer_hostbits != 0) &&
			address_equal(&row->address, &g->peer))
			return row;
	}
	if (p->n == p->room)
		return NULL;
	p->rows[p->n] = (struct server_peer){.address = g->peer, .several = g->peer_hostbits != 0};
	p->slots[at % p->nslots] = (uint16_t)++p->n;
	return &p->rows[p->n - 1];
}

static double positive(double x)
{
	return x > 0 ? x : 0;
}

static void add_group(
	struct view *v, const struct conn_group *g, uint32_t at, struct server_peer *p)
{
	char text[56];
	const struct conn_group *before = server_conn_near(view_at(v, 0), g, at);
	double in = before ? positive((double)g->bytes_in - (double)before->bytes_in)
			   : (double)g->bytes_in,
	       out = before ? positive((double)g->bytes_out - (double)before->bytes_out)
			    : (double)g->bytes_out;
	double trickled = before ? positive((double)g->trickled - (double)before->trickled)
				 : (double)g->trickled;
	double taken = positive((double)g->established + g->close_wait - g->queued),
	       unread = positive((double)g->recvq_conns - g->queued);
	double idle = g->have_info ? positive(taken - g->owing - g->sendq_conns - unread) : 0;
	if (!p->name)
		p->name = arena_str(&v->scratch, conn_peer_text(text, g));
	p->taken += taken;
	p->reading += standing(v, g, at, out);
	p->idle += out <= IDLE_BYTES * idle ? idle : 0;
	p->owing += g->owing;
	p->waits += g->queued;
	p->in += in;
	p->trickled += trickled;
	p->out += out;
	p->sendq += (double)g->sendq;
	p->closed += g->window_closed;
}

static void keep_largest(struct server *s, const struct server_peer *peers, size_t n)
{
	for (size_t i = 0; peers && i < n; i++) {
		size_t at = s->npeers;
		for (; at > 0 && s->peers[at - 1].taken < peers[i].taken; at--)
			if (at < SERVER_PEERS)
				s->peers[at] = s->peers[at - 1];
		if (at >= SERVER_PEERS)
			continue;
		s->peers[at] = peers[i];
		s->npeers += s->npeers < SERVER_PEERS;
	}
}

/* The connections of one row of its ports, to its peer and to the sums. */
static void count_group(struct view *v, struct server *s, struct peers *peers,
	const struct conn_group *g, uint32_t at)
{
	struct server_peer *p = peer_of(peers, g), other = {.name = ""};
	p = p ? p : &other;
	const struct server_peer was = *p;
	add_group(v, g, at, p);
	s->taken += p->taken - was.taken;
	s->reading += p->reading - was.reading;
	s->idle += p->idle - was.idle;
	s->owing += p->owing - was.owing;
	s->queued += p->waits - was.waits;
	if (g->have_info && g->queued && g->queued_ms / 1000.0 > s->waited_s)
		s->waited_s = g->queued_ms / 1000.0;
}

static bool is_its(const struct server *s, const struct conn_group *g)
{
	return !g->outgoing && g->netns == s->netns && is_port(s, g->port);
}

/* Room for as many as there can be: each server is counted several times in a view. */
static struct peers peers_for(struct view *v, const struct server *s)
{
	const struct sample *last = view_last(v);
	struct peers p = {.nslots = 16};
	for (uint32_t i = 0; i < last->conns.count && p.room < PEERS; i++)
		p.room += is_its(s, &TABLE_ROWS(last->conns, struct conn_group)[i]);
	while (p.nslots < 4 * p.room)
		p.nslots *= 2;
	p.rows = arena_alloc(&v->scratch, (p.room + 1) * sizeof *p.rows);
	p.slots = arena_alloc(&v->scratch, p.nslots * sizeof *p.slots);
	return p;
}

/* The connections of its ports. Peers beyond a bound have no row; who has several connections comes first. */
static void count_connections(struct view *v, struct server *s)
{
	const struct sample *last = view_last(v);
	struct peers peers = peers_for(v, s);
	s->waited_s = -1;
	for (unsigned single = 0; peers.rows && peers.slots && single < 2; single++)
		for (uint32_t i = 0; i < last->conns.count; i++) {
			const struct conn_group *g = &TABLE_ROWS(last->conns, struct conn_group)[i];
			if (is_its(s, g) && (g->established + g->close_wait < 2) == (single != 0))
				count_group(v, s, &peers, g, i);
		}
	keep_largest(s, peers.rows, peers.n);
}

/* ---- queues ---- */

static bool listens_for(const struct view *v, const struct server *s, const struct listener *l)
{
	return l->netns == s->netns &&
	       (l->pid ? server_has(v, s->pid, l->pid) : s->book && s->book->port == l->port);
}

/* Connections that wait in one sample in all its queues. */
static double waiting_in(const struct server *s, const struct sample *at)
{
	double sum = 0;
	for (uint32_t i = 0; i < at->listeners.count; i++) {
		const struct listener *l = &TABLE_ROWS(at->listeners, struct listener)[i];
		if (l->netns == s->netns && is_port(s, l->port))
			sum += l->waiting;
	}
	for (uint32_t i = 0; i < at->unix_listeners.count; i++) {
		const struct unix_listener *l =
			&TABLE_ROWS(at->unix_listeners, struct unix_listener)[i];
		for (size_t k = 0; l->waiting && k < s->nsockets; k++)
			sum += s->sockets[k] == l->inode ? l->waiting : 0;
	}
	const struct server_pool *p =
		s->pool ? server_pool_of(at, s->pid, POOL_WORKERS, s->pool->name) : NULL;
	double told = p ? (double)p->waiting : 0; /* the same ones, as the server counts them */
	return sum > told ? sum : told;
}

static void find_ports(const struct view *v, struct server *s)
{
	const struct sample *last = view_last(v);
	uint32_t most = 0;
	for (uint32_t i = 0; i < last->listeners.count; i++) {
		const struct listener *l = &TABLE_ROWS(last->listeners, struct listener)[i];
		if (!listens_for(v, s, l))
			continue;
		if (!is_port(s, l->port) && s->nports < SERVER_PORTS)
			s->ports[s->nports++] = l->port;
		s->backlog += l->backlog;
		if (l->waiting > most || !s->port) { /* where most wait */
			most = l->waiting;
			s->port = l->port;
		}
		for (unsigned k = 1; l->have_drops && k < v->n; k++) {
			const struct listener *a = sample_listener(view_at(v, k - 1), l),
					      *b = sample_listener(view_at(v, k), l);
			if (a && b)
				s->refused += (uint32_t)(b->drops - a->drops);
		}
	}
}

static void find_sockets(const struct view *v, struct server *s)
{
	const struct sample *last = view_last(v);
	for (uint32_t i = 0; i < last->unix_listeners.count && s->nsockets < SERVER_PORTS; i++) {
		const struct unix_listener *l =
			&TABLE_ROWS(last->unix_listeners, struct unix_listener)[i];
		if (l->pid && l->waiting && server_has(v, s->pid, l->pid))
			s->sockets[s->nsockets++] = l->inode;
	}
}

/* A socket drops other packets as well: what it refused is no more than what its namespace counts as overflows. */
static double refused_of(const struct view *v, const struct server *s)
{
	double overflows;
	if (!view_delta(v, view_id(v, M_LISTEN_OVERFLOWS, s->netns, 0), &overflows))
		return s->refused;
	return s->refused < overflows ? s->refused : overflows;
}

/* How long connections wait, where no connection tells: who waits, over how many are accepted in a second. */
static double wait_by_rate(const struct view *v, const struct server *s, double first)
{
	double opened;
	if (!view_rate(v, view_id(v, M_TCP_PASSIVE_OPENS, s->netns, 0), &opened))
		return -1;
	double accepted = opened - (v->seconds > 0 ? (s->waits - first) / v->seconds : 0);
	return accepted * 60 > s->waits ? s->waits / accepted : 60;
}

/* The same at its unix sockets, where each was looked at. */
static void wait_at_sockets(const struct view *v, struct server *s)
{
	const struct sample *last = view_last(v);
	double longest = -1;
	for (uint32_t i = 0; i < last->unix_listeners.count; i++) {
		const struct unix_listener *l =
			&TABLE_ROWS(last->unix_listeners, struct unix_listener)[i];
		for (size_t k = 0; k < s->nsockets; k++) {
			if (s->sockets[k] != l->inode || l->netns != s->netns)
				continue;
			if (!l->have_waited)
				return;
			longest = l->waited_ms / 1000.0 > longest ? l->waited_ms / 1000.0 : longest;
		}
	}
	s->waited_s = longest > s->waited_s ? longest : s->waited_s;
}

/* Who waits, over how many the pool served in a second, as it tells. */
static double wait_as_told(const struct view *v, const struct server *s)
{
	const struct server_pool *rows[STORE_MAX];
	double t[STORE_MAX];
	unsigned n = s->pool ? server_pool_history(v, s->pool, t, rows) : 0;
	if (n < 2 || rows[n - 1]->served <= rows[0]->served)
		return -1;
	return s->waits * (t[n - 1] - t[0]) / (double)(rows[n - 1]->served - rows[0]->served);
}

/* Whether our own question is one of those that wait, or is at work: that harms nobody. */
static double ours_in(const struct view *v, const struct server *s, const struct sample *sample)
{
	uint64_t asking;
	return server_number_of(v, sample, s->pid, "asking", &asking) ? (double)asking : 0;
}

static void judge_waiting(struct view *v, struct server *s)
{
	unsigned waited = 0;
	double first = waiting_in(s, view_at(v, 0));
	s->waits = waiting_in(s, view_last(v));
	s->since_ns = 0;
	for (unsigned i = 0; i < v->n; i++) {
		bool waits = waiting_in(s, view_at(v, i)) > ours_in(v, s, view_at(v, i));
		waited += waits;
		if (!waits)
			s->since_ns = 0;
		else if (!s->since_ns)
			s->since_ns = view_at(v, i)->real_ns;
	}
	if (s->waits <= ours_in(v, s, view_last(v)) || waited < 2 || waited * 3 < v->n * 2)
		return;
	count_connections(v, s);
	wait_at_sockets(v, s);
	if (s->waited_s < 0)
		s->waited_s = s->nports ? wait_by_rate(v, s, first) : wait_as_told(v, s);
	s->starving = s->refused > 0 || s->waited_s >= WAITED_S || (!s->nports && s->waited_s < 0);
}

/* ---- servers ---- */

static void count_workers(const struct view *v, struct server *s)
{
	count_processes(v, s);
	s->limit = s->pool && s->pool->have_limit && s->pool->limit ? (double)s->pool->limit : -1;
	s->workers = s->limit;
	if (s->workers >= 0)
		return;
	/* A process for each connection, or a thread, and nearly all of them have one; a single one that does one thing at a time. */
	if (s->children >= 2 && s->taken >= 0.8 * s->children && s->taken <= 1.25 * s->children)
		s->workers = s->children;
	else if (s->children <= 0 && s->threads >= 4 && s->taken >= 0.6 * s->threads &&
		 s->taken <= s->threads)
		s->workers = s->taken;
	else if (s->children <= 0 && s->threads <= 1 && s->taken <= 1)
		s->workers = 1;
}

static struct server *server_at(struct server *rows, size_t *n, size_t max, int32_t pid)
{
	for (size_t i = 0; i < *n; i++)
		if (rows[i].pid == pid)
			return &rows[i];
	if (*n == max)
		return NULL;
	rows[*n] = (struct server){.pid = pid, .limit = -1, .workers = -1, .waited_s = -1};
	return &rows[(*n)++];
}

static const struct server_pool *workers_of(const struct sample *s, int32_t pid)
{
	const struct server_pool *rows = TABLE_ROWS(s->pools, struct server_pool), *found = NULL;
	for (uint32_t i = 0; i < s->pools.count; i++)
		if (rows[i].server == pid && rows[i].kind == POOL_WORKERS &&
			(!found || rows[i].waiting > found->waiting))
			found = &rows[i];
	return found;
}

static const struct server_book *book_for(
	const struct view *v, const struct sample *s, const struct listener *l)
{
	for (uint32_t i = 0; i < s->servers.count; i++) {
		const struct server_book *b = &TABLE_ROWS(s->servers, struct server_book)[i];
		if (b->netns == l->netns &&
			(l->pid ? server_has(v, b->pid, l->pid) : b->port == l->port))
			return b;
	}
	return NULL;
}

static void add_waited_for(struct view *v, struct server *ret, size_t *n, size_t max)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->listeners.count; i++) {
		const struct listener *l = &TABLE_ROWS(s->listeners, struct listener)[i];
		if (l->waiting == 0)
			continue;
		const struct server_book *b = book_for(v, s, l);
		int32_t pid = b ? b->pid : l->pid ? server_first(v, l->pid) : 0;
		struct server *row = pid ? server_at(ret, n, max, pid) : NULL;
		if (row) {
			row->netns = l->netns;
			row->book = b;
		}
	}
	for (uint32_t i = 0; i < s->servers.count; i++) {
		const struct server_book *b = &TABLE_ROWS(s->servers, struct server_book)[i];
		for (uint32_t k = 0; k < s->unix_listeners.count; k++) {
			const struct unix_listener *l =
				&TABLE_ROWS(s->unix_listeners, struct unix_listener)[k];
			struct server *row = l->waiting && l->pid && server_has(v, b->pid, l->pid)
						     ? server_at(ret, n, max, b->pid)
						     : NULL;
			if (row) {
				row->netns = b->netns;
				row->book = b;
			}
		}
	}
	for (uint32_t i = 0; i < s->pools.count; i++) {
		const struct server_pool *p = &TABLE_ROWS(s->pools, struct server_pool)[i];
		const struct server_book *b =
			p->kind == POOL_WORKERS && p->waiting ? server_book_of(s, p->server) : NULL;
		struct server *row = b ? server_at(ret, n, max, b->pid) : NULL;
		if (row) {
			row->netns = b->netns;
			row->book = b;
		}
	}
}

size_t servers_waited_for(struct view *v, struct server *ret, size_t max)
{
	size_t n = 0;
	add_waited_for(v, ret, &n, max);
	for (size_t i = 0; i < n; i++) {
		struct server *s = &ret[i];
		const struct usage *u = view_usage(v, s->pid);
		s->name = s->book ? server_name(v, s->book) : u ? who_name(v, u->p) : "";
		s->kind = s->book ? server_kind(v, s->book) : "";
		s->pool = s->book ? workers_of(view_last(v), s->pid) : NULL;
		find_ports(v, s);
		find_sockets(v, s);
		s->refused = refused_of(v, s);
		judge_waiting(v, s);
		if (s->starving)
			count_workers(v, s);
	}
	return n;
}

/* ---- pools ---- */

const struct server_pool *server_next_pool(
	const struct view *v, enum pool_kind kind, uint32_t *at, const struct server_book **ret)
{
	const struct sample *s = view_last(v);
	while (*at < s->pools.count) {
		const struct server_pool *p = &TABLE_ROWS(s->pools, struct server_pool)[(*at)++];
		const struct server_book *b = p->kind == kind ? server_book_of(s, p->server) : NULL;
		if (b && b->status == BOOK_OK) {
			*ret = b;
			return p;
		}
	}
	return NULL;
}

unsigned server_pool_history(const struct view *v, const struct server_pool *p, double *t,
	const struct server_pool **rows)
{
	unsigned n = 0;
	uint64_t told = 0;
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		const struct server_book *b = server_book_of(s, p->server);
		const struct server_pool *o =
			server_pool_of(s, p->server, (enum pool_kind)p->kind, p->name);
		if (!b || !o || b->status != BOOK_OK || b->at_ns == told)
			continue;
		told = b->at_ns;
		t[n] = (double)(told > view_at(v, 0)->mono_ns ? told - view_at(v, 0)->mono_ns : 0) /
		       1e9;
		rows[n++] = o;
	}
	return n;
}

void server_clients(struct view *v, const struct server_book *b, struct server *ret)
{
	*ret = (struct server){.book = b,
		.name = server_name(v, b),
		.kind = server_kind(v, b),
		.pid = b->pid,
		.netns = b->netns,
		.port = b->port,
		.limit = -1,
		.workers = -1,
		.waited_s = -1};
	find_ports(v, ret);
	if (!ret->nports && ret->port)
		ret->ports[ret->nports++] = ret->port;
	ret->refused = refused_of(v, ret);
	ret->waits = waiting_in(ret, view_last(v));
	count_connections(v, ret);
}

bool server_of_process(struct view *v, const struct usage *u, struct server *ret)
{
	int32_t pid = server_first(v, u->p->pid);
	const struct server_book *b = server_book_of(view_last(v), pid);
	if (b) {
		server_clients(v, b, ret);
		return ret->nports > 0;
	}
	*ret = (struct server){.name = who_name(v, u->p),
		.kind = "",
		.pid = pid,
		.netns = u->p->netns,
		.limit = -1,
		.workers = -1,
		.waited_s = -1};
	find_ports(v, ret);
	count_connections(v, ret);
	return ret->nports > 0;
}

bool server_peer_is_all(const struct server *s, const struct server_peer *p)
{
	double others = s->taken - p->taken + s->queued - p->waits;
	for (size_t i = 0; i < s->npeers; i++)
		if (&s->peers[i] != p && who_is_loopback(&s->peers[i].address))
			others -= s->peers[i].taken + s->peers[i].waits;
	return others < OTHERS;
}

bool server_at_port(
	struct view *v, unsigned netns, uint16_t port, int32_t owner, struct server *ret)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->listeners.count; i++) {
		const struct listener *l = &TABLE_ROWS(s->listeners, struct listener)[i];
		if (l->netns != netns || l->port != port)
			continue;
		const struct server_book *b = book_for(v, s, l);
		int32_t pid = b ? b->pid : server_first(v, l->pid ? l->pid : owner);
		const struct usage *u = pid ? view_usage(v, pid) : NULL;
		if (!u)
			continue;
		*ret = (struct server){.book = b,
			.name = b ? server_name(v, b) : who_name(v, u->p),
			.kind = b ? server_kind(v, b) : "",
			.pid = pid,
			.netns = netns,
			.port = port,
			.limit = -1,
			.workers = -1,
			.waited_s = -1};
		return true;
	}
	return false;
}
