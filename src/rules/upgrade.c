/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for connections that a proxy passes on as they are, above all WebSockets: those that its timer cuts though they are wanted, and those that never come
 * about because it does not pass the wish on. Its log tells of each, where it writes one (books/logs.h); else its counters do. */
#include "ledger/servers.h"
#include "rules/proxy.h"
#include "rules/verdict.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	BACK_LEAST = 2, /* that came back after they were cut: one may be chance */
	FRESH_S = 15,   /* the last cut is no older than this and the timer */
	REFUSED_LEAST = 3,
	REFUSED_AGE_S = 30,
	COUNTED_LEAST = 3, /* where nothing but counters tells */
};

const struct rule_case rule_case_upgrade = {
	.mechanism = "A WebSocket is an HTTP connection that both ends agreed to use for something "
		     "else. A proxy "
		     "passes it on as it is, and cuts it when nothing came for a while: HAProxy "
		     "after \"timeout "
		     "tunnel\", and where that is not set after \"timeout client\" or \"timeout "
		     "server\", which are "
		     "made for requests; nginx after proxy_read_timeout (60 s where not set). Who "
		     "is silent for "
		     "longer, and wanted, is cut, comes back, and is cut again. Or the proxy does "
		     "not pass the "
		     "header \"Upgrade\" on: then the server answers 426, or 505 to HTTP/1.0, and "
		     "no WebSocket "
		     "comes about at all.",
	.threshold =
		"Its log of the last ten minutes: two or more were cut by its timer and their "
		"client came "
		"back within ten seconds (in nginx's log, which does not say when one began: was "
		"cut once "
		"more after the same silence, or each of its connections ended as long after the "
		"one before as the timer says, four at least); those are a third of all that were "
		"cut, at least as "
		"many "
		"were cut as ended otherwise, and the last one just now. Without a log, HAProxy's "
		"counters: "
		"upgrades and aborts grow at one rate (a third apart at most, three or more in the "
		"window), "
		"and what is open over that rate is one to two times the timer. Refused: three or "
		"more answers "
		"426 or 505 in two minutes while the configuration does not pass \"Upgrade\" on.",
	.false_alarms = "Clients that are gone, whose connections the timer clears away: nobody "
			"comes back. "
			"WebSockets that send pings more often than the timer. Clients that close, "
			"or whose network "
			"breaks: not the proxy ended those. A health check that is answered 426 "
			"while the proxy "
			"passes upgrades on.",
	.confirm = "grep -E ' 101 .* [cs]D' LOG   # HAProxy; grep 'proxying upgraded connection' "
		   "error.log   # nginx",
	.remedy = "\"timeout tunnel 1h\" (HAProxy), proxy_read_timeout 1h in the location (nginx), "
		  "or pings by "
		  "the application at less than half the timer.",
};

/* ---- tunnels that are cut ---- */

struct timer {
	double ms; /* 0: not known */
	const char *setting, *file;
	bool tunnel; /* it is the one that is made for tunnels */
};

/* The timer that holds for tunnels through the proxy. by_client: it was that of the client's side. */
static struct timer holds(struct view *v, const struct server_book *b, const char *proxy,
	bool by_client, double life_ms)
{
	struct timer t = {.setting = "proxy_read_timeout", .file = "nginx.conf"};
	if (strcmp(server_kind(v, b), "haproxy") != 0) {
		t.ms = proxy_timer(v, b, "timeout.proxy.ms", life_ms);
		t.setting =
			t.ms > 0 ? say(v, "proxy_read_timeout %s", proxy_span(v, t.ms)) : t.setting;
		return t;
	}
	t.file = "haproxy.cfg";
	if (proxy_told(v, b, "timeout.tunnel.ms", proxy, &t.ms)) {
		t.tunnel = true;
		t.setting = say(v, "timeout tunnel %s", proxy_span(v, t.ms));
		return t;
	}
	if (by_client)
		t.ms = proxy_timer(v, b, "timeout.client.ms", life_ms);
	else
		(void)proxy_told(v, b, "timeout.server.ms", proxy, &t.ms);
	t.setting =
		say(v, "timeout %s%s%s (no timeout tunnel is set)", by_client ? "client" : "server",
			t.ms > 0 ? " " : "", t.ms > 0 ? proxy_span(v, t.ms) : "");
	return t;
}

/* The client that was cut most often, as the reader of the log wrote it down; NULL. */
static const struct server_slot *most_cut(
	const struct view *v, const struct server_book *b, const char *proxy)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->slots.count; i++) {
		const struct server_slot *o = &TABLE_ROWS(s->slots, struct server_slot)[i];
		if (o->server == b->pid && o->state == SLOT_CLOSING && o->pid == 0 &&
			strncmp(o->who, proxy_called(proxy), sizeof o->who - 1) == 0)
			return o;
	}
	return NULL;
}

/* Who suffers, and what to do: whatever told of it. */
static void cut_ending(struct view *v, struct verdict *f, const struct server_book *b,
	const char *proxy, const struct timer *t)
{
	verdict_victim(f, "server", server_name(v, b), b->pid,
		say(v, "users of %s lose their connection and come back",
			*proxy_called(proxy) ? proxy : "it"));
	bool haproxy = strcmp(server_kind(v, b), "haproxy") == 0;
	verdict_remedy(f,
		haproxy ? "A time-out of its own for tunnels, longer than they are silent: "
			  "\"timeout tunnel 1h\"; the "
			  "other ones stay as they are"
			: "A longer time-out in the location of the WebSockets: "
			  "\"proxy_read_timeout 1h; "
			  "proxy_send_timeout 1h;\"",
		NULL, t->file, true, "connections of clients that vanished are kept longer",
		"none");
	verdict_remedy(f,
		t->ms > 0 ? say(v, "Pings by the application, at least every %s",
				    proxy_span(v, t->ms / 2))
			  : "Pings by the application, more often than the proxy's timer",
		NULL, NULL, true, "a few bytes for each connection", "none");
}

static struct verdict *cut_verdict(struct view *v, struct verdicts *out,
	const struct server_book *b, const char *proxy, double n, const struct timer *t)
{
	struct verdict *f = proxy_verdict(v, out, b, STATE_WRONG, server_name(v, b), n);
	if (!f)
		return NULL;
	proxy = proxy_called(proxy);
	f->title = say(v, "%s cuts WebSockets%s%s%s that are wanted%s%s", server_name(v, b),
		*proxy ? " of " : "", proxy, *proxy ? "" : " and other tunnels",
		t->ms > 0 ? ", after " : "",
		t->ms > 0 ? say(v, "%s of silence", proxy_span(v, t->ms)) : "");
	f->culprits[f->nculprits++] = (struct who){"config", t->setting, 0, 1,
		t->tunnel ? "is shorter than the connections are silent"
			  : "holds for connections that are upgraded as well, and is shorter than "
			    "they are silent"};
	return f;
}

static bool judge_log(
	struct view *v, struct verdicts *out, const struct server_book *b, const char *proxy)
{
	double client, server, ended, back, life, age_client = 1e9, age_server = 1e9;
	(void)proxy_told(v, b, "log.tunnels.cut.client", proxy, &client);
	(void)proxy_told(v, b, "log.tunnels.cut.server", proxy, &server);
	(void)proxy_told(v, b, "log.tunnels.ended", proxy, &ended);
	(void)proxy_told(v, b, "log.tunnels.back", proxy, &back);
	(void)proxy_told(v, b, "log.tunnels.ms", proxy, &life);
	if (client > 0)
		(void)proxy_told(v, b, "log.tunnels.cut.client.age.s", proxy, &age_client);
	if (server > 0)
		(void)proxy_told(v, b, "log.tunnels.cut.server.age.s", proxy, &age_server);
	bool haproxy = strcmp(server_kind(v, b), "haproxy") == 0;
	double n = client + server, age = age_client < age_server ? age_client : age_server;
	/* An error log of nginx tells of what is in the other log as well, as one that ended. */
	double otherwise = haproxy ? ended : ended > n ? ended - n : 0;
	struct timer t = holds(v, b, proxy, client >= server, life > 0 ? life + 100 : 1e12);
	if (back < BACK_LEAST || back * 3 < n || n < otherwise || age > FRESH_S + t.ms / 1000)
		return false;
	struct verdict *f = cut_verdict(v, out, b, proxy, n, &t);
	if (!f)
		return false;
	const char *grep =
		haproxy ? "grep -E ' 101 .* [cs]D' LOG | tail -5"
			: "grep 'while proxying upgraded connection' error.log | tail -5";
	verdict_evidence(f,
		say(v,
			"%.0f were cut by its timer in ten minutes%s, %.0f ended otherwise; %.0f "
			"of them came back at once",
			n,
			client > 0 && server > 0 ? ""
			: client > 0             ? " for the client's side"
			: haproxy                ? " for the server's side"
						 : "",
			otherwise, back),
		-1, n, -1, grep);
	if (life > 0)
		verdict_evidence(f,
			say(v, "half of those that were cut lived for %s or less",
				proxy_span(v, life)),
			-1, life / 1000, t.ms > 0 ? t.ms / 1000 : -1, grep);
	const struct server_slot *slot = most_cut(v, b, proxy);
	const char *peer = slot ? server_slot_peer(v, slot) : "";
	if (*peer)
		verdict_victim(f, "peer", peer, 0,
			say(v, "was cut %" PRIu64 " times%s%s", slot->bytes,
				slot->text[0] ? ", last at " : "", slot->text));
	cut_ending(v, f, b, proxy, &t);
	return true;
}

/* Without a log. Each upgrade is followed by an abort, and what is open is what is upgraded in the time of the timer. */
static void judge_counters(struct view *v, struct verdicts *out, const struct server_book *b,
	const struct server_pool *q)
{
	const char *proxy = arena_str(&v->scratch, intern_text(&v->series->names, q->name));
	const struct server_pool *rows[STORE_MAX];
	double at[STORE_MAX], upgrades, client, server, lines;
	unsigned n = server_pool_history(v, q, at, rows);
	uint64_t seen;
	if (server_number_of(v, view_last(v), b->pid, "log.lines", &seen) || n < 2 ||
		proxy_told(v, b, "log.answers", proxy, &lines) ||
		!server_number_growth(v, b->pid, say(v, "answers.1xx/%s", proxy), &upgrades) ||
		!server_number_growth(v, b->pid, say(v, "client.aborts/%s", proxy), &client) ||
		!server_number_growth(v, b->pid, say(v, "server.aborts/%s", proxy), &server))
		return;
	double aborts = client + server, seconds = at[n - 1] - at[0], open = 0;
	struct timer t = holds(v, b, proxy, client >= server, 1e12);
	for (unsigned i = 0; i < n; i++)
		open += (double)rows[i]->used / n;
	double life = upgrades > 0 && seconds > 0 ? open * seconds / upgrades : 0;
	if (upgrades < COUNTED_LEAST || aborts < COUNTED_LEAST || aborts * 3 < upgrades * 2 ||
		upgrades * 3 < aborts * 2 || t.ms <= 0 || life * 1000 < t.ms * 0.8 ||
		life * 1000 > t.ms * 2 + 2000)
		return;
	struct verdict *f = cut_verdict(v, out, b, proxy, aborts, &t);
	if (!f)
		return;
	const char *stat = "sh -c \"echo show stat | socat - UNIX-CONNECT:SOCKET\" | cut -d, "
			   "-f1,2,40,50,51   # hrsp_1xx, cli_abrt, srv_abrt";
	verdict_evidence(f,
		say(v,
			"%.0f connections were upgraded in %.0f s and %.0f aborted; %.0f are open: "
			"each lives for about %.1f s",
			upgrades, seconds, aborts, open, life),
		-1, aborts, -1, stat);
	verdict_evidence(
		f, say(v, "%s", t.setting), -1, t.ms / 1000, -1, "grep -n timeout haproxy.cfg");
	cut_ending(v, f, b, proxy, &t);
}

/* ---- upgrades that are not passed on ---- */

/* What in its configuration takes the wish away; NULL where nothing is known to. */
static const char *taken_out(struct view *v, const struct server_book *b)
{
	uint64_t passes;
	uint32_t at = 0;
	const char *where = proxy_next(v, b, "upgrade.removed", &at);
	if (where)
		return say(v, "http-request del-header Upgrade (%s)", where);
	return server_number_of(v, view_last(v), b->pid, "config.upgrade", &passes) && !passes
		       ? "no proxy_set_header Upgrade"
		       : NULL;
}

static void judge_refused(
	struct view *v, struct verdicts *out, const struct server_book *b, const char *proxy)
{
	double n, age;
	const char *culprit = taken_out(v, b);
	if (!culprit || !proxy_told(v, b, "log.no-upgrade", proxy, &n) || n < REFUSED_LEAST ||
		!proxy_told(v, b, "log.no-upgrade.age.s", proxy, &age) || age > REFUSED_AGE_S)
		return;
	bool haproxy = strcmp(server_kind(v, b), "haproxy") == 0;
	const char *name = server_name(v, b);
	struct verdict *f = proxy_verdict(v, out, b, STATE_WRONG, name, n);
	if (!f)
		return;
	proxy = proxy_called(proxy);
	f->title =
		say(v, "%s does not pass upgrades on: %.0f requests%s%s were answered 426 or 505",
			name, n, *proxy ? " to " : "", proxy);
	f->culprits[f->nculprits++] = (struct who){
		"config", culprit, 0, 1, "the server is not asked to switch to WebSocket"};
	verdict_evidence(f,
		say(v, "%.0f answers 426 or 505 in two minutes, the last one %.0f s ago", n, age),
		-1, n, -1, "grep -E ' (426|505) ' LOG | tail -5");
	verdict_victim(f, "server", name, b->pid, "its users get no WebSocket");
	verdict_remedy(f,
		haproxy ? "Leave the headers \"Upgrade\" and \"Connection\" in requests"
			: "In the location of the WebSockets: proxy_http_version 1.1; "
			  "proxy_set_header Upgrade "
			  "$http_upgrade; proxy_set_header Connection \"upgrade\"; "
			  "proxy_set_header Host $host;",
		NULL, haproxy ? "haproxy.cfg" : "nginx.conf", true, "none", "none");
}

void rule_upgrade(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	const struct server_book *b;
	const struct server_pool *q;
	const char *proxy;
	for (uint32_t i = 0; i < s->servers.count; i++) {
		b = &TABLE_ROWS(s->servers, struct server_book)[i];
		size_t before = out->count;
		for (uint32_t at = 0; (proxy = proxy_next(v, b, "log.tunnels.back", &at));)
			(void)judge_log(v, out, b, proxy);
		for (uint32_t at = 0;
			out->count == before && (proxy = proxy_next(v, b, "log.no-upgrade", &at));)
			judge_refused(v, out, b, proxy);
	}
	for (uint32_t at = 0; (q = server_next_pool(v, POOL_QUEUE, &at, &b));)
		if (strcmp(server_kind(v, b), "haproxy") == 0)
			judge_counters(v, out, b, q);
}
