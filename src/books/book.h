/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* book: what a server says of itself, in one form for all servers. A reader process (decision 0012) asks one server and writes a book: text, a line
 * each, which the recorder takes like any file of /proc (collect/books.c), and which lies in a recorded tree as books/KIND.PID:
 *
 *     server KIND NAME pid=N netns=INODE port=N status=ok took=US at=NS source=WORD
 *     pool KIND NAME used=N idle=N limit=N waiting=N high=N served=N refused=N failed=N up=1 time=US
 *          reading=N working=N keepalive=N closing=N finishing=N starting=N locked=N
 *     slot ID pid=N state=STATE ms=N blocker=ID peer=ADDRESS:PORT bytes=N who=WORD text=WORD
 *     number NAME VALUE
 *     latency EDGE=N ...      requests that were answered, counted (+) by how long they took: up to EDGE, and longer than the edge below it; by the log, or, where
 *                             that has no durations, by Apache's status page
 *
 * `server` is the first line; of the others there are any number in any order, with any of their fields. A pool is one line. A word has no blanks: those,
 * '%' and control characters are written as %XX; "-" is the empty one. Kinds of pools: workers connections queue backend memory other. States of
 * slots and statuses: see book_state_name(), book_status_name(). Unknown lines and fields are skipped.
 *
 * Of all kinds: asking (how many questions of ours are not answered yet, as the server hangs or all of its workers are taken; none follows before).
 * Numbers by kind; a name that ends in /NAME is of that proxy, pool or standby, what counts since the server began is said so (+):
 *     apache      requests bytes restarts (+) uptime.s slots processes processes.stopping connections connections.{writing,keepalive,closing} (that take
 *                 no worker); as configured config.{timeout,keepalive} (seconds, keepalive 0: off), config.{threads,processes}
 *     nginx       requests (+); as configured config.{timeout,keepalive} (seconds), timeout.proxy.ms/N (each proxy_read_timeout and proxy_send_timeout),
 *                 config.upgrade (1: it passes the header "Upgrade" on), where it is a proxy; of its logs
 *     haproxy     retries/P redispatches/P client.aborts/P server.aborts/P answers.{1xx,4xx,5xx}/P front.answers.{1xx,4xx,5xx}/P (+),
 *                 timeout.{client,server,tunnel,queue,
 *                 connect,http-keep-alive}.ms/P as configured (also when it does not answer), idle.percent stopping memory.failed uptime.s
 *                 tls.connections tls.connections.high maxconn.reached; upgrade.removed/P (1: P takes "Upgrade" out of requests); of its logs
 *     logs of apache, nginx, haproxy (books/logs.h; P is the backend, "-" of a server that names none): log.lines; of two minutes log.answers/P log.gaveup/P
 *                 (clients that went before the answer) log.gaveup.{ms,same}/P log.timedout/P (servers that were given up) log.no-upgrade/P (426, 505)
 *                 log.connections.none (+, nginx: turned away for want of worker_connections)
 *                 log.took.{p50,p90}.ms/P; log.end.XY/P (+, HAProxy's letters of termination: who ended it early, in which phase); of ten minutes
 *                 log.tunnels.cut.{client,server}/P (by a timer of the proxy) log.tunnels.ended/P (otherwise)
 *                 log.tunnels.back/P (came back at once) log.tunnels.ms/P (lived for); each with .age.s/P, of the last one. Slots from 1000000 on: the client
 *                 that was cut most (state closing, bytes= how often), what was given up last (state logging, text= URL). Of the last half a minute, where parts of files (206)
 *                 were answered: log.now.ms (how long that is) log.now.answers log.now.took.ms (all of them took) log.now.parts
 *                 log.now.parts.{bytes,took.ms}; slots "parts.now": clients that were sent most parts (bytes= how many, ms= how long these took). By URL, slots "usual" (ms= within which nine of ten
 *                 were answered, bytes= of how many) and "longest" (ms= the longest that was legitimate)
 *                 Of the last half a minute, where five requests or more failed (5xx but 504: log.failed; 403, 404, 405, 410 of URLs that were answered well before: log.lost), how many of
 *                 how many, since when, and what was before: log.{failed,lost}/P, and of each .of .ms .age.s .before .before.of (of the two minutes, until then) .usual (in ten
 *                 thousandths, of the last hours); slots "failed/P": what was asked for (bytes= how often, text= status and URL)
 *     log         log.lines log.same log.exact: lines that were looked at, how many of them were the same one, and exactly so; slot 1: that line; source: the file
 *     php-fpm     requests.slow/P (+), silent/P (1: the pool did not answer, the others did), timeout.request.ms/P
 *     postgres, mysql  sessions.of/NAME: connections of that application or user, where it has a quarter of them and few are left
 *     postgres    sessions.transaction deadlocks temp.bytes transactions rollbacks conflicts (+) xid.age xid.freeze.max.age xmin.age
 *                 transaction.oldest.ms prepared prepared.oldest.ms replica replica.lag.bytes replica.lag.ms wal.kept.bytes checkpoints.timed
 *                 checkpoints.requested (+) checkpoint.{age.ms,timeout.s,warning.s} checkpoint.wal.bytes (of log that force one) wal.bytes (+)
 *                 sessions.io (wait for files or the log); pool other standby/NAME: used= bytes that it has not applied, time= its lag, up=1 streams
 *     mysql       queries queries.slow clients.aborted threads.created temp.disk (+) locks.waiting locks.waits locks.ms locks.table.waits (+)
 *                 locks.timeout.s deadlocks (+) memory.waits log.waits tables.overflows (+) history.length uptime.s
 *     redis       memory.{rss,machine,clients,replicas,backlog,not.evicted,noeviction} errors.{oom,misconf} keys.{evicted,expired,hits,misses} (+)
 *                 clients.{blocked,subscribed,output.max} clients.output.cut clients.input.cut commands (+) commands.per.second commands.slow (+)
 *                 fork.us forks (+) fork.copied (bytes, of the copy that runs) loading loading.async rdb.{running,changes,saved.at.s,ok,copied} aof.{enabled,rewriting,delayed,rewrite.ok,ok} replica
 *                 replicas replicas.full.syncs master.{up,down.s,silent.s,syncing} uptime.s. Slots: clients with much output (bytes=, ms= since
 *                 it took something), that wait for data (state reading), and slow commands of the last minute (state logging, ms= what they took)
 *     memcached   connections.stopped connections.yields threads items items.evicted items.expired gets gets.hits gets.misses sets
 *                 sets.no.memory uptime.s
 *     varnish     requests cache.hits cache.misses objects.nuked backend.{failed,busy,unhealthy} sessions.{failed,queued,dropped} requests.dropped
 *                 requests.asleep threads.limited threads.failed fetches.failed (+) uptime.s
 *     squid       clients requests icp.queued files.queued files.store uptime.s; pool connections "descriptors": its file descriptors
 *     unbound     cache.hits cache.misses requests.overwritten requests.limited answers.servfail answers.unwanted
 *     bind        requests.{v4,v6,tcp,dropped} answers.{servfail,failed,dropped} recursion.rejected recursions (+)
 *     tls         tls.notafter tls.notbefore tls.notafter.chain, seconds since 1970; tls.own (1: it signs itself); slots: the chain (text= subject, who= issuer)
 *     dns         none; pool other dns/ADDRESS: time= of the last answer, up=2: none, or none that helps
 * A server that is closed has as its source what would open it, for people, where its kind says that. One whose configuration may not be read is not closed, as
 * nobody knows: it is denied, and its source is "file://" and what may not be read.
 *
 * Nothing of a book is trusted: whoever wrote it read bytes of strangers. */
#ifndef BOOKS_BOOK_H
#define BOOKS_BOOK_H

#include "base/attr.h"
#include "catalogue/sample.h"

enum {
	BOOK_EDGES = 18,
	BOOK_TEXT = 64 * 1024, /* of one book */
	BOOK_ANSWER = 1 << 20, /* bytes of an answer that are read; more is BOOK_LARGE */
	BOOK_SLOTS = 256,      /* in one book */
	BOOK_POOLS = 256,
	BOOK_DEADLINE_MS = 500, /* of one asking, all in all */
};

/* Where a server can be asked, and what a kind remembers of it between two askings. A reader process has exactly one. */
struct book_target {
	const char *kind; /* of books.def */
	char program[16]; /* comm of the owner of the listener */
	int32_t pid;      /* the server's first process */
	uint64_t netns;   /* inode; the reader is in it already */
	struct address
		address; /* that it listens on; family 0: none by TCP. The wildcard means: ask on loopback */
	uint16_t port;
	char path[108]; /* unix socket that it listens on, or "" */
	char root
		[32]; /* before each path of the server's own file system: "/proc/PID/root", or what stays open of it */
	void *state;    /* the kind's own */
	bool full_unix; /* connections wait on a unix socket of the server; what ask() is told is of TCP, where it has that */
	bool again; /* ask() found that what open() found holds no more: everything begins anew */
	const char *unread; /* what open() was not let read; NULL, or "": nothing */
	uint64_t
		held_ns; /* the book is of an asking before, as the server is left alone now: when that was; 0: of now */
};

struct book {
	char text[BOOK_TEXT];
	size_t n;
	bool full; /* lines were left out */
};

/* A line; it is added whole or not at all. Foreign text goes through book_word(). */
void book_line(struct book *b, const char *fmt, ...) PRINTF(2, 3);
/* Foreign bytes as one word in buf, cut to its size. Returns buf. */
char *book_word(char *buf, size_t size, const char *text, size_t len);
/* The first line; call it before all others. name: as findings call the server. */
void book_server(struct book *b, const struct book_target *t, const char *name, const char *source,
	enum book_status status, uint64_t took_us);

/* Edges of the histogram of a line "latency": 1024 microseconds and each twice the one before; the last one is none. */
extern const char *const book_edges[BOOK_EDGES];
/* The bucket that so long falls into. */
unsigned book_edge(uint64_t ms);
/* The line; none where nothing was counted. */
void book_latency(struct book *b, const uint64_t counts[static BOOK_EDGES]);
const char *book_status_name(enum book_status s);
const char *book_pool_name(enum pool_kind k);
const char *book_state_name(enum slot_state s);
/* The number of a name, or -1. */
int book_status_of(const char *name, size_t n);
int book_pool_of(const char *name, size_t n);
int book_state_of(const char *name, size_t n);

/* One kind of server. Both run in the reader process of one server, in the server's network namespace. */
struct book_kind {
	const char *name, *programs, *called;
	const char *module; /* its id, when both are in a module: see book_kind_load() */
	/* Once, and again after SIGHUP, while the process may still read the server's configuration: finds where and how to ask. Fills t->state. 0, or a
	 * negative errno: -ENOENT where nothing is set up to be asked. */
	int (*open)(struct book_target *t);
	/* One asking, without rights, within BOOK_DEADLINE_MS: writes the book. What went wrong is a status in it and no error. Also from the configuration alone
	 * (limits) when the server does not answer. full: connections wait that the server does not accept; it must not be asked where one more would wait with them. */
	void (*ask)(struct book_target *t, bool full, struct book *ret);
};

extern const struct book_kind book_kinds[];
/* The name of the kind that a program is, or NULL. */
const char *book_kind_of(const char *program);
/* A port on which TLS is spoken, by custom. */
bool book_is_tls_port(uint16_t port);
const struct book_kind *book_kind_named(const char *name);
/* The kind with its functions. Those of a module are loaded, with all its libraries: for the process that is to be its reader, while it may still map files.
 * Where that fails, they tell of a server that is closed, and what is missing. */
struct book_kind book_kind_load(const struct book_kind *k);

#define BOOK(id, name, programs, called)                                                           \
	int book_open_##id(struct book_target *t);                                                 \
	void book_ask_##id(struct book_target *t, bool full, struct book *ret);
#include "books/books.def"
#undef BOOK

#endif
