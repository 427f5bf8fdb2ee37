/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* All processes in one read, and who holds which sockets and growing files. An iterator runs once for each thread (or descriptor) and writes a record; the
 * reader gets them by read(). 2,300 processes take 1 ms this way, where /proc/PID/stat with kept descriptors takes 10.
 *
 * Fields are read straight where the verifier knows the type of the pointer; in the walk over threads it does not, hence BPF_CORE_READ. So are pointers that
 * lie in a task or an inode, but for those that are read at each turn: since 6.3 the verifier looks up by name, among all types of the kernel, whether
 * what such a pointer points to is safe, at half a millisecond each time that it meets one. */
#include "bpf/kernel.h"

#include "bpf/abi.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum {
	KTHREAD = 0x00200000, /* PF_KTHREAD */
	STATE_SLEEPING = 1,
	STATE_BLOCKED = 2,
	STATE_STOPPED = 4,
	STATE_TRACED = 8,
	STATE_IDLE = 0x402, /* TASK_UNINTERRUPTIBLE | TASK_NOLOAD */
	STATE_PARKED = 0x40,
	STATE_LIKE_BLOCKED =
		0x9000, /* frozen, or waiting for a lock under PREEMPT_RT: /proc shows D */
	EXIT_DEAD = 0x10,
	EXIT_ZOMBIE = 0x20,
	NSEC_PER_PRIO = 120,
	FDS_WORDS_MAX = 1 << 14, /* a million descriptors */
	RLIMIT_PROCESSES = 6,
	RLIMIT_DESCRIPTORS = 7,
	PGRP = 2, /* PIDTYPE_PGID */
	FORMAT = 0170000,
	FORMAT_SOCKET = 0140000,
	FORMAT_FILE = 0100000,
	OPENED_TO_WRITE = 2, /* FMODE_WRITE */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct probe_control);
} control SEC(".maps");

static __always_inline long state_of(const struct task_struct *t)
{
	if (bpf_core_field_exists(t->__state))
		return BPF_CORE_READ(t, __state);
	return BPF_CORE_READ((const struct task_struct___long_state *)t, state);
}

static __always_inline bool is_blocked(long state)
{
	return ((state & STATE_BLOCKED) && (state & STATE_IDLE) != STATE_IDLE) ||
	       (state & STATE_LIKE_BLOCKED);
}

static __always_inline __u32 letter(long state, int exit_state)
{
	if (exit_state & EXIT_ZOMBIE)
		return 'Z';
	if (exit_state & EXIT_DEAD)
		return 'X';
	if ((state & STATE_IDLE) == STATE_IDLE)
		return 'I';
	if (is_blocked(state))
		return 'D';
	if (state & STATE_SLEEPING)
		return 'S';
	if (state & STATE_STOPPED)
		return 'T';
	if (state & STATE_TRACED)
		return 't';
	if (state & STATE_PARKED)
		return 'P';
	return 'R';
}

struct walk {
	struct list_head *next, *head;
	struct probe_task *out;
};

static __always_inline void add_thread(const struct task_struct *t, struct probe_task *r)
{
	r->cpu_ns += BPF_CORE_READ(t, se.sum_exec_runtime);
	r->run_delay_ns += BPF_CORE_READ(t, sched_info.run_delay);
	r->switches += BPF_CORE_READ(t, sched_info.pcount);
	r->minor_faults += BPF_CORE_READ(t, min_flt);
	r->major_faults += BPF_CORE_READ(t, maj_flt);
	r->io_read += BPF_CORE_READ(t, ioac.read_bytes);
	r->io_write += BPF_CORE_READ(t, ioac.write_bytes);
	r->io_wchar += BPF_CORE_READ(t, ioac.wchar);
	r->io_write_calls += BPF_CORE_READ(t, ioac.syscw);
	if (is_blocked(state_of(t)) && !BPF_CORE_READ(t, exit_state)) {
		if (r->blocked++ == 0) {
			r->blocked_tid = (__u32)BPF_CORE_READ(t, pid);
			bpf_core_read(r->blocked_comm, sizeof r->blocked_comm, &t->comm);
		}
	}
}

static long walk_thread(__u32 i, void *ctx)
{
	struct walk *w = ctx;
	struct list_head *node = w->next;
	if (node == w->head || !node)
		return 1;
	const struct task_struct *t =
		(const void *)((const char *)node -
			       bpf_core_field_offset(struct task_struct, thread_node));
	add_thread(t, w->out);
	w->next = BPF_CORE_READ(node, next);
	return 0;
}

struct count {
	const unsigned long *words;
	__u64 bits;
};

static long count_word(__u32 i, void *ctx)
{
	struct count *c = ctx;
	unsigned long w = 0;
	if (bpf_probe_read_kernel(&w, sizeof w, c->words + i) < 0)
		return 1;
	w -= (w >> 1) & 0x5555555555555555ul;
	w = (w & 0x3333333333333333ul) + ((w >> 2) & 0x3333333333333333ul);
	w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0ful;
	c->bits += (w * 0x0101010101010101ul) >> 56;
	return 0;
}

/* File, anonymous and shared pages: the counters 0, 1 and 3 (2 is swap). Since 6.2 each CPU keeps a part to itself until it is some dozens
 * of pages; what lies there is not seen from here, and the reader asks /proc now and then for the difference. */
static __always_inline void memory_of(const struct task_struct *task, struct probe_task *r)
{
	const struct mm_struct *mm = BPF_CORE_READ(task, mm);
	__s64 pages;
	if (!mm)
		return;
	if (bpf_core_type_exists(struct mm_rss_stat)) {
		const struct mm_struct___counts *old = (const void *)mm;
		pages = BPF_CORE_READ(old, rss_stat.count[0].counter) +
			BPF_CORE_READ(old, rss_stat.count[1].counter) +
			BPF_CORE_READ(old, rss_stat.count[3].counter);
	} else {
		pages = BPF_CORE_READ(mm, rss_stat[0].count) +
			BPF_CORE_READ(mm, rss_stat[1].count) + BPF_CORE_READ(mm, rss_stat[3].count);
	}
	r->rss_pages = pages;
	r->maps = (__u64)BPF_CORE_READ(mm, map_count);
	if (bpf_core_field_exists(mm->hugetlb_usage))
		r->huge = (__u64)BPF_CORE_READ(mm, hugetlb_usage.counter);
}

static __always_inline void descriptors_of(const struct task_struct *task, struct probe_task *r)
{
	const struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	if (!fdt)
		return;
	struct count c = {BPF_CORE_READ(fdt, open_fds), 0};
	__u32 words = BPF_CORE_READ(fdt, max_fds) / 64;
	if (c.words)
		bpf_loop(words < FDS_WORDS_MAX ? words : FDS_WORDS_MAX, count_word, &c, 0);
	r->fds = c.bits;
}

/* Since 5.16 each CPU keeps a part to itself until it is some dozens. */
static __always_inline __u64 epoll_of(struct user_struct *user)
{
	struct user_struct___whole *whole = (void *)user;
	__s64 n = 0;
	if (!user || !bpf_core_field_exists(user->epoll_watches))
		return 0;
	if (bpf_core_field_size(user->epoll_watches) == sizeof(atomic_long_t))
		n = BPF_CORE_READ(whole, epoll_watches.counter);
	else
		n = BPF_CORE_READ(user, epoll_watches.count);
	return n > 0 ? (__u64)n : 0;
}

static __always_inline void limits_and_user(
	const struct task_struct *task, const struct signal_struct *signal, struct probe_task *r)
{
	r->fd_limit = signal->rlim[RLIMIT_DESCRIPTORS].rlim_cur;
	r->nproc_limit = signal->rlim[RLIMIT_PROCESSES].rlim_cur;
	const struct cred *cred = BPF_CORE_READ(task, real_cred);
	r->uid = BPF_CORE_READ(cred, euid.val);
	r->epoll_watches = epoll_of(BPF_CORE_READ(cred, user));
	const struct ucounts *u = BPF_CORE_READ(cred, ucounts);
	if (u && bpf_core_enum_value_exists(enum ucount_type, UCOUNT_INOTIFY_WATCHES)) {
		int instances = bpf_core_enum_value(enum ucount_type, UCOUNT_INOTIFY_INSTANCES);
		int watches = bpf_core_enum_value(enum ucount_type, UCOUNT_INOTIFY_WATCHES);
		const atomic_long_t *counts =
			(const void *)((const char *)u +
				       bpf_core_field_offset(struct ucounts, ucount));
		bpf_probe_read_kernel(&r->inotify_instances, sizeof(long), &counts[instances]);
		bpf_probe_read_kernel(&r->inotify_watches, sizeof(long), &counts[watches]);
	}
}

/* ---- who did nothing since the last reading ---- */

/* Clocks of different CPUs may differ by this much. */
enum { CLOCK_SLACK_NS = 20000000, RUNNING_BITS = PROBE_RUNNING_WORDS * 64 };

struct activity {
	struct list_head *next, *head;
	__u64 since;
	bool active, running;
};

static __always_inline void look_at(const struct task_struct *t, struct activity *a)
{
	if (state_of(t) == 0)
		a->active = a->running = true;
	else if (BPF_CORE_READ(t, sched_info.last_arrival) + CLOCK_SLACK_NS >= a->since)
		a->active = true;
}

static long look_at_thread(__u32 i, void *ctx)
{
	struct activity *a = ctx;
	struct list_head *node = a->next;
	if (node == a->head || !node)
		return 1;
	look_at((const void *)((const char *)node -
			       bpf_core_field_offset(struct task_struct, thread_node)),
		a);
	a->next = BPF_CORE_READ(node, next);
	return 0;
}

/* Whether all is to be told of a process. Who is put on a CPU after the last reading notes when; who already was on one then, and has left it
 * since, is among those remembered as running. */
static __always_inline bool changed(
	const struct task_struct *task, struct signal_struct *signal, struct probe_control *c)
{
	struct activity a = {.since = c->since};
	if (signal->nr_threads <= 1) {
		look_at(task, &a);
	} else {
		struct list_head *head =
			(void *)((char *)signal +
				 bpf_core_field_offset(struct signal_struct, thread_head));
		a.head = head;
		a.next = BPF_CORE_READ(head, next);
		bpf_loop(PROBE_THREADS_MAX, look_at_thread, &a, 0);
	}
	__u32 bit = (__u32)task->pid % RUNNING_BITS, now = c->turn & 1, word = bit / 64;
	if (word >= PROBE_RUNNING_WORDS)
		return true;
	if (a.running)
		c->running[now][word] |= 1ull << bit % 64;
	return !c->since || a.active || (c->running[!now][word] >> bit % 64 & 1) ||
	       ((__u32)task->pid + c->turn) % PROBE_REFRESH == 0;
}

static long forget_word(__u32 i, void *ctx)
{
	struct probe_control *c = *(struct probe_control **)ctx;
	if (i < PROBE_RUNNING_WORDS)
		c->running[c->turn & 1][i] = 0;
	return 0;
}

__u64 arrived; /* when the reader was put on its CPU for this reading */

static __always_inline void begin_reading(struct probe_control *c)
{
	c->turn++;
	bpf_loop(PROBE_RUNNING_WORDS, forget_word, &c, 0);
	arrived = bpf_get_current_task_btf()->sched_info.last_arrival;
}

SEC("iter/task")
int tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 zero = 0;
	struct probe_control *c = bpf_map_lookup_elem(&control, &zero);
	if (!c)
		return 0;
	if (!task) { /* the end */
		c->since = arrived;
		return 0;
	}
	if (ctx->meta->seq_num == 0)
		begin_reading(c);
	if (task->pid != task->tgid)
		return 0;
	struct signal_struct *signal = task->signal;
	if (!changed(task, signal, c)) {
		struct probe_same same = {0, (__u32)task->pid};
		bpf_seq_write(ctx->meta->seq, &same, sizeof same);
		return 0;
	}
	struct probe_task r = {.full = 1};
	r.pid = (__u32)task->pid;
	r.ppid = (__u32)BPF_CORE_READ(task, real_parent, tgid);
	r.kernel = (task->flags & KTHREAD) != 0;
	r.policy = task->policy;
	r.nice = task->static_prio - NSEC_PER_PRIO;
	r.threads = (__u32)signal->nr_threads;
	r.state = letter(state_of(task), task->exit_state);
	r.start_ns = task->start_boottime;
	r.child_ns = signal->cutime + signal->cstime;
	r.cpu_ns = signal->sum_sched_runtime;
	r.minor_faults = signal->min_flt;
	r.major_faults = signal->maj_flt;
	r.io_read = signal->ioac.read_bytes;
	r.io_write = signal->ioac.write_bytes;
	r.io_wchar = signal->ioac.wchar;
	r.io_write_calls = signal->ioac.syscw;
	struct taskstats *ended = signal->stats;
	if (ended) {
		r.run_delay_ns = ended->cpu_delay_total;
		r.switches = ended->cpu_count;
	}
	struct pid *group = signal->pids[PGRP];
	if (group)
		r.pgrp = (__u32)BPF_CORE_READ(group, numbers[0].nr);
	r.netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum); /* 0 where it has none any more */
	const struct css_set *css = BPF_CORE_READ(task, cgroups);
	r.css = (__u64)css;
	r.cgroup_id = BPF_CORE_READ(css, dfl_cgrp, kn, id);
	bpf_core_read(r.comm, sizeof r.comm, &task->comm);
	if (r.threads <= 1) {
		add_thread(task, &r);
	} else {
		struct list_head *head =
			(void *)((char *)signal +
				 bpf_core_field_offset(struct signal_struct, thread_head));
		struct walk w = {BPF_CORE_READ(head, next), head, &r};
		bpf_loop(PROBE_THREADS_MAX, walk_thread, &w, 0);
	}
	limits_and_user(task, signal, &r);
	if (!r.kernel) {
		memory_of(task, &r);
		descriptors_of(task, &r);
	}
	bpf_seq_write(ctx->meta->seq, &r, sizeof r);
	return 0;
}

SEC("iter/task_file")
int held(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	if (!task || !file || task->pid != task->tgid)
		return 0;
	struct inode *inode = file->f_inode;
	__u32 format = inode ? inode->i_mode & FORMAT : 0;
	if (format == FORMAT_SOCKET) {
		struct probe_socket r = {PROBE_SOCKET, (__u32)task->tgid, (__u32)inode->i_ino, 0};
		bpf_seq_write(ctx->meta->seq, &r, sizeof r);
	}
	if (format != FORMAT_FILE || inode->i_size < PROBE_FILE_BYTES)
		return 0;
	bool writable = file->f_mode & OPENED_TO_WRITE, deleted = inode->i_nlink == 0;
	if (!writable && !deleted)
		return 0;
	struct probe_file f = {PROBE_FILE, (__u32)task->tgid, ctx->fd,
		BPF_CORE_READ(inode, i_sb, s_dev), writable, deleted, inode->i_ino,
		(__u64)inode->i_size, (__u64)file->f_pos, inode->i_blocks * 512};
	bpf_seq_write(ctx->meta->seq, &f, sizeof f);
	return 0;
}
