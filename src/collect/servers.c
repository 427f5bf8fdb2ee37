/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* servers: which servers are to be asked for their books (decision 0012), told to plimsoll-books.
 *
 * A server is who owns a listening TCP or unix socket and is called like a kind of books.def; its first process is the topmost parent of the same kind,
 * so that Apache's workers are one server. A nameserver is asked while a process is seen waiting for it. Everything stands in the tables of this sample already: nothing is read here. It is told when something
 * changed, and every few seconds, since the other side may have begun anew. */
#include "collect/engine_impl.h"

#include "base/text.h"
#include "books/book.h"
#include "books/wanted.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
	PARENTS = 16,      /* at most so many are climbed */
	WORKER_TICKS = 16, /* a server that is all root's is looked through again so seldom */
	TELL_S = 5,
	RESOLVERS = 8,
	RESOLVER_S = 60, /* that one is asked on after somebody was seen waiting for it */
	DNS_PORT = 53,
};

/* A nameserver that a process was seen waiting for. */
struct waited_for {
	uint16_t netns;
	struct address address;
	uint64_t seen_ns;
	int32_t pid; /* a process that sees the namespace's resolv.conf */
};

struct servers {
	struct books_wanted told;
	int32_t owners[BOOK_SERVERS]; /* of the listener that a row came from last */
	uint64_t told_ns;
	uint32_t beyond; /* servers that found no room */
	int broken;      /* errno of telling, once it was not "later" */
	struct waited_for resolvers[RESOLVERS];
	struct books_wanted now;
};

int engine_servers_open(struct engine *e)
{
	e->servers = calloc(1, sizeof *e->servers);
	return e->servers ? 0 : -ENOMEM;
}

void engine_servers_close(struct engine *e)
{
	free(e->servers);
	e->servers = NULL;
}

static const struct proc *first_process(
	const struct sample *out, const struct proc *p, const char *kind)
{
	for (unsigned i = 0; i < PARENTS; i++) {
		const struct proc *parent = p->ppid > 0 ? sample_proc(out, p->ppid, 0) : NULL;
		const char *its = parent ? book_kind_of(parent->comm) : NULL;
		if (!its || strcmp(its, kind) != 0)
			break;
		p = parent;
	}
	return p;
}

/* A process of the server that is not root's, whose user the one who asks becomes. */
static int32_t worker_of(const struct engine *e, const struct sample *out, const struct proc *first)
{
	if (first->uid)
		return first->pid;
	const struct books_wanted *told = &e->servers->told;
	for (uint32_t i = 0; i < told->count; i++)
		if (told->rows[i].pid == first->pid &&
			told->rows[i].start_ticks == first->start_ticks &&
			sample_proc(out, told->rows[i].worker, 0) &&
			(told->rows[i].worker != first->pid || e->ticks % WORKER_TICKS))
			return told->rows[i].worker;
	const struct proc *procs = TABLE_ROWS(out->procs, struct proc);
	for (uint32_t i = 0; i < out->procs.count; i++)
		if (procs[i].ppid == first->pid && procs[i].uid &&
			strncmp(procs[i].comm, first->comm, sizeof first->comm) == 0)
			return procs[i].pid;
	return first->pid;
}

/* The row of the server that the owner of a socket belongs to; NULL when it is none, or there is no room. */
static struct book_wanted *row_of(
	struct engine *e, const struct sample *out, int32_t owner, unsigned netns, uint32_t uid)
{
	struct servers *s = e->servers;
	uint64_t inode = e->series->netns[netns].inode;
	for (uint32_t i = 0; i < s->now.count; i++)
		if (s->owners[i] == owner && s->now.rows[i].netns == inode)
			return &s->now.rows[i];
	const struct proc *p = sample_proc(out, owner, 0);
	const char *kind = p && !p->self && !p->kernel ? book_kind_of(p->comm) : NULL;
	if (!kind)
		return NULL;
	const struct proc *first = first_process(out, p, kind);
	for (uint32_t i = 0; i < s->now.count; i++)
		if (s->now.rows[i].pid == first->pid && s->now.rows[i].netns == inode) {
			s->owners[i] = owner;
			return &s->now.rows[i];
		}
	if (s->now.count == BOOK_SERVERS) {
		s->beyond++;
		return NULL;
	}
	s->owners[s->now.count] = owner;
	struct book_wanted *w = &s->now.rows[s->now.count++];
	w->pid = first->pid;
	w->worker = p->uid ? p->pid : worker_of(e, out, first);
	w->start_ticks = first->start_ticks;
	w->netns = inode;
	w->uid = uid;
	(void)snprintf(w->kind, sizeof w->kind, "%s", kind);
	(void)snprintf(w->program, sizeof w->program, "%.*s", (int)sizeof p->comm - 1, p->comm);
	return w;
}

/* Of several ports the one that most probably is plain HTTP: the lowest, but not that of HTTPS. */
static bool is_better(uint16_t port, uint16_t than)
{
	enum { HTTPS = 443 };
	if ((port == HTTPS) != (than == HTTPS))
		return than == HTTPS;
	return port < than;
}

static void take_listeners(struct engine *e, const struct sample *out)
{
	const struct listener *rows = TABLE_ROWS(out->listeners, struct listener);
	for (uint32_t i = 0; i < out->listeners.count; i++) {
		const struct listener *l = &rows[i];
		struct book_wanted *w = l->pid ? row_of(e, out, l->pid, l->netns, l->uid) : NULL;
		if (!w)
			continue;
		w->full = w->full || l->waiting > 0;
		if (!w->address.family || is_better(l->port, w->port)) {
			w->address = l->local;
			w->port = l->port;
		}
	}
}

static void take_unix_listeners(struct engine *e, struct sample *out)
{
	struct unix_listener *rows = TABLE_ROWS(out->unix_listeners, struct unix_listener);
	for (uint32_t i = 0; i < out->unix_listeners.count; i++) {
		struct unix_listener *l = &rows[i];
		struct book_wanted *w = l->pid ? row_of(e, out, l->pid, l->netns, l->uid) : NULL;
		const char *path = w ? intern_text(&e->series->names, l->path) : NULL;
		if (!w || !path || !*path)
			continue;
		w->full = w->full || (l->waiting > 0 && !w->address.family);
		w->full_unix = w->full_unix || l->waiting > 0;
		if (!*w->path && strlen(path) < sizeof w->path)
			(void)snprintf(w->path, sizeof w->path, "%s", path);
	}
}

/* Ports of TLS have a book of their own, of their certificates, whoever listens; servers themselves come first. */
static void take_tls_ports(struct engine *e, const struct sample *out)
{
	struct servers *s = e->servers;
	const struct listener *rows = TABLE_ROWS(out->listeners, struct listener);
	for (uint32_t i = 0; i < out->listeners.count; i++) {
		const struct listener *l = &rows[i];
		const struct proc *p =
			l->pid && book_is_tls_port(l->port) ? sample_proc(out, l->pid, 0) : NULL;
		uint64_t inode = e->series->netns[l->netns].inode;
		bool again = false;
		for (uint32_t k = 0; p && k < s->now.count; k++)
			again = again ||
				(s->now.rows[k].netns == inode && s->now.rows[k].port == l->port &&
					strcmp(s->now.rows[k].kind, "tls") == 0);
		if (!p || p->self || again)
			continue;
		if (s->now.count == BOOK_SERVERS) {
			s->beyond++;
			return;
		}
		struct book_wanted *w = &s->now.rows[s->now.count++];
		w->pid = p->pid;
		w->worker = worker_of(e, out, p);
		w->start_ticks = p->start_ticks;
		w->netns = inode;
		w->uid = l->uid;
		w->address = l->local;
		w->port = l->port;
		w->full = l->waiting > 0;
		(void)snprintf(w->kind, sizeof w->kind, "tls");
		(void)snprintf(
			w->program, sizeof w->program, "%.*s", (int)sizeof p->comm - 1, p->comm);
	}
}

/* ---- nameservers: asked only while somebody is seen waiting for them ---- */

/* The topmost parent in the same namespace: who asks a name may live for a moment only. */
static int32_t lasting_process(const struct sample *out, const struct proc *p)
{
	for (unsigned i = 0; i < PARENTS; i++) {
		const struct proc *parent = p->ppid > 0 ? sample_proc(out, p->ppid, 0) : NULL;
		if (!parent || parent->kernel || !(parent->have & HAVE_NETNS) ||
			parent->netns != p->netns)
			break;
		p = parent;
	}
	return p->pid;
}

/* One a namespace: the first one, as long as somebody waits for it now and then. */
static void note_resolver(struct engine *e, const struct udp_socket *u, int32_t pid)
{
	struct waited_for *room = NULL;
	for (size_t i = 0; i < RESOLVERS; i++) {
		struct waited_for *r = &e->servers->resolvers[i];
		bool over =
			!r->seen_ns || e->now_ns - r->seen_ns > RESOLVER_S * UINT64_C(1000000000);
		if (!over && r->netns == u->netns) {
			if (address_equal(&r->address, &u->peer))
				r->seen_ns = e->now_ns;
			return;
		}
		if (over && !room)
			room = r;
	}
	if (room)
		*room = (struct waited_for){u->netns, u->peer, e->now_ns, pid};
}

static void see_who_waits(struct engine *e, const struct sample *prev, const struct sample *out)
{
	for (uint32_t i = 0; prev && i < out->udp_sockets.count; i++) {
		const struct udp_socket *u = &TABLE_ROWS(out->udp_sockets, struct udp_socket)[i];
		const struct proc *p = u->peer_port == DNS_PORT && !u->stale && u->pid
					       ? sample_proc(out, u->pid, 0)
					       : NULL;
		if (p && !p->self && sample_udp_near(prev, u, i))
			note_resolver(e, u, lasting_process(out, p));
	}
}

static void take_resolvers(struct engine *e, const struct sample *prev, const struct sample *out)
{
	struct servers *s = e->servers;
	see_who_waits(e, prev, out);
	for (size_t i = 0; i < RESOLVERS; i++) {
		struct waited_for *r = &s->resolvers[i];
		const struct proc *p = r->seen_ns ? sample_proc(out, r->pid, 0) : NULL;
		if (!p || e->now_ns - r->seen_ns > RESOLVER_S * UINT64_C(1000000000))
			r->seen_ns = 0;
		if (!r->seen_ns)
			continue;
		if (s->now.count == BOOK_SERVERS) {
			s->beyond++;
			return;
		}
		struct book_wanted *w = &s->now.rows[s->now.count++];
		w->pid = w->worker = p->pid;
		w->start_ticks = p->start_ticks;
		w->netns = e->series->netns[r->netns].inode;
		w->uid = p->uid;
		w->address = r->address;
		w->port = DNS_PORT;
		(void)snprintf(w->kind, sizeof w->kind, "dns");
		(void)snprintf(
			w->program, sizeof w->program, "%.*s", (int)sizeof p->comm - 1, p->comm);
	}
}

/* The log that grows most, if it grows fast: what it repeats (books/log.c) is asked as if it were a server's book. */
static void take_log(struct engine *e, const struct sample *prev, const struct sample *out)
{
	enum { LEAST = 10 * 1024 }; /* bytes a second: a hundred lines */
	struct servers *s = e->servers;
	const struct held_file *most = NULL;
	const struct proc *p = NULL;
	double rate = LEAST;
	for (uint32_t i = 0; prev && i < prev->held.count; i++) {
		const struct held_file *h = &TABLE_ROWS(prev->held, struct held_file)[i];
		const char *path = intern_text(&e->series->names, h->path);
		double now = h->since_ns ? (double)h->growth / ((double)h->since_ns / 1e9) : 0;
		const struct proc *writer = now > rate && !h->deleted && text_names_log(path)
						    ? sample_proc(out, h->pid, 0)
						    : NULL;
		if (!writer || writer->self || strlen(path) >= sizeof s->now.rows[0].path)
			continue;
		most = h;
		p = writer;
		rate = now;
	}
	if (!most || s->now.count == BOOK_SERVERS)
		return;
	struct book_wanted *w = &s->now.rows[s->now.count++];
	w->pid = p->pid;
	w->worker = worker_of(e, out, p);
	w->start_ticks = p->start_ticks;
	w->netns = e->series->netns[p->have & HAVE_NETNS ? p->netns : NETNS_HOST].inode;
	w->uid = p->uid;
	(void)snprintf(w->kind, sizeof w->kind, "log");
	(void)snprintf(w->program, sizeof w->program, "%.*s", (int)sizeof p->comm - 1, p->comm);
	(void)snprintf(w->path, sizeof w->path, "%s", intern_text(&e->series->names, most->path));
}

void engine_servers(struct engine *e, const struct sample *prev, struct sample *out)
{
	struct servers *s = e->servers;
	if (reader_is_replay(e->reader) || !reader_books_there(e->reader))
		return;
	memset(&s->now, 0, sizeof s->now);
	s->now.magic = BOOKS_MAGIC;
	s->beyond = 0;
	take_listeners(e, out);
	take_unix_listeners(e, out);
	take_tls_ports(e, out);
	take_resolvers(e, prev, out);
	take_log(e, prev, out);
	if (s->beyond)
		sample_gap(out, NETNS_HOST, ENOSPC, "books of servers beyond 64", "workers");
	size_t size = books_wanted_size(s->now.count);
	if (e->now_ns >= s->told_ns + TELL_S * UINT64_C(1000000000) ||
		s->now.count != s->told.count || memcmp(&s->now, &s->told, size) != 0) {
		int r = reader_books_tell(e->reader, &s->now, size);
		if (r != -EAGAIN)
			s->broken = -r;
		if (r == 0) {
			memcpy(&s->told, &s->now, size);
			s->told_ns = e->now_ns;
		}
	}
	if (s->broken)
		sample_gap(out, NETNS_HOST, s->broken,
			"what servers say of themselves (plimsoll-books)", "workers");
}
