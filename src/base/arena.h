/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* arena: memory that grows by touching it, never by asking for it.
 *
 * A recorder must live through the memory shortage it records, so nothing on the one-second path
 * calls malloc. An arena reserves address space up to its ceiling when it is created (PROT_NONE:
 * costs nothing and is not charged, even under strict overcommit) and makes it writable in steps as
 * it fills. Reset keeps what was made writable. Running into the ceiling is sticky: the allocation
 * answers NULL, `overflowed` stays set until the next reset, and the one who fills the arena says
 * so in the sample instead of dying. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

struct arena {
	unsigned char *base;
	size_t used;
	size_t writable;
	size_t ceiling;
	bool overflowed;
};

/* Reserves `ceiling` bytes of address space. Returns 0 or -errno. */
int arena_init(struct arena *a, size_t ceiling);
void arena_destroy(struct arena *a);
void arena_reset(struct arena *a);

/* Returns n bytes (zeroed) aligned to 16, or NULL with a->overflowed set. */
void *arena_alloc(struct arena *a, size_t n);
/* As arena_alloc, but packed right behind the previous piece: for arenas that hold one array of
 * equal rows. */
void *arena_push(struct arena *a, size_t n);

/* Pages of anonymous memory that read as zeros from now on; what they took is given back where the kernel lets us (before 5.18 not when
 * memory is locked). */
void arena_give_back(void *pages, size_t n);

/* Resets it and gives back what it took, for one that was much larger than it will be for a while. */
void arena_empty(struct arena *a);

/* Text in the arena; on overflow the static string "" is returned, never NULL. */
char *arena_strn(struct arena *a, const char *s, size_t n);
char *arena_str(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);

#endif
