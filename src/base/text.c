/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

/* Decodes one UTF-8 sequence at s. Returns its length, or 0 when the bytes are not UTF-8 (RFC 3629:
 * no surrogates, no overlong forms, nothing past U+10FFFF). */
static size_t utf8_decode(const char *s, uint32_t *ret)
{
	const unsigned char *u = (const unsigned char *)s;
	if (u[0] < 0x80) {
		*ret = u[0];
		return 1;
	}
	size_t n = u[0] >= 0xc2 && u[0] <= 0xdf   ? 2
		   : (u[0] & 0xf0) == 0xe0        ? 3
		   : u[0] >= 0xf0 && u[0] <= 0xf4 ? 4
						  : 0;
	if (!n)
		return 0;
	uint32_t c = u[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (u[i] & 0x3f);
	}
	if ((n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10ffff)) ||
		(c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

static bool hides_text(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       c == 0x61c || (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

static char *text_rewrite(char *dst, size_t size, const char *src, bool keep_controls)
{
	size_t at = 0;
	while (*src) {
		char piece[16];
		uint32_t c = 0;
		size_t len = utf8_decode(src, &c);
		int n;
		if (len == 0) {
			n = snprintf(piece, sizeof piece, "\\x%02x", (unsigned)(unsigned char)*src);
			len = 1;
		} else if (!keep_controls && hides_text(c)) {
			n = c < 0x80 ? snprintf(piece, sizeof piece, "\\x%02x", (unsigned)c)
				     : snprintf(piece, sizeof piece, "\\u{%x}", (unsigned)c);
		} else {
			memcpy(piece, src, len);
			n = (int)len;
		}
		if (at + (size_t)n + 1 > size)
			break;
		memcpy(dst + at, piece, (size_t)n);
		at += (size_t)n;
		src += len;
	}
	if (size)
		dst[at] = '\0';
	return dst;
}

char *text_safe(char *dst, size_t size, const char *src)
{
	return text_rewrite(dst, size, src, false);
}

char *text_utf8(char *dst, size_t size, const char *src)
{
	return text_rewrite(dst, size, src, true);
}

static size_t char_columns(uint32_t c)
{
	if ((c >= 0x300 && c <= 0x36f) || (c >= 0xfe00 && c <= 0xfe0f))
		return 0;
	bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
		    (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
		    (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
		    (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) ||
		    (c >= 0x20000 && c <= 0x3fffd);
	return wide ? 2 : 1;
}

size_t text_fit(const char *s, size_t columns)
{
	size_t bytes = 0, used = 0;
	while (s[bytes]) {
		uint32_t c = 0;
		size_t len = utf8_decode(s + bytes, &c);
		if (len == 0) {
			len = 1;
			c = '?';
		}
		if (used + char_columns(c) > columns)
			break;
		used += char_columns(c);
		bytes += len;
	}
	return bytes;
}

size_t text_width(const char *s)
{
	size_t used = 0;
	while (*s) {
		uint32_t c = '?';
		size_t len = utf8_decode(s, &c);
		used += char_columns(c);
		s += len ? len : 1;
	}
	return used;
}

/* Whole numbers stay whole; otherwise three significant digits. */
static char *scaled(
	char buf[static 32], double v, double base, const char *const *units, size_t nunits)
{
	size_t u = 0;
	double a = fabs(v);
	while (u + 1 < nunits && a >= base - 0.5) {
		a /= base;
		v /= base;
		u++;
	}
	int digits = a == floor(a) || a >= 99.95 ? 0 : 1;
	(void)snprintf(buf, 32, "%.*f%s", digits, v, units[u]);
	return buf;
}

char *text_amount(char buf[static 32], double v)
{
	static const char *const units[] = {"", "k", "M", "G", "T", "P"};
	if (fabs(v) < 10000 && v == floor(v)) {
		(void)snprintf(buf, 32, "%.0f", v);
		return buf;
	}
	return scaled(buf, v, 1000, units, sizeof units / sizeof *units);
}

char *text_bytes(char buf[static 32], double v)
{
	static const char *const units[] = {" B", " KiB", " MiB", " GiB", " TiB", " PiB"};
	return scaled(buf, v, 1024, units, sizeof units / sizeof *units);
}

char *text_duration(char buf[static 32], double s)
{
	if (s < 0)
		s = 0;
	if (s < 1)
		(void)snprintf(buf, 32, "%.0f ms", s * 1e3);
	else if (s < 10 && s != floor(s))
		(void)snprintf(buf, 32, "%.1f s", s);
	else if (s < 90)
		(void)snprintf(buf, 32, "%.0f s", s);
	else if (s < 600)
		(void)snprintf(buf, 32, "%d min %d s", (int)s / 60, (int)s % 60);
	else if (s < 5400)
		(void)snprintf(buf, 32, "%.0f min", s / 60);
	else if (s < 48 * 3600)
		(void)snprintf(buf, 32, "%d h %d min", (int)s / 3600, (int)s % 3600 / 60);
	else if (s < 3650 * 86400.0)
		(void)snprintf(buf, 32, "%.0f d", s / 86400);
	else
		(void)snprintf(buf, 32, "> 10 years");
	return buf;
}

char *text_time(char buf[static 40], uint64_t real_ns)
{
	time_t t = (time_t)(real_ns / 1000000000u);
	struct tm tm;
	char day[24] = "1970-01-01T00:00:00";
	if (gmtime_r(&t, &tm))
		(void)strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(buf, 40, "%s.%03uZ", day, (unsigned)(real_ns / 1000000 % 1000));
	return buf;
}

/* The length of a path without what rotation puts behind a name: ".1", "-20261122", ".2026-11-22", ".old". */
static size_t rotated_from(const char *path)
{
	size_t n = strlen(path);
	for (;;) {
		size_t digits = n;
		while (digits > 0 && path[digits - 1] >= '0' && path[digits - 1] <= '9')
			digits--;
		if (digits < n && digits > 0 && strchr(".-_", path[digits - 1]))
			n = digits - 1;
		else if (n > 4 && memcmp(path + n - 4, ".old", 4) == 0)
			n -= 4;
		else
			return n;
	}
}

bool text_within(const char *path, const char *top)
{
	size_t n = strlen(top);
	if (n == 1 && *top == '/')
		return *path == '/';
	return n && strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

bool text_below(const char *path, const char *top)
{
	return text_within(path, top) && strcmp(path, top) != 0;
}

bool text_names_log(const char *path)
{
	static const char *const ends[] = {
		".log", ".err", ".out", "-log", "_log", "/syslog", "/messages"};
	size_t n = rotated_from(path);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		size_t len = strlen(ends[i]);
		if (n > len && memcmp(path + n - len, ends[i], len) == 0)
			return true;
	}
	return strstr(path, "/log/") || strstr(path, "/logs/");
}
