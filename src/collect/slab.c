/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* slabinfo: the kernel's object caches (mm/slab_common.c, version 2.1; root alone may read it).
 * Columns: name, active objects, objects with memory, object size, objects and pages in a slab, then tunables of the old allocator (no
 * limits: a cache has none), then active slabs and slabs. Merged caches appear under one name; "active" of SLUB is an approximation. Caches
 * without any memory are left out. Reading walks every slab and costs hundreds of microseconds, hence every ten seconds. */
#include "collect/collect.h"

#include <errno.h>

/* ": tunables 0 0 0 : slabdata ACTIVE SLABS SHARED" */
static bool slab_count(struct scan line, uint64_t *ret)
{
	struct scan word;
	uint64_t active;
	while (scan_word(&line, &word))
		if (scan_is(word, "slabdata"))
			return scan_u64(&line, &active) && scan_u64(&line, ret);
	return false;
}

int collect_slabinfo(struct scan bytes, const struct out *o)
{
	struct scan line, name;
	bool any = false;
	while (scan_line(&bytes, &line)) {
		uint64_t active, objects, size, per_slab, pages, slabs;
		if (!scan_word(&line, &name) || *name.p == '#' || !scan_u64(&line, &active) ||
			!scan_u64(&line, &objects) || !scan_u64(&line, &size))
			continue;
		any = true;
		if (objects == 0)
			continue;
		uint32_t cache = out_instance(o, name);
		out_value(o, M_SLAB_ACTIVE, cache, active);
		out_value(o, M_SLAB_OBJECTS, cache, objects);
		out_value(o, M_SLAB_OBJSIZE, cache, size);
		if (!scan_u64(&line, &per_slab) || !scan_u64(&line, &pages) ||
			!slab_count(line, &slabs) || __builtin_mul_overflow(pages, slabs, &pages))
			continue;
		out_value(o, M_SLAB_SLABS, cache, slabs);
		out_value(o, M_SLAB_PAGES, cache, pages);
	}
	return any ? 0 : -EBADMSG;
}
