/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/login.h"

#include "http/headers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UNAUTHORIZED = 401, FORBIDDEN = 403 };

/* The token "plim_" and 256 bits: a search for leaked secrets can know it by its begin. */
enum { TOKEN_TEXT = 128 };

struct login {
	int keeper_fd;
	bool secure;
	uint64_t last_id, changes;
	struct login_try *waiting[LOGIN_WAITING];
	struct keeper_say say; /* what was heard last */
	struct accounts accounts;
	struct attempts attempts;
	struct sessions sessions;
};

int login_open(int keeper_fd, const struct accounts *now, bool secure, struct login **ret)
{
	struct login *l = calloc(1, sizeof *l);
	if (!l)
		return -ENOMEM;
	l->keeper_fd = keeper_fd;
	l->secure = secure;
	l->accounts = *now;
	attempts_init(&l->attempts);
	sessions_init(&l->sessions);
	*ret = l;
	return 0;
}

void login_close(struct login *l)
{
	if (!l)
		return;
	(void)close(l->keeper_fd);
	explicit_bzero(l, sizeof *l);
	free(l);
}

int login_fd(const struct login *l)
{
	return l->keeper_fd;
}

/* A cookie of that prefix is taken by browsers only over TLS, of this host and for all of its paths. */
static const char *cookie_name(const struct login *l)
{
	return l->secure ? "__Host-plimsoll" : "plimsoll";
}

/* ---- who ---- */

static const struct account *token_of(const struct login *l, const char *text)
{
	const struct account *found = NULL;
	char hash[SECRET_HEX];
	secret_hash_hex(text, hash);
	for (size_t i = 0; i < l->accounts.n; i++) /* all of them, however soon it is found */
		if (l->accounts.rows[i].kind == ACCOUNT_TOKEN &&
			secret_same(l->accounts.rows[i].hash, hash, sizeof hash))
			found = &l->accounts.rows[i];
	return found;
}

static const struct session *session_of(struct login *l, const struct said *h, uint64_t now_ns)
{
	char cookie[SECRET_TEXT];
	return h->cookie && header_cookie(h->cookie, cookie_name(l), cookie, sizeof cookie)
		       ? sessions_find(&l->sessions, cookie, now_ns)
		       : NULL;
}

/* Who brings Authorization is judged by that alone, though a cookie be there too. */
struct caller login_who(struct login *l, const struct said *h, uint64_t now_ns)
{
	char token[TOKEN_TEXT];
	if (h->authorization) {
		const struct account *a = header_bearer(h->authorization, token, sizeof token)
						  ? token_of(l, token)
						  : NULL;
		return a ? (struct caller){.scope = a->scope, .name = a->name}
			 : (struct caller){.scope = SCOPE_NONE};
	}
	const struct session *s = session_of(l, h, now_ns);
	return s ? (struct caller){.scope = s->scope, .session = s, .name = s->name}
		 : (struct caller){.scope = SCOPE_NONE};
}

static bool has_csrf(const struct session *s, const struct said *h)
{
	return h->csrf && strlen(h->csrf) == SECRET_TEXT - 1 &&
	       secret_same(h->csrf, s->csrf, SECRET_TEXT - 1);
}

unsigned login_refusal(struct login *l, const struct said *h, bool changes, enum scope needs,
	uint64_t now_ns, const char **ret_why)
{
	struct caller c = login_who(l, h, now_ns);
	if (c.scope == SCOPE_NONE) {
		*ret_why = h->authorization ? "Authorization: no token that is known here"
					    : "log in, or send a token (Authorization: Bearer)";
		return UNAUTHORIZED;
	}
	if (changes && c.session &&
		!(header_same_site(h->site, h->origin, h->host) && has_csrf(c.session, h))) {
		*ret_why = "X-CSRF-Token: is missing or of another session";
		return FORBIDDEN;
	}
	if (c.scope < needs) {
		*ret_why = "this user or token may only read";
		return FORBIDDEN;
	}
	return 0;
}

bool login_is_in(struct login *l, uint64_t session, uint64_t now_ns)
{
	return sessions_number(&l->sessions, session, now_ns) != NULL;
}

uint64_t login_accounts(const struct login *l)
{
	return l->changes;
}

/* ---- passwords ---- */

static struct login_try **free_place(struct login *l, const struct address_key *from)
{
	struct login_try **place = NULL;
	for (size_t i = 0; i < LOGIN_WAITING; i++) {
		if (!l->waiting[i])
			place = place ? place : &l->waiting[i];
		else if (memcmp(&l->waiting[i]->from, from, sizeof *from) == 0)
			return NULL; /* one of each address at a time, or one would make all wait */
	}
	return place;
}

static int ask(struct login *l, struct login_try *t, struct keeper_ask *q, uint64_t now_ns,
	unsigned *ret_wait_s)
{
	struct login_try **place = free_place(l, &t->from);
	if (!place)
		return -EBUSY;
	if (!attempts_take(&l->attempts, &t->from, q->name, now_ns, ret_wait_s))
		return -EAGAIN;
	q->id = t->id = ++l->last_id;
	memcpy(t->name, q->name, sizeof t->name);
	if (keeper_ask(l->keeper_fd, q) < 0)
		return -EBUSY;
	*place = t;
	return 0;
}

int login_begin(struct login *l, struct login_try *t, char *form, size_t n, uint64_t now_ns,
	unsigned *ret_wait_s)
{
	struct keeper_ask q = {.id = 0};
	bool whole = form_field(form, n, "name", q.name, sizeof q.name) &&
		     form_field(form, n, "password", q.password, sizeof q.password);
	explicit_bzero(form, n);
	int r = whole ? ask(l, t, &q, now_ns, ret_wait_s) : -EINVAL;
	explicit_bzero(&q, sizeof q);
	return r;
}

static struct login_try *answered(struct login *l, uint64_t now_ns)
{
	for (size_t i = 0; i < LOGIN_WAITING; i++) {
		struct login_try *t = l->waiting[i];
		if (!t || t->id != l->say.id)
			continue;
		l->waiting[i] = NULL;
		t->good = l->say.good == 1;
		if (t->good)
			attempts_good(&l->attempts, &t->from, t->name, now_ns);
		return t;
	}
	return NULL;
}

struct login_try *login_heard(struct login *l, uint64_t now_ns, bool *ret_lost)
{
	int r;
	while ((r = keeper_hear(l->keeper_fd, &l->say)) == 1) {
		struct login_try *t = l->say.id ? answered(l, now_ns) : NULL;
		if (t)
			return t;
		if (!l->say.id) {
			l->accounts = l->say.accounts;
			l->changes++;
			sessions_keep(&l->sessions, &l->accounts);
		}
	}
	*ret_lost = r < 0;
	return NULL;
}

/* ---- sessions ---- */

static void set_cookie(const struct login *l, const char *value, uint64_t age_s,
	char ret[static LOGIN_COOKIE_TEXT])
{
	(void)snprintf(ret, LOGIN_COOKIE_TEXT,
		"%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%" PRIu64 "%s", cookie_name(l),
		value, age_s, l->secure ? "; Secure" : "");
}

json_t *login_session(const struct caller *c)
{
	if (c->scope == SCOPE_NONE)
		return json_pack("{s:b, s:n}", "login", 1, "name");
	return json_pack("{s:b, s:s, s:s, s:s?}", "login", 1, "name", c->name, "scope",
		scope_name(c->scope), "csrf", c->session ? c->session->csrf : NULL);
}

json_t *login_enter(struct login *l, const struct login_try *t, const struct said *h,
	uint64_t now_ns, char ret_cookie[static LOGIN_COOKIE_TEXT])
{
	char value[SECRET_TEXT];
	const struct session *before = session_of(l, h, now_ns);
	const struct account *a = accounts_find(&l->accounts, t->name);
	if (!a || a->kind != ACCOUNT_USER)
		return NULL;
	if (before)
		sessions_end(&l->sessions, before->number);
	const struct session *s = sessions_begin(&l->sessions, a, now_ns, value);
	set_cookie(l, value, SESSION_S, ret_cookie);
	explicit_bzero(value, sizeof value);
	return login_session(&(struct caller){.scope = s->scope, .session = s, .name = s->name});
}

void login_leave(struct login *l, const struct said *h, uint64_t now_ns,
	char ret_cookie[static LOGIN_COOKIE_TEXT])
{
	const struct session *s = session_of(l, h, now_ns);
	if (s)
		sessions_end(&l->sessions, s->number);
	set_cookie(l, "", 0, ret_cookie);
}
