/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rows of the ledger about what servers tell of themselves: workers, connections, queues, memory, sessions that wait for locks. Rows of a server that
 * does not answer now are of its configuration, or of what it told last. */
#include "ledger/ledger_impl.h"

#include "ledger/servers.h"

#include <string.h>

static const char *instance_of(
	struct view *v, const struct server_book *b, const struct server_pool *p)
{
	const char *pool = intern_text(&v->series->names, p->name);
	return *pool ? arena_printf(&v->scratch, "%s/%s", server_name(v, b), pool)
		     : server_name(v, b);
}

static bool resource_of(const struct server_pool *p, enum resource *ret)
{
	switch ((enum pool_kind)p->kind) {
	case POOL_WORKERS: *ret = RES_WORKERS; return true;
	case POOL_CONNECTIONS: *ret = RES_CONNECTIONS; return true;
	case POOL_QUEUE: *ret = RES_QUEUE; return true;
	case POOL_MEMORY: *ret = RES_MEMORY; return true;
	case POOL_BACKEND:
	case POOL_OTHER:
	case POOL_KINDS: break;
	}
	return false;
}

/* What was written down of its log holds nothing. */
static bool holds(const struct server_slot *s, int32_t server)
{
	return s->server == server && !server_slot_is_log(s);
}

/* Slots of the server that have been held by the same peer or user: the one with most first. */
static void slot_holders(struct view *v, struct ledger_row *r, int32_t server)
{
	const struct sample *s = view_last(v);
	const struct server_slot *rows = TABLE_ROWS(s->slots, struct server_slot);
	unsigned all = 0;
	for (uint32_t i = 0; i < s->slots.count; i++) {
		const char *peer = server_slot_peer(v, &rows[i]), *who = *peer ? peer : rows[i].who;
		unsigned n = 0;
		bool first = holds(&rows[i], server) && *who;
		all += holds(&rows[i], server);
		for (uint32_t k = 0; first && k < s->slots.count; k++) {
			const char *other =
				holds(&rows[k], server) ? server_slot_peer(v, &rows[k]) : "";
			bool same = holds(&rows[k], server) &&
				    strcmp(*other ? other : rows[k].who, who) == 0;
			first = !(same && k < i);
			n += same;
		}
		if (!first || n == 0)
			continue;
		size_t at = r->nholders;
		for (; at > 0 && r->holders[at - 1].share < n; at--)
			if (at < WHO_MAX)
				r->holders[at] = r->holders[at - 1];
		if (at == WHO_MAX)
			continue;
		r->holders[at] = (struct who){*peer ? "peer" : "session",
			arena_str(&v->scratch, who), 0, n, arena_str(&v->scratch, rows[i].text)};
		r->nholders += r->nholders < WHO_MAX;
	}
	for (size_t i = 0; i < r->nholders; i++)
		r->holders[i].share /= all ? all : 1;
}

static void add_pool(struct builder *b, const struct server_book *book, const struct server_pool *p)
{
	struct view *v = b->v;
	enum resource res;
	if (!resource_of(p, &res))
		return;
	bool waits = res == RES_QUEUE;
	struct ledger_row *r = ledger_add_row(
		b, res, instance_of(v, book, p), book->netns, "what the server tells of itself");
	if (!r)
		return;
	r->used = waits ? (double)p->waiting : (double)p->used;
	r->high = p->high > p->used && !waits ? (double)p->high : r->used;
	if (p->have_limit && !waits)
		r->limit = (double)p->limit;
	if (p->refused || p->failed)
		r->refused = (double)p->refused;
	const struct server_pool *rows[STORE_MAX];
	double t[STORE_MAX];
	unsigned n = server_pool_history(v, p, t, rows);
	for (unsigned i = 0; i < n; i++) {
		double y = waits ? (double)rows[i]->waiting : (double)rows[i]->used;
		r->high = y > r->high ? y : r->high;
	}
	if (n >= 2 && t[n - 1] > t[0] && rows[n - 1]->refused >= rows[0]->refused)
		r->refused_per_s =
			(double)(rows[n - 1]->refused - rows[0]->refused) / (t[n - 1] - t[0]);
	if (res == RES_WORKERS || res == RES_CONNECTIONS)
		slot_holders(v, r, book->pid);
	if (r->nholders == 0) {
		r->holders[0] =
			(struct who){"process", server_name(v, book), book->pid, 1, "its own"};
		r->nholders = 1;
	}
}

/* Sessions that wait for locks; no row where there are no sessions. */
static void add_locks(struct builder *b, const struct server_book *book)
{
	struct view *v = b->v;
	const struct sample *s = view_last(v);
	const struct server_slot *rows = TABLE_ROWS(s->slots, struct server_slot), *root = NULL;
	double waiting = 0;
	for (uint32_t i = 0; i < s->slots.count; i++)
		waiting += rows[i].server == book->pid && rows[i].blocker > 0;
	if (waiting <= 0)
		return;
	struct ledger_row *r = ledger_add_row(b, RES_LOCKS, server_name(v, book), book->netns,
		"what the server tells of its sessions");
	if (!r)
		return;
	r->used = r->high = waiting;
	for (uint32_t i = 0; i < s->slots.count && !root; i++)
		for (uint32_t k = 0; k < s->slots.count && !root; k++)
			if (rows[i].server == book->pid && rows[i].blocker <= 0 &&
				rows[k].server == book->pid && rows[k].blocker > 0 &&
				(uint32_t)rows[k].blocker == rows[i].id)
				root = &rows[i];
	if (root) {
		r->holders[0] = (struct who){"session", arena_str(&v->scratch, root->who),
			root->pid, -1, arena_str(&v->scratch, root->text)};
		r->nholders = 1;
	}
}

void ledger_add_servers(struct builder *b)
{
	const struct sample *s = view_last(b->v);
	for (uint32_t i = 0; i < s->servers.count; i++) {
		const struct server_book *book = &TABLE_ROWS(s->servers, struct server_book)[i];
		for (uint32_t k = 0; k < s->pools.count; k++) {
			const struct server_pool *p = &TABLE_ROWS(s->pools, struct server_pool)[k];
			if (p->server == book->pid)
				add_pool(b, book, p);
		}
		add_locks(b, book);
	}
}
