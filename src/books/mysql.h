/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* mysql: rows of its answers to lines of a book, apart from asking, so that tests can feed them. */
#ifndef BOOKS_MYSQL_H
#define BOOKS_MYSQL_H

#include "base/num.h"
#include "books/book.h"

enum { MYSQL_COLUMNS = 16, MYSQL_STATUSES = 6 };

/* What its pool is made of, from several rows. */
struct mysql_found {
	uint64_t value[MYSQL_STATUSES], limit, waiting,
		tables; /* waiting: for rows; tables: for tables */
	unsigned seen;
};

/* A row of any of the queries; the first field says which. An empty field is one without a value. False: it is no such row. */
bool mysql_row(const struct scan *field, int n, struct mysql_found *f, struct book *ret);
/* More than three quarters of its connections are taken. */
bool mysql_few_left(const struct mysql_found *f);
/* After the last row. */
void mysql_pool(const struct mysql_found *f, struct book *ret);
/* Of a number of an error. */
enum book_status mysql_refusal(unsigned error);

#endif
