/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* points: raw readings of some series, as they come piece by piece, brought to base units (counters
 * and shares to growth per second) and put on one axis of time. */
#ifndef QUERY_POINTS_H
#define QUERY_POINTS_H

#include "store/history.h"

enum { POINTS_MAX = 1 << 25 }; /* of all series together: 256 MiB of values */

struct points_row {
	enum metric_kind kind;
	double scale;
	double *values;  /* in base units, NaN: not known */
	uint64_t *times; /* NULL while they are those of the first row */
	size_t n, room;
	uint64_t before, before_ns; /* the newest reading */
	bool have;
};

struct points {
	uint64_t from_ns, to_ns; /* readings before from_ns are only what growth begins at */
	struct points_row *rows;
	size_t nrows, total, max; /* values of all rows, and how many they may be (POINTS_MAX) */
};

/* Rows without kind and scale: the caller sets them. 0 or -ENOMEM. */
int points_init(struct points *p, size_t nrows, uint64_t from_ns, uint64_t to_ns);
void points_free(struct points *p);
/* Takes a piece of one row; fits history_read(). 0, -ENOMEM, or -E2BIG beyond max. */
int points_add(void *points, size_t row, const struct history_points *piece);
/* When all is there: every row gets a value (or NaN) at each of the *ret_n rising times, which are
 * the caller's to free. 0 or -ENOMEM. */
int points_align(struct points *p, uint64_t **ret_times, size_t *ret_n);
/* A raw value in base units: divides by whole numbers where it can, so that 57 hundredths are 0.57. */
double points_scaled(double raw, double scale);

#endif
