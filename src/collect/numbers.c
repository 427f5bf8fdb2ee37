/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Files that hold one to three numbers and nothing else: limits, mostly, below /proc/sys. */
#include "collect/collect.h"

#include <errno.h>
#include <string.h>

static int first_number(struct scan bytes, const struct out *o, enum metric m)
{
	uint64_t v;
	if (!scan_u64(&bytes, &v))
		return -EBADMSG;
	out_plain(o, m, v);
	return 0;
}

/* "open 0 limit": open files, unused (always 0 since 2.6), the limit. */
int collect_file_nr(struct scan bytes, const struct out *o)
{
	uint64_t used, unused, limit;
	if (!scan_u64(&bytes, &used) || !scan_u64(&bytes, &unused) || !scan_u64(&bytes, &limit))
		return -EBADMSG;
	out_plain(o, M_FDS_USED, used);
	out_plain(o, M_FDS_MAX, limit);
	return 0;
}

int collect_threads_max(struct scan bytes, const struct out *o)
{
	return first_number(bytes, o, M_THREADS_MAX);
}

int collect_pid_max(struct scan bytes, const struct out *o)
{
	return first_number(bytes, o, M_PID_MAX);
}

int collect_overcommit(struct scan bytes, const struct out *o)
{
	return first_number(bytes, o, M_OVERCOMMIT);
}

int collect_gc_thresh3(struct scan bytes, const struct out *o)
{
	return first_number(bytes, o, M_NEIGH_LIMIT);
}

/* low, pressure, high: pages. */
int collect_tcp_mem(struct scan bytes, const struct out *o)
{
	uint64_t low, pressure, high;
	if (!scan_u64(&bytes, &low) || !scan_u64(&bytes, &pressure) || !scan_u64(&bytes, &high))
		return -EBADMSG;
	out_plain(o, M_TCP_MEM_PRESSURE, pressure);
	out_plain(o, M_TCP_MEM_MAX, high);
	return 0;
}

int collect_udp_mem(struct scan bytes, const struct out *o)
{
	uint64_t low, pressure, high;
	if (!scan_u64(&bytes, &low) || !scan_u64(&bytes, &pressure) || !scan_u64(&bytes, &high))
		return -EBADMSG;
	out_plain(o, M_UDP_MEM_MAX, high);
	return 0;
}

int collect_max_orphans(struct scan bytes, const struct out *o)
{
	return first_number(bytes, o, M_TCP_MAX_ORPHANS);
}

int collect_port_range(struct scan bytes, const struct out *o)
{
	uint64_t low, high;
	if (!scan_u64(&bytes, &low) || !scan_u64(&bytes, &high) || low > high || high > UINT16_MAX)
		return -EBADMSG;
	out_plain(o, M_PORT_LOW, low);
	out_plain(o, M_PORT_HIGH, high);
	return 0;
}

int collect_max_tw(struct scan bytes, const struct out *o)
{
	return first_number(bytes, o, M_TCP_MAX_TW);
}

int collect_tw_reuse(struct scan bytes, const struct out *o)
{
	return first_number(bytes, o, M_TW_REUSE);
}

int collect_somaxconn(struct scan bytes, const struct out *o)
{
	return first_number(bytes, o, M_SOMAXCONN);
}

int collect_conntrack_count(struct scan bytes, const struct out *o)
{
	return first_number(bytes, o, M_CONNTRACK_USED);
}

int collect_conntrack_max(struct scan bytes, const struct out *o)
{
	return first_number(bytes, o, M_CONNTRACK_MAX);
}

/* /etc/passwd: "name:x:uid:gid:...". Local users alone: names from a directory service stay numbers. */
int collect_passwd(struct scan bytes, const struct out *o)
{
	struct scan line;
	bool any = false;
	while (scan_line(&bytes, &line)) {
		const char *colon = memchr(line.p, ':', scan_len(line));
		const char *second =
			colon ? memchr(colon + 1, ':', (size_t)(line.end - colon - 1)) : NULL;
		if (!second || colon == line.p)
			continue;
		struct scan number = {second + 1, line.end}, name = {line.p, colon};
		uint64_t uid;
		if (!scan_u64(&number, &uid))
			continue;
		out_value(o, M_USER_ID, out_instance(o, name), uid);
		any = true;
	}
	return any ? 0 : -EBADMSG;
}

int collect_conntrack_acct(struct scan bytes, const struct out *o)
{
	return first_number(bytes, o, M_CONNTRACK_ACCT);
}

int collect_conntrack_time(struct scan bytes, const struct out *o)
{
	return first_number(bytes, o, M_CONNTRACK_TIMESTAMP);
}
