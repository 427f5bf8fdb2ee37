/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* names: the side of the child that knows names (names/names.h) that asks it. Nothing here waits longer than told, and without the
 * child all addresses have no name. */
#ifndef ROLE_NAMES_H
#define ROLE_NAMES_H

#include "catalogue/talk.h"
#include "collect/talk.h"

struct names;

/* Starts the child: it ends with its parent. NULL when that is not possible (errno says why). */
struct names *names_open(void);
void names_close(struct names *n);
/* For talk_on_dns(); ctx is the struct names. */
void names_see_dns(void *ctx, const struct talk_dns *m);
/* What are these called? Waits for answers until then at most; addresses may be NULL and repeat. -EPIPE: the child is gone. */
int names_ask(struct names *n, const struct address *const *addresses, size_t count,
	uint64_t until_mono_ns);
/* The answer, or NULL; ctx is the struct names. */
const struct talk_name *names_find(void *ctx, const struct address *a);

#endif
