/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* cpu: who waits for a processor, for the rules on processor time. */
#ifndef RULES_CPU_H
#define RULES_CPU_H

#include "rules/verdict.h"

/* Of the machine, or of one CPU: below it a newcomer finds no free time. */
#define CPU_IDLE_FULL 0.05

struct cpu_waits {
	enum {
		CPU_NOT_KNOWN,    /* `missing` says what for */
		CPU_FREE,         /* there is idle time */
		CPU_NOBODY_WAITS, /* all is taken, and nobody suffers but who takes it */
		CPU_OTHERS_WAIT,
	} state;
	const char *missing;
	double idle, cpus; /* idle: share of the machine, iowait included */
	struct who culprits[WHO_MAX];
	size_t nculprits;
	const struct usage *taker; /* the first culprit's process */
	const struct program *top; /* and program; NULL when it is a job known by its children */
	const struct program *victims[VERDICT_VICTIMS];
	size_t nvictims;
	double waited; /* seconds that the victims waited in each second */
	bool serves;   /* the first culprit is a server that itself waits */
	bool gross;    /* who waits loses most of its time by it */
};

/* Who starts processes that live below a second. */
struct cpu_forker {
	int32_t pid;              /* 0: gone itself; then the name is that of its children */
	const char *name, *child; /* child: the name with most CPU time */
	double cpu_s, count, child_s;
};

/* Fills `best`, by the CPU time that their children used, and returns how many; *ret_cpu_s and *ret_count are of all. None where no probes run. */
size_t cpu_short_lived(struct view *v, struct cpu_forker best[static WHO_MAX], double *ret_cpu_s,
	double *ret_count);
/* The same as a culprit; all_s: CPU seconds that the machine had. */
struct who cpu_forker_who(struct view *v, const struct cpu_forker *k, double all_s);

/* Fills *ret; pointers are into the view. */
void cpu_waits(struct view *v, struct cpu_waits *ret);
/* A finding that others wait; one that settles first where that is not gross. NULL: there is no room. */
struct verdict *cpu_verdict(
	struct view *v, struct verdicts *out, const struct cpu_waits *w, const char *instance);
/* What helps against work of the kernel's own threads. */
void cpu_kernel_remedy(struct verdict *f);
/* Tells the victims to a finding. */
void cpu_victims(struct view *v, const struct cpu_waits *w, struct verdict *f);
/* For one full processor: of those that use most, puts first the one that waits while the victims run; leaves all as it is where nobody does. */
void cpu_sharer_first(const struct view *v, struct who *list, size_t n);
/* A program that works, does not yield, and waited for a CPU for a tenth of the time and as long as it ran. */
bool cpu_suffers(const struct view *v, const struct program *g);

/* Parts of one job: one descends from the other, the same process group, or a parent or grandparent in common that does not start strangers. */
bool cpu_same_job(const struct usage *a, const struct usage *b);
/* Is it a part of what this process, or another one of its program, does? */
bool cpu_is_part_of(const struct view *v, const struct usage *u, const struct usage *of);

#endif
