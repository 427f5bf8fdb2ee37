/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* user: the file of users and tokens. */
#ifndef ROLE_USER_H
#define ROLE_USER_H

#include "role/options.h"

#include <stddef.h>

/* What --users says; else /etc/plimsoll/users for root and $XDG_CONFIG_HOME/plimsoll/users or ~/.config/plimsoll/users for others.
 * 0, -ENOENT when this user has no home, -ENAMETOOLONG. */
int users_path(const struct options *o, char *buf, size_t size);
/* Why it cannot be read, in words. */
const char *users_why(char buf[static 160], int error, unsigned line);

#endif
