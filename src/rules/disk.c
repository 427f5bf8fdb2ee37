/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rule for the time of a disk. Busy 100 % alone proves nothing (a device may serve many requests
 * at once, and a backup may be the only one that waits for it): there must be a queue, and somebody
 * else blocked behind it. */
#include "rules/cpu.h"

#include "base/text.h"
#include "ledger/servers.h"
#include "ledger/stack.h"
#include "rules/cgroup.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const double BUSY = 0.90;
static const double PSI_WAIT = 0.20;
static const double ALWAYS =
	0.8; /* of those who wait a thread is blocked for nearly all the time */
static const double SETTLE_S =
	10; /* if less: installing a package does that to a database for some seconds */
static const double RIVAL =
	0.1; /* whose job moves this much of what the culprit's moves waits for its own work */
static const double RIVAL_COMMITS =
	0.5; /* who waits for each commit, or for whom others may wait, is a rival from here on */

/* A part of the disk's bytes: what processes moved explains it from there on. With small requests a journal writes some times what a commit did. */
static const double EXPLAINS = 1.0 / 3, EXPLAINS_SMALL = 0.1;
static const double SMALL =
	32 << 10; /* bytes a request: below it requests take the disk's time, not bytes */
static const double LATE =
	0.1; /* an answer, of the window: what it answers was often asked for before that */
static const double ANSWERS = 4; /* that long a process must live, or it had no chance to get on */
static const double FITS =
	1.25; /* who read more than that of what the disk did read elsewhere too */

const struct rule_case rule_case_disk_saturated = {
	.mechanism =
		"A disk always has requests in flight and more wait behind them. Processes that "
		"need it sit in uninterruptible sleep (D); the processors may be idle meanwhile.",
	.threshold =
		"Busy at least 90 % of the time with a mean queue above 1, tasks waiting for "
		"I/O a fifth of the time (PSI), and a process with files on that disk, of another "
		"job than the one that moves most bytes (processes of one name and parent, or a "
		"process group), blocked in at least two samples and two "
		"fifths of all; or the one that moves most, and a third of what the disk does, "
		"serves "
		"others itself. Where processes explain less than a third of the disk's bytes (a "
		"tenth where requests are below 32 KiB: a journal adds to them), the kernel writes "
		"what was written before, as pages still to be written show, or the culprit "
		"is not known; then it is a finding when a server waits. Where answers take half a "
		"second or more, what a job has read since it began counts as well. Recorders "
		"tell of it after 10 s, at once where their threads are blocked for four fifths of "
		"the "
		"time, all of them together, or something else follows from it.",
	.false_alarms =
		"A backup or copy that has the disk for itself: busy 100 %, but only it waits, "
		"with "
		"all the parts of its job. Other jobs beside it that move a tenth as much (half, "
		"for "
		"one that waits for commits; where requests are small it must also have a tenth as "
		"many threads waiting), or that have just begun (four answers of the disk ago), "
		"and serve "
		"nobody; processes of a server that work for no client (PostgreSQL's checkpointer, "
		"the child that saves for Redis). A copy that waits until what it wrote is on the "
		"disk. An "
		"SSD at 100 % busy with answers in microseconds. A MySQL with one session at work, "
		"as a dump. None of these raises anything.",
	.confirm =
		"iostat -x 1 5   # %util, aqu-sz, await; ps -eLo stat,pid,wchan:32,comm | grep ^D",
	.remedy = "Slow the one who moves most (ionice, cgroup io.max), move its work to another "
		  "hour or disk; a faster disk last.",
};

/* A disk without a free moment, and who uses it. */
struct busy_disk {
	uint32_t id, instance;
	const char *name;
	uint64_t devnos[64];
	size_t nown; /* of itself and its partitions; who waits for a volume on it is told with that */
	double busy, queue, await, psi;
	bool have_psi;
	double read_bytes, write_bytes; /* in the window; negative when not known */
	bool small;                     /* requests */
	struct io_job *jobs;            /* most first */
	size_t njobs;
	double explained; /* part of its bytes that they moved, 1 when that is not known */
	double to_write;  /* pages that were to be written, at most */
};

static bool bytes_of(const struct view *v, uint32_t instance, double *ret_read, double *ret_written)
{
	return view_delta(v, view_id(v, M_DISK_READ_BYTES, 0, instance), ret_read) &&
	       view_delta(v, view_id(v, M_DISK_WRITE_BYTES, 0, instance), ret_written);
}

/* What is read counts when the disk did it; what is written when it went to the cache, which may be long before. */
static double part_explained(const struct busy_disk *d, double read, double written)
{
	double all = d->read_bytes + d->write_bytes;
	return all > 0 ? (fmin(read, d->read_bytes) + fmin(written, d->write_bytes)) / all : 1;
}

static double enough(const struct busy_disk *d)
{
	return d->small ? EXPLAINS_SMALL : EXPLAINS;
}

static double explained(const struct busy_disk *d)
{
	double read = 0, written = 0;
	for (size_t i = 0; i < d->njobs; i++) {
		read += io_job_read(&d->jobs[i]);
		written += d->jobs[i].write_bytes;
	}
	return part_explained(d, read, written);
}

static double most_to_write(const struct view *v)
{
	double most = 0;
	for (unsigned i = 0; i < v->n; i++) {
		uint64_t dirty = 0, writeback = 0;
		(void)sample_get(view_at(v, i), view_id(v, M_MEM_DIRTY, 0, 0), &dirty);
		(void)sample_get(view_at(v, i), view_id(v, M_MEM_WRITEBACK, 0, 0), &writeback);
		double n = (double)(dirty + writeback) * 1024;
		most = n > most ? n : most;
	}
	return most;
}

static bool is_busy(struct view *v, uint32_t id, struct busy_disk *d)
{
	double reads, writes, rtime = 0, wtime = 0;
	*d = (struct busy_disk){.id = id,
		.instance = series_row(v->series, id)->instance,
		.name = series_instance(v->series, id),
		.explained = 1};
	if (who_is_partition(v, id) || !view_rate(v, id, &d->busy) || d->busy < BUSY ||
		!view_rate(v, view_id(v, M_DISK_QUEUE_TIME, 0, d->instance), &d->queue) ||
		d->queue < 1)
		return false;
	if (!view_delta(v, view_id(v, M_DISK_READS, 0, d->instance), &reads) ||
		!view_delta(v, view_id(v, M_DISK_WRITES, 0, d->instance), &writes) ||
		reads + writes < 1)
		return false;
	d->have_psi = view_rate(v, view_id(v, M_PSI_IO_SOME, 0, 0), &d->psi);
	if (d->have_psi && d->psi < PSI_WAIT)
		return false;
	(void)view_delta(v, view_id(v, M_DISK_READ_TIME, 0, d->instance), &rtime);
	(void)view_delta(v, view_id(v, M_DISK_WRITE_TIME, 0, d->instance), &wtime);
	d->await = (rtime + wtime) / (reads + writes);
	d->nown = who_disk_family(v, id, d->devnos, COUNTOF(d->devnos));
	size_t ndev = who_add_volumes(v, id, d->devnos, d->nown, COUNTOF(d->devnos));
	d->njobs = who_io_jobs(v, d->devnos, ndev, false, &d->jobs);
	if (!bytes_of(v, d->instance, &d->read_bytes, &d->write_bytes)) {
		d->read_bytes = d->write_bytes = -1;
		return true;
	}
	d->small = d->read_bytes + d->write_bytes < SMALL * (reads + writes);
	d->explained = explained(d);
	if (d->explained < enough(d) && d->await >= LATE * v->seconds) {
		d->njobs = who_io_jobs(v, d->devnos, ndev, true, &d->jobs);
		d->explained = explained(d);
	}
	d->to_write = most_to_write(v);
	return true;
}

/* Most of what nobody explains is written, and as much of it was seen waiting to be. */
static bool is_written_back(const struct busy_disk *d)
{
	double read = d->read_bytes, written = d->write_bytes;
	for (size_t i = 0; i < d->njobs; i++) {
		read -= io_job_read(&d->jobs[i]);
		written -= d->jobs[i].write_bytes;
	}
	return d->explained < enough(d) && written > 0 && written >= read &&
	       d->to_write * 2 >= written;
}

/* What this job read can be all that the disk did, and is no more than that. */
static bool can_be(const struct busy_disk *d, const struct io_job *j)
{
	return part_explained(d, j->read_bytes, j->write_bytes) >= enough(d) &&
	       j->read_bytes <= FITS * d->read_bytes;
}

/* Who maps files has none open: a job that waits for some disk, and what it read fits to this one and to no other. NULL: there is none. */
static const struct io_job *maps_files(struct view *v, const struct busy_disk *d)
{
	struct io_job *jobs = NULL;
	if (who_io_jobs_unplaced(v, &jobs) == 0 || !can_be(d, &jobs[0]))
		return NULL;
	for (uint32_t id = view_each(v, M_DISK_BUSY, 0); id; id = view_each(v, M_DISK_BUSY, id)) {
		struct busy_disk o = {
			.instance = series_row(v->series, id)->instance, .small = d->small};
		if (o.instance == d->instance || who_is_partition(v, id) ||
			stack_lies_on(v, d->instance, o.instance) ||
			!bytes_of(v, o.instance, &o.read_bytes, &o.write_bytes))
			continue;
		/* A volume on this disk: the bytes are its own, and so are the files. */
		if (stack_lies_on(v, o.instance, d->instance) || can_be(&o, &jobs[0]))
			return NULL;
	}
	return jobs;
}

/* It waits until the disk has what it wrote: a commit, not a page that it reads or has no room for. */
static bool waits_for_commits(const struct view *v, const struct usage *u)
{
	static const char *const where[] = {"jbd2_log_wait_commit", "jbd2_complete_transaction",
		"xfs_log_force", "xlog_wait", "blkdev_issue_flush", "submit_bio_wait",
		"btrfs_sync_log", "btrfs_wait_log", "wait_log_commit", "f2fs_issue_flush"};
	for (unsigned i = 0; i < v->n; i++) {
		const struct proc *p = sample_proc(view_at(v, i), u->p->pid, u->p->start_ticks);
		const char *wchan = p ? intern_text(&v->series->names, p->wchan) : "";
		for (size_t k = 0; k < COUNTOF(where); k++)
			if (strstr(wchan, where[k]))
				return true;
	}
	return false;
}

static bool owns_path(const struct view *v, const struct usage *u)
{
	const struct sample *s = view_last(v);
	for (uint32_t i = 0; u && i < s->unix_listeners.count; i++)
		if (TABLE_ROWS(s->unix_listeners, struct unix_listener)[i].pid == u->p->pid)
			return true;
	return false;
}

static bool is_server(const struct usage *u)
{
	return u->listens || (u->parent && u->parent->listens);
}

/* Two jobs beside each other have half each: nobody's work is lost. */
static bool is_rival(const struct view *v, const struct busy_disk *d, const struct io_job *culprit,
	const struct usage *u)
{
	const struct io_job *own = io_job_of(d->jobs, d->njobs, u);
	bool waited_for = waits_for_commits(v, u) || owns_path(v, u) || owns_path(v, u->parent);
	if (who_age(v, u) < ANSWERS * d->await)
		return true;
	double part = waited_for ? RIVAL_COMMITS : RIVAL, all = d->read_bytes + d->write_bytes,
	       most = io_job_moved(culprit), moved = own ? io_job_moved(own) : 0;
	/* It may have asked for more than the disk did; and who has asked for much before may get nothing for a while. */
	if (all > 0 && most > all)
		most = all;
	if (own && (own->life_read + own->life_written) * v->seconds > moved)
		moved = (own->life_read + own->life_written) * v->seconds;
	if (!own || moved < part * most)
		return false;
	/* Of small requests each takes its turn: whoever has but one of many under way waits for all the others. */
	return !d->small || own->waiting >= RIVAL * culprit->waiting;
}

/* Its threads in D at a time, on average over the window. */
static double waiting(const struct view *v, const struct usage *u)
{
	return u->waiting * u->samples / v->n;
}

/* Processes blocked on files of this disk, apart from the culprit's job, and how many of their threads are at a time; first: NULL when it is no process,
 * or not known. */
static size_t blocked_others(struct view *v, const struct busy_disk *d, const struct io_job *first,
	struct verdict *into, double *ret_waiting)
{
	const struct usage *culprit = first ? first->top : NULL;
	size_t n = 0;
	for (size_t i = 0; i < v->nusages; i++) {
		const struct usage *u = &v->usages[i];
		if (u->p->kernel || u->p->self || u->p->background || u->blocked < 2 ||
			u->blocked * 5 < v->n * 2 ||
			!who_has_file_on(v, u->p->pid, d->devnos, d->nown))
			continue;
		/* A program waits for itself; but who saves or checkpoints may delay those of its server who have clients. */
		if (culprit && !culprit->p->background &&
			memcmp(culprit->p->comm, u->p->comm, PROC_COMM) == 0)
			continue;
		/* Parts of one job only delay each other. */
		if (culprit && !is_server(u) &&
			(cpu_same_job(culprit, u) || is_rival(v, d, first, u)))
			continue;
		/* What is written late may be its own. */
		if (!culprit && !is_server(u))
			continue;
		n++;
		*ret_waiting += waiting(v, u);
		verdict_victim(into, u->listens ? "server" : "process", who_name(v, u->p),
			u->p->pid,
			say(v, "blocked in %u of %u samples%s%s", u->blocked, v->n,
				u->p->wchan ? ", in " : "",
				intern_text(&v->series->names, u->p->wchan)));
	}
	return n;
}

/* Who suffers is not to blame, though its requests are there too: their jobs leave the list, of which the first stays. */
static void drop_victims(const struct view *v, const struct verdict *f, struct busy_disk *d)
{
	bool victim[VERDICT_VICTIMS + WHO_MAX] = {false};
	size_t shown = d->njobs < COUNTOF(victim) ? d->njobs : COUNTOF(victim), kept = 1;
	for (size_t i = 0; i < f->nvictims; i++) {
		const struct usage *u = view_usage(v, f->victims[i].pid);
		const struct io_job *j = u ? io_job_of(d->jobs, d->njobs, u) : NULL;
		if (j && j < d->jobs + shown)
			victim[j - d->jobs] = true;
	}
	for (size_t i = 1; i < shown; i++)
		if (!victim[i])
			d->jobs[kept++] = d->jobs[i];
	d->njobs = kept < shown ? kept : shown;
}

static void explain_load(struct view *v, struct verdict *f, const struct busy_disk *d)
{
	char a[32], b[32];
	double idle, iowait;
	verdict_evidence(f,
		say(v, "busy %.0f %% of the time, %.1f requests in the queue, %s an answer",
			100 * f->used, d->queue, text_duration(a, d->await)),
		M_DISK_BUSY, f->used, BUSY,
		say(v, "iostat -x %s 1 5   # %%util, aqu-sz, r_await, w_await", d->name));
	const char *stack = stack_text(v, d->instance);
	if (stack)
		verdict_evidence(f, say(v, "%s is %s", d->name, stack), M_DISK_BUSY, f->used, BUSY,
			"lsblk -s");
	if (d->have_psi)
		verdict_evidence(f,
			say(v, "some task waited for I/O %.0f %% of the time", 100 * d->psi),
			M_PSI_IO_SOME, d->psi, PSI_WAIT, "cat /proc/pressure/io");
	if (view_rate(v, view_id(v, M_CPU_IDLE, 0, 0), &idle) &&
		view_rate(v, view_id(v, M_CPU_IOWAIT, 0, 0), &iowait))
		verdict_evidence(f,
			say(v, "the processors are idle %.0f %% of the time",
				100 * (idle + iowait)),
			M_CPU_IDLE, idle + iowait, -1, "vmstat 1 5   # id, wa, b");
	if (d->read_bytes < 0)
		return;
	double bps = d->read_bytes / v->seconds, wbps = d->write_bytes / v->seconds;
	const char *few = d->explained < enough(d)
				  ? say(v, "; processes with files here moved %.0f %% of that",
					    100 * d->explained)
				  : "";
	verdict_evidence(f,
		say(v, "%s/s read, %s/s written%s", text_bytes(a, bps), text_bytes(b, wbps), few),
		M_DISK_READ_BYTES, bps, -1, say(v, "iostat -xk %s 1 2", d->name));
}

/* "-p 12 13 14" or "-P 12": ionice knows both, and so does kill with another sign. */
static void advise_on_job(struct view *v, struct verdict *f, const struct io_job *j)
{
	const char *name = f->culprits[0].value, *pids = "", *option = "-p", *sign = "";
	bool alone = j->pgrp > 1 && j->count > 1;
	for (size_t i = 0; i < v->nusages && alone; i++)
		alone = v->usages[i].p->pgrp != j->pgrp || !v->usages[i].listens;
	if (alone) {
		option = "-P";
		sign = " -- -";
		pids = say(v, "%" PRId32, j->pgrp);
	}
	for (unsigned i = 0; i < j->count && i < IO_JOB_PIDS && !alone; i++)
		pids = say(v, "%s%s%" PRId32, pids, i ? " " : "", j->pids[i]);
	verdict_remedy(f, say(v, "Give %s the disk only when nobody else wants it", name),
		say(v, "ionice -c 3 %s %s", option, pids), NULL, false, "it takes longer",
		"no effect with the scheduler 'none': cat /sys/block/DEV/queue/scheduler");
	verdict_remedy(f, say(v, "Stop %s until the rush is over; go on with kill -CONT", name),
		say(v, "kill -STOP%s%s", *sign ? sign : " ", pids), NULL, false,
		"its work stands still", "clients of it hang");
}

static void advise(struct view *v, struct verdict *f, const struct busy_disk *d,
	const struct io_job *culprit, bool written_back)
{
	if (written_back)
		verdict_remedy(f,
			"It ends by itself; let less pile up the next time: limits in bytes",
			"sysctl -w vm.dirty_background_bytes=67108864 vm.dirty_bytes=268435456",
			"/etc/sysctl.d/90-dirty.conf", false, "large writes are slowed earlier",
			"none");
	if (culprit)
		advise_on_job(v, f, culprit);
	const struct usage *top = culprit ? culprit->top : NULL;
	const char *unit = top ? unit_of(v, top->p->pid) : NULL;
	verdict_remedy(f,
		written_back ? "Limit the unit or cgroup of the one who wrote it on this disk"
			     : "Limit the unit or cgroup of the culprit on this disk",
		unit ? say(v,
			       "systemctl set-property %s IOReadBandwidthMax='/dev/%s 10M' "
			       "IOWriteBandwidthMax='/dev/%s 10M'",
			       unit, d->name, d->name)
		     : NULL,
		unit ? "/etc/systemd/system.control/" : NULL, true, "its jobs take longer",
		"needs cgroup v2");
}

/* Whose the disk's time is: of jobs that were seen, of the kernel that writes later what somebody wrote, or of the disk itself. */
static void accuse(struct view *v, struct verdict *f, struct busy_disk *d,
	const struct io_job *first, bool written_back)
{
	char a[32];
	bool listed = d->njobs && first == d->jobs;
	if (listed)
		drop_victims(v, f, d);
	if (first) {
		f->nculprits = who_list_io(v, first, listed ? d->njobs : 1,
			listed ? WHO_ON_DISK : ", waits for a disk, and no other did as much",
			f->culprits, WHO_MAX);
		f->title = say(v, "Disk %s is busy all the time, most for %s", d->name,
			f->culprits[0].value);
	} else if (written_back) {
		f->culprits[f->nculprits++] = (struct who){"kernel", "write-back", 0,
			1 - d->explained, "writes what somebody wrote to files before"};
		f->title = say(v, "Disk %s is busy all the time, most with what was written before",
			d->name);
		verdict_evidence(f,
			say(v, "%s of files were still to be written", text_bytes(a, d->to_write)),
			M_MEM_DIRTY, d->to_write, -1, "grep -E 'Dirty|Writeback:' /proc/meminfo");
	} else {
		f->culprits[f->nculprits++] = (struct who){
			"device", d->name, 0, -1, "is slow, or used by what was not seen"};
		f->title = say(v, "Disk %s is busy all the time", d->name);
	}
}

/* A database that tells how many of its sessions are at work: one alone, as a dump, waits for what it asked for itself. */
static bool works_for_one(const struct view *v, const struct usage *u)
{
	const struct sample *s = view_last(v);
	int32_t server = server_first(v, u->p->pid);
	const struct server_book *b = server_book_of(s, server);
	const struct server_pool *p = server_pool_of(s, server, POOL_CONNECTIONS, 0);
	return b && b->status == BOOK_OK && strcmp(server_kind(v, b), "mysql") == 0 && p &&
	       p->working <= 1 && !cgroup_has_clients(v, u);
}

static void disk_saturated(struct view *v, struct verdicts *out, uint32_t id)
{
	struct busy_disk d;
	if (!is_busy(v, id, &d))
		return;
	bool seen = d.explained >= enough(&d), written_back = !seen && is_written_back(&d);
	const struct io_job *first = NULL;
	if (seen && d.njobs && io_job_moved(d.jobs) > 0)
		first = d.jobs;
	else if (!seen && !written_back)
		first = maps_files(v, &d);
	const struct usage *top = first ? first->top : NULL;
	struct verdict victims = {0};
	double threads = 0;
	size_t blocked = blocked_others(v, &d, first, &victims, &threads);
	bool serves = top && top->listens && top->blocked >= 2 && !works_for_one(v, top) &&
		      (first != d.jobs || who_has_file_on(v, top->p->pid, d.devnos, d.nown)) &&
		      part_explained(&d, io_job_read(first), first->write_bytes) >= enough(&d);
	if (blocked == 0 && !serves)
		return;
	struct verdict *f = verdict_new(v, out, SEVERITY_CRITICAL, STATE_SATURATED, d.name);
	if (!f)
		return;
	memcpy(f->victims, victims.victims, sizeof victims.victims);
	f->nvictims = victims.nvictims;
	threads += serves ? waiting(v, top) : 0;
	f->settle_s = threads >= ALWAYS ? 0 : SETTLE_S;
	f->device = id;
	f->devno = d.nown ? d.devnos[0] : 0;
	f->used = d.busy > 1 ? 1 : d.busy;
	f->limit = 1;
	explain_load(v, f, &d);
	accuse(v, f, &d, first, written_back);
	verdict_since_culprit(v, f);
	if (serves)
		verdict_victim(f, "server", who_name(v, top->p), top->p->pid,
			"its own requests wait for the disk");
	advise(v, f, &d, first, written_back);
}

void rule_disk_saturated(struct view *v, struct verdicts *out)
{
	uint32_t id = view_each(v, M_DISK_BUSY, 0);
	if (!id)
		verdict_unknown(out, "/proc/diskstats");
	for (; id; id = view_each(v, M_DISK_BUSY, id))
		disk_saturated(v, out, id);
}
