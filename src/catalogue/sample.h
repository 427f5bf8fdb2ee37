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
	uint32_t cgroup;                /* interned path */
	uint32_t wchan;                 /* interned: the kernel function it sleeps in */
	char blocked_thread[PROC_COMM]; /* name of the first thread in D, foreign bytes */
	int64_t rss_slack;              /* of the collector: pages that the probe's number lacks */
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

/* TCP connections that share a namespace, two addresses and the port of the serving side. */
struct conn_group {
	uint16_t netns;
	bool stale;    /* taken over from an earlier dump: no reading of this moment */
	bool outgoing; /* we connect: `port` is the remote one, and local ports are ephemeral */
	uint16_t port; /* of the serving side */
	struct address local, peer;
	uint32_t total, established, time_wait, close_wait, syn_recv, syn_sent;
	uint64_t sendq, recvq;
	uint32_t ephemeral; /* outgoing: members whose local port lies in the ephemeral range */
	uint32_t inode;     /* of one member that has a process, 0 if none */
	int32_t pid;        /* its owner when looked up */
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

/* Processes of one name and parent that ended since the sample before. */
struct ended {
	int32_t ppid;
	char comm[PROC_COMM];
	int32_t pid;          /* of the last of them */
	uint32_t uid, cgroup; /* of the last */
	uint32_t count;
	uint32_t failed,
		oom; /* that ended with an error or by a signal; that were killed for lack of memory */
	uint32_t code;                                    /* of the last, as wait() tells it */
	uint64_t cpu_ns, run_delay_ns, io_read, io_write; /* of their whole lives, added up */
	uint64_t life_ns;                                 /* how long they lived, added up */
	uint64_t rss_peak_pages;                          /* the highest */
};

/* Signals of one number from one process to another since the sample before. */
struct sent_signal {
	int32_t sender, target;
	uint8_t number;
	bool kernel; /* sent by the kernel while the sender ran */
	uint32_t sender_uid;
	char sender_comm[PROC_COMM], target_comm[PROC_COMM];
	uint32_t count;
};

/* TCP connections of a process to one peer and port since the sample before: what began, ended, was lost. Bytes and time are of
 * those that ended, over their whole lives. */
struct tcp_flow {
	uint16_t netns;
	bool outgoing;
	uint16_t port;              /* of the serving side */
	struct address local, peer; /* family 0: many */
	int32_t pid;                /* who called connect() or close(), 0: not known */
	uint32_t opened, closed, failed;
	uint64_t bytes_out, bytes_in, duration_ns;
	uint32_t timed; /* of those that ended how many the duration is of */
	uint32_t retransmits, resets_in, resets_out;
};

/* A file that grew since it was last looked at, or that is held open and has no name any more. */
struct held_file {
	uint64_t devno, inode;
	int32_t pid, fd; /* of the one among its holders who most probably writes it */
	uint64_t size;
	uint64_t bytes;    /* what it takes of its disk */
	uint64_t growth;   /* bytes since the last look */
	uint64_t since_ns; /* how long ago that was */
	uint32_t holders;  /* descriptors on it */
	bool deleted;
	uint32_t path; /* interned */
};

/* Who is in a control group that is near one of its limits; groups below it count. */
struct member {
	uint32_t cgroup; /* interned path of the group with the limit */
	int32_t pid;
};

/* A record of the kernel's log at level "warning" or worse, read since the sample before. */
enum { KLOG_TEXT = 160 };
struct klog {
	uint64_t seq; /* number of the record since boot */
	uint64_t real_ns;
	uint8_t level;        /* 0 emergency ... 4 warning */
	char text[KLOG_TEXT]; /* foreign bytes, cut */
};

/* A block device and what it lies on: a row for each pair, or one with no parent. */
struct block_device {
	uint32_t device, parent; /* interned, as in the metrics of disks; parent 0: none */
	const char *kind;        /* static: disk, partition, raid, lvm, luks ... */
	uint32_t title;          /* interned: "vg0-root", "raid1"; 0 */
	uint32_t queue;          /* requests that it takes at once, 0: not known */
	uint8_t rotational;      /* 1 no, 2 yes, 0: not known */
};

/* What is text and no number: the kernel's release, the clock source. */
struct fact {
	const char *key; /* static */
	uint32_t value;  /* interned */
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
	struct arena present; /* one byte by series id: 0 absent, else 1 + its source */
	uint32_t nvalues;     /* ids below this may have a value */
#define TABLE(id, name, field, type, sorted) struct table field;
#define COLUMN(table, name, field, type, key)
#include "catalogue/tables.def"
#undef TABLE
#undef COLUMN
	uint8_t source;      /* who sets values now; see sample_source() */
	uint64_t ct_sampled; /* entries that ct_peers was counted from */
	bool have_conns, have_files, have_ct_peers;
	bool have_held; /* files were looked at in the last seconds, and held is what was found */
	bool have_ended, have_flows; /* the probes are there: no row means that nothing happened */
};

int sample_init(struct sample *s);
void sample_destroy(struct sample *s);
void sample_reset(struct sample *s);

void sample_set(struct sample *s, uint32_t series, uint64_t value);
bool sample_get(const struct sample *s, uint32_t series, uint64_t *ret);
/* What s->source was when the value was set, so that the engine can tell whose values still stand; 0 when nobody said. */
enum { SOURCE_MAX = 254 };
unsigned sample_source(const struct sample *s, uint32_t series);

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
void sample_gap(struct sample *s, unsigned netns, int error, const char *what, const char *hides);

#endif
