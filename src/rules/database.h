/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* database: servers that tell of their sessions. */
#ifndef RULES_DATABASE_H
#define RULES_DATABASE_H

#include "ledger/servers.h"
#include "rules/verdict.h"

/* The command that shows the sessions of a server by hand, in the view's scratch memory. */
const char *database_sessions(struct view *v, const struct server_book *b);

#endif
