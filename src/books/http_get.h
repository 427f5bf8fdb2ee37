/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* http_get: asks a server for a page by plain HTTP, within what is left of the asking's time, of at most BOOK_ANSWER bytes. No redirect is followed, no
 * proxy asked, no name looked up. */
#ifndef BOOKS_HTTP_GET_H
#define BOOKS_HTTP_GET_H

#include "books/book.h"

struct http_place {
	char at[128]; /* "127.0.0.1:80", "[::1]:80"; with `path_unix` only what is said in the source */
	char unix_path[160]; /* a unix socket instead, or "" */
	char host[128];      /* virtual host that is meant, or "" */
	char page[160];      /* "/server-status" */
};

struct http_page {
	enum book_status status; /* BOOK_OK: code 200 and a whole body */
	uint64_t took_us;
	const char *text; /* NUL at its end; until the next call */
	size_t n;
};

/* Where the target listens, for want of better knowledge; the wildcard means loopback. */
void http_address(char *buf, size_t size, const struct address *a, uint16_t port);

/* query: "auto" or "". until_ns: of the monotonic clock. last: the server need not keep the connection. */
void http_get(const struct http_place *p, const char *query, uint64_t until_ns, bool last,
	struct http_page *ret);

#endif
