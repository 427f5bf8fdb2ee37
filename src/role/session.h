/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* session: one run of sampling: a reader, the engine behind it, the store it fills and a view on
 * it. */
#ifndef ROLE_SESSION_H
#define ROLE_SESSION_H

#include "collect/engine.h"
#include "role/options.h"
#include "store/view.h"

struct session {
	struct reader *reader;
	struct engine *engine;
	struct store *store;
	struct view view;
	uint64_t interval_ns;
	unsigned window; /* samples of one look */
	unsigned want;   /* asked for in the last sample of a look */
	uint64_t due_ns;
	bool due_set;
};

/* default_for_ns: when --for was not given. Says what is wrong and returns an exit status, or 0. */
int session_open(
	const struct options *o, uint64_t default_for_ns, unsigned want, struct session *s);
void session_close(struct session *s);
/* Takes one sample when it is due. 0, -ENODATA at the end of a recorded tree, -EINTR when a signal
 * came while it waited. */
int session_tick(struct session *s, unsigned want);
/* Samples a whole window and opens the view on it; of a recorded tree, all its moments. 0 or an
 * exit status. */
int session_look(struct session *s);

#endif
