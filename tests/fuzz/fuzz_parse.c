/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* One target for everything that turns kernel bytes into values: the first byte picks a collector, a file of folders,
 * or one of the parsers behind the tables. Built with libFuzzer it searches; built plainly it runs
 * the saved corpus as a test. */
#include "collect/collect.h"
#include "corpus.h"
#include "read/parse.h"
#include "read/parse_link.h"
#include "read/parse_nft.h"

#include <stdlib.h>
#include <string.h>

enum {
	PARSERS = 7,
	NETWORK_PARSERS = 8,
	BOOKS = 1,
	FIRST_PARSER = (int)COLLECTOR_COUNT + (int)FOLDER_COUNT
};

static void seen_socket(void *ctx, const struct diag_socket *s)
{
	char a[48], b[48];
	*(unsigned *)ctx +=
		strlen(address_text(a, &s->local)) + strlen(address_text(b, &s->peer)) > 0;
}

static void seen_entry(void *ctx, const struct ct_entry *e)
{
	char a[48];
	*(unsigned *)ctx += strlen(address_text(a, &e->source)) > 0;
}

/* What rows promise to those who read them. */
static void check_rows(const struct sample *s)
{
	const struct klog *log = TABLE_ROWS(s->klog, struct klog);
	if (s->klog.count > 64)
		abort();
	for (uint32_t i = 0; i < s->klog.count; i++)
		if (!memchr(log[i].text, 0, KLOG_TEXT) || log[i].level > 4)
			abort();
}

/* What a book may bring, whoever wrote it. */
static void check_books(const struct sample *s, const struct series_set *series)
{
	const struct server_slot *slots = TABLE_ROWS(s->slots, struct server_slot);
	for (uint32_t i = 0; i < s->slots.count; i++)
		for (size_t k = 0; k < sizeof slots[i].text; k++)
			if (slots[i].state >= SLOT_STATES ||
				!memchr(slots[i].who, 0, sizeof slots[i].who) ||
				!memchr(slots[i].text, 0, sizeof slots[i].text) ||
				(unsigned char)slots[i].text[k] == 0x1b || slots[i].server > 1)
				abort();
	const struct server_pool *pools = TABLE_ROWS(s->pools, struct server_pool);
	for (uint32_t i = 0; i < s->pools.count; i++)
		if (pools[i].kind >= POOL_KINDS ||
			strlen(intern_text(&series->names, pools[i].name)) > 63)
			abort();
	if (s->servers.count > 1 || s->slots.count > 256 || s->pools.count > 256)
		abort();
	for (uint32_t i = 0; i < s->servers.count; i++)
		if (TABLE_ROWS(s->servers, struct server_book)[i].status >= BOOK_STATUSES)
			abort();
}

static void parse_book(struct scan s, const struct out *o)
{
	uint32_t names_left = 64;
	struct proc *p = table_add(&o->sample->procs, sizeof *p);
	if (!p)
		abort();
	*p = (struct proc){.pid = 1};
	(void)collect_book(s, o, &names_left);
	check_books(o->sample, o->series);
}

/* Texts end within their buffers, whatever came. */
static void is_text(const char *s, size_t size)
{
	if (!memchr(s, 0, size))
		abort();
}

static void seen_link(void *ctx, const struct link_message *m)
{
	(void)ctx;
	is_text(m->name, sizeof m->name);
	is_text(m->kind, sizeof m->kind);
	is_text(m->qdisc, sizeof m->qdisc);
}

static void seen_qdisc(void *ctx, const struct qdisc_message *m)
{
	(void)ctx;
	is_text(m->kind, sizeof m->kind);
}

static void seen_speed(void *ctx, const struct link_speed *m)
{
	*(unsigned *)ctx += m->mbit;
}

static void seen_unix(void *ctx, const struct unix_socket *s)
{
	is_text(s->path, sizeof s->path);
	for (size_t i = 0; i < s->queued; i++)
		*(unsigned *)ctx += unix_queued(s, i);
}

static void seen_packet(void *ctx, const struct packet_socket *s)
{
	*(unsigned *)ctx += s->index;
}

static void seen_chain(void *ctx, const struct nft_chain *c)
{
	(void)ctx;
	is_text(c->table, sizeof c->table);
	is_text(c->name, sizeof c->name);
	is_text(c->type, sizeof c->type);
}

static void seen_rule(void *ctx, const struct nft_rule *r)
{
	(void)ctx;
	is_text(r->table, sizeof r->table);
	is_text(r->chain, sizeof r->chain);
	is_text(r->text, sizeof r->text);
	if (r->verdict >= FW_VERDICTS)
		abort();
}

static void seen_set(void *ctx, const struct nft_set *s)
{
	(void)ctx;
	is_text(s->table, sizeof s->table);
	is_text(s->name, sizeof s->name);
}

static void parse_network(unsigned which, const void *bytes, size_t n)
{
	unsigned seen = 0;
	switch (which) {
	case 0: (void)parse_links(bytes, n, seen_link, &seen); break;
	case 1: (void)parse_qdiscs(bytes, n, seen_qdisc, &seen); break;
	case 2: (void)parse_link_speeds(bytes, n, seen_speed, &seen); break;
	case 3: (void)parse_unix_diag(bytes, n, seen_unix, &seen); break;
	case 4: (void)parse_packet_diag(bytes, n, seen_packet, &seen); break;
	case 5: (void)parse_nft_chains(bytes, n, seen_chain, &seen); break;
	case 6: (void)parse_nft_rules(bytes, n, seen_rule, &seen); break;
	default: (void)parse_nft_sets(bytes, n, seen_set, &seen); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct series_set series;
	static struct sample sample;
	static unsigned long runs;
	if (size == 0)
		return 0;
	if (runs++ % 4096 ==
		0) { /* names are never forgotten: begin anew before the tables are full */
		if (runs > 1) {
			series_destroy(&series);
			sample_destroy(&sample);
		}
		if (series_init(&series) < 0 || sample_init(&sample) < 0)
			abort();
	}
	sample_reset(&sample);
	const struct out o = {&sample, &series, NETNS_HOST};
	unsigned which = data[0] % (FIRST_PARSER + PARSERS + NETWORK_PARSERS + BOOKS);
	/* A copy of its own, so that the sanitizer sees a read one byte past the end. */
	char *bytes = malloc(size - 1 ? size - 1 : 1);
	if (!bytes)
		return 0;
	memcpy(bytes, data + 1, size - 1);
	struct scan s = scan_over(bytes, size - 1), part;
	struct proc p = {0};
	static struct mount_line m;
	unsigned seen = 0;
	if (which < COLLECTOR_COUNT)
		(void)collector_fn((enum collector_id)which)(s, &o);
	else if (which < FIRST_PARSER)
		(void)folder_function((enum folder_id)(which - COLLECTOR_COUNT))(s, &o, 1);
	else if (which == FIRST_PARSER && parse_proc_stat(s, &p) &&
		 memchr(p.comm, 0, sizeof p.comm) == NULL)
		abort();
	else if (which == FIRST_PARSER + 1)
		(void)parse_proc_io(s, &p);
	unsigned cpus;
	if (parse_proc_cpus(s, &cpus) && (cpus == 0 || cpus > UINT16_MAX))
		abort();
	else if (which == FIRST_PARSER + 2 && parse_proc_cgroup(s, &part) &&
		 (part.p < bytes || part.end > bytes + size - 1))
		abort();
	else if (which == FIRST_PARSER + 3)
		(void)parse_inet_diag(bytes, size - 1, seen_socket, &seen);
	else if (which == FIRST_PARSER + 4)
		(void)parse_conntrack(bytes, size - 1, seen_entry, &seen);
	else if (which == FIRST_PARSER + 5 && parse_mountinfo(s, &m) &&
		 !memchr(m.path, 0, sizeof m.path))
		abort();
	else if (which == FIRST_PARSER + 6) {
		char *text = malloc(size);
		uint64_t v;
		if (text) {
			memcpy(text, bytes, size - 1);
			text[size - 1] = '\0';
			(void)num_duration(text, &v);
			(void)num_size(text, &v);
			(void)num_time(text, UINT64_C(1795305600000000000), &v);
			free(text);
		}
	} else if (which == FIRST_PARSER + PARSERS + NETWORK_PARSERS) {
		parse_book(s, &o);
	} else if (which >= FIRST_PARSER + PARSERS) {
		parse_network(which - FIRST_PARSER - PARSERS, bytes, size - 1);
	}
	check_rows(&sample);
	free(bytes);
	return 0;
}
