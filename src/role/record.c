/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* record and up: the flight recorder. One thread samples each second, runs the rules and hands over what it has; it
 * never touches the file system and takes no memory from the heap once it runs. Another writes (store/journal.h). */
#include "role/record.h"

#include "base/clock.h"
#include "base/text.h"
#include "finding/track.h"
#include "role/books.h"
#include "role/children.h"
#include "role/commands.h"
#include "role/notify.h"
#include "role/notify_lines.h"
#include "role/paths.h"
#include "role/probes.h"
#include "role/session.h"
#include "role/stop.h"
#include "role/usual.h"
#include "role/version.h"
#include "show/show.h"
#include "store/journal.h"
#include "store/retain.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sysexits.h>

enum {
	EVENTS_MAX = TRACK_MAX,
	LATE_NS = 250000000,
};
static const uint64_t close_wait_ns = UINT64_C(20000000000);
static const uint64_t default_budget = UINT64_C(2) << 30;

struct recorder {
	struct session session;
	struct journal *journal;
	struct verdicts *verdicts;
	struct track track;
	struct event events[EVENTS_MAX];
	size_t nevents;
	struct usual_feed *usual; /* NULL: none */
	struct arena texts;       /* of the events */
	uint64_t ticks, late, warm;
	bool told_lasts, watchdog;
};

static void say_line(void *ctx, const char *line)
{
	(void)ctx;
	(void)fprintf(stderr, "plimsoll: record: %s\n", line);
}

/* What kills the server must not kill the one who writes down why. Each of these may be refused, and then it runs
 * without. */
static void stand_firm(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		(void)!write(fd, "-900", 4);
		(void)close(fd);
	}
	(void)setpriority(PRIO_PROCESS, 0, -10);
	/* What was touched stays: the program's text too, which would otherwise have to be read from a disk that may not
	 * answer. */
	(void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

/* ---- events ---- */

/* JSON is made when a finding opens or closes, in memory of our own. */
static struct arena *json_memory;

static void *json_take(size_t n)
{
	return arena_alloc(json_memory, n);
}

static void json_leave(void *p)
{
	(void)p;
}

static int json_append(const char *p, size_t n, void *ctx)
{
	struct arena *a = ctx;
	void *to = arena_push(a, n);
	if (to)
		memcpy(to, p, n);
	return to ? 0 : -1;
}

static const char *event_text(struct recorder *r, enum track_event event, const struct tracked *row,
	const struct verdict *f)
{
	static struct arena heap;
	char at[40];
	if (!heap.base && arena_init(&heap, 16 << 20) < 0)
		return "{}";
	arena_reset(&heap);
	json_memory = &heap;
	json_set_alloc_funcs(json_take, json_leave);
	json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "event",
		track_event_name(event), "severity", severity_name(row->severity), "state",
		state_name(row->state), "resource", row->resource, "title", row->title, "since",
		text_time(at, row->since_ns), "id", json_text(row->id), "finding",
		f ? json_finding(&r->session.view, f) : json_null());
	size_t begin = r->texts.used;
	if (j)
		(void)json_dump_callback(j, json_append, &r->texts, JSON_COMPACT);
	json_decref(j);
	json_set_alloc_funcs(malloc, free);
	if (!arena_push(&r->texts, 1))
		return "{}";
	return (const char *)r->texts.base + begin;
}

static void take_event(
	void *ctx, enum track_event event, const struct tracked *row, const struct verdict *f)
{
	struct recorder *r = ctx;
	if (r->nevents == EVENTS_MAX)
		return;
	struct event *e = &r->events[r->nevents++];
	e->real_ns = r->session.view.now_ns;
	e->kind = track_event_name(event);
	e->id = arena_str(&r->texts, row->id);
	e->text = event_text(r, event, row, f);
	if (event != TRACK_CHANGE) {
		char safe[512], line[600];
		(void)snprintf(line, sizeof line, "%s: %s", e->kind,
			text_safe(safe, sizeof safe, row->title));
		say_line(NULL, line);
	}
}

/* ---- one second ---- */

static void set_plain(struct session *s, struct sample *out, enum metric m, uint64_t value)
{
	sample_set(out, series_id(&s->store->series, m, NETNS_HOST, 0), value);
}

static void amend(void *ctx, struct session *s, struct sample *out)
{
	struct recorder *r = ctx;
	struct journal_state st;
	journal_state(r->journal, &st);
	r->ticks++;
	r->late += s->left_out + (out->mono_ns > s->due_ns + LATE_NS);
	s->left_out = 0;
	set_plain(s, out, M_SELF_TICKS, r->ticks);
	set_plain(s, out, M_SELF_LATE_TICKS, r->late);
	set_plain(s, out, M_SELF_STORE_USED, st.used_bytes);
	set_plain(s, out, M_SELF_STORE_BUDGET, st.budget_bytes);
	set_plain(s, out, M_SELF_STORE_BEHIND, st.behind_bytes);
	set_plain(s, out, M_SELF_STORE_LOST, st.lost);
}

/* How long the budget lasts is known once some minutes were sealed; it is said once. */
static void tell_lasts(struct recorder *r)
{
	struct journal_state st;
	char budget[32], lasts[32], line[160];
	journal_state(r->journal, &st);
	if (r->told_lasts || st.lasts_s < 0)
		return;
	bool by_age = st.lasts_s > RETAIN_RAW_DAYS * 86400.0;
	(void)snprintf(line, sizeof line, "at the present rate %s would hold the seconds of %s%s",
		text_bytes(budget, (double)st.budget_bytes), text_duration(lasts, st.lasts_s),
		by_age ? "; those older than 30 days go" : "");
	say_line(NULL, line);
	r->told_lasts = true;
}

/* Samples, judges, hands over. -EINTR when a signal came. */
static int second(struct recorder *r, struct findings *fs)
{
	struct session *s = &r->session;
	int err = session_tick(s, r->warm == 0 ? WANT_SLOW : 0);
	if (err < 0)
		return err;
	r->warm++;
	r->nevents = 0;
	arena_reset(&r->texts);
	if (r->ticks == 1) /* what an earlier one saw open may be over, and nobody would say so */
		r->events[r->nevents++] =
			(struct event){.real_ns = store_newest(s->store, 0)->real_ns,
				.kind = "start",
				.id = "",
				.text = "{\"event\":\"start\"}"};
	if (r->warm >= s->window && view_open(&s->view, s->store, s->window) == 0 &&
		findings_build(&s->view, NULL, r->verdicts, fs) == 0)
		track_update(&r->track, &s->view, fs, take_event, r);
	journal_put(
		r->journal, &s->store->series, store_newest(s->store, 0), r->events, r->nevents);
	if (series_worn_out(&s->store->series)) {
		err = session_renew(s);
		journal_restart(r->journal);
		r->warm = 0;
	}
	return err;
}

/* ---- the run ---- */

static struct dict_origin origin_of(const struct session *s)
{
	struct dict_origin o = {.interval_ns = s->interval_ns};
	struct utsname u;
	if (uname(&u) == 0) {
		(void)snprintf(o.host, sizeof o.host, "%s", u.nodename);
		(void)snprintf(o.kernel, sizeof o.kernel, "%s", u.release);
	}
	(void)snprintf(o.version, sizeof o.version, "%s", PLIMSOLL_VERSION);
	if (getrandom(&o.run, sizeof o.run, 0) != sizeof o.run)
		o.run = clock_real_ns();
	return o;
}

static int open_journal(struct recorder *r, const struct options *o, const char *store)
{
	long pid;
	const struct journal_settings settings = {.dir = store,
		.budget = o->set[OPTION_BUDGET] ? o->number[OPTION_BUDGET] : default_budget,
		.origin = origin_of(&r->session),
		.say = say_line};
	int err = journal_open(&settings, &r->journal, &pid);
	if (err == -EWOULDBLOCK)
		return complain(EX_TEMPFAIL,
			"record: %s: another recorder (pid %ld) writes to this store", store, pid);
	if (err < 0)
		return complain(
			EX_CANTCREAT, "record: %s: cannot be written: %s", store, strerror(-err));
	return 0;
}

static int run(struct recorder *r, volatile sig_atomic_t *stop,
	void (*first_check)(void *ctx, struct session *s, const struct findings *fs), void *ctx)
{
	struct findings fs = {.overall = OVERALL_UNKNOWN};
	while (!*stop) {
		int err = second(r, &fs);
		if (err == -EINTR)
			continue;
		if (err < 0)
			return complain(EX_OSERR, "record: sampling: %s", strerror(-err));
		if (r->ticks == 1)
			notify_manager("READY=1");
		if (r->watchdog)
			notify_manager("WATCHDOG=1");
		if (first_check && r->warm == r->session.window) {
			first_check(ctx, &r->session, &fs);
			first_check = NULL;
		}
		tell_lasts(r);
		books_miss();
		if (r->usual)
			usual_feed_round(r->usual, &r->session.view);
		int refused = children_miss();
		if (refused)
			return refused;
	}
	return 0;
}

int record_run(const struct options *o, const char *store, volatile sig_atomic_t *stop,
	void (*first_check)(void *ctx, struct session *s, const struct findings *fs), void *ctx)
{
	static struct recorder r; /* large, and one a process */
	int status = session_open(o, 5000000000u, 0, &r.session);
	if (status)
		return status;
	if (!o->set[OPTION_NO_PROBES]) {
		int err = probes_start(r.session.reader, "record");
		if (err < 0)
			(void)complain(0, "record: probes in the kernel: %s: see plimsoll doctor",
				strerror(-err));
	}
	if (o->set[OPTION_NO_BOOKS]) {
		books_without();
	} else {
		int err = books_start(r.session.reader, true);
		if (err < 0)
			(void)complain(0, "record: servers are not asked: plimsoll-books: %s",
				strerror(-err));
	}
	r.session.amend = amend;
	r.session.ctx = &r;
	r.track.hold_ns = 5u * r.session.interval_ns;
	r.watchdog = notify_watchdog();
	json_object_seed(0);
	stand_firm();
	r.verdicts = calloc(1, sizeof *r.verdicts);
	if (!r.verdicts || arena_init(&r.texts, 64 << 20) < 0)
		status = complain(EX_OSERR, "record: memory: %s", strerror(ENOMEM));
	r.usual = usual_feed_new(store);
	if (status == 0)
		status = open_journal(&r, o, store);
	if (status == 0) {
		struct journal_state st;
		char budget[32];
		journal_state(r.journal, &st);
		(void)fprintf(stderr, "plimsoll: record: into %s, at most %s%s\n", store,
			text_bytes(budget, (double)st.budget_bytes),
			st.locked ? "" : " (memory is not locked: RLIMIT_MEMLOCK)");
		status = run(&r, stop, first_check, ctx);
		notify_manager("STOPPING=1");
		int err = journal_close(r.journal, close_wait_ns);
		if (err < 0 && status == 0)
			status = complain(EX_IOERR,
				"record: %s: the last samples could not be written: %s", store,
				strerror(-err));
	}
	usual_feed_end(r.usual);
	free(r.verdicts);
	arena_destroy(&r.texts);
	session_close(&r.session);
	return status;
}

/* ---- the commands ---- */

/* Settings that are wrong are told of at once and not when somebody should have been. */
static int check_targets(const struct options *o)
{
	static struct target targets[TARGETS_MAX];
	size_t n;
	return o->set[OPTION_NOTIFY] ? notify_lines(o->text[OPTION_NOTIFY], targets, &n) : 0;
}

static int prepare(struct options *o, const char *name, char *store, size_t size)
{
	int status = o->set[OPTION_CONFIG] ? options_config(o, o->text[OPTION_CONFIG]) : 0;
	if (status)
		return status;
	const char *url = o->set[OPTION_SHIP] ? o->text[OPTION_SHIP] : "http://";
	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return complain(
			EX_USAGE, "%s: --ship: a URL begins with http:// or https://", name);
	if (store_path(o, store, size) < 0)
		return complain(EX_USAGE, "%s: the path of the store is too long", name);
	return check_targets(o);
}

static void start_notifying(const struct options *o, const char *store)
{
	static char *lines;
	const char *const notify[] = {"plimsoll", "notify", "--store", store, NULL};
	if (!o->set[OPTION_NOTIFY] ||
		asprintf(&lines, NOTIFY_LINES "=%s", o->text[OPTION_NOTIFY]) < 0)
		return;
	children_start("notifying", notify, lines);
}

static void start_shipping(const struct options *o, const char *store)
{
	static char url[4096];
	const char *const ship[] = {"plimsoll", "ship", "--store", store, NULL};
	if (!o->set[OPTION_SHIP])
		return;
	(void)snprintf(url, sizeof url, SHIP_URL "=%s", o->text[OPTION_SHIP]);
	children_start("shipping", ship, url);
}

int command_record(struct options *o)
{
	char store[4096];
	int status = prepare(o, "record", store, sizeof store);
	if (status)
		return status;
	stop_catch(STOP_WHILE_WAITING | STOP_ON_HANGUP);
	start_shipping(o, store);
	start_notifying(o, store);
	status = record_run(o, store, &stop_requested, NULL, NULL);
	children_end();
	return status;
}

/* With what of the settings is the server's. */
static void start_serving(const struct options *o, const char *store, const char *listen_at)
{
	static const enum option passed[] = {
		OPTION_TLS_CERT, OPTION_TLS_KEY, OPTION_USERS, OPTION_BEHIND_PROXY, OPTION_LOGIN};
	static char texts[COUNTOF(passed)][4128];
	const char *serve[7 + COUNTOF(passed)] = {
		"plimsoll", "serve", "--store", store, "--listen", listen_at};
	size_t n = 6;
	for (size_t i = 0; i < COUNTOF(passed); i++) {
		const struct option_info *info = option_info(passed[i]);
		if (!o->set[passed[i]])
			continue;
		(void)snprintf(texts[i], sizeof texts[i], info->argument ? "--%s=%s" : "--%s",
			info->name, info->argument ? o->text[passed[i]] : "");
		serve[n++] = texts[i];
	}
	children_start("serving", serve, NULL);
}

static void show_first(void *ctx, struct session *s, const struct findings *fs)
{
	const struct options *o = ctx;
	show_check(stdout, style_of(stdout, o->set[OPTION_NO_COLOR]), &s->view, fs, NULL);
	(void)fflush(stdout);
}

int command_up(struct options *o)
{
	char store[4096];
	int status = prepare(o, "up", store, sizeof store);
	if (status)
		return status;
	const char *listen_at =
		o->set[OPTION_LISTEN] ? o->text[OPTION_LISTEN] : option_info(OPTION_LISTEN)->def;
	stop_catch(STOP_WHILE_WAITING | STOP_ON_HANGUP);
	start_shipping(o, store);
	start_notifying(o, store);
	start_serving(o, store, listen_at);
	status = record_run(o, store, &stop_requested, show_first, o);
	children_end();
	return status;
}
