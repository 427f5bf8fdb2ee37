/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "read/parse_link.h"

#include "read/netlink.h"

#include <linux/ethtool_netlink.h>
#include <linux/gen_stats.h>
#include <linux/genetlink.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/packet_diag.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

/* ---- interfaces ---- */

/* The kernel's struct has grown at its end: a short one has no rx_nohandler. */
static void link_stats(struct nl_part a, struct link_message *m)
{
	struct rtnl_link_stats64 s = {0};
	if (a.len < offsetof(struct rtnl_link_stats64, rx_compressed))
		return;
	memcpy(&s, a.p, a.len < sizeof s ? a.len : sizeof s);
	m->have |= LINK_HAVE_STATS;
	if (a.len >= offsetof(struct rtnl_link_stats64, rx_nohandler) + sizeof s.rx_nohandler)
		m->have |= LINK_HAVE_NOHANDLER;
	m->stats.sent = s.tx_bytes;
	m->stats.received = s.rx_bytes;
	m->stats.collisions = s.collisions;
	m->stats.missed = s.rx_missed_errors;
	m->stats.crc = s.rx_crc_errors;
	m->stats.frame = s.rx_frame_errors;
	m->stats.fifo = s.rx_fifo_errors;
	m->stats.nohandler = s.rx_nohandler;
	m->stats.tx_carrier = s.tx_carrier_errors;
	m->stats.tx_fifo = s.tx_fifo_errors;
}

/* What the interface is, and what it is as a port of a bridge. */
static void link_info(struct nl_part info, struct link_message *m)
{
	struct nl_walk w = nl_inside(info);
	struct nl_part a, slave = {0}, b;
	bool of_bridge = false;
	while (nl_attribute(&w, &a)) {
		if (a.type == IFLA_INFO_KIND)
			nl_text(a, m->kind, sizeof m->kind);
		else if (a.type == IFLA_INFO_SLAVE_KIND)
			of_bridge = a.len >= 6 && memcmp(a.p, "bridge", 6) == 0;
		else if (a.type == IFLA_INFO_SLAVE_DATA)
			slave = a;
	}
	w = nl_inside(slave);
	while (of_bridge && nl_attribute(&w, &b))
		if (b.type == IFLA_BRPORT_STATE && b.len) {
			m->port_state = *b.p;
			m->have |= LINK_HAVE_PORT;
		}
}

/* Kinds whose bytes their carrier counts too. Of a pair (veth) the number is the other end's, and what a tunnel carries passes its carrier in packets of
 * another sort. */
static bool is_carried(const struct link_message *m)
{
	static const char *const kinds[] = {"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap"};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(m->kind, kinds[i]) == 0)
			return true;
	return false;
}

static void link_attribute(struct nl_part a, struct link_message *m, bool *elsewhere)
{
	switch (a.type) {
	case IFLA_LINK: m->below = nl_u32(a); break;
	case IFLA_LINK_NETNSID: *elsewhere = true; break;
	case IFLA_IFNAME: nl_text(a, m->name, sizeof m->name); break;
	case IFLA_QDISC: nl_text(a, m->qdisc, sizeof m->qdisc); break;
	case IFLA_MASTER: m->master = nl_u32(a); break;
	case IFLA_MTU:
		m->mtu = nl_u32(a);
		m->have |= LINK_HAVE_MTU;
		break;
	case IFLA_OPERSTATE:
		m->operstate = nl_u8(a);
		m->have |= LINK_HAVE_OPERSTATE;
		break;
	case IFLA_CARRIER:
		m->carrier = nl_u8(a);
		m->have |= LINK_HAVE_CARRIER;
		break;
	case IFLA_CARRIER_CHANGES:
		m->carrier_changes = nl_u32(a);
		m->have |= LINK_HAVE_CHANGES;
		break;
	case IFLA_PROMISCUITY:
		m->promiscuity = nl_u32(a);
		m->have |= LINK_HAVE_PROMISCUITY;
		break;
	case IFLA_STATS64: link_stats(a, m); break;
	case IFLA_LINKINFO: link_info(a, m); break;
	default: break;
	}
}

size_t parse_links(const void *bytes, size_t len,
	void (*each)(void *ctx, const struct link_message *m), void *ctx)
{
	struct nl_walk w = nl_over(bytes, len);
	struct nl_part msg, a;
	size_t count = 0;
	while (nl_message(&w, &msg)) {
		struct ifinfomsg head;
		struct link_message m = {0};
		if (msg.type != RTM_NEWLINK || msg.len < sizeof head)
			continue;
		memcpy(&head, msg.p, sizeof head);
		m.index = (uint32_t)head.ifi_index;
		m.flags = head.ifi_flags;
		struct nl_walk attributes = nl_behind(msg, sizeof head);
		bool elsewhere = false;
		while (nl_attribute(&attributes, &a))
			link_attribute(a, &m, &elsewhere);
		/* A number that belongs to another namespace may be any interface's here. */
		if (elsewhere || m.below == m.index || !is_carried(&m))
			m.below = 0;
		if (m.name[0] == '\0')
			continue;
		each(ctx, &m);
		count++;
	}
	return count;
}

/* IFA_LOCAL is ours; IFA_ADDRESS alone (IPv6) too, but beside it is the other end of a point-to-point link. */
static bool own_address(struct nl_walk attributes, size_t want, struct nl_part *ret)
{
	struct nl_part a, local = {0}, address = {0};
	while (nl_attribute(&attributes, &a)) {
		if (a.type == IFA_LOCAL)
			local = a;
		else if (a.type == IFA_ADDRESS)
			address = a;
	}
	*ret = local.p ? local : address;
	return ret->p && ret->len >= want;
}

size_t parse_addresses(const void *bytes, size_t len,
	void (*each)(void *ctx, uint32_t index, const struct address *a), void *ctx)
{
	struct nl_walk w = nl_over(bytes, len);
	struct nl_part msg, a;
	size_t count = 0;
	while (nl_message(&w, &msg)) {
		struct ifaddrmsg head;
		if (msg.type != RTM_NEWADDR || msg.len < sizeof head)
			continue;
		memcpy(&head, msg.p, sizeof head);
		size_t want = head.ifa_family == AF_INET6 ? 16 : 4;
		if ((head.ifa_family != AF_INET && head.ifa_family != AF_INET6) ||
			!own_address(nl_behind(msg, sizeof head), want, &a))
			continue;
		struct address address = {.family = head.ifa_family};
		memcpy(address.bytes, a.p, want);
		each(ctx, head.ifa_index, &address);
		count++;
	}
	return count;
}

/* ---- queues ---- */

static void qdisc_stats(struct nl_part stats2, struct qdisc_message *m)
{
	struct nl_walk w = nl_inside(stats2);
	struct nl_part a;
	bool wide = false;
	while (nl_attribute(&w, &a)) {
		struct gnet_stats_queue q;
		if (a.type == TCA_STATS_BASIC && a.len >= 12) {
			m->bytes = nl_u64(a);
			if (!wide)
				m->packets = nl_u32((struct nl_part){0, a.p + 8, a.len - 8});
			m->have_stats = true;
		} else if (a.type == TCA_STATS_PKT64 && a.len >= 8) { /* since 5.5 */
			m->packets = nl_u64(a);
			wide = true;
		} else if (a.type == TCA_STATS_QUEUE && a.len >= sizeof q) {
			memcpy(&q, a.p, sizeof q);
			m->qlen = q.qlen;
			m->backlog = q.backlog;
			m->drops = q.drops;
			m->requeues = q.requeues;
			m->overlimits = q.overlimits;
		}
	}
}

size_t parse_qdiscs(const void *bytes, size_t len,
	void (*each)(void *ctx, const struct qdisc_message *m), void *ctx)
{
	struct nl_walk w = nl_over(bytes, len);
	struct nl_part msg, a;
	size_t count = 0;
	while (nl_message(&w, &msg)) {
		struct tcmsg head;
		struct qdisc_message m = {0};
		if (msg.type != RTM_NEWQDISC || msg.len < sizeof head)
			continue;
		memcpy(&head, msg.p, sizeof head);
		m.index = (uint32_t)head.tcm_ifindex;
		m.parent = head.tcm_parent;
		struct nl_walk attributes = nl_behind(msg, sizeof head);
		while (nl_attribute(&attributes, &a)) {
			if (a.type == TCA_KIND)
				nl_text(a, m.kind, sizeof m.kind);
			else if (a.type == TCA_STATS2)
				qdisc_stats(a, &m);
		}
		each(ctx, &m);
		count++;
	}
	return count;
}

/* ---- speed ---- */

size_t parse_link_speeds(const void *bytes, size_t len,
	void (*each)(void *ctx, const struct link_speed *m), void *ctx)
{
	struct nl_walk w = nl_over(bytes, len);
	struct nl_part msg, a, b;
	size_t count = 0;
	while (nl_message(&w, &msg)) {
		struct genlmsghdr head;
		struct link_speed m = {.duplex = UINT8_MAX};
		if (msg.type < NLMSG_MIN_TYPE || msg.len < sizeof head)
			continue;
		memcpy(&head, msg.p, sizeof head);
		if (head.cmd != ETHTOOL_MSG_LINKMODES_GET_REPLY)
			continue;
		struct nl_walk attributes = nl_behind(msg, sizeof head);
		while (nl_attribute(&attributes, &a)) {
			struct nl_walk header = nl_inside(a);
			if (a.type == ETHTOOL_A_LINKMODES_SPEED)
				m.mbit = nl_u32(a) == UINT32_MAX ? 0 : nl_u32(a);
			else if (a.type == ETHTOOL_A_LINKMODES_DUPLEX)
				m.duplex = nl_u8(a);
			while (a.type == ETHTOOL_A_LINKMODES_HEADER && nl_attribute(&header, &b))
				if (b.type == ETHTOOL_A_HEADER_DEV_INDEX)
					m.index = nl_u32(b);
		}
		if (m.index == 0)
			continue;
		each(ctx, &m);
		count++;
	}
	return count;
}

/* ---- sockets ---- */

/* A name that begins with NUL is of the abstract name space: shown as "@" and the rest, in which a NUL may stand for anything. */
static void unix_name(struct nl_part a, char to[static UNIX_PATH])
{
	size_t n = a.len < UNIX_PATH - 1 ? a.len : UNIX_PATH - 1;
	bool abstract = n && a.p[0] == '\0';
	if (!abstract)
		n = strnlen((const char *)a.p, n);
	memcpy(to, a.p, n);
	for (size_t i = 0; i < n; i++)
		if (to[i] == '\0')
			to[i] = '@';
	to[n] = '\0';
}

uint32_t unix_queued(const struct unix_socket *s, size_t i)
{
	uint32_t inode;
	memcpy(&inode, s->queue + i * sizeof inode, sizeof inode);
	return inode;
}

size_t parse_unix_diag(const void *bytes, size_t len,
	void (*each)(void *ctx, const struct unix_socket *s), void *ctx)
{
	struct nl_walk w = nl_over(bytes, len);
	struct nl_part msg, a;
	size_t count = 0;
	while (nl_message(&w, &msg)) {
		struct unix_diag_msg head;
		struct unix_socket s = {0};
		if (msg.type != SOCK_DIAG_BY_FAMILY || msg.len < sizeof head)
			continue;
		memcpy(&head, msg.p, sizeof head);
		if (head.udiag_family != AF_UNIX)
			continue;
		s.type = head.udiag_type;
		s.state = head.udiag_state;
		s.inode = head.udiag_ino;
		struct nl_walk attributes = nl_behind(msg, sizeof head);
		while (nl_attribute(&attributes, &a)) {
			if (a.type == UNIX_DIAG_NAME) {
				unix_name(a, s.path);
			} else if (a.type == UNIX_DIAG_RQLEN && a.len >= 8) {
				s.waiting = nl_u32(a);
				s.backlog = nl_u32((struct nl_part){0, a.p + 4, a.len - 4});
			} else if (a.type == UNIX_DIAG_UID) {
				s.uid = nl_u32(a);
			} else if (a.type == UNIX_DIAG_ICONS) {
				s.queue = a.p;
				s.queued = a.len / sizeof(uint32_t);
			}
		}
		each(ctx, &s);
		count++;
	}
	return count;
}

size_t parse_packet_diag(const void *bytes, size_t len,
	void (*each)(void *ctx, const struct packet_socket *s), void *ctx)
{
	struct nl_walk w = nl_over(bytes, len);
	struct nl_part msg, a;
	size_t count = 0;
	while (nl_message(&w, &msg)) {
		struct packet_diag_msg head;
		struct packet_socket s = {0};
		if (msg.type != SOCK_DIAG_BY_FAMILY || msg.len < sizeof head)
			continue;
		memcpy(&head, msg.p, sizeof head);
		if (head.pdiag_family != AF_PACKET)
			continue;
		s.type = head.pdiag_type;
		s.protocol = head.pdiag_num;
		s.inode = head.pdiag_ino;
		struct nl_walk attributes = nl_behind(msg, sizeof head);
		while (nl_attribute(&attributes, &a)) {
			if (a.type == PACKET_DIAG_INFO)
				s.index = nl_u32(a);
			else if (a.type == PACKET_DIAG_UID)
				s.uid = nl_u32(a);
		}
		each(ctx, &s);
		count++;
	}
	return count;
}
