/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* server: the page, the API and /metrics over HTTP, by libmicrohttpd.
 *
 * One thread does all that is quick: connections, files of the page, what is asked about the present,
 * the events of each second. What reads the past goes to the archive, and its connection is set aside
 * until the answer is there. Everything a client can hold is bounded: connections (peers.h), bytes of a
 * request, time to send one and to take the answer, followers of the events.
 *
 * A page of another site must not read this one through the browser of someone who sits here: no
 * answer allows other origins, and a Host that is not ours is refused, since a name of theirs may
 * lead to our address (DNS rebinding). Elsewhere than on loopback it asks who it is (gate.h, login.h). */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "http/accounts.h"
#include "http/listen.h"
#include "http/tls.h"

#include <signal.h>

struct server;

struct server_setup {
	const char *store; /* path of the recorded past, which must outlive the server */
	union listen_address at;
	int listen_fd;
	struct tls *tls;                 /* NULL: none */
	int keeper_fd;                   /* of keeper_start(); -1: nobody is asked who he is */
	const struct accounts *accounts; /* what the keeper said first; NULL without one */
	bool behind_proxy;
};

/* Takes the descriptors and the TLS, also when it fails. That the store is empty or not there is answered to those who ask. 0 or a
 * negative errno. */
int server_open(const struct server_setup *with, struct server **ret);
/* Serves until *stop: 0; or -EPIPE: who checks passwords has ended. Signals that the caller blocks come through while it waits. */
int server_run(struct server *s, const volatile sig_atomic_t *stop);
void server_close(struct server *s);

#endif
