/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* gate: what is refused by the headers of a request, before anything of it is answered: shapes that two servers could read in two ways,
 * names that are not ours, and who may not. */
#ifndef HTTP_GATE_H
#define HTTP_GATE_H

#include "http/attempts.h"
#include "http/listen.h"
#include "http/login.h"
#include "http/tls.h"

#include <microhttpd.h>

#define LOGIN_PATH   "/api/v1/login"
#define LOGOUT_PATH  "/api/v1/logout"
#define SESSION_PATH "/api/v1/session"
#define LOGIN_PAGE   "/login.html"

struct gate {
	char host[LISTEN_TEXT]; /* the address that it listens on */
	struct tls *tls;        /* NULL: none */
	struct login *login;    /* NULL: nobody is asked who he is */
	bool behind_proxy;
	bool loopback;
};

/* NULL where the request has no such header; of several the first. */
const char *gate_header(struct MHD_Connection *c, const char *name);
struct said gate_said(struct MHD_Connection *c);
/* Who is counted: the client's address, or what our own proxy says of it. */
struct address_key gate_address(
	const struct gate *g, struct MHD_Connection *c, const struct address_key *peer);

/* 0, or the status with the reason. version: "HTTP/1.1". */
unsigned gate_shape(struct MHD_Connection *c, const char *version, const char **ret_why);
unsigned gate_host(const struct gate *g, struct MHD_Connection *c, const char **ret_why);
/* open: everybody may have it. changes: it is more than a question. */
unsigned gate_caller(const struct gate *g, struct MHD_Connection *c, const char *path, bool open,
	bool changes, const char **ret_why);

#endif
