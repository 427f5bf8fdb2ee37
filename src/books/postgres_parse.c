/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What PostgreSQL answers to the queries of postgres.c. It knows nothing of libpq, and is there without it. */
#include "books/postgres.h"

#include "books/conf.h"
#include "books/line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t value_of(struct scan field)
{
	uint64_t v;
	return line_number(field, &v) ? v : 0;
}

/* used, limit, active, idle, in a transaction, waiting for locks */
static void pool_row(const struct scan *f, struct book *ret)
{
	book_line(ret,
		"pool connections - used=%" PRIu64 " limit=%" PRIu64 " working=%" PRIu64
		" idle=%" PRIu64 " locked=%" PRIu64,
		value_of(f[1]), value_of(f[2]), value_of(f[3]), value_of(f[4]), value_of(f[6]));
	book_line(ret, "number sessions.transaction %" PRIu64, value_of(f[5]));
}

/* pid, state, blocker, waits for a lock, ms, address, port, who, query */
static void session_row(const struct scan *f, struct book *ret)
{
	const char *state = scan_is(f[4], "t")                         ? "locked"
			    : scan_starts(f[2], "idle in transaction") ? "transaction"
			    : scan_is(f[2], "active") || scan_starts(f[2], "fastpath") ? "working"
										       : "idle";
	char peer[448] = "";
	if (scan_len(f[6])) {
		bool six = memchr(f[6].p, ':', scan_len(f[6]));
		(void)snprintf(peer, sizeof peer, " peer=%s%.60s%s:%" PRIu64, six ? "[" : "",
			WORD(f[6]), six ? "]" : "", value_of(f[7]));
	}
	uint64_t ms = value_of(f[5]);
	book_line(ret,
		"slot %" PRIu64 " pid=%" PRIu64 " state=%s ms=%" PRIu64 " blocker=%" PRIu64
		"%s who=%s text=%s",
		value_of(f[1]), value_of(f[1]), state, ms > UINT32_MAX ? UINT32_MAX : ms,
		value_of(f[3]), peer, WORD(f[8]), WORD(f[9]));
}

/* name, bytes that it has not applied, microseconds */
static void standby_row(const struct scan *f, struct book *ret)
{
	char name[64];
	book_line(ret, "pool other standby/%s used=%" PRIu64 " up=%d time=%" PRIu64,
		line_word(name, sizeof name, f[1]), value_of(f[2]),
		scan_is(f[4], "streaming") ? 1 : 0, value_of(f[3]));
}

bool postgres_row(const struct scan *f, int n, struct book *ret)
{
	char name[64];
	if (n == 7 && scan_is(f[0], "pool"))
		pool_row(f, ret);
	else if (n == 10 && scan_is(f[0], "session"))
		session_row(f, ret);
	else if (n == 5 && scan_is(f[0], "standby"))
		standby_row(f, ret);
	else if (n == 3 && scan_is(f[0], "number")) {
		uint64_t v;
		if (line_number(f[2], &v)) /* empty: there is none */
			book_line(ret, "number %s %" PRIu64, line_word(name, sizeof name, f[1]), v);
	} else
		return false;
	return true;
}

enum book_status postgres_refusal(const char *message)
{
	static const struct {
		const char *text;
		enum book_status status;
	} known[] = {{" 53300:", BOOK_FULL}, {" 28P01:", BOOK_DENIED}, {" 28000:", BOOK_DENIED},
		{" 42501:", BOOK_DENIED}, {"no password supplied", BOOK_DENIED},
		{"Permission denied", BOOK_DENIED},
		{" 57P0", BOOK_DOWN},   /* starts up, shuts down */
		{" 57014:", BOOK_SLOW}, /* statement_timeout */
		{"Resource temporarily unavailable", BOOK_HUNG}, {"onnection refused", BOOK_DOWN},
		{"No such file", BOOK_DOWN}, {"server closed the connection", BOOK_DOWN},
		{"could not receive data", BOOK_DOWN}, {"could not send data", BOOK_DOWN}};
	for (size_t i = 0; i < COUNTOF(known); i++)
		if (strstr(message, known[i].text))
			return known[i].status;
	return BOOK_GARBAGE;
}

bool postgres_read_pid_file(struct scan text, uint16_t *ret_port, char *dir, size_t size)
{
	struct scan line;
	uint64_t port = 0;
	dir[0] = '\0';
	for (int i = 1; i <= 5 && scan_line(&text, &line); i++) {
		if (i == 4 && (!line_number(line, &port) || port == 0 || port > UINT16_MAX))
			return false;
		if (i == 5 && scan_len(line) < size)
			(void)snprintf(dir, size, "%.*s", (int)scan_len(line), line.p);
	}
	*ret_port = (uint16_t)port;
	return port && dir[0];
}

uint64_t postgres_read_config(struct scan text)
{
	struct scan line;
	uint64_t all = 0, reserved = 3, v;
	while (scan_line(&text, &line)) {
		char buf[256];
		const char *w[3];
		int n = conf_words(line, buf, sizeof buf, w, 3);
		const char *value = n == 3 && strcmp(w[1], "=") == 0 ? w[2] : n > 1 ? w[1] : NULL;
		char *equals = n == 1 ? strchr(buf, '=') : NULL;
		if (equals) {
			*equals = '\0';
			value = equals + 1;
		}
		if (!value || !line_number(scan_over(value, strlen(value)), &v))
			continue;
		if (strcmp(w[0], "max_connections") == 0)
			all = v;
		else if (strcmp(w[0], "superuser_reserved_connections") == 0)
			reserved = v;
	}
	return all > reserved ? all - reserved : 0;
}
