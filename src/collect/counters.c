/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* netstat, snmp, snmp6: what the network stack counts by name, for each network namespace, since it was made.
 *
 * /proc/net/netstat and /proc/net/snmp (net/ipv4/proc.c) have a line of names, then a line of values, with the same first word;
 * /proc/net/snmp6 (net/ipv6/proc.c) has a line for each. Kernels add names in the middle and drop some, so all is found by name. MaxConn may
 * be -1, and such a value is none. The counters are 64 bits wide on 64-bit kernels and wrap at 32 bits on others.
 *
 * A host can have hundreds of namespaces, and most of them never see most of these events. So a counter that is marked EVENT has no series in
 * a namespace other than the host's until it has counted once, and one marked SEEN has none anywhere. */
#include "collect/collect.h"

#include <errno.h>
#include <string.h>

enum when { ALWAYS, EVENT, SEEN };

struct counter {
	const char *name;
	uint16_t len;
	uint16_t metric;
	enum when when;
};
#define NAME(text) (text), sizeof(text) - 1

static const struct counter tcp_ext[] = {
	{NAME("ListenOverflows"), M_LISTEN_OVERFLOWS, ALWAYS},
	{NAME("ListenDrops"), M_LISTEN_DROPS, ALWAYS},
	{NAME("TCPReqQFullDrop"), M_SYN_QFULL_DROP, ALWAYS},
	{NAME("TCPReqQFullDoCookies"), M_SYN_COOKIES, ALWAYS},
	{NAME("TCPTimeWaitOverflow"), M_TW_OVERFLOWS, ALWAYS},
	{NAME("TCPMemoryPressures"), M_TCP_MEM_PRESSURES, ALWAYS},
	{NAME("TCPAbortOnMemory"), M_TCP_ABORT_MEMORY, ALWAYS},
	{NAME("RcvPruned"), M_TCP_RCV_PRUNED, ALWAYS},
	{NAME("SyncookiesSent"), M_COOKIES_SENT, ALWAYS},
	{NAME("SyncookiesRecv"), M_COOKIES_RECV, EVENT},
	{NAME("SyncookiesFailed"), M_COOKIES_FAILED, EVENT},
	{NAME("EmbryonicRsts"), M_EMBRYONIC_RSTS, EVENT},
	{NAME("PruneCalled"), M_TCP_PRUNES, EVENT},
	{NAME("OfoPruned"), M_TCP_OFO_PRUNED, EVENT},
	{NAME("TCPRcvCollapsed"), M_TCP_COLLAPSED, EVENT},
	{NAME("TCPMemoryPressuresChrono"), M_TCP_PRESSURE_TIME, EVENT},
	{NAME("OutOfWindowIcmps"), M_ICMP_OUT_OF_WINDOW, EVENT},
	{NAME("PAWSActive"), M_PAWS_ACTIVE, EVENT},
	{NAME("PAWSEstab"), M_PAWS_ESTAB, EVENT},
	{NAME("PAWSTimewait"), M_PAWS_TIMEWAIT, EVENT},
	{NAME("PAWSPassive"), M_PAWS_PASSIVE, EVENT},
	{NAME("DelayedACKLost"), M_ACK_DELAYED_LOST, EVENT},
	{NAME("TCPSackRecovery"), M_SACK_RECOVERY, EVENT},
	{NAME("TCPRenoRecovery"), M_RENO_RECOVERY, EVENT},
	{NAME("TCPSACKReneging"), M_SACK_RENEGING, EVENT},
	{NAME("TCPSACKReorder"), M_SACK_REORDER, EVENT},
	{NAME("TCPTSReorder"), M_TS_REORDER, EVENT},
	{NAME("TCPLossUndo"), M_LOSS_UNDO, EVENT},
	{NAME("TCPLostRetransmit"), M_LOST_RETRANSMIT, EVENT},
	{NAME("TCPFastRetrans"), M_FAST_RETRANS, ALWAYS},
	{NAME("TCPForwardRetrans"), M_FORWARD_RETRANS, EVENT},
	{NAME("TCPSlowStartRetrans"), M_SLOW_START_RETRANS, ALWAYS},
	{NAME("TCPRetransFail"), M_RETRANS_FAIL, EVENT},
	{NAME("TCPTimeouts"), M_TCP_TIMEOUTS, ALWAYS},
	{NAME("TCPSpuriousRTOs"), M_SPURIOUS_RTOS, EVENT},
	{NAME("TCPLossProbes"), M_LOSS_PROBES, ALWAYS},
	{NAME("TCPLossProbeRecovery"), M_LOSS_PROBE_RECOVERY, EVENT},
	{NAME("TCPSynRetrans"), M_SYN_RETRANS, ALWAYS},
	{NAME("TCPDSACKRecv"), M_DSACK_RECV, EVENT},
	{NAME("TCPDSACKOfoRecv"), M_DSACK_OFO_RECV, EVENT},
	{NAME("TCPAbortOnData"), M_ABORT_DATA, ALWAYS},
	{NAME("TCPAbortOnClose"), M_ABORT_CLOSE, ALWAYS},
	{NAME("TCPAbortOnTimeout"), M_ABORT_TIMEOUT, ALWAYS},
	{NAME("TCPAbortOnLinger"), M_ABORT_LINGER, EVENT},
	{NAME("TCPAbortFailed"), M_ABORT_FAILED, EVENT},
	{NAME("TCPMD5NotFound"), M_MD5_MISSING, EVENT},
	{NAME("TCPMD5Unexpected"), M_MD5_UNEXPECTED, EVENT},
	{NAME("TCPMD5Failure"), M_MD5_FAILED, EVENT},
	{NAME("TCPAOBad"), M_AO_BAD, EVENT},
	{NAME("TCPAOKeyNotFound"), M_AO_NO_KEY, EVENT},
	{NAME("TCPAORequired"), M_AO_REQUIRED, EVENT},
	{NAME("TCPBacklogDrop"), M_BACKLOG_DROP, ALWAYS},
	{NAME("PFMemallocDrop"), M_PFMEMALLOC_DROP, EVENT},
	{NAME("TCPMinTTLDrop"), M_MINTTL_DROP, EVENT},
	{NAME("TCPDeferAcceptDrop"), M_DEFER_ACCEPT_DROP, EVENT},
	{NAME("TCPRcvQDrop"), M_RCVQ_DROP, ALWAYS},
	{NAME("TCPZeroWindowDrop"), M_ZERO_WINDOW_DROP, EVENT},
	{NAME("TCPOFODrop"), M_OFO_DROP, EVENT},
	{NAME("TCPOFOQueue"), M_OFO_QUEUE, ALWAYS},
	{NAME("TCPWqueueTooBig"), M_WQUEUE_TOO_BIG, EVENT},
	{NAME("TCPChallengeACK"), M_CHALLENGE_ACK, EVENT},
	{NAME("TCPFromZeroWindowAdv"), M_FROM_ZERO_WINDOW, ALWAYS},
	{NAME("TCPToZeroWindowAdv"), M_TO_ZERO_WINDOW, ALWAYS},
	{NAME("TCPWantZeroWindowAdv"), M_WANT_ZERO_WINDOW, EVENT},
	{NAME("TCPWinProbe"), M_WIN_PROBE, EVENT},
	{NAME("TCPKeepAlive"), M_KEEPALIVE, EVENT},
	{NAME("TCPMTUPFail"), M_MTU_PROBE_FAIL, EVENT},
	{NAME("TCPFastOpenListenOverflow"), M_TFO_OVERFLOW, EVENT},
	{NAME("IPReversePathFilter"), M_RP_FILTER, EVENT},
};

static const struct counter ip_ext[] = {
	{NAME("InOctets"), M_IP_IN_BYTES, ALWAYS},
	{NAME("OutOctets"), M_IP_OUT_BYTES, ALWAYS},
	{NAME("InNoRoutes"), M_IP_IN_NO_ROUTES, EVENT},
	{NAME("InTruncatedPkts"), M_IP_IN_TRUNCATED, EVENT},
	{NAME("InCsumErrors"), M_IP_IN_CSUM, EVENT},
	{NAME("InMcastPkts"), M_IP_IN_MCAST, EVENT},
	{NAME("InBcastPkts"), M_IP_IN_BCAST, EVENT},
	{NAME("InCEPkts"), M_IP_IN_CE, EVENT},
	{NAME("InECT0Pkts"), M_IP_IN_ECT0, EVENT},
	{NAME("InECT1Pkts"), M_IP_IN_ECT1, EVENT},
};

static const struct counter ip[] = {
	{NAME("Forwarding"), M_IP_FORWARDING, ALWAYS},
	{NAME("InReceives"), M_IP_IN, ALWAYS},
	{NAME("InHdrErrors"), M_IP_IN_HEADER, EVENT},
	{NAME("InAddrErrors"), M_IP_IN_ADDRESS, EVENT},
	{NAME("ForwDatagrams"), M_IP_FORWARDED, EVENT},
	{NAME("InUnknownProtos"), M_IP_IN_UNKNOWN, EVENT},
	{NAME("InDiscards"), M_IP_IN_DISCARDS, ALWAYS},
	{NAME("InDelivers"), M_IP_IN_DELIVERED, ALWAYS},
	{NAME("OutRequests"), M_IP_OUT, ALWAYS},
	{NAME("OutDiscards"), M_IP_OUT_DISCARDS, ALWAYS},
	{NAME("OutNoRoutes"), M_IP_OUT_NO_ROUTES, ALWAYS},
	{NAME("ReasmTimeout"), M_IP_REASM_TIMEOUT, EVENT},
	{NAME("ReasmReqds"), M_IP_REASM_NEEDED, EVENT},
	{NAME("ReasmOKs"), M_IP_REASM_DONE, EVENT},
	{NAME("ReasmFails"), M_IP_REASM_FAILED, ALWAYS},
	{NAME("FragOKs"), M_IP_FRAG_DONE, EVENT},
	{NAME("FragFails"), M_IP_FRAG_FAILED, ALWAYS},
	{NAME("FragCreates"), M_IP_FRAG_MADE, EVENT},
};

static const struct counter icmp[] = {
	{NAME("InMsgs"), M_ICMP_IN, ALWAYS},
	{NAME("InErrors"), M_ICMP_IN_ERRORS, EVENT},
	{NAME("InCsumErrors"), M_ICMP_IN_CSUM, EVENT},
	{NAME("InDestUnreachs"), M_ICMP_IN_UNREACHABLE, ALWAYS},
	{NAME("InTimeExcds"), M_ICMP_IN_TIME, EVENT},
	{NAME("InRedirects"), M_ICMP_IN_REDIRECTS, EVENT},
	{NAME("InEchos"), M_ICMP_IN_ECHOS, EVENT},
	{NAME("OutMsgs"), M_ICMP_OUT, ALWAYS},
	{NAME("OutErrors"), M_ICMP_OUT_ERRORS, EVENT},
	{NAME("OutRateLimitGlobal"), M_ICMP_OUT_LIMITED, EVENT},
	{NAME("OutDestUnreachs"), M_ICMP_OUT_UNREACHABLE, ALWAYS},
	{NAME("OutTimeExcds"), M_ICMP_OUT_TIME, EVENT},
	{NAME("OutRedirects"), M_ICMP_OUT_REDIRECTS, EVENT},
};

static const struct counter tcp[] = {
	{NAME("ActiveOpens"), M_TCP_ACTIVE_OPENS, ALWAYS},
	{NAME("PassiveOpens"), M_TCP_PASSIVE_OPENS, ALWAYS},
	{NAME("AttemptFails"), M_TCP_ATTEMPT_FAILS, ALWAYS},
	{NAME("EstabResets"), M_TCP_ESTAB_RESETS, ALWAYS},
	{NAME("CurrEstab"), M_TCP_ESTABLISHED, ALWAYS},
	{NAME("InSegs"), M_TCP_IN_SEGS, ALWAYS},
	{NAME("OutSegs"), M_TCP_OUT_SEGS, ALWAYS},
	{NAME("RetransSegs"), M_TCP_RETRANS, ALWAYS},
	{NAME("OutRsts"), M_TCP_OUT_RSTS, ALWAYS},
	{NAME("InErrs"), M_TCP_IN_ERRORS, ALWAYS},
	{NAME("InCsumErrors"), M_TCP_IN_CSUM, EVENT},
};

static const struct counter udp[] = {
	{NAME("InDatagrams"), M_UDP_IN, ALWAYS},
	{NAME("RcvbufErrors"), M_UDP_RCVBUF_ERRORS, ALWAYS},
	{NAME("NoPorts"), M_UDP_NO_PORTS, ALWAYS},
	{NAME("InErrors"), M_UDP_IN_ERRORS, ALWAYS},
	{NAME("OutDatagrams"), M_UDP_OUT, ALWAYS},
	{NAME("SndbufErrors"), M_UDP_SNDBUF_ERRORS, ALWAYS},
	{NAME("InCsumErrors"), M_UDP_CSUM, EVENT},
	{NAME("MemErrors"), M_UDP_MEM_ERRORS, ALWAYS},
};

static const struct counter udp_lite[] = {
	{NAME("InDatagrams"), M_UDPLITE_IN, SEEN},
	{NAME("InErrors"), M_UDPLITE_ERRORS, SEEN},
};

static const struct counter six[] = {
	{NAME("Ip6InReceives"), M_IP6_IN, ALWAYS},
	{NAME("Ip6InHdrErrors"), M_IP6_IN_HEADER, EVENT},
	{NAME("Ip6InTooBigErrors"), M_IP6_IN_TOO_BIG, EVENT},
	{NAME("Ip6InNoRoutes"), M_IP6_IN_NO_ROUTES, EVENT},
	{NAME("Ip6InAddrErrors"), M_IP6_IN_ADDRESS, EVENT},
	{NAME("Ip6InUnknownProtos"), M_IP6_IN_UNKNOWN, EVENT},
	{NAME("Ip6InTruncatedPkts"), M_IP6_IN_TRUNCATED, EVENT},
	{NAME("Ip6InDiscards"), M_IP6_IN_DISCARDS, EVENT},
	{NAME("Ip6InDelivers"), M_IP6_IN_DELIVERED, ALWAYS},
	{NAME("Ip6OutForwDatagrams"), M_IP6_FORWARDED, EVENT},
	{NAME("Ip6OutRequests"), M_IP6_OUT, ALWAYS},
	{NAME("Ip6OutDiscards"), M_IP6_OUT_DISCARDS, EVENT},
	{NAME("Ip6OutNoRoutes"), M_IP6_OUT_NO_ROUTES, EVENT},
	{NAME("Ip6ReasmTimeout"), M_IP6_REASM_TIMEOUT, EVENT},
	{NAME("Ip6ReasmReqds"), M_IP6_REASM_NEEDED, EVENT},
	{NAME("Ip6ReasmFails"), M_IP6_REASM_FAILED, EVENT},
	{NAME("Ip6FragFails"), M_IP6_FRAG_FAILED, EVENT},
	{NAME("Ip6FragCreates"), M_IP6_FRAG_MADE, EVENT},
	{NAME("Ip6InOctets"), M_IP6_IN_BYTES, ALWAYS},
	{NAME("Ip6OutOctets"), M_IP6_OUT_BYTES, ALWAYS},
	{NAME("Ip6InMcastPkts"), M_IP6_IN_MCAST, EVENT},
	{NAME("Ip6InCEPkts"), M_IP6_IN_CE, EVENT},
	{NAME("Icmp6InMsgs"), M_ICMP6_IN, ALWAYS},
	{NAME("Icmp6InErrors"), M_ICMP6_IN_ERRORS, EVENT},
	{NAME("Icmp6InDestUnreachs"), M_ICMP6_IN_UNREACHABLE, EVENT},
	{NAME("Icmp6InPktTooBigs"), M_ICMP6_IN_TOO_BIG, EVENT},
	{NAME("Icmp6InTimeExcds"), M_ICMP6_IN_TIME, EVENT},
	{NAME("Icmp6OutMsgs"), M_ICMP6_OUT, ALWAYS},
	{NAME("Icmp6OutErrors"), M_ICMP6_OUT_ERRORS, EVENT},
	{NAME("Icmp6OutDestUnreachs"), M_ICMP6_OUT_UNREACHABLE, EVENT},
	{NAME("Icmp6OutPktTooBigs"), M_ICMP6_OUT_TOO_BIG, EVENT},
	{NAME("Icmp6OutTimeExcds"), M_ICMP6_OUT_TIME, EVENT},
	{NAME("Icmp6InNeighborSolicits"), M_ICMP6_IN_SOLICITS, EVENT},
	{NAME("Icmp6InRouterAdvertisements"), M_ICMP6_IN_ROUTERS, EVENT},
	{NAME("Udp6InDatagrams"), M_UDP6_IN, ALWAYS},
	{NAME("Udp6OutDatagrams"), M_UDP6_OUT, ALWAYS},
	{NAME("Udp6NoPorts"), M_UDP6_NO_PORTS, EVENT},
	{NAME("Udp6InErrors"), M_UDP6_IN_ERRORS, EVENT},
	{NAME("Udp6RcvbufErrors"), M_UDP6_RCVBUF_ERRORS, EVENT},
	{NAME("Udp6SndbufErrors"), M_UDP6_SNDBUF_ERRORS, EVENT},
	{NAME("Udp6InCsumErrors"), M_UDP6_CSUM, EVENT},
	{NAME("Udp6MemErrors"), M_UDP6_MEM_ERRORS, EVENT},
};

struct block {
	const char *head;
	const struct counter *rows;
	size_t n;
};

/* Most names are of no interest: their length tells them apart from most of those that are. */
static const struct counter *find(const struct counter *rows, size_t n, struct scan name)
{
	size_t len = scan_len(name);
	for (size_t i = 0; i < n; i++)
		if (rows[i].len == len && memcmp(rows[i].name, name.p, len) == 0)
			return &rows[i];
	return NULL;
}

static bool emit(const struct out *o, const struct counter *c, struct scan number)
{
	uint64_t v;
	if (!scan_u64(&number, &v) || number.p != number.end)
		return false;
	if (v || c->when == ALWAYS || (c->when == EVENT && o->netns == NETNS_HOST))
		out_plain(o, (enum metric)c->metric, v);
	return true;
}

static int named_columns(
	struct scan bytes, const struct out *o, const struct block *blocks, size_t nblocks)
{
	struct scan names, values, head, again, name, value;
	bool any = false;
	while (scan_line(&bytes, &names) && scan_line(&bytes, &values)) {
		const struct block *b = blocks;
		if (!scan_word(&names, &head) || !scan_word(&values, &again) ||
			scan_len(head) != scan_len(again))
			continue;
		while (b < blocks + nblocks && !scan_is(head, b->head))
			b++;
		while (b < blocks + nblocks && scan_word(&names, &name) &&
			scan_word(&values, &value)) {
			const struct counter *c = find(b->rows, b->n, name);
			any = (c && emit(o, c, value)) || any;
		}
	}
	return any ? 0 : -EBADMSG;
}

int collect_netstat(struct scan bytes, const struct out *o)
{
	static const struct block blocks[] = {
		{"TcpExt:", tcp_ext, COUNTOF(tcp_ext)}, {"IpExt:", ip_ext, COUNTOF(ip_ext)}};
	return named_columns(bytes, o, blocks, COUNTOF(blocks));
}

int collect_snmp(struct scan bytes, const struct out *o)
{
	static const struct block blocks[] = {{"Ip:", ip, COUNTOF(ip)},
		{"Icmp:", icmp, COUNTOF(icmp)}, {"Tcp:", tcp, COUNTOF(tcp)},
		{"Udp:", udp, COUNTOF(udp)}, {"UdpLite:", udp_lite, COUNTOF(udp_lite)}};
	return named_columns(bytes, o, blocks, COUNTOF(blocks));
}

int collect_snmp6(struct scan bytes, const struct out *o)
{
	struct scan line, name, value;
	bool any = false;
	while (scan_line(&bytes, &line)) {
		if (!scan_word(&line, &name) || !scan_word(&line, &value))
			continue;
		const struct counter *c = find(six, COUNTOF(six), name);
		any = (c && emit(o, c, value)) || any;
	}
	return any ? 0 : -EBADMSG;
}
