/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for what stands behind a proxy, as the proxy tells: requests that wait for a place, servers that do not answer. */
#include "ledger/servers.h"
#include "rules/verdict.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WAIT_S 0.5 /* a queue that is taken sooner than this is what it is for */

/* ---- queues ---- */

const struct rule_case rule_case_proxy_queue = {
	.mechanism = "A proxy passes on as many requests at once as the servers behind it may have "
		     "(maxconn of each). What comes beyond waits in the proxy, and fails there "
		     "when its time in the queue is over. The proxy itself has nothing to do.",
	.threshold =
		"Requests wait in at least two thirds of the looks, all places are taken (or "
		"all of the one server that they are bound to), and "
		"what waits would take half a second or more at the rate of answers, or "
		"answers fail (5xx). A server that is down or four times slower than the others "
		"is the culprit, else the client that has half of all connections, unless it "
		"is the only one: everybody may come by it, and then it is the backend.",
	.false_alarms =
		"All places taken and nobody waits. A short queue in front of fast servers.",
	.confirm = "echo 'show stat' | socat - UNIX-CONNECT:SOCKET | cut -d, -f1,2,3,5,7,18   # "
		   "qcur, scur, slim",
	.remedy =
		"Limit the client that sends most (stick-table, rate limit), a backend of its own "
		"for what is expensive; mend the slow server; more servers.",
};

static bool is_of(const char *server, const char *backend)
{
	size_t n = strlen(backend);
	return strncmp(server, backend, n) == 0 && server[n] == '/';
}

/* The servers of a backend. */
struct behind {
	unsigned count, down;
	const struct server_pool *slow, *gone;
	double slow_us, others_us;
};

static struct behind look_behind(const struct view *v, const struct server_pool *q)
{
	const struct sample *s = view_last(v);
	const char *backend = intern_text(&v->series->names, q->name);
	struct behind b = {0};
	double sum = 0;
	for (uint32_t i = 0; i < s->pools.count; i++) {
		const struct server_pool *p = &TABLE_ROWS(s->pools, struct server_pool)[i];
		if (p->server != q->server || p->kind != POOL_BACKEND ||
			!is_of(intern_text(&v->series->names, p->name), backend))
			continue;
		b.count++;
		if (p->up == 2) {
			b.down++;
			b.gone = p;
			continue;
		}
		sum += (double)p->time_us;
		if ((double)p->time_us > b.slow_us) {
			b.slow_us = (double)p->time_us;
			b.slow = p;
		}
	}
	unsigned rest = b.count - b.down;
	b.others_us = rest > 1 ? (sum - b.slow_us) / (rest - 1) : 0;
	if (rest < 2 || b.slow_us < 4 * b.others_us || b.slow_us < 100000)
		b.slow = NULL;
	return b;
}

/* The server of the backend with most requests in a queue of its own, behind all its places: those are for it alone (by cookie, by source). NULL. */
static const struct server_pool *full_one(const struct view *v, const struct server_pool *q)
{
	const struct sample *s = view_last(v);
	const struct server_pool *most = NULL;
	for (uint32_t i = 0; i < s->pools.count; i++) {
		const struct server_pool *p = &TABLE_ROWS(s->pools, struct server_pool)[i];
		if (p->server == q->server && p->kind == POOL_BACKEND && p->waiting &&
			p->have_limit && p->used >= p->limit &&
			is_of(intern_text(&v->series->names, p->name),
				intern_text(&v->series->names, q->name)) &&
			(!most || p->waiting > most->waiting))
			most = p;
	}
	return most;
}

static const char *backend_name(struct view *v, const struct server_pool *p)
{
	return arena_str(&v->scratch, intern_text(&v->series->names, p->name));
}

/* q: the backend; full: the one of its servers whose places are taken while others have some, else the backend. */
static void blame_queue(struct view *v, struct verdict *f, const struct server *c,
	const struct server_pool *full, const struct server_pool *q)
{
	struct behind b = look_behind(v, q);
	const struct server_peer *top = c->npeers ? &c->peers[0] : NULL;
	double share = top && c->taken > 0 ? top->taken / c->taken : 0;
	if (b.gone)
		f->culprits[f->nculprits++] = (struct who){"backend", backend_name(v, b.gone), 0,
			-1, "is down: its places are missing"};
	const bool all = top && server_peer_is_all(c, top);
	const struct who peer = {"peer", top ? top->name : "", 0, share,
		top ? say(v, "has %.0f of %.0f connections to the proxy", top->taken, c->taken)
		    : ""};
	if (b.slow)
		f->culprits[f->nculprits++] =
			(struct who){"backend", backend_name(v, b.slow), 0, -1,
				say(v, "takes %.0f ms for an answer, the others %.0f ms",
					b.slow_us / 1000, b.others_us / 1000)};
	if (share >= 0.5 && !all)
		f->culprits[f->nculprits++] = peer;
	if (f->nculprits == 0)
		f->culprits[f->nculprits++] = (struct who){"backend", backend_name(v, full), 0, 1,
			full != q    ? say(v,
					       "has all its %" PRIu64
					       " places taken, while others have some: requests "
						  "are bound to it",
					       full->limit)
			: q->time_us ? say(v, "its servers take %.0f ms for an answer",
					       (double)q->time_us / 1000)
				     : "its servers take all the places that they have"};
	if (all)
		f->culprits[f->nculprits++] = peer;
}

static void queue_remedies(struct view *v, struct verdict *f, const struct server *c)
{
	const struct who *w = &f->culprits[0];
	if (strcmp(w->kind, "peer") == 0)
		verdict_remedy(f,
			say(v,
				"Limit %s: a rate limit by client address (stick-table, "
				"http-request deny "
				"or tarpit), or block it",
				w->value),
			say(v,
				"%snft add rule inet FILTER INPUT %s saddr %s tcp dport %u ct "
				"count over "
				"10 reject",
				in_netns(v, f->netns), strchr(w->value, ':') ? "ip6" : "ip",
				w->value, c->port),
			"haproxy.cfg: stick-table type ip size 100k store conn_cur; http-request "
			"deny if "
			"{ src_conn_cur gt 10 }",
			true, "none", "a proxy with many users counts as one client");
	else
		verdict_remedy(f, say(v, "See why %s is slow or down", w->value), NULL, NULL, false,
			"none", "none");
	verdict_remedy(f,
		"A separate backend with a small maxconn for expensive requests, so that the rest "
		"does not wait for them; a cache for what is asked again and again",
		NULL, "the configuration of the proxy", true, "none", "none");
	verdict_remedy(f, "More servers (capacity), or a larger maxconn where they can bear it",
		NULL, "the configuration of the proxy", true, "load on the servers", "none");
}

static void judge_queue(struct view *v, struct verdicts *out, const struct server_book *b,
	const struct server_pool *q)
{
	const struct server_pool *rows[STORE_MAX];
	double t[STORE_MAX], failed = 0;
	unsigned n = server_pool_history(v, q, t, rows), waited = 0;
	for (unsigned i = 0; i < n; i++)
		waited += rows[i]->waiting > 0;
	const struct server_pool *alone =
		q->have_limit && q->used < q->limit ? full_one(v, q) : NULL;
	if (!q->waiting || waited < 2 || waited * 3 < n * 2 ||
		(q->have_limit && q->used < q->limit && !alone))
		return;
	const char *name = backend_name(v, q);
	(void)server_number_growth(v, b->pid, say(v, "answers.5xx/%s", name), &failed);
	double span = t[n - 1] - t[0],
	       served = rows[n - 1]->served > rows[0]->served
				? (double)(rows[n - 1]->served - rows[0]->served)
				: 0;
	double rate = span > 0 ? served / span : 0;
	double wait = rate > 0 ? (double)q->waiting / rate : 60;
	if (wait < WAIT_S && failed <= 0)
		return;
	struct verdict *f = verdict_new(v, out, SEVERITY_CRITICAL,
		failed > 0 ? STATE_EXHAUSTED : STATE_SATURATED,
		say(v, "%s/%s", server_name(v, b), name));
	if (!f)
		return;
	struct server c;
	server_clients(v, b, &c);
	f->netns = b->netns;
	f->pid = b->pid;
	f->port = c.port;
	f->used = (double)q->used;
	f->limit = q->have_limit ? (double)q->limit : -1;
	f->refused = failed;
	blame_queue(v, f, &c, alone ? alone : q, q);
	f->title = say(v, "%" PRIu64 " requests wait in %s for a place at backend %s%s%s",
		q->waiting, server_name(v, b), name,
		f->culprits[0].kind[0] == 'p' ? ", most of it taken by " : "; ",
		f->culprits[0].kind[0] == 'p'
			? f->culprits[0].value
			: say(v, "%s %s", f->culprits[0].value, f->culprits[0].why));
	const char *stat = "ss -tn state established   # of the proxy; its own: show stat";
	verdict_evidence(f,
		say(v, "%" PRIu64 " requests wait, %" PRIu64 "%s places are taken", q->waiting,
			q->used, q->have_limit ? say(v, " of %" PRIu64, q->limit) : ""),
		-1, (double)q->waiting, 0, stat);
	if (rate > 0)
		verdict_evidence(f,
			say(v, "%.1f requests are answered in a second: who comes now waits %.1f s",
				rate, wait),
			-1, rate, -1, stat);
	if (failed > 0)
		verdict_evidence(f,
			say(v, "%.0f answers were errors (5xx) in %.0f s", failed, span), -1,
			failed, 0, stat);
	if (c.npeers)
		verdict_evidence(f,
			say(v, "%s has %.0f of %.0f connections of clients", c.peers[0].name,
				c.peers[0].taken, c.taken),
			-1, c.peers[0].taken, c.taken,
			say(v,
				"%sss -Htn state established 'sport = :%u' | awk '{print $4}' | "
				"cut -d: "
				"-f1 | sort | uniq -c | sort -n | tail -3",
				in_netns(v, f->netns), c.port));
	verdict_victim(f, "server", server_name(v, b), b->pid,
		say(v, "users of backend %s wait %.1f s or fail", name, wait));
	queue_remedies(v, f, &c);
}

void rule_proxy_queue(struct view *v, struct verdicts *out)
{
	const struct server_book *b;
	const struct server_pool *q;
	for (uint32_t at = 0; (q = server_next_pool(v, POOL_QUEUE, &at, &b));)
		if (q->waiting)
			judge_queue(v, out, b, q);
}

/* ---- servers that are down ---- */

const struct rule_case rule_case_backend_down = {
	.mechanism =
		"A proxy asks the servers behind it again and again whether they are well. One "
		"that does not answer gets no requests; when none is left, all requests fail.",
	.threshold = "All servers of a backend are down, at two looks, and requests come for it: a "
		     "finding. Some of them: a "
		     "note, since the others do the work.",
	.false_alarms =
		"Servers that were taken out on purpose (maintenance, drain) are neither up "
		"nor down.",
	.confirm = "echo 'show stat' | socat - UNIX-CONNECT:SOCKET | cut -d, -f1,2,18,37",
	.remedy =
		"See why the server does not answer; the proxy's log has the reason of the check.",
};

/* Requests come for it; a backend that stands by (blue and green) may be down. */
static bool is_asked(struct view *v, const struct server_book *b, const struct server_pool *p)
{
	const struct server_pool *rows[STORE_MAX];
	double t[STORE_MAX], failed = 0;
	unsigned n = server_pool_history(v, p, t, rows);
	(void)server_number_growth(
		v, b->pid, say(v, "answers.5xx/%s", backend_name(v, p)), &failed);
	return failed > 0 || p->waiting || p->used || rows[n - 1]->served > rows[0]->served;
}

static bool was_down(const struct view *v, const struct server_pool *p)
{
	const struct server_pool *rows[STORE_MAX];
	double t[STORE_MAX];
	unsigned n = server_pool_history(v, p, t, rows);
	return n >= 2 && rows[n - 1]->up == 2 && rows[n - 2]->up == 2;
}

static void tell_down(struct view *v, struct verdicts *out, const struct server_book *b,
	const struct server_pool *p, bool all)
{
	const char *name = backend_name(v, p);
	bool harm = all && is_asked(v, b, p);
	struct verdict *f = verdict_new(v, out, harm ? SEVERITY_CRITICAL : SEVERITY_NOTICE,
		harm ? STATE_STALLED : STATE_NOTE, say(v, "%s/%s", server_name(v, b), name));
	if (!f)
		return;
	f->netns = b->netns;
	f->pid = b->pid;
	f->title = all ? say(v, "No server of backend %s of %s answers%s", name, server_name(v, b),
				 harm ? "" : ", and nobody asks for it")
		       : say(v, "%s does not answer %s", name, server_name(v, b));
	f->culprits[f->nculprits++] =
		(struct who){"backend", name, 0, -1, "failed the proxy's health checks"};
	verdict_evidence(f, say(v, "%s is down, as %s tells", name, server_name(v, b)), -1, 0, -1,
		say(v, "journalctl -u %s -n 20", shell_word(v, server_name(v, b))));
	if (harm)
		verdict_victim(f, "server", server_name(v, b), b->pid, "its requests fail (503)");
	verdict_remedy(f, "See why it does not answer", NULL, NULL, false, "none", "none");
}

void rule_backend_down(struct view *v, struct verdicts *out)
{
	const struct server_book *b;
	const struct server_pool *p;
	for (uint32_t at = 0; (p = server_next_pool(v, POOL_QUEUE, &at, &b));) {
		struct behind all = look_behind(v, p);
		if (all.count && all.down == all.count && was_down(v, all.gone))
			tell_down(v, out, b, p, true);
	}
	for (uint32_t at = 0; (p = server_next_pool(v, POOL_BACKEND, &at, &b));)
		if (p->up == 2 && was_down(v, p))
			tell_down(v, out, b, p, false);
}
