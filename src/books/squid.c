/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Squid: the page "info" of its cache manager, by HTTP where it listens; its own configuration lets the machine itself have it
 * ("http_access allow localhost manager"). What it runs out of is file descriptors: then it stops to accept. */
#include "books/squid.h"

#include "books/line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct line line = LINE_NONE; /* a reader process has exactly one */

/* Some are with a fraction, a percent sign, or a unit behind. */
static bool leading(struct scan value, uint64_t *ret)
{
	return scan_u64(&value, ret);
}

bool squid_parse(struct scan text, struct book *ret)
{
	static const struct {
		const char *name, *number;
	} wanted[] = {{"Number of file desc currently in use", NULL},
		{"Maximum number of file descriptors", NULL},
		{"Reserved number of file descriptors", NULL},
		{"Largest file desc currently in use", NULL},
		{"Number of clients accessing cache", "clients"},
		{"Number of HTTP requests received", "requests"},
		{"Number of queued ICP replies", "icp.queued"},
		{"Files queued for open", "files.queued"}, {"Store Disk files open", "files.store"},
		{"UP Time", "uptime.s"}};
	uint64_t pool[4] = {0}, v;
	unsigned seen = 0;
	struct scan row;
	while (scan_line(&text, &row)) {
		scan_blanks(&row);
		const char *colon = memchr(row.p, ':', scan_len(row));
		if (!colon)
			continue;
		struct scan name = {row.p, colon}, value = {colon + 1, row.end};
		if (!leading(value, &v))
			continue;
		for (size_t i = 0; i < COUNTOF(wanted); i++) {
			if (!scan_is(name, wanted[i].name))
				continue;
			if (i < COUNTOF(pool)) {
				pool[i] = v;
				seen |= 1u << i;
			} else {
				book_line(ret, "number %s %" PRIu64, wanted[i].number, v);
			}
		}
	}
	if ((seen & 3) != 3)
		return false;
	book_line(ret,
		"pool connections descriptors used=%" PRIu64 " limit=%" PRIu64 " high=%" PRIu64,
		pool[0], pool[1] > pool[2] ? pool[1] - pool[2] : pool[1], pool[3]);
	return true;
}

int book_open_squid(struct book_target *t)
{
	t->state = NULL;
	line_close(&line);
	return t->port ? 0 : -ENOENT;
}

void book_ask_squid(struct book_target *t, bool full, struct book *ret)
{
	static struct book found;
	struct scan body;
	char source[160] = "";
	found = (struct book){0};
	line_begin(&line);
	line_source(source, sizeof source, &t->address, t->port, NULL);
	if (!t->port)
		line.status = BOOK_CLOSED;
	else if (!line_spare(&line, full) && (line.owed || line_tcp(&line, &t->address, t->port)) &&
		 line_http(&line, source, "/squid-internal-mgr/info", false, &body) &&
		 !squid_parse(body, &found))
		line.status = BOOK_GARBAGE;
	line_end(&line);
	if (line.status != BOOK_OK)
		found = (struct book){0};
	line_book(&line, ret, t, "squid", source, &found);
}
