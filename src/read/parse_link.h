/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* parse_link: what the kernel tells of interfaces and their queues (rtnetlink, ethtool), and of unix and packet sockets (sock_diag). Pure
 * functions: each calls each() for every whole message that it understands, and returns how many these were. Every length is checked; they are
 * fuzzed. Names are foreign bytes. */
#ifndef READ_PARSE_LINK_H
#define READ_PARSE_LINK_H

#include "base/num.h"
#include "catalogue/sample.h"

enum { LINK_NAME = 16, UNIX_PATH = 112 };

enum link_have {
	LINK_HAVE_CARRIER = 1,
	LINK_HAVE_CHANGES = 2,
	LINK_HAVE_STATS = 4,
	LINK_HAVE_NOHANDLER = 8, /* since 4.6 */
	LINK_HAVE_PROMISCUITY = 16,
	LINK_HAVE_MTU = 32,
	LINK_HAVE_OPERSTATE = 64,
	LINK_HAVE_PORT = 128,
};

struct link_message {
	uint32_t index, flags; /* flags: IFF_... */
	uint32_t mtu, promiscuity, carrier_changes;
	uint32_t master; /* index of its bridge or bond, 0: none */
	uint32_t
		below; /* of the interface that carries it (VLAN and the like), 0: none, or it is in another namespace */
	unsigned have;
	bool carrier;
	uint8_t operstate;  /* IF_OPER_... */
	uint8_t port_state; /* of a port of a bridge: BR_STATE_... */
	char name[LINK_NAME];
	char kind[LINK_NAME];  /* "veth", "bridge" ...; "" for hardware and lo */
	char qdisc[LINK_NAME]; /* of the root */
	struct {
		uint64_t sent, received; /* bytes */
		uint64_t collisions, missed, crc, frame, fifo, nohandler;
		uint64_t tx_carrier, tx_fifo;
	} stats;
};
size_t parse_links(const void *bytes, size_t len,
	void (*each)(void *ctx, const struct link_message *m), void *ctx);

/* Addresses of interfaces that are ours. */
size_t parse_addresses(const void *bytes, size_t len,
	void (*each)(void *ctx, uint32_t index, const struct address *a), void *ctx);

struct qdisc_message {
	uint32_t index;  /* of the interface */
	uint32_t parent; /* TC_H_ROOT for the one that packets are given to */
	char kind[LINK_NAME];
	uint64_t bytes, packets;
	uint32_t drops, overlimits, requeues; /* these wrap at 32 bits */
	uint32_t backlog, qlen;               /* bytes and packets that wait */
	bool have_stats;
};
size_t parse_qdiscs(const void *bytes, size_t len,
	void (*each)(void *ctx, const struct qdisc_message *m), void *ctx);

struct link_speed {
	uint32_t index;
	uint32_t mbit;  /* 0: not known */
	uint8_t duplex; /* 0 half, 1 full, else not known */
};
size_t parse_link_speeds(const void *bytes, size_t len,
	void (*each)(void *ctx, const struct link_speed *m), void *ctx);

struct unix_socket {
	uint8_t type, state;
	uint32_t inode, uid;
	uint32_t waiting, backlog; /* of a listening one */
	char path[UNIX_PATH];      /* "@..." for a name that is no file, "" for none */
	/* Inodes of those who wait, who came first first, where these were asked for; valid during the call. */
	const unsigned char *queue;
	size_t queued;
};
uint32_t unix_queued(const struct unix_socket *s, size_t i);
size_t parse_unix_diag(const void *bytes, size_t len,
	void (*each)(void *ctx, const struct unix_socket *s), void *ctx);

struct packet_socket {
	uint8_t type;      /* SOCK_RAW, SOCK_DGRAM */
	uint16_t protocol; /* ETH_P_..., 3: all */
	uint32_t inode, uid;
	uint32_t index; /* of the interface, 0: all */
};
size_t parse_packet_diag(const void *bytes, size_t len,
	void (*each)(void *ctx, const struct packet_socket *s), void *ctx);

#endif
