/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "books/book.h"

#include "base/attr.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const statuses[BOOK_STATUSES] = {
	"ok", "full", "down", "hung", "slow", "garbage", "large", "denied", "closed"};
static const char *const pools[POOL_KINDS] = {
	"workers", "connections", "queue", "backend", "memory", "other"};
static const char *const states[SLOT_STATES] = {"idle", "starting", "reading", "working",
	"keepalive", "dns", "closing", "logging", "finishing", "transaction", "locked",
	"subscribed"};

static int number_of(const char *const *names, int count, const char *name, size_t n)
{
	for (int i = 0; i < count; i++)
		if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0)
			return i;
	return -1;
}

const char *book_status_name(enum book_status s)
{
	return statuses[s];
}

const char *book_pool_name(enum pool_kind k)
{
	return pools[k];
}

const char *book_state_name(enum slot_state s)
{
	return states[s];
}

int book_status_of(const char *name, size_t n)
{
	return number_of(statuses, BOOK_STATUSES, name, n);
}

int book_pool_of(const char *name, size_t n)
{
	return number_of(pools, POOL_KINDS, name, n);
}

int book_state_of(const char *name, size_t n)
{
	return number_of(states, SLOT_STATES, name, n);
}

const char *book_kind_of(const char *program)
{
	static const struct {
		const char *name, *programs;
	} rows[] = {
#define BOOK(id, name, programs, called) {name, programs},
#include "books/books.def"
#undef BOOK
	};
	size_t len = strlen(program);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (const char *p = rows[i].programs; *p;) {
			size_t n = strcspn(p, " ");
			if (n == len && memcmp(p, program, n) == 0)
				return rows[i].name;
			p += n + strspn(p + n, " ");
		}
	return NULL;
}

bool book_is_tls_port(uint16_t port)
{
	static const uint16_t ports[] = {443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995,
		1443, 2083, 2087, 2096, 2376, 2443, 3269, 4433, 4443, 5061, 5223, 5349, 5443, 5671,
		5986, 6443, 6514, 6697, 7443, 8443, 8883, 8943, 9443, 10250, 10443};
	for (size_t i = 0; i < COUNTOF(ports); i++)
		if (ports[i] == port)
			return true;
	return false;
}

const char *const book_edges[BOOK_EDGES] = {"1ms", "2ms", "4ms", "8ms", "16ms", "33ms", "66ms",
	"131ms", "262ms", "524ms", "1s", "2s", "4s", "8s", "17s", "34s", "67s", "inf"};

void book_line(struct book *b, const char *fmt, ...)
{
	size_t room = sizeof b->text - b->n;
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(b->text + b->n, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n + 2 > room) {
		b->text[b->n] = '\0';
		b->full = true;
		return;
	}
	b->n += (size_t)n;
	b->text[b->n++] = '\n';
	b->text[b->n] = '\0';
}

char *book_word(char *buf, size_t size, const char *text, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;
	for (size_t i = 0; i < len && n + 4 <= size; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c <= ' ' || c == '%' || c == 0x7f) {
			buf[n++] = '%';
			buf[n++] = hex[c >> 4];
			buf[n++] = hex[c & 15];
		} else {
			buf[n++] = (char)c;
		}
	}
	if (n == 0 ||
		(n == 1 && buf[0] == '-')) /* "-" itself is escaped, since alone it means nothing */
		n = (size_t)snprintf(buf, size, "%s", n ? "%2D" : "-");
	buf[n] = '\0';
	return buf;
}

void book_server(struct book *b, const struct book_target *t, const char *name, const char *source,
	enum book_status status, uint64_t took_us)
{
	char name_word[64], source_word[256], file[192];
	b->n = 0;
	b->full = false;
	if (status == BOOK_CLOSED && t->unread && *t->unread) {
		status = BOOK_DENIED;
		(void)snprintf(file, sizeof file, "file://%s", t->unread);
		source = file;
	}
	book_line(b,
		"server %s %s pid=%d netns=%" PRIu64 " port=%u status=%s took=%" PRIu64
		" at=%" PRIu64 " source=%s",
		t->kind, book_word(name_word, sizeof name_word, name, strlen(name)), t->pid,
		t->netns, t->port, book_status_name(status), took_us,
		t->held_ns ? t->held_ns : clock_mono_ns(),
		book_word(source_word, sizeof source_word, source, strlen(source)));
}

unsigned book_edge(uint64_t ms)
{
	unsigned k = 0;
	while (k + 1 < BOOK_EDGES && ms > (UINT64_C(1024) << k) / 1000)
		k++;
	return k;
}

void book_latency(struct book *b, const uint64_t counts[static BOOK_EDGES])
{
	char text[32 * BOOK_EDGES];
	size_t n = 0;
	for (unsigned k = 0; k < BOOK_EDGES; k++)
		if (counts[k])
			n += (size_t)snprintf(text + n, sizeof text - n, " %s=%" PRIu64,
				book_edges[k], counts[k]);
	if (n)
		book_line(b, "latency%s", text);
}
