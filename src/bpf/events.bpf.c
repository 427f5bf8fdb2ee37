/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What happens between two samples: processes that end, however short they lived, with what they used, and who sent which signal to whom. */
#include "bpf/kernel.h"

#include "bpf/abi.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PROBE_RING);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROBE_LOST_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

/* Who asked for nothing gets told nothing: the reader looks once a second. */
enum { NO_WAKEUP = BPF_RB_NO_WAKEUP };

static __always_inline void count_lost(__u32 what)
{
	__u64 *n = bpf_map_lookup_elem(&lost, &what);
	if (n)
		(*n)++;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(exited, struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	if (!signal || signal->live.counter != 0)
		return 0; /* a thread: what it used is in its process */
	struct task_struct *leader = task->group_leader;
	struct probe_exit *e = bpf_ringbuf_reserve(&ring, sizeof *e, 0);
	if (!e) {
		count_lost(PROBE_LOST_EVENTS);
		return 0;
	}
	__builtin_memset(e, 0, sizeof *e);
	e->event = PROBE_EXIT;
	e->pid = (__u32)task->tgid;
	/* Pointers in a task are read this way for the verifier's sake: see tasks.bpf.c. */
	e->ppid = (__u32)BPF_CORE_READ(task, real_parent, tgid);
	e->uid = BPF_CORE_READ(task, real_cred, euid.val);
	e->code = (__u32)(signal->group_exit_code ? signal->group_exit_code : task->exit_code);
	e->oom = signal->oom_mm != 0;
	e->start_ns = leader->start_boottime;
	e->end_ns = bpf_ktime_get_ns();
	e->cpu_ns = signal->sum_sched_runtime + task->se.sum_exec_runtime;
	e->run_delay_ns = task->sched_info.run_delay;
	e->io_read = signal->ioac.read_bytes + task->ioac.read_bytes;
	e->io_write = signal->ioac.write_bytes + task->ioac.write_bytes;
	if (leader != task) { /* ended before, and waits as a zombie for its threads */
		e->cpu_ns += leader->se.sum_exec_runtime;
		e->run_delay_ns += leader->sched_info.run_delay;
		e->io_read += leader->ioac.read_bytes;
		e->io_write += leader->ioac.write_bytes;
	}
	struct taskstats *ended = signal->stats;
	if (ended)
		e->run_delay_ns += ended->cpu_delay_total;
	const struct mm_struct *mm = BPF_CORE_READ(task, mm);
	e->rss_peak_pages = mm ? BPF_CORE_READ(mm, hiwater_rss) : signal->maxrss;
	e->css = (__u64)BPF_CORE_READ(task, cgroups);
	bpf_core_read(e->comm, sizeof e->comm, &leader->comm);
	bpf_ringbuf_submit(e, NO_WAKEUP);
	return 0;
}

enum {
	SIG_ALARM = 14,
	SIG_CHILD = 17,
	SIG_URGENT = 23,
	SIG_VTALARM = 26,
	SIG_PROFILE = 27,
	SIG_WINDOW = 28,
	SIG_IO = 29,
	SIG_REAL_TIME = 32
};

/* Timers and children, and what a runtime sends to itself many times a second, tell nothing. */
static __always_inline bool tells_something(int number)
{
	return number > 0 && number < SIG_REAL_TIME && number != SIG_ALARM && number != SIG_CHILD &&
	       number != SIG_URGENT && number != SIG_VTALARM && number != SIG_PROFILE &&
	       number != SIG_WINDOW && number != SIG_IO;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(signalled, int number, struct kernel_siginfo *info, struct task_struct *target)
{
	if (!tells_something(number))
		return 0;
	struct task_struct *sender = bpf_get_current_task_btf();
	struct probe_signal *e = bpf_ringbuf_reserve(&ring, sizeof *e, 0);
	if (!e) {
		count_lost(PROBE_LOST_EVENTS);
		return 0;
	}
	e->event = PROBE_SIGNAL;
	e->number = (__u32)number;
	e->sender = (__u32)sender->tgid;
	e->target = (__u32)target->tgid;
	e->sender_uid = BPF_CORE_READ(sender, real_cred, euid.val);
	/* SEND_SIG_NOINFO is 0 and comes from a process, SEND_SIG_PRIV is 1 and from the kernel; else the code tells. */
	e->kernel = info == (void *)1 || ((__u64)info > 1 && BPF_CORE_READ(info, si_code) > 0);
	const struct task_struct *from = BPF_CORE_READ(sender, group_leader),
				 *to = BPF_CORE_READ(target, group_leader);
	bpf_core_read(e->sender_comm, sizeof e->sender_comm, &from->comm);
	bpf_core_read(e->target_comm, sizeof e->target_comm, &to->comm);
	bpf_ringbuf_submit(e, NO_WAKEUP);
	return 0;
}
