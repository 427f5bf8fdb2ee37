/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* accounts: who may read the page and the API from elsewhere, as a file of lines:
 *
 *     user NAME read|write SECONDS $argon2id$...
 *     token NAME read|write SECONDS 64 hexadecimal digits
 *
 * SECONDS is when it was made. A password is kept as Argon2id, a token, which is random, as its BLAKE2b: nobody who reads the file can
 * log in with it. Users and tokens share one space of names. */
#ifndef HTTP_ACCOUNTS_H
#define HTTP_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ACCOUNT_NAME = 65, /* bytes with NUL */
	ACCOUNT_HASH = 129,
	ACCOUNTS_MAX = 128,
	ACCOUNTS_BYTES = 64 * 1024, /* of the file */
};

enum account_kind { ACCOUNT_USER, ACCOUNT_TOKEN };
enum scope { SCOPE_NONE, SCOPE_READ, SCOPE_WRITE };

struct account {
	enum account_kind kind;
	enum scope scope;
	uint64_t made_s; /* since 1970 */
	char name[ACCOUNT_NAME];
	char hash[ACCOUNT_HASH];
};

struct accounts {
	size_t n;
	struct account rows[ACCOUNTS_MAX];
};

const char *scope_name(enum scope s);
/* SCOPE_NONE when it is none. */
enum scope scope_of(const char *text);
/* 1 to 64 letters, digits and "._@-", not beginning with '-'. */
bool account_is_name(const char *name);
/* NULL when there is none. */
const struct account *accounts_find(const struct accounts *a, const char *name);

/* The text of a file: 0, or -EBADMSG and the number of the line that is wrong. */
int accounts_parse(const char *text, size_t n, struct accounts *ret, unsigned *ret_line);
/* 0, -EBADMSG with the line, -EPERM when others may read or change the file, or another negative errno. */
int accounts_read(const char *path, struct accounts *ret, unsigned *ret_line);
/* Writes a new file, mode 0600, with the owner of the one that was there, and puts it in its place in one step. */
int accounts_write(const char *path, const struct accounts *a);

#endif
