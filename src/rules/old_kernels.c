/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for what runs out on older kernels alone. What the kernel does tells which it is, not its number: a newer one never says such a thing. */
#include "rules/kernel.h"

#include <string.h>

const struct rule_case rule_case_route = {
	.mechanism =
		"Kernels before 6.3 keep no more IPv6 routes than net.ipv6.route.max_size (4096), "
		"and an "
		"entry for each destination whose path is not the usual one counts: no further one "
		"can be made, and packets to other destinations are lost with \"network is "
		"unreachable\". IPv4 has had no such limit since 3.6, IPv6 since 6.3.",
	.threshold =
		"The kernel logged \"Route cache is full\" in the window. How many there are and "
		"may be is told besides; being there alone says nothing, as newer kernels "
		"keep the setting and do not look at it.",
	.false_alarms =
		"A full routing table of the Internet on a router: routes that somebody set "
		"are refused to nobody.",
	.confirm = "dmesg | grep 'Route cache is full'; cat /proc/net/rt6_stats "
		   "/proc/sys/net/ipv6/route/max_size",
	.remedy = "Raise net.ipv6.route.max_size; or a newer kernel.",
};

static bool is_full_of_routes(const char *text)
{
	return strstr(text, "Route cache is full") != NULL;
}

void rule_route(struct view *v, struct verdicts *out)
{
	struct kernel_line l;
	double used = 0, limit = -1;
	if (!kernel_said(v, false, is_full_of_routes, &l))
		return;
	struct verdict *f = verdict_new(v, out, SEVERITY_CRITICAL, STATE_EXHAUSTED, "ipv6");
	if (!f)
		return;
	(void)view_gauge(v, view_id(v, M_ROUTE6_ENTRIES, NETNS_HOST, 0), &used);
	(void)view_gauge(v, view_id(v, M_ROUTE6_LIMIT, NETNS_HOST, 0), &limit);
	f->used = used;
	f->limit = limit;
	verdict_began(f, l.at_ns);
	f->culprits[f->nculprits++] = (struct who){
		"config", "net.ipv6.route.max_size", 0, -1, "is what the kernel keeps at most"};
	f->title = "No further IPv6 route can be made: packets to new destinations are lost";
	verdict_evidence(f, say(v, "the kernel said so %u times: \"Route cache is full\"", l.count),
		-1, l.count, -1, "dmesg | grep 'Route cache is full' | tail -3");
	verdict_evidence(f, say(v, "%.0f routes of %.0f on the host", used, limit),
		M_ROUTE6_ENTRIES, used, limit,
		"cat /proc/net/rt6_stats /proc/sys/net/ipv6/route/max_size   # sixth number, "
		"hexadecimal");
	verdict_remedy(f, "Raise the limit",
		say(v, "sysctl -w net.ipv6.route.max_size=%.0f", limit > 0 ? limit * 8 : 65536),
		"/etc/sysctl.d/90-route.conf", false, "some 300 bytes for each", "none");
}

const struct rule_case rule_case_entropy = {
	.mechanism =
		"Kernels before 5.6 let who reads /dev/random wait until enough randomness has "
		"come in: "
		"daemons that make keys (gpg, Java without urandom, some TLS servers at their "
		"start) stand still, mostly in virtual machines. Since 5.6 nobody waits once the "
		"kernel has started, and since 5.18 the number is always 256.",
	.threshold = "Fewer than 64 bits in each sample of the window, in a pool of more than 256: "
		     "below that readers of /dev/random are not let on, and nothing else takes the "
		     "pool below 128 (/dev/urandom leaves that much).",
	.false_alarms =
		"A pool that is low and above 64: reads go on. Kernels since 5.18 (and those "
		"that were given the same random number generator), whose pool holds 256.",
	.confirm =
		"cat /proc/sys/kernel/random/entropy_avail /proc/sys/kernel/random/poolsize; lsof "
		"/dev/random",
	.remedy = "Use /dev/urandom or getrandom(), give the machine a source (virtio-rng, rngd, "
		  "haveged), or a newer kernel.",
};

void rule_entropy(struct view *v, struct verdicts *out)
{
	enum { NEW_POOL = 256, LET_ON = 64 };
	double pool, left;
	uint64_t raw;
	uint32_t id = view_id(v, M_ENTROPY_BITS, NETNS_HOST, 0);
	if (!view_gauge(v, view_id(v, M_ENTROPY_POOL, NETNS_HOST, 0), &pool) || pool <= NEW_POOL ||
		!view_gauge(v, id, &left))
		return;
	for (unsigned i = 0; i < v->n; i++)
		if (!sample_get(view_at(v, i), id, &raw) || raw >= LET_ON)
			return;
	struct verdict *f = verdict_new(v, out, SEVERITY_WARNING, STATE_SATURATED, NULL);
	if (!f)
		return;
	f->used = pool - left;
	f->limit = pool;
	f->culprits[f->nculprits++] = (struct who){
		"kernel", "/dev/random", 0, -1, "who reads it was not seen: lsof /dev/random"};
	f->title = "Who reads /dev/random waits: the kernel has no randomness left";
	verdict_evidence(f, say(v, "%.0f bits of %.0f; readers are let on from 64", left, pool),
		M_ENTROPY_BITS, left, LET_ON, "cat /proc/sys/kernel/random/entropy_avail");
	verdict_remedy(f, "Give the machine a source of randomness (virtio-rng, rngd, haveged)",
		NULL, NULL, true, "none", "none");
	verdict_remedy(f, "Let the program read /dev/urandom, which does not wait", NULL,
		"Java: securerandom.source=file:/dev/urandom", true, "a restart of it", "none");
}
