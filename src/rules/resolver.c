/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rule for nameservers. Who waits for one shows as a UDP socket connected to its port 53 that outlives a sample; whether it is the nameserver that is late, and
 * not one name somewhere, a question to it tells whose answer every resolver has at hand (books/dns.c). */
#include "rules/verdict.h"

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

/* What the nameserver asks itself and waits for, as others wait for it: a question that was sent on and not answered. NULL: none is seen. */
static const struct udp_socket *asks_itself(const struct view *v, int32_t pid)
{
	const struct udp_socket *last = NULL;
	unsigned total = 0;
	if (!pid || who_is_stopped(v, pid))
		return NULL;
	for (unsigned k = 1; k < v->n; k++) {
		const struct sample *s = view_at(v, k), *before = view_at(v, k - 1);
		for (uint32_t i = 0; i < s->udp_sockets.count; i++) {
			const struct udp_socket *u =
				&TABLE_ROWS(s->udp_sockets, struct udp_socket)[i];
			/* An answer that it does not read came in time. */
			if (u->pid != pid || u->peer_port != DNS_PORT || u->stale || u->recvq ||
				who_is_loopback(&u->peer) || !asked_before(before, u, i))
				continue;
			total++;
			last = u;
		}
	}
	return total >= WAITS_LEAST ? last : NULL;
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
	const struct udp_socket *asked = partly ? NULL : asks_itself(v, pid);
	if (u && asked) {
		char peer[48];
		const char *to = who_end(v, address_text(peer, &asked->peer), DNS_PORT);
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
