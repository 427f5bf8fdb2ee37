/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* dns: how long the nameservers of the machine take, apart from asking, so that tests can feed it. */
#ifndef BOOKS_DNS_H
#define BOOKS_DNS_H

#include "base/num.h"
#include "books/book.h"

enum { DNS_SERVERS = 3, DNS_QUERY = 17 }; /* the resolver of the C library takes three */

/* Text of resolv.conf: how many nameservers. */
int dns_read_config(struct scan text, struct address ret[static DNS_SERVERS]);
/* Asks for something of the root: its servers (type 2) every resolver has at hand. */
void dns_query(uint8_t ret[static DNS_QUERY], uint16_t id, uint8_t type);
/* 1 an answer to it, 0 the server failed (SERVFAIL, REFUSED), -1 it is no answer. */
int dns_answer(const uint8_t *bytes, size_t n, uint16_t id);

#endif
