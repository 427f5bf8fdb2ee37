/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "catalogue/series.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { SERIES_SLOTS = SERIES_MAX * 2, FIRST_SLOTS = 4096 };

int series_init(struct series_set *s)
{
	*s = (struct series_set){.netns_count = 1, .nslots = FIRST_SLOTS};
	int r = intern_init(&s->names, SERIES_MAX);
	if (r == 0)
		r = arena_init(&s->rows, (SERIES_MAX + 1) * sizeof(struct series));
	if (r == 0 && !arena_push(&s->rows, sizeof(struct series)))
		r = -ENOMEM;
	if (r == 0) {
		void *p = mmap(NULL, SERIES_SLOTS * sizeof *s->slots, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p == MAP_FAILED)
			r = -errno;
		else
			s->slots = p;
	}
	if (r < 0)
		series_destroy(s);
	return r;
}

void series_destroy(struct series_set *s)
{
	intern_destroy(&s->names);
	arena_destroy(&s->rows);
	if (s->slots)
		(void)munmap(s->slots, SERIES_SLOTS * sizeof *s->slots);
	s->slots = NULL;
}

const struct series *series_row(const struct series_set *s, uint32_t id)
{
	return (const struct series *)(const void *)s->rows.base + (id <= s->count ? id : 0);
}

static uint32_t *series_slot(
	const struct series_set *s, enum metric m, unsigned netns, uint32_t instance)
{
	uint32_t key[3] = {m, netns, instance};
	uint32_t i = (uint32_t)intern_hash(key, sizeof key) & (s->nslots - 1);
	for (; s->slots[i]; i = (i + 1) & (s->nslots - 1)) {
		const struct series *row = series_row(s, s->slots[i]);
		if (row->metric == m && row->netns == netns && row->instance == instance)
			break;
	}
	return &s->slots[i];
}

uint32_t series_find(const struct series_set *s, enum metric m, unsigned netns, uint32_t instance)
{
	return *series_slot(s, m, netns, instance);
}

/* In place: all series are known, so they are placed anew. */
static void grow(struct series_set *s)
{
	memset(s->slots, 0, s->nslots * sizeof *s->slots);
	s->nslots *= 2;
	for (uint32_t id = 1; id <= s->count; id++) {
		const struct series *row = series_row(s, id);
		*series_slot(s, (enum metric)row->metric, row->netns, row->instance) = id;
	}
}

uint32_t series_id(struct series_set *s, enum metric m, unsigned netns, uint32_t instance)
{
	uint32_t *slot = series_slot(s, m, netns, instance);
	if (*slot)
		return *slot;
	struct series *row = s->count < SERIES_MAX ? arena_push(&s->rows, sizeof *row) : NULL;
	if (!row) {
		s->lost++;
		return SERIES_NONE;
	}
	*row = (struct series){
		.metric = (uint16_t)m, .netns = (uint16_t)netns, .instance = instance};
	uint32_t id = ++s->count;
	*slot = id;
	if (s->count >= s->nslots / 2 && s->nslots < SERIES_SLOTS)
		grow(s);
	if (s->last[m])
		((struct series *)(void *)s->rows.base)[s->last[m]].next = id;
	else
		s->first[m] = id;
	s->last[m] = id;
	return id;
}

const char *series_instance(const struct series_set *s, uint32_t id)
{
	return intern_text(&s->names, series_row(s, id)->instance);
}

const char *series_netns_name(const struct series_set *s, unsigned netns)
{
	return netns == NETNS_HOST || netns >= s->netns_count
		       ? ""
		       : intern_text(&s->names, s->netns[netns].name);
}

int series_netns(struct series_set *s, uint64_t inode, const char *name)
{
	for (unsigned i = 1; i < s->netns_count; i++)
		if (s->netns[i].inode == inode) {
			if (name && *name)
				s->netns[i].name = intern_id(&s->names, name, strlen(name));
			return (int)i;
		}
	if (s->netns_count == NETNS_MAX)
		return -1;
	char text[32];
	if (!name || !*name) {
		(void)snprintf(text, sizeof text, "%" PRIu64, inode);
		name = text;
	}
	unsigned i = s->netns_count++;
	s->netns[i] = (struct netns){inode, intern_id(&s->names, name, strlen(name))};
	return (int)i;
}

bool series_worn_out(const struct series_set *s)
{
	return s->lost || s->count > SERIES_MAX / 2 || s->names.count > SERIES_MAX / 2 ||
	       s->netns_count > NETNS_MAX / 2;
}

static int series_order(const struct series_set *set, uint32_t a, uint32_t b)
{
	const struct series *x = series_row(set, a), *y = series_row(set, b);
	if (x->metric != y->metric)
		return (int)x->metric - (int)y->metric;
	int n = strcmp(series_netns_name(set, x->netns), series_netns_name(set, y->netns));
	return n ? n : strverscmp(series_instance(set, a), series_instance(set, b));
}

static void sift_series(const struct series_set *set, uint32_t *ids, size_t at, size_t n)
{
	uint32_t x = ids[at];
	for (size_t child; (child = at * 2 + 1) < n; at = child) {
		if (child + 1 < n && series_order(set, ids[child], ids[child + 1]) < 0)
			child++;
		if (series_order(set, ids[child], x) <= 0)
			break;
		ids[at] = ids[child];
	}
	ids[at] = x;
}

void series_sort(const struct series_set *set, uint32_t *ids, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sift_series(set, ids, i, n);
	while (n-- > 1) {
		uint32_t x = ids[0];
		ids[0] = ids[n];
		ids[n] = x;
		sift_series(set, ids, 0, n);
	}
}
