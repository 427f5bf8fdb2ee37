/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/intern.h"
#include "base/num.h"
#include "base/text.h"
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

static void durations(void)
{
	static const struct {
		const char *text;
		int error;
		uint64_t ns;
	} cases[] = {
		{"5", 0, 5000000000},
		{"5s", 0, 5000000000},
		{"250ms", 0, 250000000},
		{"1.5s", 0, 1500000000},
		{"2m", 0, 120000000000},
		{"1h30m", 0, 5400000000000},
		{"1d", 0, 86400000000000},
		{"", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"5x", -EINVAL, 0},
		{"-5s", -EINVAL, 0},
		{"5 s", -EINVAL, 0},
		{"1h30", -EINVAL, 0},
		{"1.s", -EINVAL, 0},
		{"99999999999999999999s", -ERANGE, 0},
		{"1e3s", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		uint64_t ns = 0;
		int r = num_duration(cases[i].text, &ns);
		TEST_RESULT(r == cases[i].error && (r < 0 || ns == cases[i].ns),
			"duration '%s' gives %d, %" PRIu64, cases[i].text, r, ns);
	}
}

static void sizes(void)
{
	static const struct {
		const char *text;
		int error;
		uint64_t bytes;
	} cases[] = {
		{"512", 0, 512},
		{"512k", 0, 524288},
		{"1.5M", 0, 1572864},
		{"2GiB", 0, 2147483648},
		{"1kb", 0, 1024},
		{"7B", 0, 7},
		{"", -EINVAL, 0},
		{"k", -EINVAL, 0},
		{"5q", -EINVAL, 0},
		{"5kk", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"99999999999P", -ERANGE, 0},
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		uint64_t bytes = 0;
		int r = num_size(cases[i].text, &bytes);
		TEST_RESULT(r == cases[i].error && (r < 0 || bytes == cases[i].bytes),
			"size '%s' gives %d, %" PRIu64, cases[i].text, r, bytes);
	}
}

static void divisors(void)
{
	CHECK(num_gcd(12, 18) == 6 && num_gcd(18, 12) == 6 && num_gcd(7, 9) == 1);
	CHECK(num_gcd(0, 5) == 5 && num_gcd(5, 0) == 5 && num_gcd(0, 0) == 0);
	CHECK(num_gcd(UINT64_MAX, UINT64_MAX - 1) == 1);
}

static void fields(void)
{
	static const char line[] = "one\ttwo words\t\tlast", hole[] = "a\0b\tc";
	struct scan s = scan_over(line, sizeof line - 1), h = scan_over(hole, sizeof hole - 1);
	char text[10], small[3];
	CHECK(!scan_field(&s, small, sizeof small) && s.p == line);
	CHECK(scan_field(&s, text, sizeof text));
	CHECK_STR(text, "one");
	CHECK(scan_field(&s, text, sizeof text));
	CHECK_STR(text, "two words");
	CHECK(scan_field(&s, text, sizeof text) && !*text);
	CHECK(scan_field(&s, text, sizeof text) && s.p == s.end);
	CHECK_STR(text, "last");
	CHECK(!scan_field(&h, text, sizeof text));
}

static void times(void)
{
	(void)setenv("TZ", "UTC", 1);
	tzset();
	const uint64_t s = 1000000000, now = 1795305600 * s; /* 2026-11-22T00:00:00Z */
	static const struct {
		const char *text;
		int error;
		uint64_t seconds;
	} cases[] = {
		{"2026-11-21T20:12:00Z", 0, 1795291920},
		{"2026-11-21T21:12:00+01:00", 0, 1795291920},
		{"2026-11-21 20:12:00", 0, 1795291920},
		{"04:00", 0, 1795233600},
		{"yesterday 04:00", 0, 1795233600},
		{"-15m", 0, 1795304700},
		{"1795291920", 0, 1795291920},
		{"25:00", -EINVAL, 0},
		{"04:60", -EINVAL, 0},
		{"nonsense", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"2026-11-21", -EINVAL, 0},
		{"2026-11-21T20:12:00Q", -EINVAL, 0},
		{"yesterday", -EINVAL, 0},
		{"-", -EINVAL, 0},
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		uint64_t t = 0;
		int r = num_time(cases[i].text, now, &t);
		TEST_RESULT(r == cases[i].error && (r < 0 || t == cases[i].seconds * s),
			"time '%s' gives %d, %" PRIu64, cases[i].text, r, t / s);
	}
}

static void scanning(void)
{
	static const char numbers[] = "  18446744073709551615 18446744073709551616 ff -7";
	struct scan s = scan_over(numbers, sizeof numbers - 1);
	uint64_t v = 0;
	int64_t i = 0;
	CHECK(scan_u64(&s, &v) && v == UINT64_MAX);
	CHECK(!scan_u64(&s, &v)); /* one more than fits: refused, and the cursor stays */
	struct scan word;
	CHECK(scan_word(&s, &word) && scan_is(word, "18446744073709551616"));
	CHECK(scan_hex(&s, &v) && v == 255);
	CHECK(scan_i64(&s, &i) && i == -7);
	CHECK(!scan_word(&s, &word));
	struct scan lines = scan_over("a\n\nb", 4), line;
	CHECK(scan_line(&lines, &line) && scan_is(line, "a"));
	CHECK(scan_line(&lines, &line) && scan_len(line) == 0);
	CHECK(scan_line(&lines, &line) && scan_is(line, "b"));
	CHECK(!scan_line(&lines, &line));
}

static void safe_text(void)
{
	char b[128];
	CHECK_STR(text_safe(b, sizeof b, "nginx"), "nginx");
	CHECK_STR(text_safe(b, sizeof b, "\033[2J\a"), "\\x1b[2J\\x07");
	CHECK_STR(text_safe(b, sizeof b, "a\xff\xc3z"), "a\\xff\\xc3z");
	CHECK_STR(text_safe(b, sizeof b, "gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
	CHECK_STR(text_safe(b, sizeof b,
			  "\xe2\x80\xae"
			  "evil"),
		"\\u{202e}evil"); /* right-to-left override */
	CHECK_STR(text_safe(b, sizeof b,
			  "\xc2\x9b"
			  "31m"),
		"\\u{9b}31m");                                       /* the one-byte CSI of C1 */
	CHECK_STR(text_safe(b, sizeof b, "\xc0\xaf"), "\\xc0\\xaf"); /* overlong */
	CHECK_STR(text_safe(b, sizeof b, "\xed\xa0\x80"), "\\xed\\xa0\\x80"); /* surrogate */
	CHECK_STR(text_safe(b, 5, "\xc3\xbc\xc3\xbc\xc3\xbc"),
		"\xc3\xbc\xc3\xbc"); /* cut between characters */
	CHECK_STR(text_utf8(b, sizeof b, "a\nb\xff"), "a\nb\\xff");
	CHECK_INT(text_width("gr\xc3\xbcn"), 4);
	CHECK_INT(text_width("\xe6\xbc\xa2"), 2);
	CHECK_INT(text_fit("gr\xc3\xbcn", 3), 4);
}

static void amounts(void)
{
	char b[32], t[40];
	CHECK_STR(text_bytes(b, 0), "0 B");
	CHECK_STR(text_bytes(b, 1023), "1023 B");
	CHECK_STR(text_bytes(b, 1536), "1.5 KiB");
	CHECK_STR(text_bytes(b, 1073741824), "1 GiB");
	CHECK_STR(text_amount(b, 9999), "9999");
	CHECK_STR(text_amount(b, 61000), "61k");
	CHECK_STR(text_duration(b, 0.25), "250 ms");
	CHECK_STR(text_duration(b, 42), "42 s");
	CHECK_STR(text_duration(b, 250), "4 min 10 s");
	CHECK_STR(text_duration(b, 12000), "3 h 20 min");
	CHECK_STR(text_time(t, 1795291920123000000), "2026-11-21T20:12:00.123Z");
}

static void logs(void)
{
	CHECK(text_within("/system.slice/a.service", "/system.slice"));
	CHECK(text_within("/a", "/a"));
	CHECK(!text_below("/a", "/a"));
	CHECK(text_below("/a/b", "/a"));
	CHECK(!text_within("/ab", "/a"));
	CHECK(!text_within("/a", "/a/b"));
	CHECK(text_below("/a", "/"));
	CHECK(!text_below("/", "/"));
	CHECK(!text_within("", "/"));
	CHECK(!text_within("/a", ""));
	CHECK(text_names_log("/var/app/error.log"));
	CHECK(text_names_log("/var/app/error.log.1"));
	CHECK(text_names_log("/var/app/app.log-20261122"));
	CHECK(text_names_log("/var/app/app.log.2026-11-22"));
	CHECK(text_names_log("/var/app/x.log.1732233600"));
	CHECK(text_names_log("/srv/app/access_log.old"));
	CHECK(text_names_log("/srv/tomcat/catalina.2026-11-22.out"));
	CHECK(text_names_log("/srv/logs/today"));
	CHECK(text_names_log("/mnt/syslog"));
	CHECK(!text_names_log("/srv/db/base/16384"));
	CHECK(!text_names_log("/srv/dump-20261122"));
	CHECK(!text_names_log("/srv/catalog"));
	CHECK(!text_names_log("20261122"));
	CHECK(!text_names_log(""));
}

static void memory(void)
{
	struct arena a;
	CHECK_INT(arena_init(&a, 100000), 0);
	char *p = arena_alloc(&a, 10), *q = arena_alloc(&a, 10);
	CHECK(p && q && (uintptr_t)q % 16 == 0 && q - p == 16);
	CHECK(arena_alloc(&a, 200000) == NULL && a.overflowed);
	CHECK_STR(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
	arena_reset(&a);
	CHECK(!a.overflowed && arena_alloc(&a, 10) == p);
	arena_destroy(&a);

	struct intern t;
	CHECK_INT(intern_init(&t, 100), 0);
	uint32_t one = intern_id(&t, "eth0", 4), two = intern_id(&t, "eth1", 4);
	CHECK(one && two && one != two);
	CHECK_INT(intern_id(&t, "eth0xyz", 4), one);
	CHECK_STR(intern_text(&t, two), "eth1");
	CHECK_STR(intern_text(&t, 0), "");
	CHECK_STR(intern_text(&t, 12345), "");
	for (uint32_t i = 0; i < 1000; i++) { /* past the ceiling: refused, not broken */
		char name[16];
		int n = snprintf(name, sizeof name, "n%u", i);
		(void)intern_id(&t, name, (size_t)n);
	}
	CHECK_INT(intern_id(&t, "one-too-many", 12), 0);
	CHECK_STR(intern_text(&t, one), "eth0");
	intern_destroy(&t);
}

int main(void)
{
	durations();
	sizes();
	divisors();
	fields();
	times();
	scanning();
	safe_text();
	amounts();
	logs();
	memory();
	return test_result("base");
}
