/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rule for delay: round trips far above the shortest that the same connections have seen. A transfer that fills a buffer on its way makes its own round
 * trip long and loses nothing by it; what counts is who else waits in that buffer. */
#include "rules/conns.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	LATENCY_ROWS = 256,
	SEGMENT = 1448,
	BULK_SEGMENTS = 100, /* in the window: acknowledgements of these come at once */
	QUEUE_US = 100000,   /* more than a peer delays the acknowledgement of a full segment */
	PATH_US = 300000,    /* more than a peer delays any acknowledgement (200 ms) */
	TIMES = 4,
};

const struct rule_case rule_case_net_latency = {
	.mechanism =
		"A buffer on the path (modem, router, shaper of the provider) that is never empty "
		"adds its length to the round trip of everything that passes: a transfer that "
		"sends as fast as it can fills it, and small answers stand behind (bufferbloat). "
		"Or the path itself became long: congested, rerouted.",
	.threshold =
		"In all counts of at least 3 s the smoothed round trip is four times the shortest "
		"that the connections saw. A transfer (100 segments and more) by 100 ms: it stands "
		"in a buffer, not in somebody's delayed acknowledgement; and beside it "
		"connections that send little, to the same peer or to two others, by at least half "
		"as much. Or, without a transfer, at least two connections that we made to one "
		"peer, by 300 ms.",
	.false_alarms =
		"A transfer alone that fills the buffer of its own path: nobody else waits. "
		"Peers that acknowledge late (40 to 200 ms): only what is above counts where no "
		"transfer shows the buffer. Visitors on mobile phones: connections that were made "
		"to "
		"us are judged beside a transfer only. A queue of this machine: net.tx.",
	.confirm =
		"ss -tni state established | grep -o 'rtt:[^ ]*\\|minrtt:[^ ]*'; ping -c 5 PEER; "
		"mtr PEER",
	.remedy = "Let who fills it send a little less than the line takes: a shaper with fq_codel "
		  "or cake on our side of the slow line, a rate limit of the transfer, "
		  "tcp_congestion_control bbr. Else ask who runs the path.",
};

struct row {
	const struct conn_group *g;
	double raised_us; /* least of all counts */
	double out;
	bool bulk;
	bool told; /* it fills a buffer, and somebody waits: nothing else is looked for in its namespace */
};

/* How much longer its round trips were than the shortest one, in all counts of the window; 0: not, or not known. */
static double raised_by(const struct view *v, const struct conn_group *g)
{
	double least = -1;
	for (unsigned i = v->n; i-- > 0;) {
		const struct conn_group *o = conn_at(v, i, g);
		if (!o)
			break;
		if (o->stale || !o->have_info)
			continue;
		if (!o->rtt_min_us || o->rtt_us < TIMES * o->rtt_min_us)
			return 0;
		double d = (double)o->rtt_us - o->rtt_min_us;
		least = least < 0 || d < least ? d : least;
	}
	return least > 0 ? least : 0;
}

static size_t find_rows(const struct view *v, struct row *rows)
{
	const struct sample *s = view_last(v);
	size_t n = 0;
	for (uint32_t i = 0; i < s->conns.count && n < LATENCY_ROWS; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		struct conn_span span;
		if (!g->established || g->peer_hostbits || g->rtt_us < QUEUE_US ||
			who_is_loopback(&g->peer) || !conn_span(v, g, &span) || span.out <= 0)
			continue;
		double raised = raised_by(v, g);
		if (raised >= QUEUE_US)
			rows[n++] = (struct row){
				g, raised, span.out, span.out >= BULK_SEGMENTS * SEGMENT, false};
	}
	return n;
}

/* Does what a sends stand in the buffer that b fills? */
static bool waits_behind(const struct row *a, const struct row *b)
{
	return a->g->netns == b->g->netns && !a->bulk && a->out * 10 <= b->out &&
	       a->raised_us * 2 >= b->raised_us;
}

static const char *process_of(struct view *v, const struct conn_group *g, int32_t *ret_pid)
{
	const struct usage *u = g->pid ? view_usage(v, g->pid) : NULL;
	*ret_pid = u ? g->pid : 0;
	return u ? who_name(v, u->p) : NULL;
}

static void add_victim(struct view *v, struct verdict *f, const struct conn_group *g)
{
	int32_t pid;
	const char *name = process_of(v, g, &pid), *peer = conn_peer(v, g);
	verdict_victim(f, name ? "process" : "peer", name ? name : peer, pid,
		say(v, "round trips of %.0f ms to %s instead of %.1f ms", g->rtt_us / 1e3, peer,
			g->rtt_min_us / 1e3));
}

static void add_remedies(struct view *v, struct verdict *f, const struct conn_group *g, bool filled)
{
	const char *ns = in_netns(v, g->netns);
	if (filled) {
		verdict_remedy(f,
			"Send a little less than the slow line takes, and let small packets pass: "
			"a shaper where the line begins",
			say(v, "%stc qdisc replace dev IF root cake bandwidth 95mbit", ns), NULL,
			false, "a few percent of the line", "none: the number is that of the line");
		verdict_remedy(f, "Limit the rate of the transfer (rsync --bwlimit, trickle)", NULL,
			NULL, true, "it takes longer", "none");
		verdict_remedy(f, "A congestion control that does not fill buffers",
			say(v, "%ssysctl -w net.ipv4.tcp_congestion_control=bbr", ns),
			"/etc/sysctl.d/90-bbr.conf", false, "none",
			"takes room from others on the same line");
	} else {
		verdict_remedy(f, "Find the place where the time is lost: delay by hop",
			say(v, "%smtr -rwc 20 %s", ns, conn_peer(v, g)), NULL, false,
			"some packets", "none");
		verdict_remedy(f, "See whether the peer itself is short of processor time", NULL,
			NULL, false, "none", "none");
	}
}

static struct verdict *begin(struct view *v, struct verdicts *out, const struct row *r,
	const char *instance, const char *title)
{
	struct verdict *f = verdict_new(v, out, SEVERITY_WARNING, STATE_SATURATED, instance);
	if (!f)
		return NULL;
	const struct conn_group *mirror = conn_mirror(v, r->g);
	f->netns = r->g->netns;
	f->peer_netns = mirror ? mirror->netns : r->g->netns;
	f->port = r->g->port;
	f->used = r->g->rtt_us / 1e6;
	f->title = title;
	verdict_evidence(f,
		say(v, "round trips of %.0f ms to %s; the shortest was %.1f ms", r->g->rtt_us / 1e3,
			conn_peer(v, r->g), r->g->rtt_min_us / 1e3),
		-1, r->g->rtt_us / 1e6, -1,
		say(v, "%sss -tni state established dst '%s'   # rtt, minrtt",
			in_netns(v, r->g->netns), conn_peer(v, r->g)));
	return f;
}

/* A transfer fills a buffer in which others stand. */
static bool filled_verdict(struct view *v, struct verdicts *out, const struct row *rows, size_t n,
	const struct row *filler)
{
	unsigned same = 0, others = 0;
	const struct address *first = NULL;
	for (size_t i = 0; i < n; i++) {
		if (!waits_behind(&rows[i], filler))
			continue;
		const struct address *peer = &rows[i].g->peer;
		if (address_equal(peer, &filler->g->peer))
			same++;
		else if (!first || !address_equal(peer, first))
			others++;
		first = first ? first : peer;
	}
	if (!same && others < 2)
		return false;
	char b[32];
	int32_t pid;
	const char *peer = conn_peer(v, filler->g), *name = process_of(v, filler->g, &pid);
	const char *who = name ? name : say(v, "a transfer to %s", peer);
	struct verdict *f = begin(v, out, filler, others >= 2 ? NULL : peer,
		say(v, "%s fills a buffer on the way%s: others wait %.0f ms longer", who,
			others >= 2 ? "" : say(v, " to %s", peer), filler->raised_us / 1e3));
	if (!f)
		return true;
	f->pid = pid;
	f->culprits[f->nculprits++] =
		(struct who){name ? "process" : "destination", name ? name : peer, pid, -1,
			say(v, "sent %s to %s in %.0f s, as fast as the path takes it",
				text_bytes(b, filler->out), peer, v->seconds)};
	for (size_t i = 0; i < n; i++)
		if (waits_behind(&rows[i], filler) &&
			(others >= 2 || address_equal(&rows[i].g->peer, &filler->g->peer)))
			add_victim(v, f, rows[i].g);
	add_remedies(v, f, filler->g, true);
	return true;
}

/* Connections that we made, and nobody here fills anything. */
static void path_verdict(struct view *v, struct verdicts *out, const struct row *r)
{
	const char *peer = conn_peer(v, r->g);
	struct verdict *f = begin(v, out, r, peer,
		say(v, "The path to %s became slow: %.0f ms instead of %.1f ms", peer,
			r->g->rtt_us / 1e3, r->g->rtt_min_us / 1e3));
	if (!f)
		return;
	int32_t pid;
	(void)process_of(v, r->g, &pid);
	f->pid = pid;
	f->culprits[f->nculprits++] = (struct who){
		"path", peer, 0, -1, "takes longer than before, and nobody here sends much to it"};
	add_victim(v, f, r->g);
	add_remedies(v, f, r->g, false);
}

void rule_net_latency(struct view *v, struct verdicts *out)
{
	struct row *rows = arena_alloc(&v->scratch, LATENCY_ROWS * sizeof *rows);
	if (!view_last(v)->have_conns || !rows) {
		verdict_unknown(out, "connections");
		return;
	}
	size_t n = find_rows(v, rows);
	for (size_t i = 0; i < n; i++) {
		const struct row *most = &rows[i];
		if (!most->bulk)
			continue;
		for (size_t k = 0; k < n; k++)
			if (rows[k].bulk && rows[k].g->netns == most->g->netns &&
				rows[k].out > most->out)
				most = &rows[k];
		if (most == &rows[i] && filled_verdict(v, out, rows, n, most))
			rows[i].told = true;
	}
	for (size_t i = 0; i < n; i++) {
		bool bulk = false, told = false;
		for (size_t k = 0; k < n; k++) {
			bool near = rows[k].g->netns == rows[i].g->netns,
			     same = near && address_equal(&rows[k].g->peer, &rows[i].g->peer);
			bulk = bulk || (same && rows[k].bulk) || (near && rows[k].told);
			told = told || (same && k < i && rows[k].g->outgoing);
		}
		if (!bulk && !told && rows[i].g->outgoing && rows[i].g->established >= 2 &&
			rows[i].raised_us >= PATH_US)
			path_verdict(v, out, &rows[i]);
	}
}
