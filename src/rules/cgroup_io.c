/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rule for the I/O limits of control groups. The kernel counts no time for which it held a group back; that the group does as much as it may,
 * and its processes wait for a disk most of the time, says it. As with a CPU quota, being held back is what the limit is for: it is trouble when somebody else
 * waits for the group. */
#include "rules/cgroup.h"

#include "base/text.h"
#include "ledger/use.h"

#include <inttypes.h>
#include <string.h>

#define AT_LIMIT                                                                                   \
	0.9 /* of what it may: the kernel gives it out in slices, and a second is no whole number of them */

const struct rule_case rule_case_cgroup_io = {
	.mechanism = "A group does as much I/O on a disk as it may (io.max; in version 1 "
		     "blkio.throttle): the "
		     "kernel holds further requests back before they reach the disk, which may be "
		     "idle. Who reads or writes in the group stands still for most of the time, a "
		     "server among them answers late.",
	.threshold =
		"Over the window the group did nine tenths of a limit or more, and a process of "
		"the group that serves others (somebody talks to it, or waits to), or a worker of "
		"it, was seen waiting for a disk (D) in half of the samples.",
	.false_alarms =
		"A backup or batch job at its limit: that is what the limit is for, and "
		"nobody else waits (a note). A server that does as much as it may and whose "
		"processes do not wait. A disk that is itself busy all the time is "
		"another trouble: disk.io.",
	.confirm = "cat GROUP/io.max GROUP/io.stat GROUP/io.pressure; in version 1 cat "
		   "GROUP/blkio.throttle.*; ps -eo pid,stat,wchan:24,comm | awk '$2 ~ /^D/'",
	.remedy = "Raise the limit, or take the work that needs the disk most (a dump, a report) "
		  "to a "
		  "group of its own; more memory for the group's cache saves reads.",
};

static const struct cgroup_io_kind kinds[CGROUP_IO_WHATS] = {
	{"reads", "rbps", "read_bps", "IOReadBandwidthMax=", "device-read-bps", true},
	{"writes", "wbps", "write_bps", "IOWriteBandwidthMax=", "device-write-bps", true},
	{"reads", "riops", "read_iops", "IOReadIOPSMax=", "device-read-iops", false},
	{"writes", "wiops", "write_iops", "IOWriteIOPSMax=", "device-write-iops", false},
};

const struct cgroup_io_kind *cgroup_io_kind(const struct cgroup_io *io)
{
	return &kinds[io->what];
}

const char *cgroup_io_disk(struct view *v, const struct cgroup_io *io)
{
	uint32_t disk = view_instance_with(v, M_DISK_DEVNO, io->devno);
	return disk ? intern_text(&v->series->names, disk)
		    : say(v, "%" PRIu64 ":%" PRIu64, io->devno >> 20, io->devno & 0xfffff);
}

/* "1.0 MiB" or "200 requests" */
static const char *amount(struct view *v, const struct cgroup_io *io, double n)
{
	char text[32];
	return kinds[io->what].bytes ? say(v, "%s", text_bytes(text, n))
				     : say(v, "%.0f requests", n);
}

static bool waits(const struct usage *u)
{
	return u->samples >= 2 && u->blocked * 2 >= u->samples;
}

static void explain(struct view *v, struct verdict *f, const struct cgroup_io *io, double share,
	unsigned waiting)
{
	const char *word = shell_word(v, intern_text(&v->series->names, io->cgroup)),
		   *disk = cgroup_io_disk(v, io);
	double psi;
	verdict_evidence(f,
		say(v, "%s %s of %s a second that it may on %s", kinds[io->what].verb,
			amount(v, io, share * (double)io->limit), amount(v, io, (double)io->limit),
			disk),
		-1, share * (double)io->limit, (double)io->limit,
		say(v,
			"grep -sH . /sys/fs/cgroup%s/io.max /sys/fs/cgroup%s/io.stat "
			"/sys/fs/cgroup/blkio%s/blkio.throttle.*",
			word, word, word));
	verdict_evidence(f, say(v, "%u of its processes wait for a disk in most samples", waiting),
		-1, waiting, -1, "ps -eo pid,stat,wchan:24,comm | awk '$2 ~ /^D/'");
	if (view_rate(v, view_id(v, M_CG_PSI_IO, 0, io->cgroup), &psi))
		verdict_evidence(f,
			say(v, "some task of it waited for I/O for %.0f %% of the time", 100 * psi),
			M_CG_PSI_IO, psi, -1, say(v, "cat /sys/fs/cgroup%s/io.pressure", word));
	uint64_t major = io->devno >> 20, minor = io->devno & 0xfffff;
	verdict_remedy(f, "Double the limit",
		say(v,
			"f=/sys/fs/cgroup%s/io.max; if [ -e \"$f\" ]; then echo '%" PRIu64
			":%" PRIu64 " %s=%" PRIu64 "' > \"$f\"; else echo '%" PRIu64 ":%" PRIu64
			" %" PRIu64 "' > /sys/fs/cgroup/blkio%s/blkio.throttle.%s_device; fi",
			word, major, minor, kinds[io->what].key, io->limit * 2, major, minor,
			io->limit * 2, word, kinds[io->what].file),
		say(v, "%s of the unit, or the container's definition", kinds[io->what].unit),
		false, "time of the disk for the others", "none while the disk is idle");
	verdict_remedy(f, "Take the work that needs the disk most to a group of its own", NULL,
		NULL, true, "none", "none");
}

static void judge(struct view *v, struct verdicts *out, const struct cgroup_io *io, double share)
{
	const struct usage *server = NULL;
	unsigned waiting = 0;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (u->gone || u->p->self || !waits(u) || !who_is_member(v, io->cgroup, u->p->pid))
			continue;
		waiting++;
		if (!server && cgroup_has_clients(v, u))
			server = u;
	}
	if (!waiting)
		return;
	const char *path = intern_text(&v->series->names, io->cgroup);
	struct verdict *f = verdict_new(v, out, server ? SEVERITY_CRITICAL : SEVERITY_NOTICE,
		server ? STATE_SATURATED : STATE_NOTE, path);
	if (!f)
		return;
	const char *name = group_called(v, path), *disk = cgroup_io_disk(v, io);
	f->cgroup = io->cgroup;
	f->devno = io->devno;
	f->used = share;
	f->limit = 1;
	f->nculprits = who_in_cgroup_by_io(v, io->cgroup, f->culprits, WHO_MAX);
	if (!f->nculprits)
		f->culprits[f->nculprits++] =
			(struct who){"config", say(v, "%s of %s", kinds[io->what].unit, name), 0,
				-1, "allows it no more than that"};
	f->title = server ? say(v,
				    "Cgroup %s is held back at %s a second on %s while others wait "
				    "for %s",
				    name, amount(v, io, (double)io->limit), disk,
				    who_name(v, server->p))
			  : say(v,
				    "Cgroup %s does all of the I/O that it may on %s; nobody else "
				    "waits for it",
				    name, disk);
	if (server) {
		f->pid = server->p->pid;
		verdict_victim(f, "server", who_name(v, server->p), server->p->pid,
			"waits until the group may read or write again");
	}
	explain(v, f, io, share, waiting);
}

/* Of the limits of a group the one that it is nearest to. */
void rule_cgroup_io(struct view *v, struct verdicts *out)
{
	const struct sample *s = view_last(v);
	const struct cgroup_io *rows = TABLE_ROWS(s->cg_io, struct cgroup_io);
	for (uint32_t i = 0; i < s->cg_io.count; i++) {
		double share, other;
		if (!use_of_group_io(v, &rows[i], &share) || share < AT_LIMIT)
			continue;
		bool nearest = true;
		for (uint32_t k = 0; k < s->cg_io.count && nearest; k++)
			if (k != i && rows[k].cgroup == rows[i].cgroup &&
				use_of_group_io(v, &rows[k], &other))
				nearest = other < share || (other == share && k > i);
		if (nearest)
			judge(v, out, &rows[i], share);
	}
}
