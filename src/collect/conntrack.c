/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* conntrack: who holds the entries of a connection-tracking table that is nearly full. The table can have millions; the kernel dumps it in
 * the order of its hash, so the first twenty thousand are a fair sample of all, and the dump ends there. */
#include "collect/engine_impl.h"

#include <errno.h>
#include <string.h>

enum { CT_SAMPLE = 20000, CT_SLOTS = 1 << 14 };

struct ct_walk {
	struct engine *e;
	struct sample *out;
	uint16_t netns;
	uint32_t *slots;
	uint32_t count;
};

static void add_ct(void *ctx, const struct ct_entry *c)
{
	struct ct_walk *w = ctx;
	w->count++;
	w->out->ct_sampled++;
	struct {
		uint8_t source[ADDR_BYTES], destination[ADDR_BYTES];
		uint16_t port, netns;
	} key = {.port = c->port, .netns = w->netns};
	memcpy(key.source, c->source.bytes, ADDR_BYTES);
	memcpy(key.destination, c->destination.bytes, ADDR_BYTES);
	uint32_t i = (uint32_t)intern_hash(&key, sizeof key) & (CT_SLOTS - 1);
	struct ct_peer *rows = TABLE_ROWS(w->out->ct_peers, struct ct_peer);
	for (; w->slots[i]; i = (i + 1) & (CT_SLOTS - 1)) {
		struct ct_peer *p = &rows[w->slots[i] - 1];
		if (p->port == c->port && p->proto == c->proto &&
			address_equal(&p->source, &c->source) &&
			address_equal(&p->destination, &c->destination)) {
			p->count++;
			return;
		}
	}
	struct ct_peer *p = table_add(&w->out->ct_peers, sizeof *p);
	if (!p)
		return;
	*p = (struct ct_peer){w->netns, c->proto, c->port, c->source, c->destination, 1};
	w->slots[i] = w->out->ct_peers.count;
}

static int ct_bytes(void *ctx, const void *bytes, size_t len)
{
	struct ct_walk *w = ctx;
	(void)parse_conntrack(bytes, len, add_ct, w);
	return w->count >=
	       CT_SAMPLE; /* entries come in hash order: the first ones are a fair sample of all */
}

void engine_conntrack_peers(struct engine *e, struct netns_state *ns, struct sample *out)
{
	struct ct_walk w = {.e = e, .out = out, .netns = (uint16_t)ns->series_netns};
	w.slots = arena_alloc(&e->scratch, CT_SLOTS * sizeof *w.slots);
	if (!w.slots)
		return;
	int r = reader_dump(e->reader, DUMP_CONNTRACK, ct_bytes, &w);
	if (r < 0 && r != -EINTR)
		sample_gap(out, w.netns, -r, "entries of the connection-tracking table (ctnetlink)",
			"who fills conntrack");
	else
		out->have_ct_peers = true;
}
