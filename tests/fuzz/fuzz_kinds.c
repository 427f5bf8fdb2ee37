/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What servers of all kinds answer, and their configurations: the first byte picks which. Whatever the bytes, what comes of them is lines of a book
 * that have no more than it takes. Built plainly it runs the saved corpus. */
#include "books/bind.h"
#include "books/conf.h"
#include "books/dns.h"
#include "books/haproxy.h"
#include "books/line.h"
#include "books/log.h"
#include "books/logs.h"
#include "books/memcached.h"
#include "books/mysql.h"
#include "books/phpfpm.h"
#include "books/postgres.h"
#include "books/redis.h"
#include "books/squid.h"
#include "books/unbound.h"
#include "books/varnish.h"
#include "corpus.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static struct book book;

static void haproxy_config(struct scan s)
{
	static struct haproxy_config c;
	struct haproxy_defaults d = {0};
	memset(&c, 0, sizeof c);
	haproxy_read_config(s, &d, &c);
	for (int i = 0; i < c.n; i++)
		book_line(&book, "number %s %llu", c.timeout[i].name,
			(unsigned long long)c.timeout[i].ms);
}

static void haproxy_answer(struct scan s)
{
	(void)haproxy_parse(s, &book);
}

static void redis_answers(struct scan s)
{
	struct redis_reply r;
	uint64_t clients;
	for (int i = 0; i < 8 && redis_reply(&s, &r) > 0; i++) {
		if (r.text.p > r.text.end || r.text.end > s.p)
			abort();
		if (r.type == '$' && !redis_parse_info(r.text, 0, &book, &clients))
			redis_parse_clients(r.text, &book);
		redis_parse_slow(r, 1000, &book);
	}
}

static void redis_config(struct scan s)
{
	struct redis_config c;
	redis_read_config(s, &c);
}

static void phpfpm_config(struct scan s)
{
	static struct phpfpm_config c;
	memset(&c, 0, sizeof c);
	phpfpm_read_config(s, &c);
	for (int i = 0; i < c.n; i++) {
		unsigned char request[512];
		if (fastcgi_request(request, sizeof request, c.pool[i].status_path, "full") >
			sizeof request)
			abort();
	}
}

static void phpfpm_answer(struct scan s)
{
	static const struct phpfpm_pool pool = {
		.name = "www", .status_path = "/status", .max_children = 5};
	size_t length, n = scan_len(s);
	char *copy = malloc(n ? n : 1);
	if (!copy)
		return;
	memcpy(copy, s.p, n);
	int was = fastcgi_answer(copy, n, false, &length);
	if (was != fastcgi_answer(copy, n, true, &length) || length > n)
		abort();
	if (was == 1)
		(void)phpfpm_parse(scan_over(copy, length), &pool, &book);
	free(copy);
}

/* Fields between tabs. */
static int fields(struct scan line, struct scan *ret, int max)
{
	int n = 0;
	for (;;) {
		const char *tab = memchr(line.p, '\t', scan_len(line));
		ret[n] = (struct scan){line.p, tab && n + 1 < max ? tab : line.end};
		n++;
		if (!tab || n == max)
			return n;
		line.p = tab + 1;
	}
}

static void postgres_rows(struct scan s)
{
	struct scan line, f[POSTGRES_COLUMNS];
	while (scan_line(&s, &line))
		(void)postgres_row(f, fields(line, f, POSTGRES_COLUMNS), &book);
}

static void postgres_files(struct scan s)
{
	uint16_t port;
	char dir[108];
	(void)postgres_read_pid_file(s, &port, dir, sizeof dir);
	(void)postgres_read_config(s);
}

static void mysql_rows(struct scan s)
{
	struct scan line, f[MYSQL_COLUMNS];
	struct mysql_found found = {0};
	while (scan_line(&s, &line))
		(void)mysql_row(f, fields(line, f, MYSQL_COLUMNS), &found, &book);
	mysql_pool(&found, &book);
}

static void memcached_answer(struct scan s)
{
	(void)memcached_parse(s, &book);
}

static void squid_answer(struct scan s)
{
	struct scan body;
	if (line_http_answer(s, &body))
		(void)squid_parse(body, &book);
}

static void unbound_config(struct scan s)
{
	struct unbound_config c = {0};
	unbound_read_config(s, &c);
}

static void unbound_answer(struct scan s)
{
	static const struct unbound_config c = {.queries = 1024, .threads = 2};
	(void)unbound_parse(s, &c, &book);
}

static void bind_config(struct scan s)
{
	static struct bind_config c;
	memset(&c, 0, sizeof c);
	bind_read_config(s, &c);
}

static void bind_answer(struct scan s)
{
	static const struct bind_config c = {0};
	(void)bind_parse(s, &c, &book);
}

static void varnish_list(struct scan s)
{
	static struct varnish_segment segments[VARNISH_SEGMENTS];
	int n = varnish_index(s, segments);
	for (int i = 0; i < n; i++)
		if (segments[i].length > VARNISH_SEGMENT || strchr(segments[i].file, '/'))
			abort();
}

/* A line of JSON, then a piece of memory. */
static void varnish_piece(struct scan s)
{
	struct scan line, body;
	struct varnish_found f = {.thread_max = 5000};
	uint64_t id;
	if (!scan_line(&s, &line))
		return;
	json_t *doc = json_loadb(line.p, scan_len(line), 0, NULL);
	if (doc && varnish_head(s.p, scan_len(s), &body, &id)) {
		(void)varnish_counters(scan_over("MAIN", 4), doc, body, &f, &book);
		(void)varnish_counters(scan_over("SMA.s0", 6), doc, body, &f, &book);
		(void)varnish_counters(scan_over("VBE.a.b", 7), doc, body, &f, &book);
	}
	json_decref(doc);
}

static void dns(struct scan s)
{
	struct address a[DNS_SERVERS];
	if (dns_read_config(s, a) > DNS_SERVERS)
		abort();
	(void)dns_answer((const uint8_t *)s.p, scan_len(s), 0x1234);
}

static void words(struct scan s)
{
	char buf[64], text[128];
	const char *w[4];
	struct address a;
	uint16_t port;
	struct scan line;
	while (scan_line(&s, &line)) {
		int n = conf_words(line, buf, sizeof buf, w, 4);
		for (int i = 0; i < n; i++)
			if (strlen(w[i]) >= sizeof buf)
				abort();
		(void)snprintf(text, sizeof text, "%.*s",
			(int)(scan_len(line) < 100 ? scan_len(line) : 100), line.p);
		if (conf_address(text, &a, &port) && !port)
			abort();
	}
}

/* Lines of a log, half of them from before we came; what comes of them is bounded, and no text leaves its line. */
static void log_lines(struct scan s)
{
	static struct logs logs;
	struct scan line, all = s;
	struct log_line e;
	const uint64_t now_ms = UINT64_C(1795351320000); /* near the dates of the seeds */
	memset(&logs, 0, sizeof logs);
	logs.timers_ms[0] = 60000;
	for (bool old = false; scan_line(&s, &line); old = !old) {
		if (log_line(line, &e) &&
			(e.proxy.p < line.p || e.proxy.end > line.end || e.proxy.p > e.proxy.end ||
				e.url.p < line.p || e.url.end > line.end || e.url.p > e.url.end))
			abort();
		logs_take(&logs, line, now_ms, old);
	}
	static struct log_repeats repeats;
	memset(&repeats, 0, sizeof repeats);
	s = all;
	while (scan_line(&s, &line))
		log_repeats_take(&repeats, line);
	if (repeats.most > repeats.lines || !memchr(repeats.text, 0, sizeof repeats.text))
		abort();
	log_repeats_write(&repeats, 1, &book);
	logs_write(&logs, now_ms, &book);
	if (logs.count > LOGS_EVENTS || logs.nproxies > LOGS_PROXIES || logs.known > logs.lines ||
		!memchr(logs.url, 0, sizeof logs.url))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const targets[])(struct scan s) = {haproxy_config, haproxy_answer,
		redis_answers, redis_config, phpfpm_config, phpfpm_answer, postgres_rows,
		postgres_files, mysql_rows, memcached_answer, squid_answer, unbound_config,
		unbound_answer, bind_config, bind_answer, varnish_list, varnish_piece, dns, words,
		log_lines};
	if (size == 0)
		return 0;
	unsigned which = (unsigned)(data[0] - 'A') %
			 COUNTOF(targets); /* a letter, so that seeds can be read */
	size_t n = size - 1;
	char *copy = malloc(n ? n : 1); /* its own, so that a read past the end is seen */
	if (!copy)
		return 0;
	memcpy(copy, data + 1, n);
	book.n = 0;
	book.full = false;
	book.text[0] = '\0';
	targets[which](scan_over(copy, n));
	free(copy);
	if (book.n >= sizeof book.text || strlen(book.text) != book.n)
		abort();
	for (const char *p = book.text; *p; p = strchr(p, '\n') + 1)
		if (strncmp(p, "pool ", 5) != 0 && strncmp(p, "slot ", 5) != 0 &&
			strncmp(p, "number ", 7) != 0 && strncmp(p, "latency ", 8) != 0)
			abort();
	return 0;
}
