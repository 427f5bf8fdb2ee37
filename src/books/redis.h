/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* redis: bytes to lines of a book, apart from asking, so that tests can feed them. */
#ifndef BOOKS_REDIS_H
#define BOOKS_REDIS_H

#include "base/num.h"
#include "books/book.h"

/* One answer of its protocol (RESP 2). */
struct redis_reply {
	char type;        /* '+' '-' ':' '$' '*' */
	struct scan text; /* of '+', '-' and '$'; of '*' its members, one after the other */
	int64_t number;   /* of ':'; of '*' how many members; -1 where there is nothing ("$-1") */
};
/* Takes one off: 1, 0 when bytes are missing, -1 when this is something else. */
int redis_reply(struct scan *s, struct redis_reply *ret);

struct redis_config {
	char password[128], path[108];
	uint16_t port, tls_port;
};
void redis_read_config(struct scan text, struct redis_config *ret);

/* Text of INFO. False: it is none. ret_clients: how many are connected. have_maxclients: as CONFIG tells, or 0; INFO tells it since 7.0. */
bool redis_parse_info(
	struct scan text, uint64_t maxclients, struct book *ret, uint64_t *ret_clients);
/* Text of CLIENT LIST, and the members of SLOWLOG GET. */
void redis_parse_clients(struct scan text, struct book *ret);
void redis_parse_slow(struct redis_reply list, uint64_t now_s, struct book *ret);

#endif
