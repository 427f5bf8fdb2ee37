/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for what stands in the queues of TCP connections: data that a peer does not take, data that an application does not read. A full queue
 * is how a busy sender looks as well; what counts is that nothing moves, and that somebody waits behind it. Of a connection whose two ends are both
 * on this machine the serving side speaks: its send queue and the client's receive queue are one trouble. */
#include "rules/conns.h"

#include "base/text.h"
#include "ledger/servers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	STANDING_ROWS = 128,
	DRAIN_S =
		60, /* who needs longer for what is in the queue already holds the connection beyond the usual time-outs */
	UNREAD_BYTES =
		32
		<< 10, /* beyond any request that is simply being worked on: the peer's window is closing */
};
static const double grown_bytes = 1 << 20;

/* A row whose queue stands. */
struct standing {
	struct conn_span s;
	const struct conn_group *mirror;
	unsigned conns;
	bool silent; /* the peer acknowledges nothing at all */
	bool drains; /* it takes what stands in less than DRAIN_S: slow, and no more than that */
};

static bool same_service(const struct conn_group *a, const struct conn_group *b)
{
	return a->netns == b->netns && a->port == b->port && a->outgoing == b->outgoing;
}

static bool send_stands(struct view *v, const struct conn_group *g, struct standing *ret)
{
	struct conn_span s;
	if (g->sendq == 0 || g->stale || !conn_span(v, g, &s) || s.sending < s.counts)
		return false;
	bool shut = s.closed == s.counts, silent = s.out <= 0 && s.closed == 0;
	double stands = (double)s.last->sendq;
	if (!silent && (!shut || s.out >= stands))
		return false;
	*ret = (struct standing){s, conn_mirror(v, g),
		silent ? s.last->sendq_conns : s.last->window_closed, silent,
		s.out > 0 && stands * s.seconds / s.out < DRAIN_S};
	return true;
}

static bool read_stands(struct view *v, const struct conn_group *g, struct standing *ret)
{
	struct conn_span s;
	if (g->recvq <= g->recvq_conns || g->stale || !conn_span(v, g, &s) || s.unread < s.counts)
		return false;
	if (s.read > 0 && s.unread_least * s.seconds / s.read < DRAIN_S)
		return false;
	*ret = (struct standing){s, conn_mirror(v, g), s.last->recvq_conns, false, false};
	return true;
}

/* Connections of a port that the application has. */
static double accepted(
	const struct view *v, unsigned netns, bool outgoing, uint16_t port, unsigned waiting)
{
	const struct sample *s = view_last(v);
	double n = 0;
	for (uint32_t i = 0; i < s->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		if (g->netns == netns && g->port == port && g->outgoing == outgoing)
			n += g->established + g->close_wait;
	}
	return n > waiting ? n - waiting : 0;
}

/* Requests that lie unread with a process, on any port it serves. */
static unsigned unread_requests(struct view *v, unsigned netns, int32_t pid, uint16_t port)
{
	const struct sample *s = view_last(v);
	unsigned n = 0;
	for (uint32_t i = 0; i < s->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		struct standing st;
		if (g->netns == netns && !g->outgoing && g->inode &&
			(g->port == port || (pid && g->pid == pid)) && read_stands(v, g, &st))
			n += st.conns;
	}
	return n;
}

/* Bytes by which a process grew in the window, where it grows all the time; else 0. */
static double grows(const struct view *v, int32_t pid)
{
	double t[STORE_MAX], y[STORE_MAX];
	unsigned n = 0;
	for (unsigned i = 0; pid && i < v->n; i++) {
		const struct proc *p = sample_proc(view_at(v, i), pid, 0);
		if (!p || !(p->have & HAVE_STAT))
			continue;
		t[n] = (double)(view_at(v, i)->mono_ns - view_at(v, 0)->mono_ns) / 1e9;
		y[n++] = (double)p->rss_pages * 4096;
	}
	if (n < 4)
		return 0;
	struct trend tr = trend_fit(t, y, n);
	double grown = tr.last - tr.first;
	return tr.steady && grown >= grown_bytes ? grown : 0;
}

/* ---- Send-Q ---- */

const struct rule_case rule_case_tcp_sendq = {
	.mechanism = "What an application sends stands in the kernel until the peer acknowledges "
		     "it. A peer that does not read closes its window; then "
		     "nothing moves, the queue stays as it is, and whoever wants to send more "
		     "waits: a worker in write(), or memory of a server that "
		     "keeps the rest itself.",
	.threshold = "In all counts of at least 3 s the queue holds data and the peer's window is "
		     "closed (or not one byte is acknowledged), and at the "
		     "rate of the window what it holds would take longer than a minute. And "
		     "somebody waits for it: connections in the accept queue or "
		     "unread requests while at least half of the connections of the port stand "
		     "(and the server does not say that workers are idle). Or, of who takes less "
		     "in the window than stands there: the process that sends grows by a "
		     "mebibyte and more, in nearly every step, and by about as much as each of "
		     "at least half of its other clients was sent: it sends the same to all, and "
		     "keeps it for this one.",
	.false_alarms = "A busy sender: the queue is full and drains. Viewers who paused their "
			"film, however many, and nobody waits, also while the server fills a "
			"cache: a note. Loss or a full uplink: the "
			"window is open (net.loss, net.tx).",
	.confirm = "ss -tnmoi 'sport = :PORT'   # Send-Q, timer:(persist,...), rwnd_limited, "
		   "bytes_acked",
	.remedy = "Give up on peers that take nothing (a time-out for sending), bound what is kept "
		  "for one peer, limit connections of one address.",
};

static struct who sendq_culprit(struct view *v, const struct standing *st, double all)
{
	char b[32];
	const struct conn_group *g = st->s.last;
	const struct usage *far =
		st->mirror && st->mirror->pid ? view_usage(v, st->mirror->pid) : NULL;
	const char *what = say(v, "%s on %u %s, %s%s", text_bytes(b, (double)g->sendq), st->conns,
		st->conns == 1 ? "connection" : "connections",
		st->silent ? "nothing is acknowledged" : "window closed",
		far ? say(v, "; the other end is %s (pid %" PRId32 ") of this machine",
			      who_name(v, far->p), far->p->pid)
		    : "");
	if (far && who_is_loopback(&g->peer))
		return (struct who){
			"process", who_name(v, far->p), far->p->pid, (double)g->sendq / all, what};
	return (struct who){g->outgoing ? "destination" : "peer", conn_peer(v, g),
		far ? far->p->pid : 0, (double)g->sendq / all, what};
}

static void put_culprit(struct verdict *f, struct who w)
{
	size_t at = f->nculprits < WHO_MAX ? f->nculprits++ : WHO_MAX;
	for (; at > 0 && f->culprits[at - 1].share < w.share; at--)
		if (at < WHO_MAX)
			f->culprits[at] = f->culprits[at - 1];
	if (at < WHO_MAX)
		f->culprits[at] = w;
}

static void sendq_remedies(struct view *v, struct verdict *f, const struct conn_group *g)
{
	const struct who *w = &f->culprits[0];
	const char *ns = in_netns(v, g->netns);
	bool peer = strcmp(w->kind, "peer") == 0 && g->peer_hostbits == 0;
	if (strcmp(w->kind, "process") == 0)
		verdict_remedy(f, say(v, "See why %s does not read", w->value),
			say(v, "timeout 5 strace -f -tt -p %" PRId32, w->pid), NULL, false,
			"slows it while it runs", "none");
	if (strcmp(w->kind, "process") != 0 && !strchr(w->value, '/'))
		verdict_remedy(f, say(v, "Disconnect the connections to %s", w->value),
			say(v, strchr(w->value, ':') ? "%sss -K dst '[%s]'" : "%sss -K dst %s", ns,
				w->value),
			NULL, false, "its downloads end", "needs CONFIG_INET_DIAG_DESTROY");
	verdict_remedy(f,
		"Let the application give up on a slow client after a time without progress, and "
		"bound what it keeps for one (a send time-out: "
		"nginx send_timeout, Apache Timeout, TCP_USER_TIMEOUT; Redis "
		"client-output-buffer-limit)",
		NULL, "the configuration of the application", true, "none",
		"peers on very bad lines are cut");
	if (peer)
		verdict_remedy(f, "Limit the connections of one address",
			say(v,
				"%snft add rule inet FILTER INPUT tcp dport %u ct state new ip "
				"saddr %s ct count over 20 reject",
				ns, g->port, w->value),
			"/etc/nftables.conf", false, "none",
			"a proxy with many users counts as one source");
	verdict_remedy(f,
		"Put a buffering proxy in front, or an event-driven worker model, so that slow "
		"readers hold no worker",
		NULL, NULL, true, "another hop", "none");
}

struct send_harm {
	bool waits;
	unsigned waiting, unread;
	double grown, all;
	bool held;
};

/* As the server of the port tells itself: who waits will be taken at once. */
static bool has_idle_workers(const struct view *v, unsigned netns, uint16_t port)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->servers.count; i++) {
		const struct server_book *b = &TABLE_ROWS(s->servers, struct server_book)[i];
		const struct server_pool *pool =
			b->netns == netns && b->port == port && b->status == BOOK_OK
				? server_pool_of(s, b->pid, POOL_WORKERS, 0)
				: NULL;
		if (pool && pool->idle > 0)
			return true;
	}
	return false;
}

/* What a process that sends the same to all keeps for those who do not take it: as much as it grew, where the others were sent as much each. Of one
 * that grows for another reason nothing is known. */
static double kept_of_broadcast(
	const struct view *v, const struct standing *rows, size_t n, const struct conn_group *g)
{
	enum { LISTENERS = 2 };
	const struct sample *s = view_last(v);
	double grown = grows(v, g->pid), behind = 0, took = 0, like = 0, all = 0;
	for (size_t i = 0; i < n; i++)
		if (same_service(rows[i].s.last, g)) {
			behind += rows[i].conns;
			took += rows[i].s.out;
		}
	if (grown <= 0 || behind < 1)
		return 0;
	double each = (grown + took) / behind;
	for (uint32_t i = 0; i < s->conns.count; i++) {
		const struct conn_group *o = &TABLE_ROWS(s->conns, struct conn_group)[i];
		struct conn_span span;
		bool is = false;
		for (size_t k = 0; k < n; k++)
			is = is || rows[k].s.last == o;
		if (is || !same_service(o, g) || !o->established || !conn_span(v, o, &span))
			continue;
		double sent = span.out / o->established * v->seconds / span.seconds;
		all += o->established;
		like += sent >= each / 2 && sent <= each * 2 ? o->established : 0;
	}
	return like >= LISTENERS && like * 2 >= all ? grown : 0;
}

static bool send_harm(
	struct view *v, const struct conn_group *g, unsigned conns, struct send_harm *h)
{
	h->waits = !g->outgoing && conn_waits_for_accept(v, g->netns, g->port, &h->waiting) &&
		   !has_idle_workers(v, g->netns, g->port);
	h->all = accepted(v, g->netns, g->outgoing, g->port, h->waiting);
	h->held = (double)conns * 2 >= h->all;
	h->unread = unread_requests(v, g->netns, g->pid, g->outgoing ? 0 : g->port);
	h->unread = h->unread > h->waiting ? h->unread - h->waiting : 0;
	return (h->held && (h->waits || h->unread)) || h->grown > 0;
}

/* Who is slow, and no more than that, does harm where the rest is kept for him. */
static bool tells(const struct standing *row, const struct conn_group *g, const struct send_harm *h)
{
	return same_service(row->s.last, g) && (!row->drains || h->grown > 0);
}

static void sendq_verdict(struct view *v, struct verdicts *out, const struct standing *rows,
	size_t n, const struct standing *most)
{
	const struct conn_group *g = most->s.last;
	struct send_harm h = {.grown = kept_of_broadcast(v, rows, n, g)};
	double bytes = 0;
	unsigned conns = 0;
	char port[8], b[32], b2[32];
	(void)snprintf(port, sizeof port, "%u", g->port);
	most = NULL;
	for (size_t i = 0; i < n; i++)
		if (tells(&rows[i], g, &h)) {
			bytes += (double)rows[i].s.last->sendq;
			conns += rows[i].conns;
			if (!most || rows[i].s.last->sendq > most->s.last->sendq)
				most = &rows[i];
		}
	if (!most)
		return;
	g = most->s.last;
	bool harm = send_harm(v, g, conns, &h);
	struct verdict *f = verdict_new(v, out,
		!harm     ? SEVERITY_NOTICE
		: h.waits ? SEVERITY_CRITICAL
			  : SEVERITY_WARNING,
		harm ? STATE_SATURATED : STATE_NOTE, port);
	if (!f)
		return;
	const struct usage *owner = g->pid ? view_usage(v, g->pid) : NULL;
	const char *name = owner ? who_name(v, owner->p) : say(v, "port %u", g->port);
	const char *ns = in_netns(v, g->netns);
	f->netns = g->netns;
	f->port = g->port;
	f->pid = g->pid;
	f->used = bytes;
	f->since_ns = most->s.since_ns;
	f->peer_netns = most->mirror ? most->mirror->netns : g->netns;
	for (size_t i = 0; i < n; i++)
		if (tells(&rows[i], g, &h))
			put_culprit(f, sendq_culprit(v, &rows[i], bytes));
	f->title = say(v, "%s %s not take what %s sends: %s stand in %u %s", f->culprits[0].value,
		f->nculprits > 1 ? "and others do" : "does", name, text_bytes(b, bytes), conns,
		conns == 1 ? "connection" : "connections");
	if (harm)
		verdict_victim(f, "server", name, g->pid,
			h.grown > 0 ? say(v, "keeps what is not taken: %s more memory in %.0f s",
					      text_bytes(b2, h.grown), v->seconds)
			: h.waits
				? say(v, "%u connections wait to be accepted meanwhile", h.waiting)
			: h.unread ? say(v, "%u requests lie unread meanwhile", h.unread)
				   : say(v, "%u of its %.0f connections are held", conns, h.all));
	verdict_evidence(f,
		say(v,
			"%s in send queues in each of %u counts, %.0f bytes acknowledged in %.0f "
			"s; %s",
			text_bytes(b, bytes), most->s.counts, most->s.out, most->s.seconds,
			most->silent ? "the peer answers nothing" : "the peer's window is closed"),
		-1, bytes, -1,
		say(v, "%sss -tnmoi '%s = :%u'   # Send-Q, timer:(persist", ns,
			g->outgoing ? "dport" : "sport", g->port));
	if (h.waits)
		verdict_evidence(f,
			say(v, "%u connections wait in the accept queue of port %u", h.waiting,
				g->port),
			-1, h.waiting, -1, say(v, "%sss -ltn 'sport = :%u'", ns, g->port));
	if (h.grown > 0)
		verdict_evidence(f,
			say(v, "%s (pid %" PRId32 ") grew by %s in %.0f s", name, g->pid,
				text_bytes(b2, h.grown), v->seconds),
			-1, h.grown, -1, say(v, "grep VmRSS /proc/%" PRId32 "/status", g->pid));
	sendq_remedies(v, f, g);
}

/* Which of these is the first of its service? */
static bool first_of_service(const struct standing *rows, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_service(rows[k].s.last, rows[i].s.last))
			return false;
	return true;
}

/* What stands: of what is sent, or of what is not read. */
struct direction {
	bool unread;
	bool (*stands)(struct view *v, const struct conn_group *g, struct standing *ret);
	void (*judge)(struct view *v, struct verdicts *out, const struct standing *rows, size_t n,
		const struct standing *most);
};

/* Of the rows of one service, the first of which is `at`, the one with most in its queue. */
static const struct standing *fullest(
	const struct standing *rows, size_t n, size_t at, const struct direction *d)
{
	const struct standing *most = &rows[at];
	for (size_t k = at + 1; k < n; k++) {
		const struct conn_group *a = rows[k].s.last, *b = most->s.last;
		if (same_service(a, b) && (d->unread ? a->recvq > b->recvq : a->sendq > b->sendq))
			most = &rows[k];
	}
	return most;
}

/* Judges each service once. What a client on this machine sends to a server on it, or does not read of it, the server tells, by the other rule. */
static void each_service(struct view *v, struct verdicts *out, const struct direction *d)
{
	struct standing *rows = arena_alloc(&v->scratch, STANDING_ROWS * sizeof *rows);
	const struct sample *s = view_last(v);
	size_t n = 0;
	if (!s->have_conns || !rows) {
		verdict_unknown(out, "connections");
		return;
	}
	for (uint32_t i = 0; i < s->conns.count && n < STANDING_ROWS; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		if (d->stands(v, g, &rows[n]) && !(g->outgoing && rows[n].mirror))
			n++;
	}
	for (size_t i = 0; i < n; i++)
		if (first_of_service(rows, i))
			d->judge(v, out, rows, n, fullest(rows, n, i, d));
}

void rule_tcp_sendq(struct view *v, struct verdicts *out)
{
	static const struct direction sent = {false, send_stands, sendq_verdict};
	each_service(v, out, &sent);
}

/* ---- Recv-Q ---- */

const struct rule_case rule_case_tcp_recvq = {
	.mechanism = "What arrives stands in the kernel until the application reads it. One that "
		     "does not read (stopped, stuck, blocked, or busy with "
		     "something else) lets the queue fill; then the kernel closes the window, and "
		     "the peer waits.",
	.threshold = "In all counts of at least 3 s data lies unread, and at the rate of the "
		     "window reading the least of it would take longer than "
		     "a minute. 32 KiB of one connection and more; or less where the process is "
		     "stopped, or is blocked or busy on a CPU "
		     "while two connections and more wait for it, or where nothing at all was "
		     "read of eight connections and more, at least half of those that it "
		     "accepted on the port.",
	.false_alarms =
		"A burst that is read a second later. Requests that wait to be accepted "
		"(tcp.listen). A single byte for each connection is its end. "
		"What a local client does not read of its server hurts that client alone: a note.",
	.confirm = "ss -tnp 'sport = :PORT'   # Recv-Q; grep State /proc/PID/status; nstat -asz "
		   "TcpExtTCPToZeroWindowAdv",
	.remedy = "Make the application read again: see what it waits for, continue or restart it; "
		  "more threads; smaller receive buffers tell the peer sooner.",
};

enum reader_state { READER_RUNS, READER_STOPPED, READER_BLOCKED, READER_BUSY, READER_SLEEPS };

static enum reader_state reader_state(const struct view *v, const struct usage *u)
{
	if (u->p->state == 'T' || u->p->state == 't')
		return READER_STOPPED;
	if (u->blocked * 2 > u->samples)
		return READER_BLOCKED;
	if (u->cpu_s > 0.9 * v->seconds)
		return READER_BUSY;
	if ((u->p->have & HAVE_DELAY) && u->first != u->p && u->p->switches == u->first->switches)
		return READER_SLEEPS;
	return READER_RUNS;
}

static const char *const reader_does[] = {
	[READER_RUNS] = "runs, but does not read these connections",
	[READER_STOPPED] = "is stopped (SIGSTOP, a debugger, a terminal)",
	[READER_BLOCKED] = "is blocked in the kernel (D)",
	[READER_BUSY] = "is busy on a CPU all the time",
	[READER_SLEEPS] = "slept all the time",
};

/* Nothing was read of so many, and they are most: who should read waits for something itself, however small their requests are. */
static bool nothing_is_read(struct view *v, const struct standing *rows, size_t n,
	const struct conn_group *g, unsigned waiting)
{
	enum { MANY = 8 };
	unsigned conns = 0;
	for (size_t i = 0; i < n; i++)
		if (same_service(rows[i].s.last, g) && rows[i].s.read <= 0)
			conns += rows[i].conns;
	return !g->outgoing && conns >= MANY &&
	       conns * 2 >= accepted(v, g->netns, g->outgoing, g->port, waiting);
}

static bool unread_hurts(const struct standing *st, enum reader_state state, unsigned conns)
{
	return st->s.last->recvq_max >= UNREAD_BYTES || state == READER_STOPPED ||
	       ((state == READER_BLOCKED || state == READER_BUSY) && conns >= 2);
}

static void recvq_verdict(struct view *v, struct verdicts *out, const struct standing *rows,
	size_t n, const struct standing *most)
{
	const struct conn_group *g = most->s.last;
	const struct usage *owner = g->pid ? view_usage(v, g->pid) : NULL;
	enum reader_state state = owner ? reader_state(v, owner) : READER_RUNS;
	double bytes = 0;
	unsigned conns = 0, waiting = 0;
	char port[8], b[32];
	(void)snprintf(port, sizeof port, "%u", g->port);
	for (size_t i = 0; i < n; i++)
		if (same_service(rows[i].s.last, g)) {
			bytes += (double)rows[i].s.last->recvq;
			conns += rows[i].conns;
		}
	if (!g->outgoing)
		(void)conn_waits_for_accept(v, g->netns, g->port, &waiting);
	if ((!unread_hurts(most, state, conns) && !nothing_is_read(v, rows, n, g, waiting)) ||
		conns <= waiting)
		return;
	struct verdict *f = verdict_new(v, out, g->outgoing ? SEVERITY_NOTICE : SEVERITY_WARNING,
		g->outgoing ? STATE_NOTE : STATE_SATURATED, port);
	if (!f)
		return;
	const char *name = owner ? who_name(v, owner->p) : say(v, "the owner of port %u", g->port);
	const char *ns = in_netns(v, g->netns);
	f->netns = g->netns;
	f->port = g->port;
	f->pid = g->pid;
	f->used = bytes;
	f->since_ns = most->s.since_ns;
	f->peer_netns = most->mirror ? most->mirror->netns : g->netns;
	if (owner && (owner->p->have & HAVE_CGROUP))
		f->cgroup = owner->p->cgroup;
	if (owner)
		f->culprits[f->nculprits++] = (struct who){"process", name, g->pid, 1,
			say(v, "%s (%.0f %% of a CPU)", reader_does[state],
				100 * owner->cpu_s / v->seconds)};
	f->title = say(v, "%s does not read: %s stand unread in %u %s of port %u", name,
		text_bytes(b, bytes), conns, conns == 1 ? "connection" : "connections", g->port);
	verdict_victim(f, g->outgoing ? "destination" : "peer", conn_peer(v, g), 0,
		"waits until its data is read");
	verdict_evidence(f,
		say(v, "unread in each of %u counts, %.0f bytes read in %.0f s", most->s.counts,
			most->s.read > 0 ? most->s.read : 0, most->s.seconds),
		-1, bytes, -1,
		say(v, "%sss -tnp '%s = :%u'   # Recv-Q", ns, g->outgoing ? "dport" : "sport",
			g->port));
	double closed;
	if (view_delta(v, view_id(v, M_TO_ZERO_WINDOW, g->netns, 0), &closed) && closed > 0)
		verdict_evidence(f,
			say(v, "windows were closed %.0f times in %.0f s", closed, v->seconds),
			M_TO_ZERO_WINDOW, closed, -1,
			say(v, "%snstat -asz TcpExtTCPToZeroWindowAdv", ns));
	if (owner)
		verdict_evidence(f,
			say(v, "%s (pid %" PRId32 ") %s", name, g->pid, f->culprits[0].why), -1,
			owner->cpu_s / v->seconds, -1,
			say(v,
				"grep State /proc/%" PRId32 "/status; cat /proc/%" PRId32
				"/wchan; top -b -n 1 -p %" PRId32,
				g->pid, g->pid, g->pid));
	if (owner && state == READER_STOPPED)
		verdict_remedy(f, say(v, "Let %s go on", name),
			say(v, "kill -CONT %" PRId32, g->pid), NULL, false, "none",
			"somebody may have stopped it on purpose");
	if (owner && state != READER_STOPPED)
		verdict_remedy(f, say(v, "See what %s waits for", name),
			say(v, "timeout 5 strace -f -tt -p %" PRId32, g->pid), NULL, false,
			"slows it while it runs", "none");
	if (owner)
		verdict_remedy(f, say(v, "Restart %s if it hangs", name),
			restart_command(v, g->pid), NULL, false, "running requests are cut",
			"none");
	verdict_remedy(f,
		"Read in a thread or event loop of its own, so that slow work does not stop "
		"reading",
		NULL, NULL, true, "work on the application", "none");
}

/* Without an inode nobody has accepted it. */
static bool accepted_stands(struct view *v, const struct conn_group *g, struct standing *ret)
{
	return g->inode && read_stands(v, g, ret);
}

void rule_tcp_recvq(struct view *v, struct verdicts *out)
{
	static const struct direction unread = {true, accepted_stands, recvq_verdict};
	each_service(v, out, &unread);
}
