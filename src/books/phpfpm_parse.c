/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* php-fpm: its configuration, the records of FastCGI, its status page. The page is taken as text, not as JSON, which older versions write with
 * requests in it as they came, quotes and all (sapi/fpm/fpm/fpm_status.c). */
#include "books/phpfpm.h"

#include "books/line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- configuration ---- */

static void trim(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t'))
		s->p++;
	while (s->p < s->end && (s->end[-1] == ' ' || s->end[-1] == '\t' || s->end[-1] == '\r'))
		s->end--;
	if (s->end - s->p >= 2 && (*s->p == '"' || *s->p == '\'') && s->end[-1] == *s->p) {
		s->p++;
		s->end--;
	}
}

/* "$pool" in a value is the pool's name. */
static void put_value(char *buf, size_t size, struct scan value, const char *pool)
{
	size_t n = 0;
	while (value.p < value.end && n + 1 < size) {
		if (scan_starts(value, "$pool")) {
			n += (size_t)snprintf(buf + n, size - n, "%s", pool);
			n = n < size ? n : size - 1;
			value.p += 5;
		} else {
			buf[n++] = *value.p++;
		}
	}
	buf[n] = '\0';
}

static uint64_t seconds(struct scan value)
{
	uint64_t v;
	if (!scan_u64(&value, &v) || v > 1000000)
		return 0;
	return scan_is(value, "m")   ? v * 60
	       : scan_is(value, "h") ? v * 3600
	       : scan_is(value, "d") ? v * 86400
				     : v;
}

static void begin_section(struct scan name, struct phpfpm_config *ret)
{
	char text[48];
	ret->current = -1;
	if (scan_is(name, "global") || scan_len(name) == 0 || scan_len(name) >= sizeof text)
		return;
	(void)snprintf(text, sizeof text, "%.*s", (int)scan_len(name), name.p);
	for (int i = 0; i < ret->n; i++)
		if (strcmp(ret->pool[i].name, text) == 0)
			ret->current = i;
	if (ret->current >= 0 || ret->n == PHPFPM_POOLS)
		return;
	ret->current = ret->n++;
	struct phpfpm_pool *p = &ret->pool[ret->current];
	*p = (struct phpfpm_pool){0};
	(void)snprintf(p->name, sizeof p->name, "%s", text);
}

void phpfpm_read_config(struct scan text, struct phpfpm_config *ret)
{
	struct scan line;
	uint64_t v;
	ret->current = -1;
	while (scan_line(&text, &line)) {
		const char *comment = memchr(line.p, ';', scan_len(line));
		if (comment)
			line.end = comment;
		trim(&line);
		if (scan_len(line) > 2 && *line.p == '[' && line.end[-1] == ']') {
			begin_section((struct scan){line.p + 1, line.end - 1}, ret);
			continue;
		}
		const char *equals = memchr(line.p, '=', scan_len(line));
		if (!equals)
			continue;
		struct scan key = {line.p, equals}, value = {equals + 1, line.end};
		trim(&key);
		trim(&value);
		if (scan_is(key, "include") && ret->includes < PHPFPM_INCLUDES) {
			put_value(ret->include[ret->includes++], sizeof *ret->include, value, "");
			continue;
		}
		if (ret->current < 0)
			continue;
		struct phpfpm_pool *p = &ret->pool[ret->current];
		if (scan_is(key, "listen"))
			put_value(p->listen, sizeof p->listen, value, p->name);
		else if (scan_is(key, "prefix"))
			put_value(p->prefix, sizeof p->prefix, value, p->name);
		else if (scan_is(key, "pm.status_path"))
			put_value(p->status_path, sizeof p->status_path, value, p->name);
		else if (scan_is(key, "pm.status_listen"))
			put_value(p->status_listen, sizeof p->status_listen, value, p->name);
		else if (scan_is(key, "pm.max_children") && line_number(value, &v))
			p->max_children = v;
		else if (scan_is(key, "request_terminate_timeout"))
			p->terminate_s = seconds(value);
	}
}

/* ---- FastCGI: records of version, kind, request (2), length (2), padding, reserved ---- */

enum { BEGIN = 1, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6, STDERR = 7, HEAD = 8 };

static size_t record(unsigned char *buf, unsigned char kind, size_t length)
{
	const unsigned char head[HEAD] = {
		1, kind, 0, 1, (unsigned char)(length >> 8), (unsigned char)length, 0, 0};
	memcpy(buf, head, HEAD);
	return HEAD;
}

size_t fastcgi_request(unsigned char *buf, size_t size, const char *path, const char *query)
{
	const char *const params[][2] = {{"REQUEST_METHOD", "GET"}, {"SCRIPT_NAME", path},
		{"SCRIPT_FILENAME", path}, {"REQUEST_URI", path}, {"QUERY_STRING", query},
		{"SERVER_PROTOCOL", "HTTP/1.1"}, {"GATEWAY_INTERFACE", "CGI/1.1"}};
	size_t n = 0, length = 0, at;
	for (size_t i = 0; i < COUNTOF(params); i++)
		length += 2 + strlen(params[i][0]) + strlen(params[i][1]);
	if (size < length + 5 * HEAD || strlen(path) > 127 || strlen(query) > 127)
		return 0;
	n += record(buf, BEGIN, 8);
	const unsigned char responder[8] = {0, 1}; /* the connection is closed afterwards */
	memcpy(buf + n, responder, sizeof responder);
	n += 8;
	n += record(buf + n, PARAMS, length);
	for (size_t i = 0; i < COUNTOF(params); i++) {
		buf[n++] = (unsigned char)strlen(params[i][0]);
		buf[n++] = (unsigned char)strlen(params[i][1]);
		for (int k = 0; k < 2; k++) {
			at = strlen(params[i][k]);
			memcpy(buf + n, params[i][k], at);
			n += at;
		}
	}
	n += record(buf + n, PARAMS, 0);
	return n + record(buf + n, STDIN, 0);
}

int fastcgi_answer(char *bytes, size_t n, bool join, size_t *ret_n)
{
	size_t at = 0, out = 0;
	*ret_n = 0;
	while (n - at >= HEAD) {
		const unsigned char *h = (const unsigned char *)bytes + at;
		size_t length = (size_t)h[4] << 8 | h[5], whole = HEAD + length + h[6];
		unsigned char kind = h[1];
		if (h[0] != 1 || (kind != STDOUT && kind != STDERR && kind != END))
			return -1;
		if (n - at < whole)
			return 0;
		if (kind == STDOUT) {
			if (join)
				memmove(bytes + out, bytes + at + HEAD, length);
			out += length;
		}
		at += whole;
		*ret_n = out;
		if (kind == END)
			return 1;
	}
	return n - at && bytes[at] != 1 ? -1 : 0;
}

/* ---- the page ---- */

struct process {
	uint64_t pid, us;
	struct scan state, method, uri, user, script;
};

static bool split(struct scan line, struct scan *key, struct scan *value)
{
	const char *colon = memchr(line.p, ':', scan_len(line));
	if (!colon)
		return false;
	*key = (struct scan){line.p, colon};
	*value = (struct scan){colon + 1, line.end};
	trim(key);
	scan_blanks(value);
	if (value->end > value->p && value->end[-1] == '\r')
		value->end--;
	return true;
}

static const char *state_of(const struct process *p)
{
	static const struct {
		const char *theirs, *ours;
	} states[] = {{"Idle", "idle"}, {"Running", "working"}, {"Reading headers", "reading"},
		{"Getting request information", "reading"}, {"Info", "reading"},
		{"Finishing", "finishing"}, {"Ending", "closing"}, {"Accepting", "idle"}};
	for (size_t i = 0; i < COUNTOF(states); i++)
		if (scan_is(p->state, states[i].theirs))
			return states[i].ours;
	return "working";
}

/* A process has ended in the text. Returns whether it is the one that answers us. */
static bool end_process(const struct process *p, const struct phpfpm_pool *pool, bool shared,
	unsigned *slots, struct book *ret)
{
	char text[256];
	const char *state = state_of(p);
	if (!p->pid || strcmp(state, "idle") == 0)
		return false;
	if (shared && scan_starts(p->uri, pool->status_path)) {
		const char *behind = p->uri.p + strlen(pool->status_path);
		if (behind == p->uri.end || *behind == '?')
			return true;
	}
	if (p->us < 1000000 || ++*slots > BOOK_SLOTS / 2)
		return false;
	bool named = scan_len(p->script) && !scan_is(p->script, "-");
	size_t n = (size_t)snprintf(text, sizeof text, "%.*s %.*s%s%.*s",
		(int)(scan_len(p->method) < 16 ? scan_len(p->method) : 16), p->method.p,
		(int)(scan_len(p->uri) < 120 ? scan_len(p->uri) : 120), p->uri.p, named ? " " : "",
		named ? (int)(scan_len(p->script) < 80 ? scan_len(p->script) : 80) : 0,
		p->script.p);
	uint64_t ms = p->us / 1000;
	book_line(ret, "slot %u pid=%u state=%s ms=%" PRIu64 " who=%s text=%s", (unsigned)p->pid,
		(unsigned)p->pid, state, ms > UINT32_MAX ? UINT32_MAX : ms,
		WORD(scan_over(pool->name, strlen(pool->name))),
		WORD(scan_over(text, n < sizeof text ? n : sizeof text - 1)));
	return false;
}

enum head { ACTIVE, IDLE, MOST, ACCEPTED, REACHED, QUEUE, MOST_QUEUED, QUEUE_LEN, SLOW, HEADS };

static void process_line(struct scan key, struct scan value, struct process *p)
{
	if (scan_is(key, "state"))
		p->state = value;
	else if (scan_is(key, "request duration"))
		(void)line_number(value, &p->us);
	else if (scan_is(key, "request method"))
		p->method = value;
	else if (scan_is(key, "request URI"))
		p->uri = value;
	else if (scan_is(key, "user"))
		p->user = value;
	else if (scan_is(key, "script"))
		p->script = value;
}

static void pool_lines(
	const uint64_t v[static HEADS], const struct phpfpm_pool *pool, bool ours, struct book *ret)
{
	char limit[32] = "", waiting[32] = "", name[64];
	book_word(name, sizeof name, pool->name, strlen(pool->name));
	if (pool->max_children)
		(void)snprintf(limit, sizeof limit, " limit=%" PRIu64, pool->max_children);
	if (v[QUEUE_LEN]) /* it cannot see the queue of a unix socket, and says 0 */
		(void)snprintf(waiting, sizeof waiting, " waiting=%" PRIu64, v[QUEUE]);
	book_line(ret,
		"pool workers %s used=%" PRIu64 " idle=%" PRIu64 "%s%s high=%" PRIu64
		" served=%" PRIu64 " refused=%" PRIu64,
		name, v[ACTIVE] - (ours && v[ACTIVE]), v[IDLE] + ours, limit, waiting, v[MOST],
		v[ACCEPTED], v[REACHED]);
	book_line(ret, "number requests.slow/%s %" PRIu64, name, v[SLOW]);
}

enum book_status phpfpm_parse(struct scan text, const struct phpfpm_pool *pool, struct book *ret)
{
	static const char *const heads[HEADS] = {"active processes", "idle processes",
		"max active processes", "accepted conn", "max children reached", "listen queue",
		"max listen queue", "listen queue len", "slow requests"};
	uint64_t v[HEADS] = {0}, pid;
	unsigned seen = 0, slots = 0;
	bool shared = !pool->status_listen[0], ours = false, page = false;
	struct process p = {0};
	struct scan line, key, value;
	static struct book
		lines; /* of the pool's processes: they come before its own line is known */
	lines = (struct book){0};
	while (scan_line(&text, &line)) {
		if (!split(line, &key, &value))
			continue;
		if (!page && scan_is(key, "Status"))
			return scan_starts(value, "404")   ? BOOK_CLOSED
			       : scan_starts(value, "403") ? BOOK_DENIED
							   : BOOK_GARBAGE;
		if (scan_is(key, "pool"))
			page = true;
		if (!page)
			continue;
		if (scan_is(key, "pid") && line_number(value, &pid)) {
			ours |= end_process(&p, pool, shared, &slots, &lines);
			p = (struct process){.pid = pid & INT32_MAX};
		} else if (p.pid) {
			process_line(key, value, &p);
		} else {
			for (int i = 0; i < HEADS; i++)
				if (scan_is(key, heads[i]) && line_number(value, &v[i]))
					seen |= 1u << i;
		}
	}
	if (!page || !(seen & 1u << ACTIVE) || !(seen & 1u << IDLE))
		return BOOK_GARBAGE;
	ours |= end_process(&p, pool, shared, &slots, &lines);
	pool_lines(v, pool, ours, ret);
	for (const char *s = lines.text; *s;) {
		int n = (int)strcspn(s, "\n");
		book_line(ret, "%.*s", n, s);
		s += n + (s[n] == '\n');
	}
	return BOOK_OK;
}
