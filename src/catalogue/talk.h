/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* talk: who sent and received how much, to whom, within one window, as data. collect/talk.c fills it, ledger/talk.c adds it up.
 *
 * A flow is one socket's side of a conversation: two processes of this machine that talk over loopback are two flows. Bytes of
 * `sent` and `received` are what the program handed over and got: TCP as the kernel counts it, UDP without its header, of other
 * protocols what follows the IP header. `wire_` adds headers and what was sent again; of TCP it is an estimate. */
#ifndef CATALOGUE_TALK_H
#define CATALOGUE_TALK_H

#include "catalogue/sample.h"

#include <stdio.h>
#include <string.h>

enum {
	TALK_COMM = PROC_COMM,
	TALK_CGROUP = 256,
	TALK_NETNS_NAME = 64,
	TALK_IF_NAME = 16,
	TALK_BLIND_MAX = 32,
	TALK_TEXT = 200,
};

/* IP's own numbers, and one for what is no IP (ARP and the like). */
enum { TALK_ICMP = 1, TALK_TCP = 6, TALK_UDP = 17, TALK_ICMPV6 = 58, TALK_NOT_IP = 256 };

/* Who has the socket. */
enum talk_who {
	TALK_UNKNOWN, /* a process that was not found */
	TALK_PROCESS,
	TALK_KERNEL, /* no process: the protocol itself, a socket of the kernel, one that its process closed */
	TALK_FORWARDED, /* neither end is on this machine */
};

struct talk_owner {
	int32_t pid;
	uint64_t start_ticks;
	char comm[TALK_COMM];     /* foreign bytes */
	char cgroup[TALK_CGROUP]; /* "" when it could not be read; foreign bytes */
};

struct talk_flow {
	uint16_t netns; /* index into talk.netns */
	uint16_t proto;
	enum talk_who who;
	uint32_t owner;     /* with TALK_PROCESS: index into talk.owners */
	uint32_t interface; /* index into talk.interfaces, or TALK_NONE */
	bool incoming;      /* the other side came to us: our port is the service */
	bool ended;         /* gone before the end of the window: its last bytes may be missing */
	bool live;          /* a connection that is there at the end */
	struct address local, peer;
	uint16_t local_port, peer_port;
	uint64_t sent, received;
	uint64_t wire_sent, wire_received;
	uint32_t retransmits;
	uint32_t rtt_us; /* 0: not known */
};

enum { TALK_NONE = UINT32_MAX };

struct talk_netns {
	uint64_t inode;
	char name[TALK_NETNS_NAME]; /* "" for the one that plimsoll started in */
};

struct talk_interface {
	uint16_t netns;
	uint32_t index, master,
		below;           /* below: the interface that carries this one (a VLAN's), 0 none */
	char name[TALK_IF_NAME]; /* foreign bytes */
	bool loopback;
	uint64_t sent, received; /* its own counters, within the window */
};

struct talk_blind {
	char what[TALK_TEXT], why[TALK_TEXT], hides[TALK_TEXT];
};

struct talk {
	uint64_t real_ns;
	double window_s;
	struct talk_flow *flows;
	size_t nflows;
	struct talk_owner *owners;
	size_t nowners;
	struct talk_netns *netns;
	size_t nnetns;
	struct talk_interface *interfaces;
	size_t ninterfaces;
	struct talk_blind blind[TALK_BLIND_MAX];
	size_t nblind;
	/* How it was looked at. */
	unsigned dumps;
	double dump_s, pace_s;  /* CPU time of the last look, and the least time between two */
	uint64_t packets, lost; /* seen by the sampler; not seen because its ring was full */
	uint64_t ended,
		unresolved; /* connections that ended within the window; flows whose process was not found */
	uint64_t flows_dropped; /* that found no room in the tables */
};

/* What an address is called, and who says so. */
enum talk_name_from { TALK_NAME_NONE, TALK_NAME_ANSWER, TALK_NAME_REVERSE };
enum { TALK_NAME = 256, TALK_NAME_UNICODE = 512 };

struct talk_name {
	enum talk_name_from from;
	char name[TALK_NAME]; /* letters, digits, hyphens, dots; else escaped */
	char unicode
		[TALK_NAME_UNICODE]; /* what an xn-- name means, where that misleads nobody; else "" */
};

/* Adds to the TALK_BLIND_MAX rows what was not seen, unless it is there or they are full. */
static inline void talk_blind_add(
	struct talk_blind *rows, size_t *n, const char *what, const char *why, const char *hides)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(rows[i].what, what) == 0)
			return;
	if (*n == TALK_BLIND_MAX)
		return;
	struct talk_blind *b = &rows[(*n)++];
	(void)snprintf(b->what, sizeof b->what, "%s", what);
	(void)snprintf(b->why, sizeof b->why, "%s", why);
	(void)snprintf(b->hides, sizeof b->hides, "%s", hides);
}

/* The port that names the service: ours when the other side came to us. */
static inline uint16_t talk_port(const struct talk_flow *f)
{
	return f->incoming ? f->local_port : f->peer_port;
}

#endif
