/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* series: which numbers exist. A series is a metric, an instance of its label (a device, a mount, a
 * cgroup) and a network namespace; it gets a small id when first seen and keeps it, so that a
 * sample is an array of values indexed by series. */
#ifndef CATALOGUE_SERIES_H
#define CATALOGUE_SERIES_H

#include "base/intern.h"
#include "catalogue/catalogue.h"

enum {
	SERIES_MAX = 1 << 16, /* beyond this, new series are counted as lost */
	SERIES_NONE = 0,      /* ids start at 1 */
	NETNS_MAX = 1024,
	NETNS_HOST = 0,
};

struct series {
	uint16_t metric;
	uint16_t netns;    /* index into namespaces, NETNS_HOST for the host and for what has no
			      namespace */
	uint32_t instance; /* interned, 0 for none */
	uint32_t next;     /* next series of the same metric, in order of appearance */
};

struct netns {
	uint64_t inode;
	uint32_t name; /* interned: the name in /run/netns, or the inode as text */
};

struct series_set {
	struct intern names;
	struct arena rows; /* struct series, by id */
	uint32_t count;    /* ids 1..count exist */
	uint32_t first[METRIC_COUNT], last[METRIC_COUNT];
	uint32_t *
		slots; /* hash of (metric, netns, instance) -> id; grows in reserved address space */
	uint32_t nslots;
	uint64_t lost;
	struct netns netns[NETNS_MAX];
	unsigned netns_count; /* at least 1: the host */
};

int series_init(struct series_set *s);
void series_destroy(struct series_set *s);

/* Finds or makes a series; SERIES_NONE when there is no room. */
uint32_t series_id(struct series_set *s, enum metric m, unsigned netns, uint32_t instance);
/* Only finds. */
uint32_t series_find(const struct series_set *s, enum metric m, unsigned netns, uint32_t instance);
const struct series *series_row(const struct series_set *s, uint32_t id);
const char *series_instance(const struct series_set *s, uint32_t id);
const char *series_netns_name(const struct series_set *s, unsigned netns);
/* Index of the namespace with this inode, made when new; -1 when there is no room. */
int series_netns(struct series_set *s, uint64_t inode, const char *name);

/* More than half of a ceiling is used: whoever runs on and on begins anew with an empty set, since nothing is ever
 * forgotten and one day something would find no place. */
bool series_worn_out(const struct series_set *s);

/* Sorts ids in place as people expect them: by metric as the catalogue has them, namespace, instance ("10" behind
 * "9"). No heap. */
void series_sort(const struct series_set *s, uint32_t *ids, size_t n);

#endif
