/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rule for certificates, as ports of TLS show them to anybody who connects (books/tls.c). */
#include "rules/verdict.h"

#include "ledger/servers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const double DAY = 86400;
static const double LATE_SHARE = 1.0 / 6; /* of its life: who renews by itself does it at a third */
static const double LATE_DAYS = 14;       /* and a person needs no more than this */
static const double FORGOTTEN_DAYS =
	30; /* over for so long, and still in use: nobody looks at it */

const struct rule_case rule_case_tls_cert = {
	.mechanism = "From the end of a certificate on, or of one between it and its root, clients "
		     "refuse the connection. Nothing in the server changes at that "
		     "moment: it shows no error before, and often none after.",
	.threshold = "Less than a sixth of its life is left, and at most 14 days: what renews "
		     "certificates by itself (certbot, acme.sh, Caddy) does it when a third is "
		     "left, so that has failed or does not exist. Of one that somebody signed "
		     "with its own key 14 days are left, whatever its life: nothing renews it. "
		     "Critical on the last day, and when it is over.",
	.false_alarms = "Certificates of a few days or hours, which are renewed often: the bound "
			"is a share of their life (also of one of less than a day that signs "
			"itself: a program made it). One that ended over a month ago on a port "
			"that is still in use is a note: its clients do not look. Certificates "
			"that are shown for other names than the first (SNI) are not seen.",
	.confirm = "openssl s_client -connect ADDRESS:PORT </dev/null 2>/dev/null | openssl x509 "
		   "-noout -subject -dates",
	.remedy = "Renew it and let the server read it anew; see why the renewal did not run.",
};

static int32_t owner_of(const struct view *v, unsigned netns, uint16_t port)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->listeners.count; i++) {
		const struct listener *l = &TABLE_ROWS(s->listeners, struct listener)[i];
		if (l->netns == netns && l->port == port && l->pid)
			return l->pid;
	}
	return 0;
}

/* What the certificate says whose it is: foreign text. */
static const char *subject_of(struct view *v, const struct server_book *b)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->slots.count; i++) {
		const struct server_slot *o = &TABLE_ROWS(s->slots, struct server_slot)[i];
		if (o->server == b->pid && o->netns == b->netns && o->id == 0)
			return say(v, "%.*s", (int)sizeof o->text, o->text);
	}
	return "";
}

static const char *day_of(struct view *v, double at)
{
	char text[32] = "";
	time_t t = (time_t)at;
	struct tm tm;
	if (gmtime_r(&t, &tm))
		(void)strftime(text, sizeof text, "%Y-%m-%d %H:%MZ", &tm);
	return say(v, "%s", text);
}

static const char *span_of(struct view *v, double seconds)
{
	return seconds >= 2 * DAY ? say(v, "%.0f days", seconds / DAY)
				  : say(v, "%.0f hours", seconds / 3600);
}

static void judge(struct view *v, struct verdicts *out, const struct server_book *b)
{
	const struct sample *s = view_last(v);
	uint64_t until, since, chain, own_key;
	if (!server_number_of(v, s, b->pid, "tls.notafter", &until) ||
		!server_number_of(v, s, b->pid, "tls.notbefore", &since))
		return;
	bool between =
		server_number_of(v, s, b->pid, "tls.notafter.chain", &chain) && chain < until;
	double now = (double)v->now_ns / 1e9, end = (double)(between ? chain : until),
	       life = (double)until - (double)since, left = end - now;
	/* Made by hand, with a tool that counts in days: a program may make one of hours for itself, and the next one. */
	bool own = !between && life >= DAY && server_number_of(v, s, b->pid, "tls.own", &own_key) &&
		   own_key;
	double late =
		own || life * LATE_SHARE > LATE_DAYS * DAY ? LATE_DAYS * DAY : life * LATE_SHARE;
	/* `openssl x509 -days -1` makes one that ends before it begins. */
	bool over = left <= 0, early = !over && now < (double)since;
	if (!over && !early && left >= late)
		return;
	bool forgotten = left < -FORGOTTEN_DAYS * DAY;
	char port[8];
	(void)snprintf(port, sizeof port, "%u", b->port);
	struct verdict *f = verdict_new(v, out,
		forgotten             ? SEVERITY_NOTICE
		: left < DAY || early ? SEVERITY_CRITICAL
				      : SEVERITY_WARNING,
		forgotten ? STATE_NOTE
		: early   ? STATE_WRONG
		: over    ? STATE_EXHAUSTED
			  : STATE_FILLING,
		port);
	if (!f)
		return;
	int32_t pid = owner_of(v, b->netns, b->port);
	const char *name = server_name(v, b), *subject = subject_of(v, b),
		   *whose = *subject ? say(v, " (%s)", subject) : "",
		   *what = between ? "A certificate between that of port"
				   : "The certificate of port";
	const char *tail = between ? " and its root" : "";
	f->netns = b->netns;
	f->port = b->port;
	f->pid = pid;
	f->used = life > 0 ? life - (over ? 0 : left) : -1;
	f->limit = life > 0 ? life : -1;
	f->eta_s = !over && !early ? left : -1;
	if (over && end * 1e9 > 0)
		f->since_ns = (uint64_t)(end * 1e9);
	const char *port_of = say(v, "%s %u%s%s", what, b->port, whose, tail);
	f->title = early  ? say(v, "%s is not valid before %s", port_of, day_of(v, (double)since))
		   : over ? say(v, "%s ended %s ago: clients that look at it refuse the connection",
				    port_of, span_of(v, -left))
		   : own  ? say(v, "%s ends in %s, and nothing renews one that signs itself",
				    port_of, span_of(v, left))
			  : say(v, "%s ends in %s, and was not renewed", port_of, span_of(v, left));
	f->culprits[f->nculprits++] = (struct who){
		"process", name, pid, 1, say(v, "shows it: %s", *subject ? subject : "no subject")};
	verdict_victim(f, "server", name, pid,
		over || early ? "its clients refuse the connection"
			      : "its clients will refuse the connection");
	const char *ask = say(v,
		"%sopenssl s_client -connect %s </dev/null 2>/dev/null | openssl x509 -noout "
		"-subject -issuer -dates",
		in_netns(v, b->netns), shell_word(v, intern_text(&v->series->names, b->source)));
	verdict_evidence(f,
		say(v, "%s: valid from %s to %s%s", *subject ? subject : "the certificate",
			day_of(v, (double)since), day_of(v, (double)until),
			between ? say(v, "; one of its chain to %s", day_of(v, end)) : ""),
		-1, left, late, ask);
	verdict_remedy(f, "Renew it, and see why that was not done by itself",
		"systemctl list-timers | grep -i -e certbot -e acme; certbot renew --dry-run", NULL,
		true, "none", "none: a dry run changes nothing");
	const char *unit = unit_of(v, pid);
	verdict_remedy(f, say(v, "Let %s read the new one", name),
		unit ? say(v, "systemctl reload %s", unit) : NULL, NULL, false, "none", "none");
}

void rule_tls_cert(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->servers.count; i++) {
		const struct server_book *b = &TABLE_ROWS(s->servers, struct server_book)[i];
		if (strcmp(server_kind(v, b), "tls") == 0)
			judge(v, out, b);
	}
}
