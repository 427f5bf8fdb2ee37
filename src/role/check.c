/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* check and limits: sample for a moment, then say what it means. */
#include "base/text.h"
#include "finding/track.h"
#include "role/commands.h"
#include "role/session.h"
#include "role/version.h"
#include "show/show.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>

static volatile sig_atomic_t stop_requested;

static void request_stop(int sig)
{
	(void)sig;
	stop_requested = 1;
}

/* The two ends come while we sleep, and only then (clock_sleep_until() lets them through): none is lost, and no sample is cut. */
static void catch_signals(void)
{
	struct sigaction sa = {.sa_handler = request_stop};
	sigset_t ends;
	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGINT);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &ends, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static const char *host_name(char buf[static 256], const struct session *s)
{
	char text[256] = "";
	ssize_t n = reader_file(s->reader, "proc/sys/kernel/hostname", NULL, text, sizeof text - 1);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text_safe(buf, 256, *text ? text : "unknown");
}

static int output_done(int status)
{
	if (fflush(stdout) == EOF || ferror(stdout))
		return complain(EX_IOERR, "standard output: %s", strerror(errno));
	return status;
}

static int say_findings(const struct options *o, struct session *s, const struct findings *fs)
{
	char host[256];
	struct style st = style_of(stdout, o->set[OPTION_NO_COLOR]);
	if (o->set[OPTION_JSON]) {
		int r = json_write(stdout,
			json_check(&s->view, fs, PLIMSOLL_VERSION, host_name(host, s)), false);
		return r < 0 ? complain(EX_IOERR, "standard output: %s", strerror(-r))
			     : (int)fs->overall;
	}
	if (o->set[OPTION_NAGIOS]) {
		show_nagios(stdout, fs, o->text[OPTION_ONLY]);
	} else {
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
		r = session_tick(s, ticks == 0 ? WANT_SLOW : 0);
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
	catch_signals();
	struct verdicts *all = calloc(1, sizeof *all);
	if (!all) {
		status = complain(EX_OSERR, "memory: %s", strerror(ENOMEM));
	} else if (o->set[OPTION_WATCH]) {
		status = watch(o, &s, all);
	} else {
		status = session_look(&s);
		if (status == 0 && findings_build(&s.view, o->text[OPTION_ONLY], all, &fs) < 0)
			status = complain(EX_OSERR, "looking at the samples: %s", strerror(ENOMEM));
		else if (status == 0)
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
	catch_signals();
	status = session_look(&s);
	if (status == 0 && ledger_build(&s.view, &l) < 0)
		status = complain(EX_OSERR, "making the ledger: %s", strerror(ENOMEM));
	if (status == 0 && o->set[OPTION_JSON]) {
		int r = json_write(stdout, json_limits(&s.view, &l), false);
		status = r < 0 ? complain(EX_IOERR, "standard output: %s", strerror(-r)) : 0;
	} else if (status == 0) {
		show_limits(stdout, style_of(stdout, o->set[OPTION_NO_COLOR]), &s.view, &l,
			o->set[OPTION_ALL]);
		status = output_done(0);
	}
	session_close(&s);
	return status;
}
