/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* memcached: "stats" of its text protocol (doc/protocol.txt), on one connection that stays open. Asking takes no worker. What it pushes out to make
 * room is no trouble of itself: that is how a cache works. */
#include "books/memcached.h"

#include "books/conf.h"
#include "books/line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct state {
	struct line line;
	int dir_fd;
	char name[64], path[108];
};

enum { CONNECTED, MAX, TOTAL, REJECTED, BYTES, LIMIT, POOL_FIELDS };

enum book_status memcached_parse(struct scan text, struct book *ret)
{
	static const struct line_wanted wanted[] = {[CONNECTED] = {"curr_connections", NULL},
		[MAX] = {"max_connections", NULL},
		[TOTAL] = {"total_connections", NULL},
		[REJECTED] = {"rejected_connections", NULL},
		[BYTES] = {"bytes", NULL},
		[LIMIT] = {"limit_maxbytes", NULL},
		{"listen_disabled_num", "connections.stopped"},
		{"conn_yields", "connections.yields"},
		{"threads", "threads"},
		{"curr_items", "items"},
		{"evictions", "items.evicted"},
		{"reclaimed", "items.expired"},
		{"cmd_get", "gets"},
		{"get_hits", "gets.hits"},
		{"get_misses", "gets.misses"},
		{"cmd_set", "sets"},
		{"store_no_memory", "sets.no.memory"},
		{"uptime", "uptime.s"}};
	uint64_t pool[POOL_FIELDS] = {0};
	unsigned seen = 0;
	struct scan line, word, name;
	if (scan_starts(text, "ERROR Too many open connections"))
		return BOOK_FULL;
	if (scan_starts(text, "CLIENT_ERROR unauthenticated"))
		return BOOK_DENIED;
	while (scan_line(&text, &line)) {
		if (line.end > line.p && line.end[-1] == '\r')
			line.end--;
		if (!scan_word(&line, &word) || !scan_is(word, "STAT") || !scan_word(&line, &name))
			continue;
		scan_blanks(&line);
		line_wanted_take(wanted, COUNTOF(wanted), name, line, pool, &seen, ret);
	}
	if (!(seen & 1u << CONNECTED) || !(seen & 1u << BYTES))
		return BOOK_GARBAGE;
	char limit[32] = "";
	if (seen & 1u << MAX)
		(void)snprintf(limit, sizeof limit, " limit=%" PRIu64, pool[MAX]);
	book_line(ret, "pool connections - used=%" PRIu64 "%s served=%" PRIu64 " refused=%" PRIu64,
		pool[CONNECTED], limit, pool[TOTAL], pool[REJECTED]);
	book_line(ret, "pool memory - used=%" PRIu64 " limit=%" PRIu64, pool[BYTES], pool[LIMIT]);
	return BOOK_OK;
}

int book_open_memcached(struct book_target *t)
{
	struct state *s = t->state ? t->state : calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	if (t->state) {
		line_close(&s->line);
		if (s->dir_fd >= 0)
			(void)close(s->dir_fd);
	}
	*s = (struct state){.line = LINE_NONE, .dir_fd = -1};
	t->state = s;
	if (t->port)
		return 0;
	(void)snprintf(s->path, sizeof s->path, "%s", t->path);
	if (!s->path[0] && conf_listening(t, NULL, s->path, sizeof s->path) < 0)
		return -ENOENT;
	s->dir_fd = conf_socket(t, s->path, s->name);
	return s->dir_fd < 0 ? s->dir_fd : 0;
}

static bool enough(const char *bytes, size_t n, void *ctx)
{
	(void)ctx;
	if (n >= 5 && memcmp(bytes + n - 5, "END\r\n", 5) == 0)
		return true;
	return n >= 5 && strncmp(bytes, "STAT ", 5) != 0 &&
	       memchr(bytes, '\n', n); /* an error is a line */
}

static bool ask_one(struct line *l, struct book *found)
{
	static const char command[] = "stats\r\n";
	if ((!l->owed && !line_send(l, command, sizeof command - 1)) ||
		!line_receive(l, enough, NULL))
		return false;
	enum book_status status = memcached_parse(scan_over(l->bytes, l->n), found);
	return status == BOOK_OK || line_fail(l, status);
}

void book_ask_memcached(struct book_target *t, bool full, struct book *ret)
{
	static struct book found;
	struct state *s = t->state;
	struct line none = LINE_NONE, *l = s ? &s->line : &none;
	char source[160] = "";
	(void)full;
	found = (struct book){0};
	line_begin(l);
	if (!s || (!t->port && s->dir_fd < 0)) {
		l->status = BOOK_CLOSED;
	} else {
		line_source(source, sizeof source, &t->address, t->port,
			s->dir_fd >= 0 ? s->path : NULL);
		bool again = l->fd >= 0;
		if (again && !ask_one(l, &found) && l->status == BOOK_DOWN) { /* closed since */
			l->status = BOOK_OK;
			again = false;
		}
		if (!again && (s->dir_fd >= 0 ? line_unix(l, s->dir_fd, s->name)
					      : line_tcp(l, &t->address, t->port)))
			(void)ask_one(l, &found);
	}
	if (l->status != BOOK_OK)
		found = (struct book){0};
	line_book(l, ret, t, "memcached", source, &found);
}
