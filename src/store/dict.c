/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/dict.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { DICT_NAMES = 1 << 20 };

void dict_put_origin(struct arena *out, const struct dict_origin *o)
{
	put_text(out, o->host);
	put_text(out, o->version);
	put_text(out, o->kernel);
	put_u64(out, o->run);
	put_varint(out, o->interval_ns);
}

void dict_put_schema(struct arena *out)
{
	put_varint(out, METRIC_COUNT);
	for (unsigned m = 0; m < METRIC_COUNT; m++) {
		const struct metric_info *info = metric_info((enum metric)m);
		const char *label = metric_label_name(info->label);
		put_text(out, info->name);
		put_varint(out, info->kind);
		put_text(out, metric_base_unit((enum metric)m));
		put_text(out, label ? label : "");
	}
	rows_put_schema(out);
}

static void put_netns(struct arena *out, const struct series_set *set, struct dict_told *told)
{
	uint32_t changed = 0;
	for (uint32_t i = 0; i < set->netns_count; i++)
		changed += i >= told->netns || set->netns[i].name != told->netns_names[i];
	put_varint(out, changed);
	for (uint32_t i = 0; i < set->netns_count; i++) {
		if (i < told->netns && set->netns[i].name == told->netns_names[i])
			continue;
		put_varint(out, i);
		put_varint(out, set->netns[i].inode);
		put_varint(out, set->netns[i].name);
		told->netns_names[i] = set->netns[i].name;
	}
	told->netns = set->netns_count;
}

void dict_put_news(struct arena *out, const struct series_set *set, struct dict_told *told)
{
	put_varint(out, set->names.count - told->names);
	while (told->names < set->names.count)
		put_text(out, intern_text(&set->names, ++told->names));
	put_netns(out, set, told);
	put_varint(out, set->count - told->series);
	while (told->series < set->count) {
		const struct series *row = series_row(set, ++told->series);
		put_varint(out, row->metric);
		put_varint(out, row->netns);
		put_varint(out, row->instance);
	}
}

int dict_names_init(struct dict_names *n)
{
	*n = (struct dict_names){0};
	int r = arena_init(&n->names, DICT_NAMES * sizeof(uint32_t));
	return r < 0 ? r : arena_init(&n->numbers, DICT_NAMES * sizeof(uint32_t));
}

void dict_names_destroy(struct dict_names *n)
{
	arena_destroy(&n->names);
	arena_destroy(&n->numbers);
}

uint32_t dict_name(struct dict_names *n, uint32_t id)
{
	if (id == 0)
		return 0;
	size_t have = n->numbers.used / sizeof(uint32_t);
	if (id >= have && !arena_push(&n->numbers, (id + 64 - have) * sizeof(uint32_t))) {
		n->failed = true;
		return 0;
	}
	uint32_t *number = &((uint32_t *)(void *)n->numbers.base)[id];
	if (*number == 0) {
		uint32_t *row = arena_push(&n->names, sizeof *row);
		if (!row) {
			n->failed = true;
			return 0;
		}
		*row = id;
		*number = ++n->count;
	}
	return *number;
}

void dict_put_file(struct arena *out, const struct dict_origin *origin,
	const struct series_set *set, struct dict_names *names, const uint32_t *ids, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		(void)dict_name(names, series_row(set, ids[i])->instance);
	for (uint32_t i = 0; i < set->netns_count; i++)
		(void)dict_name(names, set->netns[i].name);
	dict_put_origin(out, origin);
	dict_put_schema(out);
	put_varint(out, names->count);
	for (uint32_t i = 0; i < names->count; i++)
		put_text(out, intern_text(&set->names,
				      ((const uint32_t *)(const void *)names->names.base)[i]));
	put_varint(out, set->netns_count);
	for (uint32_t i = 0; i < set->netns_count; i++) {
		put_varint(out, i);
		put_varint(out, set->netns[i].inode);
		put_varint(out, dict_name(names, set->netns[i].name));
	}
	put_varint(out, n);
	for (uint32_t i = 0; i < n; i++) {
		const struct series *row = series_row(set, ids[i]);
		put_varint(out, row->metric);
		put_varint(out, row->netns);
		put_varint(out, dict_name(names, row->instance));
	}
}

/* ---- reading ---- */

int dict_init(struct dict *d, struct series_set *set)
{
	*d = (struct dict){.set = set};
	int r = arena_init(&d->names, DICT_NAMES * sizeof(uint32_t));
	if (r == 0)
		r = arena_init(&d->series, (SERIES_MAX + 1) * sizeof(uint32_t));
	if (r < 0)
		dict_destroy(d);
	else
		dict_forget(d);
	return r;
}

void dict_destroy(struct dict *d)
{
	arena_destroy(&d->names);
	arena_destroy(&d->series);
}

void dict_forget(struct dict *d)
{
	arena_reset(&d->names);
	arena_reset(&d->series);
	(void)arena_push(&d->names, sizeof(uint32_t)); /* 0: no name, no series */
	(void)arena_push(&d->series, sizeof(uint32_t));
	d->nnames = d->nseries = 1;
	d->nnetns = 1;
	d->netns[NETNS_HOST] = NETNS_HOST;
	d->netns_lost[NETNS_HOST] = false;
}

static void get_fixed_text(struct get *g, char *ret, size_t size)
{
	uint64_t n = get_varint(g);
	const unsigned char *p = get_bytes(g, n);
	if (n >= size)
		n = size - 1;
	if (p)
		memcpy(ret, p, (size_t)n);
	ret[p ? n : 0] = '\0';
}

int dict_get_origin(struct get *g, struct dict_origin *o)
{
	get_fixed_text(g, o->host, sizeof o->host);
	get_fixed_text(g, o->version, sizeof o->version);
	get_fixed_text(g, o->kernel, sizeof o->kernel);
	o->run = get_u64(g);
	o->interval_ns = get_varint(g);
	return g->bad ? -EBADMSG : 0;
}

/* A metric whose kind or unit changed its meaning is another metric. What this program wrote itself has each in its own place. */
static uint16_t our_metric(uint32_t place, const char *name, uint64_t kind, const char *unit)
{
	bool in_place =
		place < METRIC_COUNT && strcmp(metric_info((enum metric)place)->name, name) == 0;
	enum metric m = in_place ? (enum metric)place : metric_by_name(name);
	bool same = m != METRIC_COUNT && metric_info(m)->kind == kind &&
		    strcmp(metric_base_unit(m), unit) == 0;
	return (uint16_t)(same ? m : METRIC_COUNT);
}

int dict_get_schema(struct get *g, struct dict *d)
{
	uint64_t n = get_varint(g);
	if (n > DICT_METRICS)
		return -EBADMSG;
	for (d->nmetrics = 0; d->nmetrics < n && !g->bad; d->nmetrics++) {
		char name[128], unit[16], label[16];
		get_fixed_text(g, name, sizeof name);
		uint64_t kind = get_varint(g);
		get_fixed_text(g, unit, sizeof unit);
		get_fixed_text(g, label, sizeof label);
		d->metrics[d->nmetrics] = our_metric(d->nmetrics, name, kind, unit);
	}
	return g->bad ? -EBADMSG : rows_get_schema(g, &d->schema);
}

static int push_id(struct arena *a, uint32_t id)
{
	uint32_t *to = arena_push(a, sizeof *to);
	if (to)
		*to = id;
	return to ? 0 : -ENOMEM;
}

static int get_names(struct get *g, struct dict *d)
{
	for (uint64_t n = get_varint(g); n && !g->bad; n--) {
		uint64_t len = get_varint(g);
		const unsigned char *p = get_bytes(g, len);
		if (!p)
			return -EBADMSG;
		/* Beyond the set's ceiling a name is lost, and the set says so. */
		int r = push_id(&d->names, intern_id(&d->set->names, (const char *)p, (size_t)len));
		if (r < 0)
			return r;
		d->nnames++;
	}
	return g->bad ? -EBADMSG : 0;
}

static uint32_t name_of(const struct dict *d, uint64_t id)
{
	return id < d->nnames ? ((const uint32_t *)(const void *)d->names.base)[id] : 0;
}

/* The kernel gives the number of a namespace that is gone to the next one: in a recording it is its name that tells
 * them apart. One whose name is but its number has none yet, and may be any of that number. */
static int our_netns(struct series_set *set, uint64_t inode, uint32_t name)
{
	char number[32];
	(void)snprintf(number, sizeof number, "%" PRIu64, inode);
	bool unnamed = name == 0 || strcmp(intern_text(&set->names, name), number) == 0;
	int found = -1;
	for (unsigned i = 1; i < set->netns_count; i++) {
		const struct netns *n = &set->netns[i];
		if (n->inode == inode && n->name == name)
			return (int)i;
		if (n->inode == inode &&
			(unnamed || strcmp(intern_text(&set->names, n->name), number) == 0))
			found = (int)i;
	}
	if (found >= 0 && !unnamed)
		set->netns[found].name = name;
	if (found >= 0 || set->netns_count == NETNS_MAX)
		return found;
	set->netns[set->netns_count] = (struct netns){inode, name};
	return (int)set->netns_count++;
}

static int get_netns(struct get *g, struct dict *d)
{
	for (uint64_t n = get_varint(g); n && !g->bad; n--) {
		uint64_t i = get_varint(g), inode = get_varint(g);
		uint32_t name = name_of(d, get_varint(g));
		if (g->bad || i > d->nnetns || i >= NETNS_MAX)
			return -EBADMSG;
		if (i == NETNS_HOST) {
			d->set->netns[NETNS_HOST].inode = inode;
			continue;
		}
		if (i == d->nnetns)
			d->netns[d->nnetns++] = NETNS_HOST;
		int ours = our_netns(d->set, inode, name);
		d->netns_lost[i] = ours < 0;
		d->netns[i] = ours < 0 ? NETNS_HOST : (uint32_t)ours;
	}
	return g->bad ? -EBADMSG : 0;
}

int dict_get_news(struct get *g, struct dict *d)
{
	int r = get_names(g, d);
	if (r == 0)
		r = get_netns(g, d);
	if (r < 0)
		return r;
	for (uint64_t n = get_varint(g); n && !g->bad; n--) {
		uint64_t m = get_varint(g), ns = get_varint(g), instance = get_varint(g);
		uint32_t id = SERIES_NONE;
		if (g->bad || m >= d->nmetrics || ns >= d->nnetns)
			return -EBADMSG;
		if (d->metrics[m] != METRIC_COUNT && !d->netns_lost[ns])
			id = series_id(d->set, (enum metric)d->metrics[m], d->netns[ns],
				name_of(d, instance));
		r = push_id(&d->series, id);
		if (r < 0)
			return r;
		d->nseries++;
	}
	return g->bad ? -EBADMSG : 0;
}

struct rows_map dict_map(const struct dict *d)
{
	return (struct rows_map){(const uint32_t *)(const void *)d->names.base, d->netns, d->nnames,
		d->nnetns, d->set};
}
