/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for answers that come too late: for the client, which goes before; for the proxy, whose timer gives the server up. Its log tells of each
 * (books/logs.h). */
#include "ledger/servers.h"
#include "rules/proxy.h"
#include "rules/verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	LEAST = 5,       /* of two minutes */
	FRESH_S = 15,    /* the last one is no older */
	WAITED_MS = 500, /* who goes sooner did not wait */
};
static const double SHARE = 0.05;      /* of all requests, where a timer of the client's shows */
static const double SHARE_MANY = 0.25; /* where nothing shows but that they go */

/* What the last of them asked for, as the reader of the log wrote it down; "". */
static const char *asked_for(struct view *v, const struct server_book *b, const char *proxy)
{
	const struct server_slot *o = proxy_noted(v, b, proxy_called(proxy), 0);
	return o ? arena_str(&v->scratch, o->text) : "";
}

static bool lately(struct view *v, const struct server_book *b, const char *what, const char *proxy,
	double *ret_n, double *ret_all)
{
	double age;
	return proxy_told(v, b, what, proxy, ret_n) && *ret_n >= LEAST &&
	       proxy_told(v, b, say(v, "%s.age.s", what), proxy, &age) && age <= FRESH_S &&
	       proxy_told(v, b, "log.answers", proxy, ret_all) && *ret_all > 0;
}

/* ---- clients that go ---- */

const struct rule_case rule_case_client_timeout = {
	.mechanism = "A client waits for an answer as long as its own timer or patience lasts, and "
		     "closes then. The "
		     "server works on for nobody. Often the client tries again, and the load "
		     "grows. It shows as "
		     "499 in nginx's log, as C with H, Q or C (\"CH--\") in HAProxy's.",
	.threshold =
		"In the log's last two minutes five clients or more went before the answer, the "
		"last one just "
		"now, after half a second at least: a twentieth of all requests, two thirds of "
		"them after the "
		"same time (within a twentieth), which is a timer; or a quarter of all requests.",
	.false_alarms = "People who click on: at different times, and few. Checks that close at "
			"once. A client whose "
			"timer strikes now and then, below a twentieth.",
	.confirm = "grep ' 499 ' access.log | tail -5   # nginx; grep -E ' C[CHQ]-- ' LOG | tail "
		   "-5   # HAProxy",
	.remedy = "See why the answers take so long; until then a queue or a time-out in the proxy "
		  "that is shorter "
		  "than the clients', so that nobody works for who is gone.",
};

static void judge_clients(
	struct view *v, struct verdicts *out, const struct server_book *b, const char *proxy)
{
	double n, all, ms, same, p50;
	if (!lately(v, b, "log.gaveup", proxy, &n, &all))
		return;
	(void)proxy_told(v, b, "log.gaveup.ms", proxy, &ms);
	(void)proxy_told(v, b, "log.gaveup.same", proxy, &same);
	bool timer = ms >= WAITED_MS && same * 3 >= n * 2;
	if ((ms > 0 && ms < WAITED_MS) || n < all * (timer ? SHARE : SHARE_MANY))
		return;
	struct verdict *f = proxy_verdict(v, out, b, STATE_EXHAUSTED, server_name(v, b), n);
	if (!f)
		return;
	bool haproxy = strcmp(server_kind(v, b), "haproxy") == 0;
	const char *grep = haproxy ? "grep -E ' C[CHQ]-- ' LOG | tail -5"
				   : "grep ' 499 ' access.log | tail -5";
	const char *after = ms > 0 ? say(v, " after %s", proxy_span(v, ms)) : "";
	const char *where = proxy_place(v, b, proxy), *url = asked_for(v, b, proxy);
	f->limit = all;
	f->title = say(
		v, "%.0f of %.0f clients of %s gave up%s, before the answer", n, all, where, after);
	proxy_blame(v, f, b, proxy,
		say(v, "its answers come later than the clients wait%s%s%s", timer ? " (" : "",
			timer ? proxy_span(v, ms) : "", timer ? ", a timer of theirs)" : ""));
	verdict_evidence(f,
		say(v, "in two minutes %.0f of %.0f requests were given up%s%s%s", n, all,
			timer ? say(v, ", %.0f of them after %s", same, proxy_span(v, ms)) : after,
			*url ? "; the last one was for " : "", url),
		-1, n, all, grep);
	if (proxy_told(v, b, "log.took.p50.ms", proxy, &p50))
		verdict_evidence(f,
			say(v, "of those that were answered half took %s or less",
				proxy_span(v, p50)),
			-1, p50 / 1000, -1, grep);
	verdict_victim(f, "server", server_name(v, b), b->pid, "its clients go without an answer");
	verdict_remedy(f, say(v, "See what the servers behind %s wait for", server_name(v, b)),
		NULL, NULL, false, "none", "none");
	verdict_remedy(f,
		haproxy ? "\"option abortonclose\", so that requests of clients that are gone "
			  "leave the queue"
			: "proxy_ignore_client_abort off (as it is by itself), so that nobody "
			  "works for clients that are gone",
		NULL, haproxy ? "haproxy.cfg" : "nginx.conf", true, "none", "none");
}

void rule_client_timeout(struct view *v, struct verdicts *out)
{
	proxy_each(v, out, "log.gaveup", judge_clients);
}

/* ---- servers that are given up ---- */

const struct rule_case rule_case_proxy_timeout = {
	.mechanism = "A proxy waits for the answer of a server as long as its timer allows "
		     "(HAProxy: \"timeout "
		     "server\", nginx: proxy_read_timeout), then tells the client 504 and closes. "
		     "The server may be "
		     "slow; or its answers always took nearly as long, and the timer is too short "
		     "for them.",
	.threshold = "In the log's last two minutes five requests or more were given up so, the "
		     "last one just now, a "
		     "twentieth of all. Where one in ten of those that were answered took half of "
		     "the timer or "
		     "longer, the timer is too short for what is usual, and the configuration is "
		     "the culprit; else "
		     "the servers are.",
	.false_alarms =
		"A single slow request. A WebSocket that is silent: that is no answer that is late "
		"(protocol.upgrade). Servers that are down: their connections fail at once.",
	.confirm = "grep -E ' s[HD]' LOG | tail -5   # HAProxy; grep 'upstream timed out' "
		   "error.log | tail -5   # nginx",
	.remedy = "A longer timer where such requests are meant to take so long; else see what the "
		  "servers wait for.",
};

static const char *its_timer(
	struct view *v, const struct server_book *b, const char *proxy, double *ret_ms)
{
	bool haproxy = strcmp(server_kind(v, b), "haproxy") == 0;
	*ret_ms = 0;
	if (haproxy)
		(void)proxy_told(v, b, "timeout.server.ms", proxy, ret_ms);
	else
		*ret_ms = proxy_timer(v, b, "timeout.proxy.ms", 1e12);
	return say(v, "%s%s%s", haproxy ? "timeout server" : "proxy_read_timeout",
		*ret_ms > 0 ? " " : "", *ret_ms > 0 ? proxy_span(v, *ret_ms) : "");
}

static void judge_servers(
	struct view *v, struct verdicts *out, const struct server_book *b, const char *proxy)
{
	double n, all, p50, p90, ms;
	if (!lately(v, b, "log.timedout", proxy, &n, &all) || n < all * SHARE)
		return;
	const char *timer = its_timer(v, b, proxy, &ms), *url = asked_for(v, b, proxy);
	bool known = proxy_told(v, b, "log.took.p50.ms", proxy, &p50) &&
		     proxy_told(v, b, "log.took.p90.ms", proxy, &p90);
	bool is_short = known && ms > 0 && p90 * 2 >= ms;
	struct verdict *f = proxy_verdict(v, out, b, STATE_EXHAUSTED, proxy_place(v, b, proxy), n);
	if (!f)
		return;
	bool haproxy = strcmp(server_kind(v, b), "haproxy") == 0;
	const char *grep = haproxy ? "grep -E ' s[HD]' LOG | tail -5"
				   : "grep 'upstream timed out' error.log | tail -5";
	f->limit = all;
	f->title = say(v, "%s gave up %.0f of %.0f requests%s%s: %s", proxy_place(v, b, proxy), n,
		all, ms > 0 ? " after " : "", ms > 0 ? proxy_span(v, ms) : "",
		is_short ? "its time-out is too short for them"
			 : "the servers behind it answer too late");
	if (is_short)
		f->culprits[f->nculprits++] = (struct who){"config", timer, 0, -1,
			say(v, "one answer in ten takes %s or longer", proxy_span(v, p90))};
	else
		proxy_blame(v, f, b, proxy, say(v, "does not answer within %s", timer));
	verdict_evidence(f,
		say(v, "in two minutes %.0f of %.0f requests failed by %s%s%s", n, all, timer,
			*url ? "; the last one was for " : "", url),
		-1, n, all, grep);
	if (known)
		verdict_evidence(f,
			say(v,
				"of those that were answered half took %s or less, one in ten %s "
				"or longer",
				proxy_span(v, p50), proxy_span(v, p90)),
			-1, p90 / 1000, ms > 0 ? ms / 1000 : -1, grep);
	verdict_victim(f, "server", server_name(v, b), b->pid, "its clients are told 504");
	if (is_short)
		verdict_remedy(f,
			say(v, "A longer time-out, twice what such requests take: %s", timer), NULL,
			haproxy ? "haproxy.cfg" : "nginx.conf", true, "who hangs is given up later",
			"none");
	verdict_remedy(
		f, "See what the servers behind it wait for", NULL, NULL, false, "none", "none");
}

void rule_proxy_timeout(struct view *v, struct verdicts *out)
{
	proxy_each(v, out, "log.timedout", judge_servers);
}
