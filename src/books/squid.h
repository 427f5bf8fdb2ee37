/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* squid: bytes to lines of a book, apart from asking, so that tests can feed them. */
#ifndef BOOKS_SQUID_H
#define BOOKS_SQUID_H

#include "base/num.h"
#include "books/book.h"

/* The page "info" of the cache manager. */
bool squid_parse(struct scan text, struct book *ret);

#endif
