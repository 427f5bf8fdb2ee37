/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "role/session.h"

#include "base/attr.h"
#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

int session_open(const struct options *o, uint64_t default_for_ns, unsigned want, struct session *s)
{
	*s = (struct session){.want = want};
	const char *root = o->set[OPTION_ROOT]           ? o->text[OPTION_ROOT]
			   : o->command != COMMAND_QUERY ? o->argument
							 : NULL;
	const char *record = o->set[OPTION_RECORD_TREE] ? o->text[OPTION_RECORD_TREE] : NULL;
	if (o->set[OPTION_ROOT] && o->argument && o->command != COMMAND_QUERY)
		return complain(EX_USAGE, "%s: '%s': a recording and --root: choose one",
			command_info(o->command)->name, o->argument);
	if (o->set[OPTION_AT] || o->set[OPTION_FROM] || o->set[OPTION_TO])
		return complain(EX_IOERR,
			"%s: the past: no store on this machine holds that time (this version "
			"samples the present)",
			command_info(o->command)->name);
	if (root && record)
		return complain(EX_USAGE,
			"%s: --record-tree: records this machine, not another recording",
			command_info(o->command)->name);
	int r = reader_open(root, record, &s->reader);
	if (r == -ENODATA)
		return complain(EX_NOINPUT,
			"%s: no recorded tree: it has neither a folder 0 nor a folder proc", root);
	if (r == -EEXIST)
		return complain(EX_CANTCREAT, "%s: holds a recording already", record);
	if (r == -ENOMEM)
		return complain(EX_OSERR, "memory: %s", strerror(-r));
	if (r < 0 && record)
		return complain(EX_CANTCREAT, "%s: cannot be written: %s", record, strerror(-r));
	if (r < 0)
		return complain(
			EX_NOINPUT, "%s: cannot be read: %s", root ? root : "/", strerror(-r));
	s->interval_ns = o->set[OPTION_INTERVAL] ? o->number[OPTION_INTERVAL] : 1000000000u;
	uint64_t span = o->set[OPTION_FOR] ? o->number[OPTION_FOR] : default_for_ns;
	uint64_t steps = (span + s->interval_ns - 1) / s->interval_ns;
	if (steps > STORE_MAX - 2) { /* a long look keeps as many samples as there is room for,
					evenly spread */
		s->interval_ns = span / (STORE_MAX - 2);
		steps = STORE_MAX - 2;
	}
	/* A recorded tree is looked at as a whole; watching one goes through it in windows, as it was lived. */
	bool whole = reader_is_replay(s->reader) && !o->set[OPTION_WATCH];
	s->window = whole ? reader_moments(s->reader) : (unsigned)steps + 1;
	if (s->window > STORE_MAX - 1)
		s->window = STORE_MAX - 1;
	s->store = calloc(1, sizeof *s->store);
	r = s->store ? store_init(s->store, s->window < 2 ? 2 : s->window) : -ENOMEM;
	if (r == 0)
		r = view_init(&s->view);
	if (r == 0)
		r = engine_open(s->reader, &s->store->series, &s->engine);
	if (r < 0) {
		session_close(s);
		return complain(EX_OSERR, "memory for the samples: %s", strerror(-r));
	}
	return 0;
}

void session_close(struct session *s)
{
	engine_close(s->engine);
	view_destroy(&s->view);
	if (s->store)
		store_destroy(s->store);
	free(s->store);
	reader_close(s->reader);
	*s = (struct session){0};
}

int session_tick(struct session *s, unsigned want)
{
	if (!reader_is_replay(s->reader)) {
		uint64_t now = clock_mono_ns();
		if (!s->due_set) {
			s->due_ns = now;
			s->due_set = true;
		} else {
			s->due_ns += s->interval_ns;
			if (s->due_ns + s->interval_ns <
				now) /* held up for longer than a step: go on from here */
				s->due_ns = now;
			int r = clock_sleep_until(s->due_ns);
			if (r < 0)
				return r;
		}
	}
	int r = engine_tick(
		s->engine, store_newest(s->store, 0), store_slot(s->store), want, s->due_ns);
	if (r == 0)
		store_commit(s->store);
	return r;
}

int session_look(struct session *s)
{
	int r = 0;
	bool replay = reader_is_replay(s->reader);
	for (unsigned i = 0; r == 0 && (replay || i < s->window); i++)
		r = session_tick(s, i + 1 == s->window ? s->want
				    : i == 0           ? WANT_SLOW | (s->want & WANT_OWNERS)
						       : 0);
	if (r < 0 && r != -ENODATA && r != -EINTR)
		return complain(EX_IOERR, "sampling: %s", strerror(-r));
	r = view_open(&s->view, s->store, s->window);
	if (r == -ENODATA)
		return complain(EX_NOINPUT, "sampling: at least two samples are needed to say how "
					    "fast anything changes");
	return r < 0 ? complain(EX_OSERR, "looking at the samples: %s", strerror(-r)) : 0;
}
