/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Heads of packets, and rtnetlink's messages: the first byte picks which. Whatever the bytes, what a packet says of itself is not
 * more than was on the wire. Built plainly it runs the saved corpus. */
#include "corpus.h"
#include "read/packet.h"
#include "read/parse_link.h"

#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

static void see_link(void *ctx, const struct link_message *l)
{
	*(size_t *)ctx += strlen(l->name);
}

static void see_address(void *ctx, uint32_t index, const struct address *a)
{
	char text[48];
	*(size_t *)ctx += index + strlen(address_text(text, a));
}

static void check_packet(uint16_t ethertype, const uint8_t *p, size_t n)
{
	struct packet k;
	uint32_t length = (uint32_t)n + 40; /* more was on the wire than was captured */
	bool ip = packet_parse(ethertype, p, n, length, &k);
	if (ip != k.ip || k.length > length || k.payload > k.length || k.data_len > k.payload)
		abort();
	if (k.data_len && (k.data < p || k.data + k.data_len > p + n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t types[] = {
		ETH_P_IP, ETH_P_IPV6, ETH_P_8021Q, ETH_P_8021AD, ETH_P_ARP};
	enum { TYPES = sizeof types / sizeof *types };
	size_t sum = 0;
	if (size == 0)
		return 0;
	unsigned which = data[0] % (TYPES + 2);
	size_t n = size - 1;
	uint8_t *copy = malloc(n ? n : 1); /* its own, so that a read past the end is seen */
	if (!copy)
		return 0;
	memcpy(copy, data + 1, n);
	if (which < TYPES)
		check_packet(types[which], copy, n);
	else if (which == TYPES)
		(void)parse_links(copy, n, see_link, &sum);
	else
		(void)parse_addresses(copy, n, see_address, &sum);
	free(copy);
	return 0;
}
