/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* reader: the one door to the kernel. Everything that Plimsoll knows about a machine comes through these functions, live from
 * the root directory, or from a recorded tree (`--root DIR`), so that a test, a colleague's recording and the server itself
 * take the same way through the program.
 *
 * A recorded tree is a folder of moments 0, 1, 2 ... (or is itself the only moment). Each moment holds the files as they stood,
 * below the same paths (proc/stat ...), other network namespaces below netns/NAME/, and as text what is not a file:
 *     clock                real and monotonic nanoseconds
 *     mounts.statvfs       a line a mount: size free available inodes inodes_free PATH
 *     proc/PID/fdcount     descriptors, soft limit, process limit
 *     proc/PID/fdlist      a line a descriptor: number devno inode size writable deleted TARGET
 *     proc/PID/times       cpu_ns run_delay_ns switches (threads that ended included)
 *     proc/PID/netns       inode of its network namespace
 *     proc/PID/owner       user id
 *     proc/PID/mapcount    memory mappings
 *     self                 pid of the Plimsoll that recorded it
 *     socket_makers        a line a process: inode of its namespace, pid, sightings, looks
 *     files_held           a line a file that grows or was deleted: device, inode, pid, descriptor, size, bytes, growth, nanoseconds since,
 *                          holders, deleted, PATH
 *     netlink/NAME         the bytes of a netlink dump
 *     probes/NAME          what the probes in the kernel said, as bpf/abi.h has it
 *     books/KIND.PID       what a server says of itself (books/book.h)
 *     timex                the state of the kernel's clock (adjtimex), a line each
 *     kmsg                 records of the kernel's log that were new at this moment
 *     PATH.errno           why PATH could not be read ("EACCES")
 * `plimsoll --record-tree DIR` writes one while it reads.
 *
 * Errors are negative errno. Nothing here allocates after reader_open_...() but descriptors; nothing logs. */
#ifndef READ_READER_H
#define READ_READER_H

#include "base/attr.h"
#include "bpf/abi.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct reader;

/* A file read again and again: its descriptor is kept between reads. Zero-initialise fd to -1. */
struct kept {
	int fd;
};

struct reader_fs {
	uint64_t size, free, available; /* bytes */
	uint64_t inodes, inodes_free;
};

struct reader_times {
	uint64_t cpu_ns, run_delay_ns, switches;
};

struct reader_limits {
	uint64_t fds, fd_limit, nproc_limit;
	bool have_fds, have_limits;
};

struct reader_fd {
	int fd;
	uint64_t devno, inode, size;
	bool regular, writable, deleted;
	const char *target; /* what the link says; valid during the call */
};

enum reader_dump {
	DUMP_TCP_LISTEN, /* listening sockets, IPv4 and IPv6, with socket memory */
	DUMP_TCP_ALL,    /* all other states, bare */
	DUMP_TCP_INFO,   /* the same with tcp_info */
	DUMP_UDP,        /* UDP sockets, IPv4 and IPv6, with socket memory */
	DUMP_CONNTRACK,  /* connection-tracking entries */
	DUMP_LINKS,      /* interfaces: state, counters */
	DUMP_ADDRESSES,  /* addresses of interfaces */
	DUMP_QDISCS,     /* their queues */
	DUMP_LINK_SPEEDS, /* speed and duplex (ethtool); takes the lock of all interfaces and asks drivers */
	DUMP_NFT_CHAINS,
	DUMP_NFT_RULES,
	DUMP_NFT_SETS,    /* without their elements */
	DUMP_UNIX_LISTEN, /* listening unix sockets */
	DUMP_PACKET,      /* packet sockets: who reads packets off interfaces */
};

/* Opens the running machine, or a recorded tree. record_dir (may be NULL): where to write what is
 * read. */
int reader_open(const char *root, const char *record_dir, struct reader **ret);
void reader_close(struct reader *r);
bool reader_is_replay(const struct reader *r);

/* Begins the next moment. Live: reads the clock. Replay: the next folder, or -ENODATA after the
 * last one. */
int reader_begin(struct reader *r, uint64_t *ret_real_ns, uint64_t *ret_mono_ns);
/* Replay: how many moments there are. */
unsigned reader_moments(const struct reader *r);

/* Network namespaces, the host's first (index 0). reader_netns_scan() looks for new and vanished
 * ones; `inodes` are those that processes are in (see reader_proc_netns), with one pid for each.
 * Handles stay valid until the namespace vanishes; a namespace that nobody but us would keep alive
 * is let go. */
struct reader_netns {
	uint64_t inode;
	char name[64]; /* from /run/netns, or "" */
};
int reader_netns_scan(struct reader *r, const uint64_t *inodes, const int32_t *pids, size_t n);
size_t reader_netns_count(const struct reader *r);
const struct reader_netns *reader_netns_at(const struct reader *r, size_t i);
/* Makes the namespace current for the opens that follow; 0 is the host's. -EPERM without the
 * privilege. */
int reader_netns_enter(struct reader *r, size_t i);

/* Reads a whole file (path relative to the root, in the current namespace) into buf; returns its
 * length. With `kept` the descriptor stays open for the next time. A result of exactly `size` bytes
 * may be cut. "timex" and "kmsg" are no files, but are read like them (the latter only with `kept`: it gives what is new since the
 * last time). */
ssize_t reader_file(struct reader *r, const char *path, struct kept *kept, void *buf, size_t size);
/* Names of the folders in a folder: calls each(ctx, name) until it answers nonzero. */
int reader_dirs(
	struct reader *r, const char *path, int (*each)(void *ctx, const char *name), void *ctx);
/* Names of all that is in a folder, links too. */
int reader_names(
	struct reader *r, const char *path, int (*each)(void *ctx, const char *name), void *ctx);
/* All process ids, ascending; returns how many, at most max. */
ssize_t reader_pids(struct reader *r, int32_t *pids, size_t max);

int reader_statvfs(struct reader *r, const char *mount, struct reader_fs *ret);
/* CPU time, run delay and switches of many processes at once; ok[i] tells which were answered.
 * -ENOTSUP where the fast way (taskstats) is not to be had: then reader_proc_schedstat() answers
 * for main threads only. */
int reader_proc_times(
	struct reader *r, const int32_t *pids, size_t n, struct reader_times *ret, bool *ok);
int reader_proc_schedstat(struct reader *r, int32_t pid, struct reader_times *ret);
/* Descriptors of a process, and with want_limits its limits: of descriptors, and with want_nproc of processes. */
int reader_proc_limits(struct reader *r, int32_t pid, bool want_limits, bool want_nproc,
	struct reader_limits *ret);
int reader_proc_netns(struct reader *r, int32_t pid, uint64_t *ret_inode);
/* Memory mappings of a process, counted in at most max_bytes of its list; -EFBIG where that is longer. */
int reader_proc_maps(struct reader *r, int32_t pid, uint64_t max_bytes, uint64_t *ret);
/* /proc/PID/stat, and whom the process belongs to. Without want_owner, 0 may stand for a user that is known from before. */
ssize_t reader_proc_stat(
	struct reader *r, int32_t pid, bool want_owner, void *buf, size_t size, uint32_t *ret_uid);
/* Descriptors of a process in ascending order from `first` on, at most max; each() may stop it with nonzero.
 * with_stat: fill devno, inode, size. */
int reader_proc_fds_from(struct reader *r, int32_t pid, unsigned first, unsigned max,
	bool with_stat, int (*each)(void *ctx, const struct reader_fd *fd), void *ctx);
/* The same from the first one on. */
int reader_proc_fds(struct reader *r, int32_t pid, unsigned max, bool with_stat,
	int (*each)(void *ctx, const struct reader_fd *fd), void *ctx);

/* What a descriptor of a process is, as "/var/log/syslog"; what the kernel adds to a name that is gone (" (deleted)") is left out. Live only. Returns its
 * length, at most size. */
ssize_t reader_proc_link(struct reader *r, int32_t pid, int32_t fd, char *buf, size_t size);

/* Runs a netlink dump in the current namespace and hands over its bytes piece by piece (each a run
 * of whole messages). each() may stop it with nonzero, which is not an error. -EINTR: the table
 * changed while it was dumped, what came is usable. */
int reader_dump(struct reader *r, enum reader_dump what,
	int (*each)(void *ctx, const void *bytes, size_t len), void *ctx);

/* Asks for the connections that wait in the queue of one listening unix socket of the current namespace: bytes as those of a dump. */
int reader_unix_queue(struct reader *r, uint32_t inode,
	int (*each)(void *ctx, const void *bytes, size_t len), void *ctx);

/* Probes in the kernel (eBPF), where there are some. */
enum reader_probe {
	PROBE_TASKS, /* struct probe_task, by pid */
	PROBE_EVENTS, /* since the last time, one after the other: struct probe_exit, probe_signal, probe_close */
	PROBE_TCP_FLOWS, /* since the last time: struct probe_flow_key and struct probe_flow */
	PROBE_RUN_QUEUE, /* struct probe_histogram since they were loaded */
	PROBE_DISK_LATENCY, /* struct probe_disk_key and struct probe_histogram since they were loaded */
	PROBE_LOSSES,       /* uint64_t by enum probe_lost, since they were loaded */
};
/* Takes over from the socket what plimsoll-bpf hands over, and waits for it. *ret_error: errno of what it could not load, or 0. */
int reader_probes_take(struct reader *r, int socket, int timeout_ms, int *ret_error);
bool reader_probe_there(const struct reader *r, enum probe_fd what);
/* The next reading of all processes tells all of each. */
int reader_probe_tell_all(struct reader *r);
/* Hands over records, as many at a time as happen to come, always whole ones. -ENOTSUP where there is no such probe. */
int reader_probe(struct reader *r, enum reader_probe what,
	int (*each)(void *ctx, const void *bytes, size_t len), void *ctx);

/* The same of all descriptors of all processes, a part of them at each call: goes on where it ended the last time, for about budget_ns.
 * *ret_end: these were the last, the next call begins anew. */
int reader_probe_held(struct reader *r, uint64_t budget_ns,
	int (*each)(void *ctx, const void *bytes, size_t len), void *ctx, bool *ret_end);
/* The same from the first to the last descriptor, beside a reading that is under way and goes on as if nothing had been. */
int reader_probe_sockets(
	struct reader *r, int (*each)(void *ctx, const void *bytes, size_t len), void *ctx);
/* Hands over books of servers, a whole one each (books/book.h): all of a moment, or live those that came since the last time. Their bytes are valid
 * during the call. -ENOTSUP where nobody asks servers. */
/* Live: -EPIPE or another error when who asks them is no more, in every call from then on. */
int reader_books(
	struct reader *r, int (*each)(void *ctx, const void *bytes, size_t len), void *ctx);

/* Takes over the socket to plimsoll-books (books/wanted.h), closing one that was there before; -1: none. */
void reader_books_take(struct reader *r, int socket);
bool reader_books_there(const struct reader *r);
/* Tells it which servers are to be asked. Never waits: -EAGAIN when it has not read what it was told before. */
int reader_books_tell(struct reader *r, const void *bytes, size_t len);

/* A dump in pieces, spread over as many ticks as its user likes: the kernel keeps the place where the last piece ended, and the
 * socket stays open until reader_pieces_end(), which also lets go of its namespace. What moves in the table between two pieces may
 * be told twice or not at all. In a recorded tree the pieces are of the file; a recording tick has to take them all. Not for DUMP_UDP. */
struct reader_pieces {
	int fd; /* -1: none under way */
	enum reader_dump what;
	bool interrupted;
	uint64_t at; /* replay: bytes handed over */
};
/* Asks for a dump of the current namespace. */
int reader_pieces_begin(struct reader *r, enum reader_dump what, struct reader_pieces *p);
/* Hands over the next piece (at most 64 KiB, about a hundred sockets). Returns 1 when there may be more, 0 after the last one, -EINTR
 * after the last one if the table changed in a way the kernel noticed; any other error means that the dump broke off. */
int reader_pieces_next(struct reader *r, struct reader_pieces *p,
	int (*each)(void *ctx, const void *bytes, size_t len), void *ctx);
void reader_pieces_end(struct reader_pieces *p);

/* What was found out by watching and cannot be read again: kept in a recorded tree beside the files; does nothing otherwise. */
void reader_note(struct reader *r, const char *name, const char *text, size_t len);
bool reader_is_recording(const struct reader *r);

/* Test hook: when set, asked before each system call of the reader; a nonzero answer is the errno
 * to fail with. */
extern int (*reader_fault)(void);

#endif
