/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What servers answer, and what stands in their configuration, as strangers wrote it: whatever the bytes, parsing ends, and what comes of it is bounded, text
 * that ends, and makes lines of a book that are lines. The first byte picks the parser. Built plainly it runs the saved corpus. */
#include "books/apache.h"
#include "books/nginx.h"
#include "corpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char
	*again; /* what an include gives: the same bytes once more, as deep as it is allowed */
static size_t again_size;

#define ENDS(field)                                                                                \
	do {                                                                                       \
		if (!memchr(field, 0, sizeof(field)))                                              \
			abort();                                                                   \
	} while (0)

/* A word has no blanks and no control characters, and stays in its room. */
static void check_word(const char *text, size_t n)
{
	static struct book b;
	char word[64];
	(void)book_word(word, sizeof word, text, n);
	ENDS(word);
	for (const unsigned char *p = (unsigned char *)word; *p; p++)
		if (*p <= ' ' || *p == 0x7f)
			abort();
	if (!*word)
		abort();
	b.n = 0;
	for (size_t i = 0; i < 2000; i++)
		book_line(&b, "slot %zu text=%s", i, word);
	if (b.n >= sizeof b.text || (b.n && b.text[b.n - 1] != '\n') || b.text[b.n])
		abort();
}

static void check_page(const char *text, size_t n)
{
	static struct apache_slots s;
	if (apache_page(text, n, "plimsoll=1", &s) < 0)
		return;
	if (s.n > APACHE_SLOTS || s.seen < s.n)
		abort();
	for (size_t i = 0; i < s.n; i++) {
		const struct apache_slot *r = &s.rows[i];
		ENDS(r->client);
		ENDS(r->vhost);
		ENDS(r->request);
		if ((unsigned)r->state >= SLOT_STATES || r->state == SLOT_IDLE ||
			strstr(r->request, "plimsoll=1"))
			abort();
		check_word(r->request, strlen(r->request));
	}
}

static void apache_again(struct apache_conf *c, const char *pattern)
{
	(void)pattern;
	apache_conf_text(c, again, again_size);
}

static bool known(struct apache_conf *c, const char *name, char *buf, size_t size)
{
	(void)c;
	return (size_t)snprintf(buf, size, "%s%s", name, name) < size;
}

static void check_apache(const char *text, size_t n)
{
	static struct apache_conf c;
	static const char *const mpms[] = {"prefork", "worker", "event", ""};
	c = (struct apache_conf){.include = apache_again, .variable = known};
	apache_conf_begin(&c);
	apache_conf_text(&c, text, n);
	ENDS(c.server_root);
	ENDS(c.modules);
	ENDS(c.status.page);
	ENDS(c.status.host);
	ENDS(c.status.address);
	if (c.nlistens > APACHE_LISTENS || c.nnames > APACHE_NAMES || c.depth > APACHE_DEPTH)
		abort();
	for (size_t i = 0; i < sizeof mpms / sizeof *mpms; i++)
		(void)apache_limit(&c, mpms[i]);
	if (c.status.there && *c.status.page != '/')
		abort();
}

static void nginx_again(struct nginx_conf *c, const char *pattern)
{
	(void)pattern;
	nginx_conf_text(c, again, again_size);
}

static void check_nginx(const char *text, size_t n)
{
	static struct nginx_conf c;
	c = (struct nginx_conf){.include = nginx_again};
	nginx_conf_begin(&c);
	nginx_conf_text(&c, text, n);
	ENDS(c.page);
	ENDS(c.host);
	ENDS(c.listen.address);
	ENDS(c.listen.unix_path);
	if (c.depth > NGINX_DEPTH || c.server.n > NGINX_LISTENS || (c.there && *c.page != '/'))
		abort();
	(void)nginx_limit(&c, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct apache_counts counts;
	struct nginx_stub stub;
	if (size < 1)
		return 0;
	size_t n = size - 1;
	char *copy = malloc(size); /* its own, so that a read past the end is seen */
	if (!copy)
		return 0;
	memcpy(copy, data + 1, n);
	again = copy;
	again_size = n < 200 ? n : 200;
	switch (data[0]) {
	case 'a':
		if (apache_auto(copy, n, &counts) == 0)
			ENDS(counts.mpm);
		break;
	case 'p': check_page(copy, n); break;
	case 'A': check_apache(copy, n); break;
	case 'n': (void)nginx_stub(copy, n, &stub); break;
	case 'N': check_nginx(copy, n); break;
	case 'w': check_word(copy, n); break;
	default: break;
	}
	free(copy);
	return 0;
}
