/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What the parts of the engine share; nobody else includes this. */
#ifndef COLLECT_ENGINE_IMPL_H
#define COLLECT_ENGINE_IMPL_H

#include "collect/collect.h"
#include "collect/engine.h"
#include "read/parse.h"

enum {
	ENGINE_BUFFER =
		4 << 20, /* the longest file that is read whole; touched only as far as needed */
	ENGINE_MAX_PIDS = 1 << 17,
	ENGINE_SLOW_TICKS = 10,
	ENGINE_GROUPS = 1024,
	ENGINE_HIDDEN = 64, /* processes that a probe does not tell */
	ENGINE_USERS = 64,  /* whose use of inotify is told */
	BOOK_NAMES = 4096,  /* new names that books of servers may bring in the engine's life */
	ENGINE_DEVICES = 8, /* devices in trouble whose open files are looked at */
	FOLDER_INSTANCES = 1024,
};

/* Who set a value (sample.h): nobody in particular, a collector, a folder, or what is never read anew. */
enum source {
	SOURCE_NONE,
	SOURCE_COLLECTORS,
	SOURCE_FOLDERS = SOURCE_COLLECTORS + COLLECTOR_COUNT,
	SOURCE_KEPT = SOURCE_FOLDERS + FOLDER_COUNT,
	SOURCE_COUNT
};
_Static_assert((unsigned)SOURCE_COUNT <= (unsigned)SOURCE_MAX, "a source is a byte");

struct folder_state {
	uint64_t looked_ns; /* when its instances were looked up */
	uint32_t count;
	uint32_t names[FOLDER_INSTANCES]; /* interned */
};

enum demand {
	DEMAND_IO = 1, /* bytes read and written, and blocked threads, of every process that ran */
	DEMAND_OWNERS = 4, /* of every listener: who waits may serve others */
	DEMAND_CGROUP = 2, /* which cgroup each process belongs to */
};

/* What is read in every namespace, or in none, in a tick: how often depends on what one round of all of them costs. */
enum pace_of { PACE_LINKS, PACE_SPEEDS, PACE_FIREWALL, PACE_UNIX, PACE_UDP, PACE_COUNT };
struct pace {
	uint64_t next_ns, spent_ns;
	bool due;
};

/* Kept descriptors of one network namespace. */
struct netns_state {
	uint64_t inode;
	bool used;
	bool read;        /* its slow files were read once */
	int series_netns; /* index in the series set */
	struct kept kept[COLLECTOR_COUNT];
	int errors[COLLECTOR_COUNT];
	unsigned looked; /* bit per enum pace_of: it was read at least once */
	/* Of its connections (connections.c): */
	bool counted;                       /* completely, at least once */
	bool small;                         /* cheap enough to be counted each second */
	bool ports_short;                   /* ephemeral ports begin to run out */
	uint64_t counted_ns, count_cost_ns; /* when the last count began, what it cost */
};

struct cgroup_group;

/* Which path the kernel's object for "in these cgroups" stands for (collect/tasks.c). */
struct known_group {
	uint64_t css, cgroup_id;
	uint32_t path;      /* interned, 0: not known */
	unsigned long tick; /* when it was read */
};

/* What a user has of inotify and epoll, as one of its processes told last. */
struct inotify_user {
	uint32_t uid;
	unsigned long tick; /* 1 + when; 0: nobody */
	uint64_t instances, watches, epoll;
};

/* Counted over the engine's life from what the probes tell of each tick. */
struct probe_totals {
	uint64_t ended, killed_oom, signals, lost;
};

/* Who stood last in the queue of a listening unix socket at looks of before and still stands in it (unix_queues.c), the oldest look first. */
enum { UNIX_QUEUES = 16, UNIX_MARKS = 16 };
struct unix_marks {
	uint64_t netns, seen_ns;
	uint32_t inode;
	size_t n;
	struct {
		uint32_t peer; /* inode */
		uint64_t at_ns;
	} rows[UNIX_MARKS];
};

struct engine {
	struct reader *reader;
	struct series_set *series;
	unsigned char *buffer;
	struct arena scratch; /* reset each tick */
	unsigned long ticks;
	uint64_t now_ns, slow_from_ns; /* this tick and the one before */
	struct connections *connections;
	struct owners *owners;
	struct servers *servers;
	unsigned want, demand;
	int32_t *pids;
	struct reader_times *times;
	bool *times_ok;
	size_t npids;
	int32_t self_pid;
	bool no_taskstats;
	bool by_probe;        /* the processes of this tick came from the probe */
	uint64_t tasks_of_ns; /* the sample that the probe's last reading is in */
	struct known_group *groups;
	int32_t hidden[ENGINE_HIDDEN];
	size_t nhidden;
	struct probe_totals totals;
	struct inotify_user inotify[ENGINE_USERS];
	uint64_t maps_next_ns;                   /* mappings of a process are not counted before */
	int32_t maps_last;                       /* the process that was looked at last */
	bool netns_denied;                       /* some process's namespace could not be read */
	bool due[SOURCE_COUNT];                  /* read in this tick */
	uint64_t not_before_ns[COLLECTOR_COUNT]; /* a read that is dear waits */
	struct folder_state folders[FOLDER_COUNT];
	uint64_t blocks_ns,
		blocks_hash; /* when the block devices were looked at, and which these were */
	struct kept host_kept[COLLECTOR_COUNT];
	int host_error[COLLECTOR_COUNT];
	struct netns_state netns[NETNS_MAX];
	struct kept mountinfo;
	uint64_t devices[ENGINE_DEVICES];
	size_t ndevices;
	struct cgroup_state *cgroups;
	struct held_state *held;
	uint64_t files_next_ns; /* open files are not looked at before */
	bool owners_unknown; /* sockets without an owner came up since the last look at all descriptors */
	struct pace paces[PACE_COUNT];
	bool nf_tables; /* they are there to be asked */
	struct unix_marks unix_marks[UNIX_QUEUES];
	uint32_t book_names; /* new names that books may still bring */
};

/* What is read in this tick, and the host's values of before that stand because their source is not. */
void engine_pace(struct engine *e, const struct sample *prev, struct sample *out);
/* The same for the values of network namespaces; here[i] tells which are still there. */
void engine_pace_netns(
	const struct engine *e, const struct sample *prev, struct sample *out, const bool *here);
void engine_folders(struct engine *e, struct sample *out);
void engine_slab_peaks(const struct engine *e, const struct sample *prev, struct sample *out);
void engine_blockdevs(struct engine *e, const struct sample *prev, struct sample *out);
void engine_processes(struct engine *e, const struct sample *prev, struct sample *out);
/* All processes through the probe in the kernel; false where there is none, and nothing was added. */
bool engine_tasks(struct engine *e, const struct sample *prev, struct sample *out);
/* Processes that /proc lists and the probe did not tell. */
void engine_hidden(struct engine *e, const struct sample *prev, struct sample *out);
/* Memory mappings of processes, where no probe tells them (collect/maps.c). */
void engine_maps(struct engine *e, const struct sample *prev, struct sample *out);
/* Files that grow and files without a name, and who holds which socket: a part of all descriptors in each tick. */
void engine_held(struct engine *e, const struct sample *prev, struct sample *out);
/* Learns the owners of all sockets there are, now; false where no probe can tell them, or it took more than cost_ns of CPU the last time (UINT64_MAX: it
 * may take what it likes). */
bool engine_held_sockets_below(
	struct engine *e, const struct sample *prev, const struct sample *out, uint64_t cost_ns);
int engine_held_open(struct engine *e);
void engine_held_close(struct engine *e);
/* What happened since the last tick: processes that ended, signals, connections, how long was waited. */
void engine_probes(struct engine *e, struct sample *out);
/* The kernel function that a task sleeps in, from its wchan file. */
void engine_wchan(struct engine *e, const char *path, struct proc *p);
/* Does a process that is blocked serve a client, or its server alone? */
void engine_role(struct engine *e, struct proc *p);
void engine_process_details(struct engine *e, const struct sample *prev, struct sample *out);
/* The ephemeral ports of a namespace; the kernel's default where the range could not be read. */
struct port_range {
	uint64_t low, high;
};
struct port_range engine_port_range(const struct engine *e, const struct sample *s, unsigned netns);
/* Reads which cgroup a process is in. */
void engine_name_cgroup(struct engine *e, struct proc *p);
void engine_namespaces(struct engine *e, const struct sample *prev, struct sample *out);
void engine_sockets(
	struct engine *e, struct netns_state *ns, const struct sample *prev, struct sample *out);
/* The TCP connections of a namespace, which the reader has entered; listening: a bit for each port that somebody listens on;
 * not heard: those could not be read, and who connected to whom is not known. */
int engine_connections_open(struct engine *e);
void engine_connections_close(struct engine *e);
void engine_connections_begin(struct engine *e, const struct sample *prev);
void engine_connections_forget(struct engine *e, struct netns_state *ns);
void engine_connections(struct engine *e, struct netns_state *ns, const uint8_t *listening,
	bool heard, const struct sample *prev, struct sample *out);
void engine_tcp_state(
	struct engine *e, struct sample *out, unsigned netns, unsigned state, uint64_t n);
/* Owners of sockets. Whoever comes to know one teaches it by engine_learn_owner(). */
int engine_owners_open(struct engine *e);
void engine_owners_close(struct engine *e);
void engine_owners_begin(struct engine *e, const struct sample *out);
/* The process has a descriptor on this socket. */
void engine_saw_socket(
	struct engine *e, const struct sample *out, const struct proc *p, uint32_t inode);
void engine_learn_owner(struct engine *e, uint32_t inode, int32_t pid, uint64_t start_ticks);
/* The process that has the socket open, as far as it is known; 0: it is not. */
int32_t engine_owner(struct engine *e, uint32_t inode);
/* The process of the last sample lives, and its number was not given to another one. */
bool engine_same_process(const struct sample *prev, const struct sample *out, int32_t pid);
void engine_owners(struct engine *e, const struct sample *prev, struct sample *out);
void engine_port_users(struct engine *e, const struct sample *prev, struct sample *out);
void engine_conntrack_peers(struct engine *e, struct netns_state *ns, struct sample *out);
/* Rounds over all namespaces: what is due is settled before the first one, the next round after the last. */
void engine_paces_begin(struct engine *e);
void engine_paces_end(struct engine *e);
/* Is it due here? Then the caller reads, and engine_pace_spent() adds the CPU time that took since `begun_ns` (clock_thread_ns()). */
bool engine_pace_due(const struct engine *e, const struct netns_state *ns, enum pace_of what);
void engine_pace_spent(
	struct engine *e, struct netns_state *ns, enum pace_of what, uint64_t begun_ns);
/* What a failed dump hides, unless it is one that a recorded tree does not have. */
void engine_dump_gap(const struct engine *e, struct sample *out, unsigned netns, int error,
	const char *what, const char *hides);
void engine_links(
	struct engine *e, struct netns_state *ns, const struct sample *prev, struct sample *out);
void engine_firewall(
	struct engine *e, struct netns_state *ns, const struct sample *prev, struct sample *out);
/* Asks whether nf_tables can be asked: a monitor must not load a firewall. In the host's namespace. */
void engine_find_firewall(struct engine *e);
/* For how long who waits longest has waited, into the row; in the row's namespace. netns: its inode. */
void engine_unix_queue(struct engine *e, uint64_t netns, struct unix_listener *l);
void engine_local_sockets(
	struct engine *e, struct netns_state *ns, const struct sample *prev, struct sample *out);
void engine_ct_states(struct engine *e, struct netns_state *ns, struct sample *out);
/* What servers say of themselves: the books that came, and those of before that stand. */
void engine_books(struct engine *e, const struct sample *prev, struct sample *out);
/* The same as series; of a line "latency" of a book those of its histogram. */
void engine_book_series(struct series_set *set, const struct sample *prev, struct sample *out);
void collect_book_latency(struct scan line, const struct out *o, const struct server_book *b);
/* The last signal that told a server to begin anew stands among its numbers. */
void engine_server_signals(struct engine *e, const struct sample *prev, struct sample *out);
/* Tells plimsoll-books which servers there are, when the owners of listeners are filled in. */
int engine_servers_open(struct engine *e);
void engine_servers_close(struct engine *e);
void engine_servers(struct engine *e, const struct sample *prev, struct sample *out);
void engine_filesystems(struct engine *e, struct sample *out);
void engine_storage_demand(struct engine *e, const struct sample *prev, struct sample *out);
void engine_files(struct engine *e, const struct sample *prev, struct sample *out);
int engine_cgroups_open(struct engine *e);
void engine_cgroups_close(struct engine *e);
void engine_cgroups(struct engine *e, const struct sample *prev, struct sample *out);

#endif
