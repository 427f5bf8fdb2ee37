/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* check and limits: sample for a moment, then say what it means. */
#include "base/clock.h"
#include "base/text.h"
#include "finding/episodes.h"
#include "role/commands.h"
#include "role/mute.h"
#include "role/probes.h"
#include "role/session.h"
#include "role/stop.h"
#include "role/usual.h"
#include "role/version.h"
#include "show/show.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

static int output_done(int status)
{
	if (fflush(stdout) == EOF || ferror(stdout))
		return complain(EX_IOERR, "standard output: %s", strerror(errno));
	return status;
}

/* The past must not be taken for the present, nor its pids for those of today. */
static void say_when(const struct session *s)
{
	char at[40], ago[32], host[256];
	uint64_t now = clock_real_ns(), then = s->view.now_ns;
	if (!s->past)
		return;
	(void)printf("%s at %s", session_host(s, host), text_time(at, then));
	if (then < now)
		(void)printf(", %s ago", text_duration(ago, (double)(now - then) / 1e9));
	(void)printf(": processes and pids are those of then\n");
}

static int say_findings(const struct options *o, struct session *s, const struct findings *fs)
{
	char host[256];
	struct style st = style_of(stdout, o->set[OPTION_NO_COLOR]);
	if (o->set[OPTION_JSON]) {
		int r = json_write(stdout,
			json_check(&s->view, fs, PLIMSOLL_VERSION, session_host(s, host)), false);
		return r < 0 ? complain(EX_IOERR, "standard output: %s", strerror(-r))
			     : (int)fs->overall;
	}
	if (o->set[OPTION_NAGIOS]) {
		show_nagios(stdout, fs, o->text[OPTION_ONLY]);
	} else {
		say_when(s);
		show_check(stdout, st, &s->view, fs, o->text[OPTION_ONLY]);
		if (!o->given_command && st.width)
			show_next(stdout, st);
	}
	return output_done((int)fs->overall);
}

/* ---- watch ---- */

struct watch {
	const struct options *o;
	struct session *s;
	struct style st;
	bool failed;
};

static void say_event(
	void *ctx, enum track_event event, const struct tracked *row, const struct verdict *f)
{
	struct watch *w = ctx;
	struct view *v = &w->s->view;
	char at[40];
	(void)text_time(at, v->now_ns);
	if (w->o->set[OPTION_JSONL]) {
		json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "event",
			track_event_name(event), "at", at, "id", row->id, "severity",
			severity_name(row->severity), "state", state_name(row->state), "resource",
			json_text(row->resource), "finding", f ? json_finding(v, f) : json_null());
		w->failed = json_write(stdout, j, true) < 0 || w->failed;
		return;
	}
	char length[32], safe[512];
	(void)printf("%s  %s  %s", at, track_event_name(event),
		text_safe(safe, sizeof safe, row->title));
	if (event == TRACK_CLOSE)
		(void)printf("  (it lasted %s)\n",
			text_duration(length, (double)(row->last_ns - row->since_ns) / 1e9));
	else
		(void)putchar('\n');
	if (event == TRACK_OPEN)
		show_finding(stdout, w->st, v, f, 1);
	w->failed = fflush(stdout) == EOF || w->failed;
}

static int watch(const struct options *o, struct session *s, struct verdicts *all)
{
	static struct track track;
	struct watch w = {o, s, style_of(stdout, o->set[OPTION_NO_COLOR]), false};
	struct findings fs = {.overall = OVERALL_UNKNOWN};
	track = (struct track){.hold_ns = 5u * s->interval_ns};
	unsigned long ticks = 0;
	int r = 0;
	if (w.st.width && !reader_is_replay(s->reader))
		(void)fprintf(
			stderr, "watching; what begins and ends is printed here, Ctrl-C ends it\n");
	while (!stop_requested && !w.failed) {
		r = session_tick(s, ticks == 0 ? WANT_SLOW | (s->books ? WANT_OWNERS : 0) : 0);
		if (r == -EINTR)
			continue;
		if (r == -ENODATA)
			break;
		if (r < 0)
			return complain(EX_IOERR, "sampling: %s", strerror(-r));
		ticks++;
		if (ticks < s->window)
			continue;
		if (view_open(&s->view, s->store, s->window) < 0 ||
			findings_build(&s->view, o->text[OPTION_ONLY], all, &fs) < 0)
			return complain(EX_OSERR, "looking at the samples: %s", strerror(ENOMEM));
		findings_mute(&s->view, mutes_of(o, s), &fs);
		track_update(&track, &s->view, &fs, say_event, &w);
	}
	if (ticks < s->window && r == -ENODATA)
		return complain(EX_NOINPUT,
			"check: --watch: the recording has %lu moments, one look takes %u (--for)",
			ticks, s->window);
	if (w.failed)
		return complain(EX_IOERR, "standard output: %s", strerror(errno ? errno : EIO));
	return (int)fs.overall;
}

/* ---- a span of the past ---- */

/* Up to here each second is looked at by today's rules; longer spans are told as they were found at the time. */
static const uint64_t look_span_ns = UINT64_C(3600000000000);

struct spanning {
	const struct options *o;
	struct session *s;
	struct verdicts *all;
	struct episodes e;
	bool looked;
};

/* The finding of an episode at its worst moment, with proof and remedy; NULL when its seconds are gone. */
static const struct verdict *relook(
	struct spanning *sp, const struct episode *ep, struct findings *fs)
{
	struct session *s = sp->s;
	(void)usual_load(s, ep->worst_ns);
	if (history_load(s->history, s->store, ep->worst_ns, s->window, UINT64_C(10000000000)) <
			0 ||
		view_open(&s->view, s->store, s->window) < 0 ||
		findings_build(&s->view, sp->o->text[OPTION_ONLY], sp->all, fs) < 0)
		return NULL;
	for (size_t i = 0; i < fs->count; i++)
		if (strcmp(finding_id(&s->view, &fs->rows[i]), ep->id) == 0) {
			fs->rows[i].muted = ep->muted;
			return &fs->rows[i];
		}
	return NULL;
}

static enum overall worst_of(const struct episodes *e)
{
	enum overall worst = OVERALL_OK;
	for (size_t i = 0; i < e->count; i++) {
		enum overall one = e->rows[i].muted                           ? OVERALL_OK
				   : e->rows[i].severity == SEVERITY_CRITICAL ? OVERALL_CRITICAL
				   : e->rows[i].severity == SEVERITY_WARNING  ? OVERALL_WARNING
									      : OVERALL_OK;
		worst = one > worst ? one : worst;
	}
	return worst;
}

static void say_episode(struct spanning *sp, struct style st, unsigned number)
{
	const struct episode *ep = &sp->e.rows[number - 1];
	struct findings fs;
	char a[40], b[40], length[32], line[160], safe[512];
	const struct verdict *f = relook(sp, ep, &fs);
	if (f)
		show_finding(stdout, st, &sp->s->view, f, number);
	else
		(void)printf("\n%u. %s%s: %s\n", number, ep->muted ? "muted " : "",
			severity_name(ep->severity), text_safe(safe, sizeof safe, ep->title));
	if (!f && ep->muted) {
		(void)snprintf(safe, sizeof safe, "until %s%s%s: %s",
			text_time(a, ep->muted->until_ns), *ep->muted->by ? " by " : "",
			ep->muted->by, ep->muted->reason);
		show_paragraph(stdout, st, "muted", safe);
	}
	uint64_t until = ep->until_ns ? ep->until_ns : sp->e.last_ns;
	(void)snprintf(line, sizeof line, "%s to %s%s", text_time(a, ep->since_ns),
		text_time(b, until), ep->until_ns ? "" : " and on");
	show_paragraph(
		stdout, st, "lasted", text_duration(length, (double)(until - ep->since_ns) / 1e9));
	show_paragraph(stdout, st, "", line);
}

static void say_span(struct spanning *sp)
{
	struct style st = style_of(stdout, sp->o->set[OPTION_NO_COLOR]);
	static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
	char a[40], b[40], host[256];
	size_t muted = 0;
	for (size_t i = 0; i < sp->e.count; i++)
		muted += sp->e.rows[i].muted != NULL;
	(void)printf("%s  %s from %s to %s: %zu finding%s", words[worst_of(&sp->e)],
		session_host(sp->s, host), text_time(a, sp->e.first_ns),
		text_time(b, sp->e.last_ns), sp->e.count, sp->e.count == 1 ? "" : "s");
	if (muted)
		(void)printf(", %zu of them muted", muted);
	(void)puts("");
	if (!sp->looked)
		(void)printf("as found by the recorder at the time; name a span of an hour or less "
			     "to look "
			     "again at each second\n");
	for (unsigned i = 1; i <= sp->e.count; i++)
		say_episode(sp, st, i);
}

static json_t *episode_json(struct spanning *sp, const struct episode *ep)
{
	struct findings fs;
	char at[40];
	const struct verdict *f = relook(sp, ep, &fs);
	json_t *j = f              ? json_finding(&sp->s->view, f)
		    : ep->recorded ? json_loads(ep->recorded, 0, NULL)
				   : NULL;
	if (!j)
		j = json_pack("{s:s, s:o, s:o}", "id", ep->id, "resource", json_text(ep->resource),
			"title", json_text(ep->title));
	json_object_set_new(j, "severity", json_string(severity_name(ep->severity)));
	if (ep->muted)
		json_object_set_new(j, "muted", json_mute(ep->muted));
	json_object_set_new(j, "since", json_string(text_time(at, ep->since_ns)));
	json_object_set_new(
		j, "until", ep->until_ns ? json_string(text_time(at, ep->until_ns)) : json_null());
	return j;
}

static int say_span_json(struct spanning *sp)
{
	json_t *rows = json_array();
	char a[40], b[40], host[256];
	for (size_t i = 0; i < sp->e.count; i++)
		json_array_append_new(rows, episode_json(sp, &sp->e.rows[i]));
	return json_write(stdout,
		json_pack("{s:s, s:i, s:o, s:s, s:s, s:s, s:f, s:b, s:s, s:o, s:[]}", "plimsoll",
			PLIMSOLL_VERSION, "schema", 1, "host", json_text(session_host(sp->s, host)),
			"from", text_time(a, sp->e.first_ns), "to", text_time(b, sp->e.last_ns),
			"at", b, "window_s",
			(double)(sp->s->window - 1) * (double)sp->s->interval_ns / 1e9, "looked",
			sp->looked, "verdict", overall_name(worst_of(&sp->e)), "findings", rows,
			"blind"),
		false);
}

static int check_span(const struct options *o, struct session *s, struct verdicts *all)
{
	struct spanning sp = {.o = o, .s = s, .all = all};
	sp.looked = s->at_ns - s->from_ns <= look_span_ns;
	if (sp.looked) /* the hour in which it begins, which stands for the next one too */
		(void)usual_load(s, s->from_ns);
	/* The window before the span belongs to its first look. */
	uint64_t before = s->window * s->interval_ns;
	int r = sp.looked ? episodes_look(s->history, s->store, &s->view, s->window,
				    s->from_ns > before ? s->from_ns - before : 0, s->at_ns,
				    o->text[OPTION_ONLY], all, &sp.e)
			  : episodes_recorded(
				    s->history, s->from_ns, s->at_ns, o->text[OPTION_ONLY], &sp.e);
	if (r == -ENODATA)
		return complain(EX_NOINPUT, "check: fewer than %u samples in that span", s->window);
	if (r < 0)
		return complain(EX_IOERR, "check: the recording: %s", strerror(-r));
	if (sp.e.first_ns < s->from_ns) /* the window of the first look */
		sp.e.first_ns = s->from_ns;
	episodes_mute(&sp.e, mutes_of(o, s));
	enum overall overall = worst_of(&sp.e);
	if (o->set[OPTION_JSON])
		r = say_span_json(&sp);
	else
		say_span(&sp);
	episodes_free(&sp.e);
	return r < 0 ? complain(EX_IOERR, "standard output: %s", strerror(-r))
		     : output_done((int)overall);
}

/* What was usual is looked up when there is something to compare with it. */
static int look_at(
	const struct options *o, struct session *s, struct verdicts *all, struct findings *fs)
{
	int r = findings_build(&s->view, o->text[OPTION_ONLY], all, fs);
	if (r == 0 && fs->count && usual_load(s, s->view.now_ns))
		r = findings_build(&s->view, o->text[OPTION_ONLY], all, fs);
	return r;
}

int command_check(struct options *o)
{
	struct session s;
	struct findings fs;
	if (o->set[OPTION_CONFIG]) {
		int r = options_config(o, o->text[OPTION_CONFIG]);
		if (r)
			return r;
	}
	if (o->set[OPTION_ONLY] && !findings_known(o->text[OPTION_ONLY]))
		return complain(o->owned[OPTION_ONLY] ? EX_CONFIG : EX_USAGE,
			"check: --only: '%s' matches no rule and no class of resources (plimsoll "
			"explain lists them)",
			o->text[OPTION_ONLY]);
	int status = session_open(o, 5000000000u, WANT_CONNS, &s);
	if (status)
		return status;
	/* What lives for less than a second is seen by probes alone. Where there are none, it goes without. */
	if (s.reader && !reader_is_replay(s.reader) && !s.past && !s.history)
		(void)probes_start(s.reader, "check");
	stop_catch(STOP_WHILE_WAITING);
	struct verdicts *all = calloc(1, sizeof *all);
	if (!all) {
		status = complain(EX_OSERR, "memory: %s", strerror(ENOMEM));
	} else if (o->set[OPTION_WATCH]) {
		status = watch(o, &s, all);
	} else if (s.past && s.span) {
		status = check_span(o, &s, all);
	} else {
		status = session_look(&s);
		if (status == 0 && look_at(o, &s, all, &fs) < 0)
			status = complain(EX_OSERR, "looking at the samples: %s", strerror(ENOMEM));
		else if (status == 0)
			findings_mute(&s.view, mutes_of(o, &s), &fs);
		if (status == 0)
			status = say_findings(o, &s, &fs);
	}
	free(all);
	session_close(&s);
	return status;
}

int command_limits(struct options *o)
{
	struct session s;
	struct ledger l;
	int status = session_open(o, 2000000000u, WANT_CONNS | WANT_OWNERS, &s);
	if (status)
		return status;
	stop_catch(STOP_WHILE_WAITING);
	status = session_look(&s);
	if (status == 0 && ledger_build(&s.view, &l) < 0)
		status = complain(EX_OSERR, "making the ledger: %s", strerror(ENOMEM));
	if (status == 0 && o->set[OPTION_JSON]) {
		int r = json_write(stdout, json_limits(&s.view, &l), false);
		status = r < 0 ? complain(EX_IOERR, "standard output: %s", strerror(-r)) : 0;
	} else if (status == 0) {
		say_when(&s);
		show_limits(stdout, style_of(stdout, o->set[OPTION_NO_COLOR]), &s.view, &l,
			o->set[OPTION_ALL]);
		status = output_done(0);
	}
	session_close(&s);
	return status;
}
