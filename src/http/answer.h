/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* answer: what is said to a request, as bytes, and the arguments that it may have. */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "base/attr.h"
#include "show/series.h"
#include "store/view.h"

#include <jansson.h>
#include <stdio.h>

enum answer_status { /* those of HTTP */
	ANSWER_OK = 200,
	ANSWER_BAD_REQUEST = 400,
	ANSWER_NOT_FOUND = 404,
	ANSWER_UNPROCESSABLE = 422,
	ANSWER_INTERNAL_ERROR = 500,
	ANSWER_UNAVAILABLE = 503,
};

#define ANSWER_JSON "application/json"

struct answer {
	unsigned status;
	const char *type;
	char *text; /* allocated; NULL when memory was short */
	size_t size;
};

void answer_clear(struct answer *a);
/* Takes the document; NULL is memory that was short. */
void answer_json(struct answer *a, unsigned status, json_t *j);
/* {"status": "error", "errorType": "bad_data" ..., "error": "..."}, which clients of Prometheus understand, too. */
void answer_error(struct answer *a, unsigned status, const char *fmt, ...) PRINTF(3, 4);
void answer_no_memory(struct answer *a);
/* Text that a function writes to a stream; it answers 0 or -EIO. */
void answer_written(struct answer *a, const char *type, int (*write)(FILE *f, const struct view *v),
	const struct view *v);

enum param {
	PARAM_AT,
	PARAM_Q,
	PARAM_FROM,
	PARAM_TO,
	PARAM_STEP,
	PARAM_SORT,
	PARAM_LIMIT,
	/* as Prometheus has them */
	PARAM_QUERY,
	PARAM_TIME,
	PARAM_START,
	PARAM_END,
	PARAM_MATCH,
	PARAM_METRIC,
	PARAM_COUNT
};

enum { PARAM_SAME = 32, PARAM_PART = 128 };

/* One that may be given several times. */
struct param_list {
	const char *text[PARAM_SAME];
	size_t n;
};

/* The arguments behind the '?' or in a form. */
struct params {
	const char *text[PARAM_COUNT]; /* NULL where one was not given; the first of a name */
	struct param_list q, match;
	char part[PARAM_PART]; /* what stands in the path where the route has a '*' */
	bool too_many;
};

const char *param_name(enum param p);
/* Notes an argument; texts must outlive the params. A name that nobody knows is no error. */
void params_take(struct params *p, const char *name, const char *value);
/* "application/x-www-form-urlencoded": takes the form apart in place. */
void params_form(struct params *p, char *form);
/* The time that a parameter names, seen from now_ns; one that was not given leaves *at_ns as it is. -EINVAL: it is none, and that is answered. */
int param_time(const struct params *p, enum param which, uint64_t now_ns, struct answer *a,
	uint64_t *at_ns);
/* Why the store could not be read: a negative errno that nothing better is known of. */
void answer_unread(struct answer *a, int error);
/* A text that was written by hand; takes it. Answers 500 when memory was short. */
void answer_text(struct answer *a, struct show_text *t);

#endif
