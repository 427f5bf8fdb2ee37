/*
 * SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC
 *
 * pace ADDRESS PORT PATH RATE CONNECTIONS SECONDS - HTTP/1.1 GETs over keep-alive connections at a
 * fixed rate.
 *
 * wrk sends as fast as the server answers; a server that is to be busy and well needs the opposite,
 * a clock. Request k is due at start + k/RATE whether or not earlier ones were answered, and its
 * latency counts from then: a server that stands still for a second shows in RATE requests, not in
 * one. Requests that are more than BACKLOG_S late are given up and counted, so a stall is not
 * followed by a flood.
 *
 * One connection carries one request at a time. Free connections wait in a queue, not on a stack,
 * so all are used and with them all of the server's workers. To save wakeups the clock is looked at
 * TICK_US apart, which is the resolution of the latencies.
 *
 * Ends after SECONDS or at SIGTERM and prints what it did as one line of JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TICK_US         250
#define BACKLOG_S       1
#define MAX_CONNECTIONS 4096
#define EVENTS          256
#define RETRY_US        100000

enum state { CONN_CLOSED, CONN_CONNECTING, CONN_FREE, CONN_BUSY };

struct conn {
	int fd;
	enum state state;
	int64_t due_us;   /* of the request under way */
	int64_t retry_us; /* closed: not before */
	uint64_t body_left;
	bool in_body;
	bool close_after;
	bool queued; /* has a place in the ring of free ones, be it still free or not */
	size_t head_len;
	char head[2048];
};

/* Latencies in buckets of 1/16 of a power of two: 6 % wide, from 1 us to days. */
#define SUB     16
#define BUCKETS (48 * SUB)

struct pace {
	struct sockaddr_in server;
	char request[512];
	size_t request_len;
	double rate;
	int epoll;
	struct conn *conns;
	uint32_t count;
	uint32_t *free; /* a ring of count places */
	uint32_t free_at, free_len;
	uint64_t issued; /* requests that came due, sent or given up */
	uint64_t sent, answered, errors, given_up, reconnects;
	int64_t max_us;
	uint64_t bucket[BUCKETS];
};

static volatile sig_atomic_t stopped;

static void on_stop(int number)
{
	(void)number;
	stopped = 1;
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static unsigned bucket_of(int64_t us)
{
	uint64_t value = us > 0 ? (uint64_t)us : 0;
	unsigned shift, bucket;

	if (value < SUB)
		return (unsigned)value;
	shift = (unsigned)(63 - __builtin_clzll(value)) - 4; /* leaves value >> shift in 16..31 */
	bucket = shift * SUB + (unsigned)(value >> shift);
	return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

/* The upper edge of a bucket. */
static uint64_t bucket_us(unsigned bucket)
{
	unsigned shift;

	if (bucket < 2 * SUB)
		return bucket;
	shift = bucket / SUB - 1;
	return ((uint64_t)(bucket - shift * SUB + 1) << shift) - 1;
}

static uint64_t quantile_us(const struct pace *p, double share)
{
	uint64_t wanted = (uint64_t)(share * (double)p->answered), seen = 0;

	for (unsigned i = 0; i < BUCKETS; i++) {
		seen += p->bucket[i];
		if (seen > wanted && bucket_us(i) < (uint64_t)p->max_us)
			return bucket_us(i);
	}
	return (uint64_t)p->max_us;
}

static void set_free(struct pace *p, struct conn *c)
{
	c->state = CONN_FREE;
	if (c->queued)
		return;
	c->queued = true;
	p->free[(p->free_at + p->free_len++) % p->count] = (uint32_t)(c - p->conns);
}

static void conn_close(struct conn *c, int64_t retry_us)
{
	close(c->fd);
	c->fd = -1;
	c->state = CONN_CLOSED;
	c->retry_us = retry_us;
}

static void conn_fail(struct pace *p, struct conn *c)
{
	p->errors++;
	conn_close(c, now_us() + RETRY_US);
}

static void conn_open(struct pace *p, struct conn *c)
{
	struct epoll_event event = {.events = EPOLLOUT, .data.ptr = c};
	const int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0) {
		p->errors++;
		c->retry_us = now_us() + RETRY_US;
		return;
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->state = CONN_CONNECTING;
	if ((connect(c->fd, (const struct sockaddr *)&p->server, sizeof(p->server)) &&
		    errno != EINPROGRESS) ||
		epoll_ctl(p->epoll, EPOLL_CTL_ADD, c->fd, &event))
		conn_fail(p, c);
}

static void conn_connected(struct pace *p, struct conn *c)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = c};
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) || error ||
		epoll_ctl(p->epoll, EPOLL_CTL_MOD, c->fd, &event))
		conn_fail(p, c);
	else
		set_free(p, c);
}

static void conn_send(struct pace *p, struct conn *c, int64_t due_us)
{
	c->state = CONN_BUSY;
	c->due_us = due_us;
	c->head_len = 0;
	c->in_body = c->close_after = false;
	p->sent++;
	/* A request is far smaller than an empty send buffer: what is not taken whole is an error.
	 */
	if (send(c->fd, p->request, p->request_len, MSG_NOSIGNAL) != (ssize_t)p->request_len)
		conn_fail(p, c);
}

static void conn_answered(struct pace *p, struct conn *c)
{
	int64_t us = now_us() - c->due_us;

	p->answered++;
	p->bucket[bucket_of(us)]++;
	if (us > p->max_us)
		p->max_us = us;
	if (c->close_after) {
		p->reconnects++;
		conn_close(c, 0);
	} else {
		set_free(p, c);
	}
}

/* The head is complete up to end. False unless it is a 200 with a length. */
static bool parse_head(struct conn *c, char *end)
{
	bool length = false;
	char *line, *next;

	*end = '\0';
	if (strncmp(c->head, "HTTP/1.1 200 ", 13) != 0)
		return false;
	for (line = c->head; line; line = next) {
		next = strstr(line, "\r\n");
		if (next) {
			*next = '\0';
			next += 2;
		}
		if (strncasecmp(line, "Content-Length:", 15) == 0) {
			c->body_left = strtoull(line + 15, NULL, 10);
			length = true;
		} else if (strcasecmp(line, "Connection: close") == 0) {
			c->close_after = true;
		}
	}
	return length;
}

/* Takes what was read; 1 when the answer is complete, 0 when more is to come, -1 when it is not an
 * answer. */
static int conn_take(struct conn *c, const char *bytes, size_t len)
{
	size_t taken;
	char *end;

	if (!c->in_body) {
		taken = sizeof(c->head) - 1 - c->head_len;
		if (taken > len)
			taken = len;
		memcpy(c->head + c->head_len, bytes, taken);
		c->head_len += taken;
		c->head[c->head_len] = '\0';
		end = strstr(c->head, "\r\n\r\n");
		if (!end)
			return c->head_len == sizeof(c->head) - 1 ? -1 : 0;
		/* What follows the head in this read is body. */
		len -= taken - (c->head_len - (size_t)(end + 4 - c->head));
		if (!parse_head(c, end))
			return -1;
		c->in_body = true;
	}
	if (len > c->body_left)
		return -1;
	c->body_left -= len;
	return c->body_left == 0;
}

static void conn_read(struct pace *p, struct conn *c)
{
	static char bytes[1 << 16];
	ssize_t len = recv(c->fd, bytes, sizeof(bytes), 0);
	int taken;

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len == 0 && c->state == CONN_FREE) { /* the server may end an idle connection */
		p->reconnects++;
		conn_close(c, 0);
		return;
	}
	if (len <= 0 || c->state != CONN_BUSY) {
		conn_fail(p, c);
		return;
	}
	taken = conn_take(c, bytes, (size_t)len);
	if (taken < 0)
		conn_fail(p, c);
	else if (taken > 0)
		conn_answered(p, c);
}

/* A free connection, oldest first; skips the ones that closed while they waited. */
static struct conn *take_free(struct pace *p)
{
	while (p->free_len) {
		struct conn *c = &p->conns[p->free[p->free_at]];

		p->free_at = (p->free_at + 1) % p->count;
		p->free_len--;
		c->queued = false;
		if (c->state == CONN_FREE)
			return c;
	}
	return NULL;
}

static void send_due(struct pace *p, int64_t start_us, int64_t at_us)
{
	uint64_t due = 1 + (uint64_t)((double)(at_us - start_us) * p->rate /
				      1e6); /* the first one at once */
	uint64_t backlog = (uint64_t)(p->rate * BACKLOG_S);
	struct conn *c;

	if (due - p->issued > backlog) {
		p->given_up += due - p->issued - backlog;
		p->issued = due - backlog;
	}
	while (p->issued < due && (c = take_free(p))) {
		conn_send(p, c, start_us + (int64_t)((double)p->issued * 1e6 / p->rate));
		p->issued++;
	}
}

static void reopen(struct pace *p, int64_t at_us)
{
	for (uint32_t i = 0; i < p->count; i++)
		if (p->conns[i].state == CONN_CLOSED && p->conns[i].retry_us <= at_us)
			conn_open(p, &p->conns[i]);
}

static void handle(struct pace *p, struct conn *c)
{
	if (c->state == CONN_CONNECTING)
		conn_connected(p, c);
	else if (c->state != CONN_CLOSED)
		conn_read(p, c);
}

static int64_t run(struct pace *p, double seconds)
{
	const struct timespec tick = {.tv_nsec = TICK_US * 1000L};
	struct epoll_event events[EVENTS];
	int64_t start_us = now_us(), end_us = start_us + (int64_t)(seconds * 1e6), at_us = start_us;

	while (!stopped && at_us < end_us) {
		int64_t next_us = at_us + TICK_US;
		int ready;

		reopen(p, at_us);
		send_due(p, start_us, at_us);
		do {
			ready = epoll_pwait2(p->epoll, events, EVENTS, &tick, NULL);
			for (int i = 0; i < ready; i++)
				handle(p, events[i].data.ptr);
			at_us = now_us();
		} while (ready > 0 && at_us < next_us);
		if (ready < 0 && errno != EINTR)
			break;
	}
	return at_us - start_us;
}

static void print_count(const char *name, uint64_t value)
{
	printf(",\"%s\":%llu", name, (unsigned long long)value);
}

static void print_result(const struct pace *p, int64_t us)
{
	double s = (double)us / 1e6;

	printf("{\"seconds\":%.3f,\"target_per_s\":%.1f,\"answered_per_s\":%.1f", s, p->rate,
		s > 0 ? (double)p->answered / s : 0);
	print_count("sent", p->sent);
	print_count("answered", p->answered);
	print_count("errors", p->errors);
	print_count("given_up", p->given_up);
	print_count("reconnects", p->reconnects);
	print_count("p50_us", quantile_us(p, 0.5));
	print_count("p90_us", quantile_us(p, 0.9));
	print_count("p99_us", quantile_us(p, 0.99));
	print_count("p999_us", quantile_us(p, 0.999));
	print_count("max_us", (uint64_t)p->max_us);
	puts("}");
}

static int usage(void)
{
	fprintf(stderr, "usage: pace ADDRESS PORT PATH RATE CONNECTIONS SECONDS\n");
	return 64;
}

static double number(const char *text, double low, double high)
{
	char *end;
	double value = strtod(text, &end);

	return *text && !*end && value >= low && value <= high ? value : -1;
}

int main(int argc, char **argv)
{
	static struct pace p;
	double port, count, seconds;
	int len;

	if (argc != 7)
		return usage();
	port = number(argv[2], 1, 65535);
	p.rate = number(argv[4], 0.1, 1e7);
	count = number(argv[5], 1, MAX_CONNECTIONS);
	seconds = number(argv[6], 0.1, 1e7);
	p.server.sin_family = AF_INET;
	len = snprintf(p.request, sizeof(p.request), "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", argv[3],
		argv[1]);
	if (port < 0 || p.rate < 0 || count < 0 || seconds < 0 || len < 0 ||
		(size_t)len >= sizeof(p.request) ||
		inet_pton(AF_INET, argv[1], &p.server.sin_addr) != 1)
		return usage();
	p.server.sin_port = htons((uint16_t)port);
	p.request_len = (size_t)len;
	p.count = (uint32_t)count;

	p.conns = calloc(p.count, sizeof(*p.conns));
	p.free = calloc(p.count, sizeof(*p.free));
	p.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!p.conns || !p.free || p.epoll < 0) {
		fprintf(stderr, "pace: %s\n", strerror(errno));
		return 74;
	}
	signal(SIGTERM, on_stop);
	signal(SIGINT, on_stop);
	print_result(&p, run(&p, seconds));
	return 0;
}
