/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* moments: a list of what happened, and what a run of samples tells of it. */
#ifndef HTTP_MOMENTS_H
#define HTTP_MOMENTS_H

#include "base/attr.h"
#include "store/store.h"

enum { MOMENTS_MAX = 2000, MOMENT_PORTS = 256 };

struct moment {
	uint64_t at_ns, until_ns; /* until 0: not known, or no span */
	const char *kind, *severity;
	char id[17], resource[160], text[200];
};

struct moments {
	struct moment *rows; /* heap */
	size_t n, room, left_out;
	bool failed; /* memory was short */
	struct moment_owner {
		uint16_t netns, port;
		int32_t pid;
		char comm[PROC_COMM];
	} owners[MOMENT_PORTS]; /* who served a port last */
	size_t nowners;
};

/* NULL when there is no room; then it is counted. */
struct moment *moments_add(struct moments *m, const char *kind, uint64_t at_ns);
PRINTF(2, 3) void moment_say(struct moment *row, const char *fmt, ...);
/* Signals, jobs, restarts, who was killed for lack of memory: of one sample, and the one before it (NULL: none). */
void moments_look(struct moments *m, const struct sample *before, const struct sample *s);
void moments_sort(struct moments *m);
void moments_free(struct moments *m);

#endif
