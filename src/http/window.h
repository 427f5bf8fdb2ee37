/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* window: a few seconds of the recorded past, loaded and looked at. One thread uses a window; each
 * has its own reading of the store. */
#ifndef HTTP_WINDOW_H
#define HTTP_WINDOW_H

#include "finding/finding.h"
#include "store/baseline.h"
#include "store/history.h"

enum {
	WINDOW_SAMPLES = 6, /* five seconds at the usual interval, as `plimsoll check` looks */
	WINDOW_ROOM = WINDOW_SAMPLES,
	WINDOW_WALK = 2, /* who walks looks at a sample and the one before it */
};

struct window {
	const char *path;
	struct history *history; /* NULL until the store could be opened */
	struct store *store;
	struct view view;
	uint64_t loaded_ns;     /* real time of the newest sample loaded, 0: none */
	int error;              /* what the last of the three below answered */
	bool follows;           /* history_next() gives what is new */
	uint64_t grew_ns;       /* monotonic time when a newer sample was read */
	struct verdicts *found; /* what `findings` stands on */
	struct findings findings;
	struct baseline *usual; /* at the hour that was looked at last; NULL */
	struct mutes mutes;     /* what nobody wants to be told of */
	bool judged;
	uint64_t asked_ns; /* what window_load_at() loaded, while it is there; 0: something else */
};

/* path must outlive the window. 0 or -ENOMEM; the store need not be there yet. */
int window_init(struct window *w, const char *path);
void window_destroy(struct window *w);
/* Gives back the memory of what is loaded; it will be loaded again. */
void window_rest(struct window *w);
/* The same, but what is known of the store stays: for who answers one question about the past after the other. */
void window_unload(struct window *w);
/* Opens the store, or looks again for what was written since. Errors as history_open(). */
int window_refresh(struct window *w);
/* Refreshes the store, loads the samples up to a time and opens w->view on them. 0, -ENODATA when
 * nothing was recorded then, -EAGAIN when there is one sample only, or as history_load(). */
int window_load(struct window *w, uint64_t real_ns);
/* The same, or for the newest samples whatever the clock says. */
int window_load_at(struct window *w, uint64_t real_ns, bool newest);
/* The same for the newest samples. After the first time it reads only what is new, so it is to be
 * called on a window that loads nothing else. */
int window_follow(struct window *w);
/* Gives each sample from a time on, with the one before it (NULL: none), until each() answers false. What was loaded before is gone. Of a
 * window that was refreshed. 0 or as history_next(). */
int window_walk(struct window *w, uint64_t from_ns,
	bool (*each)(void *ctx, const struct sample *before, const struct sample *s), void *ctx);
/* Runs the rules over what is loaded, once: w->findings. 0 or -ENOMEM. */
int window_judge(struct window *w);
/* Seconds between two samples of what is loaded. */
double window_interval_s(const struct window *w);

#endif
