/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* logs_failures: how many requests fail, beside how many usually do. Every server on the Internet is asked for what it never had, and some page fails all day:
 * so a share says nothing by itself. What is usual is learned in slices of ten minutes, of which the middle one counts, so that an hour of trouble does not become
 * usual; where there are too few of them, the last two minutes before the failures say what was before. */
#include "books/logs.h"

#include "books/line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BEFORE_MS = LOGS_SPAN_S * 1000 / LOGS_BUCKETS,
	SLOT_BAD = SLOT_OF_LOG + 40,
	BAD_TOLD = 3,
	SLICES_LEAST = 3,
	SLICE_LEAST = 50, /* answers */
	LEAST = 5,        /* failures that are told of at all */
	STILL_THERE = 9,  /* times as many failures as answers: then it is gone */
};

static struct log_share *piece(struct log_share *ring, unsigned n, uint64_t at)
{
	struct log_share *s = &ring[at % n];
	if (s->at < at)
		*s = (struct log_share){.at = at};
	return s->at == at ? s : NULL; /* logs are not always in order */
}

static void count(struct log_share *s, enum log_failure how)
{
	if (!s)
		return;
	s->answers++;
	if (how != LOG_FAILURES)
		s->bad[how]++;
}

static bool is_request(const struct logs *l, const struct log_line *e)
{
	return (e->form == LOG_ACCESS || e->form == LOG_HAPROXY) && e->status && !e->tunnel &&
	       !(*l->own && scan_is(e->url, l->own));
}

/* What is noted of it in the last half a minute; status 0: whatever the error is. NULL. */
static struct log_bad *bad_of(
	struct logs *l, unsigned proxy, const char *url, unsigned status, uint64_t end_ms)
{
	for (unsigned i = 0; i < LOGS_BAD; i++) {
		struct log_bad *b = &l->bad[i];
		if (b->count && b->proxy == proxy && (!status || b->status == status) &&
			b->last_ms + LOGS_NOW * LOGS_NOW_MS > end_ms && strcmp(b->url, url) == 0)
			return b;
	}
	return NULL;
}

/* Its row; else the place of the one that failed longest ago. */
static struct log_bad *note_bad(
	struct logs *l, unsigned proxy, const char *url, unsigned status, uint64_t end_ms)
{
	struct log_bad *at = bad_of(l, proxy, url, status, end_ms);
	if (!at) {
		at = &l->bad[0];
		for (unsigned i = 1; i < LOGS_BAD; i++)
			at = l->bad[i].last_ms < at->last_ms ? &l->bad[i] : at;
		*at = (struct log_bad){.status = status, .proxy = proxy};
		memcpy(at->url, url, strlen(url) + 1);
	}
	at->count++;
	at->last_ms = end_ms;
	return at;
}

/* A page that others still get is there: who asks for things that are not, under its URL, guesses. */
static enum log_failure failure_of(
	struct logs *l, unsigned proxy, const struct log_line *e, uint64_t end_ms)
{
	char url[sizeof l->bad[0].url];
	struct log_bad *b;
	scan_text(e->url, url, sizeof url);
	if (e->status >= STATUS_OK && e->status < STATUS_BAD_REQUEST) {
		log_urls_good(&l->urls, e->url, e->have_took);
		b = bad_of(l, proxy, url, 0, end_ms);
		if (b)
			b->well++;
		return LOG_FAILURES;
	}
	switch (e->status) {
	case STATUS_FORBIDDEN:
	case STATUS_NOT_FOUND:
	case STATUS_NOT_ALLOWED:
	case STATUS_GONE:
		if (!log_urls_was_good(&l->urls, e->url))
			return LOG_FAILURES;
		b = note_bad(l, proxy, url, e->status, end_ms);
		return b->well * STILL_THERE < b->count ? LOG_LOST : LOG_FAILURES;
	case STATUS_LATE:
	case STATUS_NO_VERSION: return LOG_FAILURES;
	default:
		if (e->status < STATUS_SERVER_ERROR)
			return LOG_FAILURES;
		(void)note_bad(l, proxy, url, e->status, end_ms);
		return LOG_FAILED;
	}
}

void logs_failures_take(
	struct logs *l, unsigned proxy, const struct log_line *e, uint64_t end_ms, uint64_t now_ms)
{
	struct log_failures *f = &l->failures[proxy];
	if (!is_request(l, e))
		return;
	enum log_failure how = failure_of(l, proxy, e, end_ms);
	count(piece(f->slices, LOG_URL_SLICES, end_ms / LOG_URL_SLICE_MS), how);
	if (now_ms - end_ms > LOGS_SPAN_S * 1000)
		return;
	count(piece(f->before, LOGS_BUCKETS, end_ms / BEFORE_MS), how);
	count(piece(f->now, LOGS_NOW, end_ms / LOGS_NOW_MS), how);
}

/* ---- what comes of it ---- */

/* Of the last half a minute, from the first piece with such a failure on. */
static struct log_share sum_now(const struct log_failures *f, enum log_failure how, uint64_t now_ms)
{
	struct log_share sum = {.at = now_ms / LOGS_NOW_MS + 1};
	for (unsigned i = 0; i < LOGS_NOW; i++)
		if (f->now[i].at + LOGS_NOW > now_ms / LOGS_NOW_MS && f->now[i].bad[how] &&
			f->now[i].at < sum.at)
			sum.at = f->now[i].at;
	for (unsigned i = 0; i < LOGS_NOW; i++)
		if (f->now[i].at >= sum.at) {
			sum.answers += f->now[i].answers;
			sum.bad[how] += f->now[i].bad[how];
		}
	return sum;
}

/* Of the two minutes, what was before that. */
static struct log_share sum_before(
	const struct log_failures *f, enum log_failure how, uint64_t begin_ms, uint64_t now_ms)
{
	struct log_share sum = {.at = 0};
	for (unsigned i = 0; i < LOGS_BUCKETS; i++)
		if (f->before[i].at + LOGS_BUCKETS > now_ms / BEFORE_MS &&
			(f->before[i].at + 1) * BEFORE_MS <= begin_ms) {
			sum.answers += f->before[i].answers;
			sum.bad[how] += f->before[i].bad[how];
		}
	return sum;
}

/* The middle share of the slices that are over, in ten thousandths. */
static bool usual(
	const struct log_failures *f, enum log_failure how, uint64_t now_ms, uint32_t *ret)
{
	uint32_t shares[LOG_URL_SLICES];
	unsigned n = 0;
	for (unsigned i = 0; i < LOG_URL_SLICES; i++) {
		const struct log_share *s = &f->slices[i];
		if (s->answers >= SLICE_LEAST && s->at < now_ms / LOG_URL_SLICE_MS &&
			s->at + LOG_URL_SLICES > now_ms / LOG_URL_SLICE_MS)
			shares[n++] = (uint32_t)(UINT64_C(10000) * s->bad[how] / s->answers);
	}
	if (n < SLICES_LEAST)
		return false;
	qsort(shares, n, sizeof *shares, num_order_u32);
	*ret = shares[n / 2];
	return true;
}

/* URLs that fail now, most often first. */
static void write_bad(
	const struct logs *l, unsigned proxy, const char *name, uint64_t now_ms, struct book *ret)
{
	bool told[LOGS_BAD] = {false};
	for (unsigned k = 0; k < BAD_TOLD; k++) {
		const struct log_bad *most = NULL;
		for (unsigned i = 0; i < LOGS_BAD; i++) {
			const struct log_bad *b = &l->bad[i];
			if (b->proxy == proxy && !told[i] &&
				b->last_ms + LOGS_NOW * LOGS_NOW_MS > now_ms &&
				b->count > (most ? most->count : 0))
				most = b;
		}
		if (!most)
			return;
		told[most - l->bad] = true;
		char text[112];
		(void)snprintf(text, sizeof text, "%u %s", most->status, most->url);
		book_line(ret, "slot %u state=logging bytes=%u who=failed/%s text=%s",
			SLOT_BAD + proxy * BAD_TOLD + k, most->count, name,
			book_word((char[340]){0}, 340, text, strlen(text)));
	}
}

static bool write_failures(const struct logs *l, unsigned p, enum log_failure how, const char *name,
	uint64_t now_ms, struct book *ret)
{
	static const char *const names[LOG_FAILURES] = {"log.failed", "log.lost"};
	const struct log_failures *f = &l->failures[p];
	const struct log_share now = sum_now(f, how, now_ms);
	uint64_t begin_ms = now.at * LOGS_NOW_MS, last_ms = 0;
	uint32_t share;
	if (now.bad[how] < LEAST)
		return false;
	for (unsigned i = 0; i < LOGS_NOW; i++)
		if (f->now[i].bad[how] && (f->now[i].at + 1) * LOGS_NOW_MS > last_ms)
			last_ms = (f->now[i].at + 1) * LOGS_NOW_MS;
	const struct log_share before = sum_before(f, how, begin_ms, now_ms);
	book_line(ret, "number %s/%s %u", names[how], name, now.bad[how]);
	book_line(ret, "number %s.of/%s %u", names[how], name, now.answers);
	book_line(ret, "number %s.ms/%s %" PRIu64, names[how], name, now_ms - begin_ms);
	book_line(ret, "number %s.age.s/%s %" PRIu64, names[how], name,
		last_ms < now_ms ? (now_ms - last_ms) / 1000 : 0);
	book_line(ret, "number %s.before/%s %u", names[how], name, before.bad[how]);
	book_line(ret, "number %s.before.of/%s %u", names[how], name, before.answers);
	if (usual(f, how, now_ms, &share))
		book_line(ret, "number %s.usual/%s %" PRIu32, names[how], name, share);
	return true;
}

void logs_failures_write(const struct logs *l, uint64_t now_ms, struct book *ret)
{
	char name[160];
	for (unsigned p = 0; p < l->nproxies; p++) {
		(void)book_word(name, sizeof name, l->proxies[p], strlen(l->proxies[p]));
		bool failed = write_failures(l, p, LOG_FAILED, name, now_ms, ret);
		if (write_failures(l, p, LOG_LOST, name, now_ms, ret) || failed)
			write_bad(l, p, name, now_ms, ret);
	}
}
