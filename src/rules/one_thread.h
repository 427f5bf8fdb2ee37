/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* one_thread: servers that run one command after the other and tell which of them took long. */
#ifndef RULES_ONE_THREAD_H
#define RULES_ONE_THREAD_H

#include "ledger/servers.h"

/* Does commands.slow accuse a client of the server whose process this is? Then what cpu.thread would say is said already, and better. */
bool slow_commands_accuse(struct view *v, int32_t pid);

#endif
