/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* packets: the heads of all packets of one network namespace but TCP's, by way of a ring that the kernel fills. TCP is left out
 * within the kernel: its bytes are counted by the sockets themselves. What comes from and goes to port 53 is kept whole, for the
 * names in it. Nothing is put into promiscuous mode, and packets for other hosts are left out.
 *
 * Live only: what passes by cannot be read again. */
#ifndef READ_PACKETS_H
#define READ_PACKETS_H

#include "read/packet.h"
#include "read/reader.h"

struct packets;

/* What passed is handed over this much later at the most. */
enum { PACKETS_LATE_MS = 50 };

struct packet_seen {
	struct packet packet;
	uint32_t ifindex;
	bool outgoing;
	uint32_t link_header; /* bytes before the IP header on this link */
	uint64_t real_ns;     /* when it passed */
};

/* In the namespace that the reader is in. ring_bytes is rounded up to whole blocks. -ENOTSUP in replay, -EPERM without
 * CAP_NET_RAW. */
int packets_open(struct reader *r, size_t ring_bytes, struct packets **ret);
void packets_close(struct packets *p);
int packets_fd(const struct packets *p);
/* Hands over all that is there. */
void packets_drain(
	struct packets *p, void (*each)(void *ctx, const struct packet_seen *s), void *ctx);
/* Packets that passed the filter since the last call, and those of them that found the ring full. */
void packets_counted(struct packets *p, uint64_t *seen, uint64_t *lost);

#endif
