/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* headers: what strangers write into headers and forms, as pure functions of text; tests/fuzz/fuzz_http.c has them all. */
#ifndef HTTP_HEADERS_H
#define HTTP_HEADERS_H

#include "http/attempts.h"

#include <sys/socket.h>

enum { RANGES_MAX = 8 };

/* The value of a cookie in "a=b; name=value". false: there is none, there are two, or it does not fit. */
bool header_cookie(const char *cookies, const char *name, char *ret, size_t size);
/* What follows "Bearer " in Authorization. false: another scheme, or no token. */
bool header_bearer(const char *authorization, char *ret, size_t size);
/* Ranges of "bytes=0-99,200-,-5"; 0 when it is something else, which a server may take for no range at all. */
size_t header_ranges(const char *range);
/* The field of a form (application/x-www-form-urlencoded) of n bytes, decoded. false: it is missing, there twice, has a NUL or a broken
 * %XX, or does not fit. */
bool form_field(const char *form, size_t n, const char *name, char *ret, size_t size);

/* Bytes of a Host at its begin that are its name, without the port; 0 when it is none. */
size_t header_host(const char *host);
/* Did a page of this server send the request, as its browser says (Sec-Fetch-Site, Origin; NULL where not given)? Without both no
 * browser sent it. */
bool header_same_site(const char *site, const char *origin, const char *host);

/* Whom an address counts as. An IPv4 address inside an IPv6 one is the same as the IPv4 address. */
struct address_key address_of(const struct sockaddr *a);
/* The last address of X-Forwarded-For: the one that our own proxy has seen. false when it is none. */
bool header_forwarded(const char *forwarded, struct address_key *ret);

#endif
