/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* synthetic: a machine that does not exist, for tests of the store: its processes come and go, its
 * series grow, fall, vanish and return, its names hold odd bytes. And digests of samples that do not
 * depend on how a series set numbers its names, so that what comes out of a file can be compared with
 * what went in. */
#ifndef UNIT_SYNTHETIC_H
#define UNIT_SYNTHETIC_H

#include "catalogue/tables.h"

struct synth_size {
	unsigned procs, births; /* processes; how many of them are new each tick */
	unsigned series, conns;
	unsigned others; /* rows of each of the other tables, about */
	bool extreme;    /* some series jump between the ends of what 64 bits hold */
};

struct synth {
	struct series_set set;
	struct sample s; /* of this tick */
	struct synth_size size;
	uint64_t rng, real_us, mono_us, tick;
	int32_t next_pid;
	struct proc *procs; /* nprocs of them, sorted by pid */
	unsigned nprocs;
	uint64_t *values; /* by number of the series */
	uint8_t *present;
};

uint64_t synth_random(struct synth *h);
static inline unsigned synth_below(struct synth *h, unsigned n)
{
	return n ? (unsigned)(synth_random(h) >> 33) % n : 0;
}

void synth_init(struct synth *h, struct synth_size size, uint64_t seed, uint64_t real_us);
void synth_destroy(struct synth *h);
/* A new series set, as a recorder takes that was started anew. */
void synth_renew(struct synth *h);
/* The next sample, `step_us` after the last one by both clocks. */
void synth_tick(struct synth *h, uint64_t step_us);

/* Series k of the machine, as it is named. */
enum metric synth_metric(unsigned k);
unsigned synth_netns(unsigned k); /* index at the machine */
void synth_instance(char buf[static 128], unsigned k);
#define SYNTH_NETNS_INODE(i) (UINT64_C(4026531840) + (i)*7)

struct digest {
	uint64_t values, tables[TABLE_COUNT], rest;
};
struct digest sample_digest(const struct series_set *set, const struct sample *s);
bool digest_equal(const struct digest *a, const struct digest *b);
/* The parts that differ, in words. */
const char *digest_difference(const struct digest *a, const struct digest *b);

#endif
