/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for what a database does behind its clients' backs: a replica that falls behind, and the numbers of transactions that must be freed before they
 * are used up. The server tells all of it (src/books/redis.c, src/books/postgres.c). */
#include "ledger/servers.h"
#include "rules/verdict.h"

#include "base/text.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define DOWN_S 10.0 /* a replica without its master: longer than it takes to connect again */
#define BEHIND_S                                                                                   \
	30.0 /* as PostgreSQL lets a query of the replica hold changes up (max_standby_streaming_delay) */
#define FALLS 0.5 /* seconds that it falls behind in each second */
/* Transaction ids: PostgreSQL stops three million before they are used up, and warns forty million before. From 1.6 thousand million on vacuum leaves everything else
 * (vacuum_failsafe_age). */
#define IDS      2147483648.0
#define STOP     3e6
#define WARNS    43e6
#define FAILSAFE 1.6e9

static bool told(const struct view *v, const struct sample *s, const struct server_book *b,
	const char *name, double *ret)
{
	uint64_t n;
	if (!s || !server_number_of(v, s, b->pid, name, &n))
		return false;
	*ret = (double)n;
	return true;
}

/* Growth of a level from the first to the last book of the window that tells it, and the time between the two. */
static bool grew(const struct view *v, const struct server_book *b, const char *name, double *ret,
	double *ret_s)
{
	uint64_t first_ns = 0, last_ns = 0;
	double first = 0, last = 0;
	for (unsigned i = 0; i < v->n; i++) {
		const struct server_book *o = server_book_of(view_at(v, i), b->pid);
		if (!o || o->at_ns == last_ns || !told(v, view_at(v, i), b, name, &last))
			continue;
		if (!first_ns) {
			first_ns = o->at_ns;
			first = last;
		}
		last_ns = o->at_ns;
	}
	*ret = last - first;
	*ret_s = (double)(last_ns - first_ns) / 1e9;
	return *ret_s > 0;
}

static struct verdict *about(struct view *v, struct verdicts *out, const struct server_book *b,
	enum severity severity, enum finding_state state)
{
	struct verdict *f = verdict_new(v, out, severity, state, server_name(v, b));
	if (f) {
		f->netns = b->netns;
		f->pid = b->pid;
		f->port = b->port;
	}
	return f;
}

/* ---- replicas ---- */

const struct rule_case rule_case_replication_lag = {
	.mechanism =
		"A replica answers with what it has. Without its master (Redis), or when it "
		"applies "
		"changes more slowly than they come (PostgreSQL: a long query of its own holds "
		"them up, a slow disk, one process that does it all), that is older and older, and "
		"after a failover it is lost.",
	.threshold = "Redis: the link to the master is down for ten seconds or more, and it is not "
		     "being "
		     "filled. PostgreSQL: what it applied last is half a minute old, changes wait, "
		     "and it "
		     "fell behind by half a second or more in each second.",
	.false_alarms =
		"A replica that is filled for the first time, or catches up. One that is behind by "
		"the same time always (recovery_min_apply_delay). A master that changes nothing.",
	.confirm = "redis-cli info replication; psql -c 'select now() - "
		   "pg_last_xact_replay_timestamp(), pg_is_wal_replay_paused()'",
	.remedy = "Bring back the master or the way to it; end the query that holds changes up, "
		  "or send such queries to another replica; go on with a paused replay "
		  "(pg_wal_replay_resume).",
};

static void judge_link(struct view *v, struct verdicts *out, const struct server_book *b)
{
	double up, down = 0, syncing = 0;
	const struct sample *s = view_last(v);
	if (!told(v, s, b, "master.up", &up) || up > 0 || !told(v, s, b, "master.down.s", &down) ||
		down < DOWN_S || (told(v, s, b, "master.syncing", &syncing) && syncing > 0))
		return;
	struct verdict *f = about(v, out, b, SEVERITY_CRITICAL, STATE_STALLED);
	char time[32];
	if (!f)
		return;
	f->used = down;
	f->since_ns = v->now_ns > (uint64_t)(down * 1e9) ? v->now_ns - (uint64_t)(down * 1e9) : 0;
	(void)text_duration(time, down);
	f->culprits[f->nculprits++] =
		(struct who){"destination", "its master", 0, -1, "is not connected"};
	f->title = say(v, "%s has lost its master for %s and answers with what it had then",
		server_name(v, b), time);
	verdict_evidence(f, say(v, "the link to its master is down for %s", time), -1, down, DOWN_S,
		say(v, "%sredis-cli%s info replication", in_netns(v, b->netns),
			b->port ? say(v, " -p %u", b->port) : ""));
	verdict_victim(f, "server", server_name(v, b), b->pid, "its data is older and older");
	verdict_remedy(f, "Bring back the master, or the way to it",
		say(v, "%sredis-cli%s info replication | grep -E 'master_(host|port)'",
			in_netns(v, b->netns), b->port ? say(v, " -p %u", b->port) : ""),
		NULL, false, "none", "none");
	verdict_remedy(f, "If the master is gone for good, make this one the master",
		"redis-cli replicaof no one", NULL, false, "what the old one had more is lost",
		"two masters, if the old one comes back");
}

static void judge_replay(struct view *v, struct verdicts *out, const struct server_book *b)
{
	double lag, bytes = 0, falls, seconds;
	const struct sample *s = view_last(v);
	if (!told(v, s, b, "replica.lag.ms", &lag) || lag < BEHIND_S * 1000 ||
		!told(v, s, b, "replica.lag.bytes", &bytes) || bytes <= 0 ||
		!grew(v, b, "replica.lag.ms", &falls, &seconds) || seconds < 1 ||
		falls / 1000 < FALLS * seconds)
		return;
	/* A query that began before what waits to be applied holds it up. */
	const struct server_slot *query = NULL;
	for (uint32_t i = 0; i < s->slots.count; i++) {
		const struct server_slot *o = &TABLE_ROWS(s->slots, struct server_slot)[i];
		if (o->server == b->pid && o->who[0] && o->state_ms >= lag &&
			(o->state == SLOT_WORKING || o->state == SLOT_TRANSACTION) &&
			(!query || o->state_ms > query->state_ms))
			query = o;
	}
	struct verdict *f = about(v, out, b, SEVERITY_WARNING, STATE_SATURATED);
	char time[32], amount[32], age[32];
	if (!f)
		return;
	f->used = lag / 1000;
	(void)text_duration(time, lag / 1000);
	if (query)
		f->culprits[f->nculprits++] =
			(struct who){"session", arena_str(&v->scratch, query->who), query->pid, -1,
				say(v, "is at it for %s: \"%s\"",
					text_duration(age, query->state_ms / 1000.0),
					arena_str(&v->scratch, query->text))};
	const struct usage *u = view_usage(v, b->pid);
	f->culprits[f->nculprits++] =
		(struct who){"process", u ? who_name(v, u->p) : server_name(v, b), b->pid, -1,
			"applies changes more slowly than they come"};
	f->title = say(
		v, "The replica %s is %s behind and falls back further", server_name(v, b), time);
	verdict_evidence(f,
		say(v, "what it applied last is %s old, and %s wait to be applied", time,
			text_bytes(amount, bytes)),
		-1, lag / 1000, BEHIND_S,
		say(v,
			"ps -o pid,etime,args --ppid %" PRId32 "   # and: select now() - "
			"pg_last_xact_replay_timestamp()",
			b->pid));
	verdict_victim(f, "server", server_name(v, b), b->pid, "its answers are older and older");
	if (query)
		verdict_remedy(f, "End the query that holds changes up",
			say(v, "psql -c 'select pg_terminate_backend(%" PRIu32 ")'", query->id),
			NULL, false, "it has to be run again", "none");
	verdict_remedy(f, "Go on, if somebody has paused it",
		"psql -c 'select pg_wal_replay_resume()'", NULL, false, "none", "none");
	verdict_remedy(f, "Let the server end queries that hold changes up", NULL,
		"postgresql.conf: max_standby_streaming_delay = 30s", true,
		"long reports on the replica fail", "none");
}

void rule_replication_lag(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->servers.count; i++) {
		const struct server_book *b = &TABLE_ROWS(s->servers, struct server_book)[i];
		if (b->status != BOOK_OK)
			continue;
		judge_link(v, out, b);
		judge_replay(v, out, b);
	}
}

/* ---- transaction ids ---- */

const struct rule_case rule_case_vacuum_wraparound = {
	.mechanism =
		"PostgreSQL numbers transactions with 32 bits, and vacuum frees old numbers. Where "
		"it "
		"cannot (autovacuum is off or too slow, or a session, a prepared transaction or a "
		"replication slot still needs what is old), the server stops to take commands "
		"that change something three million before the end, until somebody vacuums by "
		"hand.",
	.threshold = "The oldest number is 1.6 thousand million transactions old, where vacuum "
		     "itself leaves all else aside (vacuum_failsafe_age), and more come: the time "
		     "left is told by their rate. Critical where the server warns too, forty "
		     "million before it stops; used up where it has stopped.",
	.false_alarms = "An age of 200 million and somewhat more (autovacuum_freeze_max_age): "
			"there vacuum just begins.",
	.confirm = "psql -c 'select datname, age(datfrozenxid) from pg_database order by 2 desc'; "
		   "psql -c 'select pid, age(backend_xmin), state, query from pg_stat_activity "
		   "order by 2 desc nulls last limit 5'",
	.remedy =
		"End what needs the old numbers (sessions open for days, prepared transactions, "
		"replication slots nobody reads), then VACUUM in the database and tables that are "
		"oldest; let autovacuum do more.",
};

/* The session that needs the oldest numbers, as far as sessions are listed. */
static const struct server_slot *oldest_session(const struct sample *s, int32_t server)
{
	const struct server_slot *best = NULL;
	for (uint32_t i = 0; i < s->slots.count; i++) {
		const struct server_slot *o = &TABLE_ROWS(s->slots, struct server_slot)[i];
		if (o->server == server && o->who[0] &&
			(o->state == SLOT_TRANSACTION || o->state == SLOT_WORKING) &&
			(!best || o->state_ms > best->state_ms))
			best = o;
	}
	return best;
}

/* Whoever keeps vacuum from freeing numbers: half of the age is held by it. */
static void blame_holders(
	struct view *v, struct verdict *f, const struct server_book *b, double age)
{
	const struct sample *s = view_last(v);
	const struct server_slot *o = oldest_session(s, b->pid);
	double xmin = 0, prepared = 0, since = 0;
	char time[32];
	bool held = told(v, s, b, "xmin.age", &xmin) && xmin * 2 >= age;
	if (held && o)
		f->culprits[f->nculprits++] =
			(struct who){"session", arena_str(&v->scratch, o->who), o->pid, -1,
				say(v, "is in its transaction for %s and needs what is old: \"%s\"",
					text_duration(time, o->state_ms / 1000.0),
					arena_str(&v->scratch, o->text))};
	if (told(v, s, b, "prepared", &prepared) && prepared > 0 &&
		told(v, s, b, "prepared.oldest.ms", &since) && since >= 3600e3)
		f->culprits[f->nculprits++] = (struct who){"session", "a prepared transaction", 0,
			-1, say(v, "is open for %s", text_duration(time, since / 1000))};
	if (!f->nculprits)
		f->culprits[f->nculprits++] = (struct who){
			"config", "autovacuum", 0, -1, "is off, or slower than transactions come"};
}

static void judge_ids(struct view *v, struct verdicts *out, const struct server_book *b)
{
	double age, more = 0, seconds = 0;
	char left[32];
	if (!told(v, view_last(v), b, "xid.age", &age) || age < FAILSAFE)
		return;
	double rate = grew(v, b, "xid.age", &more, &seconds) && more > 0 ? more / seconds : 0;
	bool over = age >= IDS - STOP;
	enum finding_state state = over ? STATE_EXHAUSTED : rate > 0 ? STATE_FILLING : STATE_NOTE;
	struct verdict *f = about(v, out, b,
		state == STATE_NOTE          ? SEVERITY_NOTICE
		: over || age >= IDS - WARNS ? SEVERITY_CRITICAL
					     : SEVERITY_WARNING,
		state);
	if (!f)
		return;
	f->used = age;
	f->limit = IDS - STOP;
	f->eta_s = state == STATE_FILLING ? (IDS - STOP - age) / rate : -1;
	blame_holders(v, f, b, age);
	f->title = over ? say(v, "%s has no transaction ids left and takes no changes",
				  server_name(v, b))
		   : rate > 0
			   ? say(v, "%s runs out of transaction ids in %s: vacuum frees none",
				     server_name(v, b), text_duration(left, f->eta_s))
			   : say(v, "%s has used most of its transaction ids", server_name(v, b));
	verdict_evidence(f,
		say(v,
			"the oldest number is %.0f million transactions old, of %.0f million; %.0f "
			"more each second",
			age / 1e6, f->limit / 1e6, rate),
		-1, age, f->limit,
		say(v,
			"ps -o pid,etime,args --ppid %" PRId32 "   # and: select datname, "
			"age(datfrozenxid) from pg_database",
			b->pid));
	if (state == STATE_NOTE)
		return;
	verdict_victim(f, "server", server_name(v, b), b->pid,
		over ? "commands that change something fail" : "will take no changes then");
	verdict_remedy(f, "End what needs the old numbers, then free them",
		"psql -c 'select pid, age(backend_xmin), state from pg_stat_activity order by 2 "
		"desc "
		"nulls last limit 5'; vacuumdb --all --freeze",
		NULL, false, "reads all tables that are old", "disks are busy for hours");
	verdict_remedy(f, "Let autovacuum keep up", NULL,
		"postgresql.conf: autovacuum = on, autovacuum_vacuum_cost_limit = 2000", true,
		"more of the disks' time", "none");
}

void rule_vacuum_wraparound(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->servers.count; i++)
		if (TABLE_ROWS(s->servers, struct server_book)[i].status == BOOK_OK)
			judge_ids(v, out, &TABLE_ROWS(s->servers, struct server_book)[i]);
}
