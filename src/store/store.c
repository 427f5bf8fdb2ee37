/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/store.h"

#include <errno.h>

int store_init(struct store *s, unsigned samples)
{
	if (samples < 2 || samples >= STORE_MAX)
		return -EINVAL;
	*s = (struct store){.size = samples + 1};
	int r = series_init(&s->series);
	for (unsigned i = 0; r == 0 && i < s->size; i++)
		r = sample_init(&s->ring[i]);
	if (r < 0)
		store_destroy(s);
	return r;
}

void store_destroy(struct store *s)
{
	for (unsigned i = 0; i < s->size; i++)
		sample_destroy(&s->ring[i]);
	series_destroy(&s->series);
}

struct sample *store_slot(struct store *s)
{
	return &s->ring[s->head];
}

void store_commit(struct store *s)
{
	s->head = (s->head + 1) % s->size;
	if (s->count < s->size - 1)
		s->count++;
}

const struct sample *store_newest(const struct store *s, unsigned i)
{
	return i < s->count ? &s->ring[(s->head + s->size - 1 - i) % s->size] : NULL;
}
