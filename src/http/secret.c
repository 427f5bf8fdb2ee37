/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/secret.h"

#include <errno.h>
#include <string.h>

#ifndef WITHOUT_LIBSODIUM

#include <sodium.h>

_Static_assert(crypto_pwhash_STRBYTES <= ACCOUNT_HASH, "a hash has room");
_Static_assert(crypto_generichash_BYTES == SECRET_BYTES, "BLAKE2b of 256 bits");
_Static_assert(crypto_generichash_KEYBYTES == SECRET_BYTES, "and its key");
_Static_assert(crypto_shorthash_KEYBYTES == 16, "SipHash");

/* Of a password that nobody has. */
static char nobody[ACCOUNT_HASH];

int secret_open(bool checks)
{
	char text[SECRET_TEXT];
	if (sodium_init() < 0)
		return -EIO;
	if (!checks || *nobody)
		return 0;
	secret_random(text);
	return secret_hash_password(text, nobody);
}

int secret_hash_password(const char *password, char ret[static ACCOUNT_HASH])
{
	return crypto_pwhash_str_alg(ret, password, strlen(password),
		       crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE,
		       crypto_pwhash_ALG_ARGON2ID13) == 0
		       ? 0
		       : -ENOMEM;
}

bool secret_is_password(const char *password, const char *hash)
{
	bool same = crypto_pwhash_str_verify(hash ? hash : nobody, password, strlen(password)) == 0;
	return same && hash;
}

void secret_text(const unsigned char bytes[static SECRET_BYTES], char ret[static SECRET_TEXT])
{
	(void)sodium_bin2base64(
		ret, SECRET_TEXT, bytes, SECRET_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void secret_random_bytes(void *p, size_t n)
{
	randombytes_buf(p, n);
}

void secret_random(char ret[static SECRET_TEXT])
{
	unsigned char bytes[SECRET_BYTES];
	secret_random_bytes(bytes, sizeof bytes);
	secret_text(bytes, ret);
	sodium_memzero(bytes, sizeof bytes);
}

void secret_hash(const char *text, const unsigned char *key, unsigned char ret[static SECRET_BYTES])
{
	(void)crypto_generichash(ret, SECRET_BYTES, (const unsigned char *)text, strlen(text), key,
		key ? SECRET_BYTES : 0);
}

void secret_hash_hex(const char *text, char ret[static SECRET_HEX])
{
	unsigned char bytes[SECRET_BYTES];
	secret_hash(text, NULL, bytes);
	(void)sodium_bin2hex(ret, SECRET_HEX, bytes, sizeof bytes);
}

bool secret_same(const void *a, const void *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}

uint64_t secret_short(const unsigned char key[static 16], const void *p, size_t n)
{
	uint64_t h;
	unsigned char bytes[sizeof h];
	(void)crypto_shorthash(bytes, p, n, key);
	memcpy(&h, bytes, sizeof h);
	return h;
}

#else

int secret_open(bool checks)
{
	(void)checks;
	return -ENOSYS;
}

int secret_hash_password(const char *password, char ret[static ACCOUNT_HASH])
{
	(void)password;
	*ret = '\0';
	return -ENOSYS;
}

bool secret_is_password(const char *password, const char *hash)
{
	(void)password;
	(void)hash;
	return false;
}

void secret_text(const unsigned char bytes[static SECRET_BYTES], char ret[static SECRET_TEXT])
{
	(void)bytes;
	*ret = '\0';
}

void secret_random_bytes(void *p, size_t n)
{
	memset(p, 0, n);
}

void secret_random(char ret[static SECRET_TEXT])
{
	*ret = '\0';
}

void secret_hash(const char *text, const unsigned char *key, unsigned char ret[static SECRET_BYTES])
{
	(void)text;
	(void)key;
	memset(ret, 0, SECRET_BYTES);
}

void secret_hash_hex(const char *text, char ret[static SECRET_HEX])
{
	(void)text;
	*ret = '\0';
}

bool secret_same(const void *a, const void *b, size_t n)
{
	(void)a;
	(void)b;
	(void)n;
	return false;
}

uint64_t secret_short(const unsigned char key[static 16], const void *p, size_t n)
{
	(void)key;
	(void)p;
	return n;
}

#endif
