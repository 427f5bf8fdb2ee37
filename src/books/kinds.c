/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The kinds of servers with their functions: only plimsoll-books has them. */
#include "books/book.h"

#include <string.h>

const struct book_kind book_kinds[] = {
#define BOOK(id, name, programs, called) {name, programs, called, book_open_##id, book_ask_##id},
#include "books/books.def"
#undef BOOK
	{0}};

const struct book_kind *book_kind_named(const char *name)
{
	for (const struct book_kind *k = book_kinds; k->name; k++)
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}
