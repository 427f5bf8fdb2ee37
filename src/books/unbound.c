/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Unbound: "stats_noreset" on its control socket, where that is a unix socket, as Debian has it; by TCP it takes TLS with keys of its own, and is
 * not asked. What it runs out of: the list of requests that it is at (num-queries-per-thread), connections (incoming-num-tcp). */
#include "books/unbound.h"

#include "books/conf.h"
#include "books/line.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct state {
	struct unbound_config config;
	struct line line;
	int dir_fd;
	char name[64];
};

void unbound_read_config(struct scan text, struct unbound_config *ret)
{
	struct scan line;
	uint64_t v;
	while (scan_line(&text, &line)) {
		char buf[512];
		const char *w[2];
		if (conf_words(line, buf, sizeof buf, w, 2) < 2)
			continue;
		struct scan number = scan_over(w[1], strlen(w[1]));
		if (strcmp(w[0], "control-interface:") == 0 && w[1][0] == '/' &&
			strlen(w[1]) < sizeof ret->control)
			(void)snprintf(ret->control, sizeof ret->control, "%s", w[1]);
		else if (strcmp(w[0], "control-enable:") == 0)
			ret->enabled = strcmp(w[1], "yes") == 0;
		else if (strcmp(w[0], "num-queries-per-thread:") == 0 && line_number(number, &v))
			ret->queries = v;
		else if (strcmp(w[0], "incoming-num-tcp:") == 0 && line_number(number, &v))
			ret->tcp = v;
		else if (strcmp(w[0], "num-threads:") == 0 && line_number(number, &v))
			ret->threads = v;
		else if ((strcmp(w[0], "include:") == 0 ||
				 strcmp(w[0], "include-toplevel:") == 0) &&
			 ret->includes < UNBOUND_INCLUDES && strlen(w[1]) < sizeof *ret->include)
			(void)snprintf(
				ret->include[ret->includes++], sizeof *ret->include, "%s", w[1]);
	}
}

static bool read_file(const struct book_target *t, const char *path, struct unbound_config *ret)
{
	size_t len;
	AUTO_FREE char *text = conf_read(t, path, &len);
	if (text)
		unbound_read_config(scan_over(text, len), ret);
	return text != NULL;
}

static void read_included(const struct book_target *t, const char *path, void *ctx)
{
	(void)read_file(t, path, ctx);
}

int book_open_unbound(struct book_target *t)
{
	struct conf_args args;
	struct state *s = t->state ? t->state : calloc(1, sizeof *s);
	int i = 1;
	if (!s)
		return -ENOMEM;
	if (t->state)
		line_close(&s->line);
	if (t->state && s->dir_fd >= 0)
		(void)close(s->dir_fd);
	*s = (struct state){.line = LINE_NONE, .dir_fd = -1};
	t->state = s;
	const char *option = conf_args(t->pid, &args) == 0 ? conf_option(&args, "-c", &i) : NULL;
	if (!read_file(t, option ? option : "/etc/unbound/unbound.conf", &s->config))
		return -ENOENT;
	for (int k = 0; k < s->config.includes; k++) /* an included file may include more */
		conf_each(t, s->config.include[k], read_included, &s->config);
	if (!s->config.enabled || !s->config.control[0])
		return -ENOENT;
	s->dir_fd = conf_socket(t, s->config.control, s->name);
	return s->dir_fd < 0 ? s->dir_fd : 0;
}

/* ---- the answer: name=value ---- */

/* Seconds with a fraction, as microseconds. */
static bool seconds_us(struct scan value, uint64_t *ret)
{
	uint64_t whole, us = 0;
	if (!scan_u64(&value, &whole) || whole > 1000000)
		return false;
	if (scan_skip(&value, '.'))
		for (uint64_t unit = 100000;
			unit && value.p < value.end && *value.p >= '0' && *value.p <= '9';
			unit /= 10)
			us += unit * (uint64_t)(*value.p++ - '0');
	*ret = whole * 1000000 + us;
	return true;
}

bool unbound_parse(struct scan text, const struct unbound_config *c, struct book *ret)
{
	enum { QUERIES, ALL, ASKED, MOST, EXCEEDED, TCP, POOL_FIELDS };
	static const struct line_wanted wanted[] = {[QUERIES] = {"total.num.queries", NULL},
		[ALL] = {"total.requestlist.current.all", NULL},
		[ASKED] = {"total.requestlist.current.user", NULL},
		[MOST] = {"total.requestlist.max", NULL},
		[EXCEEDED] = {"total.requestlist.exceeded", NULL},
		[TCP] = {"total.tcpusage", NULL},
		{"total.num.cachehits", "cache.hits"},
		{"total.num.cachemiss", "cache.misses"},
		{"total.requestlist.overwritten", "requests.overwritten"},
		{"total.num.queries_ip_ratelimited", "requests.limited"},
		{"num.answer.rcode.SERVFAIL", "answers.servfail"},
		{"unwanted.replies", "answers.unwanted"}};
	uint64_t pool[POOL_FIELDS] = {0}, time_us = 0;
	unsigned seen = 0;
	struct scan line;
	char limit[32] = "";
	while (scan_line(&text, &line)) {
		const char *equals = memchr(line.p, '=', scan_len(line));
		if (!equals)
			continue;
		struct scan name = {line.p, equals}, value = {equals + 1, line.end};
		if (scan_is(name, "total.recursion.time.avg"))
			(void)seconds_us(value, &time_us);
		line_wanted_take(wanted, COUNTOF(wanted), name, value, pool, &seen, ret);
	}
	if (!(seen & 1u << QUERIES))
		return false;
	/* What clients asked counts for the limit; Unbound 1.10 tells nonsense of it at times. */
	uint64_t under_way =
		(seen & 1u << ASKED) && pool[ASKED] < pool[ALL] ? pool[ASKED] : pool[ALL];
	uint64_t threads = c->threads ? c->threads : 1, most;
	book_line(ret, "number config.threads %" PRIu64, threads);
	if (c->queries && !__builtin_mul_overflow(c->queries, threads, &most))
		(void)snprintf(limit, sizeof limit, " limit=%" PRIu64, most);
	book_line(ret,
		"pool queue requests used=%" PRIu64 "%s high=%" PRIu64 " served=%" PRIu64
		" refused=%" PRIu64 " time=%" PRIu64,
		under_way, limit, pool[MOST], pool[QUERIES], pool[EXCEEDED], time_us);
	limit[0] = '\0';
	if (!__builtin_mul_overflow(c->tcp ? c->tcp : 10, threads, &most)) /* 10: unbound.conf(5) */
		(void)snprintf(limit, sizeof limit, " limit=%" PRIu64, most);
	if (seen & 1u << TCP)
		book_line(ret, "pool connections tcp used=%" PRIu64 "%s", pool[TCP], limit);
	return true;
}

void book_ask_unbound(struct book_target *t, bool full, struct book *ret)
{
	static struct book found;
	static const char command[] = "UBCT1 stats_noreset\n";
	struct state *s = t->state;
	struct line none = LINE_NONE, *l = s ? &s->line : &none;
	(void)full; /* its control socket is not where it serves */
	found = (struct book){0};
	line_begin(l);
	if (!s || s->dir_fd < 0)
		l->status = BOOK_CLOSED;
	else if ((l->owed || (line_unix(l, s->dir_fd, s->name) &&
				     line_send(l, command, sizeof command - 1))) &&
		 line_receive(l, NULL, NULL) &&
		 !unbound_parse(scan_over(l->bytes, l->n), &s->config, &found))
		l->status = BOOK_GARBAGE;
	line_end(l);
	if (l->status != BOOK_OK)
		found = (struct book){0};
	line_book(l, ret, t, "unbound",
		s && s->dir_fd >= 0 ? s->config.control : "control-interface: /run/unbound.ctl",
		&found);
}
