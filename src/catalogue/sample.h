/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* sample: the whole machine at one moment. Values of series, and the tables of who was there.
 *
 * Absent is not zero: a series that could not be read has no value (present bit clear), a row's
 * field that could not be read has its HAVE_ bit clear, and each failed read is a `gap` with its
 * reason. Counters are raw, as the kernel counts them. A sample owns its memory (arenas) and is
 * filled again and again; it never touches the heap. */
#ifndef CATALOGUE_SAMPLE_H
#define CATALOGUE_SAMPLE_H

#include "base/arena.h"
#include "catalogue/series.h"

enum { PROC_COMM = 16, ADDR_BYTES = 16 };

enum proc_have {
	HAVE_STAT = 1,  /* state, times, memory, threads, faults */
	HAVE_DELAY = 2, /* run_delay_ns and cpu_ns in nanoseconds, threads that ended included */
	HAVE_FDS = 4,
	HAVE_FD_LIMIT = 8,
	HAVE_IO = 16,
	HAVE_CGROUP = 32,
	HAVE_NETNS = 64,
	HAVE_NPROC_LIMIT = 128,
};

/* One process (thread group). Sorted by pid within a sample. */
struct proc {
	int32_t pid, ppid;
	int32_t pgrp; /* process group: a job and what it starts */
	uint32_t uid;
	uint32_t have;
	uint64_t start_ticks; /* since boot: with pid the identity of a process */
	char comm[PROC_COMM]; /* foreign bytes: never to a terminal unescaped */
	char state;
	bool kernel; /* a kernel thread */
	bool self;   /* Plimsoll: never a culprit or a victim */
	int16_t nice;
	uint16_t policy; /* SCHED_OTHER 0 ... SCHED_BATCH 3, SCHED_IDLE 5 */
	uint16_t netns;  /* index into the series set's namespaces */
	uint32_t threads;
	uint32_t blocked_threads; /* threads in D at this moment */
	uint64_t cpu_ns;          /* user and system, threads that ended included */
	uint64_t child_ticks;     /* CPU of children that ended and were waited for */
	uint64_t run_delay_ns;    /* runnable but waiting for a CPU */
	uint64_t switches;        /* times put on a CPU: unchanged means it slept all the time */
	uint64_t rss_pages, minor_faults, major_faults;
	uint64_t fds, fd_limit, nproc_limit;
	uint64_t io_read, io_write; /* bytes that went to the storage layer */
	uint64_t io_wchar, io_write_calls;
	uint32_t cgroup; /* interned path */
	uint32_t wchan;  /* interned: the kernel function it sleeps in */
};

struct address {
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t bytes[ADDR_BYTES];
};

/* One listening TCP socket. `waiting` connections are established and not accepted; more than
 * `backlog` means overflow. */
struct listener {
	uint16_t netns;
	uint16_t port;
	struct address local;
	uint32_t uid;
	uint32_t waiting, backlog;
	uint32_t drops; /* of this socket since it was opened (32 bits, wraps) */
	bool have_drops;
	uint32_t inode;
	int32_t pid; /* owner, 0 when not looked up or not found */
};

enum tcp_state {
	TCP_STATE_ESTABLISHED = 1,
	TCP_STATE_SYN_SENT,
	TCP_STATE_SYN_RECV,
	TCP_STATE_FIN_WAIT1,
	TCP_STATE_FIN_WAIT2,
	TCP_STATE_TIME_WAIT,
	TCP_STATE_CLOSE,
	TCP_STATE_CLOSE_WAIT,
	TCP_STATE_LAST_ACK,
	TCP_STATE_LISTEN,
	TCP_STATE_CLOSING,
	TCP_STATE_NEW_SYN_RECV,
	TCP_STATE_COUNT,
};

/* TCP connections that share a namespace, two addresses and the port of the serving side. Where there are very many peers those of
 * one network share a row, and the ones that hold much of it have their own (see collect/conn_groups.h). What comes from tcp_info
 * is there where have_info says so. Rows stand until the next complete count of their namespace; the counters are of the row's life
 * and count also what its connections of former counts moved. */
struct conn_group {
	uint16_t netns;
	bool stale;    /* taken over from an earlier dump: no reading of this moment */
	bool outgoing; /* we connect: `port` is the remote one, and local ports are ephemeral */
	uint16_t port; /* of the serving side; 0: of several */
	struct address local, peer;
	uint8_t peer_hostbits; /* low bits of `peer` that are left open: 0 one address, 8 a /24, 64 a /64 of IPv6, all of them any */
	bool have_info;
	uint32_t total, established, time_wait, close_wait, syn_recv, syn_sent;
	uint64_t sendq, recvq;
	uint32_t ephemeral; /* outgoing: members whose local port lies in the ephemeral range */
	uint32_t inode;     /* of one member that has a process, 0 if none */
	int32_t pid;        /* the process of most members, as far as looked up; 0: not known */
	uint32_t owners;    /* how many processes the members looked up belong to */
	uint32_t sendq_conns, recvq_conns; /* members with something in that queue */
	uint32_t sendq_max, recvq_max;     /* the fullest of one member */
	uint16_t sendq_port, recvq_port;   /* and the port of its connecting side */
	uint64_t bytes_out,
		bytes_in; /* counters: acknowledged by the peer (the SYN of who connects is one), received */
	uint64_t retransmits;        /* counter: segments sent again */
	uint64_t unsent;             /* bytes of the send queues that were never sent */
	uint32_t rtt_us, rtt_max_us; /* mean and highest smoothed round trip of the members */
	uint32_t rtt_min_us;         /* shortest round trip that any of them ever saw */
	uint32_t window_closed;      /* members with data to send whose peer takes none */
	uint32_t idle_since_s; /* monotonic clock: since when the longest idle one moved nothing */
};

/* A file held open, looked at only where a filesystem or a descriptor limit asks for it. */
struct open_file {
	int32_t pid;
	int32_t fd;     /* one of its descriptors */
	uint64_t devno; /* major << 20 | minor */
	uint64_t inode;
	uint64_t size;
	uint32_t count; /* descriptors of this process on it */
	bool writable, deleted;
	uint32_t path; /* interned */
};

/* Who holds connection-tracking entries, from a bounded dump of the table. */
struct ct_peer {
	uint16_t netns;
	uint8_t proto;
	uint16_t port; /* destination port */
	struct address source, destination;
	uint32_t count;
};

/* How often a process was seen making sockets, where ports are short (see collect/sockets.c). */
struct socket_maker {
	uint16_t netns;
	int32_t pid;
	uint32_t sightings; /* looks that found a socket not seen before */
	uint32_t looks;
};

/* Who is in a control group that is near one of its limits; groups below it count. */
struct member {
	uint32_t cgroup; /* interned path of the group with the limit */
	int32_t pid;
};

struct gap {
	uint16_t netns;
	int error;         /* errno */
	const char *what;  /* static: what was not read */
	const char *hides; /* static: which resources that hides */
};

struct table {
	struct arena rows;
	uint32_t count;
	uint32_t dropped; /* rows that found no room */
};

struct sample {
	uint64_t real_ns, mono_ns;
	struct arena values;  /* uint64_t by series id */
	struct arena present; /* one byte by series id */
	uint32_t nvalues;     /* ids below this may have a value */
	struct table procs, listeners, conns, files, ct_peers, makers, members, gaps;
	uint64_t ct_sampled; /* entries that ct_peers was counted from */
	bool have_conns, have_files, have_ct_peers;
};

int sample_init(struct sample *s);
void sample_destroy(struct sample *s);
void sample_reset(struct sample *s);

void sample_set(struct sample *s, uint32_t series, uint64_t value);
bool sample_get(const struct sample *s, uint32_t series, uint64_t *ret);

/* The value of a metric without a label in a namespace; false when absent. */
bool sample_gauge(const struct series_set *set, const struct sample *s, enum metric m,
	unsigned netns, uint64_t *ret);

/* A zeroed new row at the end of a table, or NULL (counted in dropped). */
void *table_add(struct table *t, size_t row_size);
#define TABLE_ROWS(table, type) ((type *)(void *)(table).rows.base)

/* The process with this pid (and start time, unless 0), or NULL. */
const struct proc *sample_proc(const struct sample *s, int32_t pid, uint64_t start_ticks);
const struct listener *sample_listener(const struct sample *s, const struct listener *like);
const struct conn_group *sample_conn(const struct sample *s, const struct conn_group *like);
bool address_equal(const struct address *a, const struct address *b);
/* "10.0.0.1", "2001:db8::1"; v4-mapped IPv6 is shown as IPv4. Returns buf (at least 48 bytes). */
char *address_text(char buf[static 48], const struct address *a);
/* The peer of a group: an address, "10.1.2.0/24", or "any". */
char *conn_peer_text(char buf[static 56], const struct conn_group *g);
void sample_gap(struct sample *s, unsigned netns, int error, const char *what, const char *hides);

#endif
