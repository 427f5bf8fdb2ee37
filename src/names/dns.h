/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* dns: what one message of DNS says about names of addresses. Bytes of strangers: every offset, length and count is checked, a
 * compressed name can only point backwards, and the function is fuzzed. */
#ifndef NAMES_DNS_H
#define NAMES_DNS_H

#include "catalogue/sample.h"

enum {
	DNS_TEXT = 1024,    /* a name of 255 bytes, each escaped */
	DNS_ADDRESSES = 64, /* of one answer; more are left out */
};

struct dns_message {
	bool answer; /* else a question */
	uint16_t id, type;
	char name[DNS_TEXT]; /* that was asked for: lower case, no dot at its end */
	struct address addresses[DNS_ADDRESSES]; /* that it leads to, by way of CNAMEs if need be */
	size_t n;
};

/* False when it is no message with exactly one question of class IN, or is cut or contradicts itself before its answers end. An
 * answer that tells of an error has no addresses. */
bool dns_parse(const void *bytes, size_t len, struct dns_message *ret);

/* A name as text: letters become small; what is no letter, digit, hyphen, underscore or dot is written as \DDD. Returns false when
 * it does not fit, or is empty. */
bool dns_text(const char *name, size_t len, char *buf, size_t size);

#endif
