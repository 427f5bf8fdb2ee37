/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Who in a control group serves others, for the rules on what a group may have. */
#ifndef RULES_CGROUP_H
#define RULES_CGROUP_H

#include "rules/verdict.h"

/* It has a listening socket (of TCP or unix) or a port of UDP, or works for the process of its name that does, and somebody talks to it there, or waits to; true
 * also where a TCP port's connections were not looked at. A control socket, or numbers on a port, of which nobody asks, make no server of a job. */
bool cgroup_has_clients(const struct view *v, const struct usage *u);

/* Names of the kinds of limits of I/O. */
struct cgroup_io_kind {
	const char *verb;   /* "reads" */
	const char *key;    /* "rbps", of io.max */
	const char *file;   /* "read_bps", of blkio.throttle.*_device */
	const char *unit;   /* "IOReadBandwidthMax=", of systemd */
	const char *docker; /* "device-read-bps" */
	bool bytes;
};

const struct cgroup_io_kind *cgroup_io_kind(const struct cgroup_io *io);
/* The disk that the limit is of, "sda". */
const char *cgroup_io_disk(struct view *v, const struct cgroup_io *io);

#endif
