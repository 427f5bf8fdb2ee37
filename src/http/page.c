/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/page.h"

#include "base/attr.h"
#include "http/send.h"

#include <string.h>

enum { BLOCK = 8192 };

/* Where the answers go: web/index.html */
static const char PLACE[] = "<script type=\"application/json\" id=\"first\">";

/* By path, as a page asks for them that shows the present. */
static const char *const first[] = {"/healthz", "/api/v1/check", "/api/v1/limits"};

struct page_text {
	unsigned refs;
	size_t size;
	char bytes[];
};

struct page_taker {
	struct page *page;
	const struct asset_body *document;
	size_t place; /* what goes before the answers */
	struct peer *peer;
	struct page_text *text; /* NULL: not made yet */
	struct page_taker *next;
	bool waits, made;
};

/* ---- the answers ---- */

static void drop(struct page_text *t)
{
	if (t && --t->refs == 0)
		free(t);
}

/* In a document nothing may look like the end of what they stand in. '<' is in texts alone, where this is the same. */
static void write_answer(FILE *f, const struct answer *a)
{
	for (size_t i = 0; i < a->size; i++)
		if (a->text[i] == '<')
			(void)fputs("\\u003c", f);
		else
			(void)putc_unlocked(a->text[i], f);
}

static char *all_answers(struct api *a, size_t *ret_size)
{
	const struct params none = {0};
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_size);
	if (!f)
		return NULL;
	bool whole = true;
	for (size_t i = 0; i < COUNTOF(first); i++) {
		const struct answer *it = api_present(a, route_find(first[i]), &none);
		whole = whole && it->text;
		(void)fprintf(f, "%s\"%s\":", i ? "," : "{", first[i]);
		if (it->text)
			write_answer(f, it);
	}
	(void)putc_unlocked('}', f);
	if (fclose(f) == 0 && whole)
		return text;
	free(text);
	return NULL;
}

/* NULL when memory is short: then the page asks by itself. */
static struct page_text *make(struct page *p, struct api *a)
{
	size_t size = 0;
	char *text = all_answers(a, &size);
	struct page_text *t = p->now;
	if (!text || !t || t->size != size || memcmp(t->bytes, text, size) != 0) {
		t = malloc(sizeof *t + size);
		if (t) {
			t->refs = 1;
			t->size = text ? size : 0;
			if (text)
				memcpy(t->bytes, text, size);
			drop(p->now);
			p->now = t;
		}
	}
	free(text);
	return t;
}

bool page_make(struct page *p, struct api *a)
{
	if (!p->waiting)
		return false;
	struct page_text *t = make(p, a);
	while (p->waiting) {
		struct page_taker *k = p->waiting;
		p->waiting = k->next;
		k->waits = false;
		k->made = true;
		k->text = t;
		if (t)
			t->refs++;
		peer_resume(k->peer);
	}
	return true;
}

void page_clear(struct page *p)
{
	drop(p->now);
	p->now = NULL;
}

/* ---- on its way ---- */

static ssize_t copy(char *to, size_t max, const void *from, size_t size, uint64_t at)
{
	size_t n = size - (size_t)at < max ? size - (size_t)at : max;
	memcpy(to, (const char *)from + at, n);
	return (ssize_t)n;
}

static ssize_t next_bytes(void *cls, uint64_t at, char *to, size_t max)
{
	struct page_taker *k = cls;
	const struct asset_body *d = k->document;
	if (at < k->place)
		return copy(to, max, d->bytes, k->place, at);
	if (!k->text && k->made)
		return MHD_CONTENT_READER_END_WITH_ERROR; /* memory is short */
	if (!k->text) {
		k->waits = true;
		k->next = k->page->waiting;
		k->page->waiting = k;
		peer_suspend(k->peer);
		return 0;
	}
	at -= k->place;
	if (at < k->text->size)
		return copy(to, max, k->text->bytes, k->text->size, at);
	at -= k->text->size;
	if (at < d->size - k->place)
		return copy(to, max, d->bytes + k->place, d->size - k->place, at);
	return MHD_CONTENT_READER_END_OF_STREAM;
}

static void taken(void *cls)
{
	struct page_taker *k = cls;
	for (struct page_taker **at = &k->page->waiting; k->waits && *at; at = &(*at)->next)
		if (*at == k) {
			*at = k->next;
			break;
		}
	drop(k->text);
	free(k);
}

enum MHD_Result page_send(struct page *p, struct peer *to, const struct asset *document)
{
	const struct asset_body *d = &document->plain;
	const unsigned char *place = memmem(d->bytes, d->size, PLACE, sizeof PLACE - 1);
	struct page_taker *k = malloc(sizeof *k);
	if (!k)
		return MHD_NO;
	*k = (struct page_taker){.page = p,
		.document = d,
		.place = place ? (size_t)(place - d->bytes) + sizeof PLACE - 1 : d->size,
		.peer = to};
	struct MHD_Response *r =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, next_bytes, k, taken);
	if (!r)
		free(k);
	return send_response(to->connection, r, MHD_HTTP_OK, document->type, "no-store");
}
