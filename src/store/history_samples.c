/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/history_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* ---- events ---- */

struct event_filter {
	uint64_t from_ns, to_ns;
	int (*each)(void *ctx, const struct event *e);
	void *ctx;
};

static int filter_event(void *ctx, const struct event *e)
{
	const struct event_filter *f = ctx;
	return e->real_ns >= f->from_ns && e->real_ns <= f->to_ns ? f->each(f->ctx, e) : 0;
}

static int events_of_log(struct history *h, const struct piece *p, struct event_filter *f)
{
	struct log_reader l;
	struct block b;
	struct frame_decoder *d = calloc(1, sizeof *d);
	const struct frame_wants wants = {.each_event = filter_event, .ctx = f};
	int r = d ? piece_log(p, &l) : -ENOMEM;
	if (r == 0) {
		r = frame_decoder_init(d, &h->series);
		while (r == 0 && log_next(&l, &b) == 0)
			r = frame_decode(d, b.bytes, b.plain, &wants);
		log_close(&l);
		frame_decoder_destroy(d);
	}
	free(d);
	return r < 0 && r != -ENOMEM ? 0 : r;
}

/* Events of one kind of tier before a time. */
static int events_of_tiers(
	struct history *h, char folder, uint64_t end_us, const struct event_filter *f)
{
	struct event_filter before = *f;
	int r = 0;
	if (end_us <= f->to_ns / 1000)
		before.to_ns = end_us * 1000 - 1;
	for (size_t i = 0; r == 0 && i < h->ntiers; i++) {
		struct piece *p = &h->tiers[i];
		if (p->name[0] == folder && p->begin_us < end_us && piece_open(h, p)) {
			r = segment_events(&p->s, filter_event, &before);
			piece_rest(p);
		}
		if (r == -EBADMSG) {
			history_note_damage(h, p, r);
			r = 0;
		}
	}
	return r;
}

int history_events(struct history *h, uint64_t from_ns, uint64_t to_ns,
	int (*each)(void *ctx, const struct event *e), void *ctx)
{
	struct event_filter f = {from_ns, to_ns, each, ctx};
	uint64_t seconds_us = UINT64_MAX, minutes_us = UINT64_MAX;
	int r = 0;
	for (size_t i = 0; i < h->npieces; i++)
		if (h->pieces[i].kind == PIECE_SECONDS && h->pieces[i].begin_us < seconds_us)
			seconds_us = h->pieces[i].begin_us;
	for (size_t i = 0; i < h->ntiers; i++)
		if (h->tiers[i].name[0] == 'm' && h->tiers[i].begin_us < minutes_us)
			minutes_us = h->tiers[i].begin_us;
	/* What is told by minutes is left out of the hours, and what is told by seconds out of both. */
	minutes_us = minutes_us < seconds_us ? minutes_us : seconds_us;
	r = events_of_tiers(h, 'h', minutes_us, &f);
	if (r == 0)
		r = events_of_tiers(h, 'm', seconds_us, &f);
	for (size_t i = 0; r == 0 && i < h->npieces; i++) {
		struct piece *p = &h->pieces[i];
		if (!piece_touches(h, i, from_ns / 1000, to_ns / 1000))
			continue;
		r = p->kind == PIECE_LOG ? events_of_log(h, p, &f)
					 : segment_events(&p->s, filter_event, &f);
		piece_rest(p);
		if (r == -EBADMSG) {
			history_note_damage(h, p, r);
			r = 0;
		}
	}
	return r;
}

/* ---- samples ---- */

void reading_close(struct reading *r)
{
	segment_cursor_close(r->cursor);
	r->cursor = NULL;
	if (r->open && !r->is_log)
		segment_close(&r->segment);
	if (r->open && r->is_log)
		log_close(&r->log);
	if (r->have_decoder)
		frame_decoder_destroy(&r->decoder);
	r->have_decoder = r->open = r->ready = false;
}

static bool same_file(int a, int b)
{
	struct stat x, y;
	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

static int reading_open(struct history *h, const struct piece *p)
{
	struct reading *r = &h->reading;
	int err;
	reading_close(r);
	r->is_log = p->kind == PIECE_LOG;
	r->row = 0;
	if (r->is_log) {
		err = piece_log(p, &r->log);
		r->open = err == 0;
		r->order = err == 0 ? p->order : r->order;
		if (err == 0)
			err = frame_decoder_init(&r->decoder, &r->into->series);
		r->have_decoder = err == 0;
		return err;
	}
	/* A segment of our own: the scratch memory of the shared one is used by numbers. */
	err = piece_segment(h, p, &r->segment);
	r->open = err == 0;
	r->order = err == 0 ? p->order : r->order;
	if (err == 0)
		err = segment_cursor_open(&r->segment, &r->into->series, &r->cursor);
	r->run = r->segment.run;
	if (err < 0)
		reading_close(r);
	return err;
}

static struct piece *piece_behind(struct history *h, uint64_t order)
{
	for (size_t i = 0; i < h->npieces; i++)
		if (h->pieces[i].order > order && !h->pieces[i].bad)
			return &h->pieces[i];
	return NULL;
}

void history_on_events(struct history *h, int (*each)(void *ctx, const struct event *e), void *ctx)
{
	h->on_event = each;
	h->on_event_ctx = ctx;
}

static struct frame_wants reading_wants(const struct history *h)
{
	return (struct frame_wants){
		.tables = true, .each_event = h->on_event, .ctx = h->on_event_ctx};
}

/* The log that is read was made anew under its name, or sealed after that: goes on there behind what was read. */
static int reading_again(struct history *h)
{
	struct reading *r = &h->reading;
	const struct frame_wants wants = reading_wants(h);
	uint64_t number = r->log.next_number;
	for (size_t i = 0; i < h->npieces; i++) {
		const struct piece *p = &h->pieces[i];
		if (p->order != r->order || p->bad ||
			(p->kind == PIECE_LOG && same_file(p->log_fd, r->log.fd)))
			continue;
		int err = reading_open(h, p);
		if (p->kind == PIECE_SECONDS && err == 0) {
			uint64_t row = number ? number - r->segment.first_number : 0;
			r->row = row < r->segment.rows ? (uint32_t)row : r->segment.rows;
			return r->row < r->segment.rows ? segment_cursor_seek(r->cursor, r->row)
							: -ENODATA;
		}
		struct block b;
		while (err == 0 && r->log.next_number < number) {
			err = log_next(&r->log, &b);
			if (err == 0)
				err = frame_decode(&r->decoder, b.bytes, b.plain, &wants);
		}
		return err;
	}
	return -ENODATA;
}

/* Goes to the next sample and tells its time; history_next() then hands it out. -ENODATA at the end. */
static int reading_peek(struct history *h, uint64_t *ret_us)
{
	struct reading *r = &h->reading;
	for (;;) {
		struct block b;
		bool there = r->open && (r->is_log ? r->ready : r->row < r->segment.rows);
		int err = there ? 0 : -ENODATA;
		if (!there && r->open && r->is_log) {
			const struct frame_wants wants = reading_wants(h);
			err = log_next(&r->log, &b);
			if (err == -ENODATA && reading_again(h) == 0)
				continue;
			if (err == 0)
				err = frame_decode(&r->decoder, b.bytes, b.plain, &wants);
			r->ready = err == 0;
			if (err == 0) {
				r->number = b.number;
				r->run = r->decoder.dict.origin.run;
			}
		}
		if (err == 0) {
			*ret_us = r->is_log ? r->decoder.real_us : r->segment.times_us[r->row];
			return 0;
		}
		struct piece *p = piece_behind(h, r->order);
		if (!p)
			return err == -EBADMSG || err == -EIO ? -ENODATA : err;
		err = reading_open(h, p);
		if (err == -ENOENT && h->dir >= 0 && history_refresh(h) == 0)
			continue; /* retention took it */
		if (err < 0) {
			p->bad = err != -ENODATA || p->kind != PIECE_LOG;
			if (p->bad && err != -ENOENT)
				history_note_damage(h, p, err);
			if (!p->bad)
				return -ENODATA; /* a log that is not begun yet */
		}
	}
}

static int reading_take(struct history *h)
{
	struct reading *r = &h->reading;
	struct sample *slot = store_slot(r->into);
	if (r->is_log) {
		frame_copy(&r->decoder, slot);
		r->ready = false;
	} else {
		int err = segment_cursor_next(r->cursor, slot);
		r->row++;
		if (err < 0) {
			/* The rest of a damaged segment is not to be had. */
			history_note_damage(h, &(struct piece){.name = ""}, err);
			r->row = r->segment.rows;
			return err;
		}
	}
	store_commit(r->into);
	return 0;
}

/* The piece to begin with: of those that reach beyond the time and begin before it the one written last,
 * else the first that begins behind it. */
static struct piece *piece_at(struct history *h, uint64_t time_us)
{
	struct piece *found = NULL, *behind = NULL;
	for (size_t i = h->npieces; i-- > 0 && !found;) {
		struct piece *p = &h->pieces[i];
		uint64_t from, to;
		if (!piece_touches(h, i, time_us, UINT64_MAX) || !piece_span(h, p, &from, &to))
			continue;
		if (from <= time_us && to >= time_us)
			found = p;
		else if (from > time_us)
			behind = p;
	}
	return found ? found : behind;
}

int history_seek(struct history *h, struct store *into, uint64_t real_ns)
{
	uint64_t time_us = (real_ns + 999) / 1000, at;
	reading_close(&h->reading);
	h->reading = (struct reading){.into = into};
	int r;
	do {
		struct piece *p = piece_at(h, time_us),
			     *last = h->npieces ? &h->pieces[h->npieces - 1] : NULL;
		if (!p && last && last->kind == PIECE_LOG && !last->bad)
			p = last; /* what is written from now on: behind its end, which is sought below */
		if (!p) {
			h->reading.order = last ? last->order : 0;
			return -ENODATA;
		}
		r = reading_open(h, p);
		if (r == -EBADMSG) { /* another one, then */
			p->bad = true;
			history_note_damage(h, p, r);
		}
	} while (r == -EBADMSG || (r == -ENOENT && h->dir >= 0 && history_refresh(h) == 0));
	struct reading *x = &h->reading;
	if (r == 0 && !x->is_log) {
		while (x->row < x->segment.rows && x->segment.times_us[x->row] < time_us)
			x->row++;
		return x->row ? segment_cursor_seek(x->cursor, x->row) : 0;
	}
	while (r == 0) {
		r = reading_peek(h, &at);
		if (r == 0 && at >= time_us)
			break;
		x->ready = false;
	}
	return r;
}

void history_stop(struct history *h)
{
	reading_close(&h->reading);
}

int history_next(struct history *h)
{
	uint64_t at;
	for (;;) {
		int r = reading_peek(h, &at);
		if (r == 0)
			r = reading_take(h);
		if (r != -EBADMSG)
			return r;
	}
}

const struct dict_origin *history_origin(const struct history *h)
{
	const struct reading *r = &h->reading;
	return r->is_log ? &r->decoder.dict.origin : segment_cursor_origin(r->cursor);
}

uint64_t history_number(const struct history *h)
{
	const struct reading *r = &h->reading;
	return r->is_log ? r->number : r->segment.first_number + r->row - 1;
}

int history_parts(struct history *h,
	int (*each)(void *ctx, uint64_t run, uint64_t first, uint64_t last), void *ctx)
{
	static const uint32_t none[SERIES_MAX + 1];
	int r = 0;
	for (size_t i = 0; i < h->npieces && r == 0; i++) {
		struct piece *p = &h->pieces[i];
		struct columns c;
		if (p->kind == PIECE_SECONDS && piece_open(h, p)) {
			r = each(ctx, p->s.run, p->s.first_number,
				p->s.first_number + p->s.rows - 1);
		} else if (p->kind == PIECE_LOG &&
			   columns_read(h, p, none, 0, 0, UINT64_MAX, &c) == 0) {
			if (c.rows)
				r = each(ctx, c.decoder.dict.origin.run, p->order,
					p->order + c.rows - 1);
			columns_free(&c);
		}
	}
	return r;
}

/* The same of what was recorded from `reach` before that time on. */
static int load_from(struct history *h, struct store *into, uint64_t real_ns, uint64_t reach,
	uint64_t max_pause_ns)
{
	uint64_t at = 0, last_us = 0, run = 0, pause_us = max_pause_ns / 1000,
		 now_us = real_ns / 1000;
	int r = history_seek(h, into, real_ns > reach ? real_ns - reach : 0);
	into->count = 0;
	while (r == 0) {
		r = reading_peek(h, &at);
		if (r < 0 || at > now_us)
			break;
		if (at < last_us || at - last_us > pause_us || run != h->reading.run)
			into->count = 0;
		run = h->reading.run;
		last_us = at;
		r = reading_take(h);
		if (r == -EBADMSG)
			r = 0;
	}
	if (r < 0 && r != -ENODATA)
		return r;
	return into->count && now_us - last_us <= pause_us ? 0 : -ENODATA;
}

/* Mostly all that is wanted lies near; only after a pause, or a new begin, it has to be sought as far as it may lie. */
int history_load(struct history *h, struct store *into, uint64_t real_ns, unsigned samples,
	uint64_t max_pause_ns)
{
	uint64_t near = 2 * samples * history_interval(h), far = samples * max_pause_ns;
	int r = near < far ? load_from(h, into, real_ns, near, max_pause_ns) : -ENODATA;
	return r == 0 && into->count >= samples ? 0
						: load_from(h, into, real_ns, far, max_pause_ns);
}
