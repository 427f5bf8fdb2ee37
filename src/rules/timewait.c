/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for what is left of closed connections: many of them, which alarms people and nothing else; and timestamps, by which the kernel tells a late packet
 * of an old connection from a new one, and is wrong where several machines share an address. */
#include "rules/verdict.h"

#include <stdio.h>
#include <string.h>

enum { MANY = 10000, PASSIVE_LEAST = 3, PAWS_LEAST = 10, BYTES_EACH = 250 };

/* ---- many ---- */

const struct rule_case rule_case_timewait_many = {
	.mechanism = "The side that closes a connection first keeps it for 60 s (TIME_WAIT), so "
		     "that late packets of it meet no new one. On the port of a "
		     "server that costs about 250 bytes of kernel memory and nothing else.",
	.threshold = "A note: at least ten thousand, most of them on ports that this machine "
		     "serves, and the table has room (tcp.timewait.overflow).",
	.false_alarms = "It is the note against a false alarm. What does run out: ephemeral ports "
			"of the side that connects (tcp.ports.exhausted).",
	.confirm = "ss -Htan state time-wait | awk '{print $3}' | sort | uniq -c | sort -n | tail",
	.remedy = "None is needed. Keep-alive saves the connections themselves. Never "
		  "tcp_tw_recycle, which refuses clients behind one address.",
};

void rule_timewait_many(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	for (uint32_t id = view_each(v, M_TCP_TIMEWAIT, 0); id;
		id = view_each(v, M_TCP_TIMEWAIT, id)) {
		unsigned netns = series_row(v->series, id)->netns;
		double all, limit = -1, lost = 0, served = 0;
		const struct conn_group *most = NULL;
		if (!view_gauge(v, id, &all) || all < MANY)
			continue;
		(void)view_gauge(v, view_id(v, M_TCP_MAX_TW, netns, 0), &limit);
		(void)view_delta(v, view_id(v, M_TW_OVERFLOWS, netns, 0), &lost);
		for (uint32_t i = 0; i < s->conns.count; i++) {
			const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
			if (g->netns != netns || g->outgoing)
				continue;
			served += g->time_wait;
			if (!most || g->time_wait > most->time_wait)
				most = g;
		}
		if (lost > 0 || served * 2 < all || !most)
			continue;
		struct verdict *f = verdict_new(v, out, SEVERITY_NOTICE, STATE_NOTE, NULL);
		if (!f)
			return;
		const char *ns = in_netns(v, netns);
		f->netns = netns;
		f->port = most->port;
		f->used = all;
		f->limit = limit;
		f->title = say(v,
			"%.0f connections in TIME_WAIT, most on port %u: harmless, no port is "
			"taken "
			"and %.1f MB are used",
			all, most->port, all * BYTES_EACH / 1e6);
		f->culprits[f->nculprits++] =
			(struct who){"traffic", say(v, "short connections to port %u", most->port),
				0, served / all, "are closed by this side first"};
		verdict_evidence(f,
			say(v,
				"%.0f in TIME_WAIT, %.0f of them on ports served here; the table "
				"holds %.0f",
				all, served, limit),
			M_TCP_TIMEWAIT, all, limit,
			say(v,
				"%sss -Htan state time-wait | awk '{print $3}' | sort | uniq -c | "
				"sort -n | tail",
				ns));
		verdict_remedy(f, "None is needed; keep-alive saves connections and their set-up",
			NULL, NULL, true, "idle connections", "none");
	}
}

/* ---- timestamps ---- */

const struct rule_case rule_case_tcp_paws = {
	.mechanism =
		"With tcp_tw_recycle (kernels before 4.12) the kernel remembers the last "
		"timestamp of each address and drops SYNs with an older one. Machines behind one "
		"address (NAT, a balancer) have clocks of their own: whoever's is behind "
		"gets no connection, without a sign, while others from the same address do.",
	.threshold = "SYNs were refused because of their timestamp (TCPExt PAWSPassive, which only "
		     "tcp_tw_recycle counts) at least three times, in two steps and more. Segments "
		     "and answers refused for theirs (PAWSEstab, PAWSActive, PAWSTimewait), ten "
		     "and more in half of the steps, are a note.",
	.false_alarms = "Late duplicates of an old connection, for which the check is made: a few, "
			"now and then.",
	.confirm = "nstat -asz TcpExtPAWSPassive TcpExtPAWSEstab TcpExtPAWSActive; sysctl "
		   "net.ipv4.tcp_tw_recycle net.ipv4.tcp_timestamps",
	.remedy = "net.ipv4.tcp_tw_recycle=0. Where a balancer mixes the timestamps of several "
		  "machines: let it rewrite them, or turn them off there.",
};

static void recycle_verdict(struct view *v, struct verdicts *out, uint32_t id, double refused)
{
	unsigned netns = series_row(v->series, id)->netns;
	struct verdict *f = verdict_new(v, out, SEVERITY_WARNING, STATE_WRONG, NULL);
	if (!f)
		return;
	const char *ns = in_netns(v, netns);
	f->netns = netns;
	f->refused = refused;
	f->used = refused;
	f->since_ns = view_grew_at(v, id);
	f->title = say(v,
		"tcp_tw_recycle refuses clients that share an address: %.0f SYNs dropped in %.0f s",
		refused, v->seconds);
	f->culprits[f->nculprits++] = (struct who){"config", "net.ipv4.tcp_tw_recycle", 0, -1,
		"drops SYNs whose timestamp is older than the last of their address"};
	verdict_victim(f, "peer", "clients behind NAT", 0,
		"their connects time out now and then, while others at the same address succeed");
	verdict_evidence(f,
		say(v, "%.0f SYNs refused for their timestamp in %.0f s", refused, v->seconds),
		M_PAWS_PASSIVE, refused, 0, say(v, "%snstat -asz TcpExtPAWSPassive", ns));
	verdict_remedy(f, "Turn it off: newer kernels do not have it any more",
		say(v, "%ssysctl -w net.ipv4.tcp_tw_recycle=0", ns),
		"/etc/sysctl.d/90-tw-recycle.conf", false, "more sockets in TIME_WAIT: harmless",
		"none");
}

static void paws_note(struct view *v, struct verdicts *out, uint32_t id, double refused)
{
	unsigned netns = series_row(v->series, id)->netns;
	enum metric m = (enum metric)series_row(v->series, id)->metric;
	struct verdict *f = verdict_new(v, out, SEVERITY_NOTICE, STATE_NOTE, NULL);
	if (!f)
		return;
	f->netns = netns;
	f->used = refused;
	f->since_ns = view_grew_at(v, id);
	f->title = say(v, "%.0f segments refused for an old timestamp in %.0f s%s", refused,
		v->seconds,
		m == M_PAWS_TIMEWAIT ? ": clients behind one address use ports again soon" : "");
	f->culprits[f->nculprits++] = (struct who){"traffic", "segments with older timestamps", 0,
		-1, "late duplicates, or a balancer or NAT that mixes the clocks of machines"};
	verdict_evidence(f, say(v, "%s grew by %.0f", metric_info(m)->name, refused), (int)m,
		refused, -1,
		say(v, "%snstat -asz TcpExtPAWSEstab TcpExtPAWSActive TcpExtPAWSTimewait",
			in_netns(v, netns)));
	verdict_remedy(f,
		"Where a balancer or NAT gives several machines one address: let it rewrite "
		"timestamps",
		NULL, NULL, true, "none", "none");
}

void rule_tcp_paws(struct view *v, struct verdicts *out)
{
	static const enum metric others[] = {M_PAWS_ESTAB, M_PAWS_ACTIVE, M_PAWS_TIMEWAIT};
	double d;
	for (uint32_t id = view_each(v, M_PAWS_PASSIVE, 0); id;
		id = view_each(v, M_PAWS_PASSIVE, id))
		if (view_delta(v, id, &d) && d >= PASSIVE_LEAST &&
			view_steps_growing(v, id, 0.5) >= 2)
			recycle_verdict(v, out, id, d);
	for (size_t i = 0; i < COUNTOF(others); i++)
		for (uint32_t id = view_each(v, others[i], 0); id; id = view_each(v, others[i], id))
			if (view_delta(v, id, &d) && d >= PAWS_LEAST &&
				view_steps_growing(v, id, 0.5) * 2 + 1 >= v->n)
				paws_note(v, out, id, d);
}
