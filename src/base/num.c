/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "base/num.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { NS_PER_S = 1000000000 };

void scan_blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t'))
		s->p++;
}

bool scan_u64(struct scan *s, uint64_t *ret)
{
	struct scan c = *s;
	scan_blanks(&c);
	uint64_t v = 0;
	const char *first = c.p;
	for (; c.p < c.end && *c.p >= '0' && *c.p <= '9'; c.p++) {
		if (__builtin_mul_overflow(v, 10u, &v) ||
			__builtin_add_overflow(v, (uint64_t)(*c.p - '0'), &v))
			return false;
	}
	if (c.p == first)
		return false;
	*ret = v;
	*s = c;
	return true;
}

bool scan_i64(struct scan *s, int64_t *ret)
{
	struct scan c = *s;
	scan_blanks(&c);
	bool minus = scan_skip(&c, '-');
	uint64_t v;
	if (c.p == c.end || *c.p < '0' || *c.p > '9' || !scan_u64(&c, &v) || v > INT64_MAX)
		return false;
	*ret = minus ? -(int64_t)v : (int64_t)v;
	*s = c;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool scan_hex(struct scan *s, uint64_t *ret)
{
	struct scan c = *s;
	scan_blanks(&c);
	uint64_t v = 0;
	const char *first = c.p;
	for (; c.p < c.end && hex_digit(*c.p) >= 0; c.p++) {
		if (v >> 60)
			return false;
		v = v << 4 | (uint64_t)hex_digit(*c.p);
	}
	if (c.p == first)
		return false;
	*ret = v;
	*s = c;
	return true;
}

bool scan_word(struct scan *s, struct scan *ret)
{
	struct scan c = *s;
	scan_blanks(&c);
	const char *first = c.p;
	while (c.p < c.end && *c.p != ' ' && *c.p != '\t' && *c.p != '\n')
		c.p++;
	if (c.p == first)
		return false;
	*ret = (struct scan){first, c.p};
	*s = c;
	return true;
}

bool scan_line(struct scan *s, struct scan *ret)
{
	if (s->p >= s->end)
		return false;
	const char *nl = memchr(s->p, '\n', scan_len(*s));
	*ret = (struct scan){s->p, nl ? nl : s->end};
	s->p = nl ? nl + 1 : s->end;
	return true;
}

bool scan_skip(struct scan *s, char c)
{
	if (s->p >= s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

bool scan_field(struct scan *s, char *to, size_t size)
{
	const char *tab = memchr(s->p, '\t', scan_len(*s));
	size_t n = tab ? (size_t)(tab - s->p) : scan_len(*s);
	if (n >= size || memchr(s->p, '\0', n))
		return false;
	memcpy(to, s->p, n);
	to[n] = '\0';
	s->p += n + (tab != NULL);
	return true;
}

void scan_text(struct scan s, char *to, size_t size)
{
	size_t n = scan_len(s) < size - 1 ? scan_len(s) : size - 1;
	memcpy(to, s.p, n);
	to[n] = '\0';
}

bool scan_is(struct scan word, const char *text)
{
	size_t n = strlen(text);
	return scan_len(word) == n && memcmp(word.p, text, n) == 0;
}

bool scan_starts(struct scan word, const char *text)
{
	size_t n = strlen(text);
	return scan_len(word) >= n && memcmp(word.p, text, n) == 0;
}

int num_u64(const char *s, uint64_t *ret)
{
	struct scan c = scan_over(s, strlen(s));
	uint64_t v;
	if (c.p == c.end || *c.p < '0' || *c.p > '9')
		return -EINVAL;
	if (!scan_u64(&c, &v))
		return -ERANGE;
	if (c.p != c.end)
		return -EINVAL;
	*ret = v;
	return 0;
}

/* Digits with an optional fraction; *ret is scaled by 1e9, so that 1.5 and 0.25 are exact. */
static int scan_decimal(struct scan *c, uint64_t *ret)
{
	uint64_t whole = 0, frac = 0, unit = NS_PER_S;
	if (c->p == c->end || *c->p < '0' || *c->p > '9')
		return -EINVAL;
	if (!scan_u64(c, &whole))
		return -ERANGE;
	if (c->p < c->end && *c->p == '.') {
		const char *first = ++c->p;
		for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++) {
			if (unit > 1) {
				unit /= 10;
				frac += (uint64_t)(*c->p - '0') * unit;
			}
		}
		if (c->p == first)
			return -EINVAL;
	}
	if (__builtin_mul_overflow(whole, (uint64_t)NS_PER_S, &whole) ||
		__builtin_add_overflow(whole, frac, ret))
		return -ERANGE;
	return 0;
}

int num_size(const char *s, uint64_t *ret)
{
	struct scan c = scan_over(s, strlen(s));
	uint64_t scaled;
	int r = scan_decimal(&c, &scaled);
	if (r < 0)
		return r;
	static const char letters[] = "kmgtp";
	unsigned shift = 0;
	if (c.p < c.end) {
		char l = (char)(*c.p | 0x20);
		const char *at = l == 'b' ? NULL : strchr(letters, l);
		if (at && *at) {
			shift = 10 * (unsigned)(at - letters + 1);
			c.p++;
			scan_skip(&c, 'i');
		}
		if (c.p < c.end && (*c.p | 0x20) == 'b')
			c.p++;
	}
	if (c.p != c.end)
		return -EINVAL;
	unsigned __int128 v = ((unsigned __int128)scaled << shift) / NS_PER_S;
	if (v > UINT64_MAX)
		return -ERANGE;
	*ret = (uint64_t)v;
	return 0;
}

int num_duration(const char *s, uint64_t *ret)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{"ns", 1},
		{"us", 1000},
		{"ms", 1000000},
		{"s", NS_PER_S},
		{"min", 60ull * NS_PER_S},
		{"m", 60ull * NS_PER_S},
		{"h", 3600ull * NS_PER_S},
		{"d", 86400ull * NS_PER_S},
		{"w", 604800ull * NS_PER_S},
	};
	struct scan c = scan_over(s, strlen(s));
	unsigned __int128 total = 0;
	if (c.p == c.end)
		return -EINVAL;
	while (c.p < c.end) {
		uint64_t n, unit = NS_PER_S;
		int r = scan_decimal(&c, &n);
		if (r < 0)
			return r;
		const char *first = c.p;
		while (c.p < c.end && ((*c.p >= 'a' && *c.p <= 'z')))
			c.p++;
		struct scan word = {first, c.p};
		if (scan_len(word)) {
			unit = 0;
			for (size_t i = 0; i < sizeof units / sizeof *units; i++)
				if (scan_is(word, units[i].name))
					unit = units[i].ns;
			if (!unit)
				return -EINVAL;
		} else if (total || c.p != c.end) {
			return -EINVAL; /* "1h30" and "1 2": a bare number stands alone */
		}
		total += (unsigned __int128)n * unit / NS_PER_S;
		if (total > INT64_MAX)
			return -ERANGE;
	}
	*ret = (uint64_t)total;
	return 0;
}

/* HH:MM[:SS] on the local day of `day`; a clock that runs past 23:59:59 is refused. */
static int clock_on_day(struct scan c, time_t day, time_t *ret)
{
	uint64_t h, m, sec = 0;
	if (!scan_u64(&c, &h) || !scan_skip(&c, ':') || !scan_u64(&c, &m) || h > 23 || m > 59)
		return -EINVAL;
	if (c.p < c.end && (!scan_skip(&c, ':') || !scan_u64(&c, &sec) || sec > 59))
		return -EINVAL;
	if (c.p != c.end)
		return -EINVAL;
	struct tm tm;
	if (!localtime_r(&day, &tm))
		return -ERANGE;
	tm.tm_hour = (int)h;
	tm.tm_min = (int)m;
	tm.tm_sec = (int)sec;
	tm.tm_isdst = -1;
	*ret = mktime(&tm);
	return 0;
}

static int rfc3339(const char *s, uint64_t *ret)
{
	struct tm tm = {.tm_isdst = -1};
	const char *p = strptime(s, "%Y-%m-%d", &tm);
	if (!p || (*p != 'T' && *p != 't' && *p != ' '))
		return -EINVAL;
	p = strptime(p + 1, "%H:%M:%S", &tm);
	if (!p)
		return -EINVAL;
	uint64_t frac = 0, unit = NS_PER_S;
	if (*p == '.') {
		for (p++; *p >= '0' && *p <= '9'; p++) {
			if (unit > 1) {
				unit /= 10;
				frac += (uint64_t)(*p - '0') * unit;
			}
		}
	}
	time_t t;
	if (*p == '\0') {
		t = mktime(&tm);
	} else if (strcasecmp(p, "Z") == 0) {
		t = timegm(&tm);
	} else {
		struct scan c = scan_over(p, strlen(p));
		bool minus = *c.p == '-';
		uint64_t h, m;
		if ((!scan_skip(&c, '+') && !scan_skip(&c, '-')) || !scan_u64(&c, &h) ||
			!scan_skip(&c, ':') || !scan_u64(&c, &m) || c.p != c.end || h > 23 ||
			m > 59)
			return -EINVAL;
		time_t off = (time_t)(h * 3600 + m * 60);
		t = timegm(&tm) + (minus ? off : -off);
	}
	if (t < 0)
		return -ERANGE;
	*ret = (uint64_t)t * NS_PER_S + frac;
	return 0;
}

int num_time(const char *s, uint64_t now_ns, uint64_t *ret)
{
	struct scan c = scan_over(s, strlen(s));
	time_t now = (time_t)(now_ns / NS_PER_S);
	if (*s == '-') {
		uint64_t ago;
		int r = num_duration(s + 1, &ago);
		if (r < 0)
			return r;
		if (ago > now_ns)
			return -ERANGE;
		*ret = now_ns - ago;
		return 0;
	}
	uint64_t epoch;
	if (scan_decimal(&c, &epoch) == 0 && c.p == c.end) {
		*ret = epoch;
		return 0;
	}
	time_t day = now, t;
	bool yesterday = strncmp(s, "yesterday ", 10) == 0;
	if (yesterday) {
		s += 10;
		day -= 86400;
	}
	int r = clock_on_day(scan_over(s, strlen(s)), day, &t);
	if (r == 0 && !yesterday && t > now)
		r = clock_on_day(scan_over(s, strlen(s)), now - 86400, &t);
	if (r == 0) {
		if (t < 0)
			return -ERANGE;
		*ret = (uint64_t)t * NS_PER_S;
		return 0;
	}
	return yesterday ? r : rfc3339(s, ret);
}

int num_order_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

int num_order_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

uint64_t num_gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}
