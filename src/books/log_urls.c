/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "books/log_urls.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SLICES_LEAST = 3, SLICE_LEAST = 5 }; /* slices, and answers in each */
enum { LEAST = 20 };                        /* answers, of which one in ten is the second longest */
enum { GOOD_LEAST = 5 };

/* The first step that is no shorter. */
static unsigned step_of(uint64_t ms)
{
	unsigned k = 0;
	for (uint64_t whole = 1; k + 2 < LOG_URL_STEPS && whole < ms; k += 2, whole *= 2)
		if (whole * 181 / 128 >= ms) /* the root of two */
			return k + 1;
	return k;
}

static uint64_t step_ms(unsigned k)
{
	uint64_t whole = UINT64_C(1) << k / 2;
	return k % 2 ? whole * 181 / 128 : whole;
}

/* Which row has it; u->n: none has. */
static unsigned find_row(const struct log_urls *u, const char *text)
{
	unsigned i = 0;
	while (i < u->n && strcmp(u->rows[i].text, text) != 0)
		i++;
	return i;
}

static struct log_url *row_of(struct log_urls *u, const char *text)
{
	struct log_url *least = NULL;
	unsigned there = find_row(u, text);
	if (there < u->n)
		return &u->rows[there];
	for (unsigned i = 0; i < u->n; i++)
		if (!least || u->rows[i].count < least->count)
			least = &u->rows[i];
	uint64_t inherits = 0;
	if (u->n < LOG_URLS)
		least = &u->rows[u->n++];
	else
		inherits = least->count;
	memset(least, 0, sizeof *least);
	least->count = inherits;
	memcpy(least->text, text, strlen(text) + 1);
	return least;
}

static bool text_of(struct scan url, char text[static LOG_URL_TEXT])
{
	size_t n = scan_len(url);
	if (n == 0 || n >= LOG_URL_TEXT || *url.p != '/' || memchr(url.p, 0, n))
		return false;
	memcpy(text, url.p, n);
	text[n] = '\0';
	return true;
}

void log_urls_good(struct log_urls *u, struct scan url, bool timed)
{
	char text[LOG_URL_TEXT];
	if (!text_of(url, text))
		return;
	struct log_url *r = row_of(u, text);
	r->good++;
	r->count += !timed;
}

bool log_urls_was_good(const struct log_urls *u, struct scan url)
{
	char text[LOG_URL_TEXT];
	unsigned i = text_of(url, text) ? find_row(u, text) : u->n;
	return i < u->n && u->rows[i].good >= GOOD_LEAST;
}

void log_urls_take(struct log_urls *u, struct scan url, uint64_t took_ms)
{
	char text[LOG_URL_TEXT];
	if (!text_of(url, text))
		return;
	struct log_url *r = row_of(u, text);
	r->count++;
	r->own++;
	unsigned k = step_of(took_ms);
	if (r->took[k] < UINT32_MAX)
		r->took[k]++;
}

static void end_slice(struct log_url *r)
{
	const struct log_slice *s = &r->slice;
	unsigned at = r->nslices % LOG_URL_SLICES;
	if (s->count < SLICE_LEAST)
		return;
	r->longest[at] = s->several ? s->other_ms : s->again_ms;
	r->answers[at] = s->count;
	r->nslices++;
}

static void take_longest(struct log_slice *s, uint32_t ms, const struct address *peer)
{
	bool same = s->count && address_equal(&s->first, peer);
	if (s->count++ == 0) {
		s->first = *peer;
		s->first_ms = ms;
	} else if (ms > s->first_ms) {
		if (same)
			s->again_ms = s->first_ms;
		else
			s->other_ms = s->first_ms; /* nobody else's was longer than that */
		s->first = *peer;
		s->first_ms = ms;
	} else if (same) {
		s->again_ms = ms > s->again_ms ? ms : s->again_ms;
	} else {
		s->other_ms = ms > s->other_ms ? ms : s->other_ms;
	}
	s->several = s->several || !(same || s->count == 1);
}

void log_urls_well(struct log_urls *u, struct scan url, uint64_t took_ms, uint64_t end_ms,
	const struct address *peer)
{
	char text[LOG_URL_TEXT];
	unsigned i = text_of(url, text) ? find_row(u, text) : u->n;
	struct log_url *r = i < u->n ? &u->rows[i] : NULL;
	if (!r || end_ms / LOG_URL_SLICE_MS < r->slice.at) /* logs are not always in order */
		return;
	if (end_ms / LOG_URL_SLICE_MS != r->slice.at) {
		end_slice(r);
		r->slice = (struct log_slice){.at = end_ms / LOG_URL_SLICE_MS};
	}
	take_longest(&r->slice, took_ms < UINT32_MAX ? (uint32_t)took_ms : UINT32_MAX, peer);
}

uint64_t log_url_longest(const struct log_url *r, uint64_t *ret_answers)
{
	uint32_t sorted[LOG_URL_SLICES];
	unsigned n = r->nslices < LOG_URL_SLICES ? r->nslices : LOG_URL_SLICES;
	if (n < SLICES_LEAST)
		return 0;
	*ret_answers = 0;
	memcpy(sorted, r->longest, sizeof sorted);
	for (unsigned i = 0; i < n; i++)
		*ret_answers += r->answers[i];
	qsort(sorted, n, sizeof *sorted, num_order_u32);
	return sorted[n / 2] ? sorted[n / 2] : 1;
}

uint64_t log_url_usual(const struct log_url *r)
{
	uint64_t sum = 0;
	for (unsigned k = 0; r->own >= LEAST && k < LOG_URL_STEPS; k++) {
		sum += r->took[k];
		if (sum * 10 >= r->own * 9)
			return step_ms(k);
	}
	return 0;
}

void log_urls_write(const struct log_urls *u, unsigned first, struct book *ret)
{
	bool told[LOG_URLS] = {false};
	for (unsigned k = 0; k < LOG_URLS_TOLD; k++) {
		unsigned best = LOG_URLS;
		for (unsigned i = 0; i < u->n; i++)
			if (!told[i] && log_url_usual(&u->rows[i]) &&
				(best == LOG_URLS || u->rows[i].own > u->rows[best].own))
				best = i;
		if (best == LOG_URLS)
			return;
		told[best] = true;
		const struct log_url *r = &u->rows[best];
		book_line(ret,
			"slot %u state=logging ms=%" PRIu64 " bytes=%" PRIu64 " who=usual text=%s",
			first + k, log_url_usual(r), r->own,
			book_word((char[320]){0}, 320, r->text, strlen(r->text)));
		uint64_t answers, longest = log_url_longest(r, &answers);
		if (longest)
			book_line(ret,
				"slot %u state=logging ms=%" PRIu64 " bytes=%" PRIu64
				" who=longest text=%s",
				first + LOG_URLS_TOLD + k, longest, answers,
				book_word((char[320]){0}, 320, r->text, strlen(r->text)));
	}
}
