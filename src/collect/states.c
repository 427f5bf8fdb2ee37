/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* states: the connections that the firewall tracks, one by one, where somebody asked to see them. A table can have millions; the dump comes in the
 * order of the kernel's hash and ends when there is no more room, so that two dumps hold nearly the same part. How many there are in all says
 * conntrack.used. */
#include "collect/engine_impl.h"

#include <errno.h>

static void add_state(void *ctx, const struct ct_entry *c)
{
	const struct out *o = ctx;
	struct table *states = &o->sample->ct_states;
	if (states->count == CT_STATES_MAX) { /* the arena's pages have room for some more */
		states->dropped++;
		return;
	}
	struct ct_state *s = table_add(states, sizeof *s);
	if (s)
		*s = (struct ct_state){.netns = (uint16_t)o->netns,
			.proto = c->proto,
			.tcp_state = c->tcp_state,
			.source_port = c->source_port,
			.port = c->port,
			.source = c->source,
			.destination = c->destination,
			.counted = c->counted,
			.id = c->id,
			.status = c->status,
			.timeout_s = c->timeout_s,
			.begun_ns = c->begun_ns,
			.bytes = {c->bytes[0], c->bytes[1]},
			.packets = {c->packets[0], c->packets[1]}};
}

static int state_bytes(void *ctx, const void *bytes, size_t len)
{
	const struct out *o = ctx;
	(void)parse_conntrack(bytes, len, add_state, ctx);
	return o->sample->ct_states.dropped > 0;
}

void engine_ct_states(struct engine *e, struct netns_state *ns, struct sample *out)
{
	struct out o = {out, e->series, (unsigned)ns->series_netns};
	uint64_t used;
	if (!sample_gauge(e->series, out, M_CONNTRACK_USED, o.netns, &used))
		return; /* nothing is tracked here */
	int r = reader_dump(e->reader, DUMP_CONNTRACK, state_bytes, &o);
	engine_dump_gap(e, out, o.netns, r, "entries of the connection-tracking table (ctnetlink)",
		"states");
	if (r >= 0 || r == -EINTR)
		out->have_ct_states = true;
}
