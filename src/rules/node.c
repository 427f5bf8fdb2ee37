/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for memory that is there and cannot be had: on another node, or in a cache that does not shrink. */
#include "rules/memory.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ROOM  0.10 /* of a node's memory is free: it could take what the other has no room for */
#define LARGE 0.25 /* of the memory: such a cache is what others miss */

const struct rule_case rule_case_memory_node = {
	.mechanism =
		"A task that may use one node alone (numactl --membind, cpuset.mems, a virtual "
		"machine "
		"bound to a node) gets nothing from the others: when its node is full the kernel "
		"drops and swaps pages of that node, and the task waits, while another node "
		"has memory free. Databases that take most of a node show it first.",
	.threshold = "A zone of the node is below its low mark, the kernel swaps out or tasks free "
		     "pages themselves (direct reclaim) in most steps of the window, and another "
		     "node has a tenth "
		     "of its memory free. Who may use any node would have been given that.",
	.false_alarms =
		"A node full of file cache while others are free: it is dropped for nothing "
		"(the kernel's background work alone). Pages taken from another node than was "
		"wanted (numa_miss): they were had.",
	.confirm = "grep -H -E 'MemFree|FilePages' /sys/devices/system/node/node*/meminfo; grep -E "
		   "'pswpout|pgscan_direct|allocstall' /proc/vmstat; grep Mems_allowed_list "
		   "/proc/PID/status",
	.remedy =
		"Let the program use all nodes (numactl --interleave=all, cpuset.mems), or give it "
		"less memory than its node has.",
};

static bool gauge(const struct view *v, enum metric m, uint32_t instance, double *ret)
{
	return view_gauge(v, view_id(v, m, NETNS_HOST, instance), ret);
}

/* A zone of the node is below its low mark: zones are called "0 Normal". */
static bool is_low(const struct view *v, const char *node, double of_node)
{
	size_t len = strlen(node);
	for (uint32_t id = view_each(v, M_ZONE_FREE, 0); id; id = view_each(v, M_ZONE_FREE, id)) {
		uint32_t zone = series_row(v->series, id)->instance;
		const char *name = series_instance(v->series, id);
		double left, low, total;
		if (strncmp(name, node, len) == 0 && name[len] == ' ' && view_gauge(v, id, &left) &&
			gauge(v, M_ZONE_LOW, zone, &low) && gauge(v, M_ZONE_TOTAL, zone, &total) &&
			left <= low && total * 4 >= of_node) /* a small zone (DMA) is always low */
			return true;
	}
	return false;
}

static bool is_reclaimed(const struct view *v, const char **ret)
{
	static const struct {
		enum metric m;
		const char *what;
	} signs[] = {{M_SWAP_OUT, "pages go to swap"},
		{M_RECLAIM_DIRECT, "tasks free pages themselves"},
		{M_ALLOC_STALLS, "tasks wait for free pages"}};
	for (size_t i = 0; i < COUNTOF(signs); i++)
		if (view_steps_growing(v, view_id(v, signs[i].m, 0, 0), 1) * 2 > v->n - 1) {
			*ret = signs[i].what;
			return true;
		}
	return false;
}

void rule_memory_node(struct view *v, struct verdicts *out)
{
	const char *sign;
	if (!is_reclaimed(v, &sign))
		return;
	for (uint32_t id = view_each(v, M_NODE_MEM_FREE, 0); id;
		id = view_each(v, M_NODE_MEM_FREE, id)) {
		const char *node = series_instance(v->series, id), *roomy = NULL;
		double left, total, room = 0, x, y;
		if (!view_gauge(v, id, &left) ||
			!gauge(v, M_NODE_MEM_TOTAL, series_row(v->series, id)->instance, &total) ||
			!is_low(v, node, total))
			continue;
		for (uint32_t o = view_each(v, M_NODE_MEM_FREE, 0); o;
			o = view_each(v, M_NODE_MEM_FREE, o))
			if (o != id && view_gauge(v, o, &x) &&
				gauge(v, M_NODE_MEM_TOTAL, series_row(v->series, o)->instance,
					&y) &&
				x >= ROOM * y && x > room) {
				room = x;
				roomy = series_instance(v->series, o);
			}
		struct verdict *f =
			roomy ? verdict_new(v, out, SEVERITY_CRITICAL, STATE_SATURATED, node)
			      : NULL;
		char a[32], b[32];
		if (!f)
			continue;
		f->used = total - left;
		f->limit = total;
		f->culprits[f->nculprits++] = (struct who){"config",
			say(v, "numactl or cpuset.mems, node %s", node), 0, -1,
			"binds somebody to the node; whom was not seen: grep Mems_allowed_list "
			"/proc/[0-9]*/status"};
		f->title = say(v, "Node %s is out of memory while node %s has %s free", node, roomy,
			text_bytes(a, room));
		verdict_evidence(f,
			say(v, "node %s has %s free, below its low mark; node %s %s", node,
				text_bytes(a, left), roomy, text_bytes(b, room)),
			M_NODE_MEM_FREE, left, -1,
			"grep -H MemFree /sys/devices/system/node/node*/meminfo");
		verdict_evidence(f, say(v, "%s", sign), -1, 1, -1,
			"grep -E 'pswpout|pgscan_direct|allocstall' /proc/vmstat");
		verdict_remedy(f, "Let the program that is bound to the node use the others too",
			NULL, "numactl --interleave=all, NUMAPolicy= of its unit, or cpuset.mems",
			true, "a restart of it", "some of its memory is farther away");
		verdict_remedy(f, "Give it less memory than the node has (buffers, heap)", NULL,
			NULL, true, "a smaller cache", "none");
	}
}

const struct rule_case rule_case_zfs_arc = {
	.mechanism =
		"ZFS keeps its cache (ARC) outside of the page cache, and what it holds does not "
		"count as available. When memory is short it has to shrink; where it cannot "
		"fast enough, ZFS holds writes back until there is memory again.",
	.threshold = "memory_throttle_count grew in the window: each is a write that was held back "
		     "for want of memory.",
	.false_alarms =
		"A large ARC: it is meant to take what nobody else wants. An ARC that shrinks "
		"while a program grows, and no write waits.",
	.confirm = "grep -E '^(size|c|c_min|c_max|memory_throttle_count|arc_no_grow) ' "
		   "/proc/spl/kstat/zfs/arcstats",
	.remedy =
		"Limit the ARC to what the programs leave (zfs_arc_max), or give them less memory.",
};

void rule_zfs_arc(struct view *v, struct verdicts *out)
{
	double held, size = 0, least = 0, memory = 0;
	uint32_t id = view_id(v, M_ARC_THROTTLES, NETNS_HOST, 0);
	char a[32], b[32];
	if (!view_delta(v, id, &held) || held <= 0)
		return;
	struct verdict *f = verdict_new(v, out, SEVERITY_WARNING, STATE_SATURATED, NULL);
	if (!f)
		return;
	(void)gauge(v, M_ARC_SIZE, 0, &size);
	(void)gauge(v, M_ARC_MIN, 0, &least);
	(void)gauge(v, M_MEM_TOTAL, 0, &memory);
	f->used = size;
	f->refused = held;
	f->since_ns = view_grew_at(v, id);
	if (size < LARGE * memory)
		f->nculprits = who_memory(v, f->culprits, WHO_MAX);
	if (!f->nculprits)
		f->culprits[f->nculprits++] =
			(struct who){"config", "zfs_arc_max", 0, memory > 0 ? size / memory : -1,
				say(v, "lets the cache have %s; below %s it does not shrink",
					text_bytes(a, size), text_bytes(b, least))};
	f->title = say(v,
		"ZFS held %.0f writes back: its cache cannot shrink as fast as memory is wanted",
		held);
	verdict_evidence(f, say(v, "%.0f writes were held back in %.0f s", held, v->seconds),
		M_ARC_THROTTLES, held, 0,
		"grep -E '^(size|c_min|c_max|memory_throttle_count) ' "
		"/proc/spl/kstat/zfs/arcstats");
	verdict_remedy(f, "Limit the cache to half of what it has",
		say(v, "echo %.0f > /sys/module/zfs/parameters/zfs_arc_max", size / 2),
		"/etc/modprobe.d/zfs.conf", false, "more reads go to the disks", "none");
}
