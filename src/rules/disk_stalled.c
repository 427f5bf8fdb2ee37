/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rule for disks that do not answer. All that lies on such a disk stands still with it: encryption, arrays, logical volumes. One trouble, and it is
 * told of the lowest. */
#include "rules/verdict.h"

#include "ledger/stack.h"

#include <string.h>

const struct rule_case rule_case_disk_stalled = {
	.mechanism = "Requests went to a device and no answer comes: a dead path, a hung storage "
		     "server, a controller in reset. Everything that touches it hangs in D and "
		     "cannot be killed.",
	.threshold = "Requests in flight in every sample, none completed for at least four "
		     "seconds, and a process blocked. Of devices that lie on each other the "
		     "lowest that stands still is named, with all who wait for those above it.",
	.false_alarms = "A slow disk completes something every second. A long flush or discard of "
			"a healthy disk ends within a second or two.",
	.confirm = "cat /sys/block/DEV/inflight /sys/block/DEV/stat; sleep 2; cat "
		   "/sys/block/DEV/stat; dmesg | tail",
	.remedy = "Look at the storage behind it (path, server, controller); the processes come "
		  "back or fail when it answers or its timeout ends.",
};

/* Requests of this device in flight now, when none was completed in the window and there were some all the time; else 0. */
static double unanswered(const struct view *v, uint32_t instance)
{
	uint32_t inflight = view_id(v, M_DISK_INFLIGHT, 0, instance);
	double reads, writes;
	uint64_t now = 0;
	if (v->seconds < 4 || !view_delta(v, view_id(v, M_DISK_READS, 0, instance), &reads) ||
		!view_delta(v, view_id(v, M_DISK_WRITES, 0, instance), &writes) ||
		reads + writes > 0)
		return 0;
	for (unsigned i = 0; i < v->n; i++)
		if (!sample_get(view_at(v, i), inflight, &now) || now == 0)
			return 0;
	return (double)now;
}

/* A volume stands still because a disk below it does: that is the one to look at. */
static bool hangs_below(const struct view *v, uint32_t instance)
{
	for (uint32_t id = view_each(v, M_DISK_BUSY, 0); id; id = view_each(v, M_DISK_BUSY, id)) {
		uint32_t other = series_row(v->series, id)->instance;
		if (!who_is_partition(v, id) && stack_lies_on(v, instance, other) &&
			unanswered(v, other) > 0)
			return true;
	}
	return false;
}

static void disk_stalled(struct view *v, struct verdicts *out, uint32_t id)
{
	uint32_t instance = series_row(v->series, id)->instance;
	double now = who_is_partition(v, id) ? 0 : unanswered(v, instance);
	if (now <= 0 || hangs_below(v, instance))
		return;
	unsigned blocked = 0;
	uint64_t devnos[64];
	size_t ndev = who_disk_family(v, id, devnos, COUNTOF(devnos));
	ndev = who_add_volumes(v, id, devnos, ndev, COUNTOF(devnos));
	const char *dev = series_instance(v->series, id);
	struct verdict draft = {0};
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (u->blocked < v->n - 1)
			continue;
		blocked++;
		if (!u->p->kernel && who_has_file_on(v, u->p->pid, devnos, ndev))
			verdict_victim(&draft, u->listens ? "server" : "process", who_name(v, u->p),
				u->p->pid, "blocked all the time, cannot be killed");
	}
	struct verdict *f =
		blocked ? verdict_new(v, out, SEVERITY_CRITICAL, STATE_STALLED, dev) : NULL;
	if (!f)
		return;
	memcpy(f->victims, draft.victims, sizeof draft.victims);
	f->nvictims = draft.nvictims;
	f->device = id;
	f->devno = ndev ? devnos[0] : 0;
	f->used = now;
	f->title = say(v, "Disk %s has %.0f requests in flight and answered none for %.0f s", dev,
		now, v->seconds);
	f->culprits[f->nculprits++] = (struct who){"device", dev, 0, 1, "does not answer"};
	verdict_evidence(f,
		say(v, "%.0f requests in flight, 0 completed in %.0f s, %u processes blocked", now,
			v->seconds, blocked),
		M_DISK_INFLIGHT, now, 0,
		say(v, "cat /sys/block/%s/inflight /sys/block/%s/stat", dev, dev));
	verdict_remedy(f,
		"Look at the storage behind this device: path, server, controller, kernel log",
		"dmesg -T | tail -50", NULL, false, "none", "none");
	verdict_remedy(f,
		"Do not try to kill the processes or unmount: that hangs as well. Free the path; a "
		"lazy unmount lets new work go on",
		NULL, NULL, false, "none", "none");
}

void rule_disk_stalled(struct view *v, struct verdicts *out)
{
	uint32_t id = view_each(v, M_DISK_BUSY, 0);
	if (!id)
		verdict_unknown(out, "/proc/diskstats");
	for (; id; id = view_each(v, M_DISK_BUSY, id))
		disk_stalled(v, out, id);
}
