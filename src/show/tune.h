/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#ifndef SHOW_TUNE_H
#define SHOW_TUNE_H

#include "rules/tune.h"
#include "show/show.h"

/* watched_s: how long what was recorded is, 0: this look alone. */
void show_tune(FILE *f, struct style st, struct view *v, const struct tuning *rows, size_t n,
	double watched_s, unsigned peers);
json_t *json_tune(
	struct view *v, const struct tuning *rows, size_t n, double watched_s, unsigned peers);

#endif
