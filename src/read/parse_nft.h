/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* parse_nft: what nf_tables tells of its chains, rules and sets; the rules of iptables-nft are rules of nf_tables too. Pure functions: each
 * calls each() for every whole message that it understands, and returns how many these were. Every length is checked; they are fuzzed. Names
 * and texts are foreign bytes. */
#ifndef READ_PARSE_NFT_H
#define READ_PARSE_NFT_H

#include "catalogue/sample.h"
#include "read/netlink.h"

enum { NFT_NAME = 128, NFT_TEXT = 192 };

struct nft_chain {
	uint8_t family; /* NFPROTO_... */
	char table[NFT_NAME], name[NFT_NAME], type[16];
	bool base;     /* packets come to it from a hook, not from a jump */
	uint32_t hook; /* NF_INET_... or NF_NETDEV_... */
	int32_t priority;
	enum fw_verdict policy; /* of a base chain: what becomes of a packet that no rule took */
	uint64_t handle;
	bool counted; /* by the chain itself: packets that its policy met */
	uint64_t packets, bytes;
};
size_t parse_nft_chains(const void *bytes, size_t len,
	void (*each)(void *ctx, const struct nft_chain *c), void *ctx);

struct nft_rule {
	uint8_t family;
	char table[NFT_NAME], chain[NFT_NAME];
	uint64_t handle;
	bool counted; /* it has a counter */
	uint64_t packets, bytes;
	enum fw_verdict verdict;
	char text[NFT_TEXT]; /* short: "tcp dport 80 accept"; what is not understood is "..." */
};
size_t parse_nft_rules(const void *bytes, size_t len,
	void (*each)(void *ctx, const struct nft_rule *r), void *ctx);

struct nft_set {
	uint8_t family;
	char table[NFT_NAME], name[NFT_NAME];
	uint64_t handle;
	bool have_count;
	uint32_t elements; /* told since 6.16 */
	uint32_t limit;    /* 0: none was set */
};
size_t parse_nft_sets(
	const void *bytes, size_t len, void (*each)(void *ctx, const struct nft_set *s), void *ctx);

/* The expressions of one rule: fills counter, verdict and text (parse_nft_rule.c). */
void parse_nft_expressions(struct nl_walk list, struct nft_rule *r);
/* A verdict as the kernel writes it; *ret_chain: where a jump or goto leads, "" otherwise. */
enum fw_verdict parse_nft_verdict(struct nl_part data, char ret_chain[static NFT_NAME]);

#endif
