/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* packet: the head of one packet, as a stranger wrote it, to numbers. A pure function; every length is checked; it is fuzzed.
 * VLAN tags that were left in the bytes, extension headers of IPv6 and fragments are gone through; nothing else is. */
#ifndef READ_PACKET_H
#define READ_PACKET_H

#include "catalogue/sample.h"

struct packet {
	bool ip;          /* false: only `length` is of use */
	uint8_t protocol; /* behind all extension headers */
	struct address source, destination;
	uint16_t source_port, port; /* UDP, and where the header was captured; else 0 */
	bool fragmented, first;     /* of a datagram in several packets; the first has the ports */
	uint32_t fragment_id;
	uint32_t length;           /* of the whole packet from the IP header on, without padding */
	uint32_t payload;          /* of it, behind the IP and UDP headers */
	const unsigned char *data; /* what of the payload was captured */
	size_t data_len;
};

/* `bytes` begin behind the link's header; `captured` of `length` are there. ethertype as the kernel gives it, in the host's byte
 * order. False when it is cut within a header or contradicts itself: then it counts as no IP. */
bool packet_parse(uint16_t ethertype, const void *bytes, size_t captured, uint32_t length,
	struct packet *ret);

#endif
