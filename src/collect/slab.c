/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* slabinfo: the kernel's object caches (mm/slab_common.c, version 2.1; root alone may read it).
 * Columns: name, active objects, objects with memory, object size, then tunables. Merged caches
 * appear under one name; "active" of SLUB is an approximation. Reading walks every slab and costs
 * hundreds of microseconds, hence every ten seconds. */
#include "collect/collect.h"

#include <errno.h>

int collect_slabinfo(struct scan bytes, const struct out *o)
{
	struct scan line, name;
	bool any = false;
	while (scan_line(&bytes, &line)) {
		uint64_t active, objects, size;
		if (!scan_word(&line, &name) || *name.p == '#' || !scan_u64(&line, &active) ||
			!scan_u64(&line, &objects) || !scan_u64(&line, &size))
			continue;
		uint32_t cache = out_instance(o, name);
		out_value(o, M_SLAB_ACTIVE, cache, active);
		out_value(o, M_SLAB_OBJECTS, cache, objects);
		out_value(o, M_SLAB_OBJSIZE, cache, size);
		any = true;
	}
	return any ? 0 : -EBADMSG;
}
