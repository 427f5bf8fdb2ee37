/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* A message as a mail: RFC 5322, with the subject as RFC 2047 where it needs it and the body quoted-printable. Values come from outside: what
 * could end a header never gets here (message.h), and is taken out once more. */
#include "fleet/message.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	WORD_BYTES = 42
}; /* of text in one encoded word: 56 characters of base64, 75 with its frame */

static void base64(FILE *f, const unsigned char *p, size_t n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < n; i += 3) {
		unsigned v = (unsigned)p[i] << 16 | (i + 1 < n ? (unsigned)p[i + 1] << 8 : 0) |
			     (i + 2 < n ? p[i + 2] : 0);
		(void)fputc(digits[v >> 18], f);
		(void)fputc(digits[v >> 12 & 63], f);
		(void)fputc(i + 1 < n ? digits[v >> 6 & 63] : '=', f);
		(void)fputc(i + 2 < n ? digits[v & 63] : '=', f);
	}
}

static bool plain(const char *text)
{
	for (const char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			return false;
	return !strstr(text, "=?") && strlen(text) < 900;
}

static void header_text(FILE *f, const char *name, const char *text)
{
	(void)fprintf(f, "%s:", name);
	if (plain(text)) {
		(void)fprintf(f, " %s\r\n", text);
		return;
	}
	for (size_t n = strlen(text), len; n; text += len, n -= len) {
		len = n < WORD_BYTES ? n : WORD_BYTES;
		while (len < n && len > 1 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--; /* a character is not cut */
		(void)fputs(" =?UTF-8?B?", f);
		base64(f, (const unsigned char *)text, len);
		(void)fputs("?=\r\n", f);
	}
}

static void quoted_printable(FILE *f, const char *text)
{
	unsigned column = 0;
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;
		bool end = p[1] == '\n' || p[1] == '\0';
		if (c == '\n') {
			(void)fputs("\r\n", f);
			column = 0;
			continue;
		}
		bool encode = c == '=' || c >= 0x7f || (c < ' ' && c != '\t') ||
			      ((c == ' ' || c == '\t') && end) || (c == '.' && column == 0);
		unsigned width = encode ? 3 : 1;
		if (column + width > 75) {
			(void)fputs("=\r\n", f);
			column = 0;
		}
		(void)fprintf(f, encode ? "=%02X" : "%c", c);
		column += width;
	}
}

static void date(FILE *f, uint64_t now_ns)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)(now_ns / 1000000000u);
	struct tm tm;
	(void)gmtime_r(&t, &tm);
	(void)fprintf(f, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday],
		tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* A host name as it may stand in an address. */
static void domain(char *to, size_t size, const char *host)
{
	size_t n = 0;
	for (const char *p = host; *p && n + 1 < size; p++)
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			(*p >= '0' && *p <= '9') || *p == '-' || (*p == '.' && n))
			to[n++] = *p;
	to[n] = '\0';
	if (!n)
		(void)snprintf(to, size, "localhost");
}

char *message_mail(
	const struct message *m, const struct target *t, const char *host, uint64_t now_ns)
{
	char *mail = NULL, where[128];
	size_t size;
	FILE *f = open_memstream(&mail, &size);
	if (!f)
		return NULL;
	domain(where, sizeof where, host);
	date(f, now_ns);
	if (t->from)
		(void)fprintf(f, "From: Plimsoll <%s>\r\n", t->from);
	else
		(void)fprintf(f, "From: Plimsoll <plimsoll@%s>\r\n", where);
	for (unsigned i = 0; i < t->nto; i++)
		(void)fprintf(f, "%s%s%s", i ? ",\r\n " : "To: ", t->to[i],
			i + 1 == t->nto ? "\r\n" : "");
	header_text(f, "Subject", m->subject);
	(void)fprintf(f, "Message-ID: <%" PRIx64 ".%" PRIx64 "@%s>\r\n", now_ns, t->key, where);
	(void)fputs(
		"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; "
		"charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
		f);
	quoted_printable(f, m->text);
	return fclose(f) == EOF ? NULL : mail;
}
