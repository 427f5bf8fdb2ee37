/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* paths: where things lie on this machine. */
#ifndef ROLE_PATHS_H
#define ROLE_PATHS_H

#include "role/options.h"

#include <stddef.h>

/* The store: what --store says; else what the service manager gave ($STATE_DIRECTORY, the first of
 * them); else /var/lib/plimsoll for root and $XDG_STATE_HOME/plimsoll or ~/.local/state/plimsoll for
 * others. Nothing is made or looked at. 0, -ENOENT when this user has no home, -ENAMETOOLONG. */
int store_path(const struct options *o, char *buf, size_t size);

/* Says why a store or recording cannot be read (a negative errno as of history_open()); returns the exit
 * status. */
int store_refused(const struct options *o, const char *path, int error);

#endif
