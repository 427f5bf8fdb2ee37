/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What is asked of the kernel for each dump about interfaces, firewall rules, unix and packet sockets: one request each, which the kernel
 * answers for the network namespace that the socket was made in. */
#include "read/netlink.h"
#include "read/reader_impl.h"

#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/packet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

enum { ETHTOOL_VERSION = 1 };

static struct nlmsghdr dump_header(size_t len, unsigned type)
{
	return (struct nlmsghdr){.nlmsg_len = (uint32_t)len,
		.nlmsg_type = (uint16_t)type,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.nlmsg_seq = 1};
}

static int send_all(int fd, const void *q, size_t len)
{
	return send(fd, q, len, 0) < 0 ? -errno : 0;
}

static int send_links(int fd)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
	} q = {dump_header(sizeof q, RTM_GETLINK), {.ifi_family = AF_UNSPEC}};
	return send_all(fd, &q, sizeof q);
}

static int send_addresses(int fd)
{
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg a;
	} q = {dump_header(sizeof q, RTM_GETADDR), {.ifa_family = AF_UNSPEC}};
	return send_all(fd, &q, sizeof q);
}

static int send_qdiscs(int fd)
{
	struct {
		struct nlmsghdr h;
		struct tcmsg t;
	} q = {dump_header(sizeof q, RTM_GETQDISC), {.tcm_family = AF_UNSPEC}};
	return send_all(fd, &q, sizeof q);
}

static int send_nft(int fd, unsigned message)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
	} q = {dump_header(sizeof q, NFNL_SUBSYS_NFTABLES << 8 | message),
		{.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0}};
	return send_all(fd, &q, sizeof q);
}

static int send_unix(int fd, unsigned flags, struct unix_diag_req ask)
{
	struct {
		struct nlmsghdr h;
		struct unix_diag_req r;
	} q = {dump_header(sizeof q, SOCK_DIAG_BY_FAMILY), ask};
	q.r.sdiag_family = AF_UNIX;
	q.r.udiag_states = 1u << TCP_LISTEN;
	q.h.nlmsg_flags = (uint16_t)flags;
	return send_all(fd, &q, sizeof q);
}

/* Without UDIAG_SHOW_VFS and _ICONS: these take locks for each socket, and a long queue would end the dump. */
static int send_unix_listeners(int fd)
{
	return send_unix(fd, NLM_F_REQUEST | NLM_F_DUMP,
		(struct unix_diag_req){
			.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_RQLEN | UDIAG_SHOW_UID});
}

/* No dump: only the lock of this socket's queue is taken, and an answer that is too long is an error of this one alone. */
int reader_send_unix_queue(int fd, uint32_t inode)
{
	return send_unix(fd, NLM_F_REQUEST,
		(struct unix_diag_req){.udiag_ino = inode,
			.udiag_show = UDIAG_SHOW_ICONS,
			.udiag_cookie = {UINT32_MAX, UINT32_MAX}});
}

static int send_packet(int fd)
{
	struct {
		struct nlmsghdr h;
		struct packet_diag_req r;
	} q = {dump_header(sizeof q, SOCK_DIAG_BY_FAMILY),
		{.sdiag_family = AF_PACKET, .pdiag_show = PACKET_SHOW_INFO}};
	return send_all(fd, &q, sizeof q);
}

/* Numbers of generic families are given out as they register; ethtool has been one since 5.6. */
static int ethtool_family(struct reader *r, int fd)
{
	static const char name[] = ETHTOOL_GENL_NAME;
	struct {
		struct nlmsghdr h;
		struct genlmsghdr g;
		struct nlattr a;
		char name[(sizeof name + 3u) & ~3u];
	} q = {.h = dump_header(sizeof q, GENL_ID_CTRL),
		.g = {.cmd = CTRL_CMD_GETFAMILY, .version = 1},
		.a = {.nla_type = CTRL_ATTR_FAMILY_NAME, .nla_len = sizeof q.a + sizeof name}};
	q.h.nlmsg_flags = NLM_F_REQUEST;
	memcpy(q.name, name, sizeof name);
	int e = send_all(fd, &q, sizeof q);
	ssize_t n = e < 0 ? e : recv(fd, r->dump_buffer, sizeof r->dump_buffer, 0);
	struct nl_walk w = nl_over(r->dump_buffer, n > 0 ? (size_t)n : 0);
	struct nl_part msg, a;
	if (!nl_message(&w, &msg) || msg.type != GENL_ID_CTRL)
		return -EOPNOTSUPP;
	w = nl_behind(msg, sizeof(struct genlmsghdr));
	while (nl_attribute(&w, &a))
		if (a.type == CTRL_ATTR_FAMILY_ID && nl_u16(a))
			return nl_u16(a);
	return -EOPNOTSUPP;
}

static int send_speeds(struct reader *r, int fd)
{
	if (r->ethtool_family == 0)
		r->ethtool_family = ethtool_family(r, fd);
	if (r->ethtool_family < 0)
		return r->ethtool_family;
	struct {
		struct nlmsghdr h;
		struct genlmsghdr g;
		struct nlattr header; /* empty: of all devices */
	} q = {.h = dump_header(sizeof q, (unsigned)r->ethtool_family),
		.g = {.cmd = ETHTOOL_MSG_LINKMODES_GET, .version = ETHTOOL_VERSION},
		.header = {.nla_type = ETHTOOL_A_LINKMODES_HEADER | NLA_F_NESTED,
			.nla_len = sizeof q.header}};
	return send_all(fd, &q, sizeof q);
}

int reader_dump_protocol(enum reader_dump what)
{
	switch (what) {
	case DUMP_LINKS:
	case DUMP_ADDRESSES:
	case DUMP_QDISCS: return NETLINK_ROUTE;
	case DUMP_LINK_SPEEDS: return NETLINK_GENERIC;
	case DUMP_CONNTRACK:
	case DUMP_NFT_CHAINS:
	case DUMP_NFT_RULES:
	case DUMP_NFT_SETS: return NETLINK_NETFILTER;
	default: return NETLINK_SOCK_DIAG;
	}
}

int reader_send_dump(struct reader *r, int fd, enum reader_dump what)
{
	switch (what) {
	case DUMP_LINKS: return send_links(fd);
	case DUMP_ADDRESSES: return send_addresses(fd);
	case DUMP_QDISCS: return send_qdiscs(fd);
	case DUMP_LINK_SPEEDS: return send_speeds(r, fd);
	case DUMP_NFT_CHAINS: return send_nft(fd, NFT_MSG_GETCHAIN);
	case DUMP_NFT_RULES: return send_nft(fd, NFT_MSG_GETRULE);
	case DUMP_NFT_SETS: return send_nft(fd, NFT_MSG_GETSET);
	case DUMP_UNIX_LISTEN: return send_unix_listeners(fd);
	case DUMP_PACKET: return send_packet(fd);
	default: return -EINVAL;
	}
}
