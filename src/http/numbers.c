/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/numbers.h"

#include "base/clock.h"
#include "base/num.h"
#include "http/prometheus.h"
#include "query/evaluate.h"
#include "show/series.h"

#include <errno.h>
#include <string.h>

enum {
	STEPS_MAX = 11000, /* of one series; what Prometheus grants too */
	SEVERAL_BYTES =
		4 << 20,      /* of the answers to several expressions: the next ones are refused */
	VALUES_MAX = 1 << 18, /* of all series of one expression */
};

static const uint64_t STEP_MIN_NS = 100000000;

/* Fills in what was said; -EINVAL when some of it is nonsense: then it is answered. */
static int read_span(const struct params *p, struct evaluate_span *span, struct answer *ret)
{
	uint64_t now = clock_real_ns();
	const char *from = p->text[PARAM_FROM], *to = p->text[PARAM_TO],
		   *step = p->text[PARAM_STEP];
	if (from && num_time(from, now, &span->from_ns) < 0)
		answer_no_time(ret, PARAM_FROM, from);
	else if (to && num_time(to, now, &span->to_ns) < 0)
		answer_no_time(ret, PARAM_TO, to);
	else if (from && to && span->from_ns >= span->to_ns)
		answer_error(ret, ANSWER_BAD_REQUEST, "from: is not before to");
	else if (step && (num_duration(step, &span->step_ns) < 0 || span->step_ns < STEP_MIN_NS))
		answer_error(ret, ANSWER_BAD_REQUEST,
			"step: '%s' is no duration of 100ms or more (5s, 1m, 1h30m)", step);
	else
		return 0;
	return -EINVAL;
}

static void answer_failed(struct answer *ret, int error, const char *why)
{
	if (error == -EINVAL)
		answer_error(ret, ANSWER_BAD_REQUEST, "q: %s", why);
	else if (error == -ENODATA)
		answer_error(ret, ANSWER_NOT_FOUND, "nothing was recorded in that time");
	else if (error == -E2BIG)
		answer_error(ret, ANSWER_BAD_REQUEST,
			"too many values at once; a longer step, a shorter span or fewer series "
			"are "
			"needed");
	else if (error == -ENOMEM)
		answer_no_memory(ret);
	else
		answer_error(ret, ANSWER_INTERNAL_ERROR, "reading the store: %s", strerror(-error));
}

static void answer_result(struct answer *ret, const struct expression *e, const struct result *r)
{
	struct show_text t = {0};
	if (!r->nseries && !selector_known(&e->selector)) {
		answer_error(ret, ANSWER_BAD_REQUEST, "q: '%s': no metric has such a name",
			e->selector.name);
		return;
	}
	show_past_json(&t, r);
	answer_text(ret, &t);
}

static void evaluate(
	struct window *w, const struct expression *e, struct evaluate_span span, struct answer *ret)
{
	struct result result = {0};
	char why[EXPRESSION_ERROR] = "";
	span.values_max = VALUES_MAX;
	int r = evaluate_span(w->history, e, &span);
	if (r == 0 && span.step_ns && (span.to_ns - span.from_ns) / span.step_ns > STEPS_MAX)
		r = -E2BIG;
	if (r == 0)
		r = evaluate_past(w->history, e, &span, &result, why);
	if (r < 0)
		answer_failed(ret, r, why);
	else
		answer_result(ret, e, &result);
	result_free(&result);
}

static void answer_one(
	struct window *w, const char *q, struct evaluate_span span, struct answer *ret)
{
	struct expression e;
	char why[EXPRESSION_ERROR] = "";
	int r = expression_parse(q, &e, why);
	if (r < 0) {
		answer_failed(ret, r, why);
		return;
	}
	evaluate(w, &e, span, ret);
	expression_free(&e);
}

/* Each as it would be alone, one after the other: an error of one is in its place. */
static void answer_several(
	struct window *w, const struct param_list *q, struct evaluate_span span, struct answer *ret)
{
	struct show_text t = {0};
	show_text_add(&t, "{\"results\":[");
	for (size_t i = 0; i < q->n; i++) {
		struct answer one;
		if (t.n > SEVERAL_BYTES)
			answer_failed(&one, -E2BIG, "");
		else
			answer_one(w, q->text[i], span, &one);
		show_text_add(&t, i ? ",\n" : "");
		show_text_bytes(&t, one.text, one.size);
		t.failed |= !one.text;
		answer_clear(&one);
	}
	show_text_add(&t, "]}");
	answer_text(ret, &t);
}

void answer_query(struct window *w, const struct params *p, struct answer *ret)
{
	struct evaluate_span span = {0};
	if (p->text[PARAM_QUERY])
		prometheus_query(w, p, ret);
	else if (!p->q.n)
		answer_error(ret, ANSWER_BAD_REQUEST,
			"q: a selector is missing, as cpu.* or net.rx.bytes{if=\"eth0\"}");
	else if (read_span(p, &span, ret) < 0)
		return;
	else if (p->q.n == 1)
		answer_one(w, p->q.text[0], span, ret);
	else
		answer_several(w, &p->q, span, ret);
}
