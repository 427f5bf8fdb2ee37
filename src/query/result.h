/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* result: what an expression gives: series of values on one axis of time, and the arithmetic on
 * them: over steps of time, and across series. Nothing here knows where the values came from. */
#ifndef QUERY_RESULT_H
#define QUERY_RESULT_H

#include "query/expression.h"

struct result_series {
	struct history_series id; /* label, instance, netns are "" where a function took them away;
				     texts belong to the source */
	const char *
		unit; /* "bytes", "seconds", "ratio" or ""; of counters the values are this a second */
	double *values;     /* result.n of them, NaN: not known */
	double *low, *high; /* smallest and largest inside each step; NULL where a value is
				     all there is */
	double total;       /* of a counter: its newest reading, NaN when not known */
	bool exact;         /* values as they were sampled, nothing computed */
};

struct result {
	uint64_t from_ns, to_ns;
	uint64_t step_ns;   /* 0: at the moments of the samples, which are times_ns */
	uint64_t *times_ns; /* n; begin of each step */
	size_t n;
	struct result_series *series;
	size_t nseries;
};

void result_free(struct result *r);
/* Room for n values of a series, all unknown; NULL when memory is short. */
double *result_values(size_t n);
/* Sets times_ns to n steps from from_ns. 0 or -ENOMEM. */
int result_steps(struct result *r, uint64_t from_ns, uint64_t step_ns, size_t n);

/* One number of n values; those that are not known are left out. NaN when none is known. Reorders
 * the values for QUERY_QUANTILE, which interpolates between the two nearest. */
double result_number(enum query_function f, double quantile, double *values, size_t n);
/* The same over steps of time: values at the sorted times become nsteps values in ret. `scratch` has
 * room for n values. */
struct result_window {
	const uint64_t *times_ns;
	size_t n;
	uint64_t from_ns, step_ns;
	size_t nsteps;
};
void result_over_steps(const struct result_window *w, enum query_function f, double quantile,
	const double *values, double *scratch, double *ret);

/* Series with equal labels of `by` become one. Series come sorted. One without an instance before
 * others of its metric with one is their sum (cpu.busy of all CPUs) and is left out. What comes of
 * several metrics is called `several`, which must outlive the result. -EINVAL with the reason when
 * units differ, -ENOMEM. */
int result_across(struct result *r, const struct expression_level *level, const char *several,
	char why[static EXPRESSION_ERROR]);

/* The usual distance of the times, rounded to 0.1 s below 1 s and to seconds above; 0 for fewer than
 * two. */
uint64_t result_interval(const uint64_t *times_ns, size_t n);
/* Base unit of the values for people: "bytes/s", "ratio", "/s", "". */
char *result_unit(char buf[static 24], const struct result_series *s);
/* "net.rx.bytes{if=\"eth0\"}" for people: foreign text made printable. Returns buf. */
char *result_name(char *buf, size_t size, const struct history_series *s);

#endif
