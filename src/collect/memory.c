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
	};
	return collect_keyed(bytes, o, keys, COUNTOF(keys)) ? 0 : -EBADMSG;
}

int collect_vmstat(struct scan bytes, const struct out *o)
{
	static const struct keyed keys[] = {
		{"pswpin", M_SWAP_IN}, {"pswpout", M_SWAP_OUT}, {"pgmajfault", M_FAULTS_MAJOR},
		{"pgscan_direct", M_RECLAIM_DIRECT}, {"pgscan_kswapd", M_RECLAIM_KSWAPD},
		{"oom_kill", M_OOM_KILLS}, {"compact_stall", M_COMPACT_STALLS},
		{"workingset_refault_anon", M_REFAULT_ANON},
		{"workingset_refault_file", M_REFAULT_FILE},
		{"workingset_refault", M_REFAULT_FILE}, /* one counter for both before 5.9 */
	};
	if (!collect_keyed(bytes, o, keys, COUNTOF(keys)))
		return -EBADMSG;
	struct scan line, word;
	uint64_t stalls = 0, v;
	bool any = false;
	while (scan_line(&bytes, &line)) {
		if (!scan_word(&line, &word) || !scan_starts(word, "allocstall") ||
			!scan_u64(&line, &v))
			continue;
		stalls += v;
		any = true;
	}
	if (any)
		out_plain(o, M_ALLOC_STALLS, stalls);
	return 0;
}
