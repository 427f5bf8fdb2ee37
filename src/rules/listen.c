/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for connections before an application has them: accept queues of TCP and of unix sockets, and the SYN queue before. Who does not accept is
 * to blame himself; who is flooded with SYNs that nobody completes is not. */
#include "ledger/servers.h"
#include "rules/conns.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Connections of one peer that is at fault for a queue: as many, and this share of all that were taken. */
static const double IDLE_LEAST = 8, IDLE_SHARE = 0.75, FULL_SHARE = 0.9;
/* Queues are first in, first out: where one waits that long, nobody behind it was accepted meanwhile. A busy server's pause, of a collector of garbage, of a
 * fork, is shorter. */
static const double LATE_S = 3;
static const double SETTLE_S =
	8; /* one burst, after which the queue was empty again, is seen for five */
enum {
	LATE_LEAST = 2
}; /* who wait, at each look: one alone may be one that nobody will ever take (a debugger's port) */

/* ---- accept queues ---- */

const struct rule_case rule_case_listen_overflow = {
	.mechanism =
		"Connections that the kernel has completed wait in the accept queue of their "
		"listening socket until the application takes them. When more wait than the "
		"backlog allows, new ones are "
		"dropped: the client sees a connect that hangs and retries after 1, 3, 7 seconds.",
	.threshold = "The socket dropped connections in the window (its own drop counter), or more "
		     "wait in it than its backlog in at least half of the samples; or two and more "
		     "wait in all samples, the oldest for three seconds or more. If the queue is "
		     "full most of the time, the "
		     "owner is too slow to accept; if it is mostly empty while connections are "
		     "dropped, the backlog is too small for bursts, of which recorders tell when "
		     "they come again within seconds. Where three quarters of the "
		     "connections that were taken are of one peer that asks nothing on them, while "
		     "others wait, that peer is at fault, or may be.",
	.false_alarms = "A few waiting connections, which is what the queue is for. The "
			"namespace's ListenOverflows alone, which does not say whose queue it was. "
			"Drops of packets that were not SYNs are "
			"counted there too (ListenDrops), so a full queue or a queue filled before "
			"must be seen beside them.",
	.confirm = "ss -ltn 'sport = :PORT'   # Recv-Q above Send-Q; nstat -asz "
		   "TcpExtListenOverflows TcpExtListenDrops",
	.remedy = "Slow owner: see what it waits for; more workers or threads, time-outs. Small "
		  "backlog: raise it in the application and net.core.somaxconn.",
};

/* Drops of the listeners of a namespace whose queue was seen full in this window. */
static double drops_of_full_queues(const struct view *v, unsigned netns)
{
	const struct sample *s = view_last(v);
	double sum = 0;
	for (uint32_t i = 0; i < s->listeners.count; i++) {
		const struct listener *l = &TABLE_ROWS(s->listeners, struct listener)[i],
				      *first = NULL;
		bool full = false;
		if (l->netns != netns || !l->have_drops)
			continue;
		for (unsigned k = 0; k < v->n; k++) {
			const struct listener *o = sample_listener(view_at(v, k), l);
			if (o && !first)
				first = o;
			full = full || (o && o->waiting >= o->backlog);
		}
		if (full)
			sum += (double)(uint32_t)(l->drops - first->drops);
	}
	return sum;
}

/* Of an owner that does not accept, or of its worker: let it go on, or see what it waits for. */
static void look_at_owner(struct view *v, struct verdict *f, const char *name, int32_t pid)
{
	int32_t culprit = f->nculprits ? f->culprits[0].pid : 0;
	if (who_is_stopped(v, culprit))
		verdict_remedy(f, say(v, "Let %s go on", name),
			say(v, "kill -CONT %" PRId32, culprit), NULL, false, "none",
			"somebody may have stopped it on purpose");
	else if (pid)
		verdict_remedy(f, say(v, "See what %s waits for", name),
			say(v, "timeout 5 strace -f -tt -p %" PRId32, pid), NULL, false,
			"slows it while it runs", "none");
}

/* How long the one waits that waits longest for the listener, in seconds, as its connections told last; -1: not known. */
static double oldest_of(const struct view *v, const struct listener *l)
{
	static const uint8_t any[ADDR_BYTES];
	double oldest = -1;
	for (unsigned i = v->n; i-- > 0 && oldest < 0;) {
		const struct sample *s = view_at(v, i);
		for (uint32_t k = 0; k < s->conns.count; k++) {
			const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[k];
			if (g->outgoing || g->netns != l->netns || g->port != l->port || g->stale ||
				!g->have_info || !g->queued ||
				(memcmp(l->local.bytes, any, sizeof any) != 0 &&
					!address_equal(&l->local, &g->local)))
				continue;
			oldest = g->queued_ms / 1000.0 > oldest ? g->queued_ms / 1000.0 : oldest;
		}
	}
	return oldest;
}

/* How many connections the server may have, as it told or as its configuration says; 0: not known. */
static double connections_of(const struct view *v, const struct server *s)
{
	const struct server_pool *p = server_pool_of(view_last(v), s->pid, POOL_CONNECTIONS, 0);
	return p && p->have_limit ? (double)p->limit : 0;
}

/* A server may have all the connections that it takes at once, most of them of one peer that asks nothing on them, while others wait. A proxy (HAProxy)
 * stops to accept then and goes on otherwise: the peer is to blame. Another server may as well hang: the peer comes second. A peer that is a
 * proxy in front of all users is the only one who waits. */
static void blame_holder(struct view *v, struct verdict *f, const struct listener *l)
{
	struct server rows[SERVERS_MAX];
	const struct server_peer *holder = NULL;
	size_t n = servers_waited_for(v, rows, COUNTOF(rows)), at = 0;
	while (at < n && !(rows[at].netns == l->netns && rows[at].port == l->port))
		at++;
	if (at == n || who_is_stopped(v, l->pid))
		return;
	const struct server *s = &rows[at];
	double limit = connections_of(v, s);
	bool full = limit > 0 && s->taken >= FULL_SHARE * limit;
	for (size_t i = 0; i < s->npeers; i++)
		if (!holder || s->peers[i].idle > holder->idle ||
			(full && s->peers[i].taken > holder->taken))
			holder = &s->peers[i];
	if (full && f->nculprits)
		f->culprits[0].why = say(v,
			"has %.0f of the %.0f connections that it may have, and accepts none "
			"until one of them ends",
			s->taken, limit);
	if (!holder)
		return;
	double held = full ? holder->taken : holder->idle;
	if (held < IDLE_LEAST || held < IDLE_SHARE * s->taken || server_peer_is_all(s, holder))
		return;
	size_t place = f->nculprits && !full && strcmp(s->name, "haproxy") != 0 ? 1 : 0;
	size_t after = f->nculprits - place;
	after -= f->nculprits == WHO_MAX;
	memmove(&f->culprits[place + 1], &f->culprits[place], after * sizeof f->culprits[0]);
	f->nculprits = place + 1 + after;
	f->culprits[place] = (struct who){"peer", holder->name, 0, holder->taken / s->taken,
		say(v, "has %.0f of the %.0f connections that %s took%s", holder->taken, s->taken,
			s->name,
			holder->idle > 0
				? say(v, ", and asks nothing on %.0f of them", holder->idle)
				: "")};
	verdict_remedy(f,
		say(v, "Close what %s holds, and limit the connections of one address",
			holder->name),
		say(v, "%sss -K dst %s sport = :%u", in_netns(v, l->netns), holder->name, l->port),
		NULL, false, "its connections are cut", "it may come back");
	verdict_remedy(f,
		"End idle connections sooner (time-outs of clients and of keep-alive), and take "
		"more of them at once (maxconn, worker_connections)",
		NULL, "the configuration of the server", true, "memory for each connection",
		"none");
}

static void listener_verdict(struct view *v, struct verdicts *out, const struct listener *l)
{
	const struct listener *first = NULL;
	unsigned seen = 0, full = 0, waited = 0;
	uint32_t most = 0;
	uint64_t since = 0;
	for (unsigned i = 0; i < v->n; i++) {
		const struct listener *o = sample_listener(view_at(v, i), l);
		if (!o)
			continue;
		if (!first)
			first = o;
		seen++;
		bool over = o->waiting > o->backlog;
		full += over;
		waited += o->waiting >= LATE_LEAST;
		if (o->waiting > most)
			most = o->waiting;
		if (!since && (over || o->drops != first->drops))
			since = view_at(v, i)->real_ns;
	}
	double dropped = first && l->have_drops ? (double)(uint32_t)(l->drops - first->drops) : 0;
	double overflows = 0;
	bool counted = view_delta(v, view_id(v, M_LISTEN_OVERFLOWS, l->netns, 0), &overflows);
	/* A drop that is no overflow (a SYN for which no memory or route was found) is another
	 * trouble. */
	bool refuses = dropped > 0 && (!counted || overflows > 0);
	/* What the full queues of the namespace dropped is theirs; the rest must be at least half of what this one, never seen full, did. */
	if (refuses && full == 0 && most < l->backlog && counted)
		refuses = overflows - drops_of_full_queues(v, l->netns) >= dropped / 2;
	bool waits = full * 2 >= seen && full >= 2;
	double oldest = waited == v->n && v->n >= 2 ? oldest_of(v, l) : -1;
	bool late = oldest >= LATE_S;
	if (!refuses && !waits && !late)
		return;
	char port[8];
	(void)snprintf(port, sizeof port, "%u", l->port);
	struct verdict *f = verdict_new(
		v, out, SEVERITY_CRITICAL, refuses ? STATE_EXHAUSTED : STATE_SATURATED, port);
	if (!f)
		return;
	/* The queue stays full, or stands: nobody takes connections out. */
	bool slow = full * 3 >= seen || late;
	const struct usage *owner = l->pid ? view_usage(v, l->pid) : NULL;
	const char *name = owner ? who_name(v, owner->p) : say(v, "The owner of port %u", l->port);
	f->netns = l->netns;
	f->port = l->port;
	f->peer_netns = l->netns;
	f->pid = l->pid;
	verdict_began(f, since);
	if (!since && late)
		f->since_ns = view_last(v)->real_ns - (uint64_t)(oldest * 1e9);
	f->settle_s = slow ? 0 : SETTLE_S;
	f->used = most;
	f->limit = l->backlog;
	f->refused = dropped;
	if (owner && (owner->p->have & HAVE_CGROUP))
		f->cgroup = owner->p->cgroup;
	f->nculprits = who_listener(v, l, f->culprits, WHO_MAX);
	if (f->nculprits && !slow)
		f->culprits[0].why = say(v,
			"listens with a backlog of %u only; it accepts in time between bursts",
			l->backlog);
	if (slow)
		blame_holder(v, f, l);
	const char *ns = in_netns(v, l->netns);
	f->title =
		slow && (refuses || waits || most > l->backlog)
			? say(v, "%s does not accept: the queue of port %u is full (%u of %u)",
				  name, l->port, most, l->backlog)
		: slow ? say(v,
				 "%s does not accept: %u connections wait at port %u, the oldest "
				 "for %.0f s",
				 name, l->waiting, l->port, oldest)
		       : say(v, "The backlog of port %u (%u) is too small for its bursts", l->port,
				 l->backlog);
	verdict_victim(f, "server", owner ? name : say(v, "port %u", l->port), l->pid,
		dropped > 0 ? say(v, "%.0f connection attempts dropped in %.0f s (retries count)",
				      dropped, v->seconds)
			    : "new connections wait");
	verdict_evidence(f,
		say(v,
			"at most %u connections waited, backlog %u; more than the backlog in %u of "
			"%u samples",
			most, l->backlog, full, seen),
		-1, most, l->backlog,
		say(v, "%sss -ltn 'sport = :%u'   # Recv-Q of Send-Q", ns, l->port));
	if (late)
		verdict_evidence(f,
			say(v, "the oldest of those who wait sent its request %.0f s ago", oldest),
			-1, oldest, LATE_S,
			say(v,
				"%sss -Htnpi state established 'sport = :%u' | grep -A 1 -v "
				"users:   # lastrcv, in milliseconds",
				ns, l->port));
	if (dropped > 0)
		verdict_evidence(f,
			say(v, "the socket dropped %.0f connection attempts in %.0f s", dropped,
				v->seconds),
			M_LISTEN_OVERFLOWS, dropped, 0,
			say(v,
				"%snstat -asz TcpExtListenOverflows TcpExtListenDrops; sleep 5; "
				"%snstat -asz TcpExtListenOverflows",
				ns, ns));
	if (owner)
		verdict_evidence(f,
			say(v, "%s (pid %" PRId32 ") %s%s%s", name, l->pid,
				f->nculprits && f->culprits[0].pid ? f->culprits[0].why
								   : "owns the socket",
				owner->p->wchan ? ", sleeps in " : "",
				intern_text(&v->series->names, owner->p->wchan)),
			-1, owner->cpu_s / v->seconds, -1,
			say(v,
				"cat /proc/%" PRId32 "/wchan; cat /proc/%" PRId32
				"/syscall; top -b -n 1 -p %" PRId32,
				l->pid, l->pid, l->pid));
	if (slow) {
		look_at_owner(v, f, name, l->pid);
		verdict_remedy(f,
			"More workers or threads, and a time-out for each request, so that one "
			"slow request does not stop all",
			NULL, NULL, true, "memory", "none");
		verdict_remedy(f, say(v, "Restart %s if it hangs", name),
			restart_command(v, l->pid), NULL, false, "running requests are cut",
			"none");
	} else {
		verdict_remedy(f,
			"Let listen() ask for a larger backlog (nginx: listen ... backlog=1024; "
			"Apache: ListenBacklog 1024)",
			NULL, "the configuration of the application", true, "a little memory",
			"hides a slow application for longer");
		verdict_remedy(f, "Grant larger backlogs",
			say(v, "%ssysctl -w net.core.somaxconn=4096", ns),
			"/etc/sysctl.d/90-somaxconn.conf", false, "none",
			"takes effect at the next listen(), that is after a restart");
	}
}

/* Did something that could not be read hide this class? */
static bool hidden(const struct sample *s, const char *class)
{
	for (uint32_t i = 0; i < s->gaps.count; i++) {
		const char *hides = TABLE_ROWS(s->gaps, struct gap)[i].hides;
		if (hides && strstr(hides, class))
			return true;
	}
	return false;
}

void rule_listen_overflow(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	if (s->listeners.count == 0 && hidden(s, "tcp.listen"))
		verdict_unknown(out, "listening sockets");
	for (uint32_t i = 0; i < s->listeners.count; i++)
		listener_verdict(v, out, &TABLE_ROWS(s->listeners, struct listener)[i]);
}

/* ---- unix sockets ---- */

const struct rule_case rule_case_unix_listen = {
	.mechanism = "connect() to a unix socket waits in the queue of the listener until the "
		     "application accepts. When more wait than the backlog, "
		     "connect() blocks, or fails with EAGAIN where the caller does not want to "
		     "wait (nginx: 502, \"Resource temporarily unavailable\").",
	.threshold =
		"More connections wait than the backlog in at least half of the samples; or two "
		"and more wait in all samples, and one of them was seen to wait for three "
		"seconds or more. The kernel counts no refusals here.",
	.false_alarms =
		"A few that wait, each for a moment, or a full queue in one sample: a burst.",
	.confirm = "ss -lx   # Recv-Q above Send-Q of the path",
	.remedy = "More workers or threads behind the socket, a time-out for each request; then a "
		  "larger backlog and net.core.somaxconn.",
};

static const struct unix_listener *unix_at(const struct sample *s, const struct unix_listener *like)
{
	for (uint32_t i = 0; i < s->unix_listeners.count; i++) {
		const struct unix_listener *l =
			&TABLE_ROWS(s->unix_listeners, struct unix_listener)[i];
		if (l->inode == like->inode && l->netns == like->netns)
			return l;
	}
	return NULL;
}

static void unix_verdict(struct view *v, struct verdicts *out, const struct unix_listener *l)
{
	unsigned seen = 0, full = 0, waited = 0;
	uint32_t most = 0;
	uint64_t since = 0;
	for (unsigned i = 0; i < v->n; i++) {
		const struct unix_listener *o = unix_at(view_at(v, i), l);
		if (!o || o->stale)
			continue;
		seen++;
		full += o->waiting > o->backlog;
		waited += o->waiting >= LATE_LEAST;
		most = o->waiting > most ? o->waiting : most;
		if (!since && o->waiting > o->backlog)
			since = view_at(v, i)->real_ns;
	}
	bool over = full >= 2 && full * 2 >= seen;
	double oldest = l->have_waited ? l->waited_ms / 1000.0 : 0;
	bool late = waited == seen && waited >= 2 && oldest >= LATE_S;
	if (!over && !late)
		return;
	const char *path = intern_text(&v->series->names, l->path);
	struct verdict *f = verdict_new(v, out, SEVERITY_CRITICAL, STATE_SATURATED, path);
	if (!f)
		return;
	const struct usage *owner = l->pid ? view_usage(v, l->pid) : NULL;
	const char *name = owner ? who_name(v, owner->p) : say(v, "The owner of %s", path);
	f->netns = l->netns;
	f->pid = l->pid;
	f->used = most;
	f->limit = l->backlog;
	verdict_began(f, since);
	if (!since)
		f->since_ns = view_last(v)->real_ns - (uint64_t)(oldest * 1e9);
	if (owner && (owner->p->have & HAVE_CGROUP))
		f->cgroup = owner->p->cgroup;
	const struct listener like = {.pid = l->pid};
	f->nculprits = who_listener(v, &like, f->culprits, WHO_MAX);
	f->title = over ? say(v, "%s does not accept: the queue of %s is full (%u of %u)", name,
				  path, most, l->backlog)
			: say(v,
				  "%s does not accept: %u connections wait at %s, one of them for "
				  "%.0f s or more",
				  name, l->waiting, path, oldest);
	verdict_victim(f, "server", name, l->pid, "who connects to the socket waits or is refused");
	verdict_evidence(f,
		say(v,
			"at most %u connections waited, backlog %u; more than the backlog in %u of "
			"%u samples",
			most, l->backlog, full, seen),
		-1, most, l->backlog,
		say(v, "%sss -lx src %s   # Recv-Q of Send-Q", in_netns(v, l->netns),
			shell_word(v, path)));
	if (owner)
		verdict_evidence(f,
			say(v, "%s (pid %" PRId32 ") %s", name, l->pid,
				f->nculprits ? f->culprits[0].why : ""),
			-1, owner->cpu_s / v->seconds, -1,
			say(v, "cat /proc/%" PRId32 "/wchan; top -b -n 1 -p %" PRId32, l->pid,
				l->pid));
	look_at_owner(v, f, name, owner ? l->pid : 0);
	verdict_remedy(f,
		"More workers or threads behind the socket (php-fpm: pm.max_children), and a "
		"time-out for each request",
		NULL, NULL, true, "memory", "none");
	verdict_remedy(f,
		"A larger backlog for bursts (php-fpm: listen.backlog) and net.core.somaxconn",
		NULL, "the configuration of the application", true, "a little memory",
		"hides a slow application for longer");
}

void rule_unix_listen(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->unix_listeners.count; i++)
		unix_verdict(v, out, &TABLE_ROWS(s->unix_listeners, struct unix_listener)[i]);
}

/* ---- SYN queues ---- */

const struct rule_case rule_case_tcp_syn = {
	.mechanism = "A SYN makes a half-open connection that waits for the client's answer. SYNs "
		     "from addresses that never answer fill the queue of the "
		     "listener; then the kernel answers with cookies, which lose TCP options, or, "
		     "where cookies are off, drops the SYNs of everybody.",
	.threshold =
		"SYN cookies were sent, or SYNs dropped at a full SYN queue (or, where cookies "
		"are off, ten and more at one that is full but for its last quarter, with "
		"32 half-open connections and more), in at least two "
		"steps of the window, fewer than half of the cookies came back, "
		"half-open connections stand, and the accept queue of that port is not full.",
	.false_alarms = "A burst of real clients: they answer, so cookies come back and nothing "
			"stands half open. A slow application: its accept queue "
			"is full, and answers to it are dropped too (tcp.listen.overflow).",
	.confirm = "ss -Htn state syn-recv | awk '{print $4}' | sort | uniq -c | sort -n | tail; "
		   "nstat -asz TcpExtSyncookiesSent TcpExtSyncookiesRecv TcpExtTCPReqQFullDrop",
	.remedy = "Keep SYN cookies on; block or rate-limit the source where it is one; let the "
		  "provider filter a distributed flood; larger tcp_max_syn_backlog and listen "
		  "backlog.",
};

/* The port with most half-open connections; how many, from how many sources, and the source that has most of them. */
struct half_open {
	uint16_t port;
	double count;
	unsigned sources;
	const struct conn_group *most;
};

static struct half_open half_open_of(const struct view *v, unsigned netns)
{
	const struct sample *s = view_last(v);
	const struct conn_group *rows = TABLE_ROWS(s->conns, struct conn_group);
	struct half_open best = {0};
	for (uint32_t i = 0; i < s->listeners.count; i++) {
		const struct listener *l = &TABLE_ROWS(s->listeners, struct listener)[i];
		struct half_open h = {.port = l->port};
		for (uint32_t k = 0; l->netns == netns && k < s->conns.count; k++) {
			const struct conn_group *g = &rows[k];
			if (g->netns != netns || g->outgoing || g->port != l->port ||
				g->syn_recv == 0)
				continue;
			h.count += g->syn_recv;
			h.sources += g->peer_hostbits ? g->syn_recv : 1;
			if (!h.most || g->syn_recv > h.most->syn_recv)
				h.most = g;
		}
		if (h.count > best.count)
			best = h;
	}
	return best;
}

/* Was the accept queue of the port full in half of the samples? Then who does not accept is the cause. */
static bool accept_queue_full(const struct view *v, unsigned netns, uint16_t port)
{
	unsigned full = 0;
	for (unsigned k = 0; k < v->n; k++) {
		const struct sample *s = view_at(v, k);
		for (uint32_t i = 0; i < s->listeners.count; i++) {
			const struct listener *l = &TABLE_ROWS(s->listeners, struct listener)[i];
			if (l->netns == netns && l->port == port && l->waiting >= l->backlog &&
				l->waiting) {
				full++;
				break;
			}
		}
	}
	return full * 2 >= v->n;
}

static void syn_verdict(struct view *v, struct verdicts *out, unsigned netns, double sent,
	double dropped, double back, unsigned steps)
{
	struct half_open h = half_open_of(v, netns);
	double was = 0, waiting = 0;
	if (!h.most || accept_queue_full(v, netns, h.port))
		return;
	char port[8];
	(void)snprintf(port, sizeof port, "%u", h.port);
	struct verdict *f = verdict_new(v, out, dropped > 0 ? SEVERITY_CRITICAL : SEVERITY_WARNING,
		dropped > 0 ? STATE_EXHAUSTED : STATE_SATURATED, port);
	if (!f)
		return;
	const char *ns = in_netns(v, netns);
	f->netns = netns;
	f->port = h.port;
	f->peer_netns = netns;
	f->used = h.count;
	f->refused = dropped;
	uint32_t id = view_id(v, dropped > 0 ? M_SYN_QFULL_DROP : M_COOKIES_SENT, netns, 0);
	if (!view_grew_at(v, id))
		id = view_id(v, M_LISTEN_DROPS, netns, 0);
	f->since_ns = view_grew_at(v, id);
	for (uint32_t i = 0; i < view_last(v)->listeners.count; i++) {
		const struct listener *l = &TABLE_ROWS(view_last(v)->listeners, struct listener)[i];
		if (l->netns == netns && l->port == h.port) {
			was = l->backlog;
			waiting = l->waiting;
			f->pid = l->pid;
		}
	}
	if (was > 0)
		f->limit = was;
	bool one = h.most->syn_recv * 2 > h.count && !h.most->peer_hostbits;
	const char *peer = conn_peer(v, h.most);
	f->culprits[f->nculprits++] =
		one ? (struct who){"peer", peer, 0, h.most->syn_recv / h.count,
			      say(v, "%u half-open connections", h.most->syn_recv)}
		    : (struct who){"traffic",
			      say(v, "SYNs of %u addresses that do not answer", h.sources), 0, -1,
			      "forged or distributed: blocking addresses does not help"};
	f->title = say(v, "SYN flood on port %u: %.0f half-open connections, %s", h.port, h.count,
		dropped > 0 ? "SYNs of everybody are dropped" : "cookies are sent");
	const struct usage *owner = f->pid ? view_usage(v, f->pid) : NULL;
	verdict_victim(f, "server", owner ? who_name(v, owner->p) : say(v, "port %u", h.port),
		f->pid,
		dropped > 0
			? say(v, "%.0f SYNs dropped in %.0f s, those of real clients among them",
				  dropped, v->seconds)
			: "new connections lose TCP options (SACK, window scaling without "
			  "timestamps)");
	verdict_evidence(f,
		say(v, "%.0f half-open connections from %u sources, %.0f wait to be accepted",
			h.count, h.sources, waiting),
		-1, h.count, f->limit,
		say(v,
			"%sss -Htn state syn-recv 'sport = :%u' | awk '{print $4}' | sort | uniq "
			"-c | sort -n | tail",
			ns, h.port));
	verdict_evidence(f,
		say(v,
			"%.0f cookies sent, %.0f came back, %.0f SYNs dropped, in %u steps of the "
			"window",
			sent, back, dropped, steps),
		M_COOKIES_SENT, sent, -1,
		say(v,
			"%snstat -asz TcpExtSyncookiesSent TcpExtSyncookiesRecv "
			"TcpExtTCPReqQFullDrop TcpExtListenDrops",
			ns));
	double cookies = 1;
	if (dropped > 0 && sent <= 0)
		cookies = 0;
	if (cookies < 1)
		verdict_remedy(f, "Turn on SYN cookies",
			say(v, "%ssysctl -w net.ipv4.tcp_syncookies=1", ns),
			"/etc/sysctl.d/90-syn.conf", false, "none",
			"none while the queue is not full");
	if (one)
		verdict_remedy(f, say(v, "Block %s", peer),
			say(v, "%snft add rule inet FILTER INPUT %s saddr %s drop", ns,
				strchr(peer, ':') ? "ip6" : "ip", peer),
			"/etc/nftables.conf", false, "none",
			"the address may be forged: then somebody innocent is blocked");
	verdict_remedy(f,
		"Larger queues: net.ipv4.tcp_max_syn_backlog, net.core.somaxconn and the "
		"application's backlog",
		say(v, "%ssysctl -w net.ipv4.tcp_max_syn_backlog=8192", ns),
		"/etc/sysctl.d/90-syn.conf", false, "about 300 bytes of kernel memory each",
		"none");
	verdict_remedy(f, "Give up half-open connections sooner",
		say(v, "%ssysctl -w net.ipv4.tcp_synack_retries=2", ns),
		"/etc/sysctl.d/90-syn.conf", false, "clients on bad lines need a new attempt",
		"none");
	verdict_remedy(f,
		"Limit SYNs before they reach the listener (synproxy, a limit by source), or ask "
		"the provider to filter",
		NULL, NULL, true, "configuration", "none");
}

/* Without cookies the kernel keeps the last quarter of the SYN queue for addresses that it knows, and counts what it refuses to others as drops of the
 * listener alone. What full accept queues dropped is counted there too, and left out. */
static double early_drops(const struct view *v, unsigned netns, uint32_t *ret_id)
{
	enum { HALF_OPEN_LEAST = 32, DROPS_LEAST = 10 };
	uint32_t id = view_id(v, M_LISTEN_DROPS, netns, 0);
	double all = 0, overflows = 0;
	(void)view_delta(v, id, &all);
	(void)view_delta(v, view_id(v, M_LISTEN_OVERFLOWS, netns, 0), &overflows);
	if (all - overflows < DROPS_LEAST || half_open_of(v, netns).count < HALF_OPEN_LEAST)
		return 0;
	*ret_id = id;
	return all - overflows;
}

void rule_tcp_syn(struct view *v, struct verdicts *out)
{
	if (!view_each(v, M_COOKIES_SENT, 0))
		verdict_unknown(out, "SyncookiesSent in /proc/net/netstat");
	for (uint32_t id = view_each(v, M_COOKIES_SENT, 0); id;
		id = view_each(v, M_COOKIES_SENT, id)) {
		unsigned netns = series_row(v->series, id)->netns;
		double sent = 0, dropped = 0, back = 0;
		uint32_t drops = view_id(v, M_SYN_QFULL_DROP, netns, 0);
		(void)view_delta(v, id, &sent);
		(void)view_delta(v, drops, &dropped);
		(void)view_delta(v, view_id(v, M_COOKIES_RECV, netns, 0), &back);
		if (sent <= 0 && dropped <= 0)
			dropped = early_drops(v, netns, &drops);
		unsigned steps = view_steps_growing(v, id, 1), d = view_steps_growing(v, drops, 1);
		steps = d > steps ? d : steps;
		if (steps >= 2 && (dropped > 0 || back * 2 < sent))
			syn_verdict(v, out, netns, sent, dropped, back, steps);
	}
}
