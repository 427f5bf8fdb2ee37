/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "collect/owner_cache.h"

#include "base/arena.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>

/* An entry: the inode in the upper half; below it the place of the owner, the owner's life, and whether it was asked for. */
enum {
	OWNERS = 1 << 17,
	OWNER_PROBES = 64,
	OWNER_BITS = 17,
	LIFE_BITS = 14,
	SLOTS_FIRST = 1 << 12,
	SLOTS_MAX = 1 << 19,
};
static const uint32_t asked_bit = UINT32_C(1) << (OWNER_BITS + LIFE_BITS);
static_assert(OWNER_BITS + LIFE_BITS < 32, "a bit is left");

static void *reserve(size_t n, int access)
{
	void *p = mmap(NULL, n, access, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

static bool open_region(struct owner_cache *c, unsigned which, size_t slots)
{
	return mprotect(c->region[which], slots * sizeof(uint64_t), PROT_READ | PROT_WRITE) == 0;
}

static void release(void *p, size_t n)
{
	if (p)
		(void)munmap(p, n);
}

int owner_cache_init(struct owner_cache *c)
{
	*c = (struct owner_cache){0};
	c->owners = reserve(OWNERS * sizeof *c->owners, PROT_READ | PROT_WRITE);
	c->region[0] = reserve(SLOTS_MAX * sizeof(uint64_t), PROT_NONE);
	c->region[1] = reserve(SLOTS_MAX * sizeof(uint64_t), PROT_NONE);
	c->slots = SLOTS_FIRST;
	if (c->owners && c->region[0] && c->region[1] && open_region(c, 0, SLOTS_FIRST))
		return 0;
	owner_cache_destroy(c);
	return -ENOMEM;
}

void owner_cache_destroy(struct owner_cache *c)
{
	release(c->owners, OWNERS * sizeof *c->owners);
	release(c->region[0], SLOTS_MAX * sizeof(uint64_t));
	release(c->region[1], SLOTS_MAX * sizeof(uint64_t));
	*c = (struct owner_cache){0};
}

void owner_cache_tick(struct owner_cache *c,
	bool (*lives)(const void *ctx, int32_t pid, uint64_t start_ticks), const void *ctx)
{
	c->lives = lives;
	c->ctx = ctx;
	c->tick++;
}

static bool alive(const struct owner_cache *c, struct owner *o)
{
	if (o->checked != c->tick) {
		o->checked = c->tick;
		o->alive = o->pid && c->lives && c->lives(c->ctx, o->pid, o->start_ticks);
	}
	return o->alive;
}

/* Numbers of processes are given one after the other, so the number is as good as a hash. */
struct owner *owner_cache_process(struct owner_cache *c, int32_t pid, uint64_t start_ticks)
{
	struct owner *place = NULL;
	for (uint32_t i = 0; i < OWNER_PROBES; i++) {
		struct owner *o = &c->owners[((uint32_t)pid + i) % OWNERS];
		if (o->pid == pid) {
			place = o;
			break;
		}
		if (!place && (o->pid == 0 || !alive(c, o)))
			place = o;
		if (o->pid == 0)
			break;
	}
	if (!place || (place->pid == pid && place->start_ticks == start_ticks))
		return place;
	*place = (struct owner){.pid = pid,
		.start_ticks = start_ticks,
		.lives = place->lives + 1,
		.checked = c->tick - 1};
	return place;
}

static uint32_t value_of(const struct owner_cache *c, const struct owner *o)
{
	return (uint32_t)(o - c->owners) | (o->lives & ((1u << LIFE_BITS) - 1)) << OWNER_BITS;
}

/* The owner that an entry names, or NULL when it is gone. */
static struct owner *owner_of(const struct owner_cache *c, uint64_t entry)
{
	uint32_t v = (uint32_t)entry & ~asked_bit;
	struct owner *o = &c->owners[v & ((1u << OWNER_BITS) - 1)];
	return value_of(c, o) == v && alive(c, o) ? o : NULL;
}

static uint64_t *find(const struct owner_cache *c, uint32_t inode)
{
	uint64_t *rows = c->region[c->current];
	size_t i = (inode * UINT32_C(0x9e3779b1) >> 8) & (c->slots - 1);
	while (rows[i] && rows[i] >> 32 != inode)
		i = (i + 1) & (c->slots - 1);
	return &rows[i];
}

/* Into the other region goes what is worth it: what a living process has, and, where room is short, was asked for since the last
 * time. What nobody asked for were descriptors of no interest, or sockets that were closed since. */
static void renew(struct owner_cache *c)
{
	uint64_t *old = c->region[c->current];
	size_t n = c->slots, worth = 0, live = 0;
	for (size_t i = 0; i < n; i++) {
		bool there = old[i] && owner_of(c, old[i]);
		live += there;
		worth += there && (old[i] & asked_bit);
	}
	size_t slots = live >= n / 2 && n < SLOTS_MAX ? n * 2 : n;
	if (!open_region(c, !c->current, slots)) { /* it is learnt anew, where it lies */
		arena_give_back(old, n * sizeof *old);
		c->count = 0;
		return;
	}
	bool all = live < n / 2 || slots > n;
	c->slots = slots;
	/* Not even what was asked for has room: it is learnt anew. */
	bool none = !all && worth >= n / 2;
	c->current = !c->current;
	c->count = 0;
	for (size_t i = 0; i < n && !none; i++)
		if (old[i] && owner_of(c, old[i]) && (all || (old[i] & asked_bit))) {
			*find(c, (uint32_t)(old[i] >> 32)) = old[i] & ~(uint64_t)asked_bit;
			c->count++;
		}
	arena_give_back(old, n * sizeof *old);
}

void owner_cache_learn(struct owner_cache *c, uint32_t inode, int32_t pid, uint64_t start_ticks)
{
	const struct owner *o = inode ? owner_cache_process(c, pid, start_ticks) : NULL;
	if (!o)
		return;
	uint64_t entry = (uint64_t)inode << 32 | value_of(c, o);
	uint64_t *at = find(c, inode);
	if (!*at) {
		if (c->count >= c->slots / 4 * 3)
			renew(c);
		at = find(c, inode);
		c->count++;
	}
	*at = entry;
}

int32_t owner_cache_find(struct owner_cache *c, uint32_t inode)
{
	uint64_t *at = inode ? find(c, inode) : NULL;
	const struct owner *o = at && *at ? owner_of(c, *at) : NULL;
	if (!o)
		return 0;
	*at |= asked_bit;
	return o->pid;
}
