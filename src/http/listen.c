/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/listen.h"

#include "base/num.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	BACKLOG = 4096, /* a flood of connections does not make others try again after a second */
	UNSENT =
		128 *
		1024, /* bytes of an answer in the kernel that a slow reader holds, beyond what is under way */
};

/* The part before the last ':', without brackets, in buf. */
static const char *host_part(const char *text, const char *colon, char buf[static LISTEN_TEXT])
{
	size_t n = (size_t)(colon - text);
	bool brackets = n > 2 && text[0] == '[' && text[n - 1] == ']';
	if (brackets) {
		text++;
		n -= 2;
	}
	/* "::1:80" could be read in two ways. */
	if (n == 0 || n >= LISTEN_TEXT || (!brackets && memchr(text, ':', n)))
		return NULL;
	memcpy(buf, text, n);
	buf[n] = '\0';
	return strcmp(buf, "localhost") == 0 ? "127.0.0.1" : buf;
}

int listen_parse(const char *text, union listen_address *ret)
{
	char buf[LISTEN_TEXT];
	uint64_t port;
	const char *colon = strrchr(text, ':');
	const char *host = colon ? host_part(text, colon, buf) : NULL;
	if (!host || num_u64(colon + 1, &port) < 0 || port > UINT16_MAX)
		return -EINVAL;
	union listen_address a = {0};
	if (inet_pton(AF_INET, host, &a.in.sin_addr) == 1) {
		a.in.sin_family = AF_INET;
		a.in.sin_port = htons((uint16_t)port);
	} else if (inet_pton(AF_INET6, host, &a.in6.sin6_addr) == 1) {
		a.in6.sin6_family = AF_INET6;
		a.in6.sin6_port = htons((uint16_t)port);
	} else {
		return -EINVAL;
	}
	*ret = a;
	return 0;
}

bool listen_is_loopback(const union listen_address *a)
{
	return a->any.sa_family == AF_INET ? ntohl(a->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET
					   : IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr);
}

static socklen_t size_of(const union listen_address *a)
{
	return a->any.sa_family == AF_INET ? sizeof a->in : sizeof a->in6;
}

int listen_open(union listen_address *a, int *ret_fd)
{
	int on = 1, unsent = UNSENT;
	socklen_t size = size_of(a);
	int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* Connections take it over from here. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
		bind(fd, &a->any, size) < 0 || listen(fd, BACKLOG) < 0 ||
		getsockname(fd, &a->any, &size) < 0) {
		int r = -errno;
		(void)close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

char *listen_host(char buf[static LISTEN_TEXT], const union listen_address *a)
{
	char host[INET6_ADDRSTRLEN] = "";
	bool v4 = a->any.sa_family == AF_INET;
	(void)inet_ntop(a->any.sa_family,
		v4 ? (const void *)&a->in.sin_addr : (const void *)&a->in6.sin6_addr, host,
		sizeof host);
	(void)snprintf(buf, LISTEN_TEXT, v4 ? "%s" : "[%s]", host);
	return buf;
}

char *listen_text(char buf[static LISTEN_TEXT], const union listen_address *a)
{
	listen_host(buf, a);
	size_t n = strlen(buf);
	(void)snprintf(buf + n, LISTEN_TEXT - n, ":%u",
		ntohs(a->any.sa_family == AF_INET ? a->in.sin_port : a->in6.sin6_port));
	return buf;
}
