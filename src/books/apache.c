/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Apache httpd: mod_status. */
#include "books/book.h"

int book_open_apache(struct book_target *t)
{
	(void)t;
	return -2;
}

void book_ask_apache(struct book_target *t, bool full, struct book *ret)
{
	book_server(ret, t, t->program, "", full ? BOOK_FULL : BOOK_CLOSED, 0);
}
