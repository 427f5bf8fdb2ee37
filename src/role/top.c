/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* top: one part of the machine in detail, the busiest first. There is one view so far: states, what the firewall tracks and which rules it goes
 * through. */
#include "role/commands.h"
#include "role/session.h"
#include "show/states.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

enum { LOOK_S = 2, ROWS = 20, RULE_ROWS = 10 };

static int output_done(void)
{
	return fflush(stdout) == EOF || ferror(stdout)
		       ? complain(EX_IOERR, "standard output: %s", strerror(errno ? errno : EIO))
		       : 0;
}

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
	status = session_look(&s);
	if (status == 0) {
		int r = states_build(&s.view, order, limit,
			limit && limit < RULE_ROWS ? limit
			: limit                    ? RULE_ROWS
						   : 0,
			&states);
		if (r == -ENODATA)
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

int command_top(struct options *o)
{
	if (o->set[OPTION_VIEW] && strcmp(o->text[OPTION_VIEW], "states") != 0)
		return complain(EX_USAGE, "top: --view: '%s': no such view; there is: states",
			o->text[OPTION_VIEW]);
	return top_states(o);
}
