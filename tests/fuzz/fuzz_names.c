/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Messages of DNS pass by as strangers wrote them, and what they name is shown: whatever the bytes, parsing ends, a name is of
 * harmless characters only, and text is shown beside it only where it encodes to the same name. Built plainly it runs the saved
 * corpus. */
#include "corpus.h"
#include "names/dns.h"
#include "names/idn.h"

#include <stdlib.h>
#include <string.h>

static void check_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.\\";
	char text[DNS_TEXT];
	if (strlen(name) >= DNS_TEXT || name[strspn(name, allowed)])
		abort();
	if (!idn_text(name, text, sizeof text) && *text)
		abort();
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dns_message d;
	char text[DNS_TEXT];
	uint8_t *copy = malloc(size ? size : 1); /* its own, so that a read past the end is seen */
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (dns_parse(copy, size, &d)) {
		if (d.n > DNS_ADDRESSES || (!d.answer && d.n))
			abort();
		check_name(d.name);
	}
	if (dns_text((const char *)copy, size, text, sizeof text))
		check_name(text);
	free(copy);
	return 0;
}
