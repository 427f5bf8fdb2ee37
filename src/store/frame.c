/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/frame.h"

#include <errno.h>

enum { FRAME_FULL = 1, MAX_PART = 64 << 20, MAX_VALUES = (SERIES_MAX + 64), STRETCH = 16 };

int frame_encoder_init(struct frame_encoder *e)
{
	*e = (struct frame_encoder){.full = true};
	int r = rows_encoder_init(&e->rows);
	if (r == 0)
		r = arena_init(&e->values, MAX_VALUES * sizeof(uint64_t));
	if (r == 0)
		r = arena_init(&e->present, MAX_VALUES);
	if (r == 0)
		r = arena_init(&e->part, MAX_PART);
	if (r == 0)
		r = arena_init(&e->tables, MAX_PART);
	if (r < 0)
		frame_encoder_destroy(e);
	return r;
}

void frame_encoder_destroy(struct frame_encoder *e)
{
	rows_encoder_destroy(&e->rows);
	arena_destroy(&e->values);
	arena_destroy(&e->present);
	arena_destroy(&e->part);
	arena_destroy(&e->tables);
}

void frame_encoder_restart(struct frame_encoder *e)
{
	rows_encoder_forget(&e->rows);
	memset(&e->told, 0, sizeof e->told);
	arena_reset(&e->values);
	arena_reset(&e->present);
	e->nvalues = 0;
	e->real_us = e->mono_us = 0;
	e->full = true;
}

/* A token is the number of series left out, plus one, and whether the value vanished; then the
 * difference. 0 ends. */
static void put_values(struct frame_encoder *e, const struct sample *s)
{
	if (e->nvalues < s->nvalues) {
		uint32_t more = s->nvalues - e->nvalues;
		if (!arena_push(&e->values, more * sizeof(uint64_t)) ||
			!arena_push(&e->present, more))
			return;
		e->nvalues = s->nvalues;
	}
	uint64_t *old = (uint64_t *)(void *)e->values.base;
	const uint64_t *now = (const uint64_t *)(const void *)s->values.base;
	unsigned char *had = e->present.base;
	const unsigned char *has = s->present.base;
	uint32_t last = 0;
	for (uint32_t id = 1; id < s->nvalues; id++) {
		/* Most do not change: whole stretches are compared at once. */
		while (id + STRETCH <= s->nvalues && memcmp(had + id, has + id, STRETCH) == 0 &&
			memcmp(old + id, now + id, STRETCH * sizeof *old) == 0)
			id += STRETCH;
		if (id == s->nvalues)
			break;
		if (has[id] == had[id] && (!has[id] || now[id] == old[id]))
			continue;
		put_varint(&e->part, (uint64_t)(id - last) << 1 | !has[id]);
		if (has[id]) {
			put_zigzag(&e->part, now[id] - old[id]);
			old[id] = now[id];
		}
		had[id] = has[id];
		last = id;
	}
	for (uint32_t id = s->nvalues; id < e->nvalues; id++) {
		if (!had[id])
			continue;
		put_varint(&e->part, (uint64_t)(id - last) << 1 | 1);
		had[id] = 0;
		last = id;
	}
	put_varint(&e->part, 0);
}

/* A part with its length before it; the scratch it was made in is free again. */
static void end_part(struct arena *part, struct arena *out)
{
	put_varint(out, part->used);
	put_bytes(out, part->base, part->used);
	out->overflowed = out->overflowed || part->overflowed;
	arena_reset(part);
}

void events_put(struct arena *out, const struct event *events, size_t n)
{
	put_varint(out, n);
	for (size_t i = 0; i < n; i++) {
		put_varint(out, events[i].real_ns / 1000);
		put_text(out, events[i].kind);
		put_text(out, events[i].id);
		put_text(out, events[i].text);
	}
}

void frame_encode(struct frame_encoder *e, const struct dict_origin *origin, struct series_set *set,
	const struct sample *s, const struct event *events, size_t nevents, struct arena *out)
{
	struct arena *all[ROWS_STREAMS];
	for (size_t i = 0; i < ROWS_STREAMS; i++)
		all[i] = &e->tables;
	arena_reset(&e->part);
	arena_reset(&e->tables);
	/* The tables first: texts in them become names of the set, which the dictionary tells. */
	rows_encode(&e->rows, set, s, NULL, all);
	if (e->full) {
		dict_put_origin(&e->part, origin);
		dict_put_schema(&e->part);
	}
	dict_put_news(&e->part, set, &e->told);
	put_varint(out, e->full ? FRAME_FULL : 0);
	put_zigzag(out, s->real_ns / 1000 - e->real_us);
	put_zigzag(out, s->mono_ns / 1000 - e->mono_us);
	end_part(&e->part, out);
	put_values(e, s);
	end_part(&e->part, out);
	end_part(&e->tables, out);
	events_put(out, events, nevents);
	e->real_us = s->real_ns / 1000;
	e->mono_us = s->mono_ns / 1000;
	e->full = false;
}

/* ---- reading ---- */

int frame_decoder_init(struct frame_decoder *d, struct series_set *set)
{
	*d = (struct frame_decoder){0};
	int r = dict_init(&d->dict, set);
	if (r == 0)
		r = rows_decoder_init(&d->rows);
	if (r == 0)
		r = arena_init(&d->values, MAX_VALUES * sizeof(uint64_t));
	if (r == 0)
		r = arena_init(&d->present, MAX_VALUES);
	if (r < 0)
		frame_decoder_destroy(d);
	return r;
}

void frame_decoder_destroy(struct frame_decoder *d)
{
	dict_destroy(&d->dict);
	rows_decoder_destroy(&d->rows);
	arena_destroy(&d->values);
	arena_destroy(&d->present);
}

int frame_first_time(const void *payload, size_t n, uint64_t *ret_us)
{
	struct get g = get_over(payload, n);
	bool first = get_varint(&g) & FRAME_FULL;
	*ret_us = get_zigzag(&g);
	return first && !g.bad ? 0 : -EBADMSG;
}

static void decoder_forget(struct frame_decoder *d)
{
	dict_forget(&d->dict);
	rows_decoder_forget(&d->rows);
	arena_reset(&d->values);
	arena_reset(&d->present);
	d->nvalues = 0;
	d->real_us = d->mono_us = 0;
}

/* A part of its own, with its length before it. */
static struct get get_part(struct get *g)
{
	uint64_t n = get_varint(g);
	const unsigned char *p = get_bytes(g, n);
	struct get part = get_over(p, p ? (size_t)n : 0);
	part.bad = !p;
	return part;
}

static int get_values(struct frame_decoder *d, struct get *g, const struct frame_wants *w)
{
	uint32_t n = d->dict.nseries;
	if (d->nvalues < n) {
		if (!arena_push(&d->values, (n - d->nvalues) * sizeof(uint64_t)) ||
			!arena_push(&d->present, n - d->nvalues))
			return -ENOMEM;
		d->nvalues = n;
	}
	uint64_t *values = (uint64_t *)(void *)d->values.base;
	uint64_t id = 0;
	for (;;) {
		uint64_t token = get_varint(g);
		if (g->bad)
			return -EBADMSG;
		if (token == 0)
			return 0;
		id += token >> 1;
		if (id >= n)
			return -EBADMSG;
		bool present = !(token & 1);
		if (present)
			values[id] += get_zigzag(g);
		d->present.base[id] = present;
		if (w->each_value)
			w->each_value(w->ctx, (uint32_t)id, values[id], present);
	}
}

int events_get(struct get *g, int (*each)(void *ctx, const struct event *e), void *ctx)
{
	struct arena texts;
	uint64_t n = get_varint(g);
	if (g->bad)
		return -EBADMSG;
	if (n == 0)
		return 0;
	int r = arena_init(&texts, 64 << 20);
	for (; n && r == 0; n--) {
		arena_reset(&texts);
		struct event e = {.real_ns = get_varint(g) * 1000};
		e.kind = get_text(g, &texts);
		e.id = get_text(g, &texts);
		e.text = get_text(g, &texts);
		r = g->bad ? -EBADMSG : each ? each(ctx, &e) : 0;
	}
	arena_destroy(&texts);
	return r;
}

static int get_dict(struct frame_decoder *d, struct get *g, bool full)
{
	int r = 0;
	if (full) {
		decoder_forget(d);
		r = dict_get_origin(g, &d->dict.origin);
		if (r == 0)
			r = dict_get_schema(g, &d->dict);
	}
	return r < 0 ? r : dict_get_news(g, &d->dict);
}

int frame_decode(
	struct frame_decoder *d, const void *payload, size_t n, const struct frame_wants *w)
{
	struct get g = get_over(payload, n);
	bool full = get_varint(&g) & FRAME_FULL;
	if (!full && !d->begun)
		return -EBADMSG;
	uint64_t real = get_zigzag(&g), mono = get_zigzag(&g);
	struct get dict = get_part(&g), values = get_part(&g), tables = get_part(&g);
	if (g.bad || dict.bad || values.bad || tables.bad)
		return -EBADMSG;
	int r = get_dict(d, &dict, full);
	if (r == 0) {
		d->begun = true;
		d->real_us += real;
		d->mono_us += mono;
		r = get_values(d, &values, w);
	}
	if (r == 0 && w->tables) {
		struct get *all[ROWS_FILE_STREAMS + 1];
		for (unsigned i = 0; i <= d->dict.schema.nstreams; i++)
			all[i] = &tables;
		struct rows_map map = dict_map(&d->dict);
		r = rows_decode(&d->rows, &d->dict.schema, &map, all);
	}
	return r < 0 ? r : events_get(&g, w->each_event, w->ctx);
}

void frame_copy_tables(const struct frame_decoder *d, struct sample *s)
{
	sample_reset(s);
	s->real_ns = d->real_us * 1000;
	s->mono_ns = d->mono_us * 1000;
	rows_copy(&d->rows, s);
}

void frame_copy(const struct frame_decoder *d, struct sample *s)
{
	frame_copy_tables(d, s);
	const uint64_t *values = (const uint64_t *)(const void *)d->values.base;
	for (uint32_t i = 1; i < d->nvalues; i++)
		if (d->present.base[i])
			sample_set(s, dict_series(&d->dict, i), values[i]);
}
