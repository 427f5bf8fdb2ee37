/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for UDP: there is no window, so what finds no room is lost, and the sender does not know. */
#include "rules/verdict.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct rule_case rule_case_udp_recvq = {
	.mechanism = "Datagrams wait in the buffer of their socket until the application reads "
		     "them. When the buffer is full the next ones are dropped, "
		     "and nobody tells the sender.",
	.threshold = "The socket's own drop counter grew in at least two steps of the window and "
		     "by ten, or by a hundredth of what the namespace received; and so much was "
		     "lost in its namespace for want of room. The buffer "
		     "at least three quarters full in every sample: the application does not read "
		     "(stopped, blocked, asleep) or cannot keep up; else its "
		     "buffer is too small for the bursts that come.",
	.false_alarms = "A full looking queue without drops. Drops of long ago: the counter is of "
			"the socket's whole life. Datagrams that are damaged or that a filter of "
			"the socket refuses: they count as its drops too.",
	.confirm = "ss -uanpm 'sport = :PORT'   # Recv-Q, d<drops>; nstat -asz UdpRcvbufErrors",
	.remedy = "Let the application read (more threads, SO_REUSEPORT), limit who sends, then a "
		  "larger SO_RCVBUF and net.core.rmem_max.",
};

/* A socket over the window. */
struct inbox {
	const struct udp_socket *last;
	double dropped;
	unsigned seen, full, grew; /* samples; with a buffer nearly full; steps with drops */
	uint32_t highest;
	uint64_t since_ns;
};

static const struct udp_socket *udp_at(const struct sample *s, const struct udp_socket *like)
{
	for (uint32_t i = 0; i < s->udp_sockets.count; i++) {
		const struct udp_socket *u = &TABLE_ROWS(s->udp_sockets, struct udp_socket)[i];
		if (u->inode == like->inode && u->port == like->port && u->netns == like->netns)
			return u;
	}
	return NULL;
}

static struct inbox inbox_of(const struct view *v, const struct udp_socket *u)
{
	struct inbox b = {.last = u};
	const struct udp_socket *first = NULL, *before = NULL;
	for (unsigned i = 0; i < v->n; i++) {
		const struct udp_socket *o = udp_at(view_at(v, i), u);
		if (!o || o->stale || !o->have_drops)
			continue;
		b.seen++;
		b.full += o->buffer && o->recvq >= o->buffer / 4 * 3;
		b.highest = o->recvq > b.highest ? o->recvq : b.highest;
		if (before && o->drops != before->drops) {
			b.grew++;
			b.since_ns = b.since_ns ? b.since_ns : view_at(v, i)->real_ns;
		}
		first = first ? first : o;
		before = o;
	}
	b.dropped = first && before ? (double)(uint32_t)(before->drops - first->drops) : 0;
	return b;
}

/* Whoever is connected to the port from this machine sends to it. */
static const struct udp_socket *local_sender(const struct view *v, const struct udp_socket *to)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->udp_sockets.count; i++) {
		const struct udp_socket *u = &TABLE_ROWS(s->udp_sockets, struct udp_socket)[i];
		if (u != to && u->peer_port == to->port && u->pid && u->pid != to->pid &&
			(u->netns == to->netns || address_equal(&u->peer, &to->local)))
			return u;
	}
	return NULL;
}

static const char *doing(const struct view *v, const struct usage *u, bool *ret_idle)
{
	*ret_idle = true;
	if (u->p->state == 'T' || u->p->state == 't')
		return "is stopped (SIGSTOP, a debugger, a terminal)";
	if (u->blocked * 2 > u->samples)
		return "is blocked in the kernel (D)";
	if ((u->p->have & HAVE_DELAY) && u->first != u->p && u->p->switches == u->first->switches)
		return "slept all the time";
	*ret_idle = false;
	return u->cpu_s > 0.9 * v->seconds ? "is busy on a CPU all the time" : "runs";
}

static void udp_culprits(struct view *v, struct verdict *f, const struct inbox *b,
	const struct usage *owner, const char *name, double received)
{
	const struct udp_socket *u = b->last, *sender = local_sender(v, u);
	bool idle = false, full = b->full * 4 >= b->seen * 3;
	const char *does = owner ? doing(v, owner, &idle) : "is not known";
	double rate = received / v->seconds, lost = b->dropped / v->seconds;
	struct who flood = {"traffic", say(v, "datagrams to port %u", u->port), 0, -1,
		say(v, "%.0f a second are lost, %.0f a second were read", lost, rate)};
	if (sender) {
		const struct usage *s = view_usage(v, sender->pid);
		if (s)
			flood = (struct who){"process", who_name(v, s->p), sender->pid, -1,
				say(v, "is connected to port %u and sends", u->port)};
	}
	struct who reader = {"process", name, u->pid, -1,
		idle   ? say(v, "%s", does)
		: full ? say(v, "%s (%.0f %% of a CPU) and does not keep up", does,
				 owner ? 100 * owner->cpu_s / v->seconds : 0)
		       : say(v,
				 "reads in time between bursts; its buffer of %u bytes is too "
				 "small for them",
				 u->buffer)};
	/* More is lost than a process that works all the time can read: whoever sends is to blame. */
	bool flooded = owner && full && !idle && owner->cpu_s > 0.9 * v->seconds && lost > rate;
	if (owner && !flooded)
		f->culprits[f->nculprits++] = reader;
	f->culprits[f->nculprits++] = flood;
	if (owner && flooded)
		f->culprits[f->nculprits++] = reader;
}

/* A socket drops what is damaged or filtered as well: for want of room it dropped no more than its namespace counts. */
static double for_want_of_room(const struct view *v, unsigned netns, double dropped)
{
	static const enum metric counters[] = {
		M_UDP_RCVBUF_ERRORS, M_UDP_MEM_ERRORS, M_UDP6_RCVBUF_ERRORS, M_UDP6_MEM_ERRORS};
	double sum = 0, d;
	if (!view_delta(v, view_id(v, M_UDP_RCVBUF_ERRORS, netns, 0), &d))
		return dropped;
	for (size_t i = 0; i < COUNTOF(counters); i++)
		if (view_delta(v, view_id(v, counters[i], netns, 0), &d) && d > 0)
			sum += d;
	return dropped < sum ? dropped : sum;
}

static void udp_verdict(struct view *v, struct verdicts *out, const struct udp_socket *u)
{
	enum { FEW_LOST = 10 }; /* nobody notices */
	double received = 0, received6 = 0;
	if (!u->have_drops || u->drops == 0)
		return;
	struct inbox b = inbox_of(v, u);
	(void)view_delta(v, view_id(v, M_UDP_IN, u->netns, 0), &received);
	(void)view_delta(v, view_id(v, M_UDP6_IN, u->netns, 0), &received6);
	received += received6;
	b.dropped = for_want_of_room(v, u->netns, b.dropped);
	bool few = b.grew < 2 || b.dropped < FEW_LOST;
	if (b.dropped <= 0 || (few && b.dropped * 100 < received + b.dropped))
		return;
	char port[8], t[32];
	(void)snprintf(port, sizeof port, "%u", u->port);
	struct verdict *f = verdict_new(v, out, SEVERITY_WARNING, STATE_EXHAUSTED, port);
	if (!f)
		return;
	const struct usage *owner = u->pid ? view_usage(v, u->pid) : NULL;
	const char *name = owner ? who_name(v, owner->p) : say(v, "the owner of port %u", u->port);
	const char *ns = in_netns(v, u->netns);
	f->netns = u->netns;
	f->pid = u->pid;
	f->port = u->port;
	f->peer_netns = u->netns;
	f->used = b.highest;
	f->limit = u->buffer ? (double)u->buffer : -1;
	f->refused = b.dropped;
	f->since_ns = b.since_ns ? b.since_ns : f->since_ns;
	if (owner && (owner->p->have & HAVE_CGROUP))
		f->cgroup = owner->p->cgroup;
	udp_culprits(v, f, &b, owner, name, received);
	f->title = say(v, "Datagrams to port %u are lost: %s", u->port,
		b.full * 4 >= b.seen * 3 ? say(v, "%s does not read them in time", name)
					 : "its buffer is too small for the bursts");
	verdict_victim(f, "server", name, u->pid,
		say(v, "%.0f datagrams lost in %.0f s", b.dropped, v->seconds));
	verdict_evidence(f,
		say(v, "the socket dropped %.0f datagrams in %.0f s, in %u steps", b.dropped,
			v->seconds, b.grew),
		M_UDP_RCVBUF_ERRORS, b.dropped, 0,
		say(v, "%sss -uanpm 'sport = :%u'   # d...: drops; %snstat -asz UdpRcvbufErrors",
			ns, u->port, ns));
	verdict_evidence(f,
		say(v, "at most %s of %u bytes waited; three quarters and more in %u of %u samples",
			text_bytes(t, b.highest), u->buffer, b.full, b.seen),
		-1, b.highest, f->limit, say(v, "%sss -uan 'sport = :%u'   # Recv-Q", ns, u->port));
	if (owner)
		verdict_evidence(f,
			say(v, "%s (pid %" PRId32 ") used %.0f %% of a CPU", name, u->pid,
				100 * owner->cpu_s / v->seconds),
			-1, owner->cpu_s / v->seconds, -1,
			say(v, "grep State /proc/%" PRId32 "/status; top -b -n 1 -p %" PRId32,
				u->pid, u->pid));
	if (owner && (owner->p->state == 'T' || owner->p->state == 't'))
		verdict_remedy(f, say(v, "Let %s go on", name),
			say(v, "kill -CONT %" PRId32, u->pid), NULL, false, "none",
			"somebody may have stopped it on purpose");
	verdict_remedy(f,
		"Let the application read faster: more threads or processes on the port "
		"(SO_REUSEPORT), less work for each datagram",
		NULL, NULL, true, "work on the application", "none");
	verdict_remedy(f, "Limit who sends: at the sender, or in the firewall by source",
		say(v,
			"%snft add rule inet FILTER INPUT udp dport %u limit rate over "
			"10000/second drop",
			ns, u->port),
		"/etc/nftables.conf", false, "what is beyond the limit is lost, sooner", "none");
	verdict_remedy(f,
		"A larger buffer for bursts: SO_RCVBUF of the application, and what it may ask for",
		"sysctl -w net.core.rmem_max=8388608", "/etc/sysctl.d/90-udp.conf", false, "memory",
		"helps against bursts alone");
}

void rule_udp_recvq(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->udp_sockets.count; i++)
		udp_verdict(v, out, &TABLE_ROWS(s->udp_sockets, struct udp_socket)[i]);
}

/* ---- memory of all sockets ---- */

const struct rule_case rule_case_udp_memory = {
	.mechanism = "All UDP sockets together use as much memory as udp_mem allows: datagrams to "
		     "every socket are dropped, while the machine may have "
		     "gigabytes free.",
	.threshold = "Datagrams were dropped for lack of memory (MemErrors) while at least half of "
		     "the third value of udp_mem was used, or all of it is. New kernels do not "
		     "count them all: then the first value, from which on a socket gets "
		     "no more than a page, is used, and sockets with room in their buffers dropped "
		     "ten and more. A steady line to the third from above half is a forecast.",
	.false_alarms = "Drops because the buffer of one socket is full (udp.recvq), or because a "
			"control group has no memory left (cgroup.memory).",
	.confirm = "grep UDP: /proc/net/sockstat; sysctl net.ipv4.udp_mem; nstat -asz UdpMemErrors",
	.remedy = "Find the sockets with the longest queues and why they are not read; raise "
		  "udp_mem.",
};

static size_t fullest(struct view *v, struct who *out, size_t max, double all)
{
	const struct sample *s = view_last(v);
	const struct udp_socket *most = NULL;
	for (uint32_t i = 0; i < s->udp_sockets.count; i++) {
		const struct udp_socket *u = &TABLE_ROWS(s->udp_sockets, struct udp_socket)[i];
		if (u->recvq && u->pid && (!most || u->recvq > most->recvq))
			most = u;
	}
	const struct usage *owner = most ? view_usage(v, most->pid) : NULL;
	char b[32];
	if (!owner || max == 0)
		return 0;
	out[0] = (struct who){"process", who_name(v, owner->p), most->pid,
		all > 0 ? most->recvq / all : -1,
		say(v, "%s wait unread at port %u", text_bytes(b, most->recvq), most->port)};
	return 1;
}

/* Datagrams that sockets dropped which had room for them. */
static double dropped_with_room(const struct view *v)
{
	const struct sample *s = view_last(v);
	double sum = 0;
	for (uint32_t i = 0; i < s->udp_sockets.count; i++) {
		const struct udp_socket *u = &TABLE_ROWS(s->udp_sockets, struct udp_socket)[i];
		struct inbox b = u->drops && u->recvq ? inbox_of(v, u) : (struct inbox){0};
		if (b.grew && !b.full && b.last->buffer)
			sum += b.dropped;
	}
	return sum;
}

void rule_udp_memory(struct view *v, struct verdicts *out)
{
	double used, limit, errors = 0, d;
	uint32_t id = view_id(v, M_UDP_MEM, 0, 0);
	if (!view_gauge(v, id, &used) || !view_gauge(v, view_id(v, M_UDP_MEM_MAX, 0, 0), &limit) ||
		limit <= 0) {
		verdict_unknown(out, "/proc/net/sockstat and udp_mem");
		return;
	}
	static const enum metric counters[] = {M_UDP_MEM_ERRORS, M_UDP6_MEM_ERRORS};
	for (size_t i = 0; i < COUNTOF(counters); i++)
		for (uint32_t c = view_each(v, counters[i], 0); c; c = view_each(v, counters[i], c))
			if (view_delta(v, c, &d))
				errors += d;
	double most = used;
	uint64_t at;
	(void)view_highest(v, id, &most, &at);
	/* Far below, it is a control group that has no memory for its sockets. */
	enum { FEW = 10 };
	double low, room = 0;
	if (view_gauge(v, view_id(v, M_UDP_MEM_LOW, 0, 0), &low) && low > 0 && used >= low)
		room = dropped_with_room(v);
	bool starved = errors <= 0 && room >= FEW,
	     full = used >= limit || (errors > 0 && most * 2 >= limit) || starved;
	if (starved) {
		errors = room;
		limit = low;
	}
	double eta = full ? -1 : forecast(v, view_trend(v, id), used, limit);
	if (!full && eta < 0)
		return;
	struct verdict *f = verdict_new(
		v, out, SEVERITY_CRITICAL, full ? STATE_EXHAUSTED : STATE_FILLING, NULL);
	if (!f)
		return;
	char a[32], b[32];
	f->used = used;
	f->limit = limit;
	f->eta_s = eta;
	f->refused = errors;
	f->nculprits = fullest(v, f->culprits, WHO_MAX, used);
	f->title = full ? "UDP has used up its memory: datagrams to every socket are dropped"
			: "UDP will have used up its memory soon";
	verdict_evidence(f,
		say(v, "%s of %s, %.0f datagrams dropped for it in %.0f s", text_bytes(a, used),
			text_bytes(b, limit), errors, v->seconds),
		M_UDP_MEM, used, limit,
		"grep UDP: /proc/net/sockstat; sysctl net.ipv4.udp_mem   # pages of 4 KiB");
	if (f->nculprits)
		verdict_remedy(f, say(v, "See why %s does not read", f->culprits[0].value),
			say(v, "timeout 5 strace -f -tt -p %" PRId32, f->culprits[0].pid), NULL,
			false, "slows it while it runs", "none");
	double more = limit / 4096 * (starved ? 2 : 1);
	verdict_remedy(f, "Raise the limit (pages of 4 KiB)",
		say(v, "sysctl -w net.ipv4.udp_mem='%.0f %.0f %.0f'", more, more * 1.5, more * 2),
		"/etc/sysctl.d/90-udp.conf", false, "memory for other things",
		"none while memory is free");
}
