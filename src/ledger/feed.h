/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* feed: who is behind a process that writes to a file only what others hand to it: a logger behind a pipe, a syslog daemon. */
#ifndef LEDGER_FEED_H
#define LEDGER_FEED_H

#include "store/view.h"

struct feed {
	const struct usage *from; /* the process whose lines they are */
	const char *how;          /* "99 % of the lines are its", in the view's scratch memory */
	bool piped;               /* by a pipe: its own writes are the lines */
	bool same; /* nearly all lines of the file are one and the same of its, but for the time */
};

/* The one that hands to the writer what grows on the device; false where the writer itself is behind it, or it cannot be told. */
bool feed_of(struct view *v, const struct usage *writer, uint64_t devno, struct feed *ret);
/* The line that a log repeats, as the reader of its end wrote it down (books/log.c), in the view's scratch memory; "" where it did not, or none makes half of
 * them. *ret_share: of all lines. */
const char *feed_line(struct view *v, int32_t writer, double *ret_share);

/* What most lines at the end of this log of the writer are: nine tenths exactly the same, but for the time, and its own; an access log's; anything else, or
 * not known. */
enum feed_lines { FEED_OTHER, FEED_SAME, FEED_REQUESTS };
enum feed_lines feed_lines(struct view *v, const struct usage *writer, const char *path);

#endif
