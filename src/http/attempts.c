/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/attempts.h"

#include "http/secret.h"

#include <string.h>

enum { WAYS = 4 };

/* So many at once, then one in so much time. */
struct rate {
	uint64_t burst, each_ns;
};

static const uint64_t SECOND_NS = 1000000000;
static const struct rate of_address = {5, 20 * SECOND_NS};
static const struct rate of_name = {20, 5 * SECOND_NS}; /* more often than one address may try */

void attempts_init(struct attempts *a)
{
	memset(a, 0, sizeof *a);
	secret_random_bytes(a->secret, sizeof a->secret);
}

/* Never 0. */
static uint64_t key_of(const struct attempts *a, const struct address_key *from, const char *name)
{
	unsigned char both[sizeof from->bytes + ACCOUNT_NAME] = {0};
	size_t n = name ? strnlen(name, ACCOUNT_NAME) : 0;
	if (from)
		memcpy(both, from->bytes, sizeof from->bytes);
	if (n)
		memcpy(both + sizeof from->bytes, name, n);
	uint64_t k = secret_short(a->secret, both, sizeof from->bytes + n);
	return k ? k : 1;
}

/* The row of this key; a new one takes the place of the one that is nearest to full, which loses least. NULL: none, and not to be made. */
static struct measure *row_of(struct measure *rows, size_t n, uint64_t key, bool make)
{
	struct measure *set = rows + key % (n / WAYS) * WAYS, *least = set;
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].full_ns < least->full_ns)
			least = &set[i];
	}
	if (!make)
		return NULL;
	*least = (struct measure){.key = key};
	return least;
}

/* Nanoseconds until there is one more; 0: there is. */
static uint64_t wait_ns(const struct measure *m, const struct rate *r, uint64_t now_ns)
{
	uint64_t most = now_ns + (r->burst - 1) * r->each_ns;
	return m->full_ns > most ? m->full_ns - most : 0;
}

static void take(struct measure *m, const struct rate *r, uint64_t now_ns)
{
	m->full_ns = (m->full_ns > now_ns ? m->full_ns : now_ns) + r->each_ns;
}

static void give_back(struct measure *m, const struct rate *r)
{
	if (m)
		m->full_ns -= m->full_ns > r->each_ns ? r->each_ns : m->full_ns;
}

bool attempts_take(struct attempts *a, const struct address_key *from, const char *name,
	uint64_t now_ns, unsigned *ret_wait_s)
{
	struct measure *by_address =
		row_of(a->addresses, ATTEMPTS_ADDRESSES, key_of(a, from, NULL), true);
	struct measure *by_name = row_of(a->names, ATTEMPTS_NAMES, key_of(a, NULL, name), true);
	bool known = row_of(a->known, ATTEMPTS_KNOWN, key_of(a, from, name), false) != NULL;
	uint64_t wait = wait_ns(by_address, &of_address, now_ns);
	uint64_t also = known ? 0 : wait_ns(by_name, &of_name, now_ns);
	wait = wait > also ? wait : also;
	if (wait) {
		*ret_wait_s = (unsigned)(wait / SECOND_NS) + 1;
		return false;
	}
	take(by_address, &of_address, now_ns);
	if (!known)
		take(by_name, &of_name, now_ns);
	return true;
}

void attempts_good(
	struct attempts *a, const struct address_key *from, const char *name, uint64_t now_ns)
{
	uint64_t pair = key_of(a, from, name);
	bool known = row_of(a->known, ATTEMPTS_KNOWN, pair, false) != NULL;
	give_back(row_of(a->addresses, ATTEMPTS_ADDRESSES, key_of(a, from, NULL), false),
		&of_address);
	if (!known)
		give_back(row_of(a->names, ATTEMPTS_NAMES, key_of(a, NULL, name), false), &of_name);
	row_of(a->known, ATTEMPTS_KNOWN, pair, true)->full_ns = now_ns; /* the oldest goes first */
}
