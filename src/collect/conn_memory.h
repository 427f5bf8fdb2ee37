/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* conn_memory: what each connection had moved when it was last seen, so that what it moved since can be added to a sum that does
 * not fall when the connection goes.
 *
 * 24 bytes a connection, found by its cookie, which the kernel never gives twice. The table doubles and halves as needed between
 * two reserved regions and takes no memory from the heap. Beyond its ceiling connections are not remembered, and what they move is
 * not counted; `refused` says so. */
#ifndef COLLECT_CONN_MEMORY_H
#define COLLECT_CONN_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn_moved {
	uint64_t out, in; /* bytes */
	uint32_t retransmits;
	bool known; /* of what was moved since: the connection was there at the last count */
};

struct conn_seen;

struct conn_memory {
	struct conn_seen *region[2];
	unsigned current;
	size_t slots, count; /* slots: a power of two, or 0 before the first use */
	bool refused;        /* one found no room since the last ageing */
	bool blind;          /* and so one that is new to us may be old */
};

/* Reserves address space. Returns 0 or -errno. */
int conn_memory_init(struct conn_memory *m);
void conn_memory_destroy(struct conn_memory *m);

/* What the connection moved since it was last seen: all that it ever moved when it is new. `now` is its present state, `sweep` the
 * number of the count that is under way. False: it was seen in this count already, and is not to be counted again. */
bool conn_memory_note(struct conn_memory *m, uint64_t cookie, uint16_t sweep,
	const struct conn_moved *now, struct conn_moved *ret_since);

/* Forgets connections that were not seen between the last three calls: one that moved within the kernel's table while it was
 * counted can be missed once. To be called when every namespace was counted since the last call. */
void conn_memory_age(struct conn_memory *m);

#endif
