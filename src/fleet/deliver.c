/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "fleet/deliver.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/text.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_MS = 5000, TIMEOUT_MS = 15000, STOP_GRACE_S = 3, URL_ROOM = TARGET_TEXT + 32 };

struct deliverer {
	const struct target *t;
	struct runner *runner;
	CURL *easy;
	struct curl_slist *headers, *to;
	const volatile sig_atomic_t *stop;
	uint64_t stopped_ns;
	const char *mail; /* what of it is not sent yet */
	size_t left;
	char url[URL_ROOM], from[300];
	char answer[160], error[CURL_ERROR_SIZE];
};

/* ---- curl's questions ---- */

/* All of it has to be taken; the begin is enough. */
static size_t on_answer(char *bytes, size_t size, size_t n, void *ctx)
{
	struct deliverer *d = ctx;
	size_t have = strlen(d->answer), room = sizeof d->answer - 1 - have, all = size * n;
	size_t take = all < room ? all : room;
	for (size_t i = 0; i < take; i++)
		d->answer[have + i] = (char)(bytes[i] < ' ' && bytes[i] >= 0 ? ' ' : bytes[i]);
	d->answer[have + take] = '\0';
	return all;
}

static size_t on_read(char *to, size_t size, size_t n, void *ctx)
{
	struct deliverer *d = ctx;
	size_t take = d->left < size * n ? d->left : size * n;
	memcpy(to, d->mail, take);
	d->mail += take;
	d->left -= take;
	return take;
}

static int on_progress(
	void *ctx, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow)
{
	(void)dltotal, (void)dlnow, (void)ultotal, (void)ulnow;
	struct deliverer *d = ctx;
	if (!*d->stop)
		return 0;
	if (!d->stopped_ns)
		d->stopped_ns = clock_mono_ns();
	return clock_mono_ns() - d->stopped_ns > STOP_GRACE_S * UINT64_C(1000000000);
}

/* ---- setting up ---- */

static bool add(struct curl_slist **list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(*list, text);
	*list = longer ? longer : *list;
	return longer != NULL;
}

static bool set_common(struct deliverer *d)
{
	CURL *c = d->easy;
	/* A redirection is not followed: it would carry what is told elsewhere. */
	return curl_easy_setopt(c, CURLOPT_URL, d->url) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR,
		       d->t->kind == TARGET_MAIL ? "smtp,smtps" : "http,https") == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_ERRORBUFFER, d->error) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_answer) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEDATA, d) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_XFERINFODATA, d) == CURLE_OK;
}

/* Who gives a password wants it to go through TLS, but to the machine itself. */
static long tls_of(const char *url)
{
	const char *host = strstr(url, "://") + 3, *at = strchr(host, '@');
	if (!at)
		return (long)CURLUSESSL_TRY;
	host = at + 1;
	bool here = strncmp(host, "localhost", 9) == 0 || strncmp(host, "127.", 4) == 0 ||
		    strncmp(host, "[::1]", 5) == 0;
	return here ? (long)CURLUSESSL_TRY : (long)CURLUSESSL_ALL;
}

static bool set_mail(struct deliverer *d, const char *from)
{
	CURL *c = d->easy;
	for (unsigned i = 0; i < d->t->nto; i++)
		if (!add(&d->to, d->t->to[i]))
			return false;
	return curl_easy_setopt(c, CURLOPT_MAIL_FROM, from) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_MAIL_RCPT, d->to) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_USE_SSL, tls_of(d->t->url)) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_READDATA, d) == CURLE_OK;
}

static bool set_http(struct deliverer *d)
{
	CURL *c = d->easy;
	/* "Expect:" without a value keeps curl from waiting for a 100 that many never send. */
	return add(&d->headers, "Content-Type: application/json") && add(&d->headers, "Expect:") &&
	       curl_easy_setopt(c, CURLOPT_HTTPHEADER, d->headers) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_USERAGENT, "plimsoll/" PLIMSOLL_VERSION) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_POST, 1L) == CURLE_OK;
}

int deliverer_open(const struct target *t, struct runner *runner, const volatile sig_atomic_t *stop,
	struct deliverer **ret)
{
	struct deliverer *d = calloc(1, sizeof *d);
	char name[65] = "localhost";
	if (!d)
		return -ENOMEM;
	d->t = t;
	d->runner = runner;
	d->stop = stop;
	(void)gethostname(name, sizeof name - 1);
	(void)snprintf(
		d->from, sizeof d->from, t->from ? "%s" : "plimsoll@%s", t->from ? t->from : name);
	bool good = true;
	if (t->kind != TARGET_COMMAND) {
		size_t n = strlen(t->url);
		while (t->kind == TARGET_ALERTMANAGER && n && t->url[n - 1] == '/')
			n--;
		(void)snprintf(d->url, sizeof d->url, "%.*s%s", (int)n, t->url,
			t->kind == TARGET_ALERTMANAGER ? "/api/v2/alerts" : "");
		d->easy = curl_easy_init();
		good = d->easy && set_common(d) &&
		       (t->kind == TARGET_MAIL ? set_mail(d, d->from) : set_http(d));
	}
	if (!good) {
		deliverer_close(d);
		return -ENOMEM;
	}
	*ret = d;
	return 0;
}

void deliverer_close(struct deliverer *d)
{
	if (!d)
		return;
	curl_easy_cleanup(d->easy);
	curl_slist_free_all(d->headers);
	curl_slist_free_all(d->to);
	free(d);
}

/* ---- delivering ---- */

static void explain(struct deliverer *d, CURLcode r, long status, char why[static 200])
{
	char text[400];
	if (r != CURLE_OK)
		(void)snprintf(
			text, sizeof text, "%s", *d->error ? d->error : curl_easy_strerror(r));
	else
		(void)snprintf(text, sizeof text, "HTTP %ld%s%s", status, *d->answer ? ": " : "",
			d->answer);
	(void)text_safe(why, 200, text);
}

static enum delivery perform(struct deliverer *d, char why[static 200], double *retry_s)
{
	long status = 0;
	curl_off_t retry = 0;
	d->answer[0] = d->error[0] = '\0';
	CURLcode r = curl_easy_perform(d->easy);
	(void)curl_easy_getinfo(d->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(d->easy, CURLINFO_RETRY_AFTER, &retry);
	*retry_s = (double)retry;
	bool mail = d->t->kind == TARGET_MAIL;
	if (r == CURLE_OK && (mail || status / 100 == 2))
		return DELIVERED;
	explain(d, r, status, why);
	/* 4xx of HTTP and 5xx of SMTP are about what was sent */
	bool refused = mail ? r != CURLE_OK && status / 100 == 5 && status != 530 && status != 535
			    : r == CURLE_OK && status / 100 == 4 && status != 408 && status != 429;
	return refused ? DELIVERY_REFUSED : DELIVERY_RETRY;
}

static enum delivery send_mail(struct deliverer *d, const struct message *m, const char *host,
	uint64_t now_ns, char why[static 200], double *retry_s)
{
	char *mail = message_mail(m, d->t, host, now_ns);
	if (!mail) {
		(void)snprintf(why, 200, "%s", strerror(ENOMEM));
		return DELIVERY_RETRY;
	}
	d->mail = mail;
	d->left = strlen(mail);
	enum delivery r = perform(d, why, retry_s);
	free(mail);
	return r;
}

static enum delivery post(
	struct deliverer *d, const char *json, char why[static 200], double *retry_s)
{
	(void)curl_easy_setopt(d->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(json));
	(void)curl_easy_setopt(d->easy, CURLOPT_POSTFIELDS, json);
	return perform(d, why, retry_s);
}

static enum delivery run(struct deliverer *d, const struct message *m, char why[static 200])
{
	/* which of them it is, the runner knows by its place: see notify_run() */
	int status = runner_run(d->runner, d->t->place, m->json, strlen(m->json));
	if (status == 0)
		return DELIVERED;
	if (status == RUN_LATE)
		(void)snprintf(why, 200, "did not end within its deadline, and was killed");
	else if (status == RUN_NOT || status == 126 || status == 127)
		(void)snprintf(why, 200, "could not be started");
	else if (status > 128)
		(void)snprintf(why, 200, "was ended by signal %d", status - 128);
	else
		(void)snprintf(why, 200, "ended with status %d", status);
	return DELIVERY_RETRY;
}

enum delivery deliver(struct deliverer *d, const struct message *m, const char *host,
	uint64_t now_ns, char why[static 200], double *retry_s)
{
	why[0] = '\0';
	*retry_s = 0;
	switch (d->t->kind) {
	case TARGET_MAIL: return send_mail(d, m, host, now_ns, why, retry_s);
	case TARGET_COMMAND: return run(d, m, why);
	default: return post(d, m->json, why, retry_s);
	}
}

enum delivery deliver_alerts(
	struct deliverer *d, const char *json, char why[static 200], double *retry_s)
{
	why[0] = '\0';
	return post(d, json, why, retry_s);
}
