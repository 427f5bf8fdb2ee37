/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* books: what servers say of themselves (src/books/book.h), as rows: the server, its pools, its slots, its other numbers; as series, see
 * book_series.c.
 *
 * A book comes every two seconds or so, a sample each second: the rows of a book stand until the next one of the same server, for half a minute
 * at most, and as long as its process lives. Every text of a book was chosen by strangers, or by a server that strangers took over: a field that is
 * no number in range is left out, words are made printable and cut to the room of their column, names that stay for ever (intern.h) have a limit
 * over the recorder's life. A server that could not be asked, though it is set up to be, is a gap of the sample. */
#include "collect/engine_impl.h"

#include "base/text.h"
#include "books/book.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	STAND_S = 30,    /* a book older than this says nothing of now */
	NAME_BYTES = 64, /* of a server, a pool, a number */
	NUMBERS = 256,   /* in one book */
};
#define STAND_NS (STAND_S * UINT64_C(1000000000))

/* ---- words ---- */

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* A word as the text that it stands for: %XX is a byte, "-" is nothing. What would steer a terminal is written out (text.h). */
static void decode(struct scan word, char *dst, size_t size)
{
	char plain[256];
	size_t n = 0;
	if (scan_is(word, "-"))
		word.p = word.end;
	while (word.p < word.end && n + 1 < sizeof plain) {
		char c = *word.p++;
		int high = c == '%' && scan_len(word) >= 2 ? hex_of(word.p[0]) : -1,
		    low = high >= 0 ? hex_of(word.p[1]) : -1;
		if (low >= 0 && (high || low)) {
			const unsigned char byte = (unsigned char)(high << 4 | low);
			memcpy(&c, &byte, 1);
			word.p += 2;
		}
		if (!c)
			c = '?';
		plain[n++] = c;
	}
	plain[n] = '\0';
	(void)text_safe(dst, size, plain);
}

/* The same as a name; 0 for none, and when there were too many new ones. */
static uint32_t name_of(struct scan word, const struct out *o, uint32_t *names_left)
{
	char text[NAME_BYTES];
	decode(word, text, sizeof text);
	size_t n = strlen(text);
	uint32_t id = intern_find(&o->series->names, text, n);
	if (id || n == 0 || *names_left == 0)
		return id;
	--*names_left;
	return intern_id(&o->series->names, text, n);
}

/* "key=value": splits the next word of the line. */
static bool next_field(struct scan *line, struct scan *key, struct scan *value)
{
	struct scan word;
	while (scan_word(line, &word)) {
		const char *eq = memchr(word.p, '=', scan_len(word));
		if (!eq)
			continue;
		*key = (struct scan){word.p, eq};
		*value = (struct scan){eq + 1, word.end};
		return true;
	}
	return false;
}

static bool number(struct scan word, uint64_t max, uint64_t *ret)
{
	uint64_t v;
	if (scan_len(word) == 0 || !scan_u64(&word, &v) || word.p != word.end || v > max)
		return false;
	*ret = v;
	return true;
}

struct number_field {
	const char *key;
	size_t offset;
	bool wide; /* 64 bits, else 32 */
};

static bool put_number(
	const struct number_field *fields, size_t n, struct scan key, struct scan value, void *row)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t v;
		if (!scan_is(key, fields[i].key))
			continue;
		char *at = (char *)row + fields[i].offset;
		uint32_t narrow;
		if (number(value, fields[i].wide ? UINT64_MAX : UINT32_MAX, &v)) {
			narrow = (uint32_t)v;
			memcpy(at, fields[i].wide ? (const void *)&v : (const void *)&narrow,
				fields[i].wide ? sizeof v : sizeof narrow);
		}
		return true;
	}
	return false;
}

/* "10.0.0.1", "10.0.0.1:80", "2001:db8::1", "[2001:db8::1]:80". */
static void address_of(struct scan word, struct address *address, uint16_t *port)
{
	char text[64];
	size_t n = scan_len(word);
	uint64_t p = 0;
	if (n == 0 || n >= sizeof text)
		return;
	memcpy(text, word.p, n);
	text[n] = '\0';
	char *host = text, *colon = strrchr(text, ':');
	if (text[0] == '[') {
		char *close = strchr(text, ']');
		if (!close)
			return;
		*close = '\0';
		host++;
		colon = close[1] == ':' ? close + 1 : NULL;
	} else if (colon && strchr(text, ':') != colon) {
		colon = NULL; /* IPv6 without brackets has no port */
	}
	if (colon) {
		*colon = '\0';
		(void)number(scan_over(colon + 1, strlen(colon + 1)), UINT16_MAX, &p);
	}
	struct address a = {.family = strchr(host, ':') ? AF_INET6 : AF_INET};
	if (inet_pton(a.family, host, a.bytes) != 1)
		return;
	*address = a;
	*port = (uint16_t)p;
}

/* ---- lines ---- */

static bool pid_of(struct scan value, int32_t *ret)
{
	uint64_t v;
	if (!number(value, INT32_MAX, &v))
		return false;
	*ret = (int32_t)v;
	return true;
}

/* A book that is about no process: of a namespace's nameservers, of the certificates of a port, of a log. There may be several for a process, and one for the server
 * itself: their rows are told apart by a negative number in place of the pid. */
static bool is_beside(struct scan kind)
{
	return scan_is(kind, "tls") || scan_is(kind, "dns") || scan_is(kind, "log");
}

static int32_t beside_id(const struct server_book *b)
{
	return -(int32_t)((uint32_t)(b->netns + 1) << 16 | b->port);
}

/* The first line; false where it is none, or of no process that is there. */
static bool server_line(
	struct scan line, const struct out *o, uint32_t *names_left, struct server_book *row)
{
	struct scan word, kind, name, key, value;
	uint64_t inode = 0, v;
	if (!scan_word(&line, &word) || !scan_is(word, "server") || !scan_word(&line, &kind) ||
		!scan_word(&line, &name))
		return false;
	*row = (struct server_book){.status = BOOK_STATUSES};
	while (next_field(&line, &key, &value)) {
		if (scan_is(key, "pid"))
			(void)pid_of(value, &row->pid);
		else if (scan_is(key, "netns"))
			(void)number(value, UINT64_MAX, &inode);
		else if (scan_is(key, "port") && number(value, UINT16_MAX, &v))
			row->port = (uint16_t)v;
		else if (scan_is(key, "took") && number(value, UINT32_MAX, &v))
			row->took_us = (uint32_t)v;
		else if (scan_is(key, "at"))
			(void)number(value, UINT64_MAX, &row->at_ns);
		else if (scan_is(key, "status") && book_status_of(value.p, scan_len(value)) >= 0)
			row->status = (uint8_t)book_status_of(value.p, scan_len(value));
		else if (scan_is(key, "source"))
			row->source = name_of(value, o, names_left);
	}
	const struct proc *p = row->pid > 0 ? sample_proc(o->sample, row->pid, 0) : NULL;
	if (!p || row->status == BOOK_STATUSES)
		return false;
	if (row->at_ns == 0 || row->at_ns > o->sample->mono_ns)
		row->at_ns = o->sample->mono_ns;
	/* Where the process is, the kernel says; else the book. */
	if (p->have & HAVE_NETNS)
		row->netns = p->netns;
	else
		for (unsigned i = 0; inode && i < o->series->netns_count; i++)
			if (o->series->netns[i].inode == inode)
				row->netns = (uint16_t)i;
	row->kind = name_of(kind, o, names_left);
	row->name = name_of(name, o, names_left);
	if (!row->name)
		row->name = row->kind;
	if (is_beside(kind))
		row->pid = beside_id(row);
	return row->kind != 0;
}

static void pool_line(struct scan line, const struct out *o, uint32_t *names_left,
	const struct server_book *server)
{
#define WIDE(key, field)                                                                           \
	{                                                                                          \
		key, offsetof(struct server_pool, field), true                                     \
	}
#define NARROW(key, field)                                                                         \
	{                                                                                          \
		key, offsetof(struct server_pool, field), false                                    \
	}
	static const struct number_field fields[] = {WIDE("used", used), WIDE("idle", idle),
		WIDE("waiting", waiting), WIDE("high", high), WIDE("served", served),
		WIDE("refused", refused), WIDE("failed", failed), WIDE("time", time_us),
		NARROW("reading", reading), NARROW("working", working),
		NARROW("keepalive", keepalive), NARROW("closing", closing),
		NARROW("finishing", finishing), NARROW("starting", starting),
		NARROW("locked", locked)};
#undef WIDE
#undef NARROW
	struct scan kind, name, key, value;
	uint64_t v;
	if (!scan_word(&line, &kind) || !scan_word(&line, &name))
		return;
	int k = book_pool_of(kind.p, scan_len(kind));
	if (k < 0)
		return;
	struct server_pool row = {.netns = server->netns,
		.server = server->pid,
		.name = name_of(name, o, names_left),
		.kind = (uint8_t)k};
	if (!row.name && !scan_is(name, "-")) /* would be taken for another one */
		return;
	while (next_field(&line, &key, &value)) {
		if (put_number(fields, COUNTOF(fields), key, value, &row))
			continue;
		if (scan_is(key, "limit") && number(value, UINT64_MAX, &v)) {
			row.limit = v;
			row.have_limit = 1;
		} else if (scan_is(key, "up") && number(value, UINT64_MAX, &v)) {
			row.up = v <= 2 ? (uint8_t)v : 0; /* 1 yes, 2 no */
		}
	}
	struct server_pool *at = table_add(&o->sample->pools, sizeof *at);
	if (at)
		*at = row;
}

static void slot_line(struct scan line, const struct out *o, const struct server_book *server)
{
	struct scan id, key, value;
	uint64_t v;
	int state;
	if (!scan_word(&line, &id) || !number(id, UINT32_MAX, &v))
		return;
	struct server_slot row;
	memset(&row, 0, sizeof row); /* rows are compared with all their bytes */
	row.netns = server->netns;
	row.server = server->pid;
	row.id = (uint32_t)v;
	while (next_field(&line, &key, &value)) {
		if (scan_is(key, "pid"))
			(void)pid_of(value, &row.pid);
		else if (scan_is(key, "blocker"))
			(void)pid_of(value, &row.blocker);
		else if (scan_is(key, "ms") && number(value, UINT32_MAX, &v))
			row.state_ms = (uint32_t)v;
		else if (scan_is(key, "bytes"))
			(void)number(value, UINT64_MAX, &row.bytes);
		else if (scan_is(key, "state") &&
			 (state = book_state_of(value.p, scan_len(value))) >= 0)
			row.state = (uint8_t)state;
		else if (scan_is(key, "peer"))
			address_of(value, &row.peer, &row.peer_port);
		else if (scan_is(key, "who"))
			decode(value, row.who, sizeof row.who);
		else if (scan_is(key, "text"))
			decode(value, row.text, sizeof row.text);
	}
	struct server_slot *at = table_add(&o->sample->slots, sizeof *at);
	if (at)
		memcpy(at, &row, sizeof row);
}

static void number_line(struct scan line, const struct out *o, uint32_t *names_left,
	const struct server_book *server)
{
	struct scan name, value;
	uint64_t v;
	if (!scan_word(&line, &name) || !scan_word(&line, &value) || !number(value, UINT64_MAX, &v))
		return;
	if (scan_starts(name, "signal.")) /* of server_signals.c */
		return;
	uint32_t id = name_of(name, o, names_left);
	struct server_number *row = id ? table_add(&o->sample->server_numbers, sizeof *row) : NULL;
	if (row)
		*row = (struct server_number){server->netns, server->pid, id, v};
}

/* ---- rows of one server ---- */

/* Takes the rows of a server out of a table, where `server` says in each row whose it is. */
static void forget_rows(struct table *t, size_t row_size, size_t server, int32_t pid)
{
	unsigned char *to = t->rows.base;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < t->count; i++) {
		const unsigned char *row = t->rows.base + i * row_size;
		int32_t of;
		memcpy(&of, row + server, sizeof of);
		if (of == pid)
			continue;
		if (to != row)
			memmove(to, row, row_size);
		to += row_size;
		kept++;
	}
	t->count = kept;
	t->rows.used = kept * row_size;
}

static void forget_server(struct sample *s, int32_t pid)
{
	forget_rows(
		&s->servers, sizeof(struct server_book), offsetof(struct server_book, pid), pid);
	forget_rows(
		&s->pools, sizeof(struct server_pool), offsetof(struct server_pool, server), pid);
	forget_rows(
		&s->slots, sizeof(struct server_slot), offsetof(struct server_slot, server), pid);
	forget_rows(&s->server_numbers, sizeof(struct server_number),
		offsetof(struct server_number, server), pid);
}

static const struct server_book *server_of(const struct sample *s, int32_t pid)
{
	for (uint32_t i = 0; i < s->servers.count; i++)
		if (TABLE_ROWS(s->servers, struct server_book)[i].pid == pid)
			return &TABLE_ROWS(s->servers, struct server_book)[i];
	return NULL;
}

int collect_book(struct scan bytes, const struct out *o, uint32_t *names_left)
{
	struct scan line, word;
	struct server_book row;
	unsigned pools = 0, slots = 0, numbers = 0;
	if (scan_len(bytes) > BOOK_TEXT)
		bytes.end = bytes.p + BOOK_TEXT;
	bytes = scan_whole(bytes);
	if (!scan_line(&bytes, &line) || !server_line(line, o, names_left, &row))
		return -EBADMSG;
	const struct server_book *before = server_of(o->sample, row.pid);
	if (before && before->at_ns > row.at_ns)
		return 0;
	if (before)
		forget_server(o->sample, row.pid);
	struct server_book *server = table_add(&o->sample->servers, sizeof *server);
	if (!server)
		return -ENOSPC;
	*server = row;
	while (scan_line(&bytes, &line)) {
		if (!scan_word(&line, &word))
			continue;
		if (scan_is(word, "pool") && pools++ < BOOK_POOLS)
			pool_line(line, o, names_left, &row);
		else if (scan_is(word, "slot") && slots++ < BOOK_SLOTS)
			slot_line(line, o, &row);
		else if (scan_is(word, "number") && numbers++ < NUMBERS)
			number_line(line, o, names_left, &row);
		else if (scan_is(word, "latency"))
			collect_book_latency(line, o, &row);
	}
	return 0;
}

/* ---- rows that stand ---- */

static void keep_rows(
	const struct table *from, struct table *to, size_t row_size, size_t server, int32_t pid)
{
	for (uint32_t i = 0; i < from->count; i++) {
		const unsigned char *row = from->rows.base + i * row_size;
		int32_t of;
		memcpy(&of, row + server, sizeof of);
		void *at = of == pid ? table_add(to, row_size) : NULL;
		if (at)
			memcpy(at, row, row_size);
	}
}

static void keep_server(const struct sample *prev, struct sample *out, int32_t pid)
{
	keep_rows(&prev->servers, &out->servers, sizeof(struct server_book),
		offsetof(struct server_book, pid), pid);
	keep_rows(&prev->pools, &out->pools, sizeof(struct server_pool),
		offsetof(struct server_pool, server), pid);
	keep_rows(&prev->slots, &out->slots, sizeof(struct server_slot),
		offsetof(struct server_slot, server), pid);
	keep_rows(&prev->server_numbers, &out->server_numbers, sizeof(struct server_number),
		offsetof(struct server_number, server), pid);
}

static bool has_rows(const struct table *t, size_t row_size, size_t server, int32_t pid)
{
	for (uint32_t i = 0; i < t->count; i++) {
		int32_t of;
		memcpy(&of, t->rows.base + i * row_size + server, sizeof of);
		if (of == pid)
			return true;
	}
	return false;
}

static bool is_worker(const struct server_slot *s, int32_t pid)
{
	return s->server == pid && s->id < SLOT_OF_LOG;
}

static bool has_workers(const struct sample *s, int32_t pid)
{
	for (uint32_t i = 0; i < s->slots.count; i++)
		if (is_worker(&TABLE_ROWS(s->slots, struct server_slot)[i], pid))
			return true;
	return false;
}

static void keep_workers(const struct sample *prev, struct sample *out, int32_t pid)
{
	for (uint32_t i = 0; i < prev->slots.count; i++) {
		const struct server_slot *s = &TABLE_ROWS(prev->slots, struct server_slot)[i];
		struct server_slot *at =
			is_worker(s, pid) ? table_add(&out->slots, sizeof *at) : NULL;
		if (at)
			memcpy(at, s, sizeof *at);
	}
}

/* A server that is full or hangs tells nothing: what it told last is who got it there. */
static void keep_last_told(
	const struct sample *prev, struct sample *out, const struct server_book *b)
{
	if ((b->status != BOOK_FULL && b->status != BOOK_HUNG && b->status != BOOK_SLOW) ||
		!engine_same_process(prev, out, b->pid))
		return;
	if (!has_workers(out, b->pid))
		keep_workers(prev, out, b->pid);
	if (!has_rows(&out->pools, sizeof(struct server_pool), offsetof(struct server_pool, server),
		    b->pid))
		keep_rows(&prev->pools, &out->pools, sizeof(struct server_pool),
			offsetof(struct server_pool, server), b->pid);
}

/* What its silence is called: the kernel's word for the same. */
static int error_of(enum book_status status)
{
	switch (status) {
	case BOOK_DOWN: return ECONNREFUSED;
	case BOOK_HUNG:
	case BOOK_SLOW: return ETIMEDOUT;
	case BOOK_GARBAGE: return EBADMSG;
	case BOOK_LARGE: return EFBIG;
	case BOOK_DENIED: return EACCES;
	case BOOK_FULL: return EAGAIN;
	case BOOK_OK:
	case BOOK_CLOSED:
	case BOOK_STATUSES: break;
	}
	return 0;
}

static void tell_gaps(struct series_set *series, struct sample *out)
{
	for (uint32_t i = 0; i < out->servers.count; i++) {
		const struct server_book *b = &TABLE_ROWS(out->servers, struct server_book)[i];
		int error = error_of((enum book_status)b->status);
		/* What a nameserver does not answer hides nothing of a server here. */
		if (!error || strcmp(intern_text(&series->names, b->kind), "dns") == 0)
			continue;
		char what[NAME_BYTES + 32];
		int n = snprintf(what, sizeof what, "what %s says of itself",
			intern_text(&series->names, b->name));
		/* Interned text lasts as long as the sample. */
		uint32_t id = intern_id(&series->names, what, (size_t)n);
		sample_gap(out, b->netns, error, intern_text(&series->names, id),
			"its workers, queues, connections, locks");
	}
}

struct books_walk {
	struct out o;
	uint32_t *names_left;
};

static int take_book(void *ctx, const void *bytes, size_t len)
{
	struct books_walk *w = ctx;
	(void)collect_book(scan_over(bytes, len), &w->o, w->names_left);
	return 0;
}

static bool is_learned(const struct server_slot *s, int32_t pid)
{
	return s->server == pid && s->id >= SLOT_OF_LOG && strcmp(s->who, "longest") == 0;
}

/* What was learned of a server's log stands until who reads it now has learned as much of the same URL: a log that is moved away ends its reader, and the
 * next one begins with an empty file. */
static void keep_learned(const struct sample *prev, struct sample *out, int32_t pid)
{
	enum { LEARNED = 12, FIRST = SLOT_OF_LOG + 300 };
	unsigned n = 0, kept = 0;
	for (uint32_t i = 0; i < out->slots.count; i++)
		n += is_learned(&TABLE_ROWS(out->slots, struct server_slot)[i], pid);
	for (uint32_t i = 0; n < LEARNED && i < prev->slots.count; i++) {
		const struct server_slot *s = &TABLE_ROWS(prev->slots, struct server_slot)[i];
		bool told = !is_learned(s, pid);
		for (uint32_t k = 0; !told && k < out->slots.count; k++) {
			const struct server_slot *o =
				&TABLE_ROWS(out->slots, struct server_slot)[k];
			told = is_learned(o, pid) && strcmp(o->text, s->text) == 0;
		}
		struct server_slot *at = told ? NULL : table_add(&out->slots, sizeof *at);
		if (!at)
			continue;
		memcpy(at, s, sizeof *at);
		at->id = FIRST + kept++;
		n++;
	}
}

void engine_books(struct engine *e, const struct sample *prev, struct sample *out)
{
	struct books_walk w = {{out, e->series, NETNS_HOST}, &e->book_names};
	if (e->ticks == 0)
		e->book_names = BOOK_NAMES;
	(void)reader_books(e->reader, take_book, &w);
	for (uint32_t i = 0; prev && i < prev->servers.count; i++) {
		const struct server_book *b = &TABLE_ROWS(prev->servers, struct server_book)[i];
		if (!server_of(out, b->pid) && out->mono_ns - b->at_ns < STAND_NS &&
			(b->pid < 0 || engine_same_process(prev, out, b->pid)))
			keep_server(prev, out, b->pid);
	}
	for (uint32_t i = 0; prev && i < out->servers.count; i++) {
		const struct server_book *b = &TABLE_ROWS(out->servers, struct server_book)[i];
		keep_last_told(prev, out, b);
		if (b->pid > 0 && engine_same_process(prev, out, b->pid))
			keep_learned(prev, out, b->pid);
	}
	engine_server_signals(e, prev, out);
	engine_book_series(e->series, prev, out);
	if (e->book_names == 0)
		sample_gap(
			out, NETNS_HOST, ENOSPC, "names in books of servers", "pools of servers");
	tell_gaps(e->series, out);
}
