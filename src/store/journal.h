/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* journal: the write side of the store. The one who samples hands over each sample and never waits; a
 * thread of its own writes it to the log each second, makes it safe every ten seconds, turns the log
 * into a segment at each full hour, and keeps the budget.
 *
 * What is promised: a sample handed over is in the file within a second or so (a killed recorder loses
 * no more than that), and on the disk within JOURNAL_SYNC_NS (a power cut loses no more). While the disk
 * is full, read-only or does not answer, samples wait in the queue's memory and are written when it
 * comes back; only when that runs full the oldest are lost, and counted. */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "store/frame.h"

enum {
	JOURNAL_QUEUE = 2 << 20,
	JOURNAL_LOG_MAX =
		64
		<< 20, /* a log is sealed before the hour when it grows beyond this, or an eighth of the
					budget */
};
#define JOURNAL_SYNC_NS UINT64_C(10000000000)

struct journal;

struct journal_settings {
	const char *dir;
	uint64_t budget; /* bytes of all files below dir */
	struct dict_origin origin;
	/* Tells of trouble with the disk and of its end, in one line each; from the writer's thread. */
	void (*say)(void *ctx, const char *line);
	void *ctx;
	bool by_hand; /* no thread: journal_work() does its work (simulations, tests) */
};

/* Makes the folders and takes the lock. 0 or -errno; -EWOULDBLOCK: another recorder has the store (*ret_pid tells
 * which, 0 if unknown). */
int journal_open(const struct journal_settings *settings, struct journal **ret, long *ret_pid);
/* Writes what waits, seals the log and lets go. When the disk does not answer within wait_ns it gives up: 0 or
 * -ETIMEDOUT (what waited is lost). */
int journal_close(struct journal *j, uint64_t wait_ns);

/* Hands over the next sample, with what happened at its time. Neither waits nor takes memory from the heap. */
void journal_put(struct journal *j, struct series_set *set, const struct sample *s,
	const struct event *events, size_t nevents);
/* The next sample comes with a new series set. */
void journal_restart(struct journal *j);

struct journal_state {
	uint64_t behind_bytes;   /* waits for the disk */
	uint64_t lost;           /* samples that made way */
	uint64_t stuck_since_ns; /* real time since when nothing could be written, 0: all is well */
	uint64_t used_bytes, budget_bytes;
	double lasts_s; /* how far the budget reaches back at the present rate, < 0: not known yet */
	bool locked;    /* the queue is locked in memory */
};
void journal_state(const struct journal *j, struct journal_state *ret);

/* One round of the writer's work (by_hand). */
void journal_work(struct journal *j);

#endif
