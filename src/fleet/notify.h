/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* notify: tells people and programs when a finding opens, grows worse and is over.
 *
 * The store is the queue: the recorder writes what it finds there and knows of nobody. What each target was told stands in a small
 * file beside the recording (notify-HASH.state), so nothing is told twice or left out when this process begins anew, and an outage of a
 * receiver is made up for. Each target has a thread: one that hangs does not hold up the others. */
#ifndef FLEET_NOTIFY_H
#define FLEET_NOTIFY_H

#include "fleet/runner.h"

#include <signal.h>

/* Follows the store until *stop. say() takes a line for people without a newline, from any thread, about one a minute for each target at
 * most. The runner is that of these targets. A store that is not there yet is waited for. 0 or -errno. */
int notify_run(const char *store, const struct target *targets, size_t n, struct runner *runner,
	void (*say)(const char *line), const volatile sig_atomic_t *stop);

/* Sends a test to each target and says how it went. Returns how many did not get it, or -ENOMEM. */
int notify_test(const struct target *targets, size_t n, struct runner *runner,
	void (*say)(const char *line), const volatile sig_atomic_t *stop);

#endif
