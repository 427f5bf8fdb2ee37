/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "catalogue/catalogue.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct metric_info metrics[] = {
#define METRIC(id, name, kind, unit, label, help)                                                  \
	{#id, name, METRIC_##kind, UNIT_##unit, LABEL_##label, help},
#include "catalogue/metrics.def"
#undef METRIC
};
static_assert(sizeof metrics / sizeof *metrics == METRIC_COUNT, "a row a metric");

static const struct resource_info resources[] = {
#define RESOURCE(id, class, unit, help) {class, unit, help},
#include "catalogue/resources.def"
#undef RESOURCE
};
static_assert(sizeof resources / sizeof *resources == RESOURCE_COUNT, "a row a resource");

static const struct rule_info rules[] = {
#define RULE(id, name, res, subject) {name, RES_##res, subject},
#include "catalogue/rules.def"
#undef RULE
};
static_assert(sizeof rules / sizeof *rules == RULE_COUNT, "a row a rule");

static const struct cause_info causes[] = {
#define CAUSE(cause, symptom, link, when, how)                                                     \
	{RES_##cause, RES_##symptom, LINK_##link, CAUSE_##when, how},
#define TIE(a, b, text, command)
#include "catalogue/causes.def"
#undef CAUSE
#undef TIE
};

static const struct tie_info ties[] = {
#define CAUSE(cause, symptom, link, when, how)
#define TIE(a, b, text, command) {RES_##a, RES_##b, text, command},
#include "catalogue/causes.def"
#undef CAUSE
#undef TIE
};

static const struct collector_info collectors[] = {
#define COLLECTOR(name, scope, every, size, absent, path, hides)                                   \
	{#name, SCOPE_##scope, every, size, ABSENT_##absent, path, hides},
#include "catalogue/collectors.def"
#undef COLLECTOR
};
static_assert(sizeof collectors / sizeof *collectors == COLLECTOR_COUNT, "a row a collector");

static const struct folder_info folders[] = {
#define FOLDER(name, dir, prefix, file, every, size, hides)                                        \
	{#name, dir, prefix, file, every, size, hides},
#include "catalogue/folders.def"
#undef FOLDER
};
static_assert(sizeof folders / sizeof *folders == FOLDER_COUNT, "a row a folder");

/* Raw values of /proc count in these: clock ticks are 1/100 s on every architecture (USER_HZ), disk
 * sectors 512 bytes. Pages are taken as 4 KiB; `plimsoll doctor` says so where
 * they are larger. */
static const struct {
	double scale;
	const char *base;
} units[] = {
	[UNIT_COUNT] = {1, ""},
	[UNIT_CENTI] = {0.01, ""},
	[UNIT_BYTES] = {1, "bytes"},
	[UNIT_KIB] = {1024, "bytes"},
	[UNIT_PAGES] = {4096, "bytes"},
	[UNIT_SECTORS] = {512, "bytes"},
	[UNIT_SECONDS] = {1, "seconds"},
	[UNIT_TICKS] = {0.01, "seconds"},
	[UNIT_MS] = {1e-3, "seconds"},
	[UNIT_US] = {1e-6, "seconds"},
	[UNIT_NS] = {1e-9, "seconds"},
	[UNIT_MBIT] = {125000, "bytes"},
};

const struct metric_info *metric_info(enum metric m)
{
	assert(m < METRIC_COUNT);
	return &metrics[m];
}

double metric_scale(enum metric m)
{
	return units[metric_info(m)->unit].scale;
}

const char *metric_base_unit(enum metric m)
{
	return metric_info(m)->kind == METRIC_SHARE ? "ratio" : units[metric_info(m)->unit].base;
}

static bool ends_in_unit(const char *name, const char *unit)
{
	size_t n = strlen(name), u = strlen(unit);
	return n > u && strcmp(name + n - u, unit) == 0 &&
	       (name[n - u - 1] == '.' || name[n - u - 1] == '_');
}

char *metric_prometheus_family(char buf[static PROMETHEUS_NAME], enum metric m)
{
	const char *name = metric_info(m)->name, *unit = metric_base_unit(m);
	bool add_unit = *unit && !ends_in_unit(name, unit);
	(void)snprintf(buf, PROMETHEUS_NAME, "plimsoll_%s%s%s", name, add_unit ? "_" : "",
		add_unit ? unit : "");
	for (char *p = buf; *p; p++)
		if (*p == '.')
			*p = '_';
	return buf;
}

char *metric_prometheus_name(char buf[static PROMETHEUS_NAME], enum metric m)
{
	metric_prometheus_family(buf, m);
	if (metric_info(m)->kind == METRIC_COUNTER)
		(void)strncat(buf, "_total", PROMETHEUS_NAME - 1 - strlen(buf));
	return buf;
}

const char *metric_kind_name(enum metric m)
{
	static const char *const names[] = {
		[METRIC_GAUGE] = "gauge", [METRIC_COUNTER] = "counter", [METRIC_SHARE] = "share"};
	return names[metric_info(m)->kind];
}

const char *metric_label_name(enum metric_label label)
{
	static const char *const names[] = {
		[LABEL_NONE] = NULL,
		[LABEL_CPU] = "cpu",
		[LABEL_DEV] = "dev",
		[LABEL_MOUNT] = "mount",
		[LABEL_IF] = "if",
		[LABEL_CGROUP] = "cgroup",
		[LABEL_CACHE] = "cache",
		[LABEL_STATE] = "state",
		[LABEL_USER] = "user",
		[LABEL_LE] = "bucket",
		[LABEL_DEV_LE] = "dev_bucket",
		[LABEL_NODE] = "node",
		[LABEL_ZONE] = "zone",
		[LABEL_IRQ] = "irq",
		[LABEL_SIZE] = "size",
		[LABEL_LEVEL] = "level",
		[LABEL_SERVER] = "server",
		[LABEL_SERVER_STATE] = "server_state",
		[LABEL_SERVER_LE] = "server_bucket",
	};
	return names[label];
}

enum metric metric_by_name(const char *name)
{
	unsigned m = 0;
	while (m < METRIC_COUNT && strcmp(metrics[m].name, name) != 0)
		m++;
	return (enum metric)m;
}

const struct resource_info *resource_info(enum resource r)
{
	assert(r < RESOURCE_COUNT);
	return &resources[r];
}

enum resource resource_by_name(const char *name)
{
	size_t n = strcspn(name, ":");
	unsigned r = 0;
	while (r < RESOURCE_COUNT &&
		(strlen(resources[r].class) != n || strncmp(resources[r].class, name, n) != 0))
		r++;
	return (enum resource)r;
}

const struct rule_info *rule_info(enum rule_id r)
{
	assert(r < RULE_COUNT);
	return &rules[r];
}

enum rule_id rule_by_name(const char *name)
{
	unsigned r = 0;
	while (r < RULE_COUNT && strcmp(rules[r].name, name) != 0)
		r++;
	return (enum rule_id)r;
}

const struct collector_info *collector_info(enum collector_id c)
{
	assert(c < COLLECTOR_COUNT);
	return &collectors[c];
}

const struct folder_info *folder_info(enum folder_id f)
{
	assert(f < FOLDER_COUNT);
	return &folders[f];
}

const struct cause_info *cause_info(size_t i)
{
	return i < sizeof causes / sizeof *causes ? &causes[i] : NULL;
}

const char *cause_link_text(enum cause_link link)
{
	static const char *const texts[LINK_COUNT] = {
		[LINK_HOST] = "of the host",
		[LINK_NETNS] = "in the same network namespace",
		[LINK_MEMBER] = "of the process's control group",
		[LINK_STARVED] = "that starves the process or its server",
		[LINK_DISK] = "of the same disk",
		[LINK_CULPRIT] = "of the culprit's control group",
		[LINK_USER] = "of the process's user",
		[LINK_BUSY] = "that starves its workers, or of their control group",
		[LINK_RANGES] = "that the server which is flooded makes",
		[LINK_BUFFERED] = "of the same server, in its own memory",
		[LINK_LOCAL] = "of another server, which listens on a unix socket",
		[LINK_NAMED] = "that names the same culprit, or harms it",
		[LINK_PORT] = "of the same port",
		[LINK_BLAMED] = "of or harming the process that is blamed",
		[LINK_SERVER] = "of the same process or server",
	};
	return texts[link];
}

const struct tie_info *tie_info(enum resource a, enum resource b)
{
	for (size_t i = 0; i < sizeof ties / sizeof *ties; i++)
		if ((ties[i].a == a && ties[i].b == b) || (ties[i].a == b && ties[i].b == a))
			return &ties[i];
	return NULL;
}
