/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The rule for servers that have all the connections or sessions they may have. */
#include "rules/database.h"

#include "base/text.h"
#include "ledger/ended.h"

#include <inttypes.h>
#include <string.h>

enum { ATTEMPTS = 2 }; /* one may be a health check */
static const uint64_t MOMENT_NS = 1000000000;

const struct rule_case rule_case_connections_full = {
	.mechanism = "A server takes as many connections as its configuration allows "
		     "(max_connections, maxclients, maxconn). When all are taken, the next one is "
		     "refused with an error, or waits in the accept queue.",
	.threshold =
		"At its limit, and somebody is refused: the server counts refusals, or "
		"connections wait in its accept queue in two thirds of the looks, or "
		"connections of a moment come and go while it is full (PostgreSQL counts none: "
		"what "
		"it forked for a client ends at once with status 1). Of "
		"an nginx that cannot be asked, its log: \"worker_connections are not enough\".",
	.false_alarms = "A pool in front that holds all connections and asks for no more. A limit "
			"that was reached and is no longer.",
	.confirm =
		"ss -Htn state established 'sport = :PORT' | wc -l; the server's list of sessions",
	.remedy = "Find who holds connections without need (idle sessions, a leak, a pool that is "
		  "too "
		  "large); a pool in front (pgbouncer); then a higher limit.",
};

/* PostgreSQL forks for each client, over TCP or a unix socket. What it forked ends with 1 when it refuses (FATAL), and with 0 after a session, however short, as
 * that of a monitor, and after work of its own. */
static bool by_exits(struct view *v, const struct server_book *b)
{
	return strcmp(server_kind(v, b), "postgres") == 0 && ended_known(v) &&
	       view_usage(v, b->pid);
}

static double refused_exits(const struct view *v, const struct server_book *b)
{
	const char *comm = view_usage(v, b->pid)->p->comm;
	double sum = 0;
	for (unsigned i = 1; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		for (uint32_t k = 0; k < s->ended.count; k++) {
			const struct ended *e = &TABLE_ROWS(s->ended, struct ended)[k];
			if (e->ppid == b->pid && strncmp(e->comm, comm, PROC_COMM) == 0 &&
				e->count && e->life_ns / e->count < MOMENT_NS &&
				(e->code & 0x7f) == 0)
				sum += e->failed;
		}
	}
	return sum;
}

/* Connections to the server that ended in the window after a moment: the kernel's view of a refusal. */
static double turned_away(struct view *v, const struct server_book *b, const struct server *c)
{
	if (by_exits(v, b))
		return refused_exits(v, b);
	const struct sample *last = view_last(v);
	double sum = 0, left = 0;
	for (unsigned i = 1; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		for (uint32_t k = 0; k < s->flows.count; k++) {
			const struct tcp_flow *f = &TABLE_ROWS(s->flows, struct tcp_flow)[k];
			if (!f->outgoing && f->netns == c->netns && f->port == c->port &&
				f->timed && f->duration_ns / f->timed < MOMENT_NS &&
				f->bytes_out / f->timed < 1024)
				sum += f->timed;
		}
	}
	if (last->have_flows)
		return sum;
	/* Without the probes: the server closed first, so they are in TIME_WAIT on its side. */
	for (uint32_t k = 0; k < last->conns.count; k++) {
		const struct conn_group *g = &TABLE_ROWS(last->conns, struct conn_group)[k];
		if (!g->outgoing && g->netns == c->netns && g->port == c->port)
			left += g->time_wait;
	}
	return left;
}

/* What was written down of its log is none. */
static bool is_session(const struct server_slot *s, int32_t server)
{
	return s->server == server && !server_slot_is_log(s);
}

/* Sessions with the same user or application, as far as the server lists them. */
static unsigned most_sessions(const struct view *v, int32_t server, const struct server_slot **ret)
{
	const struct sample *s = view_last(v);
	const struct server_slot *rows = TABLE_ROWS(s->slots, struct server_slot);
	unsigned most = 0;
	for (uint32_t i = 0; i < s->slots.count; i++) {
		unsigned n = 0;
		if (!is_session(&rows[i], server) || !rows[i].who[0])
			continue;
		for (uint32_t k = i; k < s->slots.count; k++)
			n += is_session(&rows[k], server) && strcmp(rows[k].who, rows[i].who) == 0;
		if (n > most) {
			most = n;
			*ret = &rows[i];
		}
	}
	return most;
}

/* The application or user with most sessions, as the server counted them; NULL. */
static const char *holder_of(struct view *v, int32_t server, uint64_t *ret_n)
{
	static const char prefix[] = "sessions.of/";
	const struct sample *s = view_last(v);
	const struct server_number *rows = TABLE_ROWS(s->server_numbers, struct server_number);
	const char *best = NULL;
	*ret_n = 0;
	for (uint32_t i = 0; i < s->server_numbers.count; i++) {
		const char *name = intern_text(&v->series->names, rows[i].name);
		if (rows[i].server != server || rows[i].value <= *ret_n ||
			strncmp(name, prefix, sizeof prefix - 1) != 0)
			continue;
		*ret_n = rows[i].value;
		best = arena_str(&v->scratch, name + sizeof prefix - 1);
	}
	return best;
}

static void add_culprit(struct verdict *f, struct who w)
{
	if (f->nculprits < WHO_MAX)
		f->culprits[f->nculprits++] = w;
}

static void blame_connections(
	struct view *v, struct verdict *f, const struct server *c, const struct server_pool *p)
{
	const struct server_slot *slot = NULL;
	unsigned n = most_sessions(v, p->server, &slot);
	double used = p->used ? (double)p->used : 1;
	uint64_t of = 0;
	const char *name = holder_of(v, p->server, &of);
	if (name && of >= n && (double)of * 2 >= used)
		f->culprits[f->nculprits++] =
			(struct who){"session", name, 0, (double)of < used ? (double)of / used : 1,
				say(v, "has %" PRIu64 " of %.0f sessions", of, used)};
	else if (slot && n * 2 >= used)
		f->culprits[f->nculprits++] = (struct who){"session",
			arena_str(&v->scratch, slot->who), 0, n / used,
			say(v, "has %u of %.0f sessions%s%s%s", n, used,
				slot->text[0] ? ", \"" : "", arena_str(&v->scratch, slot->text),
				slot->text[0] ? "\"" : "")};
	for (size_t i = 0; i < c->npeers && i < 2; i++) {
		const struct server_peer *peer = &c->peers[i];
		if (peer->taken * 4 < used)
			continue;
		double share = peer->taken >= used ? 1 : peer->taken / used;
		const char *why =
			say(v, "has %.0f connections, %.0f of them idle", peer->taken, peer->idle);
		const struct usage *u =
			peer->several ? NULL : server_local_client(v, c->port, &peer->address);
		bool own = !peer->several && who_is_loopback(&peer->address);
		if (u && own)
			add_culprit(f,
				(struct who){"process", who_name(v, u->p), u->p->pid, share, why});
		add_culprit(f, (struct who){"peer", peer->name, 0, share, why});
		if (u && !own)
			add_culprit(f,
				(struct who){"process", who_name(v, u->p), u->p->pid, share, why});
	}
	if (f->nculprits == 0)
		f->culprits[f->nculprits++] = (struct who){"traffic", "many clients", 0, -1,
			"none of them has a quarter of the connections"};
}

/* A server at its limit, which `pool` tells or the kernel counted; refused: how many were, 0: they wait. */
static struct verdict *about(struct view *v, struct verdicts *out, const struct server_book *b,
	const char *instance, const struct server *c, const struct server_pool *pool,
	double refused)
{
	struct verdict *f = verdict_new(v, out, SEVERITY_CRITICAL,
		refused > 0 ? STATE_EXHAUSTED : STATE_SATURATED, instance);
	if (!f)
		return NULL;
	f->netns = b->netns;
	f->pid = b->pid;
	f->port = c->port;
	f->used = (double)pool->used;
	f->limit = (double)pool->limit;
	f->refused = refused;
	blame_connections(v, f, c, pool);
	return f;
}

/* Connections by state: what was turned away is in TIME_WAIT. What PostgreSQL refuses stands in its log. */
static const char *states_of(struct view *v, const struct server_book *b, const struct server *c)
{
	if (by_exits(v, b))
		return "grep -hE 'too many clients|connection slots' /var/log/postgresql/*.log | "
		       "tail -3";
	return say(v, "%sss -tan 'sport = :%u' | awk '{print $1}' | sort | uniq -c",
		in_netns(v, c->netns), c->port);
}

static void tell_connections(
	struct view *v, struct verdict *f, const struct server_book *b, bool refused)
{
	verdict_victim(f, "server", server_name(v, b), b->pid,
		refused ? "refuses new connections" : "new connections wait");
	verdict_remedy(f,
		say(v,
			"See why %s needs so many connections: idle ones, a leak, a pool that is "
			"too large",
			f->culprits[0].value),
		NULL, NULL, false, "none", "none");
	verdict_remedy(f,
		"A pool in front of the server (pgbouncer, ProxySQL), smaller pools in the "
		"applications, and a time-out for idle sessions",
		NULL, "the configuration of the applications", true, "none", "none");
	verdict_remedy(f, "A higher limit (max_connections, maxclients, maxconn)", NULL,
		"the configuration of the server", true, "memory for each connection",
		"hides a leak for longer; LimitNOFILE must allow it");
}

/* Connections on which a request was begun and not ended, in small pieces, and nothing was answered: each is taken, and cannot be given to anybody else. */
static void tell_senders(struct view *v, struct verdict *f, const struct server *c)
{
	double n = 0;
	const char *most = NULL;
	for (size_t i = 0; i < c->npeers; i++)
		if (c->peers[i].out <= 0 && c->peers[i].trickled > 0) {
			most = most ? most : c->peers[i].name;
			n += c->peers[i].owing;
		}
	if (n * 2 < c->taken || !most)
		return;
	verdict_evidence(f,
		say(v,
			"%.0f of them have begun a request and not ended it, most of %s: bytes "
			"trickle in, and nothing is answered",
			n, most),
		-1, n, f->limit,
		say(v,
			"%sss -tino state established 'sport = :%u'   # lastrcv is young, nothing "
			"sent",
			in_netns(v, c->netns), c->port));
	verdict_remedy(f,
		"Limit the time of a request and the connections of a client (nginx: "
		"client_header_timeout 10s, limit_conn; HAProxy: timeout http-request 10s, "
		"stick-table conn_cur)",
		NULL, "the configuration of the server", true,
		"clients that are slower are cut off",
		"a proxy with many users counts as one client");
}

/* A server that cannot be asked, since that takes a connection too, but writes down whom it turns away. */
static void judge_silent(struct view *v, struct verdicts *out, const struct server_book *b,
	const struct server_pool *p)
{
	double refused;
	struct server c;
	if (!p->have_limit || !server_number_growth(v, b->pid, "log.connections.none", &refused) ||
		refused < ATTEMPTS)
		return;
	server_clients(v, b, &c);
	struct server_pool told = *p;
	told.used = c.taken > 0 ? (uint64_t)c.taken : 0;
	struct verdict *f = about(v, out, b, server_name(v, b), &c, &told, refused);
	if (!f)
		return;
	f->title = say(v,
		"%s has no connection left (%" PRIu64 " are allowed): others are turned away",
		server_name(v, b), p->limit);
	verdict_evidence(f,
		say(v, "its log says %.0f times in %.0f s that worker_connections are not enough",
			refused, v->seconds),
		-1, refused, 0,
		"grep -c 'worker_connections are not enough' /var/log/nginx/error.log");
	verdict_evidence(f,
		say(v, "%.0f connections of clients; its own to servers behind it take of the same",
			c.taken),
		-1, c.taken, f->limit, database_sessions(v, b));
	tell_senders(v, f, &c);
	verdict_victim(f, "server", server_name(v, b), b->pid, "turns new connections away");
	verdict_remedy(f, "A higher limit (worker_connections, with worker_rlimit_nofile)", NULL,
		"nginx.conf: events { worker_connections 4096; }", true,
		"memory for each connection", "none");
}

static void judge_connections(struct view *v, struct verdicts *out, const struct server_book *b,
	const struct server_pool *p)
{
	const struct server_pool *rows[STORE_MAX];
	double t[STORE_MAX];
	unsigned n = server_pool_history(v, p, t, rows), full = 0;
	if (!p->have_limit || p->limit == 0 || n == 0)
		return;
	for (unsigned i = 0; i < n; i++)
		full += rows[i]->used >= p->limit;
	bool now = p->used >= p->limit;
	double refused = 0;
	for (unsigned i = 1; i < n; i++)
		if (rows[i]->refused > rows[i - 1]->refused)
			refused += (double)(rows[i]->refused - rows[i - 1]->refused);
	/* A proxy counts there what its own rules refuse. */
	bool counts = strcmp(server_kind(v, b), "haproxy") != 0;
	if (!counts)
		refused = 0;
	if ((!now && refused <= 0) || (now && full * 2 < n))
		return;
	struct server c;
	server_clients(v, b, &c);
	unsigned waits = 0;
	for (unsigned i = 0; now && i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		for (uint32_t k = 0; k < s->listeners.count; k++) {
			const struct listener *l = &TABLE_ROWS(s->listeners, struct listener)[k];
			if (l->netns == c.netns && l->port == c.port && l->waiting) {
				waits++;
				break;
			}
		}
	}
	bool queued = now && c.waits > 0 && waits * 3 >= v->n * 2;
	if (refused <= 0 && now && strcmp(server_kind(v, b), "postgres") == 0) {
		refused = turned_away(v, b, &c);
		refused = refused >= ATTEMPTS ? refused : 0;
	}
	if (refused <= 0 && !queued)
		return;
	const char *name = intern_text(&v->series->names, p->name);
	struct verdict *f = about(v, out, b,
		*name ? say(v, "%s/%s", server_name(v, b), name) : server_name(v, b), &c, p,
		refused);
	if (!f)
		return;
	f->title = now ? say(v, "%s has all the connections it may have (%" PRIu64 "): %s",
				 server_name(v, b), p->limit,
				 refused > 0 ? "others are refused" : "others wait")
		       : say(v, "%s refuses connections: %" PRIu64 " of %" PRIu64 " are taken",
				 server_name(v, b), p->used, p->limit);
	verdict_evidence(f,
		say(v, "%" PRIu64 " of %" PRIu64 " connections%s", p->used, p->limit,
			p->idle && p->idle <= p->used
				? say(v, ", %" PRIu64 " of them idle", p->idle)
				: ""),
		-1, f->used, f->limit, database_sessions(v, b));
	if (refused > 0)
		verdict_evidence(f,
			say(v, "%.0f connections were refused in %.0f s", refused, v->seconds), -1,
			refused, 0, states_of(v, b, &c));
	if (queued)
		verdict_evidence(f, say(v, "%.0f connections wait to be accepted", c.waits), -1,
			c.waits, c.backlog,
			say(v, "%sss -ltn 'sport = :%u'", in_netns(v, c.netns), c.port));
	tell_senders(v, f, &c);
	tell_connections(v, f, b, refused > 0);
}

/* A server that had no connection left for us either, as it said: there is no book then, but the kernel has its connections. */
static void judge_closed(struct view *v, struct verdicts *out, const struct server_book *b)
{
	static const char *const telling[] = {"postgres", "mysql", "redis", "memcached"};
	const struct server_pool *p = server_pool_of(view_last(v), b->pid, POOL_CONNECTIONS, 0);
	struct server c;
	bool tells = false;
	unsigned before = 0;
	for (size_t i = 0; i < COUNTOF(telling); i++)
		tells = tells || strcmp(server_kind(v, b), telling[i]) == 0;
	for (unsigned i = 0; i < v->n; i++) {
		const struct server_book *o = server_book_of(view_at(v, i), b->pid);
		before += o && o->status == BOOK_FULL;
	}
	if (!tells || b->status != BOOK_FULL || before < 2)
		return;
	server_clients(v, b, &c);
	double refused = turned_away(v, b, &c);
	/* Over unix sockets nobody is seen that is in, but those that are not. */
	if (refused < ATTEMPTS || (c.taken < 1 && !by_exits(v, b)) || c.waits > 0)
		return;
	bool known = p && p->have_limit && p->limit;
	uint64_t n = known && c.taken < 1 ? p->limit : (uint64_t)c.taken;
	struct server_pool taken = {
		.server = b->pid, .used = n, .limit = known && p->limit < n ? p->limit : n};
	struct verdict *f = about(v, out, b, server_name(v, b), &c, &taken, refused);
	if (!f)
		return;
	f->title = say(
		v, "%s has all the connections it may have, and refuses others", server_name(v, b));
	if (c.taken >= 1)
		verdict_evidence(f, say(v, "%.0f connections are open", c.taken), -1, c.taken, -1,
			database_sessions(v, b));
	verdict_evidence(f,
		say(v,
			"it says that it has too many when it is asked; %.0f connections were "
			"ended at "
			"once in %.0f s",
			refused, v->seconds),
		-1, refused, 0, states_of(v, b, &c));
	tell_connections(v, f, b, true);
}

/* The server as a whole is at its limit: a part of it, which may have no more than that, is no trouble beside. */
static bool all_taken(const struct view *v, int32_t server)
{
	const struct server_pool *p = server_pool_of(view_last(v), server, POOL_CONNECTIONS, 0);
	return p && p->have_limit && p->limit && p->used >= p->limit;
}

void rule_connections_full(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	const struct server_book *b;
	const struct server_pool *p;
	for (uint32_t i = 0; i < s->servers.count; i++)
		judge_closed(v, out, &TABLE_ROWS(s->servers, struct server_book)[i]);
	for (uint32_t at = 0; (p = server_next_pool(v, POOL_CONNECTIONS, &at, &b));)
		if (!p->name || !all_taken(v, p->server))
			judge_connections(v, out, b, p);
	for (uint32_t i = 0; i < s->pools.count; i++) {
		p = &TABLE_ROWS(s->pools, struct server_pool)[i];
		b = p->kind == POOL_CONNECTIONS ? server_book_of(s, p->server) : NULL;
		if (b && b->status != BOOK_OK)
			judge_silent(v, out, b, p);
	}
}
