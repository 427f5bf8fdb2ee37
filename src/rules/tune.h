/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* tune: what each limit could be. Of the same ledger that rules and people see: pure, view -> advice. It suggests a change only where work was
 * refused at the limit, or where what was used at most comes near it, and never more than the memory that is free carries. */
#ifndef RULES_TUNE_H
#define RULES_TUNE_H

#include "ledger/ledger.h"

enum tune_action {
	TUNE_KEEP,
	TUNE_RAISE,
	TUNE_LOWER,     /* more is set aside than is ever used */
	TUNE_NO_HIGHER, /* it is as high as it can be: the way out is another one */
	TUNE_NO_MEMORY, /* it is too low, and the memory for more is not there */
};

/* Of what time its high-water mark is. */
enum tune_mark {
	MARK_LOOK,     /* of this look alone */
	MARK_OWN,      /* kept by the kernel or the server itself, since it was made or began */
	MARK_RECORDED, /* of the whole recording */
};

enum { TUNE_LINES = 6 };

struct tuning {
	enum tune_action action;
	const char *name, *setting, *unit;
	unsigned netns;
	double used, limit, high, refused, refused_per_s; /* refused < 0: not counted */
	uint64_t high_at;                                 /* 0: not known when */
	bool high_hour; /* high_at is the begin of the hour in which it was */
	enum tune_mark mark;
	double value;          /* what it should be; the limit itself where it is kept */
	double cost;           /* bytes that the larger value may take besides; < 0: not known */
	const char *why;       /* one sentence */
	const char *cost_text; /* NULL: nothing to say */
	const char *danger;
	const char *now[TUNE_LINES]; /* commands; until reboot or restart */
	size_t nnow;
	const char *file; /* where it is made to last; "" when a command in now[] does it */
	const char *lines[TUNE_LINES];
	size_t nlines;
	const char *apply; /* what makes the file count, NULL */
};

/* The most and the least that a series had in a recording, in base units. Of CG_CPU_THROTTLED it is the share of the group's periods, in the hour in which that was
 * largest. */
struct tune_high {
	enum metric metric;
	const char *netns, *instance; /* "" for none */
	double high, low;
	uint64_t at_ns; /* begin of the hour in which it was, 0: not known */
};

struct tune_input {
	const struct tune_high *highs;
	size_t nhighs;
	unsigned
		peers; /* machines that share the load: when one fails, the others take over its part. 0 or 1: nobody */
	const char *only; /* glob over names and classes, or NULL */
};

/* Rows in the order: what is to be changed first, then what is kept. They live in the view's memory, as the ledger does. 0 or -ENOMEM. */
int tune_build(struct view *v, const struct ledger *l, const struct tune_input *in,
	struct tuning **ret, size_t *ret_n);
const char *tune_action_name(enum tune_action a);
const char *tune_mark_name(enum tune_mark m);
/* Is there a limit that can be set whose high-water mark is this metric? */
bool tune_wants_high(enum metric m);
/* Does this glob match any class that has a limit that can be set? */
bool tune_known(const char *only);

#endif
