/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "fleet/ship.h"

#include "base/clock.h"
#include "base/num.h"
#include "base/text.h"
#include "fleet/batch.h"
#include "fleet/post.h"
#include "store/history.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define NS_PER_S UINT64_C(1000000000)

enum {
	NICE = 10,
	DEFAULT_RESOLUTION_S = 10,
	DEFAULT_MAX_AGE_S = 7200,
	DEFAULT_TIMEOUT_S = 30,
	/* A request that carries 15 s costs a receiver a tenth of fifteen that carry one. */
	BATCH_S = 15,
	POLL_MAX_S = 5,
	SAY_EVERY_S = 60,
	FINISH_S = 2,     /* to send what is left after a stop */
	FUTURE_S = 60,    /* a sample further ahead of the clock was taken before it was set back */
	PAUSE_MIN_S = 60, /* the shortest silence that ends series */
	PAUSE_MOMENTS = 5,   /* silence of so many moments ends them */
	RENEW_EVERY_S = 600, /* how often at most the store is opened anew for room */
};

struct ship {
	const char *path, *url;
	struct ship_settings set;
	const volatile sig_atomic_t *stop;
	char shown[256]; /* the URL without secrets */
	struct post *post;
	enum remote_version version;
	bool proved; /* the receiver has taken a request of this version */
	unsigned failures;
	/* What the receiver has of the time before this process began is not known: a request of which
	 * it has a part is refused as a whole. So the first ones carry one moment each. */
	bool one_by_one;

	/* Made anew with each opening of the store. */
	struct history *history;
	struct store *into;
	struct batch *batch;
	struct remote_writer writer;
	uint64_t opened_ns;
	uint64_t cursor_ns; /* the last moment that the receiver has */
	uint64_t last_ns;   /* the last moment in the batch */
	uint64_t due_ns;    /* the next one */
	uint64_t seen_ns;   /* the sample before the newest */
	bool pending;       /* the newest sample in the store is not looked at yet */

	uint64_t refused, skipped; /* values, samples since the last line */
	uint64_t said_ns;          /* monotonic; 0: never */
	bool trouble;              /* was told of, and not yet of its end */
};

/* ---- messages ---- */

static void PRINTF(2, 3) say(struct ship *s, const char *fmt, ...)
{
	char text[512], line[1024];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)snprintf(line, sizeof line, "%s: %s", s->shown, text);
	s->set.say(line);
	s->said_ns = clock_mono_ns();
}

static bool may_say(const struct ship *s)
{
	return !s->said_ns || clock_mono_ns() - s->said_ns >= SAY_EVERY_S * NS_PER_S;
}

/* true when it was time to say it. */
static bool say_answer(struct ship *s, const struct post_answer *a, const char *what)
{
	char status[32] = "no answer";
	if (!may_say(s))
		return false;
	if (a->status)
		(void)snprintf(status, sizeof status, "HTTP %ld", a->status);
	say(s, "%s%s%s: %s", status, *a->why ? ": " : "", a->why, what);
	return true;
}

static void say_refused(struct ship *s, const struct post_answer *a)
{
	char what[96];
	(void)snprintf(
		what, sizeof what, "left out %" PRIu64 " values that were refused", s->refused);
	if (say_answer(s, a, what))
		s->refused = 0;
}

static void say_skipped(struct ship *s)
{
	if (!s->skipped || !may_say(s))
		return;
	char age[32];
	say(s, "left out %" PRIu64 " samples older than %s or ahead of the clock", s->skipped,
		text_duration(age, (double)s->set.max_age_ns / 1e9));
	s->skipped = 0;
}

static void say_well(struct ship *s)
{
	char behind[32];
	uint64_t now = clock_real_ns();
	if (s->trouble)
		say(s, "goes on, %s behind",
			text_duration(
				behind, now > s->last_ns ? (double)(now - s->last_ns) / 1e9 : 0));
	s->trouble = false;
}

/* ---- waiting ---- */

/* In steps, so that a stop that came just before the wait is not slept over. */
static void wait_for(const struct ship *s, uint64_t ns)
{
	uint64_t end = clock_mono_ns() + ns;
	for (uint64_t now = clock_mono_ns(); now < end && !*s->stop; now = clock_mono_ns())
		(void)clock_sleep_until(end - now < NS_PER_S ? end : now + NS_PER_S);
}

/* ---- the cursor ---- */

static const char cursor_head[] = "plimsoll ship cursor 1 ";

static int cursor_path(const struct ship *s, const char *suffix, char *ret, size_t size)
{
	int n = snprintf(ret, size, "%s/ship-%016" PRIx64 ".cursor%s", s->path,
		intern_hash(s->url, strlen(s->url)), suffix);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* 0 when there is none, or no whole one. */
static uint64_t cursor_read(const struct ship *s)
{
	char path[PATH_MAX], text[64];
	if (cursor_path(s, "", path, sizeof path) < 0)
		return 0;
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
	struct scan line, whole = scan_over(text, n < 0 ? 0 : (size_t)n);
	uint64_t ns = 0;
	if (!scan_starts(whole, cursor_head))
		return 0;
	whole.p += sizeof cursor_head - 1;
	return scan_line(&whole, &line) && whole.p[-1] == '\n' && scan_u64(&line, &ns) ? ns : 0;
}

/* Not synced to the disk, so as not to wait for a disk in trouble: a cursor that a power cut takes away
 * costs a repetition, which the receiver refuses or has already. */
static int cursor_write(const struct ship *s)
{
	char path[PATH_MAX], other[PATH_MAX], text[64];
	int r = cursor_path(s, "", path, sizeof path);
	if (r == 0)
		r = cursor_path(s, ".new", other, sizeof other);
	if (r < 0)
		return r;
	AUTO_FD int fd = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	int n = snprintf(text, sizeof text, "%s%" PRIu64 "\n", cursor_head, s->cursor_ns);
	ssize_t done = write(fd, text, (size_t)n);
	if (done != n)
		return done < 0 ? -errno : -ENOSPC;
	return rename(other, path) < 0 ? -errno : 0;
}

/* ---- opening the store ---- */

static void ship_close(struct ship *s)
{
	if (s->history)
		history_close(s->history);
	s->history = NULL;
	if (s->into)
		store_destroy(s->into);
	free(s->into);
	s->into = NULL;
	batch_close(s->batch);
	s->batch = NULL;
	remote_writer_destroy(&s->writer);
}

static int make_room(struct ship *s)
{
	s->into = calloc(1, sizeof *s->into);
	int r = s->into ? store_init(s->into, 2) : -ENOMEM;
	if (r == 0) {
		const char *host = history_host(s->history);
		char name[256] = "";
		if (!*host && gethostname(name, sizeof name - 1) == 0)
			host = name;
		r = batch_open(*host ? host : "localhost", &s->batch);
	}
	return r == 0 ? remote_writer_init(&s->writer, batch_names(s->batch)) : r;
}

/* Goes to the cursor, or to the oldest time that is still wanted. */
static int ship_open(struct ship *s)
{
	uint64_t now = clock_real_ns();
	/* so much younger that it is not too old when it is read */
	uint64_t oldest = now - s->set.max_age_ns + s->set.resolution_ns;
	char since[32], age[32];
	int r = history_open(s->path, &s->history);
	if (r == 0)
		r = make_room(s);
	if (r < 0) {
		ship_close(s);
		return r;
	}
	s->cursor_ns = cursor_read(s);
	if (s->cursor_ns > now + FUTURE_S * NS_PER_S)
		s->cursor_ns = 0; /* the clock was set back meanwhile */
	if (s->cursor_ns && s->cursor_ns < oldest && may_say(s))
		say(s, "was sent nothing for %s; goes on with what is younger than %s",
			text_duration(since, (double)(now - s->cursor_ns) / 1e9),
			text_duration(age, (double)s->set.max_age_ns / 1e9));
	s->last_ns = s->due_ns = s->seen_ns = 0;
	s->pending = false;
	s->opened_ns = clock_mono_ns();
	r = history_seek(s->history, s->into, s->cursor_ns > oldest ? s->cursor_ns : oldest);
	if (r < 0)
		ship_close(s);
	return r;
}

/* ---- from the store to the batch ---- */

static uint64_t pause_ns(const struct ship *s)
{
	uint64_t ns = PAUSE_MOMENTS * s->set.resolution_ns;
	return ns < PAUSE_MIN_S * NS_PER_S ? PAUSE_MIN_S * NS_PER_S : ns;
}

static bool has_room(const struct ship *s)
{
	return !batch_full(s->batch) && (!s->one_by_one || batch_moments(s->batch) == 0);
}

/* A moment between the last one and the next sample. */
static int end_streams(struct ship *s)
{
	s->last_ns += 1000000;
	return batch_end_streams(s->batch, (int64_t)(s->last_ns / 1000000));
}

static int take(struct ship *s, const struct sample *now)
{
	s->last_ns = now->real_ns;
	/* A fixed grid, so that a late sample does not delay all that follow; one that was missed is
	 * taken up anew. */
	s->due_ns += s->set.resolution_ns;
	if (s->due_ns <= now->real_ns || s->due_ns > now->real_ns + 2 * s->set.resolution_ns)
		s->due_ns = now->real_ns + s->set.resolution_ns;
	return batch_take(s->batch, &s->into->series, now);
}

static bool wanted(const struct ship *s, const struct sample *x)
{
	uint64_t now = clock_real_ns();
	return x->real_ns <= now + FUTURE_S * NS_PER_S && x->real_ns + s->set.max_age_ns >= now;
}

/* The sample nearest to the time that is due. */
static bool is_due(const struct ship *s, const struct sample *x)
{
	uint64_t interval = x->real_ns > s->seen_ns ? x->real_ns - s->seen_ns : 0;
	if (interval > s->set.resolution_ns)
		interval = s->set.resolution_ns;
	return x->real_ns + interval / 2 >= s->due_ns;
}

enum look { LOOK_DONE, LOOK_AGAIN, LOOK_LATER };

/* What to do with the newest sample. LOOK_AGAIN: another moment was put before it. LOOK_LATER: what is
 * in the batch must go first. */
static int consider(struct ship *s, enum look *ret)
{
	const struct sample *x = store_newest(s->into, 0);
	*ret = LOOK_DONE;
	if (!s->last_ns && x->real_ns == s->cursor_ns) {
		/* the receiver has it; it tells which series go on */
		int r = take(s, x);
		batch_clear(s->batch);
		return r;
	}
	if (!wanted(s, x)) {
		s->skipped++;
		return 0;
	}
	if (s->last_ns && x->real_ns <= s->last_ns) {
		/* The clock was set back. The receiver judges, and what it refuses is to cost little. */
		if (batch_moments(s->batch)) {
			*ret = LOOK_LATER;
			return 0;
		}
		s->one_by_one = true;
		s->due_ns = 0;
	} else if (s->last_ns && x->real_ns - s->last_ns > pause_ns(s) && batch_goes_on(s->batch)) {
		*ret = LOOK_AGAIN;
		return end_streams(s);
	}
	return is_due(s, x) ? take(s, x) : 0;
}

static int next_sample(struct ship *s)
{
	int r = history_next(s->history);
	if (r != -ENODATA)
		return r;
	r = history_refresh(s->history);
	return r < 0 ? r : history_next(s->history);
}

/* Fills the batch. 0 when it has to be sent, -ENODATA at the end of what is recorded. */
static int fill(struct ship *s)
{
	while (has_room(s)) {
		enum look look = LOOK_DONE;
		int r = s->pending ? 0 : next_sample(s);
		if (r == 0)
			r = consider(s, &look);
		if (r < 0)
			return r;
		s->pending = look != LOOK_DONE;
		if (look == LOOK_DONE)
			s->seen_ns = store_newest(s->into, 0)->real_ns;
		if (look == LOOK_LATER)
			break;
	}
	return 0;
}

/* The recorder has been silent for so long that its series ended. */
static bool silent(const struct ship *s)
{
	uint64_t now = clock_real_ns();
	return batch_goes_on(s->batch) && now > s->last_ns && now - s->last_ns > pause_ns(s);
}

/* ---- from the batch to the receiver ---- */

static bool too_old(const struct ship *s)
{
	return s->last_ns + s->set.max_age_ns < clock_real_ns();
}

/* Sends one request until it is settled. 0 when it is, whatever became of it; -EAGAIN when it has to be
 * encoded anew as 1.0; -ECANCELED when a stop came first or it grew too old. */
static int settle(struct ship *s, const void *body, size_t n, size_t samples)
{
	for (;;) {
		struct post_answer a;
		post_send(s->post, s->version, body, n, &a);
		switch (post_judge(s->version, s->proved, &a)) {
		case POST_DONE:
			s->proved = true;
			s->one_by_one = false;
			s->failures = 0;
			say_well(s);
			return 0;
		case POST_SPEAK_1:
			s->version = REMOTE_WRITE_1;
			s->proved = false;
			return -EAGAIN;
		case POST_REFUSED:
			s->failures = 0;
			s->refused += samples;
			say_refused(s, &a);
			return 0;
		case POST_RETRY: break;
		}
		if (say_answer(s, &a, "will try again"))
			s->trouble = true;
		if (*s->stop || too_old(s))
			return -ECANCELED;
		uint32_t chance = (uint32_t)intern_hash(&(uint64_t){clock_mono_ns()}, 8);
		wait_for(s, post_backoff_ns(++s->failures, a.retry_s, chance));
		if (*s->stop)
			return -ECANCELED;
	}
}

/* Sends the batch, in as many requests as it takes, and moves the cursor behind it. -ECANCELED: a
 * stop came first, and the batch is still there. */
static int send_batch(struct ship *s)
{
	for (uint32_t first = 0, next = 0;; first = next) {
		const void *body;
		size_t n, samples;
		int r = batch_encode(s->batch, &s->writer, s->version, first, &next, &samples);
		if (r == 0)
			r = remote_write_end(&s->writer, &body, &n);
		if (r == 0 && samples)
			r = settle(s, body, n, samples);
		if (r == -EAGAIN)
			next = first;
		else if (r == -ECANCELED && !*s->stop)
			s->skipped += batch_moments(s->batch);
		else if (r < 0)
			return r;
		if (r == -ECANCELED || (r == 0 && next == 0))
			break;
	}
	s->cursor_ns = s->last_ns;
	batch_clear(s->batch);
	int r = cursor_write(s);
	if (r < 0 && may_say(s))
		say(s, "cannot keep in %s what was sent: %s", s->path, strerror(-r));
	return 0;
}

/* Names of what is long gone are never forgotten: before there is no room for new ones, the store is opened
 * anew. */
static bool worn_out(const struct ship *s)
{
	return (series_worn_out(&s->into->series) || batch_lost(s->batch)) &&
	       clock_mono_ns() - s->opened_ns > RENEW_EVERY_S * NS_PER_S;
}

static bool batch_due(const struct ship *s, bool at_end)
{
	unsigned moments = batch_moments(s->batch);
	return moments &&
	       (!at_end || !has_room(s) || moments * s->set.resolution_ns >= BATCH_S * NS_PER_S);
}

/* One round with an open store. -ENODATA: there is nothing to do yet. */
static int round_of(struct ship *s)
{
	int r = fill(s);
	bool at_end = r == -ENODATA;
	if (r < 0 && !at_end)
		return r;
	say_skipped(s);
	bool ends = at_end && has_room(s) && silent(s);
	if (ends && (r = end_streams(s)) < 0)
		return r;
	if (!ends && !batch_due(s, at_end))
		return -ENODATA;
	r = send_batch(s);
	return r == 0 && worn_out(s) ? -ESTALE : r;
}

/* What is left, and the end of all series, unless there is more left than can be sent in a moment. */
static void finish(struct ship *s)
{
	uint64_t until = clock_mono_ns() + FINISH_S * NS_PER_S;
	s->one_by_one = false;
	for (bool at_end = false; !at_end && clock_mono_ns() < until;) {
		int r = fill(s);
		at_end = r == -ENODATA && has_room(s);
		if (at_end && batch_goes_on(s->batch))
			(void)end_streams(s);
		if (batch_moments(s->batch) && send_batch(s) < 0)
			return;
		if (r < 0 && r != -ENODATA)
			return;
	}
}

static void ship_loop(struct ship *s)
{
	uint64_t poll = s->set.resolution_ns;
	if (poll > POLL_MAX_S * NS_PER_S)
		poll = POLL_MAX_S * NS_PER_S;
	while (!*s->stop) {
		int r = s->history ? round_of(s) : ship_open(s);
		if (r == 0)
			continue;
		if (*s->stop)
			break;
		if (r != -ENODATA && s->history)
			ship_close(s); /* what was not acknowledged is read again */
		if (r != -ENODATA && r != -ENOENT && r != -ESTALE && may_say(s))
			say(s, "cannot read %s: %s", s->path, strerror(-r));
		wait_for(s, poll);
	}
	if (s->history)
		finish(s);
}

/* ---- the process ---- */

const char *ship_url_problem(const char *url)
{
	return post_url_problem(url);
}

static int apply_settings(struct ship *s, const struct ship_settings *set)
{
	s->set = *set;
	if (!s->set.resolution_ns)
		s->set.resolution_ns = DEFAULT_RESOLUTION_S * NS_PER_S;
	if (!s->set.max_age_ns)
		s->set.max_age_ns = DEFAULT_MAX_AGE_S * NS_PER_S;
	if (!s->set.timeout_ns)
		s->set.timeout_ns = DEFAULT_TIMEOUT_S * NS_PER_S;
	return s->set.resolution_ns < NS_PER_S || s->set.resolution_ns > 60 * NS_PER_S ? -EINVAL
										       : 0;
}

static void become_humble(void)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	sigset_t through;
	(void)sigemptyset(&through);
	for (size_t i = 0; i < COUNTOF(signals); i++)
		(void)sigaddset(&through, signals[i]);
	(void)sigprocmask(SIG_UNBLOCK, &through, NULL); /* a transfer must hear of a stop, too */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setpriority(PRIO_PROCESS, 0, NICE);
}

int ship_run(const char *store, const char *url, const struct ship_settings *settings,
	volatile sig_atomic_t *stop)
{
	struct ship s = {.path = store,
		.url = url,
		.stop = stop,
		.version = REMOTE_WRITE_2,
		.one_by_one = true};
	int r = apply_settings(&s, settings);
	if (r == 0 && post_url_problem(url))
		r = -EINVAL;
	if (r < 0)
		return r;
	become_humble();
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	(void)post_url_shown(s.shown, sizeof s.shown, url);
	r = post_open(url, s.set.timeout_ns, stop, &s.post);
	if (r == 0)
		ship_loop(&s);
	ship_close(&s);
	post_close(s.post);
	curl_global_cleanup();
	return r;
}
