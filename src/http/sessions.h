/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* sessions: who has logged in, in memory: a restart ends them all. What stands in a cookie is kept as a hash, so that what leaks of this
 * memory logs nobody in. */
#ifndef HTTP_SESSIONS_H
#define HTTP_SESSIONS_H

#include "http/secret.h"

enum {
	SESSIONS_MAX = 256,
	SESSIONS_EACH = 16 /* of one user; of more the one used least lately ends */
};

static const uint64_t SESSION_IDLE_S = 86400, SESSION_S = 7 * 86400;

struct session {
	bool used;
	unsigned char id[SECRET_BYTES];
	char csrf[SECRET_TEXT]; /* what a request must bring that changes something */
	char name[ACCOUNT_NAME];
	char stamp[ACCOUNT_HASH]; /* of the password it was begun with */
	enum scope scope;
	uint64_t number;            /* of this session and no later one; never 0 */
	uint64_t begun_ns, seen_ns; /* monotonic */
};

struct sessions {
	unsigned char key[SECRET_BYTES];
	uint64_t last;
	struct session rows[SESSIONS_MAX];
};

void sessions_init(struct sessions *s);
/* A new one, with a new cookie whatever the client had before. */
const struct session *sessions_begin(struct sessions *s, const struct account *user,
	uint64_t now_ns, char ret_cookie[static SECRET_TEXT]);
/* Of a cookie's text; NULL when there is none, or its time is over. */
const struct session *sessions_find(struct sessions *s, const char *cookie, uint64_t now_ns);
const struct session *sessions_number(struct sessions *s, uint64_t number, uint64_t now_ns);
void sessions_end(struct sessions *s, uint64_t number);
/* Ends those whose user is gone, has another password or may do less. */
void sessions_keep(struct sessions *s, const struct accounts *a);

#endif
