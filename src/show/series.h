/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* series: the result of a query as JSON, CSV and tables. A day of seconds is 86,400 numbers, so they
 * are written by hand into one growing text.
 *
 * JSON of the past, one document:
 *
 *     { "schema": 1, "at": TIME, "from": TIME, "to": TIME, "step_s": seconds | null,
 *       "series": [ { "metric", "labels": {}, "kind", "unit", "value", "rate",
 *                     "start": epoch seconds, "values": [ number | null ... ],
 *                     "times": [ epoch seconds ... ] } ] }
 *
 * kind is gauge, counter or share, unit the base unit of the metric. Of a counter the values are
 * growth per second, of anything else they are in the unit. value and rate are the newest as in the
 * answer about the present: of a counter its total (null where only steps were read, and behind any
 * function) and its rate, of anything else the value and null.
 *
 * Value i belongs to the moment start + i * step_s; with a step that is its begin. Samples are put on
 * such places when each lies within half a step of one of its own; what is missing is null. Samples
 * that do not fit are given with step_s null and their moments in "times", as many as "values". Times
 * are whole seconds, or have three decimals. Whole numbers have no decimals; levels are exact to 15
 * digits, what was computed is rounded to 9.
 *
 * CSV of the past: time,series,value; a value that is not known is no line.
 * The present: { "schema", "at", "series": [ { "metric", "labels", "kind", "unit", "value", "rate" } ] },
 * and series,value,rate,unit. */
#ifndef SHOW_SERIES_H
#define SHOW_SERIES_H

#include "query/result.h"
#include "show/show.h"

/* A growing text; begins as {0}, or with a stream to write to: then it is written whenever it is long,
 * and stays in the cache. Running out of memory is sticky: `failed`, and what follows is ignored. */
struct show_text {
	char *p; /* n bytes, no NUL */
	size_t n, size;
	FILE *to;
	bool failed;
};

void show_text_free(struct show_text *t);
/* Writes what is left to the stream and frees the text. -ENOMEM when some of it is missing; whether
 * the stream took it is for the caller to see. */
int show_text_end(struct show_text *t);
void show_text_add(struct show_text *t, const char *s);
void show_text_bytes(struct show_text *t, const char *s, size_t n);
/* With 15 significant digits; null when it is not finite. */
void show_text_number(struct show_text *t, double v);
/* Foreign bytes as a JSON string with its quotes. */
void show_text_json(struct show_text *t, const char *s);

void show_past_json(struct show_text *t, const struct result *r);
void show_past_csv(struct show_text *t, const struct result *r);
/* A row a series: first, min, avg, max, last, and on a terminal its course. 0 or -ENOMEM. */
int show_past_table(FILE *f, struct style st, const struct result *r);

/* Of a result with one step. */
void show_now_json(struct show_text *t, const struct result *r);
void show_now_csv(struct show_text *t, const struct result *r);
int show_now_table(FILE *f, struct style st, const struct result *r);

/* A value with its unit for people: "1.2 MiB/s", "12 %", "3.4 ms", "12.3k/s". Returns buf. */
char *show_series_amount(char buf[static 40], double v, const char *unit);
/* Blocks as high as the values, `columns` of them, the highest value of each column. Returns buf,
 * which has room for 3 bytes a column and a NUL. */
char *show_sparkline(char *buf, unsigned columns, const double *values, size_t n);
/* Does this terminal show more than ASCII? */
bool show_is_utf8(void);

#endif
