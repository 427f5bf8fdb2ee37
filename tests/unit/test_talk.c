/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Heads of packets, interfaces, and flows added up: all on bytes and arrays made here. */
#include "ledger/talk.h"
#include "read/packet.h"
#include "read/parse_link.h"
#include "test.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>

/* ---- packets ---- */

static unsigned char frame[512];
static size_t at;

static void put(const void *p, size_t n)
{
	memcpy(frame + at, p, n);
	at += n;
}

static void put16(unsigned v)
{
	const unsigned char b[] = {(unsigned char)(v >> 8), (unsigned char)v};
	put(b, sizeof b);
}

static void put_zeros(size_t n)
{
	memset(frame + at, 0, n);
	at += n;
}

static void ipv4(unsigned total, unsigned fragment, unsigned protocol, unsigned options)
{
	const unsigned char first[] = {(unsigned char)(0x45 + options), 0};
	const unsigned char rest[] = {64, (unsigned char)protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2};
	put(first, sizeof first);
	put16(total);
	put16(77);
	put16(fragment);
	put(rest, sizeof rest);
	put_zeros(4u * options);
}

static void udp(unsigned from, unsigned to, unsigned len)
{
	put16(from);
	put16(to);
	put16(len);
	put16(0);
}

static void packets_ipv4(void)
{
	struct packet k;
	at = 0;
	ipv4(20 + 8 + 100, 0, 17, 0);
	udp(5000, 53, 108);
	put_zeros(100);
	CHECK(packet_parse(ETH_P_IP, frame, at, (uint32_t)at, &k));
	CHECK(k.ip && k.protocol == 17 && k.source_port == 5000 && k.port == 53 && !k.fragmented);
	CHECK_INT(k.payload, 100);
	CHECK_INT(k.length, 128);
	CHECK_INT(k.data_len, 100);
	/* padding of a short frame is no payload; what was not captured is payload all the same */
	CHECK(packet_parse(ETH_P_IP, frame, at, (uint32_t)at + 18, &k));
	CHECK_INT(k.length, 128);
	CHECK(packet_parse(ETH_P_IP, frame, 40, (uint32_t)at, &k));
	CHECK_INT(k.payload, 100);
	CHECK_INT(k.data_len, 12);
	/* cut within a header, or longer than it is */
	for (size_t n = 0; n < 28; n++)
		CHECK(!packet_parse(ETH_P_IP, frame, n, (uint32_t)at, &k) && !k.ip &&
			k.length == at);
	CHECK(!packet_parse(ETH_P_IP, frame, at, 100, &k));
	/* options */
	at = 0;
	ipv4(20 + 40 + 8 + 1, 0, 17, 10);
	udp(1, 2, 9);
	put_zeros(1);
	CHECK(packet_parse(ETH_P_IP, frame, at, (uint32_t)at, &k) && k.payload == 1 && k.port == 2);
}

static void packets_fragments(void)
{
	struct packet k;
	at = 0;
	ipv4(20 + 8 + 92, 0x2000, 17, 0);
	udp(5000, 6000, 3000);
	put_zeros(92);
	CHECK(packet_parse(ETH_P_IP, frame, at, (uint32_t)at, &k));
	CHECK(k.fragmented && k.first && k.port == 6000 && k.fragment_id == 77 && k.payload == 92);
	at = 0;
	ipv4(20 + 100, 0x2000 | 125, 17, 0);
	put_zeros(100);
	CHECK(packet_parse(ETH_P_IP, frame, at, (uint32_t)at, &k));
	CHECK(k.fragmented && !k.first && k.port == 0 && k.payload == 100);
}

static void ipv6(unsigned payload, unsigned next)
{
	const unsigned char head[] = {0x60, 0, 0, 0};
	const unsigned char what[] = {(unsigned char)next, 64};
	put(head, sizeof head);
	put16(payload);
	put(what, sizeof what);
	put_zeros(15);
	put("\1", 1);
	put_zeros(15);
	put("\2", 1);
}

static void packets_ipv6(void)
{
	struct packet k;
	static const unsigned char hop[] = {43, 0, 1, 4, 0, 0, 0, 0},
				   routing[] = {17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	at = 0;
	ipv6(8 + 16 + 8 + 50, 0);
	put(hop, sizeof hop);
	put(routing, sizeof routing);
	udp(9, 443, 58);
	put_zeros(50);
	CHECK(packet_parse(ETH_P_IPV6, frame, at, (uint32_t)at, &k));
	CHECK(k.protocol == 17 && k.port == 443 && k.payload == 50 && k.source.bytes[15] == 1 &&
		k.destination.bytes[15] == 2);
	for (size_t n = 0; n < at - 50; n++)
		CHECK(!packet_parse(ETH_P_IPV6, frame, n, (uint32_t)at, &k));
	/* a header that is longer than the packet */
	frame[41] = 255;
	CHECK(!packet_parse(ETH_P_IPV6, frame, at, (uint32_t)at, &k));
	/* a later fragment: no ports, no more headers */
	static const unsigned char fragment[] = {17, 0, 0x05, 0x01, 0, 0, 0, 9};
	at = 0;
	ipv6(8 + 60, 44);
	put(fragment, sizeof fragment);
	put_zeros(60);
	CHECK(packet_parse(ETH_P_IPV6, frame, at, (uint32_t)at, &k));
	CHECK(k.fragmented && !k.first && k.fragment_id == 9 && k.protocol == 17 &&
		k.payload == 60 && k.port == 0);
	/* headers without end */
	static const unsigned char again[] = {60, 0, 0, 0, 0, 0, 0, 0};
	at = 0;
	ipv6(8 * 20, 60);
	for (unsigned i = 0; i < 20; i++)
		put(again, sizeof again);
	CHECK(packet_parse(ETH_P_IPV6, frame, at, (uint32_t)at, &k));
	CHECK_INT(k.protocol, 60);
}

static void packets_tags(void)
{
	struct packet k;
	at = 0;
	put16(0x2005);
	put16(ETH_P_8021Q);
	put16(7);
	put16(ETH_P_IP);
	ipv4(20 + 8 + 4, 0, 17, 0);
	udp(1, 2, 12);
	put_zeros(4);
	CHECK(packet_parse(ETH_P_8021AD, frame, at, (uint32_t)at, &k) && k.port == 2 &&
		k.payload == 4);
	/* sent: the tag stands before what we see */
	CHECK(packet_parse(ETH_P_8021Q, frame + 8, at - 8, (uint32_t)at - 8, &k) && k.port == 2 &&
		k.payload == 4);
	CHECK(!packet_parse(ETH_P_8021Q, frame, 4, (uint32_t)at, &k));
	CHECK(!packet_parse(ETH_P_ARP, frame, at, (uint32_t)at, &k) && k.length == at);
	CHECK(!packet_parse(ETH_P_8021Q, frame, 0, 0, &k));
}

/* ---- interfaces ---- */

static struct link_message seen_links[4];
static size_t nlinks;

static void see_link(void *ctx, const struct link_message *l)
{
	(void)ctx;
	if (nlinks < 4)
		seen_links[nlinks++] = *l;
}

static size_t attribute(unsigned char *p, uint16_t type, const void *value, size_t len)
{
	const struct nlattr a = {(uint16_t)(sizeof a + len), type};
	memset(p, 0, (sizeof a + len + 3u) & ~3u);
	memcpy(p, &a, sizeof a);
	if (value)
		memcpy(p + sizeof a, value, len);
	return (sizeof a + len + 3u) & ~3u;
}

static size_t make_link(unsigned char *p, const char *kind)
{
	struct rtnl_link_stats64 s = {.tx_bytes = 11, .rx_bytes = 22};
	uint32_t below = 3;
	unsigned char info[64];
	size_t n = sizeof(struct nlmsghdr) + sizeof(struct ifinfomsg),
	       len = attribute(info, IFLA_INFO_KIND, kind, strlen(kind) + 1);
	n += attribute(p + n, IFLA_IFNAME, "eth0.7", 7);
	n += attribute(p + n, IFLA_LINK, &below, 4);
	n += attribute(p + n, IFLA_LINKINFO, info, len);
	n += attribute(p + n, IFLA_STATS64, &s, sizeof s);
	const struct nlmsghdr h = {.nlmsg_len = (uint32_t)n, .nlmsg_type = RTM_NEWLINK};
	const struct ifinfomsg m = {.ifi_index = 9};
	memcpy(p, &h, sizeof h);
	memcpy(p + sizeof h, &m, sizeof m);
	return n;
}

static void links(void)
{
	static unsigned char bytes[1024];
	size_t n = make_link(bytes, "vlan");
	CHECK_INT(parse_links(bytes, n, see_link, NULL), 1);
	CHECK_STR(seen_links[0].name, "eth0.7");
	CHECK(seen_links[0].index == 9 && seen_links[0].below == 3 &&
		seen_links[0].stats.sent == 11 && seen_links[0].stats.received == 22);
	/* the other end of a pair carries nothing */
	n = make_link(bytes, "veth");
	CHECK_INT(parse_links(bytes, n, see_link, NULL), 1);
	CHECK_INT(seen_links[1].below, 0);
	for (size_t cut = 0; cut < n; cut++)
		CHECK_INT(parse_links(bytes, cut, see_link, NULL), 0);
}

/* ---- rows ---- */

static struct talk_owner owners[] = {
	{811, 1, "nginx", "/web"}, {812, 2, "nginx", "/web"}, {900, 3, "backup", "/jobs"}};
static struct talk_netns netns[] = {{1, ""}, {2, "db"}};
static struct talk_interface interfaces[] = {
	{0, 1, 0, 0, "lo", true, 1000, 1000},
	{0, 2, 0, 0, "eth0", false, 10000, 5000},
	{0, 3, 0, 2, "eth0.7", false, 3000, 100},
	{0, 4, 5, 0, "port", false, 700, 700},
	{0, 5, 0, 0, "br0", false, 650, 650},
};

static struct address ip4(unsigned char last)
{
	return (struct address){.family = AF_INET, .bytes = {10, 0, 0, last}};
}

static struct talk_flow flow(
	enum talk_who who, uint32_t owner, unsigned char peer, uint64_t sent, uint64_t received)
{
	return (struct talk_flow){.proto = TALK_TCP,
		.who = who,
		.owner = owner,
		.interface = 1,
		.local = ip4(1),
		.peer = ip4(peer),
		.local_port = (uint16_t)(40000 + peer),
		.peer_port = 443,
		.sent = sent,
		.received = received,
		.wire_sent = sent + 100,
		.wire_received = received + 50,
		.rtt_us = 1000};
}

static void rows(void)
{
	struct talk_flow flows[] = {flow(TALK_PROCESS, 0, 2, 100, 10),
		flow(TALK_PROCESS, 0, 2, 200, 20), flow(TALK_PROCESS, 0, 3, 50, 5),
		flow(TALK_PROCESS, 1, 2, 1000, 0), flow(TALK_PROCESS, 2, 2, 7, 0),
		flow(TALK_UNKNOWN, 0, 2, 3, 3), flow(TALK_KERNEL, 0, 2, 1, 1),
		flow(TALK_PROCESS, 2, 2, 11, 0)};
	flows[1].local_port = 50000;
	flows[1].rtt_us = 0;
	flows[7].netns = 1;
	const struct talk t = {.window_s = 1,
		.flows = flows,
		.nflows = COUNTOF(flows),
		.owners = owners,
		.nowners = COUNTOF(owners),
		.netns = netns,
		.nnetns = 2};
	struct talk_rows r;
	CHECK_INT(talk_rows_build(&t, TALK_BY_BOTH, &r), 0);
	CHECK_INT(r.count, 7); /* the first two are one; the last is of another namespace */
	CHECK_INT(r.sent, 1372);
	CHECK_INT(r.received, 39);
	CHECK(r.rows[0].owner == &owners[1] && r.rows[0].sent == 1000 && r.rows[0].port == 443);
	CHECK(r.rows[1].owner == &owners[0] && r.rows[1].sent == 300 && r.rows[1].received == 30 &&
		r.rows[1].connections == 2);
	CHECK_NEAR(r.rows[1].rtt_s, 0.001, 1e-9);
	talk_rows_free(&r);
	CHECK_INT(talk_rows_build(&t, TALK_BY_PROCESS, &r), 0);
	CHECK_INT(r.count, 5);
	CHECK(r.rows[1].owner == &owners[0] && r.rows[1].sent == 350 && !r.rows[1].peer &&
		r.rows[1].port == 0);
	CHECK(r.rows[2].owner == &owners[2] && r.rows[2].sent == 18 && !r.rows[2].one_netns);
	talk_rows_free(&r);
	CHECK_INT(talk_rows_build(&t, TALK_BY_PEER, &r), 0);
	CHECK_INT(r.count, 3);
	CHECK(r.rows[0].sent == 1311 && !r.rows[0].owner && r.rows[0].peer &&
		r.rows[0].connections == 6);
	talk_rows_free(&r);
	CHECK_INT(talk_rows_build(&t, TALK_BY_CGROUP, &r), 0);
	CHECK_INT(r.count, 4);
	CHECK_STR(r.rows[0].cgroup, "/web");
	CHECK_INT(r.rows[0].sent, 1350);
	talk_rows_free(&r);
	const struct talk none = {.window_s = 1};
	CHECK_INT(talk_rows_build(&none, TALK_BY_BOTH, &r), 0);
	CHECK_INT(r.count, 0);
	talk_rows_free(&r);
}

static bool adds_up(const struct talk_side *s)
{
	return s->counted == s->attributed + s->headers + s->remainder ||
	       s->attributed > s->counted;
}

static void check(void)
{
	struct talk_flow flows[] = {flow(TALK_PROCESS, 0, 2, 6000, 1000),
		flow(TALK_PROCESS, 0, 3, 2500, 90), flow(TALK_FORWARDED, 0, 4, 300, 0),
		flow(TALK_PROCESS, 0, 5, 640, 9000), flow(TALK_PROCESS, 0, 6, 5, 5)};
	flows[1].interface = 2; /* the VLAN: its carrier sends it too */
	flows[3].interface = 4;
	flows[4].interface = TALK_NONE;
	const struct talk t = {.window_s = 1,
		.flows = flows,
		.nflows = COUNTOF(flows),
		.interfaces = interfaces,
		.ninterfaces = COUNTOF(interfaces)};
	struct talk_check c[COUNTOF(interfaces)];
	talk_check(&t, c);
	CHECK_INT(c[1].sent.attributed, 8500);
	CHECK_INT(c[1].sent.headers, 200);
	CHECK_INT(c[1].sent.remainder, 1300);
	CHECK_INT(c[1].sent.forwarded, 400);
	CHECK_INT(c[2].sent.attributed, 2500);
	CHECK_INT(c[2].received.headers, 10); /* the estimate was 50, and 10 are left */
	CHECK_INT(c[2].received.remainder, 0);
	CHECK(c[3].part_of == &interfaces[4] && !c[4].part_of);
	CHECK_INT(c[4].received.attributed, 9000); /* more than was counted */
	CHECK_INT(c[4].received.remainder, 0);
	for (size_t i = 0; i < COUNTOF(interfaces); i++)
		CHECK(adds_up(&c[i].sent) && adds_up(&c[i].received));
}

int main(void)
{
	packets_ipv4();
	packets_fragments();
	packets_ipv6();
	packets_tags();
	links();
	rows();
	check();
	return test_result("talk");
}
