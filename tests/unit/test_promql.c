/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The subset of PromQL: what is parsed and refused, and the arithmetic on numbers and on series that are made here. What selectors read is tested
 * against a recording in tests/http/api. */
#include "query/promql_evaluate.h"
#include "test.h"

#include <errno.h>
#include <stdlib.h>

static struct promql q;
static char why[EXPRESSION_ERROR];

static void refused(const char *text, const char *begins)
{
	CHECK_INT(promql_parse(text, &q, why), -EINVAL);
	TEST_RESULT(strncmp(why, begins, strlen(begins)) == 0, "'%s': \"%s\", expected \"%s...\"",
		text, why, begins);
	TEST_RESULT(strchr(why, '\n') == NULL, "'%s': more than one line", text);
}

static void refusals(void)
{
	refused("", "at 1: an expression is expected");
	refused("cpu{", "at 5: a label is expected");
	refused("cpu{if=~\"(\"}", "at 9: a regular expression is expected");
	refused("cpu{if=\"a}", "at 11: '\"' is expected at the end of a value");
	refused("{}", "at 1: a selector needs a name or a condition");
	refused("rate(cpu)", "at 1: rate() takes a selector with a range");
	refused("rate(sum(cpu))", "at 1: rate() takes a selector with a range");
	refused("sum(cpu[5m])", "at 5: sum() takes no range");
	refused("cpu[5m] + 1", "at 9: '+' takes no selector with a range");
	refused("cpu[5m:1m]", "at 7: subqueries are not known here");
	refused("cpu[5x]", "at 5: a duration is expected");
	refused("cpu[99999999999999999999y]", "at 5: a duration is expected");
	refused("cpu @ 5", "at 5: @ is not known here");
	refused("a * on(if) group_left b", "at 12: group_left is not known here");
	refused("histogram_quantile(0.9, x)", "at 1: histogram_quantile(): no such function here");
	refused("label_replace(x)", "at 1: label_replace(): no such function here");
	refused("1 +", "at 4: an expression is expected");
	refused("(1", "at 3: ')' is expected");
	refused("1 1", "at 3: the end is expected");
	refused("\"text\"", "at 1: texts are not known here");
	refused("((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))",
		"at 25: the expression is nested");
	refused("1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1",
		"at 65: the expression is too long");
	refused("a+b+c+d+e+f+g+h+i", "at 17: more than 8 selectors");
	CHECK_INT(promql_parse_selector("cpu + 1", &q, why), -EINVAL);
	CHECK_INT(promql_parse_selector("cpu[5m]", &q, why), -EINVAL);
}

static void parsed(void)
{
	CHECK_INT(promql_parse(
			  "sum by (if, netns) (rate(plimsoll_net_rx_bytes_total{if!~\"lo|veth.*\", "
			  "netns=\"\"}[1h30m] offset 2d)) # why",
			  &q, why),
		0);
	CHECK_INT(q.root->kind, PROMQL_AGGREGATE);
	CHECK_INT(q.root->labels->n, 2);
	CHECK(!q.root->labels->except);
	const struct promql_node *s = q.root->args[0]->args[0];
	CHECK_INT(s->range_ns, UINT64_C(5400000000000));
	CHECK_INT(s->offset_ns, UINT64_C(172800000000000));
	CHECK_STR(q.selectors[0].name, "plimsoll_net_rx_bytes_total");
	CHECK_INT(q.selectors[0].n, 2);
	CHECK_INT(q.selectors[0].matchers[0].kind, MATCHER_NOT_REGEX);
	promql_free(&q);
	CHECK_INT(promql_parse("topk(3, cpu.busy) without (cpu)", &q, why), 0);
	CHECK(q.root->labels->except);
	promql_free(&q);
	CHECK_INT(promql_parse_selector("{__name__='a\\n', x=`\\d`}", &q, why), 0);
	CHECK_STR(q.selectors[0].matchers[0].value, "a\n");
	CHECK_STR(q.selectors[0].matchers[1].value, "\\d");
	promql_free(&q);
}

/* Exact where our own selectors have wildcards, and by either name. */
static void selected(void)
{
	const struct history_series eth0 = {
		1, "net.rx.bytes", "if", "eth0", "", METRIC_COUNTER, M_NET_RX_BYTES};
	static const struct {
		const char *text;
		bool fits;
	} rows[] = {{"net.rx.bytes", true}, {"plimsoll_net_rx_bytes_total", true},
		{"plimsoll_net_rx_bytes", false}, {"{__name__=~\"plimsoll_net_.*\"}", true},
		{"{__name__!=\"plimsoll_net_rx_bytes_total\"}", false},
		{"net.rx.bytes{if=\"eth*\"}", false}, {"net.rx.bytes{if=\"eth0\",job=\"\"}", true},
		{"net.rx.bytes{job=\"x\"}", false}, {"{if=\"eth0\"}", true},
		{"net.rx.bytes{netns!=\"\"}", false}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_INT(promql_parse_selector(rows[i].text, &q, why), 0);
		TEST_RESULT(selector_matches(&q.selectors[0], &eth0) == rows[i].fits, "%s",
			rows[i].text);
		promql_free(&q);
	}
}

/* Of an expression that reads nothing. */
static double number(const char *text)
{
	const struct promql_span span = {UINT64_C(7000000000), 1, 1};
	struct promql_value v = {0};
	double x = NAN;
	int r = promql_parse(text, &q, why);
	TEST_RESULT(r == 0, "%s: %s", text, why);
	if (r < 0)
		return x;
	r = promql_evaluate(NULL, &q, &span, &v, why);
	TEST_RESULT(r == 0, "%s: %d %s", text, r, why);
	if (r == 0 && v.n)
		x = v.rows[0].values[0];
	promql_value_free(&v);
	promql_free(&q);
	return x;
}

static void numbers(void)
{
	CHECK_NEAR(number("1+1"), 2, 0);
	CHECK_NEAR(number("2 + 3 * 4 ^ 2"), 50, 0);
	CHECK_NEAR(number("-2 ^ 2"), -4, 0);
	CHECK_NEAR(number("2 ^ 3 ^ 2"), 512, 0);
	CHECK_NEAR(number("-3 * -2 - -1"), 7, 0);
	CHECK_NEAR(number("10 - 4 - 3"), 3, 0);
	CHECK_NEAR(number("7 % 4 / 2"), 1.5, 0);
	CHECK_NEAR(number("(1 + 2) * 3e2"), 900, 0);
	CHECK_NEAR(number("1 == bool 1"), 1, 0);
	CHECK_NEAR(number("2 < bool 1"), 0, 0);
	CHECK_NEAR(number("time()"), 7, 0);
	CHECK_NEAR(number("clamp_max(vector(5), 3) + floor(vector(2.5))"), 5, 0);
	CHECK_NEAR(number("scalar(vector(4)) * 2"), 8, 0);
	CHECK_NEAR(number("sum(vector(4))"), 4, 0);
	CHECK_NEAR(number("vector(4) > 3"), 4, 0);
	CHECK(isnan(number("vector(4) > 5")));
	CHECK_NEAR(number("vector(4) or vector(5)"), 4, 0);
	CHECK(isinf(number("1 / 0")));
	const struct promql_span span = {1, 1, 1};
	struct promql_value v;
	CHECK_INT(promql_parse("1 == 1", &q, why), 0);
	CHECK_INT(promql_evaluate(NULL, &q, &span, &v, why), -EINVAL);
	promql_free(&q);
	CHECK_INT(promql_parse("sum(1)", &q, why), 0);
	CHECK_INT(promql_evaluate(NULL, &q, &span, &v, why), -EINVAL);
	promql_free(&q);
}

/* Three rows of two steps: cpu 0, cpu 1, and disk vda. */
static struct promql_value made(double base)
{
	struct promql_value v;
	static const struct {
		enum metric metric;
		const char *name, *value;
	} rows[] = {
		{M_CPU_BUSY, "cpu", "0"}, {M_CPU_BUSY, "cpu", "1"}, {M_DISK_BUSY, "dev", "vda"}};
	CHECK_INT(promql_value_init(&v, 3, 2), 0);
	for (size_t i = 0; i < 3; i++) {
		v.rows[i].id = (struct promql_id){.named = true,
			.metric = rows[i].metric,
			.n = 1,
			.l = {{rows[i].name, rows[i].value}}};
		v.rows[i].values[0] = base + (double)i;
		v.rows[i].values[1] = 10 * (base + (double)i);
	}
	return v;
}

static void between(enum promql_operator op, bool as_bool, struct promql_value *ret)
{
	const struct promql_node n = {.kind = PROMQL_BINARY, .op = op, .as_bool = as_bool};
	struct promql_value left = made(1), right = made(2);
	right.rows[0].values[1] = NAN;
	right.n = 2; /* no disk */
	CHECK_INT(promql_binary(&n, &left, &right, ret, why), 0);
}

static void series(void)
{
	struct promql_value v, of = made(1);
	between(PROMQL_PLUS, false, &v);
	CHECK_INT(v.n, 2);
	CHECK_NEAR(v.rows[0].values[0], 3, 0);
	CHECK(isnan(v.rows[0].values[1]));
	CHECK_NEAR(v.rows[1].values[1], 50, 0);
	CHECK(!v.rows[0].id.named);
	promql_value_free(&v);
	between(PROMQL_LESS, false, &v);
	CHECK_INT(v.n, 2);
	CHECK(v.rows[0].id.named);
	CHECK_NEAR(v.rows[0].values[0], 1, 0);
	promql_value_free(&v);
	between(PROMQL_MORE, true, &v);
	CHECK_NEAR(v.rows[1].values[0], 0, 0);
	promql_value_free(&v);
	between(PROMQL_UNLESS, false, &v);
	CHECK_INT(v.n, 3);
	CHECK(isnan(v.rows[0].values[0]));
	CHECK_NEAR(v.rows[0].values[1], 10, 0);
	CHECK_NEAR(v.rows[2].values[0], 3, 0);
	promql_value_free(&v);
	between(PROMQL_AND, false, &v);
	CHECK_NEAR(v.rows[0].values[0], 1, 0);
	CHECK(isnan(v.rows[2].values[0]));
	promql_value_free(&v);

	struct promql_labels by = {.label = {"dev"}, .n = 1};
	struct promql_node sum = {.kind = PROMQL_AGGREGATE, .function = PROMQL_SUM, .labels = &by};
	CHECK_INT(promql_aggregate(&sum, &of, NULL, &v), 0);
	CHECK_INT(v.n, 2);
	CHECK_STR(promql_id_label(&v.rows[0].id, "dev"), "");
	CHECK_NEAR(v.rows[0].values[0], 3, 0);
	CHECK_STR(promql_id_label(&v.rows[1].id, "dev"), "vda");
	promql_value_free(&v);

	/* One side twice: on() leaves nothing to tell them apart by. */
	struct promql_labels on = {.n = 0};
	const struct promql_node times = {
		.kind = PROMQL_BINARY, .op = PROMQL_TIMES, .labels = &on, .at = 5};
	struct promql_value left = made(1), right = made(1);
	CHECK_INT(promql_binary(&times, &left, &right, &v, why), -EINVAL);
	CHECK(strncmp(why, "at 5: several series", 20) == 0);

	struct promql_value k, best = made(1);
	struct promql_node top = {.kind = PROMQL_AGGREGATE, .function = PROMQL_TOPK};
	CHECK_INT(promql_value_init(&k, 1, 2), 0);
	k.rows[0].values[0] = 2;
	k.rows[0].values[1] = 0;
	CHECK_INT(promql_aggregate(&top, &best, &k, &v), 0);
	CHECK_INT(v.n, 2);
	CHECK(isnan(v.rows[0].values[1]));
	CHECK_NEAR(v.rows[0].values[0] + v.rows[1].values[0], 5, 0);
	promql_value_free(&v);
	promql_value_free(&k);
	CHECK_INT(promql_value_init(&v, PROMQL_VALUES, 2), -E2BIG);
}

int main(void)
{
	refusals();
	parsed();
	selected();
	numbers();
	series();
	return test_result("promql");
}
