/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* tail: what was added to a file since it was looked at last; of much only the end. The descriptor is opened while the reader may (open() of a kind) and
 * read when it has no rights any more: what takes the file's place after that is not seen, but that something did. */
#ifndef BOOKS_TAIL_H
#define BOOKS_TAIL_H

#include "base/num.h"

#include <sys/types.h>

enum {
	TAIL_STEP = 256 * 1024, /* bytes at one look */
	TAIL_LINE = 16 * 1024,  /* a longer line is left out */
};

struct tail {
	int fd;
	off_t at;
	bool inside;                   /* at is inside a line, whose rest is passed over */
	bool old;                      /* what is read was there before we came */
	uint64_t passed;               /* bytes that were not read, as there were too many */
	int64_t changed_s, changed_ns; /* ctime */
	bool moved;                    /* the file has another name, or none: its place is taken */
};

/* Takes the descriptor of a regular file; begins before its end. Returns 0 or -EINVAL, and then the descriptor stays the caller's. */
int tail_begin(struct tail *t, int fd);
/* Calls each() for every whole line that was added, at most TAIL_STEP bytes of them, the newest ones; stops at until_ns (monotonic) or when each() says
 * false. */
void tail_read(
	struct tail *t, uint64_t until_ns, bool (*each)(void *ctx, struct scan line), void *ctx);
void tail_end(struct tail *t);

#endif
