/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* killed: who was killed for lack of memory, as the probes and the kernel's log tell it. */
#ifndef RULES_KILLED_H
#define RULES_KILLED_H

#include "rules/verdict.h"

#include "ledger/ended.h"

/* Tells the killed to a finding as its victims: those of a control group (interned path) and of the groups below it, or with 0 those that the
 * kernel killed for the whole host. */
void killed_victims(struct view *v, struct verdict *f, uint32_t cgroup);
/* Of the same, who had most memory; NULL where no probe told it. */
const struct ended_sum *killed_largest(struct view *v, uint32_t cgroup);

#endif
