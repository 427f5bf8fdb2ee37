/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* group: what a person calls a control group. Its path says who made it. */
#ifndef LEDGER_GROUP_H
#define LEDGER_GROUP_H

enum { GROUP_TITLE = 96 };

/* "nginx.service", "docker 3f2a9c41d7e0", "podman 3f2a...", "lxc web1", "kubernetes 3f2a...", "session 3 of user 1000"; the path itself, cut, where no such thing
 * is known, "" for the root. Foreign bytes: never to a terminal unescaped. Returns buf. */
const char *group_title(char buf[static GROUP_TITLE], const char *path);

#endif
