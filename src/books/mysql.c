/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* MariaDB and MySQL: the counters and the list of sessions, by libmariadb over the unix socket, as the user that the server runs as. One connection
 * that stays open. MariaDB makes an account for that user which nobody but it can use (unix_socket); where it was taken away, and in MySQL, the status is
 * "denied" until somebody makes one.
 *
 * Who blocks whom is only looked up when somebody waits: it takes locks of InnoDB itself. */
#include "books/mysql.h"

#include "books/conf.h"
#include "books/line.h"

#include <errno.h>
#include <mysql.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct state {
	struct line line; /* only its clock, and what it owes: the connection is the library's */
	MYSQL *db, *done;
	bool ready; /* the connection is made */
	/* Of the call that is under way, and goes on at the next asking when it took too long: */
	int what; /* that it waits for; 0: there is none */
	bool asked;
	int failed;
	MYSQL_RES *rows;
	MYSQL_ROW row;
	unsigned step; /* which of the queries */
	struct mysql_found counts;
	struct book found;
	int dir_fd;
	char user[64], path[108], name[64], socket[128];
};

static const char numbers[] =
	"SHOW GLOBAL STATUS WHERE Variable_name IN ('Threads_connected', 'Threads_running', "
	"'Max_used_connections',"
	" 'Connection_errors_max_connections', 'Aborted_connects', 'Connections', 'Queries', "
	"'Slow_queries', 'Aborted_clients', 'Threads_created',"
	" 'Created_tmp_disk_tables', 'Innodb_row_lock_current_waits', 'Innodb_row_lock_waits', "
	"'Innodb_row_lock_time', 'Innodb_deadlocks',"
	" 'Innodb_buffer_pool_wait_free', 'Innodb_log_waits', 'Table_locks_waited', "
	"'Table_open_cache_overflows', 'Innodb_history_list_length', 'Uptime', "
	"'Innodb_buffer_pool_bytes_data')";
static const char limits[] =
	"SELECT 'limit', @@global.max_connections, @@global.innodb_lock_wait_timeout, "
	"@@global.innodb_buffer_pool_size";

/* The place of who waits for whom: id, blocker. */
static const char sessions[] =
	"SELECT 'session', p.ID, p.COMMAND, coalesce(w.blocker, 0), t.trx_id IS NOT NULL, p.TIME, "
	"p.STATE, p.HOST, p.USER, left(p.INFO, 120)"
	" FROM information_schema.PROCESSLIST p LEFT JOIN information_schema.INNODB_TRX t ON "
	"t.trx_mysql_thread_id = p.ID"
	" LEFT JOIN (%s) w ON w.id = p.ID"
	" WHERE p.ID <> connection_id() AND p.COMMAND NOT IN ('Daemon', 'Binlog Dump', 'Binlog "
	"Dump GTID', 'Slave_IO', 'Slave_SQL', 'Slave_worker')"
	" AND p.USER NOT IN ('system user', 'event_scheduler')"
	" AND ((p.TIME >= 1 AND (p.COMMAND <> 'Sleep' OR t.trx_id IS NOT NULL)) OR w.id IS NOT NULL"
	" OR p.ID IN (SELECT blocker FROM (%s) b))"
	" ORDER BY p.ID IN (SELECT blocker FROM (%s) c) DESC, w.id IS NOT NULL DESC, p.TIME DESC "
	"LIMIT 200";
static const char nobody[] = "SELECT 0 AS id, 0 AS blocker FROM DUAL WHERE 1 = 0";
static const char of_mariadb[] =
	"SELECT r.trx_mysql_thread_id AS id, min(b.trx_mysql_thread_id) AS blocker FROM "
	"information_schema.INNODB_LOCK_WAITS l"
	" JOIN information_schema.INNODB_TRX r ON r.trx_id = l.requesting_trx_id JOIN "
	"information_schema.INNODB_TRX b ON b.trx_id = l.blocking_trx_id"
	" GROUP BY r.trx_mysql_thread_id";
static const char of_mysql[] =
	"SELECT r.trx_mysql_thread_id AS id, min(b.trx_mysql_thread_id) AS blocker FROM "
	"performance_schema.data_lock_waits l"
	" JOIN information_schema.INNODB_TRX r ON r.trx_id = l.REQUESTING_ENGINE_TRANSACTION_ID"
	" JOIN information_schema.INNODB_TRX b ON b.trx_id = l.BLOCKING_ENGINE_TRANSACTION_ID "
	"GROUP BY r.trx_mysql_thread_id";

/* Who waits to alter a table, or for one that is to be altered. Who holds it is told by no table that is there without an option: the one who wants to alter it
 * stands in front of all others; and he waits for the one transaction that was open before, if there is but one. Where none wants to, they wait for a session that need not have a
 * transaction (LOCK TABLES): it is not told, and the first who waits is not to blame for the others. */
#define WAITS_FOR_TABLE "STATE LIKE 'Waiting for table metadata lock%'"
static const char tables[] = "SELECT 'tables', count(*), 0 FROM information_schema.PROCESSLIST "
			     "WHERE " WAITS_FOR_TABLE;
static const char of_tables[] =
	"SELECT p.ID AS id, CASE WHEN p.ID = d.id THEN d.holder ELSE d.id END AS blocker FROM "
	"information_schema.PROCESSLIST p JOIN"
	" (SELECT x.ID AS id, (SELECT CASE WHEN count(*) = 1 THEN min(t.trx_mysql_thread_id) ELSE "
	"0 END FROM information_schema.INNODB_TRX t"
	" JOIN information_schema.PROCESSLIST q ON q.ID = t.trx_mysql_thread_id WHERE NOT "
	"coalesce(q." WAITS_FOR_TABLE ", 0)"
	" AND t.trx_started <= now() - INTERVAL x.TIME SECOND) AS holder, x.INFO REGEXP "
	"'^[[:space:]]*(select|insert|update|delete|replace|call)' AS uses FROM "
	"information_schema.PROCESSLIST x WHERE x." WAITS_FOR_TABLE
	" ORDER BY uses, x.TIME DESC, x.ID LIMIT 1) d"
	" WHERE p." WAITS_FOR_TABLE " AND (d.holder > 0 OR (p.ID <> d.id AND d.uses = 0))";

/* Who has a quarter of the connections or more. */
static const char held[] =
	"SELECT 'held', USER, count(*) FROM information_schema.PROCESSLIST WHERE "
	"ID <> connection_id() GROUP BY USER"
	" HAVING count(*) * 4 >= (SELECT count(*) FROM "
	"information_schema.PROCESSLIST)";

/* Without a word to the server: what it has still to say, or does not take, is not waited for. */
static void hang_up(struct state *s)
{
	if (!s->db)
		return;
	my_socket fd = mysql_get_socket(s->db);
	if (fd >= 0)
		(void)shutdown(fd, SHUT_RDWR);
	if (s->rows) /* to free a result is to read the rest of it */
		mysql_free_result(s->rows);
	mysql_close(s->db);
	s->db = NULL;
	s->rows = NULL;
	s->what = 0;
	s->ready = s->asked = s->line.owed = false;
}

int book_open_mysql(struct book_target *t)
{
	struct conf_args args;
	struct state *s = t->state ? t->state : calloc(1, sizeof *s);
	int i = 1;
	if (!s)
		return -ENOMEM;
	if (t->state) {
		hang_up(s);
		if (s->dir_fd >= 0)
			(void)close(s->dir_fd);
	}
	*s = (struct state){.line = LINE_NONE, .dir_fd = -1};
	t->state = s;
	conf_user(t, s->user, sizeof s->user);
	const char *option =
		conf_args(t->pid, &args) == 0 ? conf_option(&args, "--socket", &i) : NULL;
	if (option)
		(void)snprintf(s->path, sizeof s->path, "%s", option);
	else if (t->path[0])
		(void)snprintf(s->path, sizeof s->path, "%s", t->path);
	else if (conf_listening(t, "sqld.sock", s->path, sizeof s->path) < 0 &&
		 conf_listening(t, "sql.sock", s->path, sizeof s->path) < 0 &&
		 conf_listening(t, NULL, s->path, sizeof s->path) < 0)
		return -ENOENT;
	s->dir_fd = conf_socket(t, s->path, s->name);
	(void)snprintf(s->socket, sizeof s->socket, "/proc/self/fd/%d/%s", s->dir_fd, s->name);
	return s->dir_fd < 0 ? s->dir_fd : 0;
}

/* ---- the library's calls that may wait: each begins, and goes on when what it waits for is there ---- */

/* Returns what is ready, as the library calls it, or 0 when the time is up: then it goes on at the next asking. A session that is left alone in the middle of
 * something ends only when that does, and another one would stand beside it. */
static int wait_for(struct line *l, struct state *s, int what)
{
	short events = (short)((what & MYSQL_WAIT_READ ? POLLIN : 0) |
			       (what & MYSQL_WAIT_WRITE ? POLLOUT : 0));
	my_socket fd = mysql_get_socket(s->db);
	if (fd < 0 || !line_left_ms(l) || !line_wait(l, fd, events)) {
		(void)(fd < 0 ? line_fail_library(l, BOOK_HUNG) : line_late(l));
		return 0;
	}
	return what & (MYSQL_WAIT_READ | MYSQL_WAIT_WRITE);
}

/* The library has the errno of a unix socket in its words alone; one whose queue is full (EAGAIN) it takes for one that will be connected, and reads
 * from what is not (EINVAL). One that was cut off in the middle of an answer was talking of something else. */
static bool fail(struct line *l, struct state *s)
{
	unsigned error = mysql_errno(s->db);
	enum book_status status = mysql_refusal(error);
	if (status == BOOK_DOWN && strstr(mysql_error(s->db), "system error: 22")) {
		l->status = BOOK_HUNG; /* of this asking nothing stays there */
		return false;
	}
	if (error == 2002 && strstr(mysql_error(s->db), "(13)"))
		status = BOOK_DENIED;
	else if (status == BOOK_DOWN && error > 2000 && line_received())
		status = BOOK_GARBAGE;
	return line_fail_library(l, status);
}

static void begin_dial(struct state *s)
{
	my_bool no = 0;
	unsigned local = 0;
	size_t most = BOOK_ANSWER;
	s->done = NULL;
	s->db = mysql_init(NULL);
	if (!s->db)
		return;
	(void)mysql_options(s->db, MYSQL_OPT_NONBLOCK, NULL);
	(void)mysql_options(
		s->db, MYSQL_OPT_LOCAL_INFILE, &local); /* else it may ask for our files */
	(void)mysql_options(s->db, MYSQL_OPT_MAX_ALLOWED_PACKET, &most);
	(void)mysql_options(s->db, MYSQL_OPT_RECONNECT, &no);
	(void)mysql_options(s->db, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &no);
	(void)mysql_options4(s->db, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "plimsoll");
	s->what = mysql_real_connect_start(
		&s->done, s->db, "localhost", s->user, NULL, NULL, 0, s->socket, 0);
}

static bool dial(struct line *l, struct state *s)
{
	if (!s->db)
		begin_dial(s);
	if (!s->db)
		return line_fail(l, BOOK_CLOSED);
	while (s->what) {
		int ready = wait_for(l, s, s->what);
		if (!ready)
			return false;
		s->what = mysql_real_connect_cont(&s->done, s->db, ready);
	}
	s->ready = s->done != NULL;
	return s->ready || fail(l, s);
}

static bool one_row(
	struct line *l, MYSQL_RES *r, MYSQL_ROW row, struct mysql_found *f, struct book *found)
{
	struct scan field[MYSQL_COLUMNS];
	unsigned n = mysql_num_fields(r);
	const unsigned long *length = mysql_fetch_lengths(r);
	if (n > MYSQL_COLUMNS || !length)
		return line_fail(l, BOOK_GARBAGE);
	for (unsigned i = 0; i < n; i++)
		field[i] = scan_over(row[i] ? row[i] : "", row[i] ? length[i] : 0);
	return mysql_row(field, (int)n, f, found) || line_fail(l, BOOK_GARBAGE);
}

/* The row that comes next, NULL behind the last one. */
static bool next_row(struct line *l, struct state *s)
{
	if (!s->what) {
		s->row = NULL;
		s->what = mysql_fetch_row_start(&s->row, s->rows);
	}
	while (s->what) {
		int ready = wait_for(l, s, s->what);
		if (!ready)
			return false;
		s->what = mysql_fetch_row_cont(&s->row, s->rows, ready);
	}
	return s->row || mysql_errno(s->db) == 0 || fail(l, s);
}

static bool answer_to(struct line *l, struct state *s, const char *text)
{
	if (!s->asked)
		s->what = mysql_real_query_start(&s->failed, s->db, text, strlen(text));
	s->asked = true;
	while (s->what) {
		int ready = wait_for(l, s, s->what);
		if (!ready)
			return false;
		s->what = mysql_real_query_cont(&s->failed, s->db, ready);
	}
	s->asked = false;
	if (s->failed)
		return fail(l, s);
	s->rows = mysql_use_result(s->db);
	return s->rows || mysql_errno(s->db) == 0 || fail(l, s);
}

static bool query(struct line *l, struct state *s, const char *text)
{
	if (!s->rows && !answer_to(l, s, text))
		return false;
	while (s->rows) {
		if (!next_row(l, s))
			return false;
		if (s->row && !one_row(l, s->rows, s->row, &s->counts, &s->found))
			return false;
		if (!s->row) {
			mysql_free_result(s->rows);
			s->rows = NULL;
		}
	}
	return true;
}

static bool ask_all(struct line *l, struct state *s)
{
	enum { HELD = 4, LAST = 5 };
	static char text[sizeof sessions + 3 * (sizeof of_mysql + sizeof of_tables) + 64];
	char who[sizeof of_mysql + sizeof of_tables + 16];
	bool mariadb = strstr(mysql_get_server_info(s->db), "MariaDB");
	const char *const queries[] = {mariadb ? "SET SESSION max_statement_time = 0.4"
					       : "SET SESSION max_execution_time = 400",
		limits, numbers, tables, [HELD] = held};
	const struct mysql_found *f = &s->counts;
	for (; s->step < LAST; s->step++)
		if ((s->step != HELD || mysql_few_left(f)) && !query(l, s, queries[s->step]))
			return false;
	if (s->step == LAST) {
		s->step++;
		mysql_pool(f, &s->found);
		const char *rows = !f->waiting ? nobody : mariadb ? of_mariadb : of_mysql;
		(void)snprintf(who, sizeof who, "%s%s%s", rows, f->tables ? " UNION ALL " : "",
			f->tables ? of_tables : "");
		(void)snprintf(text, sizeof text, sessions, who, who, who);
	}
	if (query(l, s, text))
		return true;
	/* It may be an account that may not look at others; its numbers stand. */
	if (l->owed || l->status != BOOK_DENIED)
		return false;
	l->status = BOOK_OK;
	return true;
}

/* Begins, or goes on where the last asking ended. False: there are no rows now; the connection is gone, unless it is good for later. */
static bool go_on(struct line *l, struct state *s)
{
	if (!l->owed) {
		s->step = 0;
		s->counts = (struct mysql_found){0};
		s->found = (struct book){0};
	}
	l->owed = false;
	if ((s->ready || dial(l, s)) && ask_all(l, s))
		return true;
	/* A query that took too long, as the server says itself, is no reason to come as somebody new. */
	bool good = s->ready && l->status == BOOK_SLOW && mysql_errno(s->db) > 0 &&
		    mysql_errno(s->db) < 2000;
	if (good && s->rows) {
		mysql_free_result(s->rows);
		s->rows = NULL;
	}
	if (!l->owed && !good)
		hang_up(s);
	return false;
}

static void ask(struct line *l, struct state *s)
{
	bool open = s->db != NULL;
	if ((!l->owed && !line_may_ask(l)) || go_on(l, s) || s->db || !open ||
		l->status != BOOK_DOWN)
		return;
	l->status = BOOK_OK; /* it was closed since the last time */
	(void)go_on(l, s);
}

void book_ask_mysql(struct book_target *t, bool full, struct book *ret)
{
	struct state *s = t->state;
	struct line none = LINE_NONE, *l = s ? &s->line : &none;
	line_begin(l);
	if (!s || s->dir_fd < 0)
		l->status = BOOK_CLOSED;
	else if ((full || t->full_unix) && !s->db)
		l->status = BOOK_FULL;
	else
		ask(l, s);
	line_book(l, ret, t, "mysql", s ? s->path : "", l->status == BOOK_OK ? &s->found : NULL);
}
