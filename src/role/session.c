/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "role/session.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/text.h"
#include "role/books.h"
#include "role/paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* How far samples may lie apart that belong to one look: three steps of the recorder, but not less than this. */
static uint64_t longest_pause(const struct session *s)
{
	const uint64_t least = UINT64_C(10000000000);
	uint64_t steps = 3 * history_interval(s->history);
	return steps > least ? steps : least;
}

/* ---- where to look ---- */

/* Commands that look at a window of samples, of now or of the past. */
static bool takes_moments(const struct options *o)
{
	return o->command == COMMAND_CHECK || o->command == COMMAND_LIMITS ||
	       o->command == COMMAND_TOP || o->command == COMMAND_TUNE;
}

static bool is_past(const struct options *o)
{
	if (!takes_moments(o))
		return false;
	static const enum option past[] = {OPTION_AT, OPTION_FROM, OPTION_TO, OPTION_STORE};
	for (size_t i = 0; i < COUNTOF(past); i++)
		/* a store that a configuration file names is where a recorder writes, no wish to see the past */
		if (o->set[past[i]] && !o->owned[past[i]])
			return true;
	return false;
}

static bool takes_recording(const struct options *o)
{
	return o->argument && takes_moments(o);
}

/* A folder may be a store or a recorded tree. */
static int open_recording(const struct options *o, struct session *s, const char *path)
{
	int r = history_open(path, &s->history);
	if (r == -ENODATA && !is_past(o))
		return 0;
	return r < 0 ? store_refused(o, path, r) : 0;
}

static int set_span(const struct options *o, struct session *s)
{
	uint64_t first, last;
	const char *name = command_info(o->command)->name;
	if (!history_span(s->history, &first, &last))
		return store_refused(o, "the recording", -ENODATA);
	s->past = true;
	s->at_ns = o->set[OPTION_AT]   ? o->number[OPTION_AT]
		   : o->set[OPTION_TO] ? o->number[OPTION_TO]
				       : last;
	s->from_ns = o->set[OPTION_FROM] ? o->number[OPTION_FROM] : first;
	/* A recording file is looked at as a whole, a store at its end, unless a time was named. */
	s->span = o->set[OPTION_FROM] || o->set[OPTION_TO] ||
		  (takes_recording(o) && !o->set[OPTION_AT] && o->command == COMMAND_CHECK);
	if (s->span && s->from_ns >= s->at_ns)
		return complain(EX_USAGE, "%s: --from: is not before %s", name,
			o->set[OPTION_TO] ? "--to" : "the end of the recording");
	if (s->at_ns < first ||
		(s->span ? s->from_ns > last : s->at_ns > last + longest_pause(s))) {
		char a[40], b[40];
		return complain(EX_NOINPUT,
			"%s: nothing was recorded then: the recording has %s to %s", name,
			text_time(a, first), text_time(b, last));
	}
	return 0;
}

/* The newest sample of a recorder that runs is at most so old. */
static uint64_t fresh_for(const struct session *s)
{
	return 2 * history_interval(s->history) + UINT64_C(1000000000);
}

/* A recorder that runs has watched already: its last samples are the window, and one more is taken with all
 * detail. */
static void use_running_recorder(const struct options *o, struct session *s)
{
	char path[4096];
	uint64_t first, last, now = clock_real_ns();
	if (o->set[OPTION_WATCH] || o->set[OPTION_INTERVAL] || o->set[OPTION_RECORD_TREE] ||
		(s->want & WANT_STATES) || /* which it does not keep */
		!takes_moments(o) || store_path(o, path, sizeof path) < 0 ||
		history_open(path, &s->history) < 0)
		return;
	if (!history_span(s->history, &first, &last) || last > now || last + fresh_for(s) < now) {
		history_close(s->history);
		s->history = NULL;
	}
}

static int find_source(const struct options *o, struct session *s, const char *root)
{
	char path[4096];
	if (is_past(o) || takes_recording(o)) {
		if (takes_recording(o) && o->set[OPTION_STORE])
			return complain(EX_USAGE, "%s: '%s': a recording and --store: choose one",
				command_info(o->command)->name, o->argument);
		if (takes_recording(o))
			(void)snprintf(path, sizeof path, "%s", o->argument);
		else if (store_path(o, path, sizeof path) < 0)
			return complain(EX_USAGE, "%s: --store: the path is too long",
				command_info(o->command)->name);
		int status = open_recording(o, s, path);
		return status || !s->history ? status : set_span(o, s);
	}
	if (!root)
		use_running_recorder(o, s);
	return 0;
}

int session_reader(const struct options *o, const char *root, struct reader **ret)
{
	const char *record = o->set[OPTION_RECORD_TREE] ? o->text[OPTION_RECORD_TREE] : NULL;
	if (root && record)
		return complain(EX_USAGE,
			"%s: --record-tree: records this machine, not another recording",
			command_info(o->command)->name);
	int r = reader_open(root, record, ret);
	if (r == -ENODATA)
		return complain(EX_NOINPUT,
			"%s: no recording: it is no store, and has neither a folder 0 nor a folder "
			"proc",
			root);
	if (r == -EEXIST)
		return complain(EX_CANTCREAT, "%s: holds a recording already", record);
	if (r == -ENOMEM)
		return complain(EX_OSERR, "memory: %s", strerror(-r));
	if (r < 0 && record)
		return complain(EX_CANTCREAT, "%s: cannot be written: %s", record, strerror(-r));
	if (r < 0)
		return complain(
			EX_NOINPUT, "%s: cannot be read: %s", root ? root : "/", strerror(-r));
	return 0;
}

static void size_window(const struct options *o, struct session *s, uint64_t default_for_ns)
{
	s->interval_ns = o->set[OPTION_INTERVAL] ? o->number[OPTION_INTERVAL] : 1000000000u;
	uint64_t span = o->set[OPTION_FOR] ? o->number[OPTION_FOR] : default_for_ns;
	uint64_t steps = (span + s->interval_ns - 1) / s->interval_ns;
	if (steps > STORE_MAX - 2) { /* a long look keeps as many samples as there is room for,
					evenly spread */
		s->interval_ns = span / (STORE_MAX - 2);
		steps = STORE_MAX - 2;
	}
	/* A recorded tree is looked at as a whole; watching one goes through it in windows, as it was lived. */
	bool whole = s->reader && reader_is_replay(s->reader) && !o->set[OPTION_WATCH];
	s->window = whole ? reader_moments(s->reader) : (unsigned)steps + 1;
	if (s->window > STORE_MAX - 1)
		s->window = STORE_MAX - 1;
	if (s->window < 2)
		s->window = 2;
}

/* A recorder that runs has its own books, and what is not there hides nothing that was there before. */
static void ask_servers(const struct options *o, struct session *s)
{
	if ((o->command != COMMAND_CHECK && o->command != COMMAND_LIMITS &&
		    o->command != COMMAND_DOCTOR && o->command != COMMAND_TUNE) ||
		!s->reader || s->history || reader_is_replay(s->reader) || o->set[OPTION_NO_BOOKS])
		return;
	s->books_error = -books_start(s->reader, o->set[OPTION_WATCH]);
	s->books = s->books_error == 0;
}

int session_open(const struct options *o, uint64_t default_for_ns, unsigned want, struct session *s)
{
	*s = (struct session){.want = want};
	const char *root = o->set[OPTION_ROOT] ? o->text[OPTION_ROOT] : NULL;
	if (root && takes_recording(o))
		return complain(EX_USAGE, "%s: '%s': a recording and --root: choose one",
			command_info(o->command)->name, o->argument);
	if (root && is_past(o))
		return complain(EX_USAGE, "%s: --root: a recorded tree has no past to choose from",
			command_info(o->command)->name);
	int status = o->command == COMMAND_RECORD || o->command == COMMAND_UP
			     ? 0
			     : find_source(o, s, root);
	if (status == 0 && !s->past)
		status = session_reader(o,
			root                 ? root
			: takes_recording(o) ? o->argument
					     : NULL,
			&s->reader);
	if (status == 0 && s->past && (o->set[OPTION_WATCH] || o->set[OPTION_RECORD_TREE]))
		status = complain(EX_USAGE, "%s: --%s: goes with the present only",
			command_info(o->command)->name,
			o->set[OPTION_WATCH] ? "watch" : "record-tree");
	if (status) {
		session_close(s);
		return status;
	}
	ask_servers(o, s);
	size_window(o, s, default_for_ns);
	s->store = calloc(1, sizeof *s->store);
	int r = s->store ? store_init(s->store, s->window) : -ENOMEM;
	if (r == 0)
		r = view_init(&s->view);
	if (r == 0 && s->reader)
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
	books_end();
	history_close(s->history);
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
			if (s->due_ns + s->interval_ns < now) {
				/* held up for longer than a step: what passed is left out */
				uint64_t steps = (now - s->due_ns) / s->interval_ns;
				s->due_ns += steps * s->interval_ns;
				s->left_out += steps;
			}
			int r = clock_sleep_until(s->due_ns);
			if (r < 0)
				return r;
		}
	}
	int r = engine_tick(
		s->engine, store_newest(s->store, 0), store_slot(s->store), want, s->due_ns);
	if (r < 0)
		return r;
	if (s->amend)
		s->amend(s->ctx, s, store_slot(s->store));
	store_commit(s->store);
	return 0;
}

int session_renew(struct session *s)
{
	engine_close(s->engine);
	s->engine = NULL;
	store_destroy(s->store);
	int r = store_init(s->store, s->window);
	return r < 0 ? r : engine_open(s->reader, &s->store->series, &s->engine);
}

const char *session_host(const struct session *s, char buf[static 256])
{
	char text[256] = "";
	ssize_t n = s->reader ? reader_file(s->reader, "proc/sys/kernel/hostname", NULL, text,
					sizeof text - 1)
			      : 0;
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	const char *name = s->reader ? text : history_host(s->history);
	return text_safe(buf, 256, *name ? name : "unknown");
}

static int look_back(struct session *s)
{
	int r = history_load(s->history, s->store, s->at_ns, s->window, longest_pause(s));
	if (r == -ENODATA) {
		uint64_t first = 0, last = 0;
		char a[40], b[40];
		(void)history_span(s->history, &first, &last);
		return complain(EX_NOINPUT,
			"nothing was recorded just before that time, though the recording has %s "
			"to %s",
			text_time(a, first), text_time(b, last));
	}
	return r < 0 ? complain(EX_IOERR, "the recording: %s", strerror(-r)) : 0;
}

/* The window that a running recorder has watched, and one sample with all detail. */
static int look_along(struct session *s)
{
	if (history_load(s->history, s->store, clock_real_ns(), s->window - 1, longest_pause(s)) <
			0 ||
		s->store->count < s->window - 1)
		return -ENODATA;
	return session_tick(s, s->want | WANT_SLOW);
}

static int look_live(struct session *s)
{
	int r = 0;
	bool replay = reader_is_replay(s->reader);
	if (s->history && look_along(s) == 0)
		return 0;
	for (unsigned i = 0; r == 0 && (replay || i < s->window); i++)
		r = session_tick(s,
			WANT_OFTEN |
				(i + 1 == s->window ? s->want
					: i == 0    ? WANT_SLOW |
							   (s->want & (WANT_OWNERS | WANT_STATES)) |
							   (s->books ? WANT_OWNERS : 0)
						 : 0));
	if (r < 0 && r != -ENODATA && r != -EINTR)
		return complain(EX_IOERR, "sampling: %s", strerror(-r));
	return 0;
}

int session_look(struct session *s)
{
	int status = s->past ? look_back(s) : look_live(s);
	if (status)
		return status;
	int r = view_open(&s->view, s->store, s->window);
	if (r == -ENODATA)
		return complain(EX_NOINPUT, "sampling: at least two samples are needed to say how "
					    "fast anything changes");
	return r < 0 ? complain(EX_OSERR, "looking at the samples: %s", strerror(-r)) : 0;
}
