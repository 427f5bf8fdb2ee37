/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "books/http_get.h"

#include "books/line.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static struct line line = LINE_NONE;

void http_address(struct http_place *p, const struct address *a, uint16_t port)
{
	char text[INET6_ADDRSTRLEN] = "";
	bool any = true; /* of no family: all zero, too */
	for (size_t i = 0; i < (a->family == AF_INET6 ? 16u : 4u); i++)
		any = any && a->bytes[i] == 0;
	/* Both wildcards hear IPv4, but where a system says otherwise; and "allow 127.0.0.1" is what people write. */
	p->address = any ? (struct address){.family = AF_INET, .bytes = {127, 0, 0, 1}} : *a;
	(void)inet_ntop(p->address.family, p->address.bytes, text, sizeof text);
	(void)snprintf(p->at, sizeof p->at, strchr(text, ':') ? "[%s]:%u" : "%s:%u", text, port);
	p->port = port;
}

static bool connected(const struct http_place *p)
{
	return *p->socket ? line_unix(&line, p->dir_fd, p->socket)
			  : line_tcp(&line, &p->address, p->port);
}

static void begin(uint64_t until_ns)
{
	line_begin(&line);
	line.until_ns = until_ns;
}

void http_get(const struct http_place *p, const char *query, uint64_t until_ns, bool keep,
	struct http_page *ret)
{
	char path[320];
	const char *host = *p->host ? p->host : p->at;
	struct scan body = scan_over("", 0);
	bool kept = line.fd >= 0;
	(void)snprintf(path, sizeof path, "%s%s%s", p->page, *query ? "?" : "", query);
	begin(until_ns);
	uint64_t began_ns = line.began_ns;
	bool there = kept || connected(p);
	bool good = there && line_http(&line, host, path, keep, &body);
	if (!good && kept && line.status == BOOK_DOWN) { /* it did not keep it after all */
		begin(until_ns);
		there = connected(p);
		(void)(there && line_http(&line, host, path, keep, &body));
	}
	if (there && line.status == BOOK_DOWN) /* somebody took the connection and said nothing */
		line.status = BOOK_GARBAGE;
	line_count(0, false);
	line.began_ns = began_ns;
	*ret = (struct http_page){.status = line.status,
		.held_ns = line.holding ? line.held_ns : 0,
		.took_us = line_took_us(&line),
		.text = body.p,
		.n = scan_len(body)};
}

void http_end(void)
{
	line_end(&line);
}

bool http_owes(void)
{
	return line.owed;
}
