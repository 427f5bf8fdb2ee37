/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Who holds what sockets may have: queues, ephemeral ports, entries of connection tracking. */
#include "ledger/who_impl.h"

#include "base/text.h"

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

/* As the probes tell: who opened connections to this destination in the window. */
static size_t by_opened(struct view *v, const struct conn_group *g, struct who *out, size_t max)
{
	enum { OPENERS = 32 };
	struct {
		int32_t pid;
		double opened;
	} by[OPENERS];
	size_t nby = 0, n = 0;
	double total = 0;
	for (unsigned k = 1; k < v->n; k++) {
		const struct table *t = &view_at(v, k)->flows;
		for (uint32_t j = 0; j < t->count; j++) {
			const struct tcp_flow *f = &TABLE_ROWS(*t, struct tcp_flow)[j];
			size_t i = 0;
			if (!f->outgoing || !f->pid || !(f->opened + f->failed) ||
				f->netns != g->netns || f->port != g->port ||
				!address_equal(&f->peer, &g->peer))
				continue;
			while (i < nby && by[i].pid != f->pid)
				i++;
			if (i == OPENERS)
				continue;
			if (i == nby) {
				by[nby].pid = f->pid;
				by[nby++].opened = 0;
			}
			by[i].opened += f->opened + f->failed;
			total += f->opened + f->failed;
		}
	}
	for (size_t i = 0; i < nby; i++) {
		const struct usage *u = view_usage(v, by[i].pid);
		if (u)
			n = who_insert(out, n, max,
				(struct who){"process", who_name(v, u->p), by[i].pid,
					by[i].opened / total,
					arena_printf(&v->scratch,
						"made %.0f connections to it in %.0f s",
						by[i].opened, v->seconds)});
	}
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
	if (owner && g->established * 2 > g->ephemeral) {
		holds.why = arena_printf(
			&v->scratch, "holds most of %u connections to it", g->established);
		out[0] = holds;
		return 1;
	}
	size_t n = by_opened(v, g, out, max);
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

/* The process here that makes the entries of an own address: of TCP the one with most connections that it made, of UDP the one of those with
 * sockets that does nearly all the work. NULL: not known. */
static const struct usage *makes_entries(const struct view *v, unsigned netns, unsigned proto)
{
	const struct sample *s = view_last(v);
	const struct usage *best = NULL;
	double most = 0, second = 0;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		double score = 0;
		bool has = false;
		for (uint32_t k = 0; proto == 6 && k < s->conns.count; k++) {
			const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[k];
			if (g->netns == netns && g->outgoing && g->pid == u->p->pid)
				score += g->total;
		}
		for (uint32_t k = 0; proto == 17 && !has && k < s->udp_sockets.count; k++) {
			const struct udp_socket *o =
				&TABLE_ROWS(s->udp_sockets, struct udp_socket)[k];
			has = o->netns == netns && o->pid == u->p->pid;
		}
		score = has ? u->cpu_s : score;
		if (score > most) {
			second = most;
			most = score;
			best = u;
		} else if (score > second) {
			second = score;
		}
	}
	return most > 0 && most > 4 * second ? best : NULL;
}

/* An own address is no peer that could be cut off: who here makes the entries. */
static struct who maker_of_entries(struct view *v, const struct ct_peer *top, struct who w)
{
	const struct usage *u = is_own_address(v, top->netns, &top->source)
					? makes_entries(v, top->netns, top->proto)
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
		n = who_insert(out, n, max, maker_of_entries(v, top, w));
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
