/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* num: numbers out of text that someone else wrote. Every parser is checked: no overflow, no sign
 * tricks, no locale. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A cursor over bytes that need not end in NUL. The scan_ functions move it only when they succeed.
 */
struct scan {
	const char *p;
	const char *end;
};

static inline struct scan scan_over(const void *bytes, size_t len)
{
	return (struct scan){bytes, (const char *)bytes + len};
}

bool scan_u64(struct scan *s, uint64_t *ret); /* decimal, leading blanks allowed */
bool scan_i64(struct scan *s, int64_t *ret);  /* decimal with optional '-' */
bool scan_hex(
	struct scan *s, uint64_t *ret); /* hexadecimal without prefix, leading blanks allowed */
bool scan_word(struct scan *s, struct scan *ret); /* next run of non-blanks on this line */
bool scan_line(
	struct scan *s, struct scan *ret); /* next line without its newline; false at the end */
bool scan_skip(struct scan *s, char c);    /* one expected byte */
/* Up to the next tab or the end, as a text; false when it does not fit or has a NUL. */
bool scan_field(struct scan *s, char *to, size_t size);
void scan_blanks(struct scan *s); /* spaces and tabs */
/* All of it as a text, cut to the size. */
void scan_text(struct scan s, char *to, size_t size);
bool scan_is(struct scan word, const char *text);
bool scan_starts(struct scan word, const char *text);

/* Only whole lines: what follows the last newline was cut, and half a number is a wrong number. */
static inline struct scan scan_whole(struct scan s)
{
	while (s.end > s.p && s.end[-1] != '\n')
		s.end--;
	return s;
}

static inline size_t scan_len(struct scan s)
{
	return (size_t)(s.end - s.p);
}

/* Whole-string forms for the command line: 0 or -EINVAL / -ERANGE. */
int num_u64(const char *s, uint64_t *ret);
int num_size(const char *s, uint64_t *ret_bytes);  /* 2GiB, 512k, 1.5M */
int num_duration(const char *s, uint64_t *ret_ns); /* 5s, 250ms, 2m, 1h30m, 5 */
/* RFC 3339, HH:MM[:SS] (the latest past one), -15m, yesterday 04:00, epoch seconds. now_ns is what
 * "now" means. */
int num_time(const char *s, uint64_t now_ns, uint64_t *ret_ns);

/* For qsort(): the smaller number first. */
int num_order_u32(const void *a, const void *b);
int num_order_u64(const void *a, const void *b);

/* The greatest number that divides both; that of 0 and n is n. */
uint64_t num_gcd(uint64_t a, uint64_t b);

#endif
