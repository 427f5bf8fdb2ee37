/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* varnish: bytes to lines of a book, apart from reading them, so that tests can feed them. */
#ifndef BOOKS_VARNISH_H
#define BOOKS_VARNISH_H

#include "base/num.h"
#include "books/book.h"

enum { VARNISH_SEGMENTS = 160, VARNISH_DOCS = 16, VARNISH_SEGMENT = 128 * 1024 };

/* A piece of shared memory, as the index of a process lists it. */
struct varnish_segment {
	char file[64], ident[64];
	uint64_t offset, length, doc_id; /* doc_id: of a description */
	bool doc;
};
/* Text of "_.index": how many of those that are wanted (counters and their descriptions). */
int varnish_index(struct scan text, struct varnish_segment ret[static VARNISH_SEGMENTS]);

/* Of one piece: its head, three words of 8 bytes (ready, where the body begins, number of its description), and the body. */
bool varnish_head(const void *bytes, size_t n, struct scan *ret_body, uint64_t *ret_doc);
struct varnish_found {
	uint64_t uptime, thread_max;
};
/* Counters of one piece by the description of its kind (JSON, as it was parsed). */
bool varnish_counters(
	struct scan ident, void *doc, struct scan body, struct varnish_found *f, struct book *ret);

#endif
