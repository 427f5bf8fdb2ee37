/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* stack: what a block device is, in words: "vg0-root (lvm) on sda2 and sdb1". */
#ifndef LEDGER_STACK_H
#define LEDGER_STACK_H

#include "store/view.h"

/* Of the device with this interned name (the instance of disk.busy). NULL where nothing is to be said: a plain disk, a partition, or a device
 * that the newest sample does not know. The text is in the view's scratch memory; names in it are foreign. */
const char *stack_text(struct view *v, uint32_t device);
/* Does a device lie on another one, over whatever is between them? A partition lies on its disk; none lies on itself. */
bool stack_lies_on(const struct view *v, uint32_t device, uint32_t below);
/* What is known of the machine under this key ("kernel", "boot", "clocksource", "system", "product", "vendor"), or NULL. */
const char *stack_fact(const struct view *v, const char *key);

#endif
