/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rule for connections that end by a reset while somebody uses them: who cuts them here, who cuts ours, who refuses us. The probes tell whose they are;
 * the counters of a namespace alone say why. A reset of what its peer has closed already hurts nobody and is not counted (src/bpf/tcp.bpf.c). */
#include "rules/conns.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { RESET_ROWS = 256, REACHED = 256, RESETS_LEAST = 10, SHARE_LEAST = 20 };
static const double SETTLE_S = 10; /* who refuses may be started anew just now */

const struct rule_case rule_case_net_rst = {
	.mechanism =
		"Who closes a connection while data of the peer lies unread, or asks for it "
		"(SO_LINGER of 0), sends a reset instead of an end. The peer's next call fails "
		"(ECONNRESET), and of an answer that was sent before it loses what it has not "
		"read. "
		"A connect to a port on which nobody listens is answered with a reset as well.",
	.threshold =
		"At least ten in the window, in half of its steps. Cut by a server here: "
		"established connections that it closed with data unread (TCPAbortOnClose), one in "
		"twenty of those that ended. Cut by others: the same of connections that a process "
		"here made. Refused: connects of a process that reached nobody on that port; "
		"recorders tell "
		"of them after 10 s, since who refuses may be started anew just now.",
	.false_alarms =
		"Clients that go away in the middle of an answer, and port scans: they are not "
		"counted. A reset after the other side has closed: it hurts nobody. ::1 "
		"refuses and 127.0.0.1 answers: the process reaches somebody. A server that "
		"resets on purpose to save TIME_WAIT (SO_LINGER of 0) is a note. As many as are "
		"usual at this hour are a note.",
	.confirm = "nstat -asz TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpEstabResets "
		   "TcpAttemptFails TcpOutRsts; timeout 5 tcpdump -ni any 'tcp[tcpflags] & tcp-rst "
		   "!= 0'",
	.remedy = "Let the server read what it was sent before it closes (shutdown(SHUT_WR), then "
		  "read to the end). Start what is to listen.",
};

enum how { CUTS, IS_CUT, REFUSED };

/* Resets of one port: of a server here, or of connects to one peer. */
struct resets {
	enum how how;
	unsigned netns;
	uint16_t port;
	struct address local, peer; /* of one of them */
	int32_t pid;
	double count, ended;
	unsigned steps, last_step;
	bool told;
};

/* Who reached somebody on a port. */
struct reach {
	unsigned netns;
	uint16_t port;
	int32_t pid;
};

struct found {
	struct resets rows[RESET_ROWS];
	size_t n;
	struct reach reached[REACHED];
	size_t nreached;
};

static struct resets *row_of(struct found *all, enum how how, const struct tcp_flow *f)
{
	for (size_t i = 0; i < all->n; i++) {
		struct resets *r = &all->rows[i];
		if (r->how == how && r->netns == f->netns && r->port == f->port &&
			(how == CUTS || address_equal(&r->peer, &f->peer)))
			return r;
	}
	if (all->n == RESET_ROWS)
		return NULL;
	all->rows[all->n] = (struct resets){
		how, f->netns, f->port, f->local, f->peer, f->pid, 0, 0, 0, 0, false};
	return &all->rows[all->n++];
}

static void count(struct found *all, enum how how, const struct tcp_flow *f, double n, unsigned k)
{
	struct resets *r = row_of(all, how, f);
	if (!r)
		return;
	r->count += n;
	r->steps += r->last_step != k;
	r->last_step = k;
	r->pid = f->pid ? f->pid : r->pid;
}

static bool reaches(const struct found *all, const struct tcp_flow *f)
{
	for (size_t i = 0; i < all->nreached; i++)
		if (all->reached[i].pid == f->pid && all->reached[i].port == f->port &&
			all->reached[i].netns == f->netns)
			return true;
	return false;
}

static void note_reached(struct found *all, const struct tcp_flow *f)
{
	if (f->outgoing && f->opened && all->nreached < REACHED && !reaches(all, f))
		all->reached[all->nreached++] = (struct reach){f->netns, f->port, f->pid};
}

static void take_flow(struct found *all, const struct tcp_flow *f, unsigned k)
{
	uint32_t refused = f->failed < f->resets_in ? f->failed : f->resets_in;
	if (!f->outgoing && f->resets_out)
		count(all, CUTS, f, f->resets_out, k);
	if (!f->outgoing || !f->peer.family)
		return;
	if (f->resets_in > refused)
		count(all, IS_CUT, f, f->resets_in - refused, k);
	if (refused && f->pid && !reaches(all, f))
		count(all, REFUSED, f, refused, k);
}

/* How many ended at all, of those that may be cut. */
static void take_ended(struct found *all, const struct tcp_flow *f)
{
	for (size_t i = 0; f->closed && i < all->n; i++) {
		struct resets *r = &all->rows[i];
		if (r->netns == f->netns && r->port == f->port &&
			r->how == (f->outgoing ? IS_CUT : CUTS) &&
			(r->how == CUTS || address_equal(&r->peer, &f->peer)))
			r->ended += f->closed;
	}
}

static void find_by_flows(const struct view *v, struct found *all)
{
	for (int turn = 0; turn < 3; turn++)
		for (unsigned k = 1; k < v->n; k++) {
			const struct table *t = &view_at(v, k)->flows;
			for (uint32_t i = 0; i < t->count; i++) {
				const struct tcp_flow *f = &TABLE_ROWS(*t, struct tcp_flow)[i];
				if (turn == 0)
					note_reached(all, f);
				else if (turn == 1)
					take_flow(all, f, k);
				else
					take_ended(all, f);
			}
		}
}

static const struct listener *listener_at(const struct view *v, unsigned netns, uint16_t port)
{
	const struct sample *s = view_last(v);
	const struct listener *found = NULL;
	for (uint32_t i = 0; i < s->listeners.count; i++) {
		const struct listener *l = &TABLE_ROWS(s->listeners, struct listener)[i];
		if (l->netns == netns && l->port == port && (!found || l->pid))
			found = l;
	}
	return found;
}

/* The one port of a namespace that has served anybody in the window; 0 where there are several, or none. */
static uint16_t only_port(const struct view *v, unsigned netns)
{
	uint16_t port = 0;
	for (unsigned k = 0; k < v->n; k++) {
		const struct table *t = &view_at(v, k)->conns;
		for (uint32_t i = 0; i < t->count; i++) {
			const struct conn_group *g = &TABLE_ROWS(*t, struct conn_group)[i];
			if (g->netns != netns || g->outgoing || !listener_at(v, netns, g->port))
				continue;
			if (port && port != g->port)
				return 0;
			port = g->port;
		}
	}
	return port;
}

/* Without the probes: what a namespace counts, where all of it can be of one port only. False where it is not known whose they are. */
static bool find_by_counters(const struct view *v, struct found *all)
{
	bool known = true;
	for (uint32_t id = view_each(v, M_ABORT_CLOSE, 0); id;
		id = view_each(v, M_ABORT_CLOSE, id)) {
		unsigned netns = series_row(v->series, id)->netns;
		double aborts = 0, resets = 0, accepted = 0;
		(void)view_delta(v, id, &aborts);
		(void)view_delta(v, view_id(v, M_TCP_ESTAB_RESETS, netns, 0), &resets);
		(void)view_delta(v, view_id(v, M_TCP_PASSIVE_OPENS, netns, 0), &accepted);
		if (aborts < RESETS_LEAST || resets < RESETS_LEAST || all->n == RESET_ROWS)
			continue;
		uint16_t port = only_port(v, netns);
		known = known && port;
		if (port)
			all->rows[all->n++] = (struct resets){.how = CUTS,
				.netns = netns,
				.port = port,
				.count = aborts < resets ? aborts : resets,
				.ended = accepted,
				.steps = view_steps_growing(v, id, 0.5)};
	}
	return known;
}

/* ---- verdicts ---- */

static double growth(const struct view *v, enum metric m, unsigned netns)
{
	double d;
	return view_delta(v, view_id(v, m, netns, 0), &d) ? d : 0;
}

static struct verdict *begin(struct view *v, struct verdicts *out, const struct resets *r,
	bool note, const char *instance, int32_t pid)
{
	struct verdict *f = verdict_new(v, out, note ? SEVERITY_NOTICE : SEVERITY_WARNING,
		note ? STATE_NOTE : STATE_WRONG, instance);
	if (!f)
		return NULL;
	f->netns = f->peer_netns = r->netns;
	f->port = r->port;
	f->pid = pid;
	f->used = r->count;
	return f;
}

static const char *port_text(struct view *v, uint16_t port)
{
	return say(v, "%u", port);
}

static void look_at_resets(struct view *v, struct verdict *f, const struct resets *r)
{
	verdict_remedy(f, "Look at what comes before each reset",
		say(v,
			"%stimeout 5 tcpdump -ni any 'tcp port %u and (tcp[tcpflags] & (tcp-rst | "
			"tcp-fin) != 0)'",
			in_netns(v, r->netns), r->port),
		NULL, false, "some CPU", "none");
}

/* A server of this machine cuts its clients off. */
static void cuts_verdict(struct view *v, struct verdicts *out, struct resets *r)
{
	const struct listener *l = listener_at(v, r->netns, r->port);
	int32_t pid = l && l->pid ? l->pid : r->pid;
	const struct usage *u = pid ? view_usage(v, pid) : NULL;
	const char *name = u ? who_name(v, u->p) : say(v, "the server of port %u", r->port),
		   *ns = in_netns(v, r->netns);
	double unread = growth(v, M_ABORT_CLOSE, r->netns),
	       asked = growth(v, M_ABORT_DATA, r->netns);
	bool wanted = unread * 2 < r->count && asked * 2 >= r->count;
	struct verdict *f = begin(v, out, r, wanted, port_text(v, r->port), u ? pid : 0);
	if (!f)
		return;
	r->told = true;
	f->since_ns =
		view_grew_at(v, view_id(v, wanted ? M_ABORT_DATA : M_ABORT_CLOSE, r->netns, 0));
	f->title = say(v, "%s resets connections of its clients: %.0f in %.0f s", name, r->count,
		v->seconds);
	f->culprits[f->nculprits++] = (struct who){"process", name, f->pid, -1,
		wanted ? "asks for resets (SO_LINGER of 0) where others close"
		       : "closes connections while data of the client lies unread"};
	verdict_victim(f, "peer", say(v, "clients of port %u", r->port), 0,
		"get \"connection reset\", and lose what they have not read of the answer");
	verdict_evidence(f,
		say(v, "%.0f of %.0f connections that ended were reset by this side", r->count,
			r->ended > r->count ? r->ended : r->count),
		M_TCP_ESTAB_RESETS, r->count, -1, say(v, "%snstat -asz TcpEstabResets", ns));
	verdict_evidence(f,
		say(v, "%.0f closed with data unread, %.0f with SO_LINGER of 0 or data after close",
			unread, asked),
		M_ABORT_CLOSE, unread, -1,
		say(v, "%snstat -asz TcpExtTCPAbortOnClose TcpExtTCPAbortOnData", ns));
	verdict_remedy(f,
		"Let the server read the request to its end before it closes, or close in two "
		"steps: shutdown(SHUT_WR), read until the client closes, close() (nginx: "
		"lingering_close)",
		NULL, "the configuration of the application", true,
		"a moment longer for each connection", "none");
	if (f->pid)
		verdict_remedy(f, say(v, "See what %s does before it closes", name),
			say(v,
				"timeout 5 strace -f -e trace=network,read,write,close -p %" PRId32
				" 2>&1 | tail -40",
				f->pid),
			NULL, false, "slows it while it runs", "none");
	look_at_resets(v, f, r);
}

/* Where the other end is served on this machine: its namespace; else ours. */
static unsigned far_netns(const struct view *v, const struct resets *r)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; !who_is_loopback(&r->peer) && i < s->listeners.count; i++) {
		const struct listener *l = &TABLE_ROWS(s->listeners, struct listener)[i];
		if (l->port == r->port && l->netns != r->netns)
			return l->netns;
	}
	return r->netns;
}

/* Somebody cuts off, or refuses, a process of this machine. */
static void cut_verdict(struct view *v, struct verdicts *out, struct resets *r)
{
	char peer[48];
	bool refused = r->how == REFUSED;
	const struct usage *u = r->pid ? view_usage(v, r->pid) : NULL;
	if (!u) /* it is gone already: nobody can be named who suffers */
		return;
	const char *name = who_name(v, u->p), *ns = in_netns(v, r->netns);
	const char *to = who_end(v, address_text(peer, &r->peer), r->port);
	struct verdict *f = begin(v, out, r, false, port_text(v, r->port), r->pid);
	if (!f)
		return;
	r->told = true;
	f->settle_s = refused ? SETTLE_S : 0;
	f->peer_netns = far_netns(v, r);
	enum metric m = refused ? M_TCP_ATTEMPT_FAILS : M_TCP_ESTAB_RESETS;
	f->since_ns = view_grew_at(v, view_id(v, m, r->netns, 0));
	bool nobody = refused && who_is_loopback(&r->peer) && !listener_at(v, r->netns, r->port);
	f->refused = r->count;
	f->title = refused ? say(v, "%s refuses the connections of %s: %.0f in %.0f s", to, name,
				     r->count, v->seconds)
			   : say(v, "%s resets the connections of %s: %.0f in %.0f s", to, name,
				     r->count, v->seconds);
	f->culprits[f->nculprits++] = (struct who){"destination", to, 0, -1,
		nobody    ? "nobody listens there"
		: refused ? "answers each connect with a reset: nobody listens there, or a "
			    "firewall rejects"
			  : "ends connections with a reset while they are in use"};
	verdict_victim(f, "process", name, r->pid,
		refused ? "gets \"connection refused\" and reaches nobody on that port"
			: "gets \"connection reset\" in the middle of its work");
	verdict_evidence(f,
		refused ? say(v, "%.0f connects refused, none succeeded, in %u of %u steps",
				  r->count, r->steps, v->n - 1)
			: say(v, "%.0f of %.0f connections that ended were reset by %s", r->count,
				  r->ended > r->count ? r->ended : r->count, to),
		(int)m, r->count, -1,
		refused ? say(v, "%sss -Hltn 'sport = :%u'; %snstat -asz TcpAttemptFails", ns,
				  r->port, ns)
			: say(v, "%snstat -asz TcpEstabResets", ns));
	verdict_remedy(f,
		refused ? "Start what is to listen there, or correct the address or port that the "
			  "process asks"
			: "Look at the log of the server there: it closes with data unread, is "
			  "overloaded, or a firewall or balancer between cuts what was idle",
		NULL, NULL, true, "none", "none");
	look_at_resets(v, f, r);
}

/* A server here that cuts is told once, not also with those of its clients that are here. */
static bool is_other_side(const struct found *all, const struct resets *r)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->rows[i].how == CUTS && all->rows[i].told && all->rows[i].port == r->port &&
			(!all->rows[i].local.family ||
				address_equal(&all->rows[i].local, &r->peer)))
			return true;
	return false;
}

void rule_net_rst(struct view *v, struct verdicts *out)
{
	struct found *all = arena_alloc(&v->scratch, sizeof *all);
	if (!all || !view_each(v, M_ABORT_CLOSE, 0)) {
		verdict_unknown(out, "TCPAbortOnClose in /proc/net/netstat");
		return;
	}
	all->n = all->nreached = 0;
	if (view_last(v)->have_flows)
		find_by_flows(v, all);
	else if (!find_by_counters(v, all))
		verdict_unknown(out, "whose connections are reset (the probes)");
	for (int turn = 0; turn < 2; turn++)
		for (size_t i = 0; i < all->n; i++) {
			struct resets *r = &all->rows[i];
			bool many = r->count >= RESETS_LEAST && r->steps * 2 + 1 >= v->n,
			     share = r->how == REFUSED || r->count * SHARE_LEAST >= r->ended;
			if (!many || !share || (r->how == CUTS) != (turn == 0))
				continue;
			if (r->how == CUTS)
				cuts_verdict(v, out, r);
			else if (!is_other_side(all, r))
				cut_verdict(v, out, r);
		}
}
