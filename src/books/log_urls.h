/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* log_urls: how long each URL usually takes to be answered, out of a server's log. The number of URLs has no bound, since clients make them up: the most frequent
 * ones are kept, a new one takes the place of the least frequent one and inherits its count (so one that is frequent is never lost for good). */
#ifndef BOOKS_LOG_URLS_H
#define BOOKS_LOG_URLS_H

#include "base/num.h"
#include "books/book.h"

enum {
	LOG_URLS = 64,
	LOG_URLS_TOLD = 12,
	LOG_URL_TEXT = 100,
	LOG_URL_STEPS =
		48, /* of a duration: each is 2^(1/2) times the one before, from a millisecond on */
};

struct log_urls {
	struct log_url {
		uint64_t count; /* of its own and of whose place it took */
		uint64_t own;
		uint32_t took[LOG_URL_STEPS];
		char text[LOG_URL_TEXT];
	} rows[LOG_URLS];
	unsigned n;
};

/* A request that was answered well. */
void log_urls_take(struct log_urls *u, struct scan url, uint64_t took_ms);
/* Milliseconds within which nine of ten of them were answered, to the next step; 0: too few to say. */
uint64_t log_url_usual(const struct log_url *r);
/* The most frequent ones, as slots from `first` on: ms= what is usual, bytes= how many there were, text= the URL. */
void log_urls_write(const struct log_urls *u, unsigned first, struct book *ret);

#endif
