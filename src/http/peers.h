/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* peers: the connections, and who has to go when there are too many. A newcomer is always let in: room is made by those that hold most,
 * and of theirs by the one that has been idle for longest. So ten thousand idle connections keep nobody out. */
#ifndef HTTP_PEERS_H
#define HTTP_PEERS_H

#include "http/attempts.h"

#include <microhttpd.h>

enum {
	PEERS_MAX = 128,
	PEERS_EACH = 64, /* of one address that is not of this machine */
	PEERS_HARD = PEERS_MAX +
		     64, /* those that were told to go are there until the library has seen it */
	PEERS_HOLDERS = 1024,
};

enum peer_state {
	PEER_IDLE,   /* nothing, or not all, of the next request is here */
	PEER_ANSWER, /* takes an answer */
	PEER_KEPT,   /* follows the events, or waits for an answer: bounded elsewhere */
};

/* One connection. */
struct peer {
	struct peer *next, **link;
	struct MHD_Connection *connection;
	int fd;
	struct address_key address;
	uint16_t holder;   /* which count this address has; two may share one */
	uint64_t due_ns;   /* monotonic: closed when it is not further by then; 0: no such time */
	uint64_t since_ns; /* in this state */
	enum peer_state state;
	bool suspended, leaving, answered; /* answered: at least once */
	struct peer *later;                /* of those whose answer was put off */
	bool put_off;
};

struct peers {
	struct peer *first;
	unsigned n; /* with those that leave */
	unsigned staying;
	unsigned char secret[16];
	unsigned holds[PEERS_HOLDERS];
};

void peers_init(struct peers *s);
/* A new one; NULL without memory. share: addresses say nothing of who it is (loopback, a proxy). */
struct peer *peers_add(struct peers *s, struct MHD_Connection *c, bool share, uint64_t now_ns);
void peers_remove(struct peers *s, struct peer *p);
void peer_set(struct peer *p, enum peer_state state, uint64_t now_ns);
/* Ends a connection soon. */
void peer_close(struct peers *s, struct peer *p);
/* A client that sends or takes a byte now and then is never idle by the library's count. */
void peers_close_late(struct peers *s, uint64_t now_ns);

/* A connection that is set aside costs nothing and is not looked at until it is resumed. */
void peer_suspend(struct peer *p);
void peer_resume(struct peer *p);

#endif
