/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "fleet/post.h"

#include "base/clock.h"
#include "base/text.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NS_PER_S UINT64_C(1000000000)

enum {
	CONNECT_TIMEOUT_MS = 5000,
	STOP_GRACE_S = 3,
	BACKOFF_MIN_S = 1,
	BACKOFF_MAX_S = 60,
	RETRY_AFTER_MAX_S = 3600,
};

/* ---- the URL ---- */

static bool is_http(CURLU *u)
{
	char *scheme = NULL;
	bool good = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
	curl_free(scheme);
	return good;
}

const char *post_url_problem(const char *url)
{
	CURLU *u = curl_url();
	if (!u)
		return "no memory to look at it";
	CURLUcode r = curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME);
	const char *problem = NULL;
	if (r == CURLUE_OK && !is_http(u))
		problem = "it must begin with http:// or https://";
	else if (r != CURLUE_OK)
		problem = "it is no URL of the form http://HOST:PORT/PATH";
	curl_url_cleanup(u);
	return problem;
}

char *post_url_shown(char *buf, size_t size, const char *url)
{
	CURLU *u = curl_url();
	char *whole = NULL;
	if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl_url_set(u, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
		curl_url_set(u, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK &&
		curl_url_set(u, CURLUPART_QUERY, NULL, 0) == CURLUE_OK &&
		curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK)
		(void)curl_url_get(u, CURLUPART_URL, &whole, 0);
	(void)text_safe(buf, size, whole ? whole : "the receiver");
	curl_free(whole);
	curl_url_cleanup(u);
	return buf;
}

/* ---- the answer ---- */

enum post_verdict post_judge(enum remote_version version, bool proved, const struct post_answer *a)
{
	if (a->status / 100 == 2)
		return version == REMOTE_WRITE_2 && !a->written ? POST_SPEAK_1 : POST_DONE;
	if (version == REMOTE_WRITE_2 &&
		(a->status == 415 || (a->status == 400 && !proved && !a->written)))
		return POST_SPEAK_1;
	/* Nothing is lost by asking again where the request was not looked at (a redirection is
	 * somebody's slip, too many requests are for later), all by giving up. */
	if (a->status / 100 != 4 || a->status == 408 || a->status == 429)
		return POST_RETRY;
	return POST_REFUSED;
}

uint64_t post_backoff_ns(unsigned failures, double retry_s, uint32_t chance)
{
	unsigned doubled = failures > 6 ? 6 : failures - 1;
	double s = BACKOFF_MIN_S << doubled;
	if (s > BACKOFF_MAX_S)
		s = BACKOFF_MAX_S;
	if (s < retry_s)
		s = retry_s < RETRY_AFTER_MAX_S ? retry_s : RETRY_AFTER_MAX_S;
	return (uint64_t)(s * (1 + 0.25 * chance / UINT32_MAX) * NS_PER_S);
}

/* ---- the connection ---- */

struct post {
	CURL *easy;
	struct curl_slist *headers[REMOTE_WRITE_2 + 1]; /* by version */
	const volatile sig_atomic_t *stop;
	uint64_t stopped_ns; /* when the stop was seen */
	struct post_answer *answer;
	char body[sizeof((struct post_answer *)0)->why];
	char error[CURL_ERROR_SIZE];
};

/* curl wants all of it taken; the begin is enough. */
static size_t on_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct post *p = ctx;
	size_t have = strlen(p->body), room = sizeof p->body - 1 - have, all = size * n;
	size_t take = all < room ? all : room;
	memcpy(p->body + have, bytes, take);
	for (size_t i = have; i < have + take; i++) /* one line, and no end in the middle */
		if (p->body[i] == '\n' || !p->body[i])
			p->body[i] = ' ';
	p->body[have + take] = '\0';
	return all;
}

static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
	static const char name[] = "X-Prometheus-Remote-Write-Samples-Written:";
	struct post *p = ctx;
	if (size * n >= sizeof name && strncasecmp(line, name, sizeof name - 1) == 0)
		p->answer->written = true;
	return size * n;
}

static int on_progress(
	void *ctx, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow)
{
	(void)dltotal, (void)dlnow, (void)ultotal, (void)ulnow;
	struct post *p = ctx;
	if (!*p->stop)
		return 0;
	if (!p->stopped_ns)
		p->stopped_ns = clock_mono_ns();
	return clock_mono_ns() - p->stopped_ns > STOP_GRACE_S * NS_PER_S;
}

static struct curl_slist *header_list(const char *const *lines, size_t n)
{
	struct curl_slist *list = NULL;
	for (size_t i = 0; i < n; i++) {
		struct curl_slist *longer = curl_slist_append(list, lines[i]);
		if (!longer) {
			curl_slist_free_all(list);
			return NULL;
		}
		list = longer;
	}
	return list;
}

static bool make_headers(struct post *p)
{
	/* "Expect:" without a value keeps curl from waiting for a 100 that many never send. */
	static const char *const v1[] = {"Content-Type: application/x-protobuf",
		"X-Prometheus-Remote-Write-Version: 0.1.0", "Content-Encoding: snappy", "Expect:"};
	static const char *const v2[] = {
		"Content-Type: application/x-protobuf;proto=io.prometheus.write.v2.Request",
		"X-Prometheus-Remote-Write-Version: 2.0.0", "Content-Encoding: snappy", "Expect:"};
	p->headers[REMOTE_WRITE_1] = header_list(v1, COUNTOF(v1));
	p->headers[REMOTE_WRITE_2] = header_list(v2, COUNTOF(v2));
	return p->headers[REMOTE_WRITE_1] && p->headers[REMOTE_WRITE_2];
}

/* A redirection is not followed: it would carry the data, and the password in the URL, elsewhere. */
static bool set_options(struct post *p, const char *url, uint64_t timeout_ns)
{
	CURL *c = p->easy;
	return curl_easy_setopt(c, CURLOPT_URL, url) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_POST, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_USERAGENT, "plimsoll/" PLIMSOLL_VERSION) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS) ==
		       CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(timeout_ns / 1000000)) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_ERRORBUFFER, p->error) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEDATA, p) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_HEADERDATA, p) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_XFERINFODATA, p) == CURLE_OK;
}

int post_open(
	const char *url, uint64_t timeout_ns, const volatile sig_atomic_t *stop, struct post **ret)
{
	struct post *p = calloc(1, sizeof *p);
	if (!p)
		return -ENOMEM;
	p->stop = stop;
	p->easy = curl_easy_init();
	if (!p->easy || !make_headers(p) || !set_options(p, url, timeout_ns)) {
		post_close(p);
		return -ENOMEM;
	}
	*ret = p;
	return 0;
}

void post_close(struct post *p)
{
	if (!p)
		return;
	curl_easy_cleanup(p->easy);
	curl_slist_free_all(p->headers[REMOTE_WRITE_1]);
	curl_slist_free_all(p->headers[REMOTE_WRITE_2]);
	free(p);
}

void post_send(struct post *p, enum remote_version version, const void *body, size_t n,
	struct post_answer *ret)
{
	*ret = (struct post_answer){0};
	p->answer = ret;
	p->body[0] = p->error[0] = '\0';
	(void)curl_easy_setopt(p->easy, CURLOPT_HTTPHEADER, p->headers[version]);
	(void)curl_easy_setopt(p->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
	(void)curl_easy_setopt(p->easy, CURLOPT_POSTFIELDS, body);
	CURLcode r = curl_easy_perform(p->easy);
	if (r != CURLE_OK) {
		(void)text_safe(
			ret->why, sizeof ret->why, *p->error ? p->error : curl_easy_strerror(r));
		return;
	}
	curl_off_t retry = 0;
	(void)curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &ret->status);
	(void)curl_easy_getinfo(p->easy, CURLINFO_RETRY_AFTER, &retry);
	ret->retry_s = (double)retry;
	size_t len = strlen(p->body);
	while (len && p->body[len - 1] == ' ')
		p->body[--len] = '\0';
	(void)text_safe(ret->why, sizeof ret->why, p->body);
}
