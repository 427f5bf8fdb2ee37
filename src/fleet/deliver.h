/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* deliver: one message to one target, once; how it went. */
#ifndef FLEET_DELIVER_H
#define FLEET_DELIVER_H

#include "fleet/message.h"
#include "fleet/runner.h"

#include <signal.h>

enum delivery {
	DELIVERED,
	DELIVERY_RETRY,   /* the same once more, later */
	DELIVERY_REFUSED, /* whoever is there does not want this */
};

struct deliverer;

/* runner: of commands, NULL where there is none. stop: when it is set, what is in flight gets three more seconds. Both outlive it.
 * 0 or -ENOMEM. */
int deliverer_open(const struct target *t, struct runner *runner, const volatile sig_atomic_t *stop,
	struct deliverer **ret);
void deliverer_close(struct deliverer *d);

/* Waits up to 15 s, for commands their deadline. why: what went wrong, one printable line, without secrets. retry_s: what an answer asked for, or 0. */
enum delivery deliver(struct deliverer *d, const struct message *m, const char *host,
	uint64_t now_ns, char why[static 200], double *retry_s);
/* JSON to Alertmanager. */
enum delivery deliver_alerts(
	struct deliverer *d, const char *json, char why[static 200], double *retry_s);

#endif
