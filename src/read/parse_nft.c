/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "read/parse_nft.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* Since 6.16; younger than the headers this may be built with. */
enum { SET_COUNT = 20 };

/* The next message of nf_tables of this type, its family, and its attributes. */
static bool next_message(
	struct nl_walk *w, unsigned type, uint8_t *family, struct nl_walk *ret_attributes)
{
	struct nl_part m;
	while (nl_message(w, &m)) {
		struct nfgenmsg head;
		if (m.type != (NFNL_SUBSYS_NFTABLES << 8 | type) || m.len < sizeof head)
			continue;
		memcpy(&head, m.p, sizeof head);
		*family = head.nfgen_family;
		*ret_attributes = nl_behind(m, sizeof head);
		return true;
	}
	return false;
}

static bool counter(struct nl_part nested, uint64_t *packets, uint64_t *bytes)
{
	struct nl_walk w = nl_inside(nested);
	struct nl_part a;
	bool any = false;
	while (nl_attribute(&w, &a)) {
		if (a.type == NFTA_COUNTER_PACKETS)
			*packets = nl_be64(a);
		else if (a.type == NFTA_COUNTER_BYTES)
			*bytes = nl_be64(a);
		any = true;
	}
	return any;
}

static void hook(struct nl_part nested, struct nft_chain *c)
{
	struct nl_walk w = nl_inside(nested);
	struct nl_part a;
	c->base = true;
	while (nl_attribute(&w, &a)) {
		if (a.type == NFTA_HOOK_HOOKNUM)
			c->hook = nl_be32(a);
		else if (a.type == NFTA_HOOK_PRIORITY)
			c->priority = (int32_t)nl_be32(a);
	}
}

static void chain_attribute(struct nl_part a, struct nft_chain *c)
{
	switch (a.type) {
	case NFTA_CHAIN_TABLE: nl_text(a, c->table, sizeof c->table); break;
	case NFTA_CHAIN_NAME: nl_text(a, c->name, sizeof c->name); break;
	case NFTA_CHAIN_TYPE: nl_text(a, c->type, sizeof c->type); break;
	case NFTA_CHAIN_HANDLE: c->handle = nl_be64(a); break;
	case NFTA_CHAIN_HOOK: hook(a, c); break;
	case NFTA_CHAIN_POLICY: c->policy = nl_be32(a) == NF_DROP ? FW_DROP : FW_ACCEPT; break;
	case NFTA_CHAIN_COUNTERS: c->counted = counter(a, &c->packets, &c->bytes); break;
	default: break;
	}
}

size_t parse_nft_chains(const void *bytes, size_t len,
	void (*each)(void *ctx, const struct nft_chain *c), void *ctx)
{
	struct nl_walk w = nl_over(bytes, len), attributes;
	struct nl_part a;
	struct nft_chain c = {0};
	size_t count = 0;
	while (next_message(&w, NFT_MSG_NEWCHAIN, &c.family, &attributes)) {
		while (nl_attribute(&attributes, &a))
			chain_attribute(a, &c);
		each(ctx, &c);
		count++;
		c = (struct nft_chain){0};
	}
	return count;
}

size_t parse_nft_rules(
	const void *bytes, size_t len, void (*each)(void *ctx, const struct nft_rule *r), void *ctx)
{
	struct nl_walk w = nl_over(bytes, len), attributes;
	struct nl_part a;
	struct nft_rule r = {0};
	size_t count = 0;
	while (next_message(&w, NFT_MSG_NEWRULE, &r.family, &attributes)) {
		while (nl_attribute(&attributes, &a)) {
			if (a.type == NFTA_RULE_TABLE)
				nl_text(a, r.table, sizeof r.table);
			else if (a.type == NFTA_RULE_CHAIN)
				nl_text(a, r.chain, sizeof r.chain);
			else if (a.type == NFTA_RULE_HANDLE)
				r.handle = nl_be64(a);
			else if (a.type == NFTA_RULE_EXPRESSIONS)
				parse_nft_expressions(nl_inside(a), &r);
		}
		each(ctx, &r);
		count++;
		r = (struct nft_rule){0};
	}
	return count;
}

static void set_attribute(struct nl_part a, struct nft_set *s)
{
	struct nl_walk w;
	struct nl_part b;
	switch (a.type) {
	case NFTA_SET_TABLE: nl_text(a, s->table, sizeof s->table); break;
	case NFTA_SET_NAME: nl_text(a, s->name, sizeof s->name); break;
	case NFTA_SET_HANDLE: s->handle = nl_be64(a); break;
	case SET_COUNT:
		s->elements = nl_be32(a);
		s->have_count = a.len >= sizeof s->elements;
		break;
	case NFTA_SET_DESC:
		w = nl_inside(a);
		while (nl_attribute(&w, &b))
			if (b.type == NFTA_SET_DESC_SIZE)
				s->limit = nl_be32(b);
		break;
	default: break;
	}
}

size_t parse_nft_sets(
	const void *bytes, size_t len, void (*each)(void *ctx, const struct nft_set *s), void *ctx)
{
	struct nl_walk w = nl_over(bytes, len), attributes;
	struct nl_part a;
	struct nft_set s = {0};
	size_t count = 0;
	while (next_message(&w, NFT_MSG_NEWSET, &s.family, &attributes)) {
		while (nl_attribute(&attributes, &a))
			set_attribute(a, &s);
		each(ctx, &s);
		count++;
		s = (struct nft_set){0};
	}
	return count;
}

enum fw_verdict parse_nft_verdict(struct nl_part data, char ret_chain[static NFT_NAME])
{
	struct nl_walk w = nl_inside(data), v;
	struct nl_part a, b;
	enum fw_verdict verdict = FW_NONE;
	ret_chain[0] = '\0';
	while (nl_attribute(&w, &a)) {
		v = nl_inside(a);
		while (a.type == NFTA_DATA_VERDICT && nl_attribute(&v, &b)) {
			if (b.type == NFTA_VERDICT_CHAIN) {
				nl_text(b, ret_chain, NFT_NAME);
				continue;
			}
			if (b.type != NFTA_VERDICT_CODE)
				continue;
			int32_t code =
				(int32_t)nl_be32(b); /* a queue's number is in the upper half */
			switch (code < 0 ? code : code & NF_VERDICT_MASK) {
			case NF_ACCEPT: verdict = FW_ACCEPT; break;
			case NF_DROP: verdict = FW_DROP; break;
			case NF_QUEUE: verdict = FW_QUEUE; break;
			case NFT_RETURN: verdict = FW_RETURN; break;
			case NFT_JUMP: verdict = FW_JUMP; break;
			case NFT_GOTO: verdict = FW_GOTO; break;
			case NFT_CONTINUE: verdict = FW_CONTINUE; break;
			default: break;
			}
		}
	}
	return verdict;
}
