/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for what sockets may have: ephemeral ports, TIME_WAIT, TCP's memory,
 * connection tracking, neighbours. Nearly all of these have a counter that the kernel raises when
 * it refuses; ports have none (connect() fails with EADDRNOTAVAIL and nothing counts it). */
#include "rules/verdict.h"

#include "ledger/use.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* ---- ephemeral ports ---- */

const struct rule_case rule_case_ports_exhausted = {
	.mechanism = "Each connection from one address to one address and port needs a local port "
		     "of its own. A port stays taken for 60 s after the side that closed first "
		     "closed (TIME_WAIT). When all are taken, connect() "
		     "fails with EADDRNOTAVAIL, and every attempt searches the whole range.",
	.threshold = "At least 95 % of ip_local_port_range, without ip_local_reserved_ports, taken "
		     "towards one destination. Ports in "
		     "TIME_WAIT do not count where tcp_tw_reuse lets connect() take them over (it "
		     "needs tcp_timestamps). A "
		     "steady line above half is a forecast, where more connections are made in "
		     "the 60 s of TIME_WAIT than there are ports.",
	.false_alarms =
		"Tens of thousands of TIME_WAIT on a server's own port: they take no ephemeral "
		"port. A client that began a minute ago: its ports come back. Many ports spread "
		"over many destinations: the limit is for each.",
	.confirm = "ss -Htan 'dst ADDRESS dport = :PORT' | awk '{print $1}' | sort | uniq -c; "
		   "sysctl net.ipv4.ip_local_port_range net.ipv4.tcp_tw_reuse",
	.remedy =
		"Keep connections open (a pool, keep-alive) instead of one for each request; then "
		"a wider range, tcp_tw_reuse, or more destination addresses. Never tcp_tw_recycle.",
};

/* The same process has used up its ports towards another destination too: one trouble, with two places where it shows. */
static bool told_with_other(struct view *v, struct verdicts *out, const struct conn_group *g,
	const char *to, double used, double limit, int32_t pid)
{
	for (size_t i = 0; pid && i < out->count; i++) {
		struct verdict *f = &out->rows[i];
		if (f->state != STATE_EXHAUSTED || f->netns != g->netns || f->pid != pid ||
			f->rule != RULE_ports_exhausted)
			continue;
		verdict_evidence(f,
			say(v, "the same towards %s: %.0f of %.0f ports, %u of them in TIME_WAIT",
				to, used, limit, g->time_wait),
			M_TCP_STATE, used, limit,
			say(v, "%sss -Htan 'dport = :%u' | awk '{print $1}' | sort | uniq -c",
				in_netns(v, g->netns), g->port));
		return true;
	}
	return false;
}

/* A port in TIME_WAIT is free again after 60 s: where most are in it, and as many connections as are made here fit into that time, there is a level
 * that they never exceed. */
static bool levels_off(const struct view *v, const struct conn_group *g, double used, double limit)
{
	static const double TIME_WAIT_S = 60;
	double rate;
	return g->time_wait * 2 > used &&
	       view_rate(v, view_id(v, M_TCP_ACTIVE_OPENS, g->netns, 0), &rate) &&
	       rate * TIME_WAIT_S + g->ephemeral - g->time_wait < limit;
}

static void ports_verdict(
	struct view *v, struct verdicts *out, const struct conn_group *g, double limit)
{
	double used = use_of_ports(v, g), t[STORE_MAX], y[STORE_MAX], low = 0, high = 0,
	       reserved = 0;
	unsigned n = 0;
	uint64_t since = 0;
	if (used * 2 < limit)
		return;
	for (unsigned i = 0; i < v->n; i++) {
		const struct conn_group *o = sample_conn(view_at(v, i), g);
		if (!o || o->stale)
			continue;
		t[n] = (double)(view_at(v, i)->mono_ns - view_at(v, 0)->mono_ns) / 1e9;
		y[n++] = use_of_ports(v, o);
		if (!since && y[n - 1] >= 0.95 * limit)
			since = view_at(v, i)->real_ns;
	}
	bool full = used >= 0.95 * limit;
	double eta = full || levels_off(v, g, used, limit)
			     ? -1
			     : forecast(v, trend_fit(t, y, n), used, limit);
	if (!full && eta < 0)
		return;
	char peer[48];
	const char *to = who_end(v, address_text(peer, &g->peer), g->port);
	struct who who_takes[WHO_MAX];
	size_t takers = who_ports(v, g, who_takes, WHO_MAX);
	if (full && told_with_other(v, out, g, to, used, limit, takers ? who_takes[0].pid : 0))
		return;
	struct verdict *f =
		verdict_new(v, out, SEVERITY_CRITICAL, full ? STATE_EXHAUSTED : STATE_FILLING, to);
	if (!f)
		return;
	f->netns = g->netns;
	verdict_began(f, since);
	f->used = used;
	f->limit = limit;
	f->eta_s = eta;
	memcpy(f->culprits, who_takes, takers * sizeof *who_takes);
	f->nculprits = takers;
	f->pid = f->nculprits ? f->culprits[0].pid : 0;
	char eta_text[32];
	const char *who = f->nculprits ? f->culprits[0].value : "a process";
	f->title = full ? say(v, "No ephemeral port is left towards %s: connect() fails for %s", to,
				  who)
			: say(v, "No ephemeral port is left towards %s in %s", to,
				  text_duration(eta_text, eta));
	if (f->nculprits < WHO_MAX)
		f->culprits[f->nculprits++] =
			(struct who){"destination", to, 0, 1, "is where the ports go"};
	(void)view_gauge(v, view_id(v, M_PORT_LOW, g->netns, 0), &low);
	(void)view_gauge(v, view_id(v, M_PORT_HIGH, g->netns, 0), &high);
	(void)view_gauge(v, view_id(v, M_PORT_RESERVED, g->netns, 0), &reserved);
	const char *ns = in_netns(v, g->netns);
	const char *host = strchr(peer, ':') ? say(v, "[%s]", peer) : peer;
	const char *ss =
		say(v, "%sss -Htan 'dst %s and dport = :%u' | awk '{print $1}' | sort | uniq -c",
			ns, host, g->port);
	verdict_evidence(f,
		say(v, "%.0f of %.0f ports (%.0f to %.0f%s) are taken, %u of them in TIME_WAIT",
			used, limit, low, high,
			reserved > 0 ? say(v, ", without %.0f that are reserved", reserved) : "",
			g->time_wait),
		M_TCP_STATE, used, limit, ss);
	if (f->pid)
		verdict_evidence(f, say(v, "%s %s", who, f->culprits[0].why), -1,
			f->culprits[0].share, -1,
			say(v,
				"timeout 3 strace -f -e trace=connect,close -p %" PRId32
				" 2>&1 | tail",
				f->pid));
	for (size_t i = 1; i < f->nculprits && f->nvictims < 3; i++)
		if (f->culprits[i].pid)
			verdict_victim(f, "process", f->culprits[i].value, f->culprits[i].pid,
				"connects to the same destination and fails too");
	verdict_remedy(f,
		say(v,
			"Let %s keep its connections open: a pool, keep-alive, persistent "
			"connections",
			who),
		NULL, "the configuration of the application", true,
		"idle connections at the server", "none");
	verdict_remedy(f, "Widen the range of ephemeral ports",
		say(v, "%ssysctl -w net.ipv4.ip_local_port_range='1024 65535'", ns),
		"/etc/sysctl.d/90-ports.conf", false, "none",
		"services that start later may find their port taken: ip_local_reserved_ports");
	double reuse = 0, timestamps = 1;
	(void)view_gauge(v, view_id(v, M_TW_REUSE, g->netns, 0), &reuse);
	(void)view_gauge(v, view_id(v, M_TCP_TIMESTAMPS, g->netns, 0), &timestamps);
	if (timestamps < 0.5)
		verdict_remedy(f,
			"Turn TCP timestamps on: without them no port in TIME_WAIT is taken over",
			say(v, "%ssysctl -w net.ipv4.tcp_timestamps=1 net.ipv4.tcp_tw_reuse=1", ns),
			"/etc/sysctl.d/90-ports.conf", false, "12 bytes of each packet", "none");
	else if (reuse < 0.5 || reuse > 1.5)
		verdict_remedy(f,
			"Let connect() take over ports in TIME_WAIT after a second (by TCP "
			"timestamps, which the peer must have as well)",
			say(v, "%ssysctl -w net.ipv4.tcp_tw_reuse=1", ns),
			"/etc/sysctl.d/90-ports.conf", false, "none",
			"none known with timestamps on");
	verdict_remedy(f,
		"More destination addresses or ports for the same service, or more source "
		"addresses",
		NULL, NULL, true, "configuration", "none");
}

void rule_ports_exhausted(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	if (!s->have_conns)
		verdict_unknown(out, "connections");
	for (uint32_t i = 0; i < s->conns.count; i++) {
		const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
		double limit;
		/* Ports are short towards one destination, not towards a network of them. */
		if (g->outgoing && !g->peer_hostbits && use_limit_of_ports(v, g->netns, &limit))
			ports_verdict(v, out, g, limit);
	}
}

/* ---- counters with a limit ---- */

const struct rule_case rule_case_timewait_overflow = {
	.mechanism =
		"The table of sockets in TIME_WAIT is full: further connections are closed without "
		"it, and late packets of theirs can meet a new connection on the same ports.",
	.threshold = "TCPTimeWaitOverflow grew in the window.",
	.false_alarms = "Many sockets in TIME_WAIT below the limit: harmless on a server, each "
			"costs 250 bytes.",
	.confirm = "nstat -asz TcpExtTCPTimeWaitOverflow; grep tw /proc/net/sockstat; sysctl "
		   "net.ipv4.tcp_max_tw_buckets",
	.remedy = "Raise tcp_max_tw_buckets; keep connections open longer.",
};

void rule_timewait_overflow(struct view *v, struct verdicts *out)
{
	if (!view_each(v, M_TW_OVERFLOWS, 0))
		verdict_unknown(out, "TCPTimeWaitOverflow in /proc/net/netstat");
	for (uint32_t id = view_each(v, M_TW_OVERFLOWS, 0); id;
		id = view_each(v, M_TW_OVERFLOWS, id)) {
		unsigned netns = series_row(v->series, id)->netns;
		double lost, used = 0, limit = -1;
		if (!view_delta(v, id, &lost) || lost <= 0)
			continue;
		(void)view_gauge(v, view_id(v, M_TCP_TIMEWAIT, netns, 0), &used);
		(void)view_gauge(v, view_id(v, M_TCP_MAX_TW, netns, 0), &limit);
		struct verdict *f = verdict_new(v, out, SEVERITY_WARNING, STATE_EXHAUSTED, NULL);
		if (!f)
			return;
		f->netns = netns;
		f->used = used;
		f->limit = limit;
		f->refused = lost;
		f->since_ns = view_grew_at(v, id);
		f->title = "The TIME_WAIT table is full";
		const struct sample *s = view_last(v);
		const struct conn_group *most = NULL;
		for (uint32_t i = 0; i < s->conns.count; i++) {
			const struct conn_group *g = &TABLE_ROWS(s->conns, struct conn_group)[i];
			if (g->netns == netns && (!most || g->time_wait > most->time_wait))
				most = g;
		}
		if (most) {
			char peer[56];
			f->culprits[f->nculprits++] =
				(struct who){most->outgoing ? "destination" : "peer",
					say(v, "%s", conn_peer_text(peer, most)), 0,
					used > 0 ? most->time_wait / used : -1,
					say(v, "%u sockets in TIME_WAIT, port %u", most->time_wait,
						most->port)};
		}
		const char *ns = in_netns(v, netns);
		verdict_evidence(f,
			say(v,
				"%.0f sockets closed without TIME_WAIT in %.0f s; %.0f of %.0f in "
				"the table",
				lost, v->seconds, used, limit),
			M_TW_OVERFLOWS, lost, 0,
			say(v, "%snstat -asz TcpExtTCPTimeWaitOverflow", ns));
		verdict_remedy(f, "Raise the limit",
			say(v, "%ssysctl -w net.ipv4.tcp_max_tw_buckets=%.0f", ns,
				limit > 0 ? limit * 2 : 262144),
			"/etc/sysctl.d/90-tw.conf", false, "about 250 bytes of kernel memory each",
			"none");
		verdict_remedy(f, "Keep connections open: keep-alive, pools", NULL, NULL, true,
			"idle connections", "none");
	}
}

const struct rule_case rule_case_tcp_memory = {
	.mechanism = "All TCP sockets together use as much memory as tcp_mem allows: buffers are "
		     "cut, packets thrown away, connections aborted, while the machine may have "
		     "gigabytes free.",
	.threshold = "Above the third value of tcp_mem, or connections aborted for lack of memory "
		     "while above the second (pressure) value. Saturated: above the second value "
		     "while receive queues are pruned.",
	.false_alarms = "Aborts with memory far below the pressure value come from too many "
			"orphans (tcp.orphans) or a socket's own limit.",
	.confirm = "grep mem /proc/net/sockstat; sysctl net.ipv4.tcp_mem; nstat -asz "
		   "TcpExtTCPAbortOnMemory TcpExtTCPMemoryPressures",
	.remedy = "Cut off or speed up the peers with the longest queues; smaller "
		  "tcp_rmem/tcp_wmem maxima for many connections; a larger tcp_mem.",
};

/* Growth of a counter in all namespaces together. */
static double delta_everywhere(const struct view *v, enum metric m)
{
	double sum = 0, d;
	for (uint32_t id = view_each(v, m, 0); id; id = view_each(v, m, id))
		if (view_delta(v, id, &d))
			sum += d;
	return sum;
}

void rule_tcp_memory(struct view *v, struct verdicts *out)
{
	double used, pressure, limit;
	if (!view_gauge(v, view_id(v, M_TCP_MEM, 0, 0), &used) ||
		!view_gauge(v, view_id(v, M_TCP_MEM_PRESSURE, 0, 0), &pressure) ||
		!view_gauge(v, view_id(v, M_TCP_MEM_MAX, 0, 0), &limit)) {
		verdict_unknown(out, "/proc/net/sockstat and tcp_mem");
		return;
	}
	double aborts = delta_everywhere(v, M_TCP_ABORT_MEMORY),
	       pruned = delta_everywhere(v, M_TCP_RCV_PRUNED);
	bool full = used >= limit || (aborts > 0 && used >= pressure);
	bool tight = used >= pressure && pruned > 0;
	double eta = full || tight
			     ? -1
			     : forecast(v, view_trend(v, view_id(v, M_TCP_MEM, 0, 0)), used, limit);
	if (!full && !tight && eta < 0)
		return;
	struct verdict *f = verdict_new(v, out, SEVERITY_CRITICAL,
		full    ? STATE_EXHAUSTED
		: tight ? STATE_SATURATED
			: STATE_FILLING,
		NULL);
	if (!f)
		return;
	char a[32], b[32];
	f->used = used;
	f->limit = limit;
	f->eta_s = eta;
	f->refused = aborts;
	f->nculprits = who_queues(v, -1, f->culprits, WHO_MAX);
	f->title = full    ? "TCP has used up its memory"
		   : tight ? "TCP is short of memory and throws packets away"
			   : "TCP will have used up its memory soon";
	verdict_evidence(f, say(v, "%s of %s", text_bytes(a, used), text_bytes(b, limit)),
		M_TCP_MEM, used, limit,
		"grep TCP /proc/net/sockstat; sysctl net.ipv4.tcp_mem   # pages of 4 KiB");
	verdict_evidence(f,
		say(v, "%.0f connections aborted, %.0f packets pruned in %.0f s", aborts, pruned,
			v->seconds),
		M_TCP_ABORT_MEMORY, aborts, 0, "nstat -asz TcpExtTCPAbortOnMemory TcpExtRcvPruned");
	if (f->nculprits)
		verdict_evidence(f, say(v, "%s: %s", f->culprits[0].value, f->culprits[0].why), -1,
			f->culprits[0].share, -1, "ss -tnm state established | sort -k2 -n | tail");
	if (f->nculprits && strcmp(f->culprits[0].kind, "peer") == 0)
		verdict_remedy(f, say(v, "Cut the connections of %s", f->culprits[0].value),
			say(v,
				strchr(f->culprits[0].value, ':') ? "ss -K dst [%s]"
								  : "ss -K dst %s",
				f->culprits[0].value),
			NULL, false, "its requests fail", "needs CONFIG_INET_DIAG_DESTROY");
	verdict_remedy(f, "Raise the limit (pages of 4 KiB)",
		say(v, "sysctl -w net.ipv4.tcp_mem='%.0f %.0f %.0f'", pressure / 4096 * 1.5,
			pressure / 4096 * 2, limit / 4096 * 2),
		"/etc/sysctl.d/90-tcp-mem.conf", false, "memory for other things",
		"none while memory is free");
	verdict_remedy(f,
		"Limit the buffers of one connection: net.ipv4.tcp_rmem and tcp_wmem, third value",
		NULL, "/etc/sysctl.d/90-tcp-mem.conf", true, "throughput of distant peers", "none");
}

const struct rule_case rule_case_tcp_orphans = {
	.mechanism =
		"Sockets that were closed by their process still have data to deliver. Above "
		"tcp_max_orphans the kernel resets them and the peer loses the end of its answer.",
	.threshold = "At half of the limit or above (the kernel counts a slow sender up to four "
		     "times over, so it may refuse there) and connections aborted in the window.",
	.false_alarms = "Orphans below the limit: they end by themselves.",
	.confirm = "grep orphan /proc/net/sockstat; sysctl net.ipv4.tcp_max_orphans",
	.remedy = "Find the peers that do not take their data; lower tcp_orphan_retries; raise the "
		  "limit.",
};

void rule_tcp_orphans(struct view *v, struct verdicts *out)
{
	double used, limit;
	if (!view_gauge(v, view_id(v, M_TCP_ORPHANS, 0, 0), &used) ||
		!view_gauge(v, view_id(v, M_TCP_MAX_ORPHANS, 0, 0), &limit)) {
		verdict_unknown(out, "/proc/net/sockstat and tcp_max_orphans");
		return;
	}
	double aborts = delta_everywhere(v, M_TCP_ABORT_MEMORY);
	/* The kernel counts a socket that sends slowly up to four times over, so it may refuse at
	 * half of the limit. */
	if (limit <= 0 || used < limit / 2 || aborts <= 0)
		return;
	struct verdict *f = verdict_new(v, out, SEVERITY_CRITICAL, STATE_EXHAUSTED, NULL);
	if (!f)
		return;
	f->used = used;
	f->limit = limit;
	f->refused = aborts;
	f->nculprits = who_queues(v, -1, f->culprits, WHO_MAX);
	f->title = "Too many closed connections still have data to deliver: the kernel resets them";
	verdict_evidence(f,
		say(v, "%.0f orphans of %.0f, %.0f aborted in %.0f s", used, limit, aborts,
			v->seconds),
		M_TCP_ORPHANS, used, limit, "grep orphan /proc/net/sockstat");
	verdict_remedy(f, "Give up on dead peers sooner", "sysctl -w net.ipv4.tcp_orphan_retries=2",
		"/etc/sysctl.d/90-orphans.conf", false, "peers on bad lines lose the end", "none");
	verdict_remedy(f, "Raise the limit",
		say(v, "sysctl -w net.ipv4.tcp_max_orphans=%.0f", limit * 2),
		"/etc/sysctl.d/90-orphans.conf", false, "up to 64 KiB of kernel memory each",
		"none");
}

const struct rule_case rule_case_conntrack_full = {
	.mechanism = "The firewall keeps an entry for each connection. When the table is full, the "
		     "packets of everybody's new connections are dropped; established ones go on, "
		     "and the server looks idle.",
	.threshold = "The drop counter of /proc/net/stat/nf_conntrack grew "
		     "while more than 90 % was used, or the count stands within half a percent of "
		     "nf_conntrack_max. A steady line to the limit from above half is a forecast.",
	.false_alarms = "A table that stands at 60 or 80 % (no finding). insert_failed alone "
			"(clashes of simultaneous packets). The count is for each namespace, the "
			"limit for the whole host.",
	.confirm =
		"sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max; conntrack "
		"-S; conntrack -L | awk '{print $5}' | sort | uniq -c | sort -n | tail",
	.remedy = "Limit or cut off the source that holds the entries; raise nf_conntrack_max (and "
		  "the hash size); shorten nf_conntrack_tcp_timeout_established; do not track what "
		  "needs no tracking.",
};

void rule_conntrack_full(struct view *v, struct verdicts *out)
{
	for (uint32_t id = view_each(v, M_CONNTRACK_USED, 0); id;
		id = view_each(v, M_CONNTRACK_USED, id)) {
		unsigned netns = series_row(v->series, id)->netns;
		double used, limit, drops = 0, early = 0;
		if (!view_gauge(v, id, &used) ||
			(!view_gauge(v, view_id(v, M_CONNTRACK_MAX, netns, 0), &limit) &&
				!view_gauge(v, view_id(v, M_CONNTRACK_MAX, 0, 0), &limit)) ||
			limit <= 0)
			continue;
		uint32_t drop_id = view_id(v, M_CONNTRACK_DROP, netns, 0);
		(void)view_delta(v, drop_id, &drops);
		(void)view_delta(v, view_id(v, M_CONNTRACK_EARLY_DROP, netns, 0), &early);
		bool full = used >= 0.995 * limit || (drops > 0 && used > 0.9 * limit);
		double eta = full ? -1 : forecast(v, view_trend(v, id), used, limit);
		if (!full && eta < 0)
			continue;
		struct verdict *f = verdict_new(
			v, out, SEVERITY_CRITICAL, full ? STATE_EXHAUSTED : STATE_FILLING, NULL);
		if (!f)
			return;
		char a[32];
		const char *ns = in_netns(v, netns);
		f->netns = netns;
		f->used = used;
		f->limit = limit;
		f->eta_s = eta;
		f->refused = drops;
		if (drops > 0)
			verdict_began(f, view_grew_at(v, drop_id));
		f->nculprits = who_conntrack(v, netns, f->culprits, WHO_MAX);
		f->title = full ? "The connection-tracking table is full: packets of new "
				  "connections are dropped"
				: say(v, "The connection-tracking table is full in %s",
					  text_duration(a, eta));
		if (drops > 0)
			verdict_victim(f, "server", "everybody's new connections", 0,
				say(v, "%.0f packets dropped in %.0f s", drops, v->seconds));
		verdict_evidence(f, say(v, "%.0f of %.0f entries", used, limit), M_CONNTRACK_USED,
			used, limit,
			say(v,
				"%ssysctl net.netfilter.nf_conntrack_count "
				"net.netfilter.nf_conntrack_max",
				ns));
		if (drops + early > 0)
			verdict_evidence(f,
				say(v,
					"%.0f packets dropped, %.0f entries thrown out early in "
					"%.0f s",
					drops, early, v->seconds),
				M_CONNTRACK_DROP, drops, 0,
				say(v, "%sconntrack -S; dmesg | grep 'table full'", ns));
		if (f->nculprits)
			verdict_evidence(f,
				say(v, "%s holds %s", f->culprits[0].value, f->culprits[0].why), -1,
				f->culprits[0].share, -1,
				say(v,
					"%sconntrack -L 2>/dev/null | grep -o 'src=[^ ]*' | awk "
					"'NR%%2' | sort | uniq -c | sort -n | tail -3",
					ns));
		if (f->nculprits && strcmp(f->culprits[0].kind, "peer") == 0) {
			verdict_remedy(f,
				say(v, "Throw out the entries of %s", f->culprits[0].value),
				say(v, "%sconntrack -D -s %s", ns, f->culprits[0].value), NULL,
				false, "its connections are no longer tracked",
				"it comes back if it is not limited");
			verdict_remedy(f, "Limit the connections of one source in the firewall",
				say(v,
					"%snft add rule inet FILTER INPUT ip saddr %s ct state new "
					"ct count over 200 drop",
					ns, f->culprits[0].value),
				"/etc/nftables.conf", false, "none",
				"a proxy with many users counts as one source");
		}
		verdict_remedy(f, "Raise the limit",
			say(v, "sysctl -w net.netfilter.nf_conntrack_max=%.0f", limit * 2),
			"/etc/sysctl.d/90-conntrack.conf", false,
			"about 300 bytes of kernel memory for each entry",
			"raise nf_conntrack_buckets too, to a quarter of it");
		verdict_remedy(f, "Forget idle connections sooner (default: 5 days)",
			say(v,
				"%ssysctl -w "
				"net.netfilter.nf_conntrack_tcp_timeout_established=7200",
				ns),
			"/etc/sysctl.d/90-conntrack.conf", false,
			"connections idle for longer are cut at a NAT", "none on a plain server");
	}
}

const struct rule_case rule_case_neigh_full = {
	.mechanism =
		"The table of neighbours (of IPv4 by ARP, of IPv6 another one) is full: packets "
		"to hosts of the own network that are not in it cannot be sent.",
	.threshold = "table_fulls of one of the two tables grew in the window.",
	.false_alarms = "Entries between gc_thresh2 and gc_thresh3: the kernel collects old ones.",
	.confirm = "cat /proc/net/stat/arp_cache /proc/net/stat/ndisc_cache; sysctl "
		   "net.ipv4.neigh.default.gc_thresh3 net.ipv6.neigh.default.gc_thresh3; ip -s "
		   "neigh | wc -l",
	.remedy = "Raise gc_thresh1 to 3; find who scans the network.",
};

/* Is the peer of the family whose table is full? Sockets of IPv6 reach IPv4 by mapped addresses. */
static bool is_of_family(const struct address *a, bool six)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	return six == (a->family == AF_INET6 && memcmp(a->bytes, mapped, sizeof mapped) != 0);
}

/* Growth of a counter in a namespace, 0 where it is not known. */
static double grown(const struct view *v, enum metric m, unsigned netns)
{
	return view_grown(v, view_id(v, m, netns, 0));
}

/* Who sends datagrams to many, where these are more than all else that is sent and passed on here. The table is that of all namespaces. */
static bool asks_by_datagrams(struct view *v, bool six, struct who *out)
{
	enum metric sent = six ? M_UDP6_OUT : M_UDP_OUT,
		    refused = six ? M_UDP6_SNDBUF_ERRORS : M_UDP_SNDBUF_ERRORS,
		    forwarded = six ? M_IP6_FORWARDED : M_IP_FORWARDED;
	double most = 0, rest = 0;
	unsigned from = NETNS_HOST;
	for (uint32_t id = view_each(v, sent, 0); id; id = view_each(v, sent, id)) {
		unsigned netns = series_row(v->series, id)->netns;
		double n = grown(v, sent, netns) + grown(v, refused, netns);
		/* Messages that nobody is there follow from it; of IPv6 also the questions for neighbours. */
		double pings =
			six ? 0
			    : grown(v, M_ICMP_OUT, netns) - grown(v, M_ICMP_OUT_UNREACHABLE, netns);
		rest += grown(v, M_TCP_OUT_SEGS, netns) + grown(v, forwarded, netns) + pings;
		if (n > most) {
			rest += most;
			most = n;
			from = netns;
		} else {
			rest += n;
		}
	}
	const struct usage *u = most > rest ? who_sends_datagrams(v, from, true) : NULL;
	if (!u)
		return false;
	out[0] = (struct who){"process", who_name(v, u->p), u->p->pid, -1,
		say(v,
			"has a UDP socket that is connected to nobody, and does the work of those "
			"with such; %.0f datagrams were sent",
			most)};
	return true;
}

/* Who connects to many hosts that do not answer: each of them takes an entry. */
static size_t who_asks_neighbours(struct view *v, bool six, struct who *out)
{
	enum { MANY = 16 };
	const struct sample *s = view_last(v);
	const struct conn_group *rows = TABLE_ROWS(s->conns, struct conn_group);
	const struct usage *most = NULL;
	double asked = 0, all = 0;
	for (uint32_t i = 0; i < s->conns.count; i++) {
		double sum = 0;
		if (!is_of_family(&rows[i].peer, six))
			continue;
		all += rows[i].outgoing ? rows[i].syn_sent : 0;
		for (uint32_t k = 0; rows[i].pid && rows[i].syn_sent && k < s->conns.count; k++)
			if (rows[k].pid == rows[i].pid && rows[k].outgoing &&
				is_of_family(&rows[k].peer, six)) {
				if (k < i && rows[k].syn_sent) { /* counted with that one */
					sum = 0;
					break;
				}
				sum += rows[k].syn_sent;
			}
		if (sum >= MANY && sum > asked && view_usage(v, rows[i].pid)) {
			asked = sum;
			most = view_usage(v, rows[i].pid);
		}
	}
	if (!most && asks_by_datagrams(v, six, out))
		return 1;
	if (!most) {
		out[0] = (struct who){"traffic", "the own network", 0, -1,
			"more neighbours are talked to than the table may hold"};
		return 1;
	}
	out[0] = (struct who){"process", who_name(v, most->p), most->p->pid, asked / all,
		say(v, "connects to %.0f hosts at once that do not answer", asked)};
	return 1;
}

/* What differs between the tables of the two families. */
struct neigh_table {
	enum metric fulls, used, limit;
	const char *ip, *file, *list;
};

static void neigh_evidence(struct view *v, struct verdict *f, const struct neigh_table *t,
	double fulls, double used, double limit)
{
	verdict_evidence(f,
		say(v, "%s: refused %.0f times in %.0f s, %.0f of %.0f entries", t->ip, fulls,
			v->seconds, used, limit),
		(int)t->fulls, fulls, 0, say(v, "cat %s; %s | wc -l", t->file, t->list));
}

static void neigh_verdict(struct view *v, struct verdicts *out, const struct neigh_table *t)
{
	uint32_t id = view_id(v, t->fulls, 0, 0);
	double fulls, used = 0, limit = -1;
	if (!view_delta(v, id, &fulls) || fulls <= 0)
		return;
	(void)view_gauge(v, view_id(v, t->used, 0, 0), &used);
	(void)view_gauge(v, view_id(v, t->limit, 0, 0), &limit);
	struct verdict *other = out->count ? &out->rows[out->count - 1] : NULL;
	if (other && other->rule == RULE_neigh_full) { /* one trouble, both tables */
		neigh_evidence(v, other, t, fulls, used, limit);
		return;
	}
	struct verdict *f = verdict_new(v, out, SEVERITY_CRITICAL, STATE_EXHAUSTED, NULL);
	if (!f)
		return;
	f->used = used;
	f->limit = limit;
	f->refused = fulls;
	verdict_began(f, view_grew_at(v, id));
	f->title = say(
		v, "The neighbour table of %s is full: packets to the own network are lost", t->ip);
	f->nculprits = who_asks_neighbours(v, t->fulls == M_NEIGH6_FULLS, f->culprits);
	if (f->nculprits && f->culprits[0].pid) {
		f->pid = f->culprits[0].pid;
		verdict_evidence(f, say(v, "%s %s", f->culprits[0].value, f->culprits[0].why), -1,
			f->culprits[0].share, -1,
			f->culprits[0].share >= 0
				? "ss -Htnp state syn-sent | awk '{print $5}' | sort | uniq -c | "
				  "sort -n | tail"
				: say(v,
					  "timeout 3 strace -f -e trace=sendto,sendmsg,sendmmsg -p "
					  "%" PRId32 " 2>&1 | tail",
					  f->pid));
		verdict_remedy(f,
			say(v, "Stop %s, or have it ask fewer hosts at once", f->culprits[0].value),
			say(v, "kill -TERM %" PRId32, f->pid), NULL, false,
			"what it was looking for", "none");
	}
	neigh_evidence(v, f, t, fulls, used, limit);
	const char *dir = t->fulls == M_NEIGH6_FULLS ? "ipv6" : "ipv4";
	verdict_remedy(f, "Raise the limits",
		say(v,
			"sysctl -w net.%s.neigh.default.gc_thresh3=%.0f "
			"net.%s.neigh.default.gc_thresh2=%.0f",
			dir, limit > 0 ? limit * 4 : 8192, dir, limit > 0 ? limit * 2 : 4096),
		"/etc/sysctl.d/90-neigh.conf", false, "about 400 bytes each", "none");
}

void rule_neigh_full(struct view *v, struct verdicts *out)
{
	static const struct neigh_table tables[] = {
		{M_NEIGH_FULLS, M_NEIGH_ENTRIES, M_NEIGH_LIMIT, "IPv4", "/proc/net/stat/arp_cache",
			"ip -4 neigh"},
		{M_NEIGH6_FULLS, M_NEIGH6_ENTRIES, M_NEIGH6_LIMIT, "IPv6",
			"/proc/net/stat/ndisc_cache", "ip -6 neigh"},
	};
	double fulls;
	if (!view_delta(v, view_id(v, M_NEIGH_FULLS, 0, 0), &fulls))
		verdict_unknown(out, "/proc/net/stat/arp_cache");
	for (size_t i = 0; i < COUNTOF(tables); i++)
		neigh_verdict(v, out, &tables[i]);
}
