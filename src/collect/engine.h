/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* engine: reads every source at its pace and fills a sample.
 *
 * One tick: files of the host, processes, filesystems, control groups; what only trouble makes
 * worth reading of them (blocked threads, bytes, open files); then files and sockets of each network
 * namespace, and again what only trouble makes worth reading (who owns a socket, which file
 * grows, who holds conntrack entries). What is dear is read on demand: the engine looks at the
 * sample it just made beside the one before and raises a demand only where something is near its
 * limit or waits, so a healthy host pays nothing for the detail. After the first ticks nothing on
 * this path allocates. */
#ifndef COLLECT_ENGINE_H
#define COLLECT_ENGINE_H

#include "catalogue/sample.h"
#include "read/reader.h"

struct engine;

enum engine_want {
	WANT_CONNS = 1,   /* dump all connections in this tick, whatever it costs */
	WANT_OWNERS = 2,  /* name the process of every listener */
	WANT_ALL_FDS = 4, /* count descriptors of every process anew */
	WANT_SLOW = 8,    /* also what is read only every few seconds */
	WANT_STATES = 16, /* entries of connection tracking, up to CT_STATES_MAX */
	WANT_OFTEN =
		32, /* a look of some seconds, not for months: more connections are counted each second */
};

int engine_open(struct reader *r, struct series_set *series, struct engine **ret);
void engine_close(struct engine *e);

/* Fills *out. prev is the sample before (NULL at the first tick): unchanged rows are taken over
 * from it. Returns 0, or -ENODATA when a recorded tree has no further moment. Sources that fail
 * become gaps of the sample, never an error. due_mono_ns: when this tick should have begun (0:
 * now). */
int engine_tick(struct engine *e, const struct sample *prev, struct sample *out, unsigned want,
	uint64_t due_mono_ns);

#endif
