/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* BIND: its statistics channel, where one is set up ("statistics-channels { inet 127.0.0.1 port 8053; }"), as JSON. What it runs out of: clients
 * that wait for a recursion (recursive-clients, 1000), connections (tcp-clients, 150). */
#include "books/bind.h"

#include "books/conf.h"
#include "books/line.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct state {
	struct bind_config config;
	struct line line;
};

/* ---- configuration: words, braces and semicolons; three forms of comments ---- */

static bool next_token(struct scan *s, char *buf, size_t size)
{
	size_t n = 0;
	for (;;) {
		while (s->p < s->end && strchr(" \t\r\n", *s->p))
			s->p++;
		if (scan_starts(*s, "//") || scan_starts(*s, "#")) {
			while (s->p < s->end && *s->p != '\n')
				s->p++;
		} else if (scan_starts(*s, "/*")) {
			const char *end = memmem(s->p + 2, scan_len(*s) - 2, "*/", 2);
			s->p = end ? end + 2 : s->end;
		} else {
			break;
		}
	}
	if (s->p == s->end)
		return false;
	if (strchr("{};", *s->p)) {
		buf[n++] = *s->p++;
	} else {
		bool quoted = *s->p == '"';
		s->p += quoted;
		while (s->p < s->end && (quoted ? *s->p != '"' : !strchr(" \t\r\n{};\"", *s->p))) {
			if (n + 1 < size)
				buf[n++] = *s->p;
			s->p++;
		}
		s->p += quoted && s->p < s->end;
	}
	buf[n] = '\0';
	return true;
}

static void set_address(const char *text, struct bind_config *ret)
{
	struct address a = {.family = AF_INET};
	if (strcmp(text, "*") != 0 && inet_pton(AF_INET, text, a.bytes) != 1) {
		a.family = AF_INET6;
		if (inet_pton(AF_INET6, text, a.bytes) != 1)
			return;
	}
	ret->address = a;
	ret->port = 80; /* unless it says another */
}

void bind_read_config(struct scan text, struct bind_config *ret)
{
	char word[160], before[160] = "";
	int depth = 0, channels = 0; /* 0: not in there; else the depth that it began at */
	uint64_t v;
	while (next_token(&text, word, sizeof word)) {
		struct scan number = scan_over(word, strlen(word));
		if (strcmp(word, "{") == 0)
			depth++;
		else if (strcmp(word, "}") == 0)
			depth -= depth > 0;
		else if (strcmp(word, "statistics-channels") == 0)
			channels = depth + 1;
		else if (channels && strcmp(before, "inet") == 0 && !ret->port)
			set_address(word, ret);
		else if (channels && strcmp(before, "port") == 0 && ret->port &&
			 line_number(number, &v) && v <= UINT16_MAX)
			ret->port = (uint16_t)v;
		else if (strcmp(before, "recursive-clients") == 0 && line_number(number, &v))
			ret->recursive = v;
		else if (strcmp(before, "tcp-clients") == 0 && line_number(number, &v))
			ret->tcp = v;
		else if (depth == 0 && strcmp(before, "include") == 0 &&
			 ret->includes < BIND_INCLUDES)
			(void)snprintf(
				ret->include[ret->includes++], sizeof *ret->include, "%s", word);
		if (channels && depth < channels && strcmp(word, "}") == 0)
			channels = 0;
		(void)snprintf(before, sizeof before, "%s", word);
	}
}

static bool read_file(const struct book_target *t, const char *path, struct bind_config *ret)
{
	size_t len;
	char whole[256];
	(void)snprintf(whole, sizeof whole, "%s%s", *path == '/' ? "" : "/etc/bind/", path);
	AUTO_FREE char *text = conf_read(t, whole, &len);
	if (text)
		bind_read_config(scan_over(text, len), ret);
	return text != NULL;
}

int book_open_bind(struct book_target *t)
{
	struct conf_args args;
	struct state *s = t->state ? t->state : calloc(1, sizeof *s);
	int i = 1;
	if (!s)
		return -ENOMEM;
	if (t->state)
		line_close(&s->line);
	*s = (struct state){.line = LINE_NONE};
	t->state = s;
	const char *option = conf_args(t->pid, &args) == 0 ? conf_option(&args, "-c", &i) : NULL;
	if (!read_file(t, option ? option : "/etc/bind/named.conf", &s->config) &&
		!read_file(t, "/etc/named.conf", &s->config))
		return -ENOENT;
	for (int k = 0; k < s->config.includes; k++) /* an included file may include more */
		(void)read_file(t, s->config.include[k], &s->config);
	return s->config.port ? 0 : -ENOENT;
}

/* ---- the answer ---- */

static uint64_t number_in(const json_t *object, const char *key, bool *ret_there)
{
	const json_t *v = json_object_get(object, key);
	*ret_there = json_is_integer(v) && json_integer_value(v) >= 0;
	return *ret_there ? (uint64_t)json_integer_value(v) : 0;
}

bool bind_parse(struct scan text, const struct bind_config *c, struct book *ret)
{
	static const char *const wanted[][2] = {{"Requestv4", "requests.v4"},
		{"Requestv6", "requests.v6"}, {"ReqTCP", "requests.tcp"},
		{"QrySERVFAIL", "answers.servfail"}, {"QryDropped", "requests.dropped"},
		{"QryFailure", "answers.failed"}, {"RecQryRej", "recursion.rejected"},
		{"RateDropped", "answers.dropped"}, {"QryRecursion", "recursions"}};
	json_t *all = json_loadb(text.p, scan_len(text), JSON_REJECT_DUPLICATES, NULL);
	const json_t *ns = json_object_get(all, "nsstats");
	bool there, high;
	if (!json_is_object(ns)) {
		json_decref(all);
		return false;
	}
	for (size_t i = 0; i < COUNTOF(wanted); i++) {
		uint64_t v = number_in(ns, wanted[i][0], &there);
		if (there) /* what is 0 is not told */
			book_line(ret, "number %s %" PRIu64, wanted[i][1], v);
	}
	uint64_t used = number_in(ns, "RecursClients", &there),
		 refused = number_in(ns, "RecLimitDropped", &there);
	book_line(ret, "pool queue recursion used=%" PRIu64 " limit=%" PRIu64 " refused=%" PRIu64,
		used, c->recursive ? c->recursive : 1000, refused);
	uint64_t most = number_in(ns, "TCPConnHighWater", &high);
	if (high)
		book_line(ret, "pool connections tcp limit=%" PRIu64 " high=%" PRIu64,
			c->tcp ? c->tcp : 150, most);
	json_decref(all);
	return true;
}

void book_ask_bind(struct book_target *t, bool full, struct book *ret)
{
	static struct book found;
	struct state *s = t->state;
	struct line none = LINE_NONE, *l = s ? &s->line : &none;
	struct scan body;
	char source[160] = "statistics-channels { inet 127.0.0.1 port 8053; };";
	(void)full; /* its channel is not where it serves */
	found = (struct book){0};
	line_begin(l);
	if (!s || !s->config.port) {
		l->status = BOOK_CLOSED;
	} else {
		line_source(source, sizeof source, &s->config.address, s->config.port, NULL);
		if ((l->owed || line_tcp(l, &s->config.address, s->config.port)) &&
			line_http(l, source, "/json/v1/server", false, &body) &&
			!bind_parse(body, &s->config, &found))
			l->status = BOOK_GARBAGE;
	}
	line_end(l);
	if (l->status != BOOK_OK)
		found = (struct book){0};
	line_book(l, ret, t, "named", source, &found);
}
