/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/window.h"

#include "base/clock.h"

#include <errno.h>

/* Samples may be a minute apart (--interval); what is further apart was not watched in between. */
static const uint64_t MAX_PAUSE_NS = UINT64_C(75) * 1000000000;

/* No new sample for so long, since nobody asked or nothing came: the end is sought anew. */
static const uint64_t FOLLOW_NS = UINT64_C(120) * 1000000000;

static const uint64_t HOUR_NS = UINT64_C(3600000000000);

static void drop_store(struct window *w)
{
	if (w->store)
		store_destroy(w->store);
	free(w->store);
	w->store = NULL;
}

static int fresh_store(struct window *w, unsigned room)
{
	if (w->store && !series_worn_out(&w->store->series) && w->store->size == room + 1)
		return 0;
	drop_store(w);
	w->store = calloc(1, sizeof *w->store);
	if (!w->store)
		return -ENOMEM;
	int r = store_init(w->store, room);
	if (r < 0) {
		free(w->store);
		w->store = NULL;
	}
	return r;
}

int window_init(struct window *w, const char *path)
{
	*w = (struct window){.path = path};
	int r = view_init(&w->view);
	if (r < 0)
		return r;
	w->found = calloc(1, sizeof *w->found);
	if (!w->found)
		window_destroy(w);
	return w->found ? 0 : -ENOMEM;
}

void window_destroy(struct window *w)
{
	drop_store(w);
	view_destroy(&w->view);
	history_close(w->history);
	free(w->found);
	free(w->usual);
	*w = (struct window){0};
}

void window_unload(struct window *w)
{
	if (w->history)
		history_stop(w->history);
	drop_store(w);
	arena_empty(&w->view.scratch);
	arena_empty(&w->view.rows);
	w->follows = false;
	w->judged = false;
	w->loaded_ns = w->asked_ns = 0;
}

void window_rest(struct window *w)
{
	window_unload(w);
	history_close(w->history);
	w->history = NULL;
}

static int open_or_look_again(struct window *w)
{
	if (!w->history)
		return history_open(w->path, &w->history);
	int r = history_refresh(w->history);
	if (r < 0) {
		history_close(w->history);
		w->history = NULL;
		w->follows = false;
	}
	return r;
}

int window_refresh(struct window *w)
{
	return w->error = open_or_look_again(w);
}

static int open_view(struct window *w)
{
	w->judged = false;
	int r = view_open(&w->view, w->store, WINDOW_SAMPLES);
	return r == -ENODATA ? -EAGAIN : r;
}

/* goes_on: who reads what is new behind it. Else what reading took is given back before the view takes its own. */
static int load(struct window *w, uint64_t real_ns, bool goes_on)
{
	w->follows = false;
	w->asked_ns = 0;
	int r = fresh_store(w, WINDOW_ROOM);
	if (r == 0)
		r = history_load(w->history, w->store, real_ns, WINDOW_SAMPLES, MAX_PAUSE_NS);
	if (!goes_on)
		history_stop(w->history);
	return r < 0 ? r : open_view(w);
}

static int loaded(struct window *w, int error)
{
	w->error = error;
	w->loaded_ns = error == 0 ? w->view.now_ns : 0;
	return error;
}

int window_load_at(struct window *w, uint64_t real_ns, bool newest)
{
	uint64_t from, to;
	if (!newest && w->asked_ns == real_ns)
		return 0; /* who looks at a moment asks several things about it */
	int r = window_refresh(w);
	if (r == 0 && newest)
		r = history_span(w->history, &from, &to) ? 0 : -ENODATA;
	if (r == 0)
		r = load(w, newest ? to : real_ns, false);
	w->asked_ns = r == 0 && !newest ? real_ns : 0;
	return loaded(w, r);
}

int window_load(struct window *w, uint64_t real_ns)
{
	return window_load_at(w, real_ns, false);
}

int window_walk(struct window *w, uint64_t from_ns,
	bool (*each)(void *ctx, const struct sample *before, const struct sample *s), void *ctx)
{
	w->follows = false;
	w->loaded_ns = w->asked_ns = 0;
	int r = fresh_store(w, WINDOW_WALK);
	if (r == 0)
		r = history_seek(w->history, w->store, from_ns);
	for (bool any = false; r == 0; any = true) {
		r = history_next(w->history);
		if (r == 0 && !each(ctx, any ? store_newest(w->store, 1) : NULL,
				      store_newest(w->store, 0)))
			return 0;
	}
	return r == -ENODATA ? 0 : r;
}

static int load_newest(struct window *w)
{
	uint64_t from, to;
	if (!history_span(w->history, &from, &to))
		return -ENODATA;
	int r = load(w, to, true);
	w->follows = r == 0;
	w->grew_ns = clock_mono_ns();
	return r;
}

/* Is it one run without a pause? A clock that was set back is a break as well. */
static bool continues(const struct sample *before, const struct sample *now)
{
	return now->real_ns >= before->real_ns && now->real_ns - before->real_ns <= MAX_PAUSE_NS &&
	       now->mono_ns > before->mono_ns;
}

/* -ESTALE: to be loaded anew. */
static int load_new_ones(struct window *w)
{
	bool any = false;
	int r;
	while ((r = history_next(w->history)) == 0) {
		any = true;
		if (!continues(store_newest(w->store, 1), store_newest(w->store, 0)))
			return -ESTALE;
	}
	if (r != -ENODATA)
		return r;
	if (!any)
		return 0;
	w->grew_ns = clock_mono_ns();
	return open_view(w);
}

int window_follow(struct window *w)
{
	int r = window_refresh(w);
	if (r < 0)
		return loaded(w, r);
	bool near = w->follows && clock_mono_ns() - w->grew_ns < FOLLOW_NS &&
		    !series_worn_out(&w->store->series);
	r = near ? load_new_ones(w) : -ESTALE;
	return loaded(w, r < 0 ? load_newest(w) : r);
}

/* What was usual at this hour, once for each hour in which there is something to compare. */
static bool load_usual(struct window *w)
{
	uint64_t hour = w->view.now_ns / HOUR_NS * HOUR_NS;
	if (w->usual && w->usual->hour_ns == hour)
		return false;
	w->view.baseline = NULL;
	w->usual = w->usual ? w->usual : calloc(1, sizeof *w->usual);
	struct history *days; /* apart: what reading of days takes is not kept for an hour */
	if (!w->usual || history_open(w->path, &days) < 0)
		return false;
	int r = baseline_load(days, w->view.now_ns, w->usual);
	history_close(days);
	if (r < 0)
		return false;
	w->view.baseline = w->usual;
	return w->usual->count > 0;
}

int window_judge(struct window *w)
{
	if (w->judged)
		return 0;
	int r = findings_build(&w->view, NULL, w->found, &w->findings);
	if (r == 0 && w->findings.count && load_usual(w))
		r = findings_build(&w->view, NULL, w->found, &w->findings);
	w->judged = r == 0;
	if (r == 0 && mutes_load(w->path, &w->mutes, NULL) == 0)
		findings_mute(&w->view, &w->mutes, &w->findings);
	if (r < 0)
		w->error = r;
	return r;
}

double window_interval_s(const struct window *w)
{
	return w->view.seconds / (w->view.n - 1);
}
