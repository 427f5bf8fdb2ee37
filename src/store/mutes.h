/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* mutes: troubles that somebody knows of and does not want to be told of for a while, in a small text file beside the recording: one
 * a line, with an end and a reason. Whoever may write the store may write it; it is replaced as a whole, so a reader sees the old one or the
 * new one. */
#ifndef STORE_MUTES_H
#define STORE_MUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MUTES_MAX = 256, MUTE_WHAT = 160, MUTE_BY = 64, MUTE_REASON = 256 };

struct mute {
	char what[MUTE_WHAT];       /* id of a finding, name of a rule, or a glob over resources */
	uint64_t from_ns, until_ns; /* since 1970 */
	char by[MUTE_BY];           /* "" when not said */
	char reason[MUTE_REASON];
};

struct mutes {
	struct mute rows[MUTES_MAX];
	size_t count;
};

/* Of a store that has none, and of a recording file: an empty list. Lines that are not understood are left out, and counted in
 * *ret_bad (may be NULL). 0, or -errno when the file is there and cannot be read. */
int mutes_load(const char *store, struct mutes *ret, unsigned *ret_bad);

/* Changes the list of a store under a lock: each() gets the present one and answers whether to write it back. 0, -errno, or what
 * each() answers below 0. */
int mutes_change(const char *store, int (*each)(void *ctx, struct mutes *m), void *ctx);

/* Can it stand in the file: no control characters, valid UTF-8, short enough for `size` bytes with NUL? */
bool mute_text_good(const char *text, size_t size);

/* Takes out those that ended before now, and calls each() for them. Returns how many. */
size_t mutes_drop_ended(struct mutes *m, uint64_t now_ns,
	void (*each)(void *ctx, const struct mute *gone), void *ctx);

/* The first row that is in force at this time and fits a finding; NULL: none. class: of the resource, without instance. */
const struct mute *mutes_find(const struct mutes *m, uint64_t at_ns, const char *id,
	const char *rule, const char *resource, const char *class);
/* The same of all of a time: the last of those that are in force one after the other without a gap; NULL when at some moment none is. */
const struct mute *mutes_cover(const struct mutes *m, uint64_t from_ns, uint64_t to_ns,
	const char *id, const char *rule, const char *resource, const char *class);

#endif
