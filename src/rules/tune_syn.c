/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Queues of half-open connections, and of packets that a CPU has not taken yet, for tune: how full such a queue was is not known to anybody, so only refusals tell of
 * it. */
#include "base/num.h"
#include "ledger/who.h"
#include "rules/tune_impl.h"
#include "rules/verdict.h"

#include <math.h>
#include <string.h>

/* ---- all ---- */

/* Half-open connections at a port, now; and all that there are. */
static double half_open(const struct view *v, const struct ledger_row *r, double *ret_all)
{
	const struct sample *s = view_last(v);
	const char *port = strrchr(r->name, ':');
	uint64_t number = 0;
	double sum = 0;
	*ret_all = 0;
	if (!port || num_u64(port + 1, &number) < 0)
		return 0;
	for (uint32_t i = 0; i < s->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		if (g->outgoing || g->netns != r->netns || g->port != number)
			continue;
		sum += g->syn_recv;
		*ret_all += g->total;
	}
	return sum;
}

/* The listener that SYNs found full: where most connections are half-open now, else where most are, else the one with the longest queue. */
static const struct ledger_row *flooded(
	const struct view *v, const struct ledger *l, unsigned netns, double *ret_half)
{
	const struct ledger_row *best = NULL;
	double most = 0, all;
	*ret_half = 0;
	for (size_t i = 0; i < l->count; i++) {
		const struct ledger_row *r = &l->rows[i];
		if (r->resource != RES_TCP_LISTEN || r->netns != netns || !strchr(r->name, ':') ||
			r->limit <= 0)
			continue;
		double half = half_open(v, r, &all);
		bool more = half > *ret_half || (half >= *ret_half && all > most);
		bool same = half >= *ret_half && all >= most;
		if (!best || more || (same && r->limit > best->limit)) {
			best = r;
			*ret_half = half;
			most = all;
		}
	}
	return best;
}

/* A queue of half-open connections is as long as that of those that wait to be accepted (since 4.4): as the program asked for, and somaxconn grants. Without
 * cookies the last quarter of tcp_max_syn_backlog is kept for peers that are known, so that has to be a third longer. */
static void tune_syn(struct view *v, const struct ledger_row *r, double half, struct tuning *out)
{
	const struct tunable *t = tune_of_class(RES_TCP_LISTEN);
	enum { HALF_OPEN = 320 };
	out->limit = r->limit;
	out->high = out->used = half;
	out->value = r->limit;
	if (!t || out->refused_per_s <= 0)
		return;
	out->action = TUNE_RAISE;
	out->value = tune_next_size(2 * r->limit);
	if (out->value > t->most)
		out->value = t->most;
	if (r->limit >= t->most) {
		out->action = TUNE_NO_HIGHER;
		out->value = out->limit;
		out->why = say(v, "%s; the kernel has no higher limit", out->why);
		return;
	}
	out->cost = (out->value - out->limit) * HALF_OPEN;
	out->setting = t->setting;
	out->file = t->file;
	out->why = say(v, "%s; %s has a queue of %.0f", out->why, r->name, r->limit);
	tune_settings(v, t, r, out);
	double most = tune_next_size(out->value * 4 / 3);
	const char *value = say(v, "%.0f", most);
	struct tune_place place = tune_place(v, r->netns, r->nholders ? r->holders[0].pid : 0);
	const char *inside = in_netns(v, r->netns);
	if (r->netns == NETNS_HOST || *inside)
		tune_now(out, say(v, "%ssysctl -w net.ipv4.tcp_max_syn_backlog=%s", inside, value));
	if (place.kind == PLACE_HOST && !*out->file)
		tune_line(
			out, say(v, "/etc/sysctl.d/90-syn.conf: net.ipv4.tcp_max_syn_backlog = %s",
				     value));
	else
		tune_netns_sysctl(v, out, place, "net.ipv4.tcp_max_syn_backlog", value);
}

void tune_add_syn_queues(struct view *v, const struct ledger *l, const struct tune_input *in,
	struct tuning *rows, size_t room, size_t *n)
{
	for (uint32_t id = view_each(v, M_SYN_QFULL_DROP, 0); id && *n < room;
		id = view_each(v, M_SYN_QFULL_DROP, id)) {
		unsigned netns = series_row(v->series, id)->netns;
		double drops = 0, cookies = 0, rate = 0, grown = 0, half;
		(void)view_gauge(v, id, &drops);
		(void)view_rate(v, id, &rate);
		(void)view_gauge(v, view_id(v, M_SYN_COOKIES, netns, 0), &cookies);
		(void)view_rate(v, view_id(v, M_SYN_COOKIES, netns, 0), &grown);
		const char *class = resource_info(RES_TCP_SYN)->class;
		if (drops + cookies <= 0 || !tune_fits(in->only, class, RES_TCP_SYN))
			continue;
		const struct ledger_row *r = flooded(v, l, netns, &half);
		struct tuning *out = &rows[(*n)++];
		*out = (struct tuning){.action = TUNE_KEEP,
			.name = class,
			.setting = "net.core.somaxconn",
			.unit = "connections",
			.netns = netns,
			.limit = -1,
			.high = -1,
			.used = -1,
			.refused = drops + cookies,
			.refused_per_s = rate + grown,
			.value = -1,
			.cost = -1,
			.why = say(v,
				"%.0f SYNs dropped and %.0f answered with a cookie since boot%s",
				drops, cookies, rate + grown > 0 ? ", now as well" : ", none now"),
			.danger = "a SYN flood fills any queue; cookies (tcp_syncookies = 1) carry "
				  "on without one",
			.file = ""};
		if (r)
			tune_syn(v, r, half, out);
	}
}

/* Each CPU has a queue of its own, of this length. */
void tune_add_backlog(
	struct view *v, const struct tune_input *in, struct tuning *rows, size_t room, size_t *n)
{
	enum { PACKET = 2304 }; /* one of 1,500 bytes, with what the kernel needs for it */
	static const char setting[] = "net.core.netdev_max_backlog";
	const char *class = resource_info(RES_NET_RX)->class;
	double limit, drops = 0, rate = 0, cpus = 0;
	if (*n >= room || !tune_fits(in->only, class, RES_NET_RX) ||
		!view_gauge(v, view_id(v, M_SOFTNET_LIMIT, NETNS_HOST, 0), &limit) || limit <= 0)
		return;
	for (uint32_t id = view_each(v, M_SOFTNET_DROPPED, 0); id;
		id = view_each(v, M_SOFTNET_DROPPED, id)) {
		double x;
		cpus++;
		drops += view_gauge(v, id, &x) ? x : 0;
		rate += view_rate(v, id, &x) ? x : 0;
	}
	if (drops <= 0)
		return;
	double more = tune_next_size(2 * limit);
	struct tuning *out = &rows[(*n)++];
	*out = (struct tuning){.action = rate > 0 ? TUNE_RAISE : TUNE_KEEP,
		.name = class,
		.setting = setting,
		.unit = "packets",
		.limit = limit,
		.high = -1,
		.used = -1,
		.refused = drops,
		.refused_per_s = rate,
		.value = rate > 0 ? more : limit,
		.cost = rate > 0 ? (more - limit) * PACKET * cpus : 0,
		.cost_text =
			rate > 0 ? say(v, "when the queues of all %.0f CPUs are full", cpus) : NULL,
		.why = say(v, "%.0f packets dropped at the queue of a CPU since boot%s", drops,
			rate > 0 ? ", now as well" : ", none now"),
		.danger =
			"a CPU that is busy all the time drops later, and everything waits longer: "
			"then let more CPUs receive (queues of the card, rps_cpus)",
		.file = "/etc/sysctl.d/90-backlog.conf",
		.apply = "sysctl --system"};
	if (rate <= 0)
		return;
	tune_now(out, say(v, "sysctl -w %s=%.0f", setting, more));
	tune_line(out, say(v, "%s = %.0f", setting, more));
}
