/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* export: a span of a recording as one file, and back into a store. */
#ifndef STORE_EXPORT_H
#define STORE_EXPORT_H

#include "store/history.h"

struct export_result {
	uint64_t samples, bytes;
	uint64_t first_ns, last_ns;
	uint64_t skipped; /* import: samples that the store had already */
};

/* Writes the samples and events between two times to fd, from offset 0. disguise: see store/disguise.h. 0, -ENODATA when
 * there are none, or -errno. */
int export_span(struct history *h, uint64_t from_ns, uint64_t to_ns, bool disguise, int fd,
	struct export_result *ret);

/* Takes the samples of a recording file that the store does not have. The file is checked as a whole before. 0, -EBADMSG
 * (nothing was taken), -EXDEV (recorded on another machine than the store), or -errno. */
int import_file(int fd, const char *store, struct export_result *ret);

#endif
