/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* memcached: bytes to lines of a book, apart from asking, so that tests can feed them. */
#ifndef BOOKS_MEMCACHED_H
#define BOOKS_MEMCACHED_H

#include "base/num.h"
#include "books/book.h"

/* The answer to "stats". */
enum book_status memcached_parse(struct scan text, struct book *ret);

#endif
