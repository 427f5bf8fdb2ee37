/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/prometheus.h"

#include "base/clock.h"
#include "base/num.h"
#include "query/promql_history.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum {
	STEPS_MAX = 11000,      /* what Prometheus grants */
	ANSWER_BYTES = 4 << 20, /* of an answer */
};

static const uint64_t MS_NS = 1000000;

/* ---- values ---- */

/* As few digits as give the same number back; text, since JSON has no infinity. */
static void add_value(struct show_text *t, double v)
{
	char text[40];
	int digits = 15;
	if (isnan(v))
		(void)snprintf(text, sizeof text, "NaN");
	else if (isinf(v))
		(void)snprintf(text, sizeof text, v < 0 ? "-Inf" : "+Inf");
	else if (v == floor(v) && fabs(v) < 0x1p53)
		(void)snprintf(text, sizeof text, "%.0f", v);
	else
		do
			(void)snprintf(text, sizeof text, "%.*g", digits, v);
		while (strtod(text, NULL) != v && ++digits <= 17);
	show_text_add(t, "\"");
	show_text_add(t, text);
	show_text_add(t, "\"");
}

static void add_point(struct show_text *t, int64_t at_ms, double v)
{
	char text[40];
	int n = snprintf(text, sizeof text, "[%lld", (long long)(at_ms / 1000));
	if (at_ms % 1000)
		(void)snprintf(text + n, sizeof text - (size_t)n, ".%03d", (int)(at_ms % 1000));
	show_text_add(t, text);
	show_text_add(t, ",");
	add_value(t, v);
	show_text_add(t, "]");
}

static void add_id(struct show_text *t, const struct promql_id *id)
{
	show_text_add(t, "{");
	for (unsigned i = 0; i < id->n; i++) {
		show_text_add(t, i ? "," : "");
		show_text_json(t, id->l[i].name);
		show_text_add(t, ":");
		show_text_json(t, id->l[i].value);
	}
	show_text_add(t, "}");
}

static const char success[] = "{\"status\":\"success\",\"data\":";

/* ---- queries ---- */

static void answer_failed(struct answer *ret, int error, const char *why)
{
	if (error == -EINVAL)
		answer_error(ret, ANSWER_UNPROCESSABLE, "query: %s", why);
	else if (error == -E2BIG)
		answer_error(ret, ANSWER_UNPROCESSABLE,
			"query: too many values at once: fewer series, a shorter span, or longer "
			"steps and ranges are needed");
	else
		answer_unread(ret, error);
}

static void write_row(struct show_text *t, const struct promql_row *row, size_t steps,
	const struct promql_span *span, bool matrix)
{
	bool any = false;
	show_text_add(t, "{\"metric\":");
	add_id(t, &row->id);
	show_text_add(t, matrix ? ",\"values\":[" : ",\"value\":");
	for (size_t k = 0; k < steps; k++) {
		if (!promql_is_there(row->values[k]))
			continue;
		show_text_add(t, any ? "," : "");
		add_point(t, span->start_ms + (int64_t)k * span->step_ms, row->values[k]);
		any = true;
	}
	show_text_add(t, matrix ? "]}" : "}");
}

static void write_samples(struct show_text *t, const struct promql_samples *s)
{
	show_text_add(t, "{\"metric\":");
	add_id(t, &s->id);
	show_text_add(t, ",\"values\":[");
	for (size_t k = 0; k < s->n; k++) {
		show_text_add(t, k ? "," : "");
		add_point(t, s->times_ms[k], s->values[k]);
	}
	show_text_add(t, "]}");
}

static void write_value(struct show_text *t, const struct promql_value *v,
	const struct promql_span *span, bool matrix)
{
	for (size_t i = 0; i < v->n && t->n <= ANSWER_BYTES; i++) {
		show_text_add(t, i ? "," : "");
		write_row(t, &v->rows[i], v->steps, span, matrix);
	}
}

static void write_series(struct show_text *t, const struct promql_series *s)
{
	bool any = false;
	for (size_t i = 0; i < s->n && t->n <= ANSWER_BYTES; i++) {
		if (!s->all[i].n)
			continue;
		show_text_add(t, any ? "," : "");
		write_samples(t, &s->all[i]);
		any = true;
	}
}

static void write_result(struct answer *ret, const struct promql_result *r,
	const struct promql_span *span, bool matrix)
{
	struct show_text t = {0};
	show_text_add(&t, success);
	if (r->type == PROMQL_TEXT_TYPE) {
		char at[48];
		(void)snprintf(at, sizeof at, "[%lld.%03d,", (long long)(span->start_ms / 1000),
			(int)(span->start_ms % 1000));
		show_text_add(&t, "{\"resultType\":\"string\",\"result\":");
		show_text_add(&t, at);
		show_text_json(&t, r->text);
		show_text_add(&t, "]}}");
	} else if (r->type == PROMQL_SCALAR_TYPE && !matrix) {
		show_text_add(&t, "{\"resultType\":\"scalar\",\"result\":");
		add_point(&t, span->start_ms, r->value.rows[0].values[0]);
		show_text_add(&t, "}}");
	} else {
		show_text_add(&t, matrix || r->type == PROMQL_MATRIX_TYPE
					  ? "{\"resultType\":\"matrix\",\"result\":["
					  : "{\"resultType\":\"vector\",\"result\":[");
		if (r->type == PROMQL_MATRIX_TYPE)
			write_series(&t, &r->series);
		else
			write_value(&t, &r->value, span, matrix);
		show_text_add(&t, "]}}");
	}
	if (t.n > ANSWER_BYTES) {
		show_text_free(&t);
		answer_failed(ret, -E2BIG, "");
	} else {
		answer_text(ret, &t);
	}
}

/* -EINVAL: answered. */
static int parse(const char *text, bool matrix, struct promql *ret, struct answer *answer)
{
	char why[EXPRESSION_ERROR] = "";
	int r = promql_parse(text, ret, why);
	if (r == -ENOMEM) {
		answer_no_memory(answer);
	} else if (r < 0) {
		answer_error(answer, ANSWER_BAD_REQUEST, "query: %s", why);
	} else if (matrix && ret->root->type > PROMQL_VECTOR_TYPE) {
		promql_free(ret);
		answer_error(answer, ANSWER_BAD_REQUEST,
			"query: over a span of time numbers and series can be asked for, no "
			"texts and no ranges");
		r = -EINVAL;
	}
	return r < 0 ? -EINVAL : 0;
}

static void evaluate(struct window *w, const char *text, const struct promql_span *span,
	bool matrix, struct answer *ret)
{
	struct promql *q = malloc(sizeof *q);
	struct promql_result result;
	struct promql_history p;
	struct promql_source source = promql_history_source(&p, w->history);
	char why[EXPRESSION_ERROR] = "";
	if (!q) {
		answer_no_memory(ret);
		return;
	}
	if (parse(text, matrix, q, ret) == 0) {
		int r = promql_evaluate(&source, q, span, &result, why);
		if (r < 0)
			answer_failed(ret, r, why);
		else
			write_result(ret, &result, span, matrix);
		promql_result_free(&result);
		promql_history_free(&p);
		promql_free(q);
	}
	free(q);
}

/* -EINVAL: answered. */
static int missing(const struct params *p, enum param which, struct answer *ret)
{
	if (p->text[which] && *p->text[which])
		return 0;
	answer_error(ret, ANSWER_BAD_REQUEST, "%s: is missing", param_name(which));
	return -EINVAL;
}

void prometheus_query(struct window *w, const struct params *p, struct answer *ret)
{
	uint64_t now = clock_real_ns(), at = now;
	if (missing(p, PARAM_QUERY, ret) < 0 || param_time(p, PARAM_TIME, now, ret, &at) < 0)
		return;
	const struct promql_span span = {(int64_t)(at / MS_NS), 1, 1};
	evaluate(w, p->text[PARAM_QUERY], &span, false, ret);
}

void prometheus_query_range(struct window *w, const struct params *p, struct answer *ret)
{
	uint64_t start, end, step_ns, now = clock_real_ns();
	const char *step = p->text[PARAM_STEP];
	if (missing(p, PARAM_QUERY, ret) < 0 || missing(p, PARAM_START, ret) < 0 ||
		missing(p, PARAM_END, ret) < 0 || missing(p, PARAM_STEP, ret) < 0 ||
		param_time(p, PARAM_START, now, ret, &start) < 0 ||
		param_time(p, PARAM_END, now, ret, &end) < 0)
		return;
	if (end < start) {
		answer_error(ret, ANSWER_BAD_REQUEST, "end: is before start");
	} else if (num_duration(step, &step_ns) < 0 || step_ns < MS_NS) {
		answer_error(ret, ANSWER_BAD_REQUEST,
			"step: '%s' is no duration of 1ms or more (15, 15s, 1m)", step);
	} else if ((end - start) / step_ns >= STEPS_MAX) {
		answer_error(ret, ANSWER_BAD_REQUEST,
			"step: more than 11,000 moments; a longer step or a shorter span is "
			"needed");
	} else {
		struct promql_span span = {(int64_t)(start / MS_NS), (int64_t)(step_ns / MS_NS), 0};
		int64_t until = (int64_t)(end / MS_NS) - span.start_ms;
		span.steps = (size_t)(until / span.step_ms) + 1;
		evaluate(w, p->text[PARAM_QUERY], &span, true, ret);
	}
}
