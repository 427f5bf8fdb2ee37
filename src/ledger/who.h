/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* who: who holds a resource. The same answers stand in the ledger as holders and in findings as
 * culprits, each with the reason.
 *
 * Every function fills at most `max` entries, most guilty first, and returns how many; none is "not
 * known", never a guess. Texts live in the view's scratch memory. `kind` is one of the culprit
 * kinds of the vocabulary (process, job, cgroup, peer, destination, file, config, device, traffic,
 * hardware). */
#ifndef LEDGER_WHO_H
#define LEDGER_WHO_H

#include "store/view.h"

enum { WHO_MAX = 4, WHO_HELD_PERCENT = 10 };

struct who {
	const char *kind;
	const char *value;
	int32_t pid;  /* 0 when it is no process */
	double share; /* 0..1 of what is used, negative when unknown */
	const char *why;
};

/* CPU: programs by what they used, and the job that starts them. share is of the machine. */
size_t who_cpu(struct view *v, struct who *out, size_t max);
/* The sample in which a group (0: the machine) had least memory left: who took it may have been killed since. */
const struct sample *who_fullest(const struct view *v, uint32_t cgroup);
/* Memory of the host: programs by resident memory. */
size_t who_memory(struct view *v, struct who *out, size_t max);
/* Tasks of the host, or of one user. */
size_t who_tasks(struct view *v, int64_t uid, struct who *out, size_t max);
/* Descriptors of the host by process; of one process by what they are open on. */
size_t who_fds(struct view *v, struct who *out, size_t max);
size_t who_fds_of_user(struct view *v, int64_t uid, struct who *out, size_t max);
size_t who_fds_of(struct view *v, const struct proc *p, struct who *out, size_t max);
/* A disk: jobs with files or the device itself open on it, by bytes moved. devnos: the disk
 * and its partitions. */
size_t who_disk(struct view *v, const uint64_t *devnos, size_t n, struct who *out, size_t max);
/* Processes that read and write together: one, or those of a name and parent, or a process group. */
enum { IO_JOB_PIDS = 16 };
struct io_job {
	const struct usage *top;        /* the one that moved most */
	double read_bytes, write_bytes; /* in the window */
	double life_read, life_written; /* bytes a second since its processes were started */
	double asked; /* what it waits for was asked for before the window: as much as usual; or 0, also of servers */
	double waiting; /* threads in D, on average */
	unsigned count;
	int32_t pids[IO_JOB_PIDS]; /* those that moved most */
	int32_t pgrp;              /* of all of them, or 0 */
};
/* The same as data, in scratch memory, also those that moved nothing and were blocked; most first. late: answers come so late that what was read in the
 * window was asked for before it, when it was counted. */
size_t who_io_jobs(
	struct view *v, const uint64_t *devnos, size_t n, bool late, struct io_job **ret);
/* Those that were blocked and have no file open on any disk (they map what they read, and close it): on which disk they are is not known. */
size_t who_io_jobs_unplaced(struct view *v, struct io_job **ret);
double io_job_read(const struct io_job *j); /* in the window, or `asked` where that is more */
double io_job_moved(const struct io_job *j);
/* The job that this process belongs to, NULL when it is of none of them. */
const struct io_job *io_job_of(const struct io_job *jobs, size_t n, const struct usage *u);
#define WHO_ON_DISK ", and has files open on this disk"
/* Jobs that moved something as holders; besides: what follows in the reason. */
size_t who_list_io(struct view *v, const struct io_job *jobs, size_t njobs, const char *besides,
	struct who *out, size_t max);
/* A filesystem (its device number) that loses `lost` bytes a second: who writes them, then the file, if it is one. share is of what is lost. */
size_t who_fills(struct view *v, uint64_t devno, double lost, struct who *out, size_t max);
/* One that loses `lost` inodes a second, or has none any more (0): who makes files. */
size_t who_makes_files(struct view *v, uint64_t devno, double lost, struct who *out, size_t max);
/* One on which `used` bytes are in use and nothing grows: who has most of them in files that it writes, at least
 * WHO_HELD_PERCENT, then the largest file. share is of `used`. */
size_t who_holds_files(struct view *v, uint64_t devno, double used, struct who *out, size_t max);
/* pid: that of the owner, or of a worker of it that is stopped. */
size_t who_listener(struct view *v, const struct listener *l, struct who *out, size_t max);
bool who_is_stopped(const struct view *v, int32_t pid);
size_t who_ports(struct view *v, const struct conn_group *g, struct who *out, size_t max);
size_t who_conntrack(struct view *v, unsigned netns, struct who *out, size_t max);
/* Of the processes with UDP sockets the one that does nearly all the work, NULL: none. to_many: of those whose socket is connected to nobody. */
const struct usage *who_sends_datagrams(const struct view *v, unsigned netns, bool to_many);
/* Socket memory: the peers or ports with the longest queues, in one namespace or (-1) all. */
size_t who_queues(struct view *v, int netns, struct who *out, size_t max);
enum who_by { WHO_BY_MEMORY, WHO_BY_CPU, WHO_BY_TASKS };
size_t who_in_cgroup(struct view *v, uint32_t cgroup, enum who_by by, struct who *out, size_t max);

/* The same by bytes that they read and wrote, whatever the disk. */
size_t who_in_cgroup_by_io(struct view *v, uint32_t cgroup, struct who *out, size_t max);

/* Reserved huge pages that processes touched. */
size_t who_hugepages(struct view *v, struct who *out, size_t max);

/* Does this process have a file open on one of the devices (as far as was looked)? */
bool who_has_file_on(const struct view *v, int32_t pid, const uint64_t *devnos, size_t n);
bool who_is_member(const struct view *v, uint32_t cgroup, int32_t pid);
/* The same, or by the path of its group in this one or below it. The path may be that of another hierarchy (version 1). */
bool who_lives_in(const struct view *v, const struct usage *u, uint32_t cgroup);
/* Device numbers of a disk and its partitions. */
size_t who_disk_family(const struct view *v, uint32_t disk_series, uint64_t *devnos, size_t max);
/* Adds those of all volumes that lie on it to the n that are there; how many there are now, max at most. */
size_t who_add_volumes(
	const struct view *v, uint32_t disk_series, uint64_t *devnos, size_t n, size_t max);
/* Is this series a partition of another disk in the view? */
bool who_is_partition(const struct view *v, uint32_t disk_series);
/* Is this an address of the loopback (127/8, ::1, also as v4-mapped)? */
bool who_is_loopback(const struct address *a);
/* Name of a user where /etc/passwd knows it, else its number. */
const char *who_user(struct view *v, uint32_t uid);
/* Seconds since it was started, infinite when that is not known. */
double who_age(const struct view *v, const struct usage *u);
/* A process's name, as text of its own. */
const char *who_name(struct view *v, const struct proc *p);
/* One end of a connection as it is written: "192.0.2.7:80", "[2001:db8::7]:80"; port 0: the address alone. */
const char *who_end(struct view *v, const char *address, uint16_t port);

#endif
