/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* log: which line a log that grows fast repeats. Not a server but a file that a process writes (collect/servers.c says which); its path stands where a
 * socket's would.
 *
 * Lines are the same when they differ in digits alone: times, numbers of processes and of lines. Of what was added since the last look, the newest 256 KiB are
 * counted; the line that came most often is told, with how many of how many it was. */
#include "books/log.h"

#include "base/clock.h"
#include "books/line.h"
#include "books/logs.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { LOOK_MS = 50, LEAST = 10 };

struct log_state {
	struct tail tail;
	struct log_repeats seen;
};

static struct log_state self = {.tail = {.fd = -1}}; /* a reader process has exactly one */

/* FNV-1a over the line; each run of digits as one sign, unless they count. */
static uint64_t hash_of(struct scan line, bool digits)
{
	uint64_t h = UINT64_C(14695981039346656037);
	bool digit = false;
	for (; line.p < line.end; line.p++) {
		bool is = !digits && *line.p >= '0' && *line.p <= '9';
		if (is && digit)
			continue;
		digit = is;
		h = (h ^ (unsigned char)(is ? '0' : *line.p)) * UINT64_C(1099511628211);
	}
	return h ? h : 1;
}

/* Without a time that begins with the year: "2026-11-22 12:41:20,123 ", "[2026-11-22T12:41:20Z] ", "2026/11/22 12:41:20 ". */
static struct scan without_time(struct scan line)
{
	struct scan s = line;
	unsigned digits = 0;
	(void)scan_skip(&s, '[');
	for (; s.p < s.end && *s.p >= '0' && *s.p <= '9'; s.p++)
		digits++;
	if (digits != 4 || s.p == s.end || (*s.p != '-' && *s.p != '/'))
		return line;
	while (s.p < s.end && *s.p && strchr("0123456789-/:.,TZ+[] ", *s.p))
		s.p++;
	return s;
}

/* What a process said, behind the time and its name as syslog puts them, or behind the time alone. */
static struct scan said(struct scan line)
{
	struct scan s = line;
	for (; scan_len(s) > 2; s.p++)
		if (s.p[0] == ']' && s.p[1] == ':')
			return (struct scan){s.p + 2, line.end};
	return without_time(line);
}

void log_repeats_take(struct log_repeats *r, struct scan line)
{
	uint64_t h = hash_of(line, false);
	struct log_repeat *at = NULL;
	r->lines++;
	for (unsigned i = 0; i < LOG_PROBES && !at; i++) {
		struct log_repeat *row = &r->rows[(h + i) % LOG_REPEATS];
		if (!row->hash)
			row->hash = h;
		if (row->hash == h)
			at = row;
	}
	if (!at)
		return;
	uint64_t text = hash_of(said(line), true);
	at->exact = at->count == 0 ? 1 : at->exact + (at->said == text);
	at->said = text;
	if (++at->count <= r->most)
		return;
	r->most = at->count;
	r->exact = at->exact;
	scan_text(line, r->text, sizeof r->text);
}

void log_repeats_write(const struct log_repeats *r, int32_t pid, struct book *ret)
{
	if (r->lines < LEAST)
		return;
	book_line(ret, "number log.lines %" PRIu64, r->lines);
	book_line(ret, "number log.same %" PRIu64, r->most);
	book_line(ret, "number log.exact %" PRIu64, r->exact);
	book_line(ret, "slot 1 pid=%" PRId32 " state=logging bytes=%" PRIu64 " text=%s", pid,
		r->most, book_word((char[640]){0}, 640, r->text, strlen(r->text)));
}

int book_open_log(struct book_target *t)
{
	int fd = logs_find(t, t->path);
	if (fd < 0)
		return fd;
	if (tail_begin(&self.tail, fd) == 0)
		return 0;
	(void)close(fd);
	return -EINVAL;
}

static bool take(void *ctx, struct scan line)
{
	log_repeats_take(ctx, line);
	return true;
}

void book_ask_log(struct book_target *t, bool full, struct book *ret)
{
	static struct log_repeats now;
	uint64_t begun = clock_mono_ns();
	(void)full;
	memset(&now, 0, sizeof now);
	tail_read(&self.tail, begun + LOOK_MS * UINT64_C(1000000), take, &now);
	if (now.lines >= LEAST)
		self.seen = now;
	t->again = self.tail.moved;
	book_server(ret, t, "log", t->path, self.tail.fd < 0 ? BOOK_CLOSED : BOOK_OK,
		(clock_mono_ns() - begun) / 1000);
	log_repeats_write(&self.seen, t->pid, ret);
}
