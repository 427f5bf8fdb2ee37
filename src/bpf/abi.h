/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What the probes (src/bpf) and the reader say to each other: the bytes of an iterator's records, of events in the
 * ring, of the maps; and which descriptors plimsoll-bpf hands over. Compiled for the kernel's virtual machine and for
 * the reader: fixed widths alone, no padding that is not named. */
#ifndef BPF_ABI_H
#define BPF_ABI_H

#include <linux/types.h>

enum {
	PROBE_COMM = 16,
	PROBE_ADDR = 16,
	PROBE_BUCKETS =
		28, /* of a histogram: bucket i counts what took less than 2^i us, the last all else */
	PROBE_FLOWS = 8192,               /* different keys in a second */
	PROBE_DISKS = 1024,               /* devices x operations */
	PROBE_RING = 128 * 1024,          /* bytes of events in a second */
	PROBE_RING_CONNECTIONS = 4 << 20, /* where each connection that ends is an event */
	PROBE_REFRESH = 16,
	PROBE_RUNNING_WORDS = 256,
	PROBE_THREADS_MAX = 65536 /* looked at in one process */
};

/* A descriptor that plimsoll-bpf hands over, in this order, for each bit of the mask that is set. */
enum probe_fd {
	PROBE_FD_TASKS,   /* iterator: all processes */
	PROBE_FD_CONTROL, /* map, one element: struct probe_control */
	PROBE_FD_HELD,    /* iterator: who holds which sockets and files */
	PROBE_FD_RING,    /* map: events */
	PROBE_FD_FLOWS,   /* map: probe_flow_key -> probe_flow */
	PROBE_FD_RUNQ,    /* map, per CPU: probe_histogram of waits for a CPU */
	PROBE_FD_BLOCK,   /* map: probe_disk_key -> probe_histogram */
	PROBE_FD_LOST,    /* map, per CPU: events that found no room, by enum probe_lost */
	/* From here on links, which only want to be held open. */
	PROBE_FD_EXIT,
	PROBE_FD_SIGNAL,
	PROBE_FD_TCP_STATE,
	PROBE_FD_RETRANSMIT,
	PROBE_FD_RESET_SENT,
	PROBE_FD_RESET_RECEIVED,
	PROBE_FD_SWITCH,
	PROBE_FD_COMPLETE,
	PROBE_FD_COUNT,
};

struct probe_hello {
	__u32 magic, version;
	__u32 mask;  /* by enum probe_fd: what follows */
	__s32 error; /* errno of what failed first, 0: all could be loaded */
	__u32 ring;  /* bytes of the ring */
};
enum { PROBE_MAGIC = 0x50424631, PROBE_VERSION = 3 };

enum probe_lost { PROBE_LOST_EVENTS, PROBE_LOST_FLOWS, PROBE_LOST_COUNT };

/* Between two readings of all processes. Written with zeros: the next one tells everything of each. */
struct probe_control {
	__u64 since; /* the scheduler's clock at the last reading */
	__u64 turn;  /* readings so far */
	__u64 running
		[2]
		[PROBE_RUNNING_WORDS]; /* who ran at that moment, by the low bits of its pid; and at this one */
};

/* What a reading of all processes tells of one: the first two fields alone when none of its threads was put on a CPU since the last reading, for
 * then nothing else has changed (but see RSS, limits and cgroup: of everyone all is told every PROBE_REFRESH readings). */
struct probe_same {
	__u32 full; /* 0 */
	__u32 pid;
};

/* One process (thread group), all of its threads added up, those that ended included. */
struct probe_task {
	__u32 full; /* 1 */
	__u32 pid, ppid, pgrp, uid;
	__u32 kernel; /* a kernel thread */
	__u32 policy;
	__s32 nice;
	__u32 threads;
	__u32 blocked;     /* threads in D */
	__u32 blocked_tid; /* the first of them */
	__u32 state;       /* the letter of the main thread */
	__u32 netns;
	__u32 zero;
	__u64 start_ns; /* since boot */
	__u64 cpu_ns, run_delay_ns, switches, child_ns;
	__s64 rss_pages; /* may lack, or have too much, what lies on single CPUs */
	__u64 minor_faults, major_faults;
	__u64 fds, fd_limit, nproc_limit;
	__u64 io_read, io_write, io_wchar, io_write_calls;
	__u64 css; /* the same for all tasks that are in the same cgroups of all hierarchies */
	__u64 cgroup_id;                          /* of the unified hierarchy */
	__u64 inotify_instances, inotify_watches; /* of its user */
	__u64 epoll_watches; /* of its user; may lack, or have too many, what lies on single CPUs */
	__u64 maps;          /* memory mappings */
	__u64 huge;          /* pages of the usual size that huge ones of the pools stand for */
	char comm[PROBE_COMM];
	char blocked_comm[PROBE_COMM];
};

/* A descriptor that is a socket, or a file that was opened to be written or has no name any more, of PROBE_FILE_BYTES at least. */
enum probe_held { PROBE_SOCKET = 1, PROBE_FILE };
enum { PROBE_FILE_BYTES = 65536 };

struct probe_socket {
	__u32 kind;
	__u32 pid, inode;
	__u32 zero;
};

struct probe_file {
	__u32 kind;
	__u32 pid, fd;
	__u32 device; /* major << 20 | minor */
	__u32 writable, deleted;
	__u64 inode, size, position;
	__u64 bytes; /* what it takes of its disk */
};

enum probe_event { PROBE_EXIT = 1, PROBE_SIGNAL, PROBE_CLOSE };

/* A process ended. */
struct probe_exit {
	__u32 event;
	__u32 pid, ppid, uid;
	__u32 code;             /* as wait() tells it */
	__u32 oom;              /* the kernel killed it for lack of memory */
	__u64 start_ns, end_ns; /* since boot; monotonic */
	__u64 cpu_ns, run_delay_ns, io_read, io_write, rss_peak_pages;
	__u64 css;
	char comm[PROBE_COMM];
};

/* A signal was sent. */
struct probe_signal {
	__u32 event;
	__u32 number;
	__u32 sender, target; /* pids */
	__u32 sender_uid;
	__u32 kernel; /* by the kernel itself, while the sender ran: a fault, a timer, lack of memory */
	char sender_comm[PROBE_COMM], target_comm[PROBE_COMM];
};

struct probe_flow_key {
	__u32 netns;
	__u32 pid;  /* who called connect() or close(), 0: not known */
	__u16 port; /* of the serving side */
	__u8 family;
	__u8 outgoing;
	__u8 local[PROBE_ADDR], peer[PROBE_ADDR];
};

/* What happened to TCP connections with this key since the map was emptied. */
struct probe_flow {
	__u64 opened, closed; /* handshakes done; connections ended that had been established */
	__u64 failed;         /* connect() that got no connection */
	__u64 bytes_out, bytes_in; /* of those that ended, over their whole life */
	__u64 duration_ns;         /* of those that ended and whose begin was seen */
	__u64 timed;               /* how many those are */
	__u64 retransmits;
	__u64 resets_out; /* of connections that neither side had closed */
	__u64 resets_in;  /* of such, and connects that were refused */
};

/* One TCP connection ended: only when asked for. */
struct probe_close {
	__u32 event;
	__u16 local_port, peer_port;
	struct probe_flow_key key;
	__u64 cookie; /* never used twice */
	__u64 bytes_out, bytes_in, bytes_retrans, duration_ns;
	__u32 segs_out, segs_in, retransmits, rtt_us;
	char comm[PROBE_COMM]; /* of the process, "" when it is not known */
};

enum probe_op { PROBE_READ, PROBE_WRITE, PROBE_OTHER, PROBE_OP_COUNT };

struct probe_disk_key {
	__u32 major, minor, op;
};

struct probe_histogram {
	__u64 count[PROBE_BUCKETS];
};

#endif
