/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What the files of the reader share; nobody else includes this. */
#ifndef READ_READER_IMPL_H
#define READ_READER_IMPL_H

#include "read/reader.h"

#include <limits.h>

enum { READER_NETNS_MAX = 1024, READER_DUMP_BUFFER = 64 * 1024 };

struct netns_handle {
	struct reader_netns info;
	char path[96]; /* what to open to enter it, relative to the root */
	bool seen;
};

struct probe_handles {
	int fds[PROBE_FD_COUNT]; /* -1: not there */
	int held_fd;             /* the reading of descriptors under way, or -1 */
	unsigned long *consumed,
		*produced; /* positions in the ring, ours and the kernel's; NULL without a ring */
	const unsigned char *ring;
	size_t ring_bytes;
};

struct reader {
	bool replay;
	int root_fd;   /* "/", or the recorded tree */
	int first;     /* live: the process whose root and mounts these are; 0: our own */
	int moment_fd; /* replay: the folder of this moment; live: root_fd */
	unsigned moment, moments;
	bool single;   /* replay: the tree is itself the only moment */
	int record_fd; /* folder to record into, or -1 */
	int record_moment_fd;
	int host_netns_fd; /* live: to come back */
	size_t current_netns;
	struct netns_handle netns[READER_NETNS_MAX];
	size_t netns_count;
	char prefix[80];                    /* replay and recording: "" or "netns/NAME/" */
	int taskstats_fd, taskstats_family; /* family 0: not looked for yet, -1: not to be had */
	struct probe_handles probes;
	int books_fd;       /* to plimsoll-books, or -1 */
	int ethtool_family; /* 0: not looked for yet, negative: not to be had */
	unsigned char dump_buffer[READER_DUMP_BUFFER] __attribute__((aligned(16)));
};

/* 0, or -errno chosen by the test hook. */
int reader_may(void);
/* Writes bytes below the recorded moment (current namespace unless host); does nothing when not
 * recording. */
void reader_record(
	struct reader *r, bool host, const char *path, const void *bytes, size_t len, bool append);
/* Whole file of the recorded moment, without the namespace's prefix. */
ssize_t reader_moment_file(struct reader *r, const char *path, void *buf, size_t size);

/* True when the path is none of a file but of what is made into one; its bytes, or -errno, go to *ret. */
bool reader_made(struct reader *r, const char *path, struct kept *kept, void *buf, size_t size,
	ssize_t *ret);
/* The netlink protocol that answers a dump, and the request for it (reader_requests.c). */
int reader_dump_protocol(enum reader_dump what);
/* The same of one listening unix socket alone, with those who wait. */
int reader_send_unix_queue(int fd, uint32_t inode);
int reader_send_dump(struct reader *r, int fd, enum reader_dump what);

int reader_taskstats_open(struct reader *r);
void reader_probes_init(struct reader *r);
void reader_probes_close(struct reader *r);

#endif
