/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/sessions.h"

#include <stdio.h>
#include <string.h>

static const uint64_t SECOND_NS = 1000000000;

void sessions_init(struct sessions *s)
{
	memset(s, 0, sizeof *s);
	secret_random_bytes(s->key, sizeof s->key);
}

static void end(struct session *r)
{
	explicit_bzero(r, sizeof *r);
}

static bool is_over(const struct session *r, uint64_t now_ns)
{
	return now_ns - r->begun_ns > SESSION_S * SECOND_NS ||
	       now_ns - r->seen_ns > SESSION_IDLE_S * SECOND_NS;
}

/* A free row; else that of this user, if he has his share, or of all, which was used least lately. */
static struct session *place_for(struct sessions *s, const char *name)
{
	struct session *unused = NULL, *own = s->rows, *any = s->rows;
	size_t mine = 0;
	for (struct session *r = s->rows; r < s->rows + SESSIONS_MAX; r++) {
		if (!r->used) {
			unused = unused ? unused : r;
			continue;
		}
		if (r->seen_ns < any->seen_ns)
			any = r;
		if (strcmp(r->name, name) != 0)
			continue;
		if (mine++ == 0 || r->seen_ns < own->seen_ns)
			own = r;
	}
	return mine >= SESSIONS_EACH ? own : unused ? unused : any;
}

const struct session *sessions_begin(struct sessions *s, const struct account *user,
	uint64_t now_ns, char ret_cookie[static SECRET_TEXT])
{
	struct session *r = place_for(s, user->name);
	unsigned char csrf[SECRET_BYTES];
	char text[SECRET_TEXT + 8];
	secret_random(ret_cookie);
	end(r);
	r->used = true;
	r->number = ++s->last;
	r->scope = user->scope;
	r->begun_ns = r->seen_ns = now_ns;
	memcpy(r->name, user->name, sizeof r->name);
	memcpy(r->stamp, user->hash, sizeof r->stamp);
	secret_hash(ret_cookie, s->key, r->id);
	(void)snprintf(text, sizeof text, "csrf %s", ret_cookie);
	secret_hash(text, s->key, csrf);
	secret_text(csrf, r->csrf);
	explicit_bzero(text, sizeof text);
	return r;
}

static const struct session *seen(struct session *r, uint64_t now_ns)
{
	if (r && is_over(r, now_ns)) {
		end(r);
		return NULL;
	}
	if (r)
		r->seen_ns = now_ns;
	return r;
}

const struct session *sessions_find(struct sessions *s, const char *cookie, uint64_t now_ns)
{
	unsigned char id[SECRET_BYTES];
	struct session *found = NULL;
	if (strlen(cookie) != SECRET_TEXT - 1)
		return NULL;
	secret_hash(cookie, s->key, id);
	for (struct session *r = s->rows; r < s->rows + SESSIONS_MAX; r++)
		if (r->used && secret_same(r->id, id, sizeof id))
			found = r;
	return seen(found, now_ns);
}

const struct session *sessions_number(struct sessions *s, uint64_t number, uint64_t now_ns)
{
	for (struct session *r = s->rows; r < s->rows + SESSIONS_MAX; r++)
		if (r->used && r->number == number)
			return seen(r, now_ns);
	return NULL;
}

void sessions_end(struct sessions *s, uint64_t number)
{
	for (struct session *r = s->rows; r < s->rows + SESSIONS_MAX; r++)
		if (r->used && r->number == number)
			end(r);
}

void sessions_keep(struct sessions *s, const struct accounts *a)
{
	for (struct session *r = s->rows; r < s->rows + SESSIONS_MAX; r++) {
		const struct account *user = r->used ? accounts_find(a, r->name) : NULL;
		if (r->used && (!user || user->kind != ACCOUNT_USER || user->scope != r->scope ||
				       strcmp(user->hash, r->stamp) != 0))
			end(r);
	}
}
