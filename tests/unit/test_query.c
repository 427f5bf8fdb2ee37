/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Expressions, the arithmetic on series, and how numbers are written and drawn: all on arrays. */
#include "query/points.h"
#include "query/result.h"
#include "show/openmetrics.h"
#include "show/plot.h"
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define NS    UINT64_C(1000000000)
#define BEGIN (1795305600 * NS) /* 2026-11-22T00:00:00Z */

/* ---- expressions ---- */

static struct expression e;
static char why[EXPRESSION_ERROR];

static int parse(const char *text)
{
	expression_free(&e);
	return expression_parse(text, &e, why);
}

/* What is wrong with a text begins so. */
static void refused(const char *text, const char *begins)
{
	CHECK_INT(parse(text), -EINVAL);
	TEST_RESULT(strncmp(why, begins, strlen(begins)) == 0, "'%s': \"%s\", expected \"%s...\"",
		text, why, begins);
	TEST_RESULT(strchr(why, '\n') == NULL, "'%s': more than one line", text);
}

static void selectors(void)
{
	CHECK_INT(parse(" net.rx.bytes { if = \"eth0\" , netns!=\"a\\\"b\", } "), 0);
	CHECK_STR(e.selector.name, "net.rx.bytes");
	CHECK_INT(e.selector.n, 2);
	CHECK_STR(e.selector.matchers[1].value, "a\"b");
	CHECK_INT(e.selector.matchers[1].kind, MATCHER_DIFFERS);
	CHECK(!e.rate && !e.over && !e.n);
	CHECK_INT(parse("cpu.*{}"), 0);
	refused("", "at 1: a name or a function");
	refused("CPU", "at 1: a name or a function");
	refused("cpu busy", "at 5: the end");
	refused("cpu.busy{", "at 10: a label");
	refused("cpu.busy{cpu", "at 13: =, !=");
	refused("cpu.busy{cpu=0}", "at 14: a value in \"quotes\"");
	refused("cpu.busy{cpu=\"0", "at 16: '\"'");
	refused("cpu.busy{cpu=\"0\"", "at 17: ',' or '}'");
	refused("cpu.busy{cpu=\"0\"}x", "at 18: the end");
	refused("cpu.busy{cqu=\"0\"}", "at 10: 'cqu': no such label");
	refused("cpu.busy{cpu=~\"[\"}",
		"at 15: a regular expression is expected: missing terminating ]");
	refused("cpu.busy{cpu=~\"(a)\\\\1\"}",
		"at 15: a regular expression is expected: no back-references");
	refused("cpu.busy{cpu=~\"(?=a)a\"}",
		"at 15: a regular expression is expected: of '(?' only");
	refused("cpu.busy{cpu=~\"[a[]a*+\"}",
		"at 15: a regular expression is expected: no '+' behind a repetition");
	CHECK_INT(parse("cpu.busy{cpu=~\"[]*+]a\"}"), 0);
	refused("cpu.busy{cpu=~\"(*ACCEPT)\"}",
		"at 15: a regular expression is expected: no verbs");
	refused("cpu.busy{cpu=~\"((a{99}){99}){99}\"}",
		"at 15: a regular expression is expected: regular expression is too large");
	refused("cpu.busy{cpu=~\"(abcdef){999}\"}",
		"at 15: a regular expression is expected: less counted repetition");
	refused("cpu.busy{cpu=~\"((((((((((((((((((a))))))))))))))))))\"}",
		"at 15: a regular expression is expected: parentheses are too");
}

/* The pattern must match all of a text, and takes its time for no pattern. */
static void patterns(void)
{
	static const struct {
		const char *pattern, *text;
		int matches;
	} rows[] = {
		{"eth[0-9]+", "eth12", 1},
		{"eth[0-9]+", "xeth12", 0},
		{"eth[0-9]+", "eth12x", 0},
		{"eth|ethx", "ethx", 1},
		{"a{2,3}", "aaa", 1},
		{"a{2,3}", "aaaa", 0},
		{"(?i)ETH\\d", "eth0", 1},
		{".*", "", 1},
		{"", "x", 0},
		{"(a*)*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac",
			0},
		{"((a+)+)+", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			1},
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		char said[PATTERN_ERROR];
		struct pattern *p = NULL;
		CHECK_INT(pattern_compile(rows[i].pattern, &p, said), 0);
		CHECK_INT(pattern_matches(p, rows[i].text), rows[i].matches);
		pattern_free(p);
	}
}

static void functions(void)
{
	CHECK_INT(parse("sum(rate(net.rx.bytes)) by (if, netns)"), 0);
	CHECK(e.rate && e.n == 1 && e.levels[0].function == QUERY_SUM && e.levels[0].n == 2);
	CHECK_STR(e.levels[0].by[0], "if");
	CHECK_INT(parse("sum by (if) (net.rx.bytes)"), 0);
	CHECK(e.n == 1 && e.levels[0].n == 1);
	CHECK_INT(parse("max(rate(x))"), 0);
	CHECK(e.rate && e.over == QUERY_MAX && e.n == 0);
	CHECK_INT(parse("max(sum(max(x)) by (netns)) by ()"), 0);
	CHECK(e.over == QUERY_MAX && e.n == 2 && e.levels[0].function == QUERY_SUM &&
		e.levels[1].function == QUERY_MAX && e.levels[1].n == 0);
	CHECK_INT(parse("quantile(0.99, x)"), 0);
	CHECK_NEAR(e.quantile, 0.99, 0);
	refused("rate(x", "at 7: ')'");
	refused("rte(x)", "at 1: no such function");
	refused("rate(rate(x))", "at 1: rate() is expected directly");
	refused("rate(max(x))", "at 1: rate() is expected directly");
	refused("max(min(x))", "at 1: one function over time");
	refused("max(sum(x))", "at 1: max() over time is expected inside");
	refused("last(x) by (if)", "at 1: last() takes no 'by'");
	refused("sum(x) by (hue)", "at 12: 'hue': no such label");
	refused("sum(x) by if", "at 11: '('");
	refused("quantile(x)", "at 10: a quantile");
	refused("quantile(1.5, x)", "at 10: a quantile");
	refused("quantile(0.5 x)", "at 14: ','");
	refused("sum(sum(sum(sum(sum(x)))))", "at 1: more than 4 functions");
	refused("rate(rate(rate(rate(rate(rate(rate(x)))))))", "at 31: functions are nested");
	refused("sum()", "at 5: a name or a function");
	CHECK_INT(parse("sum"), 0); /* a name as any other */
}

static bool selects(const char *text, struct history_series s)
{
	CHECK_INT(parse(text), 0);
	return selector_matches(&e.selector, &s);
}

static void matching(void)
{
	const struct history_series eth = {.name = "net.rx.bytes",
		.label = "if",
		.instance = "eth0",
		.netns = "web",
		.kind = METRIC_COUNTER,
		.metric = M_NET_RX_BYTES};
	CHECK(selects("net.rx.bytes", eth));
	CHECK(selects("net.?x.*", eth));
	CHECK(!selects("net.rx", eth));
	CHECK(selects("net.rx.bytes{if=\"eth*\",netns!=\"\"}", eth));
	CHECK(!selects("net.rx.bytes{if!=\"eth0\"}", eth));
	CHECK(selects("*{dev=\"\"}", eth)); /* a label that it has not */
	CHECK(selects("*{if=~\"eth[0-9]|lo\"}", eth));
	CHECK(!selects("*{if=~\"eth\"}", eth)); /* all of it */
	CHECK(selects("*{if!~\"eth|lo\"}", eth));
	CHECK(selects("plimsoll_net_rx_bytes_total", eth));
	CHECK(selects("plimsoll_net_*_total", eth));
	CHECK(!selects("plimsoll_net_rx_bytes", eth));
	CHECK(selector_glob("a\\*", "a*") && !selector_glob("a\\*", "ab"));
	CHECK(selector_glob("?", "ü") && !selector_glob("?", "ab") &&
		selector_glob("*a*b", "xaxbb"));
	CHECK(parse("cpu.*") == 0 && selector_known(&e.selector));
	CHECK(parse("no.such.metric") == 0 && !selector_known(&e.selector));
	char name[PROMETHEUS_NAME];
	for (unsigned m = 0; m < METRIC_COUNT; m++) {
		struct history_series s = selector_series_of((enum metric)m);
		CHECK(selects(metric_prometheus_name(name, (enum metric)m), s));
	}
}

/* ---- arithmetic ---- */

#define VALUES(...) ((double[]){__VA_ARGS__}), sizeof((double[]){__VA_ARGS__}) / sizeof(double)

static void numbers_of_many(void)
{
	CHECK_NEAR(result_number(QUERY_AVG, 0, VALUES(1, NAN, 3)), 2, 0);
	CHECK_NEAR(result_number(QUERY_MIN, 0, VALUES(5, NAN, 3)), 3, 0);
	CHECK_NEAR(result_number(QUERY_MAX, 0, VALUES(5, NAN, 3)), 5, 0);
	CHECK_NEAR(result_number(QUERY_LAST, 0, VALUES(5, 3, NAN)), 3, 0);
	CHECK_NEAR(result_number(QUERY_SUM, 0, VALUES(5, 3, NAN)), 8, 0);
	CHECK_NEAR(result_number(QUERY_QUANTILE, 0.5, VALUES(4, 1, 3, 2)), 2.5, 1e-12);
	CHECK_NEAR(result_number(QUERY_QUANTILE, 1, VALUES(4, 1, 3, 2)), 4, 0);
	CHECK_NEAR(result_number(QUERY_QUANTILE, 0, VALUES(7)), 7, 0);
	CHECK(isnan(result_number(QUERY_SUM, 0, VALUES(NAN, NAN))));
	const uint64_t times[] = {10, 11, 12, 15, 16};
	const double values[] = {1, 2, NAN, 4, 6};
	double scratch[5], got[4];
	const struct result_window w = {times, 5, 10, 2, 4};
	result_over_steps(&w, QUERY_MAX, 0, values, scratch, got);
	CHECK_NEAR(got[0], 2, 0);
	CHECK(isnan(got[1]));
	CHECK_NEAR(got[2], 4, 0);
	CHECK_NEAR(got[3], 6, 0);
}

/* A result of n values a second apart. */
static struct result result_of(size_t nseries, size_t n)
{
	struct result r = {.from_ns = BEGIN, .to_ns = BEGIN + n * NS, .n = n, .nseries = nseries};
	r.times_ns = calloc(n + 1, sizeof *r.times_ns);
	r.series = calloc(nseries + 1, sizeof *r.series);
	for (size_t i = 0; i < n; i++)
		r.times_ns[i] = BEGIN + i * NS;
	for (size_t k = 0; k < nseries; k++) {
		r.series[k].id = (struct history_series){.name = "cpu.busy",
			.label = "",
			.instance = "",
			.netns = "",
			.kind = METRIC_GAUGE};
		r.series[k].unit = "";
		r.series[k].total = NAN;
		r.series[k].exact = true;
		r.series[k].values = result_values(n);
	}
	return r;
}

static void name(
	struct result *r, size_t i, const char *metric, const char *instance, const char *netns)
{
	r->series[i].id.name = metric;
	r->series[i].id.label = *instance ? "cpu" : "";
	r->series[i].id.instance = instance;
	r->series[i].id.netns = netns;
}

static struct result cpus(void)
{
	struct result r = result_of(4, 2);
	const double values[4][2] = {{9, 9}, {1, 2}, {3, NAN}, {NAN, NAN}};
	name(&r, 0, "cpu.busy", "", "");
	name(&r, 1, "cpu.busy", "0", "");
	name(&r, 2, "cpu.busy", "1", "");
	name(&r, 3, "cpu.busy", "2", "web");
	for (size_t k = 0; k < 4; k++)
		memcpy(r.series[k].values, values[k], sizeof values[k]);
	return r;
}

static void across(void)
{
	const struct {
		enum query_function f;
		double first, second;
	} cases[] = {{QUERY_SUM, 4, 2}, {QUERY_AVG, 2, 2}, {QUERY_MIN, 1, 2}, {QUERY_MAX, 3, 2}};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct result r = cpus();
		struct expression_level level = {.function = cases[i].f, .by = {"netns"}, .n = 1};
		CHECK_INT(result_across(&r, &level, "several", why), 0);
		CHECK_INT(r.nseries, 2);
		CHECK_NEAR(r.series[0].values[0], cases[i].first,
			0); /* the line of all CPUs left out */
		CHECK_NEAR(r.series[0].values[1], cases[i].second, 0);
		CHECK(isnan(r.series[1].values[0]));
		CHECK_STR(r.series[1].id.netns, "web");
		CHECK_STR(r.series[0].id.label, "");
		CHECK_STR(r.series[0].id.name, "cpu.busy");
		result_free(&r);
	}
	struct result r = cpus();
	name(&r, 2, "cpu.idle", "1", "");
	CHECK_INT(
		result_across(&r, &(struct expression_level){.function = QUERY_SUM}, "cpu.*", why),
		0);
	CHECK_INT(r.nseries, 1);
	CHECK_STR(r.series[0].id.name, "cpu.*");
	result_free(&r);
	r = cpus();
	r.series[2].unit = "bytes";
	CHECK_INT(
		result_across(&r, &(struct expression_level){.function = QUERY_SUM}, "cpu.*", why),
		-EINVAL);
	CHECK(strstr(why, "different units") != NULL);
	result_free(&r);
	r = result_of(0, 3);
	CHECK_INT(
		result_across(&r, &(struct expression_level){.function = QUERY_SUM}, "x", why), 0);
	CHECK_INT(r.nseries, 0);
	result_free(&r);
}

/* ---- readings ---- */

static struct points pts;
static uint64_t *axis;
static size_t axis_n;

static void add(size_t row, bool anew, size_t n, const uint64_t *seconds, const uint64_t *values)
{
	uint64_t times[8];
	uint8_t present[8];
	for (size_t i = 0; i < n; i++) {
		times[i] = seconds[i] * NS;
		present[i] = values[i] != UINT64_MAX;
	}
	CHECK_INT(points_add(&pts, row, &(struct history_points){times, values, present, n, anew}),
		0);
}

#define ADD(row, anew, seconds, ...)                                                               \
	add(row, anew, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), seconds,              \
		(const uint64_t[]){__VA_ARGS__})

static void begin_points(size_t rows, enum metric_kind kind, double scale)
{
	CHECK_INT(points_init(&pts, rows, 10 * NS, 30 * NS), 0);
	for (size_t i = 0; i < rows; i++) {
		pts.rows[i].kind = kind;
		pts.rows[i].scale = scale;
	}
}

static void end_points(void)
{
	free(axis);
	points_free(&pts);
}

static const uint64_t from_9[] = {9, 10, 11, 12, 13, 14};

static void readings(void)
{
	begin_points(2, METRIC_GAUGE, 0.01);
	ADD(0, true, from_9, 1, 57, 29, UINT64_MAX);
	ADD(1, true, from_9, 1, 7, 8);
	ADD(0, false, from_9 + 4, 3);
	CHECK_INT(points_align(&pts, &axis, &axis_n), 0);
	CHECK_INT(axis_n, 4); /* from 10 on */
	CHECK_NEAR(pts.rows[0].values[0], 0.57, 0);
	CHECK(isnan(pts.rows[0].values[2]));
	CHECK_NEAR(pts.rows[0].values[3], 0.03, 0);
	CHECK_NEAR(pts.rows[1].values[1], 0.08, 0);
	CHECK(isnan(pts.rows[1].values[3])); /* it ended before */
	end_points();

	begin_points(1, METRIC_COUNTER, 512);
	ADD(0, true, from_9, 100, 102, UINT64_MAX, 106, 1, 2);
	CHECK_INT(points_align(&pts, &axis, &axis_n), 0);
	CHECK_NEAR(pts.rows[0].values[0], 1024, 0); /* growth since before the span */
	CHECK(isnan(pts.rows[0].values[1]));
	CHECK_NEAR(pts.rows[0].values[2], 1024, 0); /* over the gap */
	CHECK(isnan(pts.rows[0].values[3]));        /* began anew */
	CHECK_NEAR(pts.rows[0].values[4], 512, 0);
	end_points();

	begin_points(1, METRIC_SHARE, 1);
	ADD(0, true, from_9, 100, 101);
	ADD(0, true, from_9 + 2, 200, 201); /* the recorder began anew */
	CHECK_INT(points_align(&pts, &axis, &axis_n), 0);
	CHECK_NEAR(pts.rows[0].values[0], 1, 0);
	CHECK(isnan(pts.rows[0].values[1]));
	CHECK_NEAR(pts.rows[0].values[2], 1, 0);
	end_points();
}

static void axes(void)
{
	static const uint64_t odd[] = {11, 12, 15}, back[] = {10, 12, 11, 12};
	begin_points(3, METRIC_GAUGE, 1);
	ADD(0, true, from_9 + 1, 1, 2);
	ADD(1, true, odd, 3, 4, 5);
	ADD(2, true, back, 6, 7, 8, 9); /* the clock was set back */
	CHECK_INT(points_align(&pts, &axis, &axis_n), 0);
	CHECK_INT(axis_n, 4);
	CHECK_INT(axis[3] / NS, 15);
	CHECK_NEAR(pts.rows[0].values[1], 2, 0);
	CHECK(isnan(pts.rows[0].values[2]));
	CHECK_NEAR(pts.rows[1].values[3], 5, 0);
	CHECK_NEAR(pts.rows[2].values[1], 8, 0);
	CHECK_NEAR(pts.rows[2].values[2], 9, 0); /* of two at one time the later written */
	end_points();
	begin_points(2, METRIC_GAUGE, 1); /* one that is gone, one that came later */
	ADD(1, true, odd, 3, 4, 5);
	CHECK_INT(points_align(&pts, &axis, &axis_n), 0);
	CHECK_INT(axis_n, 3);
	CHECK(isnan(pts.rows[0].values[0]));
	CHECK_NEAR(pts.rows[1].values[2], 5, 0);
	end_points();
	CHECK_INT(points_init(&pts, 0, 1, 2), 0);
	CHECK_INT(points_align(&pts, &axis, &axis_n), 0);
	CHECK_INT(axis_n, 0);
	end_points();
	CHECK_INT(result_interval((const uint64_t[]){0, NS + 3000000, 2 * NS}, 3), NS);
	CHECK_INT(result_interval((const uint64_t[]){0, 98000000, 200000000}, 3), 100000000);
	CHECK_INT(result_interval((const uint64_t[]){5}, 1), 0);
}

/* ---- text ---- */

static struct show_text text;

static const char *text_end(void)
{
	static char copy[8192];
	(void)snprintf(copy, sizeof copy, "%.*s", (int)text.n, text.p ? text.p : "");
	show_text_free(&text);
	return copy;
}

/* The part behind "values". */
static const char *values_of(const struct result *r)
{
	show_past_json(&text, r);
	const char *all = text_end(), *at = strstr(all, "\"start\"");
	return at ? at : all;
}

static void json_values(void)
{
	struct result r = result_of(1, 4);
	const double exact[] = {0.57, 4294967296.0 * 4096, 0.000000001, 1.234567891};
	memcpy(r.series[0].values, exact, sizeof exact);
	CHECK_STR(values_of(&r), "\"start\": 1795305600, \"values\": "
				 "[0.57,17592186044416,0.000000001,1.234567891]}\n]}\n");
	const double computed[] = {1.0 / 3, NAN, 1234567.0 + 1.0 / 3, -0.5};
	memcpy(r.series[0].values, computed, sizeof computed);
	r.series[0].exact = false;
	CHECK_STR(values_of(&r), "\"start\": 1795305600, \"values\": "
				 "[0.333333333,null,1234567.33,-0.5]}\n]}\n");
	const double edges[] = {0.9999999999, 1e18, 0, 99999999.96};
	memcpy(r.series[0].values, edges, sizeof edges);
	CHECK_STR(values_of(&r), "\"start\": 1795305600, \"values\": [1,1e+18,0,100000000]}\n]}\n");
	r.times_ns[0] += 3000000; /* a little late, and one is missing */
	r.times_ns[3] += NS + 200000000;
	CHECK_STR(values_of(&r),
		"\"start\": 1795305600.003, \"values\": [1,1e+18,0,null,100000000]}\n]}\n");
	r.times_ns[3] = r.times_ns[2] + 100000000; /* two for one place */
	CHECK_STR(values_of(&r),
		"\"start\": 1795305600.003, \"values\": [1,1e+18,0,100000000], "
		"\"times\": [1795305600.003,1795305601,1795305602,1795305602.100]}\n]}\n");
	result_free(&r);
}

static void json_whole(void)
{
	struct result r = result_of(2, 2);
	name(&r, 0, "net.rx.bytes", "a\"\\\x01\xff", "web");
	r.series[0].id.kind = METRIC_COUNTER;
	r.series[0].unit = "bytes";
	r.series[0].total = 1e6;
	r.series[0].values[1] = 8.5;
	show_past_json(&text, &r);
	CHECK_STR(text_end(),
		"{\"schema\": 1, \"at\": \"2026-11-22T00:00:01.999Z\", \"from\": "
		"\"2026-11-22T00:00:00.000Z\", \"to\": \"2026-11-22T00:00:02.000Z\", \"step_s\": "
		"1, "
		"\"series\": [\n"
		"{\"metric\": \"net.rx.bytes\", \"labels\": {\"cpu\": "
		"\"a\\\"\\\\\\u0001\\\\xff\", \"netns\": \"web\"}, \"kind\": \"counter\", "
		"\"unit\": "
		"\"bytes\", \"value\": 1000000, \"rate\": 8.5, \"start\": 1795305600, \"values\": "
		"[null,8.5]},\n"
		"{\"metric\": \"cpu.busy\", \"labels\": {}, \"kind\": \"gauge\", \"unit\": \"\", "
		"\"value\": null, \"rate\": null, \"start\": 1795305600, \"values\": "
		"[null,null]}\n]}\n");
	show_past_csv(&text, &r);
	CHECK_STR(text_end(), "time,series,value\n2026-11-22T00:00:01.000Z,\"net.rx.bytes{cpu="
			      "\"\"a\"\"\\\\x01\\xff\"\","
			      "netns=\"\"web\"\"}\",8.5\n");
	result_free(&r);
	r = result_of(0, 0);
	show_past_json(&text, &r);
	CHECK(strstr(text_end(), "\"series\": [\n]}\n") != NULL);
	result_free(&r);
}

/* What is written reads back as what it was. */
static void json_round(void)
{
	struct result r = result_of(1, 1);
	uint64_t seed = 42;
	for (unsigned i = 0; i < 20000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		const uint64_t raw = seed >> (11 + i % 50);
		static const double units[] = {1, 1e-2, 1e-3, 1e-6, 1e-9, 512};
		double v = points_scaled((double)raw, units[i % COUNTOF(units)]);
		r.series[0].values[0] = v;
		r.series[0].exact = i % 2 == 0;
		const char *at = strchr(values_of(&r), '[');
		double got = at ? strtod(at + 1, NULL) : NAN;
		/* 15 digits are exact where the raw value has no more */
		double within =
			r.series[0].exact ? (raw < 1000000000000000 ? 0 : v * 1e-14) : v * 1e-8;
		if (fabs(got - v) > within) {
			CHECK_NEAR(got, v, within);
			break;
		}
	}
	result_free(&r);
}

static void words(void)
{
	char buf[40], line[64];
	CHECK_STR(show_series_amount(buf, 1536, "bytes/s"), "1.5 KiB/s");
	CHECK_STR(show_series_amount(buf, 0.125, "ratio"), "12.5 %");
	CHECK_STR(show_series_amount(buf, 0.0005, "seconds"), "500 us");
	CHECK_STR(show_series_amount(buf, 12345, ""), "12.3k");
	CHECK_STR(show_series_amount(buf, 0.5, "/s"), "0.5/s");
	CHECK_STR(show_series_amount(buf, NAN, "bytes"), "-");
	CHECK_STR(show_sparkline(line, 4, VALUES(0, 1, 2, 3)), "▁▃▆█");
	CHECK_STR(show_sparkline(line, 4, VALUES(5, NAN)), "▁▁  ");
	CHECK_STR(show_sparkline(line, 2, VALUES(0, 9, 0, 0)), "█▁"); /* the highest survives */
	CHECK_STR(show_sparkline(line, 3, NULL, 0), "   ");
	CHECK_STR(result_name(line, sizeof line,
			  &(struct history_series){
				  .name = "a", .label = "if", .instance = "\033x", .netns = "n"}),
		"a{if=\"\\x1bx\",netns=\"n\"}");
}

static void plots(void)
{
	struct result r = result_of(1, 30);
	for (size_t i = 0; i < 30; i++)
		r.series[0].values[i] = i == 12 || i == 13 ? NAN : i == 20 ? 4 : i < 10 ? 1 : 2;
	show_plot(&text, (struct plot_style){40, 6, false, false}, &r);
	CHECK_STR(text_end(), "2026-11-22 00:00:00 to 2026-11-22 00:00:30 +00:00\n"
			      "4+                        *\n"
			      " |                        **\n"
			      "2+            **   ******* ***********\n"
			      " |            *\n"
			      " |************\n"
			      "0+\n"
			      " +------------+-----------+------------\n"
			      "          00:00:10    00:00:20\n"
			      "* cpu.busy  1 to 4\n");
	show_plot(&text, (struct plot_style){40, 6, false, true}, &r);
	CHECK_STR(text_end(), "2026-11-22 00:00:00 to 2026-11-22 00:00:30 +00:00\n"
			      "4┤                        ⡼⡀\n"
			      " │                       ⢠⠃⡇\n"
			      "2┤            ⣀⣀   ⣀⣀⣀⣀⣀⣀⡜ ⢱⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀\n"
			      " │           ⢰⠁\n"
			      " │⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠃\n"
			      "0┤\n"
			      " └────────────┬───────────┬────────────\n"
			      "          00:00:10    00:00:20\n"
			      "⣿ cpu.busy  1 to 4\n");
	result_free(&r);
	r = result_of(3, 3000); /* two units are two charts; one high value among many is seen */
	name(&r, 0, "low", "", "");
	name(&r, 1, "high", "", "");
	name(&r, 2, "bytes", "", "");
	r.series[2].unit = "bytes";
	for (size_t i = 0; i < 3000; i++) {
		r.series[0].values[i] = 10;
		r.series[1].values[i] = i == 1501 ? 100 : 20;
		r.series[2].values[i] = 1 << 20;
	}
	show_plot(&text, (struct plot_style){30, 4, false, true}, &r);
	CHECK_STR(text_end(), "2026-11-22 00:00:00 to 2026-11-22 00:50:00 +00:00\n"
			      "100┤            a\n"
			      "   │            a\n"
			      "   │aaaaaaaaaaaaaaaaaaaaaaaaa\n"
			      "  0┤bbbbbbbbbbbbbbbbbbbbbbbbb\n"
			      "   └──────────────┬──────────\n"
			      "                00:30\n"
			      "a high  20 to 100\n"
			      "b low  10 to 10\n"
			      "\n"
			      "MiB, 2026-11-22 00:00:00 to 2026-11-22 00:50:00 +00:00\n"
			      "1.1┤\n"
			      "   │\n"
			      "1.0┤⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉\n"
			      "0.9┤\n"
			      "   └──────────────┬──────────\n"
			      "                00:30\n"
			      "⣿ bytes  1 MiB to 1 MiB\n");
	show_plot(&text, (struct plot_style){30, 4, true, true}, &r);
	CHECK(strstr(text_end(), "\033[1;32m") != NULL);
	result_free(&r);
	r = result_of(2, 0);
	show_plot(&text, (struct plot_style){40, 6, false, true}, &r);
	CHECK_STR(text_end(), "nothing is known of that time\n");
	result_free(&r);
}

int main(void)
{
	(void)setenv("TZ", "UTC", 1);
	tzset();
	selectors();
	patterns();
	functions();
	matching();
	numbers_of_many();
	across();
	readings();
	axes();
	json_values();
	json_whole();
	json_round();
	words();
	plots();
	expression_free(&e);
	return test_result("query");
}
