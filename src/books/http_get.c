/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "books/http_get.h"

#include "base/attr.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

struct taken {
	char *text;
	size_t n;
	bool large;
};

static size_t take(char *bytes, size_t size, size_t count, void *ctx)
{
	struct taken *t = ctx;
	size_t n = size * count;
	if (n > BOOK_ANSWER - t->n) {
		t->large = true;
		return 0; /* ends the transfer */
	}
	memcpy(t->text + t->n, bytes, n);
	t->n += n;
	t->text[t->n] = '\0';
	return n;
}

void http_address(char *buf, size_t size, const struct address *a, uint16_t port)
{
	char text[INET6_ADDRSTRLEN] = "";
	bool any = true;
	for (size_t i = 0; i < (a->family == AF_INET6 ? 16u : 4u); i++)
		any = any && a->bytes[i] == 0;
	/* Both wildcards hear IPv4, but where a system says otherwise. */
	if (a->family == 0 || any)
		(void)snprintf(text, sizeof text, "127.0.0.1");
	else
		(void)inet_ntop(a->family, a->bytes, text, sizeof text);
	(void)snprintf(buf, size, strchr(text, ':') ? "[%s]:%u" : "%s:%u", text, port);
}

/* What went wrong in words of a book; `some`: a byte of an answer came. */
static enum book_status status_of(CURLcode r, long code, const struct taken *t, bool some)
{
	if (t->large || r == CURLE_FILESIZE_EXCEEDED || r == CURLE_OUT_OF_MEMORY)
		return BOOK_LARGE;
	switch (r) {
	case CURLE_OK: break;
	case CURLE_COULDNT_CONNECT: return BOOK_DOWN;
	case CURLE_OPERATION_TIMEDOUT: return some ? BOOK_SLOW : BOOK_HUNG;
	default: return BOOK_GARBAGE;
	}
	switch (code) {
	case 200: return BOOK_OK;
	case 401:
	case 403:
	case 407: return BOOK_DENIED;
	case 301:
	case 302:
	case 307:
	case 308:
	case 404: return BOOK_CLOSED; /* not where the configuration seemed to have it */
	default: return BOOK_GARBAGE;
	}
}

static CURL *handle(void)
{
	static CURL *curl;
	if (!curl && curl_global_init(CURL_GLOBAL_NOTHING) == 0)
		curl = curl_easy_init();
	return curl;
}

void http_get(const struct http_place *p, const char *query, uint64_t until_ns, bool last,
	struct http_page *ret)
{
	static char body[BOOK_ANSWER + 1];
	struct taken taken = {.text = body};
	char url[512], host[160];
	uint64_t begun = clock_mono_ns();
	CURL *c = handle();
	body[0] = '\0';
	*ret = (struct http_page){.status = BOOK_HUNG, .text = body};
	long ms = until_ns > begun ? (long)((until_ns - begun) / 1000000) : 0;
	if (!c || ms <= 0)
		return;
	(void)snprintf(
		url, sizeof url, "http://%s%s%s%s", p->at, p->page, *query ? "?" : "", query);
	(void)snprintf(host, sizeof host, "Host: %s", p->host);
	struct curl_slist *headers = *p->host ? curl_slist_append(NULL, host) : NULL;
	if (last)
		headers = curl_slist_append(headers, "Connection: close");
	long code = 0;
	curl_off_t first_byte_us = 0;
	/* What is set stays for the next one, which sets it anew. */
	(void)curl_easy_setopt(c, CURLOPT_URL, url);
	(void)curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, *p->unix_path ? p->unix_path : NULL);
#if LIBCURL_VERSION_NUM >= 0x075500
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http");
#else
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS, CURLPROTO_HTTP);
#endif
	(void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(c, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_HTTP09_ALLOWED, 0L);
	(void)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, ms);
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, ms);
	(void)curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)BOOK_ANSWER);
	(void)curl_easy_setopt(c, CURLOPT_FORBID_REUSE, last ? 1L : 0L);
	(void)curl_easy_setopt(c, CURLOPT_USERAGENT, "plimsoll-books");
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, &taken);
	CURLcode r = curl_easy_perform(c);
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
	(void)curl_easy_getinfo(c, CURLINFO_STARTTRANSFER_TIME_T, &first_byte_us);
	curl_slist_free_all(headers);
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, NULL);
	ret->status = status_of(r, code, &taken, first_byte_us > 0 || taken.n > 0);
	ret->took_us = (clock_mono_ns() - begun) / 1000;
	ret->n = taken.n;
}
