/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* arcstats: the cache of ZFS (module/zfs/arc.c), which the kernel does not count as cache: what it holds is neither in "Cached" nor in
 * MemAvailable. Lines are "name type data" behind two of heading. The ARC gives memory back down to c_min; `c` is what it aims at. A growing
 * memory_throttle_count means that writers were held back because memory was short; arc_no_grow is 1 while it may not grow. */
#include "collect/collect.h"

#include <errno.h>

int collect_arcstats(struct scan bytes, const struct out *o)
{
	static const struct keyed keys[] = {{"size", M_ARC_SIZE}, {"c", M_ARC_TARGET},
		{"c_min", M_ARC_MIN}, {"c_max", M_ARC_MAX}, {"hits", M_ARC_HITS},
		{"misses", M_ARC_MISSES}, {"memory_throttle_count", M_ARC_THROTTLES},
		{"evict_skip", M_ARC_EVICT_SKIP}, {"arc_no_grow", M_ARC_NO_GROW}};
	struct scan line, word;
	bool any = false;
	while (scan_line(&bytes, &line)) {
		uint64_t type, v;
		if (!scan_word(&line, &word) || !scan_u64(&line, &type) || !scan_u64(&line, &v))
			continue;
		for (size_t i = 0; i < COUNTOF(keys); i++)
			if (scan_is(word, keys[i].key)) {
				out_plain(o, keys[i].metric, v);
				any = true;
			}
	}
	return any ? 0 : -EBADMSG;
}
