/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* tls: the certificate and key of the server, read and checked before any right is given up; libmicrohttpd does the rest. */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include <stdbool.h>
#include <stddef.h>

struct tls;

/* 0, or a negative errno with what is wrong in why: of which file, and in words. -ENOSYS: this build has no TLS. */
int tls_load(const char *cert, const char *key, struct tls **ret, char *why, size_t size);
void tls_free(struct tls *t);
/* Text of PEM; the key is there until tls_forget_key(). */
char *tls_certificate(const struct tls *t);
char *tls_key(const struct tls *t);
void tls_forget_key(struct tls *t);
/* Versions and ciphers, as GnuTLS names them. */
const char *tls_priorities(void);
/* Is the certificate for this name or address (n bytes, an IPv6 address in brackets)? */
bool tls_has_name(const struct tls *t, const char *name, size_t n);

#endif
