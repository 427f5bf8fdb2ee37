/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "books/line.h"

#include "base/clock.h"
#include "books/reach.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { HOLD_S = 4, HOLD_DOUBLED = 4, HOLD_MAX_S = 60 };

static char answer[BOOK_ANSWER + 1];

void line_begin(struct line *l)
{
	l->began_ns = clock_mono_ns();
	l->until_ns = l->began_ns + BOOK_DEADLINE_MS * 1000000ull;
	l->status = BOOK_OK;
	l->bytes = answer;
	l->n = 0;
	l->ended = false;
	l->full = false;
	l->holding = false;
	answer[0] = '\0';
	line_count(l->until_ns, !l->owed);
}

bool line_spare(struct line *l, bool full)
{
	l->full = full;
	if (!full || l->owed)
		return false;
	l->status = BOOK_FULL;
	return true;
}

bool line_may_ask(struct line *l)
{
	if (l->began_ns >= l->hold_until_ns)
		return true;
	l->holding = true;
	l->status = l->held;
	return false;
}

static void hold_back(struct line *l)
{
	uint64_t s = (uint64_t)HOLD_S << (l->holds < HOLD_DOUBLED ? l->holds : HOLD_DOUBLED);
	l->holds++;
	l->held = l->status;
	l->held_ns = clock_mono_ns();
	l->hold_until_ns = l->began_ns + (s < HOLD_MAX_S ? s : HOLD_MAX_S) * 1000000000ull;
}

static void answered(struct line *l)
{
	l->holds = 0;
	l->hold_until_ns = 0;
}

void line_close(struct line *l)
{
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
	l->owed = false;
}

void line_end(struct line *l)
{
	if (!l->owed)
		line_close(l);
}

bool line_fail(struct line *l, enum book_status status)
{
	l->status = status;
	line_close(l);
	if (status == BOOK_HUNG || status == BOOK_SLOW)
		hold_back(l);
	return false;
}

bool line_late(struct line *l)
{
	l->owed = true;
	l->status = line_received() ? BOOK_SLOW : l->full ? BOOK_FULL : BOOK_HUNG;
	return false;
}

bool line_fail_library(struct line *l, enum book_status otherwise)
{
	if (line_received() > BOOK_ANSWER)
		otherwise = BOOK_LARGE;
	else if (line_left_ms(l) == 0)
		otherwise = line_received() ? BOOK_SLOW : BOOK_HUNG;
	return line_fail(l, otherwise);
}

int line_left_ms(const struct line *l)
{
	uint64_t now = clock_mono_ns();
	return now >= l->until_ns ? 0 : (int)((l->until_ns - now + 999999) / 1000000);
}

uint64_t line_took_us(const struct line *l)
{
	return (clock_mono_ns() - l->began_ns) / 1000;
}

int line_wait(const struct line *l, int fd, short events)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		int left = line_left_ms(l);
		if (left == 0)
			return 0;
		int r = poll(&p, 1, left);
		if (r >= 0 || errno != EINTR)
			return r > 0;
	}
}

static bool connect_to(struct line *l, const void *address, socklen_t len, int family)
{
	if (l->status != BOOK_OK || !line_may_ask(l))
		return false;
	line_close(l);
	l->ended = false;
	l->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return line_fail(l, BOOK_CLOSED);
	int error = 0;
	if (connect(l->fd, address, len) < 0) {
		error = errno;
		if (error == EINPROGRESS) {
			socklen_t n = sizeof error;
			if (!line_wait(l, l->fd, POLLOUT))
				return line_fail(l, BOOK_HUNG);
			if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
				error = errno;
		}
	}
	switch (error) {
	case 0: return true;
	case EACCES:
	case EPERM: return line_fail(l, BOOK_DENIED);
	case EAGAIN: /* the queue of a unix socket is full: of this asking nothing stays there */
		line_close(l);
		l->status = BOOK_HUNG;
		return false;
	default: return line_fail(l, BOOK_DOWN);
	}
}

bool line_unix(struct line *l, int dir_fd, const char *name)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct stat st;
	/* A link in its place may lead anywhere. */
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return line_fail(l, errno == EACCES ? BOOK_DENIED : BOOK_DOWN);
	if (!S_ISSOCK(st.st_mode))
		return line_fail(l, BOOK_DOWN);
	if ((size_t)snprintf(un.sun_path, sizeof un.sun_path, "/proc/self/fd/%d/%s", dir_fd,
		    name) >= sizeof un.sun_path)
		return line_fail(l, BOOK_CLOSED);
	if (connect_to(l, &un, sizeof un, AF_UNIX))
		return true;
	/* It may be root's alone. */
	int fd = l->status == BOOK_DENIED ? reach_socket(dir_fd, name) : -EACCES;
	if (fd == -EAGAIN)
		l->status = BOOK_HUNG;
	if (fd < 0)
		return false;
	l->status = BOOK_OK;
	l->fd = fd;
	return true;
}

bool line_tcp(struct line *l, const struct address *a, uint16_t port)
{
	static const uint8_t any[ADDR_BYTES];
	if (a->family == AF_INET6) {
		struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
			.sin6_port = htons(port),
			.sin6_addr = in6addr_loopback};
		if (memcmp(a->bytes, any, 16) == 0) {
			/* "::" takes IPv4 too, most often, also where there is no ::1 */
			struct sockaddr_in in = {.sin_family = AF_INET,
				.sin_port = htons(port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
			if (connect_to(l, &in6, sizeof in6, AF_INET6))
				return true;
			if (l->status != BOOK_DOWN)
				return false;
			l->status = BOOK_OK;
			return connect_to(l, &in, sizeof in, AF_INET);
		}
		memcpy(&in6.sin6_addr, a->bytes, 16);
		return connect_to(l, &in6, sizeof in6, AF_INET6);
	}
	struct sockaddr_in in = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (a->family == AF_INET && memcmp(a->bytes, any, 4) != 0)
		memcpy(&in.sin_addr, a->bytes, 4);
	return connect_to(l, &in, sizeof in, AF_INET);
}

bool line_send(struct line *l, const void *bytes, size_t n)
{
	const char *p = bytes;
	if (l->status != BOOK_OK || l->fd < 0)
		return false;
	l->n = 0;
	answer[0] = '\0';
	line_count(l->until_ns, true);
	while (n) {
		ssize_t sent = send(l->fd, p, n, MSG_NOSIGNAL);
		if (sent >= 0) {
			p += sent;
			n -= (size_t)sent;
		} else if (errno == EAGAIN) {
			if (!line_wait(l, l->fd, POLLOUT))
				return line_fail(l, BOOK_HUNG);
		} else if (errno != EINTR) {
			return line_fail(l, BOOK_DOWN);
		}
	}
	return true;
}

static bool too_late(struct line *l)
{
	return l->n ? line_fail(l, BOOK_SLOW) : line_late(l);
}

bool line_receive(struct line *l, line_enough *enough, void *ctx)
{
	if (l->status != BOOK_OK || l->fd < 0)
		return false;
	for (;;) {
		/* before the bytes are read: a server that sends without a pause never makes us wait */
		if (line_left_ms(l) == 0)
			return too_late(l);
		ssize_t got = recv(l->fd, answer + l->n, BOOK_ANSWER - l->n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN) {
			if (!line_wait(l, l->fd, POLLIN))
				return too_late(l);
			continue;
		}
		if (got <= 0) { /* an end, or cut off */
			l->ended = true;
			l->owed = false;
			answered(l);
			return l->n ? true : line_fail(l, BOOK_DOWN);
		}
		l->n += (size_t)got;
		answer[l->n] = '\0';
		if (enough && enough(answer, l->n, ctx)) {
			l->owed = false;
			answered(l);
			return true;
		}
		if (l->n == BOOK_ANSWER)
			return line_fail(l, BOOK_LARGE);
	}
}

int line_http_answer(struct scan text, struct scan *ret_body)
{
	uint64_t code;
	const char *end = memmem(text.p, scan_len(text), "\r\n\r\n", 4);
	if (scan_len(text) < 12 || memcmp(text.p, "HTTP/1.", 7) != 0 || !end)
		return 0;
	*ret_body = (struct scan){end + 4, text.end};
	text.p += 8;
	return scan_u64(&text, &code) && code >= 100 && code < 600 ? (int)code : 0;
}

/* What a line of the head says behind "name:". */
static bool head_value(struct scan text, struct scan body, const char *name, struct scan *ret)
{
	struct scan head = {text.p, body.p}, line;
	size_t n = strlen(name);
	while (scan_line(&head, &line))
		if (scan_len(line) > n && strncasecmp(line.p, name, n) == 0) {
			*ret = (struct scan){line.p + n, line.end};
			return true;
		}
	return false;
}

static bool body_length(struct scan text, struct scan body, uint64_t *ret)
{
	struct scan value;
	return head_value(text, body, "Content-Length:", &value) && scan_u64(&value, ret);
}

/* By its length, if it has one; such a server may keep the connection. */
static bool http_enough(const char *bytes, size_t n, void *ctx)
{
	struct scan text = scan_over(bytes, n), body;
	uint64_t length;
	(void)ctx;
	if (line_http_answer(text, &body) == 0)
		return n > 12 && memcmp(bytes, "HTTP/1.", 7) != 0;
	return body_length(text, body, &length) && scan_len(body) >= length;
}

/* All of it came, and as it is: in pieces or packed it was not asked for. Ends the body where it ends. */
static bool whole_body(struct line *l, struct scan text, struct scan *body, bool *ret_counted)
{
	struct scan value;
	uint64_t length;
	*ret_counted = body_length(text, *body, &length);
	if (head_value(text, *body, "Transfer-Encoding:", &value) ||
		head_value(text, *body, "Content-Encoding:", &value) ||
		(*ret_counted && scan_len(*body) < length))
		return false;
	if (*ret_counted)
		body->end = body->p + length;
	l->bytes[body->end - l->bytes] = '\0';
	return true;
}

static bool is_kept(struct scan text, struct scan body)
{
	struct scan value, word;
	return head_value(text, body, "Connection:", &value) && scan_word(&value, &word) &&
	       scan_len(word) >= 10 && strncasecmp(word.p, "keep-alive", 10) == 0;
}

bool line_http(struct line *l, const char *host, const char *path, bool keep, struct scan *ret_body)
{
	char text[640];
	bool counted;
	int n = snprintf(text, sizeof text,
		"GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: plimsoll\r\nConnection: %s\r\n\r\n",
		path, host, keep ? "keep-alive" : "close");
	if (n < 0 || (size_t)n >= sizeof text)
		return line_fail(l, BOOK_CLOSED);
	if ((!l->owed && !line_send(l, text, (size_t)n)) || !line_receive(l, http_enough, NULL))
		return false;
	struct scan all = scan_over(l->bytes, l->n);
	switch (line_http_answer(all, ret_body)) {
	case 200:
		if (!whole_body(l, all, ret_body, &counted))
			return line_fail(l, BOOK_GARBAGE);
		if (!keep || !counted || l->ended || !is_kept(all, *ret_body))
			line_close(l);
		return true;
	case 401:
	case 403:
	case 407: return line_fail(l, BOOK_DENIED);
	case 301:
	case 302:
	case 307:
	case 308:
	case 404:
		return line_fail(
			l, BOOK_CLOSED); /* not where the configuration seemed to have it */
	default: return line_fail(l, BOOK_GARBAGE);
	}
}

void line_book(struct line *l, struct book *ret, struct book_target *t, const char *name,
	const char *source, const struct book *found)
{
	t->held_ns = l->holding ? l->held_ns : 0;
	book_server(ret, t, name, source, l->status, line_took_us(l));
	line_count(0, false);
	if (l->status == BOOK_OK)
		answered(l);
	if (l->owed)
		book_line(ret, "number asking 1");
	const char *p = found ? found->text : "";
	while (*p) {
		int n = (int)strcspn(p, "\n");
		book_line(ret, "%.*s", n, p);
		p += n + (p[n] == '\n');
	}
	if (found && found->full)
		ret->full = true;
}

char *line_source(char *buf, size_t size, const struct address *a, uint16_t port, const char *path)
{
	char text[INET6_ADDRSTRLEN] = "127.0.0.1";
	if (path && *path)
		(void)snprintf(buf, size, "%s", path);
	else {
		if (a->family)
			(void)inet_ntop(a->family, a->bytes, text, sizeof text);
		(void)snprintf(buf, size, a->family == AF_INET6 ? "[%s]:%u" : "%s:%u", text, port);
	}
	return buf;
}

char *line_word(char *buf, size_t size, struct scan piece)
{
	return book_word(buf, size, piece.p, scan_len(piece));
}

bool line_number(struct scan word, uint64_t *ret)
{
	uint64_t v;
	if (word.p == word.end || *word.p < '0' || *word.p > '9' || !scan_u64(&word, &v) ||
		word.p != word.end)
		return false;
	*ret = v;
	return true;
}

void line_wanted_take(const struct line_wanted *rows, size_t n, struct scan name, struct scan value,
	uint64_t *pool, unsigned *seen, struct book *ret)
{
	uint64_t v;
	for (size_t i = 0; i < n; i++) {
		if (!scan_is(name, rows[i].name) || !line_number(value, &v))
			continue;
		if (rows[i].number) {
			book_line(ret, "number %s %" PRIu64, rows[i].number, v);
		} else {
			pool[i] = v;
			*seen |= 1u << i;
		}
	}
}
