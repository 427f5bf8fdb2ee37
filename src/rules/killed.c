/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "rules/killed.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Of one that lived too short for its group to be seen, the group is that of who bears its name and parent now. */
static bool in_group(const struct view *v, const struct ended_sum *r, uint32_t cgroup)
{
	/* Its path may be that of another hierarchy (version 1): who was seen in the group was in it. */
	if (who_is_member(v, cgroup, r->pid) ||
		(r->cgroup && text_within(intern_text(&v->series->names, r->cgroup),
				      intern_text(&v->series->names, cgroup))))
		return true;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct proc *p = v->usages[i].p;
		if (p->ppid == r->ppid && strncmp(p->comm, r->comm, PROC_COMM - 1) == 0 &&
			who_is_member(v, cgroup, p->pid))
			return true;
	}
	return false;
}

static bool known(const struct verdict *f, int32_t pid)
{
	for (size_t i = 0; i < f->nvictims; i++)
		if (f->victims[i].pid == pid)
			return true;
	return false;
}

/* "Out of memory: Killed process 812 (java) total-vm:..." or "Memory cgroup out of memory: Killed process ..." (mm/oom_kill.c). The name is
 * foreign, and cut at the first bracket behind it. */
static void from_log(struct view *v, struct verdict *f, const char *text, bool of_group)
{
	static const char mark[] = "Killed process ";
	const char *at = strstr(text, mark);
	bool group = strncmp(text, "Memory cgroup", 13) == 0;
	if (!at || group != of_group)
		return;
	char *end;
	long pid = strtol(at + sizeof mark - 1, &end, 10);
	if (pid <= 0 || pid > INT32_MAX || strncmp(end, " (", 2) != 0 || known(f, (int32_t)pid))
		return;
	const char *name = end + 2, *close = strstr(name, ") ");
	size_t n = close ? (size_t)(close - name) : strcspn(name, ")");
	if (n > 0)
		verdict_victim(f, "process", arena_strn(&v->scratch, name, n), (int32_t)pid,
			"killed by the kernel for lack of memory");
}

void killed_victims(struct view *v, struct verdict *f, uint32_t cgroup)
{
	struct ended_sum *rows;
	size_t n = ended_sums(v, &rows);
	for (size_t i = 0; i < n; i++) {
		if (rows[i].oom <= 0 || (cgroup && !in_group(v, &rows[i], cgroup)))
			continue;
		verdict_victim(f, "process", arena_str(&v->scratch, rows[i].comm), rows[i].pid,
			say(v, "killed by the kernel for lack of memory%s",
				rows[i].oom > 1 ? ", again and again" : ""));
	}
	/* The log tells no group by its path on all kernels: only where there are no probes. */
	for (unsigned i = 1; i < v->n && !ended_known(v); i++) {
		const struct sample *s = view_at(v, i);
		for (uint32_t k = 0; k < s->klog.count; k++) {
			char text[KLOG_TEXT + 1] = "";
			memcpy(text, TABLE_ROWS(s->klog, struct klog)[k].text, KLOG_TEXT);
			from_log(v, f, text, cgroup != 0);
		}
	}
}

const struct ended_sum *killed_largest(struct view *v, uint32_t cgroup)
{
	struct ended_sum *rows, *best = NULL;
	size_t n = ended_sums(v, &rows);
	for (size_t i = 0; i < n; i++)
		if (rows[i].oom > 0 && (!best || rows[i].rss_peak > best->rss_peak) &&
			(!cgroup || in_group(v, &rows[i], cgroup)))
			best = &rows[i];
	return best;
}
