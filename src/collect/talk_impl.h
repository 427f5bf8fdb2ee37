/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What the parts of talk share; nobody else includes this. */
#ifndef COLLECT_TALK_IMPL_H
#define COLLECT_TALK_IMPL_H

#include "collect/talk.h"
#include "read/packets.h"

enum {
	TALK_CONNS_MAX = 1 << 19,
	TALK_FLOWS_MAX = 1 << 16, /* of what is not TCP */
	TALK_OWNERS_MAX = 1 << 15,
	TALK_NETNS_MAX = 1024,
	TALK_LINKS_MAX = 1 << 14,
	TALK_ADDRESSES_MAX = 1 << 14,
	TALK_UDP_MAX = 1 << 16,
	TALK_PIDS_MAX = 1 << 17,
	TALK_SAMPLERS_MAX = 64, /* namespaces whose packets are looked at */
	TALK_PATHS = 3,
	TALK_FRAGMENTS = 256,
};

/* A table of rows in an arena, and a hash over them. */
struct talk_index {
	struct arena rows;
	uint32_t *slots, nslots; /* row + 1; a power of two */
	uint32_t count, max;
};

struct talk_counts {
	uint64_t sent, received, again; /* bytes; again: sent once more */
	uint32_t segs_out, segs_in, retransmits;
};

struct talk_conn {
	uint64_t cookie;
	uint16_t netns;
	bool incoming, ended, told; /* told: its end came by talk_add_closed() */
	struct address local, peer;
	uint16_t local_port, peer_port;
	uint32_t inode, rtt_us;
	uint32_t seen; /* number of the look */
	enum talk_who who;
	uint32_t owner;
	struct talk_counts base, last;
};

struct talk_path {
	uint32_t ifindex;
	uint64_t bytes, wire, packets;
};

/* A packet passes several interfaces of a namespace when they are stacked (a bridge and its port, a VLAN and its carrier). It is
 * counted on each, and counts once: where most of them were seen. */
struct talk_datagrams {
	uint16_t netns, proto;
	bool incoming, forwarded, settled; /* settled: the socket was found */
	struct address local, peer;
	uint16_t local_port, peer_port;
	uint32_t inode;
	enum talk_who who;
	uint32_t owner;
	struct talk_path in[TALK_PATHS], out[TALK_PATHS];
};

struct talk_link {
	uint16_t netns;
	struct link_key {
		uint32_t index, master, below;
	} key;
	char name[TALK_IF_NAME];
	bool loopback;
	uint64_t base_sent, base_received, sent, received;
};

struct talk_address {
	uint16_t netns;
	uint32_t ifindex;
	struct address address;
};

struct talk_fragment {
	struct address source, destination;
	uint32_t id;
	uint16_t source_port, port;
};

struct talk_netns_state {
	uint64_t inode;
	char name[TALK_NETNS_NAME];
	bool baseline, here; /* its connections were dumped before; it is there now */
	uint16_t port_low, port_high;
	struct packets *packets;
	bool packets_refused;
};

struct talk_proc {
	int32_t pid;
	uint64_t netns, switches, ran;
	bool have_netns, have_times, asked_twice; /* asked_twice: for its namespace */
};

struct talk_udp {
	struct address local, peer;
	uint16_t local_port, peer_port;
	uint32_t inode;
};

struct talker {
	struct reader *reader;
	uint32_t looks, window_looks;
	uint64_t real_ns, mono_ns, from_mono_ns, cost_ns;
	uint64_t until_real_ns; /* packets that passed later are left out; 0: none */
	bool discard;           /* what passes before the window begins */
	bool denied;            /* another user's processes could not be looked into */
	bool out_of_time;       /* owners were not all sought */
	struct talk_index conns, datagrams, links, addresses;
	struct talk_owner *owners;
	size_t nowners;
	struct talk_netns_state netns[TALK_NETNS_MAX];
	size_t nnetns, nsamplers;
	struct talk_fragment fragments[TALK_FRAGMENTS];
	struct talk_udp *udp;
	size_t nudp;
	struct talk_proc *procs, *procs_before;
	size_t nprocs;
	int32_t *pids;
	struct reader_times *times;
	bool *times_ok;
	uint8_t listening[65536 / 8]; /* ports of the namespace that is looked at */
	struct talk_blind blind[TALK_BLIND_MAX];
	size_t nblind;
	uint64_t packets, lost, dropped;
	void (*dns)(void *ctx, const struct talk_dns *m);
	void *dns_ctx;
	struct arena result;
};

/* An index. find() answers the row with this hash that is equal, or NULL. */
int talk_index_init(struct talk_index *x, uint32_t max, size_t row);
void talk_index_destroy(struct talk_index *x);
void talk_index_reset(struct talk_index *x);
uint32_t talk_index_first(const struct talk_index *x, uint64_t hash);
/* Puts the row that was added last where a search for it ended; NULL when it is full. */
void *talk_index_add(struct talk_index *x, uint32_t slot, size_t row);

void talk_gap(struct talker *t, const char *what, int error, const char *hides);
/* IPv4 within IPv6 is IPv4. */
void talk_plain(struct address *a);
/* The interface that has this address; NULL: it is none of ours. */
const struct talk_address *talk_address(
	const struct talker *t, uint16_t netns, const struct address *a);

/* Of the namespace that the reader is in. */
void talk_tcp(struct talker *t, uint16_t netns);
/* Connections that ended since the last look, where a probe tells. */
void talk_closed(struct talker *t);
void talk_links(struct talker *t, uint16_t netns);
void talk_sampler(struct talker *t, uint16_t netns);
void talk_udp_sockets(struct talker *t, uint16_t netns);

void talk_tcp_again(struct talker *t);
void talk_drain(struct talker *t);
void talk_processes(struct talker *t);
void talk_find_owners(struct talker *t, bool last);
/* The row of a process, made when it is new; TALK_NONE. */
uint32_t talk_owner_row(struct talker *t, int32_t pid, const char *comm);

/* The difference of two readings. */
struct talk_counts talk_moved(const struct talk_conn *c);

#endif
