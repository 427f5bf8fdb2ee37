/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* record: the process that samples, judges and keeps. */
#ifndef ROLE_RECORD_H
#define ROLE_RECORD_H

#include "role/options.h"

#include <signal.h>

/* Records until *stop. first_check: called once, after the first whole look, with the findings (may be NULL). Returns the
 * exit status after saying what is wrong. */
struct session;
struct findings;
int record_run(const struct options *o, const char *store, volatile sig_atomic_t *stop,
	void (*first_check)(void *ctx, struct session *s, const struct findings *fs), void *ctx);

#endif
