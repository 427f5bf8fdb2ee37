/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* idn: what an internationalised name (xn--...) means, where showing it misleads nobody.
 *
 * A simplified form of what browsers do: it must encode again to the very same name; each label is of one script, or of those that
 * Japanese, Chinese and Korean write together, with Latin; no invisible characters, none that is written from right to left (beside
 * other text a terminal would turn their order around), no digits but 0 to 9; and a label that is all Cyrillic, Greek, Armenian,
 * Georgian or Ethiopic may look like a Latin one and is not shown below a top-level domain in Latin letters. */
#ifndef NAMES_IDN_H
#define NAMES_IDN_H

#include <stdbool.h>
#include <stddef.h>

/* False, and buf is "", when there is nothing to show or it is better not shown. name: small letters, as dns_text() writes it. */
bool idn_text(const char *name, char *buf, size_t size);

#endif
