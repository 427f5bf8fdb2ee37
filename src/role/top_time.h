/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* top_time: the moment that `top` looks at. Live, some minutes back in memory, in the store of a recorder, in a colleague's file: wherever its samples
 * come from, they come into a store, and one view looks at that. */
#ifndef ROLE_TOP_TIME_H
#define ROLE_TOP_TIME_H

#include "finding/finding.h"
#include "role/session.h"

enum { TOP_KEPT = 121, TOP_MARKS = 4096 };

enum top_where {
	TOP_NEWEST, /* live, or the end of what is recorded */
	TOP_MEMORY, /* before that, among the samples that this process took */
	TOP_STORE   /* before that, read from what was recorded */
};

struct top_time {
	const struct options *o;
	struct session *s;
	unsigned window; /* samples of one look */
	bool live; /* this machine is sampled; false: what is looked at does not go on by itself, or a recorder writes it */
	enum top_where where;
	uint64_t at_ns;     /* of the newest sample that is looked at */
	struct store *past; /* beside the live samples, for TOP_STORE; made when it is needed */
	struct history *history; /* the recorded past, or NULL */
	bool owns_history, sought_history;
	uint64_t *marks; /* when findings began, in order */
	size_t nmarks;
	bool have_marks;
};

/* Takes the session over that session_open() made (it stays the caller's). 0 or an exit status, said. */
int top_time_open(const struct options *o, struct session *s, struct top_time *ret);
void top_time_close(struct top_time *t);

/* When the next sample is due (monotonic), UINT64_MAX: never. */
uint64_t top_time_due(const struct top_time *t);
/* Takes the sample that is due. 0, -EINTR, or -errno. May not be called where the samples that are looked at would be overwritten
 * (top_time_due() says never then). */
int top_time_tick(struct top_time *t, unsigned want);

/* All of these answer 0 or -ENODATA, and leave the moment as it was when there is none such. */
int top_time_newest(struct top_time *t);
int top_time_begin(struct top_time *t);
int top_time_step(struct top_time *t, int seconds);
int top_time_jump(struct top_time *t, uint64_t real_ns);
/* The previous (direction -1) or next (1) moment at which a finding began. */
int top_time_finding(struct top_time *t, int direction);
/* A finding began now, live. */
void top_time_mark(struct top_time *t, uint64_t real_ns);

/* Opens the view of the session on the moment. 0 or -errno. */
int top_time_view(struct top_time *t);

#endif
