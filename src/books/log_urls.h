/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* log_urls: how long each URL usually takes to be answered, out of a server's log, and how long it took at most when all was well. The latter must not be learned of
 * the trouble that it is to show: answers of a time in which somebody waited for a worker are left out (by the caller); of each ten minutes that is taken which two
 * clients had, so that no single one can lengthen it (of a server that has one client only, a proxy, its second longest); and of these lengths the middle one, so
 * that hours of it would be needed. The number of URLs has no bound, since clients make them up: the most frequent
 * ones are kept, a new one takes the place of the least frequent one and inherits its count (so one that is frequent is never lost for good). */
#ifndef BOOKS_LOG_URLS_H
#define BOOKS_LOG_URLS_H

#include "base/num.h"
#include "books/book.h"

enum {
	LOG_URLS = 64,
	LOG_URLS_TOLD = 12,
	LOG_URL_TEXT = 100,
	LOG_URL_SLICES = 16,
	LOG_URL_SLICE_MS = 600 * 1000,
	LOG_URL_STEPS =
		48, /* of a duration: each is 2^(1/2) times the one before, from a millisecond on */
};

/* What was answered in ten minutes. */
struct log_slice {
	uint64_t at; /* number of the slice */
	uint32_t count;
	struct address first; /* who had the longest */
	uint32_t first_ms, again_ms,
		other_ms; /* that; its second longest; the longest of anybody else */
	bool several;
};

struct log_urls {
	struct log_url {
		uint64_t count; /* of its own and of whose place it took */
		uint64_t own;
		uint64_t good; /* answered well, timed or not */
		uint32_t took[LOG_URL_STEPS];
		struct log_slice slice;
		uint32_t longest[LOG_URL_SLICES],
			answers[LOG_URL_SLICES]; /* of the slices before, a ring */
		unsigned nslices;
		char text[LOG_URL_TEXT];
	} rows[LOG_URLS];
	unsigned n;
};

/* A request that was answered well. */
void log_urls_take(struct log_urls *u, struct scan url, uint64_t took_ms);
/* A request that was answered without an error; timed: log_urls_take() counts it, too. */
void log_urls_good(struct log_urls *u, struct scan url, bool timed);
/* Was it answered so before, more than now and then? */
bool log_urls_was_good(const struct log_urls *u, struct scan url);
/* Milliseconds within which nine of ten of them were answered, to the next step; 0: too few to say. */
uint64_t log_url_usual(const struct log_url *r);
/* The same request, ended then, when nobody waited for a worker. Call it behind log_urls_take(). */
void log_urls_well(struct log_urls *u, struct scan url, uint64_t took_ms, uint64_t end_ms,
	const struct address *peer);
/* The longest that is legitimate, milliseconds, and of how many answers it was learned; 0: too few to say. */
uint64_t log_url_longest(const struct log_url *r, uint64_t *ret_answers);
/* The most frequent ones, as slots from `first` on: ms= what is usual, bytes= how many there were, text= the URL; who= usual, and behind these
 * who= longest. */
void log_urls_write(const struct log_urls *u, unsigned first, struct book *ret);

#endif
