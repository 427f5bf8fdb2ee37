/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* link: interfaces and their addresses out of rtnetlink's messages (DUMP_LINKS, DUMP_ADDRESSES). Pure functions; every length is
 * checked; they are fuzzed. */
#ifndef READ_LINK_H
#define READ_LINK_H

#include "catalogue/sample.h"

struct link {
	uint32_t index, master;
	uint32_t
		below; /* the interface that carries this one, 0: none, or it is in another namespace */
	char name[16];
	bool loopback, have_bytes;
	uint64_t sent, received; /* bytes, as the driver counts them */
};
size_t parse_links(
	const void *bytes, size_t len, void (*each)(void *ctx, const struct link *l), void *ctx);

size_t parse_addresses(const void *bytes, size_t len,
	void (*each)(void *ctx, uint32_t index, const struct address *a), void *ctx);

#endif
