/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* evaluate: an expression over the recorded past, or over the samples of a look at the live machine.
 *
 * What a bare selector means: of a gauge its value, of a counter its growth per second, of a share
 * the part of time (cpu.* of all CPUs: the part of all their time). Over steps of time it is the
 * average of each step, with the smallest and largest value beside it. */
#ifndef QUERY_EVALUATE_H
#define QUERY_EVALUATE_H

#include "query/result.h"
#include "store/view.h"

/* 0 stands for "not said". */
struct evaluate_span {
	uint64_t from_ns, to_ns; /* to_ns is not in it any more */
	uint64_t step_ns;        /* 0: at the moments of the samples */
	size_t values_max; /* of all series together, beyond which it is too many; 0: POINTS_MAX */
};

/* Fills in what was not said: the end of the recording, five minutes before the end, and a step that
 * gives about 600 values where samples would be more than 3600 (with a function over time always, at
 * least 10 s). What was said is cut to what is recorded, and with a step begins at a multiple of it.
 * -ENODATA when nothing is recorded in the span. */
int evaluate_span(const struct history *h, const struct expression *e, struct evaluate_span *span);

/* Both: texts of the result belong to the source and to the expression; to be freed by
 * result_free(). -EINVAL with the reason when the expression does not fit what it selects, -E2BIG
 * when it would be too many values, other negative errno of the history, -ENOMEM. Nothing selected
 * is no error. */
/* A step of up to a second that is no longer than the time between samples gives the samples. */
int evaluate_past(struct history *h, const struct expression *e, const struct evaluate_span *span,
	struct result *ret, char why[static EXPRESSION_ERROR]);
/* Several expressions over one span, as evaluate_past() each, but what they read is read once. The caller fills in e and span (of all of them the same) and
 * frees each result whose status is 0. */
struct evaluate_one {
	const struct expression *e;
	struct evaluate_span span;
	struct result result;
	int status;
	char why[EXPRESSION_ERROR];
};
void evaluate_several(struct history *h, struct evaluate_one *all, size_t n);
/* One step: the window of the view. */
int evaluate_live(const struct view *v, const struct expression *e, struct result *ret,
	char why[static EXPRESSION_ERROR]);

#endif
