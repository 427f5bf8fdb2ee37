/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#ifndef ROLE_NOTIFY_LINES_H
#define ROLE_NOTIFY_LINES_H

#include "fleet/target.h"

#include <stddef.h>

/* Who is told of findings, a line for each (fleet/target.h), into TARGETS_MAX targets. 0, or an exit status after saying what is wrong. */
int notify_lines(const char *lines, struct target *targets, size_t *ret_n);

#endif
