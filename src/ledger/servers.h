/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* servers: who works for a server and what holds its workers, from its own book where there is one (src/books/book.h), and from sockets and processes
 * where it cannot be asked: a server without a free worker answers nobody.
 *
 * A server is a process and those that it started, as far as they have its name. A worker holds a connection from accept() to its end. What it is
 * doing shows at the connection: data that the peer does not take (Send-Q stands), a request that is not answered yet (the last data came in), or
 * nothing at all (the last data went out). Texts live in the view's scratch memory. */
#ifndef LEDGER_SERVERS_H
#define LEDGER_SERVERS_H

#include "ledger/who.h"

enum { SERVERS_MAX = 32, SERVER_PEERS = 8, SERVER_PORTS = 8 };

/* What connections of one peer do with the server's workers. Numbers of connections at the last look, but for the bytes. */
struct server_peer {
	const char *name; /* as findings call it */
	struct address address;
	bool several; /* a network of addresses */
	double taken; /* accepted by a process */
	double reading; /* of them: the peer does not take what stands in Send-Q, at each of the last looks */
	double idle;    /* answered; nothing was asked since */
	double owing;   /* asked something, or a part of it, and got no answer yet */
	double waits;   /* not accepted */
	double in, out; /* bytes in the window */
	double trickled; /* of those that came in, on accepted connections that were never answered */
	double sendq;    /* bytes */
	double closed;   /* connections whose window is closed */
};

struct server {
	const struct server_book *book; /* NULL: it keeps none */
	const char *name;               /* as findings call it */
	const char *kind;               /* of its book, or "" */
	int32_t pid;                    /* the first process */
	unsigned netns;
	uint16_t port; /* of the listener where most wait, 0: none */
	uint16_t ports[SERVER_PORTS];
	bool starving; /* connections wait, not just for a moment */
	size_t nports;
	uint32_t sockets[SERVER_PORTS]; /* inodes of its listening unix sockets */
	size_t nsockets;
	const struct server_pool *pool; /* its workers as it counts them; NULL */
	double limit;                   /* of workers, as configured; -1: not known */
	double children, threads;       /* that the first one started; of all of these */
	double workers; /* how many connections it can serve at once: the limit, or its children where each has one; -1: not known */
	double taken, waits, backlog;
	double refused;  /* connections that were dropped in the window */
	double waited_s; /* how long the oldest of them waits to be accepted; -1: not known */
	uint64_t since_ns;
	double reading, idle, owing, queued;    /* of all peers; queued: not accepted */
	struct server_peer peers[SERVER_PEERS]; /* those with most connections, first */
	size_t npeers;
};

/* Servers in front of which somebody waits; at most `max` rows of ret. Returns how many. */
size_t servers_waited_for(struct view *v, struct server *ret, size_t max);

/* The row of connections as another sample has it, looked for from place `guess` on: both are mostly in the same order. NULL. */
const struct conn_group *server_conn_near(
	const struct sample *s, const struct conn_group *like, uint32_t guess);

/* Is the process the server's first one, or started by it? */
bool server_has(const struct view *v, int32_t first, int32_t pid);
/* The first process of a program: as far up as parents have the same name. */
int32_t server_first(const struct view *v, int32_t pid);
/* The book of the server with this first process, in a sample; NULL. */
const struct server_book *server_book_of(const struct sample *s, int32_t pid);
const struct server_pool *server_pool_of(
	const struct sample *s, int32_t pid, enum pool_kind kind, uint32_t name);
/* A number that it tells; false where it does not. */
bool server_number_of(
	const struct view *v, const struct sample *s, int32_t pid, const char *name, uint64_t *ret);
/* Growth of such a number, a counter, over the window; false where it is not known. */
bool server_number_growth(const struct view *v, int32_t pid, const char *name, double *ret);
/* Pools of which a rule may speak: of an answering server. Steps through the pools of a kind in the last sample: *at begins with 0. */
const struct server_pool *server_next_pool(
	const struct view *v, enum pool_kind kind, uint32_t *at, const struct server_book **ret);
/* The same pool over the window, a value a book: fills t (seconds) and rows, each STORE_MAX long. Returns how many. */
unsigned server_pool_history(const struct view *v, const struct server_pool *p, double *t,
	const struct server_pool **rows);
/* Who is connected to the server's ports: peers with most connections first. Returns how many of s->peers there are. */
void server_clients(struct view *v, const struct server_book *b, struct server *ret);
/* The same of the server that a process belongs to. False where it does not listen. */
bool server_of_process(struct view *v, const struct usage *u, struct server *ret);
/* All who are served or wait come by this peer, but for what this machine sends itself and a single one, which may be a check: it may be a proxy in front of
 * everybody, and says nothing about who is to blame. */
bool server_peer_is_all(const struct server *s, const struct server_peer *p);
/* The process of this machine that has connections from that address to that port, where it is one alone; NULL. */
const struct usage *server_local_client(
	const struct view *v, uint16_t port, const struct address *a);
/* The server that listens on a port, with a book or without, its clients not counted. owner: of its connections, where that of the listener is not known,
 * or 0. False where nobody is known. */
bool server_at_port(
	struct view *v, unsigned netns, uint16_t port, int32_t owner, struct server *ret);
/* The name of a server as findings have it. */
const char *server_name(struct view *v, const struct server_book *b);
const char *server_kind(const struct view *v, const struct server_book *b);
/* What the reader of the server's log wrote down, and no worker or session (books/logs.h). */
bool server_slot_is_log(const struct server_slot *s);
/* The address of a slot's peer, "" for none. */
const char *server_slot_peer(struct view *v, const struct server_slot *s);

#endif
