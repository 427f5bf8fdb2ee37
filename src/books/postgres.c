/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* PostgreSQL, 10 and later: its own views, by libpq over its unix socket, as the user that it runs as, who is its superuser where nobody has
 * changed that. One connection that stays open: it takes one of max_connections, at the end of them one of those that are kept for superusers.
 *
 * Locks: pg_blocking_pids() stops all others that lock for a moment, so it is asked for those that wait only, and for no more than a few. */
#include "books/postgres.h"

#include "books/conf.h"
#include "books/line.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <postgresql/libpq-fe.h>
#include <stdio.h>
#include <string.h>

struct state {
	struct line line; /* only its clock, and what it owes: the connection is the library's */
	PGconn *conn;
	PostgresPollingStatusType polling; /* while it is being made */
	bool ready, asked; /* it is made; a query was sent, and its results are still to come */
	bool idle;         /* it said no to the query, and may be asked another */
	enum book_status failed;
	int sets;
	struct book found;
	int dir_fd;
	uint16_t port;
	char user[64], path[160];
	const char *database;
	uint64_t limit; /* by its configuration, for when it has no room for us */
};

static const char queries[] =
	"SELECT 'pool', count(*), current_setting('max_connections')::int - "
	"current_setting('superuser_reserved_connections')::int"
	" - coalesce(current_setting('reserved_connections', true), '0')::int,"
	" count(*) FILTER (WHERE state = 'active' AND wait_event_type IS DISTINCT FROM 'Lock' AND "
	"pid <> pg_backend_pid()), count(*) FILTER (WHERE state = 'idle'),"
	" count(*) FILTER (WHERE state LIKE 'idle in transaction%%'), count(*) FILTER (WHERE "
	"wait_event_type = 'Lock')"
	" FROM pg_stat_activity WHERE backend_type = 'client backend';"

	/* Who builds an index concurrently waits for other transactions to end (virtualxid), and delays nobody; a few that wait for an advisory lock want to
	 * be the leader, or to be next: these are told where others wait for them. */
	"WITH s AS (SELECT *, extract(epoch FROM clock_timestamp() - CASE WHEN state LIKE 'idle%%' "
	"THEN state_change ELSE query_start END) * 1000 AS ms,"
	" coalesce(wait_event_type = 'Lock' AND wait_event <> 'virtualxid' AND (wait_event <> "
	"'advisory' OR count(*) FILTER (WHERE wait_event_type = 'Lock' AND wait_event = "
	"'advisory') OVER () >= 5), false) AS locked"
	" FROM pg_stat_activity WHERE pid <> pg_backend_pid()),"
	" l AS (SELECT pid, locked, (pg_blocking_pids(pid))[1] AS blocker FROM"
	" (SELECT pid, locked FROM s WHERE wait_event_type = 'Lock' ORDER BY locked DESC, "
	"query_start LIMIT 50) q),"
	" w AS (SELECT pid, blocker FROM l WHERE locked OR pid IN (SELECT blocker FROM l WHERE "
	"locked))"
	" SELECT 'session', s.pid, s.state, coalesce(w.blocker, 0), w.pid IS NOT NULL, "
	"greatest(s.ms, "
	"0)::bigint,"
	" host(s.client_addr), s.client_port, coalesce(nullif(s.application_name, ''), "
	"s.usename::text),"
	" left(coalesce(nullif(s.query, ''), s.backend_type), 120)"
	" FROM s LEFT JOIN w ON w.pid = s.pid"
	" WHERE (s.backend_type = 'client backend' AND s.state <> 'idle' AND s.ms >= 1000) OR "
	"w.pid IS NOT NULL"
	" OR s.pid IN (SELECT blocker FROM w)"
	" ORDER BY s.pid IN (SELECT blocker FROM w) DESC, w.pid IS NOT NULL DESC, s.ms DESC LIMIT "
	"200;"

	/* Belongs to no session, and has no pid: the one that somebody waits for, else the oldest. */
	"SELECT 'session', 0, 'idle in transaction', 0, false, greatest(extract(epoch FROM "
	"clock_timestamp() - prepared) * 1000, 0)::bigint,"
	" NULL, NULL, left('prepared transaction ' || gid, 60), '' FROM pg_prepared_xacts x ORDER "
	"BY EXISTS (SELECT FROM pg_locks l"
	" WHERE NOT l.granted AND l.transactionid = x.transaction) DESC, prepared LIMIT 1;"

	/* Who has a quarter of them or more, when few are left. */
	"SELECT 'number', 'sessions.of/' || who, n FROM (SELECT "
	"coalesce(nullif(application_name, ''), usename::text) AS who, count(*) AS n,"
	" sum(count(*)) OVER () AS a FROM pg_stat_activity WHERE backend_type = 'client backend' "
	"AND pid <> pg_backend_pid() GROUP BY 1) s"
	" WHERE n * 4 >= a AND a * 4 >= current_setting('max_connections')::int * 3;"

	"SELECT 'standby', application_name || coalesce('/' || host(client_addr), ''),"
	" greatest(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() "
	"ELSE pg_current_wal_lsn() END, replay_lsn), 0)::bigint,"
	" (extract(epoch FROM replay_lag) * 1000000)::bigint, state FROM pg_stat_replication LIMIT "
	"32;"

	"SELECT 'number', n, v::bigint FROM (SELECT sum(deadlocks) a, sum(temp_bytes) b, "
	"sum(xact_commit) c, sum(xact_rollback) d, sum(conflicts) e"
	" FROM pg_stat_database) t, LATERAL (VALUES ('deadlocks', a), ('temp.bytes', b), "
	"('transactions', c), ('rollbacks', d), ('conflicts', e)) x(n, v);"

	"SELECT 'number', n, v::bigint FROM (VALUES"
	" ('xid.age', (SELECT max(age(datfrozenxid)) FROM pg_database)::numeric),"
	" ('xid.freeze.max.age', current_setting('autovacuum_freeze_max_age')::numeric),"
	" ('xmin.age', (SELECT max(age(backend_xmin)) FROM pg_stat_activity WHERE pid <> "
	"pg_backend_pid())::numeric),"
	" ('transaction.oldest.ms', (SELECT extract(epoch FROM clock_timestamp() - "
	"min(xact_start)) * 1000 FROM pg_stat_activity"
	" WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())::numeric),"
	" ('prepared', (SELECT count(*) FROM pg_prepared_xacts)::numeric),"
	" ('prepared.oldest.ms', (SELECT extract(epoch FROM clock_timestamp() - min(prepared)) * "
	"1000 FROM pg_prepared_xacts)::numeric),"
	" ('replica', pg_is_in_recovery()::int::numeric),"
	" ('replica.lag.bytes', CASE WHEN pg_is_in_recovery() THEN "
	"pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) END),"
	" ('replica.lag.ms', CASE WHEN pg_is_in_recovery() THEN CASE WHEN "
	"pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0"
	" ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000 END "
	"END::numeric),"
	" ('wal.kept.bytes', (SELECT max(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN "
	"pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END,"
	" restart_lsn)) FROM pg_replication_slots)),"
	" ('sessions.io', (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client "
	"backend' AND state = 'active' AND (wait_event_type = 'IO'"
	" OR (wait_event_type = 'LWLock' AND wait_event ILIKE 'wal%%')))::numeric),"
	" ('wal.bytes', CASE WHEN pg_is_in_recovery() THEN NULL ELSE "
	"pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') END),"
	" ('checkpoint.wal.bytes', pg_size_bytes(current_setting('max_wal_size')) / (1 + "
	"current_setting('checkpoint_completion_target')::numeric)),"
	" ('checkpoint.timeout.s', extract(epoch FROM "
	"current_setting('checkpoint_timeout')::interval)::numeric),"
	" ('checkpoint.warning.s', extract(epoch FROM "
	"current_setting('checkpoint_warning')::interval)::numeric),"
	" ('checkpoint.age.ms', (SELECT greatest(extract(epoch FROM clock_timestamp() - "
	"checkpoint_time) * 1000, 0) FROM pg_control_checkpoint())::numeric),"
	" ('checkpoints.timed', (SELECT %s FROM %s)::numeric), ('checkpoints.requested', (SELECT "
	"%s FROM %s)::numeric)) x(n, v)";

static void hang_up(struct state *s)
{
	PQfinish(s->conn);
	s->conn = NULL;
	s->ready = s->asked = s->idle = s->line.owed = false;
}

/* max_connections of its file, which may be elsewhere; what is included there, or given otherwise, is not looked at. */
static uint64_t configured(const struct book_target *t)
{
	struct conf_args args;
	const char *path = "postgresql.conf", *option;
	size_t len;
	if (conf_args(t->pid, &args) == 0)
		for (int i = 1; (option = conf_option(&args, "-c", &i));)
			if (strncmp(option, "config_file=", 12) == 0)
				path = option + 12;
	AUTO_FREE char *text = conf_read(t, path, &len);
	return text ? postgres_read_config(scan_over(text, len)) : 0;
}

int book_open_postgres(struct book_target *t)
{
	char pid_file[24], dir[108], name[64];
	size_t len;
	struct state *s = t->state ? t->state : calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	if (t->state) {
		hang_up(s);
		if (s->dir_fd >= 0)
			(void)close(s->dir_fd);
	}
	*s = (struct state){.line = LINE_NONE, .dir_fd = -1, .database = "postgres"};
	t->state = s;
	/* Its working folder is its data folder. */
	AUTO_FREE char *text = conf_read(t, "postmaster.pid", &len);
	if (!text || !postgres_read_pid_file(scan_over(text, len), &s->port, dir, sizeof dir))
		return -ENOENT;
	conf_user(t, s->user, sizeof s->user);
	if (!s->user[0])
		(void)snprintf(s->user, sizeof s->user, "postgres");
	s->limit = configured(t);
	(void)snprintf(pid_file, sizeof pid_file, ".s.PGSQL.%u", s->port);
	(void)snprintf(s->path, sizeof s->path, "%s/%s", dir, pid_file);
	s->dir_fd = conf_socket(t, s->path, name);
	return s->dir_fd < 0 ? s->dir_fd : 0;
}

/* Waits until the server has sent something, or takes something. When the time is up it goes on at the next asking: a session that is left alone in the middle
 * of something ends only when that does, and another one would stand beside it. */
static bool wait_for(struct line *l, struct state *s, bool to_write)
{
	if (line_left_ms(l) && line_wait(l, PQsocket(s->conn), to_write ? POLLOUT : POLLIN))
		return true;
	return line_late(l);
}

static void no_notice(void *ctx, const PGresult *r)
{
	(void)ctx;
	(void)r;
}

static void begin_dial(struct state *s)
{
	char host[40], port[8];
	(void)snprintf(host, sizeof host, "/proc/self/fd/%d", s->dir_fd);
	(void)snprintf(port, sizeof port, "%u", s->port);
	const char *const keys[] = {"host", "port", "user", "dbname", "application_name", "options",
		"sslmode", "gssencmode", "passfile", "client_encoding", NULL};
	const char *const values[] = {host, port, s->user, s->database, "plimsoll",
		"-c statement_timeout=400 -c lock_timeout=100 -c default_transaction_read_only=on",
		"disable", "disable", "/nonexistent", "SQL_ASCII", NULL};
	s->conn = PQconnectStartParams(keys, values, 0);
	if (!s->conn)
		return;
	(void)PQsetErrorVerbosity(s->conn, PQERRORS_VERBOSE);
	(void)PQsetNoticeReceiver(s->conn, no_notice, NULL);
	s->polling =
		PQstatus(s->conn) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
}

static bool dial(struct line *l, struct state *s)
{
	if (!s->conn)
		begin_dial(s);
	if (!s->conn)
		return line_fail(l, BOOK_CLOSED);
	while (s->polling == PGRES_POLLING_READING || s->polling == PGRES_POLLING_WRITING) {
		if (!wait_for(l, s, s->polling == PGRES_POLLING_WRITING))
			return false;
		s->polling = PQconnectPoll(s->conn);
	}
	s->ready = s->polling == PGRES_POLLING_OK && PQsetnonblocking(s->conn, 1) == 0;
	if (s->ready)
		return true;
	return line_fail_library(l, PQconnectionNeedsPassword(s->conn)
					    ? BOOK_DENIED
					    : postgres_refusal(PQerrorMessage(s->conn)));
}

static bool take_rows(struct line *l, const PGresult *r, struct book *found)
{
	struct scan field[POSTGRES_COLUMNS];
	int n = PQnfields(r);
	if (n > POSTGRES_COLUMNS)
		return line_fail(l, BOOK_GARBAGE);
	for (int row = 0; row < PQntuples(r); row++) {
		for (int i = 0; i < n; i++)
			field[i] = scan_over(PQgetvalue(r, row, i), (size_t)PQgetlength(r, row, i));
		if (!postgres_row(field, n, found))
			return line_fail(l, BOOK_GARBAGE);
	}
	return true;
}

/* All of them, also after one that says no: then the connection is as good as before. */
static bool take_results(struct line *l, struct state *s)
{
	PGresult *r;
	for (;;) {
		while (PQflush(s->conn) == 1)
			if (!wait_for(l, s, true))
				return false;
		while (PQisBusy(s->conn)) {
			if (!wait_for(l, s, false))
				return false;
			if (!PQconsumeInput(s->conn))
				return line_fail_library(
					l, postgres_refusal(PQerrorMessage(s->conn)));
		}
		r = PQgetResult(s->conn);
		if (!r)
			break;
		bool good = true;
		if (PQresultStatus(r) == PGRES_TUPLES_OK)
			good = take_rows(l, r, &s->found);
		else if (PQresultStatus(r) != PGRES_FATAL_ERROR)
			good = line_fail_library(l, BOOK_GARBAGE);
		else if (s->failed == BOOK_OK)
			s->failed = postgres_refusal(PQresultErrorMessage(r));
		PQclear(r);
		if (!good)
			return false;
		s->sets++;
	}
	s->asked = false;
	if (s->failed == BOOK_OK)
		return s->sets > 0 || line_fail(l, BOOK_GARBAGE);
	s->idle = PQstatus(s->conn) == CONNECTION_OK;
	return line_fail_library(l, s->failed);
}

static bool ask_all(struct line *l, struct state *s)
{
	char text[sizeof queries + 256];
	const char *view =
		PQserverVersion(s->conn) >= 170000 ? "pg_stat_checkpointer" : "pg_stat_bgwriter";
	bool new = PQserverVersion(s->conn) >= 170000;
	(void)snprintf(text, sizeof text, queries, new ? "num_timed" : "checkpoints_timed", view,
		new ? "num_requested" : "checkpoints_req", view);
	if (!s->asked) {
		s->found = (struct book){0};
		s->failed = BOOK_OK;
		s->sets = 0;
		s->idle = false;
		s->asked = PQsendQuery(s->conn, text) == 1;
	}
	return s->asked ? take_results(l, s)
			: line_fail_library(l, postgres_refusal(PQerrorMessage(s->conn)));
}

/* Begins, or goes on where the last asking ended. False: there are no rows now; the connection is gone, unless it is good for later. */
static bool go_on(struct line *l, struct state *s)
{
	l->owed = false;
	if ((s->ready || dial(l, s)) && ask_all(l, s))
		return true;
	if (!l->owed && !s->idle) {
		if (s->conn && strstr(PQerrorMessage(s->conn), " 3D000:"))
			s->database = "template1"; /* no such database */
		hang_up(s);
	}
	return false;
}

static void ask(struct line *l, struct state *s)
{
	bool open = s->conn != NULL;
	const char *database = s->database;
	if ((!l->owed && !line_may_ask(l)) || go_on(l, s) || s->conn)
		return;
	if ((open && l->status == BOOK_DOWN) || database != s->database) { /* closed since */
		l->status = BOOK_OK;
		(void)go_on(l, s);
	}
}

void book_ask_postgres(struct book_target *t, bool full, struct book *ret)
{
	static struct book configured_only;
	struct state *s = t->state;
	struct line none = LINE_NONE, *l = s ? &s->line : &none;
	line_begin(l);
	if (!s || s->dir_fd < 0)
		l->status = BOOK_CLOSED;
	else if ((full || t->full_unix) && !s->conn)
		l->status = BOOK_FULL;
	else
		ask(l, s);
	configured_only = (struct book){0};
	if (s && s->limit)
		book_line(&configured_only, "pool connections - limit=%" PRIu64, s->limit);
	line_book(l, ret, t, "postgres", s ? s->path : "",
		l->status == BOOK_OK ? &s->found : &configured_only);
}
