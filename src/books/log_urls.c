/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "books/log_urls.h"

#include <inttypes.h>
#include <string.h>

enum { LEAST = 20 }; /* answers, of which one in ten is the second longest */

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

static struct log_url *row_of(struct log_urls *u, const char *text)
{
	struct log_url *least = NULL;
	for (unsigned i = 0; i < u->n; i++) {
		struct log_url *r = &u->rows[i];
		if (strcmp(r->text, text) == 0)
			return r;
		if (!least || r->count < least->count)
			least = r;
	}
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

void log_urls_take(struct log_urls *u, struct scan url, uint64_t took_ms)
{
	char text[LOG_URL_TEXT];
	size_t n = scan_len(url);
	if (n == 0 || n >= sizeof text || *url.p != '/' || memchr(url.p, 0, n))
		return;
	memcpy(text, url.p, n);
	text[n] = '\0';
	struct log_url *r = row_of(u, text);
	r->count++;
	r->own++;
	unsigned k = step_of(took_ms);
	if (r->took[k] < UINT32_MAX)
		r->took[k]++;
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
	}
}
