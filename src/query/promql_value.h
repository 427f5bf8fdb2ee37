/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* promql_value: what an expression of PromQL gives: series on one axis of time, or one number at each moment. Not a number is a value there, so that
 * "nothing here" has bits of its own (promql_is_there()). */
#ifndef QUERY_PROMQL_VALUE_H
#define QUERY_PROMQL_VALUE_H

#include "query/promql.h"

#include <stdint.h>

enum {
	PROMQL_LABELS = 12,      /* of one series */
	PROMQL_VALUES = 1 << 18, /* of one set of series: 2 MiB */
	PROMQL_TEXTS = 1 << 20,  /* bytes that one query may make */
};

/* Texts that an evaluation makes; they live until promql_texts_free(). */
struct promql_texts {
	struct promql_chunk *first;
	size_t bytes;
};

/* A copy, or NULL beyond PROMQL_TEXTS. */
const char *promql_text(struct promql_texts *t, const char *text, size_t n);
void promql_texts_free(struct promql_texts *t);

/* Who a series is, the name with it as __name__. Sorted by name; no value is "". Texts belong to the source or to the texts of the evaluation. */
struct promql_id {
	unsigned n;
	struct promql_label {
		const char *name, *value;
	} l[PROMQL_LABELS];
};

int promql_id_compare(const struct promql_id *a, const struct promql_id *b);
/* "" where it has none. */
const char *promql_id_label(const struct promql_id *id, const char *name);
/* Sets, replaces, or (with "") takes away. -E2BIG beyond PROMQL_LABELS. */
int promql_id_set(struct promql_id *id, const char *name, const char *value);
void promql_id_drop_name(struct promql_id *id);
/* Those that `by` names, or all but those and the name. */
struct promql_id promql_id_reduced(const struct promql_id *id, const struct promql_labels *by);

struct promql_row {
	struct promql_id id;
	double *values; /* steps of them */
};

struct promql_value {
	bool scalar; /* one row without labels */
	bool sorted; /* rows come in an order that was asked for */
	size_t n, room, steps;
	struct promql_row *rows;
	uint32_t *slots; /* row + 1 by the hash of its labels, for promql_value_of() */
	size_t nslots;
};

extern const double promql_nothing;
bool promql_is_there(double v);

void promql_value_init(struct promql_value *v, size_t steps);
void promql_value_free(struct promql_value *v);
/* A row more, all of it nothing: *ret_row is its index. -ENOMEM, -E2BIG. */
int promql_value_add(struct promql_value *v, const struct promql_id *id, size_t *ret_row);
/* The row with these labels, added if there is none. Only of values whose rows all came so. */
int promql_value_of(struct promql_value *v, const struct promql_id *id, size_t *ret_row);
/* Drops rows without values. */
void promql_value_compact(struct promql_value *v);
/* Rows by their labels. */
void promql_value_sort(struct promql_value *v);
/* Makes one of rows with the same labels. -EINVAL when two of them have a value at one moment. */
int promql_value_merge(struct promql_value *v);

/* Series by moments of their own: what a selector with a range gives. */
struct promql_samples {
	struct promql_id id;
	int64_t *times_ms; /* rising */
	double *values;
	size_t n, room;
	bool made; /* of steps of the recording, each at its end: a counter begins at 0, and what lies on the begin of a range is before it */
	bool counter;
};

struct promql_series {
	struct promql_samples *all;
	size_t n, room;
	size_t total; /* samples of all */
	int64_t *
		clock_ms; /* NULL, or when there was a sample of any series: one that is not in the newest has ended */
	size_t n_clock;
};

enum { PROMQL_SAMPLES = 1 << 19 }; /* of one selector: 8 MiB */

void promql_series_free(struct promql_series *s);
/* Leaves it without samples. */
void promql_samples_free(struct promql_samples *s);
int promql_series_add(
	struct promql_series *s, const struct promql_id *id, struct promql_samples **ret);
/* -ENOMEM, -E2BIG beyond PROMQL_SAMPLES. */
int promql_samples_add(
	struct promql_series *of, struct promql_samples *s, int64_t time_ms, double value);

#endif
