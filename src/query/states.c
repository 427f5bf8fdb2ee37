/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/states.h"

#include <assert.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>
#include <string.h>

/* A rule is worth a remark from this place on, when half of the packets that its chain takes are its own. Earlier ones cost less than it takes to
 * read the remark. */
enum { LATE_PLACE = 11 };
static const double LATE_SHARE = 0.5, LATE_RATE = 1;

static const char *const order_names[] = {"rate", "bytes", "age", "packets", "expires", NULL};

const char *states_order_name(enum states_order o)
{
	return order_names[o < STATES_ORDERS ? o : STATES_ORDERS];
}

enum states_order states_order_by_name(const char *name)
{
	unsigned o = 0;
	while (o < STATES_ORDERS && strcmp(order_names[o], name) != 0)
		o++;
	return (enum states_order)o;
}

/* ---- connections ---- */

static const char *state_name(const struct ct_state *s)
{
	static const char *const tcp[] = {"unknown", "SYN_SENT", "SYN_RECV", "ESTABLISHED",
		"FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2"};
	static_assert(COUNTOF(tcp) == TCP_CONNTRACK_SYN_SENT2 + 1, "a name a state");
	if (s->proto == IPPROTO_TCP)
		return s->tcp_state < COUNTOF(tcp) ? tcp[s->tcp_state] : "unknown";
	return s->status & IPS_ASSURED      ? "assured"
	       : s->status & IPS_SEEN_REPLY ? "multiple"
					    : "single";
}

static bool same_entry(const struct ct_state *a, const struct ct_state *b)
{
	return a->id == b->id && a->netns == b->netns && a->proto == b->proto &&
	       a->port == b->port && a->source_port == b->source_port &&
	       address_equal(&a->source, &b->source) &&
	       address_equal(&a->destination, &b->destination);
}

/* The entries of a sample by number and source port: id is a hash of the entry's address in memory, and mostly enough. */
struct index {
	const struct ct_state *rows;
	uint32_t *slots; /* row + 1 */
	uint32_t mask;
};

static uint32_t slot_of(const struct ct_state *s)
{
	return (s->id ^ (uint32_t)s->source_port << 16 ^ s->port) * 0x9e3779b1u;
}

static bool index_rows(struct view *v, const struct sample *s, struct index *ret)
{
	uint32_t n = s->ct_states.count, size = 16;
	while (size < n * 2)
		size *= 2;
	*ret = (struct index){TABLE_ROWS(s->ct_states, struct ct_state), NULL, size - 1};
	ret->slots = arena_alloc(&v->scratch, size * sizeof *ret->slots);
	for (uint32_t i = 0; ret->slots && i < n; i++) {
		uint32_t at = slot_of(&ret->rows[i]) >> 7 & ret->mask;
		while (ret->slots[at])
			at = (at + 1) & ret->mask;
		ret->slots[at] = i + 1;
	}
	return ret->slots != NULL;
}

static const struct ct_state *find(const struct index *x, const struct ct_state *s)
{
	for (uint32_t at = slot_of(s) >> 7 & x->mask; x->slots[at]; at = (at + 1) & x->mask)
		if (same_entry(&x->rows[x->slots[at] - 1], s))
			return &x->rows[x->slots[at] - 1];
	return NULL;
}

static double grown(const uint64_t now[2], const uint64_t before[2])
{
	double sum = 0;
	for (int i = 0; i < 2; i++)
		sum += now[i] >= before[i] ? (double)(now[i] - before[i]) : (double)now[i];
	return sum;
}

static void set_rates(struct state_row *r, const struct ct_state *before, double seconds)
{
	static const uint64_t nothing[2];
	r->rate = grown(r->s->bytes, before ? before->bytes : nothing) / seconds;
	r->packet_rate = grown(r->s->packets, before ? before->packets : nothing) / seconds;
}

static double sum(const uint64_t v[2])
{
	return (double)v[0] + (double)v[1];
}

static double key_of(const struct state_row *r, enum states_order o)
{
	switch (o) {
	case STATES_BY_RATE: return r->rate;
	case STATES_BY_BYTES: return r->s->counted ? sum(r->s->bytes) : -1;
	case STATES_BY_PACKETS: return r->s->counted ? sum(r->s->packets) : -1;
	case STATES_BY_AGE: return r->age_s;
	case STATES_BY_EXPIRES:
		return r->expires_s < 0 ? -1e18 : -r->expires_s; /* the next one first */
	case STATES_ORDERS: break;
	}
	return 0;
}

/* Larger keys first; what ties is in the order of its addresses, so that the same sample gives the same table. */
static int compare_states(const void *pa, const void *pb, void *ctx)
{
	const struct state_row *a = pa, *b = pb;
	enum states_order o = *(const enum states_order *)ctx;
	double x = key_of(a, o), y = key_of(b, o);
	if (x > y || x < y)
		return x > y ? -1 : 1;
	int n = memcmp(a->s->source.bytes, b->s->source.bytes, ADDR_BYTES);
	n = n ? n : memcmp(a->s->destination.bytes, b->s->destination.bytes, ADDR_BYTES);
	n = n ? n : (int)a->s->proto - (int)b->s->proto;
	n = n ? n : (int)a->s->port - (int)b->s->port;
	n = n ? n : (int)a->s->source_port - (int)b->s->source_port;
	return n ? n : (int)a->s->netns - (int)b->s->netns;
}

static int add_states(struct view *v, const struct sample *first, const struct sample *last,
	enum states_order order, size_t limit, struct states *ret)
{
	struct index before;
	size_t n = last->ct_states.count;
	ret->rows = arena_alloc(&v->scratch, (n + 1) * sizeof *ret->rows);
	if (!ret->rows || !index_rows(v, first, &before))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct state_row *r = &ret->rows[i];
		const struct ct_state *s = &TABLE_ROWS(last->ct_states, struct ct_state)[i];
		const struct ct_state *old = find(&before, s);
		*r = (struct state_row){.s = s,
			.state = state_name(s),
			.rate = -1,
			.packet_rate = -1,
			.age_s = -1,
			.expires_s =
				s->status & (IPS_OFFLOAD | IPS_HW_OFFLOAD) ? -1.0 : s->timeout_s};
		if (s->begun_ns && last->real_ns >= s->begun_ns)
			r->age_s = (double)(last->real_ns - s->begun_ns) / 1e9;
		if (s->counted && (old || !first->ct_states.dropped))
			set_rates(r, old, ret->seconds);
	}
	qsort_r(ret->rows, n, sizeof *ret->rows, compare_states, &order);
	ret->held = n;
	ret->n = limit && limit < n ? limit : n;
	ret->truncated = last->ct_states.dropped > 0;
	return 0;
}

/* How many connections there are, and where the kernel does not count or note what people want to see. */
static void add_totals(const struct view *v, struct states *ret)
{
	double x;
	for (uint32_t id = view_each(v, M_CONNTRACK_USED, 0); id;
		id = view_each(v, M_CONNTRACK_USED, id)) {
		unsigned netns = series_row(v->series, id)->netns;
		if (!view_gauge(v, id, &x))
			continue;
		bool tracked = x > 0;
		ret->tracked += (uint64_t)x;
		struct states_lack lack = {netns, false, false};
		lack.bytes = view_gauge(v, view_id(v, M_CONNTRACK_ACCT, netns, 0), &x) && x < 1;
		lack.begin =
			view_gauge(v, view_id(v, M_CONNTRACK_TIMESTAMP, netns, 0), &x) && x < 1;
		if (tracked && (lack.bytes || lack.begin) && ret->nlacks < STATES_LACKS)
			ret->lacks[ret->nlacks++] = lack;
	}
}

/* ---- rules ---- */

static bool same_chain(const struct fw_rule *a, const struct fw_rule *b)
{
	return a->netns == b->netns && a->family == b->family && a->table == b->table &&
	       a->chain == b->chain;
}

/* Does a packet that this rule takes leave the chain? */
static bool takes(const struct fw_rule *r)
{
	return r->verdict == FW_ACCEPT || r->verdict == FW_DROP || r->verdict == FW_REJECT ||
	       r->verdict == FW_RETURN || r->verdict == FW_GOTO || r->verdict == FW_QUEUE ||
	       r->verdict == FW_NAT;
}

static unsigned rules_in_chain(const struct sample *s, const struct fw_rule *r)
{
	const struct fw_chain *c = TABLE_ROWS(s->fw_chains, struct fw_chain);
	for (uint32_t i = 0; i < s->fw_chains.count; i++)
		if (c[i].netns == r->netns && c[i].family == r->family && c[i].table == r->table &&
			c[i].name == r->chain)
			return c[i].rules;
	return 0;
}

/* Rows of the first sample by handle; both samples are of the same order, so the search goes on where the last one ended. */
static const struct fw_rule *rule_before(
	const struct sample *first, const struct fw_rule *r, uint32_t *cursor)
{
	const struct fw_rule *rows = TABLE_ROWS(first->fw_rules, struct fw_rule);
	uint32_t n = first->fw_rules.count;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = (*cursor + i) % n;
		if (rows[at].handle != r->handle || !same_chain(&rows[at], r))
			continue;
		*cursor = at + 1;
		return &rows[at];
	}
	return NULL;
}

/* Rules of one chain lie side by side, and are still in their order. */
static void set_shares(struct rule_row *rows, size_t n)
{
	for (size_t i = 0, end; i < n; i = end) {
		double taken = 0;
		for (end = i; end < n && same_chain(rows[i].r, rows[end].r); end++)
			if (takes(rows[end].r) && rows[end].packet_rate > 0)
				taken += rows[end].packet_rate;
		for (size_t k = i; k < end && taken > 0; k++) {
			struct rule_row *r = &rows[k];
			if (!takes(r->r) || r->packet_rate <= 0)
				continue;
			r->share = r->packet_rate / taken;
			r->late = r->r->position >= LATE_PLACE && r->share >= LATE_SHARE &&
				  r->packet_rate >= LATE_RATE;
		}
	}
}

static int compare_rules(const void *pa, const void *pb)
{
	const struct rule_row *a = pa, *b = pb;
	if (a->packet_rate > b->packet_rate || a->packet_rate < b->packet_rate)
		return a->packet_rate > b->packet_rate ? -1 : 1;
	if (a->r->packets != b->r->packets)
		return a->r->packets > b->r->packets ? -1 : 1;
	return a->r < b->r ? -1 : a->r > b->r; /* as they lie in the sample */
}

static int add_rules(struct view *v, const struct sample *first, const struct sample *last,
	size_t limit, struct states *ret)
{
	const struct fw_rule *rows = TABLE_ROWS(last->fw_rules, struct fw_rule);
	uint32_t cursor = 0;
	size_t n = 0;
	ret->rules = arena_alloc(&v->scratch, (last->fw_rules.count + 1) * sizeof *ret->rules);
	if (!ret->rules)
		return -ENOMEM;
	for (uint32_t i = 0; i < last->fw_rules.count; i++) {
		if (!rows[i].counted)
			continue;
		struct rule_row *r = &ret->rules[n++];
		*r = (struct rule_row){&rows[i], rules_in_chain(last, &rows[i]), -1, -1, -1, false};
		const struct fw_rule *old = rule_before(first, &rows[i], &cursor);
		if (!old || old->stale || rows[i].stale || old->packets > rows[i].packets)
			continue;
		r->packet_rate = (double)(rows[i].packets - old->packets) / ret->seconds;
		r->rate = old->bytes > rows[i].bytes
				  ? -1
				  : (double)(rows[i].bytes - old->bytes) / ret->seconds;
	}
	set_shares(ret->rules, n);
	qsort(ret->rules, n, sizeof *ret->rules, compare_rules);
	ret->nrules = limit && limit < n ? limit : n;
	return 0;
}

int states_build(struct view *v, enum states_order order, size_t limit, size_t rule_limit,
	struct states *ret)
{
	*ret = (struct states){0};
	const struct sample *first = view_at(v, 0), *last = view_last(v);
	ret->seconds = (double)(last->mono_ns - first->mono_ns) / 1e9;
	if (ret->seconds <= 0)
		return -ENODATA;
	int r = add_states(v, first, last, order, limit, ret);
	if (r == 0)
		r = add_rules(v, first, last, rule_limit, ret);
	add_totals(v, ret);
	return r;
}
