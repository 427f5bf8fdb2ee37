/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rule for requests that fail: the share of answers that are errors rose. Its log tells how many of how many, and what is usual (books/logs_failures.c). */
#include "ledger/servers.h"
#include "rules/proxy.h"
#include "rules/verdict.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FAILED_LEAST = 10, LOST_LEAST = 20, BEFORE_LEAST = 20, FRESH_S = 10 };

static const double FAILED_SHARE = 0.05, LOST_SHARE = 0.25; /* of all answers */
static const double TIMES = 4;                              /* what is usual */
static const double UNKNOWN_SHARE = 0.5;                    /* where nobody knows what is usual */
static const double SETTLE_S = 18; /* a server behind that is started anew is away for less */

const struct rule_case rule_case_errors = {
	.mechanism =
		"Requests come in, are taken and answered at once, and the answer is an error: the "
		"program behind the server fails (500), is not there or breaks off (502, 503), or "
		"pages that were there are gone or forbidden (404, 403): a broken release, a "
		"database that refuses the login, rights of files that somebody changed. Nothing "
		"runs out, so "
		"nothing else shows it.",
	.threshold =
		"In the log's last half a minute ten answers or more are 5xx, a twentieth of all; "
		"or twenty are 403, 404, 405 or 410 for URLs that were answered well before, a "
		"quarter of all. And four times what is usual: the middle one of the shares of ten "
		"minutes each, of the last hours; where these are too few, the share of the two "
		"minutes before; where there was nothing before, half of all answers must fail. "
		"The last of them came just now. Recorders tell of it after 18 s: a server behind "
		"that is started anew is away for less.",
	.false_alarms = "Scanners, which ask for what was never there: 404 for unknown URLs counts "
			"for nothing. A page that fails all day, at its usual rate. 504, which "
			"proxy.timeout tells; "
			"499, which client.timeout tells. Where something that runs out explains "
			"it, it is an effect of that.",
	.confirm = "awk '$9 ~ /^5/ {print $9, $7}' access.log | sort | uniq -c | sort -n | tail "
		   "-5; tail -20 error.log",
	.remedy = "The server's error log says why. Take back what was released last; start what "
		  "is down behind the server.",
};

/* One kind of failure of one backend. */
struct failing {
	const char *what, *proxy;
	double n, of, ms, before; /* before: the usual share; < 0: not known */
	bool lost;
};

static bool told(struct view *v, const struct server_book *b, struct failing *f)
{
	double age, n, of;
	f->before = -1;
	if (!proxy_told(v, b, f->what, f->proxy, &f->n) ||
		!proxy_told(v, b, say(v, "%s.of", f->what), f->proxy, &f->of) || f->of <= 0 ||
		!proxy_told(v, b, say(v, "%s.ms", f->what), f->proxy, &f->ms) ||
		!proxy_told(v, b, say(v, "%s.age.s", f->what), f->proxy, &age) || age > FRESH_S)
		return false;
	if (proxy_told(v, b, say(v, "%s.usual", f->what), f->proxy, &n))
		f->before = n / 10000;
	else if (proxy_told(v, b, say(v, "%s.before.of", f->what), f->proxy, &of) &&
		 of >= BEFORE_LEAST && proxy_told(v, b, say(v, "%s.before", f->what), f->proxy, &n))
		f->before = n / of;
	return true;
}

static bool is_harm(const struct failing *f)
{
	double share = f->n / f->of, least = f->lost ? LOST_SHARE : FAILED_SHARE;
	if (f->n < (f->lost ? LOST_LEAST : FAILED_LEAST) || share < least)
		return false;
	return f->before < 0 ? share >= UNKNOWN_SHARE : share >= TIMES * f->before;
}

/* Does it pass requests on? nginx connects to nobody else. */
static bool passes_on(struct view *v, const struct server_book *b)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; strcmp(server_kind(v, b), "nginx") == 0 && i < s->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		if (g->outgoing && g->pid && server_has(v, b->pid, g->pid))
			return true;
	}
	return false;
}

static void blame(struct view *v, struct verdict *f, const struct server_book *b,
	const struct failing *g, const char *url)
{
	enum { BAD_GATEWAY = 502, UNAVAILABLE = 503 };
	long status = strtol(url, NULL, 10);
	const char *why = say(v, "%s %s", *url ? "answers" : "answers with errors", url);
	bool behind = *proxy_called(g->proxy) || status == BAD_GATEWAY || status == UNAVAILABLE ||
		      (!g->lost && passes_on(v, b));
	if (behind)
		proxy_blame(v, f, b, g->proxy, why);
	else
		f->culprits[f->nculprits++] =
			(struct who){"process", server_name(v, b), b->pid, -1, why};
}

static void judge(
	struct view *v, struct verdicts *out, const struct server_book *b, struct failing *g)
{
	if (!told(v, b, g) || !is_harm(g))
		return;
	double share = g->n / g->of;
	const char *name = server_name(v, b), *where = proxy_place(v, b, g->proxy);
	struct verdict *f = proxy_verdict(v, out, b, STATE_WRONG, where, g->n);
	if (!f)
		return;
	bool haproxy = strcmp(server_kind(v, b), "haproxy") == 0;
	/* URLs that fail, "500 /cart", the most frequent first */
	const char *noted = say(v, "failed/%s", g->proxy);
	const struct server_slot *o = proxy_noted(v, b, noted, 0);
	const char *url = o ? arena_str(&v->scratch, o->text) : "";
	const char *grep = haproxy   ? "grep -E ' (4|5)[0-9][0-9] [0-9]+ - - ' LOG | tail -5"
			   : g->lost ? "awk '$9 ~ /^4/ {print $9, $7}' access.log | sort | uniq -c "
				       "| sort -n | tail -5"
				     : "awk '$9 ~ /^5/ {print $9, $7}' access.log | sort | uniq -c "
				       "| sort -n | tail -5";
	if (share >= UNKNOWN_SHARE)
		f->severity = SEVERITY_CRITICAL;
	f->settle_s = SETTLE_S;
	f->limit = g->of;
	f->lost = g->lost;
	verdict_began(f, v->now_ns - (uint64_t)(g->ms * 1e6));
	f->title = say(v, "%.0f of %.0f requests to %s fail%s%s%s", g->n, g->of, where,
		*url ? ", most with " : "", url, g->lost ? ": what was there is not any more" : "");
	blame(v, f, b, g, url);
	verdict_evidence(f,
		say(v, "in %s %.0f of %.0f answers were errors", proxy_span(v, g->ms), g->n, g->of),
		-1, share, FAILED_SHARE, grep);
	if (g->before >= 0)
		verdict_evidence(f, say(v, "before, %.1f %% of them were", 100 * g->before), -1,
			g->before, -1, grep);
	for (unsigned i = 0; i < 3 && (o = proxy_noted(v, b, noted, i)); i++)
		verdict_evidence(f, say(v, "%s: %" PRIu64 " times", o->text, o->bytes), -1,
			(double)o->bytes, -1, grep);
	verdict_victim(f, "server", name, b->pid, "its clients are sent errors");
	verdict_remedy(f, "See why: the server's error log, and that of the program behind it",
		"tail -n 50 error.log", NULL, false, "none", "none");
	verdict_remedy(f, "Take back what was released or configured last, if it began with that",
		NULL, NULL, false, "none", "none");
}

static void judge_failed(
	struct view *v, struct verdicts *out, const struct server_book *b, const char *proxy)
{
	judge(v, out, b, &(struct failing){.what = "log.failed", .proxy = proxy});
}

static void judge_lost(
	struct view *v, struct verdicts *out, const struct server_book *b, const char *proxy)
{
	judge(v, out, b, &(struct failing){.what = "log.lost", .proxy = proxy, .lost = true});
}

void rule_errors(struct view *v, struct verdicts *out)
{
	proxy_each(v, out, "log.failed", judge_failed);
	proxy_each(v, out, "log.lost", judge_lost);
}
