/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "fleet/notify.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/intern.h"
#include "base/text.h"
#include "fleet/deliver.h"
#include "fleet/post.h"
#include "store/history.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

enum {
	POLL_S = 1,
	SAY_EVERY_S = 60,
	SAVE_EVERY_S = 10,
	RESEND_S = 60,       /* to Alertmanager, which ends what nobody repeats */
	ALERT_FOR_S = 240,   /* so long an alert stands without being repeated */
	REFUSALS_MAX = 8,    /* so often something is tried that is refused */
	CATCH_UP_S = 600,    /* how often all events are read again, lest one was missed */
	RENEW_S = 3600,      /* names that are long gone are forgotten with the reading */
	FIRST_LOOK_S = 86400 /* what opened before is not looked for, where nothing was told yet */
};

/* One target and what it is to be told. The lock is for `news`; the rest is the thread's. */
struct channel {
	struct notifier *all;
	const struct target *t;
	pthread_t thread;
	bool runs;
	pthread_mutex_t lock;
	struct news news;
	uint64_t resume_ns;
	bool fresh; /* had no state: what is over is no news */
	struct deliverer *d;
	char shown[256];
	unsigned failures, refusals;
	uint64_t retry_ns, resend_ns, saved_ns, said_ns; /* monotonic */
	bool trouble, held, unsaved;
};

struct notifier {
	const char *store;
	char host[256];
	bool named, said_mutes;
	void (*say)(const char *line);
	const volatile sig_atomic_t *stop;
	struct channel channels[TARGETS_MAX];
	size_t n;
	pthread_mutex_t mutes_lock;
	struct mutes mutes;
	struct history *history;
	struct store *into;
	uint64_t opened_ns, caught_up_ns;
};

/* ---- messages ---- */

static void PRINTF(2, 3) say(struct channel *c, const char *fmt, ...)
{
	char text[512], line[1024];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)snprintf(line, sizeof line, "%s: %s", c->shown, text);
	c->all->say(line);
	c->said_ns = clock_mono_ns();
}

static bool may_say(const struct channel *c)
{
	return !c->said_ns || clock_mono_ns() - c->said_ns >= SAY_EVERY_S * NS_PER_S;
}

/* ---- state ---- */

static int state_path(const struct channel *c, const char *suffix, char *ret, size_t size)
{
	int n = snprintf(
		ret, size, "%s/notify-%016" PRIx64 ".state%s", c->all->store, c->t->key, suffix);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static void load_state(struct channel *c)
{
	char path[PATH_MAX];
	uint64_t now = clock_real_ns();
	c->fresh = true;
	c->resume_ns = now - FIRST_LOOK_S * NS_PER_S;
	FILE *f = state_path(c, "", path, sizeof path) == 0 ? fopen(path, "re") : NULL;
	if (!f)
		return;
	int r = news_load(&c->news, f, &c->resume_ns);
	(void)fclose(f);
	c->fresh = r < 0;
	if (c->resume_ns > now + 60 * NS_PER_S) /* the clock was set back meanwhile */
		c->resume_ns = now;
	if (r < 0)
		say(c, "%s is damaged: begins anew", path);
}

/* Not synced to the disk, as the disk may be what is in trouble: after a power cut something may be told twice. */
static void save_state(struct channel *c)
{
	char path[PATH_MAX], other[PATH_MAX];
	int r = state_path(c, "", path, sizeof path);
	if (r == 0)
		r = state_path(c, ".new", other, sizeof other);
	FILE *f = r < 0 ? NULL : fopen(other, "we");
	if (f) {
		(void)pthread_mutex_lock(&c->lock);
		r = news_save(&c->news, f);
		(void)pthread_mutex_unlock(&c->lock);
		if (fclose(f) == EOF && r == 0)
			r = -errno;
		if (r == 0 && rename(other, path) < 0)
			r = -errno;
	} else if (r == 0) {
		r = -errno;
	}
	if (r < 0 && may_say(c))
		say(c, "cannot keep in %s what was told: %s", c->all->store, strerror(-r));
	c->saved_ns = clock_mono_ns();
	c->unsaved = r < 0;
}

/* ---- one target ---- */

static void told(struct channel *c, const struct message *m)
{
	(void)pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < m->nparts; i++)
		news_told(&c->news, m->parts[i].id, m->parts[i].kind, m->parts[i].rank);
	c->news.dropped = 0;
	(void)pthread_mutex_unlock(&c->lock);
	c->failures = c->refusals = 0;
	c->retry_ns = 0;
	if (c->trouble)
		say(c, "goes on");
	c->trouble = false;
	save_state(c);
}

/* What a server refuses for good is left out when it was refused again and again: its settings may have been wrong meanwhile. */
static void not_told(struct channel *c, const struct message *m, enum delivery how, const char *why,
	double retry_s)
{
	uint64_t now = clock_mono_ns();
	uint32_t chance = (uint32_t)intern_hash(&now, sizeof now);
	c->failures++;
	c->refusals = how == DELIVERY_REFUSED ? c->refusals + 1 : 0;
	c->retry_ns = now + post_backoff_ns(c->failures, retry_s, chance);
	bool give_up = c->refusals >= REFUSALS_MAX;
	if (may_say(c) || give_up) {
		say(c, "%s: %s", why, give_up ? "left out what was refused" : "will try again");
		c->trouble = true;
	}
	if (give_up)
		told(c, m);
}

static void tell_people(struct channel *c, const struct mutes *mutes, uint64_t now)
{
	struct message m;
	uint64_t at;
	double retry_s;
	char why[200];
	(void)pthread_mutex_lock(&c->lock);
	bool may = news_may_send(&c->news, now, &at);
	bool last = may && c->news.nsent + 1 >= c->t->per_hour;
	uint64_t next = c->news.nsent && last ? c->news.sent_ns[0] + 3600 * NS_PER_S : 0;
	int r = may ? message_of_news(&c->news, mutes, c->all->host, now, c->held, next, &m)
		    : -EAGAIN;
	(void)pthread_mutex_unlock(&c->lock);
	if (r == -EAGAIN) {
		if (!c->held && may_say(c))
			say(c, "%u messages went out within an hour: holds back what follows",
				c->t->per_hour);
		c->held = true;
	}
	if (r < 0)
		return;
	enum delivery how = deliver(c->d, &m, c->all->host, now, why, &retry_s);
	if (how == DELIVERED) {
		(void)pthread_mutex_lock(&c->lock);
		news_note_sent(&c->news, now);
		(void)pthread_mutex_unlock(&c->lock);
		c->held = false;
		told(c, &m);
	} else {
		not_told(c, &m, how, why, retry_s);
	}
	message_free(&m);
}

static void tell_alertmanager(struct channel *c, const struct mutes *mutes, uint64_t now)
{
	struct message m;
	double retry_s;
	char why[200];
	(void)pthread_mutex_lock(&c->lock);
	char *json = message_alerts(
		&c->news, mutes, c->all->host, now, now + ALERT_FOR_S * NS_PER_S, &m);
	(void)pthread_mutex_unlock(&c->lock);
	c->resend_ns = clock_mono_ns() + RESEND_S * NS_PER_S;
	if (!json)
		return;
	enum delivery how = deliver_alerts(c->d, json, why, &retry_s);
	free(json);
	if (how == DELIVERED)
		told(c, &m);
	else
		not_told(c, &m, how, why, retry_s);
}

static void round_of(struct channel *c)
{
	static const uint64_t save_every = SAVE_EVERY_S * NS_PER_S;
	uint64_t now = clock_real_ns(), mono = clock_mono_ns(), since;
	struct mutes *mutes = malloc(sizeof *mutes);
	if (!mutes)
		return;
	(void)pthread_mutex_lock(&c->all->mutes_lock);
	*mutes = c->all->mutes;
	(void)pthread_mutex_unlock(&c->all->mutes_lock);
	(void)pthread_mutex_lock(&c->lock);
	size_t due = news_due(&c->news, mutes, now, &since);
	(void)pthread_mutex_unlock(&c->lock);
	bool waited = due && (since + c->t->group_ns <= now || since > now);
	bool alerts = c->t->kind == TARGET_ALERTMANAGER;
	if (mono >= c->retry_ns && (waited || (alerts && mono >= c->resend_ns))) {
		if (alerts)
			tell_alertmanager(c, mutes, now);
		else
			tell_people(c, mutes, now);
	} else if (mono - c->saved_ns >= save_every && c->unsaved) {
		save_state(c);
	}
	free(mutes);
}

static void *channel_thread(void *ctx)
{
	struct channel *c = ctx;
	while (!*c->all->stop) {
		round_of(c);
		(void)clock_sleep_until(clock_mono_ns() + NS_PER_S / 4);
	}
	save_state(c);
	return NULL;
}

/* ---- from the store to the targets ---- */

static int on_event(void *ctx, const struct event *e)
{
	struct notifier *all = ctx;
	for (size_t i = 0; i < all->n; i++) {
		struct channel *c = &all->channels[i];
		if (e->real_ns < c->resume_ns)
			continue;
		(void)pthread_mutex_lock(&c->lock);
		(void)news_take(&c->news, e);
		(void)pthread_mutex_unlock(&c->lock);
		c->unsaved = true;
	}
	return 0;
}

static void close_store(struct notifier *all)
{
	history_close(all->history);
	all->history = NULL;
	if (all->into)
		store_destroy(all->into);
	free(all->into);
	all->into = NULL;
}

/* All events from where the targets stand on: taking one again changes nothing. */
static int catch_up(struct notifier *all)
{
	uint64_t from = UINT64_MAX;
	for (size_t i = 0; i < all->n; i++)
		if (all->channels[i].resume_ns < from)
			from = all->channels[i].resume_ns;
	all->caught_up_ns = clock_mono_ns();
	return history_events(all->history, from, UINT64_MAX, on_event, all);
}

static int open_store(struct notifier *all)
{
	int r = history_open(all->store, &all->history);
	if (r < 0)
		return r;
	all->into = calloc(1, sizeof *all->into);
	r = all->into ? store_init(all->into, 2) : -ENOMEM;
	if (r == 0)
		r = catch_up(all);
	uint64_t first, last;
	if (r == 0)
		r = history_span(all->history, &first, &last) ? 0 : -ENODATA;
	history_on_events(all->history, on_event, all);
	if (r == 0)
		r = history_seek(all->history, all->into, last);
	all->opened_ns = clock_mono_ns();
	if (r == 0)
		r = history_next(all->history); /* then it is known whose store it is */
	const char *host = history_host(all->history);
	if (r == 0 && *host && !all->named) /* once, before there are threads */
		(void)text_safe(all->host, sizeof all->host, host);
	all->named = true;
	if (r < 0)
		close_store(all);
	return r;
}

static void forget_the_past(struct notifier *all)
{
	for (size_t i = 0; i < all->n; i++) {
		struct channel *c = &all->channels[i];
		(void)pthread_mutex_lock(&c->lock);
		for (size_t k = c->news.count; c->fresh && k-- > 0;)
			if (c->news.items[k].over_ns)
				news_forget(&c->news, &c->news.items[k]);
		(void)pthread_mutex_unlock(&c->lock);
		c->fresh = false;
	}
}

static int follow(struct notifier *all)
{
	int r = history_refresh(all->history);
	while (r == 0 && (r = history_next(all->history)) == 0)
		for (size_t i = 0; i < all->n; i++) {
			struct channel *c = &all->channels[i];
			(void)pthread_mutex_lock(&c->lock);
			news_pass(&c->news, store_newest(all->into, 0)->real_ns);
			(void)pthread_mutex_unlock(&c->lock);
		}
	uint64_t now = clock_mono_ns();
	if (r == -ENODATA && now - all->caught_up_ns > CATCH_UP_S * NS_PER_S)
		r = catch_up(all);
	if ((r == 0 || r == -ENODATA) && now - all->opened_ns > RENEW_S * NS_PER_S)
		r = -ESTALE;
	return r;
}

static void refresh_mutes(struct notifier *all)
{
	struct mutes *m = malloc(sizeof *m);
	int r = m ? mutes_load(all->store, m, NULL) : -ENOMEM;
	if (r < 0 && !all->said_mutes) {
		char line[512];
		(void)snprintf(line, sizeof line, "%s/mutes: %s: goes by what was muted before",
			all->store, strerror(-r));
		all->say(line);
	}
	all->said_mutes = r < 0;
	if (r == 0) {
		(void)pthread_mutex_lock(&all->mutes_lock);
		all->mutes = *m;
		(void)pthread_mutex_unlock(&all->mutes_lock);
	}
	free(m);
}

static bool start_threads(struct notifier *all)
{
	bool good = true;
	for (size_t i = 0; i < all->n; i++) {
		struct channel *c = &all->channels[i];
		c->runs = pthread_create(&c->thread, NULL, channel_thread, c) == 0;
		good = good && c->runs;
	}
	return good;
}

static void main_loop(struct notifier *all)
{
	bool started = false, said = false;
	while (!*all->stop) {
		refresh_mutes(all);
		int r = all->history ? follow(all) : open_store(all);
		if (r == 0 && !started) {
			forget_the_past(all);
			started = start_threads(all);
		}
		if (r < 0 && r != -ENODATA && r != -ENOENT && r != -ESTALE && !said) {
			char line[512];
			(void)snprintf(
				line, sizeof line, "cannot read %s: %s", all->store, strerror(-r));
			all->say(line);
		}
		said = r < 0 && r != -ENODATA;
		if (r < 0 && r != -ENODATA && all->history)
			close_store(all);
		if (r != -ESTALE)
			(void)clock_sleep_until(clock_mono_ns() + POLL_S * NS_PER_S);
	}
}

/* ---- the process ---- */

static int open_channels(struct notifier *all, const struct target *targets, struct runner *runner)
{
	int r = 0;
	for (size_t i = 0; i < all->n && r == 0; i++) {
		struct channel *c = &all->channels[i];
		c->all = all;
		c->t = &targets[i];
		(void)pthread_mutex_init(&c->lock, NULL);
		(void)target_shown(c->shown, c->t);
		news_init(&c->news, c->t);
		r = deliverer_open(c->t, runner, all->stop, &c->d);
	}
	return r;
}

static struct notifier *notifier_new(const char *store, const struct target *targets, size_t n,
	struct runner *runner, void (*say_line)(const char *line),
	const volatile sig_atomic_t *stop)
{
	struct notifier *all = calloc(1, sizeof *all);
	if (!all)
		return NULL;
	all->store = store;
	all->say = say_line;
	all->stop = stop;
	all->n = n < TARGETS_MAX ? n : TARGETS_MAX;
	char name[256] = "";
	(void)gethostname(name, sizeof name - 1);
	(void)text_safe(all->host, sizeof all->host, *name ? name : "localhost");
	(void)pthread_mutex_init(&all->mutes_lock, NULL);
	json_object_seed(0);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
		open_channels(all, targets, runner) < 0) {
		free(all); /* the process ends */
		return NULL;
	}
	return all;
}

static void notifier_free(struct notifier *all)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->channels[i].runs)
			(void)pthread_join(all->channels[i].thread, NULL);
		deliverer_close(all->channels[i].d);
		news_destroy(&all->channels[i].news);
	}
	close_store(all);
	curl_global_cleanup();
	free(all);
}

int notify_run(const char *store, const struct target *targets, size_t n, struct runner *runner,
	void (*say_line)(const char *line), const volatile sig_atomic_t *stop)
{
	struct notifier *all = notifier_new(store, targets, n, runner, say_line, stop);
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < all->n; i++)
		load_state(&all->channels[i]);
	main_loop(all);
	notifier_free(all);
	return 0;
}

int notify_test(const struct target *targets, size_t n, struct runner *runner,
	void (*say_line)(const char *line), const volatile sig_atomic_t *stop)
{
	struct notifier *all = notifier_new("", targets, n, runner, say_line, stop);
	struct message m;
	uint64_t now = clock_real_ns();
	int failed = 0;
	if (!all || message_of_test(all->host, now, &m) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < all->n && !*stop; i++) {
		struct channel *c = &all->channels[i];
		char why[200] = "";
		double retry_s;
		enum delivery how = DELIVERY_RETRY;
		if (c->t->kind == TARGET_ALERTMANAGER) {
			char *json = message_test_alert(all->host, now, now + 60 * NS_PER_S);
			how = json ? deliver_alerts(c->d, json, why, &retry_s) : how;
			free(json);
		} else {
			how = deliver(c->d, &m, all->host, now, why, &retry_s);
		}
		failed += how != DELIVERED;
		say(c, how == DELIVERED ? "it was taken" : "not told: %s", why);
	}
	message_free(&m);
	notifier_free(all);
	return failed;
}
