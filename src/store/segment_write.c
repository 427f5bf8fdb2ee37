/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "base/intern.h"
#include "store/segment_impl.h"

#include <errno.h>

enum { TAIL = 24, CHUNK = 28, MAX_CHUNKS = 1 << 22 };
static const char tail_magic[4] = "plim";

/* ---- the file ---- */

int segment_file_begin(struct segment_file *f, int fd, uint64_t offset)
{
	*f = (struct segment_file){.fd = fd, .begin = offset, .at = offset};
	int r = arena_init(&f->out, (size_t)BLOCK_MAX * 2);
	if (r == 0)
		r = arena_init(&f->index, 16 << 20);
	f->pack = ZSTD_createCCtx();
	if (r == 0 && !f->pack)
		r = -ENOMEM;
	if (r == 0) {
		file_put_head(&f->out, FILE_SEGMENT);
		r = io_write(fd, f->out.base, f->out.used, f->at);
		f->at += f->out.used;
	}
	return r;
}

void segment_file_destroy(struct segment_file *f)
{
	arena_destroy(&f->out);
	arena_destroy(&f->index);
	ZSTD_freeCCtx(f->pack);
}

int segment_file_block(
	struct segment_file *f, enum block_type type, uint64_t number, const void *p, size_t n)
{
	arena_reset(&f->out);
	block_put(&f->out, type, number, p, n, f->pack);
	if (f->out.overflowed || n > BLOCK_MAX)
		return -ENOMEM;
	struct arena *i = &f->index;
	put_u32(i, type);
	put_u64(i, number);
	put_u64(i, f->at - f->begin);
	put_u32(i, (uint32_t)(f->out.used - BLOCK_HEAD));
	put_u32(i, (uint32_t)n);
	f->nindex++;
	int r = io_write(f->fd, f->out.base, f->out.used, f->at);
	f->at += f->out.used;
	return i->overflowed ? -ENOMEM : r;
}

int segment_file_end(struct segment_file *f, uint64_t *ret_end)
{
	uint64_t index_at = f->at - f->begin;
	struct arena index = f->index; /* the entry of the index itself is not part of it */
	int r = segment_file_block(f, BLOCK_INDEX, f->nindex, index.base, index.used);
	if (r < 0)
		return r;
	arena_reset(&f->out);
	put_u64(&f->out, index_at);
	put_u64(&f->out, f->at + TAIL - f->begin);
	put_u32(&f->out, crc32c(0, f->out.base, f->out.used));
	put_bytes(&f->out, tail_magic, sizeof tail_magic);
	r = io_write(f->fd, f->out.base, f->out.used, f->at);
	*ret_end = f->at + TAIL;
	return r;
}

void segment_info_put(struct arena *out, const struct segment_info *i)
{
	const uint64_t fields[] = {i->first_us, i->last_us, i->first_mono_us, i->last_mono_us,
		i->first_number, i->step_ns, i->run, i->dict_hash, i->rows, i->nseries,
		i->group_series, i->nchains, i->components};
	for (size_t k = 0; k < COUNTOF(fields); k++)
		put_varint(out, fields[k]);
}

/* ---- tallies ---- */

void tally_begin(struct tally *t, bool counter)
{
	*t = (struct tally){.counter = counter};
}

static void tally_level(struct summary *s, uint64_t v)
{
	if (s->count == 0 || v < s->low)
		s->low = v;
	if (s->count == 0 || v > s->high)
		s->high = v;
	s->sum += v;
	s->count++;
}

void tally_add(struct tally *t, uint64_t value, uint64_t mono_us)
{
	struct summary *s = &t->s;
	if (!t->counter) {
		tally_level(s, value);
	} else if (t->any && mono_us > t->last_us && value >= s->last) {
		uint64_t grown = value - s->last, us = mono_us - t->last_us;
		uint64_t rate = grown == 0 ? 0
				: grown < UINT64_MAX / 1000000 - us
					? (grown * 1000000 + us / 2) / us
					: grown / us * 1000000;
		tally_level(s, rate);
		s->sum += grown - rate;
		s->us += us;
		t->rate = rate;
	}
	if (!t->any)
		s->first = value;
	s->last = value;
	t->any = true;
	t->last_us = mono_us;
}

void tally_run(
	struct tally *t, uint64_t value, uint32_t n, uint64_t first_mono_us, uint64_t last_mono_us)
{
	tally_add(t, value, first_mono_us);
	if (n < 2)
		return;
	struct summary *s = &t->s;
	uint64_t level = t->counter ? 0 : value; /* a counter that stands grows by nothing */
	if (s->count == 0 || level < s->low)
		s->low = level;
	if (s->count == 0 || level > s->high)
		s->high = level;
	s->sum += level * (n - 1);
	s->count += n - 1;
	s->us += last_mono_us - first_mono_us;
	t->rate = 0;
	t->last_us = last_mono_us;
}

void tally_stream(
	struct tally *t, struct stream *s, const uint64_t *monos_us, uint32_t first, uint32_t end)
{
	while (first < end) {
		uint64_t value;
		bool present;
		uint32_t n = (uint32_t)stream_run(s, end - first, &value, &present);
		if (present)
			tally_run(t, value, n, monos_us[first], monos_us[first + n - 1]);
		else
			tally_gap(t);
		first += n;
	}
}

struct summary tally_take(struct tally *t)
{
	struct summary s = t->s;
	t->s = (struct summary){.last = s.last};
	return s;
}

/* ---- one series while the segment grows ---- */

/* Tokens of order 1 (see stream.c) in a chain of small chunks: most series need none, and a few need
 * thousands. */
struct chunk {
	uint32_t next;
	unsigned char bytes[CHUNK];
};

struct head {
	uint64_t first, last;
	uint32_t row; /* rows up to here are in the chunks; those behind it are like the last one */
	uint32_t first_chunk, last_chunk;
	uint8_t fill; /* bytes in the last chunk */
	bool missing; /* the rows behind `row` */
	bool any;
};

struct segment_writer {
	struct segment_file file;
	struct series_set *set;
	struct dict_origin origin;
	uint64_t first_number;
	struct arena heads, chunks; /* struct head by series id; struct chunk, 0 unused */
	uint32_t nheads;
	struct arena times; /* real and mono of each row, uint64_t */
	uint32_t rows;
	struct rows_encoder tables;
	struct arena streams[ROWS_STREAMS];
	uint32_t chain_rows, nchains;
	struct dict_names names;
	struct arena events;
	uint32_t nevents;
	struct arena scratch, part;
	int error; /* sticky */
};

static void chunk_put(struct segment_writer *w, struct head *h, const unsigned char *p, size_t n)
{
	while (n--) {
		struct chunk *all = (struct chunk *)(void *)w->chunks.base;
		if (h->first_chunk == 0 || h->fill == CHUNK) {
			struct chunk *fresh = arena_push(&w->chunks, sizeof *fresh);
			if (!fresh) {
				w->error = -ENOMEM;
				return;
			}
			uint32_t id = (uint32_t)(fresh - all);
			if (h->first_chunk)
				all[h->last_chunk].next = id;
			else
				h->first_chunk = id;
			h->last_chunk = id;
			h->fill = 0;
		}
		all[h->last_chunk].bytes[h->fill++] = *p++;
	}
}

static void head_token(struct segment_writer *w, struct head *h, uint64_t token)
{
	unsigned char b[VARINT_MAX];
	chunk_put(w, h, b, (size_t)(varint_write(b, token) - b));
}

static void head_end_run(struct segment_writer *w, struct head *h, uint32_t row)
{
	if (row > h->row)
		head_token(w, h, (uint64_t)(row - h->row - 1) << 2 | (unsigned)h->missing << 1 | 1);
	h->row = row;
}

/* Something else than the row before: a value that changed, came or went. */
static void head_change(
	struct segment_writer *w, struct head *h, uint32_t row, bool present, uint64_t value)
{
	if (h->missing == present)
		head_end_run(w, h, row);
	h->missing = !present;
	if (!present)
		return;
	if (!h->any) {
		h->first = h->last = value;
		h->any = true;
	} else if (value != h->last) {
		head_end_run(w, h, row);
		unsigned char token[STREAM_SURPRISE];
		chunk_put(w, h, token, (size_t)(stream_surprise(token, value - h->last) - token));
		h->row = row + 1;
		h->last = value;
	}
}

/* The rows of a head, unpacked. */
static void head_read(
	struct segment_writer *w, const struct head *h, uint64_t *values, uint8_t *present)
{
	arena_reset(&w->part);
	put_varint(&w->part, 2); /* as a stream of order 1 */
	put_varint(&w->part, 1);
	put_varint(&w->part, h->first);
	const struct chunk *all = (const struct chunk *)(const void *)w->chunks.base;
	for (uint32_t c = h->first_chunk; c; c = all[c].next)
		put_bytes(&w->part, all[c].bytes, c == h->last_chunk ? h->fill : CHUNK);
	if (w->rows > h->row && h->missing)
		put_varint(&w->part, (uint64_t)(w->rows - h->row - 1) << 2 | 3);
	struct stream s;
	stream_begin(&s, w->part.base, w->part.used);
	stream_read(&s, values, present, w->rows);
}

/* ---- writing ---- */

static uint32_t name_for_file(void *ctx, uint32_t id)
{
	return dict_name(ctx, id);
}

int segment_create(int fd, uint64_t offset, struct series_set *set,
	const struct dict_origin *origin, uint64_t first_number, struct segment_writer **ret)
{
	struct segment_writer *w = calloc(1, sizeof *w);
	if (!w)
		return -ENOMEM;
	w->set = set;
	w->origin = *origin;
	w->first_number = first_number;
	int r = segment_file_begin(&w->file, fd, offset);
	const struct {
		struct arena *arena;
		size_t ceiling;
	} parts[] = {
		{&w->heads, (SERIES_MAX + 64) * sizeof(struct head)},
		{&w->chunks, (size_t)MAX_CHUNKS * sizeof(struct chunk)},
		{&w->times, SEGMENT_ROWS_MAX * 2 * sizeof(uint64_t)},
		{&w->events, 64 << 20},
		{&w->scratch, 64 << 20},
		{&w->part, 64 << 20},
	};
	for (size_t i = 0; i < COUNTOF(parts) && r == 0; i++)
		r = arena_init(parts[i].arena, parts[i].ceiling);
	for (size_t i = 0; i < ROWS_STREAMS && r == 0; i++)
		r = arena_init(&w->streams[i], 32 << 20);
	if (r == 0)
		r = rows_encoder_init(&w->tables);
	if (r == 0)
		r = dict_names_init(&w->names);
	if (r == 0 && !arena_push(&w->chunks, sizeof(struct chunk)))
		r = -ENOMEM;
	if (r < 0)
		segment_abandon(w);
	else
		*ret = w;
	return r;
}

void segment_abandon(struct segment_writer *w)
{
	if (!w)
		return;
	struct arena *const parts[] = {
		&w->heads, &w->chunks, &w->times, &w->events, &w->scratch, &w->part};
	for (size_t i = 0; i < COUNTOF(parts); i++)
		arena_destroy(parts[i]);
	for (size_t i = 0; i < ROWS_STREAMS; i++)
		arena_destroy(&w->streams[i]);
	rows_encoder_destroy(&w->tables);
	dict_names_destroy(&w->names);
	segment_file_destroy(&w->file);
	free(w);
}

uint32_t segment_rows(const struct segment_writer *w)
{
	return w->rows;
}

/* A chain: how many rows, the length of each stream, the streams. */
static int end_chain(struct segment_writer *w)
{
	if (w->chain_rows == 0)
		return 0;
	arena_reset(&w->scratch);
	put_varint(&w->scratch, w->rows - w->chain_rows);
	put_varint(&w->scratch, w->chain_rows);
	for (size_t i = 0; i < ROWS_STREAMS; i++) {
		put_varint(&w->scratch, w->streams[i].used);
		w->scratch.overflowed |= w->streams[i].overflowed;
	}
	for (size_t i = 0; i < ROWS_STREAMS; i++) {
		put_bytes(&w->scratch, w->streams[i].base, w->streams[i].used);
		arena_reset(&w->streams[i]);
	}
	rows_encoder_forget(&w->tables);
	w->chain_rows = 0;
	return w->scratch.overflowed ? -ENOMEM
				     : segment_file_block(&w->file, BLOCK_TABLES, w->nchains++,
					       w->scratch.base, w->scratch.used);
}

/* The head of a series; one that is new was missing so far. */
static struct head *head_of(struct segment_writer *w, uint32_t id)
{
	for (; w->nheads <= id; w->nheads++) {
		struct head *h = arena_push(&w->heads, sizeof *h);
		if (!h) {
			w->error = -ENOMEM;
			return NULL;
		}
		h->missing = true;
	}
	return &((struct head *)(void *)w->heads.base)[id];
}

void segment_value(struct segment_writer *w, uint32_t series, uint64_t value, bool present)
{
	struct head *h = series && w->rows ? head_of(w, series) : NULL;
	if (h && (h->missing == present || (present && value != h->last)))
		head_change(w, h, w->rows - 1, present, value);
}

int segment_row(struct segment_writer *w, const struct sample *s)
{
	if (w->error)
		return w->error;
	if (w->rows == SEGMENT_ROWS_MAX)
		return -EFBIG;
	if (w->chain_rows == CHAIN_ROWS)
		w->error = end_chain(w);
	uint64_t *times = arena_push(&w->times, 2 * sizeof *times);
	if (!times)
		w->error = -ENOMEM;
	if (w->error)
		return w->error;
	times[0] = s->real_ns / 1000;
	times[1] = s->mono_ns / 1000;
	struct arena *out[ROWS_STREAMS];
	for (size_t i = 0; i < ROWS_STREAMS; i++)
		out[i] = &w->streams[i];
	const struct rows_names names = {name_for_file, &w->names};
	rows_encode(&w->tables, w->set, s, &names, out);
	w->chain_rows++;
	w->rows++;
	return 0;
}

int segment_add(struct segment_writer *w, const struct sample *s)
{
	int r = segment_row(w, s);
	for (uint32_t id = 1; r == 0 && id <= w->set->count; id++) {
		uint64_t v = 0;
		bool present = sample_get(s, id, &v);
		segment_value(w, id, v, present);
	}
	return r < 0 ? r : w->error;
}

int segment_event(struct segment_writer *w, const struct event *e)
{
	put_varint(&w->events, e->real_ns / 1000);
	put_text(&w->events, e->kind);
	put_text(&w->events, e->id);
	put_text(&w->events, e->text);
	w->nevents++;
	return w->events.overflowed ? -ENOMEM : 0;
}

static int put_times(struct segment_writer *w)
{
	const uint64_t *t = (const uint64_t *)(const void *)w->times.base;
	uint64_t *column = calloc(w->rows, sizeof *column);
	uint8_t *present = malloc(w->rows);
	int r = column && present ? 0 : -ENOMEM;
	arena_reset(&w->scratch);
	for (unsigned part = 0; r == 0 && part < 2; part++) {
		memset(present, 1, w->rows);
		for (uint32_t i = 0; i < w->rows; i++) /* the second as its distance to the first */
			column[i] = part ? t[i * 2] - t[i * 2 + 1] : t[i * 2];
		arena_reset(&w->part);
		stream_put(&w->part, column, present, w->rows);
		put_varint(&w->scratch, w->part.used);
		put_bytes(&w->scratch, w->part.base, w->part.used);
	}
	free(column);
	free(present);
	return r < 0 ? r
		     : segment_file_block(
			       &w->file, BLOCK_TIMES, 0, w->scratch.base, w->scratch.used);
}

/* Column after column, so that what is the same for most series costs nothing. */
static void put_summaries(struct arena *out, const struct summary *s, uint32_t n, uint32_t rows)
{
	for (uint32_t i = 0; i < n; i++)
		put_varint(out, s[i].first);
	for (uint32_t i = 0; i < n; i++)
		put_zigzag(out, s[i].last - s[i].first);
	for (uint32_t i = 0; i < n; i++)
		put_zigzag(out, rows - (uint64_t)s[i].count);
	for (uint32_t i = 0; i < n; i++)
		put_zigzag(out, s[i].low - s[i].first);
	for (uint32_t i = 0; i < n; i++)
		put_varint(out, s[i].high - s[i].low);
	for (uint32_t i = 0; i < n; i++)
		put_varint(out, s[i].sum - s[i].low * s[i].count);
}

/* Nothing ever changed: no need to go through the rows. */
static bool is_constant(const struct head *h)
{
	return h->first_chunk == 0 && h->row == 0 && !h->missing;
}

static struct summary constant_summary(const struct head *h, bool counter, uint32_t rows)
{
	struct summary s = {
		.first = h->first, .last = h->first, .count = counter ? rows - 1 : rows};
	if (!counter) {
		s.low = s.high = h->first;
		s.sum = h->first * rows;
	}
	return s;
}

static struct summary summary_of(bool counter, const uint64_t *values, const uint8_t *present,
	const uint64_t *times, uint32_t rows)
{
	struct tally t;
	uint64_t first = 0;
	bool any = false;
	tally_begin(&t, counter);
	for (uint32_t i = 0; i < rows; i++) {
		if (!present[i]) {
			tally_gap(&t);
			continue;
		}
		first = any ? first : values[i];
		any = true;
		tally_add(&t, values[i], times[i * 2 + 1]);
	}
	t.s.first = first;
	return t.s;
}

/* Lengths of the streams, then the streams. */
static int put_group(struct segment_writer *w, uint32_t group, const uint32_t *ids, uint32_t n,
	struct summary *summaries, uint64_t *values, uint8_t *present)
{
	const uint64_t *times = (const uint64_t *)(const void *)w->times.base;
	struct arena *streams = &w->streams[0];
	arena_reset(streams);
	arena_reset(&w->scratch);
	for (uint32_t i = 0; i < n; i++) {
		const struct head *h = &((const struct head *)(const void *)w->heads.base)[ids[i]];
		enum metric_kind kind =
			metric_info((enum metric)series_row(w->set, ids[i])->metric)->kind;
		size_t before = streams->used;
		if (is_constant(h)) {
			stream_put_constant(streams, h->first);
			summaries[i] = constant_summary(h, kind != METRIC_GAUGE, w->rows);
		} else {
			head_read(w, h, values, present);
			stream_put(streams, values, present, w->rows);
			summaries[i] =
				summary_of(kind != METRIC_GAUGE, values, present, times, w->rows);
		}
		put_varint(&w->scratch, streams->used - before);
	}
	put_bytes(&w->scratch, streams->base, streams->used);
	return w->scratch.overflowed || streams->overflowed
		       ? -ENOMEM
		       : segment_file_block(
				 &w->file, BLOCK_GROUP, group, w->scratch.base, w->scratch.used);
}

static int put_groups(struct segment_writer *w, const uint32_t *ids, uint32_t n)
{
	struct summary *summaries = calloc(n + 1, sizeof *summaries);
	uint64_t *values = calloc(w->rows, sizeof *values);
	uint8_t *present = calloc(w->rows, 1);
	int r = summaries && values && present ? 0 : -ENOMEM;
	for (uint32_t i = 0; i < n && r == 0; i += GROUP_SERIES) {
		uint32_t some = n - i < GROUP_SERIES ? n - i : GROUP_SERIES;
		r = put_group(w, i / GROUP_SERIES, ids + i, some, summaries + i, values, present);
	}
	if (r == 0) {
		arena_reset(&w->scratch);
		put_summaries(&w->scratch, summaries, n, w->rows);
		r = segment_file_block(
			&w->file, BLOCK_SUMMARY, 0, w->scratch.base, w->scratch.used);
	}
	free(summaries);
	free(values);
	free(present);
	return r;
}

static int put_rest(struct segment_writer *w, const uint32_t *ids, uint32_t n, uint64_t *ret_end)
{
	const uint64_t *t = (const uint64_t *)(const void *)w->times.base;
	int r = put_groups(w, ids, n);
	if (r == 0)
		r = put_times(w);
	if (r < 0)
		return r;
	arena_reset(&w->scratch);
	dict_put_file(&w->scratch, &w->origin, w->set, &w->names, ids, n);
	struct segment_info info = {.first_us = t[0],
		.first_mono_us = t[1],
		.last_us = t[w->rows * 2 - 2],
		.last_mono_us = t[w->rows * 2 - 1],
		.first_number = w->first_number,
		.run = w->origin.run,
		.dict_hash = intern_hash(w->scratch.base, w->scratch.used),
		.rows = w->rows,
		.nseries = n,
		.group_series = GROUP_SERIES,
		.nchains = w->nchains,
		.components = 1};
	r = w->names.failed
		    ? -ENOMEM
		    : segment_file_block(&w->file, BLOCK_DICT, 0, w->scratch.base, w->scratch.used);
	if (r == 0 && w->nevents) {
		arena_reset(&w->scratch);
		put_varint(&w->scratch, w->nevents);
		put_bytes(&w->scratch, w->events.base, w->events.used);
		r = segment_file_block(&w->file, BLOCK_EVENTS, 0, w->scratch.base, w->scratch.used);
	}
	if (r == 0) {
		arena_reset(&w->scratch);
		segment_info_put(&w->scratch, &info);
		r = segment_file_block(&w->file, BLOCK_INFO, 0, w->scratch.base, w->scratch.used);
	}
	return r < 0 ? r : segment_file_end(&w->file, ret_end);
}

int segment_finish(struct segment_writer *w, uint64_t *ret_end)
{
	int r = w->error;
	if (r == 0 && w->rows == 0)
		r = -ENODATA;
	if (r == 0)
		r = end_chain(w);
	uint32_t *ids = r == 0 ? calloc(w->nheads + 1, sizeof *ids) : NULL, n = 0;
	if (r == 0 && !ids)
		r = -ENOMEM;
	for (uint32_t id = 1; r == 0 && id < w->nheads; id++)
		if (((const struct head *)(const void *)w->heads.base)[id].any)
			ids[n++] = id;
	if (r == 0) {
		series_sort(w->set, ids, n);
		r = put_rest(w, ids, n, ret_end);
	}
	free(ids);
	segment_abandon(w);
	return r;
}
