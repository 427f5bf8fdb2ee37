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
 * ticks and has their grain; where p has it already (HAVE_DELAY) the larger one stays. */
bool parse_proc_stat(struct scan bytes, struct proc *p);
/* /proc/PID/io. */
bool parse_proc_io(struct scan bytes, struct proc *p);
/* /proc/PID/status: on how many CPUs it may run ("Cpus_allowed_list: 0-3,8"). */
bool parse_proc_cpus(struct scan bytes, unsigned *ret);
/* /proc/PID/cgroup: the path that best names the group for a person: v2, else systemd's, else the
 * deepest one. */
bool parse_proc_cgroup(struct scan bytes, struct scan *ret_path);

/* What a link in /proc/PID/fd points to: the inode number of "socket:[INODE]"; false for all else. */
bool parse_socket_link(const char *target, uint32_t *ret_inode);

/* The netlink attribute of this type among [p, p + n), or NULL; *ret_len is the length of what it holds. */
const unsigned char *parse_attr(const unsigned char *p, size_t n, uint16_t type, size_t *ret_len);

/* What tcp_info tells of a connection. Bytes are of the application's data, retransmitted ones counted once. */
struct diag_tcp {
	uint64_t bytes_acked; /* sent, and acknowledged by the peer */
	uint64_t bytes_received, bytes_retrans;
	uint64_t delivery_rate; /* bytes a second, the kernel's estimate */
	uint64_t busy_us;       /* time with data to send; of it the next two */
	uint64_t window_limited_us, buffer_limited_us;
	uint32_t segs_out, segs_in, retransmits; /* of its whole life */
	uint32_t rtt_us, min_rtt_us;
	uint32_t unacked;     /* segments in flight */
	uint32_t unsent;      /* bytes that wait in the send queue and were never sent */
	uint32_t peer_window; /* bytes that the peer still takes (0 below 5.4) */
	bool have_peer_window;
	uint32_t mss;
	uint32_t since_sent_ms, since_received_ms;
	uint8_t timeouts; /* one after the other without an answer: the same segment was sent so often again */
};

/* One socket of a sock_diag dump. */
struct diag_socket {
	uint8_t state;
	uint16_t local_port, peer_port;
	struct address local, peer;
	uint32_t recvq, sendq;
	uint32_t uid, inode;
	uint64_t cookie; /* never used twice while the machine runs */
	uint8_t timer;   /* 1 retransmit, 2 keepalive, 3 TIME_WAIT, 4 zero-window probe */
	uint8_t retries; /* times that this timer went off in a row */
	uint32_t timer_ms;
	uint32_t drops;
	uint32_t buffer; /* bytes that may wait to be read; told with drops */
	bool have_drops, have_tcp;
	struct diag_tcp tcp;
};
/* Calls each() for every whole message; returns how many. */
size_t parse_inet_diag(const void *bytes, size_t len,
	void (*each)(void *ctx, const struct diag_socket *s), void *ctx);

struct ct_entry {
	uint8_t proto;
	uint16_t source_port, port;
	struct address source, destination;
	bool counted;                  /* bytes and packets were counted */
	uint64_t bytes[2], packets[2]; /* from the source, and to it */
	uint64_t begun_ns;             /* since 1970, 0: not told */
	uint32_t timeout_s, status, id;
	uint8_t tcp_state;
};
size_t parse_conntrack(const void *bytes, size_t len,
	void (*each)(void *ctx, const struct ct_entry *e), void *ctx);

/* One line of mountinfo. Paths are unescaped (\040) into the buffers of the struct. */
struct mount_line {
	uint64_t devno;
	char path[1024];
	char type[64];
	char source[256];
	bool read_only; /* this mount was made so */
	bool gave_up; /* it was not, and yet nothing can be written: the filesystem found an error */
	char options[512]; /* of the superblock: for cgroup v1 the controllers */
	char root[256];    /* which part of the filesystem is mounted here */
};
bool parse_mountinfo(struct scan line, struct mount_line *ret);

#endif
