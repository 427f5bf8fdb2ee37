/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Books of servers (src/books/book.h): in a recorded tree, the files of books/; live, what plimsoll-books sent since the last time. */
#include "read/reader.h"

#include "base/num.h"
#include "books/wanted.h"
#include "read/reader_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

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

/* ---- live ---- */

void reader_books_take(struct reader *r, int socket)
{
	attr_close_fd(&r->books_fd);
	r->books_fd = socket;
}

bool reader_books_there(const struct reader *r)
{
	return r->books_fd >= 0;
}

int reader_books_tell(struct reader *r, const void *bytes, size_t len)
{
	int e = reader_may();
	if (r->books_fd < 0)
		return -ENOTCONN;
	if (e < 0)
		return e;
	return send(r->books_fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* As books/KIND.PID; the pid is the number after " pid=" of the first line. */
static void keep_book(struct reader *r, const char *text, size_t n)
{
	char path[64], kind[16];
	struct scan s = scan_over(text, n), line, word;
	uint64_t pid = 0;
	kind[0] = '\0';
	if (r->record_moment_fd < 0 || !scan_line(&s, &line))
		return;
	for (unsigned i = 0; scan_word(&line, &word); i++) {
		if (i == 1 && scan_len(word) < sizeof kind)
			(void)snprintf(kind, sizeof kind, "%.*s", (int)scan_len(word), word.p);
		if (scan_starts(word, "pid=")) {
			word.p += 4;
			(void)scan_u64(&word, &pid);
		}
	}
	if (!*kind || strspn(kind, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(kind))
		return;
	(void)snprintf(path, sizeof path, "books/%s.%u", kind, (unsigned)pid);
	reader_record(r, true, path, text, n, false);
}

static int receive(
	struct reader *r, int (*each)(void *ctx, const void *bytes, size_t len), void *ctx)
{
	for (unsigned i = 0; i < BOOK_SERVERS; i++) {
		int e = reader_may();
		ssize_t n = e < 0 ? e
				  : recv(r->books_fd, r->dump_buffer, sizeof r->dump_buffer,
					    MSG_DONTWAIT);
		if (e == 0 && n < 0)
			n = -errno;
		if (n == -EAGAIN || n == -EINTR)
			return 0;
		if (n <= 0)
			return n < 0 ? (int)n : -EPIPE; /* it ended */
		keep_book(r, (const char *)r->dump_buffer, (size_t)n);
		int stop = each(ctx, r->dump_buffer, (size_t)n);
		if (stop)
			return stop < 0 ? stop : 0;
	}
	return 0;
}

int reader_books(struct reader *r, int (*each)(void *ctx, const void *bytes, size_t len), void *ctx)
{
	struct walk w = {r, each, ctx};
	if (!r->replay)
		return r->books_fd < 0 ? -ENOTSUP : receive(r, each, ctx);
	int n = reader_names(r, "books", read_book, &w);
	return n == -ENOENT ? -ENOTSUP : n;
}
