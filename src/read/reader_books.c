/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Books of servers (src/books/book.h): in a recorded tree, the files of books/; live, what plimsoll-books sent since the last time. */
#include "read/reader.h"

#include "read/reader_impl.h"

#include <errno.h>
#include <stdio.h>

struct walk {
	struct reader *reader;
	int (*each)(void *ctx, const void *bytes, size_t len);
	void *ctx;
};

static int read_book(void *ctx, const char *name)
{
	struct walk *w = ctx;
	struct reader *r = w->reader;
	char path[96];
	if ((size_t)snprintf(path, sizeof path, "books/%s", name) >= sizeof path)
		return 0;
	ssize_t n = reader_moment_file(r, path, r->dump_buffer, sizeof r->dump_buffer);
	return n > 0 ? w->each(w->ctx, r->dump_buffer, (size_t)n) : 0;
}

int reader_books(struct reader *r, int (*each)(void *ctx, const void *bytes, size_t len), void *ctx)
{
	struct walk w = {r, each, ctx};
	if (!r->replay)
		return -ENOTSUP;
	int n = reader_names(r, "books", read_book, &w);
	return n == -ENOENT ? -ENOTSUP : n;
}
