/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* store: the samples of the last moments, in memory. The only door between the machine and the
 * diagnosis: what stands to the right of it reads through store/view.h and cannot tell a live host
 * from a recording. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "catalogue/sample.h"

enum { STORE_MAX = 128 };

struct store {
	struct series_set series;
	struct sample ring[STORE_MAX];
	unsigned size;  /* samples kept */
	unsigned head;  /* slot of the next one */
	unsigned count; /* committed ones, at most size - 1: one slot is always being filled */
};

/* Room for `samples` committed samples (2 to STORE_MAX - 1). Returns 0 or -errno. */
int store_init(struct store *s, unsigned samples);
void store_destroy(struct store *s);
/* The slot to fill; it becomes the newest sample by store_commit(), and is filled again if that is
 * not called. */
struct sample *store_slot(struct store *s);
void store_commit(struct store *s);
/* The i-th newest committed sample (0: the newest), or NULL. */
const struct sample *store_newest(const struct store *s, unsigned i);

#endif
