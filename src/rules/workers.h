/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* workers: what holds the workers of a server that nobody is left to accept for. One answer for a server: the rules of the family, one for each
 * answer, ask the same. */
#ifndef RULES_WORKERS_H
#define RULES_WORKERS_H

#include "ledger/servers.h"
#include "rules/verdict.h"

enum { RANGES_PEERS = 3, BACKENDS = 3 };

enum held_by {
	HELD_NOT,     /* workers are free, or nobody waits, or it cannot be told */
	HELD_READERS, /* peers that do not take their answers */
	HELD_SENDERS, /* peers that do not finish their requests */
	HELD_IDLE,    /* connections on which nothing is asked */
	HELD_LOCK,    /* they wait for a lock of a file */
	HELD_BACKEND, /* they wait for destinations */
	HELD_DISK,    /* they are blocked in I/O */
	HELD_GHOSTS,  /* slots of processes that are gone */
	HELD_DIP,     /* processes that end after their last request */
	HELD_RANGES,  /* requests for parts of files, of one client or a few */
	HELD_STOPPED, /* by a signal, a debugger or a terminal */
	HELD_OTHER,   /* requests that take long */
};

/* A destination for which workers wait. */
struct behind {
	const struct conn_group *group; /* one of its rows */
	double waits,
		connecting; /* connections without an answer; of them, those that are not there yet */
};

struct held {
	enum held_by by;
	double count;                   /* workers held so */
	const struct server_pool *told; /* what the server tells of its workers now; NULL */
	struct behind backends
		[BACKENDS]; /* HELD_BACKEND: where they wait, most first; the first alone where half of them wait there */
	size_t nbackends;      /* as many rows */
	unsigned destinations; /* of all there are */
	int32_t holder;        /* HELD_LOCK: who holds it */
	uint64_t inode;        /* of the file */
	int32_t signaller;     /* HELD_DIP: who sent the signal, as far as is known */
	const char *job, *signal;
	unsigned left;   /* HELD_GHOSTS, where the server did not tell: processes that are there */
	bool orphans;    /* and their first process is gone */
	int32_t stopped; /* or is this one, which is stopped; HELD_STOPPED: one of them; 0 */
};

/* Of each process of a threaded Apache: the first and the one that accepts, which serve nobody; and those that serve, where ThreadsPerChild is not set. */
enum { SPARE_THREADS = 2, APACHE_THREADS = 25 };

struct held workers_held(struct view *v, const struct server *s);
/* Slots whose process is gone, at two books one after the other. */
unsigned workers_ghosts(const struct view *v, int32_t server);
/* Half of the places of a server or more have no process, as its processes tell, and nobody starts one. Fills count, left, orphans and stopped. */
bool workers_lost(struct view *v, const struct server *s, struct held *ret);

/* For a rule of the family: calls each(v, out, s, held) for the servers that are held so. */
void workers_each(struct view *v, struct verdicts *out, enum held_by by,
	void (*each)(struct view *v, struct verdicts *out, const struct server *s,
		const struct held *h));
/* What all verdicts of the family have: resource, numbers, victims, the evidence of the queue. NULL when there is no room. */
struct verdict *workers_verdict(struct view *v, struct verdicts *out, const struct server *s);
/* Peers as culprits: those with most, if three of them or fewer hold half of the workers, else all of them as traffic. of: the number in struct server_peer. */
void workers_blame(
	struct view *v, struct verdict *f, const struct server *s, size_t of, const char *does);
/* The process of this machine behind connections of the peer to the server's port; NULL. */
const struct usage *workers_local_peer(
	const struct view *v, const struct server *s, const struct server_peer *p);
/* What the server last told of requests of the peer ("" for all): the most frequent text, and the longest time in ms. NULL where it told none. */
const char *workers_request(
	struct view *v, const struct server *s, const char *peer, uint32_t *ret_ms);
/* Within how many seconds nine of ten requests for the same URL were answered before, as the server's log has it, and how many these were. False: not known. */
bool workers_usual(const struct view *v, const struct server *s, const char *request, double *ret_s,
	double *ret_count);
/* That the first culprit, a peer, asks for parts of files in great number, as the server's log has it: evidence and a remedy. */
void workers_tell_parts(struct view *v, struct verdict *f, const struct server *s);
/* Most of what the server answers are parts of files, and a few clients get most of these. cpus: processors that the server keeps busy, of which they must explain
 * half, or 0. */
struct ranges {
	struct who peers[RANGES_PEERS];
	size_t npeers;
	const char *url;                      /* that the first of them asked for last */
	double span_s, answers, parts, bytes; /* bytes: of the parts */
	double at_once; /* mean of parts that were answered at the same moment, as far as is known */
	double took_s,
		parts_s; /* what all answers, and these, took together; 0: the log has no durations */
};
bool workers_ranges(struct view *v, int32_t server, double cpus, struct ranges *ret);
/* Tells it as evidence, where it is known; request may be NULL. */
void workers_tell_usual(struct view *v, struct verdict *f, const struct server *s,
	const char *request, double now_s);
/* Remedies against one peer that holds too much. */
void workers_limit_peer(struct view *v, struct verdict *f, const struct server *s);

#endif
