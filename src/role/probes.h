/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* probes: has plimsoll-bpf load the probes into the kernel, and the reader take them over. */
#ifndef ROLE_PROBES_H
#define ROLE_PROBES_H

#include "read/reader.h"

/* "record": all that the recorder uses. "connections": an event for each TCP connection that ends. Waits for it, a second
 * at most on a slow machine and a tenth on others. Returns 0, or -errno of what keeps the first probe from running; others may run. */
int probes_start(struct reader *r, const char *what);

/* Where a program of ours lies: beside this one, as in a build folder, else where it is installed. Returns path. */
enum { COMPANION_PATH = 4096 };
const char *companion_path(char path[static COMPANION_PATH], const char *name);

#endif
