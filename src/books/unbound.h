/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* unbound: bytes to lines of a book, apart from asking, so that tests can feed them. */
#ifndef BOOKS_UNBOUND_H
#define BOOKS_UNBOUND_H

#include "base/num.h"
#include "books/book.h"

enum { UNBOUND_INCLUDES = 8 };

struct unbound_config {
	char control[108]; /* unix socket, "" none */
	bool enabled;
	uint64_t queries, tcp, threads; /* as configured: for each thread; 0 not said */
	int includes;
	char include[UNBOUND_INCLUDES][160];
};
/* One file, on top of what came before. */
void unbound_read_config(struct scan text, struct unbound_config *ret);
/* The answer to "stats_noreset". */
bool unbound_parse(struct scan text, const struct unbound_config *c, struct book *ret);

#endif
