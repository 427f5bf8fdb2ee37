/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Varnish: the counters that it keeps in files of its working folder, which varnishstat maps (vsm.rst, vsc.rst of its sources; since 6.0): an
 * index of pieces, for each kind of counters a description in JSON (name, place in the body), and the counters as they lie in memory. They are read
 * here and not mapped: a file that is cut short is an end, no signal. Nothing is asked of Varnish; one whose clock stands has hung.
 *
 * Its working folder is the current one of its processes. */
#include "books/varnish.h"

#include "books/conf.h"
#include "books/line.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { THREAD_POOL_MAX = 5000, HUNG_S = 15, INDEX = 64 * 1024, HEAD = 24 };

struct state {
	int dir_fd;
	uint64_t thread_max;       /* of one pool, as it was started */
	uint64_t uptime, since_ns; /* of the child: the last one, and since when */
};

int book_open_varnish(struct book_target *t)
{
	struct conf_args args;
	struct state *s = t->state ? t->state : calloc(1, sizeof *s);
	const char *option;
	uint64_t v;
	if (!s)
		return -ENOMEM;
	if (t->state && s->dir_fd >= 0)
		(void)close(s->dir_fd);
	*s = (struct state){.dir_fd = -1, .thread_max = THREAD_POOL_MAX};
	t->state = s;
	if (conf_args(t->pid, &args) == 0)
		for (int i = 1; (option = conf_option(&args, "-p", &i));)
			if (strncmp(option, "thread_pool_max=", 16) == 0 &&
				line_number(scan_over(option + 16, strlen(option + 16)), &v))
				s->thread_max = v;
	s->dir_fd = conf_open(t, "_.vsm_child", O_PATH | O_DIRECTORY);
	conf_note("_.vsm_child", s->dir_fd);
	if (s->dir_fd < 0) /* the child may not be there yet */
		return s->dir_fd;
	return 0;
}

/* ---- bytes ---- */

int varnish_index(struct scan text, struct varnish_segment ret[static VARNISH_SEGMENTS])
{
	struct scan line, word[6];
	int n = 0;
	while (scan_line(&text, &line)) {
		int words = 0;
		struct varnish_segment s = {0};
		while (words < 6 && scan_word(&line, &word[words]))
			words++;
		if (words < 6 || scan_len(word[1]) >= sizeof s.file ||
			scan_len(word[5]) >= sizeof s.ident || !line_number(word[2], &s.offset) ||
			!line_number(word[3], &s.length) ||
			memchr(word[1].p, '/', scan_len(word[1])))
			continue;
		memcpy(s.file, word[1].p, scan_len(word[1]));
		memcpy(s.ident, word[5].p, scan_len(word[5]));
		if (scan_is(word[0], "-")) { /* was taken away */
			for (int i = 0; i < n; i++)
				if (strcmp(ret[i].file, s.file) == 0 && ret[i].offset == s.offset) {
					ret[i] = ret[--n];
					break;
				}
			continue;
		}
		s.doc = scan_is(word[4], "StatDoc");
		bool counters =
			scan_is(word[4], "Stat") &&
			(scan_is(word[5], "MAIN") || scan_starts(word[5], "SMA.") ||
				scan_starts(word[5], "SMF.") || scan_starts(word[5], "VBE."));
		if (s.doc && (!scan_hex(&word[5], &s.doc_id) || scan_len(word[5])))
			continue;
		if (scan_is(word[0], "+") && (s.doc || counters) && n < VARNISH_SEGMENTS &&
			s.length <= VARNISH_SEGMENT)
			ret[n++] = s;
	}
	return n;
}

bool varnish_head(const void *bytes, size_t n, struct scan *ret_body, uint64_t *ret_doc)
{
	uint64_t head[3];
	if (n < HEAD)
		return false;
	memcpy(head, bytes, HEAD);
	if (head[0] != 1 || head[1] < HEAD || head[1] > n)
		return false;
	*ret_body = (struct scan){(const char *)bytes + head[1], (const char *)bytes + n};
	*ret_doc = head[2];
	return true;
}

/* A counter of a piece, 0 where it has none. */
static uint64_t counter(const json_t *doc, struct scan body, const char *name, bool *ret_there)
{
	const json_t *one = json_object_get(json_object_get(doc, "elem"), name);
	const json_t *index = json_object_get(one, "index");
	const char *type = json_string_value(json_object_get(one, "ctype"));
	json_int_t at = json_is_integer(index) ? json_integer_value(index) : -1;
	uint64_t v = 0;
	*ret_there = type && strcmp(type, "uint64_t") == 0 && at >= 0 && at % 8 == 0 &&
		     scan_len(body) >= 8 && (uint64_t)at <= scan_len(body) - 8;
	if (*ret_there)
		memcpy(&v, body.p + at, sizeof v);
	return v;
}

static bool of_main(const json_t *doc, struct scan body, struct varnish_found *f, struct book *ret)
{
	static const struct line_wanted wanted[] = {{"client_req", "requests"},
		{"cache_hit", "cache.hits"}, {"cache_miss", "cache.misses"},
		{"n_lru_nuked", "objects.nuked"}, {"backend_fail", "backend.failed"},
		{"backend_busy", "backend.busy"}, {"backend_unhealthy", "backend.unhealthy"},
		{"sess_fail", "sessions.failed"}, {"sess_queued", "sessions.queued"},
		{"sess_dropped", "sessions.dropped"}, {"req_dropped", "requests.dropped"},
		{"pools", "threads.pools"}, {"threads_limited", "threads.limited"},
		{"threads_failed", "threads.failed"}, {"fetch_failed", "fetches.failed"},
		{"busy_sleep", "requests.asleep"}, {"uptime", "uptime.s"}};
	bool there, other;
	uint64_t threads = counter(doc, body, "threads", &there),
		 pools = counter(doc, body, "pools", &other), limit;
	if (!there || !other)
		return false;
	f->uptime = counter(doc, body, "uptime", &there);
	if (__builtin_mul_overflow(pools, f->thread_max, &limit))
		limit = 0;
	book_line(ret,
		"pool workers - used=%" PRIu64 " limit=%" PRIu64 " waiting=%" PRIu64
		" served=%" PRIu64 " refused=%" PRIu64,
		threads, limit, counter(doc, body, "thread_queue_len", &there),
		counter(doc, body, "client_req", &there),
		counter(doc, body, "sess_dropped", &there) +
			counter(doc, body, "req_dropped", &other));
	for (size_t i = 0; i < COUNTOF(wanted); i++) {
		uint64_t v = counter(doc, body, wanted[i].name, &there);
		if (there)
			book_line(ret, "number %s %" PRIu64, wanted[i].number, v);
	}
	return true;
}

bool varnish_counters(
	struct scan ident, void *doc, struct scan body, struct varnish_found *f, struct book *ret)
{
	bool there, other;
	if (scan_is(ident, "MAIN"))
		return of_main(doc, body, f, ret);
	if (scan_starts(ident, "SMA.") || scan_starts(ident, "SMF.")) {
		uint64_t used = counter(doc, body, "g_bytes", &there),
			 space = counter(doc, body, "g_space", &other), limit;
		char text[32] = "";
		if (other && space &&
			!__builtin_add_overflow(used, space, &limit)) /* 0: as much as it wants */
			(void)snprintf(text, sizeof text, " limit=%" PRIu64, limit);
		ident.p += 4;
		book_line(ret, "pool memory %s used=%" PRIu64 "%s failed=%" PRIu64, WORD(ident),
			used, text, counter(doc, body, "c_fail", &other));
		return there;
	}
	ident.p += 4;
	uint64_t used = counter(doc, body, "conn", &there);
	book_line(ret,
		"pool backend %s used=%" PRIu64 " served=%" PRIu64 " refused=%" PRIu64
		" failed=%" PRIu64,
		WORD(ident), used, counter(doc, body, "req", &other),
		counter(doc, body, "busy", &other), counter(doc, body, "fail", &other));
	return there;
}

/* ---- files ---- */

static ssize_t read_piece(int dir_fd, const char *file, uint64_t offset, void *buf, size_t size)
{
	AUTO_FD int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	ssize_t n = pread(fd, buf, size, (off_t)offset);
	return n < 0 ? -errno : n;
}

struct docs {
	int n;
	uint64_t id[VARNISH_DOCS];
	json_t *doc[VARNISH_DOCS];
};

static void read_docs(
	int dir_fd, const struct varnish_segment *s, int n, char *buf, struct docs *ret)
{
	struct scan body;
	uint64_t id;
	for (int i = 0; i < n && ret->n < VARNISH_DOCS; i++) {
		ssize_t got = s[i].doc
				      ? read_piece(dir_fd, s[i].file, s[i].offset, buf, s[i].length)
				      : -1;
		if (got <= 0 || !varnish_head(buf, (size_t)got, &body, &id))
			continue;
		size_t len = strnlen(body.p, scan_len(body));
		ret->id[ret->n] = s[i].doc_id;
		ret->doc[ret->n] = json_loadb(body.p, len, 0, NULL);
		ret->n += ret->doc[ret->n] != NULL;
	}
}

/* false: some of it is not what it should be. */
static bool read_counters(int dir_fd, const struct varnish_segment *s, int n, char *buf,
	const struct docs *d, struct varnish_found *f, struct book *ret)
{
	struct scan body;
	uint64_t id;
	bool any = false;
	for (int i = 0; i < n; i++) {
		ssize_t got =
			s[i].doc ? -1
				 : read_piece(dir_fd, s[i].file, s[i].offset, buf, s[i].length);
		if (got <= 0 || !varnish_head(buf, (size_t)got, &body, &id))
			continue;
		for (int k = 0; k < d->n; k++)
			if (d->id[k] == id)
				any |= varnish_counters(scan_over(s[i].ident, strlen(s[i].ident)),
					       d->doc[k], body, f, ret) &&
				       strcmp(s[i].ident, "MAIN") == 0;
	}
	return any;
}

static enum book_status look(struct state *s, struct book *ret)
{
	static char text[INDEX], piece[VARNISH_SEGMENT];
	static struct varnish_segment segments[VARNISH_SEGMENTS];
	struct docs d = {0};
	struct varnish_found f = {.thread_max = s->thread_max};
	ssize_t got = read_piece(s->dir_fd, "_.index", 0, text, sizeof text);
	if (got < 0)
		return got == -EACCES ? BOOK_DENIED : BOOK_DOWN; /* no child, no file */
	if (got == INDEX)
		return BOOK_LARGE;
	int n = varnish_index(scan_over(text, (size_t)got), segments);
	read_docs(s->dir_fd, segments, n, piece, &d);
	bool good = read_counters(s->dir_fd, segments, n, piece, &d, &f, ret);
	for (int i = 0; i < d.n; i++)
		json_decref(d.doc[i]);
	if (!good)
		return BOOK_GARBAGE;
	struct line now = LINE_NONE;
	line_begin(&now);
	if (f.uptime != s->uptime || !s->since_ns) {
		s->uptime = f.uptime;
		s->since_ns = now.began_ns;
	}
	return now.began_ns - s->since_ns > HUNG_S * 1000000000ull ? BOOK_HUNG : BOOK_OK;
}

void book_ask_varnish(struct book_target *t, bool full, struct book *ret)
{
	static struct book found;
	struct state *s = t->state;
	struct line l = LINE_NONE;
	(void)full; /* nothing is asked */
	found = (struct book){0};
	line_begin(&l);
	l.status = s && s->dir_fd >= 0 ? look(s, &found) : BOOK_CLOSED;
	if (l.status != BOOK_OK)
		found = (struct book){0};
	line_book(&l, ret, t, "varnishd", "_.vsm_child", &found);
}
