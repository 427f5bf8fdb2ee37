/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "collect/conn_memory.h"

#include "base/arena.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum {
	SLOTS_FIRST = 1 << 10,
	GIVE_BACK_BYTES = 1 << 16,
	SLOTS_MAX = 1 << 20,
	AGE_GONE = 2,
	SWEEP_BITS = 14,
};

/* Retransmits are kept modulo 2^16: between two counts no connection sends so many segments again. */
struct conn_seen {
	uint64_t cookie; /* 0: the slot is free */
	uint32_t out_low, in_low;
	uint16_t out_high, in_high;
	uint16_t retransmits;
	uint16_t sweep : SWEEP_BITS, age : 2;
};
static_assert(sizeof(struct conn_seen) == 24, "200,000 of them are to fit into 6 MB");

int conn_memory_init(struct conn_memory *m)
{
	*m = (struct conn_memory){0};
	for (int i = 0; i < 2; i++) {
		void *p = mmap(NULL, SLOTS_MAX * sizeof(struct conn_seen), PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p == MAP_FAILED) {
			int e = -errno;
			conn_memory_destroy(m);
			return e;
		}
		m->region[i] = p;
	}
	return 0;
}

void conn_memory_destroy(struct conn_memory *m)
{
	for (int i = 0; i < 2; i++)
		if (m->region[i])
			(void)munmap(m->region[i], SLOTS_MAX * sizeof(struct conn_seen));
	*m = (struct conn_memory){0};
}

/* Cookies are given out in runs, a run a CPU: by themselves they would make long clusters. */
static size_t place(const struct conn_memory *m, uint64_t cookie)
{
	return (size_t)(cookie * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (m->slots - 1);
}

static struct conn_seen *find(const struct conn_memory *m, uint64_t cookie)
{
	struct conn_seen *rows = m->region[m->current];
	size_t i = place(m, cookie);
	while (rows[i].cookie && rows[i].cookie != cookie)
		i = (i + 1) & (m->slots - 1);
	return &rows[i];
}

/* Into the other region, whose memory was given back when it was left and reads as zeros. */
static bool resize(struct conn_memory *m, size_t slots)
{
	struct conn_seen *old = m->region[m->current];
	size_t n = m->slots;
	if (mprotect(m->region[!m->current], slots * sizeof *old, PROT_READ | PROT_WRITE) < 0)
		return false;
	m->current = !m->current;
	m->slots = slots;
	/* What was moved is given back piece by piece, or both would be there at once. */
	char *from = (char *)old;
	size_t given = 0;
	for (size_t i = 0; i < n; i++) {
		if (old[i].cookie)
			*find(m, old[i].cookie) = old[i];
		size_t done = (i + 1) * sizeof *old / GIVE_BACK_BYTES * GIVE_BACK_BYTES;
		if (done > given)
			arena_give_back(from + given, done - given);
		given = done;
	}
	if (n * sizeof *old > given)
		arena_give_back(from + given, n * sizeof *old - given);
	return true;
}

static bool make_room(struct conn_memory *m)
{
	if (m->slots && m->count < m->slots / 8 * 7)
		return true;
	size_t slots = m->slots ? m->slots * 2 : SLOTS_FIRST;
	if (slots <= SLOTS_MAX && resize(m, slots))
		return true;
	m->refused = true;
	return false;
}

static void store(struct conn_seen *s, const struct conn_moved *now, uint16_t sweep)
{
	s->out_low = (uint32_t)now->out;
	s->out_high = (uint16_t)(now->out >> 32);
	s->in_low = (uint32_t)now->in;
	s->in_high = (uint16_t)(now->in >> 32);
	s->retransmits = (uint16_t)now->retransmits;
	s->sweep = sweep & ((1u << SWEEP_BITS) - 1);
	s->age = 0;
}

/* Both are kept modulo 2^48. A byte count that fell is no traffic: nothing is made of it. */
static uint64_t risen(uint64_t now, uint16_t high, uint32_t low)
{
	uint64_t mask = (UINT64_C(1) << 48) - 1;
	uint64_t d = (now - ((uint64_t)high << 32 | low)) & mask;
	return d > mask / 2 ? 0 : d;
}

bool conn_memory_note(struct conn_memory *m, uint64_t cookie, uint16_t sweep,
	const struct conn_moved *now, struct conn_moved *ret_since)
{
	*ret_since = (struct conn_moved){0};
	if (cookie == 0)
		return true;
	struct conn_seen *s = m->slots ? find(m, cookie) : NULL;
	if (!s || !s->cookie) {
		if (!make_room(m))
			return true;
		s = find(m, cookie);
		s->cookie = cookie;
		store(s, now, sweep);
		m->count++;
		if (!m->blind)
			*ret_since = *now;
		return true;
	}
	if (s->sweep == (sweep & ((1u << SWEEP_BITS) - 1))) {
		s->age = 0;
		return false;
	}
	*ret_since = (struct conn_moved){
		.out = risen(now->out, s->out_high, s->out_low),
		.in = risen(now->in, s->in_high, s->in_low),
		.retransmits = (uint16_t)(now->retransmits - s->retransmits),
		.known = true,
	};
	store(s, now, sweep);
	return true;
}

/* Frees a slot and moves back what had to be put behind it. */
static void take_out(struct conn_memory *m, size_t hole)
{
	struct conn_seen *rows = m->region[m->current];
	size_t mask = m->slots - 1;
	for (size_t i = (hole + 1) & mask; rows[i].cookie; i = (i + 1) & mask) {
		size_t home = place(m, rows[i].cookie);
		if (((i - home) & mask) < ((i - hole) & mask))
			continue; /* its home lies behind the hole */
		rows[hole] = rows[i];
		hole = i;
	}
	rows[hole].cookie = 0;
	m->count--;
}

void conn_memory_age(struct conn_memory *m)
{
	struct conn_seen *rows = m->region[m->current];
	/* Backwards, so that what moves into a hole was looked at already. What moves from the table's begin to its end is not aged
	 * this time. */
	for (size_t i = m->slots; i-- > 0;) {
		if (!rows[i].cookie)
			continue;
		if (rows[i].age >= AGE_GONE)
			take_out(m, i);
		else
			rows[i].age = (rows[i].age + 1u) & 3u;
	}
	m->blind = m->refused;
	m->refused = false;
	if (m->slots > SLOTS_FIRST && m->count < m->slots / 8)
		(void)resize(m, m->slots / 2);
}
