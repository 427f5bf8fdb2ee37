/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for the time of a disk. Busy 100 % alone proves nothing (a device may serve many requests
 * at once, and a backup may be the only one that waits for it): there must be a queue, and somebody
 * else blocked behind it. */
#include "rules/cpu.h"

#include "base/text.h"
#include "ledger/stack.h"

#include <inttypes.h>
#include <string.h>

static const double BUSY = 0.90;
static const double PSI_WAIT = 0.20;
static const double RIVAL =
	0.1; /* who moves this much of what the culprit moves waits for its own work */

const struct rule_case rule_case_disk_saturated = {
	.mechanism =
		"A disk always has requests in flight and more wait behind them. Processes that "
		"need it sit in uninterruptible sleep (D); the processors may be idle meanwhile.",
	.threshold = "Busy at least 90 % of the time with a mean queue above 1, tasks waiting for "
		     "I/O a fifth of the time (PSI), and a process with files on that disk, other "
		     "than the one that moves most bytes, blocked in at least two samples and two "
		     "fifths of all; or the one that moves most bytes serves others itself.",
	.false_alarms =
		"A backup or copy that has the disk for itself: busy 100 %, but only it waits, "
		"with "
		"all the parts of its job. Other jobs beside it that move much themselves and "
		"serve "
		"nobody; processes of a server that work for no client (PostgreSQL's checkpointer, "
		"the child that saves for Redis). An "
		"SSD at 100 % busy with answers in microseconds. None of these raises anything.",
	.confirm =
		"iostat -x 1 5   # %util, aqu-sz, await; ps -eLo stat,pid,wchan:32,comm | grep ^D",
	.remedy = "Slow the one who moves most (ionice, cgroup io.max), move its work to another "
		  "hour or disk; a faster disk last.",
};

static double moved(const struct usage *u)
{
	return u->read_bytes + u->write_bytes;
}

/* Processes blocked on files of this disk, apart from the culprit's program. */
static size_t blocked_others(struct view *v, const struct verdict *f, const uint64_t *devnos,
	size_t ndev, struct verdict *into)
{
	const struct usage *culprit = f->nculprits ? view_usage(v, f->culprits[0].pid) : NULL;
	size_t n = 0;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (u->p->kernel || u->p->self || u->p->background || u->blocked < 2 ||
			u->blocked * 5 < v->n * 2 || !who_has_file_on(v, u->p->pid, devnos, ndev))
			continue;
		/* A program waits for itself; but who saves or checkpoints may delay those of its server who have clients. */
		if (culprit && !culprit->p->background &&
			memcmp(culprit->p->comm, u->p->comm, PROC_COMM) == 0)
			continue;
		/* Parts of one job only delay each other, and two jobs beside each other have half each: nobody's work is lost. */
		if (culprit && !u->listens && !(u->parent && u->parent->listens) &&
			(cpu_same_job(culprit, u) || moved(u) >= RIVAL * moved(culprit)))
			continue;
		n++;
		verdict_victim(into, u->listens ? "server" : "process", who_name(v, u->p),
			u->p->pid,
			say(v, "blocked in %u of %u samples%s%s", u->blocked, v->n,
				u->p->wchan ? ", in " : "",
				intern_text(&v->series->names, u->p->wchan)));
	}
	return n;
}

static void disk_saturated(struct view *v, struct verdicts *out, uint32_t id)
{
	const char *dev = series_instance(v->series, id);
	uint32_t instance = series_row(v->series, id)->instance;
	double busy, queue, reads, writes, rtime = 0, wtime = 0, psi = 0, idle = 0, iowait = 0;
	if (who_is_partition(v, id) || !view_rate(v, id, &busy) || busy < BUSY ||
		!view_rate(v, view_id(v, M_DISK_QUEUE_TIME, 0, instance), &queue) || queue < 1)
		return;
	if (!view_delta(v, view_id(v, M_DISK_READS, 0, instance), &reads) ||
		!view_delta(v, view_id(v, M_DISK_WRITES, 0, instance), &writes) ||
		reads + writes < 1)
		return;
	bool have_psi = view_rate(v, view_id(v, M_PSI_IO_SOME, 0, 0), &psi);
	if (have_psi && psi < PSI_WAIT)
		return;
	(void)view_delta(v, view_id(v, M_DISK_READ_TIME, 0, instance), &rtime);
	(void)view_delta(v, view_id(v, M_DISK_WRITE_TIME, 0, instance), &wtime);
	uint64_t devnos[32];
	size_t ndev = who_disk_family(v, id, devnos, COUNTOF(devnos));
	struct verdict draft = {0}, victims = {0};
	draft.nculprits = who_disk(v, devnos, ndev, draft.culprits, WHO_MAX);
	size_t blocked = blocked_others(v, &draft, devnos, ndev, &victims);
	const struct usage *top = draft.nculprits ? view_usage(v, draft.culprits[0].pid) : NULL;
	bool serves = top && top->listens && top->blocked >= 2;
	double await = (rtime + wtime) / (reads + writes);
	if (blocked == 0 && !serves)
		return;
	struct verdict *f = verdict_new(v, out, SEVERITY_CRITICAL, STATE_SATURATED, dev);
	if (!f)
		return;
	memcpy(f->culprits, draft.culprits, sizeof draft.culprits);
	f->nculprits = draft.nculprits;
	memcpy(f->victims, victims.victims, sizeof victims.victims);
	f->nvictims = victims.nvictims;
	f->device = id;
	f->devno = ndev ? devnos[0] : 0;
	f->used = busy > 1 ? 1 : busy;
	f->limit = 1;
	verdict_since_culprit(v, f);
	f->title = f->nculprits ? say(v, "Disk %s is busy all the time, most for %s", dev,
					  f->culprits[0].value)
				: say(v, "Disk %s is busy all the time", dev);
	if (serves)
		verdict_victim(f, "server", who_name(v, top->p), top->p->pid,
			"its own requests wait for the disk");
	char a[32];
	verdict_evidence(f,
		say(v, "busy %.0f %% of the time, %.1f requests in the queue, %s an answer",
			100 * f->used, queue, text_duration(a, await)),
		M_DISK_BUSY, f->used, BUSY,
		say(v, "iostat -x %s 1 5   # %%util, aqu-sz, r_await, w_await", dev));
	const char *stack = stack_text(v, instance);
	if (stack)
		verdict_evidence(
			f, say(v, "%s is %s", dev, stack), M_DISK_BUSY, f->used, BUSY, "lsblk -s");
	if (have_psi)
		verdict_evidence(f,
			say(v, "some task waited for I/O %.0f %% of the time", 100 * psi),
			M_PSI_IO_SOME, psi, PSI_WAIT, "cat /proc/pressure/io");
	if (view_rate(v, view_id(v, M_CPU_IDLE, 0, 0), &idle) &&
		view_rate(v, view_id(v, M_CPU_IOWAIT, 0, 0), &iowait))
		verdict_evidence(f,
			say(v, "the processors are idle %.0f %% of the time",
				100 * (idle + iowait)),
			M_CPU_IDLE, idle + iowait, -1, "vmstat 1 5   # id, wa, b");
	double bps = 0, wbps = 0;
	char b[32];
	if (view_rate(v, view_id(v, M_DISK_READ_BYTES, 0, instance), &bps) &&
		view_rate(v, view_id(v, M_DISK_WRITE_BYTES, 0, instance), &wbps))
		verdict_evidence(f,
			say(v, "%s/s read, %s/s written", text_bytes(a, bps), text_bytes(b, wbps)),
			M_DISK_READ_BYTES, bps, -1, say(v, "iostat -xk %s 1 2", dev));
	if (f->nculprits) {
		verdict_remedy(f,
			say(v, "Give %s the disk only when nobody else wants it",
				f->culprits[0].value),
			say(v, "ionice -c 3 -p %" PRId32, f->culprits[0].pid), NULL, false,
			"it takes longer",
			"no effect with the scheduler 'none': cat /sys/block/DEV/queue/scheduler");
		verdict_remedy(f,
			say(v, "Stop %s until the rush is over; go on with kill -CONT",
				f->culprits[0].value),
			say(v, "kill -STOP %" PRId32, f->culprits[0].pid), NULL, false,
			"its work stands still", "clients of it hang");
	}
	const char *unit = f->nculprits ? unit_of(v, f->culprits[0].pid) : NULL;
	verdict_remedy(f, "Limit the unit or cgroup of the culprit on this disk",
		unit ? say(v,
			       "systemctl set-property %s IOReadBandwidthMax='/dev/%s 10M' "
			       "IOWriteBandwidthMax='/dev/%s 10M'",
			       unit, dev, dev)
		     : NULL,
		unit ? "/etc/systemd/system.control/" : NULL, true, "its jobs take longer",
		"needs cgroup v2");
}

void rule_disk_saturated(struct view *v, struct verdicts *out)
{
	uint32_t id = view_each(v, M_DISK_BUSY, 0);
	if (!id)
		verdict_unknown(out, "/proc/diskstats");
	for (; id; id = view_each(v, M_DISK_BUSY, id))
		disk_saturated(v, out, id);
}

const struct rule_case rule_case_disk_stalled = {
	.mechanism = "Requests went to a device and no answer comes: a dead path, a hung storage "
		     "server, a controller in reset. Everything that touches it hangs in D and "
		     "cannot be killed.",
	.threshold = "Requests in flight in every sample, none completed for at least four "
		     "seconds, and a process blocked.",
	.false_alarms = "A slow disk completes something every second. A long flush or discard of "
			"a healthy disk ends within a second or two.",
	.confirm = "cat /sys/block/DEV/inflight /sys/block/DEV/stat; sleep 2; cat "
		   "/sys/block/DEV/stat; dmesg | tail",
	.remedy = "Look at the storage behind it (path, server, controller); the processes come "
		  "back or fail when it answers or its timeout ends.",
};

static void disk_stalled(struct view *v, struct verdicts *out, uint32_t id)
{
	uint32_t instance = series_row(v->series, id)->instance,
		 inflight = view_id(v, M_DISK_INFLIGHT, 0, instance);
	double reads, writes, now = 0;
	if (who_is_partition(v, id) || v->seconds < 4 ||
		!view_delta(v, view_id(v, M_DISK_READS, 0, instance), &reads) ||
		!view_delta(v, view_id(v, M_DISK_WRITES, 0, instance), &writes) ||
		reads + writes > 0)
		return;
	for (unsigned i = 0; i < v->n; i++) {
		uint64_t raw;
		if (!sample_get(view_at(v, i), inflight, &raw) || raw == 0)
			return;
		now = (double)raw;
	}
	unsigned blocked = 0;
	uint64_t devnos[32];
	size_t ndev = who_disk_family(v, id, devnos, COUNTOF(devnos));
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
