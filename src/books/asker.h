/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* asker: the process that reads one server's book (decision 0012). Over its socket, which keeps messages apart, it says once what its looking for
 * where to ask came to (an int: 0 or a negative errno); then it is told to ask by one of these bytes, and answers with a book. */
#ifndef BOOKS_ASKER_H
#define BOOKS_ASKER_H

#include "books/wanted.h"

enum {
	ASK_NOW = '0',
	ASK_FULL = 1,
	ASK_FULL_UNIX = 2
}; /* the latter are added: as in struct book_wanted */

/* For a child that was just forked: gives up its rights and never returns. socket is its only way out. */
_Noreturn void asker_run(const struct book_wanted *w, int socket);

/* What the user and group of the server is: of its worker, else the socket's owner, else nobody. */
void asker_user(const struct book_wanted *w, uid_t *ret_uid, gid_t *ret_gid);

#endif
