/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "read/link.h"

#include "read/parse.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

/* Calls one() for each whole message of the type; it answers whether it was understood. */
static size_t each_message(const void *bytes, size_t len, uint16_t type, size_t head,
	bool (*one)(const unsigned char *p, size_t n, void *ctx), void *ctx)
{
	const unsigned char *p = bytes;
	size_t count = 0;
	while (len >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr h;
		memcpy(&h, p, sizeof h);
		if (h.nlmsg_len < sizeof h || h.nlmsg_len > len)
			break;
		if (h.nlmsg_type == type && h.nlmsg_len >= sizeof h + head)
			count += one(p + sizeof h, h.nlmsg_len - sizeof h, ctx);
		size_t step = (h.nlmsg_len + 3u) & ~3u;
		if (step > len)
			break;
		p += step;
		len -= step;
	}
	return count;
}

static uint32_t u32_attr(const unsigned char *p, size_t n, uint16_t type)
{
	size_t len;
	uint32_t v = 0;
	const unsigned char *a = parse_attr(p, n, type, &len);
	if (a && len >= sizeof v)
		memcpy(&v, a, sizeof v);
	return v;
}

/* Kinds whose bytes their carrier counts too. Of a pair (veth) the number is the other end's, and what a tunnel carries passes
 * its carrier in packets of another sort. */
static bool is_carried(const unsigned char *p, size_t n)
{
	static const char *const kinds[] = {"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap"};
	size_t len, kind_len;
	const unsigned char *info = parse_attr(p, n, IFLA_LINKINFO, &len);
	const unsigned char *kind = info ? parse_attr(info, len, IFLA_INFO_KIND, &kind_len) : NULL;
	for (size_t i = 0; kind && i < COUNTOF(kinds); i++)
		if (kind_len >= strlen(kinds[i]) &&
			strnlen((const char *)kind, kind_len) == strlen(kinds[i]) &&
			memcmp(kind, kinds[i], strlen(kinds[i])) == 0)
			return true;
	return false;
}

struct links {
	void (*each)(void *ctx, const struct link *l);
	void *ctx;
};

static bool one_link(const unsigned char *p, size_t n, void *ctx)
{
	const struct links *to = ctx;
	struct ifinfomsg m;
	memcpy(&m, p, sizeof m);
	p += sizeof m;
	n -= sizeof m;
	struct link l = {
		.index = (uint32_t)m.ifi_index,
		.master = u32_attr(p, n, IFLA_MASTER),
		.loopback = m.ifi_flags & IFF_LOOPBACK,
	};
	size_t len;
	/* A number that belongs to another namespace may be any interface's here. */
	if (!parse_attr(p, n, IFLA_LINK_NETNSID, &len) && is_carried(p, n))
		l.below = u32_attr(p, n, IFLA_LINK);
	if (l.below == l.index)
		l.below = 0;
	const unsigned char *a = parse_attr(p, n, IFLA_IFNAME, &len);
	if (!a || len < 2)
		return false;
	memcpy(l.name, a, len < sizeof l.name ? len : sizeof l.name - 1);
	struct rtnl_link_stats64 s = {0};
	a = parse_attr(p, n, IFLA_STATS64, &len);
	if (a && len >= offsetof(struct rtnl_link_stats64, rx_errors)) {
		memcpy(&s, a, len < sizeof s ? len : sizeof s);
		l.have_bytes = true;
		l.sent = s.tx_bytes;
		l.received = s.rx_bytes;
	}
	to->each(to->ctx, &l);
	return true;
}

size_t parse_links(
	const void *bytes, size_t len, void (*each)(void *ctx, const struct link *l), void *ctx)
{
	struct links to = {each, ctx};
	return each_message(bytes, len, RTM_NEWLINK, sizeof(struct ifinfomsg), one_link, &to);
}

struct addresses {
	void (*each)(void *ctx, uint32_t index, const struct address *a);
	void *ctx;
};

static bool one_address(const unsigned char *p, size_t n, void *ctx)
{
	const struct addresses *to = ctx;
	struct ifaddrmsg m;
	memcpy(&m, p, sizeof m);
	size_t len, want = m.ifa_family == AF_INET6 ? 16 : 4;
	/* IFA_LOCAL is ours; IFA_ADDRESS alone (IPv6) too, but beside it is the other end of a point-to-point link. */
	const unsigned char *a = parse_attr(p + sizeof m, n - sizeof m, IFA_LOCAL, &len);
	if (!a)
		a = parse_attr(p + sizeof m, n - sizeof m, IFA_ADDRESS, &len);
	if (!a || len < want || (m.ifa_family != AF_INET && m.ifa_family != AF_INET6))
		return false;
	struct address address = {.family = m.ifa_family};
	memcpy(address.bytes, a, want);
	to->each(to->ctx, m.ifa_index, &address);
	return true;
}

size_t parse_addresses(const void *bytes, size_t len,
	void (*each)(void *ctx, uint32_t index, const struct address *a), void *ctx)
{
	struct addresses to = {each, ctx};
	return each_message(bytes, len, RTM_NEWADDR, sizeof(struct ifaddrmsg), one_address, &to);
}
