/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* parse: kernel bytes to structs, for what is no plain table of numbers: /proc/PID files, sock_diag
 * and conntrack messages, mounts. Pure functions; every length in the bytes is checked; they are
 * fuzzed. */
#ifndef READ_PARSE_H
#define READ_PARSE_H

#include "base/num.h"
#include "catalogue/sample.h"

/* /proc/PID/stat into p (pid, comm, state, ppid, times ...; sets HAVE_STAT). The name is between
 * the first '(' and the last ')': it may hold blanks, parentheses and newlines. cpu_ns comes from
 * ticks and has their grain. */
bool parse_proc_stat(struct scan bytes, struct proc *p);
/* /proc/PID/io. */
bool parse_proc_io(struct scan bytes, struct proc *p);
/* /proc/PID/cgroup: the path that best names the group for a person: v2, else systemd's, else the
 * deepest one. */
bool parse_proc_cgroup(struct scan bytes, struct scan *ret_path);

/* The netlink attribute of this type among [p, p + n), or NULL; *ret_len is the length of what it holds. */
const unsigned char *parse_attr(const unsigned char *p, size_t n, uint16_t type, size_t *ret_len);

/* One TCP socket of a sock_diag dump. */
struct diag_socket {
	uint8_t state;
	uint16_t local_port, peer_port;
	struct address local, peer;
	uint32_t recvq, sendq;
	uint32_t uid, inode;
	uint32_t drops;
	bool have_drops;
};
/* Calls each() for every whole message; returns how many. */
size_t parse_inet_diag(const void *bytes, size_t len,
	void (*each)(void *ctx, const struct diag_socket *s), void *ctx);

struct ct_entry {
	uint8_t proto;
	uint16_t source_port, port;
	struct address source, destination;
};
size_t parse_conntrack(const void *bytes, size_t len,
	void (*each)(void *ctx, const struct ct_entry *e), void *ctx);

/* One line of mountinfo. Paths are unescaped (\040) into the buffers of the struct. */
struct mount_line {
	uint64_t devno;
	char path[1024];
	char type[64];
	char source[256];
	bool read_only;
	char options[512]; /* of the superblock: for cgroup v1 the controllers */
	char root[256];    /* which part of the filesystem is mounted here */
};
bool parse_mountinfo(struct scan line, struct mount_line *ret);

#endif
