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
	int series_netns; /* index in the series set */
	struct kept kept[COLLECTOR_COUNT];
	int errors[COLLECTOR_COUNT];
	bool dumped; /* or put off for the first time */
	uint64_t next_dump_ns, dump_cost_ns;
	unsigned looked; /* bit per enum pace_of: it was read at least once */
};

struct cgroup_group;

struct engine {
	struct reader *reader;
	struct series_set *series;
	unsigned char *buffer;
	struct arena scratch; /* reset each tick */
	unsigned long ticks;
	uint64_t now_ns, slow_from_ns; /* this tick and the one before */
	uint64_t owners_from_ns;       /* owners of sockets are not sought before */
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
	struct pace paces[PACE_COUNT];
	bool nf_tables; /* they are there to be asked */
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
void engine_owners(struct engine *e, const struct sample *prev, struct sample *out);
void engine_port_users(struct engine *e, const struct sample *prev, struct sample *out);
void engine_conntrack_peers(struct engine *e, struct netns_state *ns, struct sample *out);
/* Rounds over all namespaces: what is due is settled before the first one, the next round after the last. */
void engine_paces_begin(struct engine *e);
void engine_paces_end(struct engine *e);
/* Is it due here? Then the caller reads, and engine_pace_spent() adds what that took since `begun_ns`. */
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
void engine_local_sockets(
	struct engine *e, struct netns_state *ns, const struct sample *prev, struct sample *out);
void engine_ct_states(struct engine *e, struct netns_state *ns, struct sample *out);
void engine_filesystems(struct engine *e, struct sample *out);
void engine_storage_demand(struct engine *e, const struct sample *prev, struct sample *out);
void engine_files(struct engine *e, const struct sample *prev, struct sample *out);
int engine_cgroups_open(struct engine *e);
void engine_cgroups_close(struct engine *e);
void engine_cgroups(struct engine *e, const struct sample *prev, struct sample *out);

#endif
