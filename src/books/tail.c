/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "books/tail.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int tail_begin(struct tail *t, int fd)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	*t = (struct tail){.fd = fd,
		.old = true,
		.changed_s = st.st_ctim.tv_sec,
		.changed_ns = st.st_ctim.tv_nsec};
	t->at = st.st_size > TAIL_STEP ? st.st_size - TAIL_STEP : 0;
	t->inside = t->at > 0;
	return 0;
}

/* A file that got another name has changed though nothing was written to it. */
static void look_for_move(struct tail *t, const struct stat *st)
{
	bool changed = t->changed_s != st->st_ctim.tv_sec || t->changed_ns != st->st_ctim.tv_nsec;
	bool written = st->st_mtim.tv_sec == st->st_ctim.tv_sec &&
		       st->st_mtim.tv_nsec == st->st_ctim.tv_nsec;
	t->moved = t->moved || st->st_nlink == 0 || (changed && !written && st->st_size <= t->at);
	t->changed_s = st->st_ctim.tv_sec;
	t->changed_ns = st->st_ctim.tv_nsec;
}

/* Lines out of bytes; returns how many bytes were used up: a line that has no end yet stays. */
static size_t lines_of(struct tail *t, const char *bytes, size_t n, uint64_t until_ns,
	bool (*each)(void *ctx, struct scan line), void *ctx)
{
	enum { LOOK_AT_CLOCK = 256 };
	const char *p = bytes, *end = bytes + n;
	for (unsigned k = 1; p < end; k++) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		if (!newline)
			break;
		size_t len = (size_t)(newline - p);
		bool whole = !t->inside && len <= TAIL_LINE;
		t->inside = false;
		struct scan line = scan_over(p, len);
		p = newline + 1;
		if ((whole && !each(ctx, line)) ||
			(k % LOOK_AT_CLOCK == 0 && clock_mono_ns() >= until_ns))
			break;
	}
	if (end - p > TAIL_LINE && !memchr(p, '\n', (size_t)(end - p))) {
		t->inside = true; /* too long: its rest is not a line */
		p = end;
	}
	return (size_t)(p - bytes);
}

void tail_read(
	struct tail *t, uint64_t until_ns, bool (*each)(void *ctx, struct scan line), void *ctx)
{
	static char bytes[TAIL_STEP];
	struct stat st;
	if (t->fd < 0 || fstat(t->fd, &st) < 0)
		return;
	look_for_move(t, &st);
	if (st.st_size < t->at) { /* cut by who rotates it */
		t->at = 0;
		t->inside = false;
	}
	if (st.st_size - t->at > TAIL_STEP) {
		t->passed += (uint64_t)(st.st_size - t->at - TAIL_STEP);
		t->at = st.st_size - TAIL_STEP;
		t->inside = true;
	}
	ssize_t n = pread(t->fd, bytes, sizeof bytes, t->at);
	if (n > 0)
		t->at += (off_t)lines_of(t, bytes, (size_t)n, until_ns, each, ctx);
	t->old = false;
}

void tail_end(struct tail *t)
{
	if (t->fd >= 0)
		(void)close(t->fd);
	t->fd = -1;
}
