/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What evaluate_past.c and evaluate_live.c share: which series an expression reads, and the way from
 * readings to a result. */
#ifndef QUERY_EVALUATE_IMPL_H
#define QUERY_EVALUATE_IMPL_H

#include "query/evaluate.h"
#include "query/points.h"

struct chosen {
	const struct history_series *s;
	bool of_whole; /* to be divided by what all CPUs could have used */
};

/* `n` are read, of which the first `shown` are asked for; the others are the whole of which some are a
 * part. */
struct plan {
	const struct expression *e;
	struct chosen *rows;
	size_t n, shown;
	bool need_whole;
	uint64_t *keys;
};

/* For history_select(), with the plan as context. */
bool evaluate_wants(void *plan, const struct history_series *s);
/* Of series that are wanted. -EINVAL with the reason, -ENOMEM. */
int evaluate_plan(struct plan *p, const struct history_series *all, size_t n,
	char why[static EXPRESSION_ERROR]);
/* Series without values. */
int evaluate_begin(struct result *r, const struct plan *p, const struct evaluate_span *span);
/* The functions across series. Frees the plan, and the result when it failed; returns the status. */
int evaluate_end(struct plan *p, struct result *r, int status, struct result *ret,
	char why[static EXPRESSION_ERROR]);

int evaluate_points_begin(
	struct points *pts, const struct plan *p, uint64_t from_ns, uint64_t to_ns);
/* Moves what was read into the result. */
int evaluate_points_end(struct points *pts, const struct plan *p, struct result *r);
/* Makes readings to steps by the function over time. */
int evaluate_reduce(struct result *r, const struct expression *e, const struct evaluate_span *span);

/* Of the past: how far before the span the first growth may begin; how many series to read at once; one row's steps as values, undivided; what a step
 * has of a series of which others are a part. */
#define EVALUATE_LEAD_NS (65 * UINT64_C(1000000000))
enum { EVALUATE_STEPS_AT_ONCE = 1 << 17 }; /* steps of history that stand in memory: 6 MiB */
size_t evaluate_at_once(const struct evaluate_span *span);
int evaluate_take_steps(struct result_series *to, const struct chosen *c, enum query_function over,
	const struct history_step *steps, size_t n);
double evaluate_whole_step(const struct chosen *c, const struct history_step *step);

/* The states of a CPU that together are all of its time, of all CPUs added up. */
bool evaluate_is_whole(const struct history_series *s);
/* Divides values (NULL: none) by what they are a part of. */
void evaluate_divide(double *values, const double *by, size_t n);

#endif
