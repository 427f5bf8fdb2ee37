/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/history_impl.h"

#include "store/retain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
	MAX_PIECES = 1 << 16,
	OPEN_MAX =
		48, /* segments that lie open at a time: a store has more of them than a process has descriptors */
};

void history_note_damage(struct history *h, const struct piece *p, int error)
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
	if (log_number(f->name, &ret->order)) {
		ret->kind = PIECE_LOG;
		return true;
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
		history_note_damage(h, &(struct piece){.name = ""}, r);
	qsort(h->pieces, h->npieces, sizeof *h->pieces, by_order);
	return h->npieces ? 0 : r == -ENOTSUP ? r : -EBADMSG;
}

void history_note_origin(struct history *h, const struct dict_origin *o)
{
	(void)snprintf(h->host, sizeof h->host, "%s", o->host);
	h->interval_ns = o->interval_ns;
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
	if (r == 0 && m->slots) {
		m->slots[SERIES_NONE] = 0;
		m->next = h->maps;
		h->maps = m;
		history_note_origin(h, &m->origin);
		return m;
	}
	if (m) {
		free(m->ids);
		free(m->slots);
	}
	free(m);
	*error = r;
	return NULL;
}

int piece_segment(struct history *h, const struct piece *p, struct segment *ret)
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
bool piece_open(struct history *h, struct piece *p)
{
	int r = 0;
	if (p->bad || p->kind == PIECE_LOG)
		return !p->bad;
	if (!p->open) {
		make_room(h);
		r = piece_segment(h, p, &p->s);
		p->open = r == 0;
		h->nopen += p->open;
	}
	if (r == 0 && !p->map) {
		p->map = map_of(h, &p->s, &r);
		piece_rest(p);
	}
	if (r == 0) {
		p->begin_us = p->s.first_us;
		p->last_us = p->s.last_us;
		p->known = true;
		return true;
	}
	piece_close(h, p);
	p->bad = true;
	if (r != -ENOENT) /* retention took it: that is no damage */
		history_note_damage(h, p, r);
	return false;
}

void piece_rest(struct piece *p)
{
	if (p->open)
		segment_rest(&p->s);
}

/* What cannot be read is left to who reads it to say. */
static bool log_touches(struct history *h, const struct piece *p, uint64_t from_us, uint64_t to_us)
{
	const struct log_known *k = history_known_log(h, p);
	return !k || k->empty || (k->least_us <= to_us && k->most_us >= from_us);
}

/* Might it have samples between two times? What is not open is judged by its name and the next one's. */
bool piece_touches(struct history *h, size_t i, uint64_t from_us, uint64_t to_us)
{
	struct piece *p = &h->pieces[i];
	if (p->bad)
		return false;
	if (p->kind == PIECE_LOG)
		return log_touches(h, p, from_us, to_us);
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
	for (unsigned i = 0; i < LOGS_KNOWN; i++)
		free(h->logs[i].seen);
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

uint64_t history_interval(const struct history *h)
{
	return h->interval_ns ? h->interval_ns : UINT64_C(1000000000);
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

/* ---- span and selection ---- */

bool piece_span(struct history *h, struct piece *p, uint64_t *from, uint64_t *to)
{
	if (p->kind == PIECE_LOG) {
		const struct log_known *k = history_known_log(h, p);
		if (!k || k->empty)
			return false;
		*from = k->from_us;
		*to = k->to_us;
		return true;
	}
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
		if (!edge || !piece_span(h, &h->pieces[i], &a, &b))
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
	const struct log_known *k = history_known_log(h, p);
	for (uint32_t id = 1; k && id <= SERIES_MAX; id++)
		seen[id] |= k->seen[id];
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
