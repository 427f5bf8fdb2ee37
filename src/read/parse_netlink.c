/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What netlink answers, message by message: sockets (sock_diag) and connection tracking (ctnetlink). */
#include "read/parse.h"

#include "read/netlink.h"

#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <string.h>
#include <sys/socket.h>

enum { SKMEMINFO_RCVBUF = 1, SKMEMINFO_DROPS = 8 };

static void address_set(struct address *a, unsigned family, const void *bytes)
{
	*a = (struct address){.family = (uint8_t)family};
	memcpy(a->bytes, bytes, family == AF_INET6 ? 16 : 4);
}

const unsigned char *parse_attr(const unsigned char *p, size_t n, uint16_t type, size_t *ret_len)
{
	struct nl_walk w = nl_over(p, n);
	struct nl_part a;
	while (nl_attribute(&w, &a))
		if (a.type == type) {
			*ret_len = a.len;
			return a.p;
		}
	return NULL;
}

/* struct tcp_info only ever grows at its end (include/uapi/linux/tcp.h): a field that an older kernel does not send is 0. */
static bool tcp_details(const unsigned char *a, size_t len, struct diag_tcp *t)
{
	struct tcp_info i = {0};
	if (len < offsetof(struct tcp_info, tcpi_pacing_rate))
		return false;
	memcpy(&i, a, len < sizeof i ? len : sizeof i);
	*t = (struct diag_tcp){
		.bytes_acked = i.tcpi_bytes_acked,
		.bytes_received = i.tcpi_bytes_received,
		.bytes_retrans = i.tcpi_bytes_retrans,
		.segs_out = i.tcpi_segs_out,
		.segs_in = i.tcpi_segs_in,
		.retransmits = i.tcpi_total_retrans,
		.rtt_us = i.tcpi_rtt,
		.min_rtt_us = i.tcpi_min_rtt,
		.delivery_rate = i.tcpi_delivery_rate,
		.unacked = i.tcpi_unacked,
		.unsent = i.tcpi_notsent_bytes,
		.peer_window = i.tcpi_snd_wnd,
		.have_peer_window =
			len >= offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof i.tcpi_snd_wnd,
		.mss = i.tcpi_snd_mss,
		.timeouts = i.tcpi_retransmits,
		.since_sent_ms = i.tcpi_last_data_sent,
		.since_received_ms = i.tcpi_last_data_recv,
		.busy_us = i.tcpi_busy_time,
		.window_limited_us = i.tcpi_rwnd_limited,
		.buffer_limited_us = i.tcpi_sndbuf_limited,
	};
	return true;
}

static void diag_attributes(const unsigned char *p, size_t n, struct diag_socket *s)
{
	uint32_t mem[SKMEMINFO_DROPS + 1];
	size_t len;
	const unsigned char *a = parse_attr(p, n, INET_DIAG_SKMEMINFO, &len);
	if (a && len >= sizeof mem) {
		memcpy(mem, a, sizeof mem);
		s->drops = mem[SKMEMINFO_DROPS];
		s->buffer = mem[SKMEMINFO_RCVBUF];
		s->have_drops = true;
	}
	a = parse_attr(p, n, INET_DIAG_INFO, &len);
	s->have_tcp = a && tcp_details(a, len, &s->tcp);
}

size_t parse_inet_diag(const void *bytes, size_t len,
	void (*each)(void *ctx, const struct diag_socket *s), void *ctx)
{
	struct nl_walk w = nl_over(bytes, len);
	struct nl_part part;
	size_t count = 0;
	while (nl_message(&w, &part)) {
		struct inet_diag_msg m;
		if (part.len < sizeof m || part.type < NLMSG_MIN_TYPE)
			continue;
		memcpy(&m, part.p, sizeof m);
		if (m.idiag_family != AF_INET && m.idiag_family != AF_INET6)
			continue;
		struct diag_socket s = {
			.state = m.idiag_state,
			.local_port = __builtin_bswap16(m.id.idiag_sport),
			.peer_port = __builtin_bswap16(m.id.idiag_dport),
			.recvq = m.idiag_rqueue,
			.sendq = m.idiag_wqueue,
			.uid = m.idiag_uid,
			.inode = m.idiag_inode,
			.cookie = (uint64_t)m.id.idiag_cookie[1] << 32 | m.id.idiag_cookie[0],
			.timer = m.idiag_timer,
			.retries = m.idiag_retrans,
			.timer_ms = m.idiag_expires,
		};
		address_set(&s.local, m.idiag_family, m.id.idiag_src);
		address_set(&s.peer, m.idiag_family, m.id.idiag_dst);
		diag_attributes(part.p + sizeof m, part.len - sizeof m, &s);
		each(ctx, &s);
		count++;
	}
	return count;
}

static bool ct_tuple(const unsigned char *p, size_t n, struct ct_entry *e)
{
	size_t ip_len = 0, proto_len = 0, len;
	const unsigned char *ip = parse_attr(p, n, CTA_TUPLE_IP, &ip_len);
	const unsigned char *proto = parse_attr(p, n, CTA_TUPLE_PROTO, &proto_len);
	if (!ip || !proto)
		return false;
	const unsigned char *a = parse_attr(ip, ip_len, CTA_IP_V4_SRC, &len);
	if (a && len >= 4) {
		address_set(&e->source, AF_INET, a);
		a = parse_attr(ip, ip_len, CTA_IP_V4_DST, &len);
		if (!a || len < 4)
			return false;
		address_set(&e->destination, AF_INET, a);
	} else {
		a = parse_attr(ip, ip_len, CTA_IP_V6_SRC, &len);
		if (!a || len < 16)
			return false;
		address_set(&e->source, AF_INET6, a);
		a = parse_attr(ip, ip_len, CTA_IP_V6_DST, &len);
		if (!a || len < 16)
			return false;
		address_set(&e->destination, AF_INET6, a);
	}
	a = parse_attr(proto, proto_len, CTA_PROTO_NUM, &len);
	if (!a || len < 1)
		return false;
	e->proto = *a;
	a = parse_attr(proto, proto_len, CTA_PROTO_SRC_PORT, &len);
	if (a && len >= 2)
		e->source_port = (uint16_t)(a[0] << 8 | a[1]);
	a = parse_attr(proto, proto_len, CTA_PROTO_DST_PORT, &len);
	if (a && len >= 2)
		e->port = (uint16_t)(a[0] << 8 | a[1]);
	return true;
}

/* Numbers, most significant byte first; 0 when the attribute is not there. */
static uint64_t be64_attr(const unsigned char *p, size_t n, uint16_t type)
{
	size_t len;
	const unsigned char *a = parse_attr(p, n, type, &len);
	return a ? nl_be64((struct nl_part){type, a, len}) : 0;
}

static uint32_t be32_attr(const unsigned char *p, size_t n, uint16_t type)
{
	size_t len;
	const unsigned char *a = parse_attr(p, n, type, &len);
	return a ? nl_be32((struct nl_part){type, a, len}) : 0;
}

/* Bytes and packets are there where net.netfilter.nf_conntrack_acct is on, the begin where nf_conntrack_timestamp is. */
static void ct_details(const unsigned char *p, size_t n, struct ct_entry *e)
{
	size_t len, inner;
	const unsigned char *a = parse_attr(p, n, CTA_COUNTERS_ORIG, &len);
	if (a) {
		e->bytes[0] = be64_attr(a, len, CTA_COUNTERS_BYTES);
		e->packets[0] = be64_attr(a, len, CTA_COUNTERS_PACKETS);
		e->counted = true;
	}
	a = parse_attr(p, n, CTA_COUNTERS_REPLY, &len);
	if (a) {
		e->bytes[1] = be64_attr(a, len, CTA_COUNTERS_BYTES);
		e->packets[1] = be64_attr(a, len, CTA_COUNTERS_PACKETS);
	}
	a = parse_attr(p, n, CTA_TIMESTAMP, &len);
	e->begun_ns = a ? be64_attr(a, len, CTA_TIMESTAMP_START) : 0;
	e->timeout_s = be32_attr(p, n, CTA_TIMEOUT);
	e->status = be32_attr(p, n, CTA_STATUS);
	e->id = be32_attr(p, n, CTA_ID);
	a = parse_attr(p, n, CTA_PROTOINFO, &len);
	a = a ? parse_attr(a, len, CTA_PROTOINFO_TCP, &inner) : NULL;
	a = a ? parse_attr(a, inner, CTA_PROTOINFO_TCP_STATE, &len) : NULL;
	e->tcp_state = a && len ? *a : 0;
}

size_t parse_conntrack(
	const void *bytes, size_t len, void (*each)(void *ctx, const struct ct_entry *e), void *ctx)
{
	struct nl_walk w = nl_over(bytes, len);
	struct nl_part m;
	size_t count = 0, tuple_len;
	while (nl_message(&w, &m)) {
		size_t head = sizeof(struct nfgenmsg);
		if (m.len < head || m.type >> 8 != NFNL_SUBSYS_CTNETLINK)
			continue;
		struct ct_entry e = {0};
		const unsigned char *t =
			parse_attr(m.p + head, m.len - head, CTA_TUPLE_ORIG, &tuple_len);
		if (!t || !ct_tuple(t, tuple_len, &e))
			continue;
		ct_details(m.p + head, m.len - head, &e);
		each(ctx, &e);
		count++;
	}
	return count;
}
