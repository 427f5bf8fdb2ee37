/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* http_get: asks a server for a page by plain HTTP, within what is left of the asking's time, of at most BOOK_ANSWER bytes. No redirect is followed, no
 * proxy asked, no name looked up. It speaks HTTP/1.0 (line.h), to which no server answers in pieces; a library that knows all of HTTP brings some thirty
 * others along, which would be mapped in each reader. */
#ifndef BOOKS_HTTP_GET_H
#define BOOKS_HTTP_GET_H

#include "books/book.h"

struct http_place {
	struct address address;
	uint16_t port;
	int dir_fd;      /* of a unix socket instead: its folder, see conf_socket() */
	char socket[64]; /* and its name, or "" */
	char at[128];    /* as it is said in the source: "127.0.0.1:80", "[::1]:80" */
	char host[128];  /* virtual host that is meant, or "" */
	char page[160];  /* "/server-status" */
};

struct http_page {
	enum book_status status; /* BOOK_OK: code 200 and a whole body */
	uint64_t held_ns;        /* as in struct book_target */
	uint64_t took_us;
	const char *text; /* NUL at its end; until the next call */
	size_t n;
};

/* Where the target listens, for want of better knowledge; the wildcard means loopback. */
void http_address(struct http_place *p, const struct address *a, uint16_t port);

/* query: "auto" or "". until_ns: of the monotonic clock. keep: one more of the same place is to follow soon, over the same connection if the server
 * likes; http_end() closes what was kept. While an answer is owed (http_owes()), it is that one which is received, whatever is asked for. */
void http_get(const struct http_place *p, const char *query, uint64_t until_ns, bool keep,
	struct http_page *ret);
void http_end(void);
bool http_owes(void);

#endif
