/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* PromQL: what is parsed and refused, and where the limits are. What it means is compared with Prometheus in tests/promql/run; what selectors read of a
 * recording in tests/http/api. */
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
	refused("rate(cpu)", "at 6: rate() takes series with a range, as x[5m] here, not series");
	refused("rate(sum(cpu))", "at 6: rate() takes series with a range");
	refused("sum(cpu[5m])", "at 5: sum() takes series here, not series with a range");
	refused("sum(1)", "at 5: sum() takes series here, not a number");
	refused("rate()", "at 1: rate() takes series with a range");
	refused("round(x, 1, 2)", "at 13: round() takes no more");
	refused("clamp(x, 1)", "at 1: clamp() takes more than is there");
	refused("cpu[5m] + 1", "at 9: '+' takes no selector with a range");
	refused("cpu[5m:1m]x", "at 11: the end is expected");
	refused("sum(cpu)[5m]", "at 10: a range stands behind a selector");
	refused("1[5m:1m]", "at 3: a subquery is of series, not of a number");
	refused("sum(cpu) offset 5m", "at 10: offset stands behind selectors");
	refused("cpu offset 5m offset 1m", "at 22: there is an offset already");
	refused("cpu @ 5 @ 6", "at 10: there is an @ already");
	refused("cpu @ 1e30", "at 6: seconds, start() or end() are expected");
	refused("cpu @ stop()", "at 6: seconds, start() or end() are expected");
	refused("cpu[5x]", "at 5: a duration is expected");
	refused("cpu[99999999999999999999y]", "at 5: a duration is expected");
	refused("a and on(if) group_left b", "at 14: and, or, unless take no grouping");
	refused("a * on(if) group_left(if) b", "at 12: if is in on() already");
	refused("a * group_left b", "at 16: the end");
	refused("1 == 1", "at 3: a comparison of two numbers needs bool");
	refused("a or 1", "at 3: and, or, unless stand between series");
	refused("a + bool b", "at 5: bool stands behind comparisons");
	refused("histogram_fraction(0, 1, x)", "at 1: histogram_fraction(): no such function here");
	refused("label_replace(x)", "at 1: label_replace() takes more than is there");
	refused("label_replace(x, y)", "at 18: label_replace() takes a text here, not series");
	refused("1 +", "at 4: an expression is expected");
	refused("(1", "at 3: ')' is expected");
	refused("1 1", "at 3: the end is expected");
	refused("\"text\" + 1", "at 8: '+' takes no text");
	refused("((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))",
		"at 33: the expression is nested");
	refused("1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+"
		"1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1",
		"at 129: the expression is too long");
	refused("a+b+c+d+e+f+g+h+i+k+l+m+n+o+p+q+r", "at 33: more than 16 selectors");
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
	CHECK_INT(s->range_ms, 5400000);
	CHECK_INT(s->offset_ms, 172800000);
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
static int answer(const char *text, size_t steps, struct promql_result *ret)
{
	const struct promql_span span = {7000, 1000, steps};
	int r = promql_parse(text, &q, why);
	*ret = (struct promql_result){0};
	TEST_RESULT(r == 0, "%s: %s", text, why);
	if (r < 0)
		return r;
	r = promql_evaluate(NULL, &q, &span, ret, why);
	promql_free(&q);
	return r;
}

static double number(const char *text)
{
	struct promql_result v;
	int r = answer(text, 1, &v);
	double x = r == 0 && v.value.n ? v.value.rows[0].values[0] : promql_nothing;
	TEST_RESULT(r == 0, "%s: %d %s", text, r, why);
	promql_result_free(&v);
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
	CHECK_NEAR(number("time()"), 7, 0);
	CHECK_NEAR(number("scalar(vector(4)) * 2"), 8, 0);
	CHECK_NEAR(number("vector(4) > 3"), 4, 0);
	CHECK(!promql_is_there(number("vector(4) > 5")));
	CHECK(promql_is_there(number("vector(NaN)")) && isnan(number("vector(NaN)")));
	CHECK_NEAR(number("vector(4) or vector(5)"), 4, 0);
	CHECK(isinf(number("1 / 0")));
	CHECK_NEAR(number("max_over_time(vector(time())[5s:1s])"), 7, 0);
}

static void impossible(const char *text, size_t steps, int error, const char *says)
{
	struct promql_result v;
	int r = answer(text, steps, &v);
	TEST_RESULT(
		r == error && strncmp(why, says, strlen(says)) == 0, "%s: %d \"%s\"", text, r, why);
	promql_result_free(&v);
}

/* What an expression may take is bounded, whatever it is. */
static void limits(void)
{
	struct promql_value v;
	struct promql_id id = {.n = 0};
	struct promql_texts t = {0};
	size_t row;
	char names[PROMQL_LABELS + 1][4];
	promql_value_init(&v, PROMQL_VALUES / 2);
	CHECK_INT(promql_value_add(&v, &id, &row), 0);
	CHECK_INT(promql_value_add(&v, &id, &row), 0);
	CHECK_INT(promql_value_add(&v, &id, &row), -E2BIG);
	promql_value_free(&v);
	for (int i = 0; i <= PROMQL_LABELS; i++) {
		(void)snprintf(names[i], sizeof names[i], "l%02d", PROMQL_LABELS - i);
		CHECK_INT(promql_id_set(&id, names[i], "x"), i < PROMQL_LABELS ? 0 : -E2BIG);
	}
	CHECK_STR(id.l[0].name, "l01");
	CHECK_INT(promql_id_set(&id, "l05", ""), 0);
	CHECK_STR(promql_id_label(&id, "l05"), "");
	CHECK_INT(id.n, PROMQL_LABELS - 1);
	size_t made = 0;
	while (made < PROMQL_TEXTS && promql_text(&t, "0123456789", 10))
		made++;
	CHECK(made > 1000 && made < PROMQL_TEXTS / 10);
	promql_texts_free(&t);
	impossible("max_over_time(vector(1)[10y:1ms])", 1, -E2BIG, "");
	impossible("sum_over_time(sum_over_time(vector(1)[1d:1s])[1d:1s])", 1, -E2BIG, "");
	impossible("sum_over_time(vector(1)[1d:1s])", 11000, -E2BIG, "");
	impossible("label_replace(label_replace(vector(1),\"a\","
		   "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\",\"\",\"\"),\"b\",\"$1\",\"a\",\"("
		   "(a|a)*)*\")",
		1, -EINVAL, "at 1: label_replace(): the regular expression takes too long");
	impossible("label_replace(vector(1), \"a\", \"b\", \"c\", \"(\")", 1, -EINVAL,
		"at 1: a regular expression is expected");
	impossible("holt_winters(vector(1)[1m:1s], 0, 1)", 1, -EINVAL,
		"at 1: holt_winters() takes factors");
}

int main(void)
{
	refusals();
	parsed();
	selected();
	numbers();
	limits();
	return test_result("promql");
}
