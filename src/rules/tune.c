/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "rules/tune.h"

#include "base/num.h"
#include "base/text.h"
#include "ledger/servers.h"
#include "ledger/who.h"
#include "rules/tune_impl.h"
#include "rules/verdict.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A limit is near from here on; and when work was refused, it was so at a limit that is reached to this share. */
static const double NEAR = 0.8;
/* Room above the highest that was seen, for what was not seen. */
static const double ROOM = 2;
/* What is set aside is not used, when not even this share of it ever was. */
static const double WASTED = 0.5;
/* Of the memory that is available: what tables of the kernel may take, which never give it back; and what workers may. */
static const double FOR_KERNEL = 0.25, FOR_WORKERS = 0.5;
/* Memory that is not worth a thought. */
static const double SMALL_CHANGE = 4 << 20;

static const struct tunable tunables[] = {
#define TUNABLE(res, which, form, setting, file, cache, bytes, most, used, danger)                 \
	{RES_##res, WHICH_##which, FORM_##form, M_##used, setting, file, cache, bytes, most,       \
		danger},
#include "catalogue/tunables.def"
#undef TUNABLE
};

const char *tune_action_name(enum tune_action a)
{
	static const char *const names[] = {"keep", "raise", "lower", "no-higher", "no-memory"};
	return names[a];
}

bool tune_wants_high(enum metric m)
{
	for (size_t i = 0; i < COUNTOF(tunables); i++)
		if (tunables[i].used == m)
			return true;
	return false;
}

static bool fits(const char *only, const char *name, enum resource res)
{
	return !only || fnmatch(only, name, 0) == 0 ||
	       fnmatch(only, resource_info(res)->class, 0) == 0;
}

bool tune_known(const char *only)
{
	char class[128];
	(void)snprintf(class, sizeof class, "%.*s", (int)strcspn(only, ":"), only);
	for (size_t i = 0; i < COUNTOF(tunables); i++)
		if (fnmatch(class, resource_info(tunables[i].resource)->class, 0) == 0)
			return true;
	return fnmatch(class, resource_info(RES_WORKERS)->class, 0) == 0 ||
	       fnmatch(class, resource_info(RES_MEMORY)->class, 0) == 0 ||
	       fnmatch(class, resource_info(RES_CONNECTIONS)->class, 0) == 0;
}

static const struct tunable *tunable_of(const struct ledger_row *r)
{
	const char *instance = strchr(r->name, ':');
	for (size_t i = 0; i < COUNTOF(tunables); i++) {
		const struct tunable *t = &tunables[i];
		bool there = t->which == WHICH_WHOLE ? !instance
			     : t->which == WHICH_EACH
				     ? instance != NULL
				     : instance && strcmp(instance + 1, "ipv6") == 0;
		if (t->resource == r->resource && there)
			return t;
	}
	return NULL;
}

/* ---- what an entry costs ---- */

static double object_size(const struct view *v, const char *cache, double otherwise)
{
	double size;
	for (uint32_t id = view_each(v, M_SLAB_OBJSIZE, 0); cache && id;
		id = view_each(v, M_SLAB_OBJSIZE, id))
		if (strcmp(series_instance(v->series, id), cache) == 0 && view_gauge(v, id, &size))
			return size;
	return otherwise;
}

static double bytes_each(const struct view *v, const struct tunable *t)
{
	double own = object_size(v, t->cache, t->cache ? 0 : t->bytes);
	switch (t->form) {
	case FORM_CONNTRACK:
		return (own > 0 ? own : t->bytes) + 2; /* a bucket of 8 bytes for four */
	case FORM_PIDS:
	case FORM_NPROC:
	case FORM_CG_PIDS: return (own > 0 ? own : 8192) + t->bytes; /* and its stack */
	case FORM_NOFILE: return (own > 0 ? own : t->bytes) + 8; /* and its place in the table */
	default: return own > 0 ? own : t->bytes;
	}
}

static double available(const struct view *v)
{
	double bytes;
	return view_gauge(v, view_id(v, M_MEM_AVAILABLE, NETNS_HOST, 0), &bytes) ? bytes : -1;
}

/* ---- how much ---- */

/* The next power of two, as tables have them; of bytes, CPUs and what people count, two figures. */
static double round_up(double v, enum tune_form form)
{
	if (v <= 0)
		return 0;
	if (form == FORM_CG_CPU)
		return ceil(v * 4) / 4;
	double mib = form == FORM_CG_MEMORY || form == FORM_TCP_MEM ? 1 << 20 : 1;
	if (form == FORM_SERVER || form == FORM_HUGEPAGES || mib > 1) {
		double figure = pow(10, floor(log10(v / mib)) - 1);
		figure = figure < 1 ? 1 : figure;
		return ceil(v / mib / figure - 1e-9) * figure * mib;
	}
	return exp2(ceil(log2(v) - 1e-9));
}

static void keep(struct tuning *t, const char *why)
{
	t->action = TUNE_KEEP;
	t->value = t->limit;
	t->why = why;
}

/* The larger value, as far as the memory carries it. */
static void bound_by_memory(struct view *v, struct tuning *out, double each, double share,
	double need, enum tune_form form)
{
	double free_ = available(v), most;
	if (each <= 0 || free_ < 0 || (out->value - out->limit) * each <= SMALL_CHANGE)
		return;
	most = out->limit + free_ * share / each;
	if (out->value <= most)
		return;
	double step = form == FORM_CG_MEMORY || form == FORM_TCP_MEM ? 1 << 20 : 1;
	out->value = floor(most / step) * step;
	char a[32];
	if (out->value < need * 1.1 || out->value < out->limit * 1.1) {
		out->action = TUNE_NO_MEMORY;
		out->value = out->limit;
		out->why = say(v,
			"%s; but of the memory only %s is available, and that does not carry more: "
			"take memory from others, or spread the load",
			out->why, text_bytes(a, free_));
	} else {
		out->why = say(v, "%s; more than this the available memory (%s) does not carry",
			out->why, text_bytes(a, free_));
	}
}

static const char *refusals(struct view *v, const struct tuning *t)
{
	char b[32];
	return t->refused > 0    ? say(v, "%s refused", text_amount(b, t->refused))
	       : t->refused == 0 ? "no refusals"
				 : "refusals are not counted";
}

static void judge(struct view *v, struct tuning *out, const struct tune_input *in, double each,
	double share, enum tune_form form)
{
	double peers = in->peers > 1 ? (double)in->peers / (in->peers - 1) : 1;
	double high = out->high > out->used ? out->high : out->used;
	if (form == FORM_LISTEN && high > out->limit) /* the kernel lets one more in */
		high = out->limit;
	double need = high * peers;
	double reached = out->limit > 0 ? high / out->limit : 0;
	bool pressed = out->refused_per_s > 0 || (out->refused > 0 && reached >= NEAR);
	const char *with_peers = peers > 1 ? say(v, ", %.0f %% when one of %u fails",
						     100 * reached * peers, in->peers)
					   : "";
	const char *seen = say(v, "high-water %.0f %% of the limit%s, %s", 100 * reached,
		with_peers, refusals(v, out));
	if (!pressed && need <= NEAR * out->limit) {
		keep(out, out->refused > 0 && reached < NEAR
				  ? say(v, "%s since the count began, at no time that was watched",
					    seen)
				  : seen);
		return;
	}
	out->action = TUNE_RAISE;
	out->why = seen;
	/* Where work was refused, how much more there would have been is not known. */
	double floor_ = pressed && out->limit > need ? out->limit : need;
	out->value = round_up(ROOM * floor_, form);
	bound_by_memory(v, out, each, share, floor_, form);
	if (out->action == TUNE_RAISE)
		out->cost = each > 0 ? (out->value - out->limit) * each : 0;
}

/* ---- the high-water mark ---- */

static void find_high(struct view *v, const struct tunable *t, const struct ledger_row *r,
	const struct tune_input *in, struct tuning *out)
{
	const char *netns = r->netns ? series_netns_name(v->series, r->netns) : "";
	const char *instance = strchr(r->name, ':');
	instance = !instance || t->which == WHICH_NAMED ? "" : instance + 1;
	out->high = r->high > r->used ? r->high : r->used;
	out->high_at = r->high_at;
	for (size_t i = 0; t->used != METRIC_COUNT && i < in->nhighs; i++) {
		const struct tune_high *h = &in->highs[i];
		if (h->metric != t->used || strcmp(h->netns, netns) != 0 ||
			strcmp(h->instance, instance) != 0)
			continue;
		out->recorded = true;
		if (h->high > out->high) {
			out->high = h->high;
			out->high_at = h->at_ns;
			out->high_hour = true;
		}
	}
}

static void tune_row(struct view *v, const struct tunable *t, const struct ledger_row *r,
	const struct tune_input *in, struct tuning *out)
{
	*out = (struct tuning){.name = r->name,
		.setting = t->setting,
		.unit = r->unit,
		.netns = r->netns,
		.used = r->used,
		.limit = r->limit,
		.refused = r->refused,
		.refused_per_s = r->refused_per_s,
		.cost = -1,
		.danger = t->danger,
		.file = t->file,
		.value = r->limit};
	find_high(v, t, r, in, out);
	double each = bytes_each(v, t);
	if (t->form == FORM_CG_CPU) {
		out->refused = out->refused_per_s = 0;
		if (r->pressure <= 0.05) {
			keep(out, say(v, "held back in %.0f %% of the periods",
					  100 * (r->pressure > 0 ? r->pressure : 0)));
			return;
		}
		out->action = TUNE_RAISE;
		out->value = round_up(out->limit * ROOM, t->form);
		out->cost = 0;
		out->why = say(v, "held back in %.0f %% of the periods", 100 * r->pressure);
	} else if (t->form == FORM_HUGEPAGES) {
		if (out->high >= WASTED * out->limit) {
			judge(v, out, in, 0, 1, t->form);
			return;
		}
		out->action = TUNE_LOWER;
		out->value = round_up(out->high * 1.25, t->form);
		out->why =
			say(v, "at most %.0f of %.0f were used: the others are lost to everybody",
				out->high, out->limit);
		out->danger = "whoever allocates them later finds none: look at all times of the "
			      "day first";
	} else {
		judge(v, out, in, each, t->form == FORM_CG_MEMORY ? FOR_WORKERS : FOR_KERNEL,
			t->form);
	}
	if (out->action == TUNE_RAISE && t->most > 0 && out->value > t->most) {
		out->value = t->most;
		if (out->limit >= t->most) {
			out->action = TUNE_NO_HIGHER;
			out->value = out->limit;
			out->why = say(v, "%s; the kernel has no higher limit", out->why);
		}
	}
	tune_settings(v, t, r, out);
}

/* ---- servers' own limits ---- */

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

static enum resource resource_of(const struct server_pool *p)
{
	return p->kind == POOL_WORKERS  ? RES_WORKERS
	       : p->kind == POOL_MEMORY ? RES_MEMORY
					: RES_CONNECTIONS;
}

/* What a server stores, of its own ceiling. At it a cache throws old things away, which is what it is for; others refuse to store more. */
static void tune_stored(struct view *v, const struct server_book *b, const struct tune_input *in,
	struct tuning *out)
{
	uint64_t strict = 0, refused = 0;
	double grown = 0;
	out->danger = "what it takes others do not have; and a fork for saving may need as much "
		      "again";
	out->refused = -1;
	if (!server_number_of(v, view_last(v), b->pid, "memory.noeviction", &strict) || !strict) {
		keep(out, "at its ceiling it throws old keys away, as a cache does");
		return;
	}
	if (server_number_of(v, view_last(v), b->pid, "errors.oom", &refused))
		out->refused = (double)refused;
	if (server_number_growth(v, b->pid, "errors.oom", &grown) && v->seconds > 0)
		out->refused_per_s = grown / v->seconds;
	judge(v, out, in, 1, FOR_WORKERS, FORM_CG_MEMORY);
}

static void tune_pool(struct view *v, const struct server_limit *s, const struct server_book *b,
	const struct server_pool *p, const struct tune_input *in, struct tuning *out)
{
	const char *name = intern_text(&v->series->names, b->name),
		   *pool = intern_text(&v->series->names, p->name);
	enum resource res = resource_of(p);
	double n = 0, workers = (double)p->used + (double)p->idle,
	       each = s->process ? worker_bytes(v, b->pid, workers, &n) : 0;
	*out = (struct tuning){.name = say(v, "%s:%s%s%s", resource_info(res)->class, name,
				       *pool ? "/" : "", pool),
		.unit = resource_info(res)->unit,
		.setting = s->line,
		.netns = b->netns,
		.used = (double)p->used,
		.limit = (double)p->limit,
		.high = (double)(p->high > p->used ? p->high : p->used),
		.refused = (double)p->refused,
		.cost = -1,
		.file = s->file,
		.value = (double)p->limit,
		.danger = s->process ? "more workers than the memory holds end in swap or in the "
				       "OOM killer; more than the database behind them takes only "
				       "moves the queue"
				     : "each connection takes descriptors and buffers, and "
				       "whatever is behind it gets more at once"};
	if (p->kind == POOL_MEMORY) {
		tune_stored(v, b, in, out);
		tune_server_settings(v, s, out);
		return;
	}
	judge(v, out, in, each, FOR_WORKERS, FORM_SERVER);
	/* who waits was not refused, but would be served by a larger limit */
	if (out->action == TUNE_KEEP && p->waiting > 0 && p->used >= p->limit) {
		out->refused_per_s = 1;
		judge(v, out, in, each, FOR_WORKERS, FORM_SERVER);
		out->refused_per_s = 0;
		out->why = say(v, "%s; %llu wait", out->why, (unsigned long long)p->waiting);
	}
	char a[32];
	if (each > 0)
		out->cost_text = say(v,
			"%.0f that are there, in %.0f processes, have %s each, shared pages "
			"included",
			workers > n ? workers : n, n, text_bytes(a, each));
	else if (s->process && out->action == TUNE_RAISE)
		out->cost = -1; /* each is a process, and none is seen */
	tune_server_settings(v, s, out);
}

static void add_servers(
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
		for (size_t k = 0; b && p->have_limit && p->limit && k < count && *n < room; k++) {
			if (limits[k].pool != (enum pool_kind)p->kind ||
				strcmp(limits[k].kind, intern_text(&v->series->names, b->kind)) !=
					0)
				continue;
			tune_pool(v, &limits[k], b, p, in, &rows[*n]);
			*n += fits(in->only, rows[*n].name, resource_of(p));
		}
	}
}

/* ---- all ---- */

/* Half-open connections at a port, now; and all that there are. */
static double half_open(const struct view *v, const struct ledger_row *r, double *ret_all)
{
	const struct sample *s = view_last(v);
	const char *port = strrchr(r->name, ':');
	uint64_t number = 0;
	double sum = 0;
	*ret_all = 0;
	if (!port || num_u64(port + 1, &number) < 0)
		return 0;
	for (uint32_t i = 0; i < s->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		if (g->outgoing || g->netns != r->netns || g->port != number)
			continue;
		sum += g->syn_recv;
		*ret_all += g->total;
	}
	return sum;
}

/* The listener that SYNs found full: where most connections are half-open now, else where most are, else the one with the longest queue. */
static const struct ledger_row *flooded(
	const struct view *v, const struct ledger *l, unsigned netns, double *ret_half)
{
	const struct ledger_row *best = NULL;
	double most = 0, all;
	*ret_half = 0;
	for (size_t i = 0; i < l->count; i++) {
		const struct ledger_row *r = &l->rows[i];
		if (r->resource != RES_TCP_LISTEN || r->netns != netns || !strchr(r->name, ':') ||
			r->limit <= 0)
			continue;
		double half = half_open(v, r, &all);
		bool more = half > *ret_half || (half >= *ret_half && all > most);
		bool same = half >= *ret_half && all >= most;
		if (!best || more || (same && r->limit > best->limit)) {
			best = r;
			*ret_half = half;
			most = all;
		}
	}
	return best;
}

/* A queue of half-open connections is as long as that of those that wait to be accepted (since 4.4): as the program asked for, and somaxconn grants. Without
 * cookies the last quarter of tcp_max_syn_backlog is kept for peers that are known, so that has to be a third longer. */
static void tune_syn(struct view *v, const struct ledger_row *r, double half, struct tuning *out)
{
	const struct tunable *t = tunable_of(r);
	enum { HALF_OPEN = 320 };
	out->limit = r->limit;
	out->high = out->used = half;
	out->value = r->limit;
	if (!t || out->refused_per_s <= 0)
		return;
	out->action = TUNE_RAISE;
	out->value = round_up(ROOM * r->limit, FORM_LISTEN);
	if (out->value > t->most)
		out->value = t->most;
	if (r->limit >= t->most) {
		out->action = TUNE_NO_HIGHER;
		out->value = out->limit;
		out->why = say(v, "%s; the kernel has no higher limit", out->why);
		return;
	}
	out->cost = (out->value - out->limit) * HALF_OPEN;
	out->setting = t->setting;
	out->file = t->file;
	out->why = say(v, "%s; %s has a queue of %.0f", out->why, r->name, r->limit);
	tune_settings(v, t, r, out);
	double most = round_up(out->value * 4 / 3, FORM_SYSCTL);
	const char *without = say(v, "net.ipv4.tcp_max_syn_backlog = %.0f", most);
	if (out->nnow < TUNE_LINES)
		out->now[out->nnow++] = say(v, "%ssysctl -w net.ipv4.tcp_max_syn_backlog=%.0f",
			in_netns(v, r->netns), most);
	if (out->nlines < TUNE_LINES)
		out->lines[out->nlines++] =
			*out->file ? without : say(v, "/etc/sysctl.d/90-syn.conf: %s", without);
}

/* SYNs that found no room: how full that queue was is not known to anybody, so only refusals tell of it. */
static void add_syn_queues(struct view *v, const struct ledger *l, const struct tune_input *in,
	struct tuning *rows, size_t room, size_t *n)
{
	for (uint32_t id = view_each(v, M_SYN_QFULL_DROP, 0); id && *n < room;
		id = view_each(v, M_SYN_QFULL_DROP, id)) {
		unsigned netns = series_row(v->series, id)->netns;
		double drops = 0, cookies = 0, rate = 0, grown = 0, half;
		(void)view_gauge(v, id, &drops);
		(void)view_rate(v, id, &rate);
		(void)view_gauge(v, view_id(v, M_SYN_COOKIES, netns, 0), &cookies);
		(void)view_rate(v, view_id(v, M_SYN_COOKIES, netns, 0), &grown);
		const char *class = resource_info(RES_TCP_SYN)->class;
		if (drops + cookies <= 0 || !fits(in->only, class, RES_TCP_SYN))
			continue;
		const struct ledger_row *r = flooded(v, l, netns, &half);
		struct tuning *out = &rows[(*n)++];
		*out = (struct tuning){.action = TUNE_KEEP,
			.name = class,
			.setting = "net.core.somaxconn",
			.unit = "connections",
			.netns = netns,
			.limit = -1,
			.high = -1,
			.used = -1,
			.refused = drops + cookies,
			.refused_per_s = rate + grown,
			.value = -1,
			.cost = -1,
			.why = say(v,
				"%.0f SYNs dropped and %.0f answered with a cookie since boot%s",
				drops, cookies, rate + grown > 0 ? ", now as well" : ", none now"),
			.danger = "a SYN flood fills any queue; cookies (tcp_syncookies = 1) carry "
				  "on without one",
			.file = ""};
		if (r)
			tune_syn(v, r, half, out);
	}
}

static int compare(const void *pa, const void *pb)
{
	const struct tuning *a = pa, *b = pb;
	bool ka = a->action == TUNE_KEEP, kb = b->action == TUNE_KEEP;
	if (ka != kb)
		return ka ? 1 : -1;
	double sa = a->limit > 0 ? a->high / a->limit : 0,
	       sb = b->limit > 0 ? b->high / b->limit : 0;
	if (sa < sb || sa > sb)
		return sa > sb ? -1 : 1;
	int n = strcmp(a->name, b->name);
	return n ? n : (int)a->netns - (int)b->netns;
}

int tune_build(struct view *v, const struct ledger *l, const struct tune_input *in,
	struct tuning **ret, size_t *ret_n)
{
	size_t room = l->count + view_last(v)->pools.count + v->series->netns_count + 1, n = 0;
	struct tuning *rows = arena_alloc(&v->scratch, room * sizeof *rows);
	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < l->count; i++) {
		const struct ledger_row *r = &l->rows[i];
		const struct tunable *t = tunable_of(r);
		if (!t || r->limit <= 0 || r->limit > 1e17 || !fits(in->only, r->name, r->resource))
			continue;
		tune_row(v, t, r, in, &rows[n++]);
	}
	add_syn_queues(v, l, in, rows, room, &n);
	add_servers(v, in, rows, room, &n);
	qsort(rows, n, sizeof *rows, compare);
	*ret = rows;
	*ret_n = n;
	return v->scratch.overflowed ? -ENOMEM : 0;
}
