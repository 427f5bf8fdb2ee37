/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "read/packets.h"

#include "read/reader_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum {
	BLOCK_BYTES = 64 * 1024,
	FRAME_BYTES = 2048, /* without meaning in a ring of this version, but checked */
	HEAD_BYTES = 128,   /* IPv6 with some extension headers and UDP */
	NAMES_BYTES = 1600, /* an answer of DNS that fits in one packet */
	DNS = 53,
	DROP = 0,
};

struct packets {
	int fd;
	unsigned char *ring;
	size_t blocks, at;
};

/* Offsets are from the IP header: the socket is one without link headers. */
static int attach_filter(int fd)
{
	enum { TO_V4 = 6, TO_V6 = 17, TO_HEAD = 25, TO_NAMES = 26, TO_DROP = 27 };
#define STEP(here, to) (uint8_t)((to) - (here)-1)
	static const struct sock_filter program[] = {
		[0] = BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		[1] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OTHERHOST, STEP(1, TO_DROP), 0),
		[2] = BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL)),
		[3] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, STEP(3, TO_V4), 0),
		[4] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, STEP(4, TO_V6), 0),
		[5] = BPF_JUMP(BPF_JMP | BPF_JA, TO_HEAD - 6, 0, 0),
		/* IPv4: by its protocol, and UDP that is no later fragment by its ports */
		[6] = BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
		[7] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, STEP(7, TO_DROP), 0),
		[8] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, STEP(8, TO_HEAD)),
		[9] = BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
		[10] = BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, STEP(10, TO_HEAD), 0),
		[11] = BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		[12] = BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),
		[13] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DNS, STEP(13, TO_NAMES), 0),
		[14] = BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
		[15] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DNS, STEP(15, TO_NAMES), 0),
		[16] = BPF_JUMP(BPF_JMP | BPF_JA, TO_HEAD - 17, 0, 0),
		/* IPv6: TCP behind extension headers is left to packet_parse() */
		[17] = BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
		[18] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, STEP(18, TO_DROP), 0),
		[19] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, STEP(19, TO_HEAD)),
		[20] = BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 40),
		[21] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DNS, STEP(21, TO_NAMES), 0),
		[22] = BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 42),
		[23] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DNS, STEP(23, TO_NAMES), 0),
		[24] = BPF_JUMP(BPF_JMP | BPF_JA, TO_HEAD - 25, 0, 0),
		[25] = BPF_STMT(BPF_RET | BPF_K, HEAD_BYTES),
		[26] = BPF_STMT(BPF_RET | BPF_K, NAMES_BYTES),
		[27] = BPF_STMT(BPF_RET | BPF_K, DROP),
	};
#undef STEP
	const struct sock_fprog p = {COUNTOF(program), (struct sock_filter *)(uintptr_t)program};
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof p) < 0 ? -errno : 0;
}

static int open_ring(struct packets *p, size_t ring_bytes)
{
	int version = TPACKET_V3;
	p->blocks = (ring_bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
	struct tpacket_req3 q = {
		.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = (unsigned)p->blocks,
		.tp_frame_size = FRAME_BYTES,
		.tp_frame_nr = (unsigned)(p->blocks * (BLOCK_BYTES / FRAME_BYTES)),
		.tp_retire_blk_tov = PACKETS_LATE_MS,
	};
	if (setsockopt(p->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) < 0 ||
		setsockopt(p->fd, SOL_PACKET, PACKET_RX_RING, &q, sizeof q) < 0)
		return -errno;
	void *ring =
		mmap(NULL, p->blocks * BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, p->fd, 0);
	if (ring == MAP_FAILED)
		return -errno;
	p->ring = ring;
	return 0;
}

int packets_open(struct reader *r, size_t ring_bytes, struct packets **ret)
{
	if (r->replay)
		return -ENOTSUP;
	int e = reader_may();
	if (e)
		return e;
	struct packets *p = calloc(1, sizeof *p);
	if (!p)
		return -ENOMEM;
	/* Protocol 0 gets nothing: the filter stands before the first packet is let in by bind(). */
	p->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	e = p->fd < 0 ? -errno : attach_filter(p->fd);
	if (e == 0)
		e = open_ring(p, ring_bytes);
	const struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	if (e == 0 && bind(p->fd, (const struct sockaddr *)&all, sizeof all) < 0)
		e = -errno;
	if (e < 0) {
		packets_close(p);
		return e;
	}
	*ret = p;
	return 0;
}

void packets_close(struct packets *p)
{
	if (!p)
		return;
	if (p->ring)
		(void)munmap(p->ring, p->blocks * BLOCK_BYTES);
	attr_close_fd(&p->fd);
	free(p);
}

int packets_fd(const struct packets *p)
{
	return p->fd;
}

static uint32_t link_header(unsigned short type)
{
	return type == ARPHRD_ETHER || type == ARPHRD_LOOPBACK ? ETH_HLEN : 0;
}

static void drain_block(struct tpacket_block_desc *block,
	void (*each)(void *ctx, const struct packet_seen *s), void *ctx)
{
	size_t at = block->hdr.bh1.offset_to_first_pkt;
	for (uint32_t i = 0; i < block->hdr.bh1.num_pkts; i++) {
		if (at > BLOCK_BYTES - sizeof(struct tpacket3_hdr) - sizeof(struct sockaddr_ll))
			return;
		const unsigned char *p = (const unsigned char *)block + at;
		struct tpacket3_hdr h;
		struct sockaddr_ll from;
		memcpy(&h, p, sizeof h);
		memcpy(&from, p + TPACKET_ALIGN((int)sizeof h), sizeof from);
		if (h.tp_net > BLOCK_BYTES - at || h.tp_snaplen > BLOCK_BYTES - at - h.tp_net)
			return;
		struct packet_seen s = {
			.ifindex = (uint32_t)from.sll_ifindex,
			.outgoing = from.sll_pkttype == PACKET_OUTGOING,
			.link_header = link_header(from.sll_hatype),
			.real_ns = h.tp_sec * UINT64_C(1000000000) + h.tp_nsec,
		};
		(void)packet_parse(
			ntohs(from.sll_protocol), p + h.tp_net, h.tp_snaplen, h.tp_len, &s.packet);
		each(ctx, &s);
		if (h.tp_next_offset == 0)
			return;
		at += h.tp_next_offset;
	}
}

void packets_drain(
	struct packets *p, void (*each)(void *ctx, const struct packet_seen *s), void *ctx)
{
	for (size_t i = 0; i < p->blocks; i++) {
		struct tpacket_block_desc *block = (void *)(p->ring + p->at * BLOCK_BYTES);
		if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
			    TP_STATUS_USER))
			return;
		drain_block(block, each, ctx);
		__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		p->at = (p->at + 1) % p->blocks;
	}
}

void packets_counted(struct packets *p, uint64_t *seen, uint64_t *lost)
{
	struct tpacket_stats_v3 s;
	socklen_t len = sizeof s;
	*seen = *lost = 0;
	if (getsockopt(p->fd, SOL_PACKET, PACKET_STATISTICS, &s, &len) < 0)
		return;
	*seen = s.tp_packets; /* those that were lost included */
	*lost = s.tp_drops;
}
