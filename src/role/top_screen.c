/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The full screen of top: a moment (role/top_time.h), a view of it as data (show/screens/), a painter (show/paint.h), keys (role/top_keys.c), and here the loop.
 *
 * One thread, one loop: take the sample that is due, do what keys say, make the screen anew when either changed something, draw, wait. */
#include "role/top_screen.h"

#include "base/clock.h"
#include "base/text.h"
#include "role/commands.h"
#include "role/probes.h"
#include "role/stop.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

static const uint64_t NS = 1000000000, SECOND_SAMPLE_NS = 250000000;

void top_say(struct top *t, const char *text)
{
	(void)snprintf(t->message, sizeof t->message, "%s", text);
	t->paint_changed = true;
}

/* What is wrong is said when the terminal is a common one again. */
static void fail(struct top *t, const char *what, int error)
{
	t->failed = what;
	t->error = error;
	t->quit = true;
}

/* ---- the model ---- */

/* Findings that were not there a second ago: where [ and ] go. */
static void mark_new(struct top *t)
{
	char now[SEEN_MAX][17];
	unsigned n = 0;
	for (size_t i = 0; i < t->findings.count && n < SEEN_MAX; i++) {
		const struct verdict *f = &t->findings.rows[i];
		bool known = false;
		if (f->state == STATE_NOTE)
			continue;
		(void)snprintf(now[n], sizeof now[n], "%s", finding_id(&t->s.view, f));
		for (unsigned k = 0; k < t->nseen; k++)
			known = known || strcmp(t->seen[k], now[n]) == 0;
		if (!known)
			top_time_mark(&t->time, t->s.view.now_ns);
		n++;
	}
	memcpy(t->seen, now, n * sizeof now[0]);
	t->nseen = n;
}

struct screen_context top_context(const struct top *t)
{
	unsigned rows, columns;
	terminal_size(&rows, &columns);
	return (struct screen_context){.findings = &t->findings,
		.subject = &t->now.subject,
		.tall = rows >= PAINT_TALL,
		.live = t->time.live && t->time.where != TOP_STORE};
}

static void select_row(struct top *t)
{
	struct looking *l = &t->now;
	const struct screen *s = &t->screen;
	for (size_t i = 0; l->chosen && i < s->nrows; i++)
		if (s->rows[i].key == l->key) {
			l->selected = i;
			return;
		}
	if (l->selected >= s->nrows)
		l->selected = s->nrows ? s->nrows - 1 : 0;
}

const struct screen_row *top_selected(const struct top *t)
{
	return t->now.selected < t->screen.nrows ? &t->screen.rows[t->now.selected] : NULL;
}

void top_detail(struct top *t)
{
	unsigned rows, columns;
	struct screen_context c = top_context(t);
	const struct screen_row *row = top_selected(t);
	terminal_size(&rows, &columns);
	free(t->detail);
	t->detail = row && t->now.id == SCREEN_FINDINGS
			    ? screen_detail(&t->screen, row, &t->s.view, &c, columns)
			    : NULL;
}

static int make_screen(struct top *t)
{
	int r = 0;
	/* What screens say is written into the view's memory: it is opened again for each. */
	r = top_time_view(&t->time);
	if (r == -ENODATA) /* the first second */
		return 0;
	if (r == 0)
		r = findings_build(&t->s.view, NULL, t->all, &t->findings);
	if (r < 0)
		return r;
	if (t->view_changed && t->time.live && t->time.where == TOP_NEWEST)
		mark_new(t);
	struct screen_context c = top_context(t);
	r = screen_build(&t->screen, t->now.id, &t->s.view, &c);
	if (r < 0)
		return r;
	screen_arrange(&t->screen, t->orders[t->now.id], t->now.words);
	select_row(t);
	top_detail(t);
	t->have_view = true;
	return 0;
}

/* ---- drawing ---- */

/* Local time, as who sits before it thinks; the zone is said. */
static const char *when_text(char buf[static 64], uint64_t real_ns)
{
	time_t at = (time_t)(real_ns / NS);
	struct tm tm;
	if (!localtime_r(&at, &tm) || strftime(buf, 64, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
		memcpy(buf, "?", 2);
	return buf;
}

static const char *state_text(const struct top *t, char buf[static 64], enum tone *tone)
{
	char ago[32];
	uint64_t now = clock_real_ns();
	*tone = TONE_WARNING;
	if (t->time.live && t->time.where == TOP_NEWEST) {
		*tone = TONE_GOOD;
		memcpy(buf, "live", 5);
	} else if (t->o->argument ||
		   (t->s.reader && !t->time.live)) { /* a file is of no time of ours */
		(void)snprintf(buf, 64, "recorded%s", t->playing ? ", playing" : "");
	} else {
		double passed =
			now > t->time.at_ns ? floor((double)(now - t->time.at_ns) / 1e9) : 0;
		(void)snprintf(buf, 64, "%s%s%s", passed < 1 ? "now" : text_duration(ago, passed),
			passed < 1 ? "" : " ago", t->playing ? ", playing" : ", paused");
	}
	return buf;
}

static void draw(struct top *t)
{
	char when[64], state[64], prompt[TYPED_MAX + 64];
	enum tone tone;
	if (t->reading != READ_NOTHING) {
		size_t most = paint_text(t->title, t->text ? t->text : "", t->from);
		t->from = t->from < most ? t->from : most;
		return;
	}
	if (!t->have_view) {
		t->screen.id = t->now.id;
		t->screen.columns = screen_columns(t->now.id).columns;
		t->screen.ncolumns = screen_columns(t->now.id).n;
		t->screen.empty = "two samples are needed to say how fast anything changes";
	}
	if (t->asking != ASK_NOTHING)
		(void)snprintf(prompt, sizeof prompt, "%s%s",
			t->asking == ASK_WORDS ? "only rows with: "
					       : "time (04:00, 2026-11-21T04:00:00Z, -15m): ",
			t->typed);
	const struct painting p = {.screen = &t->screen,
		.findings = &t->findings,
		.host = t->host,
		.when = when_text(when, t->time.at_ns ? t->time.at_ns : clock_real_ns()),
		.state = state_text(t, state, &tone),
		.state_tone = tone,
		.words = *t->now.words ? t->now.words : NULL,
		.only = t->now.subject.any ? t->now.subject.label : NULL,
		.order = t->orders[t->now.id],
		.selected = t->now.selected,
		.detail = t->detail,
		.message = *t->message ? t->message : NULL,
		.prompt = t->asking != ASK_NOTHING ? prompt : NULL};
	paint(&p, &t->layout);
}

/* ---- the loop ---- */

static unsigned wanted(struct top *t)
{
	unsigned want = t->s.due_set ? 0 : WANT_SLOW | WANT_OWNERS | WANT_CONNS;
	if (t->now.id == SCREEN_STATES)
		want |= WANT_STATES;
	if (t->lack_owners)
		want |= WANT_OWNERS;
	t->lack_owners = false;
	return want;
}

static void take_sample(struct top *t)
{
	bool first = !t->s.due_set;
	int r = top_time_tick(&t->time, wanted(t));
	if (r < 0 && r != -EINTR) {
		fail(t, "sampling", r);
		return;
	}
	if (first && t->s.store->count < 2) /* who waits before an empty screen waits long */
		t->s.due_ns -=
			t->s.interval_ns -
			(SECOND_SAMPLE_NS < t->s.interval_ns ? SECOND_SAMPLE_NS : t->s.interval_ns);
	if (t->time.where == TOP_NEWEST)
		t->view_changed = true;
	else
		t->paint_changed = true; /* how long ago it is */
}

static void play_on(struct top *t)
{
	t->play_ns += NS;
	if (t->time.history)
		(void)history_refresh(t->time.history);
	if (top_time_step(&t->time, 1) == 0)
		t->view_changed = true;
}

static void make_and_draw(struct top *t)
{
	if (t->view_changed || t->screen_changed) {
		int r = make_screen(t);
		if (r < 0) {
			fail(t, "looking at the samples", r);
			return;
		}
	}
	if (t->view_changed || t->screen_changed || t->paint_changed)
		draw(t);
	t->view_changed = t->screen_changed = t->paint_changed = false;
}

static void run(struct top *t)
{
	t->view_changed = true;
	while (!t->quit && !stop_requested) {
		struct terminal_key k;
		uint64_t now = clock_mono_ns(), due = top_time_due(&t->time);
		if (due <= now)
			take_sample(t);
		if (t->playing && t->play_ns <= now)
			play_on(t);
		while (!t->quit && terminal_key(&k))
			top_key(t, &k);
		make_and_draw(t);
		due = top_time_due(&t->time);
		now = clock_mono_ns();
		uint64_t until = now + 3600 * NS;
		until = due < until ? due : until;
		if (t->playing && t->play_ns < until)
			until = t->play_ns;
		if (!t->quit && !terminal_wait(until))
			break;
	}
}

int command_top_screen(struct options *o)
{
	static struct top t;
	t = (struct top){.o = o, .findings = {.overall = OVERALL_UNKNOWN}};
	int status = top_view(o, &t.now.id);
	for (unsigned i = 0; i < SCREEN_COUNT; i++)
		t.orders[i] = screen_default_order((enum screen_id)i);
	if (status == 0)
		status = top_order(o, t.now.id, &t.orders[t.now.id]);
	subject_none(&t.now.subject);
	if (status == 0)
		status = session_open(o, 5 * NS, WANT_SLOW | WANT_CONNS | WANT_OWNERS, &t.s);
	if (status)
		return status;
	stop_catch((unsigned)STOP_WHILE_WAITING | STOP_ON_HANGUP);
	t.all = calloc(1, sizeof *t.all);
	if (!t.all || screen_init(&t.screen) < 0)
		status = complain(EX_OSERR, "top: memory: %s", strerror(ENOMEM));
	if (status == 0)
		status = top_time_open(o, &t.s, &t.time);
	if (status == 0 && t.time.live && !o->set[OPTION_NO_PROBES])
		(void)probes_start(
			t.s.reader, "record"); /* without it all is read the slower way */
	(void)session_host(&t.s, t.host);
	if (status == 0 && terminal_open(o->set[OPTION_NO_COLOR]) < 0)
		status = complain(EX_UNAVAILABLE,
			"top: a terminal of this kind (TERM) cannot be written on in any place; "
			"plimsoll top | cat prints it once");
	if (status == 0) {
		run(&t);
		terminal_close();
		if (t.failed)
			status = complain(EX_OSERR, "top: %s: %s", t.failed, strerror(-t.error));
	}
	top_time_close(&t.time);
	free(t.text);
	free(t.detail);
	if (t.all)
		screen_destroy(&t.screen);
	free(t.all);
	session_close(&t.s);
	return status;
}
