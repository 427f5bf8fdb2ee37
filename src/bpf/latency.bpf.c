/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* How long tasks wait for a CPU and requests for a disk, as histograms over powers of two. The kernel already notes when a wait began
 * (sched_info.last_queued, request.start_time_ns); so one hook each suffices, and nothing is remembered here. */
#include "bpf/kernel.h"

#include "bpf/abi.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct probe_histogram);
} run_queue SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROBE_DISKS);
	__type(key, struct probe_disk_key);
	__type(value, struct probe_histogram);
} block SEC(".maps");

/* 0 below 1 us, then one for each power of two. */
static __always_inline __u32 bucket(__u64 ns)
{
	__u64 us = ns / 1000;
	__u32 b = 0;
#pragma unroll
	for (__u32 shift = 32; shift; shift >>= 1)
		if (us >> shift) {
			us >>= shift;
			b += shift;
		}
	b += us != 0;
	return b < PROBE_BUCKETS ? b : PROBE_BUCKETS - 1;
}

/* The wait ends here: the clock of the run queue, which noted its begin, was just brought up to date. Tasks that were preempted and
 * are taken again wait too. A task of any class knows its run queue by way of the fair class. */
SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	if (next->pid == 0)
		return 0;
	__u64 queued = next->sched_info.last_queued, now = next->se.cfs_rq->rq->clock;
	if (!queued || now < queued)
		return 0;
	__u32 zero = 0;
	struct probe_histogram *h = bpf_map_lookup_elem(&run_queue, &zero);
	__u32 b = bucket(now - queued);
	if (h && b < PROBE_BUCKETS)
		h->count[b]++;
	return 0;
}

/* From when the request was made to its end; one that ends in parts is counted at the last. */
SEC("tp_btf/block_rq_complete")
int BPF_PROG(completed, struct request *rq, int error, unsigned int bytes)
{
	if (bytes < rq->__data_len)
		return 0;
	__u64 begun = rq->start_time_ns ? rq->start_time_ns : rq->io_start_time_ns,
	      now = bpf_ktime_get_ns();
	struct gendisk *disk = bpf_core_field_exists(struct request_queue, disk)
				       ? BPF_CORE_READ(rq, q, disk)
				       : BPF_CORE_READ((struct request___disk *)rq, rq_disk);
	if (!begun || now < begun || !disk)
		return 0;
	__u32 op = rq->cmd_flags & 0xff;
	struct probe_disk_key key = {(__u32)BPF_CORE_READ(disk, major),
		(__u32)BPF_CORE_READ(disk, first_minor),
		op == 0   ? PROBE_READ
		: op == 1 ? PROBE_WRITE
			  : PROBE_OTHER};
	struct probe_histogram *h = bpf_map_lookup_elem(&block, &key);
	if (!h) {
		static const struct probe_histogram none;
		bpf_map_update_elem(&block, &key, &none, BPF_NOEXIST);
		h = bpf_map_lookup_elem(&block, &key);
	}
	__u32 b = bucket(now - begun);
	if (h && b < PROBE_BUCKETS)
		__sync_fetch_and_add(&h->count[b], 1);
	return 0;
}
