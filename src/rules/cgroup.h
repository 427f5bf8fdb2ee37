/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Who in a control group serves others, for the rules on what a group may have. */
#ifndef RULES_CGROUP_H
#define RULES_CGROUP_H

#include "rules/verdict.h"

/* It owns a listening socket, or works for the process of its name that does. */
bool cgroup_listens(const struct usage *u);
/* Somebody talks to such a process over TCP, or waits to; true also where that cannot be seen. */
bool cgroup_has_clients(const struct view *v, const struct usage *u);

#endif
