/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "read/packet.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum {
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
	UDP_HEADER = 8,
	VLAN_HEADER = 4,
	TAGS_MAX = 4,
	EXTENSIONS_MAX = 8
};

static uint16_t be16(const unsigned char *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static void address_set(struct address *a, uint8_t family, const unsigned char *p)
{
	*a = (struct address){.family = family};
	memcpy(a->bytes, p, family == AF_INET6 ? 16 : 4);
}

/* What is behind the IP header: at p, n bytes captured, of `length` on the wire. */
static bool transport(const unsigned char *p, size_t n, uint32_t length, struct packet *k)
{
	bool has_header = k->protocol == IPPROTO_UDP && (!k->fragmented || k->first);
	if (has_header && (n < UDP_HEADER || length < UDP_HEADER))
		return false;
	if (has_header) {
		k->source_port = be16(p);
		k->port = be16(p + 2);
		p += UDP_HEADER;
		n -= UDP_HEADER;
		length -= UDP_HEADER;
	}
	k->payload = length;
	k->data = p;
	k->data_len = n < length ? n : length;
	return true;
}

static bool ipv4(const unsigned char *p, size_t n, uint32_t length, struct packet *k)
{
	enum { OFFSET_MASK = 0x1fff, MORE_FRAGMENTS = 0x2000 };
	if (n < IPV4_HEADER || p[0] >> 4 != 4)
		return false;
	size_t header = (size_t)(p[0] & 15) * 4;
	uint32_t total = be16(p + 2);
	if (total == 0) /* larger than the field can say: the kernel hands it down in one piece */
		total = length;
	if (header < IPV4_HEADER || header > n || total < header || total > length)
		return false;
	uint16_t fragment = be16(p + 6);
	k->protocol = p[9];
	k->length = total; /* short frames are padded */
	k->fragmented = fragment & (OFFSET_MASK | MORE_FRAGMENTS);
	k->first = !(fragment & OFFSET_MASK);
	k->fragment_id = be16(p + 4);
	address_set(&k->source, AF_INET, p + 12);
	address_set(&k->destination, AF_INET, p + 16);
	return transport(p + header, n - header, total - (uint32_t)header, k);
}

/* One extension header at p. *ret_len 0: it is none, what `next` names follows. */
static bool extension(
	const unsigned char *p, size_t n, uint8_t *next, size_t *ret_len, struct packet *k)
{
	enum { UNITS = 8, OFFSET_MASK = 0xfff8, MORE_FRAGMENTS = 1 };
	*ret_len = 0;
	switch (*next) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
		if (n < UNITS)
			return false;
		*ret_len = ((size_t)p[1] + 1) * UNITS;
		break;
	case IPPROTO_AH:
		if (n < UNITS)
			return false;
		*ret_len = ((size_t)p[1] + 2) * 4;
		break;
	case IPPROTO_FRAGMENT:
		if (n < UNITS)
			return false;
		*ret_len = UNITS;
		k->fragmented = be16(p + 2) & (OFFSET_MASK | MORE_FRAGMENTS);
		k->first = !(be16(p + 2) & OFFSET_MASK);
		k->fragment_id = be32(p + 4);
		break;
	default: return true;
	}
	*next = p[0];
	return *ret_len <= n;
}

static bool ipv6(const unsigned char *p, size_t n, uint32_t length, struct packet *k)
{
	if (n < IPV6_HEADER || p[0] >> 4 != 6)
		return false;
	uint32_t total = be16(p + 4) + (uint32_t)IPV6_HEADER;
	if (be16(p + 4) == 0) /* as above */
		total = length;
	if (total > length)
		return false;
	uint8_t next = p[6];
	size_t at = IPV6_HEADER, step = 1;
	address_set(&k->source, AF_INET6, p + 8);
	address_set(&k->destination, AF_INET6, p + 24);
	k->length = total;
	k->first = true;
	for (unsigned i = 0; step && i < EXTENSIONS_MAX; i++) {
		if (k->fragmented && !k->first)
			break; /* what follows is the middle of something */
		if (!extension(p + at, n - at, &next, &step, k))
			return false;
		at += step;
	}
	if (at > total)
		return false;
	k->protocol = next;
	return transport(p + at, n - at, total - (uint32_t)at, k);
}

static bool is_tag(uint16_t ethertype)
{
	return ethertype == ETH_P_8021Q || ethertype == ETH_P_8021AD;
}

/* Sent packets begin at the IP header also when a tag was put before it, received ones at the tag. */
static bool tag_at(const unsigned char *p, size_t n)
{
	if (n <= VLAN_HEADER)
		return false;
	uint16_t inner = be16(p + 2);
	return is_tag(inner) || (inner == ETH_P_IP && p[4] >> 4 == 4) ||
	       (inner == ETH_P_IPV6 && p[4] >> 4 == 6);
}

bool packet_parse(
	uint16_t ethertype, const void *bytes, size_t captured, uint32_t length, struct packet *ret)
{
	const unsigned char *p = bytes;
	struct packet k = {.length = length};
	size_t n = captured < length ? captured : length;
	for (unsigned i = 0; i < TAGS_MAX && is_tag(ethertype); i++) {
		if (tag_at(p, n)) {
			ethertype = be16(p + 2);
			p += VLAN_HEADER;
			n -= VLAN_HEADER;
			length -= VLAN_HEADER;
		} else if (n > 0) {
			ethertype = p[0] >> 4 == 4 ? ETH_P_IP : p[0] >> 4 == 6 ? ETH_P_IPV6 : 0;
		} else {
			break;
		}
	}
	bool known = ethertype == ETH_P_IP     ? ipv4(p, n, length, &k)
		     : ethertype == ETH_P_IPV6 ? ipv6(p, n, length, &k)
					       : false;
	if (!known)
		k = (struct packet){.length = length};
	k.ip = known;
	*ret = k;
	return known;
}
