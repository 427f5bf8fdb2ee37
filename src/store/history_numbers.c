/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/history_impl.h"

#include "store/tier.h"

#include <errno.h>

enum {
	DAY_S = 86400,
	LEAD_US = 60000000,
};

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
		history_note_damage(h, p, r);
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
			history_note_damage(h, p, r);
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
		piece_rest(p);
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

/* The sum in a summary has 64 bits, and that of a limit that means none (2^63 - 1, say) wraps. What its values are above the least of them
 * does not. */
static double sum_of(bool counter, const struct summary *s)
{
	return counter ? (double)s->sum
		       : (double)s->low * s->count + (double)(s->sum - s->count * s->low);
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
	to->sum += sum_of(is_counter(q, series), s);
	to->seconds += s->us ? (double)s->us / 1e6 : s->count * tick_s;
	to->last = last;
	to->count += s->count;
}

static double mean_of(bool counter, const struct summary *s)
{
	return s->count ? sum_of(counter, s) / s->count : 0;
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
		add_step(q, i, step, &s, tick, t->counter ? mean_of(true, &s) : (double)s.last);
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
					&sum, tick, mean_of(is_counter(q, i), &sum));
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
			piece_rest(p);
			if (r == -EBADMSG) {
				history_note_damage(h, p, r);
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
		if (over && piece_open(h, over)) {
			r = step_over(&q, over);
			piece_rest(over);
		}
		over = NULL;
		if (r == 0 && piece_open(h, p))
			r = p->kind == PIECE_LOG ? step_log(h, &q, p, index) : step_segment(&q, p);
		piece_rest(p);
		if (r == -EBADMSG) {
			history_note_damage(h, p, r);
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
