/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { ARENA_STEP = 64 * 1024, GIVE_BACK_LOCKED = 24 /* MADV_DONTNEED_LOCKED */ };

int arena_init(struct arena *a, size_t ceiling)
{
	ceiling = (ceiling + ARENA_STEP - 1) / ARENA_STEP * ARENA_STEP;
	void *p =
		mmap(NULL, ceiling, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	*a = (struct arena){.base = p, .ceiling = ceiling};
	return 0;
}

void arena_destroy(struct arena *a)
{
	if (a->base)
		(void)munmap(a->base, a->ceiling);
	*a = (struct arena){0};
}

void arena_reset(struct arena *a)
{
	/* Rows are zeroed when handed out, so a reset costs nothing. */
	a->used = 0;
	a->overflowed = false;
}

static void *arena_take(struct arena *a, size_t at, size_t n)
{
	if (n > a->ceiling || at > a->ceiling - n) {
		a->overflowed = true;
		return NULL;
	}
	size_t end = at + n;
	if (end > a->writable) {
		size_t want = (end + ARENA_STEP - 1) / ARENA_STEP * ARENA_STEP;
		if (mprotect(a->base + a->writable, want - a->writable, PROT_READ | PROT_WRITE) <
			0) {
			a->overflowed = true;
			return NULL;
		}
		a->writable = want;
	}
	a->used = end;
	memset(a->base + at, 0, n);
	return a->base + at;
}

void *arena_alloc(struct arena *a, size_t n)
{
	return arena_take(a, (a->used + 15) & ~(size_t)15, n);
}

void *arena_push(struct arena *a, size_t n)
{
	return arena_take(a, a->used, n);
}

void arena_give_back(void *pages, size_t n)
{
	if (madvise(pages, n, MADV_DONTNEED) < 0 && madvise(pages, n, GIVE_BACK_LOCKED) < 0)
		memset(pages, 0, n);
}

void arena_empty(struct arena *a)
{
	arena_reset(a);
	if (a->writable)
		arena_give_back(a->base, a->writable);
}

char *arena_strn(struct arena *a, const char *s, size_t n)
{
	static char empty[1];
	char *p = arena_push(a, n + 1);
	if (!p)
		return empty;
	memcpy(p, s, n);
	return p;
}

char *arena_str(struct arena *a, const char *s)
{
	return arena_strn(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	char line[2048];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	return arena_strn(a, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}
