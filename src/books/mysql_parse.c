/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What MariaDB and MySQL answer to the queries of mysql.c. It knows nothing of their library, and is there without it. */
#include "books/mysql.h"

#include "books/line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum status { CONNECTED, RUNNING, MOST, REFUSED, FAILED, SERVED };

static void status_row(struct scan name, struct scan text, struct mysql_found *f, struct book *ret)
{
	static const struct {
		const char *theirs, *ours; /* ours NULL: of the pool, in the order of enum status */
	} wanted[] = {{"Threads_connected", NULL}, {"Threads_running", NULL},
		{"Max_used_connections", NULL}, {"Connection_errors_max_connections", NULL},
		{"Aborted_connects", NULL}, {"Connections", NULL}, {"Queries", "queries"},
		{"Slow_queries", "queries.slow"}, {"Aborted_clients", "clients.aborted"},
		{"Threads_created", "threads.created"}, {"Created_tmp_disk_tables", "temp.disk"},
		{"Innodb_row_lock_current_waits", "locks.waiting"},
		{"Innodb_row_lock_waits", "locks.waits"}, {"Innodb_row_lock_time", "locks.ms"},
		{"Innodb_deadlocks", "deadlocks"}, {"Innodb_buffer_pool_wait_free", "memory.waits"},
		{"Innodb_log_waits", "log.waits"}, {"Table_locks_waited", "locks.table.waits"},
		{"Table_open_cache_overflows", "tables.overflows"},
		{"Innodb_history_list_length", "history.length"}, {"Uptime", "uptime.s"},
		{"Innodb_buffer_pool_bytes_data", "cache.bytes"}};
	uint64_t v;
	for (size_t i = 0; line_number(text, &v) && i < COUNTOF(wanted); i++) {
		if (!scan_is(name, wanted[i].theirs))
			continue;
		if (wanted[i].ours) {
			book_line(ret, "number %s %" PRIu64, wanted[i].ours, v);
		} else {
			f->value[i] = v;
			f->seen |= 1u << i;
		}
		if (i == 11)
			f->waiting = v;
	}
}

/* id, command, blocker, in a transaction, seconds, state, host, user, query */
static void session_row(const struct scan *f, struct book *ret)
{
	uint64_t id = 0, blocker = 0, s = 0;
	(void)line_number(f[1], &id);
	(void)line_number(f[3], &blocker);
	(void)line_number(f[5], &s);
	bool asleep = scan_is(f[2], "Sleep");
	const char *state = blocker || scan_starts(f[6], "Waiting for table") ||
					    scan_is(f[6], "Waiting for lock")
				    ? "locked"
			    : asleep && scan_is(f[4], "1") ? "transaction"
			    : asleep                       ? "idle"
							   : "working";
	char peer[448] = "";
	if (scan_len(f[7]) && memchr(f[7].p, ':', scan_len(f[7])))
		(void)snprintf(peer, sizeof peer, " peer=%.100s", WORD(f[7]));
	book_line(ret, "slot %u state=%s ms=%" PRIu64 " blocker=%u%s who=%s text=%s",
		(unsigned)(id & INT32_MAX), state, s > UINT32_MAX / 1000 ? UINT32_MAX : s * 1000,
		(unsigned)(blocker & INT32_MAX), peer, WORD(f[8]), WORD(f[9]));
}

bool mysql_row(const struct scan *f, int n, struct mysql_found *found, struct book *ret)
{
	uint64_t v;
	if (n == 2) /* SHOW STATUS has no first field of ours */
		status_row(f[0], f[1], found, ret);
	else if (n == 4 && scan_is(f[0], "limit")) {
		if (line_number(f[1], &v))
			found->limit = v;
		if (line_number(f[2], &v))
			book_line(ret, "number locks.timeout.s %" PRIu64, v);
		if (line_number(f[3], &v))
			book_line(ret, "number cache.most %" PRIu64, v);
	} else if (n == 3 && scan_is(f[0], "tables")) {
		if (line_number(f[1], &v))
			found->tables = v;
	} else if (n == 3 && scan_is(f[0], "held")) {
		char name[64];
		if (line_number(f[2], &v))
			book_line(ret, "number sessions.of/%s %" PRIu64,
				line_word(name, sizeof name, f[1]), v);
	} else if (n == 10 && scan_is(f[0], "session"))
		session_row(f, ret);
	else
		return false;
	return true;
}

bool mysql_few_left(const struct mysql_found *f)
{
	return f->seen & 1u << CONNECTED && f->value[CONNECTED] >= f->limit - f->limit / 4;
}

void mysql_pool(const struct mysql_found *f, struct book *ret)
{
	char limit[32] = "";
	if (!(f->seen & 1u << CONNECTED))
		return;
	if (f->limit)
		(void)snprintf(limit, sizeof limit, " limit=%" PRIu64, f->limit);
	book_line(ret,
		"pool connections - used=%" PRIu64 "%s high=%" PRIu64 " served=%" PRIu64
		" refused=%" PRIu64 " failed=%" PRIu64 " working=%" PRIu64 " locked=%" PRIu64,
		f->value[CONNECTED], limit, f->value[MOST], f->value[SERVED], f->value[REFUSED],
		f->value[FAILED], f->value[RUNNING] - (f->value[RUNNING] > 0),
		f->waiting + f->tables);
}

enum book_status mysql_refusal(unsigned error)
{
	switch (error) {
	case 1040: /* too many connections; of this user; of an account */
	case 1203:
	case 1226: return BOOK_FULL;
	case 1044: /* access denied, of several kinds; a host that is blocked */
	case 1045:
	case 1129:
	case 1130:
	case 1142:
	case 1227:
	case 1251:
	case 1698:
	case 2059:
	case 2061: return BOOK_DENIED;
	case 1053: /* shuts down; refuses; is gone */
	case 2002:
	case 2003:
	case 2006:
	case 2013: return BOOK_DOWN;
	case 1969: /* max_statement_time, max_execution_time */
	case 3024: return BOOK_SLOW;
	case 2020: return BOOK_LARGE;
	default: return BOOK_GARBAGE;
	}
}
