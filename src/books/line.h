/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* line: a connection to a server that is asked: non-blocking, with one deadline for all of an asking and a ceiling of bytes. The first
 * thing that goes wrong sets `status`, and every further call fails at once. A process has one answer buffer (BOOK_ANSWER), so one line at a time.
 *
 * A server in trouble is to get no more of it from us. What did not answer in time still owes that answer: the connection stays, nothing else is sent, and the
 * next asking only looks whether it came. A line that had to be given up all the same is not begun anew at once, but later, and later each time. */
#ifndef BOOKS_LINE_H
#define BOOKS_LINE_H

#include "base/num.h"
#include "books/book.h"

struct line {
	int fd; /* -1: not connected. It may stay open from one asking to the next */
	uint64_t began_ns, until_ns;
	enum book_status status;
	char *bytes; /* what was received since line_send(), NUL after it */
	size_t n;
	bool ended; /* the other end has closed */
	bool owed; /* the answer to what was sent may come yet: it is received before anything is sent */
	bool full; /* see line_spare() */
	/* Since it was given up: */
	unsigned holds;
	uint64_t hold_until_ns, held_ns;
	enum book_status held;
	bool holding; /* this asking is none: the status is that of the last one */
};

/* Whether bytes are a whole answer. */
typedef bool line_enough(const char *bytes, size_t n, void *ctx);

/* Before the first use of a line; line_begin() then begins an asking: the clock runs, an open connection stays. */
#define LINE_NONE ((struct line){.fd = -1})
void line_begin(struct line *l);
/* For who would take a worker of a server that has connections waiting: whether it is not to be asked (BOOK_FULL). What it owes is received even so. */
bool line_spare(struct line *l, bool full);
/* False while it is not to be begun anew; a connection is not made then. */
bool line_may_ask(struct line *l);

/* Both return whether it is connected. dir_fd: the folder of the socket (conf_socket()). The wildcard stands for loopback. */
bool line_unix(struct line *l, int dir_fd, const char *name);
bool line_tcp(struct line *l, const struct address *a, uint16_t port);

/* Not while something is owed. */
bool line_send(struct line *l, const void *bytes, size_t n);
/* Receives until enough() says so; NULL: until the other end closes, which is an end for enough() too when there are bytes. False: no whole answer, see
 * status; with no byte of it the line stays open, and owes it. */
bool line_receive(struct line *l, line_enough *enough, void *ctx);
/* GET by HTTP/1.0 on a line that is connected, or the answer to the last one, which is owed; the server closes. keep: unless it agrees to keep the connection for one more. ret_body lies in the bytes of the
 * line, a NUL after it. 401, 403 and 407 are BOOK_DENIED, 404 and where it leads elsewhere BOOK_CLOSED, all else but a whole 200 BOOK_GARBAGE. */
bool line_http(
	struct line *l, const char *host, const char *path, bool keep, struct scan *ret_body);
/* The number of a status line's code and the body behind its head; 0: these are none. */
int line_http_answer(struct scan text, struct scan *ret_body);
void line_close(struct line *l);
/* The end of an asking by who keeps no connection: closes, unless an answer is owed. */
void line_end(struct line *l);
/* Something else was answered, or denied ...: closes. BOOK_HUNG, BOOK_SLOW: it is not begun anew at once. Returns false. */
bool line_fail(struct line *l, enum book_status status);
/* The time is up, and the connection stays, which owes the answer or the rest of it; also for a library's. Returns false. */
bool line_late(struct line *l);

/* For a library that has failed: more came than is read, the time was up, or otherwise what it says itself. Closes. Returns false. */
bool line_fail_library(struct line *l, enum book_status otherwise);
/* recv.c: from now until then bytes are counted, and bounded; 0: no more. anew: they are those of another answer. */
void line_count(uint64_t until, bool anew);
size_t line_received(void);

int line_left_ms(const struct line *l);
uint64_t line_took_us(const struct line *l);
/* Waits for the descriptor of a library's connection: 1 ready, 0 the time is up. */
int line_wait(const struct line *l, int fd, short events);

/* The book of an asking: the line of the server, then what was found, if anything. */
void line_book(struct line *l, struct book *ret, struct book_target *t, const char *name,
	const char *source, const struct book *found);

/* "address:port" or the path of the socket, for `source`. Returns buf. */
char *line_source(char *buf, size_t size, const struct address *a, uint16_t port, const char *path);

/* A word for a line of a book, out of a piece of an answer. */
char *line_word(char *buf, size_t size, struct scan piece);
#define WORD(piece) line_word((char[384]){0}, 384, (piece))

/* All of a whole word, or false. */
bool line_number(struct scan word, uint64_t *ret);

/* A number that a server tells, and what the book calls it. Rows without that come first: they are fields of a pool, and kept for it. */
struct line_wanted {
	const char *name, *number;
};
/* A name and value of an answer, to a field of pool (bit N of *seen: row N was there) or a line of the book. Most are not wanted. */
void line_wanted_take(const struct line_wanted *rows, size_t n, struct scan name, struct scan value,
	uint64_t *pool, unsigned *seen, struct book *ret);

#endif
