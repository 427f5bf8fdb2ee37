/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* net and states: interfaces, and what the firewall tracks. */
#include "base/text.h"
#include "ledger/who.h"
#include "query/states.h"
#include "show/screens/screen_impl.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

/* The host's own has no name. */
const char *netns_text(const struct view *v, unsigned netns)
{
	return netns == NETNS_HOST ? "" : series_netns_name(v->series, netns);
}

/* ---- interfaces ---- */

#define LINKS "netlink: RTM_GETLINK, /proc/net/dev"

enum {
	N_NAME,
	N_NETNS,
	N_STATE,
	N_RX,
	N_TX,
	N_USE,
	N_RXP,
	N_TXP,
	N_DROPS,
	N_ERRORS,
	N_QUEUE,
	N_QDROPS,
	N_SPEED,
	N_MTU,
	N_CHANGES,
	N_KIND
};

static const struct screen_column net_columns[] = {
	[N_NAME] = {"if", "interface", CELL_TEXT, 14, 0, true, -1, NULL, "the interface", LINKS},
	[N_NETNS] = {"netns", "netns", CELL_TEXT, 10, 2, false, -1, NULL,
		"network namespace; nothing: the host's own", "/run/netns"},
	[N_STATE] = {"state", "state", CELL_TEXT, 10, 1, false, M_NET_CARRIER, NULL, NULL, LINKS},
	[N_RX] = {"in", "in/s", CELL_BYTES, 8, 0, false, M_NET_RX_BYTES, "a second", NULL, LINKS},
	[N_TX] = {"out", "out/s", CELL_BYTES, 8, 0, false, M_NET_TX_BYTES, "a second", NULL, LINKS},
	[N_USE] = {"use", "use", CELL_SHARE, 5, 1, false, M_NET_SPEED, NULL, NULL, LINKS},
	[N_RXP] = {"pin", "pkts in", CELL_COUNT, 7, 2, false, M_NET_RX_PACKETS, "a second", NULL,
		LINKS},
	[N_TXP] = {"pout", "pkts out", CELL_COUNT, 8, 2, false, M_NET_TX_PACKETS, "a second", NULL,
		LINKS},
	[N_DROPS] = {"drops", "drops/s", CELL_COUNT, 7, 0, false, M_NET_RX_DROPPED,
		"a second, both ways", NULL, LINKS},
	[N_ERRORS] = {"errors", "errors/s", CELL_COUNT, 8, 1, false, M_NET_RX_ERRORS,
		"a second, both ways", NULL, LINKS},
	[N_QUEUE] = {"queue", "queued", CELL_BYTES, 8, 3, false, M_QDISC_BACKLOG, NULL, NULL,
		"netlink: RTM_GETQDISC"},
	[N_QDROPS] = {"qdrops", "q drops/s", CELL_COUNT, 9, 3, false, M_QDISC_DROPS, "a second",
		NULL, "netlink: RTM_GETQDISC"},
	[N_SPEED] = {"speed", "speed", CELL_BYTES, 8, 4, false, M_NET_SPEED, "bytes a second", NULL,
		LINKS},
	[N_MTU] = {"mtu", "mtu", CELL_ID, 5, 5, false, M_NET_MTU, NULL, NULL, LINKS},
	[N_CHANGES] = {"changes", "changes", CELL_COUNT, 7, 6, false, M_NET_CARRIER_CHANGES, NULL,
		NULL, LINKS},
	[N_KIND] = {"kind", "kind", CELL_TEXT, 16, 5, true, -1, NULL,
		"what sort of interface, whose port it is", LINKS},
};

static const struct net_link *link_of(const struct sample *s, unsigned netns, uint32_t name)
{
	const struct net_link *rows = TABLE_ROWS(s->links, struct net_link);
	for (uint32_t i = 0; i < s->links.count; i++)
		if (rows[i].netns == netns && rows[i].name == name)
			return &rows[i];
	return NULL;
}

static double sum_known(double a, double b)
{
	return isnan(a) ? b : isnan(b) ? a : a + b;
}

static void add_interface(
	struct screen *s, struct view *v, const struct screen_context *c, uint32_t id)
{
	const struct series *of = series_row(v->series, id);
	const unsigned ns = of->netns;
	const uint32_t dev = of->instance;
	double rx;
	if (!view_rate(v, id, &rx))
		return;
	struct screen_row *row = screen_add(s, id);
	if (!row)
		return;
	const struct net_link *link = link_of(view_last(v), ns, dev);
	double tx = rate_of(v, M_NET_TX_BYTES, ns, dev),
	       speed = number_of(v, M_NET_SPEED, ns, dev) / 8;
	double up = number_of(v, M_NET_UP, ns, dev), carrier = number_of(v, M_NET_CARRIER, ns, dev);
	const char *name = series_instance(v->series, id);
	cell_text(row, N_NAME, name);
	cell_text(row, N_NETNS, netns_text(v, ns));
	cell_text(row, N_STATE,
		isnan(up)      ? ""
		: up <= 0      ? "down"
		: carrier <= 0 ? "no carrier"
			       : "up");
	cell_number(s, row, N_RX, rx);
	cell_number(s, row, N_TX, tx);
	if (speed > 0)
		cell_number(s, row, N_USE, (rx > tx ? rx : tx) / speed);
	cell_number(s, row, N_RXP, rate_of(v, M_NET_RX_PACKETS, ns, dev));
	cell_number(s, row, N_TXP, rate_of(v, M_NET_TX_PACKETS, ns, dev));
	double drops = sum_known(
		rate_of(v, M_NET_RX_DROPPED, ns, dev), rate_of(v, M_NET_TX_DROPPED, ns, dev));
	double errors = sum_known(
		rate_of(v, M_NET_RX_ERRORS, ns, dev), rate_of(v, M_NET_TX_ERRORS, ns, dev));
	cell_number(s, row, N_DROPS, drops);
	cell_number(s, row, N_ERRORS, errors);
	double queue = number_of(v, M_QDISC_BACKLOG, ns, dev),
	       qdrops = rate_of(v, M_QDISC_DROPS, ns, dev);
	if (!isnan(queue))
		cell_number(s, row, N_QUEUE, queue);
	if (!isnan(qdrops))
		cell_number(s, row, N_QDROPS, qdrops);
	if (speed > 0)
		cell_number(s, row, N_SPEED, speed);
	if (!isnan(number_of(v, M_NET_MTU, ns, dev)))
		cell_number(s, row, N_MTU, number_of(v, M_NET_MTU, ns, dev));
	if (!isnan(number_of(v, M_NET_CARRIER_CHANGES, ns, dev)))
		cell_number(s, row, N_CHANGES, number_of(v, M_NET_CARRIER_CHANGES, ns, dev));
	if (link) {
		const char *kind = intern_text(&v->series->names, link->kind),
			   *master = intern_text(&v->series->names, link->master);
		cell_text(row, N_KIND,
			say(v, "%s%s%s", kind, *master ? *kind ? ", of " : "of " : "", master));
	}
	static const char *const classes[] = {"net.tx", "net.rx", "net.link"};
	for (size_t i = 0; i < COUNTOF(classes); i++) {
		enum tone t =
			tone_of_resource(c->findings, say(v, "%s:%s", classes[i], name), (int)ns);
		row->tone = t > row->tone ? t : row->tone;
	}
	if (row->tone == TONE_PLAIN && up <= 0)
		row->tone = TONE_DIM;
}

static int build_net(struct screen *s, struct view *v, const struct screen_context *c)
{
	double again = 0, sent = 0, resets = 0, opened = 0, accepted = 0, overflows = 0;
	for (unsigned ns = 0; ns < v->series->netns_count; ns++) {
		const struct {
			enum metric m;
			double *to;
		} sums[] = {{M_TCP_RETRANS, &again}, {M_TCP_OUT_SEGS, &sent},
			{M_TCP_ESTAB_RESETS, &resets}, {M_TCP_ACTIVE_OPENS, &opened},
			{M_TCP_PASSIVE_OPENS, &accepted}, {M_LISTEN_OVERFLOWS, &overflows}};
		for (size_t i = 0; i < COUNTOF(sums); i++) {
			double x = rate_of(v, sums[i].m, ns, 0);
			*sums[i].to += isnan(x) ? 0 : x;
		}
	}
	meter_net(s, v, c, c->tall ? 6 : 2);
	screen_say(s, v, overflows > 0 ? TONE_WARNING : TONE_PLAIN, "tcp",
		"a second: %s opened, %s accepted, %s reset, %s refused by full queues; %s of what "
		"is sent is sent again",
		read_count(v, opened), read_count(v, accepted), read_count(v, resets),
		read_count(v, overflows), sent > 0 ? read_share(v, again / sent) : "nothing")
		->prio = 1;
	screen_say(s, v, TONE_PLAIN, "", "%s", "")->prio = 7;
	s->empty = "no interface was read";
	for (uint32_t id = view_each(v, M_NET_RX_BYTES, 0); id;
		id = view_each(v, M_NET_RX_BYTES, id))
		add_interface(s, v, c, id);
	return 0;
}

const struct screen_maker screen_net = {COLUMNS_OF(net_columns), build_net, NULL};

/* ---- the firewall's connections ---- */

#define CTNETLINK "netlink: ctnetlink"

enum {
	S_PROTO,
	S_SOURCE,
	S_DESTINATION,
	S_STATE,
	S_RATE,
	S_SENT,
	S_RECEIVED,
	S_PACKETS,
	S_BACK,
	S_AGE,
	S_EXPIRES,
	S_NETNS
};

static const struct screen_column state_columns[] = {
	[S_PROTO] = {"proto", "proto", CELL_TEXT, 6, 0, false, -1, NULL, "protocol", CTNETLINK},
	[S_SOURCE] = {"source", "source", CELL_TEXT, 18, 0, true, -1, NULL, "who began", CTNETLINK},
	[S_DESTINATION] = {"destination", "destination", CELL_TEXT, 18, 0, true, -1, NULL,
		"to whom", CTNETLINK},
	[S_STATE] = {"state", "state", CELL_TEXT, 11, 1, false, -1, NULL,
		"of TCP its state; single: no answer came; multiple, assured: both sides spoke",
		CTNETLINK},
	[S_RATE] = {"rate", "rate/s", CELL_BYTES, 8, 0, false, -1, "a second",
		"bytes both ways, where the kernel counts them (nf_conntrack_acct)", CTNETLINK},
	[S_SENT] = {"bytes", "sent", CELL_BYTES, 8, 1, false, -1, NULL, "bytes from the source",
		CTNETLINK},
	[S_RECEIVED] = {"received", "received", CELL_BYTES, 8, 2, false, -1, NULL,
		"bytes to the source", CTNETLINK},
	[S_PACKETS] = {"packets", "packets", CELL_COUNT, 7, 4, false, -1, NULL,
		"packets from the source", CTNETLINK},
	[S_BACK] = {"back", "back", CELL_COUNT, 7, 4, false, -1, NULL, "packets to the source",
		CTNETLINK},
	[S_AGE] = {"age", "age", CELL_SECONDS, 9, 3, false, -1, NULL,
		"since it began, where the kernel notes that (nf_conntrack_timestamp)", CTNETLINK},
	[S_EXPIRES] = {"expires", "expires", CELL_SECONDS, 9, 2, false, -1, NULL,
		"when it is forgotten without more packets", CTNETLINK},
	[S_NETNS] = {"netns", "netns", CELL_TEXT, 10, 3, false, -1, NULL,
		"network namespace; nothing: the host's own", "/run/netns"},
};

static const char *proto_text(struct view *v, uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP: return "tcp";
	case IPPROTO_UDP: return "udp";
	case IPPROTO_ICMP: return "icmp";
	case IPPROTO_ICMPV6: return "icmpv6";
	case IPPROTO_SCTP: return "sctp";
	default: return say(v, "%u", proto);
	}
}

static int build_states(struct screen *s, struct view *v, const struct screen_context *c)
{
	struct states st;
	enum { ROWS = 2000, RULES = 3 };
	int r = view_last(v)->have_ct_states ? states_build(v, STATES_BY_RATE, ROWS, RULES, &st)
					     : -ENODATA;
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		s->empty = c->live ? "the connections are being read"
				   : "single tracked connections are not recorded: there may be "
				     "millions";
		return 0;
	}
	s->empty = "the firewall tracks no connection";
	(void)screen_say(s, v, TONE_PLAIN, "tracked", "%s connections%s",
		read_count(v, (double)st.tracked),
		st.tracked > ROWS ? say(v, "; the busiest %d are shown", ROWS) : "");
	for (size_t i = 0; i < st.nrules; i++)
		screen_say(s, v, st.rules[i].late ? TONE_WARNING : TONE_PLAIN, i ? "" : "rules",
			"%s packets/s meet rule %u of %s: %s%s",
			read_count(v, st.rules[i].packet_rate < 0 ? NAN : st.rules[i].packet_rate),
			st.rules[i].r->position,
			intern_text(&v->series->names, st.rules[i].r->chain),
			intern_text(&v->series->names, st.rules[i].r->text),
			st.rules[i].late ? "; it stands late in its chain" : "")
			->prio = 2;
	for (size_t i = 0; i < st.n; i++) {
		const struct state_row *p = &st.rows[i];
		const struct ct_state *t = p->s;
		char from[48], to[48];
		struct screen_row *row =
			screen_add(s, key_pair(t->id, key_pair(t->source_port, t->port)));
		if (!row)
			break;
		cell_text(row, S_PROTO, proto_text(v, t->proto));
		cell_text(
			row, S_SOURCE, who_end(v, address_text(from, &t->source), t->source_port));
		cell_text(
			row, S_DESTINATION, who_end(v, address_text(to, &t->destination), t->port));
		cell_text(row, S_STATE, p->state);
		cell_number(s, row, S_RATE, p->rate < 0 ? NAN : p->rate);
		cell_number(s, row, S_SENT, t->counted ? (double)t->bytes[0] : NAN);
		cell_number(s, row, S_RECEIVED, t->counted ? (double)t->bytes[1] : NAN);
		cell_number(s, row, S_PACKETS, t->counted ? (double)t->packets[0] : NAN);
		cell_number(s, row, S_BACK, t->counted ? (double)t->packets[1] : NAN);
		cell_number(s, row, S_AGE, p->age_s < 0 ? NAN : p->age_s);
		cell_number(s, row, S_EXPIRES, p->expires_s < 0 ? NAN : p->expires_s);
		cell_text(row, S_NETNS, netns_text(v, t->netns));
	}
	return 0;
}

const struct screen_maker screen_states = {COLUMNS_OF(state_columns), build_states, NULL};
