/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What --view and --sort of top ask for. */
#ifndef ROLE_TOP_VIEW_H
#define ROLE_TOP_VIEW_H

#include "role/options.h"
#include "show/screens/screen.h"

/* Both: 0, or an exit status, said. */
int top_view(const struct options *o, enum screen_id *ret);
int top_order(const struct options *o, enum screen_id id, struct screen_order *ret);

#endif
