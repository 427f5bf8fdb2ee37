/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "finding/track.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *track_event_name(enum track_event e)
{
	static const char *const names[] = {"open", "change", "close"};
	return names[e];
}

/* What is to come is told when it has held for half of the time that it leaves, at most for so long: what warms up to its size looks the same before. */
static const double FORECAST_S = 12;
/* What comes again and again is told at last: the time in which it was seen is forgotten so much more slowly than it came. */
enum { DRAIN = 4 };

static double settles(const struct verdict *f)
{
	bool forecast = f->state == STATE_FILLING && f->eta_s > 0 && !f->neffects;
	return fmax(f->settle_s, forecast ? fmin(f->eta_s / 2, FORECAST_S) : 0);
}

static struct tracked *row_of(struct track *t, const char *id)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->rows[i].id, id) == 0)
			return &t->rows[i];
	if (t->count == TRACK_MAX)
		return NULL;
	struct tracked *row = &t->rows[t->count++];
	*row = (struct tracked){0};
	(void)snprintf(row->id, sizeof row->id, "%s", id);
	return row;
}

/* What something else explains now is there. */
static bool is_effect(const struct findings *fs, const char *resource)
{
	for (size_t i = 0; i < fs->count; i++)
		for (size_t k = 0; k < fs->rows[i].neffects; k++)
			if (strcmp(fs->rows[i].effects[k].resource, resource) == 0)
				return true;
	return false;
}

void track_update(struct track *t, struct view *v, const struct findings *fs,
	void (*each)(void *ctx, enum track_event event, const struct tracked *row,
		const struct verdict *f),
	void *ctx)
{
	uint64_t step = t->look_ns && v->now_ns > t->look_ns ? v->now_ns - t->look_ns : 0;
	if (step > t->hold_ns)
		step = t->hold_ns;
	t->look_ns = v->now_ns;
	for (size_t i = 0; i < fs->count; i++) {
		const struct verdict *f = &fs->rows[i];
		struct tracked *row = f->state == STATE_NOTE ? NULL : row_of(t, finding_id(v, f));
		if (!row)
			continue;
		double settle_s = settles(f);
		bool sure = f->state == STATE_EXHAUSTED && f->refused > 0 && settle_s <= 0;
		row->last_ns = v->now_ns;
		if (!row->open && (!row->since_ns || f->since_ns < row->since_ns))
			row->since_ns = f->since_ns;
		if (!row->open)
			(void)snprintf(row->resource, sizeof row->resource, "%s", f->resource);
		row->shown_ns += step;
		row->seen++;
		bool settled =
			settle_s > 0 ? (double)row->shown_ns >= settle_s * 1e9 : row->seen >= 2;
		if (!row->open && (settled || sure)) {
			row->open = true;
			row->severity = f->severity;
			row->state = f->state;
			(void)snprintf(row->title, sizeof row->title, "%s", f->title);
			each(ctx, TRACK_OPEN, row, f);
		} else if (row->open && (row->state != f->state || row->severity != f->severity)) {
			row->severity = f->severity;
			row->state = f->state;
			(void)snprintf(row->title, sizeof row->title, "%s", f->title);
			each(ctx, TRACK_CHANGE, row, f);
		}
	}
	size_t kept = 0;
	for (size_t i = 0; i < t->count; i++) {
		struct tracked *row = &t->rows[i];
		bool absent = row->last_ns != v->now_ns, over = false;
		if (absent && row->open) {
			over = v->now_ns - row->last_ns >= t->hold_ns;
		} else if (absent) {
			row->seen = 0;
			if (is_effect(fs, row->resource))
				row->shown_ns += step;
			else if (row->shown_ns <= step / DRAIN)
				over = true;
			else
				row->shown_ns -= step / DRAIN;
		}
		if (over && row->open)
			each(ctx, TRACK_CLOSE, row, NULL);
		if (!over) {
			if (kept != i)
				t->rows[kept] = *row;
			kept++;
		}
	}
	t->count = kept;
}
