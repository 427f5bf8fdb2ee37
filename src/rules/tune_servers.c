/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Limits that servers have of themselves, for tune: used, limit and refusals are what their books tell, the high-water mark is theirs or that of the recording. */
#include "base/text.h"
#include "books/book.h"
#include "ledger/servers.h"
#include "rules/tune_impl.h"
#include "rules/verdict.h"

#include <string.h>

/* Resident memory of a worker of this server, in the middle; 0: none is seen. Shared pages count in each process: too much rather than too little. Where a
 * process has several workers (threads), there are more of them than processes. workers: as many as it says that there are. */
static double worker_bytes(struct view *v, int32_t server, double workers, double *ret_n)
{
	const struct sample *s = view_last(v);
	double sum = 0, n = 0, page;
	for (uint32_t i = 0; i < s->procs.count; i++) {
		const struct proc *p = &TABLE_ROWS(s->procs, struct proc)[i];
		if (p->ppid != server)
			continue;
		sum += (double)p->rss_pages;
		n++;
	}
	*ret_n = n;
	page = metric_scale(M_SLAB_PAGES);
	return n > 0 ? sum / (workers > n ? workers : n) * page : 0;
}

static const struct {
	enum resource resource;
	enum metric used;
} pools[POOL_KINDS] = {[POOL_WORKERS] = {RES_WORKERS, M_SERVER_WORKERS_USED},
	[POOL_CONNECTIONS] = {RES_CONNECTIONS, M_SERVER_CONNS_USED},
	[POOL_QUEUE] = {RES_QUEUE, M_SERVER_QUEUE_USED},
	[POOL_BACKEND] = {RES_BACKEND, M_SERVER_BACKEND_USED},
	[POOL_MEMORY] = {RES_MEMORY, M_SERVER_MEMORY_USED},
	[POOL_OTHER] = {RES_CONNECTIONS, METRIC_COUNT}};

/* What a server stores, of its own ceiling. At it a cache throws old things away, which is what it is for; others refuse to store more. */
static void tune_stored(struct view *v, const struct server_book *b, const struct tune_input *in,
	struct tuning *out)
{
	static const struct {
		const char *kind, *strict, *refused, *evicted;
		const char *danger;
	} kinds[] = {
		{"redis", "memory.noeviction", "errors.oom", "keys.evicted",
			"what it takes others do not have; and a fork for saving may need as much "
			"again"},
		{"memcached", "sets.no.memory", "sets.no.memory", "items.evicted",
			"what it takes others do not have, and it never gives it back; started "
			"anew it is empty, and everybody asks what is behind it"},
	};
	const char *kind = server_kind(v, b);
	size_t k = 0;
	while (k < COUNTOF(kinds) && strcmp(kinds[k].kind, kind) != 0)
		k++;
	uint64_t strict = 0, refused = 0;
	double grown = 0, evicted = 0;
	out->refused = -1;
	if (k < COUNTOF(kinds))
		out->danger = kinds[k].danger;
	if (k == COUNTOF(kinds) ||
		!server_number_of(v, view_last(v), b->pid, kinds[k].strict, &strict) || !strict) {
		(void)(k < COUNTOF(kinds) &&
			server_number_growth(v, b->pid, kinds[k].evicted, &evicted));
		tune_keep(out, evicted > 0
				       ? say(v,
						 "at its ceiling it throws old things away, as a "
						 "cache does: %.0f in this look",
						 evicted)
				       : "at its ceiling it throws old things away, as a cache "
					 "does");
		return;
	}
	if (server_number_of(v, view_last(v), b->pid, kinds[k].refused, &refused))
		out->refused = (double)refused;
	if (server_number_growth(v, b->pid, kinds[k].refused, &grown) && v->seconds > 0)
		out->refused_per_s = grown / v->seconds;
	tune_judge(v, out, in, 1, TUNE_FOR_WORKERS, FORM_CG_MEMORY);
}

/* The limit of a server behind a proxy is a brake on purpose: it is short where requests wait for it, or would be without a partner. */
static void tune_behind(struct view *v, const struct server_limit *s, const struct server_pool *p,
	const struct tune_input *in, struct tuning *out)
{
	double peers = tune_takeover(in);
	bool waits = p->waiting > 0 && p->used >= p->limit;
	if (!waits && (peers <= 1 || out->high * peers <= out->limit)) {
		tune_keep(out, say(v, "high-water%s %.0f %% of the limit, %s",
				       tune_since(in, out->mark), 100 * out->high / out->limit,
				       p->waiting ? "others are full" : "nobody waits for it"));
		return;
	}
	out->refused_per_s = waits;
	tune_judge(v, out, in, s->bytes, TUNE_FOR_WORKERS, FORM_SERVER);
	out->refused_per_s = 0;
	if (waits)
		out->why = say(v, "%s; %llu wait", out->why, (unsigned long long)p->waiting);
}

static void tune_served(struct view *v, const struct server_limit *s, const struct server_book *b,
	const struct server_pool *p, const struct tune_input *in, struct tuning *out)
{
	double n = 0, workers = (double)p->used + (double)p->idle,
	       each = s->process ? worker_bytes(v, b->pid, workers, &n) : s->bytes;
	tune_judge(v, out, in, each, TUNE_FOR_WORKERS, FORM_SERVER);
	/* who waits was not refused, but would be served by a larger limit */
	if (out->action == TUNE_KEEP && p->waiting > 0 && p->used >= p->limit) {
		out->refused_per_s = 1;
		tune_judge(v, out, in, each, TUNE_FOR_WORKERS, FORM_SERVER);
		out->refused_per_s = 0;
		out->why = say(v, "%s; %llu wait", out->why, (unsigned long long)p->waiting);
	}
	char a[32];
	if (s->process && each > 0)
		out->cost_text = say(v,
			"%.0f that are there, in %.0f processes, have %s each, shared pages "
			"included",
			workers > n ? workers : n, n, text_bytes(a, each));
	else if (s->process && out->action == TUNE_RAISE)
		out->cost = -1; /* each is a process, and none is seen */
	else if (each > 0)
		out->cost_text = say(v, "some %s each while it is in use", text_bytes(a, each));
}

static void find_high(struct view *v, const struct server_book *b, const struct server_pool *p,
	const struct tune_input *in, struct tuning *out)
{
	const struct server_pool *rows[STORE_MAX];
	double t[STORE_MAX];
	char label[SERVER_LABEL];
	unsigned n = server_pool_history(v, p, t, rows);
	out->high = out->used;
	for (unsigned i = 0; i < n; i++)
		if ((double)rows[i]->used > out->high)
			out->high = (double)rows[i]->used;
	if (p->high > 0 && (double)p->high >= out->high) {
		out->high = (double)p->high;
		out->mark = MARK_OWN;
	}
	if (server_is_told(view_last(v), b))
		tune_take_high(out, tune_recorded(in, pools[p->kind].used,
					    series_netns_name(v->series, b->netns),
					    server_label(&v->series->names, b, p->name, label)));
}

static void tune_pool(struct view *v, const struct server_limit *s, const struct server_book *b,
	const struct server_pool *p, const struct tune_input *in, struct tuning *out)
{
	const char *name = intern_text(&v->series->names, b->name),
		   *pool = intern_text(&v->series->names, p->name);
	enum resource res = pools[p->kind].resource;
	const char *unit = resource_info(res)->unit;
	*out = (struct tuning){.name = say(v, "%s:%s%s%s", resource_info(res)->class, name,
				       *pool ? "/" : "", pool),
		.unit = *unit ? unit : "connections",
		.setting = s->line,
		.netns = b->netns,
		.used = (double)(b->status == BOOK_FULL ? p->limit : p->used),
		.limit = (double)p->limit,
		.refused = (double)p->refused,
		.cost = -1,
		.file = s->file,
		.value = (double)p->limit,
		.danger = s->danger};
	find_high(v, b, p, in, out);
	if (b->status != BOOK_OK && b->status != BOOK_FULL && out->mark == MARK_LOOK)
		tune_keep(out, "it does not say now how much of it is used");
	else if (p->kind == POOL_MEMORY)
		tune_stored(v, b, in, out);
	else if (p->kind == POOL_BACKEND)
		tune_behind(v, s, p, in, out);
	else
		tune_served(v, s, b, p, in, out);
	tune_server_settings(v, s, b, p, out);
}

/* A name that is given is enough: what is counted there is known. */
static bool is_of(const struct view *v, const struct server_limit *s, const struct server_book *b,
	const struct server_pool *p)
{
	const char *pool = intern_text(&v->series->names, p->name);
	if (strcmp(s->kind, server_kind(v, b)) != 0)
		return false;
	if (s->name && *s->name && *s->name != '*')
		return strcmp(s->name, pool) == 0;
	return s->pool == (enum pool_kind)p->kind &&
	       (!s->name || (*s->name == '*') == (*pool != 0));
}

void tune_add_servers(
	struct view *v, const struct tune_input *in, struct tuning *rows, size_t room, size_t *n)
{
	const struct sample *s = view_last(v);
	size_t count;
	const struct server_limit *limits = tune_server_limits(&count);
	for (uint32_t i = 0; i < s->pools.count; i++) {
		const struct server_pool *p = &TABLE_ROWS(s->pools, struct server_pool)[i];
		const struct server_book *b = NULL;
		for (uint32_t k = 0; k < s->servers.count && !b; k++) {
			const struct server_book *x =
				&TABLE_ROWS(s->servers, struct server_book)[k];
			b = x->pid == p->server && x->netns == p->netns ? x : NULL;
		}
		for (size_t k = 0; b && p->kind < POOL_KINDS && p->have_limit && p->limit &&
				   k < count && *n < room;
			k++) {
			if (!is_of(v, &limits[k], b, p))
				continue;
			tune_pool(v, &limits[k], b, p, in, &rows[*n]);
			*n += tune_fits(in->only, rows[*n].name, pools[p->kind].resource);
		}
	}
}
