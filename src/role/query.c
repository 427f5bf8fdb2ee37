/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* query: the numbers themselves, of now or of the past. */
#include "base/clock.h"
#include "base/text.h"
#include "query/evaluate.h"
#include "role/commands.h"
#include "role/paths.h"
#include "role/session.h"
#include "show/plot.h"
#include "show/series.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sysexits.h>

#define NS UINT64_C(1000000000)

enum {
	FRESH_S = 5, /* a store whose newest sample is older is not being written */
	LOOK_S = 2,
	PLOT_COLUMNS = 80, /* where there is no terminal to ask */
	PLOT_ROWS = 15,
};

static int output_done(int status)
{
	if (status == 0 && (fflush(stdout) == EOF || ferror(stdout)))
		return complain(EX_IOERR, "standard output: %s", strerror(errno ? errno : EIO));
	return status;
}

/* r: 0 or what kept it from being shown. */
static int shown(int r)
{
	return output_done(r < 0 ? complain(EX_OSERR, "query: memory: %s", strerror(-r)) : 0);
}

/* A selector that meets nothing here is no error, one that can meet nothing anywhere is. */
static int known_or_said(const struct expression *e, const struct result *r)
{
	if (r->nseries || selector_known(&e->selector))
		return 0;
	return complain(EX_USAGE,
		"query: '%s': no metric has such a name (plimsoll explain lists them)",
		e->selector.name);
}

static int say_status(const struct options *o, int r, const char *why)
{
	if (r == -EINVAL && *why)
		return complain(EX_USAGE, "query: '%s': %s", o->argument, why);
	if (r == -E2BIG)
		return complain(EX_USAGE,
			"query: '%s': too many values at once; a longer --step, a "
			"shorter span or fewer series are needed",
			o->argument);
	if (r == -ENOMEM)
		return complain(EX_OSERR, "query: memory: %s", strerror(-r));
	return complain(EX_IOERR, "query: %s", strerror(-r));
}

/* ---- the present ---- */

static int print_now(const struct options *o, const struct result *r)
{
	struct show_text t = {.to = stdout};
	if (o->set[OPTION_JSON])
		show_now_json(&t, r);
	else if (o->set[OPTION_CSV])
		show_now_csv(&t, r);
	else
		return shown(show_now_table(stdout, style_of(stdout, o->set[OPTION_NO_COLOR]), r));
	return shown(show_text_end(&t));
}

static int query_now(const struct options *o, const struct expression *e)
{
	struct session s;
	struct result r = {0};
	char why[EXPRESSION_ERROR];
	int status = session_open(o, LOOK_S * NS, WANT_CONNS, &s);
	if (status)
		return status;
	status = session_look(&s);
	if (status == 0) {
		int answer = evaluate_live(&s.view, e, &r, why);
		if (answer < 0)
			status = say_status(o, answer, why);
	}
	if (status == 0)
		status = known_or_said(e, &r);
	if (status == 0)
		status = print_now(o, &r);
	result_free(&r);
	session_close(&s);
	return status;
}

/* ---- the past ---- */

static int print_past(const struct options *o, const struct result *r)
{
	struct show_text t = {.to = stdout};
	struct style st = style_of(stdout, o->set[OPTION_NO_COLOR]);
	if (o->set[OPTION_JSON])
		show_past_json(&t, r);
	else if (o->set[OPTION_CSV])
		show_past_csv(&t, r);
	else if (o->set[OPTION_PLOT])
		show_plot(&t,
			(struct plot_style){st.width ? st.width : PLOT_COLUMNS, PLOT_ROWS, st.color,
				show_is_utf8()},
			r);
	else
		return shown(show_past_table(stdout, st, r));
	return shown(show_text_end(&t));
}

static struct evaluate_span span_of(const struct options *o)
{
	struct evaluate_span s = {0};
	if (o->set[OPTION_AT])
		s.to_ns = o->number[OPTION_AT] + 1;
	if (o->set[OPTION_TO])
		s.to_ns = o->number[OPTION_TO];
	if (o->set[OPTION_FROM])
		s.from_ns = o->number[OPTION_FROM];
	if (o->set[OPTION_STEP])
		s.step_ns = o->number[OPTION_STEP];
	return s;
}

static int say_span(const struct options *o, const struct history *h, const char *path)
{
	uint64_t first, last;
	char a[40], b[40];
	if (!history_span(h, &first, &last))
		return store_refused(o, path, -ENODATA);
	return complain(EX_NOINPUT, "query: nothing was recorded then: the recording has %s to %s",
		text_time(a, first), text_time(b, last));
}

static int past_of(
	const struct options *o, const struct expression *e, struct history *h, const char *path)
{
	struct result r = {0};
	struct evaluate_span span = span_of(o);
	char why[EXPRESSION_ERROR] = "";
	int answer = evaluate_span(h, e, &span);
	if (answer == 0)
		answer = evaluate_past(h, e, &span, &r, why);
	if (answer == -ENODATA)
		return say_span(o, h, path);
	int status = answer < 0 ? say_status(o, answer, why) : known_or_said(e, &r);
	if (status == 0)
		status = print_past(o, &r);
	result_free(&r);
	const char *first = "";
	unsigned damaged = history_damage(h, &first);
	if (status == 0 && damaged)
		(void)complain(
			0, "query: %s: %u damaged pieces were left out: %s", path, damaged, first);
	return status;
}

static int query_past(const struct options *o, const struct expression *e)
{
	char path[PATH_MAX] = "the store";
	struct history *h = NULL;
	int r = store_path(o, path, sizeof path);
	if (r == 0)
		r = history_open(path, &h);
	if (r < 0)
		return store_refused(o, path, r);
	int status = past_of(o, e, h, path);
	history_close(h);
	return status;
}

static bool is_past(const struct options *o)
{
	return o->set[OPTION_FROM] || o->set[OPTION_TO] || o->set[OPTION_AT] ||
	       o->set[OPTION_STEP] || o->set[OPTION_PLOT] || o->set[OPTION_STORE];
}

/* What is only sampled live, or NULL. */
static const char *live_option(const struct options *o)
{
	static const enum option live[] = {
		OPTION_ROOT, OPTION_RECORD_TREE, OPTION_FOR, OPTION_INTERVAL};
	for (size_t i = 0; i < sizeof live / sizeof *live; i++)
		if (o->set[live[i]])
			return option_info(live[i])->name;
	return NULL;
}

/* Is a recorder writing the store of this machine? Then the answer is there already. */
static bool is_recorded_now(const struct options *o)
{
	char path[PATH_MAX];
	struct history *h = NULL;
	uint64_t first, last, now = clock_real_ns();
	if (store_path(o, path, sizeof path) < 0 || history_open(path, &h) < 0)
		return false;
	bool fresh = history_span(h, &first, &last) && last + FRESH_S * NS >= now &&
		     last <= now + FRESH_S * NS;
	history_close(h);
	return fresh;
}

int command_query(struct options *o)
{
	struct expression e;
	char why[EXPRESSION_ERROR];
	if (!o->argument)
		return complain(EX_USAGE,
			"query: a SELECTOR is missing, as 'cpu.*' or 'net.rx.bytes{if=\"eth0\"}'");
	int r = expression_parse(o->argument, &e, why);
	if (r < 0)
		return say_status(o, r, why);
	const char *live = live_option(o);
	int status;
	if (live && is_past(o))
		status = complain(EX_USAGE,
			"query: --%s: samples the present, and another option asks for the past: "
			"choose one",
			live);
	else if (is_past(o) || (!live && is_recorded_now(o)))
		status = query_past(o, &e);
	else
		status = query_now(o, &e);
	expression_free(&e);
	return status;
}
