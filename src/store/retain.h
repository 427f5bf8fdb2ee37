/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* retain: how much of the past is kept. A budget of bytes over all files of the store comes first, age
 * second; what goes is always a whole file, the oldest seconds first, then minutes, then hours. A log that
 * could not be sealed is seconds, too; the newest log is the one that is written. */
#ifndef STORE_RETAIN_H
#define STORE_RETAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RETAIN_RAW_DAYS = 30, RETAIN_MINUTE_DAYS = 183, RETAIN_HOUR_DAYS = 5 * 365 };

struct store_file {
	char name[64];    /* below the store's folder: raw/..., m1/..., h1/..., log/... */
	uint64_t bytes;   /* that it takes of the disk */
	uint64_t begin_s; /* what its name says of its time, 0: nothing */
	uint64_t
		since_s; /* as old it is for retention: when it began; of a log that is not written to, when it last was; 0: it stays */
};

struct store_files {
	struct store_file *rows; /* by name */
	size_t count;
	uint64_t bytes;
};

/* 0 or -errno. */
int store_files_list(int dir, struct store_files *ret);
void store_files_free(struct store_files *f);

/* Removes what is too old or too much. now_s: newest time of the recording. `needed`: bytes that are to be free below
 * the budget. Returns how many files went. */
size_t retain(int dir, uint64_t budget, uint64_t needed, uint64_t now_s, uint64_t *ret_used);
/* How long the budget lasts at the rate of the last day, seconds; < 0: not known. */
double retain_lasts(int dir, uint64_t budget, uint64_t now_s);

#endif
