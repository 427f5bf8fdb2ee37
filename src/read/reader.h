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
 *     self                 pid of the Plimsoll that recorded it
 *     socket_makers        a line a process: inode of its namespace, pid, sightings, looks
 *     netlink/NAME         the bytes of a netlink dump
 * `plimsoll --record-tree DIR` writes one while it reads.
 *
 * Errors are negative errno. Nothing here allocates after reader_open_...() but descriptors; nothing logs. */
#ifndef READ_READER_H
#define READ_READER_H

#include "base/attr.h"

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
	DUMP_LINKS,      /* interfaces with their counters */
	DUMP_ADDRESSES,  /* addresses of interfaces */
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
 * may be cut. */
ssize_t reader_file(struct reader *r, const char *path, struct kept *kept, void *buf, size_t size);
/* Names of the folders in a folder: calls each(ctx, name) until it answers nonzero. */
int reader_dirs(
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
/* /proc/PID/stat, and whom the process belongs to. Without want_owner, 0 may stand for a user that is known from before. */
ssize_t reader_proc_stat(
	struct reader *r, int32_t pid, bool want_owner, void *buf, size_t size, uint32_t *ret_uid);
/* Descriptors of a process in ascending order, at most max; each() may stop it with nonzero.
 * with_stat: fill devno, inode, size. */
int reader_proc_fds(struct reader *r, int32_t pid, unsigned max, bool with_stat,
	int (*each)(void *ctx, const struct reader_fd *fd), void *ctx);

/* Runs a netlink dump in the current namespace and hands over its bytes piece by piece (each a run
 * of whole messages). each() may stop it with nonzero, which is not an error. -EINTR: the table
 * changed while it was dumped, what came is usable. */
int reader_dump(struct reader *r, enum reader_dump what,
	int (*each)(void *ctx, const void *bytes, size_t len), void *ctx);

/* What was found out by watching and cannot be read again: kept in a recorded tree beside the files; does nothing otherwise. */
void reader_note(struct reader *r, const char *name, const char *text, size_t len);
bool reader_is_recording(const struct reader *r);

/* Test hook: when set, asked before each system call of the reader; a nonzero answer is the errno
 * to fail with. */
extern int (*reader_fault)(void);

#endif
