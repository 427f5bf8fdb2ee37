/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* collect: what one collector is, and what it may do.
 *
 * A collector is a pure function from the bytes of one file to values of series: no opening, no
 * clock, no log, no global. It answers 0, or -EBADMSG when it understood nothing (the engine then
 * records a gap). A line it does not know is skipped: kernels add fields. A line that is cut or out
 * of range gives no value for what it would have said. */
#ifndef COLLECT_COLLECT_H
#define COLLECT_COLLECT_H

#include "base/num.h"
#include "catalogue/sample.h"

struct out {
	struct sample *sample;
	struct series_set *series;
	unsigned netns;
};

/* Interned instance of a label ("sda", "/var"). */
uint32_t out_instance(const struct out *o, struct scan name);
void out_value(const struct out *o, enum metric m, uint32_t instance, uint64_t v);
/* Adds to what this sample has of it already. */
void out_add(const struct out *o, enum metric m, uint32_t instance, uint64_t v);
/* Text about the machine; replaces what was known under this key, which is a static string. */
void out_fact(const struct out *o, const char *key, struct scan value);
static inline void out_plain(const struct out *o, enum metric m, uint64_t v)
{
	out_value(o, m, 0, v);
}

typedef int collect_fn(struct scan bytes, const struct out *o);
#define COLLECTOR(name, scope, every, size, absent, path, hides) collect_fn collect_##name;
#include "catalogue/collectors.def"
#undef COLLECTOR

collect_fn *collector_fn(enum collector_id c);

/* The same for a file that there is for each of several things; `instance` is the thing's name. */
typedef int folder_fn(struct scan bytes, const struct out *o, uint32_t instance);
#define FOLDER(name, dir, prefix, file, every, size, hides) folder_fn folder_##name;
#include "catalogue/folders.def"
#undef FOLDER

folder_fn *folder_function(enum folder_id f);

/* A server's book (books/book.h): rows of the server, its pools, slots and numbers; they take the place of those that the sample has of it. Names
 * that were not known before are taken as long as *names_left lasts. 0, or -EBADMSG: no book, or of no process that is there. */
int collect_book(struct scan bytes, const struct out *o, uint32_t *names_left);

/* "Name:   123 kB" or "name 123": stores the value of each line whose first word is in the table.
 * Returns how many were found. */
struct keyed {
	const char *key;
	enum metric metric;
};
unsigned collect_keyed(struct scan bytes, const struct out *o, const struct keyed *keys, size_t n);

#endif
