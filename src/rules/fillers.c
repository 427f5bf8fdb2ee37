/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Sockets do not say through which interface they send. What stands in a queue shows in the round trip: a row that comes and goes in less than the wait
 * does not pass it, and neither does one that sent more than the interface did. Without these, the replicas on the network of the rack would fill the uplink. */
#include "rules/fillers.h"

#include "rules/conns.h"

#include <string.h>

/* A row of connections, or what the probes tell of those that ended. */
struct sender {
	const struct conn_group *g;
	int32_t pid;
	double bytes;
};

enum { ENDED_ROWS = 256 };

struct senders {
	struct sender *rows;
	size_t n;
	const struct net_link *l;
	double sent, wait_s;
	bool forwarded; /* most of it comes out of other namespaces */
};

static double sent_by(const struct view *v, const struct conn_group *g)
{
	const struct conn_group *first = NULL;
	for (unsigned i = v->n - 1; i > 0; i--) {
		const struct conn_group *o = conn_at(v, i - 1, g);
		if (!o)
			break;
		first = o;
	}
	/* What began in the window counts from its begin. */
	double d = (double)(g->bytes_out - (first ? first->bytes_out : 0));
	return d > 0 ? d : 0;
}

static bool is_here(const struct senders *s, unsigned netns)
{
	return netns == s->l->netns || s->forwarded;
}

static bool passes(const struct senders *s, const struct conn_group *g, double bytes)
{
	return bytes <= 1.05 * s->sent && (!g->rtt_max_us || g->rtt_max_us / 1e6 >= s->wait_s / 2);
}

/* Who accepts on the port of a row whose process is not known. */
static int32_t serves(const struct view *v, const struct conn_group *g)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; !g->outgoing && i < s->listeners.count; i++) {
		const struct listener *l = &TABLE_ROWS(s->listeners, struct listener)[i];
		if (l->netns == g->netns && l->port == g->port && l->pid)
			return l->pid;
	}
	return 0;
}

static void add_rows(const struct view *v, struct senders *s)
{
	const struct sample *last = view_last(v);
	for (uint32_t i = 0; i < last->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(last->conns, struct conn_group)[i];
		if (!is_here(s, g->netns) || who_is_loopback(&g->peer))
			continue;
		double bytes = sent_by(v, g);
		if (passes(s, g, bytes))
			s->rows[s->n++] = (struct sender){g, g->pid, bytes};
	}
}

/* Connections that ended, by peer, port and process. Bytes are of their whole lives. */
static size_t ended_flows(const struct view *v, const struct senders *s, struct tcp_flow *rows)
{
	size_t n = 0;
	for (unsigned k = 1; k < v->n; k++)
		for (uint32_t i = 0; i < view_at(v, k)->flows.count; i++) {
			const struct tcp_flow *f =
				&TABLE_ROWS(view_at(v, k)->flows, struct tcp_flow)[i];
			size_t at = 0;
			if (!is_here(s, f->netns) || !f->peer.family || !f->bytes_out ||
				who_is_loopback(&f->peer))
				continue;
			while (at < n && !(rows[at].netns == f->netns && rows[at].port == f->port &&
						 rows[at].outgoing == f->outgoing &&
						 rows[at].pid == f->pid &&
						 address_equal(&rows[at].peer, &f->peer)))
				at++;
			if (at == ENDED_ROWS)
				continue;
			if (at == n) {
				rows[n] = *f;
				rows[n++].bytes_out = 0;
			}
			rows[at].bytes_out += f->bytes_out;
		}
	return n;
}

/* Many short connections leave no row that lasts. A connection that ended may have been in a row before: the greater of the two counts. */
static void add_ended(struct view *v, struct senders *s)
{
	struct tcp_flow *flows = arena_alloc(&v->scratch, ENDED_ROWS * sizeof *flows);
	struct conn_group *groups = arena_alloc(&v->scratch, ENDED_ROWS * sizeof *groups);
	size_t n = flows && groups ? ended_flows(v, s, flows) : 0, rows = s->n;
	for (size_t i = 0; i < n; i++) {
		const struct tcp_flow *f = &flows[i];
		double bytes = (double)f->bytes_out;
		size_t at = 0;
		while (at < rows &&
			!(s->rows[at].g->netns == f->netns && s->rows[at].g->port == f->port &&
				s->rows[at].g->outgoing == f->outgoing &&
				!s->rows[at].g->peer_hostbits &&
				address_equal(&s->rows[at].g->peer, &f->peer) &&
				(!s->rows[at].pid || s->rows[at].pid == f->pid)))
			at++;
		groups[i] = (struct conn_group){.netns = f->netns,
			.outgoing = f->outgoing,
			.port = f->port,
			.local = f->local,
			.peer = f->peer,
			.pid = f->pid};
		if (!passes(s, &groups[i], bytes))
			continue;
		if (at == rows) {
			s->rows[s->n++] = (struct sender){&groups[i], f->pid, bytes};
		} else if (bytes > s->rows[at].bytes) {
			s->rows[at].bytes = bytes;
			s->rows[at].pid = f->pid ? f->pid : s->rows[at].pid;
		}
	}
}

static struct filler filler_of(const struct sender *r)
{
	return (struct filler){r->g, r->pid, r->bytes};
}

static void sum_up(const struct senders *s, struct filling *ret)
{
	const struct sender *rows = s->rows;
	for (size_t i = 0; i < s->n; i++) {
		ret->all += rows[i].bytes;
		if (rows[i].bytes > ret->row.bytes)
			ret->row = filler_of(&rows[i]);
	}
	for (size_t i = 0; i < s->n; i++) {
		double sum = 0;
		bool first = rows[i].pid != 0 && rows[i].bytes > 0;
		const struct sender *most = &rows[i];
		for (size_t k = 0; first && k < s->n; k++) {
			if (rows[k].pid != rows[i].pid ||
				rows[k].g->outgoing != rows[i].g->outgoing)
				continue;
			first = k >= i || rows[k].bytes <= 0;
			sum += rows[k].bytes;
			most = rows[k].bytes > most->bytes ? &rows[k] : most;
		}
		if (first && sum > ret->process.bytes)
			ret->process = (struct filler){most->g, rows[i].pid, sum};
	}
}

/* Sends something too: where all that is left of a row is TIME_WAIT, from the address of the one who fills it. */
static bool sends_too(const struct sender *r, const struct filler *most)
{
	const struct conn_group *g = r->g;
	bool same = most->g && ((r->pid && r->pid == most->pid) || g == most->g) &&
		    address_equal(&g->peer, &most->g->peer);
	return !same && (r->bytes > 0 || g->sendq > 0 ||
				(g->time_wait > 0 &&
					(!most->g || address_equal(&g->local, &most->g->local))));
}

static void find_others(const struct view *v, const struct senders *s, struct filling *ret)
{
	struct filler most = ret->process.bytes > ret->row.bytes ? ret->process : ret->row;
	/* Where TCP is the lesser part, all of it waits behind what fills it. */
	if (ret->all < s->sent / 4)
		most = (struct filler){0};
	for (unsigned stands = 2; stands-- > 0;)
		for (size_t i = 0; i < s->n && ret->nothers < COUNTOF(ret->others); i++) {
			const struct sender *r = &s->rows[i];
			if ((r->g->sendq > 0) != (stands > 0) || !sends_too(r, &most))
				continue;
			struct filler f = filler_of(r);
			f.pid = f.pid ? f.pid : serves(v, r->g);
			ret->others[ret->nothers++] = f;
		}
}

void find_fillers(
	struct view *v, const struct net_link *l, double sent, double wait_s, struct filling *ret)
{
	size_t room = view_last(v)->conns.count + (size_t)ENDED_ROWS;
	struct senders s = {.l = l, .sent = sent, .wait_s = wait_s};
	*ret = (struct filling){0};
	s.rows = arena_alloc(&v->scratch, room * sizeof *s.rows);
	if (!s.rows)
		return;
	double forwarded = view_grown(v, view_id(v, M_IP_FORWARDED, l->netns, 0)) +
			   view_grown(v, view_id(v, M_IP6_FORWARDED, l->netns, 0));
	s.forwarded =
		forwarded * 2 > view_grown(v, view_id(v, M_NET_TX_PACKETS, l->netns, l->name));
	add_rows(v, &s);
	add_ended(v, &s);
	sum_up(&s, ret);
	find_others(v, &s, ret);
}
