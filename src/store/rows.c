/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/rows.h"

#include <errno.h>

/* What an operation does with the old rows, in the low two bits; the rest is a count or the mask of
 * the columns that follow. A KEEP of none ends a table: what is left of the old rows stays. */
enum row_op { OP_KEEP, OP_CHANGE, OP_DELETE, OP_INSERT };

/* Bits of the common stream's second number. */
enum {
	HAVE_CONNS_BIT = 1,
	HAVE_FILES_BIT = 2,
	HAVE_CT_PEERS_BIT = 4,
	HAVE_ENDED_BIT = 8,
	HAVE_FLOWS_BIT = 16,
	HAVE_HELD_BIT = 32,
};

enum { MAX_ROWS_BYTES = 128 << 20, MAX_ROWS = 1 << 20 };

static int init_arenas(struct arena *a, size_t n, size_t ceiling)
{
	int r = 0;
	for (size_t i = 0; i < n && r == 0; i++)
		r = arena_init(&a[i], ceiling);
	return r;
}

static void destroy_arenas(struct arena *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		arena_destroy(&a[i]);
}

int rows_encoder_init(struct rows_encoder *e)
{
	*e = (struct rows_encoder){0};
	int r = init_arenas(e->old, TABLE_COUNT, MAX_ROWS_BYTES);
	if (r == 0)
		r = init_arenas(e->next, TABLE_COUNT, MAX_ROWS_BYTES);
	if (r == 0)
		r = init_arenas(e->old_order, TABLE_COUNT, MAX_ROWS * sizeof(uint64_t));
	if (r == 0)
		r = init_arenas(e->next_order, TABLE_COUNT, MAX_ROWS * 2 * sizeof(uint64_t));
	if (r < 0)
		rows_encoder_destroy(e);
	return r;
}

void rows_encoder_destroy(struct rows_encoder *e)
{
	destroy_arenas(e->old, TABLE_COUNT);
	destroy_arenas(e->next, TABLE_COUNT);
	destroy_arenas(e->old_order, TABLE_COUNT);
	destroy_arenas(e->next_order, TABLE_COUNT);
}

void rows_encoder_forget(struct rows_encoder *e)
{
	for (unsigned t = 0; t < TABLE_COUNT; t++) {
		arena_reset(&e->old[t]);
		arena_reset(&e->old_order[t]);
		e->nold[t] = e->dropped[t] = 0;
	}
	e->ct_sampled = 0;
}

/* ---- the order in which rows are written ---- */

/* Rows of two samples are brought together by walking both in one order. Any will do: of tables that
 * come sorted the first key, of others a hash of the keys. */
static uint64_t order_of(const struct table_info *t, const void *row)
{
	if (t->sorted)
		return column_get(t->columns, row);
	uint64_t h = 0x9e3779b97f4a7c15u;
	for (const struct column_info *c = t->columns; c->name && c->key; c++) {
		const unsigned char *p = (const unsigned char *)row + c->offset;
		uint64_t word;
		size_t left = c->size;
		for (; left >= sizeof word; left -= sizeof word, p += sizeof word) {
			memcpy(&word, p, sizeof word);
			h = (h ^ word) * 0xd6e8feb86659fd93u;
			h ^= h >> 32;
		}
		word = 0;
		memcpy(&word, p, left);
		h = (h ^ word) * 0xd6e8feb86659fd93u;
		h ^= h >> 29;
	}
	return h;
}

static bool same_keys(const struct table_info *t, const void *a, const void *b)
{
	for (const struct column_info *c = t->columns; c->name; c++)
		if (c->key && memcmp((const char *)a + c->offset, (const char *)b + c->offset,
				      c->size) != 0)
			return false;
	return true;
}

struct placed {
	uint64_t order, row;
};

static void sift(struct placed *a, size_t at, size_t n)
{
	struct placed x = a[at];
	for (size_t child; (child = at * 2 + 1) < n; at = child) {
		if (child + 1 < n && a[child].order < a[child + 1].order)
			child++;
		if (a[child].order <= x.order)
			break;
		a[at] = a[child];
	}
	a[at] = x;
}

/* A heap sort, since the C library's sort takes memory from the heap. */
static void sort_placed(struct placed *a, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sift(a, i, n);
	while (n-- > 1) {
		struct placed x = a[0];
		a[0] = a[n];
		a[n] = x;
		sift(a, 0, n);
	}
}

static bool is_ordered(const struct table_info *info, const struct table *t)
{
	uint64_t before = 0;
	for (uint32_t i = 0; i < t->count; i++) {
		uint64_t order = order_of(info, t->rows.base + i * info->row_size);
		if (order < before)
			return false;
		before = order;
	}
	return true;
}

/* The rows of a table in their order: those of the sample, which has the largest tables so, or a copy in e->next. Their orders go to e->next_order. */
static uint32_t place_rows(struct rows_encoder *e, enum table_id id, const struct sample *s,
	const unsigned char **ret_rows)
{
	const struct table_info *info = table_info(id);
	const struct table *t = sample_table_const(s, id);
	*ret_rows = t->rows.base;
	arena_reset(&e->next[id]);
	arena_reset(&e->next_order[id]);
	if (t->count == 0)
		return 0;
	if (info->sorted && is_ordered(info, t)) {
		uint64_t *orders = arena_push(&e->next_order[id], t->count * sizeof *orders);
		for (uint32_t i = 0; orders && i < t->count; i++)
			orders[i] = order_of(info, t->rows.base + i * info->row_size);
		return orders ? t->count : 0;
	}
	struct placed *placed = arena_push(&e->next_order[id], t->count * sizeof *placed);
	unsigned char *rows = arena_push(&e->next[id], t->count * info->row_size);
	if (!placed || !rows)
		return 0;
	*ret_rows = rows;
	bool sorted = true;
	for (uint32_t i = 0; i < t->count; i++) {
		placed[i] = (struct placed){order_of(info, t->rows.base + i * info->row_size), i};
		sorted = sorted && (i == 0 || placed[i - 1].order <= placed[i].order);
	}
	if (!sorted)
		sort_placed(placed, t->count);
	uint64_t *orders = (uint64_t *)(void *)placed;
	for (uint32_t i = 0; i < t->count; i++) {
		struct placed p = placed[i];
		memcpy(rows + i * info->row_size, t->rows.base + p.row * info->row_size,
			info->row_size);
		orders[i] = p.order;
	}
	return t->count;
}

/* ---- writing ---- */

struct table_writer {
	struct series_set *set;
	const struct rows_names *names;
	struct arena *const *out;
	const struct table_info *info;
	uint64_t keep, gone; /* operations not written yet */
};

static bool differs(const struct column_info *c, const void *a, const void *b)
{
	if (c->type == COLUMN_FINE)
		return column_get(c, a) / FINE_GRAIN != column_get(c, b) / FINE_GRAIN;
	return memcmp((const char *)a + c->offset, (const char *)b + c->offset, c->size) != 0;
}

static uint32_t file_name(const struct table_writer *w, uint32_t id)
{
	return w->names ? w->names->of(w->names->ctx, id) : id;
}

static void put_column(const struct table_writer *w, const struct column_info *c, unsigned i,
	const void *before, const void *now)
{
	struct arena *out = w->out[w->info->part + 1 + i];
	const char *text;
	size_t n = c->size;
	switch (c->type) {
	case COLUMN_NUMBER: put_zigzag(out, column_get(c, now) - column_get(c, before)); break;
	case COLUMN_FINE:
		put_zigzag(
			out, column_get(c, now) / FINE_GRAIN - column_get(c, before) / FINE_GRAIN);
		break;
	case COLUMN_NAME: put_varint(out, file_name(w, (uint32_t)column_get(c, now))); break;
	case COLUMN_NETNS: put_varint(out, column_get(c, now)); break;
	case COLUMN_STATIC:
		memcpy(&text, (const char *)now + c->offset, sizeof text);
		put_varint(out,
			text ? file_name(w, intern_id(&w->set->names, text, strlen(text))) : 0);
		break;
	case COLUMN_BYTES:
		while (n > 0 && ((const char *)now + c->offset)[n - 1] == '\0')
			n--;
		put_varint(out, n);
		put_bytes(out, (const char *)now + c->offset, n);
		break;
	case COLUMN_TYPES: break;
	}
}

static void flush_counts(struct table_writer *w)
{
	struct arena *ops = w->out[w->info->part];
	if (w->keep)
		put_varint(ops, w->keep << 2 | OP_KEEP);
	if (w->gone)
		put_varint(ops, w->gone << 2 | OP_DELETE);
	w->keep = w->gone = 0;
}

static void write_row(struct table_writer *w, enum row_op op, const void *before, const void *now)
{
	uint64_t mask = 0;
	unsigned i = 0;
	for (const struct column_info *c = w->info->columns; c->name; c++, i++)
		mask |= (uint64_t)differs(c, before, now) << i;
	if (op == OP_CHANGE && mask == 0) {
		if (w->gone)
			flush_counts(w);
		w->keep++;
		return;
	}
	flush_counts(w);
	put_varint(w->out[w->info->part], mask << 2 | op);
	i = 0;
	for (const struct column_info *c = w->info->columns; c->name; c++, i++)
		if (mask >> i & 1)
			put_column(w, c, i, before, now);
}

static bool table_same(const struct rows_encoder *e, enum table_id t, const unsigned char *rows,
	uint32_t n, uint32_t dropped)
{
	const struct table_info *info = table_info(t);
	if (n != e->nold[t] || dropped != e->dropped[t])
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const unsigned char *a = e->old[t].base + i * info->row_size,
				    *b = rows + i * info->row_size;
		if (memcmp(a, b, info->row_size) == 0)
			continue;
		for (const struct column_info *c = info->columns; c->name; c++)
			if (differs(c, a, b))
				return false;
	}
	return true;
}

static void encode_table(struct rows_encoder *e, struct table_writer *w, enum table_id t,
	const unsigned char *now, uint32_t n)
{
	static const char zero[1024];
	const struct table_info *info = w->info = table_info(t);
	const uint64_t *a = (const uint64_t *)(const void *)e->old_order[t].base,
		       *b = (const uint64_t *)(const void *)e->next_order[t].base;
	const unsigned char *old = e->old[t].base;
	const void *last = zero;
	put_varint(w->out[info->part], e->dropped[t]);
	for (uint32_t i = 0, j = 0; i < e->nold[t] || j < n;) {
		const void *row = now + j * info->row_size;
		bool both = i < e->nold[t] && j < n;
		if (both && a[i] == b[j] && same_keys(info, old + i * info->row_size, row)) {
			write_row(w, OP_CHANGE, old + i++ * info->row_size, row);
			last = row;
			j++;
		} else if (j == n || (both && a[i] <= b[j])) {
			if (w->keep)
				flush_counts(w);
			w->gone++;
			i++;
		} else {
			write_row(w, OP_INSERT, last, row);
			last = row;
			j++;
		}
	}
	w->keep = 0; /* what is left of the old rows stays */
	flush_counts(w);
	put_varint(w->out[info->part], OP_KEEP);
}

static void swap_arenas(struct arena *a, struct arena *b)
{
	struct arena x = *a;
	*a = *b;
	*b = x;
}

/* What was told last, for the next frame. */
static void keep_rows(
	struct rows_encoder *e, enum table_id t, const unsigned char *rows, uint32_t n)
{
	size_t bytes = n * table_info(t)->row_size;
	swap_arenas(&e->old_order[t], &e->next_order[t]);
	if (rows == e->next[t].base) {
		swap_arenas(&e->old[t], &e->next[t]);
	} else {
		arena_reset(&e->old[t]);
		void *to = arena_push(&e->old[t], bytes);
		if (bytes && to)
			memcpy(to, rows, bytes);
		n = to ? n : 0;
	}
	e->nold[t] = n;
}

void rows_encode(struct rows_encoder *e, struct series_set *set, const struct sample *s,
	const struct rows_names *names, struct arena *const out[static ROWS_STREAMS])
{
	struct table_writer w = {set, names, out, NULL, 0, 0};
	uint64_t changed = 0;
	uint32_t count[TABLE_COUNT];
	const unsigned char *rows[TABLE_COUNT];
	for (unsigned t = 0; t < TABLE_COUNT; t++) {
		count[t] = place_rows(e, (enum table_id)t, s, &rows[t]);
		uint32_t dropped = sample_table_const(s, (enum table_id)t)->dropped;
		if (!table_same(e, (enum table_id)t, rows[t], count[t], dropped))
			changed |= UINT64_C(1) << t;
		e->dropped[t] = dropped;
	}
	put_varint(out[ROWS_COMMON], changed);
	put_varint(out[ROWS_COMMON],
		(s->have_conns ? HAVE_CONNS_BIT : 0) | (s->have_files ? HAVE_FILES_BIT : 0) |
			(s->have_ct_peers ? HAVE_CT_PEERS_BIT : 0) |
			(s->have_ended ? HAVE_ENDED_BIT : 0) |
			(s->have_flows ? HAVE_FLOWS_BIT : 0) | (s->have_held ? HAVE_HELD_BIT : 0));
	put_zigzag(out[ROWS_COMMON], s->ct_sampled - e->ct_sampled);
	e->ct_sampled = s->ct_sampled;
	for (unsigned t = 0; t < TABLE_COUNT; t++) {
		if (!(changed >> t & 1))
			continue;
		encode_table(e, &w, (enum table_id)t, rows[t], count[t]);
		keep_rows(e, (enum table_id)t, rows[t], count[t]);
	}
}

void rows_put_schema(struct arena *out)
{
	put_varint(out, TABLE_COUNT);
	for (unsigned t = 0; t < TABLE_COUNT; t++) {
		const struct table_info *info = table_info((enum table_id)t);
		unsigned n = 0;
		while (info->columns[n].name)
			n++;
		put_text(out, info->name);
		put_varint(out, n);
		for (unsigned i = 0; i < n; i++) {
			put_text(out, info->columns[i].name);
			put_varint(out, info->columns[i].type);
		}
	}
}

/* ---- reading ---- */

static bool text_is(struct get *g, const char *s)
{
	uint64_t n = get_varint(g);
	struct get ahead = *g;
	const unsigned char *p = get_bytes(&ahead, n);
	return p && strlen(s) == n && memcmp(p, s, (size_t)n) == 0;
}

static void skip_text(struct get *g)
{
	(void)get_bytes(g, get_varint(g));
}

static int our_table(struct get g)
{
	for (unsigned t = 0; t < TABLE_COUNT; t++) {
		struct get at = g;
		if (text_is(&at, table_info((enum table_id)t)->name))
			return (int)t;
	}
	return -1;
}

static const struct column_info *our_column(struct get g, int table)
{
	if (table < 0)
		return NULL;
	for (const struct column_info *c = table_info((enum table_id)table)->columns; c->name;
		c++) {
		struct get at = g;
		if (text_is(&at, c->name))
			return c;
	}
	return NULL;
}

/* A column that was written in another form than we have it is one that we do not know. */
static bool fits(enum column_type file, enum column_type ours)
{
	bool numbers = (file == COLUMN_NUMBER || file == COLUMN_FINE) &&
		       (ours == COLUMN_NUMBER || ours == COLUMN_FINE);
	return file == ours || numbers;
}

int rows_get_schema(struct get *g, struct rows_schema *ret)
{
	*ret = (struct rows_schema){0};
	uint64_t n = get_varint(g);
	if (n > ROWS_FILE_TABLES)
		return -EBADMSG;
	for (; ret->ntables < n; ret->ntables++) {
		struct rows_file_table *t = &ret->tables[ret->ntables];
		t->table = our_table(*g);
		skip_text(g);
		uint64_t columns = get_varint(g);
		if (g->bad || columns > TABLE_COLUMNS_MAX ||
			ret->nstreams + columns + 1 > ROWS_FILE_STREAMS)
			return -EBADMSG;
		t->stream = ret->nstreams;
		t->ncolumns = (unsigned)columns;
		ret->nstreams += 1 + t->ncolumns;
		for (unsigned i = 0; i < t->ncolumns; i++) {
			const struct column_info *ours = our_column(*g, t->table);
			skip_text(g);
			uint64_t type = get_varint(g);
			if (type >= COLUMN_TYPES)
				return -EBADMSG;
			t->columns[i].type = (enum column_type)type;
			t->columns[i].ours =
				ours && fits(t->columns[i].type, ours->type) ? ours : NULL;
		}
	}
	return g->bad ? -EBADMSG : 0;
}

int rows_decoder_init(struct rows_decoder *d)
{
	*d = (struct rows_decoder){0};
	int r = init_arenas(d->rows, TABLE_COUNT, MAX_ROWS_BYTES);
	if (r == 0)
		r = init_arenas(d->next, TABLE_COUNT, MAX_ROWS_BYTES);
	if (r < 0)
		rows_decoder_destroy(d);
	return r;
}

void rows_decoder_destroy(struct rows_decoder *d)
{
	destroy_arenas(d->rows, TABLE_COUNT);
	destroy_arenas(d->next, TABLE_COUNT);
}

void rows_decoder_forget(struct rows_decoder *d)
{
	for (unsigned t = 0; t < TABLE_COUNT; t++) {
		arena_reset(&d->rows[t]);
		d->count[t] = d->dropped[t] = 0;
	}
	d->ct_sampled = 0;
	d->have = 0;
}

static uint32_t map_of(const uint32_t *map, uint32_t n, uint64_t id)
{
	return id < n ? map[id] : 0;
}

static void get_column(struct get *g, enum column_type type, const struct column_info *c,
	const struct rows_map *map, unsigned char *row)
{
	uint64_t v;
	const unsigned char *p;
	const char *text;
	switch (type) {
	case COLUMN_NUMBER:
	case COLUMN_FINE:
		v = get_zigzag(g) * (type == COLUMN_FINE ? FINE_GRAIN : 1);
		if (c)
			column_set(c, row, column_get(c, row) + v);
		break;
	case COLUMN_NAME:
		v = get_varint(g);
		if (c)
			column_set(c, row, map_of(map->names, map->nnames, v));
		break;
	case COLUMN_NETNS:
		v = get_varint(g);
		if (c)
			column_set(c, row, map_of(map->netns, map->nnetns, v));
		break;
	case COLUMN_STATIC:
		v = map_of(map->names, map->nnames, get_varint(g));
		text = intern_text(&map->set->names, (uint32_t)v);
		if (c && row)
			memcpy(row + c->offset, &text, sizeof text);
		break;
	case COLUMN_BYTES:
		v = get_varint(g);
		p = get_bytes(g, v);
		if (c && row && p) {
			memset(row + c->offset, 0, c->size);
			memcpy(row + c->offset, p, v < c->size ? (size_t)v : c->size);
		}
		break;
	case COLUMN_TYPES: break;
	}
}

/* A row that starts from no other: pointers to texts must not be NULL. */
static void blank_row(const struct table_info *info, unsigned char *row)
{
	static const char empty[] = "";
	const char *text = empty;
	memset(row, 0, info->row_size);
	for (const struct column_info *c = info->columns; c->name; c++)
		if (c->type == COLUMN_STATIC)
			memcpy(row + c->offset, &text, sizeof text);
}

static void get_columns(const struct rows_file_table *t, const struct rows_map *map,
	struct get *const streams[], uint64_t mask, unsigned char *row)
{
	for (unsigned i = 0; mask; i++, mask >>= 1) {
		if (!(mask & 1))
			continue;
		if (i >= t->ncolumns) {
			streams[t->stream]->bad = true;
			return;
		}
		get_column(streams[t->stream + 1 + i], t->columns[i].type, t->columns[i].ours, map,
			row);
	}
}

struct table_reader {
	const struct rows_file_table *t;
	const struct table_info *info;
	const unsigned char *old;
	uint32_t nold, at, count;
	struct arena *next;
	unsigned char last[1024];
};

static int take_old(struct table_reader *r, uint64_t n)
{
	if (n > r->nold - r->at)
		return -EBADMSG;
	void *to = n ? arena_push(r->next, (size_t)n * r->info->row_size) : NULL;
	if (n && !to)
		return -ENOMEM;
	if (n) {
		memcpy(to, r->old + r->at * r->info->row_size, (size_t)n * r->info->row_size);
		r->at += (uint32_t)n;
		r->count += (uint32_t)n;
		memcpy(r->last, r->old + (r->at - 1) * r->info->row_size, r->info->row_size);
	}
	return 0;
}

static int take_row(struct table_reader *r, enum row_op op, uint64_t mask,
	const struct rows_map *map, struct get *const streams[])
{
	if (op == OP_CHANGE && r->at == r->nold)
		return -EBADMSG;
	unsigned char *row = arena_push(r->next, r->info->row_size);
	if (!row || r->count >= MAX_ROWS)
		return -ENOMEM;
	memcpy(row, op == OP_CHANGE ? r->old + r->at++ * r->info->row_size : r->last,
		r->info->row_size);
	get_columns(r->t, map, streams, mask, row);
	memcpy(r->last, row, r->info->row_size);
	r->count++;
	return 0;
}

static int decode_table(struct rows_decoder *d, const struct rows_file_table *t,
	const struct rows_map *map, struct get *const streams[])
{
	enum table_id id = (enum table_id)t->table;
	struct get *ops = streams[t->stream];
	struct table_reader r = {.t = t,
		.info = table_info(id),
		.old = d->rows[id].base,
		.nold = d->count[id],
		.next = &d->next[id]};
	blank_row(r.info, r.last);
	arena_reset(r.next);
	d->dropped[id] = (uint32_t)get_varint(ops);
	for (;;) {
		uint64_t token = get_varint(ops), n = token >> 2;
		int err = 0;
		if (ops->bad)
			return -EBADMSG;
		if (token == OP_KEEP) {
			err = take_old(&r, r.nold - r.at);
			if (err == 0) {
				swap_arenas(&d->rows[id], &d->next[id]);
				d->count[id] = r.count;
			}
			return err;
		}
		switch (token & 3) {
		case OP_KEEP: err = take_old(&r, n); break;
		case OP_DELETE:
			if (n > r.nold - r.at)
				return -EBADMSG;
			r.at += (uint32_t)n;
			break;
		default: err = take_row(&r, token & 3, n, map, streams); break;
		}
		if (err < 0)
			return err;
	}
}

/* Walks over a table that this version does not know. */
static int skip_table(
	const struct rows_file_table *t, const struct rows_map *map, struct get *const streams[])
{
	struct get *ops = streams[t->stream];
	(void)get_varint(ops);
	for (;;) {
		uint64_t token = get_varint(ops);
		if (ops->bad)
			return -EBADMSG;
		if (token == OP_KEEP)
			return 0;
		if ((token & 3) == OP_CHANGE || (token & 3) == OP_INSERT)
			get_columns(t, map, streams, token >> 2, NULL);
	}
}

int rows_decode(struct rows_decoder *d, const struct rows_schema *schema,
	const struct rows_map *map, struct get *const streams[])
{
	struct get *common = streams[schema->nstreams];
	uint64_t changed = get_varint(common);
	d->have = (unsigned)get_varint(common);
	d->ct_sampled += get_zigzag(common);
	for (unsigned i = 0; i < schema->ntables; i++) {
		const struct rows_file_table *t = &schema->tables[i];
		if (!(changed >> i & 1))
			continue;
		int r = t->table < 0 ? skip_table(t, map, streams)
				     : decode_table(d, t, map, streams);
		if (r < 0)
			return r;
	}
	for (unsigned i = 0; i <= schema->nstreams; i++)
		if (streams[i]->bad)
			return -EBADMSG;
	return 0;
}

void rows_copy(const struct rows_decoder *d, struct sample *s)
{
	for (unsigned i = 0; i < TABLE_COUNT; i++) {
		size_t n = d->count[i] * table_info((enum table_id)i)->row_size;
		struct table *t = sample_table(s, (enum table_id)i);
		void *to = n ? arena_push(&t->rows, n) : NULL;
		if (to)
			memcpy(to, d->rows[i].base, n);
		t->count = to ? d->count[i] : 0;
		t->dropped = d->dropped[i];
	}
	s->ct_sampled = d->ct_sampled;
	s->have_conns = d->have & HAVE_CONNS_BIT;
	s->have_files = d->have & HAVE_FILES_BIT;
	s->have_ct_peers = d->have & HAVE_CT_PEERS_BIT;
	s->have_ended = d->have & HAVE_ENDED_BIT;
	s->have_flows = d->have & HAVE_FLOWS_BIT;
	s->have_held = d->have & HAVE_HELD_BIT;
}
