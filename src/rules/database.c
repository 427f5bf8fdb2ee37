/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The rule for locks that one session of a database holds, and others wait for. */
#include "rules/database.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

enum { WAIT_MS = 3000, LONG_MS = 30000, MANY = 5, CHAIN = 64 };
static const double SETTLE_S = 15; /* who holds the lock is at work, and will let go */

const char *database_sessions(struct view *v, const struct server_book *b)
{
	const char *kind = server_kind(v, b);
	const char *ns = in_netns(v, b->netns);
	if (strcmp(kind, "postgres") == 0)
		return say(v,
			"ps -o pid,etime,args --ppid %" PRId32
			"   # and: select pid, state, application_name, pg_blocking_pids(pid), "
			"query from "
			"pg_stat_activity",
			b->pid);
	if (strcmp(kind, "mysql") == 0)
		return say(
			v, "%sss -tnp 'sport = :%u'   # and: show full processlist", ns, b->port);
	return say(v, "%sss -tn state established 'sport = :%u'", ns, b->port);
}

const struct rule_case rule_case_locks_held = {
	.mechanism =
		"A session changed a row (or altered a table) and has not ended its transaction: "
		"everybody who wants the same waits for it, and who waits holds locks that "
		"others wait for. The one at the root may do nothing at all (idle in "
		"transaction), or be no session any more: a transaction that was prepared "
		"(two-phase "
		"commit) and forgotten. Sessions pile up until no connection is left.",
	.threshold =
		"A session waits three seconds or more for a lock, at two looks, or sessions wait "
		"at two looks for one that was idle in its transaction all the while, three "
		"seconds or more: whoever waited and is gone was refused (a time-out). The culprit "
		"is the root: who blocks others and waits for nobody. Where that one is at work, "
		"few wait and nobody for half a minute, recorders tell of it after 15 s: it will "
		"let go. "
		"Five waiting sessions, or "
		"one that waits for half a minute, are critical.",
	.false_alarms =
		"A session idle in a transaction that blocks nobody. Short waits for locks, "
		"which is what locks are for.",
	.confirm = "psql -c \"select pid, pg_blocking_pids(pid), wait_event_type, state, "
		   "application_name, query from pg_stat_activity\"; psql -c \"select * from "
		   "pg_prepared_xacts\"",
	.remedy = "End the blocking session (pg_terminate_backend, KILL), roll a forgotten "
		  "prepared transaction back; mend the program that "
		  "leaves "
		  "transactions open: commit sooner, idle_in_transaction_session_timeout, "
		  "lock_timeout.",
};

static const struct server_slot *slot_of(const struct sample *s, int32_t server, uint32_t id)
{
	for (uint32_t i = 0; i < s->slots.count; i++) {
		const struct server_slot *o = &TABLE_ROWS(s->slots, struct server_slot)[i];
		if (o->server == server && o->id == id)
			return o;
	}
	return NULL;
}

/* Whom a waiting session waits for in the end. The chain may lead to a session that is not listed: then its id. Who waits himself, and for no
 * session, waits for a transaction that was prepared: 0. */
static uint32_t root_of(const struct sample *s, const struct server_slot *w, bool prepared)
{
	uint32_t id = (uint32_t)w->blocker;
	for (unsigned i = 0; i < CHAIN; i++) {
		const struct server_slot *o = slot_of(s, w->server, id);
		if (o && prepared && o->state == SLOT_LOCKED && o->blocker == 0)
			return 0;
		if (!o || o->blocker <= 0 || o->id == (uint32_t)o->blocker)
			break;
		id = (uint32_t)o->blocker;
	}
	return id;
}

/* Waits for somebody: a session, or, where the server names none, a transaction that was prepared and belongs to no session. */
static bool is_locked(const struct server_slot *s, bool prepared)
{
	return s->blocker > 0 || (prepared && s->state == SLOT_LOCKED && s->blocker == 0);
}

struct lock_wait {
	uint32_t root;    /* 0: a prepared transaction */
	unsigned waiting; /* sessions behind this root, listed ones */
	unsigned all;     /* behind any */
	uint32_t longest_ms;
	const struct server_slot *example; /* of the query that most wait with */
	unsigned alike;
};

/* The root with most sessions behind it, in one sample. */
static bool worst_lock(
	const struct view *v, const struct sample *s, int32_t server, struct lock_wait *ret)
{
	uint64_t transactions = 0;
	bool prepared =
		server_number_of(v, s, server, "prepared", &transactions) && transactions > 0;
	const struct server_slot *rows = TABLE_ROWS(s->slots, struct server_slot);
	*ret = (struct lock_wait){0};
	for (uint32_t i = 0; i < s->slots.count; i++) {
		if (rows[i].server != server || !is_locked(&rows[i], prepared))
			continue;
		ret->all++;
		uint32_t root = root_of(s, &rows[i], prepared);
		struct lock_wait w = {.root = root};
		for (uint32_t k = 0; k < s->slots.count; k++) {
			if (rows[k].server != server || !is_locked(&rows[k], prepared) ||
				root_of(s, &rows[k], prepared) != root)
				continue;
			w.waiting++;
			if (rows[k].state_ms > w.longest_ms)
				w.longest_ms = rows[k].state_ms;
		}
		if (w.waiting > ret->waiting) {
			ret->root = root;
			ret->waiting = w.waiting;
			ret->longest_ms = w.longest_ms;
		}
	}
	for (uint32_t i = 0; i < s->slots.count; i++) {
		unsigned n = 0;
		if (rows[i].server != server || !is_locked(&rows[i], prepared) || !rows[i].text[0])
			continue;
		for (uint32_t k = 0; k < s->slots.count; k++)
			n += rows[k].server == server && is_locked(&rows[k], prepared) &&
			     strncmp(rows[k].text, rows[i].text, 24) == 0;
		if (n > ret->alike) {
			ret->alike = n;
			ret->example = &rows[i];
		}
	}
	return ret->waiting > 0;
}

/* The same root blocked in an older book of the window, after from_ns. */
static bool blocked_before(const struct view *v, const struct server_book *b, uint32_t root,
	uint64_t from_ns, uint64_t *ret_since)
{
	bool found = false;
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		const struct server_book *o = server_book_of(s, b->pid);
		struct lock_wait w;
		if (!o || o->at_ns == b->at_ns || o->at_ns < from_ns ||
			!worst_lock(v, s, b->pid, &w) || w.root != root)
			continue;
		if (!found)
			*ret_since = s->real_ns;
		found = true;
	}
	return found;
}

static const char *state_text(const struct server_slot *s)
{
	switch ((enum slot_state)s->state) {
	case SLOT_TRANSACTION: return "is idle in its transaction";
	case SLOT_IDLE: return "is idle";
	case SLOT_LOCKED: return "waits itself";
	default: return "is at work";
	}
}

static void lock_remedies(
	struct view *v, struct verdict *f, const struct server_book *b, uint32_t root)
{
	const char *kind = server_kind(v, b);
	if (root == 0) {
		verdict_remedy(f,
			"Commit it or roll it back: whoever prepared it has forgotten it, or is "
			"gone",
			"psql -c 'select gid, prepared, owner, database from pg_prepared_xacts'   "
			"# then "
			"rollback prepared 'GID'",
			NULL, false, "what it did is lost",
			"the other halves of a distributed transaction may be committed");
		verdict_remedy(f, "No prepared transactions where no coordinator needs them", NULL,
			"postgresql.conf: max_prepared_transactions = 0", true, "a restart",
			"none");
		return;
	}
	if (strcmp(kind, "postgres") == 0) {
		verdict_remedy(f, "End the blocking session: its transaction is rolled back",
			say(v, "psql -c 'select pg_terminate_backend(%" PRIu32 ")'", root), NULL,
			false, "what it did is lost",
			"the program behind it must be able to begin anew");
		verdict_remedy(f,
			"Let the server end sessions that sleep in a transaction, and statements "
			"that "
			"wait for locks too long (lock_timeout)",
			"psql -c \"alter system set idle_in_transaction_session_timeout = '30s'\" "
			"-c "
			"'select pg_reload_conf()'",
			"postgresql.conf: idle_in_transaction_session_timeout = 30s", true,
			"programs that keep transactions open fail", "none");
	} else {
		verdict_remedy(f, "End the blocking session: its transaction is rolled back",
			say(v, "mysql -e 'kill %" PRIu32 "'", root), NULL, false,
			"what it did is lost", "the program behind it must be able to begin anew");
		verdict_remedy(f,
			"Let statements give up sooner (innodb_lock_wait_timeout; for tables "
			"lock_wait_timeout)",
			NULL, "my.cnf: innodb_lock_wait_timeout = 10", true, "statements fail",
			"none");
	}
	verdict_remedy(f, "Mend the program: commit or roll back before it waits for anything else",
		NULL, NULL, true, "none", "none");
}

/* From when on this root could let nobody go: who is idle in a transaction, or was prepared, gives nothing back before it ends. Those who waited for it then and
 * are gone were refused (statement_timeout, lock_timeout, innodb_lock_wait_timeout). 0: it is not like that, or not for long. */
static uint64_t idle_from(const struct server_slot *root, const struct server_book *b)
{
	uint64_t idle_ns = root ? (uint64_t)root->state_ms * 1000000u : 0;
	return root && root->state == SLOT_TRANSACTION && root->state_ms >= WAIT_MS &&
			       idle_ns < b->at_ns
		       ? b->at_ns - idle_ns
		       : 0;
}

static void judge_locks(struct view *v, struct verdicts *out, const struct server_book *b)
{
	struct lock_wait w;
	uint64_t since = 0;
	if (!worst_lock(v, view_last(v), b->pid, &w))
		return;
	const struct server_slot *root = slot_of(view_last(v), b->pid, w.root);
	uint64_t idle = w.longest_ms < WAIT_MS ? idle_from(root, b) : 0;
	if ((w.longest_ms < WAIT_MS && !idle) || !blocked_before(v, b, w.root, idle, &since))
		return;
	bool many = w.waiting >= MANY || w.longest_ms >= LONG_MS;
	struct verdict *f = verdict_new(v, out, many ? SEVERITY_CRITICAL : SEVERITY_WARNING,
		STATE_SATURATED, server_name(v, b));
	if (!f)
		return;
	char held[32], longest[32];
	const char *who = root && root->who[0] ? arena_str(&v->scratch, root->who)
			  : w.root == 0        ? "a prepared transaction"
					       : say(v, "session %" PRIu32, w.root);
	const char *state = w.root == 0 && root
				    ? say(v, "belongs to no session, prepared %s ago",
					      text_duration(held, root->state_ms / 1000.0))
			    : w.root == 0 ? "belongs to no session"
			    : root        ? say(v, "%s for %s", state_text(root),
						    text_duration(held, root->state_ms / 1000.0))
					  : "is not listed";
	f->netns = b->netns;
	f->pid = b->pid;
	f->port = b->port;
	f->used = w.waiting;
	f->since_ns = since;
	if (root && root->state == SLOT_WORKING && !many)
		f->settle_s = SETTLE_S;
	f->culprits[f->nculprits++] = (struct who){"session", who, root ? root->pid : 0,
		(double)w.waiting / (w.all ? w.all : 1),
		say(v, "%s %s and blocks %u others%s%s%s",
			w.root ? say(v, "session %" PRIu32, w.root) : "it", state, w.waiting,
			root && root->text[0] ? "; its last statement: \"" : "",
			root ? arena_str(&v->scratch, root->text) : "",
			root && root->text[0] ? "\"" : "")};
	f->title = say(v, "%u session%s of %s wait%s for a lock that %s holds, %s %s", w.waiting,
		w.waiting > 1 ? "s" : "", server_name(v, b), w.waiting > 1 ? "" : "s", who,
		w.root ? "who" : "which", state);
	verdict_evidence(f,
		say(v, "%u sessions wait for locks, the longest for %s; at the root of %u is %s",
			w.all, text_duration(longest, w.longest_ms / 1000.0), w.waiting,
			w.root ? say(v, "session %" PRIu32 " (%s)", w.root, who) : who),
		-1, w.waiting, 0, database_sessions(v, b));
	if (root && root->text[0])
		verdict_evidence(f,
			say(v, "the session that holds the lock %s; its %s: \"%s\"", state,
				root->state == SLOT_WORKING ? "statement" : "last statement",
				arena_str(&v->scratch, root->text)),
			-1, root->state_ms / 1000.0, -1, database_sessions(v, b));
	if (w.example)
		verdict_evidence(f,
			say(v, "%u of them wait with \"%s\"", w.alike,
				arena_str(&v->scratch, w.example->text)),
			-1, w.alike, -1, database_sessions(v, b));
	verdict_victim(f, "server", server_name(v, b), b->pid,
		say(v, "%u sessions wait, the longest for %s", w.all, longest));
	lock_remedies(v, f, b, w.root);
}

void rule_locks_held(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->servers.count; i++)
		if (TABLE_ROWS(s->servers, struct server_book)[i].status == BOOK_OK)
			judge_locks(v, out, &TABLE_ROWS(s->servers, struct server_book)[i]);
}
