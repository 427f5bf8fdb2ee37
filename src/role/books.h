/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* books: starts plimsoll-books, which asks servers what they know of themselves, and has the reader talk to it. */
#ifndef ROLE_BOOKS_H
#define ROLE_BOOKS_H

#include "read/reader.h"

/* Does not wait. `stays`: it begins anew when it was killed, which takes one process more and is of no use for some seconds. Before memory is locked: a fork copies what is locked. It ends with us, and when the reader is closed. 0, or -errno: -ENOENT
 * where it is not installed. Then as books_without(). */
int books_start(struct reader *r, bool stays);
/* Gives up what only it needs of a service's capabilities: to become a server's user. */
void books_without(void);
/* When the reader is closed: waits for its end, half a second at most. */
void books_end(void);
/* Says so, once, when it ended for good; it begins anew by itself what it is made of. */
void books_miss(void);

#endif
