/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* archive: answers about the past, one after the other in a thread of their own. Reading a month may
 * take seconds, and whoever asks whether all is well now must not wait behind it. */
#ifndef HTTP_ARCHIVE_H
#define HTTP_ARCHIVE_H

#include "http/api.h"

enum { ARCHIVE_WAITING = 16 }; /* jobs that may wait; more are refused */

struct job {
	const struct route *route;
	struct params params; /* texts must stand until the job is done */
	struct answer answer; /* the caller's to clear */
	void *ctx;
	struct job *next;
};

struct archive;

int archive_open(const char *store, struct archive **ret);
/* Ends the job at hand; jobs that wait are forgotten. */
void archive_close(struct archive *a);
/* 0, or -EBUSY when too many wait already. */
int archive_ask(struct archive *a, struct job *j);
/* Readable when a job has its answer. */
int archive_fd(const struct archive *a);
/* The next job that has its answer, and is the caller's again; NULL when there is none. */
struct job *archive_done(struct archive *a);

#endif
