/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* log: lines that come again and again; apart from reading, so that tests can feed it. */
#ifndef BOOKS_LOG_H
#define BOOKS_LOG_H

#include "base/num.h"
#include "books/book.h"

enum { LOG_REPEATS = 4096, LOG_PROBES = 8 };

struct log_repeats {
	struct log_repeat {
		uint64_t hash; /* of a line without its numbers; 0: free */
		uint64_t count;
		uint64_t said,
			exact; /* what follows "name[123]: " or the time, numbers included; in how many lines it was that of the line before */
	} rows[LOG_REPEATS];   /* a line that finds no room is not counted */
	uint64_t lines, most, exact; /* exact: of those that came most often */
	char text[200]; /* of the line that came most often, the last time that it did */
};

void log_repeats_take(struct log_repeats *r, struct scan line);
/* Its numbers, and the line as a slot of the process that writes it. */
void log_repeats_write(const struct log_repeats *r, int32_t pid, struct book *ret);

#endif
