/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* attempts: how often somebody may try a password. Each address has its own measure and each name has one, in tables of a fixed size.
 *
 * One address runs dry long before it has used up what a name has, so it cannot lock the name's owner out; many addresses together can,
 * for seconds, but not those from which that name has logged in before. */
#ifndef HTTP_ATTEMPTS_H
#define HTTP_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whom it counts as one: an IPv4 address, or the /64 of an IPv6 address. */
struct address_key {
	unsigned char bytes[9]; /* family (4 or 6), then 4 or 8 bytes */
};

enum { ATTEMPTS_ADDRESSES = 1024, ATTEMPTS_NAMES = 256, ATTEMPTS_KNOWN = 256 };

/* What is left of a measure: it is full at full_ns (monotonic), and each attempt moves that on. key 0: empty. */
struct measure {
	uint64_t key, full_ns;
};

struct attempts {
	unsigned char secret[16];
	struct measure addresses[ATTEMPTS_ADDRESSES], names[ATTEMPTS_NAMES];
	struct measure known[ATTEMPTS_KNOWN]; /* pairs of both that were good */
};

void attempts_init(struct attempts *a);
/* May this one try now? Then it has tried: an attempt counts before it is known whether it is good. Else how many seconds to wait. */
bool attempts_take(struct attempts *a, const struct address_key *from, const char *name,
	uint64_t now_ns, unsigned *ret_wait_s);
/* It was good: the attempt does not count after all. */
void attempts_good(
	struct attempts *a, const struct address_key *from, const char *name, uint64_t now_ns);

#endif
