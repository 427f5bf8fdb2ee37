/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* numbers: /api/v1/query, as `plimsoll query --json` of the past; with `query` instead of `q` as Prometheus. */
#ifndef HTTP_NUMBERS_H
#define HTTP_NUMBERS_H

#include "http/answer.h"
#include "http/window.h"

/* Of the history of the window, which was refreshed; loads no samples. */
void answer_query(struct window *w, const struct params *p, struct answer *ret);

#endif
