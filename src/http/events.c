/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/events.h"

#include "base/clock.h"
#include "base/text.h"
#include "finding/episodes.h"
#include "http/moments.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum { STEPS = 600 };

static const uint64_t SPAN_NS = UINT64_C(3600000000000); /* when nobody says */
/* Samples are read of spans up to this, and for so long; they lie a millisecond of work apart. */
static const uint64_t DETAIL_NS = UINT64_C(900000000000), BUDGET_NS = UINT64_C(1500000000);

struct asked {
	uint64_t from_ns, to_ns, detailed_ns; /* detailed: 0, not at all */
	uint64_t end_ns;                      /* monotonic: time to stop looking at samples */
	struct moments *m;
};

/* ---- findings, as they were recorded ---- */

struct begins {
	struct asked *a;
	uint64_t since_ns, first_ns; /* the first begin of a recorder after `since` */
};

static int find_begin(void *ctx, const struct event *e)
{
	struct begins *b = ctx;
	if (*e->id || e->real_ns <= b->since_ns)
		return 0;
	b->first_ns = e->real_ns;
	return 1;
}

/* A recorder that was ended while it lasted could not say when it was over; the next one begins with nothing. */
static uint64_t end_of(struct window *w, struct asked *a, const struct episode *e)
{
	struct begins b = {a, e->since_ns, 0};
	if (!e->until_ns)
		(void)history_events(w->history, e->since_ns, a->to_ns, find_begin, &b);
	return e->until_ns ? e->until_ns : b.first_ns;
}

static int add_begin(void *ctx, const struct event *e)
{
	struct asked *a = ctx;
	if (!*e->id)
		moment_say(moments_add(a->m, "recorder", e->real_ns), "a recorder began");
	return 0;
}

static int add_findings(struct window *w, struct asked *a)
{
	struct episodes all;
	int r = episodes_recorded(w->history, a->from_ns, a->to_ns, NULL, &all);
	if (r < 0)
		return r;
	for (size_t i = 0; i < all.count; i++) {
		const struct episode *e = &all.rows[i];
		struct moment *row = moments_add(a->m, "finding", e->since_ns);
		if (!row)
			continue;
		row->until_ns = end_of(w, a, e);
		row->severity = severity_name(e->severity);
		(void)snprintf(row->id, sizeof row->id, "%s", e->id);
		(void)snprintf(row->resource, sizeof row->resource, "%s", e->resource);
		moment_say(row, "%s", e->title);
	}
	episodes_free(&all);
	return history_events(w->history, a->from_ns, a->to_ns, add_begin, a);
}

/* ---- who was killed, as numbers tell ---- */

static bool is_killed(void *ctx, const struct history_series *s)
{
	(void)ctx;
	return s->metric == M_OOM_KILLS && strcmp(s->name, metric_info(M_OOM_KILLS)->name) == 0 &&
	       !*s->netns;
}

static bool told(const struct moments *m, uint64_t from_ns, uint64_t to_ns)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->rows[i].kind, "oom") == 0 &&
			m->rows[i].at_ns + 2000000000 >= from_ns &&
			m->rows[i].at_ns <= to_ns + 2000000000)
			return true;
	return false;
}

static int add_killed(struct window *w, struct asked *a)
{
	const struct history_series *series;
	struct history_step *steps;
	size_t n;
	uint64_t step = (a->to_ns - a->from_ns) / STEPS / 10000000000 * 10000000000;
	step = step ? step : 10000000000; /* ten seconds or more: what tiers hold */
	uint64_t from = a->from_ns - a->from_ns % step;
	size_t nsteps = (size_t)((a->to_ns - from + step - 1) / step);
	int r = history_select(w->history, from, a->to_ns, is_killed, NULL, &series, &n);
	if (r < 0 || n == 0)
		return r;
	r = history_aggregate(w->history, &series[0].key, 1, from, step, nsteps, &steps);
	for (size_t i = 0; r == 0 && i < nsteps; i++) {
		uint64_t at = from + i * step;
		if (steps[i].count == 0 || steps[i].sum < 0.5 || told(a->m, at, at + step))
			continue;
		struct moment *row = moments_add(a->m, "oom", at);
		moment_say(row, "%.0f process%s killed for lack of memory", round(steps[i].sum),
			steps[i].sum < 1.5 ? " was" : "es were");
		if (row) {
			row->severity = "critical";
			row->until_ns = at + step;
		}
	}
	if (r == 0)
		free(steps);
	return r;
}

/* ---- samples ---- */

static bool look(void *ctx, const struct sample *before, const struct sample *s)
{
	struct asked *a = ctx;
	if (s->real_ns >= a->to_ns || clock_mono_ns() > a->end_ns)
		return false;
	a->detailed_ns = s->real_ns;
	moments_look(a->m, before, s);
	return true;
}

static int add_details(struct window *w, struct asked *a)
{
	if (a->to_ns - a->from_ns > DETAIL_NS)
		return 0;
	a->end_ns = clock_mono_ns() + BUDGET_NS;
	int r = window_walk(w, a->from_ns, look, a);
	return r == -ENODATA ? 0 : r;
}

/* ---- the answer ---- */

static void member(struct show_text *t, const char *key, const char *text)
{
	show_text_add(t, key);
	if (text && *text)
		show_text_json(t, text);
	else
		show_text_add(t, "null");
}

static void member_time(struct show_text *t, const char *key, uint64_t ns)
{
	char at[40];
	member(t, key, ns ? text_time(at, ns) : NULL);
}

static void write_events(struct show_text *t, const struct asked *a)
{
	member_time(t, "{\"from\":", a->from_ns);
	member_time(t, ",\"to\":", a->to_ns);
	member_time(t, ",\"detailed_until\":", a->detailed_ns);
	show_text_add(t, ",\"left_out\":");
	show_text_number(t, (double)a->m->left_out);
	show_text_add(t, ",\"events\":[");
	for (size_t i = 0; i < a->m->n; i++) {
		const struct moment *e = &a->m->rows[i];
		member_time(t, i ? ",\n{\"at\":" : "{\"at\":", e->at_ns);
		member_time(t, ",\"until\":", e->until_ns);
		member(t, ",\"kind\":", e->kind);
		member(t, ",\"id\":", e->id);
		member(t, ",\"severity\":", e->severity);
		member(t, ",\"resource\":", e->resource);
		member(t, ",\"text\":", e->text);
		show_text_add(t, "}");
	}
	show_text_add(t, "]}");
}

/* -EINVAL: answered. */
static int read_span(const struct params *p, struct asked *a, struct answer *ret)
{
	uint64_t now = clock_real_ns();
	a->to_ns = now;
	if (param_time(p, PARAM_TO, now, ret, &a->to_ns) < 0)
		return -EINVAL;
	a->from_ns = a->to_ns > SPAN_NS ? a->to_ns - SPAN_NS : 1;
	if (param_time(p, PARAM_FROM, now, ret, &a->from_ns) < 0)
		return -EINVAL;
	if (a->from_ns >= a->to_ns) {
		answer_error(ret, ANSWER_BAD_REQUEST, "from: is not before to");
		return -EINVAL;
	}
	return 0;
}

/* Nothing recorded is no reading of years. */
static void cut_span(struct window *w, struct asked *a)
{
	uint64_t first, last;
	if (!history_span(w->history, &first, &last))
		return;
	if (a->from_ns < first && first < a->to_ns)
		a->from_ns = first;
	if (a->to_ns > last && last >= a->from_ns)
		a->to_ns = last + 1;
}

void answer_events(struct window *w, const struct params *p, struct answer *ret)
{
	struct moments *m = calloc(1, sizeof *m);
	struct asked a = {.m = m};
	struct show_text t = {0};
	int r = m ? read_span(p, &a, ret) : -ENOMEM;
	if (r == 0) {
		cut_span(w, &a);
		r = add_findings(w, &a);
		if (r == 0)
			r = add_details(w, &a);
		if (r == 0)
			r = add_killed(w, &a);
		if (r == 0 && m->failed)
			r = -ENOMEM;
	} else if (r == -EINVAL) {
		r = 1;
	}
	if (r == 0) {
		moments_sort(m);
		write_events(&t, &a);
		answer_text(ret, &t);
	} else if (r < 0) {
		answer_unread(ret, r);
	}
	if (m)
		moments_free(m);
	free(m);
}
