/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* apache: what Apache's configuration and its status page say. The parsers take bytes and nothing else, so that they can be fed with any. */
#ifndef BOOKS_APACHE_H
#define BOOKS_APACHE_H

#include "books/http_get.h"
#include "books/server_files.h"

enum {
	APACHE_LISTENS = 16,
	APACHE_NAMES = 64,
	APACHE_DEPTH = 32,
	APACHE_SLOTS = BOOK_SLOTS,
	APACHE_PLACES = 1024
};

/* ---- configuration ---- */

struct apache_listen {
	char address[64]; /* "", "10.0.0.1", "::1" */
	uint16_t port;
	bool tls;
};

struct apache_name {
	char name[48], value[160];
};

/* A place where the status page is set up. */
struct apache_status {
	bool there;
	char page[160];
	char address[64]; /* of the virtual host that it is in, or "" */
	uint16_t port;    /* 0: any */
	char host[128];
};

struct apache_conf {
	/* before apache_conf_line(): */
	char server_root[SERVER_PATH];
	/* Takes the files that an Include names, each through apache_conf_text(). NULL: they are left out. */
	void (*include)(struct apache_conf *c, const char *pattern);
	/* A variable that no Define gave. */
	bool (*variable)(struct apache_conf *c, const char *name, char *buf, size_t size);
	const struct book_target *target;
	/* what was found: */
	struct apache_listen listens[APACHE_LISTENS];
	size_t nlistens;
	struct apache_name names[APACHE_NAMES]; /* of Define and -D */
	size_t nnames;
	char modules[1024]; /* " mpm_event_module alias_module " */
	char mpm[16];       /* "prefork", "worker", "event", or "" */
	uint64_t max_workers, server_limit, threads_per_child, thread_limit; /* 0: not set */
	uint64_t timeout_s, keepalive_timeout_s;
	bool keepalive;
	struct apache_status status;
	/* where the parser is: */
	struct {
		uint8_t kind;
		char argument[160];
	} sections[APACHE_DEPTH];
	size_t depth;
	unsigned skipped; /* sections below one that is not taken */
	char vhost_name[128];
	bool vhost_tls;
	struct apache_status vhost_status;
	unsigned files, nesting;
};

void apache_conf_begin(struct apache_conf *c);
/* The bytes of one file. */
void apache_conf_text(struct apache_conf *c, const char *text, size_t n);
/* Workers there may be at most, with this kind of process ("prefork" ...; "" when nobody knows); 0: not known. */
uint64_t apache_limit(const struct apache_conf *c, const char *mpm);
/* The server's own configuration, from its command line on. 0, or a negative errno where none could be read. */
int apache_conf_read(struct apache_conf *c, const struct book_target *t);

/* ---- status page ---- */

struct apache_counts {
	bool have_busy, have_served;
	uint64_t busy, idle;
	uint64_t by_state[SLOT_STATES]; /* of the scoreboard; SLOT_IDLE are the ready ones */
	uint64_t processes, stopping;   /* of threaded kinds */
	uint64_t served, kib, uptime_s, conns, conns_writing, conns_keepalive, conns_closing;
	bool have_conns;
	uint64_t generation;
	char mpm[16];
};

struct apache_slot {
	uint32_t id, pid; /* pid 0: not told */
	enum slot_state state;
	uint64_t
		seconds; /* in this state: since the request began, or the connection was taken up */
	char client[64], vhost[64], request[160];
};

/* What any slot has served, those that are idle among them, in the order of the page. */
struct apache_place {
	uint64_t accesses;
	uint32_t last_ms; /* that its last request took */
	bool mine;        /* which was ours */
};

struct apache_slots {
	struct apache_slot rows[APACHE_SLOTS]; /* the oldest ones */
	size_t n;
	uint64_t seen; /* slots that are at work */
	bool extended; /* the page tells of slots at all */
	struct apache_place places[APACHE_PLACES];
	size_t nplaces; /* 0 where the page does not tell what was served */
};

/* "?auto". 0, or -EBADMSG for what is no such page. */
int apache_auto(const char *text, size_t n, struct apache_counts *ret);
/* The page for people, with its table or in the form without tables. The slot whose request names `mine` (our own) is left out. 0, or -EBADMSG. */
int apache_page(const char *text, size_t n, const char *mine, struct apache_slots *ret);
/* Between two pages: how many requests there were by how long they took, added to counts (as book_edges). A slot tells only of its last one: the others count as
 * long as that. Nothing where the pages do not fit to each other: more than `served`, what the server counted meanwhile. */
void apache_latency(const struct apache_place *before, size_t nbefore,
	const struct apache_slots *now, uint64_t served, uint64_t counts[static BOOK_EDGES]);

#endif
