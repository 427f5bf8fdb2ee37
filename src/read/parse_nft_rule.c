/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The expressions of a rule as a short text for people.
 *
 * A rule of nf_tables is a small program: an expression loads a field of the packet into a register, the next compares the register with
 * a value, and the rule ends where one does not match; a counter counts the packets that came to it. Here each register is followed as far as what
 * field it holds, and comparisons are written in nft's words. What nft adds by itself (that it is TCP, before a port of TCP) is left out
 * again. The common cases only: what is not understood becomes "...", and a rule of which nothing is understood has an empty text. */
#include "read/parse_nft.h"

#include "read/nft_value.h"

#include <linux/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <stdio.h>

enum { REGISTERS = 24, XT_NAME = 32 };

struct decoder {
	struct nft_rule *r;
	size_t n; /* of the text */
	bool unknown;
	uint8_t l3, l4;   /* known of the packet so far; 0: not */
	char implied[40]; /* "meta l4proto tcp", not written before something needs it */
	struct nft_field in[REGISTERS];
	/* The last test was "at least", and stands at the end of the text: with "at most" of the same field it makes a range. */
	uint32_t from_register;
	size_t from_at, from_end;
	char from[48];
};

static void say(struct decoder *d, const char *a, const char *b, const char *c)
{
	char *to = d->r->text;
	size_t room = sizeof d->r->text - d->n;
	int n = snprintf(to + d->n, room, "%s%s%s%s%s%s", d->n ? " " : "", a, *b ? " " : "", b,
		*c ? " " : "", c);
	d->n += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

static void say_implied(struct decoder *d)
{
	if (d->implied[0])
		say(d, d->implied, "", "");
	d->implied[0] = '\0';
}

static void not_understood(struct decoder *d)
{
	if (!d->unknown)
		say(d, "...", "", "");
	d->unknown = true;
}

/* ---- expressions ---- */

/* The attributes of an expression by number, as far as this file looks at any. */
enum { ATTRIBUTES = 12 };

struct expression {
	struct nl_part a[ATTRIBUTES];
};

static struct expression attributes_of(struct nl_part data)
{
	static const unsigned char nothing[1];
	struct expression e;
	for (size_t i = 0; i < ATTRIBUTES; i++)
		e.a[i] = (struct nl_part){0, nothing, 0};
	struct nl_walk w = nl_inside(data);
	struct nl_part a;
	while (nl_attribute(&w, &a))
		if (a.type < ATTRIBUTES)
			e.a[a.type] = a;
	return e;
}

/* The bytes of a value inside NFTA_..._DATA. */
static struct nl_part value_of(struct nl_part data)
{
	struct nl_walk w = nl_inside(data);
	struct nl_part a;
	while (nl_attribute(&w, &a))
		if (a.type == NFTA_DATA_VALUE)
			return a;
	return (struct nl_part){0, data.p, 0};
}

static struct nft_field *reg(struct decoder *d, struct nl_part number_of)
{
	static struct nft_field none;
	uint32_t n = nl_be32(number_of);
	none = (struct nft_field){0};
	return n && n < REGISTERS ? &d->in[n] : &none;
}

static struct nft_field network_field(struct decoder *d, uint32_t offset, uint32_t len)
{
	bool six = d->r->family == NFPROTO_IPV6 || d->l3 == NFPROTO_IPV6;
	if (d->r->family == NFPROTO_INET && d->l3 == 0)
		six = len == 16;
	if (six && (offset == 8 || offset == 24))
		return (struct nft_field){
			offset == 8 ? "ip6 saddr" : "ip6 daddr", NFT_FORM_ADDRESS, false, 0, 0};
	if (six)
		return offset == 6 && len == 1
			       ? (struct nft_field){"ip6 nexthdr", NFT_FORM_L4PROTO, false, 0, 0}
			       : (struct nft_field){0};
	if (offset == 12 || offset == 16)
		return (struct nft_field){
			offset == 12 ? "ip saddr" : "ip daddr", NFT_FORM_ADDRESS, false, 0, 0};
	if (offset == 9 && len == 1)
		return (struct nft_field){"ip protocol", NFT_FORM_L4PROTO, false, 0, 0};
	if (offset == 8 && len == 1)
		return (struct nft_field){"ip ttl", NFT_FORM_BE, false, 0, 0};
	return (struct nft_field){0};
}

static struct nft_field transport_field(const struct decoder *d, uint32_t offset, uint32_t len)
{
	bool icmp = d->l4 == IPPROTO_ICMP || d->l4 == IPPROTO_ICMPV6;
	if (icmp && offset == 0 && len == 1)
		return (struct nft_field){d->l4 == IPPROTO_ICMP ? "icmp type" : "icmpv6 type",
			NFT_FORM_BE, false, 0, 0};
	if (icmp || len != 2 || offset > 2)
		return d->l4 == IPPROTO_TCP && offset == 13 && len == 1
			       ? (struct nft_field){"tcp flags", NFT_FORM_BE, false, 0, 0}
			       : (struct nft_field){0};
	static const char *const names[][2] = {
		{"tcp sport", "tcp dport"}, {"udp sport", "udp dport"}, {"th sport", "th dport"}};
	unsigned row = d->l4 == IPPROTO_TCP ? 0 : d->l4 == IPPROTO_UDP ? 1 : 2;
	return (struct nft_field){names[row][offset / 2], NFT_FORM_PORT, false, 0, 0};
}

static void load_payload(struct decoder *d, const struct expression *e)
{
	uint32_t base = nl_be32(e->a[NFTA_PAYLOAD_BASE]),
		 offset = nl_be32(e->a[NFTA_PAYLOAD_OFFSET]), len = nl_be32(e->a[NFTA_PAYLOAD_LEN]);
	struct nft_field f = {0};
	if (base == NFT_PAYLOAD_NETWORK_HEADER)
		f = network_field(d, offset, len);
	else if (base == NFT_PAYLOAD_TRANSPORT_HEADER)
		f = transport_field(d, offset, len);
	if (e->a[NFTA_PAYLOAD_SREG].len) /* it writes to the packet */
		not_understood(d);
	else
		*reg(d, e->a[NFTA_PAYLOAD_DREG]) = f;
}

static void load_meta(struct decoder *d, const struct expression *e)
{
	static const struct nft_field known[] = {
		[NFT_META_LEN] = {"meta length", NFT_FORM_HOST, false, 0, 0},
		[NFT_META_PROTOCOL] = {"meta protocol", NFT_FORM_ETHERTYPE, false, 0, 0},
		[NFT_META_MARK] = {"meta mark", NFT_FORM_HOST, false, 0, 0},
		[NFT_META_IIF] = {"iif", NFT_FORM_HOST, false, 0, 0},
		[NFT_META_OIF] = {"oif", NFT_FORM_HOST, false, 0, 0},
		[NFT_META_IIFNAME] = {"iifname", NFT_FORM_NAME, false, 0, 0},
		[NFT_META_OIFNAME] = {"oifname", NFT_FORM_NAME, false, 0, 0},
		[NFT_META_SKUID] = {"meta skuid", NFT_FORM_HOST, false, 0, 0},
		[NFT_META_NFPROTO] = {"meta nfproto", NFT_FORM_NFPROTO, false, 0, 0},
		[NFT_META_L4PROTO] = {"meta l4proto", NFT_FORM_L4PROTO, false, 0, 0},
		[NFT_META_PKTTYPE] = {"meta pkttype", NFT_FORM_HOST, false, 0, 0},
	};
	uint32_t key = nl_be32(e->a[NFTA_META_KEY]);
	if (e->a[NFTA_META_SREG].len)
		say(d, key == NFT_META_MARK ? "meta mark set" : "meta set", "", "");
	else
		*reg(d, e->a[NFTA_META_DREG]) =
			key < COUNTOF(known) ? known[key] : (struct nft_field){0};
}

static void load_ct(struct decoder *d, const struct expression *e)
{
	struct nft_field f = {0};
	switch (nl_be32(e->a[NFTA_CT_KEY])) {
	case NFT_CT_STATE: f = (struct nft_field){"ct state", NFT_FORM_STATE, false, 0, 0}; break;
	case NFT_CT_STATUS: f = (struct nft_field){"ct status", NFT_FORM_HOST, false, 0, 0}; break;
	case NFT_CT_MARK: f = (struct nft_field){"ct mark", NFT_FORM_HOST, false, 0, 0}; break;
	default: break;
	}
	if (e->a[NFTA_CT_SREG].len)
		say(d, "ct set", "", "");
	else
		*reg(d, e->a[NFTA_CT_DREG]) = f;
}

static void bitwise(struct decoder *d, const struct expression *e)
{
	struct nft_field f = *reg(d, e->a[NFTA_BITWISE_SREG]);
	struct nl_part mask = value_of(e->a[NFTA_BITWISE_MASK]);
	f.masked = true;
	f.mask = (uint32_t)nft_number(mask, f.form != NFT_FORM_HOST && f.form != NFT_FORM_STATE);
	if (f.form == NFT_FORM_ADDRESS) { /* 255.255.128.0 is a prefix of 17 bits */
		unsigned bits = 0;
		while (bits < mask.len * 8 && mask.p[bits / 8] >> (7 - bits % 8) & 1)
			bits++;
		f.prefix = bits;
	}
	*reg(d, e->a[NFTA_BITWISE_DREG]) = f;
}

/* What nft would have written by itself: remembered, and said only if nothing follows from it. */
static bool implies(struct decoder *d, const struct nft_field *f, struct nl_part v, uint32_t op)
{
	if (op != NFT_CMP_EQ || v.len == 0)
		return false;
	char text[32];
	if (f->form == NFT_FORM_L4PROTO && strcmp(f->name, "ip6 nexthdr") != 0)
		d->l4 = *v.p;
	else if (f->form == NFT_FORM_NFPROTO)
		d->l3 = *v.p;
	else if (f->form == NFT_FORM_ETHERTYPE && v.len >= 2)
		d->l3 = nft_number(v, true) == 0x86dd ? NFPROTO_IPV6 : NFPROTO_IPV4;
	else
		return false;
	if (d->l4 == IPPROTO_ICMP || d->l4 == IPPROTO_ICMPV6) /* of one version of IP alone */
		d->implied[0] = '\0';
	say_implied(d);
	nft_value_text(v, f, text, sizeof text);
	(void)snprintf(d->implied, sizeof d->implied, "%s %.20s", f->name, text);
	return true;
}

/* Does a test of this field say what was implied? */
static void begin_test(struct decoder *d, const struct nft_field *f)
{
	bool of_l4 = f->form == NFT_FORM_PORT || strncmp(f->name, "icmp", 4) == 0 ||
		     strncmp(f->name, "tcp", 3) == 0;
	bool of_l3 = strncmp(f->name, "ip ", 3) == 0 || strncmp(f->name, "ip6 ", 4) == 0;
	bool l4 = strstr(d->implied, "l4proto") || strncmp(d->implied, "ip protocol", 11) == 0;
	if ((of_l4 && l4) || (of_l3 && !l4))
		d->implied[0] = '\0';
	say_implied(d);
}

static void compare(struct decoder *d, const struct expression *e)
{
	static const char *const ops[] = {"", "!=", "<", "<=", ">", ">="};
	const struct nft_field *f = reg(d, e->a[NFTA_CMP_SREG]);
	struct nl_part v = value_of(e->a[NFTA_CMP_DATA]);
	uint32_t op = nl_be32(e->a[NFTA_CMP_OP]);
	char text[80] = "";
	if (!f->name || op >= COUNTOF(ops)) {
		not_understood(d);
		return;
	}
	if (!f->masked && implies(d, f, v, op))
		return;
	uint32_t number_of = nl_be32(e->a[NFTA_CMP_SREG]);
	bool ends_range = op == NFT_CMP_LTE && d->from_register == number_of &&
			  d->from_end == d->n && d->from_end;
	if (ends_range)
		d->n = d->from_at;
	begin_test(d, f);
	if (f->masked && f->form == NFT_FORM_STATE && op == NFT_CMP_NEQ) { /* any of these bits */
		nft_state_names(f->mask, text, sizeof text);
		say(d, f->name, text, "");
		return;
	}
	nft_value_text(v, f, text, sizeof text);
	if (f->masked && f->form != NFT_FORM_ADDRESS) {
		char masked[100];
		(void)snprintf(
			masked, sizeof masked, "& 0x%x %s", f->mask, *ops[op] ? ops[op] : "==");
		say(d, f->name, masked, text);
	} else if (ends_range) {
		char both[136];
		(void)snprintf(both, sizeof both, "%s-%s", d->from, text);
		say(d, f->name, both, "");
	} else {
		d->from_at = d->n;
		say(d, f->name, ops[op], text);
		d->from_register = op == NFT_CMP_GTE ? number_of : 0;
		d->from_end = d->n;
		(void)snprintf(d->from, sizeof d->from, "%.47s", text);
	}
}

static void range(struct decoder *d, const struct expression *e)
{
	const struct nft_field *f = reg(d, e->a[NFTA_RANGE_SREG]);
	char from[64], to[64], both[140];
	if (!f->name) {
		not_understood(d);
		return;
	}
	begin_test(d, f);
	nft_value_text(value_of(e->a[NFTA_RANGE_FROM_DATA]), f, from, sizeof from);
	nft_value_text(value_of(e->a[NFTA_RANGE_TO_DATA]), f, to, sizeof to);
	(void)snprintf(both, sizeof both, "%s-%s", from, to);
	say(d, f->name, nl_be32(e->a[NFTA_RANGE_OP]) == NFT_RANGE_NEQ ? "!=" : "", both);
}

static void lookup(struct decoder *d, const struct expression *e)
{
	const struct nft_field *f = reg(d, e->a[NFTA_LOOKUP_SREG]);
	char name[64], set[80];
	bool map = e->a[NFTA_LOOKUP_DREG].len;
	nl_text(e->a[NFTA_LOOKUP_SET], name, sizeof name);
	(void)snprintf(set, sizeof set, "%s@%s", map ? "map " : "", name);
	if (f->name)
		begin_test(d, f);
	say(d, f->name ? f->name : "...",
		nl_be32(e->a[NFTA_LOOKUP_FLAGS]) & NFT_LOOKUP_F_INV ? "!=" : "", set);
	if (map && nl_be32(e->a[NFTA_LOOKUP_DREG]) == NFT_REG_VERDICT)
		d->r->verdict = FW_MAP;
}

static void immediate(struct decoder *d, const struct expression *e)
{
	char chain[NFT_NAME];
	if (nl_be32(e->a[NFTA_IMMEDIATE_DREG]) != NFT_REG_VERDICT) {
		*reg(d, e->a[NFTA_IMMEDIATE_DREG]) = (struct nft_field){0};
		return;
	}
	d->r->verdict = parse_nft_verdict(e->a[NFTA_IMMEDIATE_DATA], chain);
	say_implied(d);
	say(d, fw_verdict_name(d->r->verdict), chain, "");
}

/* ---- matches and targets of iptables that nf_tables has no expression for ---- */

/* struct xt_tcp and xt_udp both begin with four ports: source from, to, destination from, to. */
static bool ports(struct decoder *d, const char *name, struct nl_part info)
{
	static const char *const ends[] = {"sport", "dport"};
	uint16_t p[4];
	bool any = false;
	if (info.len < sizeof p || (strcmp(name, "tcp") != 0 && strcmp(name, "udp") != 0))
		return false;
	memcpy(p, info.p, sizeof p);
	for (size_t i = 0; i < COUNTOF(ends); i++) {
		char text[24];
		if (p[2 * i] == 0 && p[2 * i + 1] == UINT16_MAX)
			continue;
		if (p[2 * i] == p[2 * i + 1])
			(void)snprintf(text, sizeof text, "%u", p[2 * i]);
		else
			(void)snprintf(text, sizeof text, "%u-%u", p[2 * i], p[2 * i + 1]);
		d->implied[0] = '\0';
		say(d, name, ends[i], text);
		any = true;
	}
	return any;
}

static void compat(struct decoder *d, const struct expression *e, bool target)
{
	char name[XT_NAME];
	nl_text(e->a[target ? NFTA_TARGET_NAME : NFTA_MATCH_NAME], name, sizeof name);
	if (!target && (ports(d, name, e->a[NFTA_MATCH_INFO]) || strcmp(name, "comment") == 0))
		return;
	say_implied(d);
	say(d, target ? "-j" : "-m", name, "");
	if (!target)
		return;
	if (strcmp(name, "REJECT") == 0)
		d->r->verdict = FW_REJECT;
	else if (strstr(name, "NAT") || strcmp(name, "MASQUERADE") == 0 ||
		 strcmp(name, "REDIRECT") == 0)
		d->r->verdict = FW_NAT;
}

/* ---- one rule ---- */

static void ends_with(struct decoder *d, const char *word, enum fw_verdict verdict)
{
	say_implied(d);
	say(d, word, "", "");
	if (verdict != FW_NONE)
		d->r->verdict = verdict;
}

static void count(struct decoder *d, const struct expression *e)
{
	d->r->counted = true;
	d->r->packets = nl_be64(e->a[NFTA_COUNTER_PACKETS]);
	d->r->bytes = nl_be64(e->a[NFTA_COUNTER_BYTES]);
}

static void one_expression(struct decoder *d, const char *name, const struct expression *e)
{
	static const struct {
		const char *name;
		void (*fn)(struct decoder *d, const struct expression *e);
	} known[] = {{"payload", load_payload}, {"meta", load_meta}, {"ct", load_ct},
		{"bitwise", bitwise}, {"cmp", compare}, {"range", range}, {"lookup", lookup},
		{"immediate", immediate}, {"counter", count}};
	static const struct {
		const char *name, *word;
		enum fw_verdict verdict;
	} plain[] = {{"reject", "reject", FW_REJECT}, {"masq", "masquerade", FW_NAT},
		{"nat", "nat", FW_NAT}, {"redir", "redirect", FW_NAT}, {"log", "log", FW_NONE},
		{"limit", "limit", FW_NONE}, {"quota", "quota", FW_NONE},
		{"connlimit", "ct count", FW_NONE}, {"notrack", "notrack", FW_NONE},
		{"queue", "queue", FW_QUEUE}, {"tproxy", "tproxy", FW_NONE},
		{"flow_offload", "flow add", FW_NONE}, {"objref", "object", FW_NONE},
		{"dynset", "set add", FW_NONE}, {"fib", "fib", FW_NONE}};
	for (size_t i = 0; i < COUNTOF(known); i++)
		if (strcmp(name, known[i].name) == 0) {
			known[i].fn(d, e);
			return;
		}
	for (size_t i = 0; i < COUNTOF(plain); i++)
		if (strcmp(name, plain[i].name) == 0) {
			ends_with(d, plain[i].word, plain[i].verdict);
			return;
		}
	if (strcmp(name, "match") == 0 || strcmp(name, "target") == 0)
		compat(d, e, name[0] == 't');
	else
		not_understood(d);
}

void parse_nft_expressions(struct nl_walk list, struct nft_rule *r)
{
	struct decoder d = {.r = r};
	struct nl_part element, a;
	d.l3 = r->family == NFPROTO_IPV4 || r->family == NFPROTO_IPV6 ? r->family : 0;
	while (nl_attribute(&list, &element)) {
		struct nl_walk w = nl_inside(element);
		struct nl_part data = {0, element.p, 0};
		char name[24] = "";
		while (nl_attribute(&w, &a)) {
			if (a.type == NFTA_EXPR_NAME)
				nl_text(a, name, sizeof name);
			else if (a.type == NFTA_EXPR_DATA)
				data = a;
		}
		const struct expression e = attributes_of(data);
		one_expression(&d, name, &e);
	}
	say_implied(&d);
	if (r->text[0] == '\0' && r->counted && !d.unknown) /* of every packet that comes so far */
		say(&d, "counter", "", "");
	if (strcmp(r->text, "...") == 0)
		r->text[0] = '\0';
}
