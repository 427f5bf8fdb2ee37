/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "show/series.h"

#include "base/text.h"
#include "show/table.h"

#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NS UINT64_C(1000000000)

enum {
	LONG_TEXT = 1 << 16,
	NUMBER_MAX = 56,
	NAME_BYTES = 2048,
	SPARK_COLUMNS = 24,
	ARENA_BYTES = 64 << 20
};

/* ---- the text ---- */

void show_text_free(struct show_text *t)
{
	free(t->p);
	*t = (struct show_text){0};
}

static void write_out(struct show_text *t)
{
	if (t->n)
		(void)fwrite(t->p, 1, t->n, t->to);
	t->n = 0;
}

int show_text_end(struct show_text *t)
{
	int r = t->failed ? -ENOMEM : 0;
	if (r == 0)
		write_out(t);
	show_text_free(t);
	return r;
}

/* Room for n more bytes, or NULL. What is written there counts when t->n is moved behind it. */
static char *room(struct show_text *t, size_t n)
{
	if (t->failed)
		return NULL;
	if (t->to && t->n >= LONG_TEXT)
		write_out(t);
	if (t->size - t->n < n) {
		size_t size = t->size ? t->size : 4096;
		while (size - t->n < n)
			size *= 2;
		char *p = realloc(t->p, size);
		if (!p) {
			t->failed = true;
			return NULL;
		}
		t->p = p;
		t->size = size;
	}
	return t->p + t->n;
}

void show_text_bytes(struct show_text *t, const char *s, size_t n)
{
	char *p = room(t, n);
	if (!p)
		return;
	memcpy(p, s, n);
	t->n += n;
}

void show_text_add(struct show_text *t, const char *s)
{
	show_text_bytes(t, s, strlen(s));
}

/* ---- numbers ---- */

static const uint64_t tens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000,
	1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000, 100000000000000,
	1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000};

static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
	1e13, 1e14, 1e15, 1e16, 1e17, 1e18};

/* Digits of v < 1e18. */
static unsigned digits_of(uint64_t v)
{
	v |= 1;                                                        /* 0 has a digit too */
	unsigned n = (unsigned)(64 - __builtin_clzll(v)) * 1233 >> 12; /* log10(2) = 1233 / 4096 */
	return n + (v >= tens[n]);
}

/* Eight digits of v < 1e8 as characters, the first in the lowest byte: v is parted into fours, twos and
 * ones that lie side by side in one word. 10486 / 2^20 is a hundredth, 103 / 2^10 a tenth. */
static uint64_t eight_digits(uint32_t v)
{
	const uint64_t fours = v / 10000 | (uint64_t)(v % 10000) << 32;
	const uint64_t hundreds = fours * 10486 >> 20 & 0x7f0000007f;
	const uint64_t twos = hundreds | (fours - 100 * hundreds) << 16;
	const uint64_t tenths = twos * 103 >> 10 & 0x000f000f000f000f;
	return (tenths | (twos - 10 * tenths) << 8) + 0x3030303030303030;
}

/* The last n digits of v < 1e16, zeros before it where it is shorter; 1 <= n <= 16. Writes 8 bytes at
 * least. */
static inline char *put_digits(char *p, uint64_t v, unsigned n)
{
	if (n <= 8) {
		uint64_t digits = htole64(eight_digits((uint32_t)v) >> 8 * (8 - n));
		memcpy(p, &digits, 8);
		return p + n;
	}
	uint64_t high = htole64(eight_digits((uint32_t)(v / 100000000)) >> 8 * (16 - n)),
		 low = htole64(eight_digits((uint32_t)(v % 100000000)));
	memcpy(p, &high, 8);
	memcpy(p + n - 8, &low, 8);
	return p + n;
}

static inline char *put_whole(char *p, uint64_t v)
{
	if (v >= 10)
		return put_digits(p, v, digits_of(v));
	*p = (char)('0' + v);
	return p + 1;
}

/* Decimals of a number as it was sampled: hundredths, milliseconds, microseconds, nanoseconds; where
 * these do not give it back, as many as there are. */
static unsigned exact_decimals(double v, double fraction)
{
	static const unsigned usual[] = {2, 3, 6, 9};
	for (size_t i = 0; i < COUNTOF(usual); i++) {
		double x = fraction * powers[usual[i]], off = x - (double)(int64_t)(x + 0.5);
		if (fabs(off) <= v * powers[usual[i]] * 0x1p-51)
			return usual[i];
	}
	return 15;
}

/* Decimals that make 9 digits. */
static unsigned computed_decimals(double v, uint64_t whole)
{
	unsigned n = whole ? digits_of(whole) : 0;
	if (whole)
		return n < 9 ? 9 - n : 0;
	n = 9;
	while (v < 0.1) {
		v *= 10;
		n++;
	}
	return n;
}

/* At most NUMBER_MAX bytes. A tenth as dear as printf(), whose last of 15 digits may be another. */
static char *put_number(char *p, double v, bool exact)
{
	double size = fabs(v);
	if (!(size < 1e15))
		return isfinite(v) ? p + snprintf(p, NUMBER_MAX, "%.15g", v) : stpcpy(p, "null");
	if (v < 0)
		*p++ = '-';
	uint64_t whole = (uint64_t)(int64_t)size;
	double fraction = size - (double)whole;
	if (fraction == 0)
		return put_whole(p, whole);
	if (size < 1e-9)
		return p + snprintf(p, NUMBER_MAX, "%.9g", size);
	unsigned n = exact ? exact_decimals(size, fraction) : computed_decimals(size, whole);
	uint64_t digits = (uint64_t)(int64_t)(fraction * powers[n] + 0.5);
	if (digits >= tens[n])
		return put_whole(p, whole + 1);
	p = put_whole(p, whole);
	if (digits == 0)
		return p;
	for (; digits % 10 == 0; digits /= 10)
		n--;
	for (*p++ = '.'; n > 16; n--)
		*p++ = '0';
	return put_digits(p, digits, n);
}

void show_text_number(struct show_text *t, double v)
{
	char *p = room(t, NUMBER_MAX);
	if (!p)
		return;
	if (v >= 0 && v < 1e15 && v == floor(v))
		t->n = (size_t)(put_whole(p, (uint64_t)v) - t->p);
	else
		t->n += (size_t)snprintf(p, NUMBER_MAX, isfinite(v) ? "%.15g" : "null", v);
}

/* Epoch seconds, with milliseconds where they are not whole. */
static char *put_seconds(char *p, uint64_t ns)
{
	uint64_t ms = (ns + 500000) / 1000000;
	p = put_whole(p, ms / 1000);
	if (ms % 1000 == 0)
		return p;
	*p++ = '.';
	return put_digits(p, ms % 1000, 3);
}

static void add_seconds(struct show_text *t, uint64_t ns)
{
	char *p = room(t, NUMBER_MAX);
	if (p)
		t->n = (size_t)(put_seconds(p, ns) - t->p);
}

static void add_time(struct show_text *t, uint64_t ns)
{
	char buf[40];
	show_text_add(t, text_time(buf, ns));
}

/* ---- JSON ---- */

void show_text_json(struct show_text *t, const char *s)
{
	char safe[4096];
	size_t usual = 0;
	while (s[usual] >= 0x20 && s[usual] < 0x7f && s[usual] != '"' && s[usual] != '\\')
		usual++;
	show_text_add(t, "\"");
	if (s[usual] == '\0') {
		show_text_bytes(t, s, usual);
		show_text_add(t, "\"");
		return;
	}
	(void)text_utf8(safe, sizeof safe, s);
	for (const char *p = safe; *p;) {
		size_t plain = 0;
		while ((unsigned char)p[plain] >= 0x20 && p[plain] != '"' && p[plain] != '\\')
			plain++;
		show_text_bytes(t, p, plain);
		p += plain;
		if (!*p)
			break;
		char escape[8];
		(void)snprintf(escape, sizeof escape, (unsigned char)*p < 0x20 ? "\\u%04x" : "\\%c",
			(unsigned char)*p);
		show_text_add(t, escape);
		p++;
	}
	show_text_add(t, "\"");
}

static void add_member(struct show_text *t, const char *key, const char *value)
{
	show_text_add(t, key);
	show_text_json(t, value);
}

static const char *kind_name(enum metric_kind kind)
{
	switch (kind) {
	case METRIC_COUNTER: return "counter";
	case METRIC_SHARE: return "share";
	case METRIC_GAUGE: break;
	}
	return "gauge";
}

static double newest(const struct result *r, const struct result_series *s)
{
	for (size_t i = r->n; i > 0; i--)
		if (!isnan(s->values[i - 1]))
			return s->values[i - 1];
	return NAN;
}

/* What the answers about past and present have in common. */
static void add_identity(struct show_text *t, const struct result *r, const struct result_series *s)
{
	bool counter = s->id.kind == METRIC_COUNTER;
	double last = newest(r, s);
	add_member(t, "{\"metric\": ", s->id.name);
	show_text_add(t, ", \"labels\": {");
	if (*s->id.instance) {
		show_text_json(t, s->id.label);
		add_member(t, ": ", s->id.instance);
	}
	if (*s->id.netns)
		add_member(t, *s->id.instance ? ", \"netns\": " : "\"netns\": ", s->id.netns);
	add_member(t, "}, \"kind\": ", kind_name(s->id.kind));
	add_member(t, ", \"unit\": ", s->unit);
	show_text_add(t, ", \"value\": ");
	show_text_number(t, counter ? s->total : last);
	show_text_add(t, ", \"rate\": ");
	show_text_number(t, counter ? last : NAN);
}

void show_now_json(struct show_text *t, const struct result *r)
{
	show_text_add(t, "{\"schema\": 1, \"at\": \"");
	add_time(t, r->to_ns - 1);
	show_text_add(t, "\", \"series\": [");
	for (size_t i = 0; i < r->nseries; i++) {
		show_text_add(t, i ? ",\n" : "\n");
		add_identity(t, r, &r->series[i]);
		show_text_add(t, "}");
	}
	show_text_add(t, "\n]}\n");
}

struct hole {
	size_t before, nulls; /* so many places are empty before this value */
};

/* Where values have their places: one after the other from the start, but for the gaps. */
struct grid {
	uint64_t start_ns, step_ns; /* step_ns 0: samples that do not fit */
	struct hole *holes;
	size_t nholes;
};

/* How many places are empty between the one at `place_ns` and the one that a moment belongs to, within
 * half a step; SIZE_MAX when it belongs to that or an earlier one. Mostly it is the next one, and a
 * division is saved. */
static size_t empty_between(uint64_t place_ns, uint64_t step_ns, uint64_t time_ns)
{
	uint64_t behind = time_ns + step_ns / 2 - place_ns;
	if (behind - step_ns < step_ns)
		return 0;
	return (int64_t)behind < (int64_t)step_ns ? SIZE_MAX : (size_t)(behind / step_ns) - 1;
}

/* Counts the gaps, and fills them in when there is room for them. False when two samples belong to one
 * place, or places would be many more than samples. */
static bool find_holes(struct grid *g, const uint64_t *times_ns, size_t n)
{
	enum { SPARSE = 16 };
	uint64_t place_ns = g->start_ns;
	size_t count = 0, nulls = 0;
	for (size_t i = 1; i < n; i++) {
		size_t empty = empty_between(place_ns, g->step_ns, times_ns[i]);
		if (empty) {
			nulls += empty;
			if (empty == SIZE_MAX || nulls / SPARSE > n)
				return false;
			if (g->holes)
				g->holes[count] = (struct hole){i, empty};
			count++;
		}
		place_ns += (empty + 1) * g->step_ns;
	}
	g->nholes = count;
	return true;
}

static struct grid grid_of(struct show_text *t, const struct result *r)
{
	if (r->n == 0 || r->step_ns)
		return (struct grid){r->from_ns, r->step_ns, NULL, 0};
	struct grid g = {
		r->times_ns[0], r->n > 1 ? result_interval(r->times_ns, r->n) : NS, NULL, 0};
	if (!find_holes(&g, r->times_ns, r->n)) {
		g.step_ns = 0;
	} else if (g.nholes) {
		g.holes = malloc(g.nholes * sizeof *g.holes);
		if (g.holes)
			(void)find_holes(&g, r->times_ns, r->n);
		else
			t->failed = true;
	}
	return g;
}

static void add_nulls(struct show_text *t, size_t n)
{
	char *p = room(t, strlen("null,") * n + 1);
	if (!p)
		return;
	for (size_t i = 0; i < n; i++)
		p = stpcpy(p, "null,");
	t->n = (size_t)(p - t->p);
}

/* Values i to end, each with a comma behind it. */
static void add_run(struct show_text *t, const struct result_series *s, size_t i, size_t end)
{
	char *p = room(t, (end - i) * (NUMBER_MAX + 1));
	if (!p)
		return;
	for (; i < end; i++) {
		p = put_number(p, s->values[i], s->exact);
		*p++ = ',';
	}
	t->n = (size_t)(p - t->p);
}

static void add_values(struct show_text *t, const struct result *r, const struct result_series *s,
	const struct grid *g)
{
	enum { AT_ONCE = 256 }; /* room is asked for the longest numbers that there can be */
	const struct hole *hole = g->holes, *last = hole ? hole + g->nholes : NULL;
	for (size_t i = 0; i < r->n;) {
		size_t end = r->n - i < AT_ONCE ? r->n : i + AT_ONCE;
		if (hole < last && hole->before == i)
			add_nulls(t, hole++->nulls);
		if (hole < last && hole->before < end)
			end = hole->before;
		add_run(t, s, i, end);
		i = end;
	}
	if (r->n && !t->failed)
		t->n--; /* the last comma */
}

static void add_times(struct show_text *t, const struct result *r)
{
	show_text_add(t, ", \"times\": [");
	for (size_t i = 0; i < r->n; i++) {
		if (i)
			show_text_add(t, ",");
		add_seconds(t, r->times_ns[i]);
	}
	show_text_add(t, "]");
}

void show_past_json(struct show_text *t, const struct result *r)
{
	struct grid g = grid_of(t, r);
	show_text_add(t, "{\"schema\": 1, \"at\": \"");
	add_time(t, r->to_ns - 1);
	show_text_add(t, "\", \"from\": \"");
	add_time(t, r->from_ns);
	show_text_add(t, "\", \"to\": \"");
	add_time(t, r->to_ns);
	show_text_add(t, "\", \"step_s\": ");
	show_text_number(t, g.step_ns ? (double)g.step_ns / 1e9 : NAN);
	show_text_add(t, ", \"series\": [");
	for (size_t i = 0; i < r->nseries; i++) {
		show_text_add(t, i ? ",\n" : "\n");
		add_identity(t, r, &r->series[i]);
		show_text_add(t, ", \"start\": ");
		add_seconds(t, g.start_ns);
		show_text_add(t, ", \"values\": [");
		add_values(t, r, &r->series[i], &g);
		show_text_add(t, "]");
		if (!g.step_ns)
			add_times(t, r);
		show_text_add(t, "}");
	}
	show_text_add(t, "\n]}\n");
	free(g.holes);
}

/* ---- CSV ---- */

/* RFC 4180: quotes inside are doubled. */
static void add_quoted(struct show_text *t, const char *s)
{
	show_text_add(t, "\"");
	for (const char *q; (q = strchr(s, '"')); s = q + 1) {
		show_text_bytes(t, s, (size_t)(q - s) + 1);
		show_text_add(t, "\"");
	}
	show_text_add(t, s);
	show_text_add(t, "\"");
}

/* As text_time(), whose calendar is asked only when the day changes. */
struct clock_text {
	uint64_t day;
	char text[40]; /* of the day's begin */
};

static char *put_time(char *p, struct clock_text *c, uint64_t ns)
{
	const uint64_t ms = ns / 1000000, day = ms / 86400000, rest = ms % 86400000;
	if (!c->text[0] || day != c->day) {
		(void)text_time(c->text, day * 86400 * NS);
		c->day = day;
	}
	memcpy(p, c->text, 11); /* 2026-11-21T */
	p = put_digits(p + 11, rest / 3600000, 2);
	*p++ = ':';
	p = put_digits(p, rest / 60000 % 60, 2);
	*p++ = ':';
	p = put_digits(p, rest / 1000 % 60, 2);
	*p++ = '.';
	p = put_digits(p, rest % 1000, 3);
	*p++ = 'Z';
	return p;
}

void show_past_csv(struct show_text *t, const struct result *r)
{
	struct clock_text clock = {0};
	show_text_add(t, "time,series,value\n");
	for (size_t k = 0; k < r->nseries; k++) {
		const struct result_series *s = &r->series[k];
		char name[NAME_BYTES];
		struct show_text quoted = {0};
		add_quoted(&quoted, result_name(name, sizeof name, &s->id));
		t->failed |= quoted.failed;
		for (size_t i = 0; i < r->n; i++) {
			char *p = isnan(s->values[i]) ? NULL : room(t, quoted.n + 2 * NUMBER_MAX);
			if (!p)
				continue;
			p = put_time(p, &clock, r->times_ns[i]);
			*p++ = ',';
			memcpy(p, quoted.p, quoted.n);
			p += quoted.n;
			*p++ = ',';
			p = put_number(p, s->values[i], s->exact);
			*p++ = '\n';
			t->n = (size_t)(p - t->p);
		}
		show_text_free(&quoted);
	}
}

static void add_or_nothing(struct show_text *t, double v)
{
	if (isnan(v))
		show_text_add(t, "-");
	else
		show_text_number(t, v);
}

void show_now_csv(struct show_text *t, const struct result *r)
{
	show_text_add(t, "series,value,rate,unit\n");
	for (size_t i = 0; i < r->nseries; i++) {
		const struct result_series *s = &r->series[i];
		char name[NAME_BYTES];
		bool counter = s->id.kind == METRIC_COUNTER;
		add_quoted(t, result_name(name, sizeof name, &s->id));
		show_text_add(t, ",");
		add_or_nothing(t, counter ? s->total : s->values[0]);
		show_text_add(t, ",");
		add_or_nothing(t, counter ? s->values[0] : NAN);
		show_text_add(t, ",");
		show_text_add(t, s->unit);
		show_text_add(t, "\n");
	}
}

/* ---- tables ---- */

static const char *cell(struct arena *a, int digits, double v)
{
	return isnan(v) ? "-" : arena_printf(a, "%.*g", digits, v);
}

int show_now_table(FILE *f, struct style st, const struct result *r)
{
	static const struct column columns[] = {{"series", false, true, 0, 24},
		{"value", true, false, 0, 0}, {"rate/s", true, false, 1, 0},
		{"unit", false, false, 2, 0}};
	struct arena a;
	int status = arena_init(&a, ARENA_BYTES);
	if (status < 0)
		return status;
	const char **cells = arena_alloc(&a, (r->nseries + 1) * COUNTOF(columns) * sizeof *cells);
	for (size_t i = 0; cells && i < r->nseries; i++) {
		const struct result_series *s = &r->series[i];
		char name[NAME_BYTES];
		bool counter = s->id.kind == METRIC_COUNTER;
		const char **row = cells + i * COUNTOF(columns);
		row[0] = arena_str(&a, result_name(name, sizeof name, &s->id));
		row[1] = cell(&a, 15, counter ? s->total : s->values[0]);
		row[2] = cell(&a, 6, counter ? s->values[0] : NAN);
		row[3] = s->unit;
	}
	const struct text_table t = {columns, COUNTOF(columns), cells, r->nseries};
	if (cells)
		table_print(f, &t, st.width, st.color);
	status = a.overflowed ? -ENOMEM : 0;
	arena_destroy(&a);
	return status;
}

bool show_is_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	for (size_t i = 0; i < COUNTOF(names); i++) {
		const char *v = getenv(names[i]);
		if (v && *v)
			return strcasestr(v, "utf-8") || strcasestr(v, "utf8");
	}
	return false;
}

/* ratio as percent with three digits, seconds down to microseconds; text_amount() and its kin for
 * the rest. */
char *show_series_amount(char buf[static 40], double v, const char *unit)
{
	size_t n = strcspn(unit, "/");
	char text[32];
	if (isnan(v))
		(void)snprintf(text, sizeof text, "-");
	else if (strncmp(unit, "bytes", n) == 0 && n)
		(void)text_bytes(text, v);
	else if (strncmp(unit, "ratio", n) == 0 && n)
		(void)snprintf(text, sizeof text, "%.3g %%", 100 * v);
	else if (strncmp(unit, "seconds", n) == 0 && n && v > 0 && v < 1)
		(void)snprintf(text, sizeof text, v < 1e-3 ? "%.3g us" : "%.3g ms",
			v * (v < 1e-3 ? 1e6 : 1e3));
	else if (strncmp(unit, "seconds", n) == 0 && n)
		(void)text_duration(text, v);
	else if (fabs(v) < 100 && v != floor(v))
		(void)snprintf(text, sizeof text, "%.3g", v);
	else
		(void)text_amount(text, v);
	(void)snprintf(buf, 40, "%s%s", text, isnan(v) ? "" : unit + n);
	return buf;
}

char *show_sparkline(char *buf, unsigned columns, const double *values, size_t n)
{
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	double low = INFINITY, high = -INFINITY;
	for (size_t i = 0; i < n; i++) {
		low = fmin(low, values[i]);
		high = fmax(high, values[i]);
	}
	char *p = buf;
	for (unsigned c = 0; c < columns; c++) {
		double most = NAN;
		size_t i = c * n / columns, end = (c + 1) * n / columns;
		do
			most = i < n ? fmax(most, values[i]) : most;
		while (++i < end);
		size_t level = high > low ? (size_t)((most - low) / (high - low) * 7.99) : 0;
		p = stpcpy(p, isnan(most) ? " " : blocks[level]);
	}
	return buf;
}

struct summary {
	double first, low, mean, high, last;
};

static struct summary summary_of(const struct result *r, const struct result_series *s)
{
	struct summary m = {NAN, NAN, NAN, NAN, NAN};
	double sum = 0;
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++) {
		double v = s->values[i];
		if (isnan(v))
			continue;
		m.first = n++ ? m.first : v;
		m.last = v;
		sum += v;
		m.low = fmin(m.low, s->low ? s->low[i] : v);
		m.high = fmax(m.high, s->high ? s->high[i] : v);
	}
	m.mean = n ? sum / (double)n : NAN;
	return m;
}

static void past_row(
	struct arena *a, const char **row, const struct result *r, const struct result_series *s)
{
	char name[NAME_BYTES], unit[24], amount[40], line[3 * SPARK_COLUMNS + 1];
	const struct summary m = summary_of(r, s);
	const double shown[] = {m.first, m.low, m.mean, m.high, m.last};
	row[0] = arena_str(a, result_name(name, sizeof name, &s->id));
	for (size_t k = 0; k < COUNTOF(shown); k++)
		row[1 + k] =
			arena_str(a, show_series_amount(amount, shown[k], result_unit(unit, s)));
	row[6] = arena_str(a, result_unit(unit, s));
	row[7] = arena_str(
		a, show_sparkline(line, SPARK_COLUMNS, s->high ? s->high : s->values, r->n));
}

int show_past_table(FILE *f, struct style st, const struct result *r)
{
	static const struct column columns[] = {{"series", false, true, 0, 24},
		{"first", true, false, 3, 0}, {"min", true, false, 2, 0},
		{"avg", true, false, 0, 0}, {"max", true, false, 0, 0}, {"last", true, false, 1, 0},
		{"unit", false, false, 5, 0}, {"course", false, false, 4, 0}};
	enum { COLUMNS = COUNTOF(columns) };
	struct arena a;
	int status = arena_init(&a, ARENA_BYTES);
	if (status < 0)
		return status;
	const char **cells = arena_alloc(&a, (r->nseries + 1) * COLUMNS * sizeof *cells);
	size_t shown = st.width && show_is_utf8() ? COLUMNS : COLUMNS - 1;
	for (size_t i = 0; cells && i < r->nseries; i++) {
		const char *row[COLUMNS];
		past_row(&a, row, r, &r->series[i]);
		memcpy(cells + i * shown, row, shown * sizeof *row);
	}
	const struct text_table t = {columns, shown, cells, r->nseries};
	if (cells)
		table_print(f, &t, st.width, st.color);
	status = a.overflowed ? -ENOMEM : 0;
	arena_destroy(&a);
	return status;
}
