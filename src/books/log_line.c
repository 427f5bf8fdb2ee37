/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "books/log_line.h"

#include "base/attr.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { YEAR_MIN = 1990, YEAR_MAX = 2200, MINUTE = 60, HOUR = 3600 };

/* ---- pieces ---- */

static bool number(struct scan *s, unsigned digits, int *ret)
{
	int v = 0;
	for (unsigned i = 0; i < digits; i++) {
		if (s->p + i >= s->end || s->p[i] < '0' || s->p[i] > '9')
			return false;
		v = v * 10 + (s->p[i] - '0');
	}
	s->p += digits;
	*ret = v;
	return true;
}

static bool month(struct scan *s, int *ret)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	for (int i = 0; i < 12 && scan_len(*s) >= 3; i++)
		if (memcmp(s->p, names + (size_t)i * 3, 3) == 0) {
			*ret = i;
			s->p += 3;
			return true;
		}
	return false;
}

static bool in_range(const struct tm *t)
{
	return t->tm_mday >= 1 && t->tm_mday <= 31 && t->tm_hour < 24 && t->tm_min < 60 &&
	       t->tm_sec <= 60 && t->tm_year >= YEAR_MIN - 1900 && t->tm_year <= YEAR_MAX - 1900;
}

/* "22/Nov/2026:12:27:19.976" is local time; "22/Nov/2026:12:27:19 +0100" says which. */
static bool date(struct scan *s, uint64_t *ret_ms)
{
	struct tm t = {.tm_isdst = -1};
	struct scan c = *s;
	int year, ms = 0, zone, sign;
	if (!number(&c, 2, &t.tm_mday) || !scan_skip(&c, '/') || !month(&c, &t.tm_mon) ||
		!scan_skip(&c, '/') || !number(&c, 4, &year) || !scan_skip(&c, ':') ||
		!number(&c, 2, &t.tm_hour) || !scan_skip(&c, ':') || !number(&c, 2, &t.tm_min) ||
		!scan_skip(&c, ':') || !number(&c, 2, &t.tm_sec))
		return false;
	t.tm_year = year - 1900;
	if (!in_range(&t))
		return false;
	time_t at;
	if (scan_skip(&c, '.')) {
		if (!number(&c, 3, &ms))
			return false;
		at = mktime(&t);
	} else if (scan_skip(&c, ' ') && scan_len(c) >= 5 && (*c.p == '+' || *c.p == '-')) {
		sign = *c.p++ == '-' ? -1 : 1;
		if (!number(&c, 4, &zone))
			return false;
		at = timegm(&t) - sign * (zone / 100 * HOUR + zone % 100 * MINUTE);
	} else {
		at = mktime(&t);
	}
	if (at < 0)
		return false;
	*ret_ms = (uint64_t)at * 1000 + (uint64_t)ms;
	*s = c;
	return true;
}

/* "2026/11/22 12:27:19", local time. */
static bool date_of_nginx(struct scan *s, uint64_t *ret_ms)
{
	struct tm t = {.tm_isdst = -1};
	struct scan c = *s;
	int year, mon;
	if (!number(&c, 4, &year) || !scan_skip(&c, '/') || !number(&c, 2, &mon) ||
		!scan_skip(&c, '/') || !number(&c, 2, &t.tm_mday) || !scan_skip(&c, ' ') ||
		!number(&c, 2, &t.tm_hour) || !scan_skip(&c, ':') || !number(&c, 2, &t.tm_min) ||
		!scan_skip(&c, ':') || !number(&c, 2, &t.tm_sec) || mon < 1 || mon > 12)
		return false;
	t.tm_year = year - 1900;
	t.tm_mon = mon - 1;
	time_t at = in_range(&t) ? mktime(&t) : -1;
	if (at < 0)
		return false;
	*ret_ms = (uint64_t)at * 1000;
	*s = c;
	return true;
}

static bool address(const char *p, size_t n, struct address *ret)
{
	char text[INET6_ADDRSTRLEN];
	if (n == 0 || n >= sizeof text)
		return false;
	memcpy(text, p, n);
	text[n] = '\0';
	struct address a = {.family = memchr(text, ':', n) ? AF_INET6 : AF_INET};
	if (inet_pton(a.family, text, a.bytes) != 1)
		return false;
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	if (a.family == AF_INET6 && memcmp(a.bytes, mapped, sizeof mapped) == 0) {
		memmove(a.bytes, a.bytes + sizeof mapped, 4);
		memset(a.bytes + 4, 0, sizeof a.bytes - 4);
		a.family = AF_INET;
	}
	*ret = a;
	return true;
}

/* The word that ends at p. */
static struct scan word_before(const char *begin, const char *p)
{
	const char *from = p;
	while (from > begin && from[-1] != ' ' && from[-1] != '\t')
		from--;
	return (struct scan){from, p};
}

/* A request in quotes: "GET /path?x HTTP/1.1". What is no request gives an empty URL. */
static struct scan url_of(struct scan quoted)
{
	struct scan method, url;
	if (!scan_word(&quoted, &method) || !scan_word(&quoted, &url))
		return (struct scan){quoted.end, quoted.end};
	const char *query = memchr(url.p, '?', scan_len(url));
	if (query)
		url.end = query;
	return url;
}

/* What stands in the next pair of quotes; a backslash takes the next byte with it. */
static bool quoted(struct scan *s, struct scan *ret)
{
	const char *p = memchr(s->p, '"', scan_len(*s));
	if (!p)
		return false;
	const char *from = ++p;
	while (p < s->end && *p != '"')
		p += *p == '\\' && p + 1 < s->end ? 2 : 1;
	if (p >= s->end)
		return false;
	*ret = (struct scan){from, p};
	s->p = p + 1;
	return true;
}

/* ---- HAProxy ---- */

/* "0/0/0/0/3001": the last one is how long all of it took; a '+' is before what was logged early. Returns how many there are. */
static unsigned timers(struct scan word, struct log_line *ret)
{
	unsigned n = 0;
	int64_t last = -1;
	while (word.p < word.end && n < 8) {
		(void)scan_skip(&word, '+');
		if (!scan_i64(&word, &last))
			return 0;
		n++;
		if (word.p < word.end && !scan_skip(&word, '/'))
			return 0;
	}
	ret->have_took = n > 0 && last >= 0;
	ret->took_ms = ret->have_took ? (uint64_t)last : 0;
	return n;
}

static bool termination(struct scan word, size_t letters, struct log_line *ret)
{
	if (scan_len(word) != letters || !strchr("CSPLRIDUKcs-", word.p[0]) ||
		!strchr("RQCHDLT-", word.p[1]))
		return false;
	ret->who = word.p[0];
	ret->when = word.p[1];
	ret->timed_out = ret->who == 'c' || ret->who == 's';
	return true;
}

/* Behind the date: "www chat/a 0/0/0/0/3001 101 137 - - cD-- 1/1/0/0/0 0/0 "GET ..."", or of TCP "www chat/a 0/0/3001 137 cD 1/1/0/0/0 0/0". */
static bool haproxy_rest(struct scan s, struct log_line *ret)
{
	struct scan front, back, word, request;
	uint64_t v;
	if (!scan_word(&s, &front) || !scan_word(&s, &back) || !scan_word(&s, &word))
		return false;
	const char *slash = memchr(back.p, '/', scan_len(back));
	unsigned n = timers(word, ret);
	if (!slash || (n != 5 && n != 3))
		return false;
	ret->proxy = (struct scan){back.p, slash};
	if (n == 5) {
		if (!scan_word(&s, &word))
			return false;
		ret->status = scan_u64(&word, &v) && v >= 100 && v <= 999 ? (unsigned)v : 0;
	}
	if (!scan_u64(&s, &ret->bytes))
		return false;
	for (int cookies = 0; n == 5 && cookies < 2; cookies++)
		if (!scan_word(&s, &word))
			return false;
	if (!scan_word(&s, &word) || !termination(word, n == 5 ? 4 : 2, ret))
		return false;
	ret->tunnel = n == 3 || ret->status == 101;
	if (n == 5 && quoted(&s, &request))
		ret->url = url_of(request);
	ret->form = LOG_HAPROXY;
	return true;
}

/* CLIENT:PORT before " [", the date behind it. */
static bool haproxy(struct scan line, struct log_line *ret)
{
	const char *bracket = line.p;
	while ((bracket = memchr(bracket, '[', (size_t)(line.end - bracket))) != NULL) {
		struct scan rest = {bracket + 1, line.end};
		struct scan client = bracket > line.p ? word_before(line.p, bracket - 1)
						      : (struct scan){line.p, line.p};
		const char *colon = memrchr(client.p, ':', scan_len(client));
		if (colon && bracket[-1] == ' ' && date(&rest, &ret->at_ms) &&
			scan_skip(&rest, ']') &&
			address(client.p, (size_t)(colon - client.p), &ret->peer))
			return haproxy_rest(rest, ret);
		bracket++;
	}
	return false;
}

/* ---- Apache, nginx ---- */

/* "1500000", microseconds (Apache's %D), or "1.500", seconds (nginx's $request_time). */
static void duration(struct scan word, struct log_line *ret)
{
	uint64_t whole, part;
	if (!word.p || scan_len(word) == 0 || *word.p < '0' || *word.p > '9' ||
		!scan_u64(&word, &whole))
		return;
	if (word.p == word.end) {
		ret->took_ms = whole / 1000;
	} else if (scan_skip(&word, '.') && scan_len(word) == 3 && *word.p >= '0' &&
		   *word.p <= '9' && scan_u64(&word, &part) && word.p == word.end &&
		   whole < UINT32_MAX) {
		ret->took_ms = whole * 1000 + part;
	} else {
		return;
	}
	ret->have_took = true;
}

/* HOST IDENT USER [DATE] "REQUEST" STATUS BYTES ...; combined has two more texts in quotes. */
static bool access_log(struct scan line, struct log_line *ret)
{
	struct scan s = line, host, word, request, text;
	uint64_t v;
	const char *bracket = memchr(line.p, '[', scan_len(line));
	if (!bracket || !scan_word(&s, &host))
		return false;
	s.p = bracket + 1;
	if (s.p > s.end || !date(&s, &ret->at_ms) || !scan_skip(&s, ']') || !quoted(&s, &request) ||
		!scan_u64(&s, &v) || v < 100 || v > 999 || !scan_word(&s, &word))
		return false;
	ret->status = (unsigned)v;
	ret->bytes = scan_u64(&word, &v) ? v : 0;
	(void)address(host.p, scan_len(host), &ret->peer);
	ret->url = url_of(request);
	ret->tunnel = ret->status == 101;
	while (quoted(&s, &text))
		;
	struct scan last = {NULL, NULL};
	unsigned words = 0;
	for (; scan_word(&s, &word); words++)
		last = word;
	if (words == 1) /* two are bytes in and out */
		duration(last, ret);
	ret->form = LOG_ACCESS;
	return true;
}

/* The piece behind `key`, to the next comma. */
static struct scan behind(struct scan s, const char *key)
{
	size_t n = strlen(key);
	const char *p = memmem(s.p, scan_len(s), key, n);
	if (!p)
		return (struct scan){s.end, s.end};
	p += n;
	const char *comma = memchr(p, ',', (size_t)(s.end - p));
	return (struct scan){p, comma ? comma : s.end};
}

static bool nginx_error(struct scan line, struct log_line *ret)
{
	static const char none_left[] = " worker_connections are not enough",
			  timed_out[] = " upstream timed out (",
			  upgraded[] = ") while proxying upgraded connection,";
	struct scan s = line, request, client;
	if (!date_of_nginx(&s, &ret->at_ms))
		return false;
	if (memmem(s.p, scan_len(s), none_left, sizeof none_left - 1)) {
		ret->at_end = true;
		ret->form = LOG_NGINX_FULL;
		return true;
	}
	if (!memmem(s.p, scan_len(s), timed_out, sizeof timed_out - 1))
		return false;
	ret->at_end = ret->timed_out = true;
	ret->tunnel = memmem(s.p, scan_len(s), upgraded, sizeof upgraded - 1) != NULL;
	client = behind(s, ", client: ");
	(void)address(client.p, scan_len(client), &ret->peer);
	s = behind(s, ", request: ");
	s.end = line.end; /* a request may have commas */
	if (quoted(&s, &request))
		ret->url = url_of(request);
	ret->form = LOG_NGINX_ERROR;
	return true;
}

bool log_line(struct scan line, struct log_line *ret)
{
	static bool (*const forms[])(struct scan line, struct log_line * ret) = {
		nginx_error, haproxy, access_log};
	for (size_t i = 0; i < COUNTOF(forms); i++) {
		*ret = (struct log_line){.form = LOG_OTHER};
		ret->proxy = ret->url = (struct scan){line.end, line.end};
		if (forms[i](line, ret))
			return true;
	}
	return false;
}
