/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* tasks: all processes in one read, through the probe that walks over them in the kernel (src/bpf/tasks.bpf.c). A tenth of what /proc costs, and
 * more of each process: bytes read and written, blocked threads, descriptors, its cgroup, in every second. Where there is no such probe
 * processes.c reads the same from /proc.
 *
 * What the kernel keeps per CPU of a process's memory is not in the probe's number. The difference to what /proc says is learnt when a process is new and
 * again from time to time, and added. */
#include "collect/engine_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	NS_PER_TICK = 10000000,
	RSS_TICKS = 16,   /* the difference of who ran is learnt anew this often */
	RSS_READS = 256,  /* in one tick */
	GROUP_TICKS = 64, /* a name of a cgroup is believed so long */
	GROUP_READS = 64, /* in one tick */
	WCHAN_READS = 32,
};

struct task_walk {
	struct engine *e;
	const struct sample *prev;
	struct sample *out;
	unsigned rss_reads, group_reads, wchan_reads;
	uint64_t zombies, blocked;
};

static void learn_rss(struct task_walk *w, const struct probe_task *t, struct proc *p)
{
	char path[64], text[128];
	uint64_t size, resident;
	if (w->rss_reads == RSS_READS)
		return;
	w->rss_reads++;
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/statm", p->pid);
	ssize_t n = reader_file(w->e->reader, path, NULL, text, sizeof text);
	struct scan s = scan_over(text, n > 0 ? (size_t)n : 0);
	if (scan_u64(&s, &size) && scan_u64(&s, &resident))
		p->rss_slack = (int32_t)((int64_t)resident - t->rss_pages);
}

static void set_rss(
	struct task_walk *w, const struct probe_task *t, const struct proc *before, struct proc *p)
{
	if (p->kernel || p->state == 'Z')
		return;
	bool ran = !before || before->switches != p->switches;
	p->rss_slack = before ? before->rss_slack : 0;
	if (!before || (ran && (w->e->ticks + t->pid) % RSS_TICKS == 0))
		learn_rss(w, t, p);
	int64_t pages = t->rss_pages + p->rss_slack;
	p->rss_pages = pages > 0 ? (uint64_t)pages : 0;
}

static void set_netns(
	struct task_walk *w, uint32_t inode, const struct proc *before, struct proc *p)
{
	const struct series_set *set = w->e->series;
	int index = -1;
	if (inode == set->netns[NETNS_HOST].inode)
		index = NETNS_HOST;
	else if (before && (before->have & HAVE_NETNS) && set->netns[before->netns].inode == inode)
		index = before->netns;
	else if (inode)
		index = series_netns(w->e->series, inode, NULL);
	if (index >= 0) {
		p->netns = (uint16_t)index;
		p->have |= HAVE_NETNS;
	}
}

/* Tasks that are in the same cgroups share one object of the kernel; its address tells what the path was when last asked. */
static struct known_group *group_slot(struct engine *e, const struct probe_task *t)
{
	uint64_t key[2] = {t->css, t->cgroup_id};
	struct known_group *g = &e->groups[(uint32_t)intern_hash(key, sizeof key) % ENGINE_GROUPS];
	if (g->css != t->css || g->cgroup_id != t->cgroup_id)
		*g = (struct known_group){.css = t->css, .cgroup_id = t->cgroup_id};
	return g;
}

static void set_cgroup(
	struct task_walk *w, const struct probe_task *t, const struct proc *before, struct proc *p)
{
	if (p->kernel || p->state == 'Z')
		return;
	struct known_group *g = group_slot(w->e, t);
	bool old = !g->path || w->e->ticks - g->tick > GROUP_TICKS;
	if (old && w->group_reads < GROUP_READS) {
		w->group_reads++;
		engine_name_cgroup(w->e, p);
		if (p->have & HAVE_CGROUP) {
			g->path = p->cgroup;
			g->tick = w->e->ticks;
		}
	} else if (g->path) {
		p->cgroup = g->path;
		p->have |= HAVE_CGROUP;
	} else if (before && (before->have & HAVE_CGROUP)) {
		p->cgroup = before->cgroup;
		p->have |= HAVE_CGROUP;
	}
}

static void set_wait(struct task_walk *w, const struct probe_task *t, struct proc *p)
{
	p->blocked_threads = t->blocked;
	if (!t->blocked || w->wchan_reads == WCHAN_READS)
		return;
	p->blocked_thread = intern_id(&w->e->series->names, t->blocked_comm,
		strnlen(t->blocked_comm, sizeof t->blocked_comm));
	char path[96];
	w->wchan_reads++;
	(void)snprintf(path, sizeof path, "proc/%" PRIu32 "/task/%" PRIu32 "/wchan", t->pid,
		t->blocked_tid);
	engine_wchan(w->e, path, p);
	engine_role(w->e, p);
}

/* What /etc/passwd calls a user, as of this sample. */
static uint32_t user_instance(const struct task_walk *w, uint32_t uid)
{
	uint64_t v;
	char text[16];
	for (uint32_t id = w->e->series->first[M_USER_ID]; id;
		id = series_row(w->e->series, id)->next)
		if (sample_get(w->out, id, &v) && v == uid)
			return series_row(w->e->series, id)->instance;
	const struct out o = {w->out, w->e->series, NETNS_HOST};
	int n = snprintf(text, sizeof text, "%" PRIu32, uid);
	return out_instance(&o, scan_over(text, (size_t)n));
}

/* The kernel counts them by user; each of its processes tells the same, those that sleep once in PROBE_REFRESH readings. */
static void set_inotify(struct task_walk *w, const struct probe_task *t)
{
	struct inotify_user *u = NULL, *oldest = w->e->inotify;
	if (!t->inotify_instances && !t->inotify_watches)
		return;
	for (size_t i = 0; i < ENGINE_USERS && !u; i++) {
		struct inotify_user *x = &w->e->inotify[i];
		if (x->tick && x->uid == t->uid)
			u = x;
		else if (x->tick < oldest->tick)
			oldest = x;
	}
	u = u ? u : oldest;
	*u = (struct inotify_user){
		t->uid, w->e->ticks + 1, t->inotify_instances, t->inotify_watches};
}

static void put_inotify(const struct task_walk *w)
{
	const struct out o = {w->out, w->e->series, NETNS_HOST};
	for (size_t i = 0; i < ENGINE_USERS; i++) {
		const struct inotify_user *u = &w->e->inotify[i];
		if (!u->tick || w->e->ticks + 1 - u->tick > PROBE_REFRESH)
			continue;
		uint32_t user = user_instance(w, u->uid);
		out_value(&o, M_INOTIFY_INSTANCES, user, u->instances);
		out_value(&o, M_INOTIFY_WATCHES, user, u->watches);
	}
}

static void take_task(struct task_walk *w, const struct probe_task *t)
{
	struct engine *e = w->e;
	struct proc *p = table_add(&w->out->procs, sizeof *p);
	if (!p)
		return;
	*p = (struct proc){
		.pid = (int32_t)t->pid,
		.ppid = (int32_t)t->ppid,
		.pgrp = (int32_t)t->pgrp,
		.uid = t->uid,
		.have = HAVE_STAT | HAVE_DELAY,
		.start_ticks = t->start_ns / NS_PER_TICK,
		.state = (char)t->state,
		.kernel = t->kernel,
		.self = (int32_t)t->pid == e->self_pid,
		.nice = (int16_t)t->nice,
		.policy = (uint16_t)t->policy,
		.threads = t->threads,
		.cpu_ns = t->cpu_ns,
		.child_ticks = t->child_ns / NS_PER_TICK,
		.run_delay_ns = t->run_delay_ns,
		.switches = t->switches,
		.minor_faults = t->minor_faults,
		.major_faults = t->major_faults,
	};
	memcpy(p->comm, t->comm, sizeof p->comm - 1);
	const struct proc *before =
		w->prev ? sample_proc_near(w->prev, p->pid, p->start_ticks, w->out->procs.count - 1)
			: NULL;
	if (!p->kernel && p->state != 'Z') { /* a zombie has given back all it had */
		p->have |= HAVE_FDS | HAVE_FD_LIMIT | HAVE_NPROC_LIMIT | HAVE_IO;
		p->fds = t->fds < UINT32_MAX ? (uint32_t)t->fds : UINT32_MAX;
		p->fd_limit = t->fd_limit < UINT32_MAX ? (uint32_t)t->fd_limit : UINT32_MAX;
		p->nproc_limit = p->uid ? t->nproc_limit : UINT64_MAX;
		p->io_read = t->io_read;
		p->io_write = t->io_write;
		p->io_wchar = t->io_wchar;
		p->io_write_calls = t->io_write_calls;
	}
	p->background = before && before->background;
	set_rss(w, t, before, p);
	set_netns(w, t->netns, before, p);
	set_cgroup(w, t, before, p);
	set_wait(w, t, p);
	set_inotify(w, t);
	w->zombies += p->state == 'Z';
	w->blocked += p->state == 'D';
}

/* Has not run since the sample before: is what it was. */
static void take_same(struct task_walk *w, uint32_t pid)
{
	const struct proc *before =
		w->prev ? sample_proc_near(w->prev, (int32_t)pid, 0, w->out->procs.count) : NULL;
	struct proc *p = before ? table_add(&w->out->procs, sizeof *p) : NULL;
	if (!p)
		return;
	*p = *before;
	w->zombies += p->state == 'Z';
	w->blocked += p->state == 'D';
}

static int take_tasks(void *ctx, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	struct probe_same same;
	struct probe_task t;
	while (len >= sizeof same) {
		memcpy(&same, p, sizeof same);
		size_t size = same.full ? sizeof t : sizeof same;
		if (size > len)
			break;
		if (same.full) {
			memcpy(&t, p, sizeof t);
			take_task(ctx, &t);
		} else {
			take_same(ctx, same.pid);
		}
		p += size;
		len -= size;
	}
	return 0;
}

/* Of a recorded tree, or for one: what /proc does not tell. */
static int take_inotify(void *ctx, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	struct probe_same same;
	struct probe_task t;
	for (size_t size; len >= sizeof same; p += size, len -= size) {
		memcpy(&same, p, sizeof same);
		size = same.full ? sizeof t : sizeof same;
		if (size > len)
			break;
		if (same.full) {
			memcpy(&t, p, sizeof t);
			set_inotify(ctx, &t);
		}
	}
	return 0;
}

bool engine_tasks(struct engine *e, const struct sample *prev, struct sample *out)
{
	struct task_walk w = {.e = e, .prev = prev, .out = out};
	/* A recorded tree holds what /proc said, which any kernel and any reader understands. */
	if (reader_is_replay(e->reader) || reader_is_recording(e->reader)) {
		(void)reader_probe_tell_all(e->reader);
		if (reader_probe(e->reader, PROBE_TASKS, take_inotify, &w) == 0)
			put_inotify(&w);
		return false;
	}
	if (!prev || prev->mono_ns != e->tasks_of_ns)
		(void)reader_probe_tell_all(e->reader);
	e->tasks_of_ns = out->mono_ns;
	if (reader_probe(e->reader, PROBE_TASKS, take_tasks, &w) < 0 || !out->procs.count) {
		arena_reset(&out->procs.rows);
		out->procs.count = 0;
		return false;
	}
	engine_hidden(e, prev, out);
	put_inotify(&w);
	const struct out o = {out, e->series, NETNS_HOST};
	out_plain(&o, M_PROCS_TOTAL, out->procs.count);
	out_plain(&o, M_PROCS_ZOMBIE, w.zombies);
	out_plain(&o, M_PROCS_DSTATE, w.blocked);
	return true;
}
