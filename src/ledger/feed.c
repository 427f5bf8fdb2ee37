/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "ledger/feed.h"

#include "base/text.h"
#include "ledger/servers.h"
#include "ledger/who.h"

#include <stdlib.h>
#include <string.h>

static const double SAME = 0.9; /* of all lines */
/* What goes into a pipe comes out of it: as many bytes, but for what is under way and for times that a logger puts before lines. */
static const double LESS = 0.6, MORE = 1.1;
static const double TO_FILES = 0.5; /* of what somebody writes: that goes into no pipe */

/* exact: of all lines those that are the same with all their numbers. path: of this log alone, where it writes several; NULL: any. */
static const char *line_of(
	struct view *v, int32_t writer, const char *path, double *ret_share, double *ret_exact)
{
	const struct sample *s = view_last(v);
	uint64_t same, lines, exact;
	for (uint32_t i = 0; i < s->servers.count; i++) {
		const struct server_book *b = &TABLE_ROWS(s->servers, struct server_book)[i];
		if (strcmp(server_kind(v, b), "log") != 0 ||
			!server_number_of(v, s, b->pid, "log.same", &same) ||
			!server_number_of(v, s, b->pid, "log.lines", &lines) || same * 2 < lines ||
			!lines ||
			(path && strcmp(path, intern_text(&v->series->names, b->source)) != 0))
			continue;
		for (uint32_t k = 0; k < s->slots.count; k++) {
			const struct server_slot *o = &TABLE_ROWS(s->slots, struct server_slot)[k];
			if (o->server != b->pid || o->pid != writer)
				continue;
			*ret_share = (double)same / (double)lines;
			*ret_exact = server_number_of(v, s, b->pid, "log.exact", &exact)
					     ? (double)exact / (double)lines
					     : 0;
			return arena_str(&v->scratch, o->text);
		}
	}
	return "";
}

const char *feed_line(struct view *v, int32_t writer, double *ret_share)
{
	double exact;
	return line_of(v, writer, NULL, ret_share, &exact);
}

/* 'HTTP/1.1" 200 ': a log of requests says the same again when somebody asks the same again. */
static bool is_request(const char *line)
{
	for (const char *at = strstr(line, " HTTP/"); at; at = strstr(at + 1, " HTTP/")) {
		const char *end = strchr(at, '"');
		if (end && end[1] == ' ' && strspn(end + 2, "0123456789") == 3)
			return true;
	}
	return false;
}

/* "name[123]: " after the time and host of a line of syslog: the process of that number, if that is its name. *ret_tag: there is such a word. */
static const struct usage *tagged(const struct view *v, const char *line, bool *ret_tag)
{
	*ret_tag = false;
	for (const char *open = strchr(line, '['); open; open = strchr(open + 1, '[')) {
		char *end;
		long pid = strtol(open + 1, &end, 10);
		const char *name = open;
		while (name > line && name[-1] != ' ' && name[-1] != '/')
			name--;
		size_t n = (size_t)(open - name);
		if (pid <= 0 || pid > INT32_MAX || end == open + 1 || end[0] != ']' ||
			end[1] != ':' || n == 0)
			continue;
		*ret_tag = true;
		const struct usage *u = view_usage(v, (int32_t)pid);
		size_t kept = n < PROC_COMM - 1 ? n : PROC_COMM - 1; /* the kernel keeps 15 bytes */
		if (u && !u->p->self && strlen(u->p->comm) == kept &&
			memcmp(u->p->comm, name, kept) == 0)
			return u;
		return NULL;
	}
	return NULL;
}

/* Programs that write to a log only what others hand to them: what it repeats is not theirs, also where it cannot be told whose it is. */
static bool passes_on(const struct usage *u)
{
	static const char *const names[] = {"rsyslogd", "syslogd", "syslog-ng", "systemd-journal",
		"rotatelogs", "cronolog", "tee", "logger", "multilog", "svlogd", "s6-log",
		"containerd-shim", "conmon", "dockerd", "fluentd", "fluent-bit", "vector"};
	for (size_t i = 0; i < COUNTOF(names); i++)
		if (strcmp(u->p->comm, names[i]) == 0)
			return true;
	return false;
}

enum feed_lines feed_lines(struct view *v, const struct usage *writer, const char *path)
{
	double share, exact;
	bool tag;
	const char *line = line_of(v, writer->p->pid, path, &share, &exact);
	if (is_request(line))
		return FEED_REQUESTS;
	const struct usage *from = tagged(v, line, &tag);
	bool own = tag ? from == writer : !passes_on(writer);
	return *line && exact >= SAME && own ? FEED_SAME : FEED_OTHER;
}

static bool related(const struct usage *a, const struct usage *b)
{
	return (a->p->pgrp > 1 && a->p->pgrp == b->p->pgrp) || a->p->pid == b->p->ppid ||
	       a->p->ppid == b->p->pid || (a->p->ppid > 1 && a->p->ppid == b->p->ppid);
}

/* The process of the same job that writes as many bytes as the logger, and neither to this device nor to files elsewhere: a pipe makes no page
 * dirty. */
static const struct usage *piped(const struct view *v, const struct usage *writer, uint64_t devno)
{
	const struct usage *best = NULL;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (u == writer || u->p->kernel || u->p->self || !u->have_io ||
			!related(u, writer) ||
			memcmp(u->p->comm, writer->p->comm, PROC_COMM) == 0 ||
			u->written_chars < LESS * writer->written_chars ||
			u->written_chars > MORE * writer->written_chars ||
			u->write_bytes > TO_FILES * u->written_chars ||
			who_has_file_on(v, u->p->pid, &devno, 1))
			continue;
		if (!best || u->p->start_ticks < best->p->start_ticks ||
			(u->p->start_ticks == best->p->start_ticks && u->p->pid < best->p->pid))
			best = u; /* the first of a pipeline */
	}
	return best;
}

bool feed_of(struct view *v, const struct usage *writer, uint64_t devno, struct feed *ret)
{
	double share = 0, exact = 0;
	bool tag;
	char b[32];
	const char *line = line_of(v, writer->p->pid, NULL, &share, &exact);
	*ret = (struct feed){.from = tagged(v, line, &tag)};
	if (ret->from == writer)
		return false;
	if (ret->from) {
		ret->same = exact >= SAME;
		ret->how = arena_printf(&v->scratch,
			"%.0f %% of the lines are its, passed on by %s (pid %d)", 100 * share,
			who_name(v, writer->p), (int)writer->p->pid);
		return true;
	}
	if (!writer->have_io || writer->written_chars <= 0)
		return false;
	ret->from = piped(v, writer, devno);
	if (!ret->from)
		return false;
	ret->piped = true;
	ret->same = exact >= SAME && !tag;
	ret->how = arena_printf(&v->scratch, "writes %s/s, passed on by %s (pid %d)",
		text_bytes(b, ret->from->written_chars / v->seconds), who_name(v, writer->p),
		(int)writer->p->pid);
	return true;
}
