/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* intern: strings to small numbers and back, for names that repeat every second (devices, mounts,
 * cgroups, paths). Ids start at 1; 0 is "no name" and stands for the empty string. Nothing is ever
 * forgotten: the caller gives a ceiling, and beyond it intern_id() answers 0, which the caller
 * counts. No heap: table and text live in reserved address space. */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include "base/arena.h"

struct intern {
	struct arena text;
	struct arena offsets; /* uint32_t per id: where its text begins */
	uint32_t *slots; /* grows in reserved address space: a hash touches all pages that it has */
	uint32_t nslots, max_slots; /* powers of two */
	uint32_t count;
};

int intern_init(struct intern *t, uint32_t max_names);
void intern_destroy(struct intern *t);
uint32_t intern_id(struct intern *t, const char *s, size_t n);
/* The id of a string that is known, else 0. */
uint32_t intern_find(const struct intern *t, const char *s, size_t n);
const char *intern_text(const struct intern *t, uint32_t id);
uint64_t intern_hash(const void *bytes, size_t n);

#endif
