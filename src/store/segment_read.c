/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/segment.h"

#include <errno.h>

enum { INDEX_ENTRY = 28, TAIL = 24, MAX_INDEX = 1 << 20 };

static int read_index(struct segment *s, uint64_t at)
{
	struct block b;
	uint64_t next;
	int r = block_read(s->fd, s->begin + at, s->end - TAIL, &s->raw, &s->plain, &b, &next);
	if (r < 0 || b.type != BLOCK_INDEX || b.plain % INDEX_ENTRY || next != s->end - TAIL)
		return r < 0 && r != -ENODATA ? r : -EBADMSG;
	s->nindex = b.plain / INDEX_ENTRY;
	s->index = calloc(s->nindex + 1, sizeof *s->index);
	if (!s->index)
		return -ENOMEM;
	struct get g = get_over(b.bytes, b.plain);
	for (uint32_t i = 0; i < s->nindex; i++) {
		s->index[i].type = (uint16_t)get_u32(&g);
		s->index[i].number = get_u64(&g);
		s->index[i].offset = get_u64(&g);
		s->index[i].stored = get_u32(&g);
		s->index[i].plain = get_u32(&g);
	}
	return 0;
}

static int read_info(struct segment *s)
{
	struct block b;
	int r = segment_block(s, BLOCK_INFO, 0, &b);
	if (r < 0)
		return r;
	struct get g = get_over(b.bytes, b.plain);
	uint64_t *const times[] = {&s->first_us, &s->last_us, &s->first_mono_us, &s->last_mono_us,
		&s->first_number, &s->step_ns, &s->run, &s->dict_hash};
	uint32_t *const counts[] = {
		&s->rows, &s->nseries, &s->group_series, &s->nchains, &s->components};
	for (size_t i = 0; i < COUNTOF(times); i++)
		*times[i] = get_varint(&g);
	for (size_t i = 0; i < COUNTOF(counts); i++) {
		uint64_t v = get_varint(&g);
		if (v > SERIES_MAX)
			return -EBADMSG;
		*counts[i] = (uint32_t)v;
	}
	bool sane = !g.bad && s->rows && s->rows <= SEGMENT_ROWS_MAX && s->components &&
		    s->components <= COMPONENTS_MAX && s->group_series;
	return sane ? 0 : -EBADMSG;
}

int segment_open(int fd, uint64_t end, struct segment *s)
{
	*s = (struct segment){.fd = fd, .end = end};
	unsigned char tail[TAIL], head[FILE_HEAD];
	enum file_kind kind;
	int r = arena_init(&s->raw, (size_t)BLOCK_MAX + BLOCK_HEAD);
	if (r == 0)
		r = arena_init(&s->plain, BLOCK_MAX);
	for (size_t i = 0; i < COMPONENTS_MAX && r == 0; i++)
		r = arena_init(&s->groups[i], BLOCK_MAX);
	if (r == 0 && end < FILE_HEAD + TAIL)
		r = -ENODATA;
	if (r == 0)
		r = io_read(fd, tail, TAIL, end - TAIL);
	struct get g = get_over(tail, TAIL);
	uint64_t index_at = get_u64(&g), length = get_u64(&g);
	uint32_t crc = get_u32(&g);
	if (r == 0 && (crc != crc32c(0, tail, 16) || memcmp(tail + 20, "plim", 4) != 0 ||
			      length > end || length < FILE_HEAD + TAIL || index_at > length))
		r = -ENODATA;
	if (r == 0) {
		s->begin = end - length;
		r = io_read(fd, head, FILE_HEAD, s->begin);
	}
	if (r == 0)
		r = file_get_head(head, &kind);
	if (r == 0 && kind != FILE_SEGMENT)
		r = -EBADMSG;
	if (r == 0)
		r = read_index(s, index_at);
	if (r == 0)
		r = read_info(s);
	if (r < 0)
		segment_close(s);
	return r;
}

void segment_close(struct segment *s)
{
	attr_close_fd(&s->fd);
	free(s->index);
	free(s->times_us);
	free(s->monos_us);
	arena_destroy(&s->raw);
	arena_destroy(&s->plain);
	for (size_t i = 0; i < COMPONENTS_MAX; i++) {
		arena_destroy(&s->groups[i]);
		free(s->offsets[i]);
	}
	*s = (struct segment){.fd = -1};
}

void segment_rest(struct segment *s)
{
	arena_empty(&s->raw);
	arena_empty(&s->plain);
	for (size_t i = 0; i < COMPONENTS_MAX; i++) {
		arena_empty(&s->groups[i]);
		s->loaded[i] = 0;
	}
	free(s->times_us);
	free(s->monos_us);
	s->times_us = s->monos_us = NULL;
}

static int read_block(struct segment *s, enum block_type type, uint64_t number, struct arena *plain,
	struct block *ret)
{
	uint64_t next;
	for (uint32_t i = 0; i < s->nindex; i++) {
		const struct segment_entry *e = &s->index[i];
		if (e->type != type || e->number != number)
			continue;
		int r = e->offset > s->end - s->begin ? -EBADMSG
						      : block_read(s->fd, s->begin + e->offset,
								s->end, &s->raw, plain, ret, &next);
		if (r == 0 && (ret->type != type || ret->number != number))
			r = -EBADMSG;
		return r == -ENODATA ? -EBADMSG : r;
	}
	return -ENODATA;
}

int segment_block(struct segment *s, enum block_type type, uint64_t number, struct block *ret)
{
	return read_block(s, type, number, &s->plain, ret);
}

int segment_dict(struct segment *s, struct dict *d)
{
	struct block b;
	int r = segment_block(s, BLOCK_DICT, 0, &b);
	if (r < 0)
		return r;
	struct get g = get_over(b.bytes, b.plain);
	r = dict_get_origin(&g, &d->origin);
	if (r == 0)
		r = dict_get_schema(&g, d);
	return r < 0 ? r : dict_get_news(&g, d);
}

/* A stream with its length before it. */
static struct stream get_stream(struct get *g)
{
	struct stream s;
	uint64_t n = get_varint(g);
	const unsigned char *p = get_bytes(g, n);
	stream_begin(&s, p, p ? (size_t)n : 0);
	return s;
}

int segment_times(struct segment *s)
{
	struct block b;
	if (s->times_us)
		return 0;
	uint64_t *times = calloc(s->rows, sizeof *times), *monos = calloc(s->rows, sizeof *monos);
	uint8_t *present = malloc(s->rows);
	int r = times && monos && present ? 0 : -ENOMEM;
	if (r == 0 && s->step_ns) {
		for (uint32_t i = 0; i < s->rows; i++)
			times[i] = monos[i] = s->first_us + i * (s->step_ns / 1000);
	} else if (r == 0) {
		r = segment_block(s, BLOCK_TIMES, 0, &b);
		struct get g = get_over(b.bytes, r == 0 ? b.plain : 0);
		struct stream real = get_stream(&g), mono = get_stream(&g);
		stream_read(&real, times, present, s->rows);
		stream_read(&mono, monos, present, s->rows);
		for (uint32_t i = 0; i < s->rows; i++)
			monos[i] = times[i] - monos[i];
		if (r == 0 && g.bad)
			r = -EBADMSG;
	}
	free(present);
	if (r < 0) {
		free(times);
		free(monos);
		return r;
	}
	s->times_us = times;
	s->monos_us = monos;
	return 0;
}

/* How many series a group has. */
static uint32_t group_members(const struct segment *s, uint32_t group)
{
	uint32_t left = s->nseries - group * s->group_series;
	return left < s->group_series ? left : s->group_series;
}

/* Lengths of the streams stand before them; here they become offsets. */
static int find_streams(struct segment *s, uint32_t group, unsigned component)
{
	uint32_t n = group_members(s, group);
	uint32_t *offsets = s->offsets[component];
	if (!offsets)
		offsets = s->offsets[component] = calloc(s->group_series + 1, sizeof *offsets);
	if (!offsets)
		return -ENOMEM;
	struct get g = get_over(s->groups[component].base, s->groups[component].used);
	uint64_t at = 0;
	for (uint32_t i = 0; i < n; i++) {
		offsets[i] = (uint32_t)at;
		at += get_varint(&g);
		if (at > BLOCK_MAX)
			return -EBADMSG;
	}
	uint64_t head = s->groups[component].used - (size_t)(g.end - g.p);
	if (g.bad || head + at != s->groups[component].used)
		return -EBADMSG;
	offsets[n] = (uint32_t)at;
	for (uint32_t i = 0; i <= n; i++)
		offsets[i] += (uint32_t)head;
	return 0;
}

/* Unpacks the group of one component. */
static int load_group(struct segment *s, uint32_t group, unsigned component)
{
	struct arena *to = &s->groups[component];
	struct block b;
	if (s->loaded[component] == group + 1u)
		return 0;
	s->loaded[component] = 0;
	int r = read_block(s, BLOCK_GROUP, (uint64_t)group * s->components + component, to, &b);
	if (r < 0)
		return r;
	if (b.bytes != to->base) { /* too small to be packed */
		arena_reset(to);
		put_bytes(to, b.bytes, b.plain);
	}
	r = find_streams(s, group, component);
	if (r == 0)
		s->loaded[component] = group + 1u;
	return r;
}

int segment_stream(struct segment *s, uint32_t slot, unsigned component, struct stream *ret)
{
	if (slot >= s->nseries || component >= s->components)
		return -EBADMSG;
	int r = load_group(s, slot / s->group_series, component);
	if (r < 0)
		return r;
	const uint32_t *at = &s->offsets[component][slot % s->group_series];
	stream_begin(ret, s->groups[component].base + at[0], at[1] - at[0]);
	return 0;
}

int segment_events(struct segment *s, int (*each)(void *ctx, const struct event *e), void *ctx)
{
	struct block b;
	int r = segment_block(s, BLOCK_EVENTS, 0, &b);
	if (r < 0)
		return r == -ENODATA ? 0 : r;
	struct get g = get_over(b.bytes, b.plain);
	return events_get(&g, each, ctx);
}

int segment_summary(struct segment *s, const struct summary **ret)
{
	struct block b;
	int r = segment_block(s, BLOCK_SUMMARY, 0, &b);
	if (r < 0)
		return r;
	struct get g = get_over(b.bytes, b.plain);
	/* Into the one of the two scratch memories that the block does not stand in. */
	struct arena *room = b.bytes == s->plain.base ? &s->raw : &s->plain;
	arena_reset(room);
	struct summary *all = arena_alloc(room, (s->nseries + 1) * sizeof *all);
	if (!all)
		return -ENOMEM;
	uint32_t n = s->nseries;
	for (uint32_t i = 0; i < n; i++)
		all[i].first = get_varint(&g);
	for (uint32_t i = 0; i < n; i++)
		all[i].last = all[i].first + get_zigzag(&g);
	for (uint32_t i = 0; i < n; i++)
		all[i].count = (uint32_t)(s->rows - get_zigzag(&g));
	for (uint32_t i = 0; i < n; i++)
		all[i].low = all[i].first + get_zigzag(&g);
	for (uint32_t i = 0; i < n; i++)
		all[i].high = all[i].low + get_varint(&g);
	for (uint32_t i = 0; i < n; i++)
		all[i].sum = all[i].low * all[i].count + get_varint(&g);
	*ret = all;
	return g.bad ? -EBADMSG : 0;
}

/* ---- walking through the samples ---- */

struct segment_cursor {
	struct segment *s;
	struct dict dict;
	struct rows_decoder tables;
	struct arena groups; /* all groups, unpacked */
	struct arena chain;
	struct get *parts; /* streams of the chain, the common one last */
	struct get **part_at;
	struct stream *series;
	uint32_t row;                  /* the next one */
	uint32_t chain_row, chain_end; /* the next row of the loaded chain, and where it ends */
	uint32_t chain_number;
};

static int load_series(struct segment_cursor *c)
{
	struct segment *s = c->s;
	arena_reset(&c->groups);
	for (uint32_t slot = 0; slot < s->nseries; slot++) {
		if (slot % s->group_series == 0) {
			int r = load_group(s, slot / s->group_series, 0);
			if (r < 0)
				return r;
		}
		const uint32_t *at = &s->offsets[0][slot % s->group_series];
		size_t n = at[1] - at[0];
		unsigned char *copy = arena_push(&c->groups, n);
		if (n && !copy)
			return -ENOMEM;
		if (n)
			memcpy(copy, s->groups[0].base + at[0], n);
		stream_begin(&c->series[slot], copy, n);
	}
	return 0;
}

/* The chain with this number; its first row is c->chain_row afterwards. */
static int load_chain(struct segment_cursor *c, uint32_t number)
{
	struct block b;
	int r = segment_block(c->s, BLOCK_TABLES, number, &b);
	if (r < 0)
		return r;
	arena_reset(&c->chain);
	unsigned char *copy = arena_alloc(&c->chain, b.plain);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, b.bytes, b.plain);
	struct get g = get_over(copy, b.plain);
	uint64_t first = get_varint(&g), rows = get_varint(&g);
	unsigned n = c->dict.schema.nstreams + 1;
	uint64_t lengths[ROWS_FILE_STREAMS + 1];
	for (unsigned i = 0; i < n; i++)
		lengths[i] = get_varint(&g);
	for (unsigned i = 0; i < n; i++) {
		const unsigned char *p = get_bytes(&g, lengths[i]);
		c->parts[i] = get_over(p, p ? (size_t)lengths[i] : 0);
		c->part_at[i] = &c->parts[i];
	}
	if (g.bad || first + rows > c->s->rows || rows == 0)
		return -EBADMSG;
	rows_decoder_forget(&c->tables);
	c->chain_row = (uint32_t)first;
	c->chain_end = (uint32_t)(first + rows);
	c->chain_number = number;
	return 0;
}

int segment_cursor_open(struct segment *s, struct series_set *set, struct segment_cursor **ret)
{
	if (s->components != 1) /* a tier has no samples */
		return -EBADMSG;
	struct segment_cursor *c = calloc(1, sizeof *c);
	if (!c)
		return -ENOMEM;
	c->s = s;
	int r = dict_init(&c->dict, set);
	if (r == 0)
		r = rows_decoder_init(&c->tables);
	if (r == 0)
		r = arena_init(&c->groups, (size_t)BLOCK_MAX * 4);
	if (r == 0)
		r = arena_init(&c->chain, BLOCK_MAX);
	c->series = calloc((size_t)s->nseries + 1, sizeof *c->series);
	c->parts = calloc(ROWS_FILE_STREAMS + 1, sizeof *c->parts);
	c->part_at = calloc(ROWS_FILE_STREAMS + 1, sizeof(struct get *));
	if (r == 0 && (!c->series || !c->parts || !c->part_at))
		r = -ENOMEM;
	if (r == 0)
		r = segment_dict(s, &c->dict);
	if (r == 0)
		r = segment_times(s);
	if (r == 0)
		r = segment_cursor_seek(c, 0);
	if (r < 0)
		segment_cursor_close(c);
	else
		*ret = c;
	return r;
}

void segment_cursor_close(struct segment_cursor *c)
{
	if (!c)
		return;
	dict_destroy(&c->dict);
	rows_decoder_destroy(&c->tables);
	arena_destroy(&c->groups);
	arena_destroy(&c->chain);
	free(c->series);
	free(c->parts);
	free(c->part_at);
	free(c);
}

const struct dict_origin *segment_cursor_origin(const struct segment_cursor *c)
{
	return &c->dict.origin;
}

int segment_cursor_seek(struct segment_cursor *c, uint32_t row)
{
	int r = load_series(c);
	for (uint32_t i = 0; r == 0 && i < c->s->nseries; i++)
		stream_skip(&c->series[i], row);
	c->row = row;
	/* The chain that has the row; those before it need not be read. */
	uint32_t number = 0;
	while (r == 0 && row < c->s->rows) {
		r = load_chain(c, number++);
		if (r < 0 || row < c->chain_end)
			break;
	}
	return r;
}

static int next_tables(struct segment_cursor *c)
{
	const struct rows_map map = dict_map(&c->dict);
	while (c->chain_row <= c->row) {
		int r = c->chain_row == c->chain_end ? load_chain(c, c->chain_number + 1) : 0;
		if (r == 0)
			r = rows_decode(&c->tables, &c->dict.schema, &map, c->part_at);
		if (r < 0)
			return r;
		c->chain_row++;
	}
	return 0;
}

int segment_cursor_next(struct segment_cursor *c, struct sample *out)
{
	if (c->row >= c->s->rows)
		return -ENODATA;
	int r = next_tables(c);
	if (r < 0)
		return r == -ENODATA ? -EBADMSG : r;
	sample_reset(out);
	out->real_ns = c->s->times_us[c->row] * 1000;
	out->mono_ns = c->s->monos_us[c->row] * 1000;
	for (uint32_t i = 0; i < c->s->nseries; i++) {
		uint64_t v;
		if (stream_next(&c->series[i], &v))
			sample_set(out, dict_series(&c->dict, i + 1), v);
	}
	rows_copy(&c->tables, out);
	c->row++;
	return 0;
}
