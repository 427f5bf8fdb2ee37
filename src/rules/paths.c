/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for paths: segments that are lost on the way, and large ones that never arrive. Counters of the namespace say how much is sent again; rows of
 * connections, and what the probes tell of those that ended, say to whom. */
#include "rules/conns.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PATH_PEERS = 128, SEGMENT_BYTES = 1448, MANY = 10, FEW = 3 };
static const double STALL_S = 0.2; /* the shortest time-out */
static const double STALL_SHARE = 0.04;

/* ---- loss ---- */

const struct rule_case rule_case_net_loss = {
	.mechanism = "A lost segment has to be sent again: after three later ones arrived, which "
		     "takes a round trip, or, where few are in flight, after a timeout of 200 ms "
		     "and more, doubled each time. Streams of small messages wait for the timeout; "
		     "large transfers slow down.",
	.threshold = "At least ten segments sent again in the window and a timeout, so that "
		     "somebody waited; and three in a hundred of all (SYNs, and what peers report "
		     "to have got twice, left "
		     "out) with timeouts in two steps and more, a third of all; or five in a "
		     "hundred of those to one peer of a large transfer, in at least half of the "
		     "steps. Thin streams: three time-outs in two steps and more, which are a "
		     "twenty-fifth of the time of all connections to that peer, and what was lost "
		     "arrives later. One peer with three "
		     "quarters of them is a path to that peer; else it is spread, and the loss is "
		     "near to us.",
	.false_alarms =
		"One in a hundred is usual towards users on the Internet. SYNs to hosts that do "
		"not answer. A peer that is gone: nothing arrives any more. Segments sent again in "
		"vain because an answer was late (DSACK). Drops "
		"of our own queue (net.tx) or of a full accept queue are told as these.",
	.confirm = "nstat -asz TcpRetransSegs TcpOutSegs TcpExtTCPTimeouts TcpExtTCPSynRetrans; ss "
		   "-tni state established | grep -B1 retrans; mtr PEER",
	.remedy = "Look for the bad link: mtr to the peer, errors of interfaces and switch ports, "
		  "overloaded Wi-Fi or uplink; a policer or firewall that drops at random.",
};

struct path {
	const struct conn_group
		*g; /* its row that lost most, NULL when only ended connections are known */
	struct address peer;
	double again, sent, worst;
	unsigned steps, ended_steps; /* in which something was sent again */
	unsigned last_step;
	double conns; /* of rows that lost something */
	unsigned
		recovered; /* steps in which a row got something through after it had lost something */
	double ended_again, ended_sent; /* of connections that ended in the window, by the probes */
};

static struct path *path_to(struct path *paths, size_t *n, const struct address *peer)
{
	for (size_t i = 0; i < *n; i++)
		if (address_equal(&paths[i].peer, peer))
			return &paths[i];
	if (*n == PATH_PEERS)
		return NULL;
	paths[*n] = (struct path){.peer = *peer};
	return &paths[(*n)++];
}

/* Steps in which something arrived after the first that lost something: a peer that is gone has none. */
static unsigned steps_recovered(const struct view *v, const struct conn_group *g)
{
	const struct conn_group *before = NULL;
	unsigned n = 0;
	bool lost = false;
	for (unsigned k = 0; k < v->n; k++) {
		const struct conn_group *o = conn_at(v, k, g);
		if (!o || o->stale)
			continue;
		n += lost && before && o->bytes_out > before->bytes_out;
		lost = lost || (before && o->retransmits > before->retransmits);
		before = o;
	}
	return n;
}

static size_t find_paths(const struct view *v, unsigned netns, struct path *paths)
{
	const struct sample *s = view_last(v);
	size_t n = 0;
	for (uint32_t i = 0; i < s->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i],
					*first = NULL;
		if (g->netns != netns || g->peer_hostbits || who_is_loopback(&g->peer))
			continue;
		unsigned steps = 0;
		const struct conn_group *later = g;
		for (unsigned k = v->n - 1; k > 0; k--) {
			const struct conn_group *o = conn_at(v, k - 1, g);
			if (!o)
				break;
			steps += later->retransmits > o->retransmits;
			later = o;
			first = o;
		}
		double again = (double)(g->retransmits - (first ? first->retransmits : 0)),
		       sent = (double)(g->bytes_out - (first ? first->bytes_out : 0));
		struct path *p = again > 0 || sent > 0 ? path_to(paths, &n, &g->peer) : NULL;
		if (!p)
			continue;
		p->again += again;
		p->sent += sent;
		p->steps = steps > p->steps ? steps : p->steps;
		if (again > 0) {
			unsigned r = steps_recovered(v, g);
			p->conns += g->established + g->close_wait;
			p->recovered = r > p->recovered ? r : p->recovered;
		}
		if (!p->g || again > p->worst) {
			p->g = g;
			p->worst = again;
		}
	}
	for (unsigned k = 1; k < v->n; k++)
		for (uint32_t i = 0; i < view_at(v, k)->flows.count; i++) {
			const struct tcp_flow *f =
				&TABLE_ROWS(view_at(v, k)->flows, struct tcp_flow)[i];
			struct path *p = f->netns == netns && f->peer.family && f->retransmits &&
							 !who_is_loopback(&f->peer)
						 ? path_to(paths, &n, &f->peer)
						 : NULL;
			if (p) {
				p->ended_again += f->retransmits;
				p->ended_steps += p->last_step != k;
				p->last_step = k;
				p->ended_sent += (double)f->bytes_out;
			}
		}
	for (size_t i = 0; i < n; i++) /* a connection that ended was in a row before: not both */
		if (paths[i].ended_again > paths[i].again) {
			paths[i].steps = paths[i].ended_steps;
			paths[i].again = paths[i].ended_again;
			paths[i].sent = paths[i].ended_sent > paths[i].sent ? paths[i].ended_sent
									    : paths[i].sent;
		}
	return n;
}

/* What the counters of a namespace tell about the window. */
struct loss {
	double again, out, timeouts;
	double stalls;  /* time-outs of data, SYNs left out */
	unsigned waits; /* steps with timeouts */
};

static struct loss loss_of(const struct view *v, unsigned netns)
{
	struct loss l = {0};
	double syns = 0, twice = 0;
	uint32_t timeouts = view_id(v, M_TCP_TIMEOUTS, netns, 0);
	(void)view_delta(v, view_id(v, M_TCP_RETRANS, netns, 0), &l.again);
	(void)view_delta(v, view_id(v, M_TCP_OUT_SEGS, netns, 0), &l.out);
	(void)view_delta(v, view_id(v, M_SYN_RETRANS, netns, 0), &syns);
	(void)view_delta(v, view_id(v, M_DSACK_RECV, netns, 0), &twice);
	(void)view_delta(v, timeouts, &l.timeouts);
	l.again -= syns + twice;
	l.stalls = l.timeouts - syns;
	l.waits = view_steps_growing(v, timeouts, 0.5);
	return l;
}

/* Few segments are in flight, so that each loss costs a time-out: the streams of this path stand still for a good part of the time. */
static bool stands_still(const struct view *v, const struct loss *l, const struct path *p)
{
	double stalls = l->stalls < p->again ? l->stalls : p->again;
	stalls = stalls < l->again ? stalls : l->again;
	return stalls >= FEW && p->sent < 100 * SEGMENT_BYTES && p->steps >= 2 &&
	       p->recovered >= 2 && p->conns > 0 &&
	       stalls * STALL_S >= STALL_SHARE * p->conns * v->seconds;
}

static void loss_verdict(struct view *v, struct verdicts *out, unsigned netns, const struct loss *l,
	const struct path *paths, size_t n)
{
	const struct path *most = NULL, *bulk = NULL, *still = NULL;
	double all = 0;
	unsigned clean = 0;
	for (size_t i = 0; i < n; i++) {
		const struct path *p = &paths[i];
		all += p->again;
		clean += p->again <= 0 && p->sent > 0;
		if (!most || p->again > most->again)
			most = p;
		if (p->again >= 5 && p->steps * 2 + 1 >= v->n && p->sent >= 100 * SEGMENT_BYTES &&
			p->again * 20 >= p->sent / SEGMENT_BYTES &&
			(!bulk || p->again > bulk->again))
			bulk = p;
		if (stands_still(v, l, p) && (!still || p->again > still->again))
			still = p;
	}
	bool lasts = l->waits >= 2 && l->waits * 3 + 1 >= v->n,
	     general = l->again >= MANY && l->again * 100 >= l->out * 3 && lasts;
	if (l->again < MANY)
		bulk = NULL;
	if (!lasts)
		still = NULL;
	if (!general && !bulk && !still)
		return;
	bool one = most && most->again > 0 && most->again * 4 >= all * 3;
	const struct path *to = general ? (one ? most : NULL) : bulk ? bulk : still;
	char text[56];
	const char *peer = to ? say(v, "%s", address_text(text, &to->peer)) : NULL;
	struct verdict *f = verdict_new(v, out, SEVERITY_WARNING, STATE_SATURATED, peer);
	if (!f)
		return;
	const char *ns = in_netns(v, netns);
	const struct conn_group *g = to && to->g ? to->g
				     : most      ? most->g
						 : NULL,
				*mirror = g ? conn_mirror(v, g) : NULL;
	f->netns = netns;
	f->used = l->again;
	f->since_ns = view_grew_at(v, view_id(v, M_TCP_TIMEOUTS, netns, 0));
	f->port = to && g ? g->port : 0;
	f->peer_netns = mirror ? mirror->netns : netns;
	double percent = l->out > 0 ? 100 * l->again / l->out : 0;
	bool thin = l->timeouts * 2 >= l->again || (still && to == still);
	f->culprits[f->nculprits++] =
		peer ? (struct who){"path", peer, 0, all > 0 ? to->again / all : -1,
			       say(v, "%.0f segments sent again; %u other peers lose nothing",
				       to->again, clean)}
		     : (struct who){"path", "all peers", 0, -1,
			       "the loss is spread: near to this machine (its link, its uplink)"};
	f->title = peer ? say(v, "Segments to %s are lost: %.0f sent again in %.0f s", peer,
				  to->again, v->seconds)
			: say(v, "Segments are lost on the way: %.1f %% are sent again", percent);
	if (g) {
		const struct usage *u = g->pid ? view_usage(v, g->pid) : NULL;
		verdict_victim(f, u ? "process" : "peer", u ? who_name(v, u->p) : conn_peer(v, g),
			g->pid,
			thin ? "waits for timeouts of 200 ms and more: too few segments are in "
			       "flight to notice a loss sooner"
			     : "sends slower, and again");
	}
	verdict_evidence(f,
		say(v,
			"%.0f segments sent again of %.0f (%.1f %%), SYNs and needless ones left "
			"out",
			l->again, l->out, percent),
		M_TCP_RETRANS, l->again, -1,
		say(v,
			"%snstat -asz TcpRetransSegs TcpOutSegs TcpExtTCPSynRetrans "
			"TcpExtTCPDSACKRecv",
			ns));
	verdict_evidence(f,
		say(v, "%.0f timeouts, in %u of %u steps", l->timeouts, l->waits, v->n - 1),
		M_TCP_TIMEOUTS, l->timeouts, -1, say(v, "%snstat -asz TcpExtTCPTimeouts", ns));
	if (g)
		verdict_evidence(f,
			say(v, "round trip of %.1f ms, the shortest was %.1f ms", g->rtt_us / 1e3,
				g->rtt_min_us / 1e3),
			-1, g->rtt_us / 1e6, -1, say(v, "%sss -tni dst '%s'", ns, conn_peer(v, g)));
	verdict_remedy(f, "Find the place: loss by hop",
		peer ? say(v, "%smtr -rwc 50 %s", ns, peer) : NULL, NULL, false, "some packets",
		"none");
	verdict_remedy(f,
		"Look at errors of the own interface and of the switch port; at firewalls and "
		"policers on the way that drop at random",
		say(v, "%sip -s -s link", ns), NULL, false, "none", "none");
	if (thin)
		verdict_remedy(f, "Keep connections of small messages from backing off so far",
			say(v, "%ssysctl -w net.ipv4.tcp_thin_linear_timeouts=1", ns),
			"/etc/sysctl.d/90-thin.conf", false, "a few packets more", "none");
	verdict_remedy(f,
		"A congestion control that does not take each loss for congestion, for large "
		"transfers",
		say(v, "%ssysctl -w net.ipv4.tcp_congestion_control=bbr", ns),
		"/etc/sysctl.d/90-bbr.conf", false, "none",
		"takes room from others on the same line");
}

void rule_net_loss(struct view *v, struct verdicts *out)
{
	struct path *paths = arena_alloc(&v->scratch, PATH_PEERS * sizeof *paths);
	if (!view_each(v, M_TCP_RETRANS, 0) || !paths) {
		verdict_unknown(out, "RetransSegs in /proc/net/snmp");
		return;
	}
	for (uint32_t id = view_each(v, M_TCP_RETRANS, 0); id;
		id = view_each(v, M_TCP_RETRANS, id)) {
		unsigned netns = series_row(v->series, id)->netns;
		struct loss l = loss_of(v, netns);
		if (l.again < FEW || l.waits == 0)
			continue;
		loss_verdict(v, out, netns, &l, paths, find_paths(v, netns, paths));
	}
}

/* ---- packets too large ---- */

const struct rule_case rule_case_net_mtu = {
	.mechanism = "Somewhere on the path packets of full size do not fit, and the message that "
		     "says so (ICMP \"fragmentation needed\") is filtered. Handshakes and short "
		     "answers pass, everything larger is sent again for ever: pages that never "
		     "load, transfers that hang.",
	.threshold =
		"In all counts of at least 3 s two connections and more to one peer hold more "
		"than a packet of 1200 bytes, with open windows, sent again twice and more (also "
		"before: the pauses double), "
		"while what is "
		"acknowledged is small, or two and more send the same segment again for 3 s and "
		"what stands never becomes less; and the peer lives: it sends something, "
		"acknowledges short segments, or ends short connections.",
	.false_alarms = "A peer that is gone: it says nothing at all. Random loss: large segments "
			"get through now and then (net.loss). A closed window (tcp.sendq).",
	.confirm = "ping -M do -s 1472 PEER; ping -M do -s 1200 PEER; tracepath PEER; ss -tni dst "
		   "PEER   # pmtu, retrans, unacked",
	.remedy = "Let ICMP type 3 code 4 (ICMPv6 type 2) pass; the right MTU on tunnels; clamp "
		  "the MSS; tcp_mtu_probing as a help.",
};

/* Short connections that come and go between two counts: what the probes tell of those that ended, else those that are left in TIME_WAIT. Large
 * ones that got through say that it is no black hole. */
struct passing {
	bool lives, large;
};

static struct passing passing_of(
	const struct view *v, const struct conn_group *g, const struct conn_span *s, double small)
{
	struct passing p = {.lives = s->last->time_wait > s->first->time_wait};
	for (unsigned k = 1; k < v->n; k++)
		for (uint32_t i = 0; i < view_at(v, k)->flows.count; i++) {
			const struct tcp_flow *f =
				&TABLE_ROWS(view_at(v, k)->flows, struct tcp_flow)[i];
			if (f->netns != g->netns || f->port != g->port || !f->closed ||
				!address_equal(&f->peer, &g->peer))
				continue;
			p.lives = p.lives || f->bytes_in > 0;
			p.large = p.large || (double)f->bytes_out > small * f->closed;
		}
	return p;
}

/* Beside much that is small the bytes that passed say nothing: then two connections and more sent the same segment again and again in each of the last
 * counts of 3 s, and what stands never became less, which it does where packets are lost by chance. */
static bool only_large_stand(const struct view *v, const struct conn_group *g)
{
	const struct conn_group *later = NULL;
	uint64_t ended = 0;
	for (unsigned k = v->n; k-- > 0;) {
		const struct conn_group *o = conn_at(v, k, g);
		if (!o)
			break;
		if (o->stale || !o->have_info)
			continue;
		if (o->resending < 2 || (later && o->sendq > later->sendq))
			break;
		ended = later ? ended : view_at(v, k)->mono_ns;
		later = o;
		if (ended - view_at(v, k)->mono_ns >= CONN_SPAN_S * UINT64_C(1000000000))
			return true;
	}
	return false;
}

static void mtu_verdict(struct view *v, struct verdicts *out, const struct conn_group *g)
{
	enum { SMALL = 1200 };
	struct conn_span s;
	if (g->sendq_conns < 2 || g->sendq_max <= SMALL || g->peer_hostbits ||
		!conn_span(v, g, &s) || s.sending < s.counts || s.closed ||
		(s.retransmits < 2 && s.last->resending < 2) || s.first->sendq_conns < 2 ||
		s.first->sendq_max <= SMALL)
		return;
	/* Not one full segment in the time between two counts, and yet something. */
	struct passing p = passing_of(v, g, &s, SMALL);
	bool little = s.out < SMALL * (s.counts - 1) || only_large_stand(v, g);
	if (!little || p.large || (s.out <= 0 && s.in <= 0 && !p.lives))
		return;
	const char *peer = conn_peer(v, g), *ns = in_netns(v, g->netns);
	struct verdict *f = verdict_new(v, out, SEVERITY_WARNING, STATE_WRONG, peer);
	if (!f)
		return;
	const struct conn_group *mirror = conn_mirror(v, g);
	const struct usage *u = g->pid ? view_usage(v, g->pid) : NULL;
	char b[32];
	f->netns = g->netns;
	f->pid = g->pid;
	f->port = g->port;
	f->peer_netns = mirror ? mirror->netns : g->netns;
	f->since_ns = s.since_ns;
	f->used = s.last->sendq_conns;
	f->title = say(v, "Large packets do not reach %s: small ones pass, %u connections hang",
		peer, g->sendq_conns);
	f->culprits[f->nculprits++] =
		(struct who){"path", peer, 0, -1, "drops packets of full size and does not say so"};
	verdict_victim(f, u ? "process" : "peer", u ? who_name(v, u->p) : peer, g->pid,
		"its transfers hang");
	verdict_evidence(f,
		say(v,
			"%s stand in %u send queues with open windows; segments were sent again "
			"%.0f times in %.0f s",
			text_bytes(b, (double)g->sendq), g->sendq_conns, s.retransmits, s.seconds),
		-1, (double)g->sendq, -1,
		say(v, "%sss -tnmi dst '%s'   # unacked, retrans, pmtu", ns, peer));
	verdict_evidence(f,
		say(v, "meanwhile %.0f bytes came from it and %.0f bytes were acknowledged", s.in,
			s.out),
		-1, s.in, -1,
		say(v, "%sping -c 3 -M do -s 1472 %s; %sping -c 3 -M do -s 1200 %s", ns, peer, ns,
			peer));
	verdict_remedy(f,
		"Let the message \"fragmentation needed\" pass on all firewalls of the path (ICMP "
		"type 3 code 4, ICMPv6 type 2), set the right MTU on tunnels",
		NULL, NULL, true, "none", "none");
	verdict_remedy(f, "Clamp the segment size where the tunnel begins",
		say(v,
			"%snft add rule inet FILTER FORWARD tcp flags syn tcp option maxseg size "
			"set rt mtu",
			ns),
		"/etc/nftables.conf", false, "none", "helps TCP alone");
	verdict_remedy(f, "Let TCP find the size itself",
		say(v, "%ssysctl -w net.ipv4.tcp_mtu_probing=1", ns), "/etc/sysctl.d/90-mtu.conf",
		false, "some seconds for each connection", "hides the fault");
}

void rule_net_mtu(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	if (!s->have_conns)
		verdict_unknown(out, "connections");
	for (uint32_t i = 0; i < s->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		if (g->sendq && !who_is_loopback(&g->peer))
			mtu_verdict(v, out, g);
	}
}
