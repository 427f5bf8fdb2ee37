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
	ENGINE_DEVICES = 8, /* devices in trouble whose open files are looked at */
};

enum demand {
	DEMAND_IO = 1, /* bytes read and written, and blocked threads, of every process that ran */
	DEMAND_OWNERS = 4, /* of every listener: who waits may serve others */
	DEMAND_CGROUP = 2, /* which cgroup each process belongs to */
};

/* Kept descriptors of one network namespace. */
struct netns_state {
	uint64_t inode;
	bool used;
	int series_netns; /* index in the series set */
	struct kept kept[COLLECTOR_COUNT];
	int errors[COLLECTOR_COUNT];
	/* Of its connections (connections.c): */
	bool counted;                       /* completely, at least once */
	bool small;                         /* cheap enough to be counted each second */
	bool ports_short;                   /* ephemeral ports begin to run out */
	uint64_t counted_ns, count_cost_ns; /* when the last count began, what it cost */
};

struct cgroup_group;

struct engine {
	struct reader *reader;
	struct series_set *series;
	unsigned char *buffer;
	struct arena scratch; /* reset each tick */
	unsigned long ticks;
	uint64_t now_ns, slow_from_ns; /* this tick and the one before */
	struct connections *connections;
	struct owners *owners;
	unsigned want, demand;
	int32_t *pids;
	struct reader_times *times;
	bool *times_ok;
	size_t npids;
	int32_t self_pid;
	bool no_taskstats;
	bool netns_denied; /* some process's namespace could not be read */
	struct kept host_kept[COLLECTOR_COUNT];
	int host_error[COLLECTOR_COUNT];
	struct netns_state netns[NETNS_MAX];
	struct kept mountinfo;
	uint64_t devices[ENGINE_DEVICES];
	size_t ndevices;
	struct cgroup_state *cgroups;
};

void engine_processes(struct engine *e, const struct sample *prev, struct sample *out);
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
void engine_learn_owner(struct engine *e, uint32_t inode, int32_t pid, uint64_t start_ticks);
/* The process that has the socket open, as far as it is known; 0: it is not. */
int32_t engine_owner(struct engine *e, uint32_t inode);
/* The process of the last sample lives, and its number was not given to another one. */
bool engine_same_process(const struct sample *prev, const struct sample *out, int32_t pid);
void engine_owners(struct engine *e, const struct sample *prev, struct sample *out);
void engine_port_users(struct engine *e, const struct sample *prev, struct sample *out);
void engine_conntrack_peers(struct engine *e, struct netns_state *ns, struct sample *out);
void engine_filesystems(struct engine *e, struct sample *out);
void engine_storage_demand(struct engine *e, const struct sample *prev, struct sample *out);
void engine_files(struct engine *e, const struct sample *prev, struct sample *out);
int engine_cgroups_open(struct engine *e);
void engine_cgroups_close(struct engine *e);
void engine_cgroups(struct engine *e, const struct sample *prev, struct sample *out);

#endif
