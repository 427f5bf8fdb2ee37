/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* haproxy: bytes to lines of a book, apart from asking, so that tests can feed them. */
#ifndef BOOKS_HAPROXY_H
#define BOOKS_HAPROXY_H

#include "base/num.h"
#include "books/book.h"

enum { HAPROXY_TIMEOUTS = 48, HAPROXY_REMOVED = 8 };

/* What is read of its configuration. */
struct haproxy_config {
	char socket[128]; /* of "stats socket": a path, or ADDRESS:PORT; "" none */
	bool tcp;
	uint64_t maxconn; /* of "global", 0 not set */
	int n;
	struct haproxy_timeout {
		char name[64]; /* "timeout.client.ms/www" */
		uint64_t ms;
	} timeout[HAPROXY_TIMEOUTS];
	int nremoved;
	char removed
		[HAPROXY_REMOVED]
		[48]; /* frontends and backends that take the header "Upgrade" out of requests */
};

/* One file; what follows is read on top of what came before. */
struct haproxy_defaults {
	uint64_t ms[6]; /* by kind of timeout, 0 not set */
	char section;   /* 'g'lobal, 'd'efaults, 'p'roxy, 0 something else */
	char name[48];
	uint64_t own[6];
};
void haproxy_read_config(struct scan text, struct haproxy_defaults *d, struct haproxy_config *ret);

/* The answer to "show info;show stat". False: it is none. */
bool haproxy_parse(struct scan text, struct book *ret);

#endif
