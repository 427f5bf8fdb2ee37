/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* talk's owners: which process has a socket that moved bytes. It ran since the last look, or nothing would have moved: those
 * that ran are looked into, the busiest first, and all others once, at the end, for what is still not found. */
#include "base/clock.h"
#include "collect/talk_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	FDS_MAX = 1 << 20,
	CLOCK_EVERY = 256,   /* descriptors between two looks at the clock */
	LOOK_NS = 100000000, /* of CPU time for one look, and a tenth of the time since the begin */
	LAST_NS = 1000000000, /* and at the end */
	FILE_BYTES = 16384,
};

struct wanted {
	uint32_t inode;
	enum talk_who *who;
	uint32_t *owner;
};

struct search {
	struct talker *t;
	struct wanted *rows;
	size_t n, left;
	int32_t pid;
	uint32_t owner; /* its row, made when it has a socket */
	uint64_t until_ns;
	unsigned fds;
	bool late;
};

/* ---- processes ---- */

static const struct talk_proc *proc_before(const struct talk_proc *rows, size_t n, int32_t pid)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (rows[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && rows[low].pid == pid ? &rows[low] : NULL;
}

void talk_processes(struct talker *t)
{
	ssize_t n = reader_pids(t->reader, t->pids, TALK_PIDS_MAX);
	if (n < 0) {
		talk_gap(t, "processes (/proc)", (int)-n,
			"owners of sockets, other network namespaces");
		n = 0;
	}
	memset(t->times_ok, 0, (size_t)n * sizeof *t->times_ok);
	bool timed = reader_proc_times(t->reader, t->pids, (size_t)n, t->times, t->times_ok) == 0;
	struct talk_proc *before = t->procs, *rows = t->procs_before;
	size_t nbefore = t->nprocs;
	for (size_t i = 0; i < (size_t)n; i++) {
		const struct talk_proc *old = proc_before(before, nbefore, t->pids[i]);
		struct talk_proc *p = &rows[i];
		*p = (struct talk_proc){.pid = t->pids[i], .have_times = timed && t->times_ok[i]};
		if (p->have_times) {
			p->switches = t->times[i].switches;
			p->ran = old && old->have_times && old->switches <= p->switches
					 ? p->switches - old->switches
					 : p->switches;
		}
		/* A container's first process moves right after its birth: asked anew in its second look. */
		bool known = old && old->asked_twice && !reader_is_recording(t->reader) &&
			     !reader_is_replay(t->reader);
		p->asked_twice = old && old->have_netns;
		if (known) {
			p->netns = old->netns;
			p->have_netns = true;
		} else {
			p->have_netns = reader_proc_netns(t->reader, p->pid, &p->netns) == 0;
		}
	}
	t->procs = rows;
	t->procs_before = before;
	t->nprocs = (size_t)n;
}

static void read_owner(struct talker *t, struct talk_owner *o)
{
	char path[64], text[FILE_BYTES];
	struct proc p = {0};
	struct scan group;
	uint32_t uid;
	ssize_t n = reader_proc_stat(t->reader, o->pid, false, text, sizeof text, &uid);
	if (n > 0 && parse_proc_stat(scan_over(text, (size_t)n), &p)) {
		memcpy(o->comm, p.comm, sizeof o->comm);
		o->start_ticks = p.start_ticks;
	}
	(void)snprintf(path, sizeof path, "proc/%" PRId32 "/cgroup", o->pid);
	n = reader_file(t->reader, path, NULL, text, sizeof text);
	if (n > 0 && parse_proc_cgroup(scan_whole(scan_over(text, (size_t)n)), &group))
		(void)snprintf(o->cgroup, sizeof o->cgroup, "%.*s", (int)scan_len(group), group.p);
}

/* comm: what it was called, where it may be gone already, else NULL. */
uint32_t talk_owner_row(struct talker *t, int32_t pid, const char *comm)
{
	struct talk_owner o = {.pid = pid};
	read_owner(t, &o);
	if (!o.comm[0] && comm)
		(void)snprintf(o.comm, sizeof o.comm, "%.*s", (int)sizeof o.comm - 1, comm);
	/* The newest first: a pid may have been used before. */
	for (size_t i = t->nowners; i > 0; i--) {
		struct talk_owner *old = &t->owners[i - 1];
		if (old->pid == pid && (old->start_ticks == o.start_ticks || !o.start_ticks))
			return (uint32_t)(i - 1);
	}
	if (t->nowners == TALK_OWNERS_MAX) {
		t->dropped++;
		return TALK_NONE;
	}
	t->owners[t->nowners] = o;
	return (uint32_t)t->nowners++;
}

/* ---- the search ---- */

static int by_inode(const void *a, const void *b)
{
	uint32_t x = ((const struct wanted *)a)->inode, y = ((const struct wanted *)b)->inode;
	return (x > y) - (x < y);
}

static int see_fd(void *ctx, const struct reader_fd *fd)
{
	struct search *s = ctx;
	uint32_t inode;
	if (++s->fds % CLOCK_EVERY == 0 && clock_thread_ns() > s->until_ns) {
		s->late = true;
		return 1;
	}
	if (!parse_socket_link(fd->target, &inode))
		return 0;
	const struct wanted key = {.inode = inode};
	struct wanted *w = bsearch(&key, s->rows, s->n, sizeof *s->rows, by_inode);
	if (!w)
		return 0;
	while (w > s->rows && w[-1].inode == inode)
		w--;
	if (*w->who == TALK_PROCESS)
		return 0;
	if (s->owner == TALK_NONE)
		s->owner = talk_owner_row(s->t, s->pid, NULL);
	if (s->owner == TALK_NONE)
		return 1;
	for (; w < s->rows + s->n && w->inode == inode; w++) {
		*w->who = TALK_PROCESS;
		*w->owner = s->owner;
		s->left--;
	}
	return s->left == 0;
}

static size_t gather(struct talker *t, struct wanted *rows, size_t max)
{
	size_t n = 0;
	struct talk_conn *conns = (void *)t->conns.rows.base;
	for (uint32_t i = 0; i < t->conns.count; i++) {
		struct talk_conn *c = &conns[i];
		struct talk_counts m = talk_moved(c);
		if (c->who != TALK_UNKNOWN || !(m.sent || m.received || m.segs_out || m.segs_in))
			continue;
		if (!c->inode)
			c->who = TALK_KERNEL; /* its process has closed it, or never took it */
		else if (n < max)
			rows[n++] = (struct wanted){c->inode, &c->who, &c->owner};
	}
	struct talk_datagrams *flows = (void *)t->datagrams.rows.base;
	for (uint32_t i = 0; i < t->datagrams.count; i++)
		if (flows[i].who == TALK_UNKNOWN && flows[i].inode && n < max)
			rows[n++] = (struct wanted){flows[i].inode, &flows[i].who, &flows[i].owner};
	return n;
}

static int by_ran(const void *a, const void *b)
{
	const struct talk_proc *x = *(const struct talk_proc *const *)a,
			       *y = *(const struct talk_proc *const *)b;
	if (x->ran != y->ran)
		return x->ran < y->ran ? 1 : -1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

static void walk(struct talker *t, struct search *s, bool all)
{
	const struct talk_proc **order = malloc((t->nprocs + 1) * sizeof(void *));
	size_t n = 0;
	if (!order)
		return;
	for (size_t i = 0; i < t->nprocs; i++)
		if (all || t->procs[i].ran || !t->procs[i].have_times)
			order[n++] = &t->procs[i];
	qsort(order, n, sizeof(void *), by_ran);
	for (size_t i = 0; i < n && s->left && !s->late; i++) {
		s->pid = order[i]->pid;
		s->owner = TALK_NONE;
		int r = reader_proc_fds(t->reader, s->pid, FDS_MAX, false, see_fd, s);
		t->denied = t->denied || (s->pid != 1 && (r == -EACCES || r == -EPERM));
	}
	free(order);
}

void talk_find_owners(struct talker *t, bool last)
{
	size_t max = (size_t)t->conns.count + t->datagrams.count;
	struct wanted *rows = malloc((max + 1) * sizeof *rows);
	if (!rows)
		return;
	size_t n = gather(t, rows, max);
	qsort(rows, n, sizeof *rows, by_inode);
	uint64_t now = clock_thread_ns(), since = t->mono_ns - t->from_mono_ns;
	struct search s = {.t = t, .rows = rows, .n = n, .left = n};
	s.until_ns = reader_is_replay(t->reader) ? UINT64_MAX
						 : now + since / 10 + (last ? LAST_NS : LOOK_NS);
	if (n)
		walk(t, &s, false);
	if (s.left && last && !s.late)
		walk(t, &s, true);
	t->out_of_time = s.late;
	free(rows);
}
