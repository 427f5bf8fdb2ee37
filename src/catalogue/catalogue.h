/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* catalogue: the vocabulary as data. The .def files beside this one are the tables; here they
 * become enums and lookups. */
#ifndef CATALOGUE_CATALOGUE_H
#define CATALOGUE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum metric {
#define METRIC(id, name, kind, unit, label, help) M_##id,
#include "catalogue/metrics.def"
#undef METRIC
	METRIC_COUNT
};

enum metric_kind { METRIC_GAUGE, METRIC_COUNTER, METRIC_SHARE };

enum metric_unit {
	UNIT_COUNT,
	UNIT_CENTI,
	UNIT_BYTES,
	UNIT_KIB,
	UNIT_PAGES,
	UNIT_SECTORS,
	UNIT_SECONDS,
	UNIT_TICKS,
	UNIT_MS,
	UNIT_US,
	UNIT_NS,
	UNIT_MBIT,
};

enum metric_label {
	LABEL_NONE,
	LABEL_CPU,
	LABEL_DEV,
	LABEL_MOUNT,
	LABEL_IF,
	LABEL_CGROUP,
	LABEL_CACHE,
	LABEL_STATE,
	LABEL_USER,
	LABEL_LE,     /* upper edge of a histogram's bucket */
	LABEL_DEV_LE, /* "vda 1ms": a device, and such an edge */
	LABEL_NODE,
	LABEL_ZONE,
	LABEL_IRQ,
	LABEL_SIZE,
	LABEL_LEVEL,
	LABEL_SERVER,       /* "apache2:80", "php-fpm/www" */
	LABEL_SERVER_STATE, /* "apache2:80 reading" */
	LABEL_SERVER_LE,    /* "apache2:80 16ms" */
};

struct metric_info {
	const char *id;
	const char *name;
	enum metric_kind kind;
	enum metric_unit unit;
	enum metric_label label;
	const char *help;
};

const struct metric_info *metric_info(enum metric m);
/* The factor that brings a raw value to the base unit (bytes, seconds, counts), and that unit's
 * name ("bytes", "seconds", ""). */
double metric_scale(enum metric m);
const char *metric_base_unit(enum metric m);
const char *metric_kind_name(enum metric m);
/* Its name in Prometheus form: "plimsoll_", underscores for dots, the base unit where the name does not end in it, and
 * "_total" for a counter: plimsoll_net_rx_bytes_total, plimsoll_cpu_busy_ratio. The family is the same without
 * "_total". Both return buf. */
enum { PROMETHEUS_NAME = 128 };
char *metric_prometheus_name(char buf[static PROMETHEUS_NAME], enum metric m);
char *metric_prometheus_family(char buf[static PROMETHEUS_NAME], enum metric m);
/* "cpu", "dev", ...; NULL for LABEL_NONE. */
const char *metric_label_name(enum metric_label label);
/* METRIC_COUNT when there is no such name. */
enum metric metric_by_name(const char *name);

enum resource {
#define RESOURCE(id, class, unit, help) RES_##id,
#include "catalogue/resources.def"
#undef RESOURCE
	RESOURCE_COUNT
};

struct resource_info {
	const char *class;
	const char *unit;
	const char *help;
};

const struct resource_info *resource_info(enum resource r);
/* Finds the class of "class" or "class:instance"; RESOURCE_COUNT when there is none. */
enum resource resource_by_name(const char *name);

enum rule_id {
#define RULE(id, name, res, subject) RULE_##id,
#include "catalogue/rules.def"
#undef RULE
	RULE_COUNT
};

struct rule_info {
	const char *name;
	enum resource resource;
	const char *subject;
};

const struct rule_info *rule_info(enum rule_id r);
enum rule_id rule_by_name(const char *name);

/* When a trouble explains another. */
enum cause_link {
	LINK_HOST,   /* both are of the host: the one explains the other whatever the instance */
	LINK_NETNS,  /* same network namespace */
	LINK_MEMBER, /* the symptom's process is in the cause's control group */
	LINK_STARVED, /* the symptom's process, or another one of its server, is among the cause's victims */
	LINK_DISK,    /* the same device, or the filesystem on it */
	LINK_CULPRIT, /* the symptom's culprit is in the cause's control group */
	LINK_USER,    /* the symptom's process belongs to the user of the cause */
	LINK_BLAMED,  /* the process that the symptom blames is the cause's, or among its victims */
	LINK_SERVER, /* the symptom's process is the cause's, or of the same server: parent and workers; or the symptom's port is that of the cause */
	LINK_PORT, /* the same service: its port, in the same namespace or seen from the other end */
	LINK_BUSY, /* the symptom is that all workers are busy, and one of them, or who started them, is among the cause's victims or in its control group */
	LINK_BUFFERED, /* what a server keeps for a peer, and the same peer's standing queue */
	LINK_RANGES,   /* the symptom blames the server that a flood of ranges keeps busy */
	LINK_LOCAL, /* the symptom is that all workers are busy, of another server in the same namespace than the cause, which serves as many or more at a unix socket */
	LINK_NAMED, /* the symptom's first culprit is among the cause's culprits or victims, by pid or name */
	LINK_COUNT
};
enum cause_when { CAUSE_FULL, CAUSE_EVEN };

struct cause_info {
	enum resource cause, symptom;
	enum cause_link link;
	enum cause_when when;
	const char *how;
};

/* Row i of causes.def, NULL behind the last one. */
const struct cause_info *cause_info(size_t i);
/* What a link is, in words behind the name of the cause. */
const char *cause_link_text(enum cause_link link);

/* Two classes of which each can cause the other. */
struct tie_info {
	enum resource a, b;
	const char *text, *command;
};

/* NULL where there is no row of the two, in either order. */
const struct tie_info *tie_info(enum resource a, enum resource b);

enum collector_scope { SCOPE_HOST, SCOPE_NETNS };
enum collector_absent { ABSENT_EXPECTED, ABSENT_MAY_LACK };

enum collector_id {
#define COLLECTOR(name, scope, every, size, absent, path, hides) COLLECTOR_##name,
#include "catalogue/collectors.def"
#undef COLLECTOR
	COLLECTOR_COUNT
};

struct collector_info {
	const char *name;
	enum collector_scope scope;
	unsigned every_s;
	unsigned size;
	enum collector_absent absent; /* whether its absence is normal, or a gap */
	const char *path;             /* relative to the root */
	const char *hides;
};

const struct collector_info *collector_info(enum collector_id c);

enum folder_id {
#define FOLDER(name, dir, prefix, file, every, size, hides) FOLDER_##name,
#include "catalogue/folders.def"
#undef FOLDER
	FOLDER_COUNT
};

struct folder_info {
	const char *name;
	const char *dir;    /* relative to the root */
	const char *prefix; /* of the folders in it; what follows is the instance */
	const char *file;   /* in each */
	unsigned every_s;
	unsigned size;
	const char *hides;
};

const struct folder_info *folder_info(enum folder_id f);

#endif
