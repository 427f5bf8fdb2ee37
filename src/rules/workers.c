/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for workers that clients hold: by not taking what they asked for, by not finishing what they ask, by asking nothing. All of it shows at the
 * connections, so it is seen also of a server that has no worker left to tell of itself. */
#include "rules/workers.h"

#include "base/text.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static bool is_apache(const struct server *s)
{
	return strcmp(s->kind, "apache") == 0 || strncmp(s->name, "apache", 6) == 0 ||
	       strcmp(s->name, "httpd") == 0;
}

/* Is it the first culprit alone that holds half of the workers? */
static bool is_one(const struct verdict *f)
{
	return f->culprits[0].share >= 0.5;
}

/* "10.0.0.9", "10.0.0.9 and 2 more", or "many clients". */
static const char *first_culprit(struct view *v, const struct verdict *f)
{
	if (!f->nculprits)
		return "clients";
	const struct who *w = &f->culprits[0];
	return is_one(f) || strcmp(w->kind, "traffic") == 0
		       ? w->value
		       : say(v, "%s and %zu more", w->value, f->nculprits - 1);
}

/* "Held by": the first peer if it is one alone. */
static const struct server_peer *first_peer(const struct server *s, const struct verdict *f)
{
	for (size_t i = 0; f->nculprits && is_one(f) && i < s->npeers; i++)
		if (strcmp(s->peers[i].name, f->culprits[0].value) == 0 ||
			strcmp(f->culprits[0].kind, "process") == 0)
			return &s->peers[i];
	return NULL;
}

static const char *all_of(struct view *v, double count, const struct server *s)
{
	return count >= s->workers
		       ? say(v, "All %.0f workers of %s", s->workers, s->name)
		       : say(v, "%.0f of %.0f workers of %s", count, s->workers, s->name);
}

/* What the peer asked for, as the server told before it was full. */
static void tell_request(
	struct view *v, struct verdict *f, const struct server *s, const char *peer)
{
	uint32_t ms;
	char length[32];
	const char *text = workers_request(v, s, peer, &ms);
	if (text)
		verdict_evidence(f,
			say(v, "the server told of \"%s\"%s%s, for up to %s", text,
				*peer ? " from " : "", peer, text_duration(length, ms / 1000.0)),
			-1, ms / 1000.0, -1,
			say(v, "cat /proc/%" PRId32 "/cmdline   # its status page lists requests",
				s->pid));
	workers_tell_usual(v, f, s, text, ms / 1000.0);
	workers_tell_parts(v, f, s);
}

static const char *ss_of(
	struct view *v, const struct server *s, const struct server_peer *p, const char *hint)
{
	const char *dst = !p                                    ? ""
			  : strchr(p->name, ':') && !p->several ? say(v, " and dst [%s]", p->name)
								: say(v, " and dst %s", p->name);
	return say(v, "%sss -tino state established 'sport = :%u%s'   # %s", in_netns(v, s->netns),
		s->port, dst, hint);
}

/* ---- slow readers ---- */

const struct rule_case rule_case_workers_readers = {
	.mechanism = "A worker sends an answer to a client that takes it slowly or not at all: the "
		     "socket's buffer is full, the worker sleeps until some of it is taken, and "
		     "serves nobody else. With as many such connections as there are workers, "
		     "new ones wait in the accept queue.",
	.threshold =
		"Connections wait to be accepted for a second or more, and at least half of the "
		"workers have a connection whose Send-Q stands in each of the last three looks "
		"and whose peer took less in the window than what stands there. The workers are "
		"the server's limit, or its processes where each of them has a connection.",
	.false_alarms =
		"Long downloads while workers are idle: nobody waits. Large answers on a fast "
		"path: what stands in the queue is taken many times in the window. What stands "
		"before a full interface of our own while the peer's window is open (net.tx). A "
		"short queue in front of busy workers, accepted within a second.",
	.confirm = "ss -tino state established 'sport = :PORT'   # Send-Q, rwnd_limited, lastsnd; "
		   "ss -ltn 'sport = :PORT'",
	.remedy = "Cut the peer off and limit connections for each client; a time-out for sending "
		  "(Timeout, send_timeout); a buffering proxy in front, or a server that needs no "
		  "worker for a slow client (event MPM).",
};

static void readers_verdict(
	struct view *v, struct verdicts *out, const struct server *s, const struct held *h)
{
	struct verdict *f = workers_verdict(v, out, s);
	if (!f)
		return;
	workers_blame(
		v, f, s, offsetof(struct server_peer, reading), "does not take what was asked for");
	const struct server_peer *p = first_peer(s, f);
	f->title = say(v, "%s are held by %s, who %s slowly or not at all", all_of(v, h->count, s),
		first_culprit(v, f), p ? "reads" : "read");
	double sendq = p ? p->sendq : 0, took = p ? p->out : 0, closed = p ? p->closed : 0;
	for (size_t i = 0; !p && i < s->npeers; i++) {
		sendq += s->peers[i].sendq;
		took += s->peers[i].out;
		closed += s->peers[i].closed;
	}
	char stands[32], taken[32];
	verdict_evidence(f,
		say(v,
			"%.0f connections with data that is not taken: %s stand in Send-Q, %s were "
			"taken in %.0f s; the window of %.0f is closed",
			h->count, text_bytes(stands, sendq), text_bytes(taken, took), v->seconds,
			closed),
		-1, h->count, s->workers, ss_of(v, s, p, "Send-Q stands"));
	tell_request(v, f, s, p ? p->name : "");
	workers_limit_peer(v, f, s);
	verdict_remedy(f,
		is_apache(s) ? "A shorter Timeout; mod_reqtimeout does not help here, it is for "
			       "requests"
			     : "A time-out for sending answers (send_timeout, Timeout)",
		NULL, is_apache(s) ? "apache2.conf: Timeout 30" : "the configuration of the server",
		true, "very slow clients are cut off", "downloads over bad links break");
	verdict_remedy(f,
		"A buffering proxy in front (nginx: proxy_buffering on), which takes answers at "
		"once and waits for slow clients itself; or the event MPM",
		NULL, NULL, true, "memory or disk of the proxy", "none");
}

void rule_workers_readers(struct view *v, struct verdicts *out)
{
	workers_each(v, out, HELD_READERS, readers_verdict);
}

/* ---- slow senders ---- */

const struct rule_case rule_case_workers_senders = {
	.mechanism =
		"A worker has accepted a connection and reads the request, which does not come "
		"to its end: a few bytes now and then keep it waiting. It serves nobody else. "
		"This is what a \"slowloris\" does on purpose, and a broken client by mistake.",
	.threshold =
		"Connections wait to be accepted for a second or more, and at least half of the "
		"workers are in the state \"reading\", or have a connection whose last data "
		"came from the peer, on which the server has sent nothing in the window while "
		"more bytes of requests trickled in.",
	.false_alarms =
		"Workers that work at a complete request: nothing more comes in. Uploads on "
		"slow links while workers are idle: nobody waits.",
	.confirm = "ss -tino state established 'sport = :PORT'   # bytes_received small, lastrcv "
		   "young, no bytes_sent; the server's status page: R",
	.remedy = "A limit for the time of a request's head and body (mod_reqtimeout: "
		  "RequestReadTimeout header=20-40,MinRate=500 body=20,MinRate=500; nginx: "
		  "client_header_timeout); connections for each client limited.",
};

static void senders_verdict(
	struct view *v, struct verdicts *out, const struct server *s, const struct held *h)
{
	struct verdict *f = workers_verdict(v, out, s);
	if (!f)
		return;
	workers_blame(v, f, s, offsetof(struct server_peer, owing), "does not finish its requests");
	const struct server_peer *p = first_peer(s, f);
	f->title = say(v, "%s wait for the rest of requests of %s", all_of(v, h->count, s),
		first_culprit(v, f));
	verdict_evidence(f,
		say(v,
			"%.0f connections with an incomplete request; %.0f bytes came on them in "
			"%.0f s, "
			"nothing was answered",
			h->count, p ? p->in : 0, v->seconds),
		-1, h->count, s->workers, ss_of(v, s, p, "lastrcv is young, nothing sent"));
	tell_request(v, f, s, p ? p->name : "");
	workers_limit_peer(v, f, s);
	verdict_remedy(f,
		is_apache(s) ? "Limit the time of a request (mod_reqtimeout): RequestReadTimeout "
			       "header=20-40,MinRate=500 body=20,MinRate=500"
			     : "Limit the time of a request (client_header_timeout, "
			       "client_body_timeout, timeout http-request)",
		NULL,
		is_apache(s) ? "mods-available/reqtimeout.conf" : "the configuration of the server",
		true, "clients that are slower are cut off", "none");
	verdict_remedy(f,
		"A proxy in front that waits for whole requests itself, or a server that needs no "
		"worker for a waiting client (event MPM)",
		NULL, NULL, true, "none", "none");
}

void rule_workers_senders(struct view *v, struct verdicts *out)
{
	workers_each(v, out, HELD_SENDERS, senders_verdict);
}

/* ---- idle connections ---- */

const struct rule_case rule_case_workers_idle = {
	.mechanism = "A worker that has answered keeps the connection open for the next request "
		     "(keep-alive) and waits on it. A proxy or client that keeps many connections "
		     "and asks nothing holds as many workers, for as long as KeepAliveTimeout "
		     "allows, while others wait for one.",
	.threshold =
		"Connections wait to be accepted for a second or more, all workers have a "
		"connection, and on at least half of these the last data went out and the server "
		"sent nothing more in the window: answered, and nothing asked since.",
	.false_alarms = "Keep-alive connections while workers are free. Connections of a proxy "
			"that are used: bytes move. Servers that hold idle connections without a "
			"worker (event MPM, nginx) do not stop accepting because of them.",
	.confirm = "ss -tino state established 'sport = :PORT'   # both queues 0, lastsnd and "
		   "lastrcv old; the server's status page: K",
	.remedy = "A short KeepAliveTimeout (a few seconds), event MPM; in the proxy fewer idle "
		  "connections, kept for a shorter time than the server does.",
};

static void idle_verdict(
	struct view *v, struct verdicts *out, const struct server *s, const struct held *h)
{
	struct verdict *f = workers_verdict(v, out, s);
	if (!f)
		return;
	workers_blame(v, f, s, offsetof(struct server_peer, idle), "asks nothing");
	const struct server_peer *p = first_peer(s, f);
	f->title = say(v, "%s wait on idle connections of %s", all_of(v, h->count, s),
		first_culprit(v, f));
	verdict_evidence(f,
		say(v,
			"%.0f connections were answered and are kept open; nothing was asked or "
			"sent "
			"on them in %.0f s",
			h->count, v->seconds),
		-1, h->count, s->workers, ss_of(v, s, p, "queues empty, lastsnd old"));
	if (h->told && h->told->keepalive)
		verdict_evidence(f,
			say(v,
				"the server itself counts %" PRIu32
				" workers that wait for a next request (K)",
				h->told->keepalive),
			-1, h->told->keepalive, s->workers,
			say(v, "%sss -Htn state established 'sport = :%u' | wc -l",
				in_netns(v, s->netns), s->port));
	tell_request(v, f, s, p ? p->name : "");
	workers_limit_peer(v, f, s);
	verdict_remedy(f,
		is_apache(s) ? "A short KeepAliveTimeout, or the event MPM, whose workers do not "
			       "wait on idle connections"
			     : "A short keep-alive time-out in the server (keepalive_timeout, "
			       "KeepAliveTimeout)",
		NULL,
		is_apache(s) ? "apache2.conf: KeepAliveTimeout 3"
			     : "the configuration of the server",
		true, "clients connect anew more often", "none");
	verdict_remedy(f,
		"In the proxy: fewer idle connections, and a shorter keep-alive time-out than the "
		"server's (nginx: keepalive 4; keepalive_timeout 2s in the upstream)",
		NULL, "the configuration of the proxy", true, "none", "none");
	verdict_remedy(f, "More workers than the proxy may hold (MaxRequestWorkers)", NULL,
		"the configuration of the server", true, "memory for each worker", "none");
}

void rule_workers_idle(struct view *v, struct verdicts *out)
{
	workers_each(v, out, HELD_IDLE, idle_verdict);
}
