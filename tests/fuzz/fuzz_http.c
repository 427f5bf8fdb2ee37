/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What strangers write into headers and forms, and the file of users: whatever the bytes, parsing ends, what comes out fits and has a
 * NUL, and a name is of harmless characters. The first byte picks the parser. Built plainly it runs the saved corpus. */
#include "corpus.h"
#include "http/accounts.h"
#include "http/headers.h"

#include <stdlib.h>
#include <string.h>

enum { SMALL = 44 };

static void check(bool good, const char *text, size_t size)
{
	if (good && strnlen(text, size) == size)
		abort();
}

static void parse(unsigned which, const char *text, size_t n)
{
	static struct accounts accounts;
	struct address_key key;
	unsigned line = 0;
	char *out = malloc(SMALL); /* its own, so that a write past the end is seen */
	if (!out)
		return;
	switch (which % 8) {
	case 0: check(header_cookie(text, "plimsoll", out, SMALL), out, SMALL); break;
	case 1: check(header_bearer(text, out, SMALL), out, SMALL); break;
	case 2:
		if (header_ranges(text) > n)
			abort();
		break;
	case 3: check(form_field(text, n, "name", out, SMALL), out, SMALL); break;
	case 4:
		if (header_host(text) > n)
			abort();
		break;
	case 5: (void)header_same_site(NULL, text, "localhost:1876"); break;
	case 6: (void)header_forwarded(text, &key); break;
	case 7:
		if (accounts_parse(text, n, &accounts, &line) == 0)
			for (size_t i = 0; i < accounts.n; i++)
				if (!account_is_name(accounts.rows[i].name))
					abort();
		break;
	}
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	char *text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	parse(data[0], text, size - 1);
	free(text);
	return 0;
}
