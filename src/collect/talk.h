/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* talk: watches who sends and receives, to whom, how much.
 *
 * TCP is counted by the kernel for each connection (tcp_info): two dumps of all connections and their difference say what moved, to
 * the byte. A connection that begins in between counts from 0; one that ends keeps what the last dump saw of it, so dumps are made
 * each second, as long as they cost no more than a tenth of a CPU. For all that is not TCP the heads of the packets are
 * counted as they pass. Bytes of a datagram go to the process that has its port.
 *
 * The owner of a socket is sought when the socket moved bytes, among the processes that ran since: an idle connection costs its row
 * in the dump and no more. */
#ifndef COLLECT_TALK_H
#define COLLECT_TALK_H

#include "catalogue/talk.h"
#include "read/parse.h"
#include "read/reader.h"

struct talker;

/* One message of DNS as it passed by: bytes of strangers. */
struct talk_dns {
	struct address client, server;
	uint16_t client_port;
	bool from_server;
	const void *bytes;
	size_t len;
};

int talk_open(struct reader *r, struct talker **ret);
void talk_close(struct talker *t);
/* Whom to give messages of DNS. */
void talk_on_dns(struct talker *t, void (*fn)(void *ctx, const struct talk_dns *m), void *ctx);

/* One look at everything that is dumped; the first is the begin of the window. -ENODATA: a recorded tree has no further moment. What
 * cannot be read is named in the result, never an error. */
int talk_look(struct talker *t);
/* Counts packets until then. -EINTR when a signal came. */
int talk_wait(struct talker *t, uint64_t mono_ns);
/* When the next look is due, so that looks cost no more than a tenth of a CPU. */
uint64_t talk_due(const struct talker *t, uint64_t interval_ns);

/* What a connection had moved in its whole life when it closed, where something tells (the last dump did not see its end). pid 0:
 * the owner is not known; comm: what it is called, as it may be gone. */
void talk_add_closed(struct talker *t, uint64_t netns_inode, const struct diag_socket *last,
	bool incoming, int32_t pid, const char *comm);

/* What moved between the first look and the last one; valid until the next call. last: the window is the last one, and waits for what
 * the ring still holds. -ENOMEM. */
int talk_result(struct talker *t, bool last, struct talk *ret);
/* Begins the next window where the last look was. */
void talk_again(struct talker *t);

#endif
