/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* dump_pace: how often what is read of each network namespace by netlink is read. A host has one namespace or five hundred, of two interfaces or two
 * thousand each; so the cost of a whole round over all of them is measured, and the next one waits until that was half a percent of one CPU. Some
 * kinds have a least pause besides. A namespace that is new is read at once; between rounds the last reading stands, marked as stale. */
#include "collect/engine_impl.h"

#include "base/clock.h"

#include <errno.h>

enum { ROUND_BUDGET = 200 /* a round may cost 1/200 of the time to the next */ };

/* A little below the seconds meant, as ticks are never quite on time. */
static const uint64_t least_pause_ns[PACE_COUNT] = {
	[PACE_SPEEDS] = UINT64_C(29500000000), [PACE_FIREWALL] = UINT64_C(9500000000)};

void engine_paces_begin(struct engine *e)
{
	bool all = (e->want & WANT_SLOW) || reader_is_replay(e->reader);
	for (unsigned i = 0; i < PACE_COUNT; i++) {
		e->paces[i].due = all || e->now_ns >= e->paces[i].next_ns;
		e->paces[i].spent_ns = 0;
	}
	if (e->paces[PACE_FIREWALL].due)
		engine_find_firewall(e);
}

void engine_paces_end(struct engine *e)
{
	for (unsigned i = 0; i < PACE_COUNT; i++) {
		struct pace *p = &e->paces[i];
		uint64_t pause = p->spent_ns * ROUND_BUDGET;
		if (p->due)
			p->next_ns =
				e->now_ns + (pause > least_pause_ns[i] ? pause : least_pause_ns[i]);
	}
}

bool engine_pace_due(const struct engine *e, const struct netns_state *ns, enum pace_of what)
{
	return e->paces[what].due || !(ns->looked & 1u << what);
}

void engine_pace_spent(
	struct engine *e, struct netns_state *ns, enum pace_of what, uint64_t begun_ns)
{
	e->paces[what].spent_ns += clock_thread_ns() - begun_ns;
	ns->looked |= 1u << what;
}

void engine_dump_gap(const struct engine *e, struct sample *out, unsigned netns, int error,
	const char *what, const char *hides)
{
	if (error >= 0 || error == -EINTR || (error == -ENOENT && reader_is_replay(e->reader)))
		return;
	sample_gap(out, netns, -error, what, hides);
}
