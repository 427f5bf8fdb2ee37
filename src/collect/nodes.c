/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* NUMA nodes, zones and pools of huge pages: memory by where it lies.
 *
 * numastat (drivers/base/node.c) counts pages by where they were wanted and where they came from: a miss is a page given here because the
 * node that was wanted had none, a foreign one the same seen from that node. Where the task ran is another question: local and
 * other. None of it says how often memory is used, only where it was taken.
 *
 * meminfo of a node repeats lines of /proc/meminfo with "Node 0" before them. There is no "available" for a node; file cache (shared memory is
 * in it and taken off, as it cannot be dropped) is what can be had back. */
#include "collect/collect.h"

#include <errno.h>
#include <string.h>

struct keyed_instance {
	const char *key;
	enum metric metric;
};

int folder_node_numastat(struct scan bytes, const struct out *o, uint32_t node)
{
	static const struct keyed_instance keys[] = {{"numa_hit", M_NODE_HIT},
		{"numa_miss", M_NODE_MISS}, {"numa_foreign", M_NODE_FOREIGN},
		{"interleave_hit", M_NODE_INTERLEAVE}, {"local_node", M_NODE_LOCAL},
		{"other_node", M_NODE_OTHER}};
	struct scan line, word;
	bool any = false;
	while (scan_line(&bytes, &line)) {
		uint64_t v;
		if (!scan_word(&line, &word) || !scan_u64(&line, &v))
			continue;
		for (size_t i = 0; i < COUNTOF(keys); i++)
			if (scan_is(word, keys[i].key)) {
				out_value(o, keys[i].metric, node, v);
				any = true;
			}
	}
	return any ? 0 : -EBADMSG;
}

int folder_node_meminfo(struct scan bytes, const struct out *o, uint32_t node)
{
	static const struct keyed_instance keys[] = {{"MemTotal:", M_NODE_MEM_TOTAL},
		{"MemFree:", M_NODE_MEM_FREE}, {"MemUsed:", M_NODE_MEM_USED},
		{"HugePages_Total:", M_NODE_HUGE_TOTAL}, {"HugePages_Free:", M_NODE_HUGE_FREE}};
	struct scan line, word;
	uint64_t number, v, file = 0, shmem = 0;
	bool any = false, have_file = false;
	while (scan_line(&bytes, &line)) {
		if (!scan_word(&line, &word) || !scan_is(word, "Node") ||
			!scan_u64(&line, &number) || !scan_word(&line, &word) ||
			!scan_u64(&line, &v))
			continue;
		for (size_t i = 0; i < COUNTOF(keys); i++)
			if (scan_is(word, keys[i].key)) {
				out_value(o, keys[i].metric, node, v);
				any = true;
			}
		if (scan_is(word, "FilePages:")) {
			file = v;
			have_file = true;
		} else if (scan_is(word, "Shmem:")) {
			shmem = v;
		}
	}
	if (have_file)
		out_value(o, M_NODE_MEM_FILE, node, file > shmem ? file - shmem : 0);
	return any ? 0 : -EBADMSG;
}

static int pool(struct scan bytes, const struct out *o, uint32_t size, enum metric m)
{
	uint64_t v;
	if (!scan_u64(&bytes, &v))
		return -EBADMSG;
	if (v) /* most sizes that a processor knows are not used */
		out_value(o, m, size, v);
	return 0;
}

int folder_huge_total(struct scan bytes, const struct out *o, uint32_t size)
{
	return pool(bytes, o, size, M_POOL_TOTAL);
}

int folder_huge_free(struct scan bytes, const struct out *o, uint32_t size)
{
	return pool(bytes, o, size, M_POOL_FREE);
}

int folder_huge_reserved(struct scan bytes, const struct out *o, uint32_t size)
{
	return pool(bytes, o, size, M_POOL_RESERVED);
}

int folder_huge_surplus(struct scan bytes, const struct out *o, uint32_t size)
{
	return pool(bytes, o, size, M_POOL_SURPLUS);
}

/* ---- zones ---- */

struct zone {
	struct scan name;
	uint64_t node, free, min, low, total;
	unsigned have; /* a bit for each of the four */
};

enum { ZONE_FREE = 1, ZONE_MIN = 2, ZONE_LOW = 4, ZONE_TOTAL = 8 };

/* Zones without memory (Movable, DMA of a far node) are left out. */
static bool emit_zone(const struct out *o, const struct zone *z)
{
	char text[48];
	size_t n = 0, len = scan_len(z->name);
	const unsigned all = ZONE_FREE | ZONE_MIN | ZONE_LOW | ZONE_TOTAL;
	if (len == 0 || len > 16 || (z->have & all) != all || z->node > 9999)
		return false;
	if (z->total == 0)
		return true;
	for (uint64_t d = 1000; d; d /= 10)
		if (n || z->node / d || d == 1)
			text[n++] = (char)('0' + z->node / d % 10);
	text[n++] = ' ';
	memcpy(text + n, z->name.p, len);
	uint32_t zone = out_instance(o, scan_over(text, n + len));
	out_value(o, M_ZONE_FREE, zone, z->free);
	out_value(o, M_ZONE_MIN, zone, z->min);
	out_value(o, M_ZONE_LOW, zone, z->low);
	out_value(o, M_ZONE_TOTAL, zone, z->total);
	return true;
}

/* /proc/zoneinfo (mm/vmstat.c): for each zone its watermarks, then counters, then lists for each CPU (a megabyte of them on large
 * hosts). "managed" (since 3.9) is what the allocator has of "present". The instance is node and zone, "0 Normal". */
int collect_zoneinfo(struct scan bytes, const struct out *o)
{
	static const struct {
		const char *key;
		unsigned bit;
	} keys[] = {{"min", ZONE_MIN}, {"low", ZONE_LOW}, {"present", ZONE_TOTAL},
		{"managed", ZONE_TOTAL}};
	struct zone z = {0};
	struct scan line, word;
	bool any = false;
	while (scan_line(&bytes, &line)) {
		uint64_t v;
		if (!scan_word(&line, &word))
			continue;
		if (scan_is(word, "Node")) {
			any = emit_zone(o, &z) || any;
			z = (struct zone){0};
			if (!scan_u64(&line, &z.node) || !scan_skip(&line, ',') ||
				!scan_word(&line, &word) || !scan_is(word, "zone") ||
				!scan_word(&line, &z.name))
				z = (struct zone){0};
			continue;
		}
		if (scan_is(word, "pages") && scan_word(&line, &word) && scan_is(word, "free") &&
			scan_u64(&line, &v)) {
			z.free = v;
			z.have |= ZONE_FREE;
			continue;
		}
		for (size_t i = 0; i < COUNTOF(keys); i++) {
			if (!scan_is(word, keys[i].key) || !scan_u64(&line, &v))
				continue;
			*(keys[i].bit == ZONE_MIN         ? &z.min
				: keys[i].bit == ZONE_LOW ? &z.low
							  : &z.total) = v;
			z.have |= keys[i].bit;
		}
	}
	any = emit_zone(o, &z) || any;
	return any ? 0 : -EBADMSG;
}
