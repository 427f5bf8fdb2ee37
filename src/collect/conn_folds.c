/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "collect/conn_folds.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/socket.h>

struct conn_folds {
	uint32_t high; /* those beyond were never used, and take no memory */
	struct conn_fold fold[CONN_FOLDS];
};

int conn_folds_init(struct conn_folds **ret)
{
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

void conn_folds_destroy(struct conn_folds *f)
{
	free(f);
}

void conn_folds_forget(struct conn_folds *f, uint16_t netns)
{
	for (uint32_t i = 0; i < f->high; i++)
		if (f->fold[i].netns == netns)
			f->fold[i].used = false;
}

static struct conn_fold *spread_of(struct conn_folds *f, uint16_t netns)
{
	for (uint32_t i = 0; i < f->high; i++)
		if (f->fold[i].used && f->fold[i].spread && f->fold[i].netns == netns)
			return &f->fold[i];
	return NULL;
}

bool conn_folds_begin(struct conn_folds *f, uint16_t netns)
{
	for (uint32_t i = 0; i < f->high; i++)
		if (f->fold[i].netns == netns)
			f->fold[i].seen = false;
	struct conn_fold *s = spread_of(f, netns);
	if (s)
		conn_fold_begin(s);
	return s != NULL;
}

struct conn_fold *conn_folds_find(
	struct conn_folds *f, uint16_t netns, const struct conn_service *key)
{
	for (uint32_t i = 0; i < f->high; i++) {
		struct conn_fold *o = &f->fold[i];
		if (o->used && !o->spread && o->netns == netns && o->key.port == key->port &&
			o->key.outgoing == key->outgoing &&
			address_equal(&o->key.local, &key->local))
			return o;
	}
	return NULL;
}

struct conn_fold *conn_folds_add(
	struct conn_folds *f, uint16_t netns, const struct conn_service *key)
{
	uint32_t i = 0;
	while (i < f->high && f->fold[i].used)
		i++;
	if (i == CONN_FOLDS)
		return NULL;
	f->high = i < f->high ? f->high : i + 1;
	f->fold[i] = (struct conn_fold){.key = *key, .netns = netns, .used = true, .seen = true};
	return &f->fold[i];
}

void conn_folds_spread(struct conn_folds *f, uint16_t netns)
{
	const struct conn_service none = {0};
	conn_folds_forget(f, netns);
	struct conn_fold *s = conn_folds_add(f, netns, &none);
	if (s)
		s->spread = true;
}

static void set_bit(struct conn_fold *f, uint32_t hash)
{
	hash = (hash ^ hash >> 15) * 0x9e3779b1u;
	hash >>= 20;
	static_assert(CONN_BITS == 1 << 12, "as many bits as are left of the hash");
	f->bits[hash / 8] |= (uint8_t)(1u << hash % 8);
}

void conn_folds_note(struct conn_folds *f, uint16_t netns, uint32_t service)
{
	struct conn_fold *s = spread_of(f, netns);
	if (s)
		set_bit(s, service);
}

/* Linear counting (Whang and others, 1990). */
static double told_apart(const struct conn_fold *f)
{
	unsigned clear = 0;
	for (size_t i = 0; i < sizeof f->bits; i++)
		clear += 8u - (unsigned)__builtin_popcount(f->bits[i]);
	return clear ? -CONN_BITS * log((double)clear / CONN_BITS) : HUGE_VAL;
}

static void end_fold(struct conn_fold *f, double *rows, uint32_t bound)
{
	for (uint32_t i = 0; i < CONN_SINGLES; i++)
		if (f->count[i])
			(void)conn_fold_keep(f, &f->heavy[i]);
	double finer = told_apart(f);
	if (finer * 4 > bound || (*rows + finer) * 2 > bound)
		return;
	*rows += finer;
	f->used = !f->spread && f->level > 1;
	f->level--;
}

void conn_folds_end(struct conn_folds *f, uint16_t netns, uint32_t rows, uint32_t bound)
{
	double left = rows;
	for (uint32_t i = 0; i < f->high; i++) {
		struct conn_fold *o = &f->fold[i];
		if (!o->used || o->netns != netns)
			continue;
		if (!o->seen)
			o->used = false;
		else
			end_fold(o, &left, bound);
	}
}

void conn_fold_begin(struct conn_fold *f)
{
	f->seen = true;
	memset(f->count, 0, sizeof f->count);
	memset(f->bits, 0, sizeof f->bits);
}

bool conn_fold_deeper(struct conn_fold *f)
{
	if (f->level >= 2)
		return false;
	f->level++;
	memset(f->bits, 0, sizeof f->bits);
	return true;
}

bool conn_fold_keep(struct conn_fold *f, const struct address *peer)
{
	for (uint32_t i = 0; i < f->nsingle; i++)
		if (address_equal(&f->single[i], peer))
			return true;
	if (f->nsingle == CONN_SINGLES)
		return false;
	f->single[f->nsingle++] = *peer;
	return true;
}

static uint32_t hash_of(const struct address *a)
{
	uint32_t h = a->family, word[ADDR_BYTES / 4];
	memcpy(word, a->bytes, sizeof word);
	for (size_t i = 0; i < ADDR_BYTES / 4; i++) {
		h = (h ^ word[i]) * 0x85ebca6bu;
		h ^= h >> 13;
	}
	return h;
}

void conn_fold_count(struct conn_fold *f, const struct address *peer, uint32_t n)
{
	uint32_t h = hash_of(peer), least = UINT32_MAX, free_at = CONN_SINGLES;
	for (uint32_t i = 0; i < CONN_SINGLES; i++)
		if (f->hash[i] == h && f->count[i] && address_equal(&f->heavy[i], peer)) {
			f->count[i] += n;
			return;
		}
	for (uint32_t i = 0; i < CONN_SINGLES; i++) {
		least = f->count[i] < least ? f->count[i] : least;
		if (f->count[i] == 0 && free_at == CONN_SINGLES)
			free_at = i;
	}
	uint32_t down = n < least ? n : least;
	for (uint32_t i = 0; down && i < CONN_SINGLES; i++) {
		f->count[i] -= down;
		if (f->count[i] == 0 && free_at == CONN_SINGLES)
			free_at = i;
	}
	if (n == down || free_at == CONN_SINGLES)
		return;
	f->hash[free_at] = h;
	f->heavy[free_at] = *peer;
	f->count[free_at] = n - down;
}

void conn_fold_note(struct conn_fold *f, const struct address *peer)
{
	struct address finer = *peer;
	(void)conn_fold_mask(&finer, f->level - 1u);
	set_bit(f, hash_of(&finer));
}

unsigned conn_fold_mask(struct address *a, unsigned level)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	size_t first = 0, length = 4, network = 3;
	if (a->family == AF_INET6 && memcmp(a->bytes, mapped, sizeof mapped) == 0) {
		first = 12;
	} else if (a->family == AF_INET6) {
		length = 16;
		network = 8;
	}
	if (level == 0)
		return 0;
	size_t kept = level == 1 ? network : 0;
	memset(a->bytes + first + kept, 0, length - kept);
	return (unsigned)(length - kept) * 8;
}
