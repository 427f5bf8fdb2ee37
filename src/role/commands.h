/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The commands of the program; each returns the exit status. */
#ifndef ROLE_COMMANDS_H
#define ROLE_COMMANDS_H

#include "role/options.h"

int command_check(struct options *o);
int command_limits(struct options *o);
int command_query(struct options *o);
int command_explain(struct options *o);
int command_doctor(struct options *o);
int command_version(struct options *o);

#endif
