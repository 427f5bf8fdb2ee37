/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "synthetic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMESPACES = 5, PROCS_ROOM = 4 };

uint64_t synth_random(struct synth *h)
{
	h->rng ^= h->rng << 13;
	h->rng ^= h->rng >> 7;
	h->rng ^= h->rng << 17;
	return h->rng * UINT64_C(0x2545f4914f6cdd1d);
}

enum metric synth_metric(unsigned k)
{
	return (enum metric)(k * 7 % METRIC_COUNT);
}

unsigned synth_netns(unsigned k)
{
	return k % 3 ? 0 : k % NAMESPACES;
}

void synth_instance(char buf[static 128], unsigned k)
{
	static const char *const odd[] = {"\xff\xfe", "\n\t\x01", "a b\"'\\{},=", "\x1b[31m",
		("/sys/fs/cgroup/system.slice/a-very-long-name-that-goes-on-and-on.service/with/"
		 "more")};
	if (k % 7 == 0)
		(void)snprintf(buf, 128, "%s%u", odd[k / 7 % COUNTOF(odd)], k);
	else if (k < METRIC_COUNT && k % 5 == 1)
		buf[0] = '\0';
	else
		(void)snprintf(buf, 128, "dev%u", k);
}

static void namespaces(struct synth *h)
{
	for (unsigned i = 1; i < NAMESPACES; i++) {
		char name[32];
		(void)snprintf(name, sizeof name, "ns \xc3%u", i);
		/* the last one gets its name late */
		if (series_netns(&h->set, SYNTH_NETNS_INODE(i),
			    i == NAMESPACES - 1 && h->tick < 20 ? NULL : name) < 0)
			abort();
	}
}

void synth_init(struct synth *h, struct synth_size size, uint64_t seed, uint64_t real_us)
{
	*h = (struct synth){.size = size,
		.rng = seed * 2 + 1,
		.real_us = real_us,
		.mono_us = UINT64_C(5000000000),
		.next_pid = 100};
	h->procs = calloc(size.procs * PROCS_ROOM + 16, sizeof *h->procs);
	h->values = calloc(size.series + 1, sizeof *h->values);
	h->present = calloc(size.series + 1, 1);
	if (!h->procs || !h->values || !h->present || series_init(&h->set) < 0 ||
		sample_init(&h->s) < 0)
		abort();
	for (unsigned k = 0; k < size.series; k++)
		h->values[k] = k % 9 == 4 ? UINT64_MAX - 3000 : synth_below(h, 1u << (k % 30));
}

void synth_destroy(struct synth *h)
{
	free(h->procs);
	free(h->values);
	free(h->present);
	series_destroy(&h->set);
	sample_destroy(&h->s);
}

void synth_renew(struct synth *h)
{
	series_destroy(&h->set);
	if (series_init(&h->set) < 0)
		abort();
}

/* ---- values ---- */

static uint64_t next_value(struct synth *h, unsigned k)
{
	static const uint64_t ends[] = {0, 1, UINT64_MAX, UINT64_C(1) << 63, INT64_MAX, 12345,
		UINT64_C(1) << 62, (UINT64_C(1) << 62) + 1, UINT64_MAX - 1};
	uint64_t v = h->values[k];
	bool gauge = metric_info(synth_metric(k))->kind == METRIC_GAUGE;
	if (h->size.extreme && k % 17 == 3)
		return synth_below(h, 3) ? v : ends[synth_below(h, COUNTOF(ends))];
	if (k % 5 == 2 || k % 5 == 3) /* most do not move */
		return synth_below(h, 400) ? v : v + synth_below(h, 9);
	if (gauge && k % 9 == 4) /* as limits that mean none: huge for ever */
		return UINT64_MAX - synth_below(h, 100);
	if (gauge)
		return v + synth_below(h, 4096) - (v > 4096 ? 2048 : 0);
	if (synth_below(h, 300) == 0) /* a reset */
		return synth_below(h, 100);
	return v + (k % 4 == 0 ? 250 : synth_below(h, 1u << (k % 18)));
}

static bool is_present(struct synth *h, unsigned k)
{
	if (k % 11 == 5)
		return (h->tick + k) / 37 % 3 != 0;
	if (k % 13 == 7)
		return synth_below(h, 10) != 0;
	return k % 19 != 8 || h->tick > k % 64;
}

static void fill_values(struct synth *h)
{
	char name[128];
	for (unsigned k = 0; k < h->size.series; k++) {
		h->values[k] = next_value(h, k);
		h->present[k] = is_present(h, k);
		if (!h->present[k])
			continue;
		synth_instance(name, k);
		sample_set(&h->s,
			series_id(&h->set, synth_metric(k), synth_netns(k),
				intern_id(&h->set.names, name, strlen(name))),
			h->values[k]);
	}
}

/* ---- tables ---- */

static uint32_t some_name(struct synth *h, const char *what, unsigned of)
{
	char name[64];
	int n = snprintf(name, sizeof name, "/%s\x80/%u", what, synth_below(h, of));
	return intern_id(&h->set.names, name, (size_t)n);
}

static struct address some_address(struct synth *h, unsigned of)
{
	struct address a = {.family = synth_below(h, 2) ? 2 : 10};
	unsigned n = synth_below(h, of);
	memcpy(a.bytes + (a.family == 10 ? 12 : 0), &n, 4);
	return a;
}

static void be_born(struct synth *h)
{
	struct proc *p = &h->procs[h->nprocs++];
	if (h->next_pid > 4000000)
		h->next_pid = 100;
	*p = (struct proc){.pid = h->next_pid++,
		.ppid = 1 + (int32_t)synth_below(h, 50),
		.start_ticks = h->mono_us / 10000 + synth_below(h, 100),
		.have = HAVE_STAT | HAVE_DELAY | HAVE_CGROUP,
		.state = 'S',
		.threads = 1,
		.fd_limit = 1024,
		.nproc_limit = 90000};
	p->pgrp = p->pid;
	p->cgroup = some_name(h, "system.slice", 20);
	(void)snprintf(p->comm, sizeof p->comm, "job%u\xff", synth_below(h, 30));
}

static int by_pid(const void *a, const void *b)
{
	int32_t x = ((const struct proc *)a)->pid, y = ((const struct proc *)b)->pid;
	return x < y ? -1 : x > y;
}

static void live(struct synth *h, struct proc *p)
{
	p->cpu_ns += synth_below(h, 90000000);
	p->switches += synth_below(h, 200);
	p->rss_pages += synth_below(h, 64);
	p->state = "SRD"[synth_below(h, 3)];
	if (synth_below(h, 4) == 0) {
		p->run_delay_ns += synth_below(h, 3000000);
		p->minor_faults += synth_below(h, 1000);
		p->io_read += (uint64_t)synth_below(h, 1000) << 12;
		p->io_wchar += synth_below(h, 100000);
		p->wchan = some_name(h, "wait", 12);
		p->nice = (int16_t)((int)synth_below(h, 40) - 20);
		p->netns = (uint16_t)synth_below(h, NAMESPACES);
		p->kernel = synth_below(h, 2);
		p->fds = synth_below(h, 1024);
		p->uid = synth_below(h, 2) ? 0 : UINT32_MAX;
	}
}

static void fill_procs(struct synth *h)
{
	unsigned births = h->nprocs < h->size.procs ? h->size.procs - h->nprocs : h->size.births;
	if (births > h->size.births && h->tick)
		births = h->size.births;
	for (unsigned i = 0; i < births; i++)
		be_born(h);
	while (h->nprocs > h->size.procs) {
		unsigned gone = synth_below(h, h->nprocs--);
		h->procs[gone] = h->procs[h->nprocs];
	}
	if (h->nprocs && h->size.extreme &&
		synth_below(h, 4) == 0) { /* a number that is used again */
		struct proc *p = &h->procs[synth_below(h, h->nprocs)];
		p->start_ticks += 1000;
		p->cpu_ns = UINT64_MAX - synth_below(h, 5000);
	}
	qsort(h->procs, h->nprocs, sizeof *h->procs, by_pid);
	for (unsigned i = 0; i < h->nprocs; i++)
		if (synth_below(h, 10) == 0)
			live(h, &h->procs[i]);
	struct proc *rows = arena_push(&h->s.procs.rows, h->nprocs * sizeof *rows);
	if (!rows)
		abort();
	for (unsigned i = 0; i < h->nprocs; i++) {
		rows[i] = h->procs[i];
		/* names are of the set of this tick, which may be a new one */
		rows[i].cgroup = some_name(h, "system.slice", 1);
		if (rows[i].wchan)
			rows[i].wchan = some_name(h, "wait", 1 + (unsigned)rows[i].pid % 3);
	}
	h->s.procs.count = h->nprocs;
}

static void fill_conns(struct synth *h)
{
	for (unsigned i = 0; i < h->size.conns; i++) {
		struct conn_group *c = table_add(&h->s.conns, sizeof *c);
		*c = (struct conn_group){.netns = (uint16_t)(i % NAMESPACES),
			.outgoing = i & 1,
			.port = (uint16_t)(i * 61),
			.total = 10 + synth_below(h, 3),
			.established = 5,
			.sendq = synth_below(h, 20) ? 0 : synth_below(h, 100000),
			.pid = (int32_t)i};
		c->local = (struct address){.family = 2, .bytes = {10, 0, 0, (uint8_t)i}};
		c->peer =
			(struct address){.family = 10, .bytes = {0x20, 1, [15] = (uint8_t)(i / 3)}};
	}
	h->s.have_conns = h->tick % 5 != 4;
}

static void fill_others(struct synth *h)
{
	static const char *const what[] = {"/proc/net/snmp", "sock_diag", ""},
				 *const hides[] = {"net.*", "tcp.listen"};
	struct sample *s = &h->s;
	unsigned n = h->size.others;
	for (unsigned i = synth_below(h, n + 1); i; i--) {
		struct listener *l = table_add(&s->listeners, sizeof *l);
		*l = (struct listener){.netns = (uint16_t)synth_below(h, NAMESPACES),
			.port = (uint16_t)synth_below(h, 4),
			.local = some_address(h, 3),
			.inode = synth_below(h, 3),
			.waiting = synth_below(h, 100),
			.backlog = 128,
			.drops = UINT32_MAX - synth_below(h, 3),
			.have_drops = synth_below(h, 2)};
	}
	for (unsigned i = synth_below(h, n + 1); i; i--) {
		struct open_file *f = table_add(&s->files, sizeof *f);
		*f = (struct open_file){.pid = (int32_t)synth_below(h, 5),
			.fd = (int32_t)synth_below(h, 5),
			.devno = (uint64_t)8 << 20,
			.inode = synth_below(h, 4),
			.size = synth_random(h),
			.count = 1,
			.writable = synth_below(h, 2),
			.path = some_name(h, "var/log", 9)};
	}
	for (unsigned i = synth_below(h, n + 1); i; i--) {
		struct ct_peer *c = table_add(&s->ct_peers, sizeof *c);
		*c = (struct ct_peer){.netns = (uint16_t)synth_below(h, NAMESPACES),
			.proto = 6,
			.port = (uint16_t)synth_below(h, 4),
			.source = some_address(h, 4),
			.destination = some_address(h, 2),
			.count = synth_below(h, 1000)};
	}
	for (unsigned i = synth_below(h, n + 1); i; i--) {
		struct socket_maker *m = table_add(&s->makers, sizeof *m);
		*m = (struct socket_maker){.netns = (uint16_t)synth_below(h, NAMESPACES),
			.pid = (int32_t)synth_below(h, 6),
			.sightings = synth_below(h, 9),
			.looks = 9};
	}
	for (unsigned i = synth_below(h, n + 1); i; i--) {
		struct member *m = table_add(&s->members, sizeof *m);
		*m = (struct member){some_name(h, "docker", 3), (int32_t)synth_below(h, 6)};
	}
	for (unsigned i = synth_below(h, n + 1); i; i--)
		sample_gap(s, synth_below(h, NAMESPACES), synth_below(h, 2) ? EACCES : ENOENT,
			what[synth_below(h, COUNTOF(what))], hides[synth_below(h, COUNTOF(hides))]);
	s->have_files = synth_below(h, 2);
	s->have_ct_peers = synth_below(h, 2);
	s->ct_sampled = synth_below(h, 3) ? s->ct_peers.count : synth_random(h);
	s->conns.dropped = synth_below(h, 9) ? 0 : synth_below(h, 5);
}

void synth_tick(struct synth *h, uint64_t step_us)
{
	h->real_us += step_us;
	h->mono_us += step_us;
	sample_reset(&h->s);
	h->s.real_ns = h->real_us * 1000 + synth_below(h, 1000); /* finer than what is kept */
	h->s.mono_ns = h->mono_us * 1000 + synth_below(h, 1000);
	namespaces(h);
	fill_values(h);
	fill_procs(h);
	fill_conns(h);
	fill_others(h);
	h->tick++;
}

/* ---- digests ---- */

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static uint64_t text_hash(const char *s)
{
	return intern_hash(s, strlen(s));
}

static uint64_t netns_identity(const struct series_set *set, uint64_t i)
{
	return i == NETNS_HOST ? 1 : i < set->netns_count ? set->netns[i].inode : i;
}

static uint64_t column_digest(
	const struct series_set *set, const struct column_info *c, const void *row)
{
	const char *p = (const char *)row + c->offset, *text;
	switch (c->type) {
	case COLUMN_NUMBER: return column_get(c, row);
	case COLUMN_FINE: return column_get(c, row) / FINE_GRAIN;
	case COLUMN_NAME: return text_hash(intern_text(&set->names, (uint32_t)column_get(c, row)));
	case COLUMN_NETNS: return netns_identity(set, column_get(c, row));
	case COLUMN_STATIC: memcpy(&text, p, sizeof text); return text_hash(text ? text : "");
	case COLUMN_BYTES: return intern_hash(p, c->size);
	case COLUMN_TYPES: break;
	}
	return 0;
}

struct digest sample_digest(const struct series_set *set, const struct sample *s)
{
	struct digest d = {0};
	uint64_t v;
	for (uint32_t id = 1; id <= set->count; id++) {
		if (!sample_get(s, id, &v))
			continue;
		const struct series *row = series_row(set, id);
		uint64_t h = mix(row->metric, netns_identity(set, row->netns));
		h = mix(h, text_hash(intern_text(&set->names, row->instance)));
		d.values += mix(h, v);
	}
	for (unsigned t = 0; t < TABLE_COUNT; t++) {
		const struct table_info *info = table_info((enum table_id)t);
		const struct table *table = sample_table_const(s, (enum table_id)t);
		uint64_t all = mix(table->count, table->dropped);
		for (uint32_t i = 0; i < table->count; i++) {
			const void *row = table->rows.base + i * info->row_size;
			uint64_t h = t + 1;
			for (const struct column_info *c = info->columns; c->name; c++)
				h = mix(h, column_digest(set, c, row));
			/* of tables that are sorted, the order counts */
			all = info->sorted ? mix(all, h) : all + mix(h, h);
		}
		d.tables[t] = all;
	}
	d.rest = mix(mix(s->real_ns / 1000, s->mono_ns / 1000), s->ct_sampled);
	d.rest = mix(d.rest,
		(s->have_conns ? 1u : 0) | (s->have_files ? 2u : 0) | (s->have_ct_peers ? 4u : 0));
	return d;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

const char *digest_difference(const struct digest *a, const struct digest *b)
{
	static char words[256];
	size_t n = 0;
	words[0] = '\0';
	if (a->values != b->values)
		n += (size_t)snprintf(words + n, sizeof words - n, " values");
	if (a->rest != b->rest)
		n += (size_t)snprintf(words + n, sizeof words - n, " times");
	for (unsigned t = 0; t < TABLE_COUNT; t++)
		if (a->tables[t] != b->tables[t] && n < sizeof words)
			n += (size_t)snprintf(words + n, sizeof words - n, " %s",
				table_info((enum table_id)t)->name);
	return words;
}
