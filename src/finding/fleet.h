/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* fleet: what the recordings of several machines say together, and no one of them alone.
 *
 * - Who failed at the same uptime? A machine that went down 49.7 days after its boot is a machine that went down; three of them, on
 *   different days, are a counter that wrapped, or a defect with a date. Machines that went down at the same moment are not: that was the power.
 * - If one of them is gone, can the others take its load? For what follows the load: the high-water mark of a machine, and its part of the
 *   high-water mark of the one that is gone, against the machine's limit. */
#ifndef FINDING_FLEET_H
#define FINDING_FLEET_H

#include "catalogue/catalogue.h"
#include "store/history.h"

enum { FLEET_HOSTS = 64, FLEET_HOST_NAME = 256 };

/* From one boot to the next, or to the end of the recording. */
struct fleet_boot {
	uint64_t boot_ns, last_ns; /* when it booted, and its last sample: since 1970 */
	bool ended;                /* another boot followed */
};

/* What a resource of a machine had at its most. */
struct fleet_high {
	char *name, *netns; /* class or class:instance; "" for the host's own namespace */
	enum resource resource;
	double high, limit;
	uint64_t at_ns; /* end of the window in which it had that */
};

struct fleet_host {
	char name[FLEET_HOST_NAME]; /* foreign text */
	const char *path;
	uint64_t from_ns, to_ns;  /* of its recordings, as far as they were looked at */
	struct fleet_boot *boots; /* oldest first */
	size_t nboots;
	struct fleet_high *highs;
	size_t nhighs;
};

/* Reads what of a recording lies between the two times into *host, high-water marks of the last span_ns of it; once for each of its recordings, if there
 * are several. 0, -ENODATA, or what
 * history_next() says. */
int fleet_read(struct history *h, uint64_t from_ns, uint64_t to_ns, uint64_t span_ns,
	struct fleet_host *host);
void fleet_free(struct fleet_host *host);

/* Seconds from the boot to the last sample. */
double fleet_uptime(const struct fleet_boot *b);

/* ---- the same uptime ---- */

struct fleet_end {
	size_t host, boot;
};

struct fleet_same {
	struct fleet_end ends[FLEET_HOSTS]; /* of different machines, the shortest uptime first */
	size_t nends;
	double shortest_s, longest_s;
	const char *counter; /* what wraps after about that time, NULL */
	bool scheduled;      /* about a whole number of days: rather somebody's timetable */
	struct fleet_end
		next[FLEET_HOSTS]; /* machines that have not come to it yet: their last boot */
	size_t nnext;
};

/* Sets of machines that went down at one uptime, at different times. At most max are filled; returns how many, none when memory is short. */
size_t fleet_same_uptime(
	const struct fleet_host *hosts, size_t n, struct fleet_same *ret, size_t max);

/* ---- one machine less ---- */

struct fleet_short {
	size_t gone, on;                    /* without `gone`, `on` is short */
	const struct fleet_high *own, *its; /* its: of the one that is gone */
	double need;
};

struct fleet_spare {
	struct fleet_short *rows; /* the shortest first; freed by the caller */
	size_t count;
	size_t compared; /* pairs of a resource and a machine that is gone */
	bool holds
		[FLEET_HOSTS]; /* without this one the others can take its load, as far as is known */
	const struct fleet_short
		*closest; /* the one with least room; NULL when nothing was compared */
	struct fleet_short closest_row;
};

/* Does a resource follow the load, as connections do, and files on a disk do not? */
bool fleet_follows_load(enum resource r);
/* 0 or -ENOMEM. */
int fleet_without(const struct fleet_host *hosts, size_t n, struct fleet_spare *ret);

#endif
