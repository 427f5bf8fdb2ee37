/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* meminfo, vmstat: memory, swap, and the signs of shortage.
 *
 * MemAvailable (since 3.14, mm/show_mem.c) is the kernel's own estimate of what new work can have
 * without swapping: free pages plus the cache that can be dropped. It is the right "how much is
 * left"; MemFree is not, because an idle machine fills its memory with cache. vmstat counts events
 * since boot (mm/vmstat.c); allocstall_ZONE is one counter for each zone and is added up here.
 * oom_kill (4.13) counts kills of the host and of cgroups alike. */
#include "collect/collect.h"

#include <errno.h>
#include <string.h>

int collect_meminfo(struct scan bytes, const struct out *o)
{
	static const struct keyed keys[] = {
		{"MemTotal", M_MEM_TOTAL},
		{"MemFree", M_MEM_FREE},
		{"MemAvailable", M_MEM_AVAILABLE},
		{"Buffers", M_MEM_BUFFERS},
		{"Cached", M_MEM_CACHED},
		{"AnonPages", M_MEM_ANON},
		{"Shmem", M_MEM_SHMEM},
		{"Dirty", M_MEM_DIRTY},
		{"Writeback", M_MEM_WRITEBACK},
		{"Slab", M_MEM_SLAB},
		{"SUnreclaim", M_MEM_SLAB_UNRECLAIM},
		{"PageTables", M_MEM_PAGETABLES},
		{"Committed_AS", M_MEM_COMMITTED},
		{"CommitLimit", M_MEM_COMMIT_LIMIT},
		{"SwapTotal", M_SWAP_TOTAL},
		{"SwapFree", M_SWAP_FREE},
		{"HugePages_Total", M_HUGEPAGES_TOTAL},
		{"HugePages_Free", M_HUGEPAGES_FREE},
		{"HugePages_Rsvd", M_HUGEPAGES_RESERVED},
		{"HugePages_Surp", M_HUGEPAGES_SURPLUS},
		{"Hugepagesize", M_HUGEPAGES_SIZE},
		{"KernelStack", M_MEM_KERNEL_STACKS},
		{"Percpu", M_MEM_PERCPU},
		{"Mlocked", M_MEM_MLOCKED},
		{"AnonHugePages", M_MEM_THP},
		{"HardwareCorrupted", M_MEM_CORRUPTED},
		{"VmallocUsed", M_VMALLOC_USED},
		{"VmallocTotal", M_VMALLOC_TOTAL},
	};
	return collect_keyed(bytes, o, keys, COUNTOF(keys)) ? 0 : -EBADMSG;
}

/* Counters that are one for each zone, now (allocstall) or on older kernels (the others, before 4.8): added up. Before 3.4 pgsteal told no
 * more than the zone, so who freed the pages is not known there. */
static void sum_of_zones(struct scan bytes, const struct out *o)
{
	static const struct {
		const char *prefix;
		enum metric metric;
	} sums[] = {{"allocstall", M_ALLOC_STALLS}, {"pgscan_kswapd_", M_RECLAIM_KSWAPD},
		{"pgscan_direct_", M_RECLAIM_DIRECT}, {"pgsteal_kswapd_", M_STEAL_KSWAPD},
		{"pgsteal_direct_", M_STEAL_DIRECT}};
	static const char *const zones[] = {
		"", "dma", "dma32", "normal", "high", "movable", "device"};
	uint64_t total[COUNTOF(sums)] = {0}, v;
	bool any[COUNTOF(sums)] = {false};
	struct scan line, word;
	while (scan_line(&bytes, &line)) {
		if (!scan_word(&line, &word) || scan_len(word) < 10 ||
			(word.p[0] != 'a' && word.p[0] != 'p') || !scan_u64(&line, &v))
			continue;
		for (size_t i = 0; i < COUNTOF(sums); i++) {
			if (!scan_starts(word, sums[i].prefix))
				continue;
			struct scan zone = {word.p + strlen(sums[i].prefix), word.end};
			(void)scan_skip(&zone, '_');
			for (size_t z = 0; z < COUNTOF(zones); z++)
				if (scan_is(zone, zones[z])) {
					total[i] += v;
					any[i] = true;
				}
		}
	}
	for (size_t i = 0; i < COUNTOF(sums); i++)
		if (any[i])
			out_plain(o, sums[i].metric, total[i]);
}

int collect_vmstat(struct scan bytes, const struct out *o)
{
	static const struct keyed keys[] = {
		{"pswpin", M_SWAP_IN}, {"pswpout", M_SWAP_OUT}, {"pgmajfault", M_FAULTS_MAJOR},
		{"pgfault", M_FAULTS}, {"pgscan_direct", M_RECLAIM_DIRECT},
		{"pgscan_kswapd", M_RECLAIM_KSWAPD}, {"pgsteal_direct", M_STEAL_DIRECT},
		{"pgsteal_kswapd", M_STEAL_KSWAPD}, {"oom_kill", M_OOM_KILLS},
		{"compact_stall", M_COMPACT_STALLS}, {"compact_fail", M_COMPACT_FAIL},
		{"compact_success", M_COMPACT_SUCCESS}, {"thp_fault_alloc", M_THP_ALLOC},
		{"thp_fault_fallback", M_THP_FALLBACK}, {"drop_pagecache", M_DROP_PAGECACHE},
		{"nr_dirty_threshold", M_MEM_DIRTY_LIMIT},
		{"nr_dirty_background_threshold", M_MEM_DIRTY_BACKGROUND},
		{"nr_dirtied", M_DIRTIED}, {"nr_written", M_WRITTEN},
		{"numa_hint_faults", M_NUMA_HINT_FAULTS},
		{"numa_hint_faults_local", M_NUMA_HINT_LOCAL},
		{"numa_pages_migrated", M_NUMA_MIGRATED},
		{"workingset_refault_anon", M_REFAULT_ANON},
		{"workingset_refault_file", M_REFAULT_FILE},
		{"workingset_refault", M_REFAULT_FILE}, /* one counter for both before 5.9 */
	};
	if (!collect_keyed(bytes, o, keys, COUNTOF(keys)))
		return -EBADMSG;
	sum_of_zones(bytes, o);
	return 0;
}
