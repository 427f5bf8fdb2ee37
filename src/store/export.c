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
	uint64_t hour, run, number, last_ns;
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

static void free_events(struct exporting *x)
{
	for (size_t i = 0; i < x->nevents; i++)
		free(x->events[i].texts);
	free(x->events);
}

static int finish(struct exporting *x)
{
	struct segment_writer *w = x->w;
	x->w = NULL;
	return w ? segment_finish(w, &x->at) : 0;
}

/* A segment holds an hour at most, of one run of the recorder, without a gap, in the order of time. */
static int begin(struct exporting *x, const struct sample *s)
{
	struct dict_origin origin = *history_origin(x->h);
	uint64_t number = history_number(x->h);
	bool goes_on = x->w && s->real_ns / hour_ns == x->hour && origin.run == x->run &&
		       number == x->number + 1 && s->real_ns >= x->last_ns;
	x->last_ns = s->real_ns;
	x->number = number;
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
			       &origin, number, &x->w);
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
	free_events(&x);
	if (x.samples)
		store_destroy(x.samples);
	free(x.samples);
	return r;
}

/* ---- import ---- */

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

/* A file is taken as a whole or not at all. */
static int check_file(int fd)
{
	struct stat st;
	int r = fstat(fd, &st) < 0 ? -errno : st.st_size == 0 ? -EBADMSG : 0;
	uint64_t end = r == 0 ? (uint64_t)st.st_size : 0;
	while (r == 0 && end) {
		struct segment s;
		int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		r = copy < 0 ? -errno : segment_open(copy, end, &s);
		if (r < 0)
			break;
		r = check_segment(&s);
		end = s.begin;
		segment_close(&s);
	}
	return r == -ENODATA ? -EBADMSG : r;
}

struct range {
	uint64_t run, first, last;
};

struct importing {
	int dir;
	struct range *have; /* what the store holds already */
	size_t nhave;
	char host[DICT_HOST]; /* of the store, "" when it is empty */
	struct history *from;
	struct exporting x; /* one segment after the other, each to a file of its own */
	uint64_t first_us;
	bool known; /* the run is one of the store's */
};

static int note_range(void *ctx, uint64_t run, uint64_t first, uint64_t last)
{
	struct importing *m = ctx;
	struct range *more = realloc(m->have, (m->nhave + 1) * sizeof *more);
	if (!more)
		return -ENOMEM;
	m->have = more;
	more[m->nhave++] = (struct range){run, first, last};
	return 0;
}

static bool has_sample(const struct importing *m, uint64_t run, uint64_t number, bool *ret_known)
{
	*ret_known = false;
	for (size_t i = 0; i < m->nhave; i++) {
		if (m->have[i].run != run)
			continue;
		*ret_known = true;
		if (number >= m->have[i].first && number <= m->have[i].last)
			return true;
	}
	return false;
}

static int read_store(struct importing *m, const char *store)
{
	struct history *h;
	uint64_t from, to;
	int r = history_open(store, &h);
	if (r < 0)
		return r == -ENODATA || r == -ENOENT ? 0 : r;
	r = history_parts(h, note_range, m);
	if (history_span(h, &from, &to))
		(void)snprintf(m->host, sizeof m->host, "%s", history_host(h));
	history_close(h);
	return r;
}

static const char imported[] = "raw/imported";

/* Gives the segment that was written its name. What another run recorded, before a store was lost, stands before all that
 * the store has: its numbers say nothing here. */
static int name_part(struct importing *m, uint64_t first_number)
{
	char name[LOG_NAME];
	int r = finish(&m->x);
	segment_name(name, m->first_us, m->known ? first_number : 0);
	if (r == 0 && (fdatasync(m->x.fd) < 0 || renameat(m->dir, imported, m->dir, name) < 0))
		r = -errno;
	m->x.ret->bytes += m->x.at;
	m->x.at = 0;
	attr_close_fd(&m->x.fd);
	m->x.fd = -1;
	return r;
}

static int take_samples(struct importing *m)
{
	struct exporting *x = &m->x;
	uint64_t first_number = 0;
	int r = history_seek(m->from, x->samples, 0);
	while (r == 0 && (r = history_next(m->from)) == 0) {
		const struct sample *s = store_newest(x->samples, 0);
		uint64_t run = history_origin(m->from)->run, number = history_number(m->from);
		bool known, has = has_sample(m, run, number, &known);
		bool goes_on = x->w && !has && run == x->run && number == x->number + 1 &&
			       s->real_ns / hour_ns == x->hour && s->real_ns >= x->last_ns;
		if (x->w && !goes_on)
			r = name_part(m, first_number);
		if (has || r < 0) {
			x->ret->skipped += has;
			continue;
		}
		if (!goes_on) {
			x->fd = openat(
				m->dir, imported, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
			if (x->fd < 0)
				return -errno;
			m->known = known;
			m->first_us = s->real_ns / 1000;
			first_number = number;
		}
		r = add(x, s);
	}
	if (x->w && (r == 0 || r == -ENODATA))
		r = name_part(m, first_number);
	return r == -ENODATA ? 0 : r;
}

int import_file(int fd, const char *store, struct export_result *ret)
{
	struct importing m = {.dir = -1, .x = {.fd = -1, .ret = ret}};
	char self[64];
	uint64_t from, to;
	*ret = (struct export_result){0};
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	int r = check_file(fd);
	if (r == 0)
		r = read_store(&m, store);
	if (r == 0)
		r = history_open(self, &m.from);
	if (r == 0 && history_span(m.from, &from, &to) && m.host[0] &&
		strcmp(m.host, history_host(m.from)) != 0)
		r = -EXDEV;
	m.x.h = m.from;
	m.x.samples = r == 0 ? calloc(1, sizeof *m.x.samples) : NULL;
	if (r == 0)
		r = m.x.samples ? store_init(m.x.samples, 2) : -ENOMEM;
	if (r == 0)
		r = history_events(m.from, 0, UINT64_MAX, keep_event, &m.x);
	m.dir = r == 0 ? open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (r == 0 && (m.dir < 0 || (mkdirat(m.dir, "raw", 0750) < 0 && errno != EEXIST)))
		r = -errno;
	if (r == 0)
		r = take_samples(&m);
	if (r < 0 && m.dir >= 0)
		(void)unlinkat(m.dir, imported, 0);
	segment_abandon(m.x.w);
	free_events(&m.x);
	if (m.x.samples)
		store_destroy(m.x.samples);
	free(m.x.samples);
	history_close(m.from);
	free(m.have);
	attr_close_fd(&m.x.fd);
	attr_close_fd(&m.dir);
	return r;
}
