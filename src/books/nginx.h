/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* nginx: what nginx's configuration and its stub_status page say. The parsers take bytes and nothing else. */
#ifndef BOOKS_NGINX_H
#define BOOKS_NGINX_H

#include "books/http_get.h"
#include "books/server_files.h"

enum { NGINX_LISTENS = 8, NGINX_DEPTH = 32, NGINX_TIMEOUTS = 7 };

struct nginx_listen {
	char address[64]; /* "" for any */
	uint16_t port;
	bool tls;
	char unix_path[108];
};

struct nginx_conf {
	/* before nginx_conf_text(): takes the files that an include names. NULL: they are left out. */
	void (*include)(struct nginx_conf *c, const char *pattern);
	const struct book_target *target;
	char folder[SERVER_PATH]; /* of the first file: what an include is relative to */
	/* what was found: */
	uint64_t processes, connections; /* worker_processes, worker_connections; 0: not set */
	bool processes_auto;
	uint64_t keepalive_s, send_timeout_s;
	bool proxies,
		upgrades; /* there is a proxy_pass; the header "Upgrade" is passed on somewhere */
	uint64_t proxy_ms
		[NGINX_TIMEOUTS]; /* values of proxy_read_timeout and proxy_send_timeout; 0: no more */
	bool there;               /* a page of stub_status that can be asked by plain HTTP */
	char page[160], host[128];
	struct nginx_listen listen; /* port 0: any */
	/* where the parser is: */
	struct {
		uint8_t kind;
		char page[160];
	} sections[NGINX_DEPTH];
	size_t depth, skipped;
	struct {
		struct nginx_listen listens[NGINX_LISTENS];
		size_t n;
		bool there;
		char page[160], host[128];
	} server;
	unsigned files, nesting;
};

void nginx_conf_begin(struct nginx_conf *c);
/* The bytes of one file, or of -g. */
void nginx_conf_text(struct nginx_conf *c, const char *text, size_t n);
/* Processes that serve; cpus: of the machine. */
uint64_t nginx_processes(const struct nginx_conf *c, uint64_t cpus);
/* Connections there may be at most, of all of them. */
uint64_t nginx_limit(const struct nginx_conf *c, uint64_t cpus);
/* The server's own configuration, from its command line on. 0, or a negative errno where none could be read. */
int nginx_conf_read(struct nginx_conf *c, const struct book_target *t);

struct nginx_stub {
	uint64_t active, accepts, handled, requests, reading, writing, waiting;
};

/* stub_status. 0, or -EBADMSG for what is no such page. */
int nginx_stub(const char *text, size_t n, struct nginx_stub *ret);

#endif
