/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/enter.h"

#include "base/clock.h"
#include "http/send.h"

#include <errno.h>

enum MHD_Result enter_begin(
	struct gate *g, struct peer *p, struct login_try *t, char *form, size_t n, bool *ret_waits)
{
	unsigned wait_s = 0;
	t->ctx = p;
	t->from = gate_address(g, p->connection, &p->address);
	int r = form ? login_begin(g->login, t, form, n, clock_mono_ns(), &wait_s) : -EINVAL;
	if (r == -EINVAL)
		return send_error(p->connection, MHD_HTTP_BAD_REQUEST,
			"a form is expected, with name and password");
	if (r == -EAGAIN)
		return send_wait(p->connection, wait_s);
	if (r < 0)
		return send_error(p->connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			"too many log in at this moment");
	*ret_waits = true;
	peer_suspend(p);
	return MHD_YES;
}

enum MHD_Result enter_done(struct gate *g, struct peer *p, const struct login_try *t)
{
	char cookie[LOGIN_COOKIE_TEXT];
	struct said h = gate_said(p->connection);
	json_t *j = t->good ? login_enter(g->login, t, &h, clock_mono_ns(), cookie) : NULL;
	return j ? send_document(p->connection, MHD_HTTP_OK, j, cookie)
		 : send_error(p->connection, MHD_HTTP_UNAUTHORIZED, "wrong name or password");
}

enum MHD_Result enter_leave(struct gate *g, struct peer *p)
{
	char cookie[LOGIN_COOKIE_TEXT];
	struct said h = gate_said(p->connection);
	const struct caller nobody = {.scope = SCOPE_NONE};
	login_leave(g->login, &h, clock_mono_ns(), cookie);
	return send_document(p->connection, MHD_HTTP_OK, login_session(&nobody), cookie);
}

enum MHD_Result enter_session(struct gate *g, struct peer *p)
{
	if (!g->login)
		return send_document(
			p->connection, MHD_HTTP_OK, json_pack("{s:b}", "login", 0), NULL);
	struct said h = gate_said(p->connection);
	struct caller who = login_who(g->login, &h, clock_mono_ns());
	return send_document(p->connection, MHD_HTTP_OK, login_session(&who), NULL);
}
