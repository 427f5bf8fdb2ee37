/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The few fields of the kernel's structures that the probes read. Where they lie is not said here: libbpf asks the running
 * kernel (BTF, "compile once, run everywhere"), so the order and what is left out do not matter, only names and types do. A
 * suffix ___x marks another form of the same structure, for kernels that have it. */
#ifndef BPF_KERNEL_H
#define BPF_KERNEL_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;
typedef struct {
	long counter;
} atomic_long_t;
typedef struct {
	__s64 counter;
} atomic64_t;

struct list_head {
	struct list_head *next;
};

struct percpu_counter {
	__s64 count;
};

struct mm_rss_stat {
	atomic_long_t count[4];
};

struct mm_struct {
	struct percpu_counter rss_stat[4]; /* since 6.2 */
	unsigned long hiwater_rss;
	int map_count;
	atomic_long_t hugetlb_usage;
};
struct mm_struct___counts {
	struct mm_rss_stat rss_stat;
};

struct ns_common {
	unsigned int inum;
};
struct net {
	struct ns_common ns;
};
struct nsproxy {
	struct net *net_ns;
};

struct upid {
	int nr;
};
struct pid {
	struct upid numbers[1];
};

struct kernfs_node {
	__u64 id;
};
struct cgroup {
	struct kernfs_node *kn;
};
struct css_set {
	struct cgroup *dfl_cgrp;
};

typedef struct {
	unsigned int val;
} kuid_t;

struct ucounts {
	atomic_long_t ucount[12];
};
struct user_struct {
	struct percpu_counter epoll_watches; /* since 5.16 */
};
struct user_struct___whole {
	atomic_long_t epoll_watches; /* before */
};
enum sock_flags { SOCK_DONE };
enum ucount_type { UCOUNT_INOTIFY_INSTANCES, UCOUNT_INOTIFY_WATCHES };
struct cred {
	kuid_t euid;
	struct ucounts *ucounts;
	struct user_struct *user;
};

struct fdtable {
	unsigned int max_fds;
	unsigned long *open_fds;
};
struct files_struct {
	struct fdtable *fdt;
};

struct super_block {
	unsigned int s_dev;
};
struct inode {
	unsigned short i_mode;
	unsigned long i_ino;
	unsigned int i_nlink;
	long long i_size;
	unsigned long long i_blocks;
	struct super_block *i_sb;
};
struct file {
	struct inode *f_inode;
	unsigned int f_mode;
	long long f_pos;
};

struct sched_info {
	unsigned long pcount;
	unsigned long long run_delay;
	unsigned long long last_arrival, last_queued;
};
struct rq {
	__u64 clock;
};
struct cfs_rq {
	struct rq *rq;
};
struct sched_entity {
	__u64 sum_exec_runtime;
	struct cfs_rq *cfs_rq;
};
struct task_io_accounting {
	__u64 wchar, syscw, read_bytes, write_bytes;
};
struct rlimit {
	unsigned long rlim_cur;
};
struct taskstats {
	__u64 cpu_count, cpu_delay_total;
};

struct signal_struct {
	atomic_t live;
	int nr_threads;
	struct list_head thread_head;
	int group_exit_code;
	struct pid *pids[4];
	__u64 cutime, cstime;
	unsigned long min_flt, maj_flt;
	unsigned long maxrss;
	struct task_io_accounting ioac;
	unsigned long long sum_sched_runtime;
	struct rlimit rlim[16];
	struct taskstats *stats;
	struct mm_struct *oom_mm;
};

struct task_struct {
	unsigned int __state; /* since 5.14 */
	int exit_state;
	int exit_code;
	unsigned int flags;
	int pid, tgid;
	int static_prio;
	unsigned int policy;
	__u64 start_boottime;
	unsigned long min_flt, maj_flt;
	char comm[16];
	struct task_struct *real_parent, *group_leader;
	struct list_head thread_node;
	struct sched_entity se;
	struct sched_info sched_info;
	struct task_io_accounting ioac;
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct css_set *cgroups;
	const struct cred *real_cred;
};
struct task_struct___long_state {
	long state; /* before 5.14 */
};

struct possible_net {
	struct net *net;
};
struct in6_addr {
	unsigned char bytes[16];
};
struct sock_common {
	unsigned short skc_family;
	unsigned short skc_num;
	unsigned short skc_dport;
	unsigned char skc_state;
	unsigned int skc_rcv_saddr, skc_daddr;
	struct in6_addr skc_v6_rcv_saddr, skc_v6_daddr;
	atomic64_t skc_cookie;
	unsigned long skc_flags;
	struct possible_net skc_net;
};
struct sock {
	struct sock_common __sk_common;
	unsigned short sk_protocol;
};
struct inet_sock {
	unsigned short inet_sport;
};
struct tcp_sock {
	unsigned int snd_una, write_seq;
	__u64 bytes_acked, bytes_received, bytes_retrans;
	unsigned int segs_out, segs_in;
	unsigned int total_retrans, srtt_us;
};

struct gendisk {
	int major, first_minor;
};
struct request_queue {
	struct gendisk *disk; /* since 5.17 */
};
struct request {
	struct request_queue *q;
	unsigned int cmd_flags;
	unsigned int __data_len;
	__u64 start_time_ns, io_start_time_ns;
};
struct request___disk {
	struct gendisk *rq_disk; /* before 5.17 */
};

struct kernel_siginfo {
	int si_signo, si_errno, si_code;
};

struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id, seq_num;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};
struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	unsigned int fd;
	struct file *file;
};

#pragma clang attribute pop

#endif
