/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/export.h"

#include "store/disguise.h"
#include "store/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static const uint64_t hour_ns = UINT64_C(3600000000000);

struct kept_event {
	struct event e; /* its texts are one piece of memory, which `texts` owns */
	char *texts;
};

struct exporting {
	struct history *h;
	struct store *samples; /* as they are read */
	int fd;
	struct disguise *disguise;
	struct sample disguised;
	struct segment_writer *w;
	uint64_t at; /* end of the finished segments */
	uint64_t hour, run, last_ns;
	struct kept_event *events;
	size_t nevents, next_event;
	struct export_result *ret;
};

static int keep_event(void *ctx, const struct event *e)
{
	struct exporting *x = ctx;
	size_t a = strlen(e->kind) + 1, b = strlen(e->id) + 1, c = strlen(e->text) + 1;
	struct kept_event *more = realloc(x->events, (x->nevents + 1) * sizeof *more);
	char *texts = malloc(a + b + c);
	if (more)
		x->events = more;
	if (!more || !texts) {
		free(texts);
		return -ENOMEM;
	}
	memcpy(texts, e->kind, a);
	memcpy(texts + a, e->id, b);
	memcpy(texts + a + b, e->text, c);
	more[x->nevents++] =
		(struct kept_event){{e->real_ns, texts, texts + a, texts + a + b}, texts};
	return 0;
}

static int finish(struct exporting *x)
{
	struct segment_writer *w = x->w;
	x->w = NULL;
	return w ? segment_finish(w, &x->at) : 0;
}

/* A segment holds an hour at most, of one run of the recorder, in the order of time. */
static int begin(struct exporting *x, const struct sample *s)
{
	struct dict_origin origin = *history_origin(x->h);
	bool goes_on = x->w && s->real_ns / hour_ns == x->hour && origin.run == x->run &&
		       s->real_ns >= x->last_ns;
	x->last_ns = s->real_ns;
	if (goes_on)
		return 0;
	int r = finish(x);
	x->hour = s->real_ns / hour_ns;
	x->run = origin.run;
	if (x->disguise)
		disguise_origin(x->disguise, &origin);
	return r < 0 ? r
		     : segment_create(x->fd, x->at,
			       x->disguise ? disguise_set(x->disguise) : &x->samples->series,
			       &origin, x->ret->samples + 1, &x->w);
}

static int add(struct exporting *x, const struct sample *s)
{
	int r = begin(x, s);
	if (r == 0 && x->disguise)
		r = disguise_sample(x->disguise, &x->samples->series, s, &x->disguised);
	if (r == 0)
		r = segment_add(x->w, x->disguise ? &x->disguised : s);
	for (; r == 0 && x->next_event < x->nevents &&
		x->events[x->next_event].e.real_ns <= s->real_ns;
		x->next_event++)
		r = segment_event(x->w, &x->events[x->next_event].e);
	if (r == 0 && x->ret->samples++ == 0)
		x->ret->first_ns = s->real_ns;
	x->ret->last_ns = s->real_ns;
	return r;
}

int export_span(struct history *h, uint64_t from_ns, uint64_t to_ns, bool disguise, int fd,
	struct export_result *ret)
{
	struct exporting x = {.h = h, .fd = fd, .ret = ret};
	*ret = (struct export_result){0};
	x.samples = calloc(1, sizeof *x.samples);
	int r = x.samples ? store_init(x.samples, 2) : -ENOMEM;
	if (r == 0)
		r = sample_init(&x.disguised);
	if (r == 0 && disguise)
		r = disguise_open(&x.disguise);
	/* What the recorder found holds names in plain words: a disguised recording is judged anew where it is opened. */
	if (r == 0 && !disguise)
		r = history_events(h, from_ns, to_ns, keep_event, &x);
	if (r == 0)
		r = history_seek(h, x.samples, from_ns);
	while (r == 0) {
		r = history_next(h);
		const struct sample *s = store_newest(x.samples, 0);
		if (r == -ENODATA || (r == 0 && s->real_ns > to_ns)) {
			r = ret->samples ? 0 : -ENODATA;
			break;
		}
		if (r == 0)
			r = add(&x, s);
	}
	if (r == 0)
		r = finish(&x);
	ret->bytes = x.at;
	segment_abandon(x.w);
	disguise_close(x.disguise);
	sample_destroy(&x.disguised);
	for (size_t i = 0; i < x.nevents; i++)
		free(x.events[i].texts);
	free(x.events);
	if (x.samples)
		store_destroy(x.samples);
	free(x.samples);
	return r;
}

/* ---- import ---- */

struct part {
	uint64_t begin, end;
	uint64_t first_us, last_us, number, rows;
};

/* All blocks of a segment can be read. */
static int check_segment(struct segment *s)
{
	int r = segment_times(s);
	for (uint32_t i = 0; i < s->nindex && r == 0; i++) {
		struct block b;
		r = segment_block(s, (enum block_type)s->index[i].type, s->index[i].number, &b);
	}
	return r;
}

/* The parts of a file, last one first. */
static int find_parts(int fd, struct part **ret, size_t *ret_n)
{
	struct stat st;
	int r = fstat(fd, &st) < 0 ? -errno : 0;
	uint64_t end = r == 0 ? (uint64_t)st.st_size : 0;
	*ret = NULL;
	*ret_n = 0;
	while (r == 0 && end) {
		struct segment s;
		struct part *more = realloc(*ret, (*ret_n + 1) * sizeof *more);
		if (!more)
			return -ENOMEM;
		*ret = more;
		int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		r = copy < 0 ? -errno : segment_open(copy, end, &s);
		if (r < 0)
			break;
		r = check_segment(&s);
		more[(*ret_n)++] =
			(struct part){s.begin, end, s.first_us, s.last_us, s.first_number, s.rows};
		end = s.begin;
		segment_close(&s);
	}
	return r == -ENODATA || (r == 0 && *ret_n == 0) ? -EBADMSG : r;
}

static int copy_part(int from, const struct part *p, int dir, const char *name)
{
	static const char tmp[] = "raw/imported";
	unsigned char buf[1 << 16];
	AUTO_FD int to = openat(dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	int r = to < 0 ? -errno : 0;
	for (uint64_t at = p->begin; r == 0 && at < p->end;) {
		size_t n = p->end - at < sizeof buf ? (size_t)(p->end - at) : sizeof buf;
		r = io_read(from, buf, n, at);
		if (r == 0)
			r = io_write(to, buf, n, at - p->begin);
		at += n;
	}
	if (r == 0 && (fdatasync(to) < 0 || renameat(dir, tmp, dir, name) < 0))
		r = -errno;
	if (r < 0)
		(void)unlinkat(dir, tmp, 0);
	return r;
}

static int same_host(int fd, const char *store)
{
	char self[64];
	struct history *a, *b;
	uint64_t from, to;
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	int r = history_open(store, &a);
	if (r < 0)
		return r == -ENODATA || r == -ENOENT ? 0 : r;
	r = history_open(self, &b);
	if (r == 0) {
		(void)history_span(a, &from, &to);
		(void)history_span(b, &from, &to);
		if (strcmp(history_host(a), history_host(b)) != 0)
			r = -EXDEV;
		history_close(b);
	}
	history_close(a);
	return r;
}

int import_file(int fd, const char *store, struct export_result *ret)
{
	struct part *parts;
	size_t n;
	*ret = (struct export_result){.first_ns = UINT64_MAX};
	int r = find_parts(fd, &parts, &n);
	if (r == 0)
		r = same_host(fd, store);
	AUTO_FD int dir = r == 0 ? open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (r == 0 && dir < 0)
		r = -errno;
	if (r == 0 && mkdirat(dir, "raw", 0750) < 0 && errno != EEXIST)
		r = -errno;
	for (size_t i = n; r == 0 && i-- > 0;) {
		char name[LOG_NAME];
		segment_name(name, parts[i].first_us, parts[i].number);
		if (faccessat(dir, name, F_OK, 0) == 0) {
			ret->skipped++;
			continue;
		}
		r = copy_part(fd, &parts[i], dir, name);
		ret->samples += parts[i].rows;
		ret->bytes += parts[i].end - parts[i].begin;
		ret->first_ns = parts[i].first_us * 1000 < ret->first_ns ? parts[i].first_us * 1000
									 : ret->first_ns;
		ret->last_ns = parts[i].last_us * 1000 > ret->last_ns ? parts[i].last_us * 1000
								      : ret->last_ns;
	}
	free(parts);
	return r;
}
