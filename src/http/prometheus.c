/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/prometheus.h"

#include "base/clock.h"
#include "base/num.h"
#include "query/promql_evaluate.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum {
	STEPS_MAX = 11000,      /* what Prometheus grants */
	ANSWER_BYTES = 4 << 20, /* of an answer */
};

static const uint64_t STEP_MIN_NS = 1000000;

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

static void add_point(struct show_text *t, uint64_t at_ns, double v)
{
	char text[40];
	uint64_t ms = at_ns / 1000000;
	int n = snprintf(text, sizeof text, "[%llu", (unsigned long long)(ms / 1000));
	if (ms % 1000)
		(void)snprintf(text + n, sizeof text - (size_t)n, ".%03u", (unsigned)(ms % 1000));
	show_text_add(t, text);
	show_text_add(t, ",");
	add_value(t, v);
	show_text_add(t, "]");
}

static void add_id(struct show_text *t, const struct promql_id *id)
{
	char name[PROMETHEUS_NAME];
	show_text_add(t, "{");
	if (id->named) {
		show_text_add(t, "\"__name__\":");
		show_text_json(t, metric_prometheus_name(name, id->metric));
	}
	for (unsigned i = 0; i < id->n; i++) {
		show_text_add(t, i || id->named ? "," : "");
		show_text_json(t, id->l[i].name);
		show_text_add(t, ":");
		show_text_json(t, id->l[i].value);
	}
	show_text_add(t, "}");
}

static const char success[] = "{\"status\":\"success\",\"data\":";

/* ---- queries ---- */

static void answer_failed(struct answer *ret, int error, const char *param, const char *why)
{
	if (error == -EINVAL)
		answer_error(ret, ANSWER_BAD_REQUEST, "%s: %s", param, why);
	else if (error == -E2BIG)
		answer_error(ret, ANSWER_UNPROCESSABLE,
			"too many values at once: fewer series, a shorter span, or steps and "
			"ranges "
			"of "
			"whole minutes are needed");
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
		if (isnan(row->values[k]))
			continue;
		show_text_add(t, any ? "," : "");
		add_point(t, span->start_ns + k * span->step_ns, row->values[k]);
		any = true;
	}
	show_text_add(t, matrix ? "]}" : "}");
}

static bool has_values(const struct promql_row *row, size_t steps)
{
	for (size_t k = 0; k < steps; k++)
		if (!isnan(row->values[k]))
			return true;
	return false;
}

static void write_result(struct answer *ret, const struct promql_value *v,
	const struct promql_span *span, bool matrix)
{
	struct show_text t = {0};
	bool any = false;
	show_text_add(&t, success);
	if (v->scalar && !matrix) {
		show_text_add(&t, "{\"resultType\":\"scalar\",\"result\":");
		add_point(&t, span->start_ns, v->rows[0].values[0]);
		show_text_add(&t, "}}");
		answer_text(ret, &t);
		return;
	}
	show_text_add(&t, matrix ? "{\"resultType\":\"matrix\",\"result\":["
				 : "{\"resultType\":\"vector\",\"result\":[");
	for (size_t i = 0; i < v->n && t.n <= ANSWER_BYTES; i++) {
		if (!has_values(&v->rows[i], v->steps))
			continue;
		show_text_add(&t, any ? "," : "");
		write_row(&t, &v->rows[i], v->steps, span, matrix);
		any = true;
	}
	show_text_add(&t, "]}}");
	if (t.n > ANSWER_BYTES) {
		show_text_free(&t);
		answer_failed(ret, -E2BIG, "", "");
	} else {
		answer_text(ret, &t);
	}
}

static void evaluate(struct window *w, const char *text, const struct promql_span *span,
	bool matrix, struct answer *ret)
{
	struct promql *q = malloc(sizeof *q);
	struct promql_value v = {0};
	char why[EXPRESSION_ERROR] = "";
	int r = q ? promql_parse(text, q, why) : -ENOMEM;
	bool parsed = r == 0;
	if (r == 0)
		r = promql_evaluate(w->history, q, span, &v, why);
	if (r < 0)
		answer_failed(ret, r, "query", why);
	else
		write_result(ret, &v, span, matrix);
	promql_value_free(&v);
	if (parsed)
		promql_free(q);
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
	uint64_t now = clock_real_ns();
	struct promql_span span = {now, 1, 1};
	if (missing(p, PARAM_QUERY, ret) == 0 &&
		param_time(p, PARAM_TIME, now, ret, &span.start_ns) == 0)
		evaluate(w, p->text[PARAM_QUERY], &span, false, ret);
}

void prometheus_query_range(struct window *w, const struct params *p, struct answer *ret)
{
	struct promql_span span = {0};
	uint64_t end, now = clock_real_ns();
	const char *step = p->text[PARAM_STEP];
	if (missing(p, PARAM_QUERY, ret) < 0 || missing(p, PARAM_START, ret) < 0 ||
		missing(p, PARAM_END, ret) < 0 || missing(p, PARAM_STEP, ret) < 0 ||
		param_time(p, PARAM_START, now, ret, &span.start_ns) < 0 ||
		param_time(p, PARAM_END, now, ret, &end) < 0)
		return;
	if (end < span.start_ns) {
		answer_error(ret, ANSWER_BAD_REQUEST, "end: is before start");
	} else if (num_duration(step, &span.step_ns) < 0 || span.step_ns < STEP_MIN_NS) {
		answer_error(ret, ANSWER_BAD_REQUEST,
			"step: '%s' is no duration of 1ms or more (15, 15s, 1m)", step);
	} else if ((end - span.start_ns) / span.step_ns >= STEPS_MAX) {
		answer_error(ret, ANSWER_BAD_REQUEST,
			"step: more than 11,000 moments; a longer step or a shorter span is "
			"needed");
	} else {
		span.steps = (size_t)((end - span.start_ns) / span.step_ns) + 1;
		evaluate(w, p->text[PARAM_QUERY], &span, true, ret);
	}
}
