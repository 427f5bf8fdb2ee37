/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "read/parse.h"

#include <string.h>

enum { NS_PER_TICK = 10000000, PF_KTHREAD_BIT = 0x00200000 };

bool parse_proc_stat(struct scan bytes, struct proc *p)
{
	uint64_t pid, v;
	int64_t i;
	struct scan s = bytes, word;
	if (!scan_u64(&s, &pid) || pid > INT32_MAX || !scan_skip(&s, ' ') || !scan_skip(&s, '('))
		return false;
	const char *close = s.end;
	while (close > s.p && close[-1] != ')')
		close--;
	if (close == s.p)
		return false;
	size_t len = (size_t)(close - 1 - s.p);
	if (len >= PROC_COMM)
		len = PROC_COMM - 1;
	struct proc q = *p;
	memset(q.comm, 0, sizeof q.comm);
	memcpy(q.comm, s.p, len);
	q.pid = (int32_t)pid;
	s.p = close;
	if (!scan_word(&s, &word))
		return false;
	q.state = *word.p;
	uint64_t user = 0, system = 0, child_user = 0, child_system = 0;
	/* Fields by their number in proc(5); pid, comm and state were 1 to 3. */
	for (int field = 4; field <= 41; field++) {
		if (field == 8 || (field >= 16 && field <= 19)) {
			if (!scan_i64(&s, &i))
				return false;
			if (field == 16)
				child_user = (uint64_t)i;
			else if (field == 17)
				child_system = (uint64_t)i;
			else if (field == 19)
				q.nice = (int16_t)i;
			continue;
		}
		if (!scan_u64(&s, &v)) {
			if (field > 24)
				break; /* very old kernels end early: no policy */
			if (!scan_i64(&s, &i))
				return false;
			v = 0; /* tty and the like may be negative */
		}
		switch (field) {
		case 4: q.ppid = (int32_t)v; break;
		case 5: q.pgrp = (int32_t)v; break;
		case 9: q.kernel = v & PF_KTHREAD_BIT; break;
		case 10: q.minor_faults = v; break;
		case 12: q.major_faults = v; break;
		case 14: user = v; break;
		case 15: system = v; break;
		case 20: q.threads = (uint32_t)v; break;
		case 22: q.start_ticks = v; break;
		case 24: q.rss_pages = v; break;
		case 41: q.policy = (uint16_t)v; break;
		default: break;
		}
	}
	q.child_ticks = child_user + child_system;
	/* Finer than ticks, but without what threads did while they ended: 20 us each, which is a third
	 * of all that a server with a thread for each request uses. */
	uint64_t by_ticks = (user + system) * NS_PER_TICK;
	if (!(q.have & HAVE_DELAY) || q.cpu_ns < by_ticks)
		q.cpu_ns = by_ticks;
	q.have |= HAVE_STAT;
	*p = q;
	return true;
}

bool parse_proc_io(struct scan bytes, struct proc *p)
{
	struct scan line, word;
	unsigned found = 0;
	while (scan_line(&bytes, &line)) {
		uint64_t v;
		if (!scan_word(&line, &word) || !scan_u64(&line, &v))
			continue;
		if (scan_is(word, "read_bytes:"))
			p->io_read = v;
		else if (scan_is(word, "write_bytes:"))
			p->io_write = v;
		else if (scan_is(word, "wchar:"))
			p->io_wchar = v;
		else if (scan_is(word, "syscw:"))
			p->io_write_calls = v;
		else
			continue;
		found++;
	}
	if (found == 4)
		p->have |= HAVE_IO;
	return found == 4;
}

bool parse_proc_cpus(struct scan bytes, unsigned *ret)
{
	struct scan line, word;
	while (scan_line(&bytes, &line)) {
		if (!scan_word(&line, &word) || !scan_is(word, "Cpus_allowed_list:"))
			continue;
		uint64_t from, to, sum = 0;
		while (scan_u64(&line, &from)) {
			to = from;
			if (scan_skip(&line, '-') && !scan_u64(&line, &to))
				return false;
			if (to < from || to >= UINT16_MAX)
				return false;
			sum += to - from + 1;
			if (!scan_skip(&line, ','))
				break;
		}
		*ret = (unsigned)sum;
		return sum > 0 && sum < UINT16_MAX;
	}
	return false;
}

bool parse_proc_cgroup(struct scan bytes, struct scan *ret)
{
	struct scan line, best = {0};
	int best_rank = -1;
	while (scan_line(&bytes, &line)) {
		uint64_t id;
		if (!scan_u64(&line, &id) || !scan_skip(&line, ':'))
			continue;
		const char *colon = memchr(line.p, ':', scan_len(line));
		if (!colon)
			continue;
		struct scan controllers = {line.p, colon}, path = {colon + 1, line.end};
		/* A path that says something wins over "/"; then v2, systemd's hierarchy, and the
		 * limits' hierarchies. */
		int rank = scan_len(path) > 1 ? 10 : 0;
		rank += id == 0                                ? 3
			: scan_is(controllers, "name=systemd") ? 2
			: scan_starts(controllers, "memory")   ? 1
							       : 0;
		if (rank > best_rank && scan_len(path) && *path.p == '/') {
			best = path;
			best_rank = rank;
		}
	}
	if (best_rank < 0)
		return false;
	*ret = best;
	return true;
}

/* Blanks and backslashes in mount paths are written as \ooo. */
static void unescape(struct scan s, char *dst, size_t size)
{
	size_t at = 0;
	while (s.p < s.end && at + 1 < size) {
		if (s.end - s.p >= 4 && s.p[0] == '\\' && s.p[1] >= '0' && s.p[1] <= '3' &&
			s.p[2] >= '0' && s.p[2] <= '7' && s.p[3] >= '0' && s.p[3] <= '7') {
			dst[at++] =
				(char)((s.p[1] - '0') << 6 | (s.p[2] - '0') << 3 | (s.p[3] - '0'));
			s.p += 4;
		} else {
			dst[at++] = *s.p++;
		}
	}
	dst[at] = '\0';
}

/* "36 35 98:0 /root /mount rw,noatime master:1 - ext4 /dev/root rw,errors=continue" */
bool parse_mountinfo(struct scan line, struct mount_line *m)
{
	uint64_t id, parent, maj, min;
	struct scan root, path, options, word, type, source, super;
	if (!scan_u64(&line, &id) || !scan_u64(&line, &parent) || !scan_u64(&line, &maj) ||
		!scan_skip(&line, ':') || !scan_u64(&line, &min) || !scan_word(&line, &root) ||
		!scan_word(&line, &path) || !scan_word(&line, &options))
		return false;
	do {
		if (!scan_word(&line, &word))
			return false;
	} while (!scan_is(word, "-"));
	if (!scan_word(&line, &type) || !scan_word(&line, &source))
		return false;
	if (!scan_word(&line, &super))
		super = (struct scan){0};
	m->devno = maj << 20 | (min & 0xfffff);
	unescape(root, m->root, sizeof m->root);
	unescape(path, m->path, sizeof m->path);
	unescape(type, m->type, sizeof m->type);
	unescape(source, m->source, sizeof m->source);
	unescape(super, m->options, sizeof m->options);
	m->read_only = scan_is(options, "ro") || scan_starts(options, "ro,");
	m->gave_up = !m->read_only && (scan_is(super, "ro") || scan_starts(super, "ro,"));
	return true;
}

bool parse_socket_link(const char *target, uint32_t *ret_inode)
{
	struct scan s = scan_over(target, strlen(target));
	uint64_t v;
	if (!scan_starts(s, "socket:["))
		return false;
	s.p += 8;
	if (!scan_u64(&s, &v) || v > UINT32_MAX)
		return false;
	*ret_inode = (uint32_t)v;
	return true;
}
