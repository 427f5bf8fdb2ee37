/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What was usual at this hour, beside what is now; and for rules whose condition is a rate without a limit of its own, the question whether it is
 * out of the usual at all. A view without a baseline changes nothing. */
#include "base/text.h"
#include "finding/finding.h"
#include "store/baseline.h"

#include <string.h>

static const struct usual_rule rate_rules[] = {
#define BASELINE(m)
#define EACH                      false
#define WHOLE                     true
#define RATE_RULE(rule, m, which) {rule, M_##m, which},
#include "catalogue/baselines.def"
#undef BASELINE
#undef RATE_RULE
#undef EACH
#undef WHOLE
};

static const char *amount(struct view *v, double x, enum metric m)
{
	char b[32];
	const char *unit = metric_base_unit(m);
	if (strcmp(unit, "bytes") == 0)
		return say(v, "%s", text_bytes(b, x));
	return x >= 10000 || x == (double)(long)x ? say(v, "%.0f", x) : say(v, "%.3g", x);
}

/* The value as the baseline has it: a level, or a rate. */
static bool present(const struct view *v, uint32_t id, enum metric m, double *ret)
{
	return metric_info(m)->kind == METRIC_GAUGE ? view_gauge(v, id, ret)
						    : view_rate(v, id, ret);
}

/* The series that a finding speaks of: of its namespace, and of its instance where the metric has one by that name. */
static const struct baseline_row *row_of(
	struct view *v, const struct verdict *f, enum metric m, uint32_t *ret_id)
{
	const char *instance = strchr(f->resource, ':'),
		   *netns = f->netns ? series_netns_name(v->series, f->netns) : "";
	instance = instance ? instance + 1 : "";
	*ret_id = 0;
	for (uint32_t id = view_each(v, m, 0); id; id = view_each(v, m, id)) {
		const char *own = series_instance(v->series, id);
		bool same = series_row(v->series, id)->netns == f->netns &&
			    (strcmp(own, instance) == 0 || !*own);
		if (same &&
			(!*ret_id ||
				*own)) /* the one with the instance is meant, where there is one */
			*ret_id = id;
	}
	return *ret_id ? baseline_find(v->baseline, v->now_ns, m, netns,
				 series_instance(v->series, *ret_id))
		       : NULL;
}

static enum metric metric_named(const char *name)
{
	for (unsigned m = 0; m < METRIC_COUNT; m++)
		if (strcmp(metric_info((enum metric)m)->name, name) == 0)
			return (enum metric)m;
	return METRIC_COUNT;
}

static void say_usual(struct view *v, struct verdict *f, enum metric m,
	const struct baseline_row *row, double now)
{
	const char *each = metric_info(m)->kind == METRIC_GAUGE ? "" : "/s";
	verdict_evidence(f,
		say(v, "%s: usual at this hour %s to %s%s (%u days), now %s%s",
			metric_info(m)->name, amount(v, row->low, m), amount(v, row->high, m), each,
			row->days, amount(v, now, m), each),
		(int)m, now, row->high, NULL);
}

static void tell(struct view *v, struct verdict *f)
{
	size_t n = f->nevidence;
	enum metric told[VERDICT_EVIDENCE];
	size_t ntold = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t id;
		double now;
		enum metric m =
			f->evidence[i].metric ? metric_named(f->evidence[i].metric) : METRIC_COUNT;
		const struct baseline_row *row = m != METRIC_COUNT ? row_of(v, f, m, &id) : NULL;
		bool again = false;
		for (size_t k = 0; k < ntold; k++)
			again |= told[k] == m;
		if (!row || again || !present(v, id, m, &now))
			continue;
		told[ntold++] = m;
		say_usual(v, f, m, row, now);
	}
}

/* Nothing that is refused now, and nobody killed: only a rate. */
static bool only_a_rate(const struct verdict *f)
{
	return f->refused <= 0 && f->state != STATE_EXHAUSTED && f->state != STATE_NOTE;
}

static void quieten(struct view *v, struct verdict *f, const struct usual_rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t id;
		double now;
		if (strcmp(rules[i].rule, rule_info(f->rule)->name) != 0 || !only_a_rate(f) ||
			(rules[i].whole && strchr(f->resource, ':')))
			continue;
		const struct baseline_row *row = row_of(v, f, rules[i].metric, &id);
		/* What does not move at all is not what the finding rests on. */
		if (!row || !present(v, id, rules[i].metric, &now) || now <= 0 || now > row->high)
			continue;
		say_usual(v, f, rules[i].metric, row, now);
		f->state = STATE_NOTE;
		f->severity = SEVERITY_NOTICE;
		f->title = say(v, "%s (as usual at this hour)", f->title);
		return;
	}
}

void findings_usual_by(struct view *v, struct verdict *rows, size_t n,
	const struct usual_rule *rules, size_t nrules)
{
	for (size_t i = 0; v->baseline && i < n; i++) {
		quieten(v, &rows[i], rules, nrules);
		if (rows[i].state != STATE_NOTE)
			tell(v, &rows[i]);
	}
}

void findings_usual(struct view *v, struct verdict *rows, size_t n)
{
	findings_usual_by(v, rows, n, rate_rules, COUNTOF(rate_rules));
}
