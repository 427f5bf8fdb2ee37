/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/tier.h"

#include "base/text.h"
#include "store/retain.h"
#include "store/segment_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

enum { SOURCES_MAX = 4096, DAY_S = 86400, LEAD_S = 3600 };

/* A segment that a tier is made from, and which of its slots a series has. */
struct source {
	struct segment s;
	uint32_t *slots; /* slot + 1 by id of the common set, 0: not in it */
	bool before;     /* the day: it tells only what counters stood at when the day began */
};

struct builder {
	struct series_set set;
	struct dict_origin origin;
	struct source *sources;
	size_t nsources, inside;
	uint64_t begin_s, step_s;
	uint64_t last_us; /* up to here the sources tell */
	uint64_t number;  /* samples before this one are in it */
	uint32_t rows;
	struct summary *row;                  /* of one series */
	uint64_t *values, *parts[TIER_PARTS]; /* a source's rows */
	uint8_t *present;
};

bool tier_row(bool counter, const uint64_t parts[static TIER_PARTS], struct summary *ret)
{
	uint64_t count = parts[TIER_COUNT], sum = parts[TIER_SUM];
	if (count == 0)
		return false;
	*ret = (struct summary){.count = (uint32_t)count, .sum = sum};
	if (counter) {
		ret->low = sum / count - parts[TIER_LOW];
		ret->high = (sum + count - 1) / count + parts[TIER_SPREAD];
	} else {
		ret->low = parts[TIER_LOW];
		ret->high = ret->low + parts[TIER_SPREAD];
		ret->sum += count * ret->low;
	}
	return true;
}

static void put_row(bool counter, const struct summary *s, uint64_t *const parts[], uint32_t at)
{
	uint64_t n = s->count, sum = s->sum;
	parts[TIER_COUNT][at] = n;
	if (counter) {
		parts[TIER_LOW][at] = sum / n - s->low;
		parts[TIER_SPREAD][at] = s->high - (sum + n - 1) / n;
		parts[TIER_SUM][at] = sum;
	} else {
		parts[TIER_LOW][at] = s->low;
		parts[TIER_SPREAD][at] = s->high - s->low;
		parts[TIER_SUM][at] = sum - n * s->low;
	}
}

static void merge(struct summary *to, const struct summary *s)
{
	if (s->count == 0)
		return;
	if (to->count == 0 || s->low < to->low)
		to->low = s->low;
	if (to->count == 0 || s->high > to->high)
		to->high = s->high;
	to->sum += s->sum;
	to->count += s->count;
}

static uint64_t row_at(const struct builder *b, uint64_t time_us)
{
	uint64_t s = time_us / 1000000;
	return s < b->begin_s ? UINT64_MAX : (s - b->begin_s) / b->step_s;
}

static int add_seconds(struct builder *b, struct source *src, uint32_t slot, struct tally *t)
{
	struct segment *s = &src->s;
	struct stream stream;
	int r = segment_times(s);
	if (r == 0)
		r = segment_stream(s, slot, 0, &stream);
	for (uint32_t i = 0, end; r == 0 && i < s->rows; i = end) {
		/* the samples of one row of the tier */
		uint64_t row = row_at(b, s->times_us[i]);
		for (end = i + 1; end < s->rows && row_at(b, s->times_us[end]) == row;)
			end++;
		tally_stream(t, &stream, s->monos_us, i, end);
		struct summary one = tally_take(t);
		if (row < b->rows)
			merge(&b->row[row], &one);
	}
	return r;
}

static int add_tier(struct builder *b, struct source *src, uint32_t slot, bool counter)
{
	struct segment *s = &src->s;
	for (unsigned p = 0; p < TIER_PARTS; p++) {
		struct stream stream;
		int r = segment_stream(s, slot, p, &stream);
		if (r < 0)
			return r;
		stream_read(&stream, b->parts[p], b->present, s->rows);
	}
	for (uint32_t i = 0; i < s->rows; i++) {
		uint64_t parts[TIER_PARTS], row = row_at(b, s->first_us + i * (s->step_ns / 1000));
		struct summary one;
		for (unsigned p = 0; p < TIER_PARTS; p++)
			parts[p] = b->parts[p][i];
		if (b->present[i] && tier_row(counter, parts, &one) && row < b->rows)
			merge(&b->row[row], &one);
	}
	return 0;
}

/* All rows of one series from all sources. A source that is damaged there is left out. */
static void build_series(struct builder *b, uint32_t id, bool counter)
{
	struct tally t;
	uint64_t run = 0;
	tally_begin(&t, counter);
	memset(b->row, 0, b->rows * sizeof *b->row);
	for (size_t i = 0; i < b->nsources; i++) {
		struct source *src = &b->sources[i];
		if (!src->slots[id]) {
			tally_gap(&t);
			continue;
		}
		if (src->s.run != run)
			tally_begin(&t, counter);
		run = src->s.run;
		int r = src->s.step_ns ? add_tier(b, src, src->slots[id] - 1, counter)
				       : add_seconds(b, src, src->slots[id] - 1, &t);
		if (r < 0)
			tally_begin(&t, counter);
	}
}

/* Lengths and streams of a group, by part: what is of one kind packs best together. */
struct tier_group {
	struct arena lengths[TIER_PARTS], streams[TIER_PARTS];
};

static void put_series(struct builder *b, bool counter, struct tier_group *g)
{
	for (uint32_t i = 0; i < b->rows; i++) {
		b->present[i] = b->row[i].count > 0;
		if (b->present[i])
			put_row(counter, &b->row[i], b->parts, i);
	}
	for (unsigned p = 0; p < TIER_PARTS; p++) {
		size_t before = g->streams[p].used;
		stream_put(&g->streams[p], b->parts[p], b->present, b->rows);
		put_varint(&g->lengths[p], g->streams[p].used - before);
	}
}

static int end_group(struct segment_file *f, struct tier_group *g, uint32_t group)
{
	int r = 0;
	for (unsigned p = 0; p < TIER_PARTS && r == 0; p++) {
		struct arena *a = &g->lengths[p];
		put_bytes(a, g->streams[p].base, g->streams[p].used);
		r = a->overflowed || g->streams[p].overflowed
			    ? -ENOMEM
			    : segment_file_block(f, BLOCK_GROUP, (uint64_t)group * TIER_PARTS + p,
				      a->base, a->used);
		arena_reset(a);
		arena_reset(&g->streams[p]);
	}
	return r;
}

static int put_groups(struct builder *b, struct segment_file *f, const uint32_t *ids, uint32_t n)
{
	struct tier_group g = {0};
	int r = 0;
	for (unsigned p = 0; p < TIER_PARTS && r == 0; p++) {
		r = arena_init(&g.lengths[p], BLOCK_MAX);
		if (r == 0)
			r = arena_init(&g.streams[p], BLOCK_MAX);
	}
	for (uint32_t i = 0; i < n && r == 0; i++) {
		enum metric m = (enum metric)series_row(&b->set, ids[i])->metric;
		bool counter = metric_info(m)->kind != METRIC_GAUGE;
		build_series(b, ids[i], counter);
		put_series(b, counter, &g);
		if ((i + 1) % TIER_GROUP_SERIES == 0 || i + 1 == n)
			r = end_group(f, &g, i / TIER_GROUP_SERIES);
	}
	for (unsigned p = 0; p < TIER_PARTS; p++) {
		arena_destroy(&g.lengths[p]);
		arena_destroy(&g.streams[p]);
	}
	return r;
}

static int keep_event(void *ctx, const struct event *e)
{
	struct arena *out = ctx;
	put_varint(out, e->real_ns / 1000);
	put_text(out, e->kind);
	put_text(out, e->id);
	put_text(out, e->text);
	return 0;
}

static int count_event(void *ctx, const struct event *e)
{
	(void)e;
	(*(uint64_t *)ctx)++;
	return 0;
}

/* The events of all sources: what was found outlives the seconds it was found in. */
static int put_events(struct builder *b, struct segment_file *f, struct arena *out)
{
	uint64_t n = 0;
	for (size_t i = 0; i < b->nsources; i++)
		if (!b->sources[i].before)
			(void)segment_events(&b->sources[i].s, count_event, &n);
	if (n == 0)
		return 0;
	arena_reset(out);
	put_varint(out, n);
	for (size_t i = 0; i < b->nsources; i++)
		if (!b->sources[i].before)
			(void)segment_events(&b->sources[i].s, keep_event, out);
	return segment_file_block(f, BLOCK_EVENTS, 0, out->base, out->used);
}

static bool has_series(const struct builder *b, uint32_t id)
{
	for (size_t i = 0; i < b->nsources; i++)
		if (!b->sources[i].before && b->sources[i].slots[id])
			return true;
	return false;
}

static int write_tier(struct builder *b, int fd)
{
	struct segment_file f;
	struct dict_names names = {0};
	struct arena out = {0};
	uint64_t end;
	uint32_t n = 0, *ids = calloc(b->set.count + 1, sizeof *ids);
	int r = ids ? segment_file_begin(&f, fd, 0) : -ENOMEM;
	if (!ids)
		return r;
	for (uint32_t id = 1; id <= b->set.count; id++)
		if (has_series(b, id))
			ids[n++] = id;
	series_sort(&b->set, ids, n);
	if (r == 0)
		r = dict_names_init(&names);
	if (r == 0)
		r = arena_init(&out, BLOCK_MAX);
	if (r == 0)
		r = put_groups(b, &f, ids, n);
	if (r == 0)
		r = put_events(b, &f, &out);
	if (r == 0) {
		arena_reset(&out);
		dict_put_file(&out, &b->origin, &b->set, &names, ids, n);
		r = names.failed ? -ENOMEM
				 : segment_file_block(&f, BLOCK_DICT, 0, out.base, out.used);
	}
	if (r == 0) {
		const struct segment_info info = {.first_us = b->begin_s * 1000000,
			.last_us = b->last_us,
			.first_number = b->number,
			.step_ns = b->step_s * 1000000000,
			.dict_hash = intern_hash(out.base, out.used),
			.rows = b->rows,
			.nseries = n,
			.group_series = TIER_GROUP_SERIES,
			.components = TIER_PARTS};
		arena_reset(&out);
		segment_info_put(&out, &info);
		r = segment_file_block(&f, BLOCK_INFO, 0, out.base, out.used);
	}
	if (r == 0)
		r = segment_file_end(&f, &end);
	segment_file_destroy(&f);
	dict_names_destroy(&names);
	arena_destroy(&out);
	free(ids);
	return r;
}

/* ---- sources ---- */

/* One of seconds whose samples are in it already is left out. */
static int add_source(struct builder *b, int dir, const char *name, struct dict *d, bool before)
{
	struct source src = {.before = before};
	struct stat st;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		int r = errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : 0;
		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	if (segment_open(fd, (uint64_t)st.st_size, &src.s) < 0)
		return 0; /* damaged: the others still count */
	if (!before && !src.s.step_ns && src.s.first_number < b->number) {
		segment_close(&src.s);
		return 0;
	}
	dict_forget(d);
	int r = segment_dict(&src.s, d);
	if (r == 0)
		src.slots = calloc(SERIES_MAX + 1, sizeof *src.slots);
	if (r < 0 || !src.slots) {
		segment_close(&src.s);
		return r == -EBADMSG ? 0 : -ENOMEM;
	}
	for (uint32_t slot = 0; slot < src.s.nseries; slot++)
		src.slots[dict_series(d, slot + 1)] = slot + 1;
	b->sources[b->nsources++] = src;
	if (before)
		return 0;
	b->inside++;
	b->origin = d->origin;
	if (src.s.last_us > b->last_us)
		b->last_us = src.s.last_us;
	return 0;
}

static void builder_destroy(struct builder *b)
{
	for (size_t i = 0; b->sources && i < b->nsources; i++) {
		segment_close(&b->sources[i].s);
		free(b->sources[i].slots);
	}
	free(b->sources);
	free(b->row);
	free(b->values);
	free(b->present);
	for (unsigned p = 0; p < TIER_PARTS; p++)
		free(b->parts[p]);
	series_destroy(&b->set);
	free(b);
}

/* folder/YYYY-MM-DD.plim or folder/YYYY-MM.plim */
static void tier_name(char buf[static 64], const char *folder, uint64_t begin_s, bool month)
{
	time_t t = (time_t)begin_s;
	struct tm tm;
	char at[32] = "";
	if (gmtime_r(&t, &tm))
		(void)strftime(at, sizeof at, month ? "%Y-%m" : "%Y-%m-%d", &tm);
	(void)snprintf(buf, 64, "%s/%s.plim", folder, at);
}

static int commit(int dir, const char *folder, const char *tmp, int fd, const char *name)
{
	if (fdatasync(fd) < 0 || renameat(dir, tmp, dir, name) < 0)
		return -errno;
	AUTO_FD int f = openat(dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return f >= 0 && fsync(f) < 0 ? -errno : 0;
}

static bool has_file(const struct store_files *files, const char *name)
{
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->rows[i].name, name) == 0)
			return true;
	return false;
}

/* The greatest number among the sources; those of seconds bear that of their first sample. */
static uint64_t number_of(const struct builder *b)
{
	uint64_t number = 0;
	for (size_t i = 0; i < b->nsources; i++) {
		const struct segment *s = &b->sources[i].s;
		uint64_t one = s->first_number + (s->step_ns == 0);
		if (!b->sources[i].before && one > number)
			number = one;
	}
	return number;
}

/* Makes one tier file from the files of another folder that begin within its time. What a file of minutes tells already
 * is taken over from it: the seconds may be gone. */
static int build(int dir, const struct store_files *files, const char *from, const char *folder,
	const char *name, uint64_t begin_s, uint64_t length_s, uint64_t step_s)
{
	struct builder *b = calloc(1, sizeof *b);
	struct dict *d = calloc(1, sizeof *d);
	int r = b && d ? series_init(&b->set) : -ENOMEM;
	if (r < 0) {
		free(b);
		free(d);
		return r;
	}
	b->begin_s = begin_s;
	b->step_s = step_s;
	b->rows = (uint32_t)(length_s / step_s);
	b->sources = calloc(SOURCES_MAX, sizeof *b->sources);
	b->row = calloc(b->rows, sizeof *b->row);
	b->values = calloc(SEGMENT_ROWS_MAX, sizeof *b->values);
	b->present = calloc(SEGMENT_ROWS_MAX, 1);
	for (unsigned p = 0; p < TIER_PARTS; p++) {
		b->parts[p] = calloc(SEGMENT_ROWS_MAX, sizeof *b->parts[p]);
		r = b->parts[p] ? r : -ENOMEM;
	}
	if (!b->sources || !b->row || !b->values || !b->present)
		r = -ENOMEM;
	if (r == 0)
		r = dict_init(d, &b->set);
	bool minutes = strcmp(from, "raw") == 0;
	if (r == 0 && minutes && has_file(files, name))
		r = add_source(b, dir, name, d, false);
	b->number = b->nsources ? b->sources[0].s.first_number : 0;
	for (size_t i = 0; i < files->count && r == 0 && b->nsources < SOURCES_MAX; i++) {
		const struct store_file *f = &files->rows[i];
		bool before = minutes && f->begin_s < begin_s;
		if (text_below(f->name, from) && f->begin_s + (minutes ? LEAD_S : 0) >= begin_s &&
			f->begin_s < begin_s + length_s)
			r = add_source(b, dir, f->name, d, before);
	}
	b->number = number_of(b);
	char tmp[64];
	(void)snprintf(tmp, sizeof tmp, "%s/unfinished", folder);
	AUTO_FD int fd = -1;
	if (r == 0 && b->inside) {
		fd = openat(dir, tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
		r = fd < 0 ? -errno : write_tier(b, fd);
		if (r == 0)
			r = commit(dir, folder, tmp, fd, name);
		if (r < 0)
			(void)unlinkat(dir, tmp, 0);
	}
	dict_destroy(d);
	free(d);
	builder_destroy(b);
	return r;
}

static uint64_t month_begin(uint64_t s, uint64_t *ret_length)
{
	time_t t = (time_t)s;
	struct tm tm;
	*ret_length = 0;
	if (!gmtime_r(&t, &tm))
		return 0;
	struct tm first = {.tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = 1};
	struct tm next = {.tm_year = tm.tm_year, .tm_mon = tm.tm_mon + 1, .tm_mday = 1};
	uint64_t begin = (uint64_t)timegm(&first);
	*ret_length = (uint64_t)timegm(&next) - begin;
	return begin;
}

/* The clock was set back into a day whose minutes are made: more seconds of it were written since. */
static bool grew_since(int dir, const struct store_files *files, const char *day, uint64_t begin_s)
{
	uint64_t most = 0, later = UINT64_MAX;
	for (size_t i = 0; i < files->count; i++) {
		const struct store_file *f = &files->rows[i];
		const char *dash = strrchr(f->name, '-');
		if (strncmp(f->name, "raw/", 4) != 0 || !dash || f->begin_s < begin_s)
			continue;
		uint64_t number = strtoull(dash + 1, NULL, 16);
		if (f->begin_s < begin_s + DAY_S)
			most = number > most ? number : most;
		else
			later = number < later ? number : later;
	}
	if (most < later)
		return false;
	struct segment s;
	struct stat st;
	int fd = openat(dir, day, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || segment_open(fd, (uint64_t)st.st_size, &s) < 0)
		return false;
	bool grew = most >= s.first_number;
	segment_close(&s);
	return grew;
}

int tiers_update(int dir, uint64_t now_s)
{
	struct store_files files;
	int r = store_files_list(dir, &files);
	uint64_t done = 0;
	for (size_t i = 0; i < files.count && r == 0; i++) {
		const struct store_file *f = &files.rows[i];
		char day[64], month[64];
		uint64_t begin = f->begin_s / DAY_S * DAY_S, length = 0;
		if (strncmp(f->name, "raw/", 4) != 0 || !begin || begin == done ||
			begin + DAY_S > now_s)
			continue;
		done = begin;
		tier_name(day, "m1", begin, false);
		if (has_file(&files, day) && !grew_since(dir, &files, day, begin))
			continue;
		r = build(dir, &files, "raw", "m1", day, begin, DAY_S, 60);
		struct store_files again;
		if (r == 0)
			r = store_files_list(dir, &again);
		if (r < 0)
			break;
		uint64_t first = month_begin(begin, &length);
		tier_name(month, "h1", first, true);
		r = build(dir, &again, "m1", "h1", month, first, length, 3600);
		store_files_free(&again);
	}
	store_files_free(&files);
	return r;
}
