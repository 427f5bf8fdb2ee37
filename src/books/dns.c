/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* dns: no server of this machine, but one that its programs ask: a nameserver that a process waits for (the address of the target), if it stands in
 * /etc/resolv.conf as the process of the target sees it: others, as a resolver has many, are strangers and not asked. Without an address, all that stand there.
 * Each gets two questions of 17 bytes every ten seconds, all at the same time, from the network namespace of the target; between that the last answers stand.
 * The second one is for the IPv6 addresses of the root: there are none, which it may say, but some that stand between drop all questions of that type. It is
 * asked once more at the next look before it counts as dropped, as an answer to it need not be at hand.
 *
 *     pool other dns/ADDRESS up=1 time=US served=N failed=N     up=2: no answer to the last question, or none that helps; counts since the reader began
 *     pool other dns-aaaa/ADDRESS up=2                          only where the first question is answered and the second one was not, twice */
#include "books/dns.h"

#include "base/clock.h"
#include "books/conf.h"
#include "books/line.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { PORT = 53, EVERY_S = 10, TYPE_NS = 2, TYPE_AAAA = 28 };

struct nameserver {
	struct address address;
	int fd;
	bool waits, up, refused, garbage;
	bool waits_aaaa; /* for an answer to the second question */
	unsigned
		silent_aaaa; /* askings in a row to which the second question got none, and the first one did */
	uint64_t took_us, served, failed;
};

struct state {
	int n;
	struct nameserver server[DNS_SERVERS];
	uint64_t asked_ns;
	uint16_t id;
	enum book_status status;
};

int dns_read_config(struct scan text, struct address ret[static DNS_SERVERS])
{
	struct scan line;
	int n = 0;
	while (n < DNS_SERVERS && scan_line(&text, &line)) {
		char buf[256], *zone;
		const char *w[2];
		struct address a = {.family = AF_INET};
		if (conf_words(line, buf, sizeof buf, w, 2) < 2 || strcmp(w[0], "nameserver") != 0)
			continue;
		zone = strchr(w[1], '%'); /* fe80::1%eth0: it is asked elsewhere */
		if (zone)
			continue;
		if (inet_pton(AF_INET, w[1], a.bytes) != 1) {
			a.family = AF_INET6;
			if (inet_pton(AF_INET6, w[1], a.bytes) != 1)
				continue;
		}
		ret[n++] = a;
	}
	return n;
}

void dns_query(uint8_t ret[static DNS_QUERY], uint16_t id, uint8_t type)
{
	/* id, "recursion desired", one question: the root, the type, IN */
	const uint8_t text[DNS_QUERY] = {
		(uint8_t)(id >> 8), (uint8_t)id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, type, 0, 1};
	memcpy(ret, text, sizeof text);
}

int dns_answer(const uint8_t *bytes, size_t n, uint16_t id)
{
	if (n < 12 || (bytes[0] << 8 | bytes[1]) != id || !(bytes[2] & 0x80))
		return -1;
	int code = bytes[3] & 15;
	return code == 2 || code == 5 ? 0 : 1;
}

int book_open_dns(struct book_target *t)
{
	size_t len;
	struct address found[DNS_SERVERS];
	struct state *s = t->state ? t->state : calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	*s = (struct state){.id = (uint16_t)clock_mono_ns()};
	t->state = s;
	AUTO_FREE char *text = conf_read(t, "/etc/resolv.conf", &len);
	s->n = text ? dns_read_config(scan_over(text, len), found) : 0;
	int n = s->n;
	s->n = 0;
	for (int i = 0; i < n; i++)
		if (!t->address.family || address_equal(&t->address, &found[i]))
			s->server[s->n++] = (struct nameserver){.address = found[i], .fd = -1};
	return s->n ? 0 : -ENOENT;
}

static void settle(struct nameserver *n, bool good, uint64_t took_us)
{
	n->waits = false;
	n->up = good;
	n->took_us = took_us;
	*(good ? &n->served : &n->failed) += 1;
}

static void hang_up(struct nameserver *n)
{
	if (n->fd >= 0)
		(void)close(n->fd);
	n->fd = -1;
	n->waits = n->waits_aaaa = false;
}

static void ask_server(struct nameserver *n, uint16_t id)
{
	uint8_t query[DNS_QUERY], second[DNS_QUERY];
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
	bool six = n->address.family == AF_INET6;
	n->garbage = n->refused = false;
	memcpy(six ? (void *)&in6.sin6_addr : (void *)&in.sin_addr, n->address.bytes, six ? 16 : 4);
	dns_query(query, id, TYPE_NS);
	dns_query(second, (uint16_t)~id, TYPE_AAAA);
	n->fd = socket(n->address.family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	n->waits = n->fd >= 0 &&
		   connect(n->fd, six ? (void *)&in6 : (void *)&in, six ? sizeof in6 : sizeof in) ==
			   0 &&
		   send(n->fd, query, sizeof query, MSG_NOSIGNAL) == (ssize_t)sizeof query;
	n->waits_aaaa = n->waits &&
			send(n->fd, second, sizeof second, MSG_NOSIGNAL) == (ssize_t)sizeof second;
	if (!n->waits_aaaa)
		n->silent_aaaa = 0;
	if (!n->waits) {
		n->refused = true;
		settle(n, false, 0);
		hang_up(n);
	}
}

static void hear(struct nameserver *n, const struct line *l, uint16_t id)
{
	uint8_t bytes[2048];
	ssize_t got = recv(n->fd, bytes, sizeof bytes, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
		return;
	if (got < 0) { /* nobody listens there */
		n->refused = n->refused || n->waits;
		if (n->waits)
			settle(n, false, 0);
		n->silent_aaaa = 0;
		hang_up(n);
		return;
	}
	int r = n->waits ? dns_answer(bytes, (size_t)got, id) : -1;
	if (r >= 0) {
		settle(n, r > 0, line_took_us(l));
	} else if (n->waits_aaaa && dns_answer(bytes, (size_t)got, (uint16_t)~id) >= 0) {
		n->waits_aaaa = false; /* "no" is an answer as well */
		n->silent_aaaa = 0;
	} else {
		n->garbage = true; /* the answer may still come */
	}
	if (!n->waits && !n->waits_aaaa)
		hang_up(n);
}

static void ask_all(struct state *s, struct line *l)
{
	int waiting = 1;
	s->id++;
	for (int i = 0; i < s->n; i++)
		ask_server(&s->server[i], s->id);
	while (waiting && line_left_ms(l)) {
		struct pollfd p[DNS_SERVERS];
		waiting = 0;
		for (int i = 0; i < s->n; i++) {
			p[i] = (struct pollfd){.fd = s->server[i].fd, .events = POLLIN};
			waiting += s->server[i].fd >= 0;
		}
		if (!waiting || poll(p, (nfds_t)s->n, line_left_ms(l)) <= 0)
			continue;
		for (int i = 0; i < s->n; i++)
			if (p[i].fd >= 0 && p[i].revents)
				hear(&s->server[i], l, s->id);
	}
	s->status = BOOK_DOWN;
	for (int i = 0; i < s->n; i++) {
		struct nameserver *n = &s->server[i];
		if (!n->waits && n->waits_aaaa)
			n->silent_aaaa++;
		if (n->waits) {
			settle(n, false, 0);
			if (s->status == BOOK_DOWN)
				s->status = n->garbage ? BOOK_GARBAGE : BOOK_HUNG;
		} else if (!n->refused && !n->up && s->status == BOOK_DOWN) {
			s->status = BOOK_DENIED;
		}
		hang_up(n);
	}
	for (int i = 0; i < s->n; i++)
		if (s->server[i].up)
			s->status = BOOK_OK;
}

void book_ask_dns(struct book_target *t, bool full, struct book *ret)
{
	static struct book found;
	struct state *s = t->state;
	struct line l = LINE_NONE;
	(void)full;
	found = (struct book){0};
	line_begin(&l);
	if (!s || s->n == 0) {
		l.status = BOOK_CLOSED;
	} else {
		bool again = false;
		for (int i = 0; i < s->n; i++)
			again = again || s->server[i].silent_aaaa == 1;
		if (!s->asked_ns || again || l.began_ns - s->asked_ns >= EVERY_S * 1000000000ull) {
			ask_all(s, &l);
			s->asked_ns = l.began_ns;
		}
		l.status = s->status;
	}
	for (int i = 0; s && i < s->n; i++) {
		const struct nameserver *n = &s->server[i];
		char address[INET6_ADDRSTRLEN] = "";
		(void)inet_ntop(n->address.family, n->address.bytes, address, sizeof address);
		book_line(&found,
			"pool other dns/%s up=%d time=%" PRIu64 " served=%" PRIu64
			" failed=%" PRIu64,
			address, n->up ? 1 : 2, n->took_us, n->served, n->failed);
		if (n->up && n->silent_aaaa >= 2)
			book_line(&found, "pool other dns-aaaa/%s up=2", address);
	}
	line_book(&l, ret, t, "dns", "/etc/resolv.conf", &found);
}
