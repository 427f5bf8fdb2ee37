/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* enter: the requests that log in and out, and the one that asks who is. */
#ifndef HTTP_ENTER_H
#define HTTP_ENTER_H

#include "http/gate.h"
#include "http/peers.h"

/* POST LOGIN_PATH with a form (NULL: none came). *ret_waits: the connection is set aside until login_heard() has the try, whose ctx is the
 * peer; then enter_done() answers. */
enum MHD_Result enter_begin(
	struct gate *g, struct peer *p, struct login_try *t, char *form, size_t n, bool *ret_waits);
enum MHD_Result enter_done(struct gate *g, struct peer *p, const struct login_try *t);
enum MHD_Result enter_leave(struct gate *g, struct peer *p);
enum MHD_Result enter_session(struct gate *g, struct peer *p);

#endif
