/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* book_series: what servers tell of themselves as series, so that it can be drawn over days: workers and connections by what they do, and how long answers
 * took. Few for each server: a state or a bucket that never counted anything is no series.
 *
 * A series is of "apache2:80" or "php-fpm/www", and a state or the edge of a bucket behind a blank. Of two servers that would be called alike the one with the lower
 * pid is told of. The states of one server add up to the workers that it has; one that cannot be asked, since none of them is free, has as many that are
 * "untold" as it may have. A worker whose process is gone is "ghost", whatever its slot says.
 *
 * The histogram is counted by who reads the server's log (books/logs.h), from its first line on: it begins anew when that process does. */
#include "collect/engine_impl.h"

#include "base/attr.h"
#include "books/book.h"

#include <stdio.h>
#include <string.h>

enum { POOLS = 8 /* of one server that have series */ };

/* A value of "LABEL WORD"; zeros only where there was something else before. */
static void put(const struct out *o, enum metric m, const char *label, const char *word, uint64_t v)
{
	char name[SERVER_LABEL + 16];
	int n = snprintf(name, sizeof name, "%s%s%s", label, *word ? " " : "", word);
	uint32_t id = intern_find(&o->series->names, name, (size_t)n);
	if (v == 0 && (!id || !series_find(o->series, m, o->netns, id)))
		return;
	out_value(o, m, out_instance(o, scan_over(name, (size_t)n)), v);
}

/* ---- workers and connections ---- */

struct states {
	uint64_t of[SLOT_STATES], busy, ghost, untold;
};

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* Slots whose process was gone already when the sample before this one was taken. */
static void count_ghosts(const struct sample *prev, const struct sample *out,
	const struct server_book *b, struct states *ret)
{
	for (uint32_t i = 0; prev && i < out->slots.count; i++) {
		const struct server_slot *s = &TABLE_ROWS(out->slots, struct server_slot)[i];
		if (s->server != b->pid || s->id >= SLOT_OF_LOG || s->pid <= 0)
			continue;
		const struct proc *now = sample_proc(out, s->pid, 0),
				  *before = sample_proc(prev, s->pid, 0);
		if ((now && now->state != 'Z') || (before && before->state != 'Z'))
			continue;
		uint64_t *counted = ret->of[s->state] ? &ret->of[s->state] : &ret->busy;
		*counted = less(*counted, 1);
		ret->ghost++;
	}
}

static struct states states_of(const struct server_book *b, const struct server_pool *p)
{
	struct states s = {.busy = 0};
	if (b->status == BOOK_FULL || b->status == BOOK_HUNG || b->status == BOOK_SLOW) {
		s.untold = p->have_limit ? p->limit : p->used + p->idle;
		return s;
	}
	s.of[SLOT_READING] = p->reading;
	s.of[SLOT_WORKING] = p->working;
	s.of[SLOT_KEEPALIVE] = p->keepalive;
	s.of[SLOT_CLOSING] = p->closing;
	s.of[SLOT_FINISHING] = p->finishing;
	s.of[SLOT_STARTING] = p->starting;
	s.of[SLOT_LOCKED] = p->locked;
	uint64_t told = (uint64_t)p->reading + p->working + p->keepalive + p->closing +
			p->finishing + p->locked;
	s.busy = less(p->used, told);
	s.of[SLOT_IDLE] = p->kind == POOL_WORKERS ? p->idle : 0;
	return s;
}

/* Told just now, not what stands from before. */
static bool is_fresh(const struct sample *prev, const struct server_book *b)
{
	return !prev || b->at_ns >= prev->mono_ns;
}

static uint64_t ghosts_before(
	const struct out *o, const struct sample *prev, enum metric m, const char *label)
{
	char name[SERVER_LABEL + 16];
	uint64_t v = 0;
	int n = snprintf(name, sizeof name, "%s ghost", label);
	uint32_t id = intern_find(&o->series->names, name, (size_t)n);
	uint32_t series = id ? series_find(o->series, m, o->netns, id) : SERIES_NONE;
	return series && sample_get(prev, series, &v) ? v : 0;
}

static void put_pool(const struct out *o, const struct sample *prev, const struct server_book *b,
	const struct server_pool *p)
{
	static const struct {
		enum slot_state state;
		const char *worker, *connection;
	} names[] = {{SLOT_READING, "reading", "reading"}, {SLOT_WORKING, "working", "writing"},
		{SLOT_KEEPALIVE, "keepalive", "waiting"}, {SLOT_CLOSING, "closing", "closing"},
		{SLOT_FINISHING, "finishing", "finishing"}, {SLOT_STARTING, "starting", "starting"},
		{SLOT_LOCKED, "locked", "locked"}, {SLOT_IDLE, "idle", "idle"}};
	const bool workers = p->kind == POOL_WORKERS;
	const enum metric m = workers ? M_SERVER_WORKERS : M_SERVER_CONNS;
	char label[SERVER_LABEL];
	struct states s = states_of(b, p);
	(void)server_label(&o->series->names, b, p->name, label);
	/* A worker that ended since it was told of is none that is lost. */
	if (workers && (is_fresh(prev, b) || (prev && ghosts_before(o, prev, m, label))))
		count_ghosts(prev, o->sample, b, &s);
	for (size_t i = 0; i < COUNTOF(names); i++)
		put(o, m, label, workers ? names[i].worker : names[i].connection,
			s.of[names[i].state]);
	put(o, m, label, "busy", s.busy);
	put(o, m, label, "ghost", s.ghost);
	put(o, m, label, "untold", s.untold);
	if (p->have_limit)
		put(o, workers ? M_SERVER_WORKERS_LIMIT : M_SERVER_CONNS_LIMIT, label, "",
			p->limit);
}

/* What is used of a pool: of one without a free worker all of it, of a server that does not say so now nothing is known. */
static void put_used(const struct out *o, const struct server_book *b, const struct server_pool *p)
{
	static const enum metric used[POOL_KINDS] = {[POOL_WORKERS] = M_SERVER_WORKERS_USED,
		[POOL_CONNECTIONS] = M_SERVER_CONNS_USED,
		[POOL_QUEUE] = M_SERVER_QUEUE_USED,
		[POOL_BACKEND] = M_SERVER_BACKEND_USED,
		[POOL_MEMORY] = M_SERVER_MEMORY_USED,
		[POOL_OTHER] = METRIC_COUNT};
	char label[SERVER_LABEL];
	if (p->kind >= POOL_KINDS || used[p->kind] == METRIC_COUNT || !p->have_limit)
		return;
	if (b->status != BOOK_OK && b->status != BOOK_FULL)
		return;
	put(o, used[p->kind], server_label(&o->series->names, b, p->name, label), "",
		b->status == BOOK_OK ? p->used : p->limit);
}

static void put_pools(struct series_set *set, const struct sample *prev, struct sample *out,
	const struct server_book *b)
{
	const struct out o = {out, set, b->netns};
	unsigned n = 0;
	for (uint32_t i = 0; i < out->pools.count && n < POOLS; i++) {
		const struct server_pool *p = &TABLE_ROWS(out->pools, struct server_pool)[i];
		if (p->server != b->pid)
			continue;
		put_used(&o, b, p);
		if (p->kind != POOL_WORKERS && p->kind != POOL_CONNECTIONS)
			continue;
		put_pool(&o, prev, b, p);
		n++;
	}
}

/* ---- how long answers took ---- */

static bool is_edge(struct scan word)
{
	for (unsigned i = 0; i < BOOK_EDGES; i++)
		if (scan_is(word, book_edges[i]))
			return true;
	return false;
}

void collect_book_latency(struct scan line, const struct out *o, const struct server_book *b)
{
	const struct out own = {o->sample, o->series, b->netns};
	struct scan word;
	char label[SERVER_LABEL], edge[16];
	if (b->pid <= 0 || !server_is_told(o->sample, b))
		return;
	(void)server_label(&o->series->names, b, 0, label);
	while (scan_word(&line, &word)) {
		const char *eq = memchr(word.p, '=', scan_len(word));
		struct scan key = {word.p, eq}, value = {eq ? eq + 1 : word.end, word.end};
		uint64_t v;
		if (!eq || !is_edge(key) || !scan_u64(&value, &v) || value.p != value.end)
			continue;
		(void)snprintf(edge, sizeof edge, "%.*s", (int)scan_len(key), key.p);
		put(&own, M_SERVER_LATENCY, label, edge, v);
	}
}

/* A book comes less often than a sample is taken: what it counted stands until the next one. */
static void keep_latency(struct series_set *set, const struct sample *prev, struct sample *out,
	const struct server_book *b)
{
	char label[SERVER_LABEL];
	uint64_t v;
	size_t n = strlen(server_label(&set->names, b, 0, label));
	for (uint32_t id = set->first[M_SERVER_LATENCY]; id; id = series_row(set, id)->next) {
		const char *name = series_instance(set, id);
		if (series_row(set, id)->netns == b->netns && strncmp(name, label, n) == 0 &&
			name[n] == ' ' && !sample_get(out, id, &v) && sample_get(prev, id, &v))
			sample_set(out, id, v);
	}
}

void engine_book_series(struct series_set *set, const struct sample *prev, struct sample *out)
{
	for (uint32_t i = 0; i < out->servers.count; i++) {
		const struct server_book *b = &TABLE_ROWS(out->servers, struct server_book)[i];
		if (b->pid <= 0 || !server_is_told(out, b))
			continue;
		put_pools(set, prev, out, b);
		if (prev && engine_same_process(prev, out, b->pid))
			keep_latency(set, prev, out, b);
	}
}
