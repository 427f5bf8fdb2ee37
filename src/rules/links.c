/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for interfaces: what they can send and receive, whether the link is sound, and bridges that carry their own packets round and round. What a
 * virtual interface says of its speed means nothing; a queue that stands before it does. */
#include "rules/conns.h"
#include "rules/fillers.h"

#include "base/text.h"
#include "ledger/use.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *link_text(const struct view *v, const struct net_link *l)
{
	return intern_text(&v->series->names, l->name);
}

static double grown(const struct view *v, enum metric m, const struct net_link *l)
{
	return view_grown(v, view_id(v, m, l->netns, l->name));
}

/* ---- sending ---- */

const struct rule_case rule_case_net_tx = {
	.mechanism = "What an interface (or the shaper before it) cannot send at once waits in its "
		     "queue. When that stands, every packet waits behind it, "
		     "those of others too; when it is full, packets are dropped and sent again.",
	.threshold =
		"Something waits in the queue in all samples but one at most, and packets wait 50 "
		"ms and more for their turn (queue by rate), or 5 ms where "
		"the interface is plainly at its ceiling (a shaper holds packets back, ten times a "
		"second and more, or 95 % of the speed of hardware); or one "
		"in a thousand is dropped in two steps and more. Where the queue drops on purpose "
		"to stay short (codel and its kin) only 50 ms count. And others "
		"than the one who fills it send through it: whose round trip is below half of "
		"that wait sends through another, or past the queue.",
	.false_alarms = "A high rate without a standing queue: that is what an uplink is for. A "
			"queue filled by the only sender: it delays itself (a note). What fq "
			"holds back for the pace of each connection, below the speed of the "
			"hardware.",
	.confirm =
		"tc -s qdisc show dev IF   # backlog, dropped, overlimits; ss -tnpi; plimsoll talk",
	.remedy = "Slow down or move who fills it; a fair queue (fq_codel, cake) so that others do "
		  "not wait behind it; a faster uplink.",
};

/* Who sends most of the datagrams, where these are most of what leaves. */
static const struct usage *datagram_sender(const struct view *v, const struct net_link *l)
{
	double out = 0, out6 = 0;
	(void)view_delta(v, view_id(v, M_UDP_OUT, l->netns, 0), &out);
	(void)view_delta(v, view_id(v, M_UDP6_OUT, l->netns, 0), &out6);
	const struct usage *u = (out + out6) * 2 < grown(v, M_NET_TX_PACKETS, l)
					? NULL
					: who_sends_datagrams(v, l->netns, false);
	return u && u->cpu_s > 0.02 * v->seconds ? u : NULL;
}

static void tx_culprits(struct view *v, struct verdict *f, const struct net_link *l,
	const struct filling *fill, double sent)
{
	char b[32];
	const struct conn_group *g = fill->row.g;
	if (!g || fill->all < sent / 4) {
		const struct usage *udp = datagram_sender(v, l);
		if (udp) {
			f->culprits[f->nculprits++] =
				(struct who){"process", who_name(v, udp->p), udp->p->pid, -1,
					say(v,
						"most of it is UDP, and of the processes with such "
						"sockets it does the work (%.0f %% of a CPU)",
						100 * udp->cpu_s / v->seconds)};
			return;
		}
		double forwarded = 0;
		(void)view_delta(v, view_id(v, M_IP_FORWARDED, f->netns, 0), &forwarded);
		f->culprits[f->nculprits++] = (struct who){"traffic",
			forwarded > 0 ? "forwarded packets"
				      : "packets that are no TCP of this machine",
			0, -1,
			say(v, "TCP connections of this machine sent only %s of it",
				text_bytes(b, fill->all))};
		return;
	}
	const struct filler *by = fill->process.g ? &fill->process : &fill->row;
	const struct conn_group *p = by->g;
	const struct usage *u = by->pid ? view_usage(v, by->pid) : NULL;
	const char *peer = conn_peer(v, by->pid == fill->row.pid ? g : p);
	struct who process = {"process", u ? who_name(v, u->p) : "", by->pid,
		fill->process.bytes / sent,
		say(v, "sent %s in %.0f s, most of it to %s", text_bytes(b, fill->process.bytes),
			v->seconds, p->outgoing ? say(v, "%s port %u", peer, p->port) : peer)};
	struct who other = {g->outgoing ? "destination" : "peer", conn_peer(v, g), 0,
		fill->row.bytes / sent,
		say(v, "got %s in %.0f s, port %u", text_bytes(b, fill->row.bytes), v->seconds,
			g->port)};
	/* Of a server the one who fetches most is the cause, where one does. */
	bool by_peer =
		!g->outgoing && !g->peer_hostbits && fill->row.bytes * 2 > fill->process.bytes;
	if (!u || by_peer)
		f->culprits[f->nculprits++] = other;
	if (u)
		f->culprits[f->nculprits++] = process;
	if (u && !by_peer)
		f->culprits[f->nculprits++] = other;
	for (size_t i = 0; i < f->nculprits; i++)
		if (f->culprits[i].share > 1)
			f->culprits[i].share = 1;
}

static void tx_verdict(struct view *v, struct verdicts *out, const struct net_link *l)
{
	struct use_queue q = use_of_queue(v, l);
	double packets = grown(v, M_NET_TX_PACKETS, l), drops = grown(v, M_QDISC_DROPS, l), speed;
	uint32_t drops_id = view_id(v, M_QDISC_DROPS, l->netns, l->name);
	bool refuses = q.wait_s > 0 && drops * 1000 >= packets &&
		       view_steps_growing(v, drops_id, 0.5) >= 2 && !use_queue_keeps_short(v, l);
	if (!refuses && !q.full)
		return;
	struct filling fill;
	double sent = q.rate * v->seconds;
	find_fillers(v, l, sent, q.wait_s, &fill);
	bool alone = fill.nothers == 0 && fill.all > sent / 2;
	const char *name = link_text(v, l);
	struct verdict *f = verdict_new(v, out, alone ? SEVERITY_NOTICE : SEVERITY_WARNING,
		alone     ? STATE_NOTE
		: refuses ? STATE_EXHAUSTED
			  : STATE_SATURATED,
		name);
	if (!f)
		return;
	const char *ns = in_netns(v, l->netns), *dev = shell_word(v, name);
	char b[32], r[32];
	f->netns = l->netns;
	f->used = q.rate;
	if (!l->kind && view_gauge(v, view_id(v, M_NET_SPEED, l->netns, l->name), &speed))
		f->limit = speed;
	f->refused = drops;
	tx_culprits(v, f, l, &fill, sent);
	f->pid = f->culprits[0].pid;
	f->title = say(v, "%s is full: %s fills it, packets wait %.0f ms%s", name,
		f->culprits[0].value, q.wait_s * 1e3, drops > 0 ? " and are dropped" : "");
	for (unsigned i = 0; i < fill.nothers; i++) {
		const struct conn_group *g = fill.others[i].g;
		int32_t pid = fill.others[i].pid;
		const struct usage *u = pid ? view_usage(v, pid) : NULL;
		verdict_victim(f, u ? "process" : "peer", u ? who_name(v, u->p) : conn_peer(v, g),
			pid,
			say(v, "sends to %s: round trips of %.0f ms, the shortest was %.1f ms",
				conn_peer(v, g), g->rtt_us / 1e3, g->rtt_min_us / 1e3));
	}
	verdict_evidence(f,
		say(v, "%s wait in the queue (%u of %u samples), %s/s leave: %.0f ms",
			text_bytes(b, q.mean), q.filled, q.seen, text_bytes(r, q.rate),
			q.wait_s * 1e3),
		M_QDISC_BACKLOG, q.mean, -1,
		say(v, "%stc -s qdisc show dev %s   # backlog", ns, dev));
	if (drops > 0)
		verdict_evidence(f,
			say(v, "%.0f packets dropped by the queue, %.0f sent in %.0f s", drops,
				packets, v->seconds),
			M_QDISC_DROPS, drops, 0,
			say(v, "%stc -s qdisc show dev %s   # dropped", ns, dev));
	verdict_evidence(f, say(v, "%s: %s", f->culprits[0].value, f->culprits[0].why), -1,
		f->culprits[0].share, -1,
		say(v, "%sss -tnpi state established   # bytes_acked, twice", ns));
	if (f->culprits[0].pid)
		verdict_remedy(f, say(v, "Stop %s or have it send slower", f->culprits[0].value),
			say(v, "kill -TERM %" PRId32, f->culprits[0].pid), NULL, false,
			"what it was sending", "it may be started again");
	verdict_remedy(f,
		"Limit its rate (rsync --bwlimit, curl --limit-rate, nginx limit_rate, a class of "
		"its own in tc)",
		NULL, NULL, true, "it takes longer", "none");
	verdict_remedy(f,
		"A queue that is fair to all connections, so that others do not wait behind it",
		l->kind ? NULL : say(v, "%stc qdisc replace dev %s root fq_codel", ns, dev), NULL,
		true, "none", "replaces a shaper that stands there");
	verdict_remedy(f, "A faster uplink, or move the transfer to the night", NULL, NULL, true,
		"money", "none");
}

void rule_net_tx(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->links.count; i++) {
		const struct net_link *l = &TABLE_ROWS(s->links, struct net_link)[i];
		if (l->up)
			tx_verdict(v, out, l);
	}
}

/* ---- receiving ---- */

enum { FEW_LOST = 10 };              /* nobody notices ... */
static const double RX_SHARE = 1000; /* ... nor one in so many that the device took */

const struct rule_case rule_case_net_rx = {
	.mechanism = "Packets that come faster than the kernel takes them are lost: in the ring of "
		     "the device (missed, fifo), or in the backlog of the CPU that "
		     "has to handle them (softnet).",
	.threshold = "The device's missed or fifo counter, or the softnet drop counter of a CPU, "
		     "grew in two steps of the window and more, by ten and more, the device's by "
		     "a thousandth of the packets.",
	.false_alarms = "rx_dropped of an interface: packets of protocols that nobody serves count "
			"there. Times squeezed: the softirq goes on a moment later.",
	.confirm = "ip -s -s link show IF; ethtool -S IF; cat /proc/net/softnet_stat   # second "
		   "column",
	.remedy = "A longer ring, more receive queues and CPUs for them (RSS, RPS), a larger "
		  "net.core.netdev_max_backlog; limit who sends.",
};

static void rx_remedies(struct view *v, struct verdict *f, const char *dev)
{
	if (dev)
		verdict_remedy(f, "A longer receive ring", say(v, "ethtool -G %s rx 4096", dev),
			NULL, false, "memory; a short loss of the link", "none");
	verdict_remedy(f, "A longer backlog", "sysctl -w net.core.netdev_max_backlog=10000",
		"/etc/sysctl.d/90-rx.conf", false, "memory", "longer waits");
	verdict_remedy(f,
		"Spread the packets over CPUs: receive queues (ethtool -L), RPS "
		"(/sys/class/net/IF/queues/rx-0/rps_cpus)",
		NULL, NULL, true, "none", "none");
}

static void ring_verdict(struct view *v, struct verdicts *out, const struct net_link *l)
{
	uint32_t missed = view_id(v, M_NET_RX_MISSED, l->netns, l->name),
		 fifo = view_id(v, M_NET_RX_FIFO, l->netns, l->name);
	double lost = grown(v, M_NET_RX_MISSED, l) + grown(v, M_NET_RX_FIFO, l);
	if (lost < FEW_LOST || lost * RX_SHARE < grown(v, M_NET_RX_PACKETS, l) ||
		view_steps_growing(v, missed, 0.5) + view_steps_growing(v, fifo, 0.5) < 2)
		return;
	const char *name = link_text(v, l);
	struct verdict *f = verdict_new(v, out, SEVERITY_WARNING, STATE_EXHAUSTED, name);
	if (!f)
		return;
	double packets = grown(v, M_NET_RX_PACKETS, l);
	f->netns = l->netns;
	f->refused = lost;
	f->title = say(
		v, "%s loses packets that it received: the host does not take them in time", name);
	f->culprits[f->nculprits++] = (struct who){"traffic", say(v, "packets at %s", name), 0, -1,
		say(v, "%.0f a second come in", packets / v->seconds)};
	verdict_evidence(f,
		say(v, "%.0f packets lost in the device's queue in %.0f s, %.0f taken", lost,
			v->seconds, packets),
		M_NET_RX_MISSED, lost, 0,
		say(v, "%sip -s -s link show %s", in_netns(v, l->netns), shell_word(v, name)));
	rx_remedies(v, f, shell_word(v, name));
}

static void softnet_verdict(struct view *v, struct verdicts *out)
{
	double lost = 0, most = 0, d, softirq = 0, packets = 0;
	uint32_t worst = 0;
	unsigned steps = 0;
	for (uint32_t id = view_each(v, M_SOFTNET_DROPPED, 0); id;
		id = view_each(v, M_SOFTNET_DROPPED, id)) {
		if (!view_delta(v, id, &d) || d <= 0)
			continue;
		unsigned n = view_steps_growing(v, id, 0.5);
		steps = n > steps ? n : steps;
		lost += d;
		if (d > most) {
			most = d;
			worst = id;
		}
	}
	if (!worst || lost < FEW_LOST || steps < 2)
		return;
	uint32_t cpu = series_row(v->series, worst)->instance;
	struct verdict *f = verdict_new(v, out, SEVERITY_WARNING, STATE_EXHAUSTED, NULL);
	if (!f)
		return;
	const struct sample *s = view_last(v);
	const struct net_link *busiest = NULL;
	for (uint32_t i = 0; i < s->links.count; i++) {
		const struct net_link *l = &TABLE_ROWS(s->links, struct net_link)[i];
		d = grown(v, M_NET_RX_PACKETS, l);
		if (d > packets && strcmp(link_text(v, l), "lo") != 0) {
			packets = d;
			busiest = l;
		}
	}
	(void)view_rate(v, view_id(v, M_CPU_SOFTIRQ, NETNS_HOST, cpu), &softirq);
	f->refused = lost;
	f->since_ns = view_grew_at(v, worst);
	f->title = "Packets are lost because a CPU's backlog is full";
	f->culprits[f->nculprits++] = (struct who){"traffic",
		busiest ? say(v, "packets at %s", link_text(v, busiest)) : "packets received", 0,
		-1, say(v, "%.0f a second come in", packets / v->seconds)};
	verdict_evidence(f,
		say(v,
			"%.0f packets dropped from the backlogs in %.0f s, most by CPU %s (%.0f %% "
			"of it in softirqs)",
			lost, v->seconds, intern_text(&v->series->names, cpu), 100 * softirq),
		M_SOFTNET_DROPPED, lost, 0,
		"cat /proc/net/softnet_stat   # second column; sysctl net.core.netdev_max_backlog");
	rx_remedies(v, f, NULL);
}

void rule_net_rx(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	if (!view_each(v, M_SOFTNET_DROPPED, 0))
		verdict_unknown(out, "/proc/net/softnet_stat");
	softnet_verdict(v, out);
	for (uint32_t i = 0; i < s->links.count; i++)
		ring_verdict(v, out, &TABLE_ROWS(s->links, struct net_link)[i]);
}

/* ---- the link itself ---- */

static const double NEGOTIATES_S = 4; /* both ends, once it is switched on */
enum {
	ONCE = 3
}; /* changes of the carrier at most where it is switched off and on: autonegotiation may take two tries */

const struct rule_case rule_case_net_link = {
	.mechanism = "A cable, plug, transceiver or port that is not sound: the carrier comes and "
		     "goes, packets arrive damaged, or both ends do not agree on duplex.",
	.threshold = "The carrier changed three times and more in the window (of hardware: twice), "
		     "or damaged packets (CRC, frame) or collisions in two steps and more. A "
		     "carrier that was there and is gone, of an interface that carried traffic.",
	.false_alarms = "A port without a cable that is switched on. Interfaces of containers that "
			"come and go: once up, once down; any that is switched off and on again "
			"once. A bridge or VLAN has the carrier of "
			"what it lies on, which is told. Promiscuous mode is a note: "
			"somebody looks at packets, or a virtual machine needs them.",
	.confirm = "ip -s -s link show IF; ethtool IF; dmesg | grep IF",
	.remedy = "Another cable, transceiver or port of the switch; the same setting of speed and "
		  "duplex (best: autonegotiation) on both ends.",
};

static void link_verdict(struct view *v, struct verdicts *out, const struct net_link *l,
	const char *what, const char *title, enum metric m, double count, enum severity severity,
	double settle_s)
{
	const char *name = link_text(v, l);
	struct verdict *f = verdict_new(v, out, severity, STATE_WRONG, name);
	if (!f)
		return;
	uint32_t id = view_id(v, m, l->netns, l->name);
	f->netns = l->netns;
	f->settle_s = settle_s;
	f->used = count;
	f->since_ns = view_grew_at(v, id) ? view_grew_at(v, id) : f->since_ns;
	f->title = title;
	f->culprits[f->nculprits++] =
		(struct who){l->kind ? "interface" : "hardware", name, 0, -1, what};
	verdict_evidence(f, say(v, "%s (%.0f in %.0f s)", what, count, v->seconds), (int)m, count,
		-1,
		say(v, "%sip -s -s link show %s; ethtool %s", in_netns(v, l->netns),
			shell_word(v, name), shell_word(v, name)));
	if (l->kind)
		verdict_remedy(f, "See who switches its other end, or what it lies on, off and on",
			say(v, "%stimeout 10 ip monitor link", in_netns(v, l->netns)), NULL, false,
			"none", "none");
	verdict_remedy(f,
		"Change the cable or transceiver, try another port of the switch, and compare both "
		"ends' speed and duplex",
		NULL, NULL, true, "a short interruption", "none");
}

/* Samples in which somebody had switched it off. */
static unsigned switched_off(const struct view *v, const struct net_link *l)
{
	uint32_t up = view_id(v, M_NET_UP, l->netns, l->name);
	unsigned n = 0;
	for (unsigned i = 0; i < v->n; i++) {
		uint64_t is;
		n += sample_get(view_at(v, i), up, &is) && !is;
	}
	return n;
}

/* A veth whose other end is here too flaps at both: one of them is told, the end that was not switched off itself. */
static bool told_at_other_end(const struct view *v, const struct net_link *l, double changes)
{
	const struct sample *s = view_last(v);
	const struct net_link *rows = TABLE_ROWS(s->links, struct net_link);
	const char *kind = intern_text(&v->series->names, l->kind);
	uint32_t own = view_id(v, M_NET_CARRIER_CHANGES, l->netns, l->name);
	if (!l->kind || strcmp(kind, "veth") != 0)
		return false;
	for (uint32_t i = 0; i < s->links.count; i++) {
		const struct net_link *o = &rows[i];
		double other = grown(v, M_NET_CARRIER_CHANGES, o);
		uint32_t id = view_id(v, M_NET_CARRIER_CHANGES, o->netns, o->name);
		if (o == l || o->kind != l->kind || other < 3 || other > changes + 2 ||
			changes > other + 2 || view_grew_at(v, id) != view_grew_at(v, own))
			continue;
		unsigned off = switched_off(v, l), other_off = switched_off(v, o);
		if (other_off < off || (other_off == off && o < l))
			return true;
	}
	return false;
}

/* Its carrier is that of what it lies on: a bridge without a port has none, and ports come and go with containers. What is wrong is told there. */
static bool follows_others(const struct view *v, const struct net_link *l)
{
	static const char *const kinds[] = {"bridge", "vlan", "macvlan", "macvtap", "ipvlan"};
	const char *kind = l->kind ? intern_text(&v->series->names, l->kind) : "";
	for (size_t i = 0; i < COUNTOF(kinds); i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return false;
}

static void sound(struct view *v, struct verdicts *out, const struct net_link *l)
{
	if (follows_others(v, l))
		return;
	double changes = grown(v, M_NET_CARRIER_CHANGES, l), now, before = 0;
	uint32_t carrier = view_id(v, M_NET_CARRIER, l->netns, l->name);
	uint64_t first;
	if (sample_get(view_at(v, 0), carrier, &first))
		before = (double)first;
	bool down = l->up && before > 0 && view_gauge(v, carrier, &now) && now <= 0;
	bool was_used = grown(v, M_NET_RX_PACKETS, l) > 0 && grown(v, M_NET_TX_PACKETS, l) > 0;
	double damaged = grown(v, M_NET_RX_CRC, l) + grown(v, M_NET_RX_FRAME, l),
	       collided = grown(v, M_NET_COLLISIONS, l);
	unsigned bad = view_steps_growing(v, view_id(v, M_NET_RX_CRC, l->netns, l->name), 0.5) +
		       view_steps_growing(v, view_id(v, M_NET_RX_FRAME, l->netns, l->name), 0.5);
	unsigned hits = view_steps_growing(v, view_id(v, M_NET_COLLISIONS, l->netns, l->name), 0.5);
	const char *name = link_text(v, l);
	if (changes >= (l->kind ? 3 : 2) && told_at_other_end(v, l, changes))
		return;
	/* Off and on again, by an administrator, or a tool that sets up the device. */
	bool switched = changes <= ONCE && switched_off(v, l);
	if (switched && !(down && was_used))
		return;
	if (!switched && changes >= (l->kind ? 3 : 2))
		link_verdict(v, out, l, "its carrier comes and goes",
			say(v, "The link of %s flaps: its carrier changed %.0f times in %.0f s",
				name, changes, v->seconds),
			M_NET_CARRIER_CHANGES, changes, SEVERITY_CRITICAL, 0);
	else if (down && was_used)
		link_verdict(v, out, l, "its carrier is gone",
			say(v, "The link of %s went down", name), M_NET_CARRIER_CHANGES, changes,
			SEVERITY_CRITICAL, switched ? NEGOTIATES_S : 0);
	else if (damaged > 0 && bad >= 2)
		link_verdict(v, out, l, "packets arrive damaged",
			say(v, "%s receives damaged packets", name), M_NET_RX_CRC, damaged,
			SEVERITY_WARNING, 0);
	else if (collided > 0 && hits >= 2)
		link_verdict(v, out, l,
			l->duplex == DUPLEX_IS_HALF ? "collisions, half duplex" : "collisions",
			say(v, "%s has collisions: %s", name,
				l->duplex == DUPLEX_IS_HALF ? "it is in half duplex"
							    : "one end is in half duplex"),
			M_NET_COLLISIONS, collided, SEVERITY_WARNING, 0);
}

/* Somebody sees all packets of the interface. The ports of a bridge always do. */
static void overheard(struct view *v, struct verdicts *out, const struct net_link *l)
{
	const struct sample *s = view_last(v);
	double n;
	if (l->master || !view_gauge(v, view_id(v, M_NET_PROMISCUOUS, l->netns, l->name), &n) ||
		n <= 0)
		return;
	for (uint32_t i = 0; i < s->packet_taps.count; i++) {
		const struct packet_tap *t = &TABLE_ROWS(s->packet_taps, struct packet_tap)[i];
		const struct usage *u = t->pid ? view_usage(v, t->pid) : NULL;
		if (t->netns != l->netns || (t->name && t->name != l->name) || !u || u->p->self)
			continue;
		const char *name = link_text(v, l);
		struct verdict *f = verdict_new(v, out, SEVERITY_NOTICE, STATE_NOTE, name);
		if (!f)
			return;
		f->netns = l->netns;
		f->pid = t->pid;
		f->title = say(v, "%s is in promiscuous mode: %s reads all packets", name,
			who_name(v, u->p));
		f->culprits[f->nculprits++] = (struct who){
			"process", who_name(v, u->p), t->pid, -1, "has a packet socket"};
		verdict_evidence(f,
			"a packet socket, and the interface takes packets that are not meant for "
			"it",
			M_NET_PROMISCUOUS, n, -1,
			say(v, "%sss -0pn; %sip -d link show %s   # promiscuity",
				in_netns(v, l->netns), in_netns(v, l->netns), shell_word(v, name)));
		return;
	}
}

void rule_net_link(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->links.count; i++) {
		const struct net_link *l = &TABLE_ROWS(s->links, struct net_link)[i];
		sound(v, out, l);
		overheard(v, out, l);
	}
}
