/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* conns and talk: the queues of sockets, and who sends to whom. */
#include "base/text.h"
#include "ledger/who.h"
#include "show/screens/screen_impl.h"

#include <string.h>

static const char *process_text(struct view *v, int32_t pid, uint32_t owners)
{
	const struct usage *u = pid > 0 ? view_usage(v, pid) : NULL;
	if (pid <= 0)
		return "";
	return say(v, "%s (%d)%s", u ? who_name(v, u->p) : "gone", pid,
		owners > 1 ? say(v, " and %u more", owners - 1) : "");
}

/* ---- queues of sockets ---- */

#define DIAG "netlink: sock_diag, tcp_info"

enum {
	Q_KIND,
	Q_RECV,
	Q_SEND,
	Q_LOCAL,
	Q_PEER,
	Q_CONNS,
	Q_WHO,
	Q_LIMIT,
	Q_DROPS,
	Q_CLOSED,
	Q_UNSENT,
	Q_RTT,
	Q_IDLE,
	Q_STATES,
	Q_NETNS
};

static const struct screen_column conn_columns[] = {
	[Q_KIND] = {"kind", "kind", CELL_TEXT, 6, 0, false, -1, NULL,
		"listen: a listening socket; in, out: connections that came to us, that we made; "
		"udp, unix",
		DIAG},
	[Q_RECV] = {"recvq", "Recv-Q", CELL_COUNT, 8, 0, false, -1, NULL,
		"bytes that came and that the program did not read; of a listening socket "
		"connections that it did not accept",
		DIAG},
	[Q_SEND] = {"sendq", "Send-Q", CELL_COUNT, 8, 0, false, -1, NULL,
		"bytes that the peer did not acknowledge; of a listening socket nothing", DIAG},
	[Q_LOCAL] = {"local", "local", CELL_TEXT, 18, 0, true, -1, NULL,
		"our address and port, or path", DIAG},
	[Q_PEER] = {"peer", "peer", CELL_TEXT, 18, 0, true, -1, NULL,
		"the other side; peers of one network share a row where they are many", DIAG},
	[Q_CONNS] = {"conns", "conns", CELL_COUNT, 6, 0, false, -1, NULL, "connections in this row",
		DIAG},
	[Q_WHO] = {"process", "process", CELL_TEXT, 16, 1, true, -1, NULL,
		"whose socket it is, as far as that was looked up", "/proc/PID/fd"},
	[Q_LIMIT] = {"limit", "limit", CELL_COUNT, 6, 1, false, -1, NULL,
		"connections that may wait (backlog); bytes that a UDP socket may hold", DIAG},
	[Q_DROPS] = {"drops", "drops", CELL_COUNT, 6, 2, false, -1, NULL,
		"connections or datagrams thrown away at this socket since it was made", DIAG},
	[Q_CLOSED] = {"closed", "closed", CELL_COUNT, 6, 3, false, -1, NULL,
		"connections whose peer takes nothing (window closed) though there is something to "
		"send",
		DIAG},
	[Q_UNSENT] = {"unsent", "unsent", CELL_BYTES, 8, 4, false, -1, NULL,
		"of the send queue what was never sent", DIAG},
	[Q_RTT] = {"rtt", "rtt", CELL_SECONDS, 7, 3, false, -1, NULL, "mean round trip", DIAG},
	[Q_IDLE] = {"idle", "idle", CELL_SECONDS, 9, 5, false, -1, NULL,
		"how long the longest idle connection of the row has moved nothing", DIAG},
	[Q_STATES] = {"states", "states", CELL_TEXT, 20, 6, false, -1, NULL,
		"connections that are not simply established", DIAG},
	[Q_NETNS] = {"netns", "netns", CELL_TEXT, 10, 4, false, -1, NULL,
		"network namespace; nothing: the host's own", "/run/netns"},
};

struct socket_item {
	int32_t pid;
	uint16_t netns, port;
	const char *peer; /* NULL: of no one peer */
};

static void about(struct screen_row *row, struct view *v, int32_t pid, unsigned netns,
	uint16_t port, const char *peer)
{
	struct socket_item *item = arena_alloc(&v->scratch, sizeof *item);
	if (item)
		*item = (struct socket_item){pid, (uint16_t)netns, port, peer};
	row->item = item;
}

static void add_listeners(struct screen *s, struct view *v, const struct screen_context *c)
{
	const struct sample *last = view_last(v);
	for (uint32_t i = 0; i < last->listeners.count; i++) {
		const struct listener *l = &TABLE_ROWS(last->listeners, struct listener)[i];
		char local[48], port[8];
		if (!subject_has_socket(c->subject, l->pid, l->netns, l->port, ""))
			continue;
		struct screen_row *row =
			screen_add(s, key_pair(l->inode, key_pair(l->netns, l->port)));
		if (!row)
			return;
		(void)snprintf(port, sizeof port, "%u", l->port);
		cell_text(row, Q_KIND, "listen");
		cell_number(s, row, Q_RECV, l->waiting);
		cell_text(row, Q_LOCAL, who_end(v, address_text(local, &l->local), l->port));
		cell_text(row, Q_PEER, "");
		cell_text(row, Q_WHO, process_text(v, l->pid, 1));
		cell_number(s, row, Q_LIMIT, l->backlog);
		if (l->have_drops)
			cell_number(s, row, Q_DROPS, l->drops);
		cell_text(row, Q_NETNS, netns_text(v, l->netns));
		row->tone = tone_of_resource(c->findings, say(v, "tcp.listen:%s", port), l->netns);
		about(row, v, l->pid, l->netns, l->port, NULL);
	}
}

static const char *states_text(struct view *v, const struct conn_group *g)
{
	const struct {
		uint32_t n;
		const char *name;
	} parts[] = {{g->time_wait, "time-wait"}, {g->close_wait, "close-wait"},
		{g->syn_recv, "syn-recv"}, {g->syn_sent, "syn-sent"}};
	const char *text = "";
	for (size_t i = 0; i < COUNTOF(parts); i++)
		if (parts[i].n)
			text = say(
				v, "%s%s%u %s", text, *text ? ", " : "", parts[i].n, parts[i].name);
	return text;
}

static uint64_t conn_key(const struct conn_group *g)
{
	struct {
		struct address local, peer;
		uint16_t netns, port, outgoing;
	} k;
	memset(&k, 0, sizeof k);
	k.local = g->local;
	k.peer = g->peer;
	k.netns = g->netns;
	k.port = g->port;
	k.outgoing = g->outgoing;
	return key_of(&k, sizeof k);
}

static void add_connections(struct screen *s, struct view *v, const struct screen_context *c)
{
	const struct sample *last = view_last(v);
	for (uint32_t i = 0; i < last->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(last->conns, struct conn_group)[i];
		char local[48], peer[56];
		(void)conn_peer_text(peer, g);
		if (!subject_has_socket(c->subject, g->pid, g->netns, g->port, peer))
			continue;
		struct screen_row *row = screen_add(s, conn_key(g));
		if (!row)
			return;
		cell_text(row, Q_KIND, g->outgoing ? "out" : "in");
		cell_unit(row, Q_RECV, (double)g->recvq, CELL_BYTES);
		cell_unit(row, Q_SEND, (double)g->sendq, CELL_BYTES);
		cell_text(row, Q_LOCAL,
			who_end(v, address_text(local, &g->local), g->outgoing ? 0 : g->port));
		cell_text(row, Q_PEER, who_end(v, peer, g->outgoing ? g->port : 0));
		cell_number(s, row, Q_CONNS, g->total);
		cell_text(row, Q_WHO, process_text(v, g->pid, g->owners));
		if (g->window_closed)
			cell_number(s, row, Q_CLOSED, g->window_closed);
		if (g->have_info) {
			double idle = (double)last->mono_ns / 1e9 - g->idle_since_s;
			cell_number(s, row, Q_UNSENT, (double)g->unsent);
			if (g->rtt_us)
				cell_number(s, row, Q_RTT, g->rtt_us / 1e6);
			if (g->idle_since_s && idle >= 0)
				cell_number(s, row, Q_IDLE, idle);
		}
		cell_text(row, Q_STATES, states_text(v, g));
		cell_text(row, Q_NETNS, netns_text(v, g->netns));
		about(row, v, g->pid, g->netns, g->port, arena_str(&v->scratch, peer));
	}
}

static void add_local_sockets(struct screen *s, struct view *v, const struct screen_context *c)
{
	const struct sample *last = view_last(v);
	for (uint32_t i = 0; i < last->udp_sockets.count; i++) {
		const struct udp_socket *u = &TABLE_ROWS(last->udp_sockets, struct udp_socket)[i];
		char local[48], peer[48];
		(void)address_text(peer, &u->peer);
		if (!subject_has_socket(
			    c->subject, u->pid, u->netns, u->port, u->peer_port ? peer : ""))
			continue;
		struct screen_row *row = screen_add(s, key_pair(3, u->inode));
		if (!row)
			return;
		cell_text(row, Q_KIND, "udp");
		cell_unit(row, Q_RECV, u->recvq, CELL_BYTES);
		cell_text(row, Q_LOCAL, who_end(v, address_text(local, &u->local), u->port));
		cell_text(row, Q_PEER, u->peer_port ? who_end(v, peer, u->peer_port) : "");
		cell_text(row, Q_WHO, process_text(v, u->pid, 1));
		if (u->buffer)
			cell_unit(row, Q_LIMIT, u->buffer, CELL_BYTES);
		if (u->have_drops)
			cell_number(s, row, Q_DROPS, u->drops);
		cell_text(row, Q_NETNS, netns_text(v, u->netns));
		about(row, v, u->pid, u->netns, u->port, NULL);
	}
	for (uint32_t i = 0; i < last->unix_listeners.count; i++) {
		const struct unix_listener *l =
			&TABLE_ROWS(last->unix_listeners, struct unix_listener)[i];
		if (!subject_has_socket(c->subject, l->pid, l->netns, 0, ""))
			continue;
		struct screen_row *row = screen_add(s, key_pair(4, l->inode));
		if (!row)
			return;
		cell_text(row, Q_KIND, "unix");
		cell_number(s, row, Q_RECV, l->waiting);
		cell_text(row, Q_LOCAL, intern_text(&v->series->names, l->path));
		cell_text(row, Q_PEER, "");
		cell_text(row, Q_WHO, process_text(v, l->pid, 1));
		cell_number(s, row, Q_LIMIT, l->backlog);
		cell_text(row, Q_NETNS, netns_text(v, l->netns));
		about(row, v, l->pid, l->netns, 0, NULL);
	}
}

/* What waits first: the fullest queue of each kind in its own measure. */
static int by_queue(const void *pa, const void *pb)
{
	const struct screen_row *a = pa, *b = pb;
	if (a->tone != b->tone)
		return a->tone > b->tone ? -1 : 1;
	double qa = a->cells[Q_RECV].number +
		    (isnan(a->cells[Q_SEND].number) || a->cells[Q_SEND].unit == CELL_BLANK
				    ? 0
				    : a->cells[Q_SEND].number);
	double qb = b->cells[Q_RECV].number +
		    (isnan(b->cells[Q_SEND].number) || b->cells[Q_SEND].unit == CELL_BLANK
				    ? 0
				    : b->cells[Q_SEND].number);
	if ((qa > 0) != (qb > 0))
		return qa > 0 ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

static int build_conns(struct screen *s, struct view *v, const struct screen_context *c)
{
	const struct sample *last = view_last(v);
	double age = number_of(v, M_TCP_COUNT_AGE, 0, 0);
	uint64_t conns = 0, send = 0, receive = 0;
	for (uint32_t i = 0; i < last->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(last->conns, struct conn_group)[i];
		conns += g->total;
		send += g->sendq;
		receive += g->recvq;
	}
	(void)screen_say(s, v, TONE_PLAIN, "sockets",
		"%u listen, %s TCP connections in %u rows with %s to be sent and %s to be read%s",
		last->listeners.count, read_count(v, (double)conns), last->conns.count,
		read_bytes(v, (double)send), read_bytes(v, (double)receive),
		age > 1.5 ? say(v, ", counted %s ago", read_time(v, age)) : "");
	s->empty = c->subject && c->subject->any ? "it has no socket that was seen at this moment"
						 : "no socket was read";
	add_listeners(s, v, c);
	add_connections(s, v, c);
	add_local_sockets(s, v, c);
	if (s->nrows)
		qsort(s->rows, s->nrows, sizeof *s->rows, by_queue);
	for (size_t i = 0; i < s->nrows; i++)
		s->rows[i].index = (uint32_t)i;
	return 0;
}

static bool follow_socket(const struct screen_row *row, struct view *v,
	const struct screen_context *c, struct subject *ret, enum screen_id *ret_to)
{
	const struct socket_item *item = row->item;
	const struct usage *u = item && item->pid > 0 ? view_usage(v, item->pid) : NULL;
	(void)c;
	if (!item)
		return false;
	if (u) {
		subject_add_pid(ret, item->pid);
		subject_name(ret, "%s (pid %d)", who_name(v, u->p), item->pid);
		*ret_to = SCREEN_PROCS;
		return true;
	}
	ret->port = item->port;
	ret->netns = item->netns;
	subject_name(ret, "port %u", item->port);
	*ret_to = SCREEN_CONNS;
	return item->port != 0;
}

const struct screen_maker screen_conns = {COLUMNS_OF(conn_columns), build_conns, follow_socket};

/* ---- who sends to whom ---- */

enum {
	T_WHO,
	T_PEER,
	T_SERVICE,
	T_OUT,
	T_IN,
	T_CONNS,
	T_AGAIN,
	T_RTT,
	T_SENT,
	T_RECEIVED,
	T_NETNS
};

static const struct screen_column talk_columns[] = {
	[T_WHO] = {"process", "process", CELL_TEXT, 16, 0, true, -1, NULL,
		"whose connections, as far as that was looked up", "/proc/PID/fd"},
	[T_PEER] = {"peer", "peer", CELL_TEXT, 18, 0, true, -1, NULL,
		"the other side; peers of one network share a row where they are many", DIAG},
	[T_SERVICE] = {"service", "service", CELL_TEXT, 10, 1, false, -1, NULL,
		"port of the serving side; in: they came to us", DIAG},
	[T_OUT] = {"out", "out/s", CELL_BYTES, 8, 0, false, -1, "a second",
		"bytes that the peer acknowledged", DIAG},
	[T_IN] = {"in", "in/s", CELL_BYTES, 8, 0, false, -1, "a second", "bytes received", DIAG},
	[T_CONNS] = {"conns", "conns", CELL_COUNT, 6, 1, false, -1, NULL, "connections", DIAG},
	[T_AGAIN] = {"again", "again/s", CELL_COUNT, 7, 2, false, -1, "a second",
		"segments sent again", DIAG},
	[T_RTT] = {"rtt", "rtt", CELL_SECONDS, 7, 2, false, -1, NULL, "mean round trip", DIAG},
	[T_SENT] = {"sent", "sent", CELL_BYTES, 8, 3, false, -1, NULL,
		"in the life of these connections", DIAG},
	[T_RECEIVED] = {"received", "received", CELL_BYTES, 8, 3, false, -1, NULL,
		"in the life of these connections", DIAG},
	[T_NETNS] = {"netns", "netns", CELL_TEXT, 10, 4, false, -1, NULL,
		"network namespace; nothing: the host's own", "/run/netns"},
};

struct old_conns {
	const struct conn_group **slots;
	size_t n;
};

static void index_conns(struct view *v, const struct sample *s, struct old_conns *ret)
{
	size_t n = 16;
	while (n < (size_t)s->conns.count * 2)
		n *= 2;
	ret->slots = arena_alloc(&v->scratch, n * sizeof(void *));
	ret->n = ret->slots ? n : 0;
	for (uint32_t i = 0; ret->n && i < s->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		size_t at = conn_key(g) & (n - 1);
		while (ret->slots[at])
			at = (at + 1) & (n - 1);
		ret->slots[at] = g;
	}
}

static const struct conn_group *old_conn(const struct old_conns *o, const struct conn_group *g)
{
	uint64_t key = conn_key(g);
	for (size_t at = key & (o->n - 1); o->n && o->slots[at]; at = (at + 1) & (o->n - 1))
		if (conn_key(o->slots[at]) == key &&
			o->slots[at]->peer_hostbits == g->peer_hostbits)
			return o->slots[at];
	return NULL;
}

static double growth(uint64_t from, uint64_t to)
{
	return to > from ? (double)(to - from) : 0;
}

static int build_talk(struct screen *s, struct view *v, const struct screen_context *c)
{
	const struct sample *last = view_last(v);
	struct old_conns old;
	double out = 0, in = 0;
	index_conns(v, view_at(v, 0), &old);
	s->empty = c->subject && c->subject->any
			   ? "it has no connection that was seen at this moment"
			   : "no connection was there that tells what it moved";
	for (uint32_t i = 0; i < last->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(last->conns, struct conn_group)[i],
					*was = old_conn(&old, g);
		char peer[56];
		(void)conn_peer_text(peer, g);
		if (!g->have_info ||
			!subject_has_socket(c->subject, g->pid, g->netns, g->port, peer))
			continue;
		struct screen_row *row = screen_add(s, conn_key(g));
		if (!row)
			break;
		double sent = growth(was ? was->bytes_out : 0, g->bytes_out) / v->seconds;
		double got = growth(was ? was->bytes_in : 0, g->bytes_in) / v->seconds;
		out += sent;
		in += got;
		cell_text(row, T_WHO, process_text(v, g->pid, g->owners));
		cell_text(row, T_PEER, arena_str(&v->scratch, peer));
		cell_text(row, T_SERVICE,
			g->port ? say(v, "%u %s", g->port, g->outgoing ? "out" : "in") : "several");
		cell_number(s, row, T_OUT, sent);
		cell_number(s, row, T_IN, got);
		cell_number(s, row, T_CONNS, g->total);
		cell_number(s, row, T_AGAIN,
			growth(was ? was->retransmits : 0, g->retransmits) / v->seconds);
		if (g->rtt_us)
			cell_number(s, row, T_RTT, g->rtt_us / 1e6);
		cell_number(s, row, T_SENT, (double)g->bytes_out);
		cell_number(s, row, T_RECEIVED, (double)g->bytes_in);
		cell_text(row, T_NETNS, netns_text(v, g->netns));
		about(row, v, g->pid, g->netns, g->port, arena_str(&v->scratch, peer));
	}
	meter_net(s, v, c, c->tall ? 4 : 1);
	screen_say(s, v, TONE_PLAIN, "tcp",
		"%s/s out, %s/s in over connections that are there; all protocols, by name: "
		"plimsoll talk",
		read_bytes(v, out), read_bytes(v, in))
		->prio = 1;
	return 0;
}

const struct screen_maker screen_talk = {COLUMNS_OF(talk_columns), build_talk, follow_socket};
