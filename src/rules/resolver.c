/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for nameservers. Who waits for one shows as a UDP socket connected to its port 53 that outlives a sample; whether it is the nameserver that is late, and
 * not one name somewhere, a question to it tells whose answer every resolver has at hand (books/dns.c). */
#include "rules/verdict.h"

#include "base/text.h"
#include "ledger/servers.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	DNS_PORT = 53,
	SLOW_US = 250000, /* for an answer that is at hand: round the world and back */
	WAITERS = 32,
	WAITS_LEAST = 2,
};

static const double MOSTLY =
	0.8; /* of the places for questions are taken: BIND drops from nine tenths on */

const struct rule_case rule_case_dns_slow = {
	.mechanism = "A program that looks up a name waits in the C library until the nameserver "
		     "answers: 5 s for the first one of resolv.conf, then the next. Whatever the "
		     "program does for others waits with it: logins, requests to backends, mail.",
	.threshold =
		"A process waits for the nameserver from one sample to the next (a UDP socket "
		"connected to its port 53), twice in the window, and a question of ours "
		"whose answer every resolver has at hand (the servers of the root) took it longer "
		"than 250 ms, or was not answered within 500 ms; or that one was answered, and "
		"twice not the one for IPv6 addresses of the root (AAAA), to which \"there are "
		"none\" would do. It is asked only then, once in "
		"ten "
		"seconds, and only if it stands in resolv.conf.",
	.false_alarms = "Names whose own servers do not answer: the nameserver answers us at once. "
			"Resolvers that keep their sockets open.",
	.confirm = "ss -uanp 'dport = :53'; timeout 5 getent ahosts localhost.localdomain; cat "
		   "/etc/resolv.conf",
	.remedy = "Another nameserver in resolv.conf, or a cache on the machine (unbound, "
		  "systemd-resolved); options timeout:1 attempts:2; see what the nameserver lacks.",
};

struct waiter {
	uint32_t inode;
	int32_t pid;
	unsigned steps;
};

struct waits {
	struct waiter rows[WAITERS];
	size_t n;
	unsigned total;
	uint64_t since_ns;
};

/* Did it ask already in the sample before? */
static bool asked_before(const struct sample *before, const struct udp_socket *u, uint32_t guess)
{
	const struct udp_socket *o = sample_udp_near(before, u, guess);
	return o && o->peer_port == DNS_PORT;
}

static void add_waiter(struct waits *w, const struct udp_socket *u)
{
	w->total++;
	for (size_t i = 0; i < w->n; i++)
		if (w->rows[i].inode == u->inode) {
			w->rows[i].steps++;
			w->rows[i].pid = u->pid ? u->pid : w->rows[i].pid;
			return;
		}
	if (w->n < WAITERS)
		w->rows[w->n++] = (struct waiter){u->inode, u->pid, 1};
}

static void find_waits(
	const struct view *v, unsigned netns, const struct address *server, struct waits *w)
{
	for (unsigned k = 1; k < v->n; k++) {
		const struct sample *s = view_at(v, k), *before = view_at(v, k - 1);
		for (uint32_t i = 0; i < s->udp_sockets.count; i++) {
			const struct udp_socket *u =
				&TABLE_ROWS(s->udp_sockets, struct udp_socket)[i];
			const struct usage *owner = u->pid ? view_usage(v, u->pid) : NULL;
			if (u->netns != netns || u->peer_port != DNS_PORT || u->stale ||
				!address_equal(&u->peer, server) || (owner && owner->p->self) ||
				!asked_before(before, u, i))
				continue;
			add_waiter(w, u);
			if (!w->since_ns)
				w->since_ns = before->real_ns;
		}
	}
}

/* The process of this machine that answers there, 0: none is seen. */
static int32_t owner_of(const struct view *v, unsigned netns, const struct address *server)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->udp_sockets.count; i++) {
		const struct udp_socket *u = &TABLE_ROWS(s->udp_sockets, struct udp_socket)[i];
		bool here = u->netns == netns && who_is_loopback(server);
		if (u->port == DNS_PORT && !u->peer_port && u->pid &&
			(here || address_equal(&u->local, server)))
			return u->pid;
	}
	return 0;
}

/* A nameserver that another one asks, and how many of its questions there waited from one sample to the next. */
struct upstream {
	struct address address;
	unsigned waits;
};

/* What a nameserver asks itself and waits for, as others wait for it: questions that were sent on and not answered. Fills the one it waits for most;
 * returns how many it waited for in all. */
static unsigned waits_itself(const struct view *v, int32_t pid, struct upstream *ret)
{
	struct upstream rows[WAITERS];
	size_t n = 0;
	unsigned total = 0;
	*ret = (struct upstream){0};
	for (unsigned k = 1; k < v->n; k++) {
		const struct sample *s = view_at(v, k), *before = view_at(v, k - 1);
		for (uint32_t i = 0; i < s->udp_sockets.count; i++) {
			const struct udp_socket *u =
				&TABLE_ROWS(s->udp_sockets, struct udp_socket)[i];
			size_t at = 0;
			/* An answer that it does not read came in time. */
			if (u->pid != pid || u->peer_port != DNS_PORT || u->stale || u->recvq ||
				who_is_loopback(&u->peer) || !asked_before(before, u, i))
				continue;
			total++;
			while (at < n && !address_equal(&rows[at].address, &u->peer))
				at++;
			if (at == WAITERS)
				continue;
			if (at == n)
				rows[n++] = (struct upstream){.address = u->peer};
			if (++rows[at].waits > ret->waits)
				*ret = rows[at];
		}
	}
	return total;
}

static bool asks_itself(const struct view *v, int32_t pid, struct upstream *ret)
{
	return pid && !who_is_stopped(v, pid) && waits_itself(v, pid, ret) >= WAITS_LEAST;
}

static void name_waiters(struct view *v, struct verdict *f, const struct waits *w)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct usage *u = w->rows[i].pid ? view_usage(v, w->rows[i].pid) : NULL;
		bool again = false;
		for (size_t k = 0; u && k < f->nvictims; k++)
			again = again || f->victims[k].pid == u->p->pid;
		if (u && !again)
			verdict_victim(f, "process", who_name(v, u->p), u->p->pid,
				"waits for answers to its questions");
	}
}

/* Does it answer us, but not what is asked for IPv6 addresses? */
static bool drops_aaaa(const struct view *v, const struct server_pool *of, const char *address)
{
	static const char prefix[] = "dns-aaaa/";
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->pools.count; i++) {
		const struct server_pool *p = &TABLE_ROWS(s->pools, struct server_pool)[i];
		const char *name = intern_text(&v->series->names, p->name);
		if (p->server == of->server && p->up == 2 &&
			strncmp(name, prefix, sizeof prefix - 1) == 0 &&
			strcmp(name + sizeof prefix - 1, address) == 0)
			return true;
	}
	return false;
}

static void judge(struct view *v, struct verdicts *out, const struct server_pool *p,
	const struct address *server, const char *address)
{
	struct waits w = {0};
	bool silent = p->up == 2 && p->time_us == 0,
	     partly = !silent && p->time_us < SLOW_US && drops_aaaa(v, p, address);
	if (!silent && !partly && p->time_us < SLOW_US)
		return;
	find_waits(v, p->netns, server, &w);
	if (w.total < WAITS_LEAST)
		return;
	struct verdict *f = verdict_new(v, out, SEVERITY_WARNING,
		silent || partly ? STATE_STALLED : STATE_SATURATED, address);
	if (!f)
		return;
	const char *ns = in_netns(v, p->netns), *at = who_end(v, address, DNS_PORT);
	int32_t pid = owner_of(v, p->netns, server);
	const struct usage *u = pid ? view_usage(v, pid) : NULL;
	f->netns = p->netns;
	f->pid = u ? pid : 0;
	f->used = silent || partly ? 0.5 : (double)p->time_us / 1e6;
	f->since_ns = w.since_ns;
	f->title = silent   ? say(v,
				      "The nameserver %s does not answer within 500 ms: programs "
					"wait for names",
				      address)
		   : partly ? say(v,
				      "The nameserver %s does not answer questions for IPv6 "
				      "addresses (AAAA): programs wait for names",
				      address)
			    : say(v,
				      "The nameserver %s takes %" PRIu64
				      " ms for an answer that is at hand: programs wait for names",
				      address, p->time_us / 1000);
	const char *why = silent   ? "does not answer"
			  : partly ? "answers, but no question for IPv6 addresses (AAAA)"
				   : "answers late";
	struct upstream asked;
	if (u && !partly && asks_itself(v, pid, &asked)) {
		char peer[48];
		const char *to = who_end(v, address_text(peer, &asked.address), DNS_PORT);
		f->culprits[f->nculprits++] = (struct who){"destination", to, 0, -1,
			say(v, "%s as %s passes questions on to it, and waits", who_name(v, u->p),
				address)};
		verdict_evidence(f,
			say(v, "%s itself waits for an answer of %s from one second to the next",
				who_name(v, u->p), to),
			-1, -1, -1, say(v, "%sss -uanp 'dst %s'", ns, to));
	}
	f->culprits[f->nculprits++] = u ? (struct who){"process", who_name(v, u->p), pid, -1,
						  say(v, "%s as %s", why, address)}
					: (struct who){"destination", at, 0, -1, why};
	name_waiters(v, f, &w);
	verdict_evidence(f,
		say(v, "%zu %s waited for it from one second to the next, %u times in %.0f s", w.n,
			w.n == 1 ? "question" : "questions", w.total, v->seconds),
		-1, w.total, -1, say(v, "%sss -uanp 'dport = :53'", ns));
	verdict_evidence(f,
		silent   ? "a question for the servers of the root was not answered in 500 ms"
		: partly ? say(v,
				   "a question for the servers of the root took %" PRIu64
				   " ms; one for its IPv6 addresses was not answered in 500 ms, "
				   "twice",
				   p->time_us / 1000)
			 : say(v, "a question for the servers of the root took %" PRIu64 " ms",
				   p->time_us / 1000),
		-1, f->used, -1,
		say(v, "%ssh -c 'time getent ahosts localhost.localdomain'; cat /etc/resolv.conf",
			ns));
	if (partly)
		verdict_remedy(f,
			"See what between drops questions of that type (a firewall, an old "
			"forwarder); until then ask for IPv4 addresses alone",
			NULL, "/etc/resolv.conf: options no-aaaa", true, "none",
			"hosts with IPv6 addresses alone are not found; needs glibc 2.36");
	verdict_remedy(f, "Name another nameserver first in resolv.conf, and give up sooner", NULL,
		"/etc/resolv.conf: options timeout:1 attempts:2 rotate", true, "none",
		"names that only this one knows are not found");
	verdict_remedy(f,
		"Keep answers on this machine: a cache such as unbound or systemd-resolved", NULL,
		NULL, true, "some memory", "none");
	if (u)
		verdict_remedy(f, say(v, "See what %s waits for", who_name(v, u->p)),
			say(v, "timeout 5 strace -f -tt -p %" PRId32, pid), NULL, false,
			"slows it while it runs", "none");
}

static bool address_named(const char *text, struct address *ret)
{
	*ret = (struct address){.family = strchr(text, ':') ? AF_INET6 : AF_INET};
	return inet_pton(ret->family, text, ret->bytes) == 1;
}

void rule_dns_slow(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->pools.count; i++) {
		const struct server_pool *p = &TABLE_ROWS(s->pools, struct server_pool)[i];
		const struct server_book *b = server_book_of(s, p->server);
		const char *name = intern_text(&v->series->names, p->name);
		struct address server;
		if (b && strcmp(server_kind(v, b), "dns") == 0 && strncmp(name, "dns/", 4) == 0 &&
			address_named(name + 4, &server))
			judge(v, out, p, &server, name + 4);
	}
}

/* ---- a nameserver that has no room for further questions ---- */

const struct rule_case rule_case_dns_full = {
	.mechanism =
		"A nameserver that asks others for the answer keeps each question until it has "
		"one, and may keep so many (num-queries-per-thread of Unbound, "
		"recursive-clients of BIND). Where answers come late, or more is asked than "
		"others answer, these places are taken, and questions are dropped, the oldest "
		"ones or further ones: who asked waits until it gives up (Unbound), or is "
		"told that it failed (BIND).",
	.threshold =
		"Its own statistics tell that questions were dropped for want of room, at least "
		"one a second, and that four fifths of its places are taken, or of those of one "
		"thread, as far as it is known how many there are. The culprit is the "
		"nameserver to which at least half of the questions went that wait from one "
		"second to the next, where these take a quarter of the places; where they went "
		"to many, those who ask.",
	.false_alarms =
		"Many questions under way, none of which is dropped: after a start the cache "
		"is empty. A moment in which some were dropped. Nameservers that are asked by "
		"TCP, TLS or at another port than 53 are not seen: then only the one that has no "
		"room is named.",
	.confirm = "unbound-control stats_noreset | grep -E 'requestlist|recursion.time'; rndc "
		   "recursing && tail /var/cache/bind/named.recursing",
	.remedy = "Another nameserver in place of the one that answers late; answers from the "
		  "cache meanwhile (serve-expired, stale-answer-enable); a limit for each client.",
};

static double growth(const struct view *v, int32_t pid, const char *name)
{
	double d = 0;
	return server_number_growth(v, pid, name, &d) && d > 0 ? d : 0;
}

/* What is known of a full one. */
struct full {
	const struct server_book *b;
	const struct server_pool *p;
	const char *name;
	double lost, asked, span; /* questions between two looks, seconds between them */
	struct upstream up;       /* whom it waits for most */
	unsigned waits;           /* for all of these together */
	const char *to;           /* address of the one that is to blame, or NULL */
};

/* Counters that somebody sets to zero (unbound-control stats) begin anew. */
static void count_dropped(const struct view *v, struct full *d)
{
	const struct server_pool *rows[STORE_MAX];
	double t[STORE_MAX];
	unsigned n = server_pool_history(v, d->p, t, rows);
	for (unsigned i = 1; i < n; i++) {
		const struct server_pool *a = rows[i - 1], *b = rows[i];
		d->lost += b->refused > a->refused ? (double)(b->refused - a->refused) : 0;
		d->asked += b->served > a->served ? (double)(b->served - a->served) : 0;
	}
	d->span = n ? t[n - 1] - t[0] : 0;
	d->lost += growth(v, d->p->server, "requests.overwritten");
	d->asked += growth(v, d->p->server, "requests.v4") + growth(v, d->p->server, "requests.v6");
}

/* Each thread of Unbound has a list of its own, and one client may always come to the same. */
static bool is_full(const struct view *v, const struct full *d)
{
	uint64_t threads = 1;
	if (!server_number_of(v, view_last(v), d->b->pid, "config.threads", &threads) || !threads)
		threads = 1;
	return !d->p->have_limit ||
	       (double)d->p->used >= MOSTLY * (double)d->p->limit / (double)threads;
}

static void full_remedies(
	struct view *v, struct verdict *f, const struct server_book *b, const char *upstream)
{
	bool unbound = strcmp(server_kind(v, b), "unbound") == 0;
	if (upstream)
		verdict_remedy(f,
			say(v, "Ask another nameserver than %s, or see why it does not answer",
				upstream),
			say(v, "%sdig +time=2 +tries=1 @%s . NS", in_netns(v, b->netns), upstream),
			unbound ? "forward-addr: in unbound.conf" : "forwarders { }; in named.conf",
			true, "none", "none");
	else
		verdict_remedy(f,
			"Limit what each client may ask; see who asks, and whether for names that "
			"do not exist",
			say(v, "%stimeout 5 tcpdump -nni any -c 200 udp dst port 53",
				in_netns(v, b->netns)),
			unbound ? "ip-ratelimit: 100 in unbound.conf"
				: "fetches-per-zone, rate-limit { }; in named.conf",
			true, "who asks more is refused", "many clients behind one address");
	verdict_remedy(f, "Answer from the cache although it is old, rather than not at all", NULL,
		unbound ? "serve-expired: yes in unbound.conf"
			: "stale-answer-enable yes; in named.conf",
		true, "answers may be out of date", "none");
	verdict_remedy(f, "More places: plimsoll tune tells how many, and what they cost", NULL,
		unbound ? "num-queries-per-thread: in unbound.conf"
			: "recursive-clients in named.conf",
		true, "memory", "each answer comes as late as before");
}

static void full_evidence(struct view *v, struct verdict *f, const struct full *d)
{
	bool unbound = strcmp(server_kind(v, d->b), "unbound") == 0;
	const char *of = d->p->have_limit ? say(v, " of %" PRIu64, d->p->limit) : "";
	char took[32];
	verdict_evidence(f,
		say(v,
			"%" PRIu64 "%s questions are under way, and %.0f were dropped in %.0f s, "
			"as %s tells",
			d->p->used, of, d->lost, d->span, d->name),
		-1, f->used, f->limit,
		unbound ? "unbound-control stats_noreset | grep requestlist"
			: "rndc recursing && wc -l /var/cache/bind/named.recursing");
	if (d->p->time_us)
		verdict_evidence(f,
			say(v, "an answer that is not in the cache takes %s on average",
				text_duration(took, (double)d->p->time_us / 1e6)),
			-1, (double)d->p->time_us / 1e6, -1,
			"unbound-control stats_noreset | grep total.recursion.time");
	if (d->to)
		verdict_evidence(f,
			say(v,
				"%u times in %.0f s a question to %s waited from one second to the "
				"next",
				d->up.waits, v->seconds, d->to),
			-1, d->up.waits, -1,
			say(v, "%sss -uanp 'dst %s'", in_netns(v, d->b->netns),
				who_end(v, d->to, DNS_PORT)));
}

static void blame_full(struct view *v, struct verdict *f, struct full *d, char text[static 48])
{
	bool many = d->waits * 4 >= d->p->used * (v->n - 1);
	if (many && d->up.waits * 2 >= d->waits) {
		d->to = address_text(text, &d->up.address);
		f->culprits[f->nculprits++] = (struct who){"destination",
			who_end(v, d->to, DNS_PORT), 0, (double)d->up.waits / d->waits,
			say(v, "answers late or not at all: %.0f %% of what waits is for it",
				100.0 * d->up.waits / d->waits)};
	} else if (many) {
		f->culprits[f->nculprits++] = (struct who){"traffic", "many questions", 0, -1,
			say(v, "%.0f a second, which wait for many nameservers",
				d->asked / d->span)};
	}
	f->culprits[f->nculprits++] = (struct who){"process", d->name, d->b->pid, -1,
		say(v, "has %" PRIu64 " questions under way", d->p->used)};
}

static void judge_full(struct view *v, struct verdicts *out, const struct server_book *b,
	const struct server_pool *p)
{
	struct full d = {.b = b, .p = p, .name = server_name(v, b)};
	char text[48];
	count_dropped(v, &d);
	if (d.span <= 0 || d.lost < d.span || !is_full(v, &d))
		return;
	struct verdict *f = verdict_new(v, out, SEVERITY_CRITICAL, STATE_EXHAUSTED,
		say(v, "%s/%s", d.name, intern_text(&v->series->names, p->name)));
	if (!f)
		return;
	d.waits = waits_itself(v, b->pid, &d.up);
	f->netns = b->netns;
	f->pid = b->pid;
	f->used = (double)p->used;
	f->limit = p->have_limit ? (double)p->limit : -1;
	f->refused = d.lost;
	blame_full(v, f, &d, text);
	f->title = say(v,
		"%s drops %.0f questions a second: it has no place for more than the %" PRIu64
		" that are under way",
		d.name, d.lost / d.span, p->used);
	verdict_victim(f, "server", d.name, b->pid,
		strcmp(server_kind(v, b), "bind") == 0 ? "who asks it is told that it failed"
						       : "who asks it gets no answer");
	full_evidence(v, f, &d);
	full_remedies(v, f, b, d.to);
}

void rule_dns_full(struct view *v, struct verdicts *out)
{
	const struct server_book *b;
	const struct server_pool *p;
	for (uint32_t at = 0; (p = server_next_pool(v, POOL_QUEUE, &at, &b));)
		if (strcmp(server_kind(v, b), "unbound") == 0 ||
			strcmp(server_kind(v, b), "bind") == 0)
			judge_full(v, out, b, p);
}
