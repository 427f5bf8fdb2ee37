/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rule for firewalls that drop what a listener waits for. That a port is closed to strangers is what a firewall is for; so both ends must be of this machine (a
 * container and its database, two services), must have talked before, and the connects must get no answer at all. */
#include "rules/conns.h"

#include "base/num.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HOOK_INPUT = 1, HOOK_OUTPUT = 3, BLOCKED_MAX = 8 };

const struct rule_case rule_case_net_blocked = {
	.mechanism = "A rule, or the policy of a chain, drops the first packet of a connection "
		     "(SYN) to a port on which a process listens. The client sends it again after "
		     "1, 3, 7 seconds and gives up; the server sees nothing at all.",
	.threshold = "In all counts of at least 3 s a process of this machine waits in connect() "
		     "for a port on which a process of this machine listens with room in its "
		     "queue; the two have talked before; and in between stands a rule that "
		     "drops that port (of the connects or of the answers) or one of the two "
		     "addresses, or a chain (input of the server, output of the client) that "
		     "drops what no rule takes.",
	.false_alarms = "Ports that are closed to somebody who never got through: that is meant. "
			"Hosts that are gone. A full accept queue: tcp.listen.overflow.",
	.confirm = "ss -Htn state syn-sent; nft -a list ruleset | grep -e drop -e policy   # "
		   "counters; nft monitor trace",
	.remedy = "Take the rule out, or accept the port before it; see who changed the rules (nft "
		  "list ruleset, journalctl).",
};

static bool waits_all_the_time(const struct view *v, const struct conn_group *g)
{
	unsigned counts = 0;
	uint64_t begun = 0, ended = 0;
	for (unsigned k = 0; k < v->n; k++) {
		const struct conn_group *o = conn_at(v, k, g);
		if (o && o->stale)
			continue;
		if (!o || !o->syn_sent) {
			counts = 0;
			continue;
		}
		if (counts++ == 0)
			begun = view_at(v, k)->mono_ns;
		ended = view_at(v, k)->mono_ns;
	}
	return counts >= 3 && ended - begun >= CONN_SPAN_S * UINT64_C(1000000000);
}

static bool has_talked(const struct conn_group *g)
{
	return g && (g->established || g->time_wait || g->close_wait || g->bytes_in);
}

/* Connections between the same two that got through, in any sample of the window. */
static bool talked_before(const struct view *v, const struct conn_group *g)
{
	const struct conn_group *mirror = conn_mirror(v, g);
	for (unsigned k = 0; k < v->n; k++)
		if (has_talked(conn_at(v, k, g)) || (mirror && has_talked(conn_at(v, k, mirror))))
			return true;
	return false;
}

static bool is_wildcard(const struct address *a)
{
	static const uint8_t none[ADDR_BYTES];
	return memcmp(a->bytes, none, sizeof none) == 0;
}

/* Is the address one of the namespace, as its connections show? */
static bool has_address(const struct view *v, unsigned netns, const struct address *a)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		if (g->netns == netns && address_equal(&g->local, a))
			return true;
	}
	return false;
}

/* Who listens where these connects go, with room in its queue; NULL. */
static const struct listener *listener_of(const struct view *v, const struct conn_group *g)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; i < s->listeners.count; i++) {
		const struct listener *l = &TABLE_ROWS(s->listeners, struct listener)[i];
		if (l->port != g->port || l->waiting >= l->backlog)
			continue;
		if (who_is_loopback(&g->peer) && l->netns != g->netns)
			continue;
		if (address_equal(&l->local, &g->peer) ||
			(is_wildcard(&l->local) && has_address(v, l->netns, &g->peer)))
			return l;
	}
	return NULL;
}

/* ---- the rule that drops ---- */

/* Does what stands after `key` in the text name the port: 8080, 8000-8100, { 80, 8080 }? */
static bool names_port(const char *text, const char *key, uint16_t port)
{
	const char *at = strstr(text, key);
	if (!at)
		return false;
	at += strlen(key);
	struct scan s = scan_over(at, strlen(at));
	for (;;) {
		uint64_t from, to;
		while (s.p < s.end && (*s.p == ' ' || *s.p == '{' || *s.p == ','))
			s.p++;
		if (!scan_u64(&s, &from))
			return false;
		to = from;
		if (scan_skip(&s, '-') && !scan_u64(&s, &to))
			return false;
		if (port >= from && port <= to)
			return true;
		if (s.p >= s.end || *s.p != ',')
			return false;
	}
}

/* Does it name this address on one side, and no port? */
static bool names_host(const char *text, const char *side, const struct address *host)
{
	char address[48];
	const char *at = strstr(text, side);
	(void)address_text(address, host);
	if (!at || strstr(text, "dport ") || strstr(text, "sport "))
		return false;
	at += strlen(side);
	size_t n = strlen(address);
	return strncmp(at, address, n) == 0 && (at[n] == ' ' || at[n] == '\0');
}

/* Does the rule meet these connects, or the answers to them, by one of their ends? */
static bool names_end(const char *text, const struct conn_group *g)
{
	return names_host(text, "saddr ", &g->local) || names_host(text, "daddr ", &g->local) ||
	       names_host(text, "saddr ", &g->peer) || names_host(text, "daddr ", &g->peer);
}

struct blocker {
	const struct fw_rule *rule;
	const struct fw_chain *chain; /* whose policy it is, where no rule is named */
};

static struct blocker blocker_of(
	const struct view *v, const struct conn_group *g, const struct listener *l)
{
	const struct sample *s = view_last(v);
	struct blocker b = {0};
	for (uint32_t i = 0; i < s->fw_rules.count; i++) {
		const struct fw_rule *r = &TABLE_ROWS(s->fw_rules, struct fw_rule)[i];
		const char *text = intern_text(&v->series->names, r->text);
		bool between = r->netns == l->netns || r->netns == g->netns;
		if (r->verdict != FW_DROP || !between || (r->counted && r->packets == 0))
			continue;
		if (names_port(text, "dport ", g->port) || names_port(text, "sport ", g->port)) {
			b.rule = r;
			return b;
		}
		if (!b.rule && names_end(text, g))
			b.rule = r;
	}
	for (uint32_t i = 0; !b.rule && i < s->fw_chains.count; i++) {
		const struct fw_chain *c = &TABLE_ROWS(s->fw_chains, struct fw_chain)[i];
		bool on_way = (c->netns == l->netns && c->hook == HOOK_INPUT) ||
			      (c->netns == g->netns && c->hook == HOOK_OUTPUT);
		if (on_way && c->base && c->policy == FW_DROP)
			b.chain = c;
	}
	return b;
}

static const char *family_text(uint8_t family)
{
	return family == 1 ? "inet" : family == 2 ? "ip" : family == 10 ? "ip6" : "netdev";
}

static const char *chain_text(struct view *v, uint8_t family, uint32_t table, uint32_t name)
{
	const struct intern *names = &v->series->names;
	return say(v, "%s %s %s", family_text(family), intern_text(names, table),
		intern_text(names, name));
}

/* The same as words of a command. */
static const char *chain_words(struct view *v, const struct blocker *b)
{
	const struct intern *names = &v->series->names;
	uint32_t table = b->rule ? b->rule->table : b->chain->table,
		 name = b->rule ? b->rule->chain : b->chain->name;
	uint8_t family = b->rule ? b->rule->family : b->chain->family;
	return say(v, "%s %s %s", family_text(family), shell_word(v, intern_text(names, table)),
		shell_word(v, intern_text(names, name)));
}

static void blocked_verdict(struct view *v, struct verdicts *out, const struct conn_group *g,
	const struct listener *l, struct blocker b)
{
	const char *chain = b.rule ? chain_text(v, b.rule->family, b.rule->table, b.rule->chain)
				   : chain_text(v, b.chain->family, b.chain->table, b.chain->name);
	struct verdict *f = verdict_new(v, out, SEVERITY_WARNING, STATE_WRONG, chain);
	if (!f)
		return;
	unsigned netns = b.rule ? b.rule->netns : b.chain->netns;
	const struct usage *server = l->pid ? view_usage(v, l->pid) : NULL,
			   *client = g->pid ? view_usage(v, g->pid) : NULL;
	const char *to = server ? say(v, "%s (port %u)", who_name(v, server->p), g->port)
				: say(v, "port %u", g->port),
		   *ns = in_netns(v, netns);
	f->netns = netns;
	f->port = g->port;
	f->peer_netns = g->netns;
	f->used = g->syn_sent;
	f->title = say(v, "The firewall drops connects to %s: %u wait", to, g->syn_sent);
	f->culprits[f->nculprits++] = (struct who){"config",
		b.rule ? say(v, "rule %u of chain %s", b.rule->position, chain)
		       : say(v, "chain %s", chain),
		0, -1,
		b.rule ? say(v, "drops them: %s", intern_text(&v->series->names, b.rule->text))
		       : "has the policy drop, and no rule of it takes that port"};
	verdict_victim(f, client ? "process" : "peer",
		client ? who_name(v, client->p) : say(v, "clients at %s", conn_peer(v, g)),
		client ? g->pid : 0, "waits in connect() and gives up");
	if (server)
		verdict_victim(f, "server", who_name(v, server->p), l->pid,
			"listens, and nothing arrives");
	verdict_evidence(f,
		say(v, "%u connects to port %u get no answer, and its queue has room (%u of %u)",
			g->syn_sent, g->port, l->waiting, l->backlog),
		-1, g->syn_sent, -1,
		say(v, "%sss -Htn state syn-sent 'dport = :%u'", in_netns(v, g->netns), g->port));
	verdict_evidence(f,
		b.rule && b.rule->counted ? say(v, "rule %u dropped %" PRIu64 " packets",
						    b.rule->position, b.rule->packets)
					  : say(v, "chain %s drops", chain),
		-1, b.rule && b.rule->counted ? (double)b.rule->packets : 0, -1,
		say(v, "%snft -a list ruleset | grep -n -e drop -e policy", ns));
	verdict_remedy(f, "See who changed the rules, and take the rule out", NULL,
		"/etc/nftables.conf", true, "none", "what it was made for comes in again");
	verdict_remedy(f, "Accept the port before it",
		say(v, "%snft insert rule %s tcp dport %u accept", ns, chain_words(v, &b), g->port),
		"/etc/nftables.conf", false, "none", "the port is open to all");
}

void rule_net_blocked(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	uint16_t told[BLOCKED_MAX];
	size_t ntold = 0;
	if (!s->have_conns)
		verdict_unknown(out, "connections");
	for (uint32_t i = 0; i < s->conns.count && ntold < BLOCKED_MAX; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		bool again = false;
		for (size_t k = 0; k < ntold; k++)
			again = again || told[k] == g->port;
		if (again || !g->outgoing || !g->syn_sent || g->peer_hostbits ||
			!waits_all_the_time(v, g) || !talked_before(v, g))
			continue;
		const struct listener *l = listener_of(v, g);
		struct blocker b = l ? blocker_of(v, g, l) : (struct blocker){0};
		if (!b.rule && !b.chain)
			continue;
		told[ntold++] = g->port;
		blocked_verdict(v, out, g, l, b);
	}
}
