/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* listen: where the server is reached: "127.0.0.1:1876", "[::1]:1876". */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

enum { LISTEN_TEXT = INET6_ADDRSTRLEN + 10 };

union listen_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* -EINVAL when it is no ADDR:PORT; a name is none, except localhost. */
int listen_parse(const char *text, union listen_address *ret);
bool listen_is_loopback(const union listen_address *a);
/* A bound and listening socket. The port may be 0: then the kernel's choice is written back. */
int listen_open(union listen_address *a, int *ret_fd);
/* "127.0.0.1" or "[::1]", as it stands in a URL; with the port: "127.0.0.1:1876". Both return buf. */
char *listen_host(char buf[static LISTEN_TEXT], const union listen_address *a);
char *listen_text(char buf[static LISTEN_TEXT], const union listen_address *a);

#endif
