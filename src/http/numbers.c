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
	if (param_time(p, PARAM_FROM, now, ret, &span->from_ns) < 0 ||
		param_time(p, PARAM_TO, now, ret, &span->to_ns) < 0)
		return -EINVAL;
	if (from && to && span->from_ns >= span->to_ns)
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
	else
		answer_unread(ret, error);
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

static void answer_evaluated(struct answer *ret, struct evaluate_one *one)
{
	if (one->status < 0)
		answer_failed(ret, one->status, one->why);
	else
		answer_result(ret, one->e, &one->result);
	if (one->status == 0)
		result_free(&one->result);
}

static bool has_too_many_steps(struct window *w, const struct evaluate_one *one)
{
	struct evaluate_span span = one->span;
	return evaluate_span(w->history, one->e, &span) == 0 && span.step_ns &&
	       (span.to_ns - span.from_ns) / span.step_ns > STEPS_MAX;
}

/* Expressions that parse; `bad` has the status and why of the others. */
struct several {
	struct expression e[PARAM_SAME];
	struct evaluate_one one[PARAM_SAME];
	struct evaluate_one bad[PARAM_SAME];
	size_t place[PARAM_SAME]; /* of each that parses: which it was */
	size_t n;
};

static void take(
	struct window *w, struct several *s, size_t i, const char *q, struct evaluate_span span)
{
	struct evaluate_one *one = &s->one[s->n], *bad = &s->bad[i];
	struct expression *e = &s->e[s->n];
	bad->status = expression_parse(q, e, bad->why);
	if (bad->status < 0)
		return;
	one->e = e;
	one->span = span;
	one->span.values_max = VALUES_MAX;
	if (has_too_many_steps(w, one)) {
		bad->status = -E2BIG;
		expression_free(e);
		return;
	}
	s->place[s->n++] = i;
}

/* Each as it would be alone, one after the other: an error of one is in its place. */
static void write_answers(struct answer answers[], size_t n, struct answer *ret)
{
	struct show_text t = {0};
	show_text_add(&t, "{\"results\":[");
	for (size_t i = 0; i < n; i++) {
		show_text_add(&t, i ? ",\n" : "");
		show_text_bytes(&t, answers[i].text ? answers[i].text : "", answers[i].size);
		t.failed |= !answers[i].text;
		answer_clear(&answers[i]);
	}
	show_text_add(&t, "]}");
	answer_text(ret, &t);
}

static void answer_several(
	struct window *w, const struct param_list *q, struct evaluate_span span, struct answer *ret)
{
	struct answer answers[PARAM_SAME] = {0};
	struct several *s = calloc(1, sizeof *s);
	size_t bytes = 0;
	if (!s) {
		answer_no_memory(ret);
		return;
	}
	for (size_t i = 0; i < q->n; i++) {
		take(w, s, i, q->text[i], span);
		if (s->bad[i].status < 0)
			answer_failed(&answers[i], s->bad[i].status, s->bad[i].why);
	}
	evaluate_several(w->history, s->one, s->n);
	for (size_t i = 0; i < s->n; i++) {
		struct answer *one = &answers[s->place[i]];
		if (bytes > SEVERAL_BYTES && s->one[i].status == 0) {
			result_free(&s->one[i].result);
			s->one[i].status = -E2BIG;
		}
		answer_evaluated(one, &s->one[i]);
		bytes += one->size;
		expression_free(&s->e[i]);
	}
	if (q->n == 1)
		*ret = answers[0];
	else
		write_answers(answers, q->n, ret);
	free(s);
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
	else
		answer_several(w, &p->q, span, ret);
}
