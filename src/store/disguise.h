/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* disguise: a recording that can be shown to strangers. Addresses, names of users, of the host and of network namespaces,
 * and the parts of paths and control groups that are not the same on every machine are each replaced by a random word,
 * the same one wherever it stands in this recording, and never the same again in another: there is no key that could
 * be found. Loopback stays loopback, and names of programs, devices and interfaces stay: without them a recording
 * tells nothing. */
#ifndef STORE_DISGUISE_H
#define STORE_DISGUISE_H

#include "store/dict.h"

struct disguise;

int disguise_open(struct disguise **ret);
void disguise_close(struct disguise *d);
/* The series set that disguised samples belong to. */
struct series_set *disguise_set(struct disguise *d);
void disguise_origin(struct disguise *d, struct dict_origin *o);
/* *out: a sample of the set `from` with everything in it replaced; its series are of disguise_set(). 0 or -ENOMEM. */
int disguise_sample(struct disguise *d, const struct series_set *from, const struct sample *s,
	struct sample *out);

#endif
