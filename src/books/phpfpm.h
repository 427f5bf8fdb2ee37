/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* phpfpm: bytes to lines of a book, apart from asking, so that tests can feed them. */
#ifndef BOOKS_PHPFPM_H
#define BOOKS_PHPFPM_H

#include "base/num.h"
#include "books/book.h"

enum { PHPFPM_POOLS = 16, PHPFPM_INCLUDES = 8 };

struct phpfpm_pool {
	char name[48], listen[108], status_listen[108], status_path[64], prefix[108];
	uint64_t max_children;
	uint64_t terminate_s; /* request_terminate_timeout, 0 never */
};

struct phpfpm_config {
	int n, current; /* -1: in [global], or nowhere */
	struct phpfpm_pool pool[PHPFPM_POOLS];
	int includes;
	char include[PHPFPM_INCLUDES][160];
};
/* One file, on top of what came before. */
void phpfpm_read_config(struct scan text, struct phpfpm_config *ret);

/* A request for a path with a query. Returns its length, 0 when there is no room. */
size_t fastcgi_request(unsigned char *buf, size_t size, const char *path, const char *query);
/* Joins what the records carry of the answer, at the beginning of the same bytes. 1 when it has ended, 0 when bytes are missing, -1 when these are no
 * records. ret_n: how much text, so far. With join false the bytes stay as they are. */
int fastcgi_answer(char *bytes, size_t n, bool join, size_t *ret_n);

/* The text of the status page, headers included. What has the path of that page is our own request. */
enum book_status phpfpm_parse(struct scan text, const struct phpfpm_pool *p, struct book *ret);

#endif
