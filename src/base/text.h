/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* text: foreign bytes made fit to be shown. A process may call itself "\033[2J" or "\xff\xfe"; a
 * terminal, a JSON parser and a tired reader must all survive that. Also the few number formats
 * that people read (12.3 MiB, 4 min 10 s). */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies src to dst (size bytes with NUL) as printable UTF-8: control characters, invalid UTF-8,
 * and characters that reorder or hide text (bidi controls, zero-width, line separators) become \xNN
 * or \u{NNNN}. Truncates on a character boundary. Returns dst. */
char *text_safe(char *dst, size_t size, const char *src);
/* As above, but only invalid UTF-8 is rewritten: for JSON, whose encoder escapes control characters
 * itself. */
char *text_utf8(char *dst, size_t size, const char *src);

/* Columns that a string of printable UTF-8 takes on a terminal (wide East Asian characters count 2,
 * combining ones 0). */
size_t text_width(const char *s);
/* Bytes of s that fit in `columns`. */
size_t text_fit(const char *s, size_t columns);

/* All return buf. Amounts: 999, 12.3k, 4.0M (decimal); bytes: 512 B, 12.3 MiB; duration: 850 ms, 42
 * s, 4 min 10 s, 3 h 20 min, 12 d. */
char *text_amount(char buf[static 32], double v);
char *text_bytes(char buf[static 32], double v);
char *text_duration(char buf[static 32], double seconds);
/* Paths of folders or control groups: `path` is `top` or below it; only below it. Below "/" is every path that begins with it; in "" is nothing. */
bool text_within(const char *path, const char *top);
bool text_below(const char *path, const char *top);
/* Is this the name of a log: by its end, but for numbers, dates and ".old" that rotation puts behind it, or by a folder log or logs. */
bool text_names_log(const char *path);
/* RFC 3339 in UTC with milliseconds. */
char *text_time(char buf[static 40], uint64_t real_ns);

#endif
