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
	out_plain(o, M_UDP_MEM_LOW, low);
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

/* "8080,30000-30100", or an empty line. Those outside the range, whose row stands before this one, are nobody's loss. */
int collect_reserved_ports(struct scan bytes, const struct out *o)
{
	uint64_t low, high, first, last, reserved = 0;
	if (!sample_get(o->sample, series_find(o->series, M_PORT_LOW, o->netns, 0), &low) ||
		!sample_get(o->sample, series_find(o->series, M_PORT_HIGH, o->netns, 0), &high))
		return 0;
	while (scan_u64(&bytes, &first)) {
		last = first;
		if (scan_skip(&bytes, '-') && !scan_u64(&bytes, &last))
			return -EBADMSG;
		first = first > low ? first : low;
		last = last < high ? last : high;
		reserved += last >= first ? last - first + 1 : 0;
		if (!scan_skip(&bytes, ','))
			break;
	}
	out_plain(o, M_PORT_RESERVED, reserved);
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

int collect_timestamps(struct scan bytes, const struct out *o)
{
	return first_number(bytes, o, M_TCP_TIMESTAMPS);
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

/* Files of a single number. */
#define ONE_NUMBER(name, metric)                                                                   \
	int collect_##name(struct scan bytes, const struct out *o)                                 \
	{                                                                                          \
		return first_number(bytes, o, metric);                                             \
	}
ONE_NUMBER(gc_thresh3_v6, M_NEIGH6_LIMIT)
ONE_NUMBER(route6_max, M_ROUTE6_LIMIT)
ONE_NUMBER(nr_open, M_NR_OPEN)
ONE_NUMBER(aio_nr, M_AIO_USED)
ONE_NUMBER(aio_max, M_AIO_LIMIT)
ONE_NUMBER(pty_nr, M_PTY_USED)
ONE_NUMBER(pty_max, M_PTY_LIMIT)
ONE_NUMBER(inotify_watches, M_INOTIFY_WATCHES_MAX)
ONE_NUMBER(inotify_instances, M_INOTIFY_INSTANCES_MAX)
ONE_NUMBER(epoll_watches, M_EPOLL_WATCHES)
ONE_NUMBER(max_map_count, M_MAPS_LIMIT)
ONE_NUMBER(rmem_max, M_RMEM_MAX)
ONE_NUMBER(rmem_default, M_RMEM_DEFAULT)
ONE_NUMBER(netdev_backlog, M_SOFTNET_LIMIT)
ONE_NUMBER(shmmni, M_SHM_COUNT_LIMIT)
ONE_NUMBER(msgmni, M_MSG_QUEUES_LIMIT)
ONE_NUMBER(entropy_avail, M_ENTROPY_BITS)
ONE_NUMBER(entropy_pool, M_ENTROPY_POOL)
#undef ONE_NUMBER

/* The kernel's default is nearly 2^64: no limit, and so no value. */
int collect_shmall(struct scan bytes, const struct out *o)
{
	uint64_t v;
	if (!scan_u64(&bytes, &v))
		return -EBADMSG;
	if (v < UINT64_MAX / 4096)
		out_plain(o, M_SHM_PAGES_LIMIT, v);
	return 0;
}

/* "dentries unused age_limit want_pages negative 0" (fs/dcache.c). Before 5.0 the fifth was always 0: what cannot be told apart from none
 * is not told. */
int collect_dentry_state(struct scan bytes, const struct out *o)
{
	uint64_t v[5];
	size_t n = 0;
	while (n < COUNTOF(v) && scan_u64(&bytes, &v[n]))
		n++;
	if (n < 2)
		return -EBADMSG;
	out_plain(o, M_DENTRIES, v[0]);
	out_plain(o, M_DENTRIES_UNUSED, v[1]);
	if (n == COUNTOF(v) && v[4])
		out_plain(o, M_DENTRIES_NEGATIVE, v[4]);
	return 0;
}

int collect_inode_nr(struct scan bytes, const struct out *o)
{
	uint64_t inodes, unused;
	if (!scan_u64(&bytes, &inodes) || !scan_u64(&bytes, &unused))
		return -EBADMSG;
	out_plain(o, M_INODES, inodes);
	out_plain(o, M_INODES_UNUSED, unused);
	return 0;
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
