/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Who holds what sockets may have: queues, ephemeral ports, entries of connection tracking. */
#include "ledger/who_impl.h"

#include "base/text.h"
#include "ledger/ended.h"

#include <stdio.h>
#include <string.h>

static bool is_stopped(const struct usage *u)
{
	return u->p->state == 'T' || u->p->state == 't';
}

/* Processes of the same name that the owner started accept for it: how many there are, and how many of them are stopped. */
static unsigned workers_of(
	const struct view *v, const struct usage *owner, unsigned *ret_stopped, int32_t *ret_pid)
{
	unsigned n = 0;
	*ret_stopped = 0;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (u->gone || u->p->ppid != owner->p->pid ||
			strncmp(u->p->comm, owner->p->comm, PROC_COMM) != 0)
			continue;
		n++;
		if (is_stopped(u) && !(*ret_stopped)++)
			*ret_pid = u->p->pid;
	}
	return n;
}

size_t who_listener(struct view *v, const struct listener *l, struct who *out, size_t max)
{
	const struct usage *u = l->pid ? view_usage(v, l->pid) : NULL;
	unsigned stopped = 0, workers;
	int32_t pid;
	if (!u || max == 0)
		return 0;
	pid = u->p->pid;
	workers = workers_of(v, u, &stopped, &pid);
	const char *what = is_stopped(u) ? "is stopped (SIGSTOP, a debugger, a terminal)"
			   : u->blocked * 2 > u->samples   ? "blocked in I/O"
			   : u->cpu_s > 0.7 * v->seconds   ? "busy on a CPU"
			   : u->delay_s > 0.3 * v->seconds ? "waiting for a CPU"
							   : "sleeping";
	if (!is_stopped(u) && stopped)
		what = arena_printf(&v->scratch,
			"%u of its %u workers %s stopped (SIGSTOP, a debugger, a terminal)",
			stopped, workers, stopped == 1 ? "is" : "are");
	else
		pid = u->p->pid;
	out[0] = (struct who){"process", who_name(v, u->p), pid, 1,
		arena_printf(&v->scratch, "owns the socket; %s (%.0f %% of a CPU)", what,
			100 * u->cpu_s / v->seconds)};
	return 1;
}

bool who_is_stopped(const struct view *v, int32_t pid)
{
	const struct usage *u = pid ? view_usage(v, pid) : NULL;
	return u && is_stopped(u);
}

/* Connections to a destination that began or were tried in the window, as the probes tell. */
struct opened {
	double all, gone; /* gone: by processes that live no more */
};

static bool opens(const struct tcp_flow *f, const struct conn_group *g)
{
	return f->outgoing && f->pid && f->opened + f->failed > 0 && f->netns == g->netns &&
	       f->port == g->port && address_equal(&f->peer, &g->peer);
}

static bool has_opened(const struct view *v, const struct conn_group *g, int32_t pid)
{
	for (unsigned k = 1; k < v->n; k++) {
		const struct table *t = &view_at(v, k)->flows;
		for (uint32_t j = 0; j < t->count; j++) {
			const struct tcp_flow *f = &TABLE_ROWS(*t, struct tcp_flow)[j];
			if (f->pid == pid && opens(f, g))
				return true;
		}
	}
	return false;
}

/* Who starts the processes that open a connection and end: of the rows of what ended, those whose last one is known to have opened some. */
static size_t by_starting(
	struct view *v, const struct conn_group *g, const struct opened *o, struct who *out)
{
	enum { AGAIN = 3 };
	struct ended_sum *rows;
	size_t n = ended_sums(v, &rows);
	const struct ended_sum *most = NULL;
	for (size_t i = 0; i < n; i++)
		if ((!most || rows[i].count > most->count) && has_opened(v, g, rows[i].pid))
			most = &rows[i];
	const struct usage *u =
		most && most->ppid > 1 && most->count >= AGAIN ? view_usage(v, most->ppid) : NULL;
	if (!u)
		return 0;
	out[0] = (struct who){"job", who_name(v, u->p), u->p->pid, o->gone / o->all,
		arena_printf(&v->scratch,
			"starts %s again and again (%.0f in %.0f s); such short ones made %.0f "
			"connections to it",
			most->comm, most->count, v->seconds, o->gone)};
	return 1;
}

/* Who opened connections to this destination in the window. Where most are of processes that are gone, those that are still there are not to blame. */
static size_t by_opened(
	struct view *v, const struct conn_group *g, struct who *out, size_t max, struct opened *ret)
{
	size_t n = 0;
	double *by = arena_alloc(&v->scratch, (v->nusages + 1) * sizeof *by);
	*ret = (struct opened){0};
	if (!by)
		return 0;
	for (unsigned k = 1; k < v->n; k++) {
		const struct table *t = &view_at(v, k)->flows;
		for (uint32_t j = 0; j < t->count; j++) {
			const struct tcp_flow *f = &TABLE_ROWS(*t, struct tcp_flow)[j];
			if (!opens(f, g))
				continue;
			double made = (double)f->opened + f->failed;
			const struct usage *u = view_usage(v, f->pid);
			ret->all += made;
			if (u && !u->gone)
				by[u - v->usages] += made;
			else
				ret->gone += made;
		}
	}
	if (ret->gone * 2 > ret->all)
		return by_starting(v, g, ret, out);
	for (size_t i = 0; i < v->nusages; i++)
		if (by[i] > 0)
			n = who_insert(out, n, max,
				(struct who){"process", who_name(v, v->usages[i].p),
					v->usages[i].p->pid, by[i] / ret->all,
					arena_printf(&v->scratch,
						"made %.0f connections to it in %.0f s", by[i],
						v->seconds)});
	return n;
}

/* By looks at the descriptors of those that run most: who makes sockets again and again, wherever to. */
static size_t by_making(struct view *v, unsigned netns, struct who *out, size_t max)
{
	size_t n = 0;
	double total = 0;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		uint32_t seen = 0, looks = 0;
		for (unsigned k = 0; k < v->n; k++) {
			const struct sample *s = view_at(v, k);
			for (uint32_t j = 0; j < s->makers.count; j++) {
				const struct socket_maker *m =
					&TABLE_ROWS(s->makers, struct socket_maker)[j];
				if (m->pid == u->p->pid && m->netns == netns) {
					seen += m->sightings;
					looks += m->looks;
				}
			}
		}
		if (!seen)
			continue;
		total += seen;
		struct who w = {"process", who_name(v, u->p), u->p->pid, seen,
			arena_printf(&v->scratch,
				"opened a new socket in %u of %u looks at its descriptors", seen,
				looks)};
		n = who_insert(out, n, max, w);
	}
	for (size_t i = 0; i < n; i++)
		out[i].share /= total;
	return n;
}

/* Where the connections live, their owner; else who is seen to open connections there; else who makes sockets; else the owner of a live member. */
size_t who_ports(struct view *v, const struct conn_group *g, struct who *out, size_t max)
{
	const struct usage *owner = g->pid ? view_usage(v, g->pid) : NULL;
	struct who holds = {"process", owner ? who_name(v, owner->p) : "", g->pid, -1,
		"holds a connection of this kind"};
	if (max == 0)
		return 0;
	/* Also those that the peer closed and the owner did not, and those that nobody answers. */
	uint32_t held = g->established + g->close_wait + g->syn_sent;
	if (owner && held * 2 > g->ephemeral) {
		holds.why = arena_printf(&v->scratch, "holds most of %u connections to it", held);
		out[0] = holds;
		return 1;
	}
	struct opened o;
	size_t n = by_opened(v, g, out, max, &o);
	if (o.gone * 2 > o.all)
		return n;
	if (n == 0)
		n = by_making(v, g->netns, out, max);
	if (n == 0 && owner)
		out[n++] = holds;
	return n;
}

/* Is the address one of the namespace's own, as far as its sockets show? */
static bool is_own_address(const struct view *v, unsigned netns, const struct address *a)
{
	const struct sample *s = view_last(v);
	if (who_is_loopback(a))
		return true;
	for (uint32_t i = 0; i < s->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		if (g->netns == netns && address_equal(&g->local, a))
			return true;
	}
	for (uint32_t i = 0; i < s->udp_sockets.count; i++) {
		const struct udp_socket *u = &TABLE_ROWS(s->udp_sockets, struct udp_socket)[i];
		if (u->netns == netns && address_equal(&u->local, a))
			return true;
	}
	return false;
}

const struct usage *who_sends_datagrams(const struct view *v, unsigned netns, bool to_many)
{
	const struct sample *s = view_last(v);
	const struct udp_socket *rows = TABLE_ROWS(s->udp_sockets, struct udp_socket);
	const struct usage *most = NULL;
	double others = 0;
	for (unsigned pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < s->udp_sockets.count; i++) {
			const struct usage *u = rows[i].netns == netns && rows[i].pid &&
								!(to_many && rows[i].peer_port)
							? view_usage(v, rows[i].pid)
							: NULL;
			if (!pass && u && (!most || u->cpu_s > most->cpu_s))
				most = u;
			if (pass && u && u != most && u->cpu_s > others)
				others = u->cpu_s;
		}
	return most && most->cpu_s > 0 && most->cpu_s > 4 * others ? most : NULL;
}

/* Does it go from the entries' source, and to their destination where most of the source's entries have that one? */
static bool goes_there(const struct ct_peer *top, bool one_place, const struct address *local,
	const struct address *peer, uint16_t port)
{
	return (!local->family || address_equal(local, &top->source)) &&
	       (!one_place || (port == top->port && address_equal(peer, &top->destination)));
}

/* Sockets of connections that were made there, and of these those of each process of the view: what it holds, and of those in TIME_WAIT, which
 * nobody holds, its part of what the probes saw being made. */
static double made_there(
	const struct view *v, const struct ct_peer *top, bool one_place, double *by)
{
	const struct sample *s = view_last(v);
	double all = 0, held_by_none = 0, opened = 0;
	for (unsigned k = 1; k < v->n; k++) {
		const struct table *t = &view_at(v, k)->flows;
		for (uint32_t j = 0; j < t->count; j++) {
			const struct tcp_flow *f = &TABLE_ROWS(*t, struct tcp_flow)[j];
			if (!f->outgoing || f->netns != top->netns ||
				!goes_there(top, one_place, &f->local, &f->peer, f->port))
				continue;
			const struct usage *u = f->pid ? view_usage(v, f->pid) : NULL;
			opened += (double)f->opened + f->failed;
			if (u)
				by[u - v->usages] += (double)f->opened + f->failed;
		}
	}
	for (uint32_t i = 0; i < s->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		if (g->netns == top->netns && g->outgoing &&
			goes_there(top, one_place, &g->local, &g->peer, g->port))
			held_by_none += g->time_wait;
	}
	for (size_t i = 0; opened > 0 && i < v->nusages; i++)
		by[i] *= 1 + held_by_none / opened;
	all = opened + held_by_none;
	for (uint32_t i = 0; i < s->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		const struct usage *u = g->pid ? view_usage(v, g->pid) : NULL;
		double live = g->total - g->time_wait;
		if (g->netns != top->netns || !g->outgoing ||
			!goes_there(top, one_place, &g->local, &g->peer, g->port))
			continue;
		all += live;
		if (u)
			by[u - v->usages] += live;
	}
	return all;
}

/* The process here that makes the entries of an own address: of TCP the one that made most of its connections, of UDP the one of those with
 * sockets that does nearly all the work. NULL: not known. */
static const struct usage *makes_entries(struct view *v, const struct ct_peer *top, bool one_place)
{
	if (top->proto == 17)
		return who_sends_datagrams(v, top->netns, false);
	double *by = arena_alloc(&v->scratch, (v->nusages + 1) * sizeof *by);
	if (top->proto != 6 || !by)
		return NULL;
	double all = made_there(v, top, one_place, by);
	for (size_t i = 0; i < v->nusages; i++)
		if (by[i] * 2 > all)
			return &v->usages[i];
	return NULL;
}

/* An own address is no peer that could be cut off: who here makes the entries. */
static struct who maker_of_entries(
	struct view *v, const struct ct_peer *top, double sum, struct who w)
{
	const struct usage *u = is_own_address(v, top->netns, &top->source)
					? makes_entries(v, top, top->count * 2 > sum)
					: NULL;
	if (u)
		return (struct who){"process", who_name(v, u->p), u->p->pid, w.share,
			arena_printf(&v->scratch, "makes connections from %s of this machine: %s",
				w.value, w.why)};
	if (is_own_address(v, top->netns, &top->source))
		w.kind = "traffic", w.value = arena_printf(&v->scratch,
					    "connections that %s of this machine makes", w.value);
	return w;
}

size_t who_conntrack(struct view *v, unsigned netns, struct who *out, size_t max)
{
	const struct sample *s = view_with_ct_peers(v);
	if (!s || max == 0)
		return 0;
	const struct ct_peer *rows = TABLE_ROWS(s->ct_peers, struct ct_peer);
	double total = 0;
	size_t n = 0;
	for (uint32_t i = 0; i < s->ct_peers.count; i++)
		total += rows[i].netns == netns ? rows[i].count : 0;
	for (uint32_t i = 0; i < s->ct_peers.count; i++) {
		bool first = rows[i].netns == netns;
		double sum = 0;
		const struct ct_peer *top = &rows[i];
		for (uint32_t k = 0; first && k < s->ct_peers.count; k++) {
			if (rows[k].netns != netns ||
				!address_equal(&rows[k].source, &rows[i].source))
				continue;
			first = k >= i; /* each source once, at its first row */
			sum += rows[k].count;
			if (rows[k].count > top->count)
				top = &rows[k];
		}
		if (!first || sum < total * 0.05)
			continue;
		char src[48], dst[48];
		const char *proto = top->proto == 6 ? "tcp" : top->proto == 17 ? "udp" : "proto";
		struct who w = {"peer", arena_str(&v->scratch, address_text(src, &top->source)), 0,
			sum,
			arena_printf(&v->scratch,
				"%.0f %% of the entries, most of them to %s port %u/%s",
				100 * sum / total, address_text(dst, &top->destination), top->port,
				proto)};
		n = who_insert(out, n, max, maker_of_entries(v, top, sum, w));
	}
	for (size_t i = 0; i < n; i++)
		out[i].share /= total;
	if (n == 0 && total > 0)
		out[n++] = (struct who){"traffic", "many sources", 0, 1,
			"no single source holds a twentieth of the entries"};
	return n;
}

size_t who_queues(struct view *v, int netns, struct who *out, size_t max)
{
	const struct sample *s = view_last(v);
	double total = 0;
	size_t n = 0;
	for (uint32_t i = 0; i < s->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		double bytes = (double)(g->sendq + g->recvq);
		if (bytes <= 0 || (netns >= 0 && g->netns != netns))
			continue;
		total += bytes;
		char peer[56], b[32];
		const struct usage *owner = g->pid ? view_usage(v, g->pid) : NULL;
		bool unread =
			g->recvq > g->sendq; /* what the local process does not read is its doing */
		struct who w = {unread && owner ? "process"
				: g->outgoing   ? "destination"
						: "peer",
			unread && owner ? who_name(v, owner->p)
					: arena_str(&v->scratch, conn_peer_text(peer, g)),
			owner ? owner->p->pid : 0, bytes,
			arena_printf(&v->scratch,
				"%s stand in %s queues of %u connections, port %u",
				text_bytes(b, bytes), unread ? "receive" : "send", g->total,
				g->port)};
		n = who_insert(out, n, max, w);
	}
	for (size_t i = 0; i < n; i++)
		out[i].share /= total;
	return n;
}
