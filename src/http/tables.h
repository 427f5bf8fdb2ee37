/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* tables: /api/v1/view/NAME, the views of `top`, of the newest sample or of any recorded second. */
#ifndef HTTP_TABLES_H
#define HTTP_TABLES_H

#include "http/answer.h"
#include "http/window.h"

enum { TABLE_ROWS = 200 }; /* when nobody says how many; limit=0: all */

void answer_view(struct window *w, const struct params *p, struct answer *ret);

#endif
