/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* maps: how many memory mappings each process has, where no probe tells (collect/tasks.c).
 *
 * /proc has no counter: the kernel has to write a line for each mapping, and somebody has to count them. So only those are looked at that can have
 * many (a mapping is a page at least: whose address space has fewer pages than half of the limit has fewer mappings than that), one process in a
 * tick, in turn; every second look is for the one that had most, if that was half of the limit. A look that took long makes the next one wait, until
 * all of them took a two-hundredth of one CPU. What is not looked at in a tick stands as it was. On the way it is asked who has reserved huge pages, where
 * there are any. */
#include "collect/engine_impl.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	SIZES = 32,       /* address spaces asked for in one tick */
	PATIENCE = 200,   /* a look waits so many times as long as the one before took */
	BYTES = 16 << 20, /* of one look: some 160,000 mappings */
	EVERY_SECOND = 2,
	STATUS_BYTES = 4096,
	ALL_NS = 200000000,
};

static void take_over(const struct sample *prev, struct sample *out)
{
	struct proc *rows = TABLE_ROWS(out->procs, struct proc);
	for (uint32_t i = 0; prev && i < out->procs.count; i++) {
		const struct proc *before =
			sample_proc_near(prev, rows[i].pid, rows[i].start_ticks, i);
		if (before && (before->have & HAVE_MAPS)) {
			rows[i].maps = before->maps;
			rows[i].have |= HAVE_MAPS;
		}
		if (before)
			rows[i].huge_pages = before->huge_pages;
	}
}

static void look(struct engine *e, struct proc *p)
{
	uint64_t n, begin = clock_mono_ns();
	if (reader_proc_maps(e->reader, p->pid, BYTES, &n) == 0) {
		p->maps = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
		p->have |= HAVE_MAPS;
	}
	e->maps_next_ns = e->now_ns + PATIENCE * (clock_mono_ns() - begin);
}

/* "HugetlbPages:      4096 kB" of its status (since 4.4), which counts what the process touched. */
static void look_at_huge(struct engine *e, struct proc *p)
{
	enum { KIB_PER_PAGE = 4 };
	char path[64];
	uint64_t kib;
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/status", p->pid);
	ssize_t n = reader_file(e->reader, path, NULL, e->buffer, STATUS_BYTES);
	struct scan s = scan_whole(scan_over(e->buffer, n > 0 ? (size_t)n : 0)), line, word;
	while (scan_line(&s, &line))
		if (scan_word(&line, &word) && scan_is(word, "HugetlbPages:") &&
			scan_u64(&line, &kib))
			p->huge_pages = kib / KIB_PER_PAGE;
}

static bool may_have(struct engine *e, const struct proc *p, uint64_t mappings)
{
	char path[64], text[128];
	uint64_t pages;
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/statm", p->pid);
	ssize_t n = reader_file(e->reader, path, NULL, text, sizeof text);
	struct scan s = scan_over(text, n > 0 ? (size_t)n : 0);
	return scan_u64(&s, &pages) && pages >= mappings;
}

static struct proc *fullest(struct sample *out, uint64_t least)
{
	struct proc *rows = TABLE_ROWS(out->procs, struct proc), *best = NULL;
	for (uint32_t i = 0; i < out->procs.count; i++)
		if ((rows[i].have & HAVE_MAPS) && rows[i].maps >= least &&
			(!best || rows[i].maps > best->maps))
			best = &rows[i];
	return best;
}

/* The next one in turn that can have so many. */
static struct proc *next_in_turn(struct engine *e, struct sample *out, uint64_t least, bool huge)
{
	struct proc *rows = TABLE_ROWS(out->procs, struct proc);
	uint32_t n = out->procs.count, first = 0;
	while (first < n && rows[first].pid <= e->maps_last)
		first++;
	for (uint32_t k = 0, asked = 0; k < n && asked < SIZES; k++) {
		struct proc *p = &rows[(first + k) % n];
		if (p->kernel || p->state == 'Z')
			continue;
		asked++;
		e->maps_last = p->pid;
		if (huge)
			look_at_huge(e, p);
		if (may_have(e, p, least))
			return p;
	}
	return NULL;
}

/* Everybody, where somebody asked for all there is: for a fifth of a second at most, beginning where the last time ended. */
static void look_at_all(struct engine *e, struct sample *out, uint64_t least, bool huge)
{
	struct proc *rows = TABLE_ROWS(out->procs, struct proc);
	uint32_t n = out->procs.count, first = 0;
	uint64_t begin = clock_mono_ns();
	while (first < n && rows[first].pid <= e->maps_last)
		first++;
	for (uint32_t k = 0; k < n && clock_mono_ns() - begin < ALL_NS; k++) {
		struct proc *p = &rows[(first + k) % n];
		if (p->kernel || p->state == 'Z')
			continue;
		e->maps_last = p->pid;
		if (huge)
			look_at_huge(e, p);
		if (may_have(e, p, least))
			look(e, p);
	}
}

void engine_maps(struct engine *e, const struct sample *prev, struct sample *out)
{
	uint64_t limit, pool = 0;
	if (e->by_probe || !sample_gauge(e->series, out, M_MAPS_LIMIT, NETNS_HOST, &limit))
		return;
	bool huge = sample_gauge(e->series, out, M_HUGEPAGES_TOTAL, NETNS_HOST, &pool) && pool > 0;
	if (reader_is_replay(e->reader)) { /* a small file each, where there is one */
		for (uint32_t i = 0; i < out->procs.count; i++) {
			struct proc *p = &TABLE_ROWS(out->procs, struct proc)[i];
			look(e, p);
			if (huge)
				look_at_huge(e, p);
		}
		return;
	}
	take_over(prev, out);
	if (e->want & WANT_ALL_FDS) {
		look_at_all(e, out, limit / 2, huge);
		return;
	}
	if (e->now_ns < e->maps_next_ns)
		return;
	struct proc *p = e->ticks % EVERY_SECOND ? fullest(out, limit / 2) : NULL;
	if (!p)
		p = next_in_turn(e, out, limit / 2, huge);
	if (p)
		look(e, p);
}
