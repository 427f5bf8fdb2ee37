/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* postgres: rows of its answers to lines of a book, apart from asking, so that tests can feed them. */
#ifndef BOOKS_POSTGRES_H
#define BOOKS_POSTGRES_H

#include "base/num.h"
#include "books/book.h"

enum { POSTGRES_COLUMNS = 16 };

/* One row of any of the queries; the first field says which. An empty field is one without a value. False: it is no such row. */
bool postgres_row(const struct scan *field, int n, struct book *ret);
/* SQLSTATE and words of a message of libpq at PQERRORS_VERBOSE. */
enum book_status postgres_refusal(const char *message);
/* Text of postmaster.pid. */
bool postgres_read_pid_file(struct scan text, uint16_t *ret_port, char *dir, size_t size);
/* Text of postgresql.conf: how many that are no superuser may connect; 0 not said. */
uint64_t postgres_read_config(struct scan text);

#endif
