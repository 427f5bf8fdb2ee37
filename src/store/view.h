/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* view: what a window of samples says. Rates, resets and wraps of counters are computed here and
 * nowhere else.
 *
 * A view is a picture of the store at one time: it has a `now` and no clock. Everything it computes
 * lives in its own scratch memory until the next view_open(). Values come in base units (bytes,
 * seconds, counts; SHARE metrics as ratio of time). A function that answers bool answers false for
 * "not known", and never zero instead. */
#ifndef STORE_VIEW_H
#define STORE_VIEW_H

#include "store/store.h"

/* One process over the window. */
struct usage {
	const struct proc *p;     /* its last row */
	const struct proc *first; /* its first row in the window; == p when seen once */
	bool born;          /* not there at the window's begin: its numbers count from its birth */
	bool gone;          /* not in the last sample */
	double cpu_s;       /* CPU seconds in the window */
	double child_cpu_s; /* of ended children that no sample saw, or saw only in part */
	double delay_s;     /* waited for a CPU, all threads added up */
	double read_bytes, write_bytes, written_chars, write_calls;
	bool have_io;
	unsigned samples, blocked; /* samples it is in, and in which it (or a thread) was in D */
	double waiting;            /* threads in D, on average over these samples */
	struct usage *parent;      /* NULL when unknown */
	bool listens;              /* owns a listening socket, as far as owners were looked up */
	uint32_t program;          /* id of its program; 0: a kernel thread, which has none */
};

/* Processes that do the same: same name and same user, or one of them the other's parent with its
 * name. */
struct program {
	const struct usage *top;    /* the member that used most CPU */
	const struct usage *parent; /* the process that started most of them, NULL when they have
				       none in common */
	uint32_t id;
	unsigned count; /* members */
	double cpu_s, delay_s, read_bytes, write_bytes;
	bool yields; /* all of its CPU use is at nice > 0 or SCHED_IDLE or SCHED_BATCH */
	bool listens;
};

/* At nice > 0, SCHED_IDLE or SCHED_BATCH: it gives way to others. */
bool proc_yields(const struct proc *p);

struct baseline;

struct view {
	const struct baseline *
		baseline; /* what was usual at this hour (store/baseline.h), or NULL; who opens the view sets it, and it stays */
	const struct store *store;
	const struct series_set *series;
	struct arena scratch;
	struct arena rows; /* one growing array: the ledger's */
	unsigned n;        /* samples in the window, oldest is view_at(0) */
	unsigned skip;     /* newer samples of the store that are left out */
	uint64_t now_ns;   /* real time of the newest */
	double seconds;    /* monotonic length of the window */
	struct usage *usages;
	size_t nusages;
	struct program *programs; /* by CPU, most first */
	size_t nprograms;
};

struct trend {
	bool steady; /* grows in (nearly) every step, from the window's begin to its end, near to a line */
	double slope;  /* units a second, least squares */
	double span_s; /* from the first sample to the last */
	double fade_s,
		end_rate; /* 0, or its rate falls to 1/e in this time, and was this at the end */
	double last, first;
	unsigned n;
};

int view_init(struct view *v);
void view_destroy(struct view *v);
/* Takes the newest `samples` committed samples (at most all). At least two are needed: otherwise
 * -ENODATA. */
int view_open(struct view *v, const struct store *s, unsigned samples);
/* The same of a moment that is `skip` samples before the newest. */
int view_open_at(struct view *v, const struct store *s, unsigned samples, unsigned skip);

const struct sample *view_at(const struct view *v, unsigned i);
const struct sample *view_last(const struct view *v);

/* Series ids for a metric: view_id() of one, view_each() for all instances: for (id = view_each(v,
 * m, 0); id; id = view_each(v, m, id)). */
uint32_t view_id(const struct view *v, enum metric m, unsigned netns, uint32_t instance);
uint32_t view_each(const struct view *v, enum metric m, uint32_t id);
/* The instance (interned) of a metric of the host whose newest value, raw, is this one: a disk or a mount by its device number. 0: none. */
uint32_t view_instance_with(const struct view *v, enum metric m, uint64_t raw);

bool view_gauge(
	const struct view *v, uint32_t id, double *ret); /* newest value; of a counter, its total */
bool view_highest(const struct view *v, uint32_t id, double *ret, uint64_t *ret_at_ns);
bool view_delta(
	const struct view *v, uint32_t id, double *ret); /* growth of a counter over the window */
/* The same, 0 where it is not known. */
double view_grown(const struct view *v, uint32_t id);
bool view_rate(const struct view *v, uint32_t id,
	double *ret); /* the same per second; of SHARE: ratio of time */
/* Time of the first sample by which the counter had begun to grow in this window. */
uint64_t view_grew_at(const struct view *v, uint32_t id);
/* Number of steps (sample to sample) in which the counter grew by at least `least` per second. */
unsigned view_steps_growing(const struct view *v, uint32_t id, double least);

struct trend view_trend(const struct view *v, uint32_t id);
struct trend trend_fit(const double *t, const double *y, unsigned n);
/* Seconds until `left` is used up, or -1 where the trend does not carry so far: growth must be
 * steady, is believed for ten times as long as it was watched, and fades on where it faded. */
double trend_eta(const struct view *v, struct trend t, double left);

const struct usage *view_usage(const struct view *v, int32_t pid);
/* It listens, or is a worker of one that does: a child that bears its name. Of the latter: of the process `pid`, or that itself. */
bool view_serves(const struct usage *u);
bool view_serves_for(const struct usage *u, int32_t pid);
/* The parent that bears its name, as a worker's does; NULL: none. */
const struct usage *view_namesake(const struct usage *u);
/* It starts a service anew when that ended: systemd, supervisord ... */
bool view_is_manager(const struct usage *u);
/* What it starts has nothing in common but that: a manager, the first process of a container, cron. */
bool view_starts_strangers(const struct usage *u);
/* Newest sample of the window that has this detail, or NULL. */
const struct sample *view_with_files(const struct view *v);
const struct sample *view_with_ct_peers(const struct view *v);

#endif
