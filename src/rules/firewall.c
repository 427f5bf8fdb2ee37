/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* A rule for the rules of the firewall (nf_tables): a chain is gone through from its first rule on, for every packet that comes to it. */
#include "rules/verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Measured with rules that compare one field: 8 to 20 ns each. */
static const double rule_cost_s = 10e-9;

const struct rule_case rule_case_net_firewall = {
	.mechanism =
		"Every packet meets the rules of a chain one after the other until one decides. "
		"Where there are thousands, or the rule that takes nearly all packets stands last, "
		"that takes more time than all the rest of the network stack, in softirqs.",
	.threshold =
		"Packets of the window, times the rules that one meets (by counters of the rules; "
		"without counters up to the rule for established "
		"connections, else all), times 10 ns, is more than a tenth of a CPU and a third of "
		"all softirq time; and a CPU is in softirqs for four fifths of its time, or drops "
		"packets. Without that harm: a note, from a twentieth of a CPU on.",
	.false_alarms = "Many rules that few packets meet. A long set: it is one look-up. Chains "
			"that are only jumped to.",
	.confirm = "nft -a list ruleset | wc -l; nft list chain FAMILY TABLE CHAIN   # counters; "
		   "mpstat -P ALL 1   # %soft; perf top",
	.remedy = "`ct state established,related accept` first, the hot rule next; sets and "
		  "verdict maps instead of one rule for each address or port; `notrack` for what "
		  "needs no state.",
};

/* What a packet meets in a chain on the average. */
struct walk {
	double rules;              /* that it meets */
	const struct fw_rule *hot; /* takes most packets, as far as they are counted */
	double share;              /* of the counted ones */
};

static bool of_chain(const struct fw_rule *r, const struct fw_chain *c)
{
	return r->netns == c->netns && r->family == c->family && r->table == c->table &&
	       r->chain == c->name;
}

static bool decides(const struct fw_rule *r)
{
	return r->verdict == FW_ACCEPT || r->verdict == FW_DROP || r->verdict == FW_REJECT ||
	       r->verdict == FW_QUEUE;
}

static struct walk walk_of(const struct view *v, const struct fw_chain *c)
{
	const struct sample *s = view_last(v), *first = view_at(v, 0);
	const struct fw_rule *rows = TABLE_ROWS(s->fw_rules, struct fw_rule),
			     *before = TABLE_ROWS(first->fw_rules, struct fw_rule);
	struct walk w = {.rules = c->rules};
	double sum = 0, weighted = 0, most = 0;
	uint32_t established = 0;
	bool moved = false;
	for (int round = 0; round < 2 && sum <= 0;
		round++) { /* what grew in the window; else of the rules' whole lives */
		for (uint32_t i = 0; i < s->fw_rules.count; i++) {
			const struct fw_rule *r = &rows[i];
			if (!of_chain(r, c))
				continue;
			if (!established && r->verdict == FW_ACCEPT &&
				strstr(intern_text(&v->series->names, r->text), "established"))
				established = r->position;
			if (!r->counted || !decides(r))
				continue;
			/* Both readings are in the same order as a rule. */
			const struct fw_rule *o = i < first->fw_rules.count &&
								  before[i].handle == r->handle &&
								  before[i].netns == r->netns
							  ? &before[i]
							  : NULL;
			double n = round == 0 ? (o && r->packets > o->packets
								? (double)(r->packets - o->packets)
								: 0)
					      : (double)r->packets;
			sum += n;
			weighted += n * r->position;
			if (n > most) {
				most = n;
				w.hot = r;
			}
		}
		moved = sum > 0;
	}
	if (moved) {
		w.rules = weighted / sum;
		w.share = most / sum;
	} else if (established) {
		w.rules = established;
	}
	return w;
}

/* Packets a second at the chain's hook. */
static double packets_at(const struct view *v, const struct fw_chain *c)
{
	enum { PREROUTING, INPUT, FORWARD, OUTPUT, POSTROUTING };
	static const enum metric four[] = {M_IP_IN, M_IP_IN_DELIVERED, M_IP_FORWARDED, M_IP_OUT,
		M_IP_OUT},
				 six[] = {M_IP6_IN, M_IP6_IN_DELIVERED, M_IP6_FORWARDED, M_IP6_OUT,
					 M_IP6_OUT};
	enum { NFPROTO_INET_ = 1, NFPROTO_IPV4_ = 2, NFPROTO_IPV6_ = 10 };
	double rate = 0, r;
	if (c->hook > POSTROUTING)
		return 0;
	if ((c->family == NFPROTO_INET_ || c->family == NFPROTO_IPV4_) &&
		view_rate(v, view_id(v, four[c->hook], c->netns, 0), &r))
		rate += r;
	if ((c->family == NFPROTO_INET_ || c->family == NFPROTO_IPV6_) &&
		view_rate(v, view_id(v, six[c->hook], c->netns, 0), &r))
		rate += r;
	return rate;
}

/* Softirq time of all CPUs, in CPUs, and of the one that has most. */
static double softirq_time(const struct view *v, double *ret_most)
{
	double sum = 0, r;
	*ret_most = 0;
	for (uint32_t id = view_each(v, M_CPU_SOFTIRQ, 0); id; id = view_each(v, M_CPU_SOFTIRQ, id))
		if (series_row(v->series, id)->instance && view_rate(v, id, &r)) {
			sum += r;
			*ret_most = r > *ret_most ? r : *ret_most;
		}
	return sum;
}

static bool drops_packets(const struct view *v)
{
	double d;
	for (uint32_t id = view_each(v, M_SOFTNET_DROPPED, 0); id;
		id = view_each(v, M_SOFTNET_DROPPED, id))
		if (view_delta(v, id, &d) && d > 0)
			return true;
	return false;
}

static void firewall_verdict(struct view *v, struct verdicts *out, const struct fw_chain *c)
{
	struct walk w = walk_of(v, c);
	double rate = packets_at(v, c), cost = rate * w.rules * rule_cost_s, busiest,
	       soft = softirq_time(v, &busiest);
	bool harm = cost > 0.1 && cost * 3 > soft && (busiest > 0.8 || drops_packets(v));
	if (!harm && cost < 0.05)
		return;
	const struct intern *names = &v->series->names;
	const char *family = c->family == 1 ? "inet" : c->family == 2 ? "ip" : "ip6";
	const char *chain = say(
		v, "%s %s %s", family, intern_text(names, c->table), intern_text(names, c->name));
	struct verdict *f = verdict_new(v, out, harm ? SEVERITY_WARNING : SEVERITY_NOTICE,
		harm ? STATE_SATURATED : STATE_NOTE, chain);
	if (!f)
		return;
	const char *ns = in_netns(v, c->netns);
	const char *list = say(v, "%snft -a list chain %s %s %s", ns, family,
		shell_word(v, intern_text(names, c->table)),
		shell_word(v, intern_text(names, c->name)));
	bool late = w.hot && w.share > 0.5 && w.hot->position > 10;
	f->netns = c->netns;
	f->used = cost;
	f->culprits[f->nculprits++] = (struct who){"config",
		late ? say(v, "rule %u of chain %s", w.hot->position, chain)
		     : say(v, "chain %s", chain),
		0, -1,
		late ? say(v, "takes %.0f %% of the packets and stands at place %u of %u: %s",
			       100 * w.share, w.hot->position, c->rules,
			       intern_text(names, w.hot->text))
		     : say(v, "a packet meets %.0f of its %u rules", w.rules, c->rules)};
	f->title = say(v,
		"Rules of the firewall take %.1f CPUs: each packet meets %.0f rules of chain %s",
		cost, w.rules, chain);
	if (harm)
		verdict_victim(f, "server", "all traffic", 0,
			say(v, "a CPU is in softirqs for %.0f %% of its time", 100 * busiest));
	verdict_evidence(f,
		say(v, "%.0f packets a second meet %.0f rules each, of %u; about %.2f CPUs", rate,
			w.rules, c->rules, cost),
		-1, cost, -1, list);
	verdict_evidence(f,
		say(v, "softirqs take %.2f CPUs, %.0f %% of the busiest", soft, 100 * busiest),
		M_CPU_SOFTIRQ, soft, -1,
		"head -5 /proc/stat; sleep 5; head -5 /proc/stat   # seventh number: softirq");
	if (late)
		verdict_remedy(f,
			say(v, "Move rule %u to the front (handle %" PRIu64 ")", w.hot->position,
				w.hot->handle),
			NULL, "/etc/nftables.conf", true, "none",
			"rules between are no longer asked for these packets");
	verdict_remedy(f, "Let established connections pass first",
		say(v, "%snft insert rule %s %s %s ct state established,related accept", ns, family,
			shell_word(v, intern_text(names, c->table)),
			shell_word(v, intern_text(names, c->name))),
		"/etc/nftables.conf", false, "tracking of connections",
		"rules between are no longer asked for these packets");
	verdict_remedy(f, "One set or verdict map instead of a rule for each address or port", NULL,
		"/etc/nftables.conf", true, "work on the rules", "none");
}

void rule_net_firewall(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->fw_chains.count; i++) {
		const struct fw_chain *c = &TABLE_ROWS(s->fw_chains, struct fw_chain)[i];
		if (c->base && c->rules > 0 &&
			(c->family == 1 || c->family == 2 || c->family == 10))
			firewall_verdict(v, out, c);
	}
}
