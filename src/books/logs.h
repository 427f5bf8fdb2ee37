/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* logs: what a server's own logs tell of the last minutes, as numbers of its book: of tunnels ten minutes, of requests two. Its logs are the regular files
 * that its first process itself has open to write: no path of a configuration is believed, and nothing else is read (decision 0014). */
#ifndef BOOKS_LOGS_H
#define BOOKS_LOGS_H

#include "books/book.h"
#include "books/log_line.h"
#include "books/log_urls.h"
#include "books/tail.h"

enum {
	LOGS_FILES = 4,
	LOGS_PROXIES = 8,   /* names of backends that are told apart */
	LOGS_EVENTS = 1024, /* the oldest are forgotten */
	LOGS_SPAN_S = 120,
	LOGS_TUNNELS_S =
		600,      /* a tunnel that is cut again and again is written down only at its end */
	LOGS_BACK_S = 10, /* who is back within this was not gone */
	LOGS_PARTS = 16,  /* clients that are sent parts of files */
	LOGS_PARTS_TOLD = 3,
	LOGS_NOW = 8,           /* buckets of what goes on now */
	LOGS_NOW_MS = 4 * 1000, /* of such a bucket */
	LOGS_WHO = 5,
	LOGS_WHEN = 6,
	LOGS_TIMERS = 8,
	LOGS_CLIENTS = 256, /* whose tunnels are looked through for a period */
	LOGS_TOOK = 256,    /* durations of the last answers of each */
	LOGS_BUCKETS = 12,  /* of the span, to count what needs no more than counting */
	LOGS_BAD = 16,      /* URLs that fail */
};

/* How a request may fail. */
enum log_failure {
	LOG_FAILED, /* 5xx, but what another rule tells (504) */
	LOG_LOST, /* 403, 404, 405, 410 of a URL that was answered well before, and hardly is now */
	LOG_FAILURES
};

struct log_share {
	uint64_t at; /* number of the piece of time */
	uint32_t answers, bad[LOG_FAILURES];
};

/* Of one backend: what goes on, what went before, and what is usual. */
struct log_failures {
	struct log_share now[LOGS_NOW], before[LOGS_BUCKETS], slices[LOG_URL_SLICES];
};

enum log_event_kind {
	LOG_CUT_CLIENT,   /* a tunnel, by the proxy's timer for the client's side */
	LOG_CUT_SERVER,   /* by the other one, or nobody says which */
	LOG_TUNNEL_ENDED, /* otherwise */
	LOG_GAVE_UP,      /* the client went while it waited for the answer */
	LOG_TIMED_OUT,    /* the proxy's timer for the server's answer ran out */
	LOG_NO_UPGRADE, /* 426 or 505: the server wanted the connection to be upgraded, and was not asked to */
	LOG_EVENT_KINDS
};

struct log_event {
	uint64_t begin_ms, end_ms; /* begin 0: not told */
	struct address peer;
	uint8_t kind, proxy;
	bool told; /* by nginx's error log, as one that was cut */
};

/* Answers that ended in some seconds. */
struct log_now {
	uint64_t at; /* number of the bucket */
	uint32_t answers, parts;
	uint64_t took_ms, parts_ms, parts_bytes;
};

struct logs {
	struct tail files[LOGS_FILES];
	unsigned nfiles;
	char proxies[LOGS_PROXIES][48]; /* "" of servers that have none */
	unsigned nproxies;
	struct log_event events[LOGS_EVENTS]; /* a ring */
	unsigned next, count;
	uint64_t answered[LOGS_PROXIES][LOGS_BUCKETS], bucket_at[LOGS_BUCKETS];
	struct {
		uint64_t end_ms;
		uint32_t took_ms;
	} took[LOGS_PROXIES][LOGS_TOOK]; /* rings, of requests that were answered */
	unsigned ntook[LOGS_PROXIES];
	char gave_up[LOGS_PROXIES][96]; /* the URL that a client last gave up */
	uint64_t ends[LOGS_PROXIES][LOGS_WHO]
		     [LOGS_WHEN]; /* by HAProxy's letters of termination, since the reader began */
	struct log_part {
		struct address peer;
		uint64_t first_ms, last_ms;
		unsigned count;
		char url[96];
		struct log_now now[LOGS_NOW];
	} parts[LOGS_PARTS];          /* of the last two minutes: answers 206 */
	struct log_now now[LOGS_NOW]; /* of all clients */
	struct log_failures failures[LOGS_PROXIES];
	struct log_bad {
		char url[96];
		unsigned status, proxy;
		uint32_t count, well; /* well: answered well since it fails */
		uint64_t last_ms;
	} bad[LOGS_BAD];
	struct log_urls urls;
	bool timed; /* lines tell how long requests took */
	uint64_t latency
		[BOOK_EDGES]; /* answers by how long they took, those that were there before we came left out */
	bool tells_none;       /* nginx: it writes down whom it turns away */
	uint64_t none;         /* connections that were turned away since we came */
	uint64_t full_ms[2];   /* from when to when somebody last waited for a worker; 0: never */
	char own[160];         /* the page that we ask ourselves, and do not count; "" */
	uint64_t lines, known; /* read, and understood */
	uint64_t now_ms;
	bool old; /* the line was there before we came */
	/* After so long in silence tunnels are cut, where no line tells when one began; 0: no more. */
	uint64_t timers_ms[LOGS_TIMERS];
	char url[96]; /* of the last tunnel that was cut */
};

/* While the reader may still open files. also: another file that may be its log (what syslog writes for it), or NULL. */
void logs_open(struct logs *l, const struct book_target *t, const char *also);
/* The file of this path that the process has open to write to; -ENOENT. */
int logs_find(const struct book_target *t, const char *path);
/* Takes one line as if it were read at now_ms; for tests. */
void logs_take(struct logs *l, struct scan line, uint64_t now_ms, bool old);
/* Reads what was added, until then; full: as of book_ask(). Adds the numbers to the book. Sets t->again where a log was moved away. */
void logs_ask(
	struct logs *l, struct book_target *t, bool full, uint64_t until_ns, struct book *ret);
/* Somebody waits for a worker now: what is answered meanwhile says nothing of how long it takes when all is well. */
void logs_full(struct logs *l, uint64_t now_ms);
/* Answers 206, by client (logs_parts.c): takes a line that ended then; writes who is sent most. */
void logs_parts_take(struct logs *l, const struct log_line *e, uint64_t end_ms);
void logs_parts_write(const struct logs *l, uint64_t now_ms, struct book *ret);
/* Requests that fail (logs_failures.c): takes a line that ended then; writes how many of how many do, and how many usually do. */
void logs_failures_take(
	struct logs *l, unsigned proxy, const struct log_line *e, uint64_t end_ms, uint64_t now_ms);
void logs_failures_write(const struct logs *l, uint64_t now_ms, struct book *ret);
/* The numbers alone. */
void logs_write(struct logs *l, uint64_t now_ms, struct book *ret);

#endif
