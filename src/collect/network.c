/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The text tables of the network stack, but for its counters by name (counters.c): one file for each network namespace, but for softnet and
 * the neighbour caches, which are the host's. All counters are since boot or since the namespace was
 * made. */
#include "collect/collect.h"

#include <errno.h>

/* softnet_stat (net/core/net-procfs.c): a line for each online CPU, hexadecimal and 32 bits wide.
 * Columns: processed, dropped because the backlog was full, squeezed (the softirq ran out of budget
 * with packets left). Column 11 counts packets of one large flow dropped to save the others (since
 * 3.11), 12 is the length of the backlog. Column 13 is the CPU's number (since 5.10, as the length; before, the line's place
 * counts the online ones, and that is all one can know). The two are added up: who is dropped is not said by CPU. */
int collect_softnet(struct scan bytes, const struct out *o)
{
	struct scan line;
	unsigned row = 0;
	uint64_t limited = 0, backlog = 0;
	bool any = false, have_limited = false, have_backlog = false;
	while (scan_line(&bytes, &line)) {
		uint64_t v[13];
		size_t n = 0;
		while (n < COUNTOF(v) && scan_hex(&line, &v[n]))
			n++;
		if (n < 3)
			continue;
		uint64_t cpu = n == COUNTOF(v) ? v[12] : row;
		row++;
		char name[8];
		size_t len = 0;
		for (uint64_t c = cpu, d = 10000; d; d /= 10)
			if (len || c / d % 10 || d == 1)
				name[len++] = (char)('0' + c / d % 10);
		uint32_t instance = out_instance(o, scan_over(name, len));
		out_value(o, M_SOFTNET_PROCESSED, instance, v[0]);
		out_value(o, M_SOFTNET_DROPPED, instance, v[1]);
		out_value(o, M_SOFTNET_SQUEEZED, instance, v[2]);
		any = true;
		have_limited = have_limited || n > 10;
		have_backlog = have_backlog || n == COUNTOF(v);
		limited += n > 10 ? v[10] : 0;
		backlog += n == COUNTOF(v) ? v[11] : 0;
	}
	if (have_limited)
		out_plain(o, M_SOFTNET_FLOW_LIMIT, limited);
	if (have_backlog)
		out_plain(o, M_SOFTNET_BACKLOG, backlog);
	return any ? 0 : -EBADMSG;
}

/* The columns of a table of hexadecimal per-CPU counters with one line of names: added up, by name.
 */
static bool hex_table(struct scan bytes, const char *const *names, size_t n, uint64_t *sum,
	bool *found, uint64_t *first)
{
	struct scan head, line, word;
	int column_of[8];
	if (!scan_line(&bytes, &head))
		return false;
	for (size_t i = 0; i < n; i++)
		column_of[i] = -1;
	for (int c = 0; scan_word(&head, &word); c++)
		for (size_t i = 0; i < n; i++)
			if (scan_is(word, names[i]))
				column_of[i] = c;
	bool any = false;
	while (scan_line(&bytes, &line)) {
		uint64_t v;
		for (int c = 0; scan_hex(&line, &v); c++)
			for (size_t i = 0; i < n; i++)
				if (column_of[i] == c) {
					if (!found[i])
						first[i] = v;
					sum[i] += v;
					found[i] = true;
					any = true;
				}
	}
	return any;
}

/* /proc/net/stat/arp_cache, ndisc_cache (net/core/neighbour.c): "entries" is the table's size, the same on each
 * line; the others count per CPU. */
static int neighbours(
	struct scan bytes, const struct out *o, enum metric entries, enum metric fulls)
{
	static const char *const names[] = {"entries", "table_fulls"};
	uint64_t sum[2] = {0}, first[2] = {0};
	bool found[2] = {false};
	if (!hex_table(bytes, names, 2, sum, found, first))
		return -EBADMSG;
	if (found[0])
		out_plain(o, entries, first[0]);
	if (found[1])
		out_plain(o, fulls, sum[1]);
	return 0;
}

int collect_arp_cache(struct scan bytes, const struct out *o)
{
	return neighbours(bytes, o, M_NEIGH_ENTRIES, M_NEIGH_FULLS);
}

int collect_ndisc_cache(struct scan bytes, const struct out *o)
{
	return neighbours(bytes, o, M_NEIGH6_ENTRIES, M_NEIGH6_FULLS);
}

/* /proc/net/stat/nf_conntrack (net/netfilter/nf_conntrack_standalone.c): 32-bit counters per CPU.
 */
int collect_conntrack_stat(struct scan bytes, const struct out *o)
{
	static const char *const names[] = {"drop", "early_drop", "insert_failed"};
	static const enum metric metrics[] = {
		M_CONNTRACK_DROP, M_CONNTRACK_EARLY_DROP, M_CONNTRACK_INSERT_FAILED};
	uint64_t sum[3] = {0}, first[3] = {0};
	bool found[3] = {false};
	if (!hex_table(bytes, names, 3, sum, found, first))
		return -EBADMSG;
	for (size_t i = 0; i < 3; i++)
		if (found[i])
			out_plain(o, metrics[i], sum[i]);
	return 0;
}

/* sockstat (net/ipv4/proc.c): "TCP: inuse 5 orphan 0 tw 12 alloc 9 mem 3". inuse and tw are of this
 * namespace, orphan, alloc and mem (pages) of the host. */
struct pair {
	const char *line, *key;
	enum metric metric;
};

static int pairs(struct scan bytes, const struct out *o, const struct pair *want, size_t n)
{
	struct scan line, head, key;
	bool any = false;
	while (scan_line(&bytes, &line)) {
		uint64_t v;
		if (!scan_word(&line, &head))
			continue;
		while (scan_word(&line, &key) && scan_u64(&line, &v))
			for (size_t i = 0; i < n; i++)
				if (scan_is(head, want[i].line) && scan_is(key, want[i].key)) {
					out_plain(o, want[i].metric, v);
					any = true;
				}
	}
	return any ? 0 : -EBADMSG;
}

int collect_sockstat(struct scan bytes, const struct out *o)
{
	static const struct pair want[] = {
		{"TCP:", "inuse", M_TCP_INUSE},
		{"TCP:", "orphan", M_TCP_ORPHANS},
		{"TCP:", "tw", M_TCP_TIMEWAIT},
		{"TCP:", "mem", M_TCP_MEM},
		{"UDP:", "inuse", M_UDP_INUSE},
		{"UDP:", "mem", M_UDP_MEM},
		{"sockets:", "used", M_SOCKETS_USED},
		{"TCP:", "alloc", M_TCP_ALLOC},
		{"RAW:", "inuse", M_RAW_INUSE},
		{"FRAG:", "inuse", M_FRAG_INUSE},
		{"FRAG:", "memory", M_FRAG_MEMORY},
	};
	return pairs(bytes, o, want, COUNTOF(want));
}

int collect_sockstat6(struct scan bytes, const struct out *o)
{
	static const struct pair want[] = {{"TCP6:", "inuse", M_TCP6_INUSE},
		{"UDP6:", "inuse", M_UDP6_INUSE}, {"RAW6:", "inuse", M_RAW6_INUSE},
		{"FRAG6:", "memory", M_FRAG6_MEMORY}};
	return pairs(bytes, o, want, COUNTOF(want));
}

/* /proc/net/dev (net/core/net-procfs.c): two lines of heading, then "name: rx_bytes packets errs
 * drop fifo frame compressed multicast tx_bytes packets errs drop ...". A large number may stand
 * right behind the colon. */
int collect_netdev(struct scan bytes, const struct out *o)
{
	static const enum metric columns[] = {M_NET_RX_BYTES, M_NET_RX_PACKETS, M_NET_RX_ERRORS,
		M_NET_RX_DROPPED, METRIC_COUNT, METRIC_COUNT, METRIC_COUNT, METRIC_COUNT,
		M_NET_TX_BYTES, M_NET_TX_PACKETS, M_NET_TX_ERRORS, M_NET_TX_DROPPED};
	struct scan line;
	bool any = false;
	while (scan_line(&bytes, &line)) {
		scan_blanks(&line);
		const char *colon = line.end;
		while (colon > line.p && colon[-1] != ':')
			colon--;
		if (colon == line.p)
			continue;
		struct scan name = {line.p, colon - 1};
		line.p = colon;
		uint64_t v[COUNTOF(columns)];
		size_t n = 0;
		while (n < COUNTOF(columns) && scan_u64(&line, &v[n]))
			n++;
		if (n < COUNTOF(columns))
			continue;
		uint32_t instance = out_instance(o, name);
		for (size_t i = 0; i < n; i++)
			if (columns[i] != METRIC_COUNT)
				out_value(o, columns[i], instance, v[i]);
		any = true;
	}
	return any ? 0 : -EBADMSG;
}

/* /proc/net/protocols (net/core/sock.c): "name size sockets memory ...", a line a protocol. Sockets are those of this namespace; unix stream
 * sockets have a line of their own since 5.15. */
int collect_protocols(struct scan bytes, const struct out *o)
{
	static const struct {
		const char *name;
		enum metric metric;
	} known[] = {{"UNIX", M_UNIX_SOCKETS}, {"UNIX-STREAM", M_UNIX_SOCKETS},
		{"PACKET", M_PACKET_SOCKETS}};
	uint64_t sum[COUNTOF(known)] = {0};
	bool found[COUNTOF(known)] = {false}, any = false;
	struct scan line, name;
	while (scan_line(&bytes, &line)) {
		uint64_t size, sockets;
		if (!scan_word(&line, &name) || !scan_u64(&line, &size) ||
			!scan_u64(&line, &sockets))
			continue;
		for (size_t i = 0; i < COUNTOF(known); i++)
			if (scan_is(name, known[i].name)) {
				sum[i] += sockets;
				found[i] = any = true;
			}
	}
	for (size_t i = 0; i < COUNTOF(known); i++) {
		uint64_t total = 0;
		for (size_t k = 0; k < COUNTOF(known); k++)
			if (known[k].metric == known[i].metric && found[k] &&
				__builtin_add_overflow(total, sum[k], &total))
				return -EBADMSG;
		if (found[i])
			out_plain(o, known[i].metric, total);
	}
	return any ? 0 : -EBADMSG;
}

/* rt6_stats (net/ipv6/route.c): seven hexadecimal numbers; the sixth is how many routes there are, those for single destinations included, which is
 * what kernels before 6.3 compare with route/max_size. */
int collect_rt6_stats(struct scan bytes, const struct out *o)
{
	enum { ENTRIES = 6 };
	struct scan word;
	uint64_t v = 0;
	for (int i = 0; i < ENTRIES; i++)
		if (!scan_word(&bytes, &word) || !scan_hex(&word, &v))
			return -EBADMSG;
	out_plain(o, M_ROUTE6_ENTRIES, v);
	return 0;
}
