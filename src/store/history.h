/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* history: the read side of what was recorded: the folder of a store, or one recording file. Readers
 * never block the writer and need no lock; what the writer appends becomes visible with
 * history_refresh(). The two ways to read:
 *
 * - samples, one after the other, with their tables, into a `struct store`: from there on a recording
 *   cannot be told from the live machine (history_seek(), history_next(), history_load());
 * - numbers of a few series over a long time, without the tables (history_select(), history_read(),
 *   history_aggregate()).
 *
 * Times are nanoseconds since 1970 as the recorded machine's clock had them. After that clock was set
 * back two samples may bear the same time: both are there, in the order in which they were written.
 *
 * Errors: 0 or a negative errno; -ENOENT (no such path), -ENODATA (nothing recorded there, or the
 * end), -EBADMSG (not a recording, or damaged so far that nothing can be read), -ENOTSUP (written by
 * a newer version), -ENOMEM. Single damaged pieces are no error: they are left out and counted
 * (history_damage()). */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include "store/event.h"
#include "store/store.h"

struct history;
struct dict_origin;

int history_open(const char *path, struct history **ret);
void history_close(struct history *h);
/* Looks again for what was written since. */
int history_refresh(struct history *h);
/* Times of the first and the last sample; false when there is none. */
bool history_span(const struct history *h, uint64_t *from_ns, uint64_t *to_ns);
/* Name of the recorded machine ("" when not known). */
const char *history_host(const struct history *h);
/* Time between two samples as the recorder was told; 1 s when not known. */
uint64_t history_interval(const struct history *h);
/* Pieces that could not be read, and a sentence on the first of them ("" for none). */
unsigned history_damage(const struct history *h, const char **ret_first);

/* ---- samples ---- */

/* The next history_next() gives the first sample at or after this time (in the order of writing; of
 * two that bear the time, the one written last). `into` takes the samples; it belongs to the caller,
 * must outlive the reading, and is used by nobody else meanwhile. */
int history_seek(struct history *h, struct store *into, uint64_t real_ns);
/* Adds the next sample to the store given to history_seek(). -ENODATA at the end. */
int history_next(struct history *h);
/* Ends the reading of samples and gives back what it took; those that were read stay. The next one begins with history_seek(). */
void history_stop(struct history *h);
/* Of the sample that history_next() gave last: who recorded it, and its number. Numbers count the samples of a store; with the
 * run of the recorder a number stands for one sample, wherever it was copied to. */
const struct dict_origin *history_origin(const struct history *h);
uint64_t history_number(const struct history *h);
/* The numbers that each part of seconds holds, in the order of writing; an answer of each() other than 0 ends it. */
int history_parts(struct history *h,
	int (*each)(void *ctx, uint64_t run, uint64_t first, uint64_t last), void *ctx);
/* Fills `into` with the last `samples` samples up to and including real_ns, oldest first, from one
 * run of the recorder without a pause in it longer than max_pause_ns. -ENODATA when no sample lies
 * within max_pause_ns before real_ns. */
int history_load(struct history *h, struct store *into, uint64_t real_ns, unsigned samples,
	uint64_t max_pause_ns);

/* What was found while it was recorded, in the order of writing: events between two times, both included, also those
 * whose seconds are gone. An answer of each() other than 0 ends it and is returned. */
int history_events(struct history *h, uint64_t from_ns, uint64_t to_ns,
	int (*each)(void *ctx, const struct event *e), void *ctx);

/* The same while samples are read that are written right now: history_next() tells of the events that it meets in the log of the
 * present hour, and may tell of one twice. Of hours that are over it tells none. each() answers 0. */
void history_on_events(struct history *h, int (*each)(void *ctx, const struct event *e), void *ctx);

/* ---- numbers ---- */

/* A series of the recording. Texts live as long as the history. */
struct history_series {
	uint64_t key; /* hash of all that follows: the same in every part of a recording */
	const char *name, *label, *instance, *netns; /* "" where there is none */
	enum metric_kind kind;
	enum metric metric;
};

/* All series between two times that `wants` accepts (NULL: all), sorted by name, namespace, instance
 * (numbers inside names as numbers). *ret belongs to the history and stands until the next
 * history_select(). */
int history_select(struct history *h, uint64_t from_ns, uint64_t to_ns,
	bool (*wants)(void *ctx, const struct history_series *s), void *ctx,
	const struct history_series **ret, size_t *ret_n);

/* A piece of one series: n rows, raw values as the kernel counts them. present[i] == 0: no value at
 * that moment (never zero instead). Valid only inside the callback. `first_of_run` is true where the
 * recorder was started anew before this piece: a counter's growth across it is not known. */
struct history_points {
	const uint64_t *time_ns, *value;
	const uint8_t *present;
	size_t n;
	bool first_of_run;
};

/* Every recorded value of the series (keys as from history_select()) between two times, both
 * included. Pieces of one series come in the order of writing. A callback that answers other than 0
 * ends it, and its answer is returned. */
int history_read(struct history *h, const uint64_t *keys, size_t n, uint64_t from_ns,
	uint64_t to_ns, int (*each)(void *ctx, size_t series, const struct history_points *p),
	void *ctx);

/* What a series did in one step of time [from + i * step, from + (i + 1) * step). Raw units. Of
 * gauges the values themselves; of counters and shares the growth per second from sample to sample, to whole raw units:
 * sum is then the growth itself (resets and gaps left out), seconds what it took. avg is sum / count
 * of a gauge and sum / seconds of a counter. count == 0: nothing known. */
struct history_step {
	double min, max, sum, seconds;
	double last; /* gauge: the last value; counter: the last rate */
	uint32_t count;
};

/* n_steps results for each series, series after series: ret[series * n_steps + i], allocated, to be
 * freed by the caller. Takes the coarsest tier that answers the step exactly, and raw seconds where
 * there is none. */
int history_aggregate(struct history *h, const uint64_t *keys, size_t n, uint64_t from_ns,
	uint64_t step_ns, size_t n_steps, struct history_step **ret);

#endif
