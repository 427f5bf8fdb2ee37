/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "role/top_time.h"

#include "base/clock.h"
#include "finding/episodes.h"
#include "role/paths.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

static const uint64_t NS = 1000000000, HOUR_NS = UINT64_C(3600000000000);
/* Samples are a second apart, give or take: a step goes to the one that is nearest to a second away. */
static const uint64_t SLACK_NS = 300000000;

/* How far samples may lie apart that belong to one look, as for check. */
static uint64_t longest_pause(const struct top_time *t)
{
	const uint64_t least = 10 * NS;
	uint64_t steps = 3 * (t->history ? history_interval(t->history) : t->s->interval_ns);
	return steps > least ? steps : least;
}

int top_time_open(const struct options *o, struct session *s, struct top_time *ret)
{
	*ret = (struct top_time){.o = o, .s = s, .window = s->window, .history = s->history};
	ret->live = s->reader && !reader_is_replay(s->reader);
	ret->marks = calloc(TOP_MARKS, sizeof *ret->marks);
	int r = ret->marks ? 0 : -ENOMEM;
	if (r == 0 && ret->live && s->window < TOP_KEPT) {
		/* more than a look needs is kept, to step back in */
		s->window = TOP_KEPT;
		r = session_renew(s);
	}
	if (r == 0 && ret->live && s->history) /* a recorder has watched already */
		(void)history_load(
			s->history, s->store, clock_real_ns(), s->window, longest_pause(ret));
	if (r == 0 && s->reader && !ret->live) /* a recorded tree: all its moments */
		for (unsigned i = 0; r == 0 && i < s->window; i++)
			r = session_tick(s, s->want);
	if (r < 0 && r != -ENODATA)
		return complain(EX_OSERR, "top: %s", strerror(-r));
	if (s->past) {
		ret->where = TOP_STORE;
		r = top_time_jump(ret, s->at_ns);
		if (r < 0)
			return complain(r == -ENODATA ? EX_NOINPUT : EX_IOERR,
				"top: nothing was recorded just before that time");
	}
	return 0;
}

void top_time_close(struct top_time *t)
{
	if (t->past)
		store_destroy(t->past);
	free(t->past);
	free(t->marks);
	if (t->owns_history)
		history_close(t->history);
	*t = (struct top_time){0};
}

/* ---- live ---- */

/* How many samples of memory are newer than the moment. */
static unsigned newer_in_memory(const struct top_time *t, uint64_t real_ns)
{
	unsigned skip = 0;
	const struct sample *s;
	while ((s = store_newest(t->s->store, skip)) && s->real_ns > real_ns)
		skip++;
	return skip;
}

uint64_t top_time_due(const struct top_time *t)
{
	const struct session *s = t->s;
	if (!t->live)
		return UINT64_MAX;
	/* While somebody looks at old samples they must not be overwritten: sampling waits. */
	if (t->where == TOP_MEMORY &&
		newer_in_memory(t, t->at_ns) + t->window + 1 >= s->store->size - 1)
		return UINT64_MAX;
	return s->due_set ? s->due_ns + s->interval_ns : 0;
}

int top_time_tick(struct top_time *t, unsigned want)
{
	if (series_worn_out(&t->s->store->series)) {
		int r = session_renew(t->s);
		if (r < 0)
			return r;
		t->where = TOP_NEWEST;
	}
	return session_tick(t->s, want);
}

/* ---- the recorded past ---- */

static struct history *past_of(struct top_time *t)
{
	char path[4096];
	if (!t->history && !t->sought_history && t->live) {
		t->sought_history = true;
		t->owns_history = store_path(t->o, path, sizeof path) == 0 &&
				  history_open(path, &t->history) == 0;
	}
	return t->history;
}

static struct store *store_for_past(struct top_time *t)
{
	if (t->s->past)
		return t->s->store;
	if (!t->past) {
		t->past = calloc(1, sizeof *t->past);
		if (t->past && store_init(t->past, t->window + 1) < 0) {
			free(t->past);
			t->past = NULL;
		}
	}
	return t->past;
}

static int load(struct top_time *t, uint64_t real_ns)
{
	struct history *h = past_of(t);
	struct store *into = h ? store_for_past(t) : NULL;
	if (!into)
		return -ENODATA;
	int r = history_load(h, into, real_ns, t->window, longest_pause(t));
	if (r == 0 && into->count < 2)
		r = -ENODATA;
	if (r == 0) {
		t->where = TOP_STORE;
		t->at_ns = store_newest(into, 0)->real_ns;
	}
	return r;
}

static bool memory_reaches(const struct top_time *t, uint64_t real_ns)
{
	const struct store *s = t->s->store;
	if (t->s->past || s->count < 2)
		return false;
	return store_newest(s, s->count - 2)->real_ns <= real_ns;
}

int top_time_jump(struct top_time *t, uint64_t real_ns)
{
	if (memory_reaches(t, real_ns)) {
		unsigned skip = newer_in_memory(t, real_ns);
		t->where = skip ? TOP_MEMORY : TOP_NEWEST;
		t->at_ns = store_newest(t->s->store, skip)->real_ns;
		return 0;
	}
	/* What a failed load left in the store is no moment: the one before is loaded again. */
	uint64_t before = t->at_ns;
	enum top_where where = t->where;
	int r = load(t, real_ns);
	if (r < 0 && where == TOP_STORE && before)
		(void)load(t, before);
	return r;
}

/* ---- moves ---- */

static bool span(struct top_time *t, uint64_t *first, uint64_t *last)
{
	const struct store *s = t->s->store;
	bool memory = !t->s->past && s->count >= 2;
	struct history *h = past_of(t);
	bool recorded = h && history_span(h, first, last);
	if (memory) {
		uint64_t oldest = store_newest(s, s->count - 2)->real_ns;
		if (!recorded || oldest < *first)
			*first = oldest;
		*last = store_newest(s, 0)->real_ns;
	}
	return memory || recorded;
}

int top_time_newest(struct top_time *t)
{
	uint64_t first, last;
	if (!t->s->past) {
		t->where = TOP_NEWEST;
		const struct sample *s = store_newest(t->s->store, 0);
		t->at_ns = s ? s->real_ns : 0;
		return 0;
	}
	(void)history_refresh(t->history);
	return history_span(t->history, &first, &last) ? top_time_jump(t, last) : -ENODATA;
}

int top_time_begin(struct top_time *t)
{
	uint64_t first, last;
	if (!span(t, &first, &last))
		return -ENODATA;
	for (unsigned s = 1; s <= 60; s++) /* a look needs two samples */
		if (top_time_jump(t, first + s * NS) == 0)
			return 0;
	return -ENODATA;
}

int top_time_step(struct top_time *t, int seconds)
{
	uint64_t first, last, before = t->at_ns,
			      far = (uint64_t)(seconds < 0 ? -seconds : seconds) * NS;
	if (t->where == TOP_NEWEST && !t->s->past) {
		if (seconds > 0)
			return -ENODATA;
		before = store_newest(t->s->store, 0) ? store_newest(t->s->store, 0)->real_ns : 0;
	}
	if (!span(t, &first, &last))
		return -ENODATA;
	/* A gap in what was recorded is gone over by ever longer steps. */
	for (;; far *= 2) {
		uint64_t to = seconds < 0 ? (before > far ? before - far : 0) : before + far;
		if (seconds < 0 && to + SLACK_NS < first)
			return far > NS && before > first ? top_time_begin(t) : -ENODATA;
		if (seconds > 0 && to > last)
			return before >= last ? -ENODATA : top_time_newest(t);
		if (top_time_jump(t, to + SLACK_NS) == 0 &&
			(seconds < 0 ? t->at_ns < before : t->at_ns > before))
			return 0;
	}
}

/* ---- findings ---- */

static int compare_times(const void *pa, const void *pb)
{
	uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;
	return (a > b) - (a < b);
}

static int take_event(void *ctx, const struct event *e)
{
	struct top_time *t = ctx;
	if (strcmp(e->kind, "open") == 0)
		top_time_mark(t, e->real_ns);
	return 0;
}

void top_time_mark(struct top_time *t, uint64_t real_ns)
{
	if (t->nmarks == TOP_MARKS) { /* the oldest is forgotten */
		memmove(t->marks, t->marks + 1, (TOP_MARKS - 1) * sizeof *t->marks);
		t->nmarks--;
	}
	t->marks[t->nmarks++] = real_ns;
}

/* Of spans up to an hour by today's rules at each second, of longer ones as the recorder found it at the time; as for check. */
static void seek_marks(struct top_time *t)
{
	uint64_t first, last;
	struct history *h = past_of(t);
	t->have_marks = true;
	if (!h || !history_span(h, &first, &last))
		return;
	if (last - first > HOUR_NS) {
		(void)history_events(h, first, last, take_event, t);
		return;
	}
	struct store *into = calloc(1, sizeof *into);
	struct view *v = calloc(1, sizeof *v);
	struct verdicts *scratch = calloc(1, sizeof *scratch);
	struct episodes e = {0};
	if (into && v && scratch && store_init(into, t->window + 1) == 0) {
		if (view_init(v) == 0 &&
			episodes_look(h, into, v, t->window, first, last, NULL, scratch, &e) == 0)
			for (size_t i = 0; i < e.count; i++)
				top_time_mark(t, e.rows[i].since_ns);
		episodes_free(&e);
		view_destroy(v);
		store_destroy(into);
	}
	free(into);
	free(v);
	free(scratch);
}

int top_time_finding(struct top_time *t, int direction)
{
	uint64_t best = 0, at = t->at_ns;
	if (!t->have_marks)
		seek_marks(t);
	qsort(t->marks, t->nmarks, sizeof *t->marks, compare_times);
	for (size_t i = 0; i < t->nmarks; i++) {
		if (direction < 0 && t->marks[i] + SLACK_NS < at)
			best = t->marks[i];
		if (direction > 0 && !best && t->marks[i] > at + SLACK_NS)
			best = t->marks[i];
	}
	/* The first sample of a recording has none before it to be compared with: the next one is looked at. */
	for (unsigned later = 0; best && later < 3; later++)
		if (top_time_jump(t, best + later * NS) == 0 && t->at_ns != at)
			return 0;
	return -ENODATA;
}

int top_time_view(struct top_time *t)
{
	struct session *s = t->s;
	if (t->where == TOP_STORE)
		return view_open(&s->view, s->past ? s->store : t->past, t->window);
	unsigned skip = t->where == TOP_MEMORY ? newer_in_memory(t, t->at_ns) : 0, n = 1;
	/* Samples beyond a pause, as when sampling waited, belong to no look of now. */
	const struct sample *later = store_newest(s->store, skip), *x;
	while (n < t->window && (x = store_newest(s->store, skip + n)) &&
		(n < 2 || later->mono_ns - x->mono_ns < longest_pause(t))) {
		later = x;
		n++;
	}
	int r = view_open_at(&s->view, s->store, n, skip);
	if (r == 0)
		t->at_ns = s->view.now_ns;
	return r;
}
