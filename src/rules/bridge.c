/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* A rule for bridges: a loop carries every broadcast round for ever. The bridge itself says that it sees its own packets come back, in the kernel's
 * log; counters of its ports say whether that is a storm. */
#include "rules/verdict.h"

#include <stdio.h>
#include <string.h>

const struct rule_case rule_case_net_loop = {
	.mechanism =
		"Two ways through the same bridges without spanning tree: a broadcast goes round "
		"and round, is doubled at each bridge, and takes cable and "
		"processor; addresses are learnt at wrong ports, so that other packets get lost.",
	.threshold = "The bridge told in the window that a packet came in with its own address as "
		     "source, and its ports take 500 packets a second and more.",
	.false_alarms = "The same message without a storm: two machines with one address (a note). "
			"Many packets at a bridge without the message: traffic.",
	.confirm =
		"dmesg | grep 'own address as source'; ip -s link show master BRIDGE; bridge link",
	.remedy = "Take one of the two ways out: switch off a port; then spanning tree (STP) on "
		  "the bridge.",
};

/* "br0: received packet on port1 with own address as source address (addr:...)" (net/bridge/br_fdb.c) */
static bool tells_of_loop(const char *text, char bridge[static 16], char port[static 16])
{
	const char *at = strstr(text, ": received packet on "),
		   *end = at ? strstr(at, " with own address as source address") : NULL;
	if (!at || !end)
		return false;
	const char *begin = at, *p = at + strlen(": received packet on ");
	while (begin > text && begin[-1] != ' ')
		begin--;
	if (at - begin > 15 || end - p > 15 || at == begin || end <= p)
		return false;
	(void)snprintf(bridge, 16, "%.*s", (int)(at - begin), begin);
	(void)snprintf(port, 16, "%.*s", (int)(end - p), p);
	return true;
}

static const struct net_link *bridge_named(const struct view *v, const char *name)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->links.count; i++) {
		const struct net_link *l = &TABLE_ROWS(s->links, struct net_link)[i];
		if (strcmp(intern_text(&v->series->names, l->kind), "bridge") == 0 &&
			strcmp(intern_text(&v->series->names, l->name), name) == 0)
			return l;
	}
	return NULL;
}

/* Bridges of one namespace through which as many packets go round are in one loop: told with the first of them. */
static bool same_loop(struct view *v, struct verdicts *out, const struct net_link *bridge,
	const char *port, double rate)
{
	for (size_t i = 0; i < out->count; i++) {
		struct verdict *f = &out->rows[i];
		if (f->rule != RULE_net_loop || f->state != STATE_WRONG ||
			f->netns != bridge->netns || rate * 4 < f->used * 3 ||
			f->used * 4 < rate * 3)
			continue;
		if (f->nculprits < WHO_MAX)
			f->culprits[f->nculprits++] = (struct who){"device",
				intern_text(&v->series->names, bridge->name), 0, -1,
				say(v, "is in the same loop: its packets come back at %s", port)};
		return true;
	}
	return false;
}

static void loop_verdict(struct view *v, struct verdicts *out, const char *name, const char *port,
	unsigned told, uint64_t since)
{
	static const double storm = 500;
	const struct net_link *bridge = bridge_named(v, name);
	const struct sample *s = view_last(v);
	double sum = 0, rate;
	if (!bridge)
		return;
	for (uint32_t i = 0; i < s->links.count; i++) {
		const struct net_link *l = &TABLE_ROWS(s->links, struct net_link)[i];
		if (l->netns == bridge->netns && l->master == bridge->name &&
			view_rate(v, view_id(v, M_NET_RX_PACKETS, l->netns, l->name), &rate))
			sum += rate;
	}
	bool storms = sum >= storm;
	if (storms && same_loop(v, out, bridge, port, sum))
		return;
	struct verdict *f = verdict_new(v, out, storms ? SEVERITY_CRITICAL : SEVERITY_NOTICE,
		storms ? STATE_WRONG : STATE_NOTE, name);
	if (!f)
		return;
	const char *ns = in_netns(v, bridge->netns), *dev = shell_word(v, port);
	name = intern_text(&v->series->names, bridge->name);
	port = say(v, "%s", port);
	f->netns = bridge->netns;
	f->used = sum;
	f->since_ns = since;
	f->title = storms ? say(v,
				    "A loop at bridge %s: its own packets come back at %s, %.0f "
				    "packets a second go round",
				    name, port, sum)
			  : say(v,
				    "Bridge %s sees its own address at %s: a second machine has "
				    "it, or there is a loop",
				    name, port);
	f->culprits[f->nculprits++] = (struct who){"interface", port, 0, -1,
		say(v, "port of %s at which its own packets come back", name)};
	f->culprits[f->nculprits++] = (struct who){"device", name, 0, -1, "the bridge"};
	if (storms)
		verdict_victim(f, "network", "all who are on this bridge", 0,
			"share cables and processor with packets that go round");
	verdict_evidence(f,
		say(v,
			"the kernel's log says so, %u %s in %.0f s (it tells ten in five seconds "
			"at most)",
			told, told == 1 ? "time" : "times", v->seconds),
		-1, told, -1, "dmesg | grep 'own address as source' | tail");
	verdict_evidence(f, say(v, "the ports of %s take %.0f packets a second", name, sum),
		M_NET_RX_PACKETS, sum, -1,
		say(v, "%sip -s link show master %s", ns, shell_word(v, name)));
	verdict_remedy(f,
		say(v, "Switch off the port at which they come back (%s), or pull the second cable",
			port),
		say(v, "%sip link set %s down", ns, dev), NULL, false,
		"what is reached only that way", "none");
	verdict_remedy(f, "Turn on spanning tree",
		say(v, "%sip link set %s type bridge stp_state 1", ns, shell_word(v, name)), NULL,
		true, "half a minute until ports forward", "none");
}

void rule_net_loop(struct view *v, struct verdicts *out)
{
	char seen[8][16];
	size_t n = 0;
	for (unsigned i = 1; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		for (uint32_t k = 0; k < s->klog.count; k++) {
			char bridge[16], port[16], b[16], p[16];
			bool known = false;
			if (!tells_of_loop(TABLE_ROWS(s->klog, struct klog)[k].text, bridge, port))
				continue;
			for (size_t j = 0; j < n; j++)
				known = known || strcmp(seen[j], bridge) == 0;
			if (known || n == COUNTOF(seen))
				continue;
			memcpy(seen[n++], bridge, sizeof bridge);
			unsigned told = 0;
			for (unsigned x = i; x < v->n; x++)
				for (uint32_t y = 0; y < view_at(v, x)->klog.count; y++)
					told += tells_of_loop(TABLE_ROWS(view_at(v, x)->klog,
								      struct klog)[y]
								      .text,
							b, p) &&
						strcmp(b, bridge) == 0;
			loop_verdict(v, out, bridge, port, told, s->real_ns);
		}
	}
}
