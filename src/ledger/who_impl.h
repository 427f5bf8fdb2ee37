/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What the files of who share; nobody else includes this. */
#ifndef LEDGER_WHO_IMPL_H
#define LEDGER_WHO_IMPL_H

#include "ledger/who.h"

/* Puts w at its place among the n entries of out, by share, most first; how many there are now, max at most. */
size_t who_insert(struct who *out, size_t n, size_t max, struct who w);

#endif
