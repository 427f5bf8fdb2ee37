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

enum { PROC_COMM = 16, ADDR_BYTES = 16, CT_STATES_MAX = 200000, LINK_STATE_UNKNOWN = 0 };

enum proc_have {
	HAVE_STAT = 1,  /* state, times, memory, threads, faults */
	HAVE_DELAY = 2, /* run_delay_ns and cpu_ns in nanoseconds, threads that ended included */
	HAVE_FDS = 4,
	HAVE_FD_LIMIT = 8,
	HAVE_IO = 16,
	HAVE_CGROUP = 32,
	HAVE_NETNS = 64,
	HAVE_NPROC_LIMIT = 128,
	HAVE_MAPS = 256,
	HAVE_CPUS = 512,
};

/* One process (thread group). Sorted by pid within a sample. */
struct proc {
	int32_t pid, ppid;
	int32_t pgrp; /* process group: a job and what it starts */
	uint32_t uid;
	uint32_t have;
	uint32_t threads;
	uint64_t start_ticks; /* since boot: with pid the identity of a process */
	char comm[PROC_COMM]; /* foreign bytes: never to a terminal unescaped */
	char state;
	bool kernel; /* a kernel thread */
	bool self;   /* Plimsoll: never a culprit or a victim */
	bool background; /* works for its server and for no client, by its title; asked when it is blocked */
	int16_t nice;
	uint16_t policy; /* SCHED_OTHER 0 ... SCHED_BATCH 3, SCHED_IDLE 5 */
	uint16_t cpus;  /* on how many its most bound thread may run; asked when it waits for one */
	uint16_t netns; /* index into the series set's namespaces */
	uint32_t blocked_threads; /* threads in D at this moment */
	uint64_t cpu_ns;          /* user and system, threads that ended included */
	uint64_t child_ticks;     /* CPU of children that ended and were waited for */
	uint64_t run_delay_ns;    /* runnable but waiting for a CPU */
	uint64_t switches;        /* times put on a CPU: unchanged means it slept all the time */
	uint64_t rss_pages, minor_faults, major_faults;
	uint32_t fds, fd_limit; /* the kernel has no more than 2^31 */
	uint64_t nproc_limit;
	uint32_t maps;              /* memory mappings */
	uint64_t huge_pages;        /* of the usual size, in reserved huge pages that it touched */
	uint64_t io_read, io_write; /* bytes that went to the storage layer */
	uint64_t io_wchar, io_write_calls;
	uint32_t cgroup;         /* interned path */
	uint32_t wchan;          /* interned: the kernel function it sleeps in */
	uint32_t blocked_thread; /* interned: name of the first thread in D */
	int32_t rss_slack;       /* of the collector: pages that the probe's number lacks */
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
	uint64_t
		trickled; /* counter: received on accepted members that were there at the count before and were never answered */
	uint64_t retransmits;        /* counter: segments sent again */
	uint64_t unsent;             /* bytes of the send queues that were never sent */
	uint32_t rtt_us, rtt_max_us; /* mean and highest smoothed round trip of the members */
	uint32_t rtt_min_us;         /* shortest round trip that any of them ever saw */
	uint32_t window_closed;      /* members with data to send whose peer takes none */
	uint32_t
		resending; /* members that sent the same segment again twice and more, without an answer yet */
	/* Of members with empty queues: whose last data came in and was not answered yet; whose last data went out and was not answered. */
	uint32_t owing, asking;
	uint32_t queued; /* incoming members that no process has accepted yet */
	uint32_t
		queued_ms; /* of these, how long ago the one that waits longest last sent something */
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
	uint32_t retransmits;
	uint32_t
		resets_in; /* that came: connections which neither side had closed, and connects that were refused */
	uint32_t resets_out; /* that we sent on a connection which neither side had closed */
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

/* A network interface: what is text, or no number that changes each second; its counters are series (net.*). */
enum link_duplex { DUPLEX_NOT_KNOWN, DUPLEX_IS_HALF, DUPLEX_IS_FULL };
struct net_link {
	uint16_t netns;
	uint32_t index;
	uint32_t name; /* interned, as the instance of its series */
	uint32_t
		kind; /* interned: "veth", "bridge", "vlan", "bond" ...; 0 for hardware and the loopback */
	uint32_t master;    /* interned: name of the bridge or bond that it is a port of */
	uint32_t qdisc;     /* interned: of its root queue */
	uint8_t operstate;  /* IF_OPER_... of linux/if.h; LINK_STATE_UNKNOWN where it is not told */
	uint8_t port_state; /* 1 + BR_STATE_... of a port of a bridge, 0 for none */
	uint8_t duplex;     /* enum link_duplex */
	bool up;            /* it was switched on (IFF_UP) */
};

/* What a rule or a chain does with a packet. */
enum fw_verdict {
	FW_NONE, /* nothing: the next rule is asked */
	FW_ACCEPT,
	FW_DROP,
	FW_REJECT,
	FW_RETURN,
	FW_JUMP,
	FW_GOTO,
	FW_CONTINUE,
	FW_QUEUE,
	FW_NAT,
	FW_MAP, /* a map says */
	FW_VERDICTS,
};
const char *fw_verdict_name(enum fw_verdict v);

/* A chain of nf_tables. The key of chains and rules is namespace, family, table and a handle. */
struct fw_chain {
	uint16_t netns;
	uint8_t family; /* NFPROTO_... */
	bool stale;     /* taken over from an earlier reading, as its rules are */
	uint32_t table, name;
	uint64_t handle;
	bool base; /* packets come to it from a hook, not from a jump alone */
	uint8_t hook;
	uint8_t policy; /* enum fw_verdict */
	int32_t priority;
	uint32_t type;  /* interned: "filter", "nat", "route" */
	uint32_t rules; /* in it, those that found no place in fw_rules included */
	bool counted;   /* by the chain: packets that its policy met */
	uint64_t packets, bytes;
};

struct fw_rule {
	uint16_t netns;
	uint8_t family;
	bool stale;
	uint32_t table, chain; /* interned */
	uint64_t handle;
	uint32_t position; /* in its chain, from 1 */
	uint8_t verdict;   /* enum fw_verdict */
	bool counted;      /* it has a counter */
	uint64_t packets, bytes;
	uint32_t text; /* interned; 0: not understood */
};

struct fw_set {
	uint16_t netns;
	uint8_t family;
	uint32_t table, name;
	uint64_t handle;
	bool have_count; /* how many elements: told since 6.16 */
	uint32_t elements;
	uint32_t limit; /* 0: none was set */
};

/* A listening unix socket: more than `backlog` waiting means that connect() waits or is refused. */
struct unix_listener {
	uint16_t netns;
	bool stale;
	uint8_t type;  /* SOCK_STREAM, SOCK_SEQPACKET */
	uint32_t path; /* interned; "@name" is no file */
	uint32_t waiting, backlog;
	uint32_t uid, inode;
	int32_t pid; /* owner, 0 when not looked up or not found */
	bool have_waited;
	uint32_t waited_ms; /* for how long who waits longest was seen to wait, at least */
};

/* A UDP socket that is bound to a port. */
struct udp_socket {
	uint16_t netns;
	uint16_t port, peer_port;
	bool stale;
	bool have_drops;
	struct address local, peer; /* peer: of a connected one */
	uint32_t recvq;             /* bytes of memory that wait to be read */
	uint32_t buffer;            /* of so many; 0: not told */
	uint32_t drops;             /* of this socket since it was opened (32 bits, wraps) */
	uint32_t uid, inode;
	int32_t pid;
};

/* A packet socket: somebody reads (or writes) packets at an interface. */
struct packet_tap {
	uint16_t netns;
	uint16_t protocol; /* ETH_P_..., 3 is all */
	uint8_t type;      /* SOCK_RAW, SOCK_DGRAM */
	uint32_t name;     /* interned: the interface, 0 for all */
	uint32_t uid, inode;
	int32_t pid;
};

/* One connection that the firewall tracks. Only there where it was asked for (WANT_STATES), and not recorded: there may be millions. */
struct ct_state {
	uint16_t netns;
	uint8_t proto, tcp_state; /* enum of linux/netfilter/nf_conntrack_tcp.h */
	uint16_t source_port, port;
	struct address source, destination;
	bool counted; /* bytes and packets were counted (net.netfilter.nf_conntrack_acct) */
	uint32_t id, status, timeout_s;
	uint64_t begun_ns; /* since 1970, 0: not told (net.netfilter.nf_conntrack_timestamp) */
	uint64_t bytes[2], packets[2]; /* from the source, and to it */
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

/* ---- servers' own books (decision 0012): what a server says of itself, as a reader process wrote it down ---- */

enum book_status {
	BOOK_OK,
	BOOK_FULL,    /* not asked: it has no worker to answer with */
	BOOK_DOWN,    /* refuses the connection */
	BOOK_HUNG,    /* took it and said nothing in time */
	BOOK_SLOW,    /* was still sending when the time was up */
	BOOK_GARBAGE, /* answered something else */
	BOOK_LARGE,   /* answered more than is read */
	BOOK_DENIED,  /* asks for a password, or forbids */
	BOOK_CLOSED,  /* no status page, socket or account is set up */
	BOOK_STATUSES
};

/* One server, as often as it was asked. */
struct server_book {
	uint16_t netns;
	int32_t pid; /* its first process: the master, the postmaster; < 0: a book about no process (dns, tls) */
	uint32_t kind;    /* interned: "apache", as src/books/books.def has it */
	uint32_t name;    /* interned: as findings call it, "apache2" */
	uint32_t source;  /* interned: where it was asked */
	uint8_t status;   /* enum book_status */
	uint64_t at_ns;   /* CLOCK_MONOTONIC of the answer; the row stands until the next one */
	uint32_t took_us; /* to answer */
	uint16_t port;    /* where it serves, 0 not known */
};

enum pool_kind {
	POOL_WORKERS,
	POOL_CONNECTIONS,
	POOL_QUEUE,
	POOL_BACKEND,
	POOL_MEMORY,
	POOL_OTHER,
	POOL_KINDS
};

/* Something of a server that can be used up. */
struct server_pool {
	uint16_t netns;
	int32_t server; /* pid of struct server_book */
	uint32_t name;  /* interned: "shop", "shop/a", "" for the only one of its kind */
	uint8_t kind;   /* enum pool_kind */
	uint8_t up;     /* of a backend: 1 yes, 2 no, 0 not known */
	uint8_t have_limit;
	uint64_t used, idle, limit;       /* limit: as configured; idle: ready for work */
	uint64_t waiting, high;           /* requests that wait for it; most that were used */
	uint64_t served, refused, failed; /* since the server began */
	uint32_t reading, working, keepalive, closing, finishing, starting,
		locked;   /* workers by state */
	uint64_t time_us; /* mean of what it took lately, 0 not known */
};

enum slot_state {
	SLOT_IDLE,
	SLOT_STARTING,
	SLOT_READING,
	SLOT_WORKING, /* Apache's W: works or sends */
	SLOT_KEEPALIVE,
	SLOT_DNS,
	SLOT_CLOSING,
	SLOT_LOGGING,
	SLOT_FINISHING,   /* Apache's G: ends after this request */
	SLOT_TRANSACTION, /* idle in a transaction */
	SLOT_LOCKED,      /* waits for a lock */
	SLOT_SUBSCRIBED,
	SLOT_STATES
};

/* Numbers of slots from here on are no worker's: what the reader of the server's log wrote down beside its numbers (src/books/logs.h). */
enum { SLOT_OF_LOG = 1000000 };

/* One worker, session or client of a server that has been what it is for a second or more, or that stands in others' way; the oldest
 * first where there are more than are kept. */
struct server_slot {
	uint16_t netns;
	int32_t server;
	uint32_t id;       /* number of the slot; for sessions their pid or number */
	int32_t pid;       /* its process, 0 */
	uint8_t state;     /* enum slot_state */
	uint32_t state_ms; /* for so long in this state or request */
	int32_t blocker;   /* id of the slot that it waits for, 0 */
	struct address peer;
	uint16_t peer_port;
	uint64_t bytes; /* that the server keeps for it: output that is not taken */
	char who[40];   /* user, application, virtual host: foreign bytes, cut */
	char text[120]; /* request or query: foreign bytes, cut */
};

/* A process that waits for a lock of a file (flock, fcntl) that another holds. */
struct file_lock {
	int32_t waiter, holder;
	uint64_t inode;
};

/* Any other number that a server tells. */
struct server_number {
	uint16_t netns;
	int32_t server;
	uint32_t name; /* interned: "requests", "memory.fork.us"; src/books/book.h lists them */
	uint64_t value;
};

/* A limit of a control group for the I/O of one device, and what it did there. */
enum cgroup_io_what {
	CGROUP_IO_READ_BYTES,
	CGROUP_IO_WRITE_BYTES,
	CGROUP_IO_READS,
	CGROUP_IO_WRITES,
	CGROUP_IO_WHATS
};
struct cgroup_io {
	uint32_t cgroup;
	uint64_t devno; /* major << 20 | minor */
	uint8_t what;   /* enum cgroup_io_what */
	uint64_t limit; /* a second */
	uint64_t done;  /* counter */
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
	struct table ct_states; /* never recorded */
	uint8_t source;         /* who sets values now; see sample_source() */
	uint64_t ct_sampled;    /* entries that ct_peers was counted from */
	bool have_conns, have_files, have_ct_peers, have_ct_states;
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
/* The same for who knows about where it lies: at the same place as in another sample, as a rule. */
const struct proc *sample_proc_near(
	const struct sample *s, int32_t pid, uint64_t start_ticks, size_t guess);
const struct listener *sample_listener(const struct sample *s, const struct listener *like);
/* The same socket, sought first where another sample has it. */
const struct udp_socket *sample_udp_near(
	const struct sample *s, const struct udp_socket *like, uint32_t guess);
const struct conn_group *sample_conn(const struct sample *s, const struct conn_group *like);
/* What series of a server are called: "apache2:80", or "php-fpm/www" of a pool with a name. Returns buf. */
enum { SERVER_LABEL = 80 };
const char *server_label(const struct intern *names, const struct server_book *b, uint32_t pool,
	char buf[static SERVER_LABEL]);
/* It is the one of those called alike that is told of in series. */
bool server_is_told(const struct sample *s, const struct server_book *b);
/* Of a device number, major << 20 | minor: is there a device? Filesystems that lie on none (tmpfs, NFS, overlay) have the major number 0. */
bool devno_has_device(uint64_t devno);
bool address_equal(const struct address *a, const struct address *b);
/* "10.0.0.1", "2001:db8::1"; v4-mapped IPv6 is shown as IPv4. Returns buf (at least 48 bytes). */
char *address_text(char buf[static 48], const struct address *a);
/* The peer of a group: an address, "10.1.2.0/24", or "any". */
char *conn_peer_text(char buf[static 56], const struct conn_group *g);
void sample_gap(struct sample *s, unsigned netns, int error, const char *what, const char *hides);

#endif
