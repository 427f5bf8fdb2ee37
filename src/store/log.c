/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

enum { AHEAD = 256 << 10 };

void log_name(char buf[static LOG_NAME], uint64_t number)
{
	(void)snprintf(buf, LOG_NAME, "log/%016" PRIx64 ".log", number);
}

bool log_number(const char *name, uint64_t *ret)
{
	char same[LOG_NAME];
	if (strncmp(name, "log/", 4) != 0)
		return false;
	*ret = strtoull(name + 4, NULL, 16);
	log_name(same, *ret);
	return strcmp(same, name) == 0;
}

void segment_name(char buf[static LOG_NAME], uint64_t real_us, uint64_t number)
{
	time_t t = (time_t)(real_us / 1000000);
	struct tm tm;
	char at[32] = "";
	if (gmtime_r(&t, &tm))
		(void)strftime(at, sizeof at, "%Y%m%dT%H%M%SZ", &tm);
	(void)snprintf(buf, LOG_NAME, "raw/%s-%016" PRIx64 ".plim", at, number);
}

static int file_end(struct log_reader *l)
{
	struct stat st;
	if (fstat(l->fd, &st) < 0)
		return -errno;
	l->end = (uint64_t)st.st_size;
	return 0;
}

int log_open(int dir, const char *name, struct log_reader *l)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		*l = (struct log_reader){.fd = -1};
	return fd < 0 ? -errno : log_open_fd(fd, l);
}

int log_open_fd(int fd, struct log_reader *l)
{
	static const unsigned char zeros[FILE_HEAD];
	unsigned char head[FILE_HEAD];
	enum file_kind kind;
	*l = (struct log_reader){.fd = fd, .at = FILE_HEAD};
	int r = arena_init(&l->ahead, (size_t)BLOCK_MAX + BLOCK_HEAD);
	if (r == 0)
		r = file_end(l);
	if (r == 0 && l->end < FILE_HEAD)
		r = -ENODATA;
	if (r == 0)
		r = io_read(l->fd, head, FILE_HEAD, 0);
	if (r == 0 && memcmp(head, zeros, FILE_HEAD) == 0)
		r = -ENODATA; /* room that was taken and not written to */
	if (r == 0)
		r = file_get_head(head, &kind);
	if (r == 0 && kind != FILE_LOG)
		r = -EBADMSG;
	if (r < 0)
		log_close(l);
	return r;
}

void log_close(struct log_reader *l)
{
	attr_close_fd(&l->fd);
	arena_destroy(&l->ahead);
	*l = (struct log_reader){.fd = -1};
}

/* At least n bytes from l->at on. -ENODATA: the file is shorter; -EIO and others from reading it. The end is
 * asked for anew each time: a log grows, and shrinks once when it is finished and gives back what it took ahead. */
static int look_ahead(struct log_reader *l, size_t n, const unsigned char **ret)
{
	if (l->at >= l->ahead_at && l->at + n <= l->ahead_at + l->ahead.used) {
		*ret = l->ahead.base + (l->at - l->ahead_at);
		return 0;
	}
	int r = file_end(l);
	if (r == 0 && l->at + n > l->end)
		r = -ENODATA;
	if (r < 0)
		return r;
	uint64_t want = l->end - l->at;
	if (want > AHEAD)
		want = n > AHEAD ? n : AHEAD;
	arena_reset(&l->ahead);
	void *to = arena_push(&l->ahead, (size_t)want);
	r = to ? io_read(l->fd, to, (size_t)want, l->at) : -ENOMEM;
	if (r < 0) {
		uint64_t end = l->end;
		arena_reset(&l->ahead);
		/* it may have shrunk while we read */
		return file_end(l) == 0 && l->end < end ? look_ahead(l, n, ret) : r;
	}
	l->ahead_at = l->at;
	*ret = to;
	return 0;
}

int log_next(struct log_reader *l, struct block *ret)
{
	/* A reader that waits at the end must see what was written there since. */
	for (unsigned attempt = 0; attempt < 2; attempt++, arena_reset(&l->ahead)) {
		const unsigned char *p;
		uint64_t n;
		int r = look_ahead(l, BLOCK_HEAD, &p);
		if (r < 0)
			return r;
		r = block_head(p, l->end - l->at, &n);
		if (r == -ENODATA)
			continue;
		r = look_ahead(l, BLOCK_HEAD + (size_t)n, &p);
		if (r < 0)
			return r;
		r = block_parse(p, ret);
		if (r == -EBADMSG)
			continue;
		if (r < 0 || ret->type != BLOCK_FRAME)
			return r < 0 ? r : -EBADMSG;
		if (l->next_number && ret->number != l->next_number)
			return -EBADMSG;
		l->next_number = ret->number + 1;
		l->at += BLOCK_HEAD + n;
		return 0;
	}
	return -ENODATA;
}

/* Is there nothing in it but, at most, a part of its first frame? */
static bool never_written(const struct log_reader *l)
{
	unsigned char head[BLOCK_HEAD];
	uint64_t stored, left = l->end > FILE_HEAD ? l->end - FILE_HEAD : 0;
	if (left < BLOCK_HEAD)
		return true;
	if (io_read(l->fd, head, BLOCK_HEAD, FILE_HEAD) < 0)
		return false;
	for (size_t i = 0; i < BLOCK_HEAD; i++)
		if (head[i])
			return block_head(head, UINT64_MAX, &stored) == 0 &&
			       stored > left - BLOCK_HEAD;
	return true;
}

int log_first_time(int dir, const char *name, uint64_t *ret_us)
{
	struct log_reader l;
	struct block b;
	int r = log_open(dir, name, &l);
	if (r < 0)
		return r;
	r = log_next(&l, &b);
	if (r == 0)
		r = frame_first_time(b.bytes, b.plain, ret_us);
	else if (r == -ENODATA && !never_written(&l))
		r = -EBADMSG;
	log_close(&l);
	return r;
}

/* ---- sealing ---- */

struct seal {
	int fd;
	struct series_set *set;
	struct frame_decoder *d;
	uint64_t number;
	struct arena changes;     /* struct change */
	struct segment_writer *w; /* made once the first frame has said who recorded */
};

static int seal_begin(struct seal *s)
{
	return s->w ? 0 : segment_create(s->fd, 0, s->set, &s->d->dict.origin, s->number, &s->w);
}

static int seal_event(void *ctx, const struct event *e)
{
	struct seal *s = ctx;
	int r = seal_begin(s);
	return r < 0 ? r : segment_event(s->w, e);
}

/* A value of a frame, kept until its row exists. */
struct change {
	uint64_t value;
	uint32_t file_series;
	bool present;
};

static void seal_value(void *ctx, uint32_t file_series, uint64_t value, bool present)
{
	struct seal *s = ctx;
	struct change *c = arena_push(&s->changes, sizeof *c);
	if (c)
		*c = (struct change){value, file_series, present};
}

static int seal_row(struct seal *s, struct sample *sample)
{
	frame_copy_tables(s->d, sample);
	int r = segment_row(s->w, sample);
	const struct change *c = (const struct change *)(const void *)s->changes.base;
	for (size_t n = s->changes.used / sizeof *c; r == 0 && n--; c++)
		segment_value(s->w, dict_series(&s->d->dict, c->file_series), c->value, c->present);
	return r < 0 ? r : s->changes.overflowed ? -ENOMEM : 0;
}

static int copy_frames(struct log_reader *l, int fd, uint32_t *ret_rows)
{
	struct series_set *set = calloc(1, sizeof *set);
	struct frame_decoder *d = calloc(1, sizeof *d);
	struct sample *s = calloc(1, sizeof *s);
	struct seal seal = {.fd = fd, .set = set, .d = d};
	const struct frame_wants wants = {true, seal_value, seal_event, &seal};
	int r = set && d && s ? series_init(set) : -ENOMEM;
	if (r == 0)
		r = frame_decoder_init(d, set);
	if (r == 0)
		r = sample_init(s);
	if (r == 0)
		r = arena_init(&seal.changes, (SERIES_MAX + 1) * sizeof(struct change));
	struct block b;
	/* What was cut off or damaged ends it; a disk that does not answer now may do so later. */
	while (r == 0 && (r = log_next(l, &b)) == 0) {
		seal.number = *ret_rows ? seal.number : b.number;
		arena_reset(&seal.changes);
		r = frame_decode(d, b.bytes, b.plain, &wants);
		if (r == 0)
			r = seal_begin(&seal);
		if (r == 0)
			r = seal_row(&seal, s);
		*ret_rows += r == 0;
	}
	uint64_t end;
	if (seal.w && (r == -ENODATA || r == -EBADMSG))
		r = 0;
	if (r == 0) {
		r = segment_finish(seal.w, &end);
		seal.w = NULL;
	}
	segment_abandon(seal.w);
	arena_destroy(&seal.changes);
	if (s)
		sample_destroy(s);
	if (d)
		frame_decoder_destroy(d);
	if (set)
		series_destroy(set);
	free(s);
	free(d);
	free(set);
	return r;
}

int log_seal(int dir, const char *log, const char *name, uint32_t *ret_rows)
{
	static const char tmp[] = "raw/unfinished";
	struct log_reader l;
	*ret_rows = 0;
	int r = log_open(dir, log, &l);
	if (r < 0)
		return r;
	AUTO_FD int fd = openat(dir, tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	r = fd < 0 ? -errno : copy_frames(&l, fd, ret_rows);
	log_close(&l);
	/* The content, then the name, then the folder: each on the disk before the log goes. */
	if (r == 0 && fdatasync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat(dir, tmp, dir, name) < 0)
		r = -errno;
	if (r == 0) {
		AUTO_FD int folder = openat(dir, "raw", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (folder >= 0 && fsync(folder) < 0)
			r = -errno;
	}
	if (r < 0)
		(void)unlinkat(dir, tmp, 0);
	return r;
}
