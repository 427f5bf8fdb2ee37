/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* runner: a process that starts the commands which are told of findings. It alone keeps the right to become another user; whoever talks to
 * servers gives that up, and asks here. It reads nothing but the text that it hands on. */
#ifndef FLEET_RUNNER_H
#define FLEET_RUNNER_H

#include "fleet/target.h"

#include <stddef.h>

struct runner;

/* Starts it, before any thread and before rights are given up; it ends with this process. The targets stay as they are. 0 or
 * -errno; *ret is NULL when no target is a command. */
int runner_start(const struct target *targets, size_t n, struct runner **ret);
void runner_end(struct runner *r);

/* NULL when the user of a command is there and may be become; otherwise what is wrong. */
const char *runner_problem(const struct target *t);

enum { RUN_LATE = -1, RUN_NOT = -2 };
/* Runs the command of a target with this text on its standard input, and waits until it ended: its exit status, 128 + a signal, RUN_LATE when its deadline passed and it
 * was killed with its group, RUN_NOT when it could not be started. One at a time, from any thread. */
int runner_run(struct runner *r, size_t target, const char *text, size_t len);

#endif
