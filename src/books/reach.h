/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* reach: unix sockets that only root may use, as the stats socket of HAProxy is where nothing else is said. Who asks a server is not root: it shows the helper
 * the socket's folder and name, and gets a connection, if the server itself is who listens there and nobody else. */
#ifndef BOOKS_REACH_H
#define BOOKS_REACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REACH_NAME = 64, REACH_MS = 200 };

/* What is sent, with the folder's descriptor; what comes back is an int, 0 or a negative errno, with the connection's. */
struct reach_request {
	char magic[8]; /* "reach", which no book begins with */
	char name[REACH_NAME];
};

/* For who asks: the socket to the helper, where there is one. */
void reach_through(int socket);
/* A connection that does not block, or a negative errno; -EACCES without a helper. */
int reach_socket(int dir_fd, const char *name);

/* For the helper: receives into buf what an asker says; *ret_fd: a descriptor that came with it, or -1. As recv(). */
ptrdiff_t reach_receive(int socket, void *buf, size_t size, int *ret_fd);
bool reach_is(const void *bytes, size_t n);
/* Connects to the socket in the folder, if a process of the server listens on it, and hands it over. */
void reach_answer(int socket, const struct reach_request *r, int dir_fd, int32_t server);

#endif
