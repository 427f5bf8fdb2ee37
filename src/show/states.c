/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "show/states.h"

#include "base/attr.h"
#include "base/text.h"
#include "ledger/who.h"
#include "show/table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/netfilter.h>
#include <math.h>

#include <string.h>

enum { NOTES_MAX = 64 };

/* ---- words ---- */

static const char *proto_name(struct view *v, uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP: return "tcp";
	case IPPROTO_UDP: return "udp";
	case IPPROTO_ICMP: return "icmp";
	case IPPROTO_ICMPV6: return "icmpv6";
	case IPPROTO_IGMP: return "igmp";
	case IPPROTO_SCTP: return "sctp";
	case IPPROTO_GRE: return "gre";
	case IPPROTO_ESP: return "esp";
	default: return arena_printf(&v->scratch, "%u", proto);
	}
}

static const char *family_name(uint8_t family)
{
	switch (family) {
	case NFPROTO_INET: return "inet";
	case NFPROTO_IPV4: return "ip";
	case NFPROTO_IPV6: return "ip6";
	case NFPROTO_ARP: return "arp";
	case NFPROTO_BRIDGE: return "bridge";
	case NFPROTO_NETDEV: return "netdev";
	default: return "?";
	}
}

/* The host's own has no name. */
static const char *netns_name(struct view *v, unsigned netns)
{
	return netns == NETNS_HOST ? "" : show_safe(v, series_netns_name(v->series, netns));
}

static const char *end_text(struct view *v, const struct address *a, uint16_t port)
{
	char text[48];
	return who_end(v, address_text(text, a), port);
}

static const char *name_of(const struct view *v, uint32_t id)
{
	return intern_text(&v->series->names, id);
}

static const char *rule_text(struct view *v, const struct fw_rule *r)
{
	const char *text = name_of(v, r->text);
	return *text ? text : arena_printf(&v->scratch, "handle %" PRIu64, r->handle);
}

/* What has to stand before a command so that it is run in the namespace. */
static const char *inside(struct view *v, unsigned netns)
{
	return netns == NETNS_HOST
		       ? ""
		       : arena_printf(&v->scratch, "ip netns exec %s ", netns_name(v, netns));
}

/* ---- what is to be said beside the numbers ---- */

static size_t notes_of(struct view *v, const struct states *s, const char *notes[NOTES_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < s->nrules && n < NOTES_MAX / 2; i++) {
		const struct rule_row *r = &s->rules[i];
		if (!r->late)
			continue;
		notes[n++] = arena_printf(&v->scratch,
			"rule %u%s of chain %s %s %s (%s) takes %.0f %% of the packets that rules "
			"of this chain "
			"take: each is tested by %u rules before it, %.0f tests a second. Where "
			"the order "
			"does not matter, it belongs to the front; many rules of one kind belong "
			"into a set",
			r->r->position, r->of ? arena_printf(&v->scratch, " of %u", r->of) : "",
			family_name(r->r->family), show_safe(v, name_of(v, r->r->table)),
			show_safe(v, name_of(v, r->r->chain)), show_safe(v, rule_text(v, r->r)),
			100 * r->share, r->r->position - 1, r->packet_rate * (r->r->position - 1));
	}
	if (s->truncated)
		notes[n++] = arena_printf(&v->scratch,
			"%" PRIu64 " connections are tracked; the first %zu that the kernel named "
			"were looked at",
			s->tracked, s->held);
	for (size_t i = 0; i < s->nlacks && n + 1 < NOTES_MAX; i++) {
		const struct states_lack *l = &s->lacks[i];
		const char *where = l->netns == NETNS_HOST ? ""
							   : arena_printf(&v->scratch, " in %s",
								     netns_name(v, l->netns));
		if (l->bytes)
			notes[n++] = arena_printf(&v->scratch,
				"bytes and packets of connections are not counted%s; for new ones: "
				"%ssysctl -w net.netfilter.nf_conntrack_acct=1",
				where, inside(v, l->netns));
		if (l->begin)
			notes[n++] = arena_printf(&v->scratch,
				"when connections began is not noted%s; for new ones: "
				"%ssysctl -w net.netfilter.nf_conntrack_timestamp=1",
				where, inside(v, l->netns));
	}
	return n;
}

/* ---- text ---- */

static const char *rate_text(struct view *v, double rate, bool bytes)
{
	char buf[32];
	if (rate < 0)
		return "-";
	if (bytes)
		return arena_printf(&v->scratch, "%s/s", text_bytes(buf, rate));
	if (rate > 0 && rate < 100)
		return arena_printf(&v->scratch, "%.3g/s", rate);
	return arena_printf(&v->scratch, "%s/s", text_amount(buf, rate));
}

static const char *counted_text(struct view *v, const struct ct_state *s, uint64_t n, bool bytes)
{
	char buf[32];
	if (!s->counted)
		return "-";
	return arena_str(
		&v->scratch, bytes ? text_bytes(buf, (double)n) : text_amount(buf, (double)n));
}

static const char *duration_text(struct view *v, double seconds)
{
	char buf[32];
	return seconds < 0 ? "-" : arena_str(&v->scratch, text_duration(buf, seconds));
}

static int states_table(FILE *f, struct style st, struct view *v, const struct states *s)
{
	static const struct column columns[] = {{"proto", false, false, 0, 0},
		{"source", false, true, 0, 15}, {"destination", false, true, 0, 15},
		{"state", false, false, 0, 0}, {"rate", true, false, 0, 0},
		{"sent", true, false, 1, 0}, {"received", true, false, 2, 0},
		{"packets", true, false, 6, 0}, {"back", true, false, 7, 0},
		{"age", true, false, 4, 0}, {"expires", true, false, 3, 0},
		{"netns", false, false, 5, 0}};
	const char **cells =
		arena_alloc(&v->scratch, (s->n + 1) * COUNTOF(columns) * sizeof *cells);
	if (!cells)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++) {
		const struct state_row *r = &s->rows[i];
		const struct ct_state *c = r->s;
		const char **cell = cells + i * COUNTOF(columns);
		*cell++ = proto_name(v, c->proto);
		*cell++ = end_text(v, &c->source, c->source_port);
		*cell++ = end_text(v, &c->destination, c->port);
		*cell++ = r->state;
		*cell++ = rate_text(v, r->rate, true);
		*cell++ = counted_text(v, c, c->bytes[0], true);
		*cell++ = counted_text(v, c, c->bytes[1], true);
		*cell++ = counted_text(v, c, c->packets[0], false);
		*cell++ = counted_text(v, c, c->packets[1], false);
		*cell++ = duration_text(v, r->age_s);
		*cell++ = duration_text(v, r->expires_s);
		*cell = netns_name(v, c->netns);
	}
	if (v->scratch.overflowed)
		return -ENOMEM;
	table_print(f, &(struct text_table){columns, COUNTOF(columns), cells, s->n}, st.width,
		st.color);
	return 0;
}

static int rules_table(FILE *f, struct style st, struct view *v, const struct states *s)
{
	static const struct column columns[] = {{"packets", true, false, 0, 0},
		{"bytes", true, false, 3, 0}, {"share", true, false, 1, 0},
		{"place", true, false, 0, 0}, {"chain", false, true, 0, 12},
		{"rule", false, true, 0, 36}, {"netns", false, false, 2, 0}};
	const char **cells =
		arena_alloc(&v->scratch, (s->nrules + 1) * COUNTOF(columns) * sizeof *cells);
	if (!cells)
		return -ENOMEM;
	for (size_t i = 0; i < s->nrules; i++) {
		const struct rule_row *r = &s->rules[i];
		const char **cell = cells + i * COUNTOF(columns);
		*cell++ = rate_text(v, r->packet_rate, false);
		*cell++ = rate_text(v, r->rate, true);
		*cell++ = r->share < 0 ? "-" : arena_printf(&v->scratch, "%.0f %%", 100 * r->share);
		*cell++ = r->of ? arena_printf(&v->scratch, "%u/%u", r->r->position, r->of)
				: arena_printf(&v->scratch, "%u", r->r->position);
		*cell++ = show_safe(
			v, arena_printf(&v->scratch, "%s %s %s", family_name(r->r->family),
				   name_of(v, r->r->table), name_of(v, r->r->chain)));
		*cell++ = show_safe(v, rule_text(v, r->r));
		*cell = netns_name(v, r->r->netns);
	}
	if (v->scratch.overflowed)
		return -ENOMEM;
	table_print(f, &(struct text_table){columns, COUNTOF(columns), cells, s->nrules}, st.width,
		st.color);
	return 0;
}

static bool is_of_states(const struct gap *g)
{
	return strcmp(g->hides, "states") == 0 || strcmp(g->hides, "net.firewall") == 0;
}

static const char *gap_text(struct view *v, const struct gap *g)
{
	return arena_printf(&v->scratch, "%s%s%s: %s", g->what, g->netns ? " of " : "",
		netns_name(v, g->netns), strerror(g->error));
}

int show_states(FILE *f, struct style st, struct view *v, const struct states *s)
{
	const char *notes[NOTES_MAX];
	char seconds[32];
	size_t n = notes_of(v, s, notes);
	(void)fprintf(f, "%" PRIu64 " connections tracked, %zu shown; rates are of %s\n\n",
		s->tracked, s->n, text_duration(seconds, s->seconds));
	int r = s->n ? states_table(f, st, v, s) : 0;
	if (r == 0 && s->nrules) {
		(void)fputs(s->n ? "\nfirewall rules with a counter\n"
				 : "firewall rules with a counter\n",
			f);
		r = rules_table(f, st, v, s);
	}
	if (n)
		(void)fputs("\n", f);
	for (size_t i = 0; i < n; i++)
		show_paragraph(f, st, "note", notes[i]);
	const struct gap *gaps = TABLE_ROWS(view_last(v)->gaps, struct gap);
	for (uint32_t i = 0; i < view_last(v)->gaps.count; i++)
		if (is_of_states(&gaps[i]))
			show_paragraph(f, st, "not seen", gap_text(v, &gaps[i]));
	return r;
}

/* ---- JSON ---- */

static json_t *known(double v)
{
	return v < 0 ? json_null() : json_amount(v);
}

static json_t *count(bool is_known, uint64_t v)
{
	return is_known ? json_integer((json_int_t)v) : json_null();
}

static json_t *address_json(const struct address *a)
{
	char text[48];
	return json_string(address_text(text, a));
}

static json_t *netns_json(const struct view *v, unsigned netns)
{
	return netns == NETNS_HOST ? json_null() : json_text(series_netns_name(v->series, netns));
}

static json_t *state_json(struct view *v, const struct state_row *r)
{
	const struct ct_state *c = r->s;
	return json_pack(
		"{s:o, s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"netns", netns_json(v, c->netns), "proto", proto_name(v, c->proto), "source",
		address_json(&c->source), "source_port", count(c->source_port, c->source_port),
		"destination", address_json(&c->destination), "destination_port",
		count(c->port, c->port), "state", r->state, "sent_bytes",
		count(c->counted, c->bytes[0]), "received_bytes", count(c->counted, c->bytes[1]),
		"sent_packets", count(c->counted, c->packets[0]), "received_packets",
		count(c->counted, c->packets[1]), "rate", known(r->rate), "packet_rate",
		known(r->packet_rate), "age_s", known(r->age_s), "expires_s", known(r->expires_s));
}

static json_t *rule_json(struct view *v, const struct rule_row *r)
{
	return json_pack(
		"{s:o, s:s, s:o, s:o, s:I, s:i, s:o, s:o, s:s, s:I, s:I, s:o, s:o, s:o, s:b}",
		"netns", netns_json(v, r->r->netns), "family", family_name(r->r->family), "table",
		json_text(name_of(v, r->r->table)), "chain", json_text(name_of(v, r->r->chain)),
		"handle", (json_int_t)r->r->handle, "position", (int)r->r->position, "of",
		count(r->of, r->of), "text", json_text(rule_text(v, r->r)), "verdict",
		fw_verdict_name((enum fw_verdict)r->r->verdict), "packets",
		(json_int_t)r->r->packets, "bytes", (json_int_t)r->r->bytes, "packet_rate",
		known(r->packet_rate), "rate", known(r->rate), "share", known(r->share), "late",
		r->late);
}

static json_t *chains_json(const struct view *v)
{
	const struct sample *s = view_last(v);
	json_t *a = json_array();
	for (uint32_t i = 0; i < s->fw_chains.count; i++) {
		const struct fw_chain *c = &TABLE_ROWS(s->fw_chains, struct fw_chain)[i];
		json_array_append_new(a,
			json_pack("{s:o, s:s, s:o, s:o, s:b, s:o, s:i, s:o, s:o}", "netns",
				netns_json(v, c->netns), "family", family_name(c->family), "table",
				json_text(name_of(v, c->table)), "chain",
				json_text(name_of(v, c->name)), "base", c->base, "policy",
				c->base ? json_string(fw_verdict_name((enum fw_verdict)c->policy))
					: json_null(),
				"rules", (int)c->rules, "packets", count(c->counted, c->packets),
				"bytes", count(c->counted, c->bytes)));
	}
	return a;
}

static json_t *sets_json(const struct view *v)
{
	const struct sample *s = view_last(v);
	json_t *a = json_array();
	for (uint32_t i = 0; i < s->fw_sets.count; i++) {
		const struct fw_set *x = &TABLE_ROWS(s->fw_sets, struct fw_set)[i];
		json_array_append_new(
			a, json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "netns",
				   netns_json(v, x->netns), "family", family_name(x->family),
				   "table", json_text(name_of(v, x->table)), "set",
				   json_text(name_of(v, x->name)), "elements",
				   count(x->have_count, x->elements), "limit",
				   count(x->limit, x->limit)));
	}
	return a;
}

json_t *json_states(struct view *v, const struct states *s)
{
	json_t *states = json_array(), *rules = json_array(), *notes = json_array(),
	       *blind = json_array();
	const char *texts[NOTES_MAX];
	char at[40];
	size_t n = notes_of(v, s, texts);
	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(states, state_json(v, &s->rows[i]));
	for (size_t i = 0; i < s->nrules; i++)
		json_array_append_new(rules, rule_json(v, &s->rules[i]));
	for (size_t i = 0; i < n; i++)
		json_array_append_new(notes, json_text(texts[i]));
	const struct gap *gaps = TABLE_ROWS(view_last(v)->gaps, struct gap);
	for (uint32_t i = 0; i < view_last(v)->gaps.count; i++)
		if (is_of_states(&gaps[i]))
			json_array_append_new(blind,
				json_pack("{s:o, s:s, s:s}", "what", json_text(gaps[i].what), "why",
					strerror(gaps[i].error), "hides", gaps[i].hides));
	return json_pack("{s:i, s:s, s:o, s:I, s:I, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "schema",
		1, "at", text_time(at, v->now_ns), "seconds", json_amount(s->seconds), "tracked",
		(json_int_t)s->tracked, "held", (json_int_t)s->held, "truncated", s->truncated,
		"states", states, "rules", rules, "chains", chains_json(v), "sets", sets_json(v),
		"notes", notes, "blind", blind);
}
