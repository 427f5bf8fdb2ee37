/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "read/nft_value.h"

#include "base/attr.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <stdio.h>

static const char *l4_name(unsigned proto)
{
	switch (proto) {
	case IPPROTO_TCP: return "tcp";
	case IPPROTO_UDP: return "udp";
	case IPPROTO_ICMP: return "icmp";
	case IPPROTO_ICMPV6: return "icmpv6";
	case IPPROTO_SCTP: return "sctp";
	case IPPROTO_ESP: return "esp";
	case IPPROTO_GRE: return "gre";
	case IPPROTO_IGMP: return "igmp";
	default: return NULL;
	}
}

void nft_state_names(uint32_t bits, char *to, size_t size)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {
		{1, "invalid"}, {2, "established"}, {4, "related"}, {8, "new"}, {64, "untracked"}};
	size_t n = 0;
	to[0] = '\0';
	for (size_t i = 0; i < COUNTOF(names); i++)
		if ((bits & names[i].bit) && n < size)
			n += (size_t)snprintf(
				to + n, size - n, "%s%s", n ? "," : "", names[i].name);
}

static void address(struct nl_part v, const struct nft_field *f, char *to, size_t size)
{
	uint8_t bytes[16] = {0};
	char text[48];
	bool six = strncmp(f->name, "ip6", 3) == 0;
	size_t full = six ? 16 : 4;
	memcpy(bytes, v.p, v.len < full ? v.len : full);
	if (!inet_ntop(six ? AF_INET6 : AF_INET, bytes, text, sizeof text))
		text[0] = '\0';
	/* nft loads and compares only the bytes that a prefix needs. */
	unsigned prefix = f->prefix ? f->prefix : v.len < full ? (unsigned)v.len * 8 : 0;
	if (prefix)
		(void)snprintf(to, size, "%s/%u", text, prefix);
	else
		(void)snprintf(to, size, "%s", text);
}

uint64_t nft_number(struct nl_part v, bool big_endian)
{
	uint64_t x = 0;
	for (size_t i = 0; i < v.len && i < 8; i++)
		x = big_endian ? x << 8 | v.p[i] : x | (uint64_t)v.p[i] << 8 * i;
	return x;
}

void nft_value_text(struct nl_part v, const struct nft_field *f, char *to, size_t size)
{
	const char *name = NULL;
	uint64_t x;
	switch (f->form) {
	case NFT_FORM_ADDRESS: address(v, f, to, size); return;
	case NFT_FORM_NAME: nl_text(v, to, size); return;
	case NFT_FORM_STATE: nft_state_names(nl_u32(v), to, size); return;
	case NFT_FORM_L4PROTO: name = v.len ? l4_name(*v.p) : NULL; break;
	case NFT_FORM_NFPROTO: name = v.len && *v.p == NFPROTO_IPV6 ? "ipv6" : "ipv4"; break;
	case NFT_FORM_ETHERTYPE:
		x = nft_number(v, true);
		name = x == 0x0800 ? "ip" : x == 0x86dd ? "ip6" : x == 0x0806 ? "arp" : NULL;
		break;
	default: break;
	}
	x = nft_number(v, f->form != NFT_FORM_HOST);
	if (name)
		(void)snprintf(to, size, "%s", name);
	else
		(void)snprintf(to, size, f->form == NFT_FORM_HOST || v.len <= 2 ? "%llu" : "0x%llx",
			(unsigned long long)x);
}
