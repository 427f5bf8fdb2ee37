/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* bind: bytes to lines of a book, apart from asking, so that tests can feed them. */
#ifndef BOOKS_BIND_H
#define BOOKS_BIND_H

#include "base/num.h"
#include "books/book.h"

enum { BIND_INCLUDES = 16 };

struct bind_config {
	struct address address; /* of the statistics channel; port 0: none */
	uint16_t port;
	uint64_t recursive, tcp; /* recursive-clients, tcp-clients; 0 not said */
	int includes;
	char include[BIND_INCLUDES][160];
};
/* One file, on top of what came before. */
void bind_read_config(struct scan text, struct bind_config *ret);
/* JSON of /json/v1/server. */
bool bind_parse(struct scan text, const struct bind_config *c, struct book *ret);

#endif
