/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "base/intern.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum { FIRST_SLOTS = 1024 };

uint64_t intern_hash(const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a, then a finaliser so that the low bits are worth
					     masking */
	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	return h ^ (h >> 32);
}

int intern_init(struct intern *t, uint32_t max_names)
{
	*t = (struct intern){.max_slots = 16};
	while (t->max_slots < max_names * 2)
		t->max_slots *= 2;
	t->nslots = t->max_slots < FIRST_SLOTS ? t->max_slots : FIRST_SLOTS;
	void *p = mmap(NULL, t->max_slots * sizeof *t->slots, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	t->slots = p;
	int r = arena_init(&t->text, (size_t)max_names * 128);
	if (r == 0)
		r = arena_init(&t->offsets, ((size_t)max_names + 1) * sizeof(uint32_t));
	if (r == 0 && (!arena_push(&t->offsets, sizeof(uint32_t)) || !arena_push(&t->text, 1)))
		r = -ENOMEM;
	if (r < 0)
		intern_destroy(t);
	return r;
}

void intern_destroy(struct intern *t)
{
	if (t->slots)
		(void)munmap(t->slots, t->max_slots * sizeof *t->slots);
	arena_destroy(&t->text);
	arena_destroy(&t->offsets);
	*t = (struct intern){0};
}

const char *intern_text(const struct intern *t, uint32_t id)
{
	if (id == 0 || id > t->count)
		return "";
	uint32_t at = ((const uint32_t *)(const void *)t->offsets.base)[id];
	return (const char *)t->text.base + at;
}

/* Where the string is, or where it would be. */
static uint32_t slot_of(const struct intern *t, const char *s, size_t n)
{
	uint32_t mask = t->nslots - 1;
	uint32_t i = (uint32_t)intern_hash(s, n) & mask;
	for (; t->slots[i]; i = (i + 1) & mask) {
		const char *known = intern_text(t, t->slots[i]);
		if (strncmp(known, s, n) == 0 && known[n] == '\0')
			break;
	}
	return i;
}

uint32_t intern_find(const struct intern *t, const char *s, size_t n)
{
	return n ? t->slots[slot_of(t, s, n)] : 0;
}

/* In place: all names are known, so they are placed anew. */
static void grow(struct intern *t)
{
	memset(t->slots, 0, t->nslots * sizeof *t->slots);
	t->nslots *= 2;
	for (uint32_t id = 1; id <= t->count; id++) {
		const char *s = intern_text(t, id);
		t->slots[slot_of(t, s, strlen(s))] = id;
	}
}

uint32_t intern_id(struct intern *t, const char *s, size_t n)
{
	if (n == 0)
		return 0;
	uint32_t i = slot_of(t, s, n);
	if (t->slots[i])
		return t->slots[i];
	if (t->count + 1 >= t->max_slots / 2)
		return 0;
	if (t->count + 1 >= t->nslots / 2) {
		grow(t);
		i = slot_of(t, s, n);
	}
	uint32_t at = (uint32_t)t->text.used;
	arena_strn(&t->text, s, n);
	uint32_t *off = arena_push(&t->offsets, sizeof *off);
	if (t->text.overflowed || !off)
		return 0;
	*off = at;
	t->slots[i] = ++t->count;
	return t->count;
}
