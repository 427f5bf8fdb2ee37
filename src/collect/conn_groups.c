/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "collect/conn_groups.h"

#include <assert.h>
#include <string.h>

enum {
	ROW_SLOTS = 1 << 15,
	SERVICE_SLOTS = 1 << 14,
	TIMER_PROBE = 4,
	IDLE_ROUNDING_S = 2,
};
/* While a service is folded its rows stand at their old places and at their new ones. */
static_assert(ROW_SLOTS >= 4 * GROUPS_WORK && SERVICE_SLOTS >= 2 * GROUPS_WORK,
	"half of the slots stay free");

/* A row under way. */
struct group_work {
	struct conn_group row;
	uint64_t rtt_sum;
	uint64_t owner_bits; /* a bit for each owner seen, by its hash */
	uint32_t rtt_count;
	uint32_t service;
	uint32_t votes; /* of row.pid: majority vote of Boyer and Moore */
	bool single;    /* one address of a folded service */
	bool gone;
	bool continued; /* a row of the last count goes on in this one */
};

struct service {
	struct conn_service key;
	uint32_t rows;  /* that may be folded */
	uint32_t total; /* connections */
	struct conn_fold *fold;
};

int conn_groups_init(struct conn_groups *g, struct conn_folds *folds)
{
	*g = (struct conn_groups){.folds = folds};
	int r = arena_init(&g->rows, GROUPS_WORK * sizeof(struct group_work));
	if (r == 0)
		r = arena_init(
			&g->services, GROUPS_WORK * (sizeof(struct service) + sizeof(uint16_t)));
	if (r == 0)
		r = arena_init(&g->slots, (ROW_SLOTS + SERVICE_SLOTS) * sizeof(uint16_t));
	if (r < 0)
		conn_groups_destroy(g);
	return r;
}

void conn_groups_destroy(struct conn_groups *g)
{
	arena_destroy(&g->rows);
	arena_destroy(&g->services);
	arena_destroy(&g->slots);
	*g = (struct conn_groups){0};
}

static struct group_work *work_of(const struct conn_groups *g)
{
	return (struct group_work *)(void *)g->rows.base;
}

static struct service *services_of(const struct conn_groups *g)
{
	return (struct service *)(void *)g->services.base;
}

/* Row or service number + 1, by hash; the slots of services lie behind those of rows. */
static uint16_t *row_slots(const struct conn_groups *g)
{
	return (uint16_t *)(void *)g->slots.base;
}

void conn_groups_begin(struct conn_groups *g, uint16_t netns, uint32_t bound)
{
	arena_reset(&g->rows);
	arena_reset(&g->services);
	arena_reset(&g->slots);
	(void)arena_push(&g->slots, (ROW_SLOTS + SERVICE_SLOTS) * sizeof(uint16_t));
	g->nrows = g->nservices = 0;
	g->netns = netns;
	g->bound = bound < GROUPS_BOUND ? bound : GROUPS_BOUND;
	g->lost = g->full = false;
	g->spread = conn_folds_begin(g->folds, netns);
}

/* ---- finding rows ---- */

static uint32_t mix(uint32_t h, const struct address *a)
{
	uint32_t word[ADDR_BYTES / 4];
	memcpy(word, a->bytes, sizeof word);
	for (size_t i = 0; i < COUNTOF(word); i++) {
		h = (h ^ word[i]) * 0x9e3779b1u;
		h ^= h >> 15;
	}
	return (h ^ a->family) * 0x85ebca6bu;
}

static uint32_t service_hash(const struct conn_service *k)
{
	uint32_t h = mix((uint32_t)k->port << 1 | k->outgoing, &k->local);
	return h ^ h >> 16;
}

static uint32_t row_hash(uint32_t service, const struct address *peer, unsigned hostbits)
{
	uint32_t h = mix(service * 0xc2b2ae35u + hostbits, peer);
	return h ^ h >> 16;
}

static struct group_work *find_row(const struct conn_groups *g, uint32_t service,
	const struct address *peer, unsigned hostbits, uint16_t **ret_slot)
{
	uint16_t *slots = row_slots(g);
	uint32_t i = row_hash(service, peer, hostbits) & (ROW_SLOTS - 1);
	for (; slots[i]; i = (i + 1) & (ROW_SLOTS - 1)) {
		struct group_work *w = &work_of(g)[slots[i] - 1];
		if (w->service == service && w->row.peer_hostbits == hostbits &&
			address_equal(&w->row.peer, peer))
			return w;
	}
	if (ret_slot)
		*ret_slot = &slots[i];
	return NULL;
}

static struct group_work *new_row(struct conn_groups *g, uint32_t service,
	const struct address *peer, unsigned hostbits, uint16_t *slot)
{
	struct group_work *w = g->nrows < GROUPS_WORK ? arena_push(&g->rows, sizeof *w) : NULL;
	if (!w) {
		g->lost = true;
		return NULL;
	}
	const struct conn_service *k = &services_of(g)[service].key;
	w->service = service;
	w->row = (struct conn_group){.netns = g->netns,
		.outgoing = k->outgoing,
		.port = k->port,
		.local = k->local,
		.peer = *peer,
		.peer_hostbits = (uint8_t)hostbits};
	*slot = (uint16_t)++g->nrows;
	return w;
}

static struct group_work *row_at(
	struct conn_groups *g, uint32_t service, const struct address *peer, unsigned hostbits)
{
	uint16_t *slot;
	struct group_work *w = find_row(g, service, peer, hostbits, &slot);
	if (w)
		return w;
	w = new_row(g, service, peer, hostbits, slot);
	if (w)
		services_of(g)[service].rows++;
	return w;
}

/* A row for each address of a folded service that is to have one, so that its members find it. */
static void add_singles(struct conn_groups *g, uint32_t service, const struct conn_fold *f)
{
	for (uint32_t i = 0; i < f->nsingle; i++) {
		uint16_t *slot;
		struct group_work *w = find_row(g, service, &f->single[i], 0, &slot);
		if (!w)
			w = new_row(g, service, &f->single[i], 0, slot);
		if (w)
			w->single = true;
	}
}

static struct conn_service service_key(const struct conn_groups *g, const struct conn_service *of)
{
	struct conn_service k = *of;
	if (g->spread) {
		k.port = k.outgoing ? 0 : k.port;
		memset(k.local.bytes, 0, sizeof k.local.bytes);
	}
	return k;
}

static bool find_service(const struct conn_groups *g, const struct conn_service *k, uint32_t *ret,
	uint16_t **ret_slot)
{
	uint16_t *slots = row_slots(g) + ROW_SLOTS;
	uint32_t i = service_hash(k) & (SERVICE_SLOTS - 1);
	for (; slots[i]; i = (i + 1) & (SERVICE_SLOTS - 1)) {
		*ret = slots[i] - 1u;
		const struct conn_service *o = &services_of(g)[*ret].key;
		if (o->port == k->port && o->outgoing == k->outgoing &&
			address_equal(&o->local, &k->local))
			return true;
	}
	*ret_slot = &slots[i];
	return false;
}

static bool service_at(struct conn_groups *g, const struct conn_service *key, uint32_t *ret)
{
	uint16_t *slot;
	if (find_service(g, key, ret, &slot))
		return true;
	struct service *s = g->nservices < GROUPS_WORK ? arena_push(&g->services, sizeof *s) : NULL;
	if (!s)
		return false;
	*ret = g->nservices;
	*slot = (uint16_t)++g->nservices;
	s->key = *key;
	s->fold = conn_folds_find(g->folds, g->netns, key);
	if (s->fold) {
		conn_fold_begin(s->fold);
		add_singles(g, *ret, s->fold);
	}
	return true;
}

/* ---- adding up ---- */

static uint32_t most32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* The lesser of two that are there; 0 is not. */
static uint32_t least32(uint32_t a, uint32_t b)
{
	return a == 0 || (b && b < a) ? b : a;
}

static void vote(struct group_work *w, int32_t pid, uint32_t votes, uint64_t bits)
{
	w->owner_bits |= bits;
	if (votes == 0)
		return;
	if (w->row.pid == pid) {
		w->votes += votes;
	} else if (w->votes >= votes) {
		w->votes -= votes;
	} else {
		w->row.pid = pid;
		w->votes = votes - w->votes;
	}
}

static void merge(struct group_work *to, const struct group_work *from)
{
	struct conn_group *a = &to->row;
	const struct conn_group *b = &from->row;
	a->have_info = a->have_info || b->have_info;
	a->total += b->total;
	a->established += b->established;
	a->time_wait += b->time_wait;
	a->close_wait += b->close_wait;
	a->syn_recv += b->syn_recv;
	a->syn_sent += b->syn_sent;
	a->sendq += b->sendq;
	a->recvq += b->recvq;
	a->ephemeral += b->ephemeral;
	a->inode = a->inode ? a->inode : b->inode;
	a->sendq_conns += b->sendq_conns;
	a->recvq_conns += b->recvq_conns;
	if (b->sendq_max > a->sendq_max) {
		a->sendq_max = b->sendq_max;
		a->sendq_port = b->sendq_port;
	}
	if (b->recvq_max > a->recvq_max) {
		a->recvq_max = b->recvq_max;
		a->recvq_port = b->recvq_port;
	}
	a->bytes_out += b->bytes_out;
	a->bytes_in += b->bytes_in;
	a->trickled += b->trickled;
	a->retransmits += b->retransmits;
	a->unsent += b->unsent;
	a->rtt_max_us = most32(a->rtt_max_us, b->rtt_max_us);
	a->rtt_min_us = least32(a->rtt_min_us, b->rtt_min_us);
	a->window_closed += b->window_closed;
	a->resending += b->resending;
	a->owing += b->owing;
	a->asking += b->asking;
	a->queued += b->queued;
	a->queued_ms = most32(a->queued_ms, b->queued_ms);
	a->idle_since_s = least32(a->idle_since_s, b->idle_since_s);
	to->rtt_sum += from->rtt_sum;
	to->rtt_count += from->rtt_count;
	to->continued = to->continued || from->continued;
	vote(to, b->pid, from->votes, from->owner_bits);
}

static void count_state(struct conn_group *g, unsigned state)
{
	g->total++;
	switch (state) {
	case TCP_STATE_ESTABLISHED: g->established++; break;
	case TCP_STATE_TIME_WAIT: g->time_wait++; break;
	case TCP_STATE_CLOSE_WAIT: g->close_wait++; break;
	case TCP_STATE_SYN_RECV:
	case TCP_STATE_NEW_SYN_RECV: g->syn_recv++; break;
	case TCP_STATE_SYN_SENT: g->syn_sent++; break;
	default: break;
	}
}

static void count_queues(struct conn_group *g, const struct diag_socket *s, uint16_t port)
{
	g->sendq += s->sendq;
	g->recvq += s->recvq;
	g->sendq_conns += s->sendq > 0;
	g->recvq_conns += s->recvq > 0;
	if (s->sendq > g->sendq_max) {
		g->sendq_max = s->sendq;
		g->sendq_port = port;
	}
	if (s->recvq > g->recvq_max) {
		g->recvq_max = s->recvq;
		g->recvq_port = port;
	}
}

static void count_info(struct group_work *w, const struct diag_socket *s, uint32_t now_s)
{
	struct conn_group *g = &w->row;
	const struct diag_tcp *t = &s->tcp;
	g->have_info = true;
	g->unsent += t->unsent;
	if (t->rtt_us) {
		w->rtt_sum += t->rtt_us;
		w->rtt_count++;
		g->rtt_max_us = most32(g->rtt_max_us, t->rtt_us);
	}
	if (t->min_rtt_us != UINT32_MAX) /* what the kernel says before it measured any */
		g->rtt_min_us = least32(g->rtt_min_us, t->min_rtt_us);
	bool shut = s->timer == TIMER_PROBE || (t->have_peer_window && t->peer_window == 0);
	g->window_closed += shut && s->sendq > 0 && s->state != TCP_STATE_SYN_SENT;
	g->resending += t->timeouts >= 2 && s->state != TCP_STATE_SYN_SENT;
	/* What is asked and answered in one tick of the kernel's clock has one age for both; the SYN of who connects is an acknowledged byte. */
	bool still = s->state == TCP_STATE_ESTABLISHED || s->state == TCP_STATE_CLOSE_WAIT;
	if (still && s->inode && s->sendq == 0 && s->recvq == 0) {
		bool sent = t->bytes_acked > 1, received = t->bytes_received > 0;
		g->owing += received && (!sent || t->since_received_ms < t->since_sent_ms);
		g->asking += sent && (!received || t->since_sent_ms < t->since_received_ms);
	}
	uint32_t idle_s = (t->since_sent_ms < t->since_received_ms ? t->since_sent_ms
								   : t->since_received_ms) /
			  1000;
	if (s->state == TCP_STATE_ESTABLISHED && idle_s < now_s)
		g->idle_since_s = least32(g->idle_since_s, now_s - idle_s);
}

static void make_room(struct conn_groups *g);

/* The row of a connection, after what is necessary to have room for it. */
static struct group_work *row_of(struct conn_groups *g, const struct diag_socket *s, bool incoming)
{
	const struct conn_service key = {.outgoing = !incoming,
		.port = incoming ? s->local_port : s->peer_port,
		.local = s->local};
	if (!g->full && (g->nrows >= GROUPS_WORK - CONN_SINGLES || g->nservices == GROUPS_WORK))
		make_room(g);
	const struct conn_service ours = service_key(g, &key);
	uint32_t at;
	if (g->spread)
		conn_folds_note(g->folds, g->netns, service_hash(&key));
	if (!service_at(g, &ours, &at)) {
		g->lost = true;
		return NULL;
	}
	struct service *service = &services_of(g)[at];
	service->total++;
	if (!service->fold)
		return row_at(g, at, &s->peer, 0);
	struct group_work *w = find_row(g, at, &s->peer, 0, NULL);
	if (w)
		return w;
	struct address network = s->peer;
	unsigned bits = conn_fold_mask(&network, service->fold->level);
	conn_fold_note(service->fold, &s->peer);
	conn_fold_count(service->fold, &s->peer, 1);
	return row_at(g, at, &network, bits);
}

void conn_groups_add(struct conn_groups *g, const struct diag_socket *s, bool incoming,
	bool ephemeral, const struct conn_moved *since, int32_t pid, uint32_t now_s)
{
	struct group_work *w = row_of(g, s, incoming);
	if (!w)
		return;
	count_state(&w->row, s->state);
	count_queues(&w->row, s, incoming ? s->peer_port : s->local_port);
	if (s->have_tcp)
		count_info(w, s, now_s);
	if (incoming && !s->inode &&
		(s->state == TCP_STATE_ESTABLISHED || s->state == TCP_STATE_CLOSE_WAIT)) {
		w->row.queued++;
		if (s->have_tcp)
			w->row.queued_ms = most32(w->row.queued_ms, s->tcp.since_received_ms);
	}
	w->row.ephemeral += ephemeral;
	w->row.bytes_out += since->out;
	w->row.bytes_in += since->in;
	/* An end counts as a byte: only who is open on both sides goes on with a request. */
	if (since->known && s->state == TCP_STATE_ESTABLISHED && s->inode && s->have_tcp &&
		s->tcp.bytes_acked <= 1)
		w->row.trickled += since->in;
	w->row.retransmits += since->retransmits;
	if (s->inode && !w->row.inode)
		w->row.inode = s->inode;
	if (pid)
		vote(w, pid, 1, UINT64_C(1) << ((uint32_t)pid * 0x9e3779b1u >> 26));
}

/* ---- folding ---- */

/* Packs the rows that are left and finds them anew. */
static void pack(struct conn_groups *g)
{
	struct group_work *rows = work_of(g);
	uint32_t kept = 0;
	memset(row_slots(g), 0, ROW_SLOTS * sizeof(uint16_t));
	for (uint32_t i = 0; i < g->nservices; i++)
		services_of(g)[i].rows = 0;
	for (uint32_t i = 0; i < g->nrows; i++) {
		if (rows[i].gone)
			continue;
		if (kept != i)
			rows[kept] = rows[i];
		const struct group_work *w = &rows[kept++];
		uint32_t at = row_hash(w->service, &w->row.peer, w->row.peer_hostbits);
		while (row_slots(g)[at & (ROW_SLOTS - 1)])
			at++;
		row_slots(g)[at & (ROW_SLOTS - 1)] = (uint16_t)kept;
		services_of(g)[w->service].rows += !w->single;
	}
	g->nrows = kept;
	g->rows.used = kept * sizeof *rows;
}

/* Moves row i to where it belongs now: into a row that is there, or it becomes that row itself. */
static void move_row(
	struct conn_groups *g, uint32_t i, uint32_t service, struct address peer, unsigned hostbits)
{
	struct group_work *w = &work_of(g)[i];
	uint16_t *slot;
	struct group_work *to = find_row(g, service, &peer, hostbits, &slot);
	if (to == w)
		return;
	if (to) {
		merge(to, w);
		w->gone = true;
		return;
	}
	const struct conn_service *k = &services_of(g)[service].key;
	w->service = service;
	w->row.outgoing = k->outgoing;
	w->row.port = k->port;
	w->row.local = k->local;
	w->row.peer = peer;
	w->row.peer_hostbits = (uint8_t)hostbits;
	w->single = false;
	*slot = (uint16_t)(i + 1);
}

/* One level more for a service. False when it cannot be folded further. */
static bool fold_service(struct conn_groups *g, uint32_t at)
{
	struct service *s = &services_of(g)[at];
	struct group_work *rows = work_of(g);
	bool first = !s->fold;
	if (first) {
		s->fold = conn_folds_add(g->folds, g->netns, &s->key);
		if (!s->fold)
			return false;
		conn_fold_begin(s->fold);
	}
	if (!conn_fold_deeper(s->fold))
		return false;
	for (uint32_t i = 0; i < g->nrows; i++) {
		struct group_work *w = &rows[i];
		if (w->gone || w->service != at || w->single)
			continue;
		struct address peer = w->row.peer;
		if (first) {
			w->single = (uint64_t)w->row.total * CONN_SINGLES >= s->total &&
				    conn_fold_keep(s->fold, &peer);
			if (w->single)
				continue;
			conn_fold_count(s->fold, &peer, w->row.total);
		}
		conn_fold_note(s->fold, &peer);
		unsigned bits = conn_fold_mask(&peer, s->fold->level);
		move_row(g, i, at, peer, bits > w->row.peer_hostbits ? bits : w->row.peer_hostbits);
	}
	pack(g);
	return true;
}

/* All services without port and local address. What was folded begins anew. */
static void spread(struct conn_groups *g)
{
	uint32_t was = g->nservices;
	struct service *s = services_of(g);
	uint16_t *becomes = arena_push(&g->services, was * sizeof *becomes);
	g->spread = true;
	conn_folds_spread(g->folds, g->netns);
	memset(row_slots(g), 0, (ROW_SLOTS + SERVICE_SLOTS) * sizeof(uint16_t));
	g->nservices = 0;
	for (uint32_t i = 0; i < was; i++) {
		const struct service old = s[i];
		const struct conn_service key = service_key(g, &old.key);
		uint32_t to;
		uint16_t *slot;
		conn_folds_note(g->folds, g->netns, service_hash(&old.key));
		if (!find_service(g, &key, &to, &slot)) { /* into its own place or one before */
			to = g->nservices++;
			*slot = (uint16_t)g->nservices;
			s[to] = (struct service){.key = key};
		}
		s[to].total += old.total;
		becomes[i] = (uint16_t)to;
	}
	for (uint32_t i = 0; i < g->nrows; i++) {
		struct group_work *w = &work_of(g)[i];
		w->single = false;
		move_row(g, i, becomes[w->service], w->row.peer, w->row.peer_hostbits);
	}
	g->services.used = g->nservices * sizeof *s;
	pack(g);
}

/* Folds until at most so many rows are left, the service with the most rows first. */
static void fold_to(struct conn_groups *g, uint32_t rows)
{
	while (g->nrows > rows) {
		uint32_t most = 0;
		for (uint32_t i = 1; i < g->nservices; i++)
			if (services_of(g)[i].rows > services_of(g)[most].rows)
				most = i;
		bool worth = services_of(g)[most].rows > 8;
		if (worth && fold_service(g, most))
			continue;
		g->full = g->spread;
		if (g->full)
			return;
		spread(g);
	}
}

static void make_room(struct conn_groups *g)
{
	fold_to(g, GROUPS_WORK / 4 * 3);
	if (g->nservices == GROUPS_WORK && !g->spread)
		spread(g);
}

/* ---- the end of a count ---- */

/* Addresses that no longer hold enough go back to their network's row; rows of nobody go. */
static void judge_singles(struct conn_groups *g)
{
	for (uint32_t i = 0; i < g->nrows; i++) {
		struct group_work *w = &work_of(g)[i];
		const struct service *s = &services_of(g)[w->service];
		if (w->row.total == 0) {
			w->gone = true;
		} else if (w->single && (uint64_t)w->row.total * CONN_SINGLES < s->total) {
			struct address peer = w->row.peer;
			conn_fold_note(s->fold, &peer);
			conn_fold_count(s->fold, &peer, w->row.total);
			unsigned bits = conn_fold_mask(&peer, s->fold->level);
			move_row(g, i, w->service, peer, bits);
		}
	}
	pack(g);
}

void conn_groups_end(struct conn_groups *g)
{
	judge_singles(g);
	if (g->nrows > g->bound)
		fold_to(g, g->bound / 4 * 3);
	struct group_work *rows = work_of(g);
	for (uint32_t i = 0; i < g->nservices; i++)
		if (services_of(g)[i].fold)
			services_of(g)[i].fold->nsingle = 0;
	for (uint32_t i = 0; i < g->nrows; i++) {
		struct group_work *w = &rows[i];
		w->row.rtt_us = w->rtt_count ? (uint32_t)(w->rtt_sum / w->rtt_count) : 0;
		w->row.owners = (uint32_t)__builtin_popcountll(w->owner_bits);
		if (w->single)
			(void)conn_fold_keep(services_of(g)[w->service].fold, &w->row.peer);
	}
	conn_folds_end(g->folds, g->netns, g->nrows, g->bound);
}

const struct conn_group *conn_groups_row(const struct conn_groups *g, uint32_t i)
{
	return &work_of(g)[i].row;
}

/* The row that stands for the same as one of the last count. */
static struct group_work *goes_on(
	const struct conn_groups *g, const struct conn_group *before, uint32_t *ret_service)
{
	const struct conn_service key = {
		.outgoing = before->outgoing, .port = before->port, .local = before->local};
	uint16_t *slot;
	if (!find_service(g, &key, ret_service, &slot))
		return NULL;
	return find_row(g, *ret_service, &before->peer, before->peer_hostbits, NULL);
}

static void add_counters(struct conn_group *g, const struct conn_group *before)
{
	g->bytes_out += before->bytes_out;
	g->bytes_in += before->bytes_in;
	g->trickled += before->trickled;
	g->retransmits += before->retransmits;
}

void conn_groups_continue(struct conn_groups *g, const struct conn_group *before, bool owner_lives)
{
	uint32_t service;
	struct group_work *w = goes_on(g, before, &service);
	if (!w)
		return;
	w->continued = true;
	add_counters(&w->row, before);
	if (w->row.pid == 0 && owner_lives) {
		w->row.pid = before->pid;
		w->row.owners = before->owners;
	}
	uint32_t was = before->idle_since_s, is = w->row.idle_since_s;
	if (was && is && (was > is ? was - is : is - was) <= IDLE_ROUNDING_S)
		w->row.idle_since_s = was;
}

void conn_groups_cover(struct conn_groups *g, const struct conn_group *before)
{
	const struct conn_service old = {
		.outgoing = before->outgoing, .port = before->port, .local = before->local};
	const struct conn_service key = service_key(g, &old);
	uint32_t at;
	uint16_t *slot;
	if (goes_on(g, before, &at) || !find_service(g, &key, &at, &slot))
		return;
	const struct conn_fold *f = services_of(g)[at].fold;
	struct address peer = before->peer;
	unsigned bits = f ? conn_fold_mask(&peer, f->level) : 0;
	struct group_work *w = find_row(
		g, at, &peer, bits > before->peer_hostbits ? bits : before->peer_hostbits, NULL);
	/* To a row that counted before, what others counted would be traffic that never was. */
	if (w && !w->continued)
		add_counters(&w->row, before);
}

void conn_groups_spill(const struct conn_groups *g, struct conn_group *row)
{
	uint32_t service;
	const struct group_work *w = goes_on(g, row, &service);
	if (w)
		add_counters(row, &w->row);
}
