/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "fleet/batch.h"

#include "base/text.h"
#include "show/openmetrics.h"

#include <errno.h>
#include <string.h>

enum {
	STREAM_SLOTS = 2 * SERIES_MAX,
	STREAM_NONE = UINT32_MAX, /* of a series that found no room */
};

/* A cell without a value: a signalling NaN that is no stale marker and that no arithmetic makes. */
#define ABSENT UINT64_C(0x7ff0000000000001)

struct moment {
	int64_t time_ms;
	size_t at;    /* index of its first cell */
	uint32_t n;   /* streams that existed then */
	size_t count; /* cells that are not absent */
};

struct batch {
	struct intern names;
	uint32_t name_label, instance_label, instance, job_label, job;
	struct arena streams; /* struct remote_series */
	struct arena live;    /* a byte a stream: it had a value at the last moment */
	uint32_t *slots;      /* hash of labels -> number of the stream, plus 1 */
	struct arena
		stream_of; /* uint32_t by series id: number of its stream plus 1, 0: not known yet */
	uint32_t nstreams;
	uint64_t lost;
	struct store kept;  /* values of the last moment and of this one, without tables */
	struct arena cells; /* uint64_t: bits of the values, moment after moment */
	struct moment moments[BATCH_MOMENTS];
	unsigned nmoments;
};

static uint32_t name_of(struct batch *b, const char *text)
{
	return intern_id(&b->names, text, strlen(text));
}

static int init_arenas(struct batch *b)
{
	const struct {
		struct arena *arena;
		size_t ceiling;
	} parts[] = {
		{&b->streams, SERIES_MAX * sizeof(struct remote_series)},
		{&b->live, SERIES_MAX},
		{&b->stream_of, (SERIES_MAX + 1) * sizeof(uint32_t)},
		/* a moment may begin just below the limit */
		{&b->cells, (BATCH_CELLS + SERIES_MAX) * sizeof(uint64_t)},
	};
	int r = intern_init(&b->names, REMOTE_NAMES);
	for (size_t i = 0; r == 0 && i < COUNTOF(parts); i++)
		r = arena_init(parts[i].arena, parts[i].ceiling);
	return r == 0 ? store_init(&b->kept, 2) : r;
}

int batch_open(const char *instance, struct batch **ret)
{
	struct batch *b = calloc(1, sizeof *b);
	if (!b)
		return -ENOMEM;
	b->slots = calloc(STREAM_SLOTS, sizeof *b->slots);
	int r = b->slots ? init_arenas(b) : -ENOMEM;
	if (r == 0) {
		char text[1024];
		b->name_label = name_of(b, "__name__");
		b->instance_label = name_of(b, "instance");
		b->instance = name_of(b, text_utf8(text, sizeof text, instance));
		b->job_label = name_of(b, "job");
		b->job = name_of(b, "plimsoll");
		r = b->job && b->instance ? 0 : -ENOMEM;
	}
	if (r < 0)
		batch_close(b);
	else
		*ret = b;
	return r;
}

void batch_close(struct batch *b)
{
	if (!b)
		return;
	intern_destroy(&b->names);
	arena_destroy(&b->streams);
	arena_destroy(&b->live);
	arena_destroy(&b->stream_of);
	arena_destroy(&b->cells);
	store_destroy(&b->kept);
	free(b->slots);
	free(b);
}

/* ---- streams ---- */

static const struct remote_series *stream(const struct batch *b, uint32_t n)
{
	return (const struct remote_series *)(const void *)b->streams.base + n;
}

static void put_label(struct batch *b, struct remote_series *s, uint32_t name, uint32_t value)
{
	unsigned at = s->nlabels++;
	for (; at && strcmp(intern_text(&b->names, s->labels[at - 1].name),
			     intern_text(&b->names, name)) > 0;
		at--)
		s->labels[at] = s->labels[at - 1];
	s->labels[at].name = name;
	s->labels[at].value = value;
}

/* The labels of a series; false when there is no room for its texts. */
static bool describe(
	struct batch *b, const struct series_set *set, uint32_t id, struct remote_series *ret)
{
	char text[OPENMETRICS_VALUE];
	struct openmetrics_label labels[OPENMETRICS_LABELS];
	enum metric m = (enum metric)series_row(set, id)->metric;
	memset(ret, 0, sizeof *ret); /* hashed and compared as bytes, padding included */
	ret->type = metric_info(m)->kind == METRIC_COUNTER ? REMOTE_COUNTER : REMOTE_GAUGE;
	ret->help = name_of(b, openmetrics_help(text, sizeof text, m));
	ret->unit = name_of(b, metric_base_unit(m));
	put_label(b, ret, b->name_label, name_of(b, metric_prometheus_name(text, m)));
	put_label(b, ret, b->instance_label, b->instance);
	put_label(b, ret, b->job_label, b->job);
	unsigned n = openmetrics_labels(set, id, labels);
	for (unsigned i = 0; i < n; i++)
		put_label(b, ret, name_of(b, labels[i].name),
			name_of(b, text_utf8(text, sizeof text, labels[i].value)));
	for (unsigned i = 0; i < ret->nlabels; i++)
		if (!ret->labels[i].name || !ret->labels[i].value)
			return false;
	return true;
}

/* The stream with these labels, made when new, its number plus 1; STREAM_NONE when there is no room. A
 * new one gets its cell in the moment that is being filled, which is the last in the arena. */
static uint32_t stream_with(struct batch *b, const struct remote_series *like)
{
	size_t at = (size_t)intern_hash(like, sizeof *like) & (STREAM_SLOTS - 1);
	for (; b->slots[at]; at = (at + 1) & (STREAM_SLOTS - 1))
		if (memcmp(stream(b, b->slots[at] - 1), like, sizeof *like) == 0)
			return b->slots[at];
	struct remote_series *s =
		b->nstreams < SERIES_MAX ? arena_push(&b->streams, sizeof *s) : NULL;
	unsigned char *live = s ? arena_push(&b->live, 1) : NULL;
	uint64_t *cell = live ? arena_push(&b->cells, sizeof *cell) : NULL;
	if (!cell)
		return STREAM_NONE;
	*s = *like;
	*cell = ABSENT;
	b->slots[at] = ++b->nstreams;
	return b->nstreams;
}

static uint32_t stream_of(struct batch *b, const struct series_set *set, uint32_t id)
{
	uint32_t *known = (uint32_t *)(void *)b->stream_of.base + id;
	if (*known == 0) {
		struct remote_series s;
		*known = describe(b, set, id, &s) ? stream_with(b, &s) : STREAM_NONE;
		b->lost += *known == STREAM_NONE;
	}
	return *known;
}

/* ---- moments ---- */

/* Takes the values over. Without them the ratio of a SHARE would need all samples between two moments. */
static void keep(struct batch *b, const struct series_set *set, const struct sample *s)
{
	struct sample *to = store_slot(&b->kept);
	const struct sample *last = store_newest(&b->kept, 0);
	if (last && s->mono_ns <= last->mono_ns)
		b->kept.count = 0; /* the host was booted: its counters began anew */
	sample_reset(to);
	to->real_ns = s->real_ns;
	to->mono_ns = s->mono_ns;
	for (uint32_t id = 1; id <= set->count; id++) {
		uint64_t raw;
		if (sample_get(s, id, &raw))
			sample_set(to, id, raw);
	}
	store_commit(&b->kept);
}

static struct view view_kept(const struct batch *b, const struct series_set *set)
{
	const struct sample *now = store_newest(&b->kept, 0), *before = store_newest(&b->kept, 1);
	return (struct view){.store = &b->kept,
		.series = set,
		.n = b->kept.count,
		.now_ns = now->real_ns,
		.seconds = before ? (double)(now->mono_ns - before->mono_ns) / 1e9 : 0};
}

static uint64_t *begin_moment(struct batch *b, int64_t time_ms)
{
	size_t at = b->cells.used / sizeof(uint64_t);
	uint64_t *cells = arena_push(&b->cells, b->nstreams * sizeof *cells);
	if (!cells)
		return NULL;
	for (uint32_t i = 0; i < b->nstreams; i++)
		cells[i] = ABSENT;
	b->moments[b->nmoments] = (struct moment){.time_ms = time_ms, .at = at};
	return cells;
}

/* Ends the streams that had a value at the last moment and have none now. */
static void end_moment(struct batch *b, uint64_t *cells)
{
	struct moment *m = &b->moments[b->nmoments++];
	m->n = b->nstreams;
	for (uint32_t i = 0; i < m->n; i++) {
		bool there = cells[i] != ABSENT;
		if (!there && b->live.base[i])
			cells[i] = REMOTE_STALE;
		m->count += cells[i] != ABSENT;
		b->live.base[i] = there;
	}
}

static int room_for_series(struct batch *b, const struct series_set *set)
{
	size_t have = b->stream_of.used / sizeof(uint32_t), want = (size_t)set->count + 1;
	return have >= want || arena_push(&b->stream_of, (want - have) * sizeof(uint32_t))
		       ? 0
		       : -ENOMEM;
}

int batch_take(struct batch *b, const struct series_set *set, const struct sample *s)
{
	if (batch_full(b))
		return -ENOBUFS;
	int r = room_for_series(b, set);
	uint64_t *cells = r == 0 ? begin_moment(b, (int64_t)(s->real_ns / 1000000)) : NULL;
	if (!cells)
		return -ENOMEM;
	keep(b, set, s);
	struct view v = view_kept(b, set);
	for (uint32_t id = 1; id <= set->count; id++) {
		double value;
		if (!openmetrics_value(&v, id, &value))
			continue;
		uint32_t n = stream_of(b, set, id);
		if (n != STREAM_NONE)
			memcpy(&cells[n - 1], &value, sizeof value);
	}
	end_moment(b, cells);
	return 0;
}

int batch_end_streams(struct batch *b, int64_t time_ms)
{
	if (batch_full(b))
		return -ENOBUFS;
	uint64_t *cells = begin_moment(b, time_ms);
	if (!cells)
		return -ENOMEM;
	end_moment(b, cells);
	b->kept.count = 0;
	return 0;
}

void batch_clear(struct batch *b)
{
	b->nmoments = 0;
	arena_reset(&b->cells);
}

unsigned batch_moments(const struct batch *b)
{
	return b->nmoments;
}

bool batch_full(const struct batch *b)
{
	return b->nmoments == BATCH_MOMENTS || b->cells.used / sizeof(uint64_t) >= BATCH_CELLS;
}

bool batch_goes_on(const struct batch *b)
{
	return memchr(b->live.base, 1, b->nstreams) != NULL;
}

size_t batch_samples(const struct batch *b)
{
	size_t sum = 0;
	for (unsigned i = 0; i < b->nmoments; i++)
		sum += b->moments[i].count;
	return sum;
}

uint64_t batch_lost(const struct batch *b)
{
	return b->lost;
}

const struct intern *batch_names(const struct batch *b)
{
	return &b->names;
}

/* ---- requests ---- */

static size_t samples_of(
	const struct batch *b, uint32_t n, struct remote_sample ret[static BATCH_MOMENTS])
{
	const uint64_t *cells = (const uint64_t *)(const void *)b->cells.base;
	size_t count = 0;
	for (unsigned i = 0; i < b->nmoments; i++) {
		const struct moment *m = &b->moments[i];
		uint64_t bits = n < m->n ? cells[m->at + n] : ABSENT;
		if (bits != ABSENT)
			ret[count++] = (struct remote_sample){m->time_ms, bits};
	}
	return count;
}

int batch_encode(const struct batch *b, struct remote_writer *w, enum remote_version version,
	uint32_t first, uint32_t *ret_next, size_t *ret_samples)
{
	int r = remote_write_begin(w, version);
	*ret_samples = 0;
	*ret_next = 0;
	for (uint32_t i = first; r == 0 && i < b->nstreams; i++) {
		struct remote_sample samples[BATCH_MOMENTS];
		size_t n = samples_of(b, i, samples);
		r = n ? remote_write_add(w, stream(b, i), samples, n) : 0;
		if (r == -ENOBUFS && i > first) {
			*ret_next = i;
			return 0;
		}
		*ret_samples += r == 0 ? n : 0;
	}
	return r;
}
