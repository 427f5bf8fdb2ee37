/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What the files of the ledger share; nobody else includes this. */
#ifndef LEDGER_LEDGER_IMPL_H
#define LEDGER_LEDGER_IMPL_H

#include "ledger/ledger.h"

struct builder {
	struct view *v;
	struct ledger *l;
};

/* A new row with everything unknown but its names, or NULL when there is no room. instance: NULL or "" for the class as a whole; source is static. */
struct ledger_row *ledger_add_row(struct builder *b, enum resource res, const char *instance,
	unsigned netns, const char *source);
/* Memory by where it lies and who in the kernel has it: nodes, huge pages, caches of objects; and what has no limit of its own. */
void ledger_add_kernel(struct builder *b);
void ledger_add_unix(struct builder *b);
void ledger_add_udp(struct builder *b);
void ledger_add_tcp_queues(struct builder *b);
void ledger_add_sending(struct builder *b);
void ledger_add_servers(struct builder *b);

#endif
