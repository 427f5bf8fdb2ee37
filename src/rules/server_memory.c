/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for what a server keeps in memory: all that its own ceiling allows, or answers that a peer does not take. */
#include "ledger/servers.h"
#include "rules/verdict.h"

#include "base/text.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
	KEPT_LEAST =
		1 << 20, /* bytes that a server keeps for one client before it is worth a word */
	STANDS_LEAST = 4096, /* bytes in Send-Q that may mean that the peer does not read */
	GROUPS_LOOKED_AT = 256,
	LOOKS = 3,
};

/* ---- the server's own ceiling ---- */

const struct rule_case rule_case_memory_ceiling = {
	.mechanism =
		"Redis stores as much as maxmemory allows. With the policy \"noeviction\" every "
		"command that would store more fails (OOM command not allowed), while reading "
		"goes on. With another policy it throws old keys away, which is what a cache "
		"does.",
	.threshold = "noeviction, and at the ceiling: 99 % of it, and commands were refused in the "
		     "window where the server counts that. Filling: steady growth from above half "
		     "that reaches it within ten times the time watched.",
	.false_alarms =
		"A cache at its ceiling that evicts: a note. A ceiling that is near and not "
		"approached.",
	.confirm = "redis-cli info memory; redis-cli info errorstats; redis-cli config get "
		   "maxmemory-policy",
	.remedy =
		"Find what stores without an expiry (redis-cli --bigkeys); a policy that evicts if "
		"it is a cache (allkeys-lru); a larger maxmemory if the machine has it.",
};

/* Who sends the server most: what it stores came from there. */
static void blame_senders(struct view *v, struct verdict *f, struct server *c)
{
	const struct server_peer *most = NULL;
	double sum = 0;
	for (size_t i = 0; i < c->npeers; i++) {
		sum += c->peers[i].in;
		if (!most || c->peers[i].in > most->in)
			most = &c->peers[i];
	}
	char bytes[32];
	if (most && most->in > 0 && most->in * 2 >= sum)
		f->culprits[f->nculprits++] = (struct who){"peer", most->name, 0, most->in / sum,
			say(v, "sent it %s in %.0f s, most of all", text_bytes(bytes, most->in),
				v->seconds)};
	f->culprits[f->nculprits++] =
		(struct who){"process", c->name, c->pid, -1, "stores all that it may"};
}

static void memory_verdict(struct view *v, struct verdicts *out, const struct server_book *b,
	const struct server_pool *p, enum finding_state state, double refused, double eta)
{
	static const enum severity of[] = {[STATE_FILLING] = SEVERITY_WARNING,
		[STATE_SATURATED] = SEVERITY_WARNING,
		[STATE_EXHAUSTED] = SEVERITY_CRITICAL,
		[STATE_NOTE] = SEVERITY_NOTICE};
	struct verdict *f = verdict_new(v, out, of[state], state, server_name(v, b));
	char used[32], limit[32], left[32];
	struct server c;
	if (!f)
		return;
	server_clients(v, b, &c);
	f->netns = b->netns;
	f->pid = b->pid;
	f->port = c.port;
	f->used = (double)p->used;
	f->limit = (double)p->limit;
	f->refused = refused;
	f->eta_s = eta;
	(void)text_bytes(used, f->used);
	(void)text_bytes(limit, f->limit);
	blame_senders(v, f, &c);
	f->title = state == STATE_FILLING ? say(v, "%s reaches its memory ceiling in %s", c.name,
						    text_duration(left, eta))
		   : state == STATE_NOTE
			   ? say(v, "%s is at its memory ceiling and evicts keys", c.name)
			   : say(v, "%s is at its memory ceiling (%s): writes fail", c.name, limit);
	const char *info = b->port ? say(v, "%sss -tnp 'sport = :%u'   # redis-cli info memory",
					     in_netns(v, b->netns), b->port)
				   : say(v, "cat /proc/%" PRId32 "/status", b->pid);
	verdict_evidence(f, say(v, "%s of %s are used, as the server counts", used, limit), -1,
		f->used, f->limit, info);
	if (refused > 0)
		verdict_evidence(f,
			say(v, "%.0f commands were refused for lack of memory in %.0f s", refused,
				v->seconds),
			-1, refused, 0, info);
	if (state != STATE_NOTE)
		verdict_victim(f, "server", c.name, b->pid,
			refused > 0 ? "commands that store fail" : "commands that store will fail");
	verdict_remedy(f, "Find large keys and keys without an expiry, and who writes them",
		say(v, "redis-cli -p %u --bigkeys", b->port), NULL, false, "reads all keys once",
		"none");
	verdict_remedy(f, "Let it evict, if it is a cache (maxmemory-policy)",
		say(v, "redis-cli -p %u config set maxmemory-policy allkeys-lru", b->port),
		"redis.conf: maxmemory-policy allkeys-lru", true, "old keys are thrown away",
		"not where the data has no other copy");
	verdict_remedy(f, "A larger maxmemory, as far as the machine has memory",
		say(v, "redis-cli -p %u config set maxmemory %.0f", b->port, f->limit * 2),
		"redis.conf: maxmemory", true, "memory",
		"a fork for saving may need as much again");
}

void rule_memory_ceiling(struct view *v, struct verdicts *out)
{
	const struct server_book *b;
	const struct server_pool *p, *rows[STORE_MAX];
	for (uint32_t at = 0; (p = server_next_pool(v, POOL_MEMORY, &at, &b));) {
		uint64_t strict = 0;
		double t[STORE_MAX], y[STORE_MAX], refused = 0, evicted = 0, used = (double)p->used,
						   limit = (double)p->limit;
		if (!p->have_limit || limit <= 0 ||
			!server_number_of(v, view_last(v), b->pid, "memory.noeviction", &strict))
			continue;
		unsigned n = server_pool_history(v, p, t, rows);
		bool counts = server_number_growth(v, b->pid, "errors.oom", &refused);
		bool full = used >= 0.99 * limit &&
			    (n < 2 || (double)rows[n - 2]->used >= 0.99 * limit);
		if (strict && refused > 0 && used >= 0.9 * limit) {
			memory_verdict(v, out, b, p, STATE_EXHAUSTED, refused, -1);
		} else if (strict &&
			   full) { /* nobody is refused: nobody writes, or it does not count */
			memory_verdict(v, out, b, p, counts ? STATE_NOTE : STATE_SATURATED, 0, -1);
		} else if (strict) {
			for (unsigned i = 0; i < n; i++)
				y[i] = (double)rows[i]->used;
			double eta = forecast(v, trend_fit(t, y, n), used, limit);
			if (eta >= 0)
				memory_verdict(v, out, b, p, STATE_FILLING, 0, eta);
		} else if (full && server_number_growth(v, b->pid, "keys.evicted", &evicted) &&
			   evicted > 0) {
			memory_verdict(v, out, b, p, STATE_NOTE, 0, -1);
		}
	}
}

/* ---- answers that a peer does not take ---- */

const struct rule_case rule_case_sendq_buffered = {
	.mechanism =
		"A server that never blocks (Redis, a message broker, an event loop) keeps in its "
		"own memory what a client does not take from its socket. A subscriber that "
		"stopped reading lets it grow by as much as is published, until the server is "
		"killed for memory, while all other clients are served well.",
	.threshold =
		"Data stands in Send-Q towards the peer in each of the last three looks and it "
		"took "
		"less in the window than what stands there (of several who share an address: the "
		"same one has most there in each look), and the server itself tells that it "
		"keeps more and more for it, a "
		"mebibyte at least. Of a server that tells nothing, tcp.sendq speaks.",
	.false_alarms =
		"A client that is slow for a moment: the queue moves. A server whose memory grows "
		"because it stores: no Send-Q stands.",
	.confirm = "ss -tnmo state established 'sport = :PORT'   # Send-Q; redis-cli client list   "
		   "# omem",
	.remedy = "Disconnect the slow client (redis-cli client kill); a limit for what is kept "
		  "for a "
		  "client (client-output-buffer-limit); mend the client.",
};

/* Whose data stands: all of an address, or (port) one of several who share it. */
struct taker {
	const struct conn_group *g;
	const char *name;
	uint16_t port;
	double sendq, out; /* stands; was taken in the window, -1: not known of one of several */
};

/* What the server keeps for it, in one sample. */
static double kept_for(const struct sample *s, int32_t server, const struct taker *p)
{
	char text[48];
	double sum = 0;
	for (uint32_t i = 0; i < s->slots.count; i++) {
		const struct server_slot *o = &TABLE_ROWS(s->slots, struct server_slot)[i];
		if (o->server == server && o->peer.family &&
			(!p->port || o->peer_port == p->port) &&
			strcmp(address_text(text, &o->peer), p->name) == 0)
			sum += (double)o->bytes;
	}
	return sum;
}

/* Growth from the first to the last book in which the peer had something; -1 where there are no two books. */
static double kept_more(const struct view *v, const struct server *c, const struct taker *p,
	double *ret_now, double *ret_s)
{
	uint64_t told = 0, begun = 0;
	double first = -1, last = 0;
	unsigned books = 0;
	for (unsigned i = 0; i < v->n; i++) {
		const struct server_book *b = server_book_of(view_at(v, i), c->pid);
		if (!b || b->status != BOOK_OK || b->at_ns == told)
			continue;
		told = b->at_ns;
		last = kept_for(view_at(v, i), c->pid, p);
		if (first < 0) {
			first = last;
			begun = told;
		}
		books++;
	}
	*ret_now = last;
	*ret_s = (double)(told - begun) / 1e9;
	return books >= 2 ? last - first : -1;
}

static void buffered_verdict(struct view *v, struct verdicts *out, const struct server *c,
	const struct taker *p, double kept, double grows, double seconds)
{
	char port[8], bytes[32], stands[32], rate[32], taken[32];
	(void)snprintf(port, sizeof port, "%u", c->port);
	struct verdict *f = verdict_new(v, out, SEVERITY_WARNING, STATE_STALLED, port);
	if (!f)
		return;
	double per_s = seconds > 0 ? grows / seconds : 0;
	f->netns = c->netns;
	f->pid = c->pid;
	f->port = c->port;
	f->used = kept > p->sendq ? kept : p->sendq;
	const struct usage *u =
		who_is_loopback(&p->g->peer) ? server_local_client(v, c->port, &p->g->peer) : NULL;
	const char *name = u ? who_name(v, u->p) : p->name,
		   *which = p->port ? say(v, " (its port %u)", p->port) : "",
		   *dst = say(v, strchr(p->name, ':') ? "dst [%s]%s" : "dst %s%s", p->name,
			   p->port ? say(v, " and dport = :%u", p->port) : "");
	f->culprits[f->nculprits++] =
		(struct who){u ? "process" : "peer", name, u ? u->p->pid : 0, 1,
			say(v, "takes nothing%s: %s stand in Send-Q, the server keeps %s", which,
				text_bytes(stands, p->sendq), text_bytes(bytes, kept))};
	f->title = say(v, "%s does not take its data: %s keeps it in memory, %s more each second",
		name, c->name, text_bytes(rate, per_s));
	verdict_victim(
		f, "process", c->name, c->pid, say(v, "its memory grows by %s each second", rate));
	const char *ss = say(v, "%sss -tnmo state established 'sport = :%u and %s'",
		in_netns(v, c->netns), c->port, dst);
	verdict_evidence(f,
		say(v, "%s stand in Send-Q towards %s%s%s", stands, p->name, which,
			p->out >= 0 ? say(v, "; it took %s in %.0f s", text_bytes(taken, p->out),
					      v->seconds)
				    : ""),
		-1, p->sendq, -1, ss);
	verdict_evidence(f,
		say(v, "the server keeps %s for it, as it tells; %s more than at the first look",
			text_bytes(bytes, kept), text_bytes(stands, grows)),
		-1, kept, -1, say(v, "grep VmRSS /proc/%" PRId32 "/status", c->pid));
	verdict_remedy(f, say(v, "Disconnect the slow client %s", name),
		say(v, "%sss -K state established 'sport = :%u and %s'", in_netns(v, c->netns),
			c->port, dst),
		NULL, false, "what it was sent is lost", "it comes back if it is not mended");
	verdict_remedy(f,
		"Let the server cut clients that do not read (client-output-buffer-limit)",
		strcmp(c->kind, "redis") == 0
			? say(v,
				  "redis-cli -p %u config set client-output-buffer-limit 'pubsub "
				  "32mb 8mb 60'",
				  c->port)
			: NULL,
		"redis.conf: client-output-buffer-limit pubsub 32mb 8mb 60", true,
		"slow subscribers lose their connection", "none");
}

/* Data stands in each of the last looks, and less was taken than stands there. */
static bool stands(const struct view *v, const struct conn_group *g, uint32_t at, double *ret_out)
{
	const struct conn_group *first = server_conn_near(view_at(v, 0), g, at);
	*ret_out = first && g->bytes_out > first->bytes_out
			   ? (double)(g->bytes_out - first->bytes_out)
			   : 0;
	if (!first || *ret_out >= (double)g->sendq)
		return false;
	for (unsigned i = v->n > LOOKS ? v->n - LOOKS : 0; i + 1 < v->n; i++) {
		const struct conn_group *o = server_conn_near(view_at(v, i), g, at);
		if (!o || o->sendq_conns == 0)
			return false;
	}
	return true;
}

/* Of several who share the address, the same one had most in its Send-Q in each of the last looks: what the others take says nothing of it. */
static bool one_stands(const struct view *v, const struct conn_group *g, uint32_t at)
{
	for (unsigned i = v->n > LOOKS ? v->n - LOOKS : 0; i < v->n; i++) {
		const struct conn_group *o = server_conn_near(view_at(v, i), g, at);
		if (!o || o->sendq_port != g->sendq_port || o->sendq_max < STANDS_LEAST)
			return false;
	}
	return g->sendq_port != 0 && g->peer_hostbits == 0;
}

static void judge_buffer(
	struct view *v, struct verdicts *out, const struct conn_group *g, uint32_t at)
{
	struct taker p = {.g = g, .sendq = (double)g->sendq};
	struct server c;
	char text[56];
	double kept = 0, grows, seconds = 0;
	if (!stands(v, g, at, &p.out)) {
		if (!one_stands(v, g, at))
			return;
		p.port = g->sendq_port;
		p.sendq = g->sendq_max;
		p.out = -1;
	}
	if (!server_at_port(v, g->netns, g->port, g->pid, &c))
		return;
	p.name = say(v, "%s", conn_peer_text(text, g));
	grows = c.book ? kept_more(v, &c, &p, &kept, &seconds) : -1;
	if (grows > 0 && kept >= KEPT_LEAST)
		buffered_verdict(v, out, &c, &p, kept, grows, seconds);
}

void rule_sendq_buffered(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	unsigned looked = 0;
	for (uint32_t i = 0; i < s->conns.count && looked < GROUPS_LOOKED_AT; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		if (g->outgoing || g->sendq_conns == 0 || !g->have_info || g->sendq < STANDS_LEAST)
			continue;
		looked++;
		judge_buffer(v, out, g, i);
	}
}
