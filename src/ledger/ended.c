/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "ledger/ended.h"

#include <stdio.h>
#include <string.h>

static const double PAGE_BYTES = 4096;

bool ended_known(const struct view *v)
{
	for (unsigned i = 1; i < v->n; i++)
		if (view_at(v, i)->have_ended)
			return true;
	return false;
}

static void add(struct ended_sum *sum, const struct ended *e, uint64_t at_ns)
{
	if (sum->count <= 0) {
		sum->ppid = e->ppid;
		(void)snprintf(sum->comm, sizeof sum->comm, "%.*s", PROC_COMM - 1, e->comm);
		sum->first_ns = at_ns;
	}
	sum->pid = e->pid;
	sum->uid = e->uid;
	sum->cgroup = e->cgroup ? e->cgroup : sum->cgroup;
	/* The row has the code of its last one, which may have been one that did well. */
	if (e->failed && e->code)
		sum->code = e->code;
	sum->count += e->count;
	sum->failed += e->failed;
	sum->oom += e->oom;
	sum->cpu_s += (double)e->cpu_ns / 1e9;
	sum->life_s += (double)e->life_ns / 1e9;
	double peak = (double)e->rss_peak_pages * PAGE_BYTES;
	sum->rss_peak = peak > sum->rss_peak ? peak : sum->rss_peak;
	sum->samples++;
}

size_t ended_sums(struct view *v, struct ended_sum **ret)
{
	size_t rows = 0, slots = 64, n = 0;
	for (unsigned i = 1; i < v->n; i++) /* what the first sample tells was before the window */
		rows += view_at(v, i)->ended.count;
	while (slots < rows * 2)
		slots *= 2;
	struct ended_sum *sums = arena_alloc(&v->scratch, (rows + 1) * sizeof *sums);
	uint32_t *hash = arena_alloc(&v->scratch, slots * sizeof *hash);
	*ret = sums;
	if (!sums || !hash)
		return 0;
	memset(sums, 0, (rows + 1) * sizeof *sums);
	memset(hash, 0, slots * sizeof *hash);
	for (unsigned i = 1; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		for (uint32_t k = 0; k < s->ended.count; k++) {
			const struct ended *e = &TABLE_ROWS(s->ended, struct ended)[k];
			size_t at = (size_t)(intern_hash(e->comm, strnlen(e->comm, PROC_COMM)) +
					     (uint32_t)e->ppid * 2654435761u) &
				    (slots - 1);
			while (hash[at] && (sums[hash[at] - 1].ppid != e->ppid ||
						   strncmp(sums[hash[at] - 1].comm, e->comm,
							   PROC_COMM - 1) != 0))
				at = (at + 1) & (slots - 1);
			if (!hash[at])
				hash[at] = (uint32_t)++n;
			add(&sums[hash[at] - 1], e, s->real_ns);
		}
	}
	return n;
}
