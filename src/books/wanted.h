/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* wanted: which servers are to be asked, as the recorder tells plimsoll-books: one message over a socket that keeps messages apart
 * (SOCK_SEQPACKET), always the whole list. The other way go books (books/book.h), a message each. Both programs are of one version. */
#ifndef BOOKS_WANTED_H
#define BOOKS_WANTED_H

#include "catalogue/sample.h"

enum { BOOK_SERVERS = 64, BOOKS_FD = 3, BOOKS_MAGIC = 0x504c4231 };

struct book_wanted {
	int32_t pid;    /* the server's first process */
	int32_t worker; /* one of its processes that is not root's, or the first one */
	uint64_t
		start_ticks; /* of the first one, so that another of its number is another server */
	uint64_t netns;      /* inode of the namespace that it listens in */
	uint32_t uid;        /* whose the listening socket is */
	struct address address; /* family 0: no TCP */
	uint16_t port;
	bool full; /* connections wait that it does not accept: by TCP; by unix sockets, of a server without TCP */
	bool full_unix; /* the same, by unix sockets, of any */
	char kind[16];  /* of books.def */
	char program[16];
	char path[108]; /* unix socket that it listens on, or "" */
};

struct books_wanted {
	uint32_t magic, count;
	struct book_wanted rows[BOOK_SERVERS];
};

/* Bytes of a message with so many rows. */
static inline size_t books_wanted_size(uint32_t count)
{
	return offsetof(struct books_wanted, rows) + count * sizeof(struct book_wanted);
}

#endif
