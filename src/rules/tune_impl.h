/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What the files of tune share; nobody else includes this. */
#ifndef RULES_TUNE_IMPL_H
#define RULES_TUNE_IMPL_H

#include "rules/tune.h"

#define M_METRIC_NONE METRIC_COUNT /* of tunables.def */

enum tune_which { WHICH_WHOLE, WHICH_EACH, WHICH_IPV6, WHICH_INSTANCES };
enum tune_form {
	FORM_SYSCTL,
	FORM_SYSCTL_NS,
	FORM_CONNTRACK,
	FORM_NEIGH,
	FORM_LISTEN,
	FORM_PORTS,
	FORM_TCP_MEM,
	FORM_UDP,
	FORM_COMMIT,
	FORM_NOFILE,
	FORM_PIDS,
	FORM_NPROC,
	FORM_KEYS,
	FORM_SEM,
	FORM_CG_MEMORY,
	FORM_CG_PIDS,
	FORM_CG_CPU,
	FORM_CG_IO,
	FORM_HUGEPAGES,
	FORM_SERVER
};

struct tunable {
	enum resource resource;
	enum tune_which which;
	enum tune_form form;
	enum metric used;
	const char *setting, *file, *cache;
	double bytes, most;
	const char *danger;
};

/* What the limit that a server tells is a multiple of, in its setting. */
enum tune_per { PER_SERVER, PER_WORKER, PER_POOL, PER_THREAD };

struct server_limit {
	const char *kind;
	enum pool_kind pool;
	const char *name; /* of the pool: "" one without a name, "*" one with, NULL any */
	bool process;
	enum tune_per per;
	double bytes;      /* that one more takes, where it is no process */
	double unit, more; /* the setting is value / unit + more */
	const char *file, *line, *now, *afterwards, *danger;
};

const struct server_limit *tune_server_limits(size_t *ret_n);

/* ---- tune.c ---- */

/* Of the memory that is available: what tables of the kernel may take, which never give it back; and what workers may. */
#define TUNE_FOR_KERNEL  0.25
#define TUNE_FOR_WORKERS 0.5

void tune_keep(struct tuning *t, const char *why);
/* Decides by used, limit, high and refusals. each: bytes that one more takes; share: of the memory that is available, for all. */
void tune_judge(struct view *v, struct tuning *out, const struct tune_input *in, double each,
	double share, enum tune_form form);
/* What was recorded of a series; NULL. */
const struct tune_high *tune_recorded(
	const struct tune_input *in, enum metric m, const char *netns, const char *instance);
/* Takes it for the high-water mark, where it is one. */
void tune_take_high(struct tuning *out, const struct tune_high *h);
/* " in this look" behind a number that is of no more than that, in an answer that is of a recording; "". */
const char *tune_since(const struct tune_input *in, enum tune_mark mark);
/* What this machine has to carry, in its own load, when one of `peers` fails: the others share it; 1 without any. */
double tune_takeover(const struct tune_input *in);
/* n, or the next power of two. */
double tune_next_size(double n);
bool tune_fits(const char *only, const char *name, enum resource res);
const struct tunable *tune_of_class(enum resource res);
/* The limit of I/O that a group is nearest to; NULL. */
const struct cgroup_io *tune_group_io(const struct view *v, uint32_t group, double *ret_share);

/* ---- tune_servers.c, tune_syn.c ---- */

void tune_add_servers(
	struct view *v, const struct tune_input *in, struct tuning *rows, size_t room, size_t *n);
/* SYNs that found no room. */
void tune_add_syn_queues(struct view *v, const struct ledger *l, const struct tune_input *in,
	struct tuning *rows, size_t room, size_t *n);

/* Packets that found no room. */
void tune_add_backlog(
	struct view *v, const struct tune_input *in, struct tuning *rows, size_t room, size_t *n);

/* ---- tune_settings.c ---- */

/* How the value that was chosen is set: fills now, file, lines, apply, and may change value and action where the kernel bounds it. row: of the ledger. */
void tune_settings(
	struct view *v, const struct tunable *t, const struct ledger_row *row, struct tuning *out);
void tune_server_settings(struct view *v, const struct server_limit *s, const struct server_book *b,
	const struct server_pool *p, struct tuning *out);
void tune_now(struct tuning *t, const char *command);
void tune_line(struct tuning *t, const char *text);

/* ---- tune_places.c ---- */

enum tune_place_kind {
	PLACE_HOST,
	PLACE_DOCKER,
	PLACE_NERDCTL,
	PLACE_PODMAN,
	PLACE_KUBERNETES,
	PLACE_LXC,
	PLACE_MACHINE, /* of systemd-nspawn: an init of its own */
	PLACE_NAMED,   /* by ip netns */
	PLACE_UNIT,    /* of a service with PrivateNetwork= */
	PLACE_UNKNOWN,
};

/* Who makes what a process lives in, and so where a limit of that is made to last. */
struct tune_place {
	enum tune_place_kind kind;
	const char *name; /* of the container, unit or namespace: a shell word */
};

/* Of a control group, or that of a process: a container, or PLACE_HOST for none. */
struct tune_place tune_container_in(struct view *v, const char *path);
struct tune_place tune_container(struct view *v, int32_t pid);
/* Of a network namespace; pid: a process in it that is known, or 0. */
struct tune_place tune_place(struct view *v, unsigned netns, int32_t pid);
/* A setting that each network namespace has for itself: how it lasts there. The host's own is a line of t->file. */
void tune_netns_sysctl(
	struct view *v, struct tuning *t, struct tune_place p, const char *name, const char *value);

#endif
