/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/retain.h"

#include "base/attr.h"
#include "base/text.h"
#include "store/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { DAY = 86400, NEWEST = 24 };

/* The next n digits; false when there are not so many. */
static bool digits(const char **p, unsigned n, int *ret)
{
	*ret = 0;
	for (; n && **p >= '0' && **p <= '9'; n--)
		*ret = *ret * 10 + *(*p)++ - '0';
	return n == 0;
}

/* 20261122T020000Z..., 2026-11-22.plim, 2026-11.plim */
static uint64_t time_in_name(const char *name)
{
	struct tm tm = {.tm_mday = 1};
	const char *p = name;
	if (!digits(&p, 4, &tm.tm_year))
		return 0;
	bool dashed = *p == '-';
	p += dashed;
	if (!digits(&p, 2, &tm.tm_mon))
		return 0;
	if (dashed && *p == '-') {
		p++;
		if (!digits(&p, 2, &tm.tm_mday))
			return 0;
	}
	if (!dashed && (!digits(&p, 2, &tm.tm_mday) || *p++ != 'T' || !digits(&p, 2, &tm.tm_hour) ||
			       !digits(&p, 2, &tm.tm_min) || !digits(&p, 2, &tm.tm_sec)))
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	time_t t = timegm(&tm);
	return t > 0 ? (uint64_t)t : 0;
}

static int add_file(
	struct store_files *f, size_t *room, int folder, const char *parent, const char *name)
{
	struct stat st;
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (f->count == *room) {
		size_t more = *room ? *room * 2 : 64;
		struct store_file *rows = realloc(f->rows, more * sizeof *rows);
		if (!rows)
			return -ENOMEM;
		f->rows = rows;
		*room = more;
	}
	struct store_file *row = &f->rows[f->count];
	int n = snprintf(row->name, sizeof row->name, "%s/%s", parent, name);
	if (n < 0 || (size_t)n >= sizeof row->name)
		return 0;
	row->bytes = (uint64_t)st.st_blocks * 512;
	row->begin_s = row->since_s = time_in_name(name);
	if (strcmp(parent, "log") == 0 && st.st_mtime > 0) /* its name is a number */
		row->since_s = (uint64_t)st.st_mtime;
	f->bytes += row->bytes;
	f->count++;
	return 0;
}

/* A log that could not be read when it was to be sealed. */
static bool set_aside(const struct store_file *f)
{
	const char *dot = strrchr(f->name, '.');
	return dot && strcmp(dot, ".bad") == 0;
}

static int by_name(const void *a, const void *b)
{
	const struct store_file *x = a, *y = b;
	return strcmp(x->name, y->name);
}

/* Of logs the newest is the one that is written; it and what has another name, like one that is made anew, stay. */
static void let_logs_stay(struct store_files *f)
{
	struct store_file *newest = NULL;
	for (size_t i = 0; i < f->count; i++) {
		struct store_file *row = &f->rows[i];
		uint64_t number;
		if (log_number(row->name, &number))
			newest = row; /* they are sorted */
		else if (strncmp(row->name, "log/", 4) == 0 && !set_aside(row))
			row->since_s = 0;
	}
	if (newest)
		newest->since_s = 0;
}

int store_files_list(int dir, struct store_files *f)
{
	static const char *const folders[] = {"log", "raw", "m1", "h1"};
	size_t room = 0;
	int r = 0;
	*f = (struct store_files){0};
	for (size_t i = 0; i < COUNTOF(folders) && r == 0; i++) {
		int fd = openat(dir, folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		DIR *d = fd < 0 ? NULL : fdopendir(fd);
		if (!d) {
			if (fd >= 0)
				(void)close(fd);
			r = fd < 0 && errno == ENOENT ? 0 : -errno;
			continue;
		}
		for (struct dirent *e; r == 0 && (e = readdir(d));)
			r = add_file(f, &room, fd, folders[i], e->d_name);
		(void)closedir(d);
	}
	if (f->count)
		qsort(f->rows, f->count, sizeof *f->rows, by_name);
	let_logs_stay(f);
	return r;
}

void store_files_free(struct store_files *f)
{
	free(f->rows);
	*f = (struct store_files){0};
}

static bool too_old(const struct store_file *f, uint64_t now_s)
{
	uint64_t days = text_below(f->name, "m1")   ? RETAIN_MINUTE_DAYS
			: text_below(f->name, "h1") ? RETAIN_HOUR_DAYS
						    : RETAIN_RAW_DAYS;
	return f->since_s && f->since_s + days * DAY < now_s;
}

static bool remove_file(int dir, struct store_files *f, struct store_file *row)
{
	if (unlinkat(dir, row->name, 0) < 0 && errno != ENOENT)
		return false;
	f->bytes -= row->bytes;
	row->bytes = 0;
	row->name[0] = '\0';
	return true;
}

/* Seconds go before minutes, minutes before hours: of each the oldest. The newest finished file of seconds stays. */
static struct store_file *next_to_go(struct store_files *f)
{
	/* Before all of them what could not be read. */
	for (size_t i = 0; i < f->count; i++)
		if (set_aside(&f->rows[i]))
			return &f->rows[i];
	static const char *const order[][2] = {{"raw", "log"}, {"m1", "m1"}, {"h1", "h1"}};
	for (size_t k = 0; k < COUNTOF(order); k++) {
		struct store_file *oldest = NULL;
		size_t there = 0;
		for (size_t i = 0; i < f->count; i++) {
			struct store_file *row = &f->rows[i];
			if (!row->since_s || (!text_below(row->name, order[k][0]) &&
						     !text_below(row->name, order[k][1])))
				continue;
			there++;
			if (!oldest || row->since_s < oldest->since_s)
				oldest = row;
		}
		if (oldest && (k > 0 || there > 1))
			return oldest;
	}
	return NULL;
}

/* A clock that is wrong for a while must not make all we have too old: time is what a day's worth of segments says. */
static uint64_t believed(const struct store_files *f, uint64_t now_s)
{
	uint64_t newest[NEWEST] = {0}; /* begins, greatest first */
	for (size_t i = 0; i < f->count; i++) {
		uint64_t at = text_below(f->rows[i].name, "raw") ? f->rows[i].begin_s : 0;
		for (size_t k = 0; k < NEWEST; k++)
			if (at > newest[k]) {
				uint64_t x = newest[k];
				newest[k] = at;
				at = x;
			}
	}
	uint64_t most = newest[NEWEST - 1] + DAY;
	return now_s < most ? now_s : most;
}

size_t retain(int dir, uint64_t budget, uint64_t needed, uint64_t now_s, uint64_t *ret_used)
{
	struct store_files f;
	size_t gone = 0;
	if (store_files_list(dir, &f) < 0) {
		store_files_free(&f);
		return 0;
	}
	now_s = believed(&f, now_s);
	for (size_t i = 0; i < f.count; i++)
		if (too_old(&f.rows[i], now_s))
			gone += remove_file(dir, &f, &f.rows[i]);
	while (f.bytes + needed > budget) {
		struct store_file *row = next_to_go(&f);
		if (!row || !remove_file(dir, &f, row))
			break;
		gone++;
	}
	*ret_used = f.bytes;
	store_files_free(&f);
	return gone;
}

double retain_lasts(int dir, uint64_t budget, uint64_t now_s)
{
	struct store_files f;
	uint64_t bytes = 0, first = 0;
	if (store_files_list(dir, &f) == 0) {
		for (size_t i = 0; i < f.count; i++) {
			const struct store_file *row = &f.rows[i];
			if (!text_below(row->name, "raw") || !row->begin_s ||
				row->begin_s + DAY < now_s)
				continue;
			bytes += row->bytes;
			if (!first || row->begin_s < first)
				first = row->begin_s;
		}
	}
	store_files_free(&f);
	if (!bytes || first + 600 > now_s) /* ten minutes say little, less says nothing */
		return -1;
	return (double)budget / ((double)bytes / (double)(now_s - first));
}
