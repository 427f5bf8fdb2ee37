/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* login: who asks, and what he may. It knows of headers as texts and nothing of connections. */
#ifndef HTTP_LOGIN_H
#define HTTP_LOGIN_H

#include "http/attempts.h"
#include "http/keeper.h"
#include "http/sessions.h"

#include <jansson.h>

enum { LOGIN_WAITING = 8 /* passwords that wait to be checked */, LOGIN_COOKIE_TEXT = 192 };

/* What a request says of who sent it; NULL where it does not. */
struct said {
	const char *cookie, *authorization, *csrf, *site, *origin, *host;
};

/* Who it is: a session or a token, or nobody. Stands until the next call. */
struct caller {
	enum scope scope; /* SCOPE_NONE: nobody */
	const struct session *session;
	const char *name;
};

/* A password that is checked, the caller's until it is heard of. */
struct login_try {
	uint64_t id;
	void *ctx;
	struct address_key from;
	char name[ACCOUNT_NAME];
	bool good;
};

struct login;

/* keeper_fd: of keeper_start(), closed with it. secure: the way to the client is encrypted. */
int login_open(int keeper_fd, const struct accounts *now, bool secure, struct login **ret);
void login_close(struct login *l);
int login_fd(const struct login *l);

struct caller login_who(struct login *l, const struct said *h, uint64_t now_ns);
/* May he do that? 0, or the status of HTTP with the reason. changes: it changes something, so that a session must show that its own page
 * wants it. needs: what it takes. */
unsigned login_refusal(struct login *l, const struct said *h, bool changes, enum scope needs,
	uint64_t now_ns, const char **ret_why);
/* Is that session there still? */
bool login_is_in(struct login *l, uint64_t session, uint64_t now_ns);
/* Another number after each change of the accounts. */
uint64_t login_accounts(const struct login *l);

/* Has the password of a form checked, with name and password; the form is wiped. 0: it will be heard of. -EINVAL: no such form; -EAGAIN:
 * too many attempts, and how many seconds to wait; -EBUSY: too many wait already. */
int login_begin(struct login *l, struct login_try *t, char *form, size_t n, uint64_t now_ns,
	unsigned *ret_wait_s);
/* What the keeper has to say: the next try that it has checked, or NULL. *ret_lost: there is no keeper any more. */
struct login_try *login_heard(struct login *l, uint64_t now_ns, bool *ret_lost);
/* A session for a good try: the header Set-Cookie, and what is said. NULL: the user has gone meanwhile. A session that the client had
 * before ends. */
json_t *login_enter(struct login *l, const struct login_try *t, const struct said *h,
	uint64_t now_ns, char ret_cookie[static LOGIN_COOKIE_TEXT]);
/* Ends the session; the header that takes the cookie away. */
void login_leave(struct login *l, const struct said *h, uint64_t now_ns,
	char ret_cookie[static LOGIN_COOKIE_TEXT]);
/* {"login": true, "name", "scope", "csrf"}; without a caller the name is null. */
json_t *login_session(const struct caller *c);

#endif
