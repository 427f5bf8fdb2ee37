/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* top: one part of the machine in detail. On a terminal plimsoll-top shows it full-screen (role/top_screen.c): ncurses has no place in the process of a
 * recorder (docs/decisions/0009). Otherwise, and where plimsoll-top was not built, the view is printed once. */
#include "role/commands.h"
#include "role/probes.h"
#include "role/session.h"
#include "role/stop.h"
#include "role/top_view.h"
#include "show/screens/screen.h"
#include "show/states.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { LOOK_S = 2, ROWS = 20, RULE_ROWS = 10 };

static int output_done(void)
{
	return fflush(stdout) == EOF || ferror(stdout)
		       ? complain(EX_IOERR, "standard output: %s", strerror(errno ? errno : EIO))
		       : 0;
}

/* ---- the firewall's states, which have a document of their own ---- */

static int print_states(const struct options *o, struct view *v, const struct states *s)
{
	int r;
	if (o->set[OPTION_JSON]) {
		json_t *j = json_states(v, s);
		r = j ? json_write(stdout, j, false) : -ENOMEM;
	} else {
		r = show_states(stdout, style_of(stdout, o->set[OPTION_NO_COLOR]), v, s);
	}
	if (r == -ENOMEM)
		return complain(EX_OSERR, "top: memory: %s", strerror(ENOMEM));
	return output_done();
}

static int top_states(const struct options *o)
{
	struct session s;
	struct states states;
	enum states_order order = STATES_BY_RATE;
	size_t limit = o->set[OPTION_LIMIT] ? o->number[OPTION_LIMIT] : ROWS;
	if (o->set[OPTION_SORT])
		order = states_order_by_name(o->text[OPTION_SORT]);
	if (order == STATES_ORDERS)
		return complain(EX_USAGE,
			"top: --sort: '%s': states are sorted by rate, bytes, age, packets or "
			"expires",
			o->text[OPTION_SORT]);
	int status = session_open(o, LOOK_S * UINT64_C(1000000000), WANT_STATES | WANT_SLOW, &s);
	if (status)
		return status;
	stop_catch(STOP_WHILE_WAITING);
	status = session_look(&s);
	if (status == 0) {
		bool have = !s.past || view_last(&s.view)->have_ct_states;
		int r = !have ? -ENODATA
			      : states_build(&s.view, order, limit,
					limit && limit < RULE_ROWS ? limit
					: limit                    ? RULE_ROWS
								   : 0,
					&states);
		if (r == -ENODATA && s.past)
			status = complain(EX_NOINPUT, "top: single tracked connections are not "
						      "recorded: there may be millions");
		else if (r == -ENODATA)
			status = complain(
				EX_NOINPUT, "top: two moments are needed, one after the other");
		else if (r < 0)
			status = complain(EX_OSERR, "top: memory: %s", strerror(-r));
		else
			status = print_states(o, &s.view, &states);
	}
	session_close(&s);
	return status;
}

/* ---- the other views ---- */

int top_view(const struct options *o, enum screen_id *ret)
{
	char names[256] = "";
	*ret = o->set[OPTION_VIEW] ? screen_by_name(o->text[OPTION_VIEW]) : SCREEN_OVERVIEW;
	if (*ret != SCREEN_COUNT)
		return 0;
	for (unsigned i = 0; i < SCREEN_COUNT; i++) {
		size_t n = strlen(names);
		(void)snprintf(names + n, sizeof names - n, "%s%s", i ? ", " : "",
			screen_info((enum screen_id)i)->name);
	}
	return complain(EX_USAGE, "top: --view: '%s': no such view; there are: %s",
		o->text[OPTION_VIEW], names);
}

int top_order(const struct options *o, enum screen_id id, struct screen_order *ret)
{
	char names[256] = "";
	*ret = screen_default_order(id);
	if (!o->set[OPTION_SORT] || screen_order_by(id, o->text[OPTION_SORT], ret))
		return 0;
	struct screen_column_list l = screen_columns(id);
	for (size_t i = 0; i < l.n; i++) {
		size_t n = strlen(names);
		(void)snprintf(
			names + n, sizeof names - n, "%s%s", i ? ", " : "", l.columns[i].key);
	}
	return complain(EX_USAGE, "top: --sort: '%s': %s has the columns %s", o->text[OPTION_SORT],
		screen_info(id)->name, names);
}

static int print_screen(const struct options *o, struct session *s, enum screen_id id,
	struct screen_order order, struct verdicts *all, struct screen *screen)
{
	struct findings fs;
	char host[256];
	size_t limit = o->set[OPTION_LIMIT]  ? o->number[OPTION_LIMIT]
		       : o->set[OPTION_JSON] ? 0
					     : ROWS;
	struct screen_context c = {.findings = &fs, .tall = true, .live = !s->past};
	int r = findings_build(&s->view, NULL, all, &fs);
	if (r == 0)
		r = screen_build(screen, id, &s->view, &c);
	if (r < 0)
		return complain(EX_OSERR, "top: memory: %s", strerror(-r));
	screen_arrange(screen, order, NULL);
	if (o->set[OPTION_JSON]) {
		r = json_write(
			stdout, screen_json(screen, &s->view, session_host(s, host), limit), false);
		if (r < 0)
			return complain(EX_IOERR, "standard output: %s", strerror(-r));
		return 0;
	}
	struct style st = style_of(stdout, o->set[OPTION_NO_COLOR]);
	screen_print(stdout, screen, &s->view, st.width, st.color, limit);
	return output_done();
}

static int top_once(const struct options *o, enum screen_id id)
{
	struct session s;
	struct screen screen;
	struct screen_order order;
	int status = top_order(o, id, &order);
	if (status == 0)
		status = session_open(
			o, LOOK_S * UINT64_C(1000000000), WANT_CONNS | WANT_OWNERS | WANT_SLOW, &s);
	if (status)
		return status;
	stop_catch(STOP_WHILE_WAITING);
	struct verdicts *all = calloc(1, sizeof *all);
	if (!all || screen_init(&screen) < 0)
		status = complain(EX_OSERR, "top: memory: %s", strerror(ENOMEM));
	if (status == 0)
		status = session_look(&s);
	if (status == 0)
		status = print_screen(o, &s, id, order, all, &screen);
	if (all)
		screen_destroy(&screen);
	free(all);
	session_close(&s);
	return status;
}

/* A terminal on which one can write in any place, with keys. */
static bool wants_screen(const struct options *o)
{
	const char *term = getenv("TERM");
	return !o->set[OPTION_JSON] && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term &&
	       *term && strcmp(term, "dumb") != 0;
}

int command_top(struct options *o, char **argv)
{
	enum screen_id id;
	int status = top_view(o, &id);
	if (status)
		return status;
	if (wants_screen(o)) {
		char path[COMPANION_PATH];
		(void)execv(companion_path(path, "plimsoll-top"), argv);
		if (errno != ENOENT)
			return complain(EX_UNAVAILABLE, "top: plimsoll-top: %s", strerror(errno));
	}
	return id == SCREEN_STATES ? top_states(o) : top_once(o, id);
}
