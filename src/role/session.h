/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* session: what a command looks at: this machine as it is sampled, or a recorded tree, through a reader and the engine
 * behind it; or the recorded past. Either way the samples come into one store, and a view looks at that. */
#ifndef ROLE_SESSION_H
#define ROLE_SESSION_H

#include "collect/engine.h"
#include "role/options.h"
#include "store/history.h"
#include "store/view.h"

struct session {
	struct history *history; /* the recorded past; NULL when only the present is looked at */
	bool past;               /* nothing is sampled */
	uint64_t at_ns;          /* past: the moment to look at; with `span` the end */
	uint64_t from_ns;        /* past: begin of the span */
	bool span;               /* --from, or a recording as a whole */
	struct reader *reader;   /* NULL in the past */
	struct engine *engine;
	struct store *store;
	struct view view;
	uint64_t interval_ns;
	unsigned window; /* samples of one look */
	unsigned want;   /* asked for in the last sample of a look */
	uint64_t due_ns;
	bool due_set;
	bool books;        /* servers are asked for theirs */
	int books_error;   /* why they are not: errno, or 0 where nobody wanted it */
	uint64_t left_out; /* steps that passed while one was held up */
	/* Adds what is not read but known (may be NULL). */
	void (*amend)(void *ctx, struct session *s, struct sample *out);
	void *ctx;
};

/* default_for_ns: when --for was not given. Says what is wrong and returns an exit status, or 0. */
int session_open(
	const struct options *o, uint64_t default_for_ns, unsigned want, struct session *s);
void session_close(struct session *s);
/* The reader alone, of this machine (root NULL) or of a recorded tree, recording where --record-tree says so. As session_open(). */
int session_reader(const struct options *o, const char *root, struct reader **ret);
/* Takes one sample when it is due. 0, -ENODATA at the end of a recorded tree, -EINTR when a signal
 * came while it waited. */
int session_tick(struct session *s, unsigned want);
/* Begins anew with an empty series set: names that are never seen again would fill it in time. 0 or -errno, after
 * which the session can only be closed. */
int session_renew(struct session *s);
/* Name of the machine that is looked at, printable. Returns buf. */
const char *session_host(const struct session *s, char buf[static 256]);
/* Samples a whole window and opens the view on it; of a recorded tree, all its moments. 0 or an
 * exit status. */
int session_look(struct session *s);

#endif
