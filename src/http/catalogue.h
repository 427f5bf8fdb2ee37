/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* catalogue: /api/v1/catalogue, the vocabulary: metrics, resources, rules, views. */
#ifndef HTTP_CATALOGUE_H
#define HTTP_CATALOGUE_H

#include "http/answer.h"
#include "http/window.h"

void answer_catalogue(struct window *w, const struct params *p, struct answer *ret);

#endif
