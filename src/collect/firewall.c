/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* firewall: chains, rules and sets of nf_tables, the rules of iptables-nft among them: what they counted, and where in its chain each stands.
 *
 * Rules that nobody gave a counter tell nothing but their place. The kernel dumps them in the order in which packets meet them. The tables of the
 * legacy iptables are another world (getsockopt of a raw socket) and are not read: that they are there is told as a gap. */
#include "collect/engine_impl.h"

#include "base/clock.h"
#include "read/parse_nft.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A dump of rules ends here, however many there are; those beyond the table's room are counted up to it. */
enum { RULES_LOOKED_AT = 20000 };

struct fw_walk {
	struct out o;
	uint32_t first_chain;   /* row of the first chain of this namespace */
	struct fw_chain *chain; /* of the last rule; NULL: not known */
	uint8_t family;
	uint32_t table, name; /* of that chain */
	uint32_t position, seen;
};

static uint32_t name_id(const struct fw_walk *w, const char *s)
{
	return *s ? out_instance(&w->o, scan_over(s, strlen(s))) : 0;
}

static void add_chain(void *ctx, const struct nft_chain *c)
{
	struct fw_walk *w = ctx;
	struct fw_chain *row = table_add(&w->o.sample->fw_chains, sizeof *row);
	if (row)
		*row = (struct fw_chain){.netns = (uint16_t)w->o.netns,
			.family = c->family,
			.table = name_id(w, c->table),
			.name = name_id(w, c->name),
			.handle = c->handle,
			.base = c->base,
			.hook = (uint8_t)c->hook,
			.policy = (uint8_t)c->policy,
			.priority = c->priority,
			.type = name_id(w, c->type),
			.counted = c->counted,
			.packets = c->packets,
			.bytes = c->bytes};
}

/* Rules of one chain follow each other. */
static void enter_chain(struct fw_walk *w, uint8_t family, uint32_t table, uint32_t name)
{
	if (w->seen && w->family == family && w->table == table && w->name == name)
		return;
	w->family = family;
	w->table = table;
	w->name = name;
	w->position = 0;
	w->chain = NULL;
	struct fw_chain *rows = TABLE_ROWS(w->o.sample->fw_chains, struct fw_chain);
	for (uint32_t i = w->first_chain; i < w->o.sample->fw_chains.count && !w->chain; i++)
		if (rows[i].family == family && rows[i].table == table && rows[i].name == name)
			w->chain = &rows[i];
}

static void add_rule(void *ctx, const struct nft_rule *r)
{
	struct fw_walk *w = ctx;
	enter_chain(w, r->family, name_id(w, r->table), name_id(w, r->chain));
	w->seen++;
	w->position++;
	if (w->chain)
		w->chain->rules = w->position;
	struct fw_rule *row = table_add(&w->o.sample->fw_rules, sizeof *row);
	if (row)
		*row = (struct fw_rule){.netns = (uint16_t)w->o.netns,
			.family = r->family,
			.table = w->table,
			.chain = w->name,
			.handle = r->handle,
			.position = w->position,
			.verdict = (uint8_t)r->verdict,
			.counted = r->counted,
			.packets = r->packets,
			.bytes = r->bytes,
			.text = name_id(w, r->text)};
}

static void add_set(void *ctx, const struct nft_set *s)
{
	struct fw_walk *w = ctx;
	struct fw_set *row = table_add(&w->o.sample->fw_sets, sizeof *row);
	if (row)
		*row = (struct fw_set){.netns = (uint16_t)w->o.netns,
			.family = s->family,
			.table = name_id(w, s->table),
			.name = name_id(w, s->name),
			.handle = s->handle,
			.have_count = s->have_count,
			.elements = s->elements,
			.limit = s->limit};
}

static int chain_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)parse_nft_chains(bytes, len, add_chain, ctx);
	return 0;
}

static int rule_bytes(void *ctx, const void *bytes, size_t len)
{
	struct fw_walk *w = ctx;
	(void)parse_nft_rules(bytes, len, add_rule, w);
	return w->seen >= RULES_LOOKED_AT;
}

static int set_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)parse_nft_sets(bytes, len, add_set, ctx);
	return 0;
}

/* ---- is there anything to ask ---- */

static bool file_has(struct engine *e, const char *path, const char *word, bool *ret_read)
{
	ssize_t n = reader_file(e->reader, path, NULL, e->buffer, ENGINE_BUFFER);
	*ret_read = n >= 0;
	return n > 0 && memmem(e->buffer, (size_t)n, word, strlen(word));
}

/* The first message for nf_tables makes the kernel load the module. Where it is neither loaded nor built in there are no rules. Without a list of
 * what is built in there are no modules to load either. */
void engine_find_firewall(struct engine *e)
{
	char release[96] = "", path[160];
	bool listed, read;
	if (e->nf_tables || reader_is_replay(e->reader)) {
		e->nf_tables = true;
		return;
	}
	if (file_has(e, "proc/modules", "nf_tables ", &read)) {
		e->nf_tables = true;
		return;
	}
	ssize_t n = reader_file(
		e->reader, "proc/sys/kernel/osrelease", NULL, release, sizeof release - 1);
	release[n > 0 ? n : 0] = '\0';
	release[strcspn(release, "\n/")] = '\0';
	(void)snprintf(path, sizeof path, "lib/modules/%s/modules.builtin", release);
	e->nf_tables = file_has(e, path, "/nf_tables.ko", &listed) || !listed;
}

static void note_legacy(struct engine *e, const struct out *o)
{
	static const char *const files[] = {
		"proc/net/ip_tables_names", "proc/net/ip6_tables_names"};
	char text[64];
	for (size_t i = 0; i < COUNTOF(files); i++)
		if (reader_file(e->reader, files[i], NULL, text, sizeof text) > 0) {
			sample_gap(o->sample, o->netns, EOPNOTSUPP, "rules of the legacy iptables",
				"net.firewall");
			return;
		}
}

/* ---- between two readings ---- */

static void take_over(const struct out *o, const struct sample *prev)
{
	const struct fw_chain *chains = TABLE_ROWS(prev->fw_chains, struct fw_chain);
	const struct fw_rule *rules = TABLE_ROWS(prev->fw_rules, struct fw_rule);
	const struct fw_set *sets = TABLE_ROWS(prev->fw_sets, struct fw_set);
	for (uint32_t i = 0; i < prev->fw_chains.count; i++) {
		struct fw_chain *c = chains[i].netns == o->netns
					     ? table_add(&o->sample->fw_chains, sizeof *c)
					     : NULL;
		if (c) {
			*c = chains[i];
			c->stale = true;
		}
	}
	for (uint32_t i = 0; i < prev->fw_rules.count; i++) {
		struct fw_rule *r = rules[i].netns == o->netns
					    ? table_add(&o->sample->fw_rules, sizeof *r)
					    : NULL;
		if (r) {
			*r = rules[i];
			r->stale = true;
		}
	}
	for (uint32_t i = 0; i < prev->fw_sets.count; i++) {
		struct fw_set *s = sets[i].netns == o->netns
					   ? table_add(&o->sample->fw_sets, sizeof *s)
					   : NULL;
		if (s)
			*s = sets[i];
	}
}

void engine_firewall(
	struct engine *e, struct netns_state *ns, const struct sample *prev, struct sample *out)
{
	struct fw_walk w = {.o = {out, e->series, (unsigned)ns->series_netns},
		.first_chain = out->fw_chains.count};
	if (!engine_pace_due(e, ns, PACE_FIREWALL)) {
		if (prev)
			take_over(&w.o, prev);
		return;
	}
	uint64_t begun = clock_thread_ns();
	uint32_t dropped = out->fw_rules.dropped;
	int r = e->nf_tables ? reader_dump(e->reader, DUMP_NFT_CHAINS, chain_bytes, &w) : 0;
	/* Without a chain there is no rule and, but for one that nobody can use, no set. */
	if (r == 0 && out->fw_chains.count > w.first_chain) {
		r = reader_dump(e->reader, DUMP_NFT_RULES, rule_bytes, &w);
		int s = reader_dump(e->reader, DUMP_NFT_SETS, set_bytes, &w);
		r = r < 0 ? r : s;
	}
	engine_dump_gap(e, out, w.o.netns, r, "firewall rules (nf_tables)", "net.firewall");
	if (out->fw_rules.dropped != dropped)
		sample_gap(out, w.o.netns, ENOSPC, "firewall rules beyond 2,000", "net.firewall");
	note_legacy(e, &w.o);
	engine_pace_spent(e, ns, PACE_FIREWALL, begun);
}
