/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "rules/tune.h"

#include "base/num.h"
#include "base/text.h"
#include "ledger/use.h"
#include "ledger/who.h"
#include "rules/cgroup.h"
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

const char *tune_mark_name(enum tune_mark m)
{
	static const char *const names[] = {"look", "own", "recorded"};
	return names[m];
}

bool tune_wants_high(enum metric m)
{
	static const enum metric others[] = {M_CG_CPU_THROTTLED, M_CG_CPU_PERIODS,
		M_HUGEPAGES_TOTAL, M_HUGEPAGES_FREE, M_HUGEPAGES_RESERVED, M_SERVER_WORKERS_USED,
		M_SERVER_CONNS_USED, M_SERVER_QUEUE_USED, M_SERVER_BACKEND_USED,
		M_SERVER_MEMORY_USED};
	for (size_t i = 0; i < COUNTOF(others); i++)
		if (others[i] == m)
			return true;
	for (size_t i = 0; i < COUNTOF(tunables); i++)
		if (tunables[i].used == m)
			return true;
	return false;
}

bool tune_fits(const char *only, const char *name, enum resource res)
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
	static const enum resource others[] = {
		RES_TCP_SYN, RES_WORKERS, RES_CONNECTIONS, RES_QUEUE, RES_BACKEND, RES_MEMORY};
	for (size_t i = 0; i < COUNTOF(others); i++)
		if (fnmatch(class, resource_info(others[i])->class, 0) == 0)
			return true;
	return false;
}

static bool is_one(const struct tunable *t, const char *name)
{
	static const char instances[] = "/instances";
	const char *instance = strchr(name, ':');
	size_t len = strlen(name), tail = sizeof instances - 1;
	switch (t->which) {
	case WHICH_WHOLE: return !instance;
	case WHICH_EACH: return instance != NULL;
	case WHICH_IPV6: return instance && strcmp(instance + 1, "ipv6") == 0;
	case WHICH_INSTANCES: return len > tail && strcmp(name + len - tail, instances) == 0;
	}
	return false;
}

static const struct tunable *tunable_of(const struct ledger_row *r)
{
	for (size_t i = 0; i < COUNTOF(tunables); i++)
		if (tunables[i].resource == r->resource && is_one(&tunables[i], r->name))
			return &tunables[i];
	return NULL;
}

const struct tunable *tune_of_class(enum resource res)
{
	for (size_t i = 0; i < COUNTOF(tunables); i++)
		if (tunables[i].resource == res)
			return &tunables[i];
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

static bool of_memory(enum tune_form form)
{
	return form == FORM_CG_MEMORY || form == FORM_TCP_MEM || form == FORM_COMMIT;
}

double tune_takeover(const struct tune_input *in)
{
	return in->peers > 1 ? (double)in->peers / (in->peers - 1) : 1;
}

double tune_next_size(double n)
{
	return exp2(ceil(log2(n) - 1e-9));
}

/* The next power of two, as tables have them; of bytes, CPUs and what people count, two figures. */
static double round_up(double v, enum tune_form form)
{
	if (v <= 0)
		return 0;
	if (form == FORM_CG_CPU)
		return ceil(v * 4) / 4;
	double mib = of_memory(form) ? 1 << 20 : 1;
	if (form == FORM_SERVER || form == FORM_HUGEPAGES || mib > 1) {
		double figure = pow(10, floor(log10(v / mib)) - 1);
		figure = figure < 1 ? 1 : figure;
		return ceil(v / mib / figure - 1e-9) * figure * mib;
	}
	return tune_next_size(v);
}

void tune_keep(struct tuning *t, const char *why)
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
	double step = of_memory(form) ? 1 << 20 : 1;
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

void tune_judge(struct view *v, struct tuning *out, const struct tune_input *in, double each,
	double share, enum tune_form form)
{
	double peers = tune_takeover(in);
	double high = out->high > out->used ? out->high : out->used;
	if (form == FORM_LISTEN && high > out->limit) /* the kernel lets one more in */
		high = out->limit;
	double need = high * peers;
	double reached = out->limit > 0 ? high / out->limit : 0;
	bool pressed = out->refused_per_s > 0 || (out->refused > 0 && reached >= NEAR);
	const char *with_peers = peers > 1 ? say(v, ", %.0f %% when one of %u fails",
						     100 * reached * peers, in->peers)
					   : "";
	const char *seen = say(v, "high-water%s %.0f %% of the limit%s, %s",
		tune_since(in, out->mark), 100 * reached, with_peers, refusals(v, out));
	if (!pressed && need <= NEAR * out->limit) {
		tune_keep(out,
			out->refused > 0 && reached < NEAR
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

const char *tune_since(const struct tune_input *in, enum tune_mark mark)
{
	return mark == MARK_OWN                  ? " since its start"
	       : mark == MARK_LOOK && in->nhighs ? " in this look"
						 : "";
}

const struct tune_high *tune_recorded(
	const struct tune_input *in, enum metric m, const char *netns, const char *instance)
{
	for (size_t i = 0; i < in->nhighs; i++) {
		const struct tune_high *h = &in->highs[i];
		if (h->metric == m && strcmp(h->netns, netns) == 0 &&
			strcmp(h->instance, instance) == 0)
			return h;
	}
	return NULL;
}

void tune_take_high(struct tuning *out, const struct tune_high *h)
{
	if (!h || (out->mark == MARK_OWN && h->high <= out->high))
		return;
	out->mark = MARK_RECORDED;
	if (h->high <= out->high)
		return;
	out->high = h->high;
	out->high_at = h->at_ns;
	out->high_hour = true;
}

static void find_high(
	struct view *v, const struct ledger_row *r, const struct tune_input *in, struct tuning *out)
{
	out->high = r->high;
	out->high_at = r->high_at;
	/* The kernel's own mark of a group has page cache in it, which fills every limit. */
	if (r->resource == RES_CGROUP_MEMORY &&
		!view_highest(v, r->series, &out->high, &out->high_at))
		out->high = r->used;
	if (out->high < r->used) {
		out->high = r->used;
		out->high_at = 0;
	}
	if (!r->series)
		return;
	const struct series *s = series_row(v->series, r->series);
	tune_take_high(out,
		tune_recorded(in, (enum metric)s->metric, series_netns_name(v->series, s->netns),
			series_instance(v->series, r->series)));
}

/* ---- limits that are not judged by how full they are ---- */

/* A quota that is used up for a moment is no trouble; that the group is held back is. */
static void tune_quota(
	struct view *v, const struct ledger_row *r, const struct tune_input *in, struct tuning *out)
{
	const char *group = series_instance(v->series, r->series);
	const struct tune_high *h =
		r->series ? tune_recorded(in, M_CG_CPU_THROTTLED, "", group) : NULL;
	double held = r->pressure > 0 ? r->pressure : 0;
	const char *since = tune_since(in, h ? MARK_RECORDED : MARK_LOOK);
	if (h && h->high > held) {
		held = h->high;
		since = " of its worst hour";
		out->high_at = h->at_ns;
		out->high_hour = true;
	}
	out->refused = out->refused_per_s = 0;
	double peers = tune_takeover(in);
	bool short_then = peers > 1 && out->high * peers > out->limit;
	out->why = say(v, "held back in %.0f %% of the periods%s", 100 * held, since);
	if (short_then)
		out->why = say(v, "%s; wants %.0f %% of it when one of %u fails", out->why,
			100 * out->high * peers / out->limit, in->peers);
	if (held <= 0.05 && !short_then) {
		tune_keep(out, out->why);
		return;
	}
	out->action = TUNE_RAISE;
	out->value = round_up(out->limit * (held > 0.05 ? ROOM * peers : peers), FORM_CG_CPU);
	out->cost = 0;
}

/* Free and promised pages are recorded, each by itself: what was used is no more than the sum of their worst, and no less than either. */
static void recorded_pages(const struct tune_input *in, struct tuning *out, double *ret_most)
{
	const struct tune_high *total = tune_recorded(in, M_HUGEPAGES_TOTAL, "", ""),
			       *left = tune_recorded(in, M_HUGEPAGES_FREE, "", ""),
			       *promised = tune_recorded(in, M_HUGEPAGES_RESERVED, "", "");
	*ret_most = out->high;
	if (!total || !left)
		return;
	struct tune_high least = {.high = 0};
	double most = out->limit - left->low + (promised ? promised->high : 0);
	*ret_most = most > out->limit ? out->limit : most > out->high ? most : out->high;
	if (total->low >= out->limit && total->high <= out->limit)
		least = (struct tune_high){.high = out->limit - left->low, .at_ns = left->at_ns};
	if (promised && promised->high > least.high)
		least = *promised;
	tune_take_high(out, &least);
}

static void tune_hugepages(struct view *v, const struct tune_input *in, struct tuning *out)
{
	double most;
	recorded_pages(in, out, &most);
	if (most >= WASTED * out->limit) {
		tune_judge(v, out, in, 0, 1, FORM_HUGEPAGES);
		return;
	}
	out->action = TUNE_LOWER;
	out->high = most;
	out->value = round_up(most * 1.25, FORM_HUGEPAGES);
	out->why = say(v, "at most %.0f of %.0f were used%s: the others are lost to everybody",
		most, out->limit, tune_since(in, out->mark));
	out->danger = "whoever allocates them later finds none: look at all times of the day first";
}

const struct cgroup_io *tune_group_io(const struct view *v, uint32_t group, double *ret_share)
{
	const struct sample *s = view_last(v);
	const struct cgroup_io *rows = TABLE_ROWS(s->cg_io, struct cgroup_io), *most = NULL;
	double share;
	for (uint32_t i = 0; i < s->cg_io.count; i++)
		if (rows[i].cgroup == group && use_of_group_io(v, &rows[i], &share) &&
			(!most || share > *ret_share)) {
			most = &rows[i];
			*ret_share = share;
		}
	return most;
}

static bool serves(const struct view *v, uint32_t group)
{
	for (size_t i = 0; i < v->nusages; i++)
		if (who_is_member(v, group, v->usages[i].p->pid) &&
			cgroup_has_clients(v, &v->usages[i]))
			return true;
	return false;
}

/* A brake on purpose: who is held back is judged, as by the rule, by whether somebody waits for him. */
static void tune_group_disk(
	struct view *v, const struct ledger_row *r, const struct tune_input *in, struct tuning *out)
{
	static const double at_limit = 0.9; /* as the rule has it */
	double share = 0, peers = tune_takeover(in);
	const struct cgroup_io *io = tune_group_io(v, r->cgroup, &share);
	if (!io)
		return;
	const struct cgroup_io_kind *kind = cgroup_io_kind(io);
	out->unit = kind->bytes ? "bytes/s" : "requests/s";
	out->limit = (double)io->limit;
	out->used = out->high = share * out->limit;
	bool held = share * peers >= at_limit;
	out->why = say(v, "%s %.0f %% of what it may on %s%s", kind->verb, 100 * share,
		cgroup_io_disk(v, io), tune_since(in, MARK_LOOK));
	if (!held || !serves(v, r->cgroup)) {
		tune_keep(
			out, held ? say(v, "%s: that is what the limit is for, nobody waits for it",
					    out->why)
				  : out->why);
		return;
	}
	out->action = TUNE_RAISE;
	out->value = ROOM * out->limit;
	out->cost = 0;
	out->why = say(v, "%s, and others wait for it", out->why);
}

/* No more than there is may be promised for good. */
static double may_promise(const struct view *v)
{
	double memory, swap = 0;
	(void)view_gauge(v, view_id(v, M_SWAP_TOTAL, NETNS_HOST, 0), &swap);
	return view_gauge(v, view_id(v, M_MEM_TOTAL, NETNS_HOST, 0), &memory) ? memory + swap : 0;
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
	find_high(v, r, in, out);
	double most = t->form == FORM_COMMIT ? may_promise(v) : t->most;
	if (t->form == FORM_CG_CPU)
		tune_quota(v, r, in, out);
	else if (t->form == FORM_CG_IO)
		tune_group_disk(v, r, in, out);
	else if (t->form == FORM_HUGEPAGES)
		tune_hugepages(v, in, out);
	else
		tune_judge(v, out, in, bytes_each(v, t),
			t->form == FORM_CG_MEMORY ? TUNE_FOR_WORKERS : TUNE_FOR_KERNEL, t->form);
	if (out->action == TUNE_RAISE && most > 0 && out->value > most) {
		double each = out->value > out->limit ? out->cost / (out->value - out->limit) : 0;
		out->value = most;
		out->cost = (most - out->limit) * each;
		if (out->limit >= most) {
			out->action = TUNE_NO_HIGHER;
			out->value = out->limit;
			out->why = say(v,
				t->form == FORM_COMMIT
					? "%s; all memory and swap may be promised already: more "
					  "of either, or fewer who ask"
					: "%s; the kernel has no higher limit",
				out->why);
		}
	}
	tune_settings(v, t, r, out);
}

/* ---- all ---- */

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
	size_t room = l->count + view_last(v)->pools.count + v->series->netns_count + 2, n = 0;
	struct tuning *rows = arena_alloc(&v->scratch, room * sizeof *rows);
	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < l->count; i++) {
		const struct ledger_row *r = &l->rows[i];
		const struct tunable *t = tunable_of(r);
		if (!t || r->limit <= 0 || r->limit > 1e17 ||
			!tune_fits(in->only, r->name, r->resource))
			continue;
		tune_row(v, t, r, in, &rows[n++]);
	}
	tune_add_syn_queues(v, l, in, rows, room, &n);
	tune_add_backlog(v, in, rows, room, &n);
	tune_add_servers(v, in, rows, room, &n);
	qsort(rows, n, sizeof *rows, compare);
	*ret = rows;
	*ret_n = n;
	return v->scratch.overflowed ? -ENOMEM : 0;
}
