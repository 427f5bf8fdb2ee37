/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rule for the memory mappings of a process. The kernel counts no refused mmap(); it refuses when the process has as many as vm.max_map_count, or
 * would have after a piece was cut out of one, so standing there is the proof. */
#include "ledger/use.h"
#include "rules/process.h"

#include "base/text.h"

#include <inttypes.h>

#define FULL                                                                                       \
	0.999 /* of the limit: who was refused gives back a few, and the next one is refused again */

const struct rule_case rule_case_maps = {
	.mechanism =
		"A process has as many memory mappings as vm.max_map_count allows: each mapped "
		"file, each stack of a thread, each large piece of malloc() and each piece whose "
		"protection was changed is one. mmap(), mprotect(), munmap() of a part and "
		"pthread_create() fail with ENOMEM, which programs tell as \"out of memory\" on a "
		"machine that has memory: Elasticsearch, Java, databases that map their files.",
	.threshold = "At 99.9 % of vm.max_map_count in the last two samples (refusals are not "
		     "counted, so standing there is the proof). Filling: grows in four steps of "
		     "five, not fading, above half of the limit, and the line reaches it within "
		     "ten times the time watched.",
	.false_alarms =
		"A program that maps very many files and stays below the limit. One whose mappings "
		"rise and level off: growth that began or ended in the window is a start. Where "
		"no probe tells how many there are, processes are counted in turn, seldom.",
	.confirm = "wc -l /proc/PID/maps; sysctl vm.max_map_count; awk '{print $6}' "
		   "/proc/PID/maps | sort | uniq -c | sort -n | tail",
	.remedy = "Raise vm.max_map_count: it costs memory only as it is used. A leak (threads "
		  "that nobody joins, files that are never unmapped): restart it and mend it.",
};

static void judge(struct view *v, struct verdicts *out, const struct proc *p, double limit)
{
	struct process_use use = {.limit = limit, .full = FULL * limit};
	use.n = use_of_maps(v, p, use.t, use.y);
	const char *name = who_name(v, p);
	struct verdict *f = process_at_limit(v, out, p, name, &use);
	if (!f)
		return;
	char text[32];
	f->culprits[f->nculprits++] = (struct who){"process", name, p->pid, 1,
		say(v, "has %.0f of %.0f memory mappings; it has %" PRIu32 " threads", f->used,
			limit, p->threads)};
	f->title = f->state == STATE_EXHAUSTED
			   ? say(v, "%s may not map any more memory, although there is some", name)
			   : say(v, "%s runs out of memory mappings in %s", name,
				     text_duration(text, f->eta_s));
	verdict_evidence(f, say(v, "%.0f of %.0f mappings", f->used, limit), -1, f->used, limit,
		say(v, "wc -l /proc/%" PRId32 "/maps; sysctl vm.max_map_count", p->pid));
	double gain = process_gain(&use);
	if (gain > 0)
		verdict_evidence(f, say(v, "%.0f more every second", gain), -1, gain, -1,
			say(v,
				"awk '{print $6}' /proc/%" PRId32
				"/maps | sort | uniq -c | sort -n | tail -3   # what they are of",
				p->pid));
	verdict_remedy(f, "Raise the limit; it holds at once, also for who runs",
		say(v, "sysctl -w vm.max_map_count=%.0f", limit * 4), "/etc/sysctl.d/90-maps.conf",
		false, "some 200 bytes of kernel memory for each mapping", "a leak goes on");
	verdict_remedy(f, say(v, "Restart %s, and mend what maps without giving back", name),
		restart_command(v, p->pid), NULL, false, "its clients reconnect", "none");
}

void rule_maps(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	double limit;
	if (!view_gauge(v, view_id(v, M_MAPS_LIMIT, 0, 0), &limit) || limit <= 0) {
		verdict_unknown(out, "vm.max_map_count");
		return;
	}
	for (uint32_t i = 0; i < s->procs.count; i++) {
		const struct proc *p = &TABLE_ROWS(s->procs, struct proc)[i];
		if (!p->kernel && !p->self && p->state != 'Z' && (p->have & HAVE_MAPS) &&
			(double)p->maps * 2 >= limit)
			judge(v, out, p, limit);
	}
}
