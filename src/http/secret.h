/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* secret: passwords, tokens and cookies, by libsodium. The only file that knows of it; in a build without it secret_open() answers
 * -ENOSYS, and nothing else of this is called. */
#ifndef HTTP_SECRET_H
#define HTTP_SECRET_H

#include "http/accounts.h"

enum {
	SECRET_PASSWORD_MIN = 10, /* characters of a new one */
	SECRET_PASSWORD = 1025,   /* bytes with NUL */
	SECRET_BYTES = 32,        /* of what is random, and of hashes */
	SECRET_TEXT = 44,         /* those as base64url, with NUL */
	SECRET_HEX = 65,
};

/* Before all others, and before rights are given up. checks: passwords will be checked. 0, -ENOSYS or another negative errno. */
int secret_open(bool checks);

/* Argon2id: 64 MiB and about a tenth of a second of a CPU. 0 or -ENOMEM. */
int secret_hash_password(const char *password, char ret[static ACCOUNT_HASH]);
/* hash NULL: takes as long as any other and answers false, so that nobody learns which names there are. */
bool secret_is_password(const char *password, const char *hash);

/* 256 random bits as text. */
void secret_random(char ret[static SECRET_TEXT]);
void secret_random_bytes(void *p, size_t n);
/* BLAKE2b of a text that is random itself, or with a key of SECRET_BYTES. */
void secret_hash(
	const char *text, const unsigned char *key, unsigned char ret[static SECRET_BYTES]);
void secret_hash_hex(const char *text, char ret[static SECRET_HEX]);
void secret_text(const unsigned char bytes[static SECRET_BYTES], char ret[static SECRET_TEXT]);
/* Takes as long whatever the bytes are. */
bool secret_same(const void *a, const void *b, size_t n);
/* For tables that strangers fill: 64 bits that they cannot foresee. key: 16 bytes. */
uint64_t secret_short(const unsigned char key[static 16], const void *p, size_t n);

#endif
