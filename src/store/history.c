/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/history.h"

#include "store/log.h"
#include "store/retain.h"
#include "store/tier.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
	DAY_S = 86400,
	MAX_PIECES = 1 << 16,
	LEAD_US = 60000000,
	OPEN_MAX =
		48, /* segments that lie open at a time: a store has more of them than a process has descriptors */
	WORDS = 256,
};

/* Slots of a segment and ids of the history's series set. Consecutive segments mostly share one. */
struct slot_map {
	struct slot_map *next;
	uint64_t dict_hash;
	struct dict_origin origin;
	uint32_t n;
	uint32_t *ids;   /* by slot */
	uint32_t *slots; /* slot + 1 by id */
};

enum piece_kind { PIECE_SECONDS, PIECE_LOG, PIECE_TIER };

/* A part of the recording: a log, or a segment. */
struct piece {
	enum piece_kind kind;
	uint64_t order;    /* of writing */
	uint64_t begin_us; /* first sample, as far as the name tells; exact when open */
	char name[64];     /* below the store's folder; "" in a recording file */
	uint64_t end;      /* offset in a recording file behind the segment */
	bool open, bad;
	bool known;       /* was open once: begin_us is exact, and so is */
	uint64_t last_us; /* the time of the last sample */
	struct segment s;
	const struct slot_map *map;
	int log_fd; /* of a log: stays readable when it is sealed and removed meanwhile */
};

/* Where the reading of samples stands. */
struct reading {
	struct store *into;
	uint64_t order;           /* of the piece */
	bool open, is_log, ready; /* ready: log: a frame was decoded and not handed out yet */
	struct segment segment;
	struct segment_cursor *cursor;
	uint32_t row;
	struct log_reader log;
	struct frame_decoder decoder;
	bool have_decoder;
	uint64_t run;
};

struct history {
	int dir;  /* of a store, or -1 */
	int file; /* of a recording, or -1 */
	struct series_set series;
	struct piece *pieces; /* logs and segments of seconds, in the order of writing */
	size_t npieces;
	struct piece *tiers;
	size_t ntiers;
	size_t nopen, close_next;
	struct slot_map *maps;
	struct reading reading;
	struct history_series *selected;
	char host[DICT_HOST];
	unsigned damaged;
	char damage[WORDS];
};

static void note_damage(struct history *h, const struct piece *p, int error)
{
	if (h->damaged++ == 0)
		(void)snprintf(h->damage, sizeof h->damage, "%s%s: %s",
			p->name[0] ? p->name : "a part of the recording",
			p->name[0] ? "" : " in the file",
			error == -EBADMSG || error == -ENODATA ? "cut off or damaged"
			: error == -ENOTSUP                    ? "written by a newer version"
							       : strerror(-error));
}

static void piece_close(struct history *h, struct piece *p)
{
	if (p->kind == PIECE_LOG)
		attr_close_fd(&p->log_fd);
	p->log_fd = -1;
	if (p->open) {
		segment_close(&p->s);
		h->nopen--;
	}
	p->open = false;
	p->map = NULL;
}

/* Closes others until there is room for one more. */
static void make_room(struct history *h)
{
	for (size_t all = h->npieces + h->ntiers; h->nopen >= OPEN_MAX && all;) {
		size_t i = h->close_next++ % all;
		struct piece *p = i < h->npieces ? &h->pieces[i] : &h->tiers[i - h->npieces];
		if (p->open)
			piece_close(h, p);
	}
}

/* ---- what there is ---- */

static int by_order(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;
	return x->order < y->order ? -1 : x->order > y->order;
}

static bool parse_name(const struct store_file *f, struct piece *ret)
{
	*ret = (struct piece){.begin_us = f->begin_s * 1000000, .log_fd = -1};
	(void)snprintf(ret->name, sizeof ret->name, "%s", f->name);
	const char *dash = strrchr(f->name, '-'), *dot = strrchr(f->name, '.');
	if (sscanf(f->name, "log/%16" SCNx64, &ret->order) == 1) {
		ret->kind = PIECE_LOG;
		return dot && strcmp(dot, ".log") == 0;
	}
	if (!dot || strcmp(dot, ".plim") != 0 || !f->begin_s)
		return false;
	ret->kind = strncmp(f->name, "raw/", 4) == 0 ? PIECE_SECONDS : PIECE_TIER;
	ret->order = ret->kind == PIECE_SECONDS && dash ? strtoull(dash + 1, NULL, 16) : 0;
	return true;
}

static struct piece *known_piece(struct piece *rows, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* Takes over what is open already. */
static bool same_file(int a, int b)
{
	struct stat x, y;
	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

static void adopt(struct history *h, struct piece *fresh, size_t n, struct piece *old, size_t nold)
{
	for (size_t i = 0; i < n; i++) {
		struct piece *p = nold ? known_piece(old, nold, fresh[i].name) : NULL;
		if (!p)
			continue;
		/* a log that was made anew (after its disk failed) is another file */
		if (p->kind == PIECE_LOG)
			continue;
		fresh[i] = *p;
		p->open = false;
	}
	for (size_t i = 0; i < nold; i++)
		piece_close(h, &old[i]);
	free(old);
}

/* Opens the logs, before one of them is sealed and removed. -EAGAIN: that happened already. */
static int open_logs(struct history *h, struct piece *pieces, size_t n)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct piece *p = &pieces[i];
		if (p->kind != PIECE_LOG)
			continue;
		p->log_fd = openat(h->dir, p->name, O_RDONLY | O_CLOEXEC);
		r = p->log_fd >= 0 ? 0 : errno == ENOENT ? -EAGAIN : -errno;
	}
	for (size_t i = 0; r < 0 && i < n; i++)
		if (pieces[i].kind == PIECE_LOG)
			attr_close_fd(&pieces[i].log_fd); /* -1 where there is none yet */
	return r;
}

static int list_once(struct history *h)
{
	struct store_files f;
	int r = store_files_list(h->dir, &f);
	struct piece *pieces = calloc(f.count + 1, sizeof *pieces),
		     *tiers = calloc(f.count + 1, sizeof *tiers);
	size_t n = 0, nt = 0;
	if (r == 0 && (!pieces || !tiers))
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < f.count; i++) {
		struct piece p;
		if (!parse_name(&f.rows[i], &p))
			continue;
		if (p.kind == PIECE_TIER)
			tiers[nt++] = p;
		else
			pieces[n++] = p;
	}
	store_files_free(&f);
	if (r < 0) {
		free(pieces);
		free(tiers);
		return r;
	}
	qsort(pieces, n, sizeof *pieces, by_order);
	/* A log that is sealed already is there twice for a moment. */
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		bool twice = (i > 0 && pieces[i - 1].order == pieces[i].order) ||
			     (i + 1 < n && pieces[i + 1].order == pieces[i].order);
		if (!twice || pieces[i].kind == PIECE_SECONDS)
			pieces[kept++] = pieces[i];
	}
	r = open_logs(h, pieces, kept);
	if (r < 0) {
		free(pieces);
		free(tiers);
		return r;
	}
	adopt(h, pieces, kept, h->pieces, h->npieces);
	adopt(h, tiers, nt, h->tiers, h->ntiers);
	h->pieces = pieces;
	h->npieces = kept;
	h->tiers = tiers;
	h->ntiers = nt;
	return 0;
}

static int list_store(struct history *h)
{
	int r = -EAGAIN;
	for (unsigned attempt = 0; attempt < 16 && r == -EAGAIN; attempt++)
		r = list_once(h);
	return r;
}

/* A recording is one segment behind the other; each tells where it began. */
static int list_file(struct history *h)
{
	struct stat st;
	if (fstat(h->file, &st) < 0)
		return -errno;
	uint64_t end = (uint64_t)st.st_size;
	int r = 0;
	h->pieces = calloc(MAX_PIECES, sizeof *h->pieces);
	if (!h->pieces)
		return -ENOMEM;
	while (end && h->npieces < MAX_PIECES) {
		struct piece p = {.kind = PIECE_SECONDS, .end = end, .known = true};
		int fd = fcntl(h->file, F_DUPFD_CLOEXEC, 0);
		r = fd < 0 ? -errno : segment_open(fd, end, &p.s);
		if (r < 0)
			break;
		p.order = MAX_PIECES - h->npieces;
		p.begin_us = p.s.first_us;
		p.last_us = p.s.last_us;
		end = p.s.begin;
		segment_close(&p.s);
		h->pieces[h->npieces++] = p;
	}
	if (r < 0 && h->npieces)
		note_damage(h, &(struct piece){.name = ""}, r);
	qsort(h->pieces, h->npieces, sizeof *h->pieces, by_order);
	return h->npieces ? 0 : r == -ENOTSUP ? r : -EBADMSG;
}

static const struct slot_map *map_of(struct history *h, struct segment *s, int *error)
{
	for (const struct slot_map *m = h->maps; m; m = m->next)
		if (m->dict_hash == s->dict_hash && m->n == s->nseries)
			return m;
	struct slot_map *m = calloc(1, sizeof *m);
	struct dict *d = calloc(1, sizeof *d);
	int r = m && d ? dict_init(d, &h->series) : -ENOMEM;
	if (r == 0)
		r = segment_dict(s, d);
	if (r == 0) {
		m->n = s->nseries;
		m->dict_hash = s->dict_hash;
		m->origin = d->origin;
		m->ids = calloc(m->n + 1, sizeof *m->ids);
		m->slots = calloc(SERIES_MAX + 1, sizeof *m->slots);
		if (!m->ids || !m->slots)
			r = -ENOMEM;
	}
	for (uint32_t slot = 0; r == 0 && slot < m->n; slot++) {
		m->ids[slot] = dict_series(d, slot + 1);
		m->slots[m->ids[slot]] = slot + 1;
	}
	if (d)
		dict_destroy(d);
	free(d);
	if (r < 0) {
		if (m) {
			free(m->ids);
			free(m->slots);
		}
		free(m);
		*error = r;
		return NULL;
	}
	m->slots[SERIES_NONE] = 0;
	m->next = h->maps;
	h->maps = m;
	if (!h->host[0])
		(void)snprintf(h->host, sizeof h->host, "%s", m->origin.host);
	return m;
}

static int open_segment(struct history *h, const struct piece *p, struct segment *ret)
{
	struct stat st;
	int fd = p->name[0] ? openat(h->dir, p->name, O_RDONLY | O_CLOEXEC)
			    : fcntl(h->file, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	uint64_t end = p->end;
	if (p->name[0]) {
		if (fstat(fd, &st) < 0) {
			int r = -errno;
			(void)close(fd);
			return r;
		}
		end = (uint64_t)st.st_size;
	}
	return segment_open(fd, end, ret);
}

/* Opens a segment and maps its series; one that cannot be read is left out from then on. */
static bool piece_open(struct history *h, struct piece *p)
{
	int r = 0;
	if (p->bad || p->kind == PIECE_LOG)
		return !p->bad;
	if (!p->open) {
		make_room(h);
		r = open_segment(h, p, &p->s);
		p->open = r == 0;
		h->nopen += p->open;
	}
	if (r == 0 && !p->map)
		p->map = map_of(h, &p->s, &r);
	if (r == 0) {
		p->begin_us = p->s.first_us;
		p->last_us = p->s.last_us;
		p->known = true;
		return true;
	}
	piece_close(h, p);
	p->bad = true;
	if (r != -ENOENT) /* retention took it: that is no damage */
		note_damage(h, p, r);
	return false;
}

/* Might it have samples between two times? What is not open is judged by its name and the next one's. */
static bool piece_touches(struct history *h, size_t i, uint64_t from_us, uint64_t to_us)
{
	struct piece *p = &h->pieces[i];
	if (p->bad)
		return false;
	if (p->kind == PIECE_LOG)
		return true;
	if (p->known && (p->begin_us > to_us || p->last_us < from_us))
		return false;
	if (!p->open && p->begin_us > to_us)
		return false;
	if (!p->open && i + 1 < h->npieces && h->pieces[i + 1].kind == PIECE_SECONDS &&
		h->pieces[i + 1].begin_us >= p->begin_us &&
		h->pieces[i + 1].begin_us + 1000000 < from_us)
		return false;
	return piece_open(h, p) && p->s.first_us <= to_us && p->s.last_us >= from_us;
}

int history_open(const char *path, struct history **ret)
{
	struct history *h = calloc(1, sizeof *h);
	struct stat st;
	if (!h)
		return -ENOMEM;
	h->dir = h->file = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC), r = fd < 0 ? -errno : 0;
	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r == 0)
		r = series_init(&h->series);
	if (r == 0 && S_ISDIR(st.st_mode)) {
		h->dir = fd;
		r = list_store(h);
		if (r == 0 && h->npieces == 0)
			r = -ENODATA;
	} else if (r == 0) {
		h->file = fd;
		r = list_file(h);
	} else if (fd >= 0) {
		(void)close(fd);
	}
	if (r < 0)
		history_close(h);
	else
		*ret = h;
	return r;
}

static void reading_close(struct reading *r)
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

void history_close(struct history *h)
{
	if (!h)
		return;
	reading_close(&h->reading);
	for (size_t i = 0; i < h->npieces; i++)
		piece_close(h, &h->pieces[i]);
	for (size_t i = 0; i < h->ntiers; i++)
		piece_close(h, &h->tiers[i]);
	while (h->maps) {
		struct slot_map *m = h->maps;
		h->maps = m->next;
		free(m->ids);
		free(m->slots);
		free(m);
	}
	free(h->pieces);
	free(h->tiers);
	free(h->selected);
	series_destroy(&h->series);
	attr_close_fd(&h->dir);
	attr_close_fd(&h->file);
	free(h);
}

int history_refresh(struct history *h)
{
	return h->dir >= 0 ? list_store(h) : 0;
}

const char *history_host(const struct history *h)
{
	return h->host;
}

unsigned history_damage(const struct history *h, const char **ret_first)
{
	*ret_first = h->damage;
	return h->damaged;
}

/* ---- logs as columns ---- */

/* The values of a log that are asked for, row by row. */
struct columns {
	struct frame_decoder decoder;
	const uint32_t *index; /* column + 1 by series id, 0: not wanted */
	size_t ncolumns;
	uint64_t *values; /* column after column, each of `room` rows */
	uint8_t *present;
	uint64_t *times_us, *monos_us;
	size_t rows, room;
	uint64_t *last; /* by column: as it stands */
	uint8_t *has;
};

static void columns_free(struct columns *c)
{
	frame_decoder_destroy(&c->decoder);
	free(c->values);
	free(c->present);
	free(c->times_us);
	free(c->monos_us);
	free(c->last);
	free(c->has);
}

static void take_value(void *ctx, uint32_t file_series, uint64_t value, bool present)
{
	struct columns *c = ctx;
	uint32_t column = c->index[dict_series(&c->decoder.dict, file_series)];
	if (column) {
		c->last[column - 1] = value;
		c->has[column - 1] = present;
	}
}

static int more_rows(struct columns *c)
{
	size_t room = c->room ? c->room * 2 : 512;
	uint64_t *values = calloc(room * (c->ncolumns + 1), sizeof *values),
		 *times = realloc(c->times_us, room * sizeof *times);
	c->times_us = times ? times : c->times_us;
	uint64_t *monos = realloc(c->monos_us, room * sizeof *monos);
	c->monos_us = monos ? monos : c->monos_us;
	uint8_t *present = calloc(room * (c->ncolumns + 1), 1);
	if (!values || !times || !monos || !present) {
		free(values);
		free(present);
		return -ENOMEM;
	}
	for (size_t i = 0; i < c->ncolumns && c->rows; i++) {
		memcpy(values + i * room, c->values + i * c->room, c->rows * sizeof *values);
		memcpy(present + i * room, c->present + i * c->room, c->rows);
	}
	free(c->values);
	free(c->present);
	c->values = values;
	c->present = present;
	c->room = room;
	return 0;
}

static int add_row(struct columns *c)
{
	int r = c->rows == c->room ? more_rows(c) : 0;
	if (r < 0)
		return r;
	c->times_us[c->rows] = c->decoder.real_us;
	c->monos_us[c->rows] = c->decoder.mono_us;
	for (size_t i = 0; i < c->ncolumns; i++) {
		c->values[i * c->room + c->rows] = c->last[i];
		c->present[i * c->room + c->rows] = c->has[i];
	}
	c->rows++;
	return 0;
}

static int open_log(const struct piece *p, struct log_reader *ret)
{
	int fd = fcntl(p->log_fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : log_open_fd(fd, ret);
}

/* Reads the wanted columns of a log between two times. */
static int columns_read(struct history *h, const struct piece *p, const uint32_t *index,
	size_t ncolumns, uint64_t from_us, uint64_t to_us, struct columns *c)
{
	struct log_reader l;
	struct block b;
	*c = (struct columns){.index = index, .ncolumns = ncolumns};
	const struct frame_wants wants = {false, take_value, NULL, c};
	int r = open_log(p, &l);
	if (r < 0)
		return r;
	c->last = calloc(ncolumns + 1, sizeof *c->last);
	c->has = calloc(ncolumns + 1, 1);
	r = c->last && c->has ? frame_decoder_init(&c->decoder, &h->series) : -ENOMEM;
	while (r == 0 && log_next(&l, &b) == 0) {
		r = frame_decode(&c->decoder, b.bytes, b.plain, &wants);
		if (r == 0 && c->decoder.real_us >= from_us && c->decoder.real_us <= to_us)
			r = add_row(c);
	}
	log_close(&l);
	if (r == 0 && !h->host[0])
		(void)snprintf(h->host, sizeof h->host, "%s", c->decoder.dict.origin.host);
	return r == -EBADMSG ? 0 : r;
}

/* ---- span and selection ---- */

static int span_of_log(struct history *h, const struct piece *p, uint64_t *from, uint64_t *to)
{
	static const uint32_t none[SERIES_MAX + 1];
	struct columns c;
	int r = columns_read(h, p, none, 0, 0, UINT64_MAX, &c);
	if (r == 0 && c.rows == 0)
		r = -ENODATA;
	if (r == 0) {
		*from = c.times_us[0];
		*to = c.times_us[c.rows - 1];
	}
	columns_free(&c);
	return r;
}

static bool span_of(struct history *h, struct piece *p, uint64_t *from, uint64_t *to)
{
	if (p->kind == PIECE_LOG)
		return span_of_log(h, p, from, to) == 0;
	if (!piece_open(h, p))
		return false;
	*from = p->s.first_us;
	*to = p->s.last_us;
	return true;
}

bool history_span(const struct history *ch, uint64_t *from_ns, uint64_t *to_ns)
{
	struct history *h =
		(struct history *)(uintptr_t)ch; /* opens pieces: nothing a caller sees */
	uint64_t first = UINT64_MAX, last = 0, a, b;
	/* The first that can be read, and all at the end that may be the newest. */
	for (size_t i = 0; i < h->npieces; i++) {
		bool edge = i < 2 || i + 3 > h->npieces;
		if (!edge || !span_of(h, &h->pieces[i], &a, &b))
			continue;
		first = a < first ? a : first;
		last = b > last ? b : last;
	}
	if (last == 0)
		return false;
	*from_ns = first * 1000;
	*to_ns = last * 1000;
	return true;
}

static void mark_log(struct history *h, const struct piece *p, uint8_t *seen)
{
	static const uint32_t none[SERIES_MAX + 1];
	struct columns c;
	(void)columns_read(h, p, none, 0, UINT64_MAX, 0, &c);
	for (uint32_t i = 1; i < c.decoder.dict.nseries; i++)
		seen[dict_series(&c.decoder.dict, i)] = 1;
	columns_free(&c);
}

static struct history_series series_of(const struct history *h, uint32_t id)
{
	const struct series *row = series_row(&h->series, id);
	const struct metric_info *m = metric_info((enum metric)row->metric);
	const char *label = metric_label_name(m->label);
	return (struct history_series){.key = id,
		.name = m->name,
		.label = label && row->instance ? label : "",
		.instance = series_instance(&h->series, id),
		.netns = series_netns_name(&h->series, row->netns),
		.kind = m->kind,
		.metric = (enum metric)row->metric};
}

int history_select(struct history *h, uint64_t from_ns, uint64_t to_ns,
	bool (*wants)(void *ctx, const struct history_series *s), void *ctx,
	const struct history_series **ret, size_t *ret_n)
{
	uint8_t *seen = calloc(SERIES_MAX + 1, 1);
	uint32_t *ids = calloc(SERIES_MAX + 1, sizeof *ids);
	size_t n = 0;
	int r = seen && ids ? 0 : -ENOMEM;
	const struct slot_map *last = NULL;
	for (size_t i = 0; r == 0 && i < h->npieces; i++) {
		if (!piece_touches(h, i, from_ns / 1000, to_ns / 1000))
			continue;
		struct piece *p = &h->pieces[i];
		if (p->kind == PIECE_LOG) {
			mark_log(h, p, seen);
		} else if (p->map != last) {
			last = p->map;
			for (uint32_t slot = 0; slot < last->n; slot++)
				seen[last->ids[slot]] = 1;
		}
	}
	for (size_t i = 0; r == 0 && i < h->ntiers; i++) {
		struct piece *p = &h->tiers[i];
		if (!piece_open(h, p) || p->s.first_us > to_ns / 1000 ||
			p->s.last_us < from_ns / 1000)
			continue;
		for (uint32_t slot = 0; slot < p->map->n; slot++)
			seen[p->map->ids[slot]] = 1;
	}
	for (uint32_t id = 1; r == 0 && id <= h->series.count; id++) {
		struct history_series s = series_of(h, id);
		if (seen[id] && (!wants || wants(ctx, &s)))
			ids[n++] = id;
	}
	free(h->selected);
	h->selected = r == 0 ? calloc(n + 1, sizeof *h->selected) : NULL;
	if (r == 0 && !h->selected)
		r = -ENOMEM;
	if (r == 0) {
		series_sort(&h->series, ids, n);
		for (size_t i = 0; i < n; i++)
			h->selected[i] = series_of(h, ids[i]);
		*ret = h->selected;
		*ret_n = n;
	}
	free(seen);
	free(ids);
	return r;
}

/* ---- numbers ---- */

/* Column + 1 by series id, for the wanted keys. */
static uint32_t *index_of(const uint64_t *keys, size_t n)
{
	uint32_t *index = calloc(SERIES_MAX + 1, sizeof *index);
	for (size_t i = 0; index && i < n; i++)
		if (keys[i] && keys[i] <= SERIES_MAX)
			index[keys[i]] = (uint32_t)i + 1;
	return index;
}

struct scratch_rows {
	uint64_t *times_ns, *values;
	uint8_t *present;
};

static int rows_alloc(struct scratch_rows *s)
{
	*s = (struct scratch_rows){malloc(SEGMENT_ROWS_MAX * sizeof(uint64_t)),
		malloc(SEGMENT_ROWS_MAX * sizeof(uint64_t)), malloc(SEGMENT_ROWS_MAX)};
	return s->times_ns && s->values && s->present ? 0 : -ENOMEM;
}

static void rows_release(struct scratch_rows *s)
{
	free(s->times_ns);
	free(s->values);
	free(s->present);
}

/* First and last row between two times, both included; false: none. */
static bool rows_between(const uint64_t *times_us, uint32_t n, uint64_t from_us, uint64_t to_us,
	uint32_t *ret_first, uint32_t *ret_last)
{
	uint32_t a = 0, b = n;
	while (a < n && times_us[a] < from_us)
		a++;
	while (b > a && times_us[b - 1] > to_us)
		b--;
	*ret_first = a;
	*ret_last = b - 1;
	return a < b;
}

struct reading_numbers {
	const uint64_t *keys;
	size_t n;
	uint64_t from_us, to_us;
	int (*each)(void *ctx, size_t series, const struct history_points *p);
	void *ctx;
	uint64_t run;
	struct scratch_rows rows;
};

static int read_segment(struct history *h, struct piece *p, struct reading_numbers *q)
{
	uint32_t first, last;
	int r = segment_times(&p->s);
	if (r < 0) {
		note_damage(h, p, r);
		return 0;
	}
	if (!rows_between(p->s.times_us, p->s.rows, q->from_us, q->to_us, &first, &last))
		return 0;
	uint32_t n = last - first + 1;
	bool fresh = p->s.run != q->run;
	q->run = p->s.run;
	for (uint32_t i = 0; i < n; i++)
		q->rows.times_ns[i] = p->s.times_us[first + i] * 1000;
	for (size_t i = 0; i < q->n; i++) {
		uint32_t slot = q->keys[i] <= SERIES_MAX ? p->map->slots[q->keys[i]] : 0;
		struct stream s;
		if (!slot)
			continue;
		r = segment_stream(&p->s, slot - 1, 0, &s);
		if (r < 0) {
			note_damage(h, p, r);
			return 0;
		}
		stream_skip(&s, first);
		stream_read(&s, q->rows.values, q->rows.present, n);
		const struct history_points points = {
			q->rows.times_ns, q->rows.values, q->rows.present, n, fresh};
		r = q->each(q->ctx, i, &points);
		if (r)
			return r;
	}
	return 0;
}

static int read_log(
	struct history *h, const struct piece *p, const uint32_t *index, struct reading_numbers *q)
{
	struct columns c;
	int r = columns_read(h, p, index, q->n, q->from_us, q->to_us, &c);
	if (r == -ENODATA)
		return 0;
	bool fresh = c.decoder.dict.origin.run != q->run;
	q->run = c.decoder.dict.origin.run;
	for (size_t i = 0; r == 0 && i < c.rows; i++)
		c.times_us[i] *= 1000;
	for (size_t i = 0; r == 0 && c.rows && i < q->n; i++) {
		const struct history_points points = {
			c.times_us, c.values + i * c.room, c.present + i * c.room, c.rows, fresh};
		r = q->each(q->ctx, i, &points);
	}
	columns_free(&c);
	return r;
}

int history_read(struct history *h, const uint64_t *keys, size_t n, uint64_t from_ns,
	uint64_t to_ns, int (*each)(void *ctx, size_t series, const struct history_points *p),
	void *ctx)
{
	struct reading_numbers q = {.keys = keys,
		.n = n,
		.from_us = (from_ns + 999) / 1000,
		.to_us = to_ns / 1000,
		.each = each,
		.ctx = ctx};
	uint32_t *index = index_of(keys, n);
	int r = index ? rows_alloc(&q.rows) : -ENOMEM;
	for (size_t i = 0; r == 0 && i < h->npieces; i++) {
		if (!piece_touches(h, i, q.from_us, q.to_us))
			continue;
		struct piece *p = &h->pieces[i];
		r = p->kind == PIECE_LOG ? read_log(h, p, index, &q) : read_segment(h, p, &q);
	}
	rows_release(&q.rows);
	free(index);
	return r;
}

/* ---- steps ---- */

struct stepping {
	const uint64_t *keys;
	size_t n;
	uint64_t from_us, step_us;
	size_t n_steps;
	struct history_step *out;
	const struct history *h;
	struct tally *tallies; /* by series: what a counter needs to go on in the next piece */
	uint64_t run;
	uint8_t *present; /* scratch */
	struct stretch *stretches;
	bool *rest; /* by series: a summary does not do */
};

/* Samples that belong to one step. */
struct stretch {
	uint32_t first, end;
	uint64_t step;
};

static bool is_counter(const struct stepping *q, size_t i)
{
	enum metric m = (enum metric)series_row(&q->h->series, (uint32_t)q->keys[i])->metric;
	return metric_info(m)->kind != METRIC_GAUGE;
}

static uint64_t step_at(const struct stepping *q, uint64_t time_us)
{
	return time_us < q->from_us ? UINT64_MAX : (time_us - q->from_us) / q->step_us;
}

static void add_step(struct stepping *q, size_t series, uint64_t step, const struct summary *s,
	double tick_s, double last)
{
	if (step >= q->n_steps || s->count == 0)
		return;
	struct history_step *to = &q->out[series * q->n_steps + step];
	double low = (double)s->low, high = (double)s->high;
	to->min = to->count == 0 || low < to->min ? low : to->min;
	to->max = to->count == 0 || high > to->max ? high : to->max;
	to->sum += (double)s->sum;
	to->seconds += s->us ? (double)s->us / 1e6 : s->count * tick_s;
	to->last = last;
	to->count += s->count;
}

static double mean_of(const struct summary *s)
{
	return s->count ? (double)s->sum / s->count : 0;
}

static void end_step(struct stepping *q, size_t series, uint64_t step, double tick_s)
{
	struct tally *t = &q->tallies[series];
	struct summary s = tally_take(t);
	add_step(q, series, step, &s, tick_s, t->counter ? (double)t->rate : (double)s.last);
}

/* Cuts rows, at most SEGMENT_ROWS_MAX, at the borders of steps. */
static size_t cut_steps(
	const struct stepping *q, const uint64_t *times_us, uint32_t n, struct stretch *ret)
{
	size_t count = 0;
	for (uint32_t i = 0; i < n;) {
		struct stretch one = {i, i + 1, step_at(q, times_us[i])};
		while (one.end < n && step_at(q, times_us[one.end]) == one.step)
			one.end++;
		ret[count++] = one;
		i = one.end;
	}
	return count;
}

static void new_run(struct stepping *q, uint64_t run)
{
	if (run == q->run)
		return;
	for (size_t i = 0; i < q->n; i++)
		tally_begin(&q->tallies[i], is_counter(q, i));
	q->run = run;
}

static double tick_of(const struct segment *s)
{
	return s->rows > 1 ? (double)(s->last_mono_us - s->first_mono_us) / 1e6 / (s->rows - 1) : 1;
}

/* One series of a segment that lies in one step as a whole, row by row. */
static int step_whole(struct stepping *q, struct piece *p, size_t i, uint64_t step)
{
	struct stream s;
	int r = segment_times(&p->s);
	if (r == 0)
		r = segment_stream(&p->s, p->map->slots[q->keys[i]] - 1, 0, &s);
	if (r < 0)
		return r;
	tally_stream(&q->tallies[i], &s, p->s.monos_us, 0, p->s.rows);
	end_step(q, i, step, tick_of(&p->s));
	return 0;
}

/* A segment that lies in one step as a whole: its summary, and the growth since the piece before. Of a counter with
 * gaps or resets a summary does not tell when they were. */
static int step_summary(struct stepping *q, struct piece *p, uint64_t step)
{
	const struct summary *all;
	int r = segment_summary(&p->s, &all);
	if (r < 0)
		return r;
	double tick = tick_of(&p->s);
	for (size_t i = 0; i < q->n; i++) {
		uint32_t slot = p->map->slots[q->keys[i]];
		struct tally *t = &q->tallies[i];
		q->rest[i] = false;
		if (!slot) {
			tally_gap(t);
			continue;
		}
		struct summary s = all[slot - 1];
		q->rest[i] = t->counter && s.count + 1 != p->s.rows;
		if (q->rest[i])
			continue;
		s.us = t->counter ? p->s.last_mono_us - p->s.first_mono_us : 0;
		if (t->counter && t->any) {
			tally_add(t, s.first, p->s.first_mono_us);
			end_step(q, i, step, tick);
		}
		add_step(q, i, step, &s, tick, t->counter ? mean_of(&s) : (double)s.last);
		*t = (struct tally){.counter = t->counter,
			.any = true,
			.last_us = p->s.last_mono_us,
			.s.last = s.last};
	}
	for (size_t i = 0; r == 0 && i < q->n; i++)
		if (q->rest[i])
			r = step_whole(q, p, i, step);
	return r;
}

/* What counters stood at when a segment ended whose own steps are told by a tier. */
static int step_over(struct stepping *q, struct piece *p)
{
	int r = 0;
	new_run(q, p->s.run);
	for (size_t i = 0; r == 0 && i < q->n; i++) {
		uint32_t slot = p->map->slots[q->keys[i]];
		struct tally *t = &q->tallies[i];
		struct stream s;
		uint64_t v;
		tally_gap(t);
		if (!slot || !t->counter)
			continue;
		r = segment_stream(&p->s, slot - 1, 0, &s);
		if (r < 0)
			break;
		stream_skip(&s, p->s.rows - 1);
		if (stream_next(&s, &v))
			*t = (struct tally){.counter = true,
				.any = true,
				.last_us = p->s.last_mono_us,
				.s.last = v};
	}
	return r;
}

static int step_segment(struct stepping *q, struct piece *p)
{
	struct segment *g = &p->s;
	new_run(q, g->run);
	uint64_t a = step_at(q, g->first_us), b = step_at(q, g->last_us);
	if (a == b && a < q->n_steps)
		return step_summary(q, p, a);
	int r = segment_times(g);
	size_t n = r == 0 ? cut_steps(q, g->times_us, g->rows, q->stretches) : 0;
	double tick = tick_of(g);
	for (size_t i = 0; r == 0 && i < q->n; i++) {
		uint32_t slot = p->map->slots[q->keys[i]];
		struct stream s;
		if (!slot) {
			tally_gap(&q->tallies[i]);
			continue;
		}
		r = segment_stream(g, slot - 1, 0, &s);
		for (size_t k = 0; r == 0 && k < n; k++) {
			tally_stream(&q->tallies[i], &s, g->monos_us, q->stretches[k].first,
				q->stretches[k].end);
			end_step(q, i, q->stretches[k].step, tick);
		}
	}
	return r;
}

static void step_column(
	struct stepping *q, size_t series, const struct columns *c, size_t n, double tick)
{
	const uint64_t *values = c->values + series * c->room;
	const uint8_t *present = c->present + series * c->room;
	struct tally *t = &q->tallies[series];
	for (size_t k = 0; k < n; k++) {
		for (uint32_t i = q->stretches[k].first; i < q->stretches[k].end; i++) {
			if (present[i])
				tally_add(t, values[i], c->monos_us[i]);
			else
				tally_gap(t);
		}
		end_step(q, series, q->stretches[k].step, tick);
	}
}

static int step_log(
	struct history *h, struct stepping *q, const struct piece *p, const uint32_t *index)
{
	struct columns c;
	uint64_t to_us = q->from_us + q->step_us * q->n_steps;
	int r = columns_read(
		h, p, index, q->n, q->from_us > LEAD_US ? q->from_us - LEAD_US : 0, to_us, &c);
	if (r == -ENODATA)
		return 0;
	if (r == 0 && c.rows) {
		new_run(q, c.decoder.dict.origin.run);
		double tick = (double)c.decoder.dict.origin.interval_ns / 1e9;
		size_t n = cut_steps(q, c.times_us,
			(uint32_t)(c.rows < SEGMENT_ROWS_MAX ? c.rows : SEGMENT_ROWS_MAX),
			q->stretches);
		for (size_t i = 0; i < q->n; i++)
			step_column(q, i, &c, n, tick);
	}
	columns_free(&c);
	return r;
}

static int step_tier(struct stepping *q, struct piece *p)
{
	struct segment *s = &p->s;
	double tick = (double)p->map->origin.interval_ns / 1e9;
	uint64_t *parts[TIER_PARTS], tier_us = s->step_ns / 1000,
				     to_us = q->from_us + q->step_us * q->n_steps;
	/* Rows of the span only. */
	uint32_t first =
		q->from_us > s->first_us ? (uint32_t)((q->from_us - s->first_us) / tier_us) : 0;
	uint32_t end =
		to_us > s->first_us ? (uint32_t)((to_us - s->first_us + tier_us - 1) / tier_us) : 0;
	end = end < s->rows ? end : s->rows;
	if (first >= end)
		return 0;
	int r = 0;
	for (unsigned k = 0; k < TIER_PARTS; k++) {
		parts[k] = malloc((end - first) * sizeof(uint64_t));
		r = parts[k] ? r : -ENOMEM;
	}
	for (size_t i = 0; r == 0 && i < q->n; i++) {
		uint32_t slot = p->map->slots[q->keys[i]];
		for (unsigned k = 0; slot && r == 0 && k < TIER_PARTS; k++) {
			struct stream stream;
			r = segment_stream(s, slot - 1, k, &stream);
			if (r < 0)
				break;
			stream_skip(&stream, first);
			stream_read(&stream, parts[k], q->present, end - first);
		}
		for (uint32_t row = 0; slot && r == 0 && row < end - first; row++) {
			const uint64_t one[TIER_PARTS] = {
				parts[0][row], parts[1][row], parts[2][row], parts[3][row]};
			struct summary sum;
			if (q->present[row] && tier_row(is_counter(q, i), one, &sum))
				add_step(q, i, step_at(q, s->first_us + (first + row) * tier_us),
					&sum, tick, mean_of(&sum));
		}
	}
	for (unsigned k = 0; k < TIER_PARTS; k++)
		free(parts[k]);
	return r;
}

/* Is this day told by a tier that answers the steps exactly? Such days need no seconds. */
static bool tier_fits(const struct stepping *q, const struct segment *s)
{
	uint64_t tier_us = s->step_ns / 1000;
	return tier_us && q->step_us % tier_us == 0 && q->from_us % tier_us == 0;
}

struct covered {
	uint64_t from_us, to_us;
	uint64_t
		number; /* samples before this one: when the clock was set, more may have been written since */
};

static bool is_covered(
	const struct covered *c, size_t n, uint64_t from_us, uint64_t to_us, uint64_t number)
{
	for (size_t i = 0; i < n; i++)
		if (from_us >= c[i].from_us && to_us <= c[i].to_us && number < c[i].number)
			return true;
	return false;
}

/* Hours where they fit, then minutes for days that the hours do not have. */
static int step_tiers(
	struct history *h, struct stepping *q, struct covered *covered, size_t *ncovered)
{
	uint64_t to_us = q->from_us + q->step_us * q->n_steps;
	int r = 0;
	for (unsigned hours = 2; hours-- > 0 && r == 0;) {
		for (size_t i = 0; i < h->ntiers && r == 0; i++) {
			struct piece *p = &h->tiers[i];
			if (p->name[0] != (hours ? 'h' : 'm') || p->bad || p->begin_us > to_us ||
				!piece_open(h, p) || p->s.last_us < q->from_us ||
				!tier_fits(q, &p->s) ||
				is_covered(covered, *ncovered, p->s.first_us, p->s.last_us, 0))
				continue;
			r = step_tier(q, p);
			if (r == -EBADMSG) {
				note_damage(h, p, r);
				r = 0;
				continue;
			}
			uint64_t day = UINT64_C(1000000) * DAY_S;
			covered[(*ncovered)++] =
				(struct covered){p->s.first_us, (p->s.last_us / day + 1) * day - 1,
					p->s.first_number ? p->s.first_number : UINT64_MAX};
		}
	}
	return r;
}

int history_aggregate(struct history *h, const uint64_t *keys, size_t n, uint64_t from_ns,
	uint64_t step_ns, size_t n_steps, struct history_step **ret)
{
	struct stepping q = {.keys = keys,
		.n = n,
		.from_us = from_ns / 1000,
		.step_us = step_ns / 1000 ? step_ns / 1000 : 1,
		.n_steps = n_steps,
		.h = h};
	uint32_t *index = index_of(keys, n);
	struct covered *covered = calloc(h->ntiers + 1, sizeof *covered);
	size_t ncovered = 0;
	q.out = calloc(n * n_steps + 1, sizeof *q.out);
	q.tallies = calloc(n + 1, sizeof *q.tallies);
	q.present = malloc(SEGMENT_ROWS_MAX);
	q.stretches = malloc(SEGMENT_ROWS_MAX * sizeof *q.stretches);
	q.rest = calloc(n + 1, sizeof *q.rest);
	int r = index && covered && q.out && q.tallies && q.present && q.stretches && q.rest
			? 0
			: -ENOMEM;
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (keys[i] == 0 || keys[i] > h->series.count)
			r = -EINVAL;
		else
			tally_begin(&q.tallies[i], is_counter(&q, i));
	}
	if (r == 0)
		r = step_tiers(h, &q, covered, &ncovered);
	/* One minute more before, so that a counter's first growth is known. */
	uint64_t to_us = q.from_us + q.step_us * n_steps,
		 begin_us = q.from_us > LEAD_US ? q.from_us - LEAD_US : 0;
	struct piece *over = NULL; /* told by a tier, and the one before this one */
	for (size_t i = 0; r == 0 && i < h->npieces; i++) {
		struct piece *p = &h->pieces[i];
		if (!piece_touches(h, i, begin_us, to_us ? to_us - 1 : 0)) {
			over = NULL;
			for (size_t k = 0; k < n; k++)
				tally_gap(&q.tallies[k]);
			continue;
		}
		if (p->kind != PIECE_LOG &&
			is_covered(covered, ncovered, p->s.first_us, p->s.last_us, p->order)) {
			over = p;
			continue;
		}
		if (over && piece_open(h, over))
			r = step_over(&q, over);
		over = NULL;
		if (r == 0 && piece_open(h, p))
			r = p->kind == PIECE_LOG ? step_log(h, &q, p, index) : step_segment(&q, p);
		if (r == -EBADMSG) {
			note_damage(h, p, r);
			r = 0;
		}
	}
	free(q.rest);
	free(q.present);
	free(q.stretches);
	free(index);
	free(covered);
	free(q.tallies);
	if (r < 0)
		free(q.out);
	else
		*ret = q.out;
	return r;
}

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
	int r = d ? open_log(p, &l) : -ENOMEM;
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

int history_events(struct history *h, uint64_t from_ns, uint64_t to_ns,
	int (*each)(void *ctx, const struct event *e), void *ctx)
{
	struct event_filter f = {from_ns, to_ns, each, ctx};
	uint64_t first_us = UINT64_MAX;
	int r = 0;
	for (size_t i = 0; i < h->npieces; i++)
		first_us = h->pieces[i].begin_us < first_us && h->pieces[i].kind == PIECE_SECONDS
				   ? h->pieces[i].begin_us
				   : first_us;
	/* Minutes tell of days whose seconds are gone, and of those of which the first hours' are. */
	struct event_filter gone = f;
	if (first_us <= UINT64_MAX / 1000 && first_us * 1000 <= to_ns)
		gone.to_ns = first_us * 1000 - 1;
	for (size_t i = 0; r == 0 && i < h->ntiers; i++) {
		struct piece *p = &h->tiers[i];
		if (p->name[0] != 'm' || !piece_open(h, p) || p->s.first_us >= first_us)
			continue;
		r = segment_events(&p->s, filter_event, &gone);
	}
	for (size_t i = 0; r == 0 && i < h->npieces; i++) {
		struct piece *p = &h->pieces[i];
		if (!piece_touches(h, i, from_ns / 1000, to_ns / 1000))
			continue;
		r = p->kind == PIECE_LOG ? events_of_log(h, p, &f)
					 : segment_events(&p->s, filter_event, &f);
		if (r == -EBADMSG) {
			note_damage(h, p, r);
			r = 0;
		}
	}
	return r;
}

/* ---- samples ---- */

static int reading_open(struct history *h, const struct piece *p)
{
	struct reading *r = &h->reading;
	int err;
	reading_close(r);
	r->is_log = p->kind == PIECE_LOG;
	r->row = 0;
	if (r->is_log) {
		err = open_log(p, &r->log);
		r->open = err == 0;
		r->order = err == 0 ? p->order : r->order;
		if (err == 0)
			err = frame_decoder_init(&r->decoder, &r->into->series);
		r->have_decoder = err == 0;
		return err;
	}
	/* A segment of our own: the scratch memory of the shared one is used by numbers. */
	err = open_segment(h, p, &r->segment);
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

/* The log that is read was made anew under its name: goes on there behind what was read. */
static int reading_again(struct history *h)
{
	struct reading *r = &h->reading;
	const struct frame_wants wants = {.tables = true};
	uint64_t number = r->log.next_number;
	for (size_t i = 0; i < h->npieces; i++) {
		const struct piece *p = &h->pieces[i];
		if (p->kind != PIECE_LOG || p->order != r->order || same_file(p->log_fd, r->log.fd))
			continue;
		int err = reading_open(h, p);
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
		int err = -ENODATA;
		if (r->open && r->is_log && r->ready) {
			err = 0;
		} else if (r->open && r->is_log) {
			const struct frame_wants wants = {.tables = true};
			err = log_next(&r->log, &b);
			if (err == -ENODATA && reading_again(h) == 0)
				continue;
			if (err == 0)
				err = frame_decode(&r->decoder, b.bytes, b.plain, &wants);
			r->ready = err == 0;
			r->run = r->decoder.dict.origin.run;
		} else if (r->open && r->row < r->segment.rows) {
			err = 0;
		}
		if (err == 0) {
			*ret_us = r->is_log ? r->decoder.real_us : r->segment.times_us[r->row];
			return 0;
		}
		struct piece *p = piece_behind(h, r->order);
		if (!p)
			return err == -EBADMSG || err == -EIO ? -ENODATA : err;
		err = reading_open(h, p);
		if (err == -ENOENT && h->dir >= 0 && list_store(h) == 0)
			continue; /* retention took it */
		if (err < 0) {
			p->bad = err != -ENODATA || p->kind != PIECE_LOG;
			if (p->bad && err != -ENOENT)
				note_damage(h, p, err);
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
			note_damage(h, &(struct piece){.name = ""}, err);
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
		if (!piece_touches(h, i, time_us, UINT64_MAX) || !span_of(h, p, &from, &to))
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
		if (!p && last && last->kind == PIECE_LOG)
			p = last; /* what is written from now on: behind its end, which is sought below */
		if (!p) {
			h->reading.order = last ? last->order : 0;
			return -ENODATA;
		}
		r = reading_open(h, p);
		if (r == -EBADMSG) { /* another one, then */
			p->bad = true;
			note_damage(h, p, r);
		}
	} while (r == -EBADMSG || (r == -ENOENT && h->dir >= 0 && list_store(h) == 0));
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

int history_load(struct history *h, struct store *into, uint64_t real_ns, unsigned samples,
	uint64_t max_pause_ns)
{
	uint64_t at, last_us = 0, run = 0, pause_us = max_pause_ns / 1000, now_us = real_ns / 1000;
	uint64_t reach = samples * max_pause_ns;
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
