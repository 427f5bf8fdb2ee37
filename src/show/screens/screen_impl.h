/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What the files that make screens share. */
#ifndef SHOW_SCREENS_SCREEN_IMPL_H
#define SHOW_SCREENS_SCREEN_IMPL_H

#include "base/attr.h"
#include "show/screens/screen.h"

#include <math.h>

typedef int screen_build_fn(struct screen *s, struct view *v, const struct screen_context *c);
typedef bool screen_follow_fn(const struct screen_row *row, struct view *v,
	const struct screen_context *c, struct subject *ret, enum screen_id *ret_to);

struct screen_maker {
	const struct screen_column *columns;
	size_t ncolumns;
	screen_build_fn *build;
	screen_follow_fn *follow; /* NULL: rows lead nowhere */
};

extern const struct screen_maker screen_overview, screen_findings, screen_cpu, screen_memory,
	screen_pools, screen_disks, screen_net, screen_conns, screen_talk, screen_states,
	screen_procs, screen_cgroups, screen_irqs, screen_servers;

#define COLUMNS_OF(c) c, COUNTOF(c)

/* A new row, all of its cells blank; NULL when memory is short. */
struct screen_row *screen_add(struct screen *s, uint64_t key);
void cell_text(struct screen_row *row, unsigned column, const char *text);
/* In the unit of the column; NAN: not known. */
void cell_number(struct screen *s, struct screen_row *row, unsigned column, double x);
void cell_unit(struct screen_row *row, unsigned column, double x, enum cell_unit unit);

/* A line above the table; both texts are copied. */
struct screen_line *screen_say(struct screen *s, struct view *v, enum tone tone, const char *label,
	const char *fmt, ...) PRINTF(5, 6);
/* The same with a bar. share, over: of the limit; limited false: share is of a whole that is no limit. */
struct screen_line *screen_meter(struct screen *s, struct view *v, enum tone tone,
	const char *label, double share, double over, bool limited, const char *fmt, ...)
	PRINTF(8, 9);

/* Numbers of the view; NAN where they are not known. */
double number_of(const struct view *v, enum metric m, unsigned netns, uint32_t instance);
double rate_of(const struct view *v, enum metric m, unsigned netns, uint32_t instance);
double delta_of(const struct view *v, enum metric m, unsigned netns, uint32_t instance);
uint64_t key_of(const void *bytes, size_t n);
uint64_t key_pair(uint64_t a, uint64_t b);

/* "bytes", "ratio" ..., "" where it has none; what it means. */
const char *screen_column_unit(const struct screen_column *c);
const char *screen_column_help(const struct screen_column *c);

/* The tone of the worst finding of this resource (class or class:instance; a class alone stands for all of its instances), notes left
 * out. */
enum tone tone_of_resource(const struct findings *fs, const char *resource, int netns);
enum tone tone_of(const struct verdict *f);

void subject_add_pid(struct subject *s, int32_t pid);
PRINTF(2, 3) void subject_name(struct subject *s, const char *fmt, ...);
bool subject_has_proc(const struct subject *s, const struct view *v, const struct proc *p);
bool subject_has_socket(
	const struct subject *s, int32_t pid, unsigned netns, uint16_t port, const char *peer);
/* The subject that a holder or culprit is, and where to look at it. */
bool subject_of_who(const struct view *v, const struct who *w, bool sockets, struct subject *ret,
	enum screen_id *ret_to);
/* A listening port or a destination: its sockets, those that no process has (yet, or any more) too. Adds to what is set. */
bool subject_of_socket(enum resource r, const char *name, unsigned netns, struct subject *ret,
	enum screen_id *ret_to);
/* Is this a resource whose use is seen in sockets? */
bool resource_of_sockets(enum resource r);

/* Rows of the ledger, by screen_pools and screen_overview. */
void ledger_holders_text(struct view *v, const struct ledger_row *r, const char **ret);
enum cell_unit unit_of_resource(const char *unit);
/* Lines on CPU, memory, disks and network that more than one screen has. */
void meter_cpu(struct screen *s, struct view *v, const struct screen_context *c);
void meter_memory(struct screen *s, struct view *v, const struct screen_context *c);
void meter_disks(struct screen *s, struct view *v, const struct screen_context *c, unsigned most);
void meter_net(struct screen *s, struct view *v, const struct screen_context *c, unsigned most);

/* Name of a network namespace, "" of the host's own. */
const char *netns_text(const struct view *v, unsigned netns);

/* Numbers as people read them, in the view's memory. */
const char *read_bytes(struct view *v, double x);
const char *read_count(struct view *v, double x);
const char *read_share(struct view *v, double x);
const char *read_time(struct view *v, double seconds);

#endif
